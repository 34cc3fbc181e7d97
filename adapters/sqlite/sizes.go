package sqlite

import (
	"os"
	"path/filepath"
)

// Sizes are how much of the disk the files of a folder take, in bytes.
type Sizes struct {
	Data int64 // the files themselves
	Log  int64 // their write-ahead logs
	Free int64 // what the disk has left for whoever runs the server; -1: unknown
}

// Sizes returns the sizes of the list of stores and of all stores' files. A file that cannot be looked at counts nothing.
func (d *Database) Sizes() Sizes {
	s := Sizes{Free: free(d.dir)}
	for _, pattern := range []string{"kassa.db", "store-*.db"} {
		paths, _ := filepath.Glob(filepath.Join(d.dir, pattern)) // the pattern is right
		for _, path := range paths {
			s.Data += size(path)
			s.Log += size(path + "-wal")
		}
	}
	return s
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
