package registry

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/imports"
	"redsteward/policy"
)

// PaperKind is what a paper of a project is about.
type PaperKind string

// The kinds of papers.
const (
	// PaperInsurance: insurance against damage to third parties (公众责任险).
	PaperInsurance PaperKind = "insurance"
	// PaperLift: the yearly inspection of lifts (电梯定期检验).
	PaperLift PaperKind = "lift"
	// PaperFire: maintenance and test of what protects against fire (消防设施维保检测).
	PaperFire PaperKind = "fire"
	// PaperManager: the certificate of the project manager (项目负责人证书).
	PaperManager PaperKind = "manager"
	// PaperOther: anything else that ends on a day (其他证照).
	PaperOther PaperKind = "other"
)

// PaperKinds lists the kinds of papers.
func PaperKinds() []Choice {
	return []Choice{{string(PaperInsurance), "公众责任险"}, {string(PaperLift), "电梯定期检验"}, {string(PaperFire), "消防设施维保检测"}, {string(PaperManager), "项目负责人证书"}, {string(PaperOther), "其他证照"}}
}

// Paper is an insurance, a certificate or a test of a project that ends on a day.
type Paper struct {
	// ID is unique within the project: q1, q2, ….
	ID string `json:"id" privacy:"public"`
	PaperInput
	// Withdrawn is why it was taken off the register, "" if it stands.
	Withdrawn string `json:"withdrawn,omitempty" privacy:"internal"`
}

// PaperInput is what an officer says about a paper.
type PaperInput struct {
	// Kind is what it is about, Subject which one of several: “1幢1号梯”; never the name of a person. A later paper of the same kind and subject renews it.
	Kind    PaperKind `json:"kind" privacy:"public"`
	Subject string    `json:"subject,omitempty" privacy:"public"`
	// Number is the number of the paper, "" if it has none.
	Number string `json:"number,omitempty" privacy:"internal"`
	// Days are the first and the last day; both are needed.
	Days policy.Span `json:"days"`
}

// maxPapers is how many papers a project has, renewed and withdrawn ones too.
const maxPapers = 80

// check completes the input for a project in which others stand beside it.
func (in *PaperInput) check(others []Paper, bad *faults) {
	choice(bad, "kind", "证照种类", in.Kind, PaperKinds())
	bad.text("subject", "对象", &in.Subject, 0, 30)
	bad.text("number", "编号", &in.Number, 0, 40)
	if in.Days.From.IsZero() {
		bad.add("from", "请填写有效期起始日，例如 2026-01-01")
	}
	if in.Days.Until.IsZero() {
		bad.add("until", "请填写有效期截止日，例如 2026-12-31")
	}
	bad.span("until", in.Days)
	for _, other := range others {
		if other.Withdrawn == "" && other.renewedBy(*in) && other.Days.From == in.Days.From {
			bad.add("from", "已经登记了同一对象、同一起始日的%s", TextOf(PaperKinds(), in.Kind))
		}
	}
}

// renewedBy reports whether another paper is about the same thing.
func (in PaperInput) renewedBy(other PaperInput) bool {
	return in.Kind == other.Kind && sameName(in.Subject, other.Subject)
}

// putPaper puts an input into a project, as a new paper for the id "".
func (p *Project) putPaper(id string, in PaperInput, bad *faults) error {
	at, err := entryAt(p.Papers, id, "没有找到这份证照", func(e Paper) string { return e.ID })
	if err != nil {
		return err
	}
	p.Papers = slices.Clone(p.Papers)
	if id == "" {
		in.check(p.Papers, bad)
		if at >= maxPapers {
			bad.add("kind", "证照登记已有 %d 份，不能再加", maxPapers)
		}
		p.Papers = append(p.Papers, Paper{ID: fmt.Sprintf("q%d", at+1), PaperInput: in})
		return nil
	}
	in.check(slices.Delete(slices.Clone(p.Papers), at, at+1), bad)
	p.Papers[at].PaperInput = in
	return nil
}

// StandingPapers are the papers that were not withdrawn.
func (p Project) StandingPapers() []Paper {
	return slices.DeleteFunc(slices.Clone(p.Papers), func(q Paper) bool { return q.Withdrawn != "" })
}

// latestPapers are the last papers of each kind and subject.
func (p *Project) latestPapers() []Paper {
	var out []Paper
	for _, q := range p.StandingPapers() {
		at := slices.IndexFunc(out, func(o Paper) bool { return o.renewedBy(q.PaperInput) })
		switch {
		case at < 0:
			out = append(out, q)
		case out[at].Days.Until.Compare(q.Days.Until) < 0:
			out[at] = q
		}
	}
	return out
}

// PutPaper adds a paper to a project, or corrects the one with the id. Returns Forbidden without WriteRegister, NotFound, also for a paper that the project does
// not have, Invalid for refused fields (kind, subject, number, from, until), Conflict if seq is not the last change.
func (s *Service) PutPaper(ctx context.Context, by policy.Actor, project string, seq int64, id string, in PaperInput) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error { return p.putPaper(id, in, bad) })
}

// WithdrawPaper takes a paper off the register. Returns as WithdrawBuilding.
func (s *Service) WithdrawPaper(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error {
	return s.change(ctx, by, project, seq, why, func(p *Project, bad *faults) error {
		at, err := entryAt(p.Papers, id, "没有找到这份证照", func(e Paper) string { return e.ID })
		if err != nil || id == "" {
			return err
		}
		return withdraw(&p.Papers, at, func(q *Paper) *string { return &q.Withdrawn }, why, bad)
	})
}

// PaperLine is a row of papers. A paper of the same kind, subject and first day is corrected.
type PaperLine struct {
	PaperInput
	// TownshipName, CommunityName and ProjectName name the project.
	TownshipName  string `json:"township_name,omitempty" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
}

// LinesOfPapers are the rows that would register the standing papers of a project.
func LinesOfPapers(row ProjectRow) []PaperLine {
	var out []PaperLine
	for _, q := range row.Project.StandingPapers() {
		out = append(out, PaperLine{PaperInput: q.PaperInput, TownshipName: row.TownshipName, CommunityName: row.CommunityName, ProjectName: row.Name})
	}
	return out
}

// paperLine checks a row of papers; what is wrong goes to bad.
func (s *checker) paperLine(ctx context.Context, l PaperLine, bad *faults) (step, error) {
	before := len(bad.list)
	now, err := s.projectOfLine(ctx, l.TownshipName, l.CommunityName, l.ProjectName, bad)
	if err != nil {
		return step{}, err
	}
	st := step{key: fmt.Sprintf("%s/%s/%s/%s", now.ID, l.Kind, string(plain(l.Subject)), l.Days.From)}
	if now.Seq == 0 {
		l.check(nil, bad)
		return st, nil
	}
	p := now.State
	at := slices.IndexFunc(p.Papers, func(q Paper) bool {
		return q.Withdrawn == "" && q.renewedBy(l.PaperInput) && q.Days.From == l.Days.From
	})
	id := ""
	if at >= 0 {
		id = p.Papers[at].ID
	}
	if err := p.putPaper(id, l.PaperInput, bad); err != nil || len(bad.list) > before {
		return st, err
	}
	if st.outcome = outcomeOf(now, p); at < 0 {
		st.outcome = imports.New
	}
	return s.intoProject(ctx, st, now, p)
}
