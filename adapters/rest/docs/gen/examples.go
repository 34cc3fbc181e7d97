package main

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// exampleOf returns the smallest body that works: what a request must have, and the members tagged filled:"true". Without it the Swagger UI fills
// in every member that there is, and that seldom is a request that anybody would send.
func exampleOf(doc *openapi3.T, ref *openapi3.SchemaRef, t *types) any {
	name, known := strings.CutPrefix(ref.Ref, refPrefix)
	s := ref.Value
	if known {
		s = doc.Components.Schemas[name].Value
	}
	switch {
	case s.Example != nil:
		return s.Example
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AllOf) == 1: // a reference that may be null
		return exampleOf(doc, s.AllOf[0], t)
	case s.Items != nil:
		return []any{exampleOf(doc, s.Items, t)}
	}
	body := map[string]any{}
	for member, f := range t.of(name) {
		if p := s.Properties[member]; p != nil && (f.mandatory || f.tags.Get("filled") == "true") {
			body[member] = exampleOf(doc, p, t)
		}
	}
	return body
}
