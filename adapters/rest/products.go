package rest

import (
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/measure"
	"kassa/core/money"
	"kassa/core/store"
)

// Products are the routes of the inventory: products, their images, their stock and its movements, and imports.
type Products struct{ service *inventory.Service }

// NewProducts returns the routes of the service.
func NewProducts(s *inventory.Service) Products { return Products{s} }

// Routes declares the routes.
func (p Products) Routes(r *Router) {
	r.Get("/products", Cashier, p.list, Paged(), Query("query", "barcode", "category", "stock"))
	r.Post("/products", Manager, p.create)
	r.Get("/products/{id}", Cashier, p.get)
	r.Patch("/products/{id}", Manager, p.edit)
	r.Delete("/products/{id}", Manager, p.delete)
	r.Get("/products/{id}/stock-movements", Cashier, p.movements, Paged())
	r.Post("/products/{id}/stock-movements", Manager, p.move)
	r.Put("/products/{id}/image", Manager, p.setImage, Body(inventory.MaxImage), Timeout(imageTimeout))
	r.Get("/products/{id}/image", Cashier, p.image, Query("v"))
	r.Delete("/products/{id}/image", Manager, p.removeImage)
	r.Post("/products/import", Manager, p.load, Query("dry_run", "stock"), Body(maxBody), Timeout(importTimeout))
}

// productBody is a product with its stock. What is null in tax_rate_bp and stock_policy is as the settings say.
type productBody struct {
	ID          id.ID     `json:"id" example:"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12"`
	Name        string    `json:"name" example:"Apple juice 1 l"`
	Description *string   `json:"description" example:"Cloudy, from the orchard behind the hill"`
	SKU         *string   `json:"sku" example:"JUICE-1L"`
	Barcodes    []string  `json:"barcodes" example:"4006381333931"`
	Category    *string   `json:"category" example:"Drinks"`
	Price       Int       `json:"price" example:"199"`
	TaxRateBP   *Int      `json:"tax_rate_bp" example:"700"`
	Unit        string    `json:"unit" enums:"piece,kg,l,m" example:"piece"`
	Stock       Measured  `json:"stock" swaggertype:"integer" example:"12"`
	StockPolicy *string   `json:"stock_policy" enums:"block,warn,allow"`
	LowStockAt  *Measured `json:"low_stock_at" swaggertype:"integer" example:"4"`
	ImageURL    *string   `json:"image_url" example:"/api/v1/products/01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12/image?v=9f86d081884c7d65"`
	Version     Int       `json:"version" example:"1"`
}

func newProductBody(l inventory.Listed) productBody {
	p, d := l.Product, l.Product.Details()
	b := productBody{
		ID: p.ID(), Name: d.Name, Description: orNull(d.Description), SKU: orNull(d.SKU), Barcodes: d.Barcodes, Category: orNull(d.Category),
		Price: Int(d.Price), Unit: string(d.Unit), Stock: Measured{l.OnHand, d.Unit}, StockPolicy: orNull(string(d.StockPolicy)), Version: Int(p.Version()),
	}
	if d.OwnTaxRate {
		rate := Int(d.TaxRate)
		b.TaxRateBP = &rate
	}
	if d.LowStockAt != nil {
		b.LowStockAt = &Measured{*d.LowStockAt, d.Unit}
	}
	if p.ImageHash() != "" {
		b.ImageURL = orNull(imageURL(p.ID(), p.ImageHash()))
	}
	return b
}

// list returns products by name and id. query is looked for in any part of the name, the sku and the barcodes, whatever the letter case, as
// plain text; barcode and category are compared as a whole. A product is low when some is left, but no more than its low_stock_at.
//
//	@Summary	List and search products
//	@Tags		products
//	@Security	cashier
//	@Param		query		query		string	false	"any part of name, sku or barcode"
//	@Param		barcode		query		string	false	"a whole barcode; a UPC-A is found as the EAN-13 that it is part of, and the reverse"
//	@Param		category	query		string	false	"a whole category"
//	@Param		stock		query		string	false	"out: nothing left; low: little left"	Enums(out, low)
//	@Param		limit		query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor		query		string	false	"next_cursor of the last page"
//	@Success	200			{object}	Page[productBody]
//	@Router		/products [get]
func (p Products) list(c *Call) error {
	page, err := c.Page()
	if err != nil {
		return err
	}
	stock, err := c.QueryOne("stock", string(inventory.OutOfStock), string(inventory.LowStock))
	if err != nil {
		return err
	}
	l, err := p.service.List(c.Context(), c.Store(), inventory.Filter{
		Query: c.Query("query"), Barcode: c.Query("barcode"), Category: c.Query("category"), Stock: inventory.StockFilter(stock),
	}, page)
	if err != nil {
		return err
	}
	return List(c, l, newProductBody)
}

