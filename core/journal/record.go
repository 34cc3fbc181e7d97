// Package journal holds the append-only record of everything that changes a store's books. Every change is one immutable Record: a bill
// with its ledger lines, its audit facts and its keys stands or falls together, because it is one insert.
package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"kassa/core/audit"
	"kassa/core/clock"
	"kassa/core/id"
	"kassa/core/idempotency"
)

// Hash is a SHA-256 digest. The first record of a chain has the zero Hash as its previous one.
type Hash [sha256.Size]byte

// String returns 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Key is unique in a store's journal for ever, such as "idem:4711" or "no:<register>:17". Its kind is what stands before the first colon.
type Key string

// Ref names something that a record touched and can be listed by, such as "register:<id>". Its kind is what stands before the first
// colon. A Ref that begins with @ is listed by business day, any other one by position. A Ref that begins with ! may hold personal data:
// it is neither written into a record nor kept in memory between batches.
type Ref string

// Chain names a hash chain: a register's id, or empty for the store's own.
type Chain string

// NewKey joins a kind and a value.
func NewKey(kind, value string) Key { return Key(kind + ":" + value) }

// RecordKey is the key that every record holds by itself: its id.
func RecordKey(i id.ID) Key { return NewKey("record", string(i)) }

// NewRef joins a kind and a value.
func NewRef(kind, value string) Ref { return Ref(kind + ":" + value) }

// Kind returns what stands before the first colon.
func (k Key) Kind() string { return before(string(k)) }

// Kind returns what stands before the first colon.
func (r Ref) Kind() string { return before(string(r)) }

// Value returns what stands after the first colon.
func (k Key) Value() string { _, v, _ := strings.Cut(string(k), ":"); return v }

// Value returns what stands after the first colon.
func (r Ref) Value() string { _, v, _ := strings.Cut(string(r), ":"); return v }

// Dated reports whether the ref is listed by business day.
func (r Ref) Dated() bool { return strings.HasPrefix(string(r), "@") }

// Fleeting reports whether the ref is kept nowhere but in its own row.
func (r Ref) Fleeting() bool { return strings.HasPrefix(string(r), "!") }

func before(s string) string { k, _, _ := strings.Cut(s, ":"); return k }

// Line is one ledger line: Amount is added to Account's balance, which is Balance afterwards. Lines of a record sum to zero per unit.
type Line struct {
	Account string
	Unit    string // a currency, or PTS
	Amount  int64
	Balance int64
}

// Document is what a record is about: a bill, a product edit, a stock movement. Walk names its fields in their fixed order.
type Document interface {
	Kind() string
	Walk(*Codec)
}

// Schema makes an empty document of each kind, for reading. The containers put it together from the core packages.
type Schema map[string]func() Document

// Draft is what an operation wants recorded.
type Draft struct {
	Day     clock.Date // business date
	Chain   Chain
	Keys    []Key
	Refs    []Ref
	Request idempotency.Hash
	Lines   []Line
	Facts   []audit.Fact
	Doc     Document
}

// Record is one entry of the journal. It is sealed once and never changes.
type Record struct {
	Draft
	ID       id.ID
	Position int64 // from 1, without gaps
	At       time.Time
	Actor    audit.Actor
	Touched  []Ref // what else changed, beyond Refs and the accounts of Lines
	Previous Hash
	Hash     Hash
	encoded  []byte
}

// formatVersion is the version of the walk below; golden digests hold it.
const formatVersion = 1

// Seal computes the canonical form and the hash.
func (r *Record) Seal() error {
	c := NewEncoder(make([]byte, 0, 2048))
	c.Root(r.walk)
	if c.Err() != nil {
		return fmt.Errorf("seal record %s: %w", r.ID, c.Err())
	}
	r.encoded = c.Bytes()
	r.Hash = sha256.Sum256(r.encoded)
	return nil
}

// Encoded returns the canonical form of a sealed or opened record. The caller must not change it.
func (r *Record) Encoded() []byte { return r.encoded }

// Open reads a record back from its canonical form; ErrCorrupt where it cannot. The Hash is computed from the bytes, so the caller compares it with the one kept.
func Open(s Schema, b []byte) (Record, error) {
	r := Record{encoded: b, Hash: sha256.Sum256(b)}
	c := NewDecoder(b)
	c.Root(func(c *Codec) { r.walkWith(c, s) })
	if c.Err() != nil {
		return Record{}, Corrupt(c.Err(), fmt.Sprintf("record %d", r.Position))
	}
	return r, nil
}

func (r *Record) walk(c *Codec) { r.walkWith(c, nil) }

// Changes returns what the record touched: its refs, what changed beyond them, and its accounts.
func (r *Record) Changes() []Ref {
	refs := append(slices.Clone(r.Refs), r.Touched...)
	for _, l := range r.Lines {
		refs = append(refs, NewRef("account", l.Account))
	}
	return refs
}

// Changes reads what a record touched from its canonical form, in a fraction of the time that Open needs: the document is passed over.
func Changes(b []byte) ([]Ref, error) {
	r := Record{}
	c := NewDecoder(b)
	c.mark('{')
	version := r.walkBooks(c)
	if c.Err() == nil && version != formatVersion {
		c.Fail(fmt.Errorf("version %d cannot be read by this program", version))
	}
	return r.Changes(), c.Err()
}

func (r *Record) walkWith(c *Codec, s Schema) {
	kind := ""
	if r.Doc != nil {
		kind = r.Doc.Kind()
	}
	version := r.walkBooks(c)
	Objects(c, "facts", &r.Facts, walkFact)
	Text(c, "kind", &kind)
	if c.Reading() {
		if version != formatVersion || s[kind] == nil {
			c.Fail(fmt.Errorf("version %d of kind %q cannot be read by this program", version, kind))
			return
		}
		r.Doc = s[kind]()
	}
	Object(c, "doc", &r.Doc, func(c *Codec, d *Document) { (*d).Walk(c) })
	Sum(c, "previous", &r.Previous)
}

// walkBooks walks the first fields, up to the ledger lines, and returns the version.
func (r *Record) walkBooks(c *Codec) int {
	version := formatVersion
	Int(c, "v", &version)
	Text(c, "id", &r.ID)
	Int(c, "position", &r.Position)
	Time(c, "at", &r.At)
	Int(c, "day", &r.Day)
	Text(c, "actor", &r.Actor.ID)
	Text(c, "role", &r.Actor.Role)
	Text(c, "request_id", &r.Actor.RequestID)
	Text(c, "chain", &r.Chain)
	Texts(c, "keys", &r.Keys)
	Texts(c, "refs", &r.Refs)
	Texts(c, "touched", &r.Touched)
	Sum(c, "request", &r.Request)
	Objects(c, "lines", &r.Lines, walkLine)
	return version
}

func walkLine(c *Codec, l *Line) {
	Text(c, "account", &l.Account)
	Text(c, "unit", &l.Unit)
	Int(c, "amount", &l.Amount)
	Int(c, "balance", &l.Balance)
}

func walkFact(c *Codec, f *audit.Fact) {
	Text(c, "action", &f.Action)
	Text(c, "entity", &f.Entity)
	Text(c, "entity_id", &f.EntityID)
	Text(c, "before", &f.Before)
	Text(c, "after", &f.After)
	Text(c, "reason", &f.Reason)
}
