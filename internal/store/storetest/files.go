package storetest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"redsteward/internal/fault"
)

func (s Suite) files(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const limit = 1 << 20
	image := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
	file, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(image), limit)
	if err != nil || file.Size != limit {
		t.Fatalf("%+v %v", file, err)
	}
	again, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(image), limit)
	if err != nil || again != file {
		t.Fatalf("equal bytes: %+v %v", again, err)
	}
	_, err = b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(append(image, 'x')), limit)
	wantKind(t, err, fault.Invalid)
	_, err = b.db.PutFile(ctx, meta("file.put"), io.MultiReader(bytes.NewReader(image[:1000]), brokenReader{}), limit)
	wantKind(t, err, fault.Unavailable)
	r, info, err := b.db.OpenFile(ctx, file.SHA256)
	if err != nil || info != file {
		t.Fatalf("%+v %v", info, err)
	}
	read, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(read, image) {
		t.Fatalf("%d bytes read, %v", len(read), err)
	}
	if err := b.db.RemoveFile(ctx, meta("file.remove"), file.SHA256); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.db.OpenFile(ctx, file.SHA256)
	wantKind(t, err, fault.NotFound)
	if back, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(image), limit); err != nil || back != file {
		t.Fatalf("a removed file cannot come back: %+v %v", back, err)
	}
	_, _, err = b.db.OpenFile(ctx, strings.Repeat("0", 64))
	wantKind(t, err, fault.NotFound)
	if report := b.verify(t); report.Records != 3 {
		t.Fatalf("%d records, want 3 (put, remove, put)", report.Records)
	}
}

// brokenReader is a connection that dies.
type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
