package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	logSignerName    = "log/signer"
	logVerifierName  = "log/verifier"
	logTreeName      = "log/tree"
	checkpointPrefix = "checkpoint/"
)

// Checkpoint signs the log up to its present end and stores the signed note, which it returns; nil for an empty log.
func (db *DB) Checkpoint(ctx context.Context) ([]byte, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.checkpoint(ctx)
}

func (db *DB) checkpoint(ctx context.Context) ([]byte, error) {
	const op = "store.Checkpoint"
	signer, err := db.logSigner(ctx)
	if err != nil {
		return nil, err
	}
	var tree journal.Tree
	stored, err := db.engine.Value(ctx, logTreeName)
	if err == nil {
		err = tree.UnmarshalBinary(stored)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	before := tree.Size()
	if err := db.engine.Log(ctx, tree.Size(), 0, func(r journal.Record) error {
		if r.N != tree.Size()+1 {
			return fault.New(op, fault.Internal, fmt.Sprintf("日志缺少第 %d 条", tree.Size()+1))
		}
		tree.Append(r.Hash)
		return nil
	}); err != nil {
		return nil, err
	}
	if tree.Size() == 0 {
		return nil, nil
	}
	name := fmt.Sprintf("%s%020d", checkpointPrefix, tree.Size())
	if tree.Size() == before {
		if standing, err := db.engine.Value(ctx, name); !fault.Is(err, fault.NotFound) {
			return standing, err
		}
	}
	signed, err := journal.Sign(signer, journal.Checkpoint{Size: tree.Size(), Root: tree.Root(), At: journal.At(db.Now())})
	if err != nil {
		return nil, err
	}
	if signed, err = db.engine.InsertValue(ctx, name, signed); err != nil {
		return nil, err
	}
	edge, err := tree.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return signed, db.engine.SetValue(ctx, logTreeName, edge)
}

// logSigner returns the signing key of the log. Signer and public key are made together and kept as one value, so that the first
// process decides both.
func (db *DB) logSigner(ctx context.Context) (string, error) {
	const op = "store.logSigner"
	stored, err := db.engine.Value(ctx, logSignerName)
	if fault.Is(err, fault.NotFound) {
		signer, verifier, genErr := journal.GenerateKey()
		if genErr != nil {
			return "", genErr
		}
		sealed, encErr := encrypt(db.opt.MasterKey, []byte(signer), logSignerName)
		if encErr != nil {
			return "", fault.Wrap(op, fault.Internal, "", encErr)
		}
		text := verifier + "\n" + base64.StdEncoding.EncodeToString(sealed)
		stored, err = db.engine.InsertValue(ctx, logSignerName, []byte(text))
	}
	if err != nil {
		return "", err
	}
	verifier, sealed, _ := bytes.Cut(stored, []byte("\n"))
	if _, err := db.engine.InsertValue(ctx, logVerifierName, verifier); err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(string(sealed))
	if err != nil {
		return "", fault.Wrap(op, fault.Internal, "日志签名密钥已损坏", err)
	}
	signer, err := decrypt(db.opt.MasterKey, raw, logSignerName)
	if err != nil {
		return "", fault.Wrap(op, fault.Invalid, "主密钥与数据不符，请核对 master.key", err)
	}
	return string(signer), nil
}

// Verifier returns what an engine holds for checking its own log: public key and checkpoints. The key is "" if nothing was signed yet.
func Verifier(ctx context.Context, engine Engine) (journal.Verifier, error) {
	var v journal.Verifier
	key, err := engine.Value(ctx, logVerifierName)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return v, err
	}
	v.Key = string(key)
	after := ""
	for {
		found, err := engine.ValuesAfter(ctx, checkpointPrefix, after, logBatch)
		if err != nil || len(found) == 0 {
			return v, err
		}
		for _, c := range found {
			v.Checkpoints = append(v.Checkpoints, c.Value)
			after = c.Name
		}
	}
}
