package main

import (
	"context"
	"flag"

	"kassa/containers"
)

func backup(ctx context.Context, c *call) error {
	about := `Writes every store of the configured database to FILE, a new one, beside a running server: bills, stock, people, images, settings and parked carts,
each store as it is at one moment. Who is signed in is not in it, and neither is the key that signs tokens. The copy of the books is proven, and FILE is
read again before it gets its name; until then it is FILE.part, and FILE.parts is a folder of what goes into it: there must be room for both.
FILE holds the hashes of passwords and PINs; only its owner may read it. Keep it safe, and on another disk than the shop's.
kassa restore FILE brings it back, into a data folder or into MongoDB.`
	file, done, err := c.file("backup", about)
	if done || err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return containers.Backup(ctx, cfg, file, c.copyProgress(), func(store string, records int64) {
		tell(c.out, "%s: %d records, proven, are in %s\n", store, records, file)
	})
}

// file reads the flags of a command that takes a FILE, and nothing else.
func (c *call) file(command, about string) (file string, done bool, err error) {
	file, done, err = c.parse(flag.NewFlagSet(command, flag.ContinueOnError), "FILE", about)
	if err == nil && file == "-" {
		err = misused("%s needs a file of its own; it cannot use a pipe", command)
	}
	return file, done, err
}
