package copying

import (
	"context"
	"slices"

	"kassa/core/fault"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"
)

// images copies the images that products name, one at a time. How many name each is a value like others and comes with them.
func (r *run) images(ctx context.Context) error {
	if err := r.dropImages(ctx); err != nil {
		return err
	}
	return r.From.Images.All(ctx, r.store.ID, func(v writer.Value) error {
		hash := v.Ref().Value()
		i, err := r.From.Images.Get(ctx, r.store.ID, hash)
		if fault.IsKind(err, fault.NotFound) {
			if moved := r.still(ctx); moved != nil {
				return moved
			}
			return fault.New(fault.Conflict, "source_damaged", "image %s is missing in the source; run kassa verify on it", hash)
		}
		if err != nil {
			return err
		}
		if err := r.put(ctx, func(ctx context.Context) error { return r.To.Images.Put(ctx, r.store.ID, i, r.source.At) }); err != nil {
			return err
		}
		r.Images++
		r.tell("images", r.Images, 0)
		return nil
	})
}

// dropImages drops what an earlier copy left and no product of the source names any more: unlike other values, an image goes with its last use.
func (r *run) dropImages(ctx context.Context) error {
	var left []writer.Value
	err := r.To.Images.All(ctx, r.store.ID, func(v writer.Value) error {
		left = append(left, v)
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(left, chunk) {
		gone, err := r.unnamed(ctx, some)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			continue
		}
		if err := r.put(ctx, func(ctx context.Context) error { return r.To.Images.Save(ctx, r.store.ID, gone) }); err != nil {
			return err
		}
	}
	return nil
}

// unnamed returns the end of those of the target's images that no product of the source names.
func (r *run) unnamed(ctx context.Context, target []writer.Value) ([]writer.Change, error) {
	refs := make([]journal.Ref, len(target))
	for i, v := range target {
		refs[i] = v.Ref()
	}
	source, err := r.From.Images.Load(ctx, r.store.ID, refs)
	if err != nil {
		return nil, err
	}
	named := map[journal.Ref]bool{}
	for _, v := range source {
		u, ok := v.(*inventory.ImageUses)
		named[v.Ref()] = ok && u.Products() > 0
	}
	var gone []writer.Change
	for _, v := range target {
		if u, ok := v.(*inventory.ImageUses); ok && !named[v.Ref()] {
			gone = append(gone, writer.Change{Before: u, After: u.Unused()})
		}
	}
	return gone, nil
}
