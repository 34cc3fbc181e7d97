package resttest

import (
	"fmt"
	"testing"
	"time"
)

func reports(t *testing.T, open Open) {
	t.Run("are sums over the bills", func(t *testing.T) { figures(t, open) })
	t.Run("say what is there now", func(t *testing.T) { present(t, open) })
	t.Run("of odd days", func(t *testing.T) { oddDays(t, open) })
	t.Run("name things as they are", func(t *testing.T) { reportedNames(t, open) })
	t.Run("take a voided sale back from its hour", func(t *testing.T) { voidedHour(t, open) })
}

// present: row 28.
func present(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, rice := s.NewProduct("Tea", 250, 2, `"low_stock_at":5`), s.NewProduct("Rice", 333, 0, `"unit":"kg"`)
	s.NewProduct("Rope", 1000, 3)
	bar := s.As(s.Manager).Key("").Post("/registers", `{"name":"Bar","opening_amount":7000}`).Want(201).Text("id")
	stock := func(query string) Answer { return s.As(s.Manager).Get("/reports/stock" + query).Want(200) }
	stock("").Fields(map[string]int64{"out_of_stock": 1, "low": 1, "value": 3500})
	s.Pay(Line(tea, 2)).Want(201)
	sold := stock("?stock=out").Fields(map[string]int64{"out_of_stock": 2, "low": 0, "value": 3000}).Items("items")
	if len(sold) != 2 || sold[0]["product_id"] != rice || sold[1]["product_id"] != tea || text(sold[1]["stock"]) != "0" || text(sold[1]["low_stock_at"]) != "5" || text(sold[1]["value"]) != "0" {
		t.Errorf("out of stock are %v", sold)
	}
	for product, body := range map[string]string{tea: `{"kind":"receive","quantity":6}`, rice: `{"kind":"receive","quantity":"1.500"}`} {
		s.As(s.Manager).Key("").Post("/products/"+product+"/stock-movements", body).Want(201)
	}
	all := stock("?limit=2").Fields(map[string]int64{"out_of_stock": 0, "low": 0, "value": 3000 + 6*250 + 500})
	if first := all.Items("items"); len(first) != 2 || text(first[0]["stock"]) != "1.500" || text(first[0]["value"]) != "500" || first[0]["low_stock_at"] != nil {
		t.Errorf("the first page is %v", first)
	}
	if n := len(s.pages("/reports/stock?limit=2", "items")); n != 3 {
		t.Errorf("%d products", n)
	}
	cash := s.As(s.Manager).Get("/reports/cash").Want(200).Fields(map[string]int64{"total": 7500})
	drawers := cash.Items("registers")
	if len(drawers) != 2 || drawers[0]["register_id"] != bar || text(drawers[0]["balance"]) != "7000" || text(drawers[1]["balance"]) != "500" || drawers[1]["closed_through"] != nil {
		t.Errorf("drawers %v", drawers)
	}
}

