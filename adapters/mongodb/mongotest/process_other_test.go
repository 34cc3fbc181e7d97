//go:build !linux

package mongotest

// testProcess belongs to a test that only Linux can pass.
func testProcess() {}
