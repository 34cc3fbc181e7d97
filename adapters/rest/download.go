package rest

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"kassa/core/fault"
	"kassa/core/page"
)

// The bounds of downloads. Each reads one page at a time, so that its memory does not grow with the list.
const (
	maxDownloads  = 16               // at once, of all users
	downloadTime  = 15 * time.Minute // of one
	downloadRetry = 5 * time.Second
)

// likesCSV reports whether the client would rather have CSV than JSON.
func (c *Call) likesCSV() bool { return c.Accepts(fiber.MIMEApplicationJSON, "text/csv") == "text/csv" }

// whole reports whether the client asks for all rows of a list: as CSV, and without limit and cursor.
func (c *Call) whole() bool {
	args := c.rctx.QueryArgs()
	return c.sheet == nil && !args.Has("limit") && !args.Has("cursor") && c.likesCSV()
}

// csv answers 200 with a list or report as CSV, of which b is the first page. The rest of a list of which all is asked for is streamed.
func (c *Call) csv(b []byte) error {
	c.SetHeader(fiber.HeaderContentDisposition, `attachment; filename="`+c.fileName()+`"`)
	if !c.whole() {
		c.linkNext()
	}
	if c.next == "" || !c.whole() {
		return c.Bytes(http.StatusOK, csvType, b)
	}
	if c.rctx.IsHead() {
		return c.Bytes(http.StatusOK, csvType, nil)
	}
	leave, err := c.server.downloads.enter(string(c.principal.Store) + " " + string(c.principal.User))
	if err != nil {
		return err
	}
	f, lasts := c.follow(b), c.server.downloads.lasts
	return c.Stream(csvType, func(ctx context.Context, s *Stream) error {
		defer leave()
		ctx, cancel := context.WithTimeout(ctx, lasts)
		defer cancel()
		return f.write(ctx, s)
	})
}

// fileName names the download by its path and the day in UTC: products-stock-movements-2026-11-26.csv.
func (c *Call) fileName() string {
	var words []string
	for word := range strings.SplitSeq(strings.TrimPrefix(c.route.Path, base+"/"), "/") {
		if !strings.HasPrefix(word, "{") {
			words = append(words, word)
		}
	}
	return strings.Join(words, "-") + "-" + c.server.now().UTC().Format(time.DateOnly) + ".csv"
}

// follower reads the pages after the first with the route's own handler, on a copy of the request: the request ends with its handler.
type follower struct {
	call  Call
	sheet []byte
}

func (c *Call) follow(first []byte) *follower {
	var request fasthttp.Request
	c.rctx.Request.CopyTo(&request)
	rctx := &fasthttp.RequestCtx{}
	rctx.Init(&request, c.rctx.RemoteAddr(), nil)
	f := &follower{sheet: first}
	f.call = Call{
		server: c.server, rctx: rctx, route: c.route, requestID: c.requestID, principal: c.principal, params: c.fiber.AllParams(),
		sheet: &f.sheet, next: c.next,
	}
	return f
}

// write writes page after page. Each is a snapshot of its own.
func (f *follower) write(ctx context.Context, s *Stream) error {
	for {
		if _, err := s.Write(f.sheet); err != nil {
			return err
		}
		if err := s.Flush(); err != nil || f.call.next == "" {
			return err
		}
		if err := f.read(ctx); err != nil {
			return err
		}
	}
}

func (f *follower) read(ctx context.Context) error {
	c := &f.call
	ctx, cancel := context.WithTimeout(ctx, c.route.timeout)
	defer cancel()
	args := c.rctx.QueryArgs()
	args.SetUint("limit", page.MaxLimit)
	args.Set("cursor", c.next)
	c.ctx, c.next, f.sheet = ctx, "", f.sheet[:0]
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.route.handle(c)
}

// downloads lets nobody have more than one download at a time.
type downloads struct {
	lasts time.Duration // what is not over by then is cut
	mu    sync.Mutex
	of    map[string]bool
}

// enter takes a place until leave is called, or returns a fault download_running, or downloads_busy when too many others have one.
func (d *downloads) enter(who string) (leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.of[who]:
		return nil, fault.New(fault.TooMany, "download_running", "you are downloading a list already; wait for its end").Retry(downloadRetry)
	case len(d.of) >= maxDownloads:
		return nil, fault.New(fault.Unavailable, "downloads_busy", "too many lists are being downloaded").Retry(downloadRetry)
	}
	d.of[who] = true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.of, who)
	}, nil
}
