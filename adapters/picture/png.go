package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

func isPNG(b []byte) bool { return bytes.HasPrefix(b, []byte(pngSignature)) }

// wholePNG walks the chunks: each has its length, four letters, its data and a checksum; IEND is the last one (PNG 5.3).
// A second header could say another size than the one that is bounded.
func wholePNG(b []byte, _ image.Config) bool {
	const frame = 12 // bytes of a chunk beside its data
	headers, pixels := 0, false
	for b = b[len(pngSignature):]; len(b) >= frame; {
		n := int64(binary.BigEndian.Uint32(b))
		if n > int64(len(b)-frame) {
			return false
		}
		body, rest := b[4:8+n], b[frame+n:]
		if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(b[8+n:]) {
			return false
		}
		switch string(body[:4]) {
		case "IHDR":
			headers++
		case "IDAT":
			pixels = pixels || n > 0
		case "IEND":
			return headers == 1 && pixels && n == 0 && len(rest) == 0
		}
		b = rest
	}
	return false
}
