package cashier

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kassa/core/clock"
	"kassa/core/fault"
	"kassa/core/id"
	"kassa/core/journal"
	"kassa/core/member"
	"kassa/core/page"
	"kassa/core/register"
	"kassa/core/text"
	"kassa/core/writer"
)

// maxScanned bounds the records that one page of a narrowed list reads. A page may then be short, or even empty, and still have a next one.
const maxScanned = 2000

// maxRegisters bounds the registers on which a receipt number is looked for.
const maxRegisters = 2000

// Filter narrows a list of bills. Zero fields do not narrow.
type Filter struct {
	From, To      clock.Date
	Register      id.ID
	Member        id.ID
	Kind          Kind
	ReceiptNumber int64
	ClientSaleID  string
	Flag          string
}

// List returns bills, newest first: by business day, or by position where one member, register, kind or flag is asked for.
func (s *Service) List(ctx context.Context, st id.Store, f Filter, p page.Request) (page.List[Booked], error) {
	var out page.List[Booked]
	err := s.w.Snapshot(ctx, func(ctx context.Context) error {
		var err error
		if f.ReceiptNumber != 0 || f.ClientSaleID != "" {
			out, err = s.byKey(ctx, st, f, p)
		} else {
			out, err = s.byRef(ctx, st, f, p)
		}
		if err != nil {
			return err
		}
		return s.addStates(ctx, st, out.Items)
	})
	return out, err
}

// byKey looks up the receipt number on each register, or the client's sale id.
func (s *Service) byKey(ctx context.Context, st id.Store, f Filter, p page.Request) (page.List[Booked], error) {
	var out page.List[Booked]
	place, err := placeOf(p.After, false)
	if err != nil {
		return out, err
	}
	keys := []journal.Key{SaleKey(f.ClientSaleID)}
	if f.ClientSaleID == "" {
		if keys, err = s.receiptKeys(ctx, st, f); err != nil {
			return out, err
		}
	}
	found, err := s.j.Find(ctx, st, keys)
	records := slices.SortedFunc(maps.Values(found), func(a, b journal.Record) int { return cmp.Compare(b.Position, a.Position) })
	for i, r := range records {
		b, ok := BookedOf(r)
		if !ok || !f.matches(b.Bill) || place.Position != 0 && r.Position >= place.Position {
			continue
		}
		if len(out.Items) == p.Limit {
			out.Next = cursorOf(journal.Place{Position: records[i-1].Position})
			break
		}
		out.Items = append(out.Items, b)
	}
	return out, err
}

// receiptKeys returns the keys of the receipt number on the register, or on each of up to maxRegisters.
func (s *Service) receiptKeys(ctx context.Context, st id.Store, f Filter) ([]journal.Key, error) {
	if f.Register != "" {
		return []journal.Key{register.ReceiptKey(f.Register, f.ReceiptNumber)}, nil
	}
	var keys []journal.Key
	p := page.Request{Limit: page.MaxLimit}
	for {
		found, err := s.registers.List(ctx, st, p)
		if err != nil {
			return nil, err
		}
		for _, r := range found.Items {
			keys = append(keys, register.ReceiptKey(r.ID(), f.ReceiptNumber))
		}
		if p.After = found.Next; p.After == "" || len(keys) >= maxRegisters {
			return keys, nil
		}
	}
}

// ref returns the listing with the fewest records that has all bills of the filter.
func (f *Filter) ref() journal.Ref {
	switch {
	case f.Flag != "":
		return FlagRef(f.Flag)
	case f.Member != "":
		return member.Ref(f.Member)
	case f.Kind == KindRefund || f.Kind == KindVoid:
		return KindRef(f.Kind)
	case f.Register != "" && f.From == 0 && f.To == 0:
		return register.Ref(f.Register)
	}
	return BillsRef
}

func (f *Filter) matches(b *Bill) bool {
	return (f.Register == "" || f.Register == b.Register) && (f.Member == "" || f.Member == b.Member) && (f.Kind == "" || f.Kind == b.Type) &&
		(f.From == 0 || b.Day >= f.From) && (f.To == 0 || b.Day <= f.To) && (f.Flag == "" || slices.Contains(b.Flags, f.Flag)) &&
		(f.ReceiptNumber == 0 || f.ReceiptNumber == b.Number) && (f.ClientSaleID == "" || f.ClientSaleID == b.ClientSaleID)
}

func (s *Service) byRef(ctx context.Context, st id.Store, f Filter, p page.Request) (page.List[Booked], error) {
	var out page.List[Booked]
	ref := f.ref()
	place, err := placeOf(p.After, ref.Dated())
	if err != nil {
		return out, err
	}
	for scanned := 0; scanned < maxScanned; {
		rs, err := s.j.List(ctx, st, ref, journal.Range{From: f.From, To: f.To, Before: place, Limit: p.Limit + 1})
		if err != nil {
			return out, err
		}
		for _, r := range rs {
			if b, ok := BookedOf(r); ok && f.matches(b.Bill) {
				if len(out.Items) == p.Limit {
					out.Next = cursorOf(place)
					return out, nil
				}
				out.Items = append(out.Items, b)
			}
			place = placeIn(ref, r)
		}
		if len(rs) <= p.Limit {
			return out, nil
		}
		scanned += len(rs)
	}
	out.Next = cursorOf(place)
	return out, nil
}

// placeIn returns where the record stands in the listing of the ref.
func placeIn(ref journal.Ref, r journal.Record) journal.Place {
	if ref.Dated() {
		return journal.Place{Day: r.Day, Position: r.Position}
	}
	return journal.Place{Position: r.Position}
}

func cursorOf(p journal.Place) string {
	return page.Cursor(strconv.Itoa(int(p.Day)), strconv.FormatInt(p.Position, 10))
}

// placeOf reads the cursor of a listing by business day, or by position alone.
func placeOf(cursor string, dated bool) (journal.Place, error) {
	parts, err := page.Parts(cursor, 2)
	if err != nil || parts == nil {
		return journal.Place{}, err
	}
	day, err := strconv.ParseInt(parts[0], 10, 32)
	position, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || err2 != nil || day < 0 || dated != (day > 0) || position < 1 {
		return journal.Place{}, page.Invalid()
	}
	return journal.Place{Day: clock.Date(day), Position: position}, nil
}

// addStates sets the present state of each bill.
func (s *Service) addStates(ctx context.Context, st id.Store, bills []Booked) error {
	return s.w.Read(ctx, st, func(v *writer.View) error {
		for i := range bills {
			returns, _ := writer.Get[*Returns](v, ReturnsRef(bills[i].ID))
			bills[i].State = returns.State()
		}
		return nil
	})
}

func checkReason(v *fault.Validation, reason string) {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > maxReason || !text.IsLine(reason) {
		v.Refuse("/reason", "reason_invalid", "a reason has 1 to %d printable characters", maxReason)
	}
}

// pointer names a field of the i-th element of a list.
func pointer(list string, i int, field string) string {
	p := list + "/" + strconv.Itoa(i)
	if field != "" {
		p += "/" + field
	}
	return p
}
