package core_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestEveryRuleBites breaks each rule on purpose, and shows beside it what the rule leaves alone. An empty want is a file that it accepts.
func TestEveryRuleBites(t *testing.T) {
	bitten := map[string]bool{}
	for i, tt := range bites {
		t.Run(fmt.Sprintf("%d %s", i, tt.path), func(t *testing.T) {
			f, err := parse(tt.path, []byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(tt.rule.check([]*file{f}), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("%.300q gives %q, want %q", tt.src, got, tt.want)
			}
			bitten[tt.rule.name] = bitten[tt.rule.name] || tt.want != ""
		})
	}
	for _, r := range rules {
		if !bitten[r.name] {
			t.Errorf("nothing here breaks the rule that %s", r.name)
		}
	}
}

func imports(paths ...string) string {
	src := "package p\n"
	for _, p := range paths {
		src += "import " + p + "\n"
	}
	return src
}

func body(statements string) string {
	return "package p\nimport (\"context\"; \"log\"; \"math\"; \"os\"; \"strconv\"; \"testing\"; clk \"time\")\nfunc f(t *testing.T) {\n" + statements + "\n}\n"
}

var bites = []struct {
	rule rule
	path string
	src  string
	want string
}{
	{folderImports, "core/money/x.go", imports(`"go.uber.org/fx"`), "core may not import go.uber.org/fx"},
	{folderImports, "core/money/x.go", imports(`"pgregory.net/rapid"`), "core may not import pgregory.net/rapid"},
	{folderImports, "core/money/x_test.go", imports(`"pgregory.net/rapid"`), ""},
	{folderImports, "core/money/x_test.go", imports(`"go.uber.org/goleak"`), "core may not import go.uber.org/goleak"},
	{folderImports, "core/money/x.go", imports(`"kassa/adapters/rest"`), "core may not import kassa/adapters/rest"},
	{folderImports, "core/money/x_test.go", imports(`"net/http/httptest"`), "core may not import net/http/httptest"},
	{folderImports, "adapters/sqlite/x.go", imports(`"zombiezen.com/go/sqlite/sqlitex"`, `"kassa/core/money"`, `"os"`), ""},
	{folderImports, "adapters/sqlite/x.go", imports(`"go.mongodb.org/mongo-driver/v2/bson"`), "adapters/sqlite may not import"},
	{folderImports, "adapters/sqlite/x.go", imports(`"kassa/adapters/mongodb"`), "adapters/sqlite may not import kassa/adapters/mongodb"},
	{folderImports, "adapters/sqlite/x.go", imports(`"kassa/adapters/storetest"`), "adapters/sqlite may not import kassa/adapters/storetest"},
	{folderImports, "adapters/sqlite/x_test.go", imports(`"kassa/adapters/storetest"`, `"kassa/adapters/sqlite"`, `"net/http"`), ""},
	{folderImports, "adapters/mongodb/x.go", imports(`"modernc.org/sqlite"`), "adapters/mongodb may not import modernc.org/sqlite"},
	{folderImports, "adapters/mongodb/x.go", imports(`"go.mongodb.org/mongo-driver/bson"`), "adapters/mongodb may not import"},
	{folderImports, "adapters/mongodb/x.go", imports(`"net/http"`), "adapters/mongodb may not import net/http"},
	{folderImports, "adapters/mongodb/mongotest/x.go", imports(`"go.mongodb.org/mongo-driver/v2/mongo"`), ""},
	{folderImports, "adapters/mongodb/mongotest/x.go", imports(`"kassa/core/id"`), "mongotest may not import kassa/core/id"},
	{folderImports, "adapters/rest/x.go", imports(`"github.com/gofiber/fiber/v2/utils"`, `"kassa/adapters/receipt"`, `"kassa/adapters/rest/docs"`), ""},
	{folderImports, "adapters/rest/x.go", imports(`"kassa/containers"`), "adapters/rest may not import kassa/containers"},
	{folderImports, "adapters/rest/x_test.go", imports(`"kassa/containers"`, `"kassa/adapters/system"`), ""},
	{folderImports, "adapters/rest/x.go", imports(`"kassa/adapters/system"`), "adapters/rest may not import kassa/adapters/system"},
	{folderImports, "adapters/rest/x.go", imports(`"go.uber.org/fx"`), "adapters/rest may not import go.uber.org/fx"},
	{folderImports, "containers/x.go", imports(`"go.uber.org/fx"`, `"kassa/adapters/rest"`), ""},
	{folderImports, "containers/x.go", imports(`"go.mongodb.org/mongo-driver/v2/mongo"`), "containers may not import"},
	{folderImports, "containers/x.go", imports(`"github.com/gofiber/fiber/v2"`), "containers may not import github.com/gofiber/fiber/v2"},
	{folderImports, "containers/x.go", imports(`"kassa/adapters/storetest"`), "containers may not import kassa/adapters/storetest"},
	{folderImports, "cmd/kassa/x.go", imports(`"go.uber.org/fx"`), "cmd/kassa may not import go.uber.org/fx"},
	{folderImports, "cmd/kassa/x.go", imports(`"kassa/adapters/sqlite"`), "cmd/kassa may not import kassa/adapters/sqlite"},
	{folderImports, "cmd/kassa/x.go", imports(`"kassa/containers"`, `"kassa/cmd/kassa/bench"`), ""},
	{folderImports, "cmd/kassa/x.go", imports(`"net/http"`), "cmd/kassa may not import net/http"},
	{folderImports, "cmd/kassa/bench/x.go", imports(`"net/http/httptrace"`), ""},
	{folderImports, "static/x.go", imports(`"kassa/core/money"`), "static may not import kassa/core/money"},
	{folderImports, "adapters/soap/x.go", imports(), "adapters/soap has no row"},
	{folderImports, "main.go", imports(), "has no row"},

	{coreRanks, "core/money/x.go", imports(`"kassa/core/fault"`), ""},
	{coreRanks, "core/money/x.go", imports(`"kassa/core/id"`), "money may not import id"},
	{coreRanks, "core/fault/x_test.go", imports(`"kassa/core/report"`), "fault may not import report"},
	{coreRanks, "core/report/x.go", imports(`"kassa/core/cashier"`, `"kassa/core/report/fold"`), ""},
	{coreRanks, "core/loyalty/x.go", imports(), "loyalty has no rank"},

	{coreImports, "core/id/x.go", imports(`"crypto/rand"`), "crypto/rand may not be imported in the core"},
	{coreImports, "core/id/x.go", imports(`"math/rand/v2"`), "math/rand/v2 may not be imported"},
	{coreImports, "core/id/x.go", imports(`"os"`), "os may not be imported"},
	{coreImports, "core/id/x.go", imports(`"encoding/json"`), "encoding/json may not be imported"},
	{coreImports, "core/id/x_test.go", imports(`"os"`), ""},
	{coreImports, "adapters/rest/x.go", imports(`"os"`), ""},

	{plainImports, "static/x.go", imports(`. "strings"`), "x.go:2: strings is a dot import or cgo"},
	{plainImports, "static/x.go", imports(`"C"`), "C is a dot import or cgo"},
	{plainImports, "static/x.go", imports(`_ "embed"`), ""},

	{callbackParameter, "core/user/x.go", body(`p.Transact(ctx, func(ctx context.Context) error { return nil })`), ""},
	{callbackParameter, "core/user/x.go", body(`p.Transact(ctx, func(tx context.Context) error { return nil })`), "must be called ctx"},
	{callbackParameter, "core/user/x.go", body(`p.View(ctx, func(_ context.Context) error { return nil })`), "must be called ctx"},
	{callbackParameter, "core/user/x.go", body(`p.View(ctx, func(context.Context) error { return nil })`), "must be called ctx"},
	{callbackParameter, "core/user/x_test.go", body(`Transact(ctx, func(c context.Context) error { return nil })`), "must be called ctx"},
	{callbackParameter, "core/user/x.go", body(`fn := func(c context.Context) error { return nil }; p.Transact(ctx, fn)`), "must be called ctx"},
	{callbackParameter, "core/user/x.go", body(`p.View(outer, func(ctx context.Context) error { return g(outer) })`), "uses the outer context"},
	{callbackParameter, "core/user/x_test.go", body(`p.View(outer, func(ctx context.Context) error { return g(outer) })`), ""},
	{callbackParameter, "core/user/x.go", body(`w.View(ctx); each(func(n int) {})`), ""},

	{pureCore, "core/id/x.go", body(`clk.Now()`), "time.Now is not for the core"},
	{pureCore, "core/id/x.go", body(`now := clk.Since`), "time.Since is not for the core"},
	{pureCore, "core/id/x.go", body(`clk.Sleep(1)`), "time.Sleep is not for the core"},
	{pureCore, "core/id/x.go", body(`s.clock.Now(); clk.NewTimer(clk.Second)`), ""},
	{pureCore, "core/id/x.go", body(`var x float64`), "float64 is not exact"},
	{pureCore, "core/id/x.go", body(`x := float32(y)`), "float32 is not exact"},
	{pureCore, "core/id/x.go", body(`x := 1.5`), "1.5 is a float"},
	{pureCore, "core/id/x.go", body(`x := math.Round(y)`), "math.Round is not for the core"},
	{pureCore, "core/id/x.go", body(`x := math.Max(y, z)`), "math.Max is not for the core"},
	{pureCore, "core/id/x.go", body(`x := math.MaxInt64`), ""},
	{pureCore, "core/id/x.go", body(`strconv.ParseFloat(s, 64)`), "strconv.ParseFloat is not for the core"},
	{pureCore, "core/id/x.go", body(`d.Seconds()`), "Seconds of a duration is a float"},
	{pureCore, "core/id/x.go", "package p\nimport \"math/rand\"\nvar x = rand.Int()", "chance comes through id.Source"},
	{pureCore, "core/id/x.go", "package p\ntype t struct { A int `json:\"a\"` }", "a struct tag belongs"},
	{pureCore, "core/id/x_test.go", body(`clk.Now(); x := 1.5`), ""},
	{pureCore, "adapters/rest/x.go", body(`clk.Now(); x := 1.5`), ""},

	{oneExit, "containers/x.go", body(`os.Exit(1)`), "os.Exit ends the process"},
	{oneExit, "cmd/kassa/bench/x.go", body(`log.Fatalf("x")`), "log.Fatalf ends the process"},
	{oneExit, "cmd/kassa/main.go", body(`os.Exit(1)`), ""},
	{oneExit, "containers/x_test.go", body(`os.Exit(1)`), ""},

	{namedPackages, "adapters/rest/x.go", "package helpers", "called helpers"},
	{namedPackages, "core/models/x.go", "package product", "called models"},
	{namedPackages, "adapters/util/x_test.go", "package util_test", "called util"},
	{namedPackages, "core/money/x.go", "package money", ""},

	{shortFiles, "static/x.go", "package p\n" + strings.Repeat("\n", 499), "500 lines"},
	{shortFiles, "static/x.go", "package p\n" + strings.Repeat("\n", 498), ""},
	{shortFiles, "static/x.go", "// Code generated by x. DO NOT EDIT.\n\npackage p\n" + strings.Repeat("\n", 999), ""},

	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\nfunc F() {}", "F has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\ntype T struct{}", "T has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\n// T is.\ntype T[K any] struct{}\nfunc (t *T[K]) F() {}", "F has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\nconst (\nA = 1\n)", "A has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\n// All of them.\nconst (\nA = 1\nB = 2\n)", ""},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\n// All of them.\ntype (\nT int\n)", "T has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\n//go:noinline\nfunc F() {}", "F has no comment"},
	{documentedCore, "core/id/x.go", "// Package p is.\npackage p\ntype t int\nfunc (t) F() {}\nfunc g() {}", ""},
	{documentedCore, "core/id/x.go", "package p", "package comment"},
	{documentedCore, "adapters/rest/x.go", "package p\nfunc F() {}", ""},

	{nothingSkipped, "containers/x_test.go", body(`t.Skip("no database")`), "Skip leaves a test out"},
	{nothingSkipped, "containers/x_test.go", body(`b.SkipNow()`), "SkipNow leaves a test out"},
	{nothingSkipped, "containers/x_test.go", body(`if testing.Short() { return }`), "testing.Short leaves tests out"},
	{nothingSkipped, "containers/x_test.go", "//go:build integration\n\n" + imports(`"testing"`), "integration leaves tests out"},
	{nothingSkipped, "containers/x_test.go", "//go:build !race && unix\n\n" + imports(`"testing"`), ""},
	{nothingSkipped, "containers/x.go", imports(`"strings"`) + "func f() { d.Skip(1) }", ""},

	{spelledFiles, "core/id/repo.go", "package p", "repo.go should be repository.go"},
	{spelledFiles, "core/id/Repository_test.go", "package p", "Repository.go should be repository.go"},
	{spelledFiles, "core/id/svc.go", "package p", "svc.go should be service.go"},
	{spelledFiles, "core/id/error.go", "package p", "error.go should be errors.go"},
	{spelledFiles, "core/id/types.go", "package p", "types.go should be <noun>.go"},
	{spelledFiles, "core/id/repository_test.go", "package p", ""},
	{spelledFiles, "core/id/service.go", "package p", ""},
	{spelledFiles, "core/fault/fault.go", "package p", ""},
	{spelledFiles, "adapters/rest/repo.go", "package p", ""},
}
