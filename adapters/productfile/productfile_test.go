package productfile_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"kassa/adapters/productfile"
	"kassa/core/fault"
	"kassa/core/inventory"
)

// all reads a file to its end and writes each row on a line: its fields that say something, or the code of its fault.
func all(t testing.TB, f productfile.Format, from io.Reader) (lines []string, ignored []string) {
	t.Helper()
	rows, err := productfile.Read(f, from)
	if err != nil {
		return []string{codeOf(err)}, nil
	}
	for n := 1; ; n++ {
		row, err := rows.Next()
		if err == io.EOF { // as it is: a fault may wrap it
			if _, again := rows.Next(); again != io.EOF {
				t.Error("a file goes on after its end")
			}
			return lines, rows.Ignored()
		}
		if err != nil {
			return append(lines, codeOf(err)), rows.Ignored()
		}
		if row.Number != n {
			t.Fatalf("row %d has number %d", n, row.Number)
		}
		lines = append(lines, written(row))
	}
}

func codeOf(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return err.Error()
	}
	if len(f.Fields) > 0 {
		return f.Fields[0].Pointer + " " + f.Fields[0].Code
	}
	return f.Code
}

func written(r inventory.Row) string {
	if r.Err != nil {
		return codeOf(r.Err)
	}
	var b strings.Builder
	for _, f := range []struct{ name, text string }{
		{"id", r.ID}, {"name", r.Name}, {"description", r.Description}, {"sku", r.SKU}, {"barcodes", strings.Join(r.Barcodes, "+")}, {"category", r.Category},
		{"price", r.Price}, {"tax", r.TaxRate}, {"unit", r.Unit}, {"stock", r.Stock}, {"policy", r.StockPolicy}, {"low", r.LowStockAt},
	} {
		if f.text != "" {
			fmt.Fprintf(&b, "%s=%s ", f.name, f.text)
		}
	}
	return strings.TrimSpace(b.String())
}

