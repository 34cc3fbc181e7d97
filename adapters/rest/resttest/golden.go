package resttest

import (
	"fmt"
	"testing"
)

// goldenCase is a row of the golden numbers in the behaviours.
type goldenCase struct {
	name     string
	settings string
	lines    []goldenLine
	member   bool
	vip      bool
	points   int64 // the member's balance
	offered  int64
	want     map[string]int64
	left     int64 // points afterwards, without those earned
	taxes    []int64
}

type goldenLine struct {
	price    int64
	quantity any
	rate     int
	unit     string
}

func pieces(n int, price int64, rate int) goldenLine { return goldenLine{price, n, rate, "piece"} }

func kilograms(q string, price int64) goldenLine { return goldenLine{price, q, 0, "kg"} }

func totals(subtotal, discount, points, tax, rounding, total int64) map[string]int64 {
	return map[string]int64{"subtotal": subtotal, "discount": discount, "points_used": points, "tax": tax, "rounding": rounding, "total": total}
}

func earned(m map[string]int64, n int64) map[string]int64 {
	m["points_earned"] = n
	return m
}

var two = []goldenLine{pieces(3, 1999, 1900), pieces(2, 129, 700)}

var goldenCases = []goldenCase{
	{name: "three pieces", lines: []goldenLine{pieces(3, 1999, 0)}, want: totals(5997, 0, 0, 0, 0, 5997)},
	{name: "a member without points", lines: []goldenLine{pieces(3, 1999, 0)}, member: true, want: earned(totals(5997, 0, 0, 0, 0, 5997), 899)},
	{name: "a VIP", lines: []goldenLine{pieces(3, 1999, 0)}, vip: true, want: earned(totals(5997, 900, 0, 0, 0, 5097), 764)},
	{name: "a VIP with points", lines: []goldenLine{pieces(1, 1999, 0)}, vip: true, points: 300, offered: 300, want: earned(totals(1999, 300, 300, 0, 0, 1399), 209)},
	{name: "more points than payable", lines: []goldenLine{pieces(1, 10, 0)}, member: true, points: 500, offered: 500, want: earned(totals(10, 0, 10, 0, 0, 0), 0), left: 490},
	{name: "two rates inclusive", lines: two, member: true, want: earned(totals(6255, 0, 0, 975, 0, 6255), 938), taxes: []int64{958, 17}},
	{name: "two rates, VIP", lines: two, vip: true, want: earned(totals(6255, 938, 0, 828, 0, 5317), 797), taxes: []int64{814, 14}},
	{name: "two rates, VIP, points", lines: two, vip: true, points: 300, offered: 300, want: earned(totals(6255, 938, 300, 782, 0, 5017), 752), taxes: []int64{768, 14}},
	{name: "exclusive", settings: `"tax_mode":"exclusive"`, lines: []goldenLine{pieces(3, 1999, 500)}, member: true, want: earned(totals(5997, 0, 0, 300, 0, 6297), 944)},
	{name: "exclusive, rounded to 0.05", settings: `"tax_mode":"exclusive","cash_rounding":5`, lines: []goldenLine{pieces(3, 1999, 500)}, member: true, want: earned(totals(5997, 0, 0, 300, -2, 6295), 944)},
	{name: "exclusive, rounded to 1.00", settings: `"tax_mode":"exclusive","cash_rounding":100`, lines: []goldenLine{pieces(3, 1999, 500)}, member: true, want: earned(totals(5997, 0, 0, 300, 3, 6300), 945)},
	{name: "750 grams", lines: []goldenLine{kilograms("0.750", 1333)}, want: totals(1000, 0, 0, 0, 0, 1000)},
	{name: "1245 grams", lines: []goldenLine{kilograms("1.245", 249)}, want: totals(310, 0, 0, 0, 0, 310)},
}

