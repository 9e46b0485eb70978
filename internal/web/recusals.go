package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// recusalsView is what recusals.html shows.
type recusalsView struct {
	Rows []recusalLine
	Find string
	More bool
	Form []field
	// Seqs are the changes that were seen, by account, so that nobody is overwritten.
	Seqs []recusalSeq
}

// recusalLine is one firm that somebody must not inspect.
type recusalLine struct {
	Account, Person, Firm, Name, Why, From, State string
	Seq                                           int64
	Ends                                          bool
}

type recusalSeq struct {
	Account string
	Seq     int64
}

// recusals shows whom the actor must not inspect, and to who plans inspections everybody's.
func (s *Server) recusals(c *fiber.Ctx, by policy.Actor) error { return s.showRecusals(c, by, nil) }

func (s *Server) showRecusals(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx, today := c.UserContext(), s.inspections.Today()
	people := []option{{by.ID, by.Name}}
	keeps := s.inspections.Recusals.May(by)
	if keeps {
		all, err := s.supervision.Colleagues.Colleagues(ctx, by, policy.PlanInspection, policy.DoInspection)
		if err != nil {
			return err
		}
		people = nil
		for _, p := range all {
			people = append(people, option{p.ID, p.Name + "（" + p.Titles + "）"})
		}
	}
	projects, more, err := s.projectOptions(c, by, c.Query("find"))
	if err != nil {
		return err
	}
	v := recusalsView{Find: c.Query("find"), More: more, Form: withErrors([]field{{Name: "account", Label: "回避的人", Options: people, Value: c.FormValue("account", by.ID)},
		{Name: "project", Label: "对哪家企业回避：选它服务的一个小区", Options: projects, Value: c.FormValue("project")}, {Name: "why", Label: "理由", Rows: 2, Value: c.FormValue("why"), Hint: "例如近亲属在这家企业工作"}}, refused)}
	for _, p := range people {
		of, seq, err := s.inspections.Recusals.Of(ctx, p.Value)
		if err != nil {
			return err
		}
		v.Seqs = append(v.Seqs, recusalSeq{p.Value, seq})
		for _, f := range of.Firms {
			l := recusalLine{Account: p.Value, Person: p.Label, Firm: f.Firm, Name: f.Name, Why: f.Why, From: f.From.Chinese(), State: "有效", Seq: seq, Ends: keeps && p.Value != by.ID && f.Holds(today)}
			if !f.Holds(today) {
				l.State, l.From = "已解除", f.From.Chinese()+"至"+f.Ended.Chinese()
			}
			v.Rows = append(v.Rows, l)
		}
	}
	p := page{Title: "回避申报", Nav: inspectionsPath, Fields: refused, Data: v, Said: saidParam(c, map[string]string{"declared": "已申报回避，安排检查和抽取时不会再派。", "ended": "已解除回避。"})}
	if len(refused) > 0 {
		return s.refuse(c, by, "recusals", p)
	}
	return s.render(c, by, "recusals", p)
}

// declareRecusal declares that somebody must not inspect a firm.
func (s *Server) declareRecusal(c *fiber.Ctx, by policy.Actor) error {
	account := c.FormValue("account")
	return s.recused(c, by, "declared", s.inspections.Recusals.Declare(c.UserContext(), by, account, seqOf(c.FormValue("seq-"+account)), c.FormValue("project"), c.FormValue("why")))
}

// endRecusal ends that somebody must not inspect a firm.
func (s *Server) endRecusal(c *fiber.Ctx, by policy.Actor) error {
	return s.recused(c, by, "ended", s.inspections.Recusals.End(c.UserContext(), by, c.Params("account"), seqOf(c.FormValue("seq")), c.FormValue("firm")))
}

// recused leads on after a form.
func (s *Server) recused(c *fiber.Ctx, by policy.Actor, done string, err error) error {
	if refused := refusedForm(err); refused != nil {
		return s.showRecusals(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, recusalsPath+"?done="+done)
}
