package mongodb

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"kassa/core/id"
	"kassa/core/journal"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// reader reads itself from a document. What is read in masses does so without reflection, which takes longer than all else that a row needs.
type reader interface{ read(d bson.Raw) error }

// wrong is a document that has not what it must have, as somebody makes who writes by hand.
func wrong(what string, path []string) error {
	return fmt.Errorf("%w: a document has no %s in %s", journal.ErrCorrupt, what, strings.Join(path, "."))
}

func textAt(d bson.Raw, path ...string) (string, error) {
	if text, ok := d.Lookup(path...).StringValueOK(); ok {
		return text, nil
	}
	return "", wrong("text", path)
}

// beyondWhole is the first double beyond all whole numbers.
const beyondWhole = 1 << 63

// numberAt reads a whole number of any type: a shell writes its numbers as doubles.
func numberAt(d bson.Raw, path ...string) (int64, error) {
	v := d.Lookup(path...)
	if f, ok := v.DoubleOK(); ok && (f != math.Trunc(f) || f < -beyondWhole || f >= beyondWhole) {
		return 0, wrong("whole number", path)
	}
	if n, ok := v.AsInt64OK(); ok {
		return n, nil
	}
	return 0, wrong("whole number", path)
}

func keyAt(d bson.Raw) (key, error) {
	s, err := textAt(d, "_id", "s")
	if err != nil {
		return key{}, err
	}
	i, err := textAt(d, "_id", "i")
	return key{id.Store(s), i}, err
}

// read implements reader.
func (h *head) read(d bson.Raw) error {
	store, err := textAt(d, "_id")
	if err != nil {
		return err
	}
	token, err := textAt(d, "token")
	if err != nil {
		return err
	}
	status, err := textAt(d, "status")
	if err != nil {
		return err
	}
	h.Store, h.Token, h.Status = id.Store(store), id.ID(token), journal.Status(status)
	if h.Position, err = numberAt(d, "position"); err != nil {
		return err
	}
	if h.At, err = numberAt(d, "at"); err != nil {
		return err
	}
	h.Last, err = chainsAt(d)
	return err
}

// chainsAt reads the last hashes of a head, which has none before the first record.
func chainsAt(d bson.Raw) (map[string][]byte, error) {
	last := d.Lookup("last")
	chains, ok := last.DocumentOK()
	switch {
	case ok:
	case last.IsZero(), last.Type == bson.TypeNull:
		return nil, nil
	default:
		return nil, wrong("chains", []string{"last"})
	}
	es, err := chains.Elements()
	if err != nil {
		return nil, journal.Corrupt(err, "the chains of a head")
	}
	hashes := make(map[string][]byte, len(es))
	for _, e := range es {
		_, hash, ok := e.Value().BinaryOK()
		if !ok || !strings.HasPrefix(e.Key(), "c") {
			return nil, wrong("hash of a chain", []string{"last", e.Key()})
		}
		hashes[e.Key()] = hash
	}
	return hashes, nil
}

// tip is a head of which only the token is asked for.
type tip struct{ Token id.ID }

// read implements reader.
func (x *tip) read(d bson.Raw) error {
	token, err := textAt(d, "token")
	x.Token = id.ID(token)
	return err
}

// identified is a document of which only the _id is asked for.
type identified struct{ ID key }

// read implements reader.
func (x *identified) read(d bson.Raw) (err error) {
	x.ID, err = keyAt(d)
	return err
}

// read implements reader.
func (k *kept) read(d bson.Raw) (err error) {
	if k.ID, err = keyAt(d); err != nil {
		return err
	}
	k.Body, err = textAt(d, "body")
	return err
}

// bodied is a record of which only the body is asked for.
type bodied struct {
	Position int64
	Body     string
}

// read implements reader.
func (x *bodied) read(d bson.Raw) (err error) {
	if x.Position, err = numberAt(d, "_id", "p"); err != nil {
		return err
	}
	x.Body, err = textAt(d, "body")
	return err
}

// sealed is what a record is opened from.
type sealed struct {
	bodied
	Hash []byte
}

// read implements reader.
func (x *sealed) read(d bson.Raw) error {
	_, hash, ok := d.Lookup("hash").BinaryOK()
	if !ok {
		return wrong("hash", []string{"hash"})
	}
	x.Hash = slices.Clone(hash)
	return x.bodied.read(d)
}