var files = []struct {
	name   string
	format productfile.Format
	text   string
	want   string // rows, separated by |
}{
	{"every column", "csv", "id,name,description,sku,barcodes,category,price,tax_rate_bp,unit,stock,stock_policy,low_stock_at\n" +
		`1,"Tea, ""green""",a b,S,1234|5678 9012,Drinks,1.5,700,kg,2.5,warn,1` + "\n",
		`id=1 name=Tea, "green" description=a b sku=S barcodes=1234+5678+9012 category=Drinks price=1.5 tax=700 unit=kg stock=2.5 policy=warn low=1`},
	{"order and letter case of columns", "csv", " Price ,NAME\n1,A", "name=A price=1"},
	{"byte order mark, CRLF, empty lines", "csv", "\ufeffname,price\r\n\r\nA,1\r\n  \r\nB,2\r\n", "name=A price=1|name=B price=2"},
	{"semicolons and decimal commas", "csv", "name;price;stock\nA, b;1,50;1.5\nB;1.234,5;2", "name=A, b price=1.50 stock=1.5|name=B price=1.234,5 stock=2"},
	{"tabs", "csv", "name\tprice\nA\t1,5\n", "name=A price=1.5"},
	{"commas are no decimal commas", "csv", "name,price\nA,\"1,5\"", "name=A price=1,5"},
	{"a line feed within quotes", "csv", "name,description\nA,\"one\ntwo \"\"x\"\"\"\nB,", "name=A description=one\ntwo \"x\"|name=B"},
	{"a quote in the middle is one bad row", "csv", "name,price\n5\" pipe,1\nB,2\n", "row_invalid|name=B price=2"},
	{"too many and too few cells", "csv", "name,price\nA,1,2\nB\nC,3", "row_invalid|row_invalid|name=C price=3"},
	{"not in UTF-8", "csv", "name,price\n\xc4pfel,1\nB,2", "row_invalid|name=B price=2"},
	{"an ObjectId of mongoexport", "csv", "_id,name\nObjectId(507f1f77bcf86cd799439011),A", "id=507f1f77bcf86cd799439011 name=A"},
	{"a formula that Kassa defused", "csv", "name,sku\n'=1+1,'-x\n'n Sync,'\n''=1,'＝2\n\"x;'=3\",a;'b", "name==1+1 sku=-x|name='n Sync sku='|name='=1 sku=＝2|name=x;=3 sku=a;'b"},
	{"barcodes as a list of mongoexport or the API", "csv", "name,barcodes\nA,\"[\"\"1234\"\",\"\"5678\"\"]\"\nB,[]\nC,\"12345,67890\"", "name=A barcodes=1234+5678|name=B|name=C barcodes=12345+67890"},
	{"lines that end in CR alone", "csv", "name,price\rA,1\rB,2\r", "file_invalid"},
	{"only a header", "csv", "name,price\n", ""},
	{"an empty file", "csv", "", "file_invalid"},
	{"no column that is known", "csv", "a,b\n1,2", "file_invalid"},
	{"a column twice", "csv", "name,barcode,barcodes\n", "file_invalid"},
	{"the API's own list", "csv", "id,price,image_url,version\n1,199,,1", "file_invalid"},
	{"an item of the API's own list", "json", `[{"id":"1","price":199,"image_url":null,"version":1},{"price":199,"version":1}]`, "file_invalid|price=199"},
	{"UTF-16", "csv", "\xff\xfen\x00", "file_invalid"},

	{"mongoexport --jsonArray", "json", `[{"_id":{"$oid":"507f1f77bcf86cd799439011"},"name":"A","description":"d","price":617.8,"stock":29}` + "\n,{\"name\":\"B\"}\n]\n",
		"id=507f1f77bcf86cd799439011 name=A description=d price=617.8 stock=29|name=B"},
	{"mongoexport", "json", `{"_id":{"$oid":"a"},"price":1}` + "\n" + `{"_id":"b","price":2}` + "\n", "id=a price=1|id=b price=2"},
	{"canonical Extended JSON", "json", `[{"_id":{"$numberInt":"7"},"price":{"$numberDouble":"617.8"},"stock":{"$numberLong":"3"},"low_stock_at":{"$numberDecimal":"1.500"},"tax_rate_bp":{"$numberInt":"700"}}]`,
		"id=7 price=617.8 tax=700 stock=3 low=1.500"},
	{"numbers keep their text", "json", `[{"price":0.1,"stock":1.5E+06},{"price":1e400},{"price":617.80000000000000001},{"price":" 12.50 "}]`,
		"price=0.1 stock=1.5E+06|price=1e400|price=617.80000000000000001|price=12.50"},
	{"null says nothing", "json", `[{"name":null,"price":null,"barcodes":null,"id":null}]`, ""},
	{"barcodes", "json", `[{"barcodes":["1234",5678,{"$numberLong":"9012"}]},{"barcode":"1234|5678"},{"barcode":4006381333931},{"barcodes":[]}]`,
		"barcodes=1234+5678+9012|barcodes=1234+5678|barcodes=4006381333931|"},
	{"_id before id", "json", `[{"_id":"m","id":"i"},{"id":"i"}]`, "id=m|id=i"},
	{"wrong types", "json", `[{"name":5},{"price":true},{"price":{"$date":"x"}},{"barcodes":{"a":1}},{"barcodes":[[]]},{"id":["x"]},{"name":{"$oid":"x"}},{"stock":{}}]`,
		"/name type_invalid|/price type_invalid|/price type_invalid|/barcodes type_invalid|/barcodes type_invalid|/id type_invalid|/name type_invalid|/stock type_invalid"},
	{"rows that are no objects", "json", `[1,"a,]b",null,[{"name":"x"}],{"name":"A"},true]`, "row_invalid|row_invalid|row_invalid|row_invalid|name=A|row_invalid"},
	{"bad rows among good ones", "json", `[{"price":NaN},{"name":"A"},{"name":"x","name":"y"},{"a":[1,{"b":"]}"}]},{'name':1},{"name":"B"}]`,
		"json_invalid|name=A|json_invalid||json_invalid|name=B"},
	{"brackets and quotes in texts", "json", `[{"name":"}]\"\\"},{"name":"\u00e4{["}]`, `name=}]"\|name=ä{[`},
	{"a row that is not closed", "json", "[{\"name\":\"A\"\n,{\"name\":\"B\"}\n]", "json_invalid|name=B"},
	{"a text that is not closed", "json", "{\"name\":\"A}\n{\"name\":\"B\"}\n", "json_invalid|name=B"},
	{"a bracket too many", "json", "[{\"name\":\"A\"}}\n,{\"name\":\"B\"}]", "name=A|json_invalid|name=B"},
	{"no comma", "json", "[{\"name\":\"A\"} {\"name\":\"B\"}\n,{\"name\":\"C\"}]", "name=A|json_invalid|name=C"},
	{"two commas", "json", `[{"name":"A"},,{"name":"B"}]`, "name=A|json_invalid"},
	{"a comma before the first", "json", `[,{"name":"B"}]`, "json_invalid"},
	{"a comma after the last", "json", `[{"name":"A"},]`, "name=A|json_invalid"},
	{"an array that is not closed", "json", `[{"name":"A"}`, "name=A|json_invalid"},
	{"a file that is cut off", "json", `[{"name":"A"},{"na`, "name=A|json_invalid|json_invalid"},
	{"something behind the array", "json", `[{"name":"A"}] x`, "name=A|json_invalid"},
	{"rows written out", "json", "\ufeff[\n  {\n    \"name\": \"A\",\n    \"barcodes\": [\n      \"1234\"\n    ]\n  },\n  {\n    \"name\": \"B\"\n  }\n]\n", "name=A barcodes=1234|name=B"},
	{"an empty array", "json", " [ ] ", ""},
	{"an empty file of JSON", "json", " \n", "file_invalid"},
	{"no rows at all", "json", `"name"`, "file_invalid"},
	{"not in UTF-8, JSON", "json", "[{\"name\":\"\xc4\"},{\"name\":\"B\"}]", "json_invalid|name=B"},
}

