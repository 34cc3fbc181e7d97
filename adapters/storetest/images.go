package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kassa/core/id"
	"kassa/core/inventory"
	"kassa/core/journal"
	"kassa/core/writer"
)

var imageRules = []rule{
	{"images are kept by their hash until no product names them", imagesAreKeptByTheirHash},
	{"an edit is refused before its bytes are kept", refusedEditsKeepNoBytes},
	{"bytes that are dropped before their edit are put again", droppedBytesArePutAgain},
	{"an image that was replaced while it is read is read again", replacedImagesAreReadAgain},
	{"images that change at once lose none", imagesAtOnceLoseNone},
	{"images that no product came to name are dropped after a day", straysAreDropped},
	{"the uses of an image that is not kept break the books", usesNeedTheirImage},
	{"another store's image is not there", imagesOfAnotherStore},
}

// picture makes an image; what stands in it, no store looks at.
func picture(t testing.TB, text string) inventory.Image {
	t.Helper()
	return must[inventory.Image](t)(inventory.NewImage(inventory.PNG, []byte("picture of "+text)))
}

// depict gives the product an image of the text.
func (s *stockroom) depict(t testing.TB, product id.ID, text string) inventory.Image {
	t.Helper()
	i := picture(t, text)
	l := must[inventory.Listed](t)(s.SetImage(t.Context(), s.id, inventory.SetImage{ID: product, Image: i}))
	if l.Product.ImageHash() != i.Hash() {
		t.Fatalf("product %s has the image %q", product, l.Product.ImageHash())
	}
	return i
}

