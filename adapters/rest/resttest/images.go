package resttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// images: row 18.
func images(t *testing.T, open Open) {
	s := NewShop(t, open)
	t.Run("an image is served as it was sent", func(t *testing.T) { servedImages(t, s) })
	t.Run("an image that is known is not sent again", func(t *testing.T) { knownImage(t, s) })
	t.Run("what is no image is refused", func(t *testing.T) { refusedImages(t, s) })
	t.Run("an image is replaced and removed", func(t *testing.T) { replacedImage(t, s) })
	t.Run("an image changes if it is as it was seen", func(t *testing.T) { seenImage(t, s) })
	t.Run("cashiers see images and managers set them", func(t *testing.T) { whoSetsImages(t, s) })
	t.Run("an image stays when the product is edited and imported", func(t *testing.T) {
		p := s.NewProduct("Kept", 100, 1, `"sku":"KEPT"`)
		url := s.setImage(p, somePNG(30)).Want(200).Text("image_url")
		s.edit(p, `{"price":5}`).Want(200)
		s.As(s.Manager).Post("/products/import", `[{"sku":"KEPT","name":"Imported","price":1.99}]`).Want(200).Fields(map[string]int64{"updated": 1})
		if got := s.As(s.Manager).Get("/products/" + p).Want(200); got.Text("image_url") != url || got.Text("name") != "Imported" {
			t.Errorf("got %s", got.Raw)
		}
	})
	t.Run("images that change at once lose none", func(t *testing.T) { imagesAtOnce(t, s) })
	s.MustVerify()
}

// setImage sends an image as a manager.
func (s *Shop) setImage(product string, b []byte) Answer {
	s.t.Helper()
	return s.As(s.Manager).Put("/products/"+product+"/image", string(b))
}

// somePNG makes an image of that many pixels; no other number makes the same.
func somePNG(width int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 2))); err != nil {
		panic(err) // it is encoded into memory
	}
	return b.Bytes()
}

func someJPEG() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// someWebP is one pixel.
func someWebP() []byte {
	b, err := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	if err != nil {
		panic(err)
	}
	return b
}

// padded lengthens a PNG to n bytes, with a chunk of text before its end.
func padded(b []byte, n int) []byte {
	end := len(b) - 12
	body := append([]byte("tEXt"), make([]byte, n-len(b)-12)...)
	long := binary.BigEndian.AppendUint32(bytes.Clone(b[:end]), uint32(len(body)-4)) //nolint:gosec // a few MiB
	return append(binary.BigEndian.AppendUint32(append(long, body...), crc32.ChecksumIEEE(body)), b[end:]...)
}

func hashOf(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// headers fails the test unless the answer has exactly these; an empty one must be missing.
func (a Answer) headers(want map[string]string) Answer {
	a.t.Helper()
	for name, value := range want {
		if got := a.Header.Get(name); got != value {
			a.t.Errorf("%s: %s is %q, want %q", a.what, name, got, value)
		}
	}
	return a
}

const (
	forEver = "private, max-age=31536000, immutable"
	askedOn = "private, no-cache"
)

func servedImages(t *testing.T, s *Shop) {
	for name, b := range map[string][]byte{"image/png": somePNG(3), "image/jpeg": someJPEG(), "image/webp": someWebP(), "image/png at most": padded(somePNG(8192), 2<<20)} {
		kind, _, _ := strings.Cut(name, " ")
		p := s.NewProduct(name, 100, 1)
		set := s.As(s.Manager).With("Content-Type", "text/html").Put("/products/"+p+"/image", string(b)).Want(200).headers(map[string]string{"ETag": `"2"`})
		hash := hashOf(b)
		url := "/products/" + p + "/image?v=" + hash[:16]
		if set.Text("image_url") != "/api/v1"+url || set.Int("version") != 2 || set.Text("id") != p {
			t.Errorf("set is %s", set.Raw)
		}
		want := map[string]string{
			"Content-Type": kind, "ETag": `"` + hash + `"`, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
			"Content-Disposition": `inline; filename="` + p + "." + strings.Replace(strings.TrimPrefix(kind, "image/"), "jpeg", "jpg", 1) + `"`,
			"Content-Length":      fmt.Sprint(len(b)), "Cache-Control": forEver, "Cross-Origin-Resource-Policy": "same-origin",
		}
		if a := s.As(s.Cashier).Get(url).Want(200).headers(want); !bytes.Equal(a.Raw, b) {
			t.Errorf("%s: %d bytes came back of %d", name, len(a.Raw), len(b))
		}
		if head := s.As(s.Cashier).Do("HEAD", url, "").Want(200).headers(want); len(head.Raw) > 0 {
			t.Errorf("HEAD answers %d bytes", len(head.Raw))
		}
		want["Cache-Control"] = askedOn
		for _, v := range []string{"", "?v=", "?v=" + hash[:15], "?v=" + hash, "?v=0000000000000000"} {
			if a := s.As(s.Cashier).Get("/products/" + p + "/image" + v).Want(200).headers(want); !bytes.Equal(a.Raw, b) {
				t.Errorf("%s%s: %d bytes came back of %d", name, v, len(a.Raw), len(b))
			}
		}
		if listed := s.As(s.Cashier).Get("/products?query=" + strings.ReplaceAll(name, " ", "%20")).Want(200).Items("items"); listed[0]["image_url"] != "/api/v1"+url {
			t.Errorf("the list shows %v", listed)
		}
	}
}

func knownImage(t *testing.T, s *Shop) {
	p, b := s.NewProduct("Known", 100, 1), somePNG(4)
	s.setImage(p, b).Want(200)
	tag := `"` + hashOf(b) + `"`
	path := "/products/" + p + "/image"
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, `"x",W/` + tag, "*"} {
		for v, cache := range map[string]string{"": askedOn, "?v=" + hashOf(b)[:16]: forEver} {
			want := map[string]string{"ETag": tag, "Cache-Control": cache, "Content-Type": "", "Content-Disposition": ""}
			for _, method := range []string{"GET", "HEAD"} {
				if a := s.As(s.Cashier).With("If-None-Match", known).Do(method, path+v, "").Want(304).headers(want); len(a.Raw) > 0 {
					t.Errorf("304 with %d bytes", len(a.Raw))
				}
			}
		}
	}
	for _, other := range []string{`"x"`, hashOf(b), `"` + hashOf(b)[:16] + `"`, `"`, ""} {
		if a := s.As(s.Cashier).With("If-None-Match", other).Get(path).Want(200); !bytes.Equal(a.Raw, b) {
			t.Errorf("who has %s got %d bytes", other, len(a.Raw))
		}
	}
}

