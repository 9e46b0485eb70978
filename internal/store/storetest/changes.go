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
	// What a document is called is told of its last record, without what only some may read, of many in one read.
	if _, err := b.notes.Commit(ctx, meta("note.create"), "m", 0, note); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Purge(ctx, meta("person.purge"), "note/m"); err != nil {
		t.Fatal(err)
	}
	refs := []store.Ref{{Kind: "note", ID: "m"}, {Kind: "note", ID: "n"}, {Kind: "note", ID: "none"}, {Kind: "note", ID: "no name"}}
	called, err := b.db.Called(ctx, refs, func(string) []string { return []string{"title", "author", "body", "nothing"} })
	if err != nil || len(called) != 2 {
		t.Fatal(called, err)
	}
	m, n := called[refs[0]], called[refs[1]]
	if len(m.Values) != 4 || m.Values[0].Text != "新" || m.Values[1].Text+m.Values[2].Text+m.Values[3].Text != "" || m.Deleted || !m.Purged {
		t.Errorf("a purged note is called %+v", m)
	}
	if n.Values[0].Text != "" || !n.Deleted || n.Purged {
		t.Errorf("a deleted note is called %+v", n)
	}
	for _, n := range []int64{0, -1, 6} {
		_, err := b.db.ChangeOf(ctx, n)
		wantKind(t, err, fault.NotFound)
	}
}
