package mongodb

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

func TestEveryIndexIsInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/indexes.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, made []string
	for _, m := range regexp.MustCompile("`([a-z]+\\.[a-z]+)`[,| ]").FindAllStringSubmatch(string(text), -1) {
		listed = append(listed, m[1])
	}
	for collection, of := range indexes {
		for _, x := range of {
			made = append(made, collection+"."+x.name)
		}
	}
	slices.Sort(listed)
	slices.Sort(made)
	if !slices.Equal(listed, made) {
		t.Errorf("docs/indexes.md lists %q, the indexes are %q", listed, made)
	}
}
