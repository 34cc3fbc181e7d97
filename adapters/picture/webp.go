package picture

import (
	"encoding/binary"
	"image"
)

// riffHeader is the bytes before a WebP's chunks: RIFF, how long the rest is, WEBP.
const riffHeader = 12

func isWebP(b []byte) bool {
	return len(b) >= riffHeader && string(b[:4]) == "RIFF" && string(b[8:riffHeader]) == "WEBP"
}

// wholeWebP walks the chunks: each has four letters, its length and its data, with a byte of padding behind an odd length (RFC 9649, 2.3). A still
// has the pixels of its canvas, which is what is bounded, and no frame of a moving image has more.
func wholeWebP(b []byte, canvas image.Config) bool {
	if int64(binary.LittleEndian.Uint32(b[4:])) != int64(len(b)-8) {
		return false
	}
	pixels := false
	whole := chunks(b[riffHeader:], func(name string, data []byte) bool {
		if name == "ANMF" {
			pixels = true
			return fitsFrame(data, canvas)
		}
		size, coded := sizeOf(name, data)
		pixels = pixels || coded
		return !coded || size == image.Pt(canvas.Width, canvas.Height)
	})
	return whole && pixels
}

// chunks walks the chunks of a WebP to their end, or to the first that each refuses.
func chunks(b []byte, each func(name string, data []byte) bool) bool {
	const frame = 8 // bytes of a chunk before its data
	for len(b) >= frame {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		padded := n + n%2
		if padded > int64(len(b)-frame) || !each(string(b[:4]), b[frame:frame+n]) {
			return false
		}
		b = b[frame+padded:]
	}
	return len(b) == 0
}

// fitsFrame reports whether a frame of a moving image is whole and no larger than the canvas. Its chunks stand behind sixteen bytes, of which six
// are its width and height, less one.
func fitsFrame(data []byte, canvas image.Config) bool {
	const head = 16
	if len(data) < head {
		return false
	}
	says := image.Pt(1+int24(data[6:]), 1+int24(data[9:]))
	pixels := false
	whole := chunks(data[head:], func(name string, data []byte) bool {
		size, coded := sizeOf(name, data)
		pixels = pixels || coded
		return !coded || size == says
	})
	return whole && pixels && says.X <= canvas.Width && says.Y <= canvas.Height
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// sizeOf returns the width and height that coded pixels say, nothing where they are cut off, and whether the chunk has any (RFC 6386, 9.1;
// RFC 9649, 3.4).
func sizeOf(name string, data []byte) (size image.Point, coded bool) {
	const most = 1<<14 - 1
	switch {
	case name == "VP8 " && len(data) >= 10:
		return image.Pt(int(binary.LittleEndian.Uint16(data[6:])&most), int(binary.LittleEndian.Uint16(data[8:])&most)), true
	case name == "VP8L" && len(data) >= 5:
		bits := binary.LittleEndian.Uint32(data[1:])
		return image.Pt(int(bits&most)+1, int(bits>>14&most)+1), true
	}
	return size, name == "VP8 " || name == "VP8L"
}
