// Package rest serves Kassa's REST API with Fiber: one file per resource with its routes, DTOs and handlers, and around them one
// middleware, one strict JSON decoder and one problem renderer.
//
// # How to add a resource
//
// A resource is a struct with the services that it needs and a method Routes. Its constructor goes into Options.Resources. Paths are
// relative to /api/v1 and written as in OpenAPI; the order of routes does not matter. A handler reads the Call, calls one service and
// answers; any error goes to the renderer as it is.
//
//	type Products struct{ service *inventory.Service }
//
//	func (p Products) Routes(r *Router) {
//		r.Get("/products", Cashier, p.list, Paged(), Query("query"))
//		r.Patch("/products/{id}", Manager, p.edit)
//	}
//
//	// edit changes what the request names.
//	//
//	//	@Summary	Edit a product
//	//	@Tags		products
//	//	@Security	manager
//	//	@Param		id			path		string				true	"product"
//	//	@Param		If-Match	header		string				true	"the ETag that was seen"
//	//	@Param		body		body		productPatch		true	"what to change"
//	//	@Success	200			{object}	productBody
//	//	@Failure	409			{object}	Problem				"`sku_taken`"
//	//	@Router		/products/{id} [patch]
//	func (p Products) edit(c *Call) error {
//		id, err := c.ID("id", "product") // 404 product_unknown
//		if err != nil {
//			return err
//		}
//		version, err := c.IfMatch(current(c, id, p.service.Get, Product.Version)) // 404, 412, 428, 400
//		if err != nil {
//			return err
//		}
//		var body productPatch
//		if err := c.Decode(&body); err != nil { // 415, 413, 400, 422
//			return err
//		}
//		product, err := p.service.Edit(c.Context(), c.Store(), id, version, body.changes())
//		if err != nil {
//			return err
//		}
//		c.SetETag(product.Version())
//		return c.OK(newProductBody(product))
//	}
//
// # DTOs
//
// A request's DTO ends in Request or Patch, an answer's in Body; every field has a json tag, and an example where that helps. The same
// struct is never both. A method Check(*fault.Validation) refuses what can be refused without a service; Decode calls it.
//
//   - Int: amounts in minor units, points, counts; never int64, money.Amount or a float.
//   - Quantity in requests, Measured in answers; Time and Date in both. Ids are id.ID.
//   - *T: optional; absent and null are the same. Opt[T]: absent, null and a value differ, for PATCH and for a required number; see its
//     methods Or, OrCleared and Required. Anything else refuses null.
//   - validate:"required" marks what a request must have in the document; Check refuses it with Opt.Required or Required. In an answer
//     every field is always there unless its tag says omitempty or omitzero, and a pointer may be null.
//   - A list answers with List(c, page, convert), a report with Table(c, body, rows), one of a single row with Table(c, body, []D{body}); all
//     answer CSV on request. For a download the handler of a list runs once for each page, so it does nothing but read; see csv.go and download.go.
//
// # Refusals
//
// Return the service's fault. fault.Kind decides the status, Details become members of the problem: numbers, texts, Stringers and lists of
// those; anything richer is wrapped as Rendered or registered once with Fact. What is no fault is a 500 whose text stays in the log.
//
// # The document
//
// go generate ./adapters/rest writes docs/openapi.json from the annotations. @Security is one of cashier, manager and operator, as the
// route says; without it the operation is public. Do not write @ID, @Accept json, @Produce json, and @Failure for 400, 401, 403, 404, 408,
// 412, 413, 415, 422, 428, 429, 431, 500 and 503 unless you have a code to name: they are added, and so are the headers of refusals and the
// forms of limit, cursor, If-Match, Idempotency-Key, ids in the query and path parameters. A refusal of any other status is written: what
// the document does not list must not happen. Text in backquotes names the codes. Server.CheckDocument holds routes and document together,
// with their roles.
//
// Beside swag's tags the fields may have pattern, minItems and maxItems, and minimum and maximum with a wire type; extensions:"!x-nullable"
// marks an Opt that refuses null. A body's example has what is required; filled:"true" adds a member to it.
package rest

//go:generate go run ./docs/gen

//	@title			Kassa
//	@version		1
//	@description	Point of sale: products, stock, sales, refunds, members and tills. Money is an integer in minor units.
//	@description	Errors are RFC 9457 problems with a stable `code`. Requests that move money, points or stock need an
//	@description	`Idempotency-Key` and can be repeated safely with it.
//	@description
//	@description	Every list and report is CSV with `Accept: text/csv`: RFC 4180 in UTF-8 without a byte order mark, and the first line names the
//	@description	columns. A nested object becomes columns named `a.b`, a list stays in one cell as JSON, null is an empty cell. A text that a
//	@description	spreadsheet would run as a formula has an apostrophe in front; so has one that begins with apostrophes and then like a formula.
//	@description	What begins like one behind a semicolon or a line break has an apostrophe there, for in many countries a cell ends there.
//	@description	Without `limit` and `cursor` a list is streamed whole, page by page: what changes meanwhile may show or not, and no page is
//	@description	torn. A stream that fails is cut, never ended as if it were whole. A user has one such download at a time (`download_running`).
//	@BasePath		/api/v1
