package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for a process.
const patience = 20 * time.Second

// build makes the program, once for all tests that start it.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kassa")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// child prepares a child process that sees no settings of this one's environment.
func child(t *testing.T, binary string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Dir = t.TempDir()
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "KASSA_") {
			c.Env = append(c.Env, e)
		}
	}
	c.Env = append(c.Env, env...)
	c.WaitDelay = patience
	return c
}

// server is kassa serve as a process of its own.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	errors bytes.Buffer
	client *http.Client
	token  string
}

// settings are those of a server that keeps its data in a folder.
func settings(data string) []string {
	return []string{"KASSA_DATA=" + data, "KASSA_ADDR=127.0.0.1:0", "KASSA_METRICS_ADDR=127.0.0.1:0", "KASSA_BCRYPT_COST=4"}
}

// start serves what the settings name and waits until the server says where.
func start(t *testing.T, binary string, env []string) *server {
	t.Helper()
	return startCommand(t, binary, env, "serve", "kassa serves ")
}

// startDemo is start for kassa demo.
func startDemo(t *testing.T, binary, data string) *server {
	t.Helper()
	return startCommand(t, binary, settings(data), "demo", "Kassa demo: ")
}

// startCommand waits for the line in which the command says, after the words, where it serves.
func startCommand(t *testing.T, binary string, env []string, command, words string) *server {
	t.Helper()
	s := &server{t: t, cmd: child(t, binary, env, command),
		client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	s.cmd.Stderr = &s.errors
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), words); ok {
			at, _, _ := strings.Cut(rest, " ")
			s.url = at
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s
		}
	}
	_ = s.cmd.Wait()
	t.Fatalf("kassa %s ended before it served:\n%s", command, s.errors.String())
	return nil
}

// kill ends the server as a power cut would, but for what the operating system keeps.
func (s *server) kill() error {
	s.client.CloseIdleConnections()
	if s.cmd.ProcessState != nil {
		return nil
	}
	err := s.cmd.Process.Kill()
	var exit *exec.ExitError
	if ended := s.cmd.Wait(); !errors.As(ended, &exit) { // the signal is the exit that was asked for
		err = errors.Join(err, ended)
	}
	return err
}

// stop ends the server in order: with exit code 0, and soon.
func (s *server) stop() error {
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if ended := s.cmd.Wait(); ended != nil {
		err = errors.Join(err, ended, errors.New(s.errors.String()))
	}
	return err
}

// answer is what the server said; status 0 when nothing came back.
type answer struct {
	status     int
	replayed   bool
	retryAfter string
	body       []byte
}

// call sends a request to a path of the API, or of the server's root, with a header and its value where they are given. A key makes it safe to repeat.
func (s *server) call(method, path, key, body string, header ...string) answer {
	if path != "/healthz" && path != "/openapi.json" {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return answer{}
	}
	for name, value := range map[string]string{"Idempotency-Key": key, "Authorization": s.token} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	res, err := s.client.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, res.Header.Get("Idempotency-Replayed") == "true", res.Header.Get("Retry-After"), b}
}

// read reads the body of an answer with the status into a T.
func read[T any](a answer, status int) (body T, err error) {
	if a.status != status {
		return body, fmt.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	return body, json.Unmarshal(a.body, &body)
}

// want is read, and ends the test where that fails.
func want[T any](t *testing.T, a answer, status int) T {
	t.Helper()
	body, err := read[T](a, status)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// verifyBooks runs kassa verify.
func verifyBooks(t *testing.T, binary string, env []string) {
	t.Helper()
	if out, err := child(t, binary, env, "verify").CombinedOutput(); err != nil || !bytes.Contains(out, []byte(" 0 findings")) {
		t.Fatalf("kassa verify: %v\n%s", err, out)
	}
}

// TestTheServerProcess starts kassa serve as a shop does, and ends it in every way.
func TestTheServerProcess(t *testing.T) {
	binary := build(t)
	t.Run("what was answered survives kill -9", func(t *testing.T) { crashes(t, binary, settings(t.TempDir())) })
	t.Run("what was answered survives SIGTERM, which ends it in order", func(t *testing.T) { terminates(t, binary, settings(t.TempDir())) })
	t.Run("a second server on the same data is refused", func(t *testing.T) { secondServer(t, binary) })
	t.Run("a manager's edits of the demo survive its next start", func(t *testing.T) { demoKeeps(t, binary) })
	t.Run("the demo leaves MongoDB alone", func(t *testing.T) { demoLeavesMongoDBAlone(t, binary) })
	t.Run("what the documents fill in works in the demo", func(t *testing.T) { prefilledBodies(t, binary) })
	t.Run("a long import says how far it is", func(t *testing.T) { longImport(t, binary) })
	t.Run("files that are missing, damaged or not to be written", func(t *testing.T) { damagedFiles(t, binary) })
	t.Run("a wrong setting is refused in one sentence", func(t *testing.T) { wrongSettings(t, binary) })
}

// refused runs a command that must end at once, and returns the one sentence that says why.
func refused(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Wait()
	if c.ProcessState.ExitCode() != 1 || out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 || !strings.HasPrefix(errs.String(), "kassa: ") {
		t.Errorf("%v: %v, printed %q and %q, want exit code 1 and one sentence", c.Args[1:], err, out.String(), errs.String())
	}
	return errs.String()
}

func secondServer(t *testing.T, binary string) {
	data := t.TempDir()
	s := start(t, binary, settings(data))
	if why := refused(t, child(t, binary, settings(data), "serve")); !strings.Contains(why, "in use by another kassa") {
		t.Error(why)
	}
	if a := s.call("GET", "/healthz", "", ""); a.status != http.StatusOK {
		t.Errorf("the first server answers %d", a.status)
	}
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	again := start(t, binary, settings(data)) // a lock that a killed server left behind holds nobody up
	if a := again.call("GET", "/healthz", "", ""); a.status != http.StatusOK {
		t.Errorf("the next server answers %d", a.status)
	}
}

func wrongSettings(t *testing.T, binary string) {
	taken := start(t, binary, settings(t.TempDir()))
	address := strings.TrimPrefix(taken.url, "http://")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, value, want string }{
		{"KASSA_ADDR", "nonsense", "nonsense"},
		{"KASSA_ADDR", "127.0.0.1:99999", "99999"},
		{"KASSA_ADDR", address, "already in use"},
		{"KASSA_METRICS_ADDR", "9090", "9090"},
		{"KASSA_METRICS_ADDR", address, "already in use"},
		{"KASSA_DATA", file, "data folder"},
		{"KASSA_JWT_KEY", "short", "32"},
		{"KASSA_MONGODB_URI", "not a uri", "KASSA_JWT_KEY"},
		{"KASSA_BCRYPT_COST", "many", "many"},
		{"KASSA_BCRYPT_COST", "3", "3"},
		{"KASSA_BENCH", "perhaps", "perhaps"},
	} {
		t.Run(c.name+" "+c.want, func(t *testing.T) {
			why := refused(t, child(t, binary, append(settings(filepath.Join(t.TempDir(), "data")), c.name+"="+c.value), "serve"))
			if !strings.Contains(why, c.want) || !strings.Contains(why, c.name) && !strings.Contains(why, c.value) {
				t.Errorf("%q does not say %q, or what is wrong with %s", why, c.want, c.name)
			}
		})
	}
}
