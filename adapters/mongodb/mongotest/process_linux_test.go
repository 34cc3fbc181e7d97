package mongotest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testProcess starts a server, says where its folder is, and runs until it is killed.
func testProcess() {
	f, err := newFolder()
	if err != nil {
		panic(err)
	}
	_ = os.Setenv(roleVariable, "mongod")
	p, err := launch(os.Args[0], f.path, 1)
	if err != nil {
		panic(err)
	}
	if err := p.poll(context.Background(), func() bool { return isFile(filepath.Join(f.path, aliveName)) }); err != nil {
		panic(err)
	}
	fmt.Println(f.path)
	<-p.ended
}

func TestServerDiesWithAKilledTestProcessAndTheNextOneRemovesItsData(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv(roleVariable, "test process")
	child := exec.Command(os.Args[0])
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	defer func() { _ = child.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	dir := strings.TrimSpace(line)

	next, err := newFolder()
	must(t, err)
	next.remove()
	if _, ok := tryLock(filepath.Join(dir, aliveName)); ok || !isFile(filepath.Join(dir, ownerName)) {
		t.Fatal("the server does not run, or the folder of a living process was removed")
	}

	must(t, child.Process.Kill())
	_ = child.Wait() // its own lock is free once it is gone, which may be after its server
	gone := make(chan error, 1)
	go func() {
		_, err := lock(filepath.Join(dir, aliveName)) // free as soon as the server has ended
		gone <- err
	}()
	select {
	case err := <-gone:
		must(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the server outlived its test process")
	}
	next, err = newFolder()
	must(t, err)
	defer next.remove()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data of the killed process is still there: %v", err)
	}
}
