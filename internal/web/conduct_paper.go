package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry/conduct"
)

// conductPapers are the papers of an entry that somebody may object to: what the firm is told once it counts, and what its objection was answered. An honour has none.
func (s *Server) conductPapers(b conduct.Book, e *conduct.Entry) []pagePaper {
	if b.Object() == "" || slices.Contains([]conduct.State{conduct.Recorded, conduct.Returned, conduct.Withdrawn}, e.State) {
		return nil
	}
	code := letterKind(bookPath(b)) + "."
	told := printView{To: e.FirmName, Words: []string{"下列事项已登记为" + b.Title() + "，现予告知。" + map[conduct.Book]string{
		conduct.Credit: "登记只凭已经作出的行政处罚决定或者生效裁判；公示的到期自动不再公示，公示期间可以按规定向信用中国申请信用修复。对登记有异议的，可以在系统里或者书面向我局提出，由登记、核对以外的人答复。",
		conduct.Marks:  "这是行业评价的内部记分，不是失信信息，不公开，不作为招标投标和市场准入的条件。有异议的，可以在系统里或者书面向我局提出，由登记、核对以外的人答复。",
	}[b]}, Rows: conductFacts(b, e)}
	told.Rows = filled(append(told.Rows, [2]string{"依据", s.conduct.Terms.Basis(b)}))
	out := []pagePaper{{"told", b.Title() + "登记告知书", code + "told", always(told)}}
	if o := e.Objection; o != nil && o.Answer != "" {
		answer := printView{To: e.FirmName, Words: []string{"你单位对下列" + b.Title() + "提出的异议，已经由登记、核对以外的人核查，现予答复。"},
			Rows: append(conductFacts(b, e), [2]string{"异议的理由", o.Ground}, [2]string{"提出时间", dateTime(o.At.Time)}, [2]string{"核查和答复", o.Answer}, [2]string{"结果", map[bool]string{true: "异议成立，登记撤销", false: "异议不成立，登记不变"}[o.Upheld]})}
		out = append(out, pagePaper{"answer", "登记异议答复书", code + "answer", always(answer)})
	}
	return out
}

// conductFacts are what every paper of an entry says of it.
func conductFacts(b conduct.Book, e *conduct.Entry) [][2]string {
	rows := [][2]string{{"企业", e.FirmName}, {"小区", e.ProjectName}, {"事项", e.Title}, {classWord(b), e.ClassTitle}, {"文号", e.Number}, {"作出或者提供的机关", e.Authority}, {dayWord(b), e.Decided.Chinese()}}
	if b == conduct.Marks {
		rows = append(rows, [2]string{"记分", signed(e.Points, 0)})
	}
	until := e.Until.Chinese()
	if e.Until.IsZero() {
		until = "不公示"
	}
	return filled(append(rows, [2]string{"截止日", until}))
}

// conductPrint is one of them for printing.
func (s *Server) conductPrint(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	doc, err := s.conduct.One(c.UserContext(), by, b, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, bookPath(b), doc.ID, s.conductPapers(b, &doc.State))
}
