package report

import (
	"archive/zip"
	"bytes"
	"os"
	"testing"

	"redsteward/internal/fault"
)

// TestNothingStaysOnDisk: a sheet that is unpacked to disk is gone afterwards, also if the workbook cannot be opened because of a later part.
func TestNothingStaysOnDisk(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	var damaged bytes.Buffer
	w := zip.NewWriter(&damaged)
	sheet, err := w.Create("xl/worksheets/sheet1.xml")
	if err == nil {
		_, err = sheet.Write(bytes.Repeat([]byte(" "), maxInMemory+1))
	}
	if err == nil {
		_, err = w.CreateRaw(&zip.FileHeader{Name: "xl/workbook.xml", Method: 99})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"cells": func() error { _, err := Cells(bytes.NewReader(damaged.Bytes()), 10); return err },
		"table": func() error { _, err := Firms().Read(bytes.NewReader(damaged.Bytes())); return err },
		"mark":  func() error { _, err := Mark(bytes.NewReader(damaged.Bytes()), "企业", nil); return err },
	} {
		if err := read(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%d files stay: %v", len(left), err)
	}
}
