package bench

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// look is a GET and what a right answer to it holds.
type look struct{ path, want []byte }

// draw chooses what is asked for next, and reports false where that is a sale.
func (l *look) draw(sc scenario, s *shop, r *rand.Rand) bool {
	if sc.look == nil {
		return false
	}
	l.path, l.want = l.path[:0], l.want[:0]
	sc.look(r, s, l)
	return len(l.path) > 0
}

// ask puts the parts of the path together.
func (l *look) ask(path ...string) {
	l.path = append(l.path, "/api/v1"...)
	for _, part := range path {
		l.path = append(l.path, part...)
	}
}

const (
	summaryPath = "/reports/summary"
	anyReport   = `"currency":`
)

func lookBarcode(r *rand.Rand, s *shop, l *look) {
	i := r.IntN(s.catalogue)
	l.ask("/products?barcode=", barcodeOf(i))
	l.want = append(l.want, `"id":"`+articleID(i)+`"`...)
}

// lookSearch asks for the beginning of a word of a product's name, as it is typed.
func lookSearch(r *rand.Rand, s *shop, l *look) {
	words := wordsOf(r.IntN(s.catalogue))
	word := words[r.IntN(len(words))]
	l.ask("/products?limit=20&query=", word[:min(2+r.IntN(5), len(word))])
	l.want = append(l.want, `"items":[{"id":`...)
}

// lookMixed leaves 80 of 100 to the sales.
func lookMixed(r *rand.Rand, s *shop, l *look) {
	switch n := r.IntN(100); {
	case n < 80:
	case n < 88:
		lookBarcode(r, s, l)
	case n < 95:
		lookSearch(r, s, l)
	default:
		day := s.today.Format(time.DateOnly)
		month := day[:len("2006-01")] + "-01"
		l.ask([...]string{
			summaryPath + "?from=" + day + "&to=" + day, summaryPath + "?from=" + month + "&to=" + day, "/reports/products?from=" + month + "&to=" + day,
		}[r.IntN(3)])
		l.want = append(l.want, anyReport...)
	}
}

// ranged are the reports of a range of days; what they are asked for ends with that.
var ranged = []string{summaryPath + "?", "/reports/revenue?interval=day&", "/reports/products?", "/reports/members?", "/reports/taxes?", "/reports/hourly?"}

// lookMonth asks for a report of one of the twelve months before this one.
func lookMonth(r *rand.Rand, s *shop, l *look) {
	first := time.Date(s.today.Year(), s.today.Month()-time.Month(1+r.IntN(12)), 1, 0, 0, 0, 0, time.UTC)
	l.ask(ranged[r.IntN(len(ranged))], between(first, first.AddDate(0, 1, -1)))
	l.want = append(l.want, anyReport...)
}

func between(from, to time.Time) string {
	return "from=" + from.Format(time.DateOnly) + "&to=" + to.Format(time.DateOnly)
}

// yearly lists the reports of the year up to today, without those of now.
func yearly(today time.Time) []string {
	year := between(today.AddDate(0, 0, -364), today)
	list := []string{"/reports/revenue?interval=month&" + year, "/reports/monthly?year=" + strconv.Itoa(today.Year())}
	for _, report := range ranged {
		list = append(list, report+year)
	}
	return list
}

// lookBalance asks for the drawer that has most lines in a shop with a history.
func lookBalance(r *rand.Rand, s *shop, l *look) {
	l.ask("/registers/", s.registers[0], "/balance")
	if r.IntN(2) == 0 {
		l.path = append(l.path, "?business_date="+s.today.AddDate(0, 0, -1-r.IntN(300)).Format(time.DateOnly)...)
	}
	l.want = append(l.want, `"balance":`...)
}

// appendGet writes a GET.
func appendGet(b []byte, address, token string, path []byte) []byte {
	b = append(append(b, "GET "...), path...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), address...)
	b = append(append(b, "\r\nAuthorization: Bearer "...), token...)
	return append(b, "\r\n\r\n"...)
}
