package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"kassa/adapters/picture"
	"kassa/core/fault"
	"kassa/core/inventory"
)

// gopher is some picture, not of one colour.
func gopher() image.Image {
	m := image.NewPaletted(image.Rect(0, 0, 24, 16), color.Palette{color.White, color.Black, color.RGBA{0, 173, 216, 255}})
	for i := range m.Pix {
		m.Pix[i] = uint8(i * i % 3) //nolint:gosec // below 3
	}
	return m
}

func encoded(t testing.TB, encode func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// good are images of every type that is taken.
func good(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"png of a palette": encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, gopher()) }),
		"png of colours":   encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewNRGBA64(image.Rect(0, 0, 7, 5))) }),
		"jpeg":             encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, gopher(), nil) }),
		"jpeg in grey":     encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, image.NewGray(image.Rect(0, 0, 99, 1)), nil) }),
		"webp":             decoded(t, "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"),
		"webp, lossless":   decoded(t, "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
		"webp, extended":   decoded(t, "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA=="),
		"webp that moves":  riff("VP8X", canvas(9, 9), "ANIM", "\xff\xff\xff\xff\x00\x00", "ANMF", moving(9, 9, lossless(9, 9)), "ANMF", moving(3, 2, lossless(3, 2))),
	}
}

func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return ""
}

func TestImagesAreTheirBytes(t *testing.T) {
	for name, b := range good(t) {
		i, err := picture.Read(b)
		kind, _, _ := strings.Cut(name, " ")
		if kind = strings.Trim(kind, ","); err != nil || string(i.Type()) != "image/"+kind || !bytes.Equal(i.Bytes(), b) {
			t.Errorf("%s: %s, %v", name, i.Type(), err)
		}
	}
}

func TestHalfAnImageIsNone(t *testing.T) {
	for name, b := range good(t) {
		for n := range b {
			if i, err := picture.Read(b[:n]); codeOf(err) != "image_type_unsupported" {
				t.Errorf("%d of %d bytes of a %s: %s, %v", n, len(b), name, i.Type(), err)
			}
		}
	}
}

func TestNothingFollowsAnImage(t *testing.T) {
	for name, b := range good(t) {
		for _, more := range []string{"\x00", "\n", "\r\n<script>alert(1)</script>", "PK\x03\x04", string(b)} {
			if _, err := picture.Read(append(bytes.Clone(b), more...)); codeOf(err) != "image_type_unsupported" {
				t.Errorf("a %s and %.20q behind it: %v", name, more, err)
			}
		}
	}
}

func TestNoByteMakesItPanic(t *testing.T) {
	for _, b := range good(t) {
		for i := range b {
			for _, x := range []byte{0, 1, 0x7F, 0xFF} {
				changed := bytes.Clone(b)
				changed[i] ^= x
				if read, err := picture.Read(changed); err == nil && read.Hash() == "" || err != nil && codeOf(err) == "" {
					t.Fatalf("byte %d: %v", i, err)
				}
			}
		}
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	pixels := good(t)["png of colours"]
	for name, b := range map[string][]byte{
		"nothing":                                nil,
		"html":                                   []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"svg":                                    []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"script":                                 []byte("#!/bin/sh\necho hello"),
		"pdf":                                    []byte("%PDF-1.7\n"),
		"bmp":                                    []byte("BM6\x00\x00\x00"),
		"gif":                                    encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, gopher(), nil) }),
		"gif that is html":                       []byte("GIF89a/*<script>*/=1;alert(1)"),
		"html before a png":                      append([]byte("<html>"), pixels...),
		"signature of a png":                     []byte("\x89PNG\r\n\x1a\n"),
		"png of other pixels":                    bytes.Replace(pixels, []byte("IDAT\x78"), []byte("IDAT\x79"), 1),
		"png without pixels":                     withoutChunk(t, pixels, "IDAT"),
		"png without its end":                    withoutChunk(t, pixels, "IEND"),
		"beginning of a jpeg":                    {0xFF, 0xD8, 0xFF, 0xD9},
		"riff of sound":                          []byte("RIFF\x04\x00\x00\x00WAVE"),
		"webp of nothing":                        []byte("RIFF\x04\x00\x00\x00WEBP"),
		"png of empty pixels":                    chunked(t, pixels, "IDAT", nil),
		"png of two headers":                     bytes.Replace(pixels, pixels[8:33], append(bytes.Clone(pixels[8:33]), sized(pixels, 1<<16, 1<<16)[8:33]...), 1),
		"jpeg of two frames":                     twoFrames(t, good(t)["jpeg in grey"]),
		"webp of large pixels on a small canvas": riff("VP8X", canvas(1, 1), "VP8L", lossless(1<<14, 1<<14)),
		"webp of a large frame":                  riff("VP8X", canvas(2, 2), "ANMF", moving(3, 2, lossless(3, 2))),
		"webp of a frame of other pixels":        riff("VP8X", canvas(9, 9), "ANMF", moving(3, 2, lossless(4, 2))),
		"webp of a frame of html":                riff("VP8X", canvas(9, 9), "ANMF", "<html><script>alert(1)</script>"),
		"webp of empty pixels":                   riff("VP8X", canvas(1, 1), "VP8L", ""),
		"webp of no key frame":                   riff("VP8X", canvas(1, 1), "VP8 ", "<script>"),
		"webp without pixels":                    []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	} {
		if i, err := picture.Read(b); codeOf(err) != "image_type_unsupported" {
			t.Errorf("%s: %s, %v", name, i.Type(), err)
		}
	}
}

