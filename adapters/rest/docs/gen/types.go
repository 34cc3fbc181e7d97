package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	gotypes "go/types"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"strings"
)

// wire holds what the wire types of adapters/rest look like to swag, which would describe how they are made in Go. What the document
// says of them in the end is in schemaOf.
var wire = map[string]string{
	"Int": "integer", "Quantity": "string", "Measured": "string", "Time": "string", "Date": "string",
}

// kept lets an Opt refuse null where nothing can be cleared, in swag's own words.
const kept = "!x-nullable"

// field is a member of a DTO.
type field struct {
	expr      ast.Expr
	omitted   bool // left out of an answer when empty
	mandatory bool // validate:"required"
	kept      bool // extensions:"!x-nullable"
	tags      reflect.StructTag
}

// types are the DTOs of the package with the annotations, by name and JSON name.
type types struct {
	api     string // the name of its package
	structs map[string]map[string]field
	opts    map[string]bool // the types that stand in an Opt, as they are written
}

// readTypes parses the Go files of the first folder, without its tests.
func readTypes(folders []string) (*types, error) {
	t := &types{structs: map[string]map[string]field{}, opts: map[string]bool{}}
	set := token.NewFileSet()
	err := filepath.WalkDir(folders[0], func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folders[0]:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		t.api = f.Name.Name
		ast.Inspect(f, t.visit)
		return nil
	})
	return t, err
}

func (t *types) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.TypeSpec:
		if s, ok := n.Type.(*ast.StructType); ok {
			t.structs[n.Name.Name] = t.fields(s)
		}
	case *ast.IndexExpr:
		if name(n.X) == "Opt" {
			t.opts[gotypes.ExprString(n.Index)] = true
		}
	}
	return true
}

func (t *types) fields(s *ast.StructType) map[string]field {
	members := map[string]field{}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			if len(f.Names) == 0 { // embedded: its members are these
				members["+"+name(f.Type)] = field{expr: f.Type}
			}
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		jsonName, options, _ := strings.Cut(tag.Get("json"), ",")
		if jsonName == "" || jsonName == "-" {
			continue
		}
		members[jsonName] = field{
			expr:      f.Type,
			omitted:   strings.Contains(options, "omit"),
			mandatory: strings.Contains(tag.Get("validate"), "required"),
			kept:      tag.Get("extensions") == kept,
			tags:      tag,
		}
	}
	return members
}

// of returns the members of the DTO that swag calls by the name, such as rest.Page-rest_productBody, those of embedded DTOs included.
func (t *types) of(schema string) map[string]field {
	_, local, _ := strings.Cut(schema, ".")
	local, _, _ = strings.Cut(local, "-")
	members := map[string]field{}
	for n, f := range t.structs[local] {
		if embedded, ok := strings.CutPrefix(n, "+"); ok {
			maps.Copy(members, t.of("."+embedded))
			continue
		}
		members[n] = f
	}
	return members
}

// overrides tells swag what to take for a type: a simple one for a wire type, and for an Opt what is in it.
func (t *types) overrides() map[string]string {
	o := maps.Clone(wire)
	for inner := range t.opts {
		o[t.api+".Opt["+inner+"]"] = inner
		o[t.api+".Opt["+t.api+"."+inner+"]"] = inner
		if simple, ok := wire[inner]; ok {
			o[t.api+".Opt["+inner+"]"] = simple
			o[t.api+".Opt["+t.api+"."+inner+"]"] = simple
		}
	}
	return o
}

// name returns the last part of a type's name.
func name(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.IndexExpr:
		return name(e.X)
	case *ast.StarExpr:
		return name(e.X)
	}
	return ""
}
