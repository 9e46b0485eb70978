package evidence

import (
	"context"
	"io"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Draft is what somebody has typed and uploaded and not handed in yet.
type Draft struct {
	// Texts are the fields of the form as they were typed.
	Texts map[string]string `json:"texts,omitempty" privacy:"internal"`
	// Files were taken in already.
	Files []files.Stored `json:"files,omitempty"`
	// Saved is when it was saved last.
	Saved journal.Time `json:"saved"`
}

// Form names the form that a draft belongs to.
type Form struct {
	// Period, Project and Fact name what is asked.
	Period, Project, Fact string
	// Proof is the id of the returned proof that is corrected, "" for a new one; then the other fields are not needed.
	Proof string
}

// draftLife is how long a draft is kept after it was saved last.
const draftLife = 60 * 24 * time.Hour

// Draft returns what the actor has typed and uploaded for a form; an empty draft if nothing. Returns Forbidden without SubmitEvidence, NotFound outside the scope.
func (s *Service) Draft(ctx context.Context, by policy.Actor, at Form) (Draft, error) {
	id, err := s.draftID(ctx, by, at)
	if err != nil {
		return Draft{}, err
	}
	d, _, err := s.draft(ctx, id, at)
	return d, err
}

// SaveDraft keeps the fields of a form as they were typed; the files stay. Errors as those of Draft.
func (s *Service) SaveDraft(ctx context.Context, by policy.Actor, at Form, texts map[string]string) (Draft, error) {
	return s.edit(ctx, by, at, func(d *Draft) error {
		d.Texts = texts
		return nil
	})
}

// Attach takes a file in for a form. The same bytes are attached once. Returns Conflict with the reason if the window is closed, Invalid for one file too many, and
// the errors of files.Keeper.Take and Draft.
func (s *Service) Attach(ctx context.Context, by policy.Actor, at Form, name string, r io.Reader) (Draft, error) {
	id, err := s.draftID(ctx, by, at)
	if err != nil {
		return Draft{}, err
	}
	if err := s.openFor(ctx, at); err != nil {
		return Draft{}, err
	}
	d, _, err := s.draft(ctx, id, at)
	if err != nil {
		return Draft{}, err
	}
	if len(d.Files) >= MaxFiles {
		return d, tooMany()
	}
	file, err := s.keeper.TakeLoose(ctx, store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, name, r, files.JPEG, files.PNG, files.PDF, files.XLSX)
	if err != nil {
		return d, err
	}
	return s.edit(ctx, by, at, func(d *Draft) error {
		if slices.ContainsFunc(d.Files, func(f files.Stored) bool { return f.Original == file.Original }) {
			return nil
		}
		if len(d.Files) >= MaxFiles {
			return tooMany()
		}
		d.Files = append(d.Files, file)
		return nil
	})
}

func tooMany() error {
	return fault.InvalidFields("evidence.Attach", fault.Field{Name: "files", Message: "最多 9 个文件，请先移除不要的"})
}

// Detach takes a file out of a draft. It does nothing if the draft has no such file. Errors as those of Draft.
func (s *Service) Detach(ctx context.Context, by policy.Actor, at Form, original string) (Draft, error) {
	return s.edit(ctx, by, at, func(d *Draft) error {
		d.Files = slices.DeleteFunc(d.Files, func(f files.Stored) bool { return f.Original == original })
		return nil
	})
}

// DropDraft forgets a draft. Errors as those of Draft.
func (s *Service) DropDraft(ctx context.Context, by policy.Actor, at Form) error {
	id, err := s.draftID(ctx, by, at)
	if err != nil {
		return err
	}
	return s.drafts.Delete(ctx, id)
}

// looseFor is how long an uploaded file that nobody handed in and no draft holds is kept after it was last uploaded.
const looseFor = draftLife + 24*time.Hour

// Orphaned is the moment before which an uploaded file that nobody handed in must have come to be removed.
func Orphaned(now time.Time) time.Time { return now.Add(-looseFor) }

// Spare tells SweepFiles which files others hold that are not kept for good either. Call it before the first job.
func (s *Service) Spare(others func(ctx context.Context) ([]files.Stored, error)) { s.others = others }

// SweepFiles is the job that removes uploaded files that were not handed in and that no draft holds any more. Who hands one in at the same moment is safe: the store
// lets one of the two win. Returns schedule.Skip if there was none.
func (s *Service) SweepFiles(ctx context.Context, _ time.Time) error {
	var held [][]files.Stored
	if s.others != nil {
		list, err := s.others(ctx)
		if err != nil {
			return err
		}
		held = append(held, list)
	}
	for after := ""; ; {
		page, err := s.drafts.List(ctx, "", after, store.MaxLimit)
		if err != nil {
			return err
		}
		for _, d := range page {
			held = append(held, d.State.Files)
			after = d.ID
		}
		if len(page) < store.MaxLimit {
			break
		}
	}
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "上传后没有提交，草稿已过期"}
	n, err := s.keeper.Sweep(ctx, meta, Orphaned(s.db.Now()), held...)
	if err == nil && n == 0 {
		return &schedule.Skip{Reason: "没有过期草稿留下的文件"}
	}
	return err
}

