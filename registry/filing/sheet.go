package filing

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// SheetKind says what a sheet of 三同步 collects.
type SheetKind string

// The sheets.
const (
	// SheetParty is the 党建信息采集表, a to-do of the party organisations.
	SheetParty SheetKind = "party"
	// SheetSupervision is the file of daily supervision (日常监管档案).
	SheetSupervision SheetKind = "supervision"
	// SheetRating is the file of the rating (考核评价档案).
	SheetRating SheetKind = "rating"
)

// SheetKinds are the sheets in the order of pages.
func SheetKinds() []SheetKind { return []SheetKind{SheetParty, SheetSupervision, SheetRating} }

// Title is the sheet for people.
func (k SheetKind) Title() string {
	switch k {
	case SheetParty:
		return "党建信息采集表"
	case SheetSupervision:
		return "日常监管档案"
	case SheetRating:
		return "考核评价档案"
	}
	return string(k)
}

// Action is the right without which nobody fills the sheet in; filings.yaml says which of those who have it do.
func (k SheetKind) Action() policy.Action {
	if k == SheetParty {
		return policy.RecordPartyFact
	}
	return policy.HandleFiling
}

// Reader is the right to see what stands in the sheet: the party organisations see theirs, those who see rating periods the bureau's own files. Everybody else who
// sees the filing sees how the sheet stands.
func (k SheetKind) Reader() policy.Action {
	if k == SheetParty {
		return policy.ReadPartyFact
	}
	return policy.ReadPeriods
}

// Sheet is one of the three that the receipt opened.
type Sheet struct {
	// Kind says which, Due until when.
	Kind SheetKind         `json:"kind" privacy:"public"`
	Due  calendar.Deadline `json:"due,omitzero"`
	// Begun: something was written. Values are what stands in it, by the code of the field.
	Begun  bool              `json:"begun,omitempty"`
	Values map[string]string `json:"values,omitempty" privacy:"internal"`
	// By is who filled it in, At when; nobody while it is not whole.
	By string       `json:"by,omitempty" privacy:"internal"`
	At journal.Time `json:"at,omitzero"`
}

// SheetState is how a sheet stands.
type SheetState string

// The states of a sheet, for people.
const (
	// SheetBlank: nothing stands in it. SheetBegun: something does, it is not whole yet. SheetFilled: it is whole.
	SheetBlank  SheetState = "待填写"
	SheetBegun  SheetState = "填写中"
	SheetFilled SheetState = "已填写"
)

// State is how the sheet stands.
func (s Sheet) State() SheetState {
	switch {
	case s.By != "":
		return SheetFilled
	case s.Begun:
		return SheetBegun
	}
	return SheetBlank
}

// Sheet returns a sheet of the filing, false if the receipt did not open it.
func (f *Filing) Sheet(kind SheetKind) (Sheet, bool) {
	i := slices.IndexFunc(f.Sheets, func(s Sheet) bool { return s.Kind == kind })
	if i < 0 {
		return Sheet{}, false
	}
	return f.Sheets[i], true
}

// MayFill reports whether the actor is one of those who fill a sheet in.
func (s *Service) MayFill(by policy.Actor, kind SheetKind) bool {
	form, err := s.Kinds.Sheet(kind)
	return err == nil && s.Guard.Allow(by, kind.Action()) && slices.ContainsFunc(form.By, by.Has)
}

// FillSheet writes what stands in a sheet of 三同步, values as typed by the code of the field. With finish it is whole: what is required must be there. A sheet that is whole
// can be corrected, and stays whole. Returns Forbidden for whom it does not wait, NotFound for a sheet that the receipt did not open, Invalid for refused fields.
func (s *Service) FillSheet(ctx context.Context, by policy.Actor, at At, kind SheetKind, values map[string]string, finish bool) (store.Doc[Filing], error) {
	const op = "filing.FillSheet"
	form, err := s.Kinds.Sheet(kind)
	if err != nil {
		return store.Doc[Filing]{}, err
	}
	now, err := s.One(ctx, by, at.ID)
	if err != nil {
		return store.Doc[Filing]{}, err
	}
	old, _ := now.State.Sheet(kind)
	move := MoveSheet
	switch {
	case old.By != "":
		move, finish = MoveSheetCorrect, true
	case !finish:
		move = MoveSheetSave
	}
	return s.change(ctx, by, kind.Action(), at, move, func(f *Filing) error {
		if !s.MayFill(by, kind) {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "“" + form.Title + "”不由你的岗位填写", Rule: "filings.yaml：sheets " + string(kind) + " 的 by"}
		}
		i := slices.IndexFunc(f.Sheets, func(s Sheet) bool { return s.Kind == kind })
		if i < 0 {
			return fault.New(op, fault.NotFound, "没有找到要看的内容")
		}
		filled, err := form.Fields.Fill(values, s.today(), finish)
		if err != nil {
			return err
		}
		f.Sheets = slices.Clone(f.Sheets)
		f.Sheets[i].Begun, f.Sheets[i].Values = true, filled
		if finish {
			f.Sheets[i].By, f.Sheets[i].At = by.ID, journal.At(s.Now())
		}
		return nil
	})
}

// seen is a filing without what the actor may not read in its sheets.
func (s *Service) seen(by policy.Actor, doc store.Doc[Filing]) store.Doc[Filing] {
	doc.State.Sheets = slices.Clone(doc.State.Sheets)
	for i, sheet := range doc.State.Sheets {
		if !s.Guard.Allow(by, sheet.Kind.Reader()) {
			doc.State.Sheets[i].Values = nil
		}
	}
	return doc
}
