package rest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// contract holds the fields that clients build on, by the schema that has them. A field is name:type; ! is always there and never null,
// ? may be null or left out.
var contract = map[string]string{
	"setupRequest":         "store:setupStoreRequest! manager:setupManagerRequest!",
	"setupStoreRequest":    "name:string! currency:string! time_zone:string!",
	"setupManagerRequest":  "name:string! email:email! password:string!",
	"setupBody":            "store:storeBody! user:userBody!",
	"loginRequest":         "email:string! password:string! store:string?",
	"loginBody":            "access_token:string! expires_in:integer! refresh_token:string! user:userBody! store:storeBody!",
	"refreshRequest":       "refresh_token:string!",
	"sessionBody":          "user:userBody! store:storeBody!",
	"storeBody":            "id:string! name:string! currency:string! time_zone:string! status:enum! created_at:date-time!",
	"userRequest":          "name:string! email:email! password:string! role:enum!",
	"userPatch":            "name:string? email:email? password:string? role:enum? active:boolean?",
	"userBody":             "id:string! name:string! email:string! role:enum! active:boolean! created_at:date-time!",
	"memberRequest":        "name:string! email:email? phone:string? pin:string!",
	"memberPatch":          "name:string? email:email? phone:string? pin:string?",
	"memberBody":           "id:string! name:string! email:string? phone:string? tier:enum! points:integer! wallet:integer! created_at:date-time!",
	"memberSessionRequest": "member_id:string? email:string? phone:string? pin:string!",
	"memberSessionBody":    "member_token:string! expires_in:integer! member:memberBody!",
	"statementBody":        "balance:integer! items:postingBody[]! next_cursor:string?",
	"postingBody":          "id:string! kind:string! amount:integer! balance_after:integer! bill_id:string? created_at:date-time!",
	"topUpRequest":         "register_id:string! amount:integer! tender:enum!",
	"productRequest": "name:string! description:string? sku:string? barcodes:string[]? price:integer! tax_rate_bp:integer? unit:enum? stock:quantity? " +
		"low_stock_at:quantity? category:string? stock_policy:enum?",
	"productBody": "id:string! name:string! description:string? sku:string? barcodes:string[]! category:string? price:integer! tax_rate_bp:integer? unit:enum! " +
		"stock:quantity! stock_policy:enum? low_stock_at:quantity? image_url:string? version:integer!",
	"stockMovementRequest": "kind:enum! quantity:quantity! expected:quantity? reason:string?",
	"stockMovementBody":    "id:string! kind:enum! quantity:quantity! before:quantity! after:quantity! reason:string? actor:string? created_at:date-time!",
	"importBody":           "created:integer! updated:integer! unchanged:integer! failed:integer! errors:importRowError[]!",
	"importRowError":       "row:integer! code:string! detail:string!",
	"paymentRequest": "register_id:string! client_sale_id:string? occurred_at:date-time? lines:paymentLine[]! cart_id:string? member_id:string? points_used:integer? " +
		"tenders:tenderRequest[]? expected_total:integer?",
	"paymentLine":   "product_id:string! quantity:quantity! unit_price:integer?",
	"tenderRequest": "kind:enum! label:string? amount:integer!",
	"batchRequest":  "items:batchItem[]!",
	"batchItem":     "idempotency_key:string! client_sale_id:string? occurred_at:date-time? register_id:string! lines:paymentLine[]!",
	"batchBody":     "items:batchResult[]!",
	"batchResult":   "status:integer! bill:billBody? problem:Problem?",
	"billBody": "id:string! kind:enum! refund_of:string? occurred_at:date-time! flags:enum[]! receipt_number:integer! register_id:string! cashier_id:string! " +
		"member_id:string? business_date:date! created_at:date-time! currency:string! lines:billLine[]! taxes:billTax[]! subtotal:integer! discount:integer! " +
		"points_used:integer! points_earned:integer! tax:integer! rounding:integer! total:integer! tenders:billTender[]! change:integer! state:enum! hash:string! previous_hash:string!",
	"billLine": "line:integer! product_id:string! name:string! quantity:quantity! unit_price:integer! tax_rate_bp:integer! subtotal:integer! discount:integer! " +
		"points_used:integer! tax:integer! total:integer!",
	"billTax":         "rate_bp:integer! base:integer! tax:integer!",
	"billTender":      "kind:enum! label:string? amount:integer!",
	"quoteBody":       "lines:billLine[]! taxes:billTax[]! subtotal:integer! discount:integer! points_used:integer! points_earned:integer! tax:integer! rounding:integer! total:integer! tenders:billTender[]! change:integer!",
	"refundRequest":   "lines:refundLine[]? restock:boolean? tenders:tenderRequest[]? register_id:string? reason:string!",
	"refundLine":      "line:integer! quantity:quantity!",
	"voidRequest":     "reason:string!",
	"cartRequest":     "name:string? register_id:string? member_id:string? lines:cartLine[]!",
	"cartBody":        "id:string! name:string? register_id:string? member_id:string? lines:cartLineBody[]! version:integer! created_by:string! updated_at:date-time!",
	"registerRequest": "name:string! opening_amount:integer?",
	"registerBody":    "id:string! name:string! balance:integer! closed_through:date? active:boolean!",
	"balanceBody":     "balance:integer! business_date:date!",
	"settingsBody": "point_rate_bp:integer! vip_discount_bp:integer! tax_mode:enum! default_tax_rate_bp:integer! cash_rounding:integer! stock_policy:enum! " +
		"blind_count:boolean! difference_threshold:integer! future_days:integer! receipt_header:string! receipt_footer:string! time_zone:string! currency:string!",
	"Problem":      "type:string! title:string! status:integer! detail:string! code:string! request_id:string! retryable:boolean! errors:FieldProblem[]?",
	"FieldProblem": "pointer:string! code:string! detail:string!",
}

