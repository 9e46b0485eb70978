package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
)

// FaultSheet is the sheet that Mark puts first. Reading leaves it alone, so that a marked workbook can be uploaded as it is.
const FaultSheet = "错误清单"

// The bounds of marking: the workbook is held in memory whole.
const (
	// maxMarkable is how far a workbook may unpack to be marked.
	maxMarkable = 48 << 20
	// maxMarkedCells is how many cells are coloured, maxListed how many faults are listed; the rest shows once these are mended.
	maxMarkedCells = 500
	maxListed      = 5000
	// maxMarked is the largest marked workbook.
	maxMarked = 16 << 20
)

// What marks a cell: its colour and the author of its comment. Both are taken away when a workbook is marked again.
const (
	faultColour  = "F6C9CF"
	faultsAuthor = "红色管家导入检查"
)

// marking lets one workbook be marked at a time, because each is held in memory whole.
var marking sync.Mutex

// Mark gives a workbook back with what was refused in one of its sheets: each cell coloured and commented, and a first sheet that lists all faults. Everything
// else in it stays; marks of an earlier time are taken away. Returns Invalid if the workbook is too large to be marked, or cannot be opened.
func Mark(r io.Reader, sheet string, faults []Fault) (data []byte, err error) {
	const op = "report.Mark"
	marking.Lock()
	defer marking.Unlock()
	// The library takes for granted what programs write into the drawings behind comments; a file made by hand may lack it.
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fault.New(op, fault.Invalid, "这个文件的批注不能读取，标错的 Excel 没有做成，请按页面上的清单修改")
		}
	}()
	own, err := styled(r)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "这个文件已损坏，不能标错，请按页面上的清单修改", err)
	}
	limits := excelize.Options{UnzipSizeLimit: maxMarkable, UnzipXMLSizeLimit: maxInMemory}
	out, err := withBook(bytes.NewReader(own), limits, fmt.Sprintf("这个文件解开后超过 %d MB，不能标错，请按页面上的清单修改", maxMarkable>>20), func(book *excelize.File) (*bytes.Buffer, error) {
		m, out := marker{book: book, sheet: sheet, looks: map[int]int{}}, &bytes.Buffer{}
		err := m.mark(faults)
		if err == nil {
			err = book.Write(out)
		}
		if err != nil {
			return nil, fault.Wrap(op, fault.Invalid, "这个文件里有不能改写的内容，标错的 Excel 没有做成，请按页面上的清单修改", err)
		}
		return out, nil
	})
	switch {
	case err != nil:
		return nil, err
	case out.Len() > maxMarked:
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("标错的 Excel 超过 %d MB，没有做成，请按页面上的清单修改", maxMarked>>20))
	}
	return out.Bytes(), nil
}

// marker marks the sheet of an open workbook.
type marker struct {
	book  *excelize.File
	sheet string
	// looks is the coloured style for each style of a cell.
	looks map[int]int
}

func (m *marker) mark(faults []Fault) error {
	if err := m.unmark(); err != nil {
		return err
	}
	said := map[string]string{}
	var cells []string
	for _, f := range faults {
		cell := f.Cell
		if cell == "" {
			cell = address(0, f.Row)
		}
		if _, known := said[cell]; known {
			said[cell] += "\n" + f.Message
			continue
		}
		if len(cells) < maxMarkedCells {
			cells, said[cell] = append(cells, cell), f.Message
		}
	}
	comments, err := m.book.GetComments(m.sheet)
	if err != nil {
		return err
	}
	commented := map[string]bool{}
	for _, c := range comments {
		commented[c.Cell] = true
	}
	for _, cell := range cells {
		if err := m.colour(cell); err != nil {
			return err
		}
		// A comment of the owner stays; the list says what is wrong.
		if commented[cell] {
			continue
		}
		if err := m.book.AddComment(m.sheet, excelize.Comment{Cell: cell, Author: faultsAuthor, Text: said[cell], Width: 260, Height: 90}); err != nil {
			return err
		}
	}
	return m.list(faults)
}

// unmark takes away the marks of an earlier time: the list says which cells they are on.
func (m *marker) unmark() error {
	if !slices.Contains(m.book.GetSheetList(), FaultSheet) {
		return nil
	}
	rows, err := m.book.GetRows(FaultSheet)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if len(row) < 2 {
			continue
		}
		if _, _, err := excelize.CellNameToCoordinates(row[1]); err != nil {
			continue
		}
		if err := m.bleach(row[1]); err != nil {
			return err
		}
	}
	comments, err := m.book.GetComments(m.sheet)
	if err != nil {
		return err
	}
	for _, c := range comments {
		if c.Author == faultsAuthor {
			if err := m.book.DeleteComment(m.sheet, c.Cell); err != nil {
				return err
			}
		}
	}
	return m.book.DeleteSheet(FaultSheet)
}

// bleach takes our colour from a cell.
func (m *marker) bleach(cell string) error {
	id, err := m.book.GetCellStyle(m.sheet, cell)
	if err != nil {
		return err
	}
	style, err := m.book.GetStyle(id)
	if err != nil || !slices.Equal(style.Fill.Color, []string{faultColour}) {
		return err
	}
	style.Fill = excelize.Fill{}
	if id, err = m.book.NewStyle(style); err != nil {
		return err
	}
	return m.book.SetCellStyle(m.sheet, cell, cell, id)
}

// colour colours a cell and leaves the rest of its look.
func (m *marker) colour(cell string) error {
	id, err := m.book.GetCellStyle(m.sheet, cell)
	if err != nil {
		return err
	}
	coloured, known := m.looks[id]
	if !known {
		style, err := m.book.GetStyle(id)
		if err != nil {
			return err
		}
		style.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{faultColour}}
		if coloured, err = m.book.NewStyle(style); err != nil {
			return err
		}
		m.looks[id] = coloured
	}
	return m.book.SetCellStyle(m.sheet, cell, cell, coloured)
}

// list adds the sheet of all faults and puts it first.
func (m *marker) list(faults []Fault) error {
	s := Sheet{name: FaultSheet, heads: []head{{title: "行", form: formWhole, width: 8}, {title: "单元格", width: 10}, {title: "列", width: 24}, {title: "现在的值", width: 28}, {title: "问题", width: 70}}}
	for i, f := range faults {
		if i == maxListed {
			s.rows = append(s.rows, []any{"", "", "", "", fmt.Sprintf("另有 %d 处，改好上面的再上传就会列出", len(faults)-i)})
			break
		}
		title, cell := f.Title, f.Cell
		if cell == "" {
			title, cell = "整行", address(0, f.Row)
		}
		s.rows = append(s.rows, []any{f.Row, cell, title, f.Found, f.Message})
	}
	st, err := newStyles(m.book)
	if err != nil {
		return err
	}
	if _, err := m.book.NewSheet(FaultSheet); err != nil {
		return err
	}
	if err := s.write(m.book, st); err != nil {
		return err
	}
	if err := m.book.MoveSheet(FaultSheet, m.book.GetSheetList()[0]); err != nil {
		return err
	}
	m.book.SetActiveSheet(0)
	return nil
}
