package storetest

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// changes tells what each record of a document changed, and never what only some may read.
func (s Suite) changes(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	note := Note{Title: "旧", Owner: "wang", Author: "王秀兰", Body: "内部", Count: 1}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "n", 0, note); err != nil {
		t.Fatal(err)
	}
	note.Title, note.Body, note.Author, note.Count = "新", "改过", "李秀兰", 2
	if _, err := b.notes.Commit(ctx, store.Meta{By: "u1", Action: "note.change", Why: "更正"}, "n", 1, note); err != nil {
		t.Fatal(err)
	}
	if _, err := b.notes.Delete(ctx, meta("note.delete"), "n", 2); err != nil {
		t.Fatal(err)
	}
	b.verify(t)
	for n, want := range []string{
		"note.create  author:隐 body:隐 count:→1 owner:隐 title:→旧",
		"note.change 更正 author:隐 body:隐 count:1→2 title:旧→新",
		"note.delete  deleted author:隐 body:隐 count:2→ owner:隐 title:新→",
	} {
		v, err := b.db.ChangeOf(ctx, int64(n+1))
		if err != nil {
			t.Fatal(err)
		}
		got := v.Meta.Action + " " + v.Meta.Why
		if v.Deleted {
			got += " deleted"
		}
		for _, f := range v.Fields {
			if f.Path == "remark" {
				continue
			}
			if f.Hidden {
				got += " " + f.Path + ":隐"
			} else {
				got += fmt.Sprintf(" %s:%s→%s", f.Path, f.Before, f.After)
			}
			if strings.Contains(f.Before+f.After, "秀兰") || f.Hidden && f.Before+f.After != "" {
				t.Errorf("record %d tells %+v", n+1, f)
			}
		}
		if got != want || v.Kind != "note" || v.ID != "n" || v.Seq != int64(n+1) {
			t.Errorf("record %d: %s/%s %d\n got %s\nwant %s", n+1, v.Kind, v.ID, v.Seq, got, want)
		}
	}
	for _, n := range []int64{0, -1, 4} {
		_, err := b.db.ChangeOf(ctx, n)
		wantKind(t, err, fault.NotFound)
	}
}
