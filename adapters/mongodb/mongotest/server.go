package mongotest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const attachTimeout = 15 * time.Second

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

// start runs the program as a replica set of one node.
func start(ctx context.Context, program string) (*server, error) {
	s, err := openReplicaSet(ctx, program, Options{})
	if err != nil {
		return nil, fmt.Errorf("%w; set %s to use another", err, uriVariable)
	}
	return &server{uri: s.URI(), stop: s.Close}, nil
}
