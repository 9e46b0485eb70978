//go:build !race

package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"redsteward/internal/store/sqlite"
)

// TestWitnessCommands: an auditor makes a key, co-signs what he checked, and does not sign, but is told the place, once somebody edited the database by hand.
func TestWitnessCommands(t *testing.T) {
	dir, own := demoFolder(t), t.TempDir()
	key, kept := filepath.Join(own, "witness.key"), filepath.Join(own, "kept")
	asked(t, nil, exitOK, "redsteward/witness/", "witness", "key", key)
	asked(t, nil, exitInput, "已经存在", "witness", "key", key)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	asked(t, nil, exitInput, "要写一个", "witness", "sign", "--key", key, "--kept", kept)
	asked(t, nil, exitOK, "已联署第", "witness", "sign", "--key", key, "--kept", kept, "--data", dir)
	asked(t, nil, exitOK, "已经联署过", "witness", "sign", "--key", key, "--kept", kept, "--data", dir)
	asked(t, nil, exitOK, "与见证人留存的 1 个检查点比较", "verify", dir, "--kept", kept)
	// Another log, or one signed with another key, is not what he knows.
	other := demoFolder(t)
	asked(t, nil, exitFailed, "公钥与以前看到的不同", "witness", "sign", "--key", key, "--kept", kept, "--data", other)
	asked(t, nil, exitFailed, "公钥与见证人留存的不同", "verify", other, "--kept", kept)

	// From what a page gives: a checkpoint that is no longer than what he knows needs no proof.
	notes, err := filepath.Glob(filepath.Join(kept, "*"+keptEnding))
	if err != nil || len(notes) != 1 {
		t.Fatal(notes, err)
	}
	asked(t, nil, exitOK, "已经联署过", "witness", "sign", "--key", key, "--kept", kept, "--checkpoint", notes[0])
	asked(t, nil, exitInput, "第一次联署要写日志公钥", "witness", "sign", "--key", key, "--kept", filepath.Join(own, "new"), "--checkpoint", notes[0])

	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE record SET sealed = replace(sealed, '"by":', '"by" :') WHERE n = 3`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	asked(t, nil, exitFailed, "第 3 条", "witness", "sign", "--key", key, "--kept", kept, "--data", dir)
	asked(t, nil, exitFailed, "第 3 条", "verify", dir, "--kept", kept)
}
