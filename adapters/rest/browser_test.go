//go:build browser

package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser returns Chromium, which Debian and Ubuntu have as the package chromium.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("this test needs Chromium on the PATH: apt-get install chromium")
	return ""
}

// TestTheDocsShowEveryOperationInABrowser opens the Swagger UI. Its policy lets it load nothing from another host and run nothing inline;
// Chromium says on its console what that stopped, and there must be nothing of the kind.
func TestTheDocsShowEveryOperationInABrowser(t *testing.T) {
	chromium := browser(t)
	s := newServer(t, Options{}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	//nolint:gosec // a program of a fixed name
	show := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr",
		"--virtual-time-budget=30000", "--dump-dom", "http://"+ln.Addr().String()+"/docs")
	var dom, console bytes.Buffer
	show.Stdout, show.Stderr = &dom, &console
	if err := show.Run(); err != nil {
		t.Fatalf("%v\n%s", err, console.String())
	}

	var doc struct {
		Paths map[string]map[string]struct{}
	}
	if err := json.Unmarshal(openapi, &doc); err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	for _, m := range regexp.MustCompile(`class="opblock-summary-method">(\w+)<.*?data-path="([^"]+)"`).FindAllStringSubmatch(dom.String(), -1) {
		shown[strings.ToLower(m[1])+" "+m[2]]++
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			if shown[method+" "+path] != 1 {
				t.Errorf("%s %s is shown %d times", method, path, shown[method+" "+path])
			}
		}
	}
	for line := range strings.Lines(console.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the console says %s", line)
		}
	}
	if t.Failed() {
		t.Logf("the page is %.5000s", dom.String())
	}
}
