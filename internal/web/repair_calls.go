package web

import (
	"fmt"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/repair"
)

// calledOf says how many of the calls of a sample were made.
func calledOf(a *repair.Sample) string {
	return fmt.Sprintf("%d / %d", len(a.Calls)-a.Open(), len(a.Calls))
}

// sampleLine is one sample of the list.
type sampleLine struct {
	Path, Name, Sub, State, Month, Due, Called, InTime, Reached, Satisfied string
	Late                                                                   bool
}

// callsView is what repair_calls.html shows: the list of samples, or one of them.
type callsView struct {
	Filters  []boardFilter
	Rows     []sampleLine
	Next     string
	Filtered bool
	// One is the sample that is shown, nil for the list.
	One *sampleView
}

// sampleView is one sample.
type sampleView struct {
	sampleLine
	Facts []option
	Calls []callView
}

// callView is one call. Address is where its outcome goes, "" for who cannot say it now.
type callView struct {
	Repair, Number, What, Where, Times, Result, Phone, Outcome, Words, By, Path string
	Hidden                                                                      bool
	Tries                                                                       int64
	Address, Key                                                                string
	Seq                                                                         int64
	Form                                                                        []field
}

func (s *Server) sampleLineOf(id string, a *repair.Sample, now time.Time) sampleLine {
	satisfied, reached := a.Counts()
	line := sampleLine{Path: callsPath + "/" + id, Name: a.ProjectName, Sub: a.TownshipName + " " + a.CommunityName + " · " + a.FirmName, Month: a.Month(), Called: calledOf(a), State: "已完成",
		InTime: fmt.Sprintf("%d / %d", a.InTime, a.Population), Reached: count(int(reached)), Satisfied: count(int(satisfied))}
	if a.Open() > 0 {
		line.State, line.Due, line.Late = "待回访", a.Due.Chinese(), a.Due.Late(now)
	}
	return line
}

// callList lists the samples of the actor's scope.
func (s *Server) callList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, callsPath, "open", "project", "firm")
	found, err := s.repairs.Samples(c.UserContext(), by, repair.SampleFilter{Open: l.value["open"] != "", Project: l.value["project"], Firm: l.value["firm"]}, l.after)
	if err != nil {
		return err
	}
	v := callsView{Next: nextPage(c, found.Next), Filtered: l.filtered(), Filters: []boardFilter{{Name: "open", Label: "回访", Value: l.value["open"], Options: choicesOf("全部", sampleChoices())}}}
	for i := range found.Docs {
		v.Rows = append(v.Rows, s.sampleLineOf(found.Docs[i].ID, &found.Docs[i].State, s.clockOf(c.UserContext()).now))
	}
	return s.render(c, by, "repair_calls", page{Title: "报修回访", Nav: repairsPath, Data: v})
}

// calls shows what was drawn, with a form for each call that the actor is to make.
func (s *Server) calls(c *fiber.Ctx, by policy.Actor) error {
	return s.showCalls(c, by, url.Values{}, nil)
}

func (s *Server) showCalls(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	doc, calls, err := s.repairs.Sample(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	a := &doc.State
	one := &sampleView{sampleLine: s.sampleLineOf(doc.ID, a, s.clockOf(c.UserContext()).now)}
	one.Facts = []option{{"当月修好", count(int(a.Population)) + " 条，其中急修 " + count(int(a.Urgent)) + " 条"}, {"按时", one.InTime}, {"抽取", dateTime(a.Drawn.Time) + "，" + count(len(a.Calls)) + " 条"}, {"已回访", one.Called}, {"接通", one.Reached}, {"满意", one.Satisfied}}
	if one.Due != "" {
		one.Facts = append(one.Facts, option{"回访期限", one.Due})
	}
	if a.Seed != "" {
		one.Facts = append(one.Facts, option{"抽取种子", a.Seed}, option{"名单校验值", a.Frame})
	}
	may := s.guard.Allow(by, policy.CheckRepairs)
	for _, k := range calls {
		one.Calls = append(one.Calls, s.callViewOf(may, doc.ID, doc.Seq, k, typed, refused))
	}
	p := page{Title: "报修回访", Nav: repairsPath, Fields: refused, Data: callsView{One: one}, Said: saidParam(c, map[string]string{"called": "已登记回访结果。"})}
	if len(refused) > 0 {
		return s.refuse(c, by, "repair_calls", p)
	}
	return s.render(c, by, "repair_calls", p)
}

// callViewOf puts a call into words; may: the actor calls.
func (s *Server) callViewOf(may bool, id string, seq int64, k repair.Called, typed url.Values, refused []fault.Field) callView {
	v := callView{Repair: k.Repair, Number: k.Number, Hidden: k.About == nil, Tries: k.Tries, Words: k.Words}
	if k.About == nil {
		return v
	}
	r := k.About
	v.What, v.Where, v.Result, v.Phone, v.Path = r.Said.What, r.Said.Where, r.Said.Result, r.Said.Phone, repairsPath+"/"+k.Repair
	v.Times = "报修 " + repair.MomentText(r.Said.Reported.Time) + "，到场 " + repair.MomentText(r.Said.Arrived.Time) + "，修好 " + repair.MomentText(r.Said.Done.Time)
	if k.Outcome != "" {
		v.Outcome, v.By = k.Outcome.Title(), dateTime(k.Hand.At.Time)+" "+s.titleOfOffice(k.Hand.Office)
		return v
	}
	if !may {
		return v
	}
	v.Address, v.Key, v.Seq = callsPath+"/"+id, newKey(), seq
	v.Form = []field{{Name: "outcome-" + k.Repair, Label: "回访结果", Options: choicesOf("请选择", repair.Outcomes())}, {Name: "words-" + k.Repair, Label: "说明", Type: "text", Optional: true, Autocomplete: "off"}}
	for i := range v.Form {
		v.Form[i].Value = typed.Get(v.Form[i].Name)
	}
	v.Form = withErrors(v.Form, refused)
	return v
}

// recordCall takes down what came of a call.
func (s *Server) recordCall(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	drawn := values.Get("repair")
	at := supervision.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values)}
	_, err := s.repairs.Call(c.UserContext(), by, at, drawn, repair.Outcome(values.Get("outcome-"+drawn)), values.Get("words-"+drawn))
	if refused := refusedForm(err); len(refused) > 0 {
		for i := range refused {
			refused[i].Name += "-" + drawn
		}
		return s.showCalls(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, callsPath+"/"+at.ID+"?done=called")
}
