package rest

import (
	"context"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/store"
)

// Settings are the routes of a store's settings.
type Settings struct{ service *store.SettingsService }

// NewSettings returns the routes of the service.
func NewSettings(s *store.SettingsService) Settings { return Settings{s} }

// Routes declares the routes.
func (s Settings) Routes(r *Router) {
	r.Get("/settings", Cashier, s.get)
	r.Patch("/settings", Manager, s.edit)
}

// settingsBody is what a store does by its own rules.
type settingsBody struct {
	PointRateBP         Int    `json:"point_rate_bp" example:"1500"`
	VIPDiscountBP       Int    `json:"vip_discount_bp" example:"1500"`
	TaxMode             string `json:"tax_mode" enums:"inclusive,exclusive"`
	DefaultTaxRateBP    Int    `json:"default_tax_rate_bp" example:"1900"`
	CashRounding        Int    `json:"cash_rounding" example:"5"`
	StockPolicy         string `json:"stock_policy" enums:"block,warn,allow"`
	BlindCount          bool   `json:"blind_count"`
	DifferenceThreshold Int    `json:"difference_threshold" example:"500"`
	FutureDays          int    `json:"future_days" example:"0"`
	ReceiptHeader       string `json:"receipt_header" example:"12 High Street"`
	ReceiptFooter       string `json:"receipt_footer" example:"Thank you!"`
	TimeZone            string `json:"time_zone" example:"Europe/Berlin"`
	Currency            string `json:"currency" example:"EUR"`
	Version             Int    `json:"version" example:"1"`
}

func newSettingsBody(s *store.Settings) settingsBody {
	o := s.Options()
	return settingsBody{
		PointRateBP: Int(o.PointRate), VIPDiscountBP: Int(o.VIPDiscount), TaxMode: string(o.TaxMode), DefaultTaxRateBP: Int(o.DefaultTaxRate),
		CashRounding: Int(o.CashRounding), StockPolicy: string(o.StockPolicy), BlindCount: o.BlindCount,
		DifferenceThreshold: Int(o.DifferenceThreshold), FutureDays: o.FutureDays, ReceiptHeader: o.ReceiptHeader, ReceiptFooter: o.ReceiptFooter,
		TimeZone: o.TimeZone, Currency: string(o.Currency), Version: Int(s.Version()),
	}
}

type settingsPatch struct {
	PointRateBP         Opt[Int]    `json:"point_rate_bp" extensions:"!x-nullable" minimum:"0" maximum:"10000" example:"1500"`        // of the total, earned by a member's sale
	VIPDiscountBP       Opt[Int]    `json:"vip_discount_bp" extensions:"!x-nullable" minimum:"0" maximum:"10000" example:"1500"`      // of the subtotal
	TaxMode             Opt[string] `json:"tax_mode" extensions:"!x-nullable" enums:"inclusive,exclusive"`                            //
	DefaultTaxRateBP    Opt[Int]    `json:"default_tax_rate_bp" extensions:"!x-nullable" minimum:"0" maximum:"100000" example:"1900"` // of products without one
	CashRounding        Opt[Int]    `json:"cash_rounding" extensions:"!x-nullable" minimum:"0" maximum:"10000" example:"5"`           // smallest coin, 0 for none
	StockPolicy         Opt[string] `json:"stock_policy" extensions:"!x-nullable" enums:"block,warn,allow"`                           // of products without one
	BlindCount          Opt[bool]   `json:"blind_count" extensions:"!x-nullable" example:"false"`                                     // who counts a drawer sees what is expected afterwards only; takes effect with day closings, which are planned
	DifferenceThreshold Opt[Int]    `json:"difference_threshold" extensions:"!x-nullable" minimum:"0" example:"500"`                  // beyond it a difference needs a reason and a manager; takes effect with day closings, which are planned
	FutureDays          Opt[Int]    `json:"future_days" extensions:"!x-nullable" minimum:"0" maximum:"366" example:"0"`               // that a movement may be dated ahead; takes effect with day closings, which are planned
	ReceiptHeader       Opt[string] `json:"receipt_header" maxLength:"2000" example:"12 High Street"`                                 // null: nothing
	ReceiptFooter       Opt[string] `json:"receipt_footer" maxLength:"2000" filled:"true" example:"Thank you!"`                       // null: nothing
	TimeZone            Opt[string] `json:"time_zone" extensions:"!x-nullable" example:"Europe/Berlin"`                               //
	Currency            Opt[string] `json:"currency" extensions:"!x-nullable" pattern:"^[A-Z]{3}$" example:"EUR"`                     // until something was sold
}

