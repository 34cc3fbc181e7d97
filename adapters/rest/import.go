package rest

import (
	"time"

	"kassa/adapters/productfile"
	"kassa/core/fault"
	"kassa/core/inventory"
)

// importTimeout is how long the largest file may take to arrive and to be booked.
const importTimeout = 10 * time.Minute

// importBody says what an import did, or would do.
type importBody struct {
	Created   int              `json:"created" example:"98"`
	Updated   int              `json:"updated" example:"1"`
	Unchanged int              `json:"unchanged" example:"0"`
	Failed    int              `json:"failed" example:"1"`
	Errors    []importRowError `json:"errors"`  // of the first 1,000 failed rows
	Ignored   []string         `json:"ignored"` // fields of the file that mean nothing here
}

// importRowError says why a row was left out.
type importRowError struct {
	Row    int    `json:"row" example:"17"` // from 1; the header of a CSV does not count
	Code   string `json:"code" example:"price_too_precise"`
	Detail string `json:"detail" example:"price: a price in EUR has at most 2 decimals"`
}

func newImportBody(r inventory.ImportResult) importBody {
	b := importBody{Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Failed: r.Failed, Ignored: r.Ignored}
	for _, e := range r.Errors {
		b.Errors = append(b.Errors, importRowError(e))
	}
	return b
}

// load takes over products from a file: CSV with a header, a JSON array of objects, or what mongoexport writes, one document per line or as
// an array. The fields are those of a product, with prices in major units as exact decimals. Rows mean a product by id, sku or barcode, or
// by its exact name where they have none of these; a row without any of them is a new product. A field that is empty or missing leaves the
// product's as it is. A bad row is reported and the others go in; importing a file twice changes nothing.
//
//	@Summary	Import products
//	@Tags		products
//	@Security	manager
//	@Accept		json,text/csv
//	@Param		dry_run	query		bool	false	"report the same and write nothing"
//	@Param		stock	query		string	false	"keep: leave the stock of products that exist alone; count: book the difference as a count"	Enums(keep, count)
//	@Param		body	body		string	true	"the file, up to 32 MiB in UTF-8"
//	@Success	200		{object}	importBody
//	@Failure	400		{object}	Problem	"`file_invalid`"
//	@Failure	413		{object}	Problem	"`body_too_large`, `too_many_rows`"
//	@Router		/products/import [post]
func (p Products) load(c *Call) error {
	dry, err := c.QueryBool("dry_run")
	if err != nil {
		return err
	}
	stock, err := c.QueryOne("stock", "keep", "count")
	if err != nil {
		return err
	}
	format := productfile.JSON
	switch c.MediaType() {
	case "text/csv":
		format = productfile.CSV
	case "application/json", "application/x-ndjson":
	default:
		return fault.New(fault.Unsupported, "media_type_unsupported", "the body must be text/csv or application/json")
	}
	rows, err := productfile.Read(format, c.Reader())
	if err != nil {
		return err
	}
	r, err := p.service.Import(c.Context(), c.Store(), inventory.Import{Rows: rows, DryRun: dry, Count: stock == "count"})
	if err != nil {
		return err
	}
	return c.OK(newImportBody(r))
}
