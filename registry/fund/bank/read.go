package bank

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/registry/fund"
)

// Sheet is a file as rows of cells.
type Sheet struct {
	// Rows are all rows; the first of the file has the number 1.
	Rows [][]string
	// Excel: days may be the numbers that Excel keeps.
	Excel bool
}

// The bounds of a table that is read.
const (
	maxColumns = 60
	maxCell    = 200
	// headRows is how many rows may stand above the headings: name of the bank, number, period.
	headRows = 30
)

// MaxFileRows is how many rows a file may have, with those that are no lines.
const MaxFileRows = MaxRows + 200

// ReadCSV reads a file of comma or tab separated values in UTF-8 or GB18030. Errors as those of imports.ReadCSV.
func ReadCSV(data []byte) (Sheet, error) {
	rows, err := imports.ReadCSV(data, MaxFileRows, maxColumns)
	return Sheet{Rows: rows}, err
}

// Fault is one refused place of a statement.
type Fault struct {
	// Row is the row of the file, Title the heading of the column, "" for the row as a whole, Found what stands there.
	Row          int64
	Title, Found string
	// Message is a sentence that says what is wrong.
	Message string
}

// Text is the fault with its row.
func (f Fault) Text() string { return fmt.Sprintf("第 %d 行：%s", f.Row, f.Message) }

// Read is a statement as read.
type Read struct {
	// Headings are those of the file, Mapping which of them were used.
	Headings []string
	Mapping  Mapping
	// Lines are in the order of time; Faults are by row. With a fault nothing can be imported.
	Lines  []Line
	Faults []Fault
	// From and Until are the days of the first and the last line.
	From, Until calendar.Date
	// Opening and Closing are the balances; Known says that the file itself or who imports it told them.
	Opening, Closing int64
	Known            bool
	// In and Out are what came in and went out.
	In, Out int64
}

// plain takes blanks and full-width brackets out of a heading.
func plain(text string) string {
	text = strings.Join(strings.Fields(text), "")
	for _, mark := range []string{"（元）", "(元)", "（必填）", "*"} {
		text = strings.TrimSuffix(text, mark)
	}
	return text
}

// headAt finds the row of headings: the first that holds at least three headings that banks use, or all those of a mapping.
func (sh Sheet) headAt(m Mapping) int {
	for i, row := range sh.Rows[:min(len(sh.Rows), headRows)] {
		known := 0
		for _, cell := range row {
			text := plain(cell)
			if text == "" {
				continue
			}
			for _, role := range Roles() {
				if plain(*role.At(&m)) == text || slices.Contains(role.usual, text) {
					known++
					break
				}
			}
		}
		if known >= 3 {
			return i
		}
	}
	return -1
}

// guess fills a mapping from usual headings.
func guess(headings []string) (m Mapping) {
	taken := map[string]bool{}
	for _, role := range Roles() {
		for _, usual := range role.usual {
			at := slices.IndexFunc(headings, func(h string) bool { return plain(h) == usual && !taken[h] })
			if at >= 0 {
				*role.At(&m) = headings[at]
				taken[headings[at]] = true
				break
			}
		}
	}
	if m.In != "" && m.Out != "" {
		m.Amount, m.Side = "", ""
	} else if m.Amount != "" {
		m.In, m.Out = "", ""
	}
	return m
}

// ReadStatement reads the lines of a sheet by a mapping; the zero mapping is guessed. opening and closing are balances that somebody typed, nil for none; what the file says must agree with them.
// Returns Invalid if there are no headings or no lines, or a heading of the mapping is missing, naming it; what is wrong with cells stands in Faults.
func ReadStatement(sh Sheet, m Mapping, opening, closing *int64) (Read, error) {
	const op = "bank.ReadStatement"
	head := sh.headAt(m)
	if head < 0 {
		return Read{}, fault.New(op, fault.Invalid, fmt.Sprintf("前 %d 行里没有找到表头，表头要有日期、金额、摘要等列名", headRows))
	}
	r := Read{Mapping: m}
	columns := map[string]int{}
	for i, cell := range sh.Rows[head] {
		h := strings.TrimSpace(cell)
		if h == "" {
			continue
		}
		if _, twice := columns[plain(h)]; twice {
			return Read{}, fault.New(op, fault.Invalid, fmt.Sprintf("第 %d 行的列名“%s”出现两次，请删去一列", head+1, shorten(h)))
		}
		columns[plain(h)] = i
		r.Headings = append(r.Headings, h)
	}
	if m == (Mapping{}) {
		r.Mapping = guess(r.Headings)
	}
	at, err := r.Mapping.places(columns, head+1)
	if err != nil {
		return r, err
	}
	for i, cells := range sh.Rows[head+1:] {
		r.row(sh, int64(head+2+i), cells, at)
	}
	if len(r.Lines) == 0 && len(r.Faults) == 0 {
		return r, fault.New(op, fault.Invalid, "这个文件没有流水行")
	}
	if len(r.Lines) > MaxRows {
		return r, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件有 %d 行流水，最多 %d 行，请按月份分开导入", len(r.Lines), MaxRows))
	}
	r.doubled()
	if len(r.Faults) == 0 {
		r.sum(opening, closing)
	}
	slices.SortStableFunc(r.Faults, func(a, b Fault) int { return int(a.Row - b.Row) })
	return r, nil
}

