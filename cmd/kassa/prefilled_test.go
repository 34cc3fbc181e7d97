package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// tries are the operations with a body in an order in which a reader of the documents may try them. An id is the one that the answer to the
// operation behind it had.
var tries = []struct {
	operation string
	status    int
	id        string
}{
	{"PUT /users/session", 200, ""},
	{"POST /users", 201, ""},
	{"PATCH /users/{id}", 200, "POST /users"},
	{"POST /registers", 201, ""},
	{"PATCH /registers/{id}", 200, "POST /registers"},
	{"POST /products", 201, ""},
	{"PATCH /products/{id}", 200, "POST /products"},
	{"POST /products/{id}/stock-movements", 201, "POST /products"},
	{"POST /members", 201, ""},
	{"PUT /members/session", 200, ""},
	{"POST /members/{id}/wallet/top-ups", 201, "POST /members"},
	{"PATCH /members/{id}", 200, "POST /members"},
	{"POST /carts", 201, ""},
	{"PUT /carts/{id}", 200, "POST /carts"},
	{"POST /cashier/quote", 200, ""},
	{"POST /cashier/payments", 201, ""},
	{"POST /bills/{id}/void", 201, "POST /cashier/payments"},
	{"POST /cashier/payments", 201, ""},
	{"POST /bills/{id}/refunds", 201, "POST /cashier/payments"},
	{"POST /cashier/payments/batch", 200, ""},
	{"PATCH /settings", 200, ""},
}

// prefilledBodies sends to the demo what the Swagger UI fills in, as it is but for the id of the till.
func prefilledBodies(t *testing.T, binary string) {
	s := startDemo(t, binary, t.TempDir())
	examples := examplesOf(t, s)
	untried := map[string]bool{}
	for operation := range examples {
		untried[operation] = operation != "POST /setup" && operation != "POST /users/session/refresh" // the shop is there; a token is nobody else's
	}
	ids, till := map[string]string{}, ""
	for i, try := range tries {
		method, path, _ := strings.Cut(try.operation, " ")
		body := strings.ReplaceAll(examples[try.operation], "id-from-GET-registers", till)
		a := s.call(method, strings.Replace(path, "{id}", ids[try.id], 1), fmt.Sprint("try", i), body, "If-Match", `"1"`)
		if a.status != try.status || bytes.Contains(a.body, []byte(`"problem"`)) {
			t.Errorf("%s with %s: %d %s", try.operation, body, a.status, a.body)
		}
		var made struct {
			ID    string `json:"id"`
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal(a.body, &made); err != nil {
			t.Fatal(err)
		}
		if made.Token != "" {
			s.token = "Bearer " + made.Token
			till = want[listOf[bill]](t, s.call("GET", "/registers", "", ""), http.StatusOK).Items[0].ID
		}
		ids[try.operation] = made.ID
		untried[try.operation] = false
	}
	for operation, left := range untried {
		if left {
			t.Errorf("%s has a body that is not tried", operation)
		}
	}
}

// examplesOf returns the body that the document gives for each operation.
func examplesOf(t *testing.T, s *server) map[string]string {
	t.Helper()
	doc := want[struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}](t, s.call("GET", "/openapi.json", "", ""), http.StatusOK)
	examples := map[string]string{}
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			if example := operation.RequestBody.Content["application/json"].Example; example != nil {
				examples[strings.ToUpper(method)+" "+strings.TrimPrefix(path, "/api/v1")] = string(example)
			}
		}
	}
	return examples
}
