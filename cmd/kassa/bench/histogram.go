package bench

import "math/bits"

// A histogram counts latencies in microseconds. Up to 255 each value has a bucket of its own; above, each power of two has 128 equal
// buckets, so a bucket is never wider than 1/128 of its values and its middle is exact to 0.4 %. Counting allocates nothing.
type histogram struct {
	counts [buckets]uint32
	n      int64
	max    int64
}

const (
	subBits = 7                                  // 128 buckets for each power of two
	topBits = 36                                 // values up to 2^36-1 us, 19 hours
	buckets = (topBits - subBits + 1) << subBits // those below 2^(subBits+1) included
	largest = int64(1)<<topBits - 1              // what is larger is counted as this
)

func bucketOf(us int64) int {
	if us < 1<<(subBits+1) {
		return int(us)
	}
	shift := bits.Len64(uint64(us)) - subBits - 1
	return shift<<subBits + int(us>>shift)
}

// middle returns the value in the middle of the bucket.
func middle(bucket int) int64 {
	if bucket < 1<<(subBits+1) {
		return int64(bucket)
	}
	shift := bucket>>subBits - 1
	low := int64(bucket-shift<<subBits) << shift
	return low + int64(1)<<shift/2
}

// record counts one latency. A negative one counts as 0.
func (h *histogram) record(us int64) {
	us = min(max(us, 0), largest)
	h.counts[bucketOf(us)]++
	h.n++
	h.max = max(h.max, us)
}

// add counts all that the other one counted.
func (h *histogram) add(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// quantile returns the latency in microseconds that perMille of 1000 do not exceed, or 0 when nothing was counted.
func (h *histogram) quantile(perMille int64) int64 {
	rank := (h.n*perMille + 999) / 1000 // of the values in order, from 1
	var seen int64
	for i, c := range h.counts {
		seen += int64(c)
		if c > 0 && seen >= rank {
			return min(middle(i), h.max)
		}
	}
	return 0
}
