package resttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// accepted is a request that the server accepts, by the operation's name in the document.
type accepted struct {
	name   string
	path   string // "": as in the name
	body   string
	header map[string]string
}

// operations fills the shop and returns every operation of the document with a request that is accepted, in an order in which all of them
// are: what ends things comes last.
func (b *bad) operations(t *testing.T) []*operation {
	t.Helper()
	known := b.accepted()
	spec := b.doc.operations()
	var ops []*operation
	for _, k := range known {
		method, path, _ := strings.Cut(k.name, " ")
		s, ok := spec[k.name]
		if !ok {
			t.Errorf("%s is not in the document", k.name)
			continue
		}
		delete(spec, k.name)
		if k.path != "" {
			path = k.path
		}
		op := &operation{name: k.name, spec: s, method: method, path: path, body: k.body, header: k.header}
		op.header = cloned(op.header)
		if s["x-role"] != "public" && op.header["Authorization"] == "" {
			op.header["Authorization"] = "Bearer " + b.Manager
		}
		if op.body != "" && op.header["Content-Type"] == "" {
			op.header["Content-Type"] = "application/json"
		}
		if k.name != "POST /setup" {
			ops = append(ops, op)
		}
	}
	for name := range spec {
		t.Errorf("%s is in the document, and no bad input is tried there", name)
	}
	return ops
}

// fixture is what the accepted requests name. What an accepted request changes is not what another one names.
type fixture struct {
	product, edited, deleted, depicted     string
	member, changed, vip, erased           string
	bill, voided                           string
	cart, replaced, discarded              string
	register                               string
	user, removed                          string
	settings, refresh, loggedOut, vipToken string
}

func (b *bad) fixture() fixture {
	var f fixture
	f.product, f.edited, f.deleted = b.NewProduct("Tea", 250, 100), b.NewProduct("Cake", 399, 5), b.NewProduct("Pie", 500, 5)
	f.depicted = b.NewProduct("Jam", 300, 5)
	b.setImage(f.depicted, somePNG(2)).Want(200)
	f.member, f.changed, f.vip, f.erased = b.NewMember("Mia"), b.NewMember("Max"), b.NewMember("Vera"), b.NewMember("Emil")
	f.bill = b.Pay(Line(f.product, 2), memberField(f.member), `"tenders":[{"kind":"cash","amount":1000}]`).Want(201).Text("id")
	f.voided = b.Pay(Line(f.product, 2)).Want(201).Text("id")
	for _, id := range []*string{&f.cart, &f.replaced, &f.discarded} {
		*id = b.As(b.Cashier).Post("/carts", `{"lines":[`+Line(f.product, 1)+`]}`).Want(201).Text("id")
	}
	f.register = b.NewRegister("Bar")
	for i, id := range []*string{&f.user, &f.removed} {
		*id = b.As(b.Manager).Post("/users", fmt.Sprintf(`{"name":"Dana","email":"dana%d@shop.test","password":"another one","role":"cashier"}`, i)).Want(201).Text("id")
	}
	f.settings = b.As(b.Manager).Get("/settings").Want(200).Header.Get("ETag")
	session := b.Put("/users/session", fmt.Sprintf(`{"email":%q,"password":%q}`, cashierEmail, cashierPassword)).Want(200)
	f.refresh, f.loggedOut, f.vipToken = session.Text("refresh_token"), b.Login(cashierEmail, cashierPassword), b.MemberToken(f.vip)
	b.lists = []string{
		"/bills?limit=200", "/products?limit=200", "/members?limit=200", "/users?limit=200", "/registers?limit=200", "/carts?limit=200", "/settings",
		"/members/" + f.member + "/points", "/members/" + f.member + "/wallet", "/products/" + f.product + "/stock-movements?limit=200",
		"/registers/" + b.Register + "/balance", "/carts/" + f.cart, "/bills/" + f.bill, "/members/" + f.vip,
	}
	return f
}