func refusedImages(t *testing.T, s *Shop) {
	p, good := s.NewProduct("Refused", 100, 1), somePNG(5)
	s.setImage(p, good).Want(200)
	var moving bytes.Buffer
	if err := gif.Encode(&moving, image.NewGray(image.Rect(0, 0, 9, 9)), nil); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "html": []byte("<!DOCTYPE html><script>alert(1)</script>"), "gif": moving.Bytes(), "gif that is a script": []byte("GIF89a/*\x00*/=1;alert(1)"),
		"svg":  []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"json": []byte(`{"image":"x"}`), "half a png": good[:len(good)/2], "a png but for a byte": good[:len(good)-1], "half a jpeg": someJPEG()[:300], "half a webp": someWebP()[:30],
		"html behind a png": append(bytes.Clone(good), "<html><script>alert(1)</script>"...), "html behind a jpeg": append(someJPEG(), "<script>alert(1)</script>"...),
		"html behind a webp": append(someWebP(), "<script>alert(1)</script>"...), "html before a png": append([]byte("<html>"), good...), "a line before a png": append([]byte("\n"), good...),
	} {
		for _, says := range []string{"image/png", "image/svg+xml", "application/json"} {
			a := s.As(s.Manager).With("Content-Type", says).Put("/products/"+p+"/image", string(b)).Refused(415, "image_type_unsupported")
			if a.Status != 415 {
				t.Error(name)
			}
		}
	}
	s.setImage(p, somePNG(8193)).Refused(422, "image_dimensions_invalid").Fields(map[string]int64{"width": 8193, "height": 2})
	s.setImage(p, padded(good, 2<<20+1)).Refused(413, "body_too_large")
	s.setImage(p, make([]byte, 5<<20)).Refused(413, "body_too_large")
	if a := s.As(s.Cashier).Get("/products/" + p + "/image").Want(200); !bytes.Equal(a.Raw, good) {
		t.Error("a refused image took the place of the one that was there")
	}
	if v := s.As(s.Cashier).Get("/products/" + p).Want(200).Int("version"); v != 2 {
		t.Errorf("refused images made version %d", v)
	}
	for _, none := range []string{"nothing", "a%20b"} {
		s.As(s.Manager).Put("/products/"+none+"/image", string(good)).Refused(404, "product_unknown")
		s.As(s.Manager).Get("/products/"+none+"/image").Refused(404, "product_unknown")
		s.As(s.Manager).Delete("/products/"+none+"/image").Refused(404, "product_unknown")
	}
}

