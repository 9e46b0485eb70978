package web

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/handover"
)

// dutyLine is what a developer owes and did for one project; “—” where nothing is recorded or the actor may not see it.
type dutyLine struct{ Name, Path, Fund, Handover, Papers string }

// duties are a developer's own record: the fund that it paid, the handovers that were filed, the papers that it handed over. They are told of the developer and never of a firm.
type duties struct {
	Lines []dutyLine
	// Paid of Dues amounts are paid or secured in full, Filed of Handovers are filed, Handed of Papers were handed over.
	Paid, Dues, Filed, Handovers, Handed, Papers int
}

// dutiesOf reads a developer's record from the fund and the handovers of what it built, as far as the actor may read them.
func (s *Server) dutiesOf(ctx context.Context, by policy.Actor, built []registry.ProjectRow) (duties, error) {
	var out duties
	for _, p := range built {
		line := dutyLine{Name: p.Name, Path: projectPath(p.ID), Fund: "—", Handover: "—", Papers: "—"}
		if s.fund != nil && s.guard.Allow(by, policy.ReadFund) {
			if err := s.fundDuty(ctx, by, p.ID, &line, &out); err != nil {
				return out, err
			}
		}
		if s.handovers != nil && s.guard.Allow(by, policy.ReadHandover) {
			if err := s.handoverDuty(ctx, by, p.ID, &line, &out); err != nil {
				return out, err
			}
		}
		if line.Fund != "—" || line.Handover != "—" {
			out.Lines = append(out.Lines, line)
		}
	}
	return out, nil
}

func (s *Server) fundDuty(ctx context.Context, by policy.Actor, project string, line *dutyLine, sum *duties) error {
	st, err := s.fund.Statement(ctx, by, project)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	dues, paid, open := 0, 0, int64(0)
	for _, d := range st.Ledger.Dues {
		if d.Cancelled {
			continue
		}
		if dues++; d.Open() <= 0 {
			paid++
		}
		open += max(d.Open(), 0)
	}
	if dues == 0 {
		return nil
	}
	if line.Fund = "缴清"; open > 0 {
		line.Fund = "还差 " + fund.Yuan(open) + " 元"
	}
	sum.Dues, sum.Paid = sum.Dues+dues, sum.Paid+paid
	return nil
}

func (s *Server) handoverDuty(ctx context.Context, by policy.Actor, project string, line *dutyLine, sum *duties) error {
	page, err := s.handovers.Service.ListPage(ctx, by, handover.Filter{Project: project}, "")
	if err != nil {
		return err
	}
	all, filed, handed, papers := 0, 0, 0, 0
	for i := range page.Docs {
		h := &page.Docs[i].State
		if h.State == handover.Cancelled {
			continue
		}
		if all++; h.State == handover.Filed {
			filed++
		}
		for _, d := range h.Documents {
			if papers++; d.Handed {
				handed++
			}
		}
	}
	if all == 0 {
		return nil
	}
	line.Handover, line.Papers = count(filed)+" / "+count(all)+" 已备案", count(handed)+" / "+count(papers)+" 份"
	sum.Handovers, sum.Filed, sum.Handed, sum.Papers = sum.Handovers+all, sum.Filed+filed, sum.Handed+handed, sum.Papers+papers
	return nil
}