// sales.md row 15.
func TestFiles(t *testing.T) {
	for _, tt := range files {
		t.Run(tt.name, func(t *testing.T) {
			for _, from := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				if got, _ := all(t, tt.format, from); strings.Join(got, "|") != tt.want {
					t.Errorf("got %q, want %q", strings.Join(got, "|"), tt.want)
				}
			}
		})
	}
}

func TestUnknownFieldsAreNamed(t *testing.T) {
	for format, text := range map[productfile.Format]string{
		"csv":  "name,pirce,,image\nA,1,x,y",
		"json": `[{"name":"A","pirce":1},{"image":{"a":[]},"pirce":2}]`,
	} {
		_, ignored := all(t, format, strings.NewReader(text))
		if got := strings.Join(ignored, " "); got != "image pirce" {
			t.Errorf("%s: %q", format, got)
		}
	}
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `{"%d%s":1}`, i, strings.Repeat("x", 200))
	}
	if _, ignored := all(t, "json", strings.NewReader(b.String())); len(ignored) != 50 || len(ignored[0]) != 64 {
		t.Errorf("%d names are kept, the first of %d characters", len(ignored), len(ignored[0]))
	}
}

func TestRowIsBounded(t *testing.T) {
	long := strings.Repeat("x", productfile.MaxRow)
	for format, text := range map[productfile.Format]string{
		"csv":  "name,price\nA,1\n" + long + ",1\n\"" + long + "\",2\nB,2\n",
		"json": `[{"name":"A"},{"name":"` + long + `"},{"name":"\\` + long + long + `"},{"name":"B"}]`,
	} {
		got, _ := all(t, format, strings.NewReader(text))
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], " ")
		}
		if s := strings.Join(got, "|"); s != "name=A|row_too_large|row_too_large|name=B" {
			t.Errorf("%s: %.200q", format, s)
		}
	}
}

func TestWhatTheReaderRefusesEndsTheFile(t *testing.T) {
	refusal := fault.New(fault.Malformed, "body_truncated", "x").Wrap(io.EOF) // as the body of a request ends that is cut off
	for _, tt := range []struct {
		format productfile.Format
		text   string
	}{
		{"csv", "name\nA\nB"}, {"csv", "name\nA\n"}, {"csv", "name\nA\n\"B\n"}, {"csv", "name\nA\n" + strings.Repeat("x", productfile.MaxRow+1)},
		{"json", `[{"name":"A"},{"name"`}, {"json", `[{"name":"A"},`}, {"json", `[{"name":"A"}`}, {"json", `{"name":"A"}`}, {"json", "{\"name\":\"A\"}\n{"},
	} {
		got, _ := all(t, tt.format, io.MultiReader(strings.NewReader(tt.text), iotest.ErrReader(refusal)))
		if s := strings.Join(got, "|"); s != "name=A|body_truncated" {
			t.Errorf("%.40q: %q", tt.text, s)
		}
	}
}

func TestTheHundredProductsAreRead(t *testing.T) {
	f, err := os.Open("../../mongo_setup/product_mock.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, ignored := all(t, "json", f)
	if len(got) != 100 || len(ignored) != 0 || !strings.HasPrefix(got[0], "id=691c3f80d25e7b0a4f8c31a8 name=Wheat roll ") {
		t.Errorf("%d rows, ignored %q, the first: %s", len(got), ignored, got[0])
	}
}

// Whatever the bytes: reading ends, rows are numbered, and as few bytes as there are make no more rows.
func FuzzRead(f *testing.F) {
	for _, tt := range files {
		f.Add(tt.format == "csv", []byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, csv bool, b []byte) {
		format := productfile.JSON
		if csv {
			format = productfile.CSV
		}
		got, _ := all(t, format, strings.NewReader(string(b)))
		if len(got) > len(b)+1 {
			t.Errorf("%d rows of %d bytes", len(got), len(b))
		}
		again, _ := all(t, format, iotest.HalfReader(strings.NewReader(string(b))))
		if strings.Join(got, "\n") != strings.Join(again, "\n") {
			t.Errorf("it reads as %q and as %q", got, again)
		}
	})
}

func TestARowTellsOfTheLinesThatItTookIn(t *testing.T) {
	for text, want := range map[string]string{
		"name,price\n\"A,1\nB,2\nC,3\n":                                       "2 of them",
		"name,price\n\"A\nB\",1,2\n":                                          "1 of them",
		"name,price\n\"A,1\n" + strings.Repeat("B,2\n", productfile.MaxRow/4): "and not as rows",
	} {
		rows, err := productfile.Read("csv", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if row, err := rows.Next(); err != nil || row.Err == nil || !strings.Contains(row.Err.Error(), want) {
			t.Errorf("got %v and %v", row.Err, err)
		}
	}
}
