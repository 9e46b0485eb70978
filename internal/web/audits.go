package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// drawingsPath is the page of the random audits of proof.
const drawingsPath = "/reviews/draws"

// drawingsView is what audits.html shows.
type drawingsView struct{ Draws []drawingView }

// drawingView is one draw.
type drawingView struct {
	Title, At, Seed, List string
	Among                 int
	Rows                  []auditRow
	// Waits, Upheld, Taken and Restored count what was drawn by how it stands.
	Waits, Upheld, Taken, Restored int
}

// auditRow is one proof that was drawn.
type auditRow struct{ Link, Name, Sub, State, Text string }

// auditDraws shows what was drawn for the random audit and what came of it.
func (s *Server) auditDraws(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.evidence.Proofs.Drawings(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := drawingsView{}
	for _, d := range list {
		one := drawingView{Title: d.Draw.Title, At: dateTime(d.Draw.At.Time), Among: d.Draw.Among, Seed: d.Draw.Seed, List: d.Draw.List}
		for _, doc := range d.Proofs {
			one.Rows = append(one.Rows, auditRowOf(doc))
			switch doc.State.State {
			case evidence.Upheld:
				one.Upheld++
			case evidence.TakenBack, evidence.Disputed, evidence.Forfeited:
				one.Taken++
			case evidence.Restored:
				one.Restored++
			case evidence.Accepted, evidence.Confirmed:
				one.Waits++
			}
		}
		v.Draws = append(v.Draws, one)
	}
	return s.render(c, by, "audits", page{Title: "材料抽查情况", Nav: auditDesk.path, Data: v, Script: true})
}

func auditRowOf(doc store.Doc[evidence.Proof]) auditRow {
	p := doc.State
	row := auditRow{Link: "/proof/" + doc.ID, Name: p.ProjectName + " " + p.Ask.Name, Sub: p.FirmName, State: p.State.Title()}
	if a := p.Audit; a != nil {
		row.Text = a.Reason
		if a.Answer != "" {
			row.Text += "；答复：" + a.Answer
		}
		if p.State == evidence.Accepted || p.State == evidence.Confirmed {
			row.State = "待抽查"
		}
	}
	return row
}

// objectProof is the firm's objection to a taking back.
func (s *Server) objectProof(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.evidence.Proofs.Object(c.UserContext(), by, supervision.At{ID: c.Params("id"), Seq: formSeq(c)}, c.FormValue("reason"))
	if fields := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(fields) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showProof(c, by, c.FormValue("reason"), fields)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/proof/"+d.ID)
}

// auditFacts are what came of the audit of a proof, for a list of pairs; published says when its period was published, zero if it was not.
func auditFacts(p evidence.Proof, published calendar.Date) []namedFigure {
	a := p.Audit
	if a == nil || a.Decided.By == "" {
		return nil
	}
	day := calendar.DateOf(a.Decided.At.Time)
	facts := []namedFigure{{"抽查", day.Chinese() + map[bool]string{true: "维持", false: "追回"}[p.State == evidence.Upheld]}}
	for _, f := range []namedFigure{{"抽查理由", a.Reason}, {"企业异议", a.Objection}, {"异议答复", a.Answer}} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	if !p.State.Counts() {
		facts = append(facts, namedFigure{"对得分的影响", afterwards(day, published)})
	}
	return facts
}

// afterwards says what the taking back of a proof on a day does to the points of its period.
func afterwards(day, published calendar.Date) string {
	if published.IsZero() || day.Compare(published) < 0 {
		return "不计入本期得分；已经评价的，重新评价以后不计"
	}
	return published.Chinese() + "公布以后才追回：已公布的得分不变，以后的评价不再用这件材料"
}

// publishedOn is when a period was published, zero if it was not.
func (s *Server) publishedOn(c *fiber.Ctx, period string) (calendar.Date, error) {
	if s.cycle == nil {
		return calendar.Date{}, nil
	}
	list, err := s.cycle.Published(c.UserContext(), cycle.RhythmQuarter)
	for _, p := range list {
		if p.ID == period && p.Publication != nil {
			return calendar.DateOf(p.Publication.At.Time), nil
		}
	}
	return calendar.Date{}, err
}

// takenBack tells of a period what the random audit took back of its proof; nothing to who may not read proof.
func (s *Server) takenBack(c *fiber.Ctx, by policy.Actor, p *cycle.Period) ([]auditRow, error) {
	if s.evidence == nil || !s.guard.Allow(by, policy.ReadEvidence) {
		return nil, nil
	}
	d, err := s.evidence.Proofs.Drawing(c.UserContext(), by, p.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	published := calendar.Date{}
	if p.Publication != nil {
		published = calendar.DateOf(p.Publication.At.Time)
	}
	var out []auditRow
	for _, doc := range d.Proofs {
		a := doc.State.Audit
		if a == nil || a.Decided.By == "" || doc.State.State == evidence.Upheld {
			continue
		}
		row := auditRowOf(doc)
		day := calendar.DateOf(a.Decided.At.Time)
		row.Text = fmt.Sprintf("%s追回：%s。%s", day.Chinese(), row.Text, afterwards(day, published))
		if doc.State.State == evidence.Restored {
			row.Text = fmt.Sprintf("%s追回，异议成立后恢复：%s", day.Chinese(), a.Answer)
		}
		out = append(out, row)
	}
	return out, err
}

// clawed is what was taken back of the proof of a subject after it was rated, for the eyes of the actor; nothing for a table without period.
func (s *Server) clawed(ctx context.Context, by policy.Actor, b *board, subject string) ([]evidence.Clawed, error) {
	if s.evidence == nil || b.Cutoff.IsZero() {
		return nil, nil
	}
	return s.evidence.Proofs.Clawed(ctx, by, subject, b.Cutoff, b.UpTo)
}

// clawedLine says that a piece of proof was taken back.
func clawedLine(c evidence.Clawed) Clawed {
	said := Clawed{Text: c.Taken.Chinese() + "抽查追回 1 件佐证材料"}
	if c.Proof != nil {
		p := c.Proof.State
		said.Link = "/proof/" + c.Proof.ID
		if said.Text += "：" + p.Audit.Reason; p.State != evidence.TakenBack {
			said.Text += "（" + p.State.Title() + "）"
		}
	}
	said.Text += "。评价以后才追回，这里的得分不变，以后的评价不再用这件材料。"
	return said
}

// claw says at the lines of a star what was taken back of the proof on which they rest. What is of another firm, or of days that did not count, is of no concern.
func (one *Star) claw(list []evidence.Clawed) {
	for _, c := range list {
		if days, proved := one.Proved[c.Fact]; !proved || !days.Has(c.Day) || !slices.Contains(one.Keys, policy.FirmKey(c.Firm)) {
			continue
		}
		said := clawedLine(c)
		for i := range one.Groups {
			g := &one.Groups[i]
			for k := range g.Lines {
				if slices.Contains(g.Lines[k].reads, c.Fact) {
					g.Lines[k].Clawed = append(g.Lines[k].Clawed, said)
				}
			}
			if slices.Contains(g.reads, c.Fact) {
				g.Clawed = append(g.Clawed, said)
			}
		}
	}
}

// clawedText is what several pieces say, for a cell of a table.
func clawedText(list []Clawed) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.Text
	}
	return strings.Join(texts, "")
}
