package web

import (
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Journal is the log of changes as 变更日志 shows it.
type Journal interface {
	// Size returns how many records the log has.
	Size(ctx context.Context) (int64, error)
	// Entries returns up to limit records with log numbers at most upTo, newest first.
	Entries(ctx context.Context, upTo int64, limit int) ([]Entry, error)
}

// Entry is one record of the log, without the state that it holds.
type Entry struct {
	N      int64
	At     time.Time
	Stream string
	Seq    int64
	// By is the opaque id of who made the change.
	By, Action, Why string
	Hash            string
}

// logPage is how many records one page of the log shows.
const logPage = 50

// changeLogView is what log.html shows.
type changeLogView struct {
	Size         int64
	Entries      []entryRow
	Newer, Older string
	// Witnesses is where the co-signed checkpoints are, "" without them.
	Witnesses string
}

// entryRow is an entry with the Chinese name of its action, which is its code if the action is no right that somebody has.
type entryRow struct {
	Entry
	Did string
	// Hidden: it is not shown who made it.
	Hidden bool
}

// reports are the actions by which matters come in: who did them reported, which only some may know.
var reports = []policy.Action{policy.ReportMatter, policy.AskOpenly, policy.ImportMatter}

// hide takes out of an entry what would tell who reported a matter, and from where.
func (e *entryRow) hide() {
	e.Hidden, e.By, e.Why, e.Action, e.Did = true, "", "", string(policy.ReportMatter), "上报事项"
}

// changeLog shows who changed what, newest first.
func (s *Server) changeLog(c *fiber.Ctx, by policy.Actor) error {
	if s.journal == nil {
		return errNothingRated
	}
	size, err := s.journal.Size(c.UserContext())
	if err != nil {
		return err
	}
	upTo, err := strconv.ParseInt(c.Query("to"), 10, 64)
	if err != nil || upTo < 1 || upTo > size {
		upTo = size
	}
	entries, err := s.journal.Entries(c.UserContext(), upTo, logPage)
	if err != nil {
		return err
	}
	v := changeLogView{Size: size}
	if s.witnesses != nil {
		v.Witnesses = witnessPath
	}
	for _, e := range entries {
		row := entryRow{Entry: e, Did: e.Action}
		if a, known := s.guard.Rules().Action(policy.Action(e.Action)); known {
			row.Did = a.Name
		}
		if slices.Contains(reports, policy.Action(e.Action)) && !s.guard.Allow(by, policy.ReadReporter) {
			row.hide()
		}
		v.Entries = append(v.Entries, row)
	}
	link := func(n int64) string { return logPath + "?to=" + strconv.FormatInt(n, 10) }
	if upTo < size {
		v.Newer = link(min(size, upTo+logPage))
	}
	if n := len(entries); n > 0 && entries[n-1].N > 1 {
		v.Older = link(entries[n-1].N - 1)
	}
	return s.render(c, by, "log", page{Title: "变更日志", Nav: logPath, Data: v})
}

// StoreJournal reads the log of a store.
type StoreJournal struct {
	// DB is the open store.
	DB *store.DB
}

// Size implements Journal.
func (j StoreJournal) Size(ctx context.Context) (int64, error) { return j.DB.Engine().LastN(ctx) }

// Entries implements Journal. What a record holds stays sealed here: the list tells who did what to which document.
func (j StoreJournal) Entries(ctx context.Context, upTo int64, limit int) ([]Entry, error) {
	var out []Entry
	err := j.DB.Engine().Log(ctx, max(0, upTo-int64(limit)), upTo, func(r journal.Record) error {
		id, content, err := journal.Unseal(r.Sealed)
		if err != nil {
			return err
		}
		stream, seq, err := journal.ParseRecordID(id)
		if err != nil {
			return err
		}
		kind, name, err := journal.ParseStreamKey(stream)
		if err != nil {
			return err
		}
		out = append(out, Entry{N: r.N, At: content.At.Time, Stream: kind + "/" + name, Seq: seq, By: content.By, Action: content.Action, Why: content.Why,
			Hash: hex.EncodeToString(r.Hash[:])})
		return nil
	})
	slices.Reverse(out)
	return out, err
}
