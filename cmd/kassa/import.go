package main

import (
	"context"
	"flag"
	"fmt"

	"kassa/containers"
)

func importProducts(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("import", flag.ContinueOnError)
	format := fs.String("format", "", "csv or json; without it the file's name decides")
	dry := fs.Bool("dry-run", false, "report what would happen and write nothing")
	count := fs.Bool("count-stock", false, "book the difference to the file's stock as a count; otherwise the stock of products that exist is left alone")
	about := "Brings products in from a CSV or JSON file, or from what mongoexport writes. A product is found again by id, sku, barcode or its only name,\nso importing a file twice changes nothing. A bad row is reported and the others go in. The server must be stopped; beside a running one use POST /api/v1/products/import."
	if done, err := c.parse(fs, "FILE", about); done {
		return err
	}
	if fs.NArg() != 1 {
		return fmt.Errorf("import takes one file; kassa import --help says more")
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	r, err := containers.Import(ctx, cfg, containers.ImportFile{Path: fs.Arg(0), Format: *format, DryRun: *dry, Count: *count,
		Progress: func(done int) { fmt.Fprintf(c.errs, "%d rows\n", done) }})
	for _, e := range r.Errors {
		fmt.Fprintf(c.errs, "row %d: %s (%s)\n", e.Row, e.Detail, e.Code)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d created, %d updated, %d unchanged, %d failed\n", r.Created, r.Updated, r.Unchanged, r.Failed)
	if r.Failed > 0 {
		return fmt.Errorf("%d rows were left out", r.Failed)
	}
	return nil
}
