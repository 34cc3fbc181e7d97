package main

import (
	"context"
	"flag"
	"time"

	"kassa/containers"
)

func copyStores(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("copy", flag.ContinueOnError)
	var o containers.CopyOrder
	fs.StringVar(&o.From, "from", "", "`database` to copy: a data folder, or a MongoDB URI; without it the configured one")
	fs.StringVar(&o.To, "to", "", "`database` to copy into, likewise")
	fs.StringVar(&o.Store, "store", "", "`name` of the only store to copy; without it every store")
	about := `Copies the stores of one database into another: from a data folder to MongoDB, back, or between two of a kind. Bills, stock, people, settings
and parked carts are copied; who is signed in is not. The copy is proven before anybody can sell in it. Stop the servers of the source first: a
folder in use is refused, and a store on MongoDB that is written to meanwhile too; a cart that is parked meanwhile may be missing. Of a source on
MongoDB nothing is changed; a folder is locked, and brought to the newest schema. A copy that was broken off goes on where it stopped when it
is run again, and a store that is copied already is left alone. Where --from or --to is missing, it is the database of KASSA_MONGODB_URI
(or its _FILE, which keeps the password out of the list of processes), else KASSA_DATA:
  KASSA_MONGODB_URI_FILE=uri.txt kassa copy --from data`
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	if o.From == "" && o.To == "" {
		return misused("copy needs --from or --to; kassa copy --help says more")
	}
	if err := c.complete(&o); err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return misuse{err}
	}
	return containers.Copy(ctx, o, c.copyProgress(), func(store string, n containers.Copied) {
		if n.Whole {
			tell(c.out, "%s: copied already\n", store)
			return
		}
		tell(c.out, "%s: copied now: %d records, %d values, %d images and %d parked carts; all of the copy is proven\n", store, n.Records, n.Values, n.Images, n.Carts)
	})
}

// complete puts the configured database where none was named.
func (c *call) complete(o *containers.CopyOrder) error {
	if o.From != "" && o.To != "" {
		return nil
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	configured := cfg.MongoURI
	if configured == "" {
		configured = cfg.Data
	}
	for _, side := range []*string{&o.From, &o.To} {
		if *side == "" {
			*side = configured
		}
	}
	return nil
}

// copyProgress tells how far a copy is, once a second, and when a part of it is done.
func (c *call) copyProgress() containers.CopyProgress {
	var last time.Time
	return func(store, what string, done, of int64) {
		if done != of && time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		if of == 0 {
			tell(c.errs, "%s: %d %s\n", store, done, what)
			return
		}
		tell(c.errs, "%s: %d of %d %s\n", store, done, of, what)
	}
}
