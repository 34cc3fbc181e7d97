// Package core_test holds the rules of the architecture that the compiler cannot hold: who may import whom, what the core never does,
// how things are called. Every rule stands beside its reason, and TestEveryRuleBites shows that it refuses what it is there to refuse.
// The rules read the source with the standard library's parser only, so they need no tool and hold on every `go test ./...`.
package core_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// file is one parsed Go file of the project.
type file struct {
	path string // from the root of the project, with slashes
	set  *token.FileSet
	ast  *ast.File
}

// rule is one rule of the architecture.
type rule struct {
	name   string
	reason string                       // why it is a rule; printed when it is broken
	check  func(files []*file) []string // what breaks it
}

// rules are all rules. Each file of this package that ends in _rules_test.go holds some of them.
var rules = []rule{
	folderImports, coreRanks, coreImports, plainImports,
	callbackParameter, pureCore, oneExit, namedPackages, shortFiles, documentedCore, nothingSkipped, spelledFiles,
}

func TestArchitecture(t *testing.T) {
	files := project(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, broken := range r.check(files) {
				t.Error(broken)
			}
			if t.Failed() {
				t.Log("the reason: " + r.reason)
			}
		})
	}
}

// project parses every Go file of the project, whatever its build constraints. Folders that the go command ignores are left out.
func project(t *testing.T) []*file {
	t.Helper()
	var files []*file
	root := os.DirFS(filepath.FromSlash(".."))
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			n := d.Name()
			if p != "." && (strings.HasPrefix(n, ".") || strings.HasPrefix(n, "_") || n == "testdata" || n == "vendor" || n == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		f, err := parse(p, src)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go file was found, so no rule was tested")
	}
	return files
}

func parse(p string, src []byte) (*file, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, p, src, parser.ParseComments|parser.SkipObjectResolution)
	return &file{path: p, set: set, ast: f}, err
}

// each makes a check of all files from a check of one.
func each(check func(f *file, report func(n ast.Node, format string, args ...any))) func([]*file) []string {
	return func(files []*file) []string {
		var broken []string
		for _, f := range files {
			check(f, func(n ast.Node, format string, args ...any) {
				broken = append(broken, f.at(n)+": "+fmt.Sprintf(format, args...))
			})
		}
		return broken
	}
}

func (f *file) at(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

func (f *file) dir() string  { return path.Dir(f.path) }
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// concept returns the name of the core package that the file belongs to, or nothing.
func (f *file) concept() string { return concept("kassa/" + f.dir()) }

// concept returns the core package of an import path: money of kassa/core/money.
func concept(imported string) string {
	rest, ok := strings.CutPrefix(imported, "kassa/core/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// imports calls do for every import of the file.
func (f *file) imports(do func(spec *ast.ImportSpec, imported string)) {
	for _, spec := range f.ast.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			imported = spec.Path.Value
		}
		do(spec, imported)
	}
}

// selector returns the import path and the name of an expression such as time.Now, or nothing when x is not of a package.
func (f *file) selector(n ast.Node) (imported, name string) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", ""
	}
	f.imports(func(spec *ast.ImportSpec, p string) {
		local := path.Base(p)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local == x.Name {
			imported, name = p, sel.Sel.Name
		}
	})
	return imported, name
}
