package inventory

import (
	"context"
	"errors"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/writer"
)

// imageTries is how often bytes are kept again that another edit dropped in between, and read again that it replaced.
const imageTries = 3

// SetImage gives a product an image and returns the product as it is now; the same image again leaves no record. The bytes are kept before
// the edit that names them: what is lost in between is bytes that nobody sees. Faults: product_unknown, those of Check, image_busy.
func (s *Service) SetImage(ctx context.Context, st id.Store, c SetImage) (Listed, error) {
	op := &imageOperation{product: c.ID, hash: c.Image.hash, check: c.Check}
	err := imageGone()
	for try := 0; try < imageTries && fault.IsCode(err, goneCode); try++ {
		if err = s.keep(ctx, st, op, c.Image); err == nil {
			_, err = s.w.Do(ctx, st, op)
		}
	}
	if err != nil && !errors.Is(err, errUnchanged) {
		return Listed{}, err
	}
	return s.Get(ctx, st, c.ID)
}

// keep keeps the image's bytes where they are not, unless the operation is going to be refused.
func (s *Service) keep(ctx context.Context, st id.Store, op *imageOperation, i Image) error {
	var now time.Time
	err := s.w.Read(ctx, st, func(v *writer.View) error {
		now = v.Now()
		_, _, err := op.Apply(v)
		return err
	})
	if fault.IsCode(err, goneCode) {
		err = s.images.Put(ctx, st, i, now)
	}
	return err
}

// RemoveImage takes a product's image away. Faults: product_unknown, image_unknown, those of Check.
func (s *Service) RemoveImage(ctx context.Context, st id.Store, c RemoveImage) error {
	_, err := s.w.Do(ctx, st, &imageOperation{product: c.ID, check: c.Check})
	return err
}

// Image returns what a product looks like; of an image that the caller knows by its hash, the hash alone. NotFound faults product_unknown,
// image_unknown; ErrCorrupt where what is kept is another image.
func (s *Service) Image(ctx context.Context, st id.Store, product id.ID, known func(hash string) bool) (Image, error) {
	for range imageTries {
		l, err := s.Get(ctx, st, product)
		if err != nil {
			return Image{}, err
		}
		hash := l.Product.imageHash
		if hash == "" {
			break
		}
		if known(hash) {
			return Image{hash: hash}, nil
		}
		if i, err := s.images.Get(ctx, st, hash); !fault.IsCode(err, unknownCode) {
			return i, err
		}
	}
	return Image{}, ImageUnknown()
}
