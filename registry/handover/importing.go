package handover

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// PaperRow is a row of a workbook of documents: how one of them stands.
type PaperRow struct {
	// Row is the number of the row in the sheet, Handover the id of the handover, Office the role in which the importing person acts.
	Row      int64  `json:"row"`
	Handover string `json:"handover" privacy:"internal"`
	Office   string `json:"office" privacy:"public"`
	// Name is the document as the checklist calls it.
	Name string `json:"name" privacy:"public"`
	// Handed is one of Handings; Promise and Due as in Document.
	Handed  Handing       `json:"handed" privacy:"public"`
	Promise string        `json:"promise,omitempty" privacy:"internal"`
	Due     calendar.Date `json:"due"`
}

// Handing says in a workbook whether a document was handed over.
type Handing string

// The values of Handing.
const (
	// Over: handed over.
	Over Handing = "over"
	// Missing: not handed over, promised for a day.
	Missing Handing = "missing"
)

// Handings lists the values of Handing.
func Handings() []registry.Choice {
	return []registry.Choice{{ID: string(Over), Text: "已移交"}, {ID: string(Missing), Text: "没有移交"}}
}

// FindingRow is a row of a workbook of results of the walk. Photos are taken on the walk's page afterwards.
type FindingRow struct {
	// Row, Handover and Office as in PaperRow.
	Row      int64  `json:"row"`
	Handover string `json:"handover" privacy:"internal"`
	Office   string `json:"office" privacy:"public"`
	// Where is the building or 小区, Group the heading, "" for any, Object what was looked at, as the checklist calls them.
	Where  string `json:"where" privacy:"public"`
	Group  string `json:"group,omitempty" privacy:"public"`
	Object string `json:"object" privacy:"public"`
	// Value, Party, Place and Note as in Found.
	Value Value  `json:"value" privacy:"public"`
	Party Party  `json:"party,omitempty" privacy:"public"`
	Place string `json:"place,omitempty" privacy:"internal"`
	Note  string `json:"note,omitempty" privacy:"internal"`
}

// PaperRows and FindingRows are the rows of a template for one handover: everything on its checklist, with nothing said.
func (w *Walk) PaperRows() []PaperRow {
	var out []PaperRow
	for _, e := range w.List.Documents {
		out = append(out, PaperRow{Name: e.Name})
	}
	return out
}

// FindingRows are the objects of the walk that were not answered yet.
func (w *Walk) FindingRows() []FindingRow {
	var out []FindingRow
	for _, l := range w.Lines {
		if l.Seq == 0 {
			out = append(out, FindingRow{Where: l.Where, Group: l.Group, Object: l.Name})
		}
	}
	return out
}

// openIntakes opens the imports of documents and of results.
func (s *Service) openIntakes(ctx context.Context) (err error) {
	s.Papers, err = registry.OpenIntake(ctx, s.Guard, policy.OpenHandover, imports.Config[PaperRow]{
		DB: s.DB, Name: "handover-papers", Row: func(r PaperRow) int64 { return r.Row }, Target: func(r PaperRow) string { return r.Handover },
		// Right and scope were asked when the file was accepted.
		Checker: func() imports.Checker[PaperRow] { return s.checkPaper(everywhere) },
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[PaperRow], error) {
		scope, err := s.Guard.Scope(ctx, by, policy.OpenHandover)
		return s.checkPaper(scope.Covers), err
	})
	if err != nil {
		return err
	}
	s.Papers.Stamp = func(by policy.Actor, r *PaperRow) { r.Office = s.hand(by, policy.OpenHandover).Office }
	s.Findings, err = registry.OpenIntake(ctx, s.Guard, policy.WalkHandover, imports.Config[FindingRow]{
		DB: s.DB, Name: "handover-findings", Row: func(r FindingRow) int64 { return r.Row }, Target: func(r FindingRow) string { return r.Handover + r.Where + r.Object },
		Checker: func() imports.Checker[FindingRow] { return s.checkFinding(everywhere) },
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[FindingRow], error) {
		scope, err := s.Guard.Scope(ctx, by, policy.WalkHandover)
		return s.checkFinding(scope.Covers), err
	})
	if err != nil {
		return err
	}
	s.Findings.Stamp = func(by policy.Actor, r *FindingRow) { r.Office = s.hand(by, policy.WalkHandover).Office }
	return nil
}

func everywhere([]string, calendar.Date) bool { return true }

// imported loads the handover of a row inside of what covers, and its checklist. What is not the time for the step is told by a fault of the row.
func (s *Service) imported(ctx context.Context, id string, do step, covers func([]string, calendar.Date) bool) (store.Doc[Handover], *List, []fault.Field, error) {
	doc, err := s.rows.Load(ctx, id)
	if err == nil && !covers(doc.State.Keys, doc.State.Opened) {
		err = fault.New("handover.imported", fault.NotFound, "没有找到这次承接查验")
	}
	if err != nil {
		return doc, nil, nil, err
	}
	if _, err := doc.State.State.next(do); err != nil {
		return doc, nil, []fault.Field{{Message: fault.MessageOf(err)}}, nil
	}
	list, err := s.listOf(ctx, &doc.State)
	return doc, list, nil, err
}