// places are the columns of a mapping by field. Returns Invalid, naming the field, for what is missing or contradicts itself.
func (m Mapping) places(columns map[string]int, head int) (map[string]int, error) {
	var bad []fault.Field
	at := map[string]int{}
	for _, role := range Roles() {
		heading := *role.At(&m)
		if heading == "" {
			continue
		}
		k, ok := columns[plain(heading)]
		if !ok {
			bad = append(bad, fault.Field{Name: role.Field, Message: fmt.Sprintf("第 %d 行没有“%s”这一列（%s）", head, shorten(heading), role.Title)})
		}
		at[role.Field] = k
	}
	if m.Day == "" {
		bad = append(bad, fault.Field{Name: "day", Message: "要指明哪一列是日期"})
	}
	switch {
	case m.Amount == "" && m.In == "" && m.Out == "":
		bad = append(bad, fault.Field{Name: "in", Message: "要指明收入和支出两列，或者金额一列"})
	case m.Amount != "" && (m.In != "" || m.Out != ""):
		bad = append(bad, fault.Field{Name: "amount", Message: "金额要么是收入、支出两列，要么是一列，不能都指明"})
	case m.Amount == "" && (m.In == "" || m.Out == ""):
		bad = append(bad, fault.Field{Name: "out", Message: "收入、支出两列都要指明"})
	case m.Side != "" && m.Amount == "":
		bad = append(bad, fault.Field{Name: "side", Message: "借贷标志要和金额一列一起用"})
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("bank.mapping", bad...)
	}
	return at, nil
}

// sumWords begin rows of sums, which are no lines if they have no day.
var sumWords = []string{"合计", "总计", "小计", "本页", "期初", "期末", "承前页", "过次页"}

// row reads one row: a line, a fault, or nothing.
func (r *Read) row(sh Sheet, number int64, cells []string, at map[string]int) {
	cell := func(field string) string {
		if k, ok := at[field]; ok && k < len(cells) {
			return strings.Trim(strings.TrimSpace(cells[k]), "\"'\t ")
		}
		return ""
	}
	empty := true
	for _, c := range cells {
		empty = empty && strings.TrimSpace(c) == ""
	}
	first := ""
	if len(cells) > 0 {
		first = plain(cells[0])
	}
	if _, dated := readDay(cell("day"), sh.Excel); !dated {
		empty = empty || slices.ContainsFunc(sumWords, func(word string) bool { return strings.HasPrefix(first, word) })
	}
	if empty {
		return
	}
	before := len(r.Faults)
	bad := func(field, format string, args ...any) {
		title := ""
		for _, role := range Roles() {
			if role.Field == field {
				title = *role.At(&r.Mapping)
			}
		}
		r.Faults = append(r.Faults, Fault{Row: number, Title: title, Found: shorten(cell(field)), Message: title + fmt.Sprintf(format, args...)})
	}
	l := Line{Row: number, Serial: cell("serial"), Payer: cell("payer"), Text: cell("text")}
	for _, field := range []string{"serial", "payer", "text"} {
		if n := utf8.RuneCountInString(cell(field)); n > maxCell {
			bad(field, "有 %d 个字，最多 %d 个字", n, maxCell)
		}
	}
	if strings.Contains(strings.ToUpper(l.Serial), "E+") {
		bad("serial", "“%s”是数字格式，末几位已经丢失，请在导出时设成文本", shorten(l.Serial))
	}
	var ok bool
	if l.Day, ok = readDay(cell("day"), sh.Excel); !ok {
		bad("day", "“%s”不是日期，要写成 2026-09-30", shorten(cell("day")))
	}
	r.amount(&l, cell, bad)
	if text := cell("balance"); text != "" {
		fen, why := readAmount(text)
		if why != "" {
			bad("balance", "%s", why)
		}
		l.Balance = &fen
	} else if r.Mapping.Balance != "" {
		bad("balance", "没有填写")
	}
	if len(r.Faults) == before {
		r.Lines = append(r.Lines, l)
	}
}

