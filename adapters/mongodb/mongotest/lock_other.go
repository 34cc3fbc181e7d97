//go:build !unix

package mongotest

// lock does nothing here: there is no mongod to fetch for this system, so processes have nothing to share.
func lock(string) (unlock func(), err error) { return func() {}, nil }

// tryLock never succeeds, so that no folder of a living process is removed.
func tryLock(string) (unlock func(), ok bool) { return nil, false }
