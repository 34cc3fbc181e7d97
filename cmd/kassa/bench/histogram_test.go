package bench

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestABucketIsExactToOnePercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Int64Range(0, largest).Draw(t, "us")
		b := bucketOf(us)
		if b < 0 || b >= buckets {
			t.Fatalf("%d is in bucket %d of %d", us, b, buckets)
		}
		if d := middle(b) - us; d*100 > us || -d*100 > us {
			t.Fatalf("%d is counted as %d", us, middle(b))
		}
		if us > 0 && bucketOf(us-1) > b {
			t.Fatalf("%d is in a later bucket than %d", us-1, us)
		}
	})
	if bucketOf(largest) != buckets-1 {
		t.Errorf("the largest is in bucket %d of %d", bucketOf(largest), buckets)
	}
}

func TestQuantilesAreThoseOfTheSortedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var one, other histogram
	var all []int64
	for i := range 10_000 {
		us := int64(r.ExpFloat64() * 800)
		all = append(all, us)
		[]*histogram{&one, &other}[i%2].record(us)
	}
	one.add(&other)
	slices.Sort(all)
	for _, perMille := range []int64{1, 500, 950, 990, 999, 1000} {
		want := all[(int64(len(all))*perMille+999)/1000-1]
		if got := one.quantile(perMille); (got-want)*100 > want || (want-got)*100 > want {
			t.Errorf("quantile %d is %d, want %d", perMille, got, want)
		}
	}
	if one.max != all[len(all)-1] || one.n != 10_000 {
		t.Errorf("max %d of %d, want %d", one.max, one.n, all[len(all)-1])
	}
}

func TestWhatIsOutOfRangeIsCountedAtItsEnd(t *testing.T) {
	var h histogram
	if h.quantile(500) != 0 {
		t.Error("an empty histogram has a median")
	}
	h.record(-1)
	h.record(1 << 60)
	if h.n != 2 || h.quantile(1) != 0 || h.max != largest {
		t.Errorf("%d values up to %d", h.n, h.max)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h histogram
	for i := range b.N {
		h.record(int64(i & 0xffff))
	}
}
