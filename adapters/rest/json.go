package rest

import (
	"bytes"
	"errors"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kassa/core/fault"
)

// maxDepth is how deep a request's arrays and objects nest.
const maxDepth = 32

var (
	strict = json.RejectUnknownMembers(true)

	// strictNull also refuses null where the DTO has neither a pointer nor an Opt; it is slower and only used when the text holds a null.
	strictNull = json.JoinOptions(strict, json.WithUnmarshalers(json.UnmarshalFromFunc(refuseNull)))

	answerOptions = json.Deterministic(true)
)

// Checker is a DTO that checks its own shape, such as missing fields, after it was read.
type Checker interface {
	Check(v *fault.Validation)
}

// nullable is a wire type that reads null by itself.
type nullable interface{ readsNull() }

// decode reads one JSON value into the DTO: text that is not JSON, names a member twice or goes on after the value is a Malformed fault
// json_invalid; an unknown member, a wrong type or what Check refuses is an Invalid fault validation_failed.
func decode(body []byte, dto any) error {
	if len(bytes.TrimLeft(body, " \t\r\n")) == 0 {
		return fault.New(fault.Malformed, "json_invalid", "the body is empty; it must be one JSON value")
	}
	if tooDeep(body) {
		return fault.New(fault.Malformed, "json_invalid", "arrays and objects nest deeper than %d", maxDepth)
	}
	options := strict
	if bytes.Contains(body, []byte("null")) {
		options = strictNull
	}
	if err := json.Unmarshal(body, dto, options); err != nil {
		return decodeFault(body, err)
	}
	if c, ok := dto.(Checker); ok {
		var v fault.Validation
		c.Check(&v)
		return v.Err()
	}
	return nil
}

// tooDeep counts exactly only when there are enough brackets to be too deep.
func tooDeep(body []byte) bool {
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

func refuseNull(d *jsontext.Decoder, target any) error {
	if d.PeekKind() != 'n' {
		return errors.ErrUnsupported
	}
	switch target.(type) {
	case nullable, *jsontext.Value: // what is read later is refused then
		return errors.ErrUnsupported
	}
	if reflect.TypeOf(target).Elem().Kind() == reflect.Pointer {
		return errors.ErrUnsupported
	}
	if err := d.SkipValue(); err != nil {
		return err
	}
	return wireError{"type_invalid", "must not be null"}
}

// wireError is a refusal of one value by a wire type.
type wireError struct{ code, detail string }

func (e wireError) Error() string { return e.detail }

// decodeFault prefers what is wrong with the text to what is wrong with a field, wherever the decoder stopped.
func decodeFault(body []byte, err error) error {
	if _, e := jsontext.AppendFormat(nil, body); e != nil {
		return syntaxFault(e)
	}
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return syntaxFault(err)
	}
	code, detail := describe(wrong)
	f := fault.New(fault.Invalid, "validation_failed", "%s: %s", wrong.JSONPointer, detail)
	f.Fields = []fault.Field{{Pointer: string(wrong.JSONPointer), Code: code, Detail: detail}}
	return f
}

func syntaxFault(err error) error {
	detail := "the body is not valid JSON"
	var bad *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		detail = "the body names a member twice"
	case errors.Is(err, io.ErrUnexpectedEOF):
		detail = "the body ends in the middle of a JSON value"
	}
	f := fault.New(fault.Malformed, "json_invalid", "%s", detail)
	if errors.As(err, &bad) {
		f = f.With("offset", bad.ByteOffset)
	}
	return f
}

func describe(wrong *json.SemanticError) (code, detail string) {
	var own wireError
	switch {
	case errors.As(wrong.Err, &own):
		return own.code, own.detail
	case errors.Is(wrong.Err, json.ErrUnknownName):
		return "field_unknown", "this field is not known here"
	}
	return "type_invalid", "must be " + kindName(wrong.GoType)
}

func kindName(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "an integer within its bounds"
	default:
		return "of another type"
	}
}
