package inventory

import (
	"errors"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
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

// The codes that the use cases of images look for.
const (
	unknownCode = "image_unknown"
	goneCode    = "image_busy"
)

// ImageUnknown is the fault for an image that is not kept, or that a product does not have.
func ImageUnknown() error {
	return fault.New(fault.NotFound, unknownCode, "there is no such image")
}

// ImageUnsupported is the fault for what is no image of the three types.
func ImageUnsupported(why string) error {
	return fault.New(fault.Unsupported, "image_type_unsupported", "%s", why)
}

// imageGone is the fault for bytes that an edit names and nobody keeps: another edit dropped them in between.
func imageGone() error {
	return fault.New(fault.Unavailable, goneCode, "others change products with the same image; try again").Retry(time.Second)
}

// errBytes says what is wrong with bytes that are kept under another hash than theirs.
var errBytes = errors.New("its bytes do not match its hash")

func corruptImage(hash string, why error) error {
	return journal.Corrupt(why, "image "+hash)
}

// refused is a validation fault for one field.
func refused(pointer string, why error) error {
	var v fault.Validation
	v.Refuses(pointer, why)
	return v.Err()
}

// errUnchanged refuses an operation that would change nothing, so that it leaves no record. The service takes it for success.
var errUnchanged = errors.New("nothing changes")
