package cashier

import (
	"fmt"
	"strings"

	"kassa/core/audit"
	"kassa/core/id"
	"kassa/core/measure"
)

// maxListed bounds the products that the event of a discarded cart names; it says how many more there were.
const maxListed = 20

// content is what the lines of the cart come to, in the order of the products' first lines.
func (c *Cart) content() (products []id.ID, of map[id.ID]measure.Quantity) {
	of = make(map[id.ID]measure.Quantity, len(c.Lines))
	for _, l := range c.Lines {
		if _, ok := of[l.Product]; !ok {
			products = append(products, l.Product)
		}
		of[l.Product] += l.Quantity
	}
	return products, of
}

// removed returns an event for each product of which there is less in the cart afterwards.
func (c *Cart) removed(after *Cart) (facts []audit.Fact) {
	products, was := c.content()
	_, is := after.content()
	for _, p := range products {
		if is[p] >= was[p] {
			continue
		}
		f := audit.Fact{Action: "cart.remove_line", Entity: "cart", EntityID: c.ID, Before: shown(p, was[p])}
		if is[p] > 0 {
			f.After = shown(p, is[p])
		}
		facts = append(facts, f)
	}
	return facts
}

// discarded is the event of a cart that is removed with all that is in it.
func (c *Cart) discarded() audit.Fact {
	products, was := c.content()
	lines := make([]string, 0, maxListed+1)
	for i, p := range products {
		if i == maxListed {
			lines = append(lines, fmt.Sprintf("and %d more", len(products)-maxListed))
			break
		}
		lines = append(lines, shown(p, was[p]))
	}
	return audit.Fact{Action: "cart.discard", Entity: "cart", EntityID: c.ID, Before: strings.Join(lines, ", ")}
}

func shown(product id.ID, q measure.Quantity) string { return string(product) + " x " + q.String() }
