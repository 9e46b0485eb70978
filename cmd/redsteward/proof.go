package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// objectionNote tells a firm what it can still do after a window closed.
const objectionNote = "对得分有异议的，在得分告知后的异议期内从“异议与申诉”提出。"

// openProof opens windows and proofs over the register. Unfinished uploads wait in a folder of their own, which is emptied at every start; a service without
// a folder, as doctor opens it to remake lists, takes no uploads.
func (s *service) openProof(ctx context.Context, places supervision.Places) error {
	uploads := ""
	if s.dir != "" {
		uploads = filepath.Join(s.dir, "uploads")
		if err := errors.Join(os.RemoveAll(uploads), os.MkdirAll(uploads, 0o700)); err != nil {
			return err
		}
	}
	t, err := s.timetable()
	if err != nil {
		return err
	}
	s.keeper = files.NewKeeper(s.db, uploads)
	s.proofs, err = evidence.NewService(ctx, s.db, s.guard, places, s.keeper, t.deadline)
	return err
}

// proofWindows lets the rating cycle open and close the windows of proof.
type proofWindows struct{ proofs *evidence.Service }

// OpenWindow implements cycle.Windows: a period that asks for no proof has no window.
func (w proofWindows) OpenWindow(ctx context.Context, in cycle.Window) error {
	asks := in.Asks[w.proofs.Source()]
	if len(asks) == 0 {
		return nil
	}
	_, err := w.proofs.OpenWindow(ctx, policy.SystemActor(), in.Period, evidence.Window{Title: in.Name, Days: in.Days, Opens: journal.At(in.Days.First.Begins()),
		Closes: journal.At(in.Until.Ends()), Asks: asks, Objection: objectionNote})
	return err
}

// CloseWindow implements cycle.Windows.
func (w proofWindows) CloseWindow(ctx context.Context, period string, _ time.Time) error {
	return w.proofs.EndWindow(ctx, period)
}

var _ cycle.Windows = proofWindows{}