// draftID checks that the actor may fill in the form, and names his draft of it.
func (s *Service) draftID(ctx context.Context, by policy.Actor, at Form) (string, error) {
	const op = "evidence.Draft"
	scope, err := s.desk.Scope(ctx, by, policy.SubmitEvidence)
	if err != nil {
		return "", err
	}
	if at.Proof != "" {
		doc, err := s.desk.Load(ctx, op, scope, at.Proof)
		if err != nil {
			return "", err
		}
		return by.ID + "/proof/" + doc.ID, nil
	}
	window, err := s.window(ctx, at.Period)
	if err != nil {
		return "", err
	}
	if _, ok := window.State.Ask(at.Fact); !ok || !journal.ValidPart(at.Project) {
		return "", fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	if _, err := s.held(ctx, op, scope, window.State, at.Project); err != nil {
		return "", err
	}
	return by.ID + "/" + at.Period + "/" + at.Project + "/" + at.Fact, nil
}

// held returns where a project lies on the last day of the window, not after today, on which the scope reaches it. Returns NotFound if there is none.
func (s *Service) held(ctx context.Context, op string, scope policy.Scope, w Window, project string) (registry.Place, error) {
	last := w.Days.Last
	if today := calendar.DateOf(s.db.Now()); today.Compare(last) < 0 {
		last = today
	}
	for day := last; day.Compare(w.Days.First) >= 0; day = day.Add(-1) {
		place, err := s.places.Place(ctx, project, day)
		if err != nil {
			return place, err
		}
		if scope.Covers(place.Keys(), day) {
			return place, nil
		}
	}
	return registry.Place{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
}

// openFor checks that the window of a form takes in proof.
func (s *Service) openFor(ctx context.Context, at Form) error {
	var returned Proof
	if at.Proof != "" {
		doc, err := s.rows.Load(ctx, at.Proof)
		if err != nil {
			return err
		}
		at.Period, returned = doc.State.Period, doc.State
	}
	window, err := s.window(ctx, at.Period)
	if err != nil {
		return err
	}
	return window.State.For(returned).Open(s.db.Now())
}

// draft reads a draft with its revision, 0 if there is none: then a correction begins with the files of the proof.
func (s *Service) draft(ctx context.Context, id string, at Form) (Draft, int64, error) {
	d, err := s.drafts.Get(ctx, id)
	if !fault.Is(err, fault.NotFound) {
		return d.State, d.Rev, err
	}
	if at.Proof == "" {
		return Draft{}, 0, nil
	}
	doc, err := s.rows.Load(ctx, at.Proof)
	return Draft{Files: doc.State.Files}, 0, err
}

// edit changes a draft; two uploads at once both stay.
func (s *Service) edit(ctx context.Context, by policy.Actor, at Form, change func(*Draft) error) (Draft, error) {
	id, err := s.draftID(ctx, by, at)
	if err != nil {
		return Draft{}, err
	}
	for {
		d, rev, err := s.draft(ctx, id, at)
		if err != nil {
			return d, err
		}
		if err := change(&d); err != nil {
			return d, err
		}
		d.Saved = journal.At(s.db.Now())
		_, err = s.drafts.Swap(ctx, id, rev, d, s.db.Now().Add(draftLife))
		if !fault.Is(err, fault.Conflict) {
			return d, err
		}
	}
}
