package mongodb

import (
	"context"
	"testing"
	"time"

	"kassa/adapters/mongodb/mongotest"
	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
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

// TestTurnOfAClockThatWasAheadHoldsNobodyUp: the next primary's clock, or that of the same one after it was put right, may be behind it.
func TestTurnOfAClockThatWasAheadHoldsNobodyUp(t *testing.T) {
	uri, name := mongotest.Database(t)
	turns, ahead := NewTurns(openAs(t, InDatabase(uri, name), "a")), time.Now().Add(10*time.Minute)
	for what, said := range map[id.Store]turn{
		"a holder that died":    {Holder: "dead", Until: ahead, Asked: time.Now().Add(-time.Minute)},
		"one who is next, died": {Holder: "dead", Until: time.Now().Add(-time.Minute), Asked: ahead},
		"both":                  {Holder: "dead", Until: ahead, Asked: ahead},
	} {
		doc := bson.D{{Key: "_id", Value: what}, {Key: "holder", Value: said.Holder}, {Key: "until", Value: said.Until}, {Key: "asked", Value: said.Asked}, {Key: "next", Value: "dead too"}}
		if _, err := turns.c.InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		if _, err := turns.Take(ctx, what, false, nil); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}
}
