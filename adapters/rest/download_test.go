package rest

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kassa/core/audit"
	"kassa/core/fault"
	"kassa/core/page"
)

// numbered is a list of numbers that a test serves page by page.
type numbered struct {
	count int
	pages atomic.Int32                   // that were read
	read  func(c *Call, first int) error // before a page is; nil: nothing
}

type number struct {
	Number int    `json:"number"`
	Of     string `json:"of"`
}

func (n *numbered) Routes(r *Router) {
	r.Get("/lists/{id}/numbers", Cashier, func(c *Call) error {
		of, err := c.ID("id", "list")
		if err != nil {
			return err
		}
		p, err := c.Page()
		if err != nil {
			return err
		}
		n.pages.Add(1)
		first, _ := strconv.Atoi(p.After)
		if n.read != nil {
			if err := n.read(c, first); err != nil {
				return err
			}
		}
		l := page.List[int]{}
		for i := first; i < n.count && i < first+p.Limit; i++ {
			l.Items = append(l.Items, i)
		}
		if first+p.Limit < n.count {
			l.Next = strconv.Itoa(first + p.Limit)
		}
		return List(c, l, func(i int) number { return number{i, string(of) + c.Query("of") + c.Header("X-Of") + string(c.User())} })
	}, Paged(), Query("of"))
}

const numbers = base + "/lists/7/numbers"

// TestAllOfAListIsStreamed reads a list of six pages as CSV; each page knows the path, the query, the headers and who asks.
func TestAllOfAListIsStreamed(t *testing.T) {
	n := &numbered{count: 1001}
	n.read = func(c *Call, _ int) error {
		if at, ok := c.Context().Deadline(); !ok || time.Until(at) > defaultTimeout || audit.From(c.Context()).ID != "user-c" || c.IP() == "" {
			return fmt.Errorf("the context %v, the address %s", c.Context(), c.IP())
		}
		return nil
	}
	url := "http://" + listen(t, newServer(t, Options{Resources: []Resource{n}}, nil))
	for range 3 { // each download gives its place back
		res := get(t, url+numbers+"?of=q", "X-Of", "h")
		rows, err := csv.NewReader(res.Body).ReadAll()
		if err != nil || len(rows) != 1002 || rows[0][0] != "number" || res.Header.Get("Link") != "" || res.Header.Get("Content-Type") != csvType {
			t.Fatalf("%d rows, %v, %v", len(rows), err, res.Header)
		}
		for i, row := range rows[1:] {
			if row[0] != strconv.Itoa(i) || row[1] != "7qhuser-c" {
				t.Fatalf("row %d is %v", i, row)
			}
		}
	}
	if n.pages.Load() != 18 {
		t.Errorf("read %d pages", n.pages.Load())
	}
}

// TestALimitOrCursorGivesOnePage also follows the links to the end.
func TestALimitOrCursorGivesOnePage(t *testing.T) {
	url := "http://" + listen(t, newServer(t, Options{Resources: []Resource{&numbered{count: 130}}}, nil))
	rows := 0
	for next, want := numbers+"?limit=60", 61; next != ""; {
		res := get(t, url+next)
		found, err := csv.NewReader(res.Body).ReadAll()
		if rows += len(found) - 1; err != nil || len(found) != min(want, 130-rows+len(found)) {
			t.Fatalf("%d rows, %v", len(found), err)
		}
		next, _ = strings.CutPrefix(strings.TrimSuffix(res.Header.Get("Link"), `>; rel="next"`), "<")
	}
	if rows != 130 {
		t.Errorf("the pages hold %d rows", rows)
	}
	if res := get(t, url+numbers); len(all(t, res)) != 131 {
		t.Error("without a limit it is not all")
	}
}

