package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Markers of a JPEG, after their 0xFF.
const (
	startOfImage = 0xD8
	endOfImage   = 0xD9
	startOfScan  = 0xDA
	firstRestart = 0xD0
	lastRestart  = 0xD7
)

func isJPEG(b []byte) bool { return bytes.HasPrefix(b, []byte{0xFF, startOfImage, 0xFF}) }

// wholeJPEG walks the segments: each is a marker with its length and data; the pixels stand behind a start of scan without a length (ITU T.81, B.1).
// A frame behind pixels could have another size than the one that is bounded.
func wholeJPEG(b []byte, _ image.Config) bool {
	pixels := false
	for b = b[2:]; len(b) >= 2 && b[0] == 0xFF; {
		marker := b[1]
		if marker == 0xFF { // fill
			b = b[1:]
			continue
		}
		b = b[2:]
		if marker == endOfImage {
			return pixels && len(b) == 0
		}
		if len(b) < 2 || pixels && isFrame(marker) {
			return false
		}
		n := int(binary.BigEndian.Uint16(b))
		if n < 2 || n > len(b) {
			return false
		}
		b = b[n:]
		if marker == startOfScan {
			b, pixels = afterScan(b), true
		}
	}
	return false
}

// isFrame reports whether the marker starts a frame: all from 0xC0 to 0xCF but those of tables, and one that is reserved.
func isFrame(marker byte) bool {
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

// afterScan returns what stands behind coded pixels. In them 0xFF is followed by 0, or is a restart.
func afterScan(b []byte) []byte {
	for {
		i := bytes.IndexByte(b, 0xFF)
		if i < 0 || i+1 == len(b) {
			return nil
		}
		b = b[i:]
		if next := b[1]; next != 0 && (next < firstRestart || next > lastRestart) {
			return b
		}
		b = b[2:]
	}
}