type productRequest struct {
	Name        string    `json:"name" validate:"required" minLength:"1" maxLength:"200" example:"Apple juice 1 l"`
	Description *string   `json:"description" maxLength:"2000"`
	SKU         *string   `json:"sku" maxLength:"64" example:"JUICE-1L"`                                                             // the shop's own number, unique in the store
	Barcodes    []string  `json:"barcodes" maxItems:"20" example:"4006381333931"`                                                    // 4 to 32 digits; of 8, 12 or 13 the last is the check digit
	Category    *string   `json:"category" maxLength:"100" example:"Drinks"`                                                         //
	Price       Opt[Int]  `json:"price" validate:"required" swaggertype:"integer" minimum:"0" maximum:"1000000000000" example:"199"` // of one unit
	TaxRateBP   *Int      `json:"tax_rate_bp" minimum:"0" maximum:"100000" example:"700"`                                            // left out: the store's default
	Unit        *string   `json:"unit" enums:"piece,kg,l,m" example:"piece"`                                                         // left out: piece
	Stock       *Quantity `json:"stock" swaggertype:"integer" example:"12"`                                                          // on hand from the start; needs an Idempotency-Key
	StockPolicy *string   `json:"stock_policy" enums:"block,warn,allow"`                                                             // what happens when more is sold than there is; left out: the store's
	LowStockAt  *Quantity `json:"low_stock_at" swaggertype:"integer" example:"4"`                                                    // left out: never low
}

// Check refuses missing fields.
func (b *productRequest) Check(v *fault.Validation) {
	Required(v, "/name", b.Name)
	b.Price.Required(v, "/price")
	if b.Unit != nil {
		_, err := measure.ParseUnit(*b.Unit)
		v.Refuses("/unit", err)
	}
	if b.StockPolicy != nil {
		_, err := store.ParseStockPolicy(*b.StockPolicy)
		v.Refuses("/stock_policy", err)
	}
}

func (b *productRequest) details() inventory.Details {
	return inventory.Details{
		Name: b.Name, Description: orEmpty(b.Description), SKU: orEmpty(b.SKU), Barcodes: b.Barcodes, Category: orEmpty(b.Category), Price: money.Amount(b.Price.Value),
		TaxRate: money.Rate(orEmpty(b.TaxRateBP)), OwnTaxRate: b.TaxRateBP != nil, Unit: measure.Unit(orEmpty(b.Unit)),
		StockPolicy: store.StockPolicy(orEmpty(b.StockPolicy)), LowStockAt: (*measure.Quantity)(b.LowStockAt),
	}
}

// create adds a product. A stock is booked as its opening movement in the same step.
//
//	@Summary	Add a product
//	@Tags		products
//	@Security	manager
//	@Param		Idempotency-Key	header		string			false	"needed with a stock"
//	@Param		body			body		productRequest	true	"the product"
//	@Success	201				{object}	productBody
//	@Header		201				{string}	Location				"the product"
//	@Header		201				{string}	ETag					"its version"
//	@Header		201				{string}	Idempotency-Replayed	"true where this is the first answer again"
//	@Failure	409				{object}	Problem	"`sku_taken`, `barcode_taken`"
//	@Failure	422				{object}	Problem	"`barcode_invalid`, `idempotency_key_reused`"
//	@Router		/products [post]
func (p Products) create(c *Call) error {
	var body productRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	cmd := inventory.Create{Details: body.details(), Stock: (*measure.Quantity)(body.Stock)}
	if cmd.Stock != nil {
		var err error
		if cmd.Key, err = c.IdempotencyKey(); err != nil {
			if *cmd.Stock != 0 || !fault.IsCode(err, "idempotency_key_missing") {
				return err
			}
			cmd.Stock = nil // none moves, so nothing can be booked twice
		}
	}
	r, err := p.service.Create(c.Context(), c.Store(), cmd)
	if err != nil {
		return err
	}
	made, ok := r.Record.Doc.(*inventory.Edit)
	if !ok {
		return notThis(r.Record, "product")
	}
	if r.Replayed {
		c.Replayed()
	}
	c.SetETag(made.Product.Version())
	return c.Created("/products/"+string(made.Product.ID()), newProductBody(inventory.Listed{Product: &made.Product, OnHand: made.Stock()}))
}

// get returns a product with its stock.
//
//	@Summary	Read a product
//	@Tags		products
//	@Security	cashier
//	@Param		id	path		string	true	"product"
//	@Success	200	{object}	productBody
//	@Header		200	{string}	ETag	"its version; sales and stock movements do not change it"
//	@Failure	404	{object}	Problem	"`product_unknown`"
//	@Router		/products/{id} [get]
func (p Products) get(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	return p.answer(c)(p.service.Get(c.Context(), c.Store(), i))
}

// answer answers 200 with the product, or passes the error on.
func (p Products) answer(c *Call) func(inventory.Listed, error) error {
	return func(l inventory.Listed, err error) error {
		if err != nil {
			return err
		}
		c.SetETag(l.Product.Version())
		return c.OK(newProductBody(l))
	}
}

