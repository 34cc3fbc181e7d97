package picture

import (
	"encoding/binary"
)

// riffHeader is the bytes before a WebP's chunks: RIFF, how long the rest is, WEBP.
const riffHeader = 12

func isWebP(b []byte) bool {
	return len(b) >= riffHeader && string(b[:4]) == "RIFF" && string(b[8:riffHeader]) == "WEBP"
}

// wholeWebP walks the chunks: each has four letters, its length and its data, with a byte of padding behind an odd length (RFC 9649, 2.3).
func wholeWebP(b []byte) bool {
	const frame = 8 // bytes of a chunk before its data
	if int64(binary.LittleEndian.Uint32(b[4:])) != int64(len(b)-frame) {
		return false
	}
	pixels := false
	for b = b[riffHeader:]; len(b) >= frame; {
		n := int64(binary.LittleEndian.Uint32(b[4:]))
		n += n % 2
		if n > int64(len(b)-frame) {
			return false
		}
		switch string(b[:4]) {
		case "VP8 ", "VP8L", "ANMF":
			pixels = true
		}
		b = b[frame+n:]
	}
	return pixels && len(b) == 0
}
