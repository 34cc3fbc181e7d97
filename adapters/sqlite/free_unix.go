//go:build linux || darwin

package sqlite

import "syscall"

// free returns how many bytes the disk of the folder has left, -1 where that is unknown.
func free(dir string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:gosec,unconvert // disks are smaller than 2^63; the types differ between systems
}
