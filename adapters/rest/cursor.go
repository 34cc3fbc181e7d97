package rest

import (
	"fmt"
	"hash/crc32"
	"strings"

	"kassa/core/page"
)

// seal marks the cursor of a list with the path that it belongs to: another list would read another place from it.
func (c *Call) seal(cursor string) string { return cursor + "." + c.mark(cursor) }

// unseal returns the cursor that was sealed, or the fault cursor_invalid for one that this path did not give out, or not like that.
func (c *Call) unseal(sealed string) (string, error) {
	at := strings.LastIndexByte(sealed, '.')
	if at < 1 || sealed[at+1:] != c.mark(sealed[:at]) {
		return "", page.Invalid()
	}
	return sealed[:at], nil
}

func (c *Call) mark(cursor string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(string(c.rctx.Path())+" "+cursor)))
}
