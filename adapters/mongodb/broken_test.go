package mongodb

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/writer"
)

// jar is a value of nothing.
type jar struct{}

func (jar) Ref() journal.Ref    { return journal.NewRef("jar", "a") }
func (jar) Walk(*journal.Codec) {}

// TestChangeOfWhatIsNotThereIsBroken: somebody else changed the books, who did not ask for the head.
func TestChangeOfWhatIsNotThereIsBroken(t *testing.T) {
	d, _, _ := openNamed(t)
	p := must(inventory.NewProduct("tea", inventory.Details{Name: "Tea", Barcodes: []string{"1001"}}))
	renamed := must(inventory.NewProduct("tea", inventory.Details{Name: "Tea", Barcodes: []string{"1002"}}))
	m := must(member.Restore(member.Snapshot{ID: "mia", Name: "Mia", PINHash: "hash", Tier: member.Regular, CreatedAt: time.UnixMilli(1), Version: 1}))
	u := must(inventory.NewImageUses(strings.Repeat("a", 64), 1))
	three, four := must(inventory.NewStock("scarce", 3)), must(inventory.NewStock("scarce", 4))
	if _, err := d.collection(stock).InsertOne(t.Context(), onHand{ID: key{"shop", "scarce"}, OnHand: 2, Spare: -1, Scarce: &scarce{2, -1}}); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		in     writer.Projection
		change writer.Change
	}{
		"a product":               {NewProducts(d), writer.Change{Before: p, After: renamed}},
		"a stock":                 {NewStock(d), writer.Change{Before: must(inventory.NewStock("tea", 3)), After: must(inventory.NewStock("tea", 4))}},
		"a stock of another size": {NewStock(d), writer.Change{Before: three, After: four}},
		"a member":                {NewMembers(d), writer.Change{Before: m, After: m}},
		"an image":                {NewImages(d), writer.Change{Before: u, After: u}},
		"another value":           {NewState(d, nil), writer.Change{Before: jar{}, After: jar{}}},
	} {
		err := d.Transact(t.Context(), func(ctx context.Context) error { return row.in.Save(ctx, "shop", []writer.Change{row.change}) })
		if !errors.Is(err, journal.ErrBroken) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	h, _, err := one[onHand](t.Context(), d.collection(stock), byKey("shop", id.ID("scarce")))
	if err != nil || h.OnHand != 2 {
		t.Errorf("the stock is %+v, %v", h, err)
	}
}