// chunked gives a chunk of a PNG other data.
func chunked(t testing.TB, b []byte, name string, data []byte) []byte {
	t.Helper()
	at := bytes.Index(b, []byte(name)) - 4
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data))) //nolint:gosec // a few bytes
	chunk = append(append(chunk, name...), data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	rest := withoutChunk(t, b, name)
	return append(append(bytes.Clone(b[:at]), chunk...), rest[at:]...)
}

// twoFrames repeats the frame and the pixels of a JPEG, larger.
func twoFrames(t testing.TB, b []byte) []byte {
	t.Helper()
	at := bytes.Index(b, []byte{0xFF, 0xC0})
	if at < 0 {
		t.Fatal("the image has no frame")
	}
	more := bytes.Clone(b[at:])
	binary.BigEndian.PutUint16(more[5:], 1<<15)
	return append(bytes.Clone(b[:len(b)-2]), more...)
}

// riff is a WebP of chunks, each a name and its data.
func riff(chunks ...string) []byte {
	body := "WEBP" + pieces(chunks...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...) //nolint:gosec // a few bytes
}

func pieces(chunks ...string) string {
	var b []byte
	for i := 0; i < len(chunks); i += 2 {
		b = binary.LittleEndian.AppendUint32(append(b, chunks[i]...), uint32(len(chunks[i+1]))) //nolint:gosec // a few bytes
		b = append(append(b, chunks[i+1]...), make([]byte, len(chunks[i+1])%2)...)
	}
	return string(b)
}

func three(n int) string { return string([]byte{byte(n), byte(n >> 8), byte(n >> 16)}) }

// canvas is the data of VP8X, moving of ANMF, and lossless begins that of VP8L.
func canvas(width, height int) string { return "\x02\x00\x00\x00" + three(width-1) + three(height-1) }

func moving(width, height int, pixels string) string {
	return strings.Repeat("\x00", 6) + three(width-1) + three(height-1) + "\x0a\x00\x00\x00" + pieces("VP8L", pixels)
}

func lossless(width, height uint32) string {
	return string(binary.LittleEndian.AppendUint32([]byte{0x2f}, width-1|(height-1)<<14)) + strings.Repeat("\x00", 8)
}

// withoutChunk leaves a chunk of a PNG out.
func withoutChunk(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	at := bytes.Index(b, []byte(name)) - 4
	if at < 0 {
		t.Fatalf("the image has no %s", name)
	}
	n := int(binary.BigEndian.Uint32(b[at:]))
	return append(bytes.Clone(b[:at]), b[at+12+n:]...)
}

// sized says in the header of a PNG that it has other dimensions.
func sized(b []byte, width, height uint32) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestImagesAreBounded(t *testing.T) {
	pixels := good(t)["png of colours"]
	const most = inventory.MaxImageSide
	for _, tt := range []struct {
		width, height uint32
		want          string
	}{{most, most, ""}, {most + 1, 1, "image_dimensions_invalid"}, {1, most + 1, "image_dimensions_invalid"}, {1 << 30, 1 << 30, "image_type_unsupported"}, {0, 1, "image_type_unsupported"}} {
		if _, err := picture.Read(sized(pixels, tt.width, tt.height)); codeOf(err) != tt.want {
			t.Errorf("%d x %d: %v", tt.width, tt.height, err)
		}
	}
	padded := func(n int) []byte { // with a chunk of text before its end
		end := len(pixels) - 12
		body := append([]byte("tEXt"), make([]byte, n-len(pixels)-12)...)
		b := binary.BigEndian.AppendUint32(bytes.Clone(pixels[:end]), uint32(len(body)-4)) //nolint:gosec // a few MiB
		b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
		return append(b, pixels[end:]...)
	}
	if _, err := picture.Read(padded(inventory.MaxImage)); err != nil {
		t.Error(err)
	}
	if _, err := picture.Read(padded(inventory.MaxImage + 1)); codeOf(err) != "body_too_large" {
		t.Errorf("one byte too many: %v", err)
	}
}
