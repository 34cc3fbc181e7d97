package money_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kassa/core/money"
)

func TestAllocate(t *testing.T) {
	const m = money.Max
	for _, c := range []struct {
		name    string
		total   money.Amount
		weights []money.Amount
		want    []money.Amount
		code    string
	}{
		{"discount of the golden cart", 938, []money.Amount{5997, 258}, []money.Amount{899, 39}, ""},
		{"ties to the earlier index", 2, []money.Amount{1, 1, 1}, []money.Amount{1, 1, 0}, ""},
		{"weight 0 gets nothing", 1, []money.Amount{0, 1, 0}, []money.Amount{0, 1, 0}, ""},
		{"a negative total mirrors", -2, []money.Amount{1, 1, 1}, []money.Amount{-1, -1, 0}, ""},
		{"all weights 0", 0, []money.Amount{0, 0}, []money.Amount{0, 0}, ""},
		{"nothing to spread over", 1, []money.Amount{0, 0}, nil, "allocation_invalid"},
		{"no weights", 0, nil, []money.Amount{}, ""},
		{"a negative weight", 1, []money.Amount{2, -1}, nil, "allocation_invalid"},
		{"a total beyond max", m + 1, []money.Amount{1}, nil, "amount_out_of_range"},
		{"weights beyond 64 bits", 1, []money.Amount{1<<63 - 1, 1<<63 - 1, 2}, nil, "amount_out_of_range"},
		{"exact at the bounds", m, []money.Amount{m, m, m}, []money.Amount{m/3 + 1, m / 3, m / 3}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := money.Allocate(c.total, c.weights)
			wantFault(t, err, c.code)
			if !slices.Equal(got, c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
		})
	}
}

// allocateBig is largest remainder as the textbook has it, in arbitrary precision.
func allocateBig(total money.Amount, weights []money.Amount) []money.Amount {
	sum := new(big.Int)
	for _, w := range weights {
		sum.Add(sum, big.NewInt(int64(w)))
	}
	shares := make([]money.Amount, len(weights))
	lost := make([]*big.Int, len(weights))
	left := total
	for i, w := range weights {
		q, r := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(int64(w))), sum, new(big.Int))
		shares[i], lost[i] = money.Amount(q.Int64()), r
		left -= shares[i]
	}
	for ; left > 0; left-- {
		best := 0
		for i := range lost {
			if lost[i].Cmp(lost[best]) > 0 {
				best = i
			}
		}
		shares[best]++
		lost[best] = big.NewInt(-1)
	}
	return shares
}

func TestAllocateAgreesWithArbitraryPrecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := max(amounts().Draw(t, "total"), 0)
		weights := rapid.SliceOfN(rapid.Map(amounts(), func(a money.Amount) money.Amount { return max(a, -a) }), 1, 40).Draw(t, "weights")
		if !slices.ContainsFunc(weights, func(w money.Amount) bool { return w > 0 }) {
			weights[0] = 1
		}
		want := allocateBig(total, weights)
		got, err := money.Allocate(total, weights)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %v and %v, want %v", got, err, want)
		}
		sum := money.Amount(0)
		for _, share := range got {
			sum += share
		}
		if sum != total {
			t.Fatalf("shares sum to %d, want %d", sum, total)
		}
		for i, w := range weights {
			if w == 0 && got[i] != 0 {
				t.Fatalf("weight 0 got %d", got[i])
			}
		}
		if err := money.AllocateInto(weights, total, weights); err != nil || !slices.Equal(weights, want) {
			t.Fatalf("in place: got %v and %v, want %v", weights, err, want)
		}
	})
}

func TestAllocateIntoNeedsOneShareForEachWeight(t *testing.T) {
	wantFault(t, money.AllocateInto(make([]money.Amount, 1), 1, []money.Amount{1, 1}), "allocation_invalid")
}

func BenchmarkAllocateThree(b *testing.B) {
	weights := []money.Amount{1999, 258, 4711}
	shares := make([]money.Amount, 3)
	b.ReportAllocs()
	for b.Loop() {
		if err := money.AllocateInto(shares, 1046, weights); err != nil {
			b.Fatal(err)
		}
	}
}
