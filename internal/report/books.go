package report

import (
	"io"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
)

// bookRow is a row of a book as typed: the community and one text for each column.
type bookRow struct {
	township, community string
	values              []string
}

// at is the text of the nth column.
func (r *bookRow) at(n int) *string {
	for len(r.values) <= n {
		r.values = append(r.values, "")
	}
	return &r.values[n]
}

// bookTable is the sheet of a book. Rows of the bureau have no community.
func bookTable(b *registry.Book) Table[bookRow] {
	t := Table[bookRow]{Sheet: b.Title}
	if b.Placed() {
		t.Columns = append(t.Columns, Text("township", "乡镇", func(r *bookRow) *string { return &r.township }).Says("社区重名时要填"),
			Text("community", "社区（村）", func(r *bookRow) *string { return &r.community }).Must().Says("名称或 12 位代码"))
	}
	for n, f := range b.Fields {
		if f.Kind == registry.FieldFirm && f.Hint == "" {
			f.Hint = "已登记企业的名称或统一社会信用代码"
		}
		c := bookColumn(n, f).Says(f.Hint)
		c.Required = f.Required
		if c.Width == 0 {
			c.Width = float64(max(defaultWidth, 2*utf8.RuneCountInString(f.Label)+2))
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

// bookColumn is one column of a book. What a cell says is kept as the text that the register reads; the register says what is wrong with it.
func bookColumn(n int, f registry.BookField) Column[bookRow] {
	c := Text(f.ID, f.Label, func(r *bookRow) *string { return r.at(n) })
	switch f.Kind {
	case registry.FieldDate:
		c.form = formDate
		c.read = func(r *bookRow, cell cell) string {
			day, ok := readDate(cell)
			if !ok {
				return "要填日期，例如 2026-10-19"
			}
			*r.at(n) = day.String()
			return ""
		}
		c.write = func(r *bookRow) any {
			if day, err := calendar.ParseDate(*r.at(n)); err == nil {
				return day
			}
			return *r.at(n)
		}
	case registry.FieldWhole, registry.FieldDecimal, registry.FieldMoney:
		places, wrong := 2, "要填数字，最多 2 位小数，例如 580.50"
		c.form = formDecimal
		if f.Kind == registry.FieldWhole {
			places, wrong, c.form = 0, "要填整数，例如 12", formWhole
		}
		c.read = func(r *bookRow, cell cell) string {
			value, ok := decimals(cell.text, places)
			if !ok || places == 0 && !value.Equal(value.Round(0, num.HalfUp)) {
				return wrong
			}
			*r.at(n) = value.Fixed(places)
			return ""
		}
		c.write = func(r *bookRow) any {
			if value, err := num.Parse(*r.at(n)); err == nil {
				return value
			}
			return *r.at(n)
		}
	}
	for _, w := range f.Words() {
		c.choices = append(c.choices, w.Text)
	}
	return c
}

// BookTemplate gives the workbook to fill in for a book.
func BookTemplate(b *registry.Book) ([]byte, error) { return bookTable(b).Template() }

// BookExport gives rows of a book in its own template, so that they can be read back; what the actor may not see is masked and is refused when read.
func BookExport(b *registry.Book, rows []registry.EntryRow) Sheet {
	list := make([]bookRow, len(rows))
	for i, row := range rows {
		list[i] = bookRow{township: row.TownshipName, community: row.CommunityName}
		for n, f := range b.Fields {
			text := row.Values[f.ID]
			if f.Kind == registry.FieldFirm || f.Kind == registry.FieldProject || f.Kind == registry.FieldRef || f.Kind == registry.FieldHelper || len(f.Words()) > 0 {
				text = row.Texts[f.ID]
			}
			*list[i].at(n) = text
		}
	}
	return bookTable(b).Filled(list)
}

// ReadBook is a sheet of a book as read.
type ReadBook struct {
	// Sheet is the name of the sheet that was read.
	Sheet string
	// Lines are the rows without fault, Faults those of the others.
	Lines  []registry.EntryLine
	Faults []Fault
	// At puts a fault that the register found into the sheet.
	At func(row int64, field, message string) Fault
}

// ReadBookSheet reads the sheet of a book. Returns as Table.Read.
func ReadBookSheet(b *registry.Book, r io.Reader) (ReadBook, error) {
	p, err := bookTable(b).Read(r)
	if err != nil {
		return ReadBook{}, err
	}
	out := ReadBook{Sheet: p.Sheet, Faults: p.Faults, At: p.At}
	for i := range p.Rows {
		row := &p.Rows[i].Value
		l := registry.EntryLine{Row: p.Rows[i].Number, Book: b.ID, TownshipName: row.township, CommunityName: row.community, Values: map[string]string{}}
		for n, f := range b.Fields {
			switch text := *row.at(n); {
			case text == "":
			case f.Hidden():
				l.Personal = append(l.Personal, registry.PersonalValue{Field: f.ID, Text: text})
			default:
				l.Values[f.ID] = text
			}
		}
		out.Lines = append(out.Lines, l)
	}
	return out, nil
}
