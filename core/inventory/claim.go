package inventory

import (
	"slices"

	"kassa/core/claim"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// The kinds of what only one product of a store has.
const (
	skuClaim     = "sku"
	barcodeClaim = "barcode"
)

// ownerOf returns the product that has it, or nothing.
func ownerOf(b books, ref journal.Ref) id.ID {
	c, _ := b.Value(ref).(*claim.Claim)
	return c.Owner()
}

func skuRef(sku string) journal.Ref { return journal.NewRef(skuClaim, sku) }

func barcodeRef(code string) journal.Ref { return journal.NewRef(barcodeClaim, barcodeKey(code)) }

// claims lists what the product alone may have. A deleted product has nothing.
func (p *Product) claims() []journal.Ref {
	if p == nil || p.deleted {
		return nil
	}
	var refs []journal.Ref
	if p.d.SKU != "" {
		refs = append(refs, skuRef(p.d.SKU))
	}
	for _, b := range p.d.Barcodes {
		refs = append(refs, barcodeRef(b))
	}
	return refs
}

// moveClaims returns the claims that change when before (nil for a new product) becomes after. Conflict faults sku_taken and
// barcode_taken with the product_id of who has it.
func moveClaims(b books, before, after *Product) ([]writer.Value, error) {
	had, has := before.claims(), after.claims()
	var values []writer.Value
	var refusal error
	for _, ref := range has { // all of them are asked for, so that they are read together
		if slices.Contains(had, ref) {
			continue
		}
		switch o := ownerOf(b, ref); {
		case o == "":
			values = append(values, claim.New(ref, after.id))
		case o != after.id:
			refusal = taken(ref, o)
		}
	}
	for _, ref := range had {
		if !slices.Contains(has, ref) {
			values = append(values, claim.Release(ref))
		}
	}
	return values, refusal
}

func taken(ref journal.Ref, by id.ID) error {
	if ref.Kind() == skuClaim {
		return fault.New(fault.Conflict, "sku_taken", "another product has the sku %s", ref.Value()).With("product_id", string(by))
	}
	return fault.New(fault.Conflict, "barcode_taken", "another product has the barcode %s", ref.Value()).With("product_id", string(by))
}
