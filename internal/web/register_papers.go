package web

import (
	"context"
	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
)

// paperLine is an insurance or a certificate in words.
type paperLine struct {
	registry.Paper
	Path, Name, DaysText string
	Ended                bool
}

// paperName is what a paper is called, "" for none.
func paperName(q registry.Paper) string {
	if q.ID == "" {
		return ""
	}
	return q.Subject + registry.TextOf(registry.PaperKinds(), q.Kind)
}

// papersOf are the papers of a project in words.
func (s *Server) papersOf(ctx context.Context, r registry.ProjectRow) []paperLine {
	var out []paperLine
	for _, q := range r.Project.StandingPapers() {
		out = append(out, paperLine{q, projectPath(r.ID) + "/papers/" + q.ID, paperName(q), spanText(q.Days), q.Days.Until.Compare(s.registered.On(ctx)) < 0})
	}
	return out
}

// paperEntry describes the form of a paper.
func (s *Server) paperEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "papers", "登记保险与证照", "修改保险与证照")
	if err != nil {
		return e, err
	}
	e.Intro = "保险、检验和证书在到期前 90、60、30 日提醒。续办的登记新的一份，原来的不用改。"
	stored := map[string]string{}
	if id := c.Params("part"); id != "" {
		q, found := partOf(r.Project.StandingPapers(), func(q registry.Paper) bool { return q.ID == id })
		if !found {
			return e, noPart("份证照")
		}
		stored = map[string]string{"kind": string(q.Kind), "subject": q.Subject, "number": q.Number, "from": q.Days.From.String(), "until": q.Days.Until.String()}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "kind", Label: "证照种类", Options: choicesOf("请选择", registry.PaperKinds()), Value: value("kind")},
		{Name: "subject", Label: "对象", Type: "text", Autocomplete: "off", Optional: true, Value: value("subject"), Hint: "同一种有几份的才填，例如 1幢1号梯；不写个人姓名"},
		{Name: "number", Label: "编号", Type: "text", Autocomplete: "off", Optional: true, Value: value("number")},
		{Name: "from", Label: "有效期起始日", Type: "date", Value: value("from")},
		{Name: "until", Label: "有效期截止日", Type: "date", Value: value("until")},
	}
	return e, nil
}

func (s *Server) putPaper(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	q := registry.PaperInput{Kind: registry.PaperKind(in.text("kind")), Subject: in.text("subject"), Number: in.text("number"), Days: in.span("from", "有效期起始日", "until", "有效期截止日")}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.PutPaper(ctx, by, c.Params("id"), formSeq(c), c.Params("part"), q)
	})
}

func (s *Server) withdrawPaper(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	return "", s.registered.WithdrawPaper(c.UserContext(), by, c.Params("id"), formSeq(c), c.Params("part"), in.text("reason"))
}
