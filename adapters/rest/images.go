package rest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"kassa/adapters/picture"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/inventory"
)

// imageVersion is how many digits of an image's hash its address names: enough to tell it from what the product looked like before.
const imageVersion = 16

// imageTimeout is how long the largest image may take to arrive and to be booked: at a minute, a third of a megabit a second is enough.
const imageTimeout = time.Minute

// imagePolicy lets a browser that opens an image by itself do nothing with it, whatever it takes it for.
const imagePolicy = "default-src 'none'; sandbox"

// imageURL is where the image of a product is. It names the image, so that it may be kept for ever.
func imageURL(product id.ID, hash string) string {
	return base + "/products/" + string(product) + "/image?v=" + hash[:imageVersion]
}

func imageTag(hash string) string { return `"` + hash + `"` }

// setImage gives a product an image, or another one, and answers with the product. The type is found in the bytes: PNG, JPEG or WebP, without
// anything behind the image. The product's stock and other fields stay; its version changes.
//
//	@Summary	Set the image of a product
//	@Tags		products
//	@Security	manager
//	@Accept		png,jpeg,image/webp
//	@Param		id			path		string	true	"product"
//	@Param		If-Match	header		string	false	"the ETag of the product or of its image that was seen, or *"
//	@Param		body		body		string	true	"the image, up to 2 MiB and 8192 pixels either way; its type is found in it, whatever Content-Type says"
//	@Success	200			{object}	productBody
//	@Header		200			{string}	ETag	"the product's version"
//	@Failure	404			{object}	Problem	"`product_unknown`"
//	@Failure	412			{object}	Problem	"`version_stale`"
//	@Failure	413			{object}	Problem	"`body_too_large`"
//	@Failure	415			{object}	Problem	"`image_type_unsupported`"
//	@Failure	422			{object}	Problem	"`image_dimensions_invalid`"
//	@Router		/products/{id}/image [put]
func (p Products) setImage(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	check, err := c.imageSeen()
	if err != nil {
		return err
	}
	body, err := c.readBody()
	if err != nil {
		return err
	}
	image, err := picture.Read(body)
	if err != nil {
		return err
	}
	return p.answer(c)(p.service.SetImage(c.Context(), c.Store(), inventory.SetImage{ID: i, Image: image, Check: check}))
}

// imageSeen returns how to refuse a product that is not as If-Match says, by the ETag of either the product or its image. Unlike an edit, an image is
// set as a whole, so the header may be left out. Faults: if_match_invalid; of the check, version_stale.
func (c *Call) imageSeen() (func(*inventory.Product) error, error) {
	h := strings.TrimSpace(c.Header(fiber.HeaderIfMatch))
	if h == "" || h == "*" {
		return nil, nil //nolint:nilnil // any will do
	}
	tags, ok := parseTags(h)
	if !ok {
		return nil, ifMatchInvalid()
	}
	return func(p *inventory.Product) error {
		if slices.Contains(tags, etag(p.Version())) || p.ImageHash() != "" && slices.Contains(tags, imageTag(p.ImageHash())) {
			return nil
		}
		return fault.StaleVersion(p.Version())
	}, nil
}

// image returns what a product looks like. At the address that image_url names it never changes; at others it is asked for again each time.
//
//	@Summary	Read the image of a product
//	@Tags		products
//	@Security	cashier
//	@Produce	png,jpeg,image/webp
//	@Param		id				path		string	true	"product"
//	@Param		v				query		string	false	"the first digits of the hash, as in image_url: with them the answer may be kept for a year"
//	@Param		If-None-Match	header		string	false	"the ETag of the image that is there already"
//	@Success	200				{string}	string	"image/png, image/jpeg or image/webp"
//	@Header		200				{string}	ETag	"the SHA-256 of the image"
//	@Success	304				{string}	string	"the image is the one of If-None-Match"
//	@Failure	404				{object}	Problem	"`product_unknown`, `image_unknown`"
//	@Router		/products/{id}/image [get]
func (p Products) image(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	image, err := p.service.Image(c.Context(), c.Store(), i, c.knows)
	if err != nil {
		return err
	}
	c.SetHeader(fiber.HeaderETag, imageTag(image.Hash()))
	c.SetHeader(fiber.HeaderCacheControl, "private, no-cache")
	if c.Query("v") == image.Hash()[:imageVersion] {
		c.SetHeader(fiber.HeaderCacheControl, "private, max-age=31536000, immutable")
	}
	c.SetHeader(fiber.HeaderContentSecurityPolicy, imagePolicy)
	if image.Bytes() == nil {
		c.rctx.SetStatusCode(http.StatusNotModified)
		return nil
	}
	c.SetHeader(fiber.HeaderContentDisposition, `inline; filename="`+string(i)+"."+image.Type().Extension()+`"`)
	return c.Bytes(http.StatusOK, string(image.Type()), image.Bytes())
}

// knows reports whether If-None-Match names the image: weakly, as RFC 9110, 13.1.2 has it.
func (c *Call) knows(hash string) bool {
	h := strings.TrimSpace(c.Header(fiber.HeaderIfNoneMatch))
	tags, _ := parseTags(strings.ReplaceAll(h, `W/"`, `"`))
	return h == "*" || slices.Contains(tags, imageTag(hash))
}

// removeImage takes the image of a product away.
//
//	@Summary	Remove the image of a product
//	@Tags		products
//	@Security	manager
//	@Param		id			path	string	true	"product"
//	@Param		If-Match	header	string	false	"the ETag of the product or of its image that was seen, or *"
//	@Success	204
//	@Failure	404	{object}	Problem	"`product_unknown`, `image_unknown`"
//	@Failure	412	{object}	Problem	"`version_stale`"
//	@Router		/products/{id}/image [delete]
func (p Products) removeImage(c *Call) error {
	i, err := c.ID("id", "product")
	if err != nil {
		return err
	}
	check, err := c.imageSeen()
	if err != nil {
		return err
	}
	if err := p.service.RemoveImage(c.Context(), c.Store(), inventory.RemoveImage{ID: i, Check: check}); err != nil {
		return err
	}
	return c.NoContent()
}
