package survey

import (
	"context"
	"slices"
	"strconv"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project, firm and community; State is a code, Project and Firm are ids, Year is a year.
	Text, Project, Firm string
	State               State
	Year                int64
	// Open keeps what is not over.
	Open bool
}

func (w Filter) lets(o *Survey) bool {
	named := registry.Finds(o.Name, w.Text) || registry.Finds(o.FirmName, w.Text) || registry.Finds(o.CommunityName, w.Text)
	return named && (w.State == "" || o.State == w.State) && (w.Project == "" || o.Project == w.Project) && (w.Firm == "" || o.Firm == w.Firm) && (w.Year == 0 || o.Year == w.Year)
}

// bureau reports whether an actor runs, enters or publishes surveys.
func (s *Service) bureau(by policy.Actor) bool {
	return apart(by) == nil && (s.Guard.Allow(by, policy.RunSurvey) || s.Guard.Allow(by, policy.EnterSurvey) || s.Guard.Allow(by, policy.PublishSurvey))
}

// seen takes out what an actor is not to see: the seed before the result is public, and for all but the bureau what came in until then.
func (s *Service) seen(by policy.Actor, o *Survey) {
	o.Clock = s.resolved(o.Clock)
	o.Serial = ""
	if o.State.Public() {
		return
	}
	if o.Seed = ""; !s.bureau(by) {
		o.Result, o.Unreached, o.Acts = nil, 0, nil
	}
}

// List returns every survey of the actor's scope that the filter lets through, the last prepared first. Returns Forbidden without ReadSurvey.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Survey], error) {
	scope, err := s.desk().Scope(ctx, by, policy.ReadSurvey)
	if err != nil {
		return nil, err
	}
	q := store.Query{Index: byScope, Key: policy.County, Desc: true, Limit: store.MaxLimit}
	if w.Open {
		q.Index = byOpen
	}
	if !scope.All() {
		q.Key, q.In = "", scope.Keys()
	}
	var out []store.Doc[Survey]
	for {
		page, err := s.rows.ListWhere(ctx, q, func(d *store.Doc[Survey]) bool { return scope.Covers(d.State.Keys, d.State.Day) && w.lets(&d.State) })
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			for i := range out {
				s.seen(by, &out[i].State)
			}
			return out, nil
		}
	}
}

// One returns a survey. Returns Forbidden without ReadSurvey, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Survey], error) {
	desk := s.desk()
	scope, err := desk.Scope(ctx, by, policy.ReadSurvey)
	if err != nil {
		return store.Doc[Survey]{}, err
	}
	doc, err := desk.Load(ctx, "survey.One", scope, id)
	if err == nil {
		s.seen(by, &doc.State)
	}
	return doc, err
}

// Happened is one step of a survey: when, what, and why.
type Happened struct {
	// At is when, Step what was done, Reason why, "" for none.
	At     time.Time
	Step   Step
	Reason string
}

// History returns the steps of a survey, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []Happened
	for c, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, Happened{c.At, c.State.Last, c.State.Reason})
	}
	return out, nil
}

// Results returns a page of what is public, the last first, and the cursor of the next page. It asks for no right. Who ran it is left out.
func (s *Service) Results(ctx context.Context, project, after string) (store.Page[Survey], error) {
	key := everybody
	if project != "" {
		key = policy.ProjectKey(project)
	}
	page, err := s.rows.List(ctx, store.Query{Index: byPublic, Key: key, Desc: true, After: after, Limit: registry.PageSize})
	for i := range page.Docs {
		page.Docs[i].State.open()
	}
	return page, err
}

// FileOf is the file with which everybody can draw the households of a published survey again. It asks for no right. Returns NotFound for one that is not public.
func (s *Service) FileOf(ctx context.Context, id string) (DrawFile, error) {
	none := fault.New("survey.FileOf", fault.NotFound, "没有找到这次调查的抽样文件")
	if !journal.ValidID(id) {
		return DrawFile{}, none
	}
	doc, err := s.rows.Load(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && !doc.State.State.Public():
		return DrawFile{}, none
	case err != nil:
		return DrawFile{}, err
	}
	return doc.State.DrawFile(), nil
}

// open takes out what only the bureau sees of a public result.
func (o *Survey) open() {
	o.Serial, o.Keys, o.Acts, o.Reason = "", nil, nil, ""
	if o.Result != nil {
		r := *o.Result
		r.Hands = nil
		o.Result = &r
	}
}

// EachPublished yields the surveys whose result was made public at or before a moment with a log number up to upTo, closed on a day of the span; in no particular order. The change is the one of the publication.
func (s *Service) EachPublished(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(store.Change[Survey]) error) error {
	q := store.Query{Index: byPublic, Key: everybody, Limit: store.MaxLimit}
	for {
		page, err := s.rows.ListHeads(ctx, q)
		if err != nil {
			return err
		}
		for _, c := range page.Heads {
			if !c.State.State.Public() || !span.Has(c.State.Closed) || c.At.After(asOf) || c.N > upTo {
				continue
			}
			if err := yield(c); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// Uses implements registry.Uses: “2 次满意度调查” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	found, err := s.rows.ListWhere(ctx, store.Query{Index: byScope, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Survey]) bool { return !d.At.Before(since) })
	if err != nil || len(found.Docs) == 0 {
		return "", err
	}
	return strconv.Itoa(len(found.Docs)) + " 次满意度调查", nil
}

// Makers are the accounts that ran a survey or entered answers, and who published it.
func (o *Survey) Makers() (made []string, published string) {
	for _, act := range o.Acts {
		if act.Part == policy.PartCheck {
			published = act.By
		} else if !slices.Contains(made, act.By) {
			made = append(made, act.By)
		}
	}
	return made, published
}