// oddDays: row 26, and what is refused.
func oddDays(t *testing.T, open Open) {
	s := NewShop(t, open)
	s.Pay(Line(s.NewProduct("Tea", 250, 10), 1)).Want(201)
	today := s.Now().Format("2006-01-02")
	for query, want := range map[string][2]string{
		"": {today, today}, "?from=2026-11-01": {"2026-11-01", today}, "?to=2026-11-01": {"2026-11-01", "2026-11-01"}, "?from=9999-12-31": {"9999-12-31", "9999-12-31"},
	} {
		a := s.As(s.Manager).Get("/reports/summary" + query).Want(200)
		if a.Body["from"] != want[0] || a.Body["to"] != want[1] {
			t.Errorf("%q is of %v to %v", query, a.Body["from"], a.Body["to"])
		}
	}
	for _, name := range []string{"summary", "revenue", "products", "members", "taxes", "hourly"} {
		path := "/reports/" + name
		s.As(s.Manager).Get(path+"?from=2026-11-02&to=2026-11-01").Refused(422, "range_invalid")
		s.As(s.Manager).Get(path+"?from=2026-02-30").Refused(400, "query_invalid")
		s.As(s.Manager).Get(path + "?from=9999-12-01&to=9999-12-31").Want(200)
		s.As(s.Cashier).Get(path).Refused(403, "role_forbidden")
		s.As(s.Manager).With("Accept", "text/csv").Get(path).Want(200)
	}
	for _, query := range []string{"interval=day&from=2026-01-01&to=2027-01-01", "interval=day&from=2024-01-01&to=2024-12-31", "interval=month&from=2017-01-01&to=2026-12-31"} {
		s.As(s.Manager).Get("/reports/revenue?" + query).Want(200)
	}
	for _, query := range []string{"from=2026-01-01&to=2027-01-02", "interval=month&from=2017-01-01&to=2027-01-01", "from=0001-01-01&to=9999-12-31", "interval=month&from=0001-01-01&to=9999-12-31"} {
		s.As(s.Manager).Get("/reports/revenue?"+query).Refused(422, "range_too_long")
	}
	for _, year := range []string{"0", "10000", "-1"} {
		s.As(s.Manager).Get("/reports/monthly?year="+year).Refused(400, "query_invalid")
	}
	if a := s.As(s.Manager).Get("/reports/monthly").Want(200); a.Body["from"] != "2026-01-01" || a.Body["to"] != "2026-12-31" || text(a.Items("items")[10]["total"]) != "250" {
		t.Errorf("this year is %s", a.Raw)
	}
	s.As(s.Manager).Get("/reports/products?cursor=x").Refused(400, "cursor_invalid")
	s.As(s.Manager).Get("/reports/revenue?interval=week").Refused(400, "query_invalid")
}

// reportedNames: products as last sold, members as they are called now.
func reportedNames(t *testing.T, open Open) {
	s := NewShop(t, open)
	tea, mia := s.NewProduct("Tea", 250, 10), s.NewMember("Mia")
	old := s.Pay(Line(tea, 2), memberField(mia)).Want(201).Text("id")
	product := func() string {
		return text(s.As(s.Manager).Get("/reports/products").Want(200).Items("items")[0]["name"])
	}
	s.As(s.Manager).With("If-Match", "*").Patch("/products/"+tea, `{"name":"Green tea"}`).Want(200)
	if name := product(); name != "Tea" {
		t.Errorf("sold as Tea, called %s", name)
	}
	s.Pay(Line(tea, 1)).Want(201)
	s.As(s.Manager).Key("").Post("/bills/"+old+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"x"}`).Want(201)
	if name := product(); name != "Green tea" {
		t.Errorf("sold as Green tea, called %s", name)
	}
	member := func() any { return s.As(s.Manager).Get("/reports/members").Want(200).Items("items")[0]["name"] }
	s.As(s.Cashier).With("If-Match", "*").Patch("/members/"+mia, `{"name":"Mia B."}`).Want(200)
	if name := member(); name != "Mia B." {
		t.Errorf("called %v", name)
	}
	s.As(s.Manager).With("If-Match", "*").Delete("/members/" + mia).Want(204)
	if name := member(); name != nil {
		t.Errorf("a deleted member is called %v", name)
	}
	s.As(s.Manager).Key("").Post("/bills/"+s.Pay(Line(tea, 1)).Want(201).Text("id")+"/void", `{"reason":"x"}`).Want(201)
	only := s.NewProduct("Rope", 100, 10)
	s.As(s.Manager).Key("").Post("/bills/"+s.Pay(Line(only, 1)).Want(201).Text("id")+"/void", `{"reason":"x"}`).Want(201)
	if items := s.As(s.Manager).Get("/reports/products").Want(200).Items("items"); len(items) != 1 || fmt.Sprint(items[0]["quantity"]) != "3" {
		t.Errorf("what was voided is listed: %v", items)
	}
}

// voidedHour: a void takes its sale back where that stood.
func voidedHour(t *testing.T, open Open) {
	s := NewShop(t, open)
	sale := s.Pay(Line(s.NewProduct("Tea", 250, 10), 1)).Want(201).Text("id")
	s.Add(2 * time.Hour)
	s.Manager = s.Login(managerEmail, managerPassword)
	s.As(s.Manager).Key("").Post("/bills/"+sale+"/void", `{"reason":"x"}`).Want(201)
	for _, r := range s.As(s.Manager).Get("/reports/hourly").Want(200).Items("items") {
		if text(r["sales_count"]) != "0" || text(r["total"]) != "0" {
			t.Errorf("left of a voided sale: %v", r)
		}
	}
}
