package verify

import (
	"context"
	"maps"
	"slices"

	"kassa/core/fault"
	"kassa/core/inventory"
)

// pictures are the images that products name.
type pictures struct {
	named map[string][]string // products by the hash of their image
	kept  map[string]int64    // how many products name an image, as the store says
}

// picturesOf lists the images that the products of the journal name.
func (r *run) picturesOf() pictures {
	p := pictures{map[string][]string{}, map[string]int64{}}
	for _, v := range r.books.Values() {
		if product, ok := v.(*inventory.Product); ok && product.ImageHash() != "" {
			p.named[product.ImageHash()] = append(p.named[product.ImageHash()], string(product.ID()))
		}
	}
	return p
}

// images compares what the products look like with what is kept of it, one image at a time. Images that no product names are left alone: they
// are dropped when somebody puts another one.
func (r *run) images(ctx context.Context, p pictures) error {
	for _, hash := range slices.Sorted(maps.Keys(p.named)) {
		products := p.named[hash]
		slices.Sort(products)
		_, err := r.v.Images.Get(ctx, r.store, hash)
		switch {
		case passing(ctx, err):
			return err
		case fault.IsKind(err, fault.NotFound):
			r.find("the image of product %s is missing: %s", products[0], hash)
		case err != nil:
			r.find("the image of product %s cannot be read: %v", products[0], err)
		case p.kept[hash] != int64(len(products)):
			r.find("image %s is kept for %d products and named by %d, such as %s", hash, p.kept[hash], len(products), products[0])
		}
		delete(p.kept, hash)
	}
	for _, hash := range slices.Sorted(maps.Keys(p.kept)) {
		r.find("image %s is kept for %d products, and none names it", hash, p.kept[hash])
	}
	return ctx.Err()
}
