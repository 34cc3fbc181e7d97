package rest

import (
	"testing"
	"time"

	"kassa/core/inventory"
)

// TestTheLargestImageArrivesOverASlowLine: half a megabit a second is what a shop may have upwards.
func TestTheLargestImageArrivesOverASlowLine(t *testing.T) {
	const slow = 64 << 10 // bytes a second
	var declared []*route
	Products{}.Routes(&Router{routes: &declared})
	for _, r := range declared {
		if r.Method != "PUT" || r.Path != "/products/{id}/image" {
			continue
		}
		if takes := time.Duration(inventory.MaxImage/slow) * time.Second; r.limit != inventory.MaxImage || r.timeout < takes {
			t.Errorf("%d bytes have %v to arrive, and take %v", r.limit, r.timeout, takes)
		}
		return
	}
	t.Error("images have no route")
}