// amount reads what a line added to the account.
func (r *Read) amount(l *Line, cell func(string) string, bad func(field, format string, args ...any)) {
	read := func(field string) int64 {
		if cell(field) == "" {
			return 0
		}
		fen, why := readAmount(cell(field))
		if why != "" {
			bad(field, "%s", why)
		}
		return fen
	}
	if r.Mapping.Amount == "" {
		in, out := read("in"), read("out")
		switch {
		case in != 0 && out != 0:
			bad("in", "和%s都填了金额，一行只能有一个", r.Mapping.Out)
		case in == 0 && out == 0:
			bad("in", "和%s都没有金额", r.Mapping.Out)
		default: // below zero: a correction by the bank
			l.Fen = in - out
		}
		return
	}
	l.Fen = read("amount")
	if l.Fen == 0 {
		bad("amount", "没有金额")
		return
	}
	if r.Mapping.Side == "" {
		return
	}
	side := plain(cell("side"))
	switch {
	case l.Fen < 0:
		bad("amount", "“%s”已有正负号，又有借贷标志“%s”，请只用一种", shorten(cell("amount")), shorten(side))
	case slices.Contains([]string{"贷", "贷方", "收", "收入", "C", "CR", "转入", "+"}, strings.ToUpper(side)):
	case slices.Contains([]string{"借", "借方", "支", "支出", "D", "DR", "转出", "-"}, strings.ToUpper(side)):
		l.Fen = -l.Fen
	default:
		bad("side", "“%s”要填 借 或者 贷", shorten(cell("side")))
	}
}

// dayForms are the forms in which banks write days.
var dayForms = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"}

// The serial numbers that a cell of Excel with a day holds: the years 1999 to 2063.
const firstSerial, lastSerial = 36_000, 59_999

// readDay reads a day, also with a time behind it.
func readDay(text string, excel bool) (calendar.Date, bool) {
	day, _, _ := strings.Cut(strings.ReplaceAll(text, "T", " "), " ")
	if len(day) == 14 && strings.Trim(day, "0123456789") == "" {
		day = day[:8]
	}
	for _, form := range dayForms {
		if t, err := time.Parse(form, day); err == nil && t.Year() >= 1990 && t.Year() < 2100 {
			d, err := calendar.NewDate(t.Date())
			return d, err == nil
		}
	}
	if !excel {
		return calendar.Date{}, false
	}
	whole, _, _ := strings.Cut(day, ".")
	n, err := num.Parse(whole)
	serial, ok := n.Int64()
	if err != nil || !ok || serial < firstSerial || serial > lastSerial {
		return calendar.Date{}, false
	}
	epoch, err := calendar.NewDate(1899, time.December, 30)
	return epoch.Add(int(serial)), err == nil
}

// readAmount reads an amount in yuan with at most two decimals, with its sign; the text says what is wrong.
func readAmount(text string) (int64, string) {
	clean := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "元"))
	clean = strings.NewReplacer(",", "", "，", "", "￥", "", "¥", "", " ", "", "　", "", "−", "-", "＋", "+", "－", "-").Replace(clean)
	if strings.Count(clean, "-")+strings.Count(clean, "+") > 1 {
		return 0, "“" + shorten(text) + "”有两个正负号"
	}
	n, err := num.Parse(strings.TrimPrefix(clean, "+"))
	if err != nil {
		return 0, "“" + shorten(text) + "”不是金额，要写成 42600.00"
	}
	rounded := n.Round(2, num.HalfUp)
	if !rounded.Equal(n) {
		// Excel keeps 0.1 + 0.2 as 0.30000000000000004: what differs only beyond the fifteenth digit is noise of its own.
		digits := strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(clean), "0")
		if len(digits) < 16 || !n.Sub(rounded).Abs().Less(num.MustParse("0.000001")) {
			return 0, "“" + shorten(text) + "”超过两位小数（分），请核对"
		}
	}
	fen, whole := rounded.Mul(num.FromInt(100)).Int64()
	if !whole || fen > fund.MaxFen*100 || fen < -fund.MaxFen*100 {
		return 0, "“" + shorten(text) + "”太大，请核对单位是不是元"
	}
	return fen, ""
}

