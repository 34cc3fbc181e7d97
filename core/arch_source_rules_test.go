package core_test

import (
	"go/ast"
	"go/build/constraint"
	"go/token"
	"path"
	"slices"
	"strings"
)

var callbackParameter = rule{
	name: "a transaction's callback takes its context as ctx",
	reason: "the transaction travels in the callback's context; when that is called ctx too, it hides the outer one, and no statement can " +
		"run outside the transaction by mistake (on one connection that hangs)",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		for _, d := range f.ast.Decls {
			named := literals(d)
			ast.Inspect(d, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if ok && slices.Contains([]string{"Transact", "View"}, called(call)) {
					checkCallback(f, call, named, report)
				}
				return true
			})
		}
	}),
}

// called returns the name of the function or method that is called.
func called(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		return fun.Sel.Name
	case *ast.Ident:
		return fun.Name
	}
	return ""
}

// literals returns the function literals of a declaration that are assigned to a name, since a callback may be passed by it.
func literals(d ast.Decl) map[string]*ast.FuncLit {
	named := map[string]*ast.FuncLit{}
	ast.Inspect(d, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, left := range a.Lhs {
			id, isName := left.(*ast.Ident)
			if !isName || i >= len(a.Rhs) {
				continue
			}
			if lit, isLit := a.Rhs[i].(*ast.FuncLit); isLit {
				named[id.Name] = lit
			}
		}
		return true
	})
	return named
}

func checkCallback(f *file, call *ast.CallExpr, named map[string]*ast.FuncLit, report func(ast.Node, string, ...any)) {
	for _, arg := range call.Args {
		lit, _ := arg.(*ast.FuncLit)
		if id, ok := arg.(*ast.Ident); ok {
			lit = named[id.Name]
		}
		if lit == nil || len(lit.Type.Params.List) == 0 {
			continue
		}
		first := lit.Type.Params.List[0]
		if p, name := f.selector(first.Type); p != "context" || name != "Context" {
			continue
		}
		if len(first.Names) != 1 || first.Names[0].Name != "ctx" {
			report(lit, "the callback's context must be called ctx")
		}
		outer, ok := call.Args[0].(*ast.Ident)
		if !ok || outer.Name == "ctx" || f.isTest() || strings.HasPrefix(f.path, "adapters/storetest/") {
			continue // tests of the transactions themselves may reach for the outer one on purpose
		}
		ast.Inspect(lit.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == outer.Name {
				report(id, "the callback uses the outer context %s", outer.Name)
			}
			return true
		})
	}
}

// impure are the names that the core does not use, by package. Timers are allowed: they wait, but tell no time.
var impure = map[string][]string{
	"time":    {"Now", "Since", "Until", "Sleep"},
	"strconv": {"ParseFloat", "FormatFloat", "AppendFloat", "ParseComplex", "FormatComplex"},
}

var pureCore = rule{
	name: "the core reads no clock, takes no chances, has no floats and no struct tags",
	reason: "a result that depends on the moment or on chance cannot be replayed or tested; a float cannot hold a cent; a tag ties a " +
		"concept to one adapter's format",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		if f.concept() == "" || f.isTest() {
			return
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if p, name := f.selector(n); p != "" {
				integer := strings.HasPrefix(name, "Max") || strings.HasPrefix(name, "Min")
				if slices.Contains(impure[p], name) || p == "math" && (!integer || strings.Contains(name, "Float") || len(name) == 3) {
					report(n, "%s.%s is not for the core", p, name)
				}
				if strings.HasPrefix(p, "math/rand") || p == "crypto/rand" {
					report(n, "chance comes through id.Source, not from %s", p)
				}
			}
			switch n := n.(type) {
			case *ast.Ident:
				if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, n.Name) {
					report(n, "%s is not exact", n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT || n.Kind == token.IMAG {
					report(n, "%s is a float", n.Value)
				}
			case *ast.CallExpr:
				if slices.Contains([]string{"Seconds", "Minutes", "Hours"}, called(n)) && len(n.Args) == 0 {
					report(n, "%s of a duration is a float; divide by time.Second instead", called(n))
				}
			case *ast.Field:
				if n.Tag != nil {
					report(n, "a struct tag belongs to an adapter's own type")
				}
			}
			return true
		})
	}),
}

