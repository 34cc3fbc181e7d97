package rest

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"kassa/core/audit"
	"kassa/core/id"
)

// A sale of three lines and an answer of a bill's size, through everything that HTTP does, with nothing stored.
type benchRequest struct {
	Register     id.ID       `json:"register_id"`
	ClientSaleID string      `json:"client_sale_id"`
	Lines        []benchLine `json:"lines"`
	Tenders      []struct {
		Kind   string `json:"kind"`
		Amount Int    `json:"amount"`
	} `json:"tenders"`
}

type benchLine struct {
	Product  id.ID    `json:"product_id"`
	Quantity Quantity `json:"quantity"`
}

type benchBody struct {
	ID        id.ID           `json:"id"`
	Cashier   id.ID           `json:"cashier_id"`
	CreatedAt Time            `json:"created_at"`
	Lines     []benchBodyLine `json:"lines"`
	Total     Int             `json:"total"`
	Hash      string          `json:"hash"`
	Previous  string          `json:"previous_hash"`
}

type benchBodyLine struct {
	Line     int    `json:"line"`
	Product  id.ID  `json:"product_id"`
	Name     string `json:"name"`
	Quantity Int    `json:"quantity"`
	Subtotal Int    `json:"subtotal"`
	Discount Int    `json:"discount"`
	Points   Int    `json:"points_used"`
	Tax      Int    `json:"tax"`
	Total    Int    `json:"total"`
}

const benchText = `{"register_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a11","client_sale_id":"till-1-000017","lines":[` +
	`{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a12","quantity":2},{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a13","quantity":1},` +
	`{"product_id":"01997b1e-5f1c-7a33-8c1d-2f6b8f0f4a14","quantity":"0.750"}],"tenders":[{"kind":"cash","amount":6000}]}`

const benchHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func benchSale(r *Router) {
	r.Post("/floor", Cashier, func(c *Call) error {
		if _, err := c.IdempotencyKey(); err != nil {
			return err
		}
		var in benchRequest
		if err := c.Decode(&in); err != nil {
			return err
		}
		body := benchBody{
			ID: id.ID(c.RequestID()), Cashier: audit.From(c.Context()).ID, CreatedAt: Time(time.UnixMilli(1_800_000_000_000)),
			Lines: make([]benchBodyLine, len(in.Lines)), Total: 5997, Hash: benchHash, Previous: benchHash,
		}
		for i, l := range in.Lines {
			body.Lines[i] = benchBodyLine{Line: i + 1, Product: l.Product, Name: "Espresso beans, 1 kg", Quantity: 2, Subtotal: 3998, Total: 3998, Tax: 638}
		}
		return c.Created("/bills/"+string(body.ID), body)
	})
}

func benchWire() []byte {
	return fmt.Appendf(nil, "POST /api/v1/floor HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer cashier\r\nContent-Type: application/json\r\n"+
		"Idempotency-Key: till-1-000017\r\nContent-Length: %d\r\n\r\n%s", len(benchText), benchText)
}

// replay is a connection that sends the same request again and again and forgets the answers.
type replay struct {
	net.Conn
	request []byte
	left    int
	sent    int
	got     int
}

func (c *replay) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.request[c.sent:])
	if c.sent += n; c.sent == len(c.request) {
		c.sent = 0
		c.left--
	}
	return n, nil
}

func (c *replay) Write(p []byte) (int, error)    { c.got += len(p); return len(p), nil }
func (*replay) Close() error                     { return nil }
func (*replay) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*replay) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*replay) SetDeadline(time.Time) error      { return nil }
func (*replay) SetReadDeadline(time.Time) error  { return nil }
func (*replay) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkFloor measures one request without the network: header, token, strict JSON, answer, metrics, and the access log or not.
func BenchmarkFloor(b *testing.B) {
	for _, logged := range []bool{false, true} {
		b.Run(fmt.Sprintf("log=%t", logged), func(b *testing.B) {
			o := Options{}
			if logged {
				o.Log = logTo(io.Discard)
			}
			s := newServer(b, o, benchSale)
			b.ReportAllocs()
			b.ResetTimer()
			c := &replay{request: benchWire(), left: b.N}
			if err := s.App().Server().ServeConn(c); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(c.got)/float64(b.N), "B/answer")
		})
	}
}

// BenchmarkFloorTCP measures the same over the loopback with 64 connections, client and server on the same processors.
func BenchmarkFloorTCP(b *testing.B) {
	s := newServer(b, Options{}, benchSale)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	wire := benchWire()
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		buf := make([]byte, 8<<10)
		for pb.Next() {
			if _, err := c.Write(wire); err != nil {
				b.Error(err)
				return
			}
			if n, err := c.Read(buf); err != nil || string(buf[9:12]) != "201" {
				b.Errorf("%v: %.80q", err, buf[:n])
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	if err := s.Shutdown(b.Context()); err != nil {
		b.Error(err)
	}
	if err := <-done; err != nil {
		b.Error(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(benchText)
	b.ReportAllocs()
	for b.Loop() {
		var in benchRequest
		if err := decode(text, &in); err != nil {
			b.Fatal(err)
		}
	}
}
