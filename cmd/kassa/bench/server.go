package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"kassa/core/fault"
)

// Bounds of the server's start and end.
const (
	startTime = 20 * time.Second
	stopTime  = 15 * time.Second
)

// server is a Kassa of our own: a child process, so that its processor time and memory can be told from the generator's.
type server struct {
	address string
	folder  string // what is removed with it
	data    string // with SQLite, the books
	log     *os.File
	cmd     *exec.Cmd
	cancel  context.CancelFunc // asks it to end
	ended   chan struct{}
}

// startServer starts this program's serve on the MongoDB database, or without one on SQLite with its data in a new folder.
func startServer(ctx context.Context, at Place) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProgram(ctx, at, program, "serve")
}

// startProgram starts a server and waits until it answers. An Unavailable fault server_not_started quotes what it said.
func startProgram(ctx context.Context, at Place, program string, args ...string) (*server, error) {
	within := at.Data
	kept := at.Kept && at.MongoDB == ""
	if kept {
		within = ""
	}
	folder, err := os.MkdirTemp(within, "kassa-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder, data: filepath.Join(folder, "data"), ended: make(chan struct{})}
	if kept {
		s.data = at.Data
	}
	if s.log, err = os.CreateTemp(memoryFolder(), "kassa-bench-*.log"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	s.address = "127.0.0.1:" + ports[0]
	var own context.Context
	own, s.cancel = context.WithCancel(context.WithoutCancel(ctx)) // it outlives ctx by the clean end
	s.cmd = exec.CommandContext(own, program, args...)             //nolint:gosec // this very program
	s.cmd.Env = s.environment(at, "127.0.0.1:"+ports[1])
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	s.cmd.WaitDelay = stopTime
	if err := s.cmd.Start(); err != nil {
		s.cancel()
		return nil, errors.Join(err, s.remove())
	}
	go func() {
		_ = s.cmd.Wait() // how it ended shows in its log, and in what the clients miss
		close(s.ended)
	}()
	if err := s.ready(ctx); err != nil {
		err = fault.New(fault.Unavailable, "server_not_started", "the server did not start: %v; it said: %s", err, s.said())
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// memoryFolder is where the server's log goes: writing it must not wait for the disk that is measured.
func memoryFolder() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return ""
}

// environment passes this process's on, but for what would lead the server to other data than its own.
func (s *server) environment(at Place, metrics string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "KASSA_") {
			env = append(env, e)
		}
	}
	env = append(env, "KASSA_ADDR="+s.address, "KASSA_METRICS_ADDR="+metrics, "KASSA_DATA="+s.data, "KASSA_BENCH=1")
	if at.MongoDB != "" {
		env = append(env, "KASSA_MONGODB_URI="+at.MongoDB, "KASSA_JWT_KEY=all servers of a measured shop have the same key")
	}
	return env
}

// freePorts returns loopback ports that nobody listens on.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it returns at once
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()                                  // after the last, so that no two are equal
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port)) //nolint:forcetypeassert,errcheck // of a TCP listener
	}
	return ports, nil
}

// ready waits until the server answers.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("it was not ready in time")
		case <-s.ended:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) process() process { return process(strconv.Itoa(s.cmd.Process.Pid)) }

// forget empties the log, which holds a line for each request. The server goes on writing at the position that is set here.
func (s *server) forget() error {
	if err := s.log.Truncate(0); err != nil {
		return err
	}
	_, err := s.log.Seek(0, io.SeekStart)
	return err
}

// said returns the last lines of the log.
func (s *server) said() string {
	const most, lines = 2000, 3
	info, err := s.log.Stat()
	if err != nil {
		return ""
	}
	b, _ := io.ReadAll(io.NewSectionReader(s.log, max(0, info.Size()-most), most)) // what can be read is better than nothing
	all := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "; ")
}

// stop ends the server and removes its data, unless they are kept.
func (s *server) stop() error {
	s.cancel()
	<-s.ended
	return s.remove()
}

func (s *server) remove() error {
	return errors.Join(s.log.Close(), os.Remove(s.log.Name()), os.RemoveAll(s.folder))
}
