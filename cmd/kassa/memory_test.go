package main

import (
	"runtime"
	"testing"
)

// TestTheLimitOfMemoryLeavesRoom: a limit below what is alive would stop everything else.
func TestTheLimitOfMemoryLeavesRoom(t *testing.T) {
	if got := limitFor(softLimit / 4); got != softLimit {
		t.Errorf("a small shop may take %d bytes, not %d", got, softLimit)
	}
	shop := make([]byte, 2*softLimit)
	runtime.GC()
	if got := limitFor(alive()); got < int64(2*len(shop)) {
		t.Errorf("%d bytes are alive, and the limit is %d", len(shop), got)
	}
	runtime.KeepAlive(shop)
}
