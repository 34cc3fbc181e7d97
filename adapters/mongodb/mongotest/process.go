package mongotest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

const (
	logName    = "mongod.log"
	maxLogText = 2048
)

// errEnded says that mongod ended by itself before it was ready.
var errEnded = errors.New("mongod ended by itself")

// process is a running mongod that ends with this process, even when this one is killed (on Linux).
type process struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{} // closed when it has ended
}

// launch starts mongod with its data in dir.
func launch(program, dir string, port int) (*process, error) {
	p := &process{log: filepath.Join(dir, logName), ended: make(chan struct{})}
	p.cmd = exec.Command(program, "--replSet", replicaSet, "--port", strconv.Itoa(port), "--bind_ip", "127.0.0.1", //nolint:gosec,noctx // found by this package; ended by kill
		"--nounixsocket", // a killed server would leave the socket behind
		"--dbpath", dir, "--logpath", p.log,
		"--wiredTigerCacheSizeGB", "0.25",
		"--setParameter", "enableTestCommands=1",
		"--setParameter", "diagnosticDataCollectionEnabled=false")
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