var oneExit = rule{
	name: "only a main ends the process",
	reason: "whoever exits skips everybody's clean-up and cannot be tested; errors are returned up to main. The generator of the API's " +
		"description and what starts a replica set are programs of their own, and a test may exit, since some play a crash in a process of their own",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		if slices.Contains([]string{"cmd/kassa", "adapters/rest/docs/gen", "adapters/mongodb/mongotest/replicaset"}, f.dir()) || f.isTest() {
			return
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			p, name := f.selector(n)
			if (p == "os" || p == "syscall") && name == "Exit" || p == "log" && strings.HasPrefix(name, "Fatal") {
				report(n, "%s.%s ends the process", p, name)
			}
			return true
		})
	}),
}

var namedPackages = rule{
	name:   "a package is named after its concept",
	reason: "util, common, helpers and models say nothing, so everything ends up in them and everybody imports them",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		bad := []string{
			"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "shared", "lib", "base", "types", "interfaces",
		}
		for _, name := range []string{strings.TrimSuffix(f.ast.Name.Name, "_test"), path.Base(f.dir())} {
			if slices.Contains(bad, name) {
				report(f.ast.Name, "a package or folder is called %s", name)
			}
		}
	}),
}

// maxLines is more than any file of the project has.
const maxLines = 500

var shortFiles = rule{
	name:   "a file has fewer than 500 lines",
	reason: "a file holds one subject, and a reader can hold it too; what is longer has two",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		if n := f.set.File(f.ast.Pos()).LineCount(); n >= maxLines && !ast.IsGenerated(f.ast) {
			report(f.ast, "%d lines", n)
		}
	}),
}

var nothingSkipped = rule{
	name:   "no test is skipped",
	reason: "a test that did not run looks like one that passed; what a test needs it gets itself, or it fails and says what is missing",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		testing := false
		f.imports(func(_ *ast.ImportSpec, imported string) {
			testing = testing || imported == "testing" || imported == "pgregory.net/rapid"
		})
		if !testing {
			return
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if p, name := f.selector(n); p == "testing" && name == "Short" {
				report(n, "testing.Short leaves tests out")
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				report(n, "%s leaves a test out", sel.Sel.Name)
			}
			return true
		})
		for _, c := range f.ast.Comments {
			for _, line := range c.List {
				if line.Pos() < f.ast.Package && constraint.IsGoBuild(line.Text) && !harmless(line.Text) {
					report(line, "%s leaves tests out", line.Text)
				}
			}
		}
	}),
}

// harmless reports whether a build constraint only asks for the operating system or the race detector, which no one has to remember, or for a
// browser, which a fresh machine does not have: .ci/run installs one and runs those tests.
func harmless(line string) bool {
	x, err := constraint.Parse(line)
	if err != nil {
		return false
	}
	only := true
	x.Eval(func(tag string) bool { // it asks for every tag
		only = only && slices.Contains([]string{"race", "browser", "unix", "linux", "darwin", "windows"}, tag)
		return true
	})
	return only
}

var spelledFiles = rule{
	name: "the files of a core package are spelled alike",
	reason: "the port is always in repository.go, the use cases in service.go, the errors in errors.go and the model under its noun, so that a " +
		"stranger opens the right file first",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		if f.concept() == "" {
			return
		}
		right := map[string][]string{
			"repository.go": {"repo", "repos", "repositories", "repository", "port", "ports", "interface", "interfaces"},
			"service.go":    {"svc", "srv", "service", "services", "usecase", "usecases", "use_case", "use_cases"},
			"errors.go":     {"err", "errs", "error", "errors", "fault", "faults"},
			"<noun>.go":     {"model", "models", "type", "types", "entity", "entities", "domain", "util", "utils", "helper", "helpers", "common"},
		}
		stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
		if stem == f.concept() {
			return // its noun, such as fault/fault.go
		}
		for want, variants := range right {
			if slices.Contains(variants, strings.ToLower(stem)) && stem+".go" != want {
				report(f.ast, "%s.go should be %s", stem, want)
			}
		}
	}),
}
