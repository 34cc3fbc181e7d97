package main

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const maxInt = 1<<53 - 1

// idPattern is what id.Parse reads.
const idPattern = `^[A-Za-z0-9_-]{1,64}$`

// idExample keeps the Swagger UI from making ids up that fit the pattern and look like nothing.
const idExample = "01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a10"

// use says where a schema occurs.
type use struct{ request, answer bool }

// describe completes the schemas with what the DTOs' Go types say.
func describe(doc *openapi3.T, t *types) {
	uses := usesOf(doc)
	for schema, ref := range doc.Components.Schemas {
		s, u := ref.Value, uses[schema]
		members := t.of(schema)
		if s == nil {
			continue
		}
		s.Required = nil
		for member, property := range s.Properties {
			f, ok := members[member]
			if !ok {
				continue
			}
			nullable := refine(property, f.expr)
			bound(property, f, u)
			// Null in a request stands for absent or cleared. In an answer it is written unless the member is left out.
			if nullable && !f.mandatory && !f.kept && (u.request || !f.omitted) {
				s.Properties[member] = nullableRef(property)
			}
			if f.mandatory || !u.request && !f.omitted {
				s.Required = append(s.Required, member)
			}
		}
		slices.Sort(s.Required)
		if u.request && !u.answer {
			s.AdditionalProperties = openapi3.BoolSchema{Has: new(bool)}
		}
		if s.Type.Is("integer") {
			s.Enum, s.Extensions = nil, nil // constants of a number are its bounds, not its values
		}
	}
}

// refine gives the schema the bounds of the field's wire type and reports whether it may be null.
func refine(ref *openapi3.SchemaRef, expr ast.Expr) (nullable bool) {
	switch e := expr.(type) {
	case *ast.StarExpr:
		refine(ref, e.X)
		return true
	case *ast.IndexExpr:
		if name(e.X) == "Opt" {
			refine(ref, e.Index)
			return true
		}
	case *ast.ArrayType:
		if ref.Value != nil && ref.Value.Items != nil {
			refine(ref.Value.Items, e.Elt)
		}
	case *ast.Ident, *ast.SelectorExpr:
		if known := schemaOf(name(e)); known != nil && ref.Ref == "" && ref.Value != nil {
			known.Description = ref.Value.Description
			if ref.Value.Example != nil {
				known.Example = ref.Value.Example
			}
			*ref.Value = *known
		}
	}
	return false
}

// bound gives the schema the bounds in the field's tags that swag does not know or that refine wrote over. A text that a request needs is
// not empty either.
func bound(ref *openapi3.SchemaRef, f field, u use) {
	s := ref.Value
	if ref.Ref != "" || s == nil {
		return
	}
	if s.Type.Is("string") && f.mandatory && u.request {
		s.MinLength = max(s.MinLength, 1)
	}
	if pattern := f.tags.Get("pattern"); pattern != "" {
		s.Pattern = pattern
	}
	if n, err := strconv.ParseUint(f.tags.Get("minItems"), 10, 64); err == nil {
		s.MinItems = n
	}
	if n, err := strconv.ParseUint(f.tags.Get("maxItems"), 10, 64); err == nil {
		s.MaxItems = &n
	}
	if n, err := strconv.ParseFloat(f.tags.Get("minimum"), 64); err == nil {
		s.Min = &n
	}
	if n, err := strconv.ParseFloat(f.tags.Get("maximum"), 64); err == nil {
		s.Max = &n
	}
}

// schemaOf returns the schema of a wire type of adapters/rest, or nil.
func schemaOf(wireType string) *openapi3.Schema {
	integer := func() *openapi3.Schema { return openapi3.NewInt64Schema().WithMin(-maxInt).WithMax(maxInt) }
	decimal := func() *openapi3.Schema {
		return openapi3.NewStringSchema().WithPattern(`^-?(0|[1-9][0-9]*)(\.[0-9]{1,3})?$`)
	}
	switch wireType {
	case "ID", "Store":
		s := openapi3.NewStringSchema().WithPattern(idPattern)
		s.Example = idExample
		return s
	case "Int":
		return integer()
	case "Quantity":
		whole := openapi3.NewInt64Schema().WithMin(-maxInt / 1000).WithMax(maxInt / 1000)
		return openapi3.NewOneOfSchema(whole, decimal().WithMaxLength(18))
	case "Measured":
		return openapi3.NewOneOfSchema(integer(), decimal())
	case "Time":
		return openapi3.NewDateTimeSchema()
	case "Date":
		return openapi3.NewStringSchema().WithFormat("date")
	}
	return nil
}

// nullableRef returns the schema with null allowed. A reference takes nothing beside it in OpenAPI 3.0, so it is wrapped. Beside enum and
// oneOf, nullable alone allows nothing (OpenAPI 3.0.3, clarification of nullable).
func nullableRef(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref.Ref != "" {
		return openapi3.NewSchemaRef("", &openapi3.Schema{Nullable: true, AllOf: openapi3.SchemaRefs{ref}})
	}
	ref.Value.Nullable = true
	if len(ref.Value.Enum) > 0 {
		ref.Value.Enum = append(ref.Value.Enum, nil)
	}
	if len(ref.Value.OneOf) > 0 {
		ref.Value.OneOf[0].Value.Nullable = true
	}
	return ref
}

// usesOf walks from every request and every answer to the schemas that it reaches.
func usesOf(doc *openapi3.T) map[string]use {
	uses := map[string]use{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil && op.RequestBody.Value != nil {
				for _, media := range op.RequestBody.Value.Content {
					reach(doc, media.Schema, uses, use{request: true})
				}
			}
			for _, response := range op.Responses.Map() {
				for _, media := range response.Value.Content {
					reach(doc, media.Schema, uses, use{answer: true})
				}
			}
		}
	}
	return uses
}

const refPrefix = "#/components/schemas/"

func reach(doc *openapi3.T, ref *openapi3.SchemaRef, uses map[string]use, as use) {
	if ref == nil {
		return
	}
	s := ref.Value
	if schema, ok := strings.CutPrefix(ref.Ref, refPrefix); ok {
		u := uses[schema]
		if as.request && u.request || as.answer && u.answer {
			return
		}
		uses[schema] = use{request: u.request || as.request, answer: u.answer || as.answer}
		s = doc.Components.Schemas[schema].Value
	}
	if s == nil {
		return
	}
	for _, p := range s.Properties {
		reach(doc, p, uses, as)
	}
	for _, p := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf) {
		reach(doc, p, uses, as)
	}
	reach(doc, s.Items, uses, as)
	reach(doc, s.AdditionalProperties.Schema, uses, as)
}