// uses are how many products name each image, by hash: those of a census.
func (s *shop) uses(t testing.TB) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	err := s.Images.All(t.Context(), s.id, func(v writer.Value) error {
		u := v.(*inventory.ImageUses) //nolint:errcheck // the projection's kind
		found[u.Hash()] = u.Products()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (s *shop) wantUses(t testing.TB, want map[string]int64) {
	t.Helper()
	if got := s.uses(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("images are named %v times, want %v", got, want)
	}
}

func imagesAreKeptByTheirHash(t *testing.T, d *database) {
	s := d.stockroom(t)
	cup, pot := s.add(t, inventory.Details{Name: "Cup"}, 0), s.add(t, inventory.Details{Name: "Pot"}, 0)
	red := s.depict(t, cup, "red")
	s.depict(t, pot, "red")
	s.wantUses(t, map[string]int64{red.Hash(): 2})
	kept := must[inventory.Image](t)(s.Images.Get(t.Context(), s.id, red.Hash()))
	if kept.Type() != inventory.PNG || !bytes.Equal(kept.Bytes(), red.Bytes()) {
		t.Errorf("kept is %s %q", kept.Type(), kept.Bytes())
	}
	before := len(s.records(t))
	s.depict(t, cup, "red")
	if n := len(s.records(t)); n != before {
		t.Errorf("the same image again made %d records", n-before)
	}
	blue := s.depict(t, cup, "blue")
	s.wantUses(t, map[string]int64{red.Hash(): 1, blue.Hash(): 1})
	if err := s.Delete(t.Context(), s.id, inventory.Delete{ID: pot, Version: 2}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Images.Get(t.Context(), s.id, red.Hash())
	wantCode(t, err, "image_unknown")
	if err := s.RemoveImage(t.Context(), s.id, inventory.RemoveImage{ID: cup}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.RemoveImage(t.Context(), s.id, inventory.RemoveImage{ID: cup}), "image_unknown")
	s.wantUses(t, nil)
	if p := s.get(t, cup).Product; p.ImageHash() != "" || p.Version() != 4 {
		t.Errorf("the product has version %d and the image %q", p.Version(), p.ImageHash())
	}
	s.verify(t)
}

// hooked is Images with something done before each Put and Get.
type hooked struct {
	inventory.Images
	put func() bool // whether it is kept
	get func()
}

func (h hooked) Put(ctx context.Context, s id.Store, i inventory.Image, at time.Time) error {
	if h.put != nil && !h.put() {
		return nil
	}
	return h.Images.Put(ctx, s, i, at)
}

func (h hooked) Get(ctx context.Context, s id.Store, hash string) (inventory.Image, error) {
	if h.get != nil {
		h.get()
	}
	return h.Images.Get(ctx, s, hash)
}

func (s *stockroom) on(h hooked) *inventory.Service {
	h.Images = s.Images
	return inventory.NewService(s.w, s.Products, s.Stock, h, s.Journal)
}

func refusedEditsKeepNoBytes(t *testing.T, d *database) {
	s := d.stockroom(t)
	cup := s.add(t, inventory.Details{Name: "Cup"}, 0)
	service := s.on(hooked{put: func() bool { t.Error("bytes of a refused edit are kept"); return true }})
	_, err := service.SetImage(t.Context(), s.id, inventory.SetImage{ID: "none", Image: picture(t, "red")})
	wantCode(t, err, "product_unknown")
	_, err = service.SetImage(t.Context(), s.id, inventory.SetImage{ID: cup, Image: picture(t, "red"), Check: func(*inventory.Product) error { return errStop }})
	if !errors.Is(err, errStop) {
		t.Errorf("a check that refuses: %v", err)
	}
}

func droppedBytesArePutAgain(t *testing.T, d *database) {
	s := d.stockroom(t)
	cup, puts := s.add(t, inventory.Details{Name: "Cup"}, 0), 0
	service := s.on(hooked{put: func() bool { puts++; return puts > 2 }})
	red := inventory.SetImage{ID: cup, Image: picture(t, "red")}
	must[inventory.Listed](t)(service.SetImage(t.Context(), s.id, red))
	s.wantUses(t, map[string]int64{red.Image.Hash(): 1})
	_, err := s.on(hooked{put: func() bool { return false }}).SetImage(t.Context(), s.id, inventory.SetImage{ID: cup, Image: picture(t, "blue")})
	wantCode(t, err, "image_busy")
	s.verify(t)
}

func replacedImagesAreReadAgain(t *testing.T, d *database) {
	s := d.stockroom(t)
	cup := s.add(t, inventory.Details{Name: "Cup"}, 0)
	red, blue := s.depict(t, cup, "red"), picture(t, "blue")
	service := s.on(hooked{get: func() { s.depict(t, cup, "blue") }})
	nothing := func(string) bool { return false }
	if got := must[inventory.Image](t)(service.Image(t.Context(), s.id, cup, nothing)); got.Hash() != blue.Hash() {
		t.Errorf("read is %q", got.Bytes())
	}
	known := must[inventory.Image](t)(service.Image(t.Context(), s.id, cup, func(hash string) bool { return hash == blue.Hash() }))
	if known.Hash() != blue.Hash() || known.Bytes() != nil {
		t.Errorf("an image that is known is read as %q", known.Bytes())
	}
	if _, err := s.Images.Get(t.Context(), s.id, red.Hash()); codeOf(err) != "image_unknown" {
		t.Errorf("the image that was replaced: %v", err)
	}
}

// imagesAtOnceLoseNone has the same few images come and go on a few products, so that one is put while another edit drops its bytes.
func imagesAtOnceLoseNone(t *testing.T, d *database) {
	s := d.stockroom(t)
	var products []id.ID
	for i := range 4 {
		products = append(products, s.add(t, inventory.Details{Name: fmt.Sprint("Cup ", i)}, 0))
	}
	codes := outcomes(8, func(i int) error {
		for round := range 12 {
			c := inventory.SetImage{ID: products[(i+round)%4], Image: picture(t, fmt.Sprint((i*round)%3))}
			if _, err := s.SetImage(t.Context(), s.id, c); err != nil && codeOf(err) != "image_busy" {
				return err
			}
			if (i+round)%2 > 0 {
				continue
			}
			if err := s.RemoveImage(t.Context(), s.id, inventory.RemoveImage{ID: c.ID}); err != nil && codeOf(err) != "image_unknown" {
				return err
			}
		}
		return nil
	})
	if codes[""] != 8 {
		t.Errorf("got %v", codes)
	}
	s.verify(t)
}

func straysAreDropped(t *testing.T, d *database) {
	s := d.stockroom(t)
	red := s.depict(t, s.add(t, inventory.Details{Name: "Cup"}, 0), "red")
	began := s.clock.Now()
	put := func(text string, after time.Duration) {
		t.Helper()
		if err := s.Images.Put(t.Context(), s.id, picture(t, text), began.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		for i := range inventory.MaxSwept + 2 {
			_, err := s.Images.Get(t.Context(), s.id, picture(t, fmt.Sprint(i)).Hash())
			if err == nil {
				n++
			} else {
				wantCode(t, err, "image_unknown")
			}
		}
		return n
	}
	for i := range inventory.MaxSwept + 2 {
		put(fmt.Sprint(i), 0)
	}
	put("later", inventory.StrayAge)
	put("0", inventory.StrayAge) // again
	if n := left(); n != inventory.MaxSwept+2 {
		t.Errorf("%d are left after a day", n)
	}
	put("later still", inventory.StrayAge+time.Millisecond)
	if n := left(); n != 2 {
		t.Errorf("%d are left of the first sweep", n)
	}
	put("later still", inventory.StrayAge+time.Millisecond)
	if n := left(); n != 1 {
		t.Errorf("%d are left of the second sweep, and one was put again", n)
	}
	must[inventory.Image](t)(s.Images.Get(t.Context(), s.id, red.Hash()))
	s.wantUses(t, map[string]int64{red.Hash(): 1})
}

func usesNeedTheirImage(t *testing.T, d *database) {
	s := d.shop(t)
	for _, n := range []int64{0, 1} {
		u := must[*inventory.ImageUses](t)(inventory.NewImageUses(picture(t, "none").Hash(), n))
		err := s.Provider.Transact(t.Context(), func(ctx context.Context) error {
			return s.Images.Save(ctx, s.id, []writer.Change{{Before: u, After: u}})
		})
		if !errors.Is(err, journal.ErrBroken) {
			t.Errorf("named %d times: %v", n, err)
		}
	}
}

func imagesOfAnotherStore(t *testing.T, d *database) {
	s, other := d.stockroom(t), d.stockroom(t)
	red := s.depict(t, s.add(t, inventory.Details{Name: "Cup"}, 0), "red")
	_, err := other.Images.Get(t.Context(), other.id, red.Hash())
	wantCode(t, err, "image_unknown")
	if vs, err := other.Images.Load(t.Context(), other.id, []journal.Ref{inventory.ImageRef(red.Hash())}); err != nil || len(vs) > 0 {
		t.Errorf("loaded %v, %v", vs, err)
	}
	pot := other.add(t, inventory.Details{Name: "Pot"}, 0)
	other.depict(t, pot, "red")
	if err := other.Delete(t.Context(), other.id, inventory.Delete{ID: pot, Version: 2}); err != nil {
		t.Fatal(err)
	}
	must[inventory.Image](t)(s.Images.Get(t.Context(), s.id, red.Hash()))
}
