package storetest

import (
	"fmt"
	"testing"

	"kassa/core/id"
	"kassa/core/ledger"
	"kassa/core/page"
	"kassa/core/writer"
)

var ledgerRules = []rule{
	{"postings come newest first with the balance after each", postingsNewestFirst},
	{"a cursor that is none is refused", func(t *testing.T, d *database) {
		s := d.shop(t)
		for _, cursor := range []string{"?", page.Cursor("x"), page.Cursor("-1"), page.Cursor("1", "2")} {
			_, err := s.Ledger.Postings(t.Context(), s.id, ledger.DrawerOf("till"), page.Request{Limit: 1, After: cursor})
			wantCode(t, err, "cursor_invalid")
		}
	}},
}

// postings returns the lines of an account as amounts and balances, asked for in pages.
func (s *shop) postings(t testing.TB, a ledger.ID, limit int) string {
	t.Helper()
	text := ""
	for p := (page.Request{Limit: limit}); ; {
		list := must[page.List[ledger.Posting]](t)(s.Ledger.Postings(t.Context(), s.id, a, p))
		if len(list.Items) > limit {
			t.Fatalf("%d items on a page of %d", len(list.Items), limit)
		}
		for _, i := range list.Items {
			text += fmt.Sprintf("%d:%+d=%d ", i.Record.Position, i.Amount, i.Balance)
		}
		if p.After = list.Next; p.After == "" {
			return text
		}
	}
}

func postingsNewestFirst(t *testing.T, d *database) {
	s := d.shop(t)
	for _, p := range []post{{"till", 500}, {"other", 70}, {"till", -200}, {"till", 1}, {"till-2", 9}} {
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, p))
	}
	for account, want := range map[ledger.ID]string{
		ledger.DrawerOf("till"):            "5:+1=301 4:-200=300 2:+500=500 ",
		ledger.DrawerOf("till-2"):          "6:+9=9 ",
		ledger.NewID(ledger.External, ""):  "6:-9=-380 5:-1=-371 4:+200=-370 3:-70=-570 2:-500=-500 ",
		ledger.DrawerOf("never"):           "",
		ledger.NewID(ledger.Drawer, "til"): "",
	} {
		for _, limit := range []int{1, 2, 3, 5, 200} {
			if got := s.postings(t, account, limit); got != want {
				t.Errorf("%s by %d: %s, want %s", account, limit, got, want)
			}
		}
	}
	wallet := ledger.WalletOf(id.ID("m")) // what a shop owes is shown as positive
	for _, amount := range []int64{50, -20} {
		must[writer.Result](t)(s.w.Do(t.Context(), s.id, &grant{account: wallet, unit: "EUR", amount: amount}))
	}
	if got := s.postings(t, wallet, 1); got != "8:-20=30 7:+50=50 " {
		t.Errorf("the wallet has %s", got)
	}
}
