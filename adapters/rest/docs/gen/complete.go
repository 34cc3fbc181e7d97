package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// roles are what @Security may name: who may call an operation.
var roles = []string{"cashier", "manager", "operator"}

// base is the path under which @Router paths stand, unless the operation says @x-root true.
const base = "/api/v1"

// complete adds to the document what holds for every operation: security, problems, and where it comes from.
func complete(doc *openapi3.T, t *types) error {
	doc.Extensions = map[string]any{"x-generated": "by go generate ./adapters/rest from the annotations and types there; do not edit"}
	doc.Servers = nil
	describe(doc, t)
	problem := t.api + ".Problem"
	if doc.Components.Schemas[problem] == nil {
		return errors.New("no operation names Problem as a @Failure, so the document lacks it")
	}
	doc.Components.Responses = refusals(problem)
	paths, called := openapi3.NewPaths(), map[string]bool{}
	for path, item := range doc.Paths.Map() {
		full := base + path
		for method, op := range item.Operations() {
			if op.Extensions["x-root"] != nil {
				full = path
			}
			if err := completeOperation(doc, op, method, path, problem); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
			if op.RequestBody != nil {
				completeBody(doc, op.RequestBody.Value, t)
			}
			called[op.Extensions["x-role"].(string)] = true //nolint:errcheck // completeOperation wrote a string
		}
		paths.Set(full, item)
	}
	doc.Paths = paths
	doc.Components.SecuritySchemes = securitySchemes(called["operator"])
	return nil
}

func completeOperation(doc *openapi3.T, op *openapi3.Operation, method, path, problem string) error {
	role := "public"
	if op.Security != nil && len(*op.Security) > 0 {
		role = slices.Collect(maps.Keys((*op.Security)[0]))[0]
		if len(*op.Security) > 1 || !slices.Contains(roles, role) {
			return fmt.Errorf("@Security names one of %s, not %q", strings.Join(roles, ", "), role)
		}
	}
	op.Extensions = map[string]any{"x-role": role}
	op.Description = strings.TrimSpace(op.Description + "\n\nWho may call: " + role + ".")
	for _, p := range op.Parameters {
		completeParameter(p.Value)
	}
	op.OperationID = operationID(method, path)
	op.Security = securityOf(role)
	for status, ref := range op.Responses.Map() {
		completeResponse(status, ref.Value, problem)
	}
	if method == http.MethodGet {
		completeTable(doc, op, path)
	}
	for _, status := range expected(op, role, method, path) {
		if op.Responses.Value(status) == nil {
			op.Responses.Set(status, &openapi3.ResponseRef{Ref: "#/components/responses/" + status})
		}
	}
	return nil
}

