package core_test

import (
	"go/ast"
	"slices"
	"strings"
)

const (
	fiber     = "github.com/gofiber/fiber/v2/..."
	fasthttp  = "github.com/valyala/fasthttp/..."
	mongo     = "go.mongodb.org/mongo-driver/v2/..."
	zombiezen = "zombiezen.com/go/sqlite/..."
	fx        = "go.uber.org/fx/..."
	dig       = "go.uber.org/dig" // beneath fx: the cause of its errors
	http      = "net/http/..."
	sql       = "database/sql/..."
	core      = "kassa/core/..."
	openapi   = "github.com/getkin/kin-openapi/..."
	yaml      = "go.yaml.in/yaml/v4"                        // Prometheus' files
	compose   = "github.com/compose-spec/compose-go/v2/..." // of docker compose itself
)

// folder says what the Go files of a folder, and of the folders below it that have no row of their own, may import. The standard
// library (but see guarded) and the folder itself go without saying.
type folder struct {
	path  string
	may   []string // an import path; with /... also what is below it
	tests []string // for its test files, beside may and testTools
}

// folders is the allow-list. A folder without a row has no Go files. What no row names, nobody imports: a new module gets its
// place here, in the one folder that needs it.
var folders = []folder{
	// The core is plain Go, so that the rules of the business can be read, tested and kept when every framework around them is
	// replaced. Its order within is coreRanks; its standard library is coreImports.
	{path: "core", may: []string{core}},

	// HTTP and JSON are spoken here only. Receipts are a representation of a bill, so rest renders them through their package; the web apps are
	// served from static. Its tests take the wired application from containers instead of wiring adapters to each other.
	{
		path: "adapters/rest",
		may: []string{
			core, "kassa/adapters/receipt", "kassa/adapters/productfile", "kassa/adapters/picture", "kassa/static", fiber, fasthttp, http,
			"github.com/go-json-experiment/json/...", "github.com/prometheus/client_golang/...",
		},
		tests: []string{"kassa/containers", openapi},
	},
	// The HTTP suite is a client: it knows the API and nothing behind it. Whoever wires a server hands it in.
	{path: "adapters/rest/resttest", may: []string{http}},
	// It turns what swag read from the handlers into OpenAPI 3, at `make generate` only.
	{path: "adapters/rest/docs/gen", may: []string{"github.com/swaggo/swag/...", openapi, http}},
	// Each store knows its own driver and nothing of the other: either can go without the other noticing.
	{path: "adapters/mongodb", may: []string{core, mongo}, tests: []string{"kassa/adapters/storetest", "kassa/adapters/mongodb/mongotest"}},
	// SQLite's folder is one process's to write in, hence the lock file.
	{path: "adapters/sqlite", may: []string{core, zombiezen, "github.com/gofrs/flock"}, tests: []string{"kassa/adapters/storetest"}},
	// It starts a server for tests, of whatever module: it knows no concept of the core.
	{path: "adapters/mongodb/mongotest", may: []string{mongo}},
	// The contract is written against the ports alone; a store's test hands itself in.
	{path: "adapters/storetest", may: append([]string{core}, testTools...)},
	// The time and the identifiers of this machine, which the core may not take by itself.
	{path: "adapters/system", may: []string{core}},
	// Passwords and tokens: the only place that sees either in the clear.
	{path: "adapters/security", may: []string{core, "github.com/golang-jwt/jwt/v5", "golang.org/x/crypto/bcrypt"}},
	// Files of products: CSV and JSON in, rows out. The REST import and kassa import read through it.
	{path: "adapters/productfile", may: []string{core, "github.com/go-json-experiment/json/..."}},
	// Backups in one file: it knows files, and nothing of what they hold.
	{path: "adapters/archive", may: []string{core}},
	// What the bytes of an image are. Its formats are read by their own packages, of which the standard library lacks WebP's.
	{path: "adapters/picture", may: []string{core, "golang.org/x/image/webp"}},
	// Bills on paper.
	{path: "adapters/receipt", may: []string{core, "golang.org/x/text/..."}},

	// Containers know all, so that nobody else has to: the only folder with fx. They open the metrics listener, hence net/http; drivers and the web
	// framework stay behind their adapters.
	{
		path: "containers",
		may: []string{
			core, "kassa/adapters/rest", "kassa/adapters/productfile", "kassa/adapters/archive", "kassa/adapters/mongodb", "kassa/adapters/sqlite", "kassa/adapters/security",
			"kassa/adapters/system", "kassa/mongo_setup", fx, dig, http,
			"github.com/caarlos0/env/v11", "github.com/prometheus/client_golang/...",
		},
		tests: []string{"kassa/adapters/storetest", "kassa/adapters/rest/resttest", "kassa/adapters/mongodb/mongotest", mongo, zombiezen, compose, yaml},
	},
	// Commands turn flags and environment into containers and a fault into one sentence and an exit code. They decide nothing.
	{
		path:  "cmd/kassa",
		may:   []string{"kassa/containers", "kassa/core/fault"},
		tests: []string{"kassa/adapters/mongodb/mongotest", "kassa/mongo_setup"},
	},
	// The load generator is a client over HTTP; what it measures in process is handed in.
	{path: "cmd/kassa/bench", may: []string{core, http}, tests: []string{"kassa/adapters/mongodb/mongotest"}},

	// Embedded files, for whoever wants them.
	{path: "mongo_setup"},
	{path: "static"},
}

