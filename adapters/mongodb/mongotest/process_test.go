package mongotest

import (
	"os"
	"path/filepath"
	"slices"
)

// roleVariable makes the test binary act as another program.
const roleVariable = "KASSA_MONGOTEST_ROLE"

// aliveName is locked by the stand-in for mongod for as long as it lives.
const aliveName = "alive"

// actAs plays the role, if any, and reports whether there was one.
func actAs(role string) bool {
	switch role {
	case "broken mongod":
	case "mongod":
		standIn()
	case "test process":
		testProcess()
	default:
		return false
	}
	return true
}

// standIn behaves as mongod does for launch: it runs until it is killed.
func standIn() {
	dir := os.Args[slices.Index(os.Args, "--dbpath")+1]
	if _, err := lock(filepath.Join(dir, "draft")); err != nil {
		panic(err)
	}
	if err := os.Rename(filepath.Join(dir, "draft"), filepath.Join(dir, aliveName)); err != nil {
		panic(err)
	}
	select {}
}
