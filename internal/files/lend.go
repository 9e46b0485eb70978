package files

import (
	"context"
	"fmt"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// What is lent: for how long, and how much of it one document holds.
const (
	lentFor   = 24 * time.Hour
	lentPiece = 512 << 10
)

// lent is a piece of something lent: the head under `<id>/0`, pieces under `<id>/1` and so on.
type lent struct {
	By     string `json:"by" privacy:"internal"`
	Name   string `json:"name" privacy:"internal"`
	Pieces int64  `json:"pieces"`
	Data   []byte `json:"data,omitempty" privacy:"pii"`
}

// Lend keeps what was made for one account, encrypted and for a day, and returns the id under which that account gets it. Nothing is journaled.
func (k *Keeper) Lend(ctx context.Context, by, name string, data []byte) (string, error) {
	shelf, err := store.NewEphemeral[lent](k.db, "lent")
	if err != nil {
		return "", err
	}
	id, until := k.db.NewID(store.Meta{By: by}), k.db.Now().Add(lentFor)
	head := lent{By: by, Name: name}
	for from := 0; from < len(data); from += lentPiece {
		head.Pieces++
		if err := shelf.Put(ctx, fmt.Sprintf("%s/%d", id, head.Pieces), lent{Data: data[from:min(from+lentPiece, len(data))]}, until); err != nil {
			return "", err
		}
	}
	return id, shelf.Put(ctx, id+"/0", head, until)
}

// Lent returns what was lent to an account, with its name. Returns NotFound if it is somebody else's, expired, or never was.
func (k *Keeper) Lent(ctx context.Context, by, id string) (name string, data []byte, err error) {
	const gone = "这个文件只保留一天，现在已经没有了，请重新上传"
	shelf, err := store.NewEphemeral[lent](k.db, "lent")
	if err != nil {
		return "", nil, err
	}
	head, err := shelf.Get(ctx, id+"/0")
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", nil, err
	}
	if err != nil || head.State.By != by {
		return "", nil, fault.Wrap("files.Lent", fault.NotFound, gone, err)
	}
	for n := int64(1); n <= head.State.Pieces; n++ {
		piece, err := shelf.Get(ctx, fmt.Sprintf("%s/%d", id, n))
		if err != nil {
			return "", nil, fault.Wrap("files.Lent", "", gone, err)
		}
		data = append(data, piece.State.Data...)
	}
	return head.State.Name, data, nil
}