// guarded are the packages of the standard library that only folders with a row for them import: who speaks HTTP or SQL is an adapter.
// Tests outside the core may speak HTTP, since they call Kassa as its clients do.
var guarded = []string{http, sql}

// testTools are what test files outside the core may use beside their folder's row. The machine's clock and identifiers are among
// them, since they decide nothing.
var testTools = []string{
	"pgregory.net/rapid", "github.com/anishathalye/porcupine", "go.uber.org/goleak", "kassa/adapters/system",
}

var folderImports = rule{
	name: "each folder imports what its row allows",
	reason: "the core knows nothing of HTTP, databases or wiring, adapters know the core and not each other, containers know all; " +
		"rows and reasons are in core/arch_imports_rules_test.go",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		row := rowOf(f.dir())
		if row == nil {
			report(f.ast, "the folder %s has no row in the list of folders", f.dir())
			return
		}
		may := append([]string{"kassa/" + row.path + "/..."}, row.may...)
		switch {
		case f.isTest() && row.path == "core":
			may = append(may, "pgregory.net/rapid")
		case f.isTest():
			may = slices.Concat(may, row.tests, testTools, []string{http})
		}
		f.imports(func(spec *ast.ImportSpec, imported string) {
			standard := isStandard(imported) && !matches(guarded, imported)
			if !standard && !matches(may, imported) {
				report(spec, "%s may not import %s", row.path, imported)
			}
		})
	}),
}

// rowOf returns the longest row that holds the folder.
func rowOf(dir string) *folder {
	var best *folder
	for i := range folders {
		r := &folders[i]
		if (dir == r.path || strings.HasPrefix(dir, r.path+"/")) && (best == nil || len(r.path) > len(best.path)) {
			best = r
		}
	}
	return best
}

// isStandard reports whether the import path is of the standard library: only paths of modules elsewhere have a dot in their first part.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return first != "kassa" && !strings.Contains(first, ".")
}

// matches reports whether one of the patterns is the import path, or ends in /... and is above it.
func matches(patterns []string, imported string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		above, tree := strings.CutSuffix(p, "/...")
		return imported == above || tree && strings.HasPrefix(imported, above+"/")
	})
}

// ranks are the packages of the core from the bottom up. Those in one line do not know each other.
var ranks = [][]string{
	{"fault", "text"},
	{"id", "clock", "money"},
	{"measure", "page", "transaction", "idempotency"},
	{"audit"},
	{"journal"},
	{"writer"},
	{"claim", "trail"},
	{"store", "user", "ledger"},
	{"inventory", "member", "envelope", "setup"},
	{"register"},
	{"cashier"},
	{"report"},
	{"verify"}, // it replays everything, so little may lean on it
	{"copying"},
}

func rankOf(concept string) int {
	return slices.IndexFunc(ranks, func(names []string) bool { return slices.Contains(names, concept) })
}

var coreRanks = rule{
	name: "a core package imports only lower ranks",
	reason: "an order that is written down keeps concepts from growing into each other: whoever needs a higher package is in the wrong place, " +
		"or needs a port of its own that the higher package fills. Tests too: a test that needs a higher package tests that package",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		own := f.concept()
		if own == "" {
			return
		}
		if rankOf(own) < 0 {
			report(f.ast, "the core package %s has no rank", own)
			return
		}
		f.imports(func(spec *ast.ImportSpec, imported string) {
			other := concept(imported)
			if other != "" && other != own && rankOf(other) >= rankOf(own) {
				report(spec, "%s may not import %s, which is not of a lower rank", own, other)
			}
		})
	}),
}

// coreStandard is what the core takes from the standard library: values, texts, collections, locks. No files, sockets, processes,
// logs, reflection or formats of files, which are an adapter's; no randomness, which comes through id.Source.
var coreStandard = []string{
	"bytes", "cmp", "container/heap", "container/list", "context", "crypto/hmac", "crypto/sha256", "crypto/subtle", "encoding/base64",
	"encoding/binary", "encoding/hex", "errors", "fmt", "hash", "hash/fnv", "io", "iter", "maps", "math", "math/big", "math/bits",
	"regexp", "runtime/debug", "slices", "sort", "strconv", "strings", "sync", "sync/atomic", "time", "unicode", "unicode/utf8",
}

var coreImports = rule{
	name:   "the core takes only values from the standard library",
	reason: "what comes from outside (time, chance, files, the network) enters the core through a port, so that every result can be computed again",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		if f.concept() == "" || f.isTest() {
			return
		}
		f.imports(func(spec *ast.ImportSpec, imported string) {
			if isStandard(imported) && !slices.Contains(coreStandard, imported) {
				report(spec, "%s may not be imported in the core", imported)
			}
		})
	}),
}

var plainImports = rule{
	name:   "no dot imports and no cgo",
	reason: "a dot import hides from reader and rules where a name comes from; cgo would ask every user for a C compiler",
	check: each(func(f *file, report func(ast.Node, string, ...any)) {
		f.imports(func(spec *ast.ImportSpec, imported string) {
			if imported == "C" || spec.Name != nil && spec.Name.Name == "." {
				report(spec, "%s is a dot import or cgo", imported)
			}
		})
	}),
}
