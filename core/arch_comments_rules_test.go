package core_test

import (
	"go/ast"
	"strings"
)

var documentedCore = rule{
	name: "every exported name of the core has a comment, and every package one",
	reason: "the core is read more than anything else; a comment says what the name alone cannot: units, bounds, errors, where the rule " +
		"comes from. One comment may speak for a group of constants or variables; fields and methods of interfaces are their type's matter",
	check: func(files []*file) []string {
		broken := each(undocumented)(files)
		first, documented := map[string]*file{}, map[string]bool{}
		for _, f := range files {
			if f.concept() == "" || f.isTest() {
				continue
			}
			if first[f.dir()] == nil {
				first[f.dir()] = f
			}
			documented[f.dir()] = documented[f.dir()] || has(f.ast.Doc)
		}
		for dir, f := range first {
			if !documented[dir] {
				broken = append(broken, f.at(f.ast)+": no file of package "+f.ast.Name.Name+" has a package comment")
			}
		}
		return broken
	},
}

// has reports whether the comment says something: directives such as //go:embed do not.
func has(c *ast.CommentGroup) bool { return c != nil && strings.TrimSpace(c.Text()) != "" }

func undocumented(f *file, report func(ast.Node, string, ...any)) {
	if f.concept() == "" || f.isTest() {
		return
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && !has(d.Doc) {
				report(d, "%s has no comment", d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				undocumentedSpec(d, s, report)
			}
		}
	}
}

func undocumentedSpec(d *ast.GenDecl, s ast.Spec, report func(ast.Node, string, ...any)) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		alone := !d.Lparen.IsValid() && has(d.Doc)
		if s.Name.IsExported() && !alone && !has(s.Doc) {
			report(s, "%s has no comment", s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && !has(d.Doc) && !has(s.Doc) && !has(s.Comment) {
				report(n, "%s has no comment", n.Name)
			}
		}
	}
}

// exportedReceiver reports whether the function has no receiver, or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}
