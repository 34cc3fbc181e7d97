package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/writer"
)

// The bounds of images.
const (
	MaxImage     = 2 << 20 // bytes
	MaxImageSide = 8192    // pixels, of its width and of its height
)

// What is kept of images that no product came to name, because their edit was refused or a server ended before it.
const (
	StrayAge = 24 * time.Hour // those put longer ago are dropped
	MaxSwept = 10             // of them at a time
)

// ImageType is the media type of an image.
type ImageType string

// The types that products may have images of.
const (
	PNG  ImageType = "image/png"
	JPEG ImageType = "image/jpeg"
	WebP ImageType = "image/webp"
)

// ParseImageType returns a type, or an Unsupported fault with code image_type_unsupported.
func ParseImageType(s string) (ImageType, error) {
	switch t := ImageType(s); t {
	case PNG, JPEG, WebP:
		return t, nil
	}
	return "", ImageUnsupported("an image is PNG, JPEG or WebP")
}

// Extension returns what a file of the type is called after its dot.
func (t ImageType) Extension() string {
	return map[ImageType]string{PNG: "png", JPEG: "jpg", WebP: "webp"}[t]
}

// Image is what a product looks like. It is known by the SHA-256 of its bytes. Immutable; the bytes are not copied.
type Image struct {
	hash  string
	kind  ImageType
	bytes []byte
}

// NewImage returns the image of bytes that were found to be of the type. Faults: image_type_unsupported; TooLarge body_too_large above MaxImage.
func NewImage(t ImageType, bytes []byte) (Image, error) {
	if _, err := ParseImageType(string(t)); err != nil {
		return Image{}, err
	}
	if len(bytes) == 0 {
		return Image{}, ImageUnsupported("the image is empty")
	}
	if len(bytes) > MaxImage {
		return Image{}, fault.New(fault.TooLarge, "body_too_large", "an image has at most %d bytes", MaxImage).With("limit", MaxImage)
	}
	sum := sha256.Sum256(bytes)
	return Image{hex.EncodeToString(sum[:]), t, bytes}, nil
}

// RestoreImage returns the image that a store kept under the hash; ErrCorrupt where it is another one, or none.
func RestoreImage(hash, kind string, bytes []byte) (Image, error) {
	i, err := NewImage(ImageType(kind), bytes)
	switch {
	case err != nil:
		return Image{}, corruptImage(hash, err)
	case i.hash != hash:
		return Image{}, corruptImage(hash, errBytes)
	}
	return i, nil
}

// Hash returns the SHA-256 of the bytes as 64 hexadecimal digits.
func (i Image) Hash() string { return i.hash }

// Type returns the media type.
func (i Image) Type() ImageType { return i.kind }

// Bytes returns the bytes, which must not be changed; none where only the hash was asked for.
func (i Image) Bytes() []byte { return i.bytes }

// isImageHash reports whether the text is a hash as Image has it.
func isImageHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == s
}

// ImageKind is the kind of the refs of images. Neither records nor the writer's memory hold them: bytes come and go beside the journal.
const ImageKind = "!image"

// ImageUses is how many products name an image whose bytes are kept. Who names it changes it in the same step, and the bytes go with the last
// one. Immutable.
type ImageUses struct {
	hash     string
	products int64
}

// ImageRef names the uses of an image.
func ImageRef(hash string) journal.Ref { return journal.NewRef(ImageKind, hash) }

// NewImageUses returns the uses that a store kept; ErrCorrupt below zero, and of what is no hash.
func NewImageUses(hash string, products int64) (*ImageUses, error) {
	if products < 0 || !isImageHash(hash) {
		return nil, corruptImage(hash, fault.New(fault.Internal, "uses_invalid", "%d products cannot name it", products))
	}
	return &ImageUses{hash, products}, nil
}

// Ref implements writer.Value.
func (u *ImageUses) Ref() journal.Ref { return ImageRef(u.hash) }

// Evidence implements writer.Evident.
func (u *ImageUses) Evidence() string { return strconv.FormatInt(u.products, 10) }

// Hash returns whose uses they are.
func (u *ImageUses) Hash() string { return u.hash }

// Products returns how many products name the image; none where its bytes came before their edit, or are to go.
func (u *ImageUses) Products() int64 { return u.products }

// Unused returns the uses of an image that no product names.
func (u *ImageUses) Unused() *ImageUses { return &ImageUses{u.hash, 0} }

// moveImage returns the uses that change when a product's image becomes another one; either may be empty. imageGone where the bytes are not kept.
func moveImage(b books, before, after string) (values []writer.Value, err error) {
	if after != "" {
		u, ok := b.Value(ImageRef(after)).(*ImageUses)
		if ok {
			values = append(values, &ImageUses{after, u.products + 1})
		} else {
			err = imageGone()
		}
	}
	if before != "" {
		if u, ok := b.Value(ImageRef(before)).(*ImageUses); ok && u.products > 0 {
			values = append(values, &ImageUses{before, u.products - 1})
		}
	}
	return values, err
}

// SetImage is the command to give a product an image, or another one.
type SetImage struct {
	ID    id.ID
	Image Image
	Check func(*Product) error // pure: refuses a product that is not as it was seen; nil: any will do
}

// RemoveImage is the command to take a product's image away.
type RemoveImage struct {
	ID    id.ID
	Check func(*Product) error // as in SetImage
}

type imageOperation struct {
	product id.ID
	hash    string // empty: none
	check   func(*Product) error
}

// Intent implements writer.Operation.
func (o *imageOperation) Intent() writer.Intent { return writer.Intent{} }

// Apply implements writer.Operation.
func (o *imageOperation) Apply(v *writer.View) (journal.Draft, []writer.Value, error) {
	settings, p, err := existing(v, o.product)
	if err == nil && o.check != nil {
		err = o.check(p)
	}
	switch {
	case err != nil:
		return journal.Draft{}, nil, err
	case p.imageHash == "" && o.hash == "":
		return journal.Draft{}, nil, ImageUnknown()
	case p.imageHash == o.hash:
		return journal.Draft{}, nil, errUnchanged
	}
	uses, err := moveImage(v, p.imageHash, o.hash)
	if err != nil {
		return journal.Draft{}, nil, err
	}
	after := p.depicted(o.hash)
	r := result{doc: &Edit{Change: Edited, Product: *after}, before: p, values: append(uses, after)}
	return r.draft(settings, v), r.values, nil
}