// expected returns the refusals that any such operation may answer with.
func expected(op *openapi3.Operation, role, method, path string) []string {
	codes := []int{http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if role != "public" {
		codes = append(codes, http.StatusUnauthorized)
	}
	if role == "manager" || role == "cashier" && method != http.MethodGet {
		codes = append(codes, http.StatusForbidden)
	}
	if strings.Contains(path, "{") {
		codes = append(codes, http.StatusNotFound)
	}
	if p := op.Parameters.GetByInAndName(openapi3.ParameterInHeader, "If-Match"); p != nil {
		codes = append(codes, http.StatusPreconditionFailed)
		if p.Required {
			codes = append(codes, http.StatusPreconditionRequired)
		}
	}
	if op.RequestBody != nil {
		codes = append(codes, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	statuses := make([]string, len(codes))
	for i, code := range codes {
		statuses[i] = strconv.Itoa(code)
	}
	return statuses
}

// refusals are the answers that operations share.
func refusals(problem string) openapi3.ResponseBodies {
	shared := openapi3.ResponseBodies{}
	for _, code := range []int{400, 401, 403, 404, 408, 412, 413, 415, 422, 428, 429, 431, 500, 503} {
		shared[strconv.Itoa(code)] = &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription(http.StatusText(code))}
	}
	for status, ref := range shared {
		completeResponse(status, ref.Value, problem)
	}
	return shared
}

// completeParameter gives what has one form everywhere that form.
func completeParameter(p *openapi3.Parameter) {
	switch p.In + " " + p.Name {
	case "header Idempotency-Key":
		p.Schema = openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(255).WithPattern(`^[ -~]+$`).NewRef()
	case "header If-Match":
		p.Schema = openapi3.NewStringSchema().WithPattern(`^"[0-9]+"$`).NewRef()
		if !p.Required { // it may name what is known by its hash
			p.Schema.Value.Pattern = `^"[0-9a-f]+"$`
		}
		p.Example = `"1"`
	case "query limit":
		p.Schema = openapi3.NewIntegerSchema().WithMin(1).WithMax(200).WithDefault(50).NewRef()
	case "query cursor":
		p.Schema = openapi3.NewStringSchema().WithMaxLength(1024).WithPattern(`^[A-Za-z0-9_-]*$`).NewRef()
	}
	if p.In == openapi3.ParameterInPath || p.In == openapi3.ParameterInQuery && strings.HasSuffix(p.Name, "_id") && p.Name != "client_sale_id" {
		p.Schema = openapi3.NewStringSchema().WithPattern(idPattern).NewRef()
	}
}

// completeBody says that a body is JSON where the annotations say nothing else, and gives JSON an example.
func completeBody(doc *openapi3.T, body *openapi3.RequestBody, t *types) {
	delete(body.Extensions, "x-originalParamName")
	if unnamed, ok := body.Content["*/*"]; ok {
		delete(body.Content, "*/*")
		body.Content["application/json"] = unnamed
	}
	images(body.Content)
	if media := body.Content["application/json"]; media != nil && media.Schema.Ref != "" {
		media.Example = exampleOf(doc, media.Schema, t)
	}
}

// completeResponse gives every refusal the one shape and its headers, and says which answers are bytes and not text.
func completeResponse(status string, r *openapi3.Response, problem string) {
	if status == strconv.Itoa(http.StatusNotModified) {
		r.Content = nil
	}
	images(r.Content)
	if n, err := strconv.Atoi(status); err != nil || n >= http.StatusBadRequest {
		r.Content = openapi3.Content{"application/problem+json": {Schema: openapi3.NewSchemaRef(refPrefix+problem, nil)}}
		switch n {
		case http.StatusUnauthorized:
			setHeader(r, "WWW-Authenticate", "what to log in with", openapi3.NewStringSchema())
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			setHeader(r, "Retry-After", "seconds to wait", openapi3.NewIntegerSchema().WithMin(1))
		}
		return
	}
	for mediaType, media := range r.Content {
		if !strings.HasPrefix(mediaType, "text/") && !strings.HasSuffix(mediaType, "json") {
			media.Schema = openapi3.NewStringSchema().WithFormat("binary").NewRef()
		}
	}
}

// images says that images are bytes, and no text.
func images(c openapi3.Content) {
	for name, media := range c {
		if strings.HasPrefix(name, "image/") {
			media.Schema = openapi3.NewStringSchema().WithFormat("binary").NewRef()
		}
	}
}

func setHeader(r *openapi3.Response, name, what string, s *openapi3.Schema) {
	p := openapi3.Parameter{Description: what, Schema: s.NewRef(), Required: true}
	if r.Headers == nil {
		r.Headers = openapi3.Headers{}
	}
	r.Headers[name] = &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: p}}
}

func securitySchemes(withOperator bool) openapi3.SecuritySchemes {
	bearer := openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").
		WithDescription("The access token of PUT /api/v1/users/session, good for 15 minutes.")
	cookie := openapi3.NewSecurityScheme().WithType("apiKey").WithIn("cookie").WithName("kassa_session").
		WithDescription("The same token in a cookie, which the login sets: a browser needs nothing else. Requests that change something must come from a page of this server.")
	schemes := openapi3.SecuritySchemes{"bearer": {Value: bearer}, "cookie": {Value: cookie}}
	if !withOperator {
		return schemes
	}
	operator := openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").
		WithDescription("The operator key, KASSA_OPERATOR_KEY. Without it set, these paths do not exist.")
	schemes["operator"] = &openapi3.SecuritySchemeRef{Value: operator}
	return schemes
}

func securityOf(role string) *openapi3.SecurityRequirements {
	need := openapi3.NewSecurityRequirements()
	switch role {
	case "public":
	case "operator":
		need.With(openapi3.SecurityRequirement{"operator": {}})
	default:
		need.With(openapi3.SecurityRequirement{"bearer": {}}).With(openapi3.SecurityRequirement{"cookie": {}})
	}
	return need
}

// operationID is made of method and path, so that it is unique and nobody has to invent one: post_products_id_stock_movements.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}-_", r) })
	return strings.ToLower(method) + "_" + strings.Join(words, "_")
}

// shorten takes the package's name out of the schemas' names.
func shorten(text []byte, api string) []byte {
	for _, c := range [][2]string{
		{refPrefix + api + ".", refPrefix}, {`"` + api + `.`, `"`}, {"-" + api + "_", "_"},
	} {
		text = bytes.ReplaceAll(text, []byte(c[0]), []byte(c[1]))
	}
	return text
}
