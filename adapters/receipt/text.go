package receipt

import "strings"

// The usual columns of receipt printers.
const (
	Wide   = 48 // 80 mm paper
	Narrow = 32 // 58 mm paper
)

// Text renders the receipt in lines of at most so many columns; less than Narrow is taken as Narrow.
func Text(r *Receipt, columns int) string {
	p := &page{width: max(columns, Narrow), spell: func(s string) string { return s }}
	p.write(newView(r))
	return p.b.String()
}

// page collects lines.
type page struct {
	b     strings.Builder
	width int
	spell func(string) string // makes a clean text out of what the paper can show

	bold, tall emphasis
}

// emphasis is what a printer is told before and after lines that stand out; plain text has none.
type emphasis struct{ on, off string }

func (p *page) write(v *view) {
	p.styled(p.tall, func() { p.centred(v.Store) })
	for _, line := range v.Header {
		p.centred(line)
	}
	for _, mark := range v.Marks {
		p.styled(p.bold, func() { p.centred("*** " + mark + " ***") })
	}
	p.rule('-')
	p.rows(v.About)
	p.rule('-')
	for _, it := range v.Items {
		p.row(it.Name, it.Figure)
		if it.Detail != "" {
			p.indented(it.Detail)
		}
	}
	p.rule('-')
	p.rows(v.Sums)
	p.styled(p.tall, func() { p.row(v.Total.Label, v.Total.Figure) })
	p.rule('=')
	p.rows(v.Tenders)
	p.taxes(v.Taxes)
	if len(v.Points) > 0 {
		p.rule('-')
		p.rows(v.Points)
	}
	if len(v.Footer) > 0 {
		p.rule('-')
	}
	for _, line := range v.Footer {
		p.centred(line)
	}
}

func (p *page) styled(e emphasis, lines func()) {
	p.b.WriteString(e.on)
	lines()
	p.b.WriteString(e.off)
}

func (p *page) line(s string) {
	p.b.WriteString(strings.TrimRight(s, " "))
	p.b.WriteByte('\n')
}

func (p *page) rule(c byte) { p.line(strings.Repeat(string(c), p.width)) }

func (p *page) indented(s string) {
	for _, line := range wrap(p.spell(s), p.width-2) {
		p.line("  " + line)
	}
}

func (p *page) centred(s string) {
	for _, line := range wrap(p.spell(s), p.width) {
		p.line(strings.Repeat(" ", (p.width-measured(line))/2) + line)
	}
}

func (p *page) rows(rs []row) {
	for _, r := range rs {
		p.row(r.Label, r.Figure)
	}
}

// row puts the label to the left and the figure to the right of its last line, or of a line of its own where they do not fit together.
func (p *page) row(label, figure string) {
	label, figure = p.spell(label), p.spell(figure)
	if label == "" && figure == "" {
		return
	}
	figures := wrap(figure, p.width)
	last := figures[len(figures)-1]
	room := p.width - measured(last) - 1
	labels := wrap(label, max(room, p.width/2))
	for _, l := range labels[:len(labels)-1] {
		p.line(l)
	}
	l := labels[len(labels)-1]
	if len(figures) > 1 || measured(l) > room {
		p.line(l)
		l = ""
		for _, f := range figures[:len(figures)-1] {
			p.right("", f)
		}
	}
	p.right(l, last)
}

func (p *page) right(label, figure string) {
	p.line(label + strings.Repeat(" ", p.width-measured(label)-measured(figure)) + figure)
}

// taxes prints the table, or where it is too wide for the paper, its cells below each other.
func (p *page) taxes(ts []tax) {
	if len(ts) == 0 {
		return
	}
	p.rule('-')
	table := [][]string{{"Rate", "Net", "Tax", "Gross"}}
	for _, t := range ts {
		table = append(table, []string{t.Rate, t.Net, t.Tax, t.Gross})
	}
	widths, sum := make([]int, len(table[0])), 0
	for i := range widths {
		for _, cells := range table {
			widths[i] = max(widths[i], len(cells[i]))
		}
		sum += widths[i] + 1
	}
	if sum-1 > p.width {
		for _, t := range ts {
			p.rows([]row{{"Tax " + t.Rate, t.Tax}, {"Net", t.Net}, {"Gross", t.Gross}})
		}
		return
	}
	spare := p.width - (sum - 1)
	for i := range widths[1:] {
		widths[i+1] += spare / len(widths)
	}
	widths[0] += spare - spare/len(widths)*(len(widths)-1)
	for _, cells := range table {
		line := cells[0] + strings.Repeat(" ", widths[0]-len(cells[0]))
		for i, cell := range cells[1:] {
			line += strings.Repeat(" ", 1+widths[i+1]-len(cell)) + cell
		}
		p.line(line)
	}
}
