package containers

import (
	"testing"
	"time"
)

// fold puts the figures of all records into the pages of the reports.
func (s *testShop) fold(t testing.TB) {
	t.Helper()
	must(t, foldAll(t.Context(), s.Folder, s.Stores))
	s.clock.Add(time.Minute) // what was read is old enough then
	must(t, foldAll(t.Context(), s.Folder, s.Stores))
}

var reportCrimes = []crime{
	{"a total of a day", func(s *scene) { s.replace("folds", "key", "sums/day/2026-11-21/0", `"subtotal":`, `"subtotal":1`) },
		says(`the report page sums/day/2026-11-21/0 is not what the bills make it: totals kept as {"sales":`)},
	{"the name in a product's figures of a month", func(s *scene) {
		s.exec(`UPDATE folds SET body = replace(body, '"name":"Tea"', '"name":"Tee"') WHERE key LIKE 'products/month/%' AND instr(body, 'Tea')`)
	}, func(s *scene) string { return "is not what the bills make it: product " + string(s.f.products[0]) }},
	{"a member's figures", func(s *scene) {
		s.exec(`UPDATE folds SET body = replace(body, '"earned":', '"earned":1') WHERE key LIKE 'members/day/%'`)
	},
		func(s *scene) string { return "is not what the bills make it: member " }},
	{"a page of figures that cannot be read", func(s *scene) { s.replace("folds", "key", "sums/month/2026-11/0", `{"sales"`, `{"sails"`) },
		says("corrupt: report page sums/month/2026-11/0")},
	{"a page of figures deleted", func(s *scene) { s.exec("DELETE FROM folds WHERE key = 'sums/month/2026-11/0'") }, says("the report page sums/month/2026-11/0 is missing")},
	{"a page of figures added", func(s *scene) {
		s.exec("INSERT INTO folds (key, body) SELECT 'sums/day/2026-11-20/0', body FROM folds LIMIT 1")
	},
		says("the report page sums/day/2026-11-20/0 is kept, and no bill makes it")},
	{"the watermark of the figures put back", func(s *scene) { s.exec("UPDATE watermark SET position = position - 1") },
		says("the report page sums/day/2026-11-21/0 is not what the bills make it")},
	{"the watermark of the figures beyond the head", func(s *scene) { s.exec("UPDATE watermark SET position = position + 1") },
		func(s *scene) string { return "the reports go up to record " }},
}
