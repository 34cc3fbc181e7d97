package main

import (
	"context"

	"kassa/containers"
)

func restore(ctx context.Context, c *call) error {
	about := `Brings every store of a FILE that kassa backup wrote into the configured database, whatever kind the backup was made from. Nothing is overwritten: a data
folder that has a store is refused, and a MongoDB database that has one of the same; stop the server of a data folder first. Nobody can sell before FILE
is found whole and the books are proven. A restore into a folder that is broken off leaves nothing behind, or what the next one removes; one into
MongoDB goes on when it is run again, and uses the folder for temporary files meanwhile (TMPDIR). Everybody signs in again, and receipts go on where the
backup ends: what was sold after it is not there.`
	file, done, err := c.file("restore", about)
	if done || err != nil {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return containers.Restore(ctx, cfg, file, c.copyProgress(), func(store string, records int64) {
		tell(c.out, "%s: %d records restored and proven\n", store, records)
	})
}
