package writer

import (
	"fmt"

	"kassa/core/journal"
)

// Forms makes an empty value of each kind of ref, for reading.
type Forms map[string]func() Stored

// Decode reads the value of a ref from its canonical form. ErrCorrupt where that cannot be read, or is another ref's.
func (f Forms) Decode(ref journal.Ref, body []byte) (Value, error) {
	empty, ok := f[ref.Kind()]
	if !ok {
		return nil, fmt.Errorf("no value has refs like %s", ref.Kind())
	}
	v := empty()
	c := journal.NewDecoder(body)
	c.Root(v.Walk)
	if c.Err() == nil && v.Ref() != ref {
		c.Fail(fmt.Errorf("it is the value of %s", v.Ref()))
	}
	if c.Err() != nil {
		return nil, journal.Corrupt(c.Err(), "state "+string(ref))
	}
	return v, nil
}