type productPatch struct {
	Name        Opt[string]   `json:"name" swaggertype:"string" extensions:"!x-nullable" minLength:"1" maxLength:"200" example:"Apple juice 1 l"`
	Description Opt[string]   `json:"description" swaggertype:"string" maxLength:"2000"`                                                                    // null: none
	SKU         Opt[string]   `json:"sku" swaggertype:"string" maxLength:"64" example:"JUICE-1L"`                                                           // null: none
	Barcodes    Opt[[]string] `json:"barcodes" swaggertype:"array,string" maxItems:"20" example:"4006381333931"`                                            // all of them; null: none
	Category    Opt[string]   `json:"category" swaggertype:"string" maxLength:"100" example:"Drinks"`                                                       // null: none
	Price       Opt[Int]      `json:"price" swaggertype:"integer" extensions:"!x-nullable" minimum:"0" maximum:"1000000000000" filled:"true" example:"219"` //
	TaxRateBP   Opt[Int]      `json:"tax_rate_bp" swaggertype:"integer" minimum:"0" maximum:"100000" example:"700"`                                         // null: the store's default
	Unit        Opt[string]   `json:"unit" swaggertype:"string" extensions:"!x-nullable" enums:"piece,kg,l,m" example:"piece"`                              // what is sold by kg, l or m cannot become a piece
	StockPolicy Opt[string]   `json:"stock_policy" swaggertype:"string" enums:"block,warn,allow"`                                                           // null: the store's
	LowStockAt  Opt[Quantity] `json:"low_stock_at" swaggertype:"integer" example:"4"`                                                                       // null: never low
	Stock       Opt[anything] `json:"stock" swaggerignore:"true"`
}

// anything is a value that is not looked at.
type anything struct{}

// UnmarshalJSON passes over the value.
func (*anything) UnmarshalJSON([]byte) error { return nil }

// Check refuses null where there is nothing to clear, and the stock.
func (b *productPatch) Check(v *fault.Validation) {
	b.Name.Or(v, "/name", "")
	b.Price.Or(v, "/price", 0)
	if unit := b.Unit.Or(v, "/unit", ""); b.Unit.Set && !b.Unit.Null {
		_, err := measure.ParseUnit(unit)
		v.Refuses("/unit", err)
	}
	if b.StockPolicy.Set && !b.StockPolicy.Null {
		_, err := store.ParseStockPolicy(b.StockPolicy.Value)
		v.Refuses("/stock_policy", err)
	}
	if b.Stock.Set {
		v.Refuse("/stock", "stock_not_editable", "stock moves by sales and stock movements only")
	}
}

// change puts into the details what the request names.
func (b *productPatch) change(d *inventory.Details) {
	setText(&d.Name, b.Name)
	setText(&d.Description, b.Description)
	setText(&d.SKU, b.SKU)
	d.Barcodes = b.Barcodes.OrCleared(d.Barcodes)
	setText(&d.Category, b.Category)
	setInt(&d.Price, b.Price)
	if b.TaxRateBP.Set {
		d.TaxRate, d.OwnTaxRate = money.Rate(b.TaxRateBP.Value), !b.TaxRateBP.Null
	}
	setText(&d.Unit, b.Unit)
	setText(&d.StockPolicy, b.StockPolicy)
	if b.LowStockAt.Set {
		q := measure.Quantity(b.LowStockAt.Value)
		if d.LowStockAt = &q; b.LowStockAt.Null {
			d.LowStockAt = nil
		}
	}
}

// edit changes what the request names and leaves the rest. It never changes the stock.
//
//	@Summary	Edit a product
//	@Tags		products
//	@Security	manager
//	@Param		id			path		string			true	"product"
//	@Param		If-Match	header		string			true	"the ETag that was seen, or *"
//	@Param		body		body		productPatch	true	"what to change"
//	@Success	200			{object}	productBody
//	@Header		200			{string}	ETag	"its version"
//	@Failure	404			{object}	Problem	"`product_unknown`"
//	@Failure	409			{object}	Problem	"`sku_taken`, `barcode_taken`"
//	@Failure	422			{object}	Problem	"`barcode_invalid`"
//	@Router		/products/{id} [patch]
func (p Products) edit(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, p.service.Get, productVersion))
	if err != nil {
		return err
	}
	var body productPatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	return p.answer(c)(p.service.Update(c.Context(), c.Store(), inventory.Update{ID: i, Version: version, Change: body.change}))
}

func productVersion(l inventory.Listed) int64 { return l.Product.Version() }

// delete takes a product off the lists and the tills and frees its sku and barcodes. Bills keep what they say of it, and can be refunded.
//
//	@Summary	Delete a product
//	@Tags		products
//	@Security	manager
//	@Param		id			path	string	true	"product"
//	@Param		If-Match	header	string	true	"the ETag that was seen, or *"
//	@Success	204
//	@Failure	404	{object}	Problem	"`product_unknown`"
//	@Router		/products/{id} [delete]
func (p Products) delete(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	version, err := c.IfMatch(current(c, i, p.service.Get, productVersion))
	if err != nil {
		return err
	}
	if err := p.service.Delete(c.Context(), c.Store(), inventory.Delete{ID: i, Version: version}); err != nil {
		return err
	}
	return c.NoContent()
}
