package web

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// feedbackPath is the list of feedbacks (定期反馈).
const feedbackPath = mattersPath + "/feedback"

// feedbackRow is one feedback of the list.
type feedbackRow struct {
	Path, Name, Made, State, Due, Signed string
	Late                                 bool
	Reported, LateN, OpenN               int64
}

// feedbackView is what matter_feedback.html shows: the list, or one feedback.
type feedbackView struct {
	Rows  []feedbackRow
	Next  string
	Key   string
	Make  []field
	Title string
	// One is the feedback that is shown, nil for the list.
	One *oneFeedback
}

// oneFeedback is one feedback.
type oneFeedback struct {
	feedbackRow
	F       *matter.Feedback
	Period  string
	Figures []feedbackFigures
	Asks    []string
	Seq     int64
	MaySign bool
}

// feedbackFigures are the figures of one group in words; each rate stands with its numbers.
type feedbackFigures struct {
	Name             string
	Reported, Before int64
	Shares           []string
}

func (s *Server) feedbackRowOf(id string, f *matter.Feedback, now time.Time) feedbackRow {
	period, _ := matter.ParsePeriod(f.Period) // was read when it was made
	row := feedbackRow{Path: feedbackPath + "/" + id, Name: f.Receiver + period.Chinese() + "事项反馈", Made: dateTime(f.Made.At.Time), State: "待签收", Due: f.Due.Chinese(), Late: f.Due.Late(now), Reported: f.Total.Reported, LateN: f.LateN, OpenN: f.LateN + f.AgainN + f.OpenN}
	if f.Signed.By != "" {
		row.State, row.Late, row.Signed = "已签收", false, s.titleOfOffice(f.Signed.Office)+" "+dateTime(f.Signed.At.Time)
	}
	return row
}

// shareSaid is a number out of another one in words, with its rate where there are enough.
func shareSaid(n, of, least int64) string {
	said := fmt.Sprintf("%d / %d", n, of)
	if rate, ok := matter.Share(n, of, least); ok {
		said += "（" + percent(rate) + "）"
	}
	return said
}

func feedbackFiguresOf(name string, c *matter.Counts, before, least int64) feedbackFigures {
	out := feedbackFigures{Name: name, Reported: c.Reported, Before: before}
	for _, column := range figureColumns {
		out.Shares = append(out.Shares, shareSaid(column.N(c), column.Of(c), least))
	}
	return out
}

// feedbackList lists what the actor may see.
func (s *Server) feedbackList(c *fiber.Ctx, by policy.Actor) error {
	return s.showFeedbacks(c, by, nil)
}

func (s *Server) showFeedbacks(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	found, err := s.matters.Feedbacks(c.UserContext(), by, false, c.Query("after"))
	if err != nil {
		return err
	}
	v := feedbackView{Next: nextPage(c, found.Next), Title: "定期反馈", Key: newKey()}
	for i := range found.Docs {
		v.Rows = append(v.Rows, s.feedbackRowOf(found.Docs[i].ID, &found.Docs[i].State, s.clockOf(c.UserContext()).now))
	}
	if s.guard.Allow(by, policy.DispatchMatter) {
		v.Make = withErrors([]field{{Name: "period", Label: "时间", Options: s.periodOptions()[1:], Hint: "每月三日、每季度后自动反馈；补做的在这里选"}}, refused)
	}
	p := page{Title: v.Title, Nav: mattersPath, Data: v, Fields: refused, Said: saidParam(c, map[string]string{"made": "已反馈，还没有的乡镇和部门都有了。"})}
	if len(refused) > 0 {
		return s.refuse(c, by, "matter_feedback", p)
	}
	return s.render(c, by, "matter_feedback", p)
}

// makeFeedback makes what is missing of a period.
func (s *Server) makeFeedback(c *fiber.Ctx, by policy.Actor) error {
	p, err := matter.ParsePeriod(c.FormValue("period"))
	if err == nil {
		err = s.matters.MakeFeedback(c.UserContext(), by, p)
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showFeedbacks(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, feedbackPath+"?done=made")
}

// feedback shows one feedback.
func (s *Server) feedback(c *fiber.Ctx, by policy.Actor) error {
	doc, may, err := s.matters.Feedback(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	f := &doc.State
	one := &oneFeedback{feedbackRow: s.feedbackRowOf(doc.ID, f, s.clockOf(c.UserContext()).now), F: f, Asks: f.Asks(), Seq: doc.Seq, MaySign: may}
	one.Figures = append(one.Figures, feedbackFiguresOf("合计", &f.Total, f.Before.Reported, f.Least))
	for i := range f.Kinds {
		one.Figures = append(one.Figures, feedbackFiguresOf(f.Kinds[i].Name, &f.Kinds[i].Counts, 0, f.Least))
	}
	return s.render(c, by, "matter_feedback", page{Title: one.Name, Nav: mattersPath, Data: feedbackView{Title: one.Name, One: one}, Script: true, Said: saidParam(c, map[string]string{"signed": "已签收。"})})
}

// signFeedback signs for a feedback.
func (s *Server) signFeedback(c *fiber.Ctx, by policy.Actor) error {
	at := supervision.At{ID: c.Params("id"), Seq: formSeq(c), Idem: formIdem(c)}
	if _, err := s.matters.SignFeedback(c.UserContext(), by, at); err != nil {
		return err
	}
	return seeOther(c, feedbackPath+"/"+at.ID+"?done=signed")
}

// feedbackTasks are the feedbacks for which the actor is to sign.
func (t MatterTasks) feedbackTasks(ctx context.Context, by policy.Actor) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReadMatterFigures) {
		return nil, nil
	}
	page, err := t.Matters.Feedbacks(ctx, by, true, "")
	var out []Task
	for i := range page.Docs {
		f := &page.Docs[i].State
		period, _ := matter.ParsePeriod(f.Period)
		k := clockTask(t.Matters.Resolve(f.Due))
		k.Title, k.Context, k.Party, k.Link, k.Button, k.Nav = "签收定期反馈："+period.Chinese(), fmt.Sprintf("%d 件逾期，%d 件重新办理", f.LateN, f.AgainN), f.Receiver, feedbackPath+"/"+page.Docs[i].ID, "去签收", mattersPath
		out = append(out, k)
	}
	return out, err
}
