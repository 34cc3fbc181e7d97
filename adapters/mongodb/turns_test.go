package mongodb

import (
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/id"
)

// TestWhoWaitsForATurnHearsThatItIsNear: what others wrote can be read while the last of it is being written.
func TestWhoWaitsForATurnHearsThatItIsNear(t *testing.T) {
	uri, name := mongotest.Database(t)
	var two [2]*Turns
	for i, process := range []id.ID{"a", "b"} {
		two[i] = NewTurns(openAs(t, InDatabase(uri, name), process))
	}
	holder := func() id.ID {
		now, _, err := one[turn](t.Context(), two[0].c, byID("shop"))
		if err != nil {
			t.Fatal(err)
		}
		return now.Holder
	}
	const rounds = 20
	heard, near := 0, 0
	for i := range rounds {
		first, second := two[i%2], two[(i+1)%2]
		if _, err := first.Take(t.Context(), "shop", false, nil); err != nil {
			t.Fatal(err)
		}
		taken := time.Now()
		waited, err := second.Take(t.Context(), "shop", false, func() {
			if time.Since(taken) < turnLength/2 {
				t.Error("the next turn is said to be near when this one has just begun")
			}
			if heard++; holder() == first.d.process {
				near++
			}
		})
		if err != nil || !waited {
			t.Fatalf("waited %v, %v", waited, err)
		}
	}
	if heard > rounds || near < rounds/2 {
		t.Errorf("in %d turns it was heard %d times that the next one is near, %d times in time", rounds, heard, near)
	}
}