func (b *bad) accepted() []accepted {
	f := b.fixture()
	key, first := map[string]string{"Idempotency-Key": "new"}, map[string]string{"If-Match": `"1"`}
	sale := fmt.Sprintf(`{"register_id":%q,"lines":[{"product_id":%q,"quantity":2,"unit_price":250}],"tenders":[{"kind":"cash","amount":500}],`+
		`"member_id":%q,"points_used":0,"expected_total":500,"occurred_at":"2026-11-21T10:00:00Z"`, b.Register, f.product, f.member)
	product := `"description":"hot","sku":"T-%d","barcodes":["4006381333931"],"category":"Drinks","tax_rate_bp":700,"unit":"piece",` +
		`"stock_policy":"block","low_stock_at":4,"name":"New","price":199`
	cart := fmt.Sprintf(`{"name":"Mrs Miller","register_id":%q,"member_id":%q,"lines":[%s]}`, b.Register, f.member, Line(f.product, 3))
	return slices.Concat([]accepted{
		{name: "GET /healthz", path: "root:/healthz"}, {name: "GET /readyz", path: "root:/readyz"},
		{name: "POST /cashier/quote", body: sale + "}"},
		{name: "POST /cashier/payments", body: sale + `,"client_sale_id":"c-1"}`, header: key},
		{name: "POST /cashier/payments/batch", body: `{"items":[` + sale + `,"client_sale_id":"c-2","idempotency_key":"late-1"}]}`},
		{name: "GET /audit-log"}, {name: "GET /bills"}, {name: "GET /bills/{id}", path: "/bills/" + f.bill}, {name: "GET /bills/{id}/receipt", path: "/bills/" + f.bill + "/receipt"},
		{name: "POST /bills/{id}/reprints", path: "/bills/" + f.bill + "/reprints"},
		{name: "POST /bills/{id}/refunds", path: "/bills/" + f.bill + "/refunds", header: key, body: fmt.Sprintf(
			`{"lines":[{"line":1,"quantity":1}],"restock":true,"tenders":[{"kind":"cash","amount":250}],"register_id":%q,"reason":"damaged"}`, b.Register)},
		{name: "POST /bills/{id}/void", path: "/bills/" + f.voided + "/void", header: key, body: `{"reason":"wrong"}`},
		{name: "GET /carts"}, {name: "POST /carts", body: cart}, {name: "GET /carts/{id}", path: "/carts/" + f.cart},
		{name: "PUT /carts/{id}", path: "/carts/" + f.replaced, header: first, body: cart},
		{name: "DELETE /carts/{id}", path: "/carts/" + f.discarded, header: first},
		{name: "GET /products"}, {name: "GET /products/{id}", path: "/products/" + f.product},
		{name: "GET /products/{id}/stock-movements", path: "/products/" + f.product + "/stock-movements"},
		{name: "POST /products/{id}/stock-movements", path: "/products/" + f.product + "/stock-movements", header: key,
			body: `{"kind":"count","quantity":90,"expected":95,"reason":"x"}`},
		{name: "POST /products", header: key, body: "{" + fmt.Sprintf(product, 1) + `,"stock":12}`},
		{name: "PATCH /products/{id}", path: "/products/" + f.edited, header: first,
			body: "{" + strings.Replace(fmt.Sprintf(product, 2), "4006381333931", "96385074", 1) + "}"},
		{name: "DELETE /products/{id}", path: "/products/" + f.deleted, header: first},
		{name: "PUT /products/{id}/image", path: "/products/" + f.product + "/image", body: string(somePNG(1))},
		{name: "GET /products/{id}/image", path: "/products/" + f.depicted + "/image"},
		{name: "DELETE /products/{id}/image", path: "/products/" + f.depicted + "/image"},
		{name: "POST /products/import", body: `[{"name":"Imported","price":1.99}]`},
		{name: "GET /registers"}, {name: "GET /registers/{id}", path: "/registers/" + b.Register},
		{name: "GET /registers/{id}/balance", path: "/registers/" + b.Register + "/balance"},
		{name: "POST /registers", header: key, body: `{"name":"Till 3","opening_amount":100}`},
		{name: "PATCH /registers/{id}", path: "/registers/" + f.register, header: first, body: `{"name":"Pub","active":false}`},
		{name: "GET /settings"}, {name: "GET /reports/cash"}, {name: "GET /reports/hourly"}, {name: "GET /reports/members"}, {name: "GET /reports/monthly"},
		{name: "GET /reports/products"}, {name: "GET /reports/revenue"}, {name: "GET /reports/stock"}, {name: "GET /reports/summary"}, {name: "GET /reports/taxes"},
	}, b.acceptedPeople(f))
}

