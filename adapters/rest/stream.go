package rest

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"kassa/core/audit"
)

// Stream writes an answer that has no end yet, such as events or an export. It is used by one goroutine.
type Stream struct {
	w    *bufio.Writer
	conn net.Conn
}

// Write adds to the answer. What is buffered reaches the client when the buffer is full or at Flush.
func (s *Stream) Write(p []byte) (int, error) {
	s.extend()
	return s.w.Write(p)
}

// Flush sends what was written.
func (s *Stream) Flush() error {
	s.extend()
	return s.w.Flush()
}

// extend gives the client another 15 s, because the connection's deadline is for a whole answer.
func (s *Stream) extend() {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) // a dead connection shows when it is written
}

// Stream answers 200 with what write writes, after the handler has returned: write must not use the Call, only its own arguments and
// what was taken from the Call before. Its context carries the same actor, has no deadline, and ends when the server shuts down. When
// write fails, the connection is cut, so that the client cannot take a part for the whole.
func (c *Call) Stream(mediaType string, write func(ctx context.Context, s *Stream) error) error {
	ctx := audit.WithActor(c.server.streams, audit.From(c.ctx))
	conn, server := c.rctx.Conn(), c.server
	log := server.log.With(slog.String("request_id", c.requestID), slog.String("path", string(c.rctx.Path())))
	c.rctx.SetStatusCode(http.StatusOK)
	c.rctx.SetContentType(mediaType)
	if c.rctx.IsHead() {
		return nil
	}
	c.rctx.Response.ImmediateHeaderFlush = true
	c.rctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		s := &Stream{w: w, conn: conn}
		err := guardStream(func() error {
			if err := write(ctx, s); err != nil {
				return err
			}
			return s.Flush()
		})
		if err != nil {
			log.Warn("a stream was cut", slog.String("error", err.Error()))
			_ = conn.Close() // it is cut either way
		}
	})
	return nil
}

func guardStream(write func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return write()
}
