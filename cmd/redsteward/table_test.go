package main

import (
	"strings"
	"testing"
)

func TestTextTableLinesUpWideCharacters(t *testing.T) {
	table := textTable{
		Head:  []string{"编号", "小区", "总分"},
		Right: []bool{false, false, true},
		Rows: [][]string{
			{"a", "东湖花园一期", "92.50"},
			{"bb", "Lake Court", "8.00"},
			{"c", "x\x1b[31m红\n名"},
		},
	}
	var b strings.Builder
	if err := table.write(&b); err != nil {
		t.Fatal(err)
	}
	want := "编号  小区           总分\n" +
		"----  ------------  -----\n" +
		"a     东湖花园一期  92.50\n" +
		"bb    Lake Court     8.00\n" +
		"c     x [31m红 名\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
