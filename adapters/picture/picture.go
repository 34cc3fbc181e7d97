// Package picture finds out what the bytes of an image are, whatever their sender says of them. It reads what every decoder reads first, and how the
// file is put together, but decodes no pixels: a small file can have more of them than there is memory.
package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"kassa/core/fault"
	"kassa/core/inventory"
)

// format is a type that images may have.
type format struct {
	kind   inventory.ImageType
	begins func(b []byte) bool
	size   func(b []byte) (image.Config, error)
	whole  func(b []byte, c image.Config) bool // whether nothing of the file is missing or of another size, and nothing follows it
}

var formats = []format{
	{inventory.PNG, isPNG, func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) }, wholePNG},
	{inventory.JPEG, isJPEG, func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) }, wholeJPEG},
	{inventory.WebP, isWebP, func(b []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(b)) }, wholeWebP},
}

// Read returns the image that the bytes are. Whatever is no PNG, JPEG or WebP from its first byte to its last, such as one with a page of HTML
// behind it, is an Unsupported fault with code image_type_unsupported; one of more pixels than inventory.MaxImageSide either way an Invalid fault with
// code image_dimensions_invalid; more than inventory.MaxImage bytes a TooLarge fault.
func Read(b []byte) (inventory.Image, error) {
	for _, f := range formats {
		if !f.begins(b) {
			continue
		}
		c, err := f.size(b)
		if err != nil {
			return inventory.Image{}, inventory.ImageUnsupported("the image cannot be read")
		}
		if c.Width < 1 || c.Height < 1 || c.Width > inventory.MaxImageSide || c.Height > inventory.MaxImageSide {
			return inventory.Image{}, fault.New(fault.Invalid, "image_dimensions_invalid", "an image has 1 to %d pixels either way, and this one %d x %d",
				inventory.MaxImageSide, c.Width, c.Height).With("width", c.Width).With("height", c.Height)
		}
		if !f.whole(b, c) {
			return inventory.Image{}, inventory.ImageUnsupported("the image is not whole, or something else follows it")
		}
		return inventory.NewImage(f.kind, b)
	}
	return inventory.Image{}, inventory.ImageUnsupported("an image is PNG, JPEG or WebP")
}
