package web

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/adoption"
	"redsteward/rating/response"
	"redsteward/rating/standing"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/filing"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
	"redsteward/registry/party"
	"redsteward/supervision/application"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
	"redsteward/supervision/veto"
)

// signedPapersPath lists who signed an approval on paper.
const signedPapersPath = approvalsPath + "/paper"

// signedOne is something whose approvals were run: its page, what it is about, and the approvals.
type signedOne struct {
	path, about string
	approvals   []*policy.Approval
}

// signedSource yields what of one kind the actor may read. Returns Forbidden without the right.
type signedSource func(ctx context.Context, by policy.Actor, yield func(signedOne)) error

// casesSigned is the source of a kind of case. more are approvals beside that of the case itself; nil for none.
func casesSigned[T any](path string, all func(context.Context, policy.Actor, store.Query, func(*T) bool) ([]store.Doc[T], error), shared func(*T) *casework.Case, more func(*T) []*policy.Approval) signedSource {
	return func(ctx context.Context, by policy.Actor, yield func(signedOne)) error {
		docs, err := all(ctx, by, casework.ListQuery(false, ""), func(one *T) bool { return shared(one).Approval != nil || more != nil })
		for i := range docs {
			one := &docs[i].State
			found := signedOne{path + "/" + docs[i].ID, shared(one).Name, []*policy.Approval{shared(one).Approval}}
			if more != nil {
				found.approvals = append(found.approvals, more(one)...)
			}
			yield(found)
		}
		return err
	}
}

// letterOf is the approval of a letter of the bureau, nil for none.
func letterOf(n *fund.Notice) []*policy.Approval {
	if n == nil {
		return nil
	}
	return []*policy.Approval{&n.Approval}
}

// signedSources are all kinds of this installation that are signed level by level, without those of modules that are switched off. A new one gets a line here.
func (s *Server) signedSources() (out []signedSource) {
	add := func(has bool, path string, source func() signedSource) {
		if has && s.serves(path) {
			out = append(out, source())
		}
	}
	add(s.applications != nil, applicationsPath, func() signedSource {
		return casesSigned(applicationsPath, s.applications.All, func(a *application.Application) *casework.Case { return &a.Case }, nil)
	})
	add(s.standings != nil, standingsPath, func() signedSource {
		return casesSigned(standingsPath, s.standings.Rulings.All, func(d *standing.Decision) *casework.Case { return &d.Case }, nil)
	})
	add(s.vetoes != nil, vetoesPath, func() signedSource {
		return casesSigned(vetoesPath, s.vetoes.All, func(v *veto.Veto) *casework.Case { return &v.Case }, func(v *veto.Veto) []*policy.Approval { return []*policy.Approval{v.Lifting} })
	})
	add(s.responses != nil, responsesPath, func() signedSource {
		return casesSigned(responsesPath, s.responses.All, func(r *response.Response) *casework.Case { return &r.Case }, nil)
	})
	add(s.adoptions != nil, schemesPath, func() signedSource {
		return casesSigned(schemesPath, s.adoptions.All, func(v *adoption.Version) *casework.Case { return &v.Case }, nil)
	})
	add(s.inspections != nil, inspectionsPath, func() signedSource {
		return casesSigned(inspectionsPath, s.inspections.All, func(i *inspection.Inspection) *casework.Case { return &i.Case }, nil)
	})
	add(s.rectifications != nil, rectificationsPath, func() signedSource {
		return casesSigned(rectificationsPath, s.rectifications.All, func(r *rectification.Case) *casework.Case { return &r.Case }, nil)
	})
	add(s.claims != nil, claimsPath, func() signedSource {
		return casesSigned(claimsPath, s.claims.All, func(c *claim.Claim) *casework.Case { return &c.Case.Case }, func(c *claim.Claim) []*policy.Approval { return letterOf(c.Letter) })
	})
	add(s.refunds != nil, refundsPath, func() signedSource {
		return casesSigned(refundsPath, s.refunds.All, func(r *refund.Refund) *casework.Case { return &r.Case.Case }, nil)
	})
	add(s.dunnings != nil, dunningsPath, func() signedSource {
		return casesSigned(dunningsPath, s.dunnings.All, func(d *dunning.Dunning) *casework.Case { return &d.Case }, func(d *dunning.Dunning) []*policy.Approval { return letterOf(d.Letter) })
	})
	add(s.filings != nil, filingsPath, func() signedSource {
		return func(ctx context.Context, by policy.Actor, yield func(signedOne)) error {
			return s.filings.Each(ctx, by, filing.Filter{}, func(id string, f *filing.Filing) {
				yield(signedOne{filingsPath + "/" + id, joinWords(f.Title, f.ProjectName, f.FirmName), []*policy.Approval{f.Approval}})
			})
		}
	})
	add(s.party != nil, sheetsPath, func() signedSource {
		return func(ctx context.Context, by policy.Actor, yield func(signedOne)) error {
			return s.party.Each(ctx, by, party.Filter{}, func(d store.Doc[party.Sheet]) error {
				yield(signedOne{sheetsPath + "/" + d.ID, joinWords(d.State.FirmName, d.State.CommunityName, d.State.Quarter), []*policy.Approval{d.State.Approval}})
				return nil
			})
		}
	})
	add(s.cycle != nil, "/periods", func() signedSource {
		return func(ctx context.Context, by policy.Actor, yield func(signedOne)) error {
			periods, err := s.cycle.Periods(ctx, by)
			for i := range periods {
				yield(signedOne{"/periods/" + periods[i].ID, periods[i].Name, []*policy.Approval{periods[i].Approval}})
			}
			return err
		}
	})
	return out
}

