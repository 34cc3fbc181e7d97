package storetest

import (
	"strings"
	"testing"

	"kassa/core/fault"
	"kassa/core/journal"
	"kassa/core/register"
	"kassa/core/store"
	"kassa/core/writer"
)

var settingsRules = []rule{
	{"an edit keeps what it does not name", settingsEditKeepsWhatItDoesNotName},
	{"an edit that changes nothing leaves no record", settingsEditThatChangesNothingLeavesNoRecord},
	{"an edit is refused", settingsEditIsRefused},
	{"the currency is fixed once money was posted", currencyIsFixedOnceMoneyWasPosted},
}

func settingsEditKeepsWhatItDoesNotName(t *testing.T, d *database) {
	s := d.shop(t)
	settings := store.NewSettingsService(s.w, func(*writer.View) error { return nil })
	before := must[*store.Settings](t)(settings.Get(t.Context(), s.id))
	footer := strings.Repeat("thanks ", 20)
	after := must[*store.Settings](t)(settings.Edit(t.Context(), s.id, store.EditSettings{Version: 1, Change: func(o *store.Options) {
		o.PointRate, o.ReceiptFooter = 1000, footer
	}}))
	want := before.Options()
	want.PointRate, want.ReceiptFooter = 1000, footer
	if after.Options() != want || after.Version() != 2 {
		t.Fatalf("got %+v, version %d", after.Options(), after.Version())
	}
	if read := must[*store.Settings](t)(settings.Get(t.Context(), s.id)); read.Options() != want || read.Version() != 2 {
		t.Fatalf("read %+v, version %d", read.Options(), read.Version())
	}
	r := must[[]journal.Record](t)(s.Journal.List(t.Context(), s.id, store.SettingsRef, journal.Range{Limit: 1}))[0]
	fact := r.Facts[0]
	if fact.Action != "settings.change" || fact.Before != "point_rate_bp=1500, receipt_footer=" ||
		!strings.HasPrefix(fact.After, "point_rate_bp=1000, receipt_footer=thanks ") || len(fact.After) > 120 {
		t.Errorf("the fact is %+v", fact)
	}
	s.verify(t)
}

func settingsEditThatChangesNothingLeavesNoRecord(t *testing.T, d *database) {
	s := d.shop(t)
	settings := store.NewSettingsService(s.w, func(*writer.View) error { return nil })
	same := must[*store.Settings](t)(settings.Edit(t.Context(), s.id, store.EditSettings{Version: 1, Change: func(o *store.Options) { o.PointRate = 1500 }}))
	rs := must[[]journal.Record](t)(s.Journal.From(t.Context(), s.id, 0, 10))
	if same.Version() != 1 || len(rs) != 1 {
		t.Errorf("version %d after %d records", same.Version(), len(rs))
	}
}

func settingsEditIsRefused(t *testing.T, d *database) {
	s := d.shop(t)
	denied := fault.New(fault.Forbidden, "forbidden", "a manager is needed")
	var check error
	settings := store.NewSettingsService(s.w, func(*writer.View) error { return check })
	change := func(version int64, f func(o *store.Options)) error {
		_, err := settings.Edit(t.Context(), s.id, store.EditSettings{Version: version, Change: f})
		return err
	}
	wantCode(t, change(2, func(o *store.Options) { o.PointRate = 1 }), "version_stale")
	wantCode(t, change(1, func(o *store.Options) { o.PointRate, o.TimeZone = -1, "Mars" }), "validation_failed")
	check = denied
	wantCode(t, change(1, func(o *store.Options) { o.PointRate = 1 }), "forbidden")
	wantCode(t, change(1, func(*store.Options) {}), "forbidden")
}

func currencyIsFixedOnceMoneyWasPosted(t *testing.T, d *database) {
	s := d.shop(t)
	settings := store.NewSettingsService(s.w, func(*writer.View) error { return nil })
	registers := register.NewService(s.w, s.Registers)
	toFrancs := func(version int64) error {
		_, err := settings.Edit(t.Context(), s.id, store.EditSettings{Version: version, Change: func(o *store.Options) { o.Currency = "CHF" }})
		return err
	}
	must[writer.Result](t)(registers.Create(t.Context(), s.id, register.Create{Name: "Empty"}))
	if err := toFrancs(1); err != nil {
		t.Fatalf("an unused store is refused another currency: %v", err)
	}
	must[*store.Settings](t)(settings.Edit(t.Context(), s.id, store.EditSettings{Version: 2, Change: func(o *store.Options) { o.Currency = "EUR" }}))
	must[writer.Result](t)(registers.Create(t.Context(), s.id, register.Create{Name: "Full", Key: "k", OpeningAmount: 1}))
	wantCode(t, toFrancs(3), "currency_fixed")
	must[*store.Settings](t)(settings.Edit(t.Context(), s.id, store.EditSettings{Version: 3, Change: func(o *store.Options) { o.CashRounding = 5 }}))
}
