package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"kassa/containers"
)

func copyStores(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("copy", flag.ContinueOnError)
	from := fs.String("from", "", "`database` to copy: a data folder, or a MongoDB URI")
	to := fs.String("to", "", "`database` to copy into, likewise")
	about := `Copies every store of one database into another: from a data folder to MongoDB, back, or between two of a kind. Bills, stock, people, settings
and parked carts are copied; who is signed in is not. The copy is proven before anybody can sell in it, and the source stays as it is. Stop the
servers of the source first: a folder in use is refused, and a store on MongoDB that is written to meanwhile too. A copy that was broken off goes
on where it stopped when it is run again.`
	if _, done, err := c.parse(fs, "", about); done {
		return err
	}
	if *from == "" || *to == "" {
		return errors.New("copy needs --from and --to; kassa copy --help says more")
	}
	var last time.Time
	progress := func(store, what string, done, of int64) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		if of == 0 {
			tell(c.errs, "%s: %d %s\n", store, done, what)
			return
		}
		tell(c.errs, "%s: %d of %d %s\n", store, done, of, what)
	}
	return containers.Copy(ctx, *from, *to, progress, func(store string, n containers.Copied) {
		tell(c.out, "%s: copied %d records, %d values and %d parked carts, and proven\n", store, n.Records, n.Values, n.Carts)
	})
}
