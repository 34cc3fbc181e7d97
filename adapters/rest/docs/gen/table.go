package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// completeTable adds to a list or report that it is CSV on request, and to a list of pages that it can be had whole.
func completeTable(doc *openapi3.T, op *openapi3.Operation, path string) {
	answer := op.Responses.Value(strconv.Itoa(http.StatusOK))
	if answer == nil {
		return
	}
	media := answer.Value.Content.Get("application/json")
	if media == nil || !strings.HasPrefix(path, "/reports/") && !isList(doc, media.Schema) {
		return
	}
	answer.Value.Content["text/csv"] = openapi3.NewMediaType().WithSchema(openapi3.NewStringSchema())
	mayHaveHeader(answer.Value, "Content-Disposition", "of CSV: a name for the file")
	if op.Parameters.GetByInAndName(openapi3.ParameterInQuery, "cursor") == nil {
		return
	}
	mayHaveHeader(answer.Value, "Link", "the next page, where there is one")
	op.Description += "\n\nAs text/csv without limit and cursor, all items are streamed."
	if op.Responses.Value("429") == nil { // of downloads
		op.Responses.Set("429", &openapi3.ResponseRef{Ref: "#/components/responses/429"})
	}
}

// isList reports whether the answer has rows: a member items that is a list.
func isList(doc *openapi3.T, ref *openapi3.SchemaRef) bool {
	if ref == nil {
		return false
	}
	s := ref.Value
	if name, known := strings.CutPrefix(ref.Ref, refPrefix); known {
		s = doc.Components.Schemas[name].Value
	}
	items := s.Properties["items"]
	return items != nil && items.Value != nil && items.Value.Type.Is("array")
}

// mayHaveHeader adds a header that not every answer has.
func mayHaveHeader(r *openapi3.Response, name, what string) {
	setHeader(r, name, what, openapi3.NewStringSchema())
	r.Headers[name].Value.Required = false
}