// Check refuses null where there is nothing to clear.
func (p *settingsPatch) Check(v *fault.Validation) {
	for _, f := range []struct {
		pointer string
		null    bool
	}{
		{"/point_rate_bp", p.PointRateBP.Null}, {"/vip_discount_bp", p.VIPDiscountBP.Null}, {"/tax_mode", p.TaxMode.Null},
		{"/default_tax_rate_bp", p.DefaultTaxRateBP.Null}, {"/cash_rounding", p.CashRounding.Null}, {"/stock_policy", p.StockPolicy.Null},
		{"/blind_count", p.BlindCount.Null}, {"/difference_threshold", p.DifferenceThreshold.Null}, {"/future_days", p.FutureDays.Null},
		{"/time_zone", p.TimeZone.Null}, {"/currency", p.Currency.Null},
	} {
		if f.null {
			v.Refuse(f.pointer, "type_invalid", "must not be null")
		}
	}
}

// change puts into the options what the request names.
func (p *settingsPatch) change(o *store.Options) {
	setInt(&o.PointRate, p.PointRateBP)
	setInt(&o.VIPDiscount, p.VIPDiscountBP)
	setText(&o.TaxMode, p.TaxMode)
	setInt(&o.DefaultTaxRate, p.DefaultTaxRateBP)
	setInt(&o.CashRounding, p.CashRounding)
	setText(&o.StockPolicy, p.StockPolicy)
	o.BlindCount = p.BlindCount.OrCleared(o.BlindCount)
	setInt(&o.DifferenceThreshold, p.DifferenceThreshold)
	setInt(&o.FutureDays, p.FutureDays)
	setText(&o.ReceiptHeader, p.ReceiptHeader)
	setText(&o.ReceiptFooter, p.ReceiptFooter)
	setText(&o.TimeZone, p.TimeZone)
	setText(&o.Currency, p.Currency)
}

func setInt[T ~int | ~int64](to *T, from Opt[Int]) {
	*to = T(from.OrCleared(Int(*to)))
}

func setText[T ~string](to *T, from Opt[string]) {
	*to = T(from.OrCleared(string(*to)))
}

// get returns the settings.
//
//	@Summary	Read the settings
//	@Tags		settings
//	@Security	cashier
//	@Success	200	{object}	settingsBody
//	@Header		200	{string}	ETag	"their version"
//	@Router		/settings [get]
func (s Settings) get(c *Call) error {
	return s.answer(c)(s.service.Get(c.Context(), c.Store()))
}

// answer answers 200 with the settings, or passes the error on.
func (s Settings) answer(c *Call) func(*store.Settings, error) error {
	return func(found *store.Settings, err error) error {
		if err != nil {
			return err
		}
		c.SetETag(found.Version())
		return c.OK(newSettingsBody(found))
	}
}

// edit changes the settings that the request names. They hold for what is sold from then on.
//
//	@Summary	Edit the settings
//	@Tags		settings
//	@Security	manager
//	@Param		If-Match	header		string			true	"the ETag that was seen, or *"
//	@Param		body		body		settingsPatch	true	"what to change"
//	@Success	200			{object}	settingsBody
//	@Header		200			{string}	ETag	"their version"
//	@Failure	409			{object}	Problem	"`currency_fixed`"
//	@Router		/settings [patch]
func (s Settings) edit(c *Call) error {
	get := func(ctx context.Context, st id.Store, _ id.ID) (*store.Settings, error) {
		return s.service.Get(ctx, st)
	}
	version, err := c.IfMatch(current(c, "", get, (*store.Settings).Version))
	if err != nil {
		return err
	}
	var body settingsPatch
	if err := c.Decode(&body); err != nil {
		return err
	}
	return s.answer(c)(s.service.Edit(c.Context(), c.Store(), store.EditSettings{Version: version, Change: body.change}))
}
