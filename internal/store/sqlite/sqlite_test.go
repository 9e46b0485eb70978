package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/storetest"
)

type folder struct{ dir string }

// Open implements storetest.Data.
func (f folder) Open(t *testing.T, readOnly bool) store.Engine {
	t.Helper()
	e, err := Open(t.Context(), f.dir, Options{ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSuite(t *testing.T) {
	storetest.Run(t, storetest.Suite{New: func(t *testing.T) storetest.Data { return folder{t.TempDir()} }, Many: manyDocuments, Writers: 16})
}

func TestPlansUseIndexesOnly(t *testing.T) {
	e := folder{t.TempDir()}.Open(t, false).(*Engine)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	plans := map[string]string{"head": headSQL, "heads": headsSQL, "record": recordSQL, "history": historySQL, "log": logSQL, "value": valueSQL, "values": valuesSQL,
		"ephemeral": ephemeralSQL, "listEphemeral": listEphemeralSQL, "eachHead": eachHeadSQL}
	for parts := range store.Parts(4) {
		plans[fmt.Sprint("each", parts)] = eachSQL(parts)
		plans[fmt.Sprint("list", parts)] = listSQL(parts, false)
		plans[fmt.Sprint("listDesc", parts)] = listSQL(parts, true)
	}
	for name, text := range plans {
		args := make([]any, strings.Count(text, "?"))
		for i := range args {
			args[i] = ""
		}
		highest := 0
		for i := 1; i <= len(args); i++ {
			if strings.Contains(text, fmt.Sprint("?", i)) {
				highest = i
			}
		}
		rows, err := e.readers.Query("EXPLAIN QUERY PLAN "+text, args[:highest]...)
		if err != nil {
			t.Fatal(name, err)
		}
		steps := 0
		if err := eachRow(t.Context(), rows, func() error {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			steps++
			// The list of streams that heads is given is no table of ours.
			if strings.HasPrefix(detail, "SCAN") && !strings.HasPrefix(detail, "SCAN wanted VIRTUAL TABLE") || strings.Contains(detail, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, detail)
			}
			return nil
		}); err != nil || steps == 0 {
			t.Fatal(name, steps, err)
		}
	}
}

func TestSecondWriterIsRefusedAndTold(t *testing.T) {
	dir := t.TempDir()
	first := folder{dir}.Open(t, false)
	_, err := Open(t.Context(), dir, Options{})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), fmt.Sprint(os.Getpid())) {
		t.Fatalf("the refusal does not name the process: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (folder{dir}).Open(t, false).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusals(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := Open(t.Context(), missing, Options{ReadOnly: true}); !fault.Is(err, fault.NotFound) {
		t.Errorf("missing folder: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("opening to read created the folder")
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, FileName), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), damaged, Options{}); !fault.Is(err, fault.Internal) {
		t.Errorf("damaged file: %v", err)
	}
	newer := t.TempDir()
	e := folder{newer}.Open(t, false).(*Engine)
	if _, err := e.writer.conn.ExecContext(t.Context(), "PRAGMA user_version=7"); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), newer, Options{}); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "7") {
		t.Errorf("newer tables: %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	if err := translate("x", fmt.Errorf("write: %w", syscall.ENOSPC)); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "磁盘已满") {
		t.Errorf("%v", err)
	}
	dir := t.TempDir()
	e := folder{dir}.Open(t, false).(*Engine)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &blobWriter{engine: e, file: full, done: true} // not aborted: that would remove the device
	if _, err := w.Write([]byte("x")); !saysFull(err) {
		t.Errorf("bytes of a file: %v", err)
	}
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := store.NewCollection(t.Context(), db, store.Kind[storetest.Note]{Name: "n", Version: 1, Subject: func(string, *storetest.Note) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notes.Commit(t.Context(), store.Meta{By: "u", Action: "n.create"}, "first", 0, storetest.Note{}); err != nil {
		t.Fatal(err)
	}
	// max_page_count makes SQLite itself say that the disk is full: at each page that a commit wants, in turn.
	refused := 0
	for ; ; refused++ {
		last, err := e.LastN(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.write(t.Context(), "test", nil, morePages(refused)); err != nil {
			t.Fatal(err)
		}
		_, err = notes.Commit(t.Context(), store.Meta{By: "u", Action: "n.create"}, "big", 0, storetest.Note{Body: strings.Repeat("x", 30_000)})
		if err == nil {
			break
		}
		now, failed := e.LastN(t.Context())
		if _, notThere := notes.Load(t.Context(), "big"); !saysFull(err) || failed != nil || now != last || !fault.Is(notThere, fault.NotFound) {
			t.Fatalf("with %d pages: %v, log %d, then %d, %v, %v", refused, err, last, now, failed, notThere)
		}
	}
	if _, err := notes.Load(t.Context(), "big"); refused < 2 || err != nil {
		t.Fatalf("refused %d times, then %v", refused, err)
	}
	// The claim of a file that does not fit takes its bytes with it.
	if err := e.write(t.Context(), "test", nil, morePages(0)); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		_, err := db.PutFile(t.Context(), store.Meta{By: "u", Action: "file.put", Why: strings.Repeat("w", 500)}, strings.NewReader(fmt.Sprint(i)), 100)
		if err == nil && i < 100 {
			continue
		}
		if kept := len(blobsOf(t, dir)); !saysFull(err) || !errors.Is(err, store.ErrFull) || kept != i {
			t.Fatalf("%d files were kept, then %v: %d lie there", i, err, kept)
		}
		break
	}
}

// saysFull tells whether an error tells the user that the disk is full.
func saysFull(err error) bool {
	return fault.Is(err, fault.Unavailable) && strings.Contains(fault.MessageOf(err), "磁盘已满")
}

// blobsOf are the files below the folder of uploads.
func blobsOf(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, filesName), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestConcurrentCommitsShareTransactions holds the writer busy with a crowd and checks that each got its own outcome.
func TestConcurrentCommitsShareTransactions(t *testing.T) {
	e := folder{t.TempDir()}.Open(t, false).(*Engine)
	done := make(chan error, 64)
	for i := range 64 {
		go func() {
			_, err := e.PutEphemeral(context.Background(), store.Ephemeral{Key: fmt.Sprintf("k/%d", i%32), Expires: time.Now().Add(time.Hour), Now: time.Now()}, 0)
			done <- err
		}()
	}
	won, lost := 0, 0
	for range 64 {
		switch err := <-done; {
		case err == nil:
			won++
		case fault.Is(err, fault.Conflict):
			lost++
		default:
			t.Error(err)
		}
	}
	if won != 32 || lost != 32 {
		t.Errorf("%d won, %d lost", won, lost)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.PutEphemeral(context.Background(), store.Ephemeral{Key: "k/late"}, 0); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after close: %v", err)
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
}

// TestEachHoldsNoConnection: more callers than there are connections look at documents at once, and each of them reads while it looks.
func TestEachHoldsNoConnection(t *testing.T) {
	e := folder{t.TempDir()}.Open(t, false).(*Engine)
	db, err := store.Open(t.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := store.NewCollection(t.Context(), db, store.Kind[storetest.Note]{Name: "n", Version: 1, Subject: func(string, *storetest.Note) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := notes.Commit(t.Context(), store.Meta{By: "u", Action: "n.create"}, fmt.Sprint(i), 0, storetest.Note{}); err != nil {
			t.Fatal(err)
		}
	}
	callers := e.readers.Stats().MaxOpenConnections + 1
	var together sync.WaitGroup
	together.Add(callers)
	done := make(chan error, callers)
	for range callers {
		go func() {
			first := true
			done <- e.Each(context.Background(), "n", "", store.WithState, func(r store.Row) error {
				if first {
					first = false
					together.Done()
					together.Wait()
				}
				_, err := e.History(context.Background(), r.Stream, 0, 1)
				return err
			})
		}()
	}
	for range callers {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("callers wait for each other's connections")
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// morePages lets the database grow by so many pages.
func morePages(more int) func(c *sql.Conn) error {
	return func(c *sql.Conn) error {
		var pages int
		if err := c.QueryRowContext(context.Background(), "PRAGMA page_count").Scan(&pages); err != nil {
			return err
		}
		_, err := c.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count=%d", pages+more))
		return err
	}
}
