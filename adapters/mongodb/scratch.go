package mongodb

import (
	"context"
	"errors"
	"strings"

	"kassa/core/id"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Scratch is an empty database of its own on a server, for measuring.
type Scratch struct {
	URI   string
	Nodes int // of the replica set
	d     *Database
}

// NewScratch makes the database on the server of the URI, whatever database the URI names. Its user must be allowed to. Drop it.
func NewScratch(ctx context.Context, uri string, ids id.Source) (*Scratch, error) {
	i := ids.New()
	s := &Scratch{URI: InDatabase(uri, "kassa_bench_"+string(i))}
	var err error
	if s.d, err = Open(ctx, s.URI, i); err != nil {
		return nil, err
	}
	var hello struct {
		Hosts []string `bson:"hosts"`
	}
	if err := s.d.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return nil, errors.Join(err, s.Drop(ctx))
	}
	s.Nodes = len(hello.Hosts)
	return s, nil
}

// Drop removes the database with everything in it.
func (s *Scratch) Drop(ctx context.Context) error {
	return errors.Join(s.d.db.Drop(ctx), s.d.Close())
}

// InDatabase returns the URI with another database. A user is looked up where the URI said before.
func InDatabase(uri, name string) string {
	base, query, _ := strings.Cut(uri, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	hosts, was, _ := strings.Cut(rest, "/")
	if strings.Contains(hosts, "@") && was != "" && !strings.Contains(strings.ToLower(query), "authsource=") {
		query = strings.TrimPrefix(query+"&authSource="+was, "&")
	}
	return scheme + "://" + hosts + "/" + name + "?" + query
}
