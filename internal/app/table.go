package app

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table prints rows of cells, each column as wide as its widest cell. Cells are
// safe to print: whoever adds one has escaped it.
type table struct {
	color  bool
	indent string
	rows   [][]cell
}

// cell is a text with an ANSI colour, "" for none, which has no width.
type cell struct{ text, color string }

// dim is the colour of what only orients.
const dim = "2"

func (t *table) row(cells ...cell) { t.rows = append(t.rows, cells) }

// head adds the names of the columns.
func (t *table) head(names ...string) {
	cells := make([]cell, len(names))
	for i, n := range names {
		cells[i] = cell{n, dim}
	}
	t.row(cells...)
}

func (t *table) write(w io.Writer) error {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 { // the last cell of a row pushes nothing
				widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
			}
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		b.WriteString(t.indent)
		blanks := 0
		for i, c := range row {
			if c.text != "" {
				b.WriteString(strings.Repeat(" ", blanks))
				blanks = 0
				if t.color && c.color != "" {
					b.WriteString("\x1b[" + c.color + "m" + c.text + "\x1b[0m")
				} else {
					b.WriteString(c.text)
				}
			}
			blanks += widths[i] - utf8.RuneCountInString(c.text) + 2
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