func replacedImage(t *testing.T, s *Shop) {
	p, other := s.NewProduct("Replaced", 100, 1), s.NewProduct("Other", 100, 1)
	path := "/products/" + p + "/image"
	s.As(s.Cashier).Get(path).Refused(404, "image_unknown")
	s.As(s.Manager).Delete(path).Refused(404, "image_unknown")
	first, second := somePNG(6), someJPEG()
	s.setImage(other, first).Want(200)
	old := s.setImage(p, first).Want(200).Text("image_url")
	s.setImage(p, second).Want(200)
	again := s.setImage(p, second).Want(200)
	if again.Int("version") != 3 || again.Text("image_url") == old {
		t.Errorf("set again is %s", again.Raw)
	}
	a := s.As(s.Cashier).Get(strings.TrimPrefix(old, "/api/v1")).Want(200).headers(map[string]string{"Cache-Control": askedOn, "Content-Type": "image/jpeg"})
	if !bytes.Equal(a.Raw, second) {
		t.Error("at the old address there is another image than the present one")
	}
	s.As(s.Manager).Delete(path).Want(204)
	s.As(s.Manager).Delete(path).Refused(404, "image_unknown")
	s.As(s.Cashier).Get(path).Refused(404, "image_unknown")
	if got := s.As(s.Cashier).Get("/products/" + p).Want(200); got.Body["image_url"] != nil || got.Int("version") != 4 {
		t.Errorf("without its image it is %s", got.Raw)
	}
	if a := s.As(s.Cashier).Get("/products/" + other + "/image").Want(200); !bytes.Equal(a.Raw, first) {
		t.Error("the other product with the same image lost it")
	}
	s.As(s.Manager).With("If-Match", `"2"`).Delete("/products/" + other).Want(204)
	s.As(s.Cashier).Get("/products/"+other+"/image").Refused(404, "product_unknown")
	s.setImage(other, first).Refused(404, "product_unknown")
	if a := s.setImage(p, first).Want(200); a.Int("version") != 5 {
		t.Errorf("with the image that came and went it is %s", a.Raw)
	}
}

func seenImage(t *testing.T, s *Shop) {
	p := s.NewProduct("Seen", 100, 1)
	path := "/products/" + p + "/image"
	set := func(tag string, b []byte) Answer {
		t.Helper()
		return s.As(s.Manager).With("If-Match", tag).Put(path, string(b))
	}
	remove := func(tag string) Answer {
		t.Helper()
		return s.As(s.Manager).With("If-Match", tag).Delete(path)
	}
	tag := func(b []byte) string { return `"` + hashOf(b) + `"` }
	set(`"2"`, somePNG(7)).Refused(412, "version_stale")
	set(`""`, somePNG(7)).Refused(412, "version_stale") // of no image
	set(`"1"`, somePNG(7)).Want(200)
	set(`"1"`, somePNG(8)).Refused(412, "version_stale").Fields(map[string]int64{"version": 2})
	set(tag(somePNG(8)), somePNG(8)).Refused(412, "version_stale")
	set("W/"+tag(somePNG(7)), somePNG(8)).Refused(412, "version_stale")
	set(tag(somePNG(7)), somePNG(8)).Want(200)
	set(tag(somePNG(8))+`, "9"`, somePNG(9)).Want(200)
	set("*", somePNG(10)).Want(200)
	for _, odd := range []string{"1", "**", `"1`, ","} {
		set(odd, somePNG(11)).Refused(400, "if_match_invalid")
		remove(odd).Refused(400, "if_match_invalid")
	}
	remove(`"1"`).Refused(412, "version_stale")
	remove(tag(somePNG(9))).Refused(412, "version_stale")
	remove(tag(somePNG(10))).Want(204)
}

func whoSetsImages(t *testing.T, s *Shop) {
	p := s.NewProduct("Shared", 100, 1)
	path := "/products/" + p + "/image"
	s.setImage(p, somePNG(12)).Want(200)
	s.As(s.Cashier).Put(path, string(somePNG(13))).Refused(403, "role_forbidden")
	s.As(s.Cashier).Put(path, strings.Repeat("x", 3<<20)).Refused(403, "role_forbidden")
	s.As(s.Cashier).Delete(path).Refused(403, "role_forbidden")
	s.As(s.Cashier).Get(path).Want(200)
	s.Anonymous().Get(path).Refused(401, "token_missing")
	s.Anonymous().Put(path, string(somePNG(13))).Refused(401, "token_missing")
	s.Anonymous().With("Cookie", "kassa_session="+s.Cashier).Get(path).Want(200) // as a page shows it
	if a := s.As(s.Cashier).Get(path).Want(200); !bytes.Equal(a.Raw, somePNG(12)) {
		t.Error("somebody changed the image")
	}
}

// imagesAtOnce has two images come and go on the same products: whoever puts one meets those who drop its bytes.
func imagesAtOnce(t *testing.T, s *Shop) {
	products := make([]string, 4)
	for i := range products {
		products[i] = s.NewProduct(fmt.Sprint("Parallel ", i), 100, 1)
	}
	for range 3 {
		parallel(12, func(i int) {
			path := "/products/" + products[i%len(products)] + "/image"
			if a := s.setImage(products[i%len(products)], somePNG(20+i%2)); a.Status != 200 && a.Status != 503 {
				t.Errorf("set: %d %s", a.Status, a.Raw)
			}
			if a := s.As(s.Cashier).Get(path); a.Status != 200 && a.Status != 404 {
				t.Errorf("read: %d %s", a.Status, a.Raw)
			}
			if i%3 == 0 {
				if a := s.As(s.Manager).Delete(path); a.Status != 204 && a.Status != 404 {
					t.Errorf("removed: %d %s", a.Status, a.Raw)
				}
			}
		})
	}
	for _, p := range products {
		shown := s.As(s.Cashier).Get("/products/" + p).Want(200).Body["image_url"]
		status := 200
		if shown == nil {
			status = 404
		}
		s.As(s.Cashier).Get("/products/" + p + "/image").Want(status)
	}
	s.MustVerify()
}
