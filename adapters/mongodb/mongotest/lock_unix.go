//go:build unix

package mongotest

import (
	"errors"
	"os"
	"syscall"
)

// lock waits until this process alone holds the file, which is made if needed. The system frees it when the process ends.
func lock(path string) (unlock func(), err error) {
	return flock(path, os.O_RDWR|os.O_CREATE, syscall.LOCK_EX)
}

// tryLock is lock for a file that exists, without waiting.
func tryLock(path string) (unlock func(), ok bool) {
	unlock, err := flock(path, os.O_RDWR, syscall.LOCK_EX|syscall.LOCK_NB)
	return unlock, err == nil
}

func flock(path string, flag, how int) (unlock func(), err error) {
	f, err := os.OpenFile(path, flag, 0o600) //nolint:gosec // a path that this package made
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how) //nolint:gosec // a descriptor is a small number
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