// doubled names lines with the serial number of another.
func (r *Read) doubled() {
	rows := map[string]int64{}
	for _, l := range r.Lines {
		if l.Serial == "" {
			continue
		}
		if first, twice := rows[l.Serial]; twice {
			r.Faults = append(r.Faults, Fault{Row: l.Row, Title: r.Mapping.Serial, Found: l.Serial, Message: fmt.Sprintf("%s“%s”与第 %d 行重复", r.Mapping.Serial, shorten(l.Serial), first)})
			continue
		}
		rows[l.Serial] = l.Row
	}
}

// sum puts the lines into the order of time and checks the balances.
func (r *Read) sum(opening, closing *int64) {
	forward, broken := r.chain(r.Lines)
	if n := len(r.Lines); !forward || r.Lines[0].Day.Compare(r.Lines[n-1].Day) > 0 {
		turned := slices.Clone(r.Lines)
		slices.Reverse(turned)
		if ok, _ := r.chain(turned); ok {
			r.Lines, forward = turned, true
		}
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		l.Place = int64(i + 1)
		if i > 0 && l.Day.Compare(r.Lines[i-1].Day) < 0 {
			r.Faults = append(r.Faults, Fault{Row: l.Row, Title: r.Mapping.Day, Found: l.Day.String(), Message: "日期没有按先后排列，请按日期排序后重新导出"})
			return
		}
		if l.Fen > 0 {
			r.In += l.Fen
		} else {
			r.Out -= l.Fen
		}
	}
	if !forward {
		r.Faults = append(r.Faults, broken)
		return
	}
	first, last := r.Lines[0], r.Lines[len(r.Lines)-1]
	r.From, r.Until = first.Day, last.Day
	switch {
	case first.Balance != nil:
		r.Opening, r.Closing, r.Known = *first.Balance-first.Fen, *last.Balance, true
		for _, typed := range []struct {
			name  string
			value *int64
			found int64
		}{{"期初余额", opening, r.Opening}, {"期末余额", closing, r.Closing}} {
			if typed.value != nil && *typed.value != typed.found {
				r.Faults = append(r.Faults, Fault{Row: first.Row, Title: typed.name, Found: fund.Yuan(*typed.value), Message: fmt.Sprintf("填写的%s %s 元，与文件算出的 %s 元不符", typed.name, fund.Yuan(*typed.value), fund.Yuan(typed.found))})
			}
		}
	case opening != nil && closing != nil:
		r.Opening, r.Closing, r.Known = *opening, *closing, true
		if end := r.Opening + r.In - r.Out; end != r.Closing {
			r.Faults = append(r.Faults, Fault{Row: last.Row, Title: "期末余额", Found: fund.Yuan(r.Closing), Message: fmt.Sprintf("期初 %s 元加收入 %s 元减支出 %s 元是 %s 元，与期末余额 %s 元不符，可能缺行",
				fund.Yuan(r.Opening), fund.Yuan(r.In), fund.Yuan(r.Out), fund.Yuan(end), fund.Yuan(r.Closing))})
		}
	}
}

// chain reports whether each balance is the one before plus the line, and where it first is not.
func (r *Read) chain(lines []Line) (bool, Fault) {
	for i := 1; i < len(lines); i++ {
		a, b := lines[i-1], lines[i]
		if a.Balance == nil || b.Balance == nil || *a.Balance+b.Fen == *b.Balance {
			continue
		}
		return false, Fault{Row: b.Row, Title: r.Mapping.Balance, Found: fund.Yuan(*b.Balance), Message: fmt.Sprintf("余额 %s 元，与上一行余额 %s 元加本行 %s 元不符，可能缺行", fund.Yuan(*b.Balance), fund.Yuan(*a.Balance), fund.Yuan(b.Fen))}
	}
	return true, Fault{}
}
