package mongotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

const (
	logName    = "mongod.log"
	maxLogText = 2048
	listening  = "Waiting for connections" // in the log of every version
)

// errEnded says that mongod ended by itself before it was ready.
var errEnded = errors.New("mongod ended by itself")

// process is a running mongod that ends with this process, even when this one is killed (on Linux).
type process struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{} // closed when it has ended
}

// small makes a mongod that leaves room for others beside it. It evicts what a shop's keeps in memory: measure on another one.
var small = []string{
	"--wiredTigerCacheSizeGB", "0.25",
	"--wiredTigerEngineConfigString", "log=(file_max=32MB,prealloc=false)", // instead of 300 MB for an empty server
}

// measured makes a mongod with a cache of that many GB, for benchmarks. It throws pages out of its cache with half of the machine's cores at most:
// four threads do it otherwise, which begin at once and on two cores keep everything else waiting. mongo_setup/mongod.conf says the same.
func measured(cache int) []string {
	return []string{
		"--wiredTigerCacheSizeGB", strconv.Itoa(cache),
		"--wiredTigerEngineConfigString", fmt.Sprintf("eviction=(threads_min=1,threads_max=%d)", min(max(runtime.NumCPU()/2, 1), usualEvictors)),
	}
}

// usualEvictors is how many threads MongoDB evicts with when nothing else is said.
const usualEvictors = 4

// launch starts mongod with its data in dir.
func launch(program, dir string, port int, more ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, logName), ended: make(chan struct{})}
	if err := os.Remove(p.log); err != nil && !errors.Is(err, os.ErrNotExist) { // of an earlier run on this data
		return nil, err
	}
	args := append([]string{
		"--port", strconv.Itoa(port), "--bind_ip", "127.0.0.1",
		"--nounixsocket", // a killed server would leave the socket behind
		"--dbpath", dir, "--logpath", p.log,
		"--setParameter", "enableTestCommands=1",
		"--setParameter", "diagnosticDataCollectionEnabled=false",
	}, more...)
	p.cmd = exec.Command(program, args...) //nolint:gosec,noctx // found by this package; ended by kill
	endWithParent(p.cmd)
	started := make(chan error)
	go func() {
		// Linux sends the signal when the thread that started the child ends, so this thread stays until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.ended)
		}
	}()
	return p, <-started
}

// listens waits until mongod takes connections. It reads the log, because a port that answers may be another program's.
func (p *process) listens(ctx context.Context) error {
	return p.poll(ctx, func() bool {
		b, err := os.ReadFile(p.log)
		return err == nil && bytes.Contains(b, []byte(listening))
	})
}

// poll asks until the answer is yes, the process ends or the context does.
func (p *process) poll(ctx context.Context, ready func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.ended:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// kill ends mongod at once: its data is thrown away, so an orderly end, which takes up to 15 s, has no use.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// explain adds the end of the server's log to err.
func (p *process) explain(err error) error {
	b, readErr := os.ReadFile(p.log)
	if readErr != nil {
		return err
	}
	return fmt.Errorf("%w; its log ends with: %s", err, tail(b, maxLogText))
}
