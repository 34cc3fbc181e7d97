package rest

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/user"
)

// Users serves the people who work with Kassa.
type Users struct{ service *user.Service }

// NewUsers returns the resource.
func NewUsers(s *user.Service) Users { return Users{s} }

// Routes declares /users.
func (u Users) Routes(r *Router) {
	r.Get("/users", Manager, u.list, Paged())
	r.Post("/users", Manager, u.create)
	r.Get("/users/{id}", Manager, u.get)
	r.Patch("/users/{id}", Manager, u.edit)
	r.Delete("/users/{id}", Manager, u.delete)
}

// userBody is a user.
type userBody struct {
	ID        id.ID  `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11"`
	Name      string `json:"name" example:"Mara Manager"`
	Email     string `json:"email" example:"mara@example.com"`
	Role      string `json:"role" enums:"cashier,manager" example:"manager"`
	Active    bool   `json:"active" example:"true"`
	CreatedAt Time   `json:"created_at"`
}

func newUserBody(u *user.User) userBody {
	s := u.Snapshot()
	return userBody{ID: s.ID, Name: s.Name, Email: s.Email, Role: string(s.Role), Active: s.Active, CreatedAt: Time(s.CreatedAt)}
}

// list returns the users who are not deleted, by name and id.
//
//	@Summary	List users
//	@Tags		users
//	@Security	manager
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	Page[userBody]
//	@Router		/users [get]
func (u Users) list(c *Call) error {
	p, err := c.Page()
	if err != nil {
		return err
	}
	l, err := u.service.List(c.Context(), c.Store(), p)
	if err != nil {
		return err
	}
	return List(c, l, newUserBody)
}

type userRequest struct {
	Name     string `json:"name" validate:"required" minLength:"1" maxLength:"100" example:"Carl Cashier"`
	Email    string `json:"email" validate:"required" format:"email" maxLength:"254" example:"carl@example.com"`
	Role     string `json:"role" validate:"required" enums:"cashier,manager" example:"cashier"`
	Password string `json:"password" validate:"required" minLength:"8" maxLength:"72" example:"battery staple"`
}

// Check refuses missing fields.
func (b *userRequest) Check(v *fault.Validation) {
	Required(v, "/name", b.Name)
	Required(v, "/email", b.Email)
	Required(v, "/role", b.Role)
	Required(v, "/password", b.Password)
}

// create adds a cashier or manager. An e-mail address belongs to one user, whatever its letter case; a password has 8 to 72 bytes.
//
//	@Summary	Add a user
//	@Tags		users
//	@Security	manager
//	@Param		body	body		userRequest	true	"the user"
//	@Success	201		{object}	userBody
//	@Header		201		{string}	Location	"the user"
//	@Header		201		{string}	ETag		"its version"
//	@Failure	409		{object}	Problem	"`email_taken`"
//	@Router		/users [post]
func (u Users) create(c *Call) error {
	var body userRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	made, err := u.service.Create(c.Context(), c.Store(), user.Create{
		Name: body.Name, Email: body.Email, Role: user.Role(body.Role), Password: body.Password,
	})
	if err != nil {
		return err
	}
	c.SetETag(made.Version())
	return c.Created("/users/"+string(made.ID()), newUserBody(made))
}

// get returns a user.
//
//	@Summary	Get a user
//	@Tags		users
//	@Security	manager
//	@Param		id	path		string	true	"user"
//	@Success	200	{object}	userBody
//	@Header		200	{string}	ETag	"its version"
//	@Failure	404	{object}	Problem	"`user_unknown`"
//	@Router		/users/{id} [get]
func (u Users) get(c *Call) error {
	i, err := c.ID("id", "user")
	if err != nil {
		return err
	}
	found, err := u.service.Get(c.Context(), c.Store(), i)
	if err != nil {
		return err
	}
	c.SetETag(found.Version())
	return c.OK(newUserBody(found))
}

type userPatch struct {
	Name     *string `json:"name" minLength:"1" maxLength:"100" filled:"true" example:"Carla Cashier"`
	Email    *string `json:"email" format:"email" maxLength:"254" example:"carla@example.com"`
	Role     *string `json:"role" enums:"cashier,manager" example:"manager"`
	Active   *bool   `json:"active" example:"true"`
	Password *string `json:"password" minLength:"8" maxLength:"72" example:"another secret"`
}

// edit changes what the request names. A new password, or active false, ends the user's sessions at once; another role counts from the next
// request on.
//
//	@Summary	Edit a user
//	@Tags		users
//	@Security	manager
//	@Param		id			path		string		true	"user"
//	@Param		If-Match	header		string		true	"the ETag that was seen, or *"
//	@Param		body		body		userPatch	true	"what to change"
//	@Success	200			{object}	userBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	404			{object}	Problem	"`user_unknown`"
//	@Failure	409			{object}	Problem	"`email_taken`, `last_manager`"
//	@Router		/users/{id} [patch]
func (u Users) edit(c *Call) error {
	i, err := c.ID("id", "user")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, u.service.Get, (*user.User).Version))
	if err != nil {
		return err
	}
	var body userPatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	edited, err := u.service.Edit(c.Context(), c.Store(), user.Edit{
		ID: i, Version: version, Name: body.Name, Email: body.Email, Role: (*user.Role)(body.Role), Active: body.Active, Password: body.Password,
	})
	if err != nil {
		return err
	}
	c.SetETag(edited.Version())
	return c.OK(newUserBody(edited))
}

// delete erases what is personal of a user and ends the user's sessions at once. Bills keep the id.
//
//	@Summary	Delete a user
//	@Tags		users
//	@Security	manager
//	@Param		id			path	string	true	"user"
//	@Param		If-Match	header	string	true	"the ETag that was seen, or *"
//	@Success	204
//	@Failure	404	{object}	Problem	"`user_unknown`"
//	@Failure	409	{object}	Problem	"`last_manager`"
//	@Router		/users/{id} [delete]
func (u Users) delete(c *Call) error {
	i, err := c.ID("id", "user")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, u.service.Get, (*user.User).Version))
	if err != nil {
		return err
	}
	if err := u.service.Delete(c.Context(), c.Store(), user.Delete{ID: i, Version: version}); err != nil {
		return err
	}
	return c.NoContent()
}
