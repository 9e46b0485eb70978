package owners

import (
	"context"
	"time"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Query narrows the list; what is zero does not narrow.
type Query struct {
	// Text is looked for in the name of the project; Township keeps those there.
	Text, Township string
	// Body keeps the projects with that body in office, registry.BodyNone those with none.
	Body registry.BodyKind
	// State keeps the projects whose last founding stands so.
	State State
}

// Line is a project with its body in office and its last founding.
type Line struct {
	// ProjectRow is the project; its Body is the one in office, from the register.
	registry.ProjectRow
	// Founding is the last founding, nil if there was none.
	Founding *store.Doc[Founding]
}

// lets reports whether the query keeps a line.
func (q Query) lets(l *Line) bool {
	none := !l.Body.InOffice()
	if q.Body == registry.BodyNone && !none || q.Body != "" && q.Body != registry.BodyNone && l.Body.Kind != q.Body {
		return false
	}
	return q.State == "" || l.Founding != nil && l.Founding.State.State == q.State
}

// Lines lists the projects of the actor's scope by name. Returns Forbidden without ReadRegister.
func (s *Service) Lines(ctx context.Context, by policy.Actor, q Query) ([]Line, error) {
	last := map[string]*store.Doc[Founding]{}
	all, err := s.All(ctx, by, store.Query{Index: byScope}, everything)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		// They come by the day of their group; of the same day the open one, of which there is one at most, is the last.
		if was := last[d.State.Project]; was == nil || was.State.State.Final() {
			last[d.State.Project] = &d
		}
	}
	var out []Line
	err = s.Register.AllProjects(ctx, by, registry.ProjectQuery{Text: q.Text, Township: q.Township}, func(p registry.ProjectRow) error {
		if l := (Line{p, last[p.ID]}); q.lets(&l) {
			out = append(out, l)
		}
		return nil
	})
	return out, err
}

// Of lists the foundings of a project of the actor's scope, the first one first. Returns Forbidden without ReadRegister.
func (s *Service) Of(ctx context.Context, by policy.Actor, project string) ([]store.Doc[Founding], error) {
	return s.All(ctx, by, store.Query{Index: byScope, Key: policy.ProjectKey(project)}, everything)
}

// Running lists the open foundings of the actor's scope, the nearest deadline first. Returns Forbidden without ReadRegister.
func (s *Service) Running(ctx context.Context, by policy.Actor) ([]store.Doc[Founding], error) {
	return s.All(ctx, by, store.Query{Index: byOpen}, everything)
}

func everything(*Founding) bool { return true }

// May reports whether the actor can do a step of a founding now: the table knows it, the actor has its right for this row, and did nothing that excludes it.
func (s *Service) May(ctx context.Context, by policy.Actor, f *Founding, step Step) bool {
	r, ok := f.rowOf(step)
	if !ok || !s.Guard.Allow(by, r.needs) {
		return false
	}
	scope, err := s.Guard.Scope(ctx, by, r.needs)
	if err != nil || !scope.Covers(f.Keys, f.Day) {
		return false
	}
	return r.needs != policy.QualifyBody || policy.Separate(by, policy.PartCheck, f.Acts) == nil
}

// Uses implements registry.Uses: “2 次业主组织组建” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return s.Touched(ctx, byScope, key, since, "次业主组织组建")
}
