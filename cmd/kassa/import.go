package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"kassa/containers"
	"kassa/core/fault"
)

func importProducts(ctx context.Context, c *call) error {
	fs := flag.NewFlagSet("import", flag.ContinueOnError)
	format := fs.String("format", "", "csv or json; without it the file's name decides")
	dry := fs.Bool("dry-run", false, "report what would happen and write nothing")
	count := fs.Bool("count-stock", false, "book the difference to the file's stock as a count; otherwise the stock of products that exist is left alone")
	about := `Brings products in from a CSV or JSON file, or from what mongoexport writes. A product is found again by id, sku, barcode or its only name,
so importing a file twice changes nothing. A bad row is reported, by its number without the first line of a CSV, and the others go in. A data
folder is refused while its server runs: use POST /api/v1/products/import then. On MongoDB the server may run. For the demo's shop:
KASSA_DATA=data/demo kassa import FILE.

The first line of a CSV names its columns; comma, semicolon and tab separate them. JSON is an array of objects, or one object after the other.
  name          needed for a new product
  price         needed for a new product, in major units: 12.50
  stock         of a new product: 3, or 1.250 of what is sold by weight; unit is piece, kg, l or m
  id (or _id), sku, barcodes (or barcode), category, description, tax_rate_bp (1900 is 19 %), stock_policy (block, warn, allow), low_stock_at`
	file, done, err := c.parse(fs, "FILE", about)
	if done {
		return err
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	r, err := containers.Import(ctx, cfg, containers.ImportFile{Path: file, Format: *format, DryRun: *dry, Count: *count,
		Progress: func(done int) { tell(c.errs, "rows: %d\n", done) }})
	if len(r.Ignored) > 0 {
		tell(c.errs, "not read, as these names mean nothing here: %s\n", strings.Join(r.Ignored, ", "))
	}
	for _, e := range r.Errors {
		tell(c.errs, "row %d: %s (%s)\n", e.Row, e.Detail, e.Code)
	}
	if fault.IsCode(err, "format_invalid") {
		return misuse{err}
	}
	if err != nil {
		return err
	}
	counts := "%d created, %d updated, %d unchanged, %d failed\n"
	if *dry {
		counts = "would be: %d created, %d updated, %d unchanged, %d failed; nothing was written\n"
	}
	tell(c.out, counts, r.Created, r.Updated, r.Unchanged, r.Failed)
	if r.Failed > 0 {
		return fmt.Errorf("rows left out: %d of %d", r.Failed, r.Created+r.Updated+r.Unchanged+r.Failed)
	}
	return nil
}
