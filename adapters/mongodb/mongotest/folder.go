package mongotest

import (
	"os"
	"path/filepath"
)

const (
	folderPattern = "kassa-mongotest-*"
	ownerName     = "owner"
)

// folder is a temporary folder that a later test process removes when this one was killed. Its owner file is locked for as long
// as its process lives.
type folder struct {
	path   string
	unlock func()
	kept   bool // it is not removed
}

// newFolder makes a folder, after it has removed those of processes that live no longer (about 300 MB each).
func newFolder() (folder, error) {
	removeOrphans()
	path, err := os.MkdirTemp("", folderPattern)
	if err != nil {
		return folder{}, err
	}
	// The file is locked before it has its name, so no other process can find it unlocked while this one lives.
	draft, owner := filepath.Join(path, "draft"), filepath.Join(path, ownerName)
	unlock, err := lock(draft)
	if err != nil {
		_ = os.RemoveAll(path)
		return folder{}, err
	}
	f := folder{path: path, unlock: unlock}
	if err := os.Rename(draft, owner); err != nil {
		f.remove()
		return folder{}, err
	}
	return f, nil
}

// remove deletes the folder with all it holds, unless it is kept.
func (f folder) remove() {
	f.unlock() // first, for systems that do not delete open files
	if !f.kept {
		_ = os.RemoveAll(f.path)
	}
}

// removeOrphans deletes the folders whose processes have ended. Another user's stay, for want of rights.
func removeOrphans() {
	owners, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPattern, ownerName)) // the pattern is valid
	for _, owner := range owners {
		if unlock, ok := tryLock(owner); ok {
			folder{path: filepath.Dir(owner), unlock: unlock}.remove()
		}
	}
}
