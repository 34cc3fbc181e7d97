package rest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func newDiscard() *bufio.Writer { return bufio.NewWriter(io.Discard) }

func TestTheDocsWorkWithoutAnotherHost(t *testing.T) {
	s := newServer(t, Options{}, nil)
	a := ask(t, s, request("GET", "/", ""))
	if a.StatusCode != http.StatusFound || a.Header.Get("Location") != "/docs" {
		t.Errorf("got %d %v", a.StatusCode, a.Header)
	}
	index := ask(t, s, request("GET", "/docs", ""))
	policy := index.Header.Get("Content-Security-Policy")
	if index.StatusCode != http.StatusOK || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Fatalf("got %d %s", index.StatusCode, policy)
	}
	if regexp.MustCompile(`(?i)https?://|<script>|<style>|style=|\son\w+=`).MatchString(index.text) {
		t.Errorf("the page is not for a strict policy: %s", index.text)
	}
	links := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(index.text, -1)
	if len(links) != 4 {
		t.Fatalf("the page loads %v", links)
	}
	for _, l := range links {
		a := ask(t, s, request("GET", l[1], ""))
		want := map[string]string{".js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}[l[1][len(l[1])-3:]]
		if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != want || len(a.text) < 300 {
			t.Errorf("%s: got %d %v", l[1], a.StatusCode, a.Header)
		}
	}
	if init := ask(t, s, request("GET", "/docs/initializer.js", "")); !strings.Contains(init.text, `url: "/openapi.json"`) || !strings.Contains(init.text, "validatorUrl: null") {
		t.Errorf("got %s", init.text)
	}
	for _, path := range []string{"/docs/LICENSE", "/docs/../embed.go", "/docs/swagger-ui.css.map", "/docs/"} {
		wantProblem(t, ask(t, s, request("GET", path, "")), 404, "route_unknown")
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	a := ask(t, newServer(t, Options{}, nil), request("GET", "/openapi.json", ""))
	var doc struct {
		OpenAPI   string `json:"openapi"`
		Generated string `json:"x-generated"`
	}
	if err := json.Unmarshal([]byte(a.text), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.") || !strings.Contains(doc.Generated, "go generate") {
		t.Errorf("got %+v and %v", doc, err)
	}
}

func TestTheDocumentIsHeldAgainstTheRoutes(t *testing.T) {
	table := []Route{
		{"GET", "/healthz", Public}, {"GET", "/docs", Public}, {"GET", base + "/a", Cashier}, {"PATCH", base + "/a/{id}", Manager},
	}
	document := func(paths ...string) []byte { return []byte(`{"paths":{` + strings.Join(paths, ",") + `}}`) }
	const (
		health = `"/healthz":{"get":{"x-role":"public"}}`
		list   = `"/api/v1/a":{"get":{"x-role":"cashier"}}`
		edit   = `"/api/v1/a/{id}":{"patch":{"x-role":"manager"}}`
	)
	for name, c := range map[string]struct {
		document []byte
		want     string
	}{
		"equal":       {document(health, list, edit), ""},
		"lacking":     {document(health, list), "PATCH /api/v1/a/{id} is a route that the document lacks"},
		"root":        {document(list, edit), ""},
		"gone":        {document(health, list, edit, `"/api/v1/b":{"get":{"x-role":"public"}}`), "GET /api/v1/b is in the document, but there is no such route"},
		"gone method": {document(health, list, strings.Replace(edit, `{"patch"`, `{"put":{},"patch"`, 1)), "PUT /api/v1/a/{id} is in the document, but there is no such route"},
		"other role":  {document(health, strings.Replace(list, "cashier", "public", 1), edit), "GET /api/v1/a is for cashier, but the document says public"},
		"parameter":   {document(health, list, strings.Replace(edit, "{id}", "{aid}", 1)), "PATCH /api/v1/a/{aid} is in the document, but there is no such route\nPATCH /api/v1/a/{id} is a route that the document lacks"},
	} {
		got := ""
		if err := checkDocument(table, c.document); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if err := checkDocument(table, []byte("{")); err == nil {
		t.Error("a document that cannot be read fits")
	}
}
