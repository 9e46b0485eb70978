package mongo_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
)

// manyBytes is more than one buffer of the driver, so that chunks are on the server before an upload is finished.
func manyBytes() []byte {
	b := make([]byte, 17<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// upload begins an upload and writes content.
func upload(t testing.TB, e *mongo.Engine, content []byte) store.BlobWriter {
	t.Helper()
	w, err := e.CreateBlob(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(content)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestBlobReadAnywhere(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		e := open(t, uri, &clock{})
		content := manyBytes()[:600_001]
		w := upload(t, e, content)
		id, err := w.Keep("")
		if err != nil {
			t.Fatal(err)
		}
		if err = w.Abort(); err != nil {
			t.Fatal(err)
		}
		r, err := e.OpenBlob(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(all, content) {
			t.Fatalf("%d bytes read, %v", len(all), err)
		}
		at, err := r.Seek(-300_000, io.SeekEnd)
		if err != nil || at != int64(len(content)-300_000) {
			t.Fatalf("seek: %d, %v", at, err)
		}
		part := make([]byte, 1000)
		_, err = io.ReadFull(r, part)
		if err != nil || !bytes.Equal(part, content[at:at+1000]) {
			t.Errorf("part from %d: %v", at, err)
		}
		if err = r.Close(); err != nil {
			t.Error(err)
		}
		if err = e.RemoveBlob(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		_, err = e.OpenBlob(t.Context(), id)
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("removed file: %v", err)
		}
		if err = e.RemoveBlob(t.Context(), id); err != nil {
			t.Errorf("removing twice: %v", err)
		}
	})
}

// TestBlobLeftovers gives up one upload and lets another die; neither may leave a chunk, and a finished one keeps all of its own.
func TestBlobLeftovers(t *testing.T) {
	uri := mongotest.URI(t)
	c := &clock{}
	e := open(t, uri, c)
	count := func(coll string, filter bson.D) int64 {
		n, err := raw(t, uri).Collection(coll).CountDocuments(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	given := upload(t, e, manyBytes())
	if count("files.chunks", bson.D{}) == 0 {
		t.Fatal("the test writes too little to see chunks")
	}
	err := given.Abort()
	if err != nil {
		t.Fatal(err)
	}
	if n := count("files.chunks", bson.D{}) + count("uploads", bson.D{}); n != 0 {
		t.Errorf("%d chunks and marks left by an aborted upload", n)
	}

	kept, err := upload(t, e, []byte("kept")).Keep("")
	if err != nil {
		t.Fatal(err)
	}
	upload(t, e, manyBytes()) // Its process dies here.
	living := upload(t, e, []byte("li"))
	c.forward(55 * time.Minute)
	_, err = living.Write([]byte("ving"))
	if err != nil {
		t.Fatal(err)
	}
	c.forward(10 * time.Minute)
	eventually(t, "the sweep of the dead upload", func() bool { return count("uploads", bson.D{}) == 1 })
	if n := count("files.chunks", bson.D{{Key: "files_id", Value: bson.D{{Key: "$ne", Value: kept}}}}); n != 0 {
		t.Errorf("%d chunks left by a dead upload", n)
	}
	id, err := living.Keep("")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{kept: "kept", id: "living"} {
		r, err := e.OpenBlob(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}
