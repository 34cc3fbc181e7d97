package shop

import "kassa/core/id"

type thingRequest struct {
	Name  string           `json:"name" validate:"required" example:"Apple"`
	Price Opt[Int]         `json:"price" validate:"required" minimum:"1" maximum:"5000" example:"199"`
	Note  Opt[string]      `json:"note" pattern:"^[a-z]*$" filled:"true" example:"ripe"`
	Owner Opt[id.ID]       `json:"owner"`
	Tags  Opt[[]string]    `json:"tags" minItems:"1" maxItems:"9"`
	Size  Opt[string]      `json:"size" enums:"s,l"`
	Label Opt[string]      `json:"label" extensions:"!x-nullable"`
	Stock *Quantity        `json:"stock" example:"0.750"`
	Lines []lineRequest    `json:"lines"`
	Gift  *lineRequest     `json:"gift"`
	Extra Opt[lineRequest] `json:"extra"`
}

type lineRequest struct {
	Amount Int `json:"amount" validate:"required"`
}

type thingBody struct {
	ID        id.ID      `json:"id" example:"01997b1e"`
	Name      string     `json:"name" example:"Apple"`
	Note      *string    `json:"note"`
	First     *lineBody  `json:"first"`
	Lines     []lineBody `json:"lines"`
	Stock     Measured   `json:"stock" example:"0.750"`
	CreatedAt Time       `json:"created_at"`
	Days      []Date     `json:"days"`
	Until     *Date      `json:"until,omitempty"`
}

type lineBody struct {
	Amount Int `json:"amount"`
}

// edit changes a thing.
//
//	@Summary	Change a thing
//	@Tags		things
//	@Security	manager
//	@Param		id			path		string			true	"thing"
//	@Param		If-Match	header		string			true	"the ETag that was seen"
//	@Param		owner_id	query		string			false	"owner"
//	@Param		body		body		thingRequest	true	"the thing"
//	@Success	200			{object}	thingBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	429			{object}	Problem	"`too_many_attempts`"
//	@Router		/things/{id} [put]
func edit() {}

// create makes a thing.
//
//	@Summary	Make a thing
//	@Tags		things
//	@Security	manager
//	@Param		Idempotency-Key	header		string			true	"makes a retry safe"
//	@Param		body			body		thingRequest	true	"the thing"
//	@Success	201				{object}	thingBody
//	@Header		201				{string}	Location	"where it is"
//	@Failure	409				{object}	Problem		"`sku_taken`"
//	@Router		/things [post]
func create() {}

// list lists things.
//
//	@Summary	List things
//	@Tags		things
//	@Security	cashier
//	@Param		limit	query		int		false	"items on a page"	minimum(1)	maximum(200)	default(50)
//	@Param		cursor	query		string	false	"next_cursor of the page before"
//	@Success	200		{object}	Page[thingBody]
//	@Router		/things [get]
func list() {}