// checkPaper says what a row about a document would do.
func (s *Service) checkPaper(covers func([]string, calendar.Date) bool) imports.Checker[PaperRow] {
	return func(ctx context.Context, r PaperRow) (imports.Step, error) {
		faulty := func(bad ...fault.Field) (imports.Step, error) {
			return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
		}
		doc, list, bad, err := s.imported(ctx, r.Handover, stepDocuments, covers)
		if err != nil || len(bad) > 0 {
			return imports.Step{Outcome: imports.Faulty, Faults: bad}, err
		}
		at := slices.IndexFunc(list.Documents, func(e Entry) bool { return e.Name == strings.TrimSpace(r.Name) })
		if at < 0 {
			return faulty(fault.Field{Name: "name", Message: "移交资料里没有“" + r.Name + "”，请使用这次承接查验的模板"})
		}
		now := doc.State.Documents[at]
		next := Document{ID: now.ID, Handed: r.Handed == Over, Promise: strings.TrimSpace(r.Promise), Due: r.Due}
		if next.Handed {
			next.Promise, next.Due = "", calendar.Date{}
		}
		if !next.Handed && next.Promise == "" && next.Due.IsZero() {
			return faulty(fault.Field{Name: "promise", Message: r.Name + "：没有移交的，要写明承诺和补交日期"})
		}
		step := imports.Step{Outcome: imports.Same, Key: doc.ID + "/" + now.ID}
		if next == now {
			return step, nil
		}
		latest, err := s.Deadlines(ruleMissing, doc.State.Delivery)
		if err != nil {
			return step, err
		}
		if bad := next.faults(r.Name, s.today(), latest); len(bad) > 0 {
			for i := range bad {
				bad[i].Name, _, _ = strings.Cut(bad[i].Name, ".")
			}
			return faulty(bad...)
		}
		if step.Outcome = imports.New; now.Settled() {
			step.Outcome = imports.Changed
		}
		h := doc.State
		h.Documents = slices.Clone(h.Documents)
		h.Documents[at] = next
		step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
			h.By = Hand{By: meta.By, Office: r.Office, At: journal.At(s.Now())}
			_, err := s.rows.Commit(ctx, meta, doc.ID, doc.Seq, h)
			return err
		}
		head, err := s.rows.Head(ctx, doc.ID)
		step.Cause = head.Meta.Cause
		return step, err
	}
}

// checkFinding says what a row about an object of the walk would do. A finding keeps the photos that it has; one that has none waits for them.
func (s *Service) checkFinding(covers func([]string, calendar.Date) bool) imports.Checker[FindingRow] {
	return func(ctx context.Context, r FindingRow) (imports.Step, error) {
		doc, list, bad, err := s.imported(ctx, r.Handover, stepAnswer, covers)
		if err != nil || len(bad) > 0 {
			return imports.Step{Outcome: imports.Faulty, Faults: bad}, err
		}
		item, bad := r.item(list.Items(doc.State.Buildings))
		in := Found{Value: r.Value, Party: r.Party, Place: r.Place, Note: r.Note}.trimmed()
		if len(bad) == 0 {
			bad = in.wordFaults(item)
		}
		if len(bad) > 0 {
			return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
		}
		id := doc.ID + "/" + item.ID
		line, err := s.lineAt(ctx, doc, list, item.ID)
		if err != nil {
			return imports.Step{}, err
		}
		step := imports.Step{Outcome: imports.New, Key: id}
		if line.Seq > 0 {
			if in.Value == Fail {
				in.Photos = line.Photos
			}
			if step.Outcome = imports.Changed; sameFound(in, line.Found) {
				step.Outcome = imports.Same
				return step, nil
			}
			head, err := s.answers.Head(ctx, id)
			if err != nil {
				return step, err
			}
			step.Cause = head.Meta.Cause
		}
		step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
			a := Answer{Handover: doc.ID, Item: item.ID, Found: in, Given: Hand{By: meta.By, Office: r.Office, At: journal.At(s.Now())}}
			_, err := s.answers.Commit(ctx, meta, id, line.Seq, a)
			return err
		}
		return step, nil
	}
}

// sameFound reports whether two answers say the same; photos are not looked at.
func sameFound(a, b Found) bool {
	return a.Value == b.Value && a.Party == b.Party && a.Place == b.Place && a.Note == b.Note
}

// item finds the object that a row names.
func (r FindingRow) item(items []Item) (Item, []fault.Field) {
	where, object, group := strings.TrimSpace(r.Where), strings.TrimSpace(r.Object), strings.TrimSpace(r.Group)
	if !slices.ContainsFunc(items, func(i Item) bool { return i.Where == where }) {
		return Item{}, []fault.Field{{Name: "site", Message: "这次承接查验不查“" + where + "”，请使用这次承接查验的模板"}}
	}
	var found []Item
	for _, i := range items {
		if i.Where == where && i.Name == object && (group == "" || i.Group == group) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return Item{}, []fault.Field{{Name: "object", Message: where + "不查“" + object + "”，请使用这次承接查验的模板"}}
	case 1:
		return found[0], nil
	}
	return Item{}, []fault.Field{{Name: "group", Message: where + "的“" + object + "”在几个分组里都有，请填写分组"}}
}
