package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/store/storetest"
)

// crashDir names the folder that a child process fills until it is killed; only the child has it set.
const crashDir = "REDSTEWARD_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := fillUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func crashKind() store.Kind[storetest.Note] {
	return store.Kind[storetest.Note]{Name: "note", Version: 1, Subject: func(_ string, s *storetest.Note) string { return "person/" + s.Owner },
		Indexes: []store.Index[storetest.Note]{{Name: "count", Keys: func(string, *storetest.Note) []string { return []string{""} },
			Sort: func(_ string, s *storetest.Note) string { return store.SortInt(s.Count) }}}}
}

// fillUntilKilled commits on many goroutines and prints every change that was acknowledged.
func fillUntilKilled(dir string) error {
	ctx := context.Background()
	e, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		return err
	}
	notes, err := store.NewCollection(ctx, db, crashKind())
	if err != nil {
		return err
	}
	var out sync.Mutex
	failed := make(chan error)
	for w := range 16 {
		go func() {
			id := fmt.Sprint("w", w)
			doc, err := notes.Load(ctx, id)
			if err != nil {
				doc = store.Doc[storetest.Note]{}
			}
			for {
				doc.State.Count++
				doc.State.Owner, doc.State.Author = id, "作者"
				m := store.Meta{By: id, Action: "note.change", Idem: &store.Idem{Key: fmt.Sprint(doc.State.Count), Body: []byte("b")}}
				if doc, err = notes.Commit(ctx, m, id, doc.Seq, doc.State); err != nil {
					failed <- err
					return
				}
				out.Lock()
				_, err := fmt.Println(id, doc.Seq)
				out.Unlock()
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// TestKilledProcessLosesNothingAcknowledged kills a writer in the middle, again and again, and looks what is left.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]int64{}
	for round := range 4 {
		killAfter(t, dir, 300+200*round, acknowledged)
		// What a crash leaves of uploads is gone at the next start.
		if err := os.WriteFile(filepath.Join(dir, filesName, "tmp", "upload-1"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		e := folder{dir}.Open(t, false).(*Engine)
		if left, err := os.ReadDir(e.tmpDir()); err != nil || len(left) > 0 {
			t.Fatalf("unfinished uploads are left: %v %v", left, err)
		}
		db, err := store.Open(t.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		notes, err := store.NewCollection(t.Context(), db, crashKind())
		if err != nil {
			t.Fatal(err)
		}
		heads := 0
		for id, seq := range acknowledged {
			doc, err := notes.Load(t.Context(), id)
			if err != nil || doc.Seq < seq || doc.State.Count != doc.Seq || doc.State.Author != "作者" {
				t.Fatalf("%s was acknowledged up to %d and is %+v, %v", id, seq, doc, err)
			}
			// An acknowledged request is remembered, and a repeated one acts no second time.
			m := store.Meta{By: id, Action: "note.change", Idem: &store.Idem{Key: fmt.Sprint(seq), Body: []byte("b")}}
			again, err := notes.Commit(t.Context(), m, id, doc.Seq, storetest.Note{Count: -1})
			if err != nil || again.Seq != seq {
				t.Fatalf("%s: request %d came back as %+v, %v", id, seq, again, err)
			}
			acknowledged[id] = doc.Seq
			heads++
		}
		page, err := notes.List(t.Context(), store.Query{Index: "count", Limit: 100})
		if err != nil || len(page.Docs) < heads || heads == 0 {
			t.Fatalf("%d of %d documents in the list, %v", len(page.Docs), heads, err)
		}
		for _, d := range page.Docs {
			if head, err := notes.Load(t.Context(), d.ID); err != nil || head.Seq != d.Seq || head.State != d.State {
				t.Fatalf("state and journal differ: %+v %+v %v", d, head, err)
			}
		}
		if _, err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		v, err := store.Verifier(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if report, err := v.Verify(t.Context(), e); err != nil || !report.OK() || report.AfterCheckpoint != 0 {
			t.Fatalf("%+v %v", report, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter starts a writer, kills it after some acknowledgements and notes the highest of each document.
func killAfter(t *testing.T, dir string, lines int, acknowledged map[string]int64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	var told strings.Builder
	child.Stderr = &told
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for read := 0; scanner.Scan(); read++ {
		if read == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		// Lines after the kill were printed before it: they count too. A line cut short does not.
		id, text, _ := strings.Cut(scanner.Text(), " ")
		if seq, err := strconv.ParseInt(text, 10, 64); err == nil && read <= lines {
			acknowledged[id] = max(acknowledged[id], seq)
		}
	}
	var ended *exec.ExitError
	if err := child.Wait(); !errors.As(err, &ended) || ended.ProcessState.Exited() {
		t.Fatalf("the child was not killed: %v %s", err, told.String())
	}
}
