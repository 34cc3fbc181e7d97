package mongotest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	replicaSet    = "kassa"
	startAttempts = 3 // another program may take the port that was free a moment ago
	startTimeout  = time.Minute
	attachTimeout = 15 * time.Second
	pollEvery     = 10 * time.Millisecond
)

// server is a replica set that accepts writes.
type server struct {
	uri  string
	stop func() // ends what start began and removes its data
}

// attach uses a replica set that runs already, and says so when it is none.
func attach(ctx context.Context, uri string) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	err := withClient(ctx, options.Client().ApplyURI(uri), func(c *mongo.Client) error {
		h, err := askHello(ctx, c)
		if err == nil && (h.SetName == "" || !h.Writable) {
			err = errors.New("it is not the primary of a replica set")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s must name a replica set that accepts writes: %w", uriVariable, err)
	}
	return &server{uri: uri, stop: func() {}}, nil
}

// start runs the program as a replica set of one node on a free loopback port, with its data in a temporary folder.
func start(ctx context.Context, program string) (*server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var failures []error
	for range startAttempts {
		s, err := startOnce(ctx, program)
		if err == nil {
			return s, nil
		}
		failures = append(failures, err)
		if !errors.Is(err, errEnded) {
			break
		}
	}
	return nil, fmt.Errorf("%s did not become a replica set; set %s to use another: %w", program, uriVariable, errors.Join(failures...))
}

func startOnce(ctx context.Context, program string) (*server, error) {
	data, err := newFolder()
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		data.remove()
		return nil, err
	}
	p, err := launch(program, data.path, port)
	if err != nil {
		data.remove()
		return nil, err
	}
	s := &server{
		uri:  "mongodb://127.0.0.1:" + strconv.Itoa(port) + "/?replicaSet=" + replicaSet,
		stop: func() { p.kill(); data.remove() },
	}
	if err := p.initiate(ctx, port); err != nil {
		err = p.explain(err)
		s.stop()
		return nil, err
	}
	return s, nil
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// initiate makes the listening mongod a replica set and waits until it accepts writes.
func (p *process) initiate(ctx context.Context, port int) error {
	address := "127.0.0.1:" + strconv.Itoa(port)
	var dialer net.Dialer
	err := p.poll(ctx, func() bool {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	if err != nil {
		return err
	}
	o := options.Client().ApplyURI("mongodb://" + address).SetDirect(true)
	return withClient(ctx, o, func(c *mongo.Client) error {
		config := bson.D{{Key: "_id", Value: replicaSet}, {Key: "members", Value: bson.A{
			bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: address}},
		}}}
		if err := c.Database("admin").RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: config}}).Err(); err != nil {
			return err
		}
		return p.poll(ctx, func() bool {
			h, err := askHello(ctx, c)
			return err == nil && h.Writable
		})
	})
}

// poll asks until the answer is yes, the process ends or the context does.
func (p *process) poll(ctx context.Context, ready func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.ended:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// hello is what a node says of itself.
type hello struct {
	SetName  string `bson:"setName"`
	Writable bool   `bson:"isWritablePrimary"`
}

func askHello(ctx context.Context, c *mongo.Client) (hello, error) {
	var h hello
	err := c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
	return h, err
}
