// Package calendar knows which days are worked, and when a deadline ends.
//
//  1. A day counts as worked or not only inside the loaded years; outside them nothing is assumed, plain weekends least of all.
//  2. A deadline that needs a year which is not loaded has no due date: it is unresolved, and what is unresolved is never late.
//  3. A due date once resolved stands with the version of the calendar that gave it; loading a year resolves others and changes none.
//  4. The day on which a period starts does not count.
//  5. Days, quarters and years are cut in Chinese time (UTC+8).
package calendar

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
)

// File is the content of one holiday file under the name that messages give it.
type File struct {
	Name string
	Data []byte
}

// Calendar says of every day of some years whether it is worked. It is never changed after Parse.
type Calendar struct {
	days    map[Date]day
	years   Span
	version string
}

// day is one that is not what its weekday says.
type day struct {
	worked bool
	name   string
}

// holidays are in every yearly notice of the State Council; a year that lacks one has not been loaded completely. 中秋 is left out: it fell on 1 October in 2020
// and then has no row of its own.
var holidays = []string{"元旦", "春节", "清明", "劳动节", "端午", "国庆"}

// header is the first row of a holiday file.
var header = []string{"date", "kind", "name"}

// Parse reads holiday files: rows date,kind,name, in order of date, with kind `off` for a day of rest and `work` for a worked Saturday or Sunday. Rows of late
// December may be named 元旦: the notice of a year moves them sometimes. Returns Invalid with every mistake, named file:line:column.
func Parse(files ...File) (*Calendar, error) {
	c := &Calendar{days: map[Date]day{}}
	var faults []fault.Field
	for _, f := range files {
		faults = append(faults, c.read(f)...)
	}
	if len(faults) == 0 {
		faults = c.complete(files)
	}
	if len(faults) > 0 {
		return nil, fault.InvalidFields("calendar.Parse", faults...)
	}
	c.version = c.hash()
	return c, nil
}

// read takes over the rows of one file.
func (c *Calendar) read(f File) []fault.Field {
	var faults []fault.Field
	add := func(line, column int, format string, args ...any) {
		faults = append(faults, fault.Field{Name: fmt.Sprintf("%s:%d:%d", f.Name, line, column), Message: fmt.Sprintf(format, args...)})
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(f.Data, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	var before Date
	for row := 0; ; row++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			if row == 0 {
				add(1, 1, "文件是空的，第一行要写 date,kind,name")
			}
			return faults
		}
		if err != nil {
			if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
				add(bad.Line, bad.Column, "不是有效的 CSV：%s", bad.Err)
			} else {
				add(1, 1, "读不了：%s", err)
			}
			return faults
		}
		line, column := r.FieldPos(0)
		if row == 0 {
			if !slices.Equal(record, header) {
				add(line, column, "第一行要写 date,kind,name，现在是 %q", strings.Join(record, ","))
				return faults
			}
			continue
		}
		if len(record) != len(header) {
			add(line, column, "要有 3 列（date,kind,name），现在有 %d 列", len(record))
			continue
		}
		date, err := ParseDate(record[0])
		if err != nil {
			add(line, column, "%s", err)
			continue
		}
		if date.Compare(before) <= 0 {
			add(line, column, "日期要按先后排，一天一行：%s 在 %s 之后", date, before)
		} else if old, twice := c.days[date]; twice {
			add(line, column, "%s（%s）在另一个文件里已经有了", date, old.name)
		}
		before = date
		line, column = r.FieldPos(1)
		weekend := date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
		switch {
		case record[1] != "off" && record[1] != "work":
			add(line, column, "kind 只能是 off（放假）或 work（周末上班），现在是 %q", record[1])
		case record[1] == "work" && !weekend:
			add(line, column, "%s 本来就是工作日，不用写 work", date)
		}
		if strings.TrimSpace(record[2]) == "" || strings.TrimSpace(record[2]) != record[2] {
			line, column = r.FieldPos(2)
			add(line, column, "name 要写节日名称，前后不留空格")
		}
		c.days[date] = day{worked: record[1] == "work", name: record[2]}
	}
}

