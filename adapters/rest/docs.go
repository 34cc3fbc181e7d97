package rest

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"kassa/static"
)

//go:embed docs/openapi.json
var openapi []byte

// docsPolicy lets the Swagger UI load itself and talk to this server, nothing else: nothing inline, no other host. Its style sheet
// carries images as data.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// documents serves the OpenAPI document and the Swagger UI that shows it, without any other host.
type documents struct{}

// Routes declares /, /openapi.json, /docs and the files of the Swagger UI.
func (d documents) Routes(r *Router) {
	root := r.Root()
	root.Get("/", Public, d.home)
	root.Get("/openapi.json", Public, d.openapi)
	root.Get("/docs", Public, d.file("index.html", "text/html; charset=utf-8"))
	for name, mediaType := range map[string]string{
		"swagger-ui.css":                  "text/css; charset=utf-8",
		"swagger-ui-bundle.js":            "text/javascript; charset=utf-8",
		"swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
		"initializer.js":                  "text/javascript; charset=utf-8",
	} {
		root.Get("/docs/"+name, Public, d.file(name, mediaType))
	}
}

func (documents) home(c *Call) error {
	c.SetHeader("Location", "/docs")
	return c.Bytes(http.StatusFound, "text/plain; charset=utf-8", []byte("see /docs\n"))
}

func (documents) openapi(c *Call) error {
	return c.Bytes(http.StatusOK, "application/json", openapi)
}

func (documents) file(name, mediaType string) Handler {
	return func(c *Call) error {
		b, err := static.Swagger.ReadFile("swagger/" + name)
		if err != nil {
			return err
		}
		c.SetHeader("Content-Security-Policy", docsPolicy)
		c.SetHeader("Cache-Control", "no-cache")
		return c.Bytes(http.StatusOK, mediaType, b)
	}
}

// CheckDocument holds the table of routes against the OpenAPI document, in both directions and with who may call: an operation
// without its route, a route of the API that is not documented, and a role that differs are errors. A test calls it with every resource.
func (s *Server) CheckDocument() error { return checkDocument(s.Routes(), openapi) }

func checkDocument(table []Route, document []byte) error {
	var doc struct {
		Paths map[string]map[string]struct {
			Role string `json:"x-role"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return err
	}
	documented := map[string]string{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			documented[strings.ToUpper(method)+" "+path] = op.Role
		}
	}
	var wrong []error
	for _, rt := range table {
		name := rt.Method + " " + rt.Path
		role, ok := documented[name]
		delete(documented, name)
		switch {
		case !ok && strings.HasPrefix(rt.Path, base+"/"):
			wrong = append(wrong, fmt.Errorf("%s is a route that the document lacks", name))
		case ok && role != rt.Access.String():
			wrong = append(wrong, fmt.Errorf("%s is for %s, but the document says %s", name, rt.Access, role))
		}
	}
	for name := range documented {
		wrong = append(wrong, fmt.Errorf("%s is in the document, but there is no such route", name))
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}
