package inventory

import (
	"errors"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/measure"
)

// Unknown is the fault for a product that does not exist, or no longer does.
func Unknown(i id.ID) *fault.Error {
	return fault.New(fault.NotFound, "product_unknown", "there is no such product").With("product_id", string(i))
}

// InsufficientStock is the fault for more of a product than there is.
func InsufficientStock(p *Product, requested, available measure.Quantity) *fault.Error {
	return fault.New(fault.Invalid, "insufficient_stock", "%s of %q were asked for and %s are there", requested.Format(p.Unit()), p.Name(), available.Format(p.Unit())).
		With("product_id", string(p.ID())).With("requested", p.Unit().Fact(requested)).With("available", p.Unit().Fact(available))
}

func stockChanged(u measure.Unit, expected, actual measure.Quantity) *fault.Error {
	return fault.New(fault.Conflict, "stock_changed", "%s were expected and %s are on the books; count again", expected.Format(u), actual.Format(u)).
		With("expected", u.Fact(expected)).With("actual", u.Fact(actual))
}

// refused is a validation fault for one field.
func refused(pointer string, why error) error {
	var v fault.Validation
	v.Refuses(pointer, why)
	return v.Err()
}

// errUnchanged refuses an operation that would change nothing, so that it leaves no record. The service takes it for success.
var errUnchanged = errors.New("nothing changes")
