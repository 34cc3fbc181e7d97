package rest

import (
	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/register"
	"kassa/core/report"
)

// Reports are the routes of what was sold, and of what is there now.
type Reports struct{ service *report.Service }

// NewReports returns the routes of the service.
func NewReports(s *report.Service) Reports { return Reports{s} }

// Routes declares the reports.
func (s Reports) Routes(r *Router) {
	days := Query("from", "to")
	r.Get("/reports/summary", Manager, s.summary, days)
	r.Get("/reports/revenue", Manager, s.revenue, days, Query("interval"))
	r.Get("/reports/monthly", Manager, s.monthly, Query("year"))
	r.Get("/reports/products", Manager, s.products, days, Paged())
	r.Get("/reports/members", Manager, s.members, days, Paged())
	r.Get("/reports/taxes", Manager, s.taxes, days)
	r.Get("/reports/hourly", Manager, s.hourly, days)
	r.Get("/reports/stock", Manager, s.stock, Paged(), Query("stock"))
	r.Get("/reports/cash", Manager, s.cash)
}

// frameBody is what every report says of itself.
type frameBody struct {
	From     Date   `json:"from"` // first business date
	To       Date   `json:"to"`   // last business date, included
	Currency string `json:"currency" example:"EUR"`
}

func newFrame(f report.Frame) frameBody {
	return frameBody{Date(f.From), Date(f.To), string(f.Currency)}
}

func asked(c *Call) (a report.Asked, err error) {
	if a.From, err = c.QueryDate("from"); err == nil {
		a.To, err = c.QueryDate("to")
	}
	return a, err
}

// countBody is a number of sales and what they came to. Voids take back their sale; refunds lower the total on their own day.
type countBody struct {
	Count Int `json:"count" example:"12"`
	Total Int `json:"total" example:"40764"`
}

func newCount(n report.Count) countBody { return countBody{Int(n.Sales), Int(n.Total)} }

// tenderCount is what was paid in one way, less change and what was given back.
type tenderCount struct {
	Kind  string `json:"kind" enums:"cash,card,wallet,other" example:"cash"`
	Label string `json:"label" example:"Voucher"` // of other tenders, else empty
	countBody
}

type registerCount struct {
	RegisterID id.ID  `json:"register_id"`
	Name       string `json:"name" example:"Till 1"`
	countBody
}

// summaryBody are the figures of all bills of the days.
type summaryBody struct {
	frameBody
	SalesCount  Int             `json:"sales_count" example:"12"` // less voided ones
	RefundCount Int             `json:"refund_count" example:"1"` // on their own day
	Pieces      Int             `json:"pieces" example:"31"`      // of what is sold by the piece, less what came back
	Subtotal    Int             `json:"subtotal" example:"47964"`
	Discount    Int             `json:"discount" example:"7200"`
	PointsUsed  Int             `json:"points_used" example:"0"`
	Tax         Int             `json:"tax" example:"6512"`
	Rounding    Int             `json:"rounding" example:"0"`
	Total       Int             `json:"total" example:"40764"`
	Average     Int             `json:"average" example:"3397"` // total for each sale, half-up; 0 without sales
	ByTender    []tenderCount   `json:"by_tender"`              // by kind and label; a sale counts once for each of its ways to pay
	ByRegister  []registerCount `json:"by_register"`            // by name
	Members     countBody       `json:"members"`
	Others      countBody       `json:"others"`
}

// summary sums up what was sold, refunded and voided on the days.
//
//	@Summary	Summary of sales
//	@Tags		reports
//	@Security	manager
//	@Param		from	query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to		query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Success	200		{object}	summaryBody
//	@Failure	422		{object}	Problem	"`range_invalid`"
//	@Router		/reports/summary [get]
func (s Reports) summary(c *Call) error {
	r, err := s.sums(c)
	if err != nil {
		return err
	}
	b := summaryBody{
		frameBody: newFrame(r.Frame), SalesCount: Int(r.Sales), RefundCount: Int(r.Refunds), Pieces: Int(r.Pieces.Whole()), Subtotal: Int(r.Subtotal),
		Discount: Int(r.Discount), PointsUsed: Int(r.PointsUsed), Tax: Int(r.Tax), Rounding: Int(r.Rounding), Total: Int(r.Total), Average: Int(r.Average()),
		ByTender: make([]tenderCount, len(r.Tenders)), ByRegister: make([]registerCount, len(r.Tills)), Others: newCount(r.Tiers[report.Others]),
		Members: countBody{Int(r.Tiers[report.Regular].Sales + r.Tiers[report.VIP].Sales), Int(r.Tiers[report.Regular].Total + r.Tiers[report.VIP].Total)},
	}
	for i, t := range r.Tenders {
		b.ByTender[i] = tenderCount{string(t.Kind), t.Label, newCount(t.Count)}
	}
	for i, t := range r.Tills {
		b.ByRegister[i] = registerCount{t.ID, t.Name, newCount(t.Count)}
	}
	return Table(c, b, []summaryBody{b})
}

