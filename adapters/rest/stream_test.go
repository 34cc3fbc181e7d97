package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"kassa/core/audit"
)

func TestAStreamReachesTheClientAsItIsWritten(t *testing.T) {
	next := make(chan string)
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/events", Cashier, func(c *Call) error {
			store := c.Store()
			return c.Stream("text/event-stream", func(ctx context.Context, s *Stream) error {
				if _, ok := ctx.Deadline(); ok {
					t.Error("a stream has a deadline")
				}
				for word := range next {
					if _, err := fmt.Fprintf(s, "data: %s %s %s\n", word, store, audit.From(ctx).RequestID); err != nil {
						return err
					}
					if err := s.Flush(); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	c, r := dial(t, listen(t, s))
	if _, err := io.WriteString(c, "GET "+base+"/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer cashier\r\nX-Request-ID: r1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var head string
	for !strings.HasSuffix(head, "\r\n\r\n") { // it comes before the first event
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		head += line
	}
	if !strings.Contains(head, "Content-Type: text/event-stream\r\n") || !strings.Contains(head, "Cache-Control: no-store\r\n") {
		t.Errorf("got %s", head)
	}
	for _, word := range []string{"one", "two"} {
		next <- word
		if _, err := r.ReadString('\n'); err != nil { // the chunk's size
			t.Fatal(err)
		}
		if line, err := r.ReadString('\n'); err != nil || line != "data: "+word+" store-1 r1\n" {
			t.Fatalf("got %q and %v", line, err)
		}
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(next)
	if line, err := r.ReadString('\n'); err != nil || line != "0\r\n" {
		t.Errorf("the stream does not end: %q and %v", line, err)
	}
}

func TestAFailedStreamIsCutAndNotEnded(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("broken") },
		"panic": func() error { panic("broken") },
	} {
		log, arrived := &logBuffer{}, make(chan struct{})
		s := newServer(t, Options{Log: logTo(log)}, func(r *Router) {
			r.Get("/export", Public, func(c *Call) error {
				return c.Stream("application/zip", func(_ context.Context, s *Stream) error {
					if _, err := io.WriteString(s, "half"); err != nil {
						return err
					}
					if err := s.Flush(); err != nil {
						return err
					}
					<-arrived // what is under way when the connection is cut may be lost with it
					return fail()
				})
			})
		})
		c, r := dial(t, listen(t, s))
		if _, err := io.WriteString(c, "GET "+base+"/export HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		head, err := r.ReadString('\n')
		if err != nil || !strings.Contains(head, "200 OK") {
			t.Errorf("%s: got %q and %v", name, head, err)
		}
		for line := head; err == nil && line != "half\r\n"; {
			line, err = r.ReadString('\n')
		}
		if err != nil {
			t.Errorf("%s: the first half did not arrive: %v", name, err)
		}
		close(arrived)
		if b, _ := io.ReadAll(r); len(b) > 0 {
			t.Errorf("%s: after the cut came %q", name, b)
		}
		if !strings.Contains(log.String(), "a stream was cut") || !strings.Contains(log.String(), "broken") {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
}

func TestShutdownEndsStreams(t *testing.T) {
	ended := make(chan error, 1)
	started := make(chan struct{})
	s := newServer(t, Options{}, func(r *Router) {
		r.Get("/events", Public, func(c *Call) error {
			return c.Stream("text/event-stream", func(ctx context.Context, _ *Stream) error {
				close(started)
				<-ctx.Done()
				ended <- ctx.Err()
				return nil
			})
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	c, _ := dial(t, ln.Addr().String())
	if _, err := io.WriteString(c, "GET "+base+"/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// deadlines is a connection that counts how often its write deadline was moved.
type deadlines struct {
	net.Conn
	moved int
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	if left := time.Until(at); left > writeTimeout || left < writeTimeout-time.Second {
		return errors.New("another deadline")
	}
	d.moved++
	return nil
}

func TestEveryWriteOfAStreamMovesTheDeadline(t *testing.T) {
	conn := &deadlines{}
	s := &Stream{w: newDiscard(), conn: conn}
	for range 3 {
		if _, err := s.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if conn.moved != 6 {
		t.Errorf("moved %d times", conn.moved)
	}
}
