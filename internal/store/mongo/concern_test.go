package mongo_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"redsteward/internal/store"
	"redsteward/internal/store/mongo/mongotest"
)

// bodyOf is the command of a message as the driver sends it (OP_MSG with its body first); nil for another one.
func bodyOf(message []byte) bson.Raw {
	const code, kind = 12, 20 // in the header; behind header and flags
	if len(message) <= kind+5 || binary.LittleEndian.Uint32(message[code:]) != 2013 || message[kind] != 0 {
		return nil
	}
	body := bson.Raw(message[kind+1:])
	size := int(binary.LittleEndian.Uint32(body))
	if size > len(body) || body[:size].Validate() != nil {
		return nil
	}
	return body[:size]
}

// TestConcerns: whatever the address says, every write is acknowledged by a majority and on disk, and every read asks a server that may be the primary.
func TestConcerns(t *testing.T) {
	proxy := mongotest.NewProxy(t, mongotest.URI(t))
	var lock sync.Mutex
	var wrong []string
	seen := map[string]int{}
	proxy.Lose(func(request []byte) mongotest.Loss {
		body := bodyOf(request)
		if body == nil {
			return mongotest.Pass
		}
		first, err := body.IndexErr(0)
		if err != nil {
			return mongotest.Pass
		}
		lock.Lock()
		defer lock.Unlock()
		seen[first.Key()]++
		switch first.Key() {
		case "insert", "update", "delete", "findAndModify":
			concern, _ := body.Lookup("writeConcern").DocumentOK()
			w, _ := concern.Lookup("w").StringValueOK()
			if onDisk, _ := concern.Lookup("j").BooleanOK(); w != "majority" || !onDisk {
				wrong = append(wrong, body.String())
			}
		}
		if mode, _ := body.Lookup("$readPreference", "mode").StringValueOK(); strings.HasPrefix(mode, "secondary") || mode == "nearest" {
			wrong = append(wrong, body.String())
		}
		return mongotest.Pass
	})
	uri := proxy.URI() + "?w=1&journal=false&readPreference=secondaryPreferred"
	if strings.Contains(proxy.URI(), "?") {
		uri = proxy.URI() + "&w=1&journal=false&readPreference=secondaryPreferred"
	}
	e := open(t, uri, &clock{})
	commit(t, e, note(t, "a", 1))
	commit(t, e, note(t, "a", 2))
	settle(t, e)
	if _, err := e.List(t.Context(), store.ListQuery{Kind: "note", Index: "all", Limit: 10}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.PutEphemeral(t.Context(), store.Ephemeral{Key: "session/x", Now: (&clock{}).now(), Expires: (&clock{ahead: 1 << 40}).now(), Body: []byte("x")}, store.AnyRev); err != nil {
		t.Fatal(err)
	}
	w, err := e.CreateBlob(t.Context())
	if err == nil {
		_, err = w.Write([]byte("bytes"))
	}
	if err == nil {
		_, err = w.Keep("")
	}
	if err != nil {
		t.Fatal(err)
	}
	lock.Lock()
	defer lock.Unlock()
	if slices.Sort(wrong); len(wrong) > 0 {
		t.Errorf("%d commands are not as designed, such as %.600s", len(wrong), wrong[0])
	}
	if seen["insert"] < 4 || seen["find"] == 0 {
		t.Errorf("seen: %v", seen)
	}
}