func (s Reports) sums(c *Call) (report.Summary, error) {
	a, err := asked(c)
	if err != nil {
		return report.Summary{}, err
	}
	return s.service.Summary(c.Context(), c.Store(), a)
}

// rowsBody is a report that is a list of rows.
type rowsBody[D any] struct {
	frameBody
	Items []D `json:"items"`
}

// rows answers a report that is a list of rows.
func rows[T, D any](c *Call, f report.Frame, of []T, convert func(T) D) error {
	b := rowsBody[D]{newFrame(f), make([]D, len(of))}
	for i, v := range of {
		b.Items[i] = convert(v)
	}
	return Table(c, b, b.Items)
}

// revenueRow are the figures of one day or month.
type revenueRow struct {
	Period     string `json:"period" example:"2026-11-21"` // a day, or a month such as 2026-11
	SalesCount Int    `json:"sales_count" example:"12"`
	Total      Int    `json:"total" example:"40764"`
	Tax        Int    `json:"tax" example:"6512"`
}

// revenue lists what was taken by day or by month. Every period that the days touch has a row; of a month, only the days that are asked for count.
//
//	@Summary	Revenue by day or month
//	@Tags		reports
//	@Security	manager
//	@Param		from		query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to			query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Param		interval	query		string	false	"at most 366 days or 120 months"						Enums(day, month)	default(day)
//	@Success	200			{object}	rowsBody[revenueRow]
//	@Failure	422			{object}	Problem	"`range_invalid`, `range_too_long`"
//	@Router		/reports/revenue [get]
func (s Reports) revenue(c *Call) error {
	a, err := asked(c)
	if err != nil {
		return err
	}
	interval, err := c.QueryOne("interval", string(report.Daily), string(report.Monthly))
	if err != nil {
		return err
	}
	if interval == "" {
		interval = string(report.Daily)
	}
	r, err := s.service.Revenue(c.Context(), c.Store(), a, report.Interval(interval))
	if err != nil {
		return err
	}
	return rows(c, r.Frame, r.Items, func(t report.Takings) revenueRow {
		return revenueRow{string(t.Period), Int(t.Sales), Int(t.Total), Int(t.Tax)}
	})
}

// monthRow are the figures of one month.
type monthRow struct {
	Month      int `json:"month" example:"12"` // 1 to 12
	SalesCount Int `json:"sales_count" example:"12"`
	Pieces     Int `json:"pieces" example:"31"`
	Total      Int `json:"total" example:"40764"`
}

// monthly lists the twelve months of a year, those without sales too.
//
//	@Summary	The months of a year
//	@Tags		reports
//	@Security	manager
//	@Param		year	query		int	false	"left out: this year"	minimum(1)	maximum(9999)
//	@Success	200		{object}	rowsBody[monthRow]
//	@Router		/reports/monthly [get]
func (s Reports) monthly(c *Call) error {
	year, err := c.QueryInt("year", report.ThisYear)
	if err != nil {
		return err
	}
	if _, there := c.typed("year"); there && (year < 1 || year > 9999) {
		return queryFault("year", "must be 1 to 9999")
	}
	r, err := s.service.Year(c.Context(), c.Store(), year)
	if err != nil {
		return err
	}
	month := 0
	return rows(c, r.Frame, r.Items, func(t report.Takings) monthRow {
		month++
		return monthRow{month, Int(t.Sales), Int(t.Pieces.Whole()), Int(t.Total)}
	})
}

