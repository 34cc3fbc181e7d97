// Command gen writes openapi.json, the OpenAPI 3 document of the REST API, from the swag annotations and the DTOs in adapters/rest. Run it
// with go generate ./adapters/rest.
//
// swag reads the annotations into Swagger 2; kin-openapi converts that to OpenAPI 3; then the document is completed with what the DTOs'
// Go types say and swag does not: which members are always there, which may be null, and the bounds of the wire types.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggo/swag"
)

func main() {
	api := flag.String("api", ".", "the folder with the annotations; its doc.go holds the general ones")
	core := flag.String("core", "../../core", "the folder with the types that the DTOs name")
	out := flag.String("out", "docs/openapi.json", "the file to write")
	flag.Parse()
	text, err := generate([]string{*api, *core})
	if err == nil {
		err = os.WriteFile(*out, text, 0o644) //nolint:gosec // it is public
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generate returns the document for the folders; the first holds the annotations. The same sources give the same bytes.
func generate(folders []string) ([]byte, error) {
	types, err := readTypes(folders)
	if err != nil {
		return nil, err
	}
	swagger, err := readAnnotations(folders, types)
	if err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(swagger)
	if err != nil {
		return nil, fmt.Errorf("convert to OpenAPI 3: %w", err)
	}
	if err := complete(doc, types); err != nil {
		return nil, err
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		return nil, err
	}
	text = shorten(text, filepath.Base(types.api))
	if err := validate(text); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func readAnnotations(folders []string, t *types) (*openapi2.T, error) {
	p := swag.New(swag.SetOverrides(t.overrides()), swag.SetDebugger(log.New(io.Discard, "", 0)), swag.SetStrict(true))
	if err := p.ParseAPIMultiSearchDir(folders, "doc.go", 1); err != nil {
		return nil, fmt.Errorf("read the annotations: %w", err)
	}
	text, err := json.Marshal(p.GetSwagger())
	if err != nil {
		return nil, err
	}
	var doc openapi2.T
	return &doc, json.Unmarshal(text, &doc)
}

func validate(text []byte) error {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return fmt.Errorf("read what was made: %w", err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		return fmt.Errorf("the document is not valid OpenAPI 3: %w", err)
	}
	return nil
}
