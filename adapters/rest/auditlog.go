package rest

import (
	"kassa/core/id"
	"kassa/core/trail"
)

// AuditLog is the route of the audit trail.
type AuditLog struct{ service *trail.Service }

// NewAuditLog returns the route of the service.
func NewAuditLog(s *trail.Service) AuditLog { return AuditLog{s} }

// Routes declares the route. There is none that changes or deletes an event.
func (a AuditLog) Routes(r *Router) {
	r.Get("/audit-log", Manager, a.list, Paged(), Query("from", "to", "entity", "entity_id", "actor", "action"))
}

// auditEventBody is one event: who did what to which thing.
type auditEventBody struct {
	ID        id.ID   `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a19-0"`
	At        Time    `json:"at"`
	Actor     *id.ID  `json:"actor"` // the user; null: Kassa itself, or somebody who is not known
	Role      string  `json:"role" enums:"cashier,manager,operator,system,anonymous"`
	Action    string  `json:"action" example:"product.edit"`
	Entity    string  `json:"entity" example:"product"`
	EntityID  *id.ID  `json:"entity_id"`
	Before    *string `json:"before" example:"price 19.99"`
	After     *string `json:"after" example:"price 17.99"`
	Reason    *string `json:"reason"`
	RequestID *string `json:"request_id"`
	Count     Int     `json:"count" example:"1"` // above 1: so often within one minute
	Since     *Time   `json:"since"`             // of what is counted by the minute: when it happened first
}

func newAuditEventBody(e trail.Event) auditEventBody {
	b := auditEventBody{
		ID: e.ID, At: Time(e.At), Role: e.Actor.Role, Action: e.Action, Entity: e.Entity, Before: orNull(e.Before), After: orNull(e.After),
		Reason: orNull(e.Reason), RequestID: orNull(e.Actor.RequestID), Count: Int(e.Count),
	}
	if e.Actor.ID != "" {
		b.Actor = &e.Actor.ID
	}
	if e.EntityID != "" {
		b.EntityID = &e.EntityID
	}
	if !e.Since.IsZero() {
		b.Since = new(Time(e.Since))
	}
	return b
}

// list lists audit events, newest first. A refusal for lack of rights and a failed sign-in are counted: one event for each minute and user, which
// comes when the minute is over. A page may be short and still have a next one, where few of many events match.
//
//	@Summary	List audit events
//	@Tags		audit
//	@Security	manager
//	@Param		from		query		string	false	"first business date of the events' time"	Format(date)
//	@Param		to			query		string	false	"last business date of the events' time"	Format(date)
//	@Param		entity		query		string	false	"kind of thing, such as product"
//	@Param		entity_id	query		string	false	"the thing"
//	@Param		actor		query		string	false	"user"
//	@Param		action		query		string	false	"action, such as product.edit"
//	@Param		limit		query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor		query		string	false	"next_cursor of the last page"
//	@Success	200			{object}	Page[auditEventBody]
//	@Router		/audit-log [get]
func (a AuditLog) list(c *Call) error {
	f, err := auditFilter(c)
	if err != nil {
		return err
	}
	p, err := c.Page()
	if err != nil {
		return err
	}
	l, err := a.service.List(c.Context(), c.Store(), f, p)
	if err != nil {
		return err
	}
	return List(c, l, newAuditEventBody)
}

func auditFilter(c *Call) (f trail.Filter, err error) {
	if f.From, f.To, err = c.QueryDates(); err != nil {
		return f, err
	}
	if f.EntityID, err = c.QueryID("entity_id"); err != nil {
		return f, err
	}
	if f.Actor, err = c.QueryID("actor"); err != nil {
		return f, err
	}
	if f.Entity, err = auditWord(c, "entity"); err != nil {
		return f, err
	}
	f.Action, err = auditWord(c, "action")
	return f, err
}

// auditWord returns a query parameter that is a word of the audit trail.
func auditWord(c *Call, name string) (string, error) {
	word, there := c.typed(name)
	if there && (word == "" || len(word) > id.MaxLength) {
		return "", queryFault(name, "must be a word such as product")
	}
	return word, nil
}