// complete finds the loaded years, and what is missing in or between them.
func (c *Calendar) complete(files []File) []fault.Field {
	names := map[int][]string{}
	for date, d := range c.days {
		year, month, dayOfMonth := date.Parts()
		if month == time.December && dayOfMonth >= 25 && strings.Contains(d.name, "元旦") {
			year++ // It came with the notice of the next year and does not make this one loaded.
		}
		if !d.worked {
			names[year] = append(names[year], d.name)
		}
	}
	where := "节假日文件"
	if len(files) > 0 {
		where = files[len(files)-1].Name
	}
	if len(names) == 0 {
		return []fault.Field{{Name: where + ":1:1", Message: "没有任何一年的节假日"}}
	}
	var years []int
	for y := range names {
		years = append(years, y)
	}
	slices.Sort(years)
	var faults []fault.Field
	for i, y := range years {
		if i > 0 && y != years[i-1]+1 {
			faults = append(faults, fault.Field{Name: where + ":1:1", Message: fmt.Sprintf("%d年之后直接是%d年，中间的年份缺了", years[i-1], y)})
		}
		var missing []string
		for _, h := range holidays {
			if !slices.ContainsFunc(names[y], func(name string) bool { return strings.Contains(name, h) }) {
				missing = append(missing, h)
			}
		}
		if len(missing) > 0 {
			faults = append(faults, fault.Field{Name: where + ":1:1", Message: fmt.Sprintf("%d年不完整，缺少：%s", y, strings.Join(missing, "、"))})
		}
	}
	c.years = Span{Year(years[0]).Span().First, Year(years[len(years)-1]).Span().Last}
	return faults
}

// hash names the content, however it was spread over files.
func (c *Calendar) hash() string {
	dates := make([]Date, 0, len(c.days))
	for d := range c.days {
		dates = append(dates, d)
	}
	slices.SortFunc(dates, Date.Compare)
	h := sha256.New()
	for _, d := range dates {
		fmt.Fprintf(h, "%s,%t,%s\n", d, c.days[d].worked, c.days[d].name)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Version names the loaded content: the first 16 hex digits of a SHA-256 over its rows.
func (c *Calendar) Version() string { return c.version }

// Loaded returns the days about which the calendar knows: whole years.
func (c *Calendar) Loaded() Span { return c.years }

// Workday reports whether a day is worked; known is false for a day outside the loaded years.
func (c *Calendar) Workday(d Date) (worked, known bool) {
	if !c.years.Has(d) {
		return false, false
	}
	if special, ok := c.days[d]; ok {
		return special.worked, true
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday, true
}

// Name returns the holiday that makes the day one of rest, or for which a weekend is worked; "" for an ordinary day.
func (c *Calendar) Name(d Date) string { return c.days[d].name }

// Workdays returns the day that is n worked days after the given one, or before it for a negative n; the given day does not count. For n = 0 it is the given day
// or, if that is a day of rest, the first worked one after it. known is false if the count leaves the loaded years.
func (c *Calendar) Workdays(from Date, n int) (date Date, known bool) {
	step, left := cmp.Compare(n, 0), max(n, -n)
	if step == 0 {
		from, step, left = from.Add(-1), 1, 1
	}
	for date = from; left > 0; {
		date = date.Add(step)
		worked, ok := c.Workday(date)
		if !ok {
			return Date{}, false
		}
		if worked {
			left--
		}
	}
	return date, true
}

// Warning returns a Chinese sentence from 1 November of the last loaded year on: the notice for the next year is out by then and has to be loaded. Else "".
func (c *Calendar) Warning(today Date) string {
	last := c.years.Last.Year()
	november := monthsFrom(last, 11, 1).First
	if today.Compare(november) < 0 {
		return ""
	}
	return fmt.Sprintf("节假日只装载到 %s，请装载%d年的放假安排；在那之前，超出的期限没有截止日期，也不算逾期", c.years.Last, max(last+1, today.Year()))
}
