// Package mongosetup carries the files that set up a database: the products of the demo store.
package mongosetup

import _ "embed"

// Products is what `mongoexport --jsonArray` writes of 100 products of a neighbourhood shop in EUR: one product per line, prices in
// major units, tax rates in basis points, stock in the product's unit. The products are invented; their barcodes are EAN-13 from the
// ranges that GS1 leaves to shops for their own use (20 to 29), so that they meet no article of anybody else.
//
//go:embed product_mock.json
var Products []byte