func golden(t *testing.T, open Open) {
	for _, c := range goldenCases {
		t.Run(c.name, func(t *testing.T) {
			s := NewShop(t, open)
			if c.settings != "" {
				s.Settings(c.settings)
			}
			member := ""
			if c.member || c.vip {
				member = s.NewMember("Mia")
			}
			s.givePoints(member, c.points)
			if c.vip {
				s.makeVIP(member)
			}
			lines := ""
			for i, l := range c.lines {
				p := s.NewProduct(fmt.Sprint("P", i), l.price, 100, fmt.Sprintf(`"tax_rate_bp":%d,"unit":%q`, l.rate, l.unit))
				lines += "," + Line(p, l.quantity)
			}
			more := []string{fmt.Sprintf(`"points_used":%d`, c.offered)}
			if member != "" {
				more = append(more, fmt.Sprintf(`"member_id":%q`, member))
			}
			r := s.As(s.Cashier).Key("")
			if c.offered > 0 {
				r.With("Kassa-Member-Token", s.MemberToken(member))
			}
			bill := r.Post("/cashier/payments", s.Sale(lines[1:], more...)).Want(201).Fields(c.want)
			for i, tax := range c.taxes {
				if got := number(t, bill.Items("taxes")[i], "tax"); got != tax {
					t.Errorf("tax %d is %d, want %d", i, got, tax)
				}
			}
			if member != "" {
				if want, got := c.points-c.want["points_used"]+c.want["points_earned"], s.Points(member); got != want || c.left != 0 && want != c.left {
					t.Errorf("%d points are left, want %d", got, want)
				}
			}
			s.MustVerify()
		})
	}
}

// givePoints lets the member earn so many points with one sale at the rate of 100 %.
func (s *Shop) givePoints(member string, points int64) {
	s.t.Helper()
	if points == 0 {
		return
	}
	before := s.As(s.Cashier).Get("/settings").Want(200).Int("point_rate_bp")
	s.Settings(`"point_rate_bp":10000`)
	p := s.NewProduct("Points for "+member, points, 1)
	s.Pay(Line(p, 1), fmt.Sprintf(`"member_id":%q`, member)).Want(201)
	s.Settings(fmt.Sprintf(`"point_rate_bp":%d`, before))
	if got := s.Points(member); got != points {
		s.t.Fatalf("the member has %d points, want %d", got, points)
	}
}

func (s *Shop) makeVIP(member string) {
	s.t.Helper()
	s.As(s.Cashier).With("Kassa-Member-Token", s.MemberToken(member)).Put("/members/"+member+"/vip-subscription", "").Want(200)
}

// goldenRefund gives back three pieces one at a time: 19 % inclusive, VIP.
func goldenRefund(t *testing.T, open Open) {
	s := NewShop(t, open)
	member := s.NewMember("Mia")
	s.makeVIP(member)
	p := s.NewProduct("Tea", 1999, 3, `"tax_rate_bp":1900`)
	bill := s.Pay(Line(p, 3), fmt.Sprintf(`"member_id":%q`, member)).Want(201)
	for i, want := range []struct{ discount, tax, total, earned int64 }{{300, 271, 1699, 254}, {300, 271, 1699, 255}, {300, 272, 1699, 255}} {
		s.As(s.Manager).Key("").Post("/bills/"+bill.Text("id")+"/refunds", `{"lines":[{"line":1,"quantity":1}],"reason":"too much"}`).Want(201).
			Fields(map[string]int64{"discount": -want.discount, "tax": -want.tax, "total": -want.total, "points_earned": -want.earned})
		state := s.As(s.Cashier).Get("/bills/" + bill.Text("id")).Want(200).Text("state")
		if wanted := []string{"partially_refunded", "partially_refunded", "refunded"}[i]; state != wanted {
			t.Errorf("after %d refunds the bill is %s, want %s", i+1, state, wanted)
		}
	}
	if got := s.Points(member); got != 0 {
		t.Errorf("%d points are left", got)
	}
	if cash, stock := s.Balance(s.Register), s.Stock(p); cash != 0 || stock != "3" {
		t.Errorf("the drawer holds %d, the stock is %s", cash, stock)
	}
	s.As(s.Manager).Key("").Post("/bills/"+bill.Text("id")+"/refunds", `{"reason":"again"}`).Refused(422, "refund_exceeds_sold")
	s.MustVerify()
}
