package mongodb

import (
	"context"
	"testing"
	"time"
)

// TestOnlyAHeadThatStaysBlockedEndsSessions: not one that moves, and none at once.
func TestOnlyAHeadThatStaysBlockedEndsSessions(t *testing.T) {
	d, _, _ := openNamed(t)
	if err := d.Transact(t.Context(), func(ctx context.Context) error { return d.say(ctx, "shop") }); err != nil {
		t.Fatal(err)
	}
	var b blockade
	for _, row := range []struct {
		what string
		at   waits
		ago  time.Duration // since it was met first
		want int64
	}{
		{"met", waits{"shop", "1"}, 0, 0},
		{"met again at once", waits{"shop", "1"}, 0, 0},
		{"it moved", waits{"shop", "2"}, 2 * blockedFor, 0},
		{"something else was met", waits{}, 2 * blockedFor, 0},
		{"met once more", waits{"shop", "2"}, 2 * blockedFor, 0},
		{"met for long", waits{"shop", "2"}, 2 * blockedFor, 1},
		{"met again at once after that", waits{"shop", "2"}, 0, 1},
	} {
		b.since = b.since.Add(-row.ago)
		if err := d.unblock(t.Context(), &b, &tx{waits: row.at}); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
		if n := d.Counts().Unblocked; n != row.want {
			t.Errorf("%s: sessions were ended %d times, want %d", row.what, n, row.want)
		}
	}
}
