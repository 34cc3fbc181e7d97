package productfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"kassa/core/fault"
	"kassa/core/inventory"
)

// csvRows reads CSV as RFC 4180 and spreadsheets write it.
type csvRows struct {
	names
	from    *bufio.Reader
	comma   byte
	columns []string // the field of each column, or nothing
	number  int
}

// newCSV reads the header.
func newCSV(from *bufio.Reader) (*csvRows, error) {
	r := &csvRows{from: from, comma: ','}
	header, err := r.record()
	switch {
	case err == io.EOF: // as it is, here and below: a fault of the reader may wrap it
		return nil, invalid("the file is empty; its first line names the columns, such as name,price")
	case err != nil:
		return nil, err
	case bytes.IndexByte(header, '\r') >= 0: // read as one line, the file would have no rows and nothing would be amiss
		return nil, invalid("its lines end in CR alone; save it as CSV with line feeds")
	}
	for _, c := range []byte{';', '\t'} {
		if bytes.Count(header, []byte{c}) > bytes.Count(header, []byte{r.comma}) {
			r.comma = c
		}
	}
	cells, err := r.split(header)
	if err != nil {
		return nil, invalid("the first line cannot be read: %v", err)
	}
	for i := range cells {
		cells[i] = strings.ToLower(strings.TrimSpace(cells[i]))
	}
	if err := minorUnits(func(name string) bool { return slices.Contains(cells, name) }); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, c := range cells {
		field := r.of(c)
		if field != "" && seen[field] {
			return nil, invalid("two columns are called %s", field)
		}
		seen[field] = true
		r.columns = append(r.columns, field)
	}
	if delete(seen, ""); len(seen) == 0 {
		return nil, invalid("the first line names no column that is known here; it should look like name,price")
	}
	return r, nil
}

// Next implements inventory.Rows.
func (r *csvRows) Next() (inventory.Row, error) {
	for {
		record, err := r.record()
		if err != nil && !fault.IsCode(err, "row_too_large") {
			return inventory.Row{}, err
		}
		if err == nil && len(bytes.TrimSpace(record)) == 0 {
			continue
		}
		r.number++
		if err != nil {
			return inventory.Row{Number: r.number, Err: err}, nil
		}
		row, err := r.row(record)
		if err != nil {
			return inventory.Row{Number: r.number, Err: err}, nil
		}
		return row, nil
	}
}

// row finds the fields of a record.
func (r *csvRows) row(record []byte) (inventory.Row, error) {
	row := inventory.Row{Number: r.number}
	cells, err := r.split(record)
	if err != nil {
		return row, invalidRow(record, fmt.Sprintf("the row cannot be read: %v", err))
	}
	if len(cells) != len(r.columns) {
		return row, invalidRow(record, fmt.Sprintf("the row has %d cells and the header %d", len(cells), len(r.columns)))
	}
	for i, field := range r.columns {
		cell := strings.TrimSpace(cells[i])
		switch to := textOf(&row, field); {
		case field == "barcodes":
			row.Barcodes = codes(cell)
		case field == "id":
			row.ID = objectID(cell)
		case to == nil:
		case numeric(field):
			*to = r.decimal(cell)
		default:
			*to = Plain(cell)
		}
	}
	return row, nil
}

// invalidRow is the fault for a record that is no row.
func invalidRow(record []byte, why string) error {
	return fault.New(fault.Malformed, "row_invalid", "%s%s", why, lost(record))
}

// lost tells of the lines that a quote without its end took into a record. They may be rows, and may as well be what it was meant to hold.
func lost(record []byte) string {
	if more := bytes.Count(record, []byte{'\n'}); more > 0 {
		return fmt.Sprintf("; a quote is open at the end of its first line, so the lines after it were read as a part of it and not as rows: %d of them", more)
	}
	return ""
}

// decimal reads the comma of a number in a file whose cells are separated by something else, as spreadsheets of many countries write them.
func (r *csvRows) decimal(cell string) string {
	if r.comma != ',' && strings.Count(cell, ",") == 1 && !strings.Contains(cell, ".") {
		return strings.Replace(cell, ",", ".", 1)
	}
	return cell
}

// record reads the bytes up to the end of a line that is not within quotes; io.EOF after the last. Of a record that is too large the rest
// of the line at hand is passed over.
func (r *csvRows) record() ([]byte, error) {
	var record []byte
	at, commas := begins, string(r.comma)
	if r.columns == nil {
		commas = ",;\t"
	}
	for {
		line, err := r.from.ReadSlice('\n')
		if len(record)+len(line) > MaxRow {
			return nil, r.passOver(record, err)
		}
		record = append(record, line...)
		if errors.Is(err, bufio.ErrBufferFull) {
			at = at.after(line, commas)
			continue
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		if err != nil && len(record) == 0 {
			return nil, io.EOF
		}
		if at = at.after(line, commas); at != open || err != nil {
			return bytes.TrimRight(record, "\r\n"), nil
		}
	}
}

func (r *csvRows) passOver(record []byte, err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.from.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return err
	}
	return tooLarge(lost(record))
}

// cell is where a record's text stands. Quotes count at the beginning of a cell only: elsewhere they are damage, which ends with its line.
type cell uint8

const (
	begins cell = iota
	bare
	open   // within quotes
	closed // behind a quote that ends the cell, or is half of a doubled one
)

// after returns where the text stands after the bytes.
func (c cell) after(b []byte, commas string) cell {
	for _, x := range b {
		switch {
		case c == open && x != '"':
		case c == open:
			c = closed
		case x == '"' && c != bare:
			c = open
		case x == '\n' || strings.IndexByte(commas, x) >= 0:
			c = begins
		default:
			c = bare
		}
	}
	return c
}

// split returns the cells of a record.
func (r *csvRows) split(record []byte) ([]string, error) {
	if !utf8.Valid(record) {
		return nil, errors.New("it is not in UTF-8")
	}
	c := csv.NewReader(bytes.NewReader(record))
	c.Comma, c.FieldsPerRecord = rune(r.comma), -1
	cells, err := c.Read()
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return nil, wrong.Err
	}
	return cells, err
}