func TestADownloadThatFailsIsCut(t *testing.T) {
	for name, read := range map[string]func(c *Call, first int) error{
		"fault": func(_ *Call, first int) error {
			if first == 400 {
				return fault.New(fault.NotFound, "gone", "it is gone")
			}
			return nil
		},
		"panic": func(_ *Call, first int) error {
			if first == 400 {
				panic("broken")
			}
			return nil
		},
	} {
		url := "http://" + listen(t, newServer(t, Options{Resources: []Resource{&numbered{count: 1001, read: read}}}, nil))
		if err := cut(t, url+numbers); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := newServer(t, Options{Resources: []Resource{&numbered{count: 1001}}}, nil)
	s.downloads.lasts = time.Nanosecond
	if err := cut(t, "http://"+listen(t, s)+numbers); err != nil {
		t.Errorf("beyond its time: %v", err)
	}
	url := "http://" + listen(t, newServer(t, Options{Resources: []Resource{&numbered{count: 1001, read: func(*Call, int) error {
		return fault.New(fault.NotFound, "gone", "it is gone")
	}}}}, nil))
	if res := get(t, url+numbers); res.StatusCode != 404 || res.Header.Get("Content-Type") != problemType || res.Header.Get("Content-Disposition") != "" {
		t.Errorf("before the first row: %d %v", res.StatusCode, res.Header)
	}
}

// TestOneDownloadAtATime holds one at its second page: the user gets no other one, all others do, and a small list is no download.
func TestOneDownloadAtATime(t *testing.T) {
	hold, held := make(chan struct{}), make(chan struct{})
	n := &numbered{count: 1001, read: func(c *Call, first int) error {
		if first == 200 && c.Query("of") == "held" {
			close(held)
			<-hold
		}
		return nil
	}}
	s := newServer(t, Options{Resources: []Resource{n}}, nil)
	url := "http://" + listen(t, s)
	first := get(t, url+numbers+"?of=held")
	<-held
	refused := get(t, url+numbers)
	if text, _ := io.ReadAll(refused.Body); refused.StatusCode != 429 || refused.Header.Get("Retry-After") != "5" || refused.Header.Get("Content-Disposition") != "" ||
		!strings.Contains(string(text), `"download_running"`) {
		t.Errorf("got %d %s", refused.StatusCode, text)
	}
	if got := all(t, get(t, url+numbers+"?limit=10")); len(got) != 11 {
		t.Errorf("a page has %d rows", len(got))
	}
	if got := all(t, get(t, url+numbers, "Authorization", "Bearer manager")); len(got) != 1002 {
		t.Errorf("another user has %d rows", len(got))
	}
	close(hold)
	if got := all(t, first); len(got) != 1002 {
		t.Errorf("the first has %d rows", len(got))
	}
	for i := range maxDownloads {
		leave, err := s.downloads.enter(strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	if _, err := s.downloads.enter("one more"); !isFault(err, fault.Unavailable, "downloads_busy") {
		t.Errorf("one too many: %v", err)
	}
}

// TestAClientThatLeavesEndsItsDownload leaves after the first page of an endless list.
func TestAClientThatLeavesEndsItsDownload(t *testing.T) {
	n := &numbered{count: 1 << 40}
	s := newServer(t, Options{Resources: []Resource{n}}, nil)
	url := "http://" + listen(t, s)
	res := get(t, url+numbers)
	if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	free := func() bool {
		leave, err := s.downloads.enter("store-1 user-c")
		if err == nil {
			leave()
		}
		return err == nil
	}
	for end := time.Now().Add(10 * time.Second); !free(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it goes on")
		}
	}
}

func TestHEADOfADownloadHasNoBody(t *testing.T) {
	url := "http://" + listen(t, newServer(t, Options{Resources: []Resource{&numbered{count: 1001}}}, nil))
	for range 2 { // it takes no place
		r, err := http.NewRequestWithContext(context.Background(), http.MethodHead, url+numbers, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Accept": {"text/csv"}, "Authorization": {"Bearer cashier"}}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); len(b) > 0 || err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != csvType {
			t.Errorf("got %d %q %v", res.StatusCode, b, err)
		}
		_ = res.Body.Close()
	}
}

// cut returns an error unless the connection ends before the answer does: in its middle, or before its first byte.
func cut(t *testing.T, url string) error {
	t.Helper()
	res, err := download(t, url)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	_, err = io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%d and %w", res.StatusCode, err)
	}
	return nil
}

// get asks for CSV as a cashier; headers are name, value pairs.
func get(t *testing.T, url string, headers ...string) *http.Response {
	t.Helper()
	res, err := download(t, url, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func download(t *testing.T, url string, headers ...string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Accept": {"text/csv"}, "Authorization": {"Bearer cashier"}}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

// all returns all lines.
func all(t *testing.T, res *http.Response) [][]string {
	t.Helper()
	rows, err := csv.NewReader(res.Body).ReadAll()
	if err != nil {
		t.Error(err)
	}
	return rows
}

func isFault(err error, k fault.Kind, code string) bool {
	f, ok := fault.As(err)
	return ok && f.Kind == k && f.Code == code
}
