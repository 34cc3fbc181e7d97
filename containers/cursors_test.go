package containers

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"kassa/adapters/rest/resttest"
	"kassa/core/page"

	"pgregory.net/rapid"
)

// lists returns the paths of all lists that have a cursor, with the ids of what is in the shop, as the server's own document says.
func lists(t testing.TB, s *resttest.Shop, ids map[string]string) []string {
	t.Helper()
	res, err := http.Get(s.URL + "/openapi.json")
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name string }
		}
	}
	must(t, json.NewDecoder(res.Body).Decode(&document))
	var paths []string
	for path, methods := range document.Paths {
		paged := slices.ContainsFunc(methods["get"].Parameters, func(p struct{ Name string }) bool { return p.Name == "cursor" })
		list, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
		id := ids[list]
		if paged && (id != "" || !strings.Contains(path, "{")) {
			paths = append(paths, strings.ReplaceAll(path, "{id}", id))
		}
	}
	slices.Sort(paths)
	return paths
}

// TestListsRefusePlacesThatTheyNeverGaveOut gives every list any place, sealed as if it were its own: it answers with a page or refuses the cursor.
func TestListsRefusePlacesThatTheyNeverGaveOut(t *testing.T) {
	for name, config := range databases {
		t.Run(name, func(t *testing.T) { anyPlace(t, func(t testing.TB) resttest.Server { return serveHTTP(t, config(t)) }) })
	}
}

func anyPlace(t *testing.T, open resttest.Open) {
	shop := resttest.NewShop(t, open)
	jam, member := shop.NewProduct("Jam", 250, 1000), shop.NewMember("Mia")
	shop.Pay(resttest.Line(jam, 1)).Want(201)
	paths := lists(t, shop, map[string]string{"products": jam, "members": member, "registers": shop.Register})
	if len(paths) < 9 {
		t.Fatalf("the document has the lists %q only", paths)
	}
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{jam, member, "Jam", "1", "0", "-1", "20261120", "9223372036854775807", "9223372036854775808", "\xff", "$gt"}))
	cursors := rapid.OneOf(rapid.Map(rapid.SliceOfN(part, 1, 3), func(parts []string) string { return page.Cursor(parts...) }), rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`))
	for _, path := range paths {
		rapid.Check(t, func(t *rapid.T) {
			cursor := cursors.Draw(t, "cursor")
			sealed := fmt.Sprintf("%s.%08x", cursor, crc32.ChecksumIEEE([]byte(path+" "+cursor)))
			answer := shop.As(shop.Manager).Get(strings.TrimPrefix(path, "/api/v1") + "?cursor=" + url.QueryEscape(sealed))
			if answer.Status != http.StatusOK && (answer.Status != http.StatusBadRequest || answer.Body["code"] != "cursor_invalid") {
				t.Fatalf("%s with %q answers %d %v", path, cursor, answer.Status, answer.Body)
			}
		})
	}
}
