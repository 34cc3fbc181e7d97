package mongodb

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// withoutStore are the indexes that do not begin with the store's id.
var withoutStore = []string{"stores.name", "writers.age"}

func TestEveryIndexIsInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/indexes.md")
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile("`([^`]+)`")
	var listed, made []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1) {
		var fields []string
		for _, f := range field.FindAllStringSubmatch(m[2], -1) {
			fields = append(fields, f[1])
		}
		listed = append(listed, described(m[1], fields, strings.HasSuffix(m[2], ", unique")))
	}
	for collection, of := range indexes {
		for _, x := range of {
			name, fields := collection+"."+x.name, x.keys
			if !slices.Contains(withoutStore, name) {
				if fields[0] != "_id.s" {
					t.Errorf("%s begins with %s", name, fields[0])
				}
				fields = fields[1:]
			}
			made = append(made, described(name, fields, x.unique))
		}
	}
	slices.Sort(listed)
	slices.Sort(made)
	if !slices.Equal(listed, made) {
		t.Errorf("docs/indexes.md lists\n%s\nthe indexes are\n%s", strings.Join(listed, "\n"), strings.Join(made, "\n"))
	}
}

func described(name string, fields []string, unique bool) string {
	return fmt.Sprintf("%s %v unique: %v", name, fields, unique)
}