// schema is what the test reads of one.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Enum       []any
	Nullable   bool
	OneOf      []schema
	AllOf      []schema
	Items      *schema
	Required   []string
	Properties map[string]schema
}

// kind names a schema as the contract does.
func (s schema) kind() string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case len(s.AllOf) == 1:
		return s.AllOf[0].kind()
	case len(s.OneOf) == 2:
		return "quantity"
	case s.Type == "array":
		return s.Items.kind() + "[]"
	case len(s.Enum) > 0 && s.Type == "string":
		return "enum"
	case s.Format != "" && s.Type == "string":
		return s.Format
	}
	return s.Type
}

type openAPI struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Required bool
		}
		Responses map[string]struct {
			Ref         string `json:"$ref"`
			Description string
			Headers     map[string]any
		}
	}
	Components struct {
		Schemas   map[string]schema
		Responses map[string]struct{ Headers map[string]any }
	}
}

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	var doc openAPI
	if err := json.Unmarshal(openapi, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentHasTheFieldsThatClientsBuildOn(t *testing.T) {
	doc := readOpenAPI(t)
	for name, fields := range contract {
		s, ok := doc.Components.Schemas[name]
		if !ok {
			t.Errorf("there is no schema %s", name)
		}
		for _, field := range strings.Fields(fields) {
			member, kind, _ := strings.Cut(field, ":")
			always := strings.HasSuffix(kind, "!")
			kind = kind[:len(kind)-1]
			p, ok := s.Properties[member]
			// An answer may also leave a field out that the contract marks with ?, and a list of a request is never null.
			if got := slices.Contains(s.Required, member) && !p.Nullable; !ok || p.kind() != kind || always != got {
				t.Errorf("%s.%s is a %s, always there: %v; want %s", name, member, p.kind(), got, field)
			}
		}
	}
}

func TestTheDocumentHasTheQueriesThatClientsBuildOn(t *testing.T) {
	doc := readOpenAPI(t)
	for path, names := range map[string]string{
		"/bills": "from to register_id member_id kind receipt_number client_sale_id flag limit cursor", "/products": "query barcode category stock limit cursor",
		"/registers/{id}/balance": "business_date", "/members": "query limit cursor", "/users": "limit cursor", "/carts": "limit cursor", "/registers": "limit cursor",
		"/products/{id}/stock-movements": "limit cursor", "/members/{id}/points": "limit cursor", "/members/{id}/wallet": "limit cursor",
	} {
		for _, name := range strings.Fields(names) {
			if !slices.Contains(doc.parameters("get", path, "query"), name) {
				t.Errorf("GET %s lacks %s", path, name)
			}
		}
	}
	for _, name := range []string{"dry_run", "stock"} {
		if !slices.Contains(doc.parameters("post", "/products/import", "query"), name) {
			t.Errorf("the import lacks %s", name)
		}
	}
}

func (d openAPI) parameters(method, path, in string) (names []string) {
	for _, p := range d.Paths[base+path][method].Parameters {
		if p.In == in {
			names = append(names, p.Name)
		}
	}
	return names
}

// TestTheDocumentHasTheHeadersThatClientsBuildOn: a create says where it is, what can be edited has its version, what moves money, points
// or stock takes a key and says when its answer is an old one, and who has to wait is told how long.
func TestTheDocumentHasTheHeadersThatClientsBuildOn(t *testing.T) {
	doc := readOpenAPI(t)
	keyed := []string{
		"/cashier/payments", "/bills/{id}/refunds", "/bills/{id}/void", "/members/{id}/wallet/top-ups", "/products/{id}/stock-movements", "/registers", "/products",
	}
	for path, methods := range doc.Paths {
		path = strings.TrimPrefix(path, base)
		for method, op := range methods {
			for status, r := range op.Responses {
				headers := r.Headers
				if ref := r.Ref; ref != "" {
					headers = doc.Components.Responses[ref[strings.LastIndex(ref, "/")+1:]].Headers
				}
				if want := (map[string]string{"201": "Location", "401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"})[status]; want != "" && headers[want] == nil {
					t.Errorf("%s %s: %s without %s", method, path, status, want)
				}
				if key := method == "post" && slices.Contains(keyed, path); (headers["Idempotency-Replayed"] != nil) != (key && status == "201") {
					t.Errorf("%s %s: %s has %v", method, path, status, slices.Collect(maps.Keys(headers)))
				}
			}
			takesKey := slices.Contains(doc.parameters(method, path, "header"), "Idempotency-Key")
			if takesKey != (method == "post" && slices.Contains(keyed, path)) {
				t.Errorf("%s %s takes a key: %v", method, path, takesKey)
			}
		}
	}
	for _, path := range []string{"/products/{id}", "/members/{id}", "/users/{id}", "/registers/{id}", "/carts/{id}", "/settings"} {
		for method, op := range doc.Paths[base+path] {
			if method != "delete" && op.Responses["200"].Headers["ETag"] == nil {
				t.Errorf("%s %s answers without ETag", method, path)
			}
			if matches := slices.Contains(doc.parameters(method, path, "header"), "If-Match"); matches == (method == "get") {
				t.Errorf("%s %s takes If-Match: %v", method, path, matches)
			}
		}
	}
}

func TestTheDocumentNamesTheCodesThatClientsBuildOn(t *testing.T) {
	doc := readOpenAPI(t)
	for op, codes := range map[string]string{
		"post /setup":                         "409 already_set_up",
		"put /users/session":                  "422 store_required, 429 too_many_attempts",
		"put /members/session":                "429 too_many_attempts",
		"post /users":                         "409 email_taken",
		"patch /users/{id}":                   "409 email_taken, 409 last_manager",
		"delete /users/{id}":                  "409 last_manager",
		"post /members":                       "409 email_taken, 409 phone_taken",
		"patch /members/{id}":                 "409 email_taken, 409 phone_taken",
		"post /products":                      "409 sku_taken, 409 barcode_taken, 422 barcode_invalid",
		"patch /products/{id}":                "409 sku_taken, 409 barcode_taken, 422 barcode_invalid",
		"post /bills/{id}/void":               "409 already_voided, 409 not_voidable, 403 approval_required",
		"get /bills/{id}":                     "404 bill_unknown",
		"post /cashier/quote":                 "404 register_unknown, 404 product_unknown, 404 member_unknown, 422 underpaid, 422 overpaid",
		"post /bills/{id}/refunds":            "422 refund_exceeds_sold, 422 insufficient_cash, 403 approval_required",
		"post /products/{id}/stock-movements": "409 stock_changed, 422 insufficient_stock",
		"post /cashier/payments": "422 insufficient_stock, 422 insufficient_points, 422 insufficient_funds, 422 underpaid, 422 overpaid, 409 price_changed, " +
			"409 period_closed, 404 register_unknown, 404 product_unknown, 404 member_unknown, 409 cart_paid, 409 client_sale_id_used, 401 member_token_invalid, " +
			"403 approval_required, 422 idempotency_key_reused",
	} {
		method, path, _ := strings.Cut(op, " ")
		for _, c := range strings.Split(codes, ", ") {
			status, code, _ := strings.Cut(c, " ")
			if !strings.Contains(doc.Paths[base+path][method].Responses[status].Description, "`"+code+"`") {
				t.Errorf("%s: %s does not name %s", op, status, code)
			}
		}
	}
}
