// Package static holds what Kassa serves to browsers, embedded in the binary.
package static

import "embed"

// Swagger holds the Swagger UI (npm package swagger-ui-dist, see swagger/LICENSE), its page and its own initializer.
//
//go:embed swagger
var Swagger embed.FS