// acceptedPeople ends with what logs people out.
func (b *bad) acceptedPeople(f fixture) []accepted {
	first, token := map[string]string{"If-Match": `"1"`}, map[string]string{"Kassa-Member-Token": f.vipToken}
	return []accepted{
		{name: "GET /members"}, {name: "GET /members/{id}", path: "/members/" + f.member},
		{name: "GET /members/{id}/points", path: "/members/" + f.member + "/points"},
		{name: "GET /members/{id}/wallet", path: "/members/" + f.member + "/wallet"},
		{name: "POST /members", body: `{"name":"Nora","email":"nora@member.test","phone":"+49 30 901820","pin":"123456"}`},
		{name: "PUT /members/session", body: fmt.Sprintf(`{"member_id":%q,"pin":"123456"}`, f.member)},
		{name: "PUT /members/{id}/vip-subscription", path: "/members/" + f.vip + "/vip-subscription", header: token},
		{name: "DELETE /members/{id}/vip-subscription", path: "/members/" + f.vip + "/vip-subscription", header: token},
		{name: "POST /members/{id}/wallet/top-ups", path: "/members/" + f.member + "/wallet/top-ups", header: map[string]string{"Idempotency-Key": "new"},
			body: fmt.Sprintf(`{"register_id":%q,"amount":2000,"tender":"cash"}`, b.Register)},
		{name: "PATCH /members/{id}", path: "/members/" + f.changed, header: first,
			body: `{"name":"Maxi","email":"maxi@member.test","phone":"+49 30 901821","pin":"654321","old_pin":"123456"}`},
		{name: "DELETE /members/{id}", path: "/members/" + f.erased, header: first},
		{name: "GET /users"}, {name: "GET /users/{id}", path: "/users/" + f.user},
		{name: "POST /users", body: `{"name":"Otto","email":"otto@shop.test","password":"password of otto","role":"cashier"}`},
		{name: "PATCH /users/{id}", path: "/users/" + f.user, header: first,
			body: `{"name":"Dora","email":"dora@shop.test","password":"password of dora","role":"cashier","active":true}`},
		{name: "DELETE /users/{id}", path: "/users/" + f.removed, header: first},
		{name: "PATCH /settings", header: map[string]string{"If-Match": f.settings}, body: `{"point_rate_bp":1500,"vip_discount_bp":1500,"tax_mode":"inclusive",` +
			`"default_tax_rate_bp":0,"cash_rounding":5,"stock_policy":"block","blind_count":false,"difference_threshold":500,"future_days":0,` +
			`"receipt_header":"x","receipt_footer":"y","time_zone":"Europe/Berlin"}`},
		{name: "GET /users/session"},
		{name: "PUT /users/session", body: fmt.Sprintf(`{"email":%q,"password":%q}`, cashierEmail, cashierPassword)},
		{name: "POST /users/session/refresh", body: fmt.Sprintf(`{"refresh_token":%q}`, f.refresh)},
		{name: "DELETE /users/session", header: map[string]string{"Authorization": "Bearer " + f.loggedOut}},
		{name: "POST /setup"}, // tried in a server of its own
	}
}
