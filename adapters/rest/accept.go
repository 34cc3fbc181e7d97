package rest

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Accepts returns which of the media types the client likes best, the first where it does not say, or "" where it takes none. As RFC 9110, 12.5.1
// has it, the most specific range decides how much a type is liked; of two that are liked alike the one goes first that the client names more
// exactly, then the one that it names earlier. Parameters but q are not compared.
func (c *Call) Accepts(offers ...string) string {
	var ranges []mediaRange
	for _, h := range c.rctx.Request.Header.PeekAll(fiber.HeaderAccept) {
		for one := range strings.SplitSeq(string(h), ",") {
			if r := parseRange(one); r.name != "" {
				ranges = append(ranges, r)
			}
		}
	}
	if len(ranges) == 0 {
		return offers[0]
	}
	chosen, best := "", liking{}
	for _, offer := range offers {
		if l := likingOf(offer, ranges); l.more(best) {
			chosen, best = offer, l
		}
	}
	return chosen
}

// mediaRange is one element of the header Accept, such as text/*;q=0.5.
type mediaRange struct {
	name    string // in lower case
	quality float64
}

func parseRange(s string) mediaRange {
	parts := strings.Split(s, ";")
	r := mediaRange{strings.ToLower(strings.TrimSpace(parts[0])), 1}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if q, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil && q >= 0 && q <= 1 {
			r.quality = q
		}
	}
	return r
}

// liking is how much a client likes a media type: by the most specific of its ranges that holds the type.
type liking struct {
	quality  float64
	specific int // 3: the type itself, 2: type/*, 1: */*
	place    int // of the range in the header
}

func likingOf(offer string, ranges []mediaRange) (l liking) {
	family, _, _ := strings.Cut(offer, "/")
	for i, r := range ranges {
		specific := 0
		switch r.name {
		case offer:
			specific = 3
		case family + "/*":
			specific = 2
		case "*/*", "*":
			specific = 1
		}
		if specific > l.specific {
			l = liking{r.quality, specific, i}
		}
	}
	return l
}

// more reports whether l is liked, and more than the other.
func (l liking) more(other liking) bool {
	switch {
	case l.quality != other.quality:
		return l.quality > other.quality
	case l.quality == 0:
		return false
	case l.specific != other.specific:
		return l.specific > other.specific
	}
	return l.place < other.place
}