// productRow is what was sold of a product.
type productRow struct {
	ProductID id.ID    `json:"product_id"`
	Name      string   `json:"name" example:"Apple juice 1 l"` // as last sold
	Unit      string   `json:"unit" enums:"piece,kg,l,m" example:"piece"`
	Quantity  Measured `json:"quantity" swaggertype:"integer" example:"31"` // sold and not voided
	Refunded  Measured `json:"refunded" swaggertype:"integer" example:"1"`  // what came back of it and of earlier sales
	Discount  Int      `json:"discount" example:"7200"`
	Total     Int      `json:"total" example:"40764"` // of the lines, less what was given back; a bill's rounding is in none
}

type productsBody struct {
	frameBody
	Page[productRow]
}

// products lists what was sold of each product, the largest total first.
//
//	@Summary	Sales by product
//	@Tags		reports
//	@Security	manager
//	@Param		from	query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to		query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	productsBody
//	@Failure	422		{object}	Problem	"`range_invalid`"
//	@Router		/reports/products [get]
func (s Reports) products(c *Call) error {
	a, err := asked(c)
	if err != nil {
		return err
	}
	page, err := c.Page()
	if err != nil {
		return err
	}
	r, err := s.service.Products(c.Context(), c.Store(), a, page)
	if err != nil {
		return err
	}
	p := NewPage(c, r.List, func(p *report.Product) productRow {
		return productRow{p.ID, p.Name, string(p.Unit), Measured{p.Quantity, p.Unit}, Measured{p.Refunded, p.Unit}, Int(p.Discount), Int(p.Total)}
	})
	return Table(c, productsBody{newFrame(r.Frame), p}, p.Items)
}

// memberRow is what a member bought.
type memberRow struct {
	MemberID   id.ID   `json:"member_id"`
	Name       *string `json:"name" example:"Mia"` // null for a member who was deleted
	SalesCount Int     `json:"sales_count" example:"12"`
	Total      Int     `json:"total" example:"40764"`
	Points     Int     `json:"points" example:"6114"` // earned, less what refunds took back
	PointsUsed Int     `json:"points_used" example:"0"`
}

// tiersBody are the figures of all members of each tier, as it was when they bought.
type tiersBody struct {
	Regular countBody `json:"regular"`
	VIP     countBody `json:"vip"`
}

type membersBody struct {
	frameBody
	ByTier tiersBody `json:"by_tier"`
	Page[memberRow]
}

// members lists what each member bought, the largest total first.
//
//	@Summary	Sales by member
//	@Tags		reports
//	@Security	manager
//	@Param		from	query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to		query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	membersBody
//	@Failure	422		{object}	Problem	"`range_invalid`"
//	@Router		/reports/members [get]
func (s Reports) members(c *Call) error {
	a, err := asked(c)
	if err != nil {
		return err
	}
	page, err := c.Page()
	if err != nil {
		return err
	}
	r, err := s.service.Members(c.Context(), c.Store(), a, page)
	if err != nil {
		return err
	}
	p := NewPage(c, r.List, func(m report.Buyer) memberRow {
		return memberRow{m.ID, orNull(m.Name), Int(m.Sales), Int(m.Total), Int(m.Earned), Int(m.Used)}
	})
	return Table(c, membersBody{newFrame(r.Frame), tiersBody{newCount(r.Regular), newCount(r.VIP)}, p}, p.Items)
}

// taxRow is what was sold at one rate.
type taxRow struct {
	RateBP Int `json:"rate_bp" example:"1900"`
	Base   Int `json:"base" example:"40764"` // as the bills have it: prices that contain the tax are a base that does
	Tax    Int `json:"tax" example:"6512"`
	Net    Int `json:"net" example:"34252"`   // without the tax
	Total  Int `json:"total" example:"40764"` // with the tax
}

// taxes lists what was sold at each tax rate, the highest first.
//
//	@Summary	Sales by tax rate
//	@Tags		reports
//	@Security	manager
//	@Param		from	query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to		query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Success	200		{object}	rowsBody[taxRow]
//	@Failure	422		{object}	Problem	"`range_invalid`"
//	@Router		/reports/taxes [get]
func (s Reports) taxes(c *Call) error {
	r, err := s.sums(c)
	if err != nil {
		return err
	}
	return rows(c, r.Frame, r.Taxes, func(t report.Tax) taxRow {
		return taxRow{Int(t.Rate), Int(t.Base), Int(t.Tax), Int(t.Total - t.Tax), Int(t.Total)}
	})
}

// hourRow are the figures of one hour of the days.
type hourRow struct {
	Hour       int `json:"hour" example:"17"` // 0 to 23
	SalesCount Int `json:"sales_count" example:"12"`
	Total      Int `json:"total" example:"40764"`
}