// The results of the second look at a signed paper, with the words of a filter.
var paperLooks = []option{{"", "全部"}, {"waits", "待核对"}, {"confirmed", "已核对"}, {"rejected", "未采用"}, {"void", "没有核对，已重新送审"}}

// paperRow is one signature on paper with what it is under.
type paperRow struct {
	policy.SignedPaper
	one            signedOne
	chain, look    string
	signer, keeper string
}

// signedPapers are the signatures on paper under everything that the actor may read, the latest first.
func (s *Server) signedPapers(c *fiber.Ctx, by policy.Actor) (out []paperRow, err error) {
	names := map[string]string{}
	name := func(id string) string {
		if _, known := names[id]; !known {
			names[id] = s.actedBy(c, by, id)
		}
		return names[id]
	}
	for _, source := range s.signedSources() {
		err := source(c.UserContext(), by, func(one signedOne) {
			for _, a := range one.approvals {
				if a == nil {
					continue
				}
				for _, p := range a.SignedPapers() {
					out = append(out, paperRow{SignedPaper: p, one: one, chain: a.Chain.Title, look: p.Standing(), signer: name(p.Paper.Signer), keeper: name(p.By)})
				}
			}
		})
		if err != nil && !fault.Is(err, fault.Forbidden) {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b paperRow) int { return b.At.Compare(a.At.Time) })
	return out, nil
}

// signedPapersBoard is the list of who signed on paper.
func (s *Server) signedPapersBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, signedPapersPath, "q", "look")
	b := boardAt(l, "纸质签字登记", "谁在纸上签了哪一件审批、签字件由谁登记、另一人核对的结果")
	b.Nav, b.Below, b.Crumbs = approvalsPath, "审批流程和级次", []crumb{{"审批流程", approvalsPath}}
	rows, err := s.signedPapers(c, by)
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "事项、签字人或审批流程", Value: l.value["q"]}, {Name: "look", Label: "核对结果", Value: l.value["look"], Options: paperLooks}}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.look]++
	}
	for _, o := range paperLooks[1:] {
		b.Figures = append(b.Figures, boardFigure{Label: o.Label, Value: count(counts[o.Value]) + " 份", Link: l.address("look", o.Value)})
	}
	b.Heads = []boardHead{head("事项", ""), head("纸上签字人", ""), head("签字日期", "nw"), head("登记", "no-s"), head("核对", "")}
	for i := range rows {
		r := &rows[i]
		if q := l.value["q"]; q != "" && !registry.Finds(r.one.about, q) && !casework.Says(q, r.signer, r.chain, r.LevelName) || l.value["look"] != "" && l.value["look"] != r.look {
			continue
		}
		looked := boardCell{Text: paperLooks[slices.IndexFunc(paperLooks, func(o option) bool { return o.Value == r.look })].Label}
		if k := r.Look; k != nil {
			looked.Sub = joinWords(s.actedBy(c, by, k.By), dateTime(k.At.Time), k.Reason)
			looked.Value = looked.Text + "，" + looked.Sub
		}
		signer := boardCell{Text: r.signer}
		if r.As != "" {
			signer.Sub = s.titleOfOffice(string(r.As))
		}
		b.Rows = append(b.Rows, boardRow{Name: r.one.about, Path: r.one.path, Sub: strings.Join([]string{r.chain, r.LevelName}, "，"), Cells: []boardCell{signer, {Text: r.Paper.SignedOn.Chinese(), Class: "nw", Value: r.Paper.SignedOn}, textCell(joinWords(r.keeper, dateTime(r.At.Time))), looked}})
	}
	b.Note = "你能查看的事项里在纸上签的；签字件要另一人核对以后才算数，打开事项可以看签字件。党建事实的逐级确认在观察记录里看。"
	b.Nothing, b.NothingText = "没有在纸上签的审批", "审批流程里写明可以在纸上签的级次，签字后扫描上传，在这里登记。"
	return l, b, nil
}
