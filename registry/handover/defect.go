package handover

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// Defect returns a finding, or a defect that was found after the transfer, from which a claim on the guarantee fund can be opened: the developer is liable, and its
// repair clock has run without a repair that was found good. Returns Forbidden without ReadHandover, NotFound outside the scope or for an item that is no finding,
// Conflict for one that cannot be claimed.
func (s *Service) Defect(ctx context.Context, by policy.Actor, handover, item string) (fund.Defect, error) {
	const op = "handover.Defect"
	w, err := s.One(ctx, by, handover)
	if err != nil {
		return fund.Defect{}, err
	}
	line, ok := w.Find(item)
	if !ok || line.Value != Fail {
		return fund.Defect{}, fault.New(op, fault.NotFound, "没有找到这个查验问题")
	}
	switch {
	case line.Liable() != PartyDeveloper:
		return fund.Defect{}, fault.New(op, fault.Conflict, "这个问题的责任单位是"+line.Liable().Title()+"，不能由保修金维修")
	case !line.Open():
		return fund.Defect{}, fault.New(op, fault.Conflict, "这个问题已经复验合格")
	case !line.Overdue(&w.Doc.State, s.today()):
		return fund.Defect{}, fault.New(op, fault.Conflict, "建设单位的整改期限还没有过，过期还没有修好的才能起草保修通知书")
	}
	return fund.Defect{Project: w.Doc.State.Project, Name: line.Where + line.Name, Where: line.Place, Text: line.Note}, nil
}