// hourly lists the 24 hours of the days, by when customers paid, in the store's time zone as it was then.
//
//	@Summary	Sales by hour of the day
//	@Tags		reports
//	@Security	manager
//	@Param		from	query		string	false	"first business date; left out: to"							Format(date)
//	@Param		to		query		string	false	"last business date, included; left out: today, or from where that is later"	Format(date)
//	@Success	200		{object}	rowsBody[hourRow]
//	@Failure	422		{object}	Problem	"`range_invalid`"
//	@Router		/reports/hourly [get]
func (s Reports) hourly(c *Call) error {
	r, err := s.sums(c)
	if err != nil {
		return err
	}
	hour := -1
	return rows(c, r.Frame, r.Hours[:], func(n report.Count) hourRow {
		hour++
		return hourRow{hour, Int(n.Sales), Int(n.Total)}
	})
}

// stockRow is a product with its stock.
type stockRow struct {
	ProductID  id.ID     `json:"product_id"`
	Name       string    `json:"name" example:"Apple juice 1 l"`
	Unit       string    `json:"unit" enums:"piece,kg,l,m" example:"piece"`
	Stock      Measured  `json:"stock" swaggertype:"integer" example:"12"`
	LowStockAt *Measured `json:"low_stock_at" swaggertype:"integer" example:"4"`
	Value      Int       `json:"value" example:"2388"` // price x stock; 0 where there is none
}

type stockBody struct {
	frameBody
	Page[stockRow]
	OutOfStock Int `json:"out_of_stock" example:"3"` // products with nothing left, whatever the filter
	Low        Int `json:"low" example:"5"`          // products with little left
	Value      Int `json:"value" example:"180500"`   // of all products
}

// stock lists the products with their stock as it is now, by name, and sums up all of it.
//
//	@Summary	Stock and its value
//	@Tags		reports
//	@Security	manager
//	@Param		stock	query		string	false	"only these are listed: out, nothing left; low, little left"	Enums(out, low)
//	@Param		limit	query		int		false	"1 to 200, 50 where it is left out"
//	@Param		cursor	query		string	false	"next_cursor of the last page"
//	@Success	200		{object}	stockBody
//	@Router		/reports/stock [get]
func (s Reports) stock(c *Call) error {
	page, err := c.Page()
	if err != nil {
		return err
	}
	only, err := c.QueryOne("stock", string(inventory.OutOfStock), string(inventory.LowStock))
	if err != nil {
		return err
	}
	// A later page of a download shows its rows only.
	r, err := s.service.Stock(c.Context(), c.Store(), inventory.StockFilter(only), page, c.sheet == nil)
	if err != nil {
		return err
	}
	p := NewPage(c, r.List, func(g report.Goods) stockRow {
		p := newProductBody(g.Listed)
		return stockRow{p.ID, p.Name, p.Unit, p.Stock, p.LowStockAt, Int(g.Value)}
	})
	return Table(c, stockBody{newFrame(r.Frame), p, Int(r.Out), Int(r.Low), Int(r.Value)}, p.Items)
}

// drawerRow is what a drawer holds.
type drawerRow struct {
	RegisterID    id.ID  `json:"register_id"`
	Name          string `json:"name" example:"Till 1"`
	Balance       Int    `json:"balance" example:"15000"`
	ClosedThrough *Date  `json:"closed_through"`
}

type cashBody struct {
	frameBody
	Registers []drawerRow `json:"registers"` // by name, those out of use too
	Total     Int         `json:"total" example:"15000"`
}

// cash lists what the drawers hold now.
//
//	@Summary	Cash in the drawers
//	@Tags		reports
//	@Security	manager
//	@Success	200	{object}	cashBody
//	@Router		/reports/cash [get]
func (s Reports) cash(c *Call) error {
	r, err := s.service.Cash(c.Context(), c.Store())
	if err != nil {
		return err
	}
	b := cashBody{newFrame(r.Frame), make([]drawerRow, len(r.Drawers)), Int(r.Total)}
	for i, d := range r.Drawers {
		b.Registers[i] = newDrawer(d)
	}
	return Table(c, b, b.Registers)
}

func newDrawer(s register.Standing) drawerRow {
	b := newRegisterBody(s)
	return drawerRow{b.ID, b.Name, b.Balance, b.ClosedThrough}
}
