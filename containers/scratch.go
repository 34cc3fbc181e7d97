package containers

import (
	"context"
	"errors"
	"os"

	"kassa/adapters/mongodb"
	"kassa/adapters/system"
)

// Scratch is an empty database for one measurement.
type Scratch struct {
	Config Config // of those who use it
	Nodes  int    // of the MongoDB replica set; 0: SQLite
	remove func(ctx context.Context) error
}

// NewScratch makes a database on the MongoDB server of the URI, or without one a folder for SQLite within the given one. Remove it.
func NewScratch(ctx context.Context, uri, folder string) (*Scratch, error) {
	s := &Scratch{Config: Config{BcryptCost: minCost, JWTKey: "of a shop that lives for a moment"}}
	if uri != "" {
		m, err := mongodb.NewScratch(ctx, uri, system.NewIDs(system.Clock{}))
		if err != nil {
			return nil, err
		}
		s.Config.MongoURI, s.Nodes, s.remove = m.URI, m.Nodes, m.Drop
		return s, nil
	}
	dir, err := os.MkdirTemp(folder, "kassa-raw-")
	s.Config.Data, s.remove = dir, func(context.Context) error { return os.RemoveAll(dir) }
	return s, err
}

// Remove removes the database, also when the context has ended.
func (s *Scratch) Remove(ctx context.Context) error { return s.remove(context.WithoutCancel(ctx)) }

// Bare opens a shop without HTTP in the database, calls fn and closes it again.
func (s *Scratch) Bare(ctx context.Context, products, registers int, fn func(b *Bare) error) (err error) {
	b, err := OpenBare(ctx, s.Config, products, registers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close(context.WithoutCancel(ctx))) }()
	return fn(b)
}
