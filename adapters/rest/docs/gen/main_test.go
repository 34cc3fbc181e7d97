package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shop = "testdata/shop"

// TestTheDocumentOfASmallShop holds the whole document of testdata/shop against its golden file. UPDATE_GOLDEN=1 writes it anew.
func TestTheDocumentOfASmallShop(t *testing.T) {
	got, err := generate([]string{shop, "../../../../core"})
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/shop.json"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the document differs from %s; it is\n%s", golden, got)
	}
}

func TestTheSameSourcesGiveTheSameBytes(t *testing.T) {
	first, err := generate([]string{shop, "../../../../core"})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := generate([]string{shop, "../../../../core"}); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another document came out, %v", err)
		}
	}
}

// TestWhatTheTypesSay reads the rules off the document where they matter to a client or to a checker.
func TestWhatTheTypesSay(t *testing.T) {
	text, err := generate([]string{shop, "../../../../core"})
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	const schemas, things, edit = "components/schemas/", "paths/~1api~1v1~1things/", "paths/~1api~1v1~1things~1{id}/put/"
	for path, want := range map[string]any{
		schemas + "thingRequest/additionalProperties":                               false,
		schemas + "thingBody/additionalProperties":                                  nil,
		schemas + "thingRequest/required":                                           []any{"name", "price"},
		schemas + "lineRequest/properties/amount/maximum":                           float64(maxInt),
		schemas + "thingRequest/properties/price/maximum":                           5000,
		schemas + "thingRequest/properties/price/minimum":                           1,
		schemas + "thingRequest/properties/name/minLength":                          1, // it is required
		schemas + "thingRequest/properties/note/pattern":                            "^[a-z]*$",
		schemas + "thingRequest/properties/tags/minItems":                           1,
		schemas + "thingRequest/properties/tags/maxItems":                           9,
		schemas + "thingRequest/properties/owner/pattern":                           idPattern,
		schemas + "thingRequest/properties/size/enum":                               []any{"s", "l", nil},
		schemas + "thingRequest/properties/label/nullable":                          nil, // its tag says so
		schemas + "thingRequest/properties/stock/oneOf/0/nullable":                  true,
		schemas + "thingRequest/properties/price/nullable":                          nil, // it is required
		schemas + "thingRequest/properties/note/nullable":                           true,
		schemas + "thingRequest/properties/gift/nullable":                           true,
		schemas + "thingRequest/properties/stock/oneOf/0/type":                      "integer",
		schemas + "thingRequest/properties/stock/oneOf/1/type":                      "string",
		schemas + "thingBody/required":                                              []any{"created_at", "days", "first", "id", "lines", "name", "note", "stock"},
		schemas + "thingBody/properties/note/nullable":                              true,
		schemas + "thingBody/properties/until/nullable":                             nil, // it is left out instead
		schemas + "thingBody/properties/days/items/format":                          "date",
		schemas + "thingBody/properties/created_at/format":                          "date-time",
		schemas + "Page_thingBody/properties/next_cursor/nullable":                  true,
		things + "post/x-role":                                                      "manager",
		things + "post/description":                                                 "Who may call: manager.",
		things + "post/parameters/0/schema/maxLength":                               255,
		things + "post/operationId":                                                 "post_things",
		things + "post/security/0/bearer":                                           []any{},
		things + "post/security/1/cookie":                                           []any{},
		things + "post/requestBody/content/application~1json/example":               map[string]any{"name": "Apple", "note": "ripe", "price": 199},
		"components/securitySchemes/operator":                                       nil, // no operation asks for it
		things + "post/requestBody/content/*~1*":                                    nil,
		things + "post/requestBody/content/application~1json/schema/$ref":           "#/components/schemas/thingRequest",
		things + "post/responses/409/description":                                   "`sku_taken`",
		things + "post/responses/409/content/application~1problem+json/schema/$ref": "#/components/schemas/Problem",
		things + "post/responses/422/$ref":                                          "#/components/responses/422",
		things + "get/responses/503/$ref":                                           "#/components/responses/503",
		things + "get/responses/default":                                            nil,
		things + "get/responses/412":                                                nil,
		things + "get/parameters/1/schema/maxLength":                                1024,
		edit + "responses/412/$ref":                                                 "#/components/responses/412",
		edit + "responses/428/$ref":                                                 "#/components/responses/428",
		edit + "responses/200/headers/ETag/schema/type":                             "string",
		edit + "responses/429/headers/Retry-After/required":                         true,
		edit + "parameters/2/schema/pattern":                                        idPattern,
		"components/responses/401/headers/WWW-Authenticate/required":                true,
		things + "get/responses/200/content/text~1csv/schema/type":                  "string",
		things + "get/x-role":                                                       "cashier",
	} {
		if got := at(doc, path); !equal(got, want) {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

// at returns the value at a JSON Pointer without its first slash, or nil.
func at(doc any, pointer string) any {
	for _, token := range strings.Split(pointer, "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch d := doc.(type) {
		case map[string]any:
			doc = d[token]
		case []any:
			i := int(token[0] - '0')
			if i >= len(d) {
				return nil
			}
			doc = d[i]
		default:
			return nil
		}
	}
	return doc
}

func equal(a, b any) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

func TestAnnotationsThatCannotBeReadAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"role":         {"@Security\tmanager", "@Security\tboss", "@Security names one of"},
		"unknown type": {"{object}\tthingBody", "{object}\tthinkBody", "thinkBody"},
		"no problem":   {"@Failure", "@Nothing", "lacks it"},
	} {
		dir := copyShop(t, c.from, c.to)
		_, err := generate([]string{dir, "../../../../core"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// copyShop copies testdata/shop beside it, so that it stays in the module, with one text replaced in things.go.
func copyShop(t *testing.T, from, to string) string {
	t.Helper()
	dir, err := os.MkdirTemp("testdata", "shop") //nolint:usetesting // a folder outside the module has no import path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	files, err := filepath.Glob(shop + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(f) == "things.go" {
			changed := strings.ReplaceAll(string(b), from, to)
			if changed == string(b) {
				t.Fatalf("%q is not in %s", from, f)
			}
			b = []byte(changed)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
