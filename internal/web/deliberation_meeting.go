package web

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/deliberation"
)

// sessionView is what deliberation_meeting.html shows.
type sessionView struct {
	Path, State      string
	Seq              int64
	M                *deliberation.Meeting
	Name             string
	Invited, Present int64
	Items            []sessionItem
	Forms            []stepForm
	History          []step
	Papers           []crumb
}

// sessionItem is one item of a meeting: what was decided, and what became of it.
type sessionItem struct {
	Title, Path, Place, State string
	Outcome, Decision, Said   string
	// Public are the words that everybody sees, "" if none are shown; Result is how it ended.
	Public, Result, Ended string
}

// The steps of a meeting by the word in the address.
var sessionSteps = map[string]deliberation.MeetingStep{"hold": deliberation.MeetingHold, "move": deliberation.MeetingMove, "archive": deliberation.MeetingArchive, "cancel": deliberation.MeetingCancel}

func (s *Server) oneSession(c *fiber.Ctx, by policy.Actor) error { return s.showSession(c, by, nil) }

// fillSession puts a meeting into words, without what can be done.
func (s *Server) fillSession(c *fiber.Ctx, by policy.Actor) (sessionView, error) {
	doc, items, err := s.deliberations.OneMeeting(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return sessionView{}, err
	}
	m := &doc.State
	v := sessionView{Path: sessionsPath + "/" + doc.ID, State: m.State.Title(), Seq: doc.Seq, M: m, Name: m.Name()}
	v.Invited, v.Present = m.People()
	for _, d := range items {
		i := &d.State
		line := sessionItem{Title: i.Name(), Path: deliberationPath + "/" + d.ID, Place: i.Place(), State: i.State.Title(), Result: i.Result, Ended: i.Ended.Chinese()}
		for _, h := range i.Heard {
			if h.Meeting == doc.ID {
				line.Outcome, line.Decision, line.Said = h.Outcome.Title(), h.Decision, "同意 "+count(int(h.Agreed))+" 人"
			}
		}
		if i.Decided().Meeting != doc.ID && line.Outcome != "" {
			line.State, line.Result, line.Ended = "另行商议", "", ""
		} else if i.Shown() {
			line.Public = i.Public
		}
		v.Items = append(v.Items, line)
	}
	if len(m.Agenda) > 0 {
		v.Papers = append(v.Papers, crumb{"会议纪要", v.Path + "/print/minutes"})
	}
	if slices.ContainsFunc(v.Items, func(i sessionItem) bool { return i.Public != "" }) {
		v.Papers = append(v.Papers, crumb{"议事结果公告", v.Path + "/print/notice"})
	}
	return v, nil
}

func (s *Server) showSession(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	v, err := s.fillSession(c, by)
	if err != nil {
		return err
	}
	v.Forms = s.sessionForms(c, by, v.M, refused)
	history, err := s.deliberations.MeetingHistory(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v.History = taken(history, nil, func(m *deliberation.Meeting) (string, string) { return string(m.Last), m.Reason })
	p := page{Title: v.Name, Nav: deliberationPath, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "deliberation_meeting", p)
	}
	return s.render(c, by, "deliberation_meeting", p)
}

// sessionForms are the steps of a meeting that the actor can do now.
func (s *Server) sessionForms(c *fiber.Ctx, by policy.Actor, m *deliberation.Meeting, refused []fault.Field) []stepForm {
	if looksBackNow(c) || !s.guard.Allow(by, policy.RunDeliberation) {
		return nil
	}
	reason := func(label string) field {
		return field{Name: "reason", Label: label, Type: "text", Autocomplete: "off"}
	}
	hold := stepForm{Name: "hold", Title: "会议纪要", Hint: "会后登记：各类人员实到人数，各方说了什么。只写身份，不写姓名；每件议题的结果在议题页登记。", Button: "登记会议纪要"}
	for _, seat := range m.Seats {
		hold.Form = append(hold.Form, field{Name: "present-" + seat.ID, Label: seat.Title + seat.Unit + "实到人数", Type: "text", Mode: "numeric", Autocomplete: "off", Hint: "应到 " + count(int(seat.Invited)) + " 人"})
	}
	hold.Form = append(hold.Form, field{Name: "minutes", Label: "会议纪要", Rows: 5})
	all := []stepForm{hold,
		{Name: "archive", Title: "纪要归档", Hint: "各件议题都办结以后，把落实结果写回纪要并归档。", Button: "纪要归档"},
		{Name: "move", Title: "改期", Hint: "改日期、时间或者地点。", Button: "改期", Form: []field{{Name: "on", Label: "开会日期", Type: "date", Value: m.On.String()}, {Name: "at", Label: "开会时间", Type: "text", Autocomplete: "off", Value: m.At}, {Name: "spot", Label: "地点", Type: "text", Autocomplete: "off", Value: m.Spot}, reason("改期原因")}},
		{Name: "cancel", Title: "取消会议", Hint: "不开了，或者到会人数不够的，取消以后议题可以改排别的会议。", Button: "取消会议", Form: []field{reason("取消原因")}, Grave: true}}
	all = slices.DeleteFunc(all, func(f stepForm) bool { return !m.Can(sessionSteps[f.Name]) })
	forms := stepFormsAt(c, sessionsPath+"/"+c.Params("id"), all, refused)
	for _, f := range refused {
		if f.Name == "hold-quorum" && len(forms) > 0 {
			forms[0].Form[0].Error = f.Message
		}
	}
	return forms
}

// stepSession does one step of a meeting.
func (s *Server) stepSession(c *fiber.Ctx, by policy.Actor) error {
	at := formAt(c)
	in, of := typed{c: c}, c.Params("step")+"-"
	text := func(name string) string { return in.text(of + name) }
	present := map[string]int64{}
	for _, seat := range s.deliberations.Terms.Seats() {
		present[seat.ID] = in.whole(of+"present-"+seat.ID, seat.Title+"实到人数", "6")
	}
	on := in.date(of+"on", "开会日期")
	type done = store.Doc[deliberation.Meeting]
	do := map[deliberation.MeetingStep]func(ctx context.Context) (done, error){
		deliberation.MeetingHold: func(ctx context.Context) (done, error) {
			return s.deliberations.Hold(ctx, by, at, present, text("minutes"))
		},
		deliberation.MeetingMove: func(ctx context.Context) (done, error) {
			return s.deliberations.Move(ctx, by, at, on, text("at"), text("spot"), text("reason"))
		},
		deliberation.MeetingArchive: func(ctx context.Context) (done, error) { return s.deliberations.Archive(ctx, by, at) },
		deliberation.MeetingCancel:  func(ctx context.Context) (done, error) { return s.deliberations.Cancel(ctx, by, at, text("reason")) },
	}[sessionSteps[c.Params("step")]]
	if do == nil {
		return fault.New("web.stepSession", fault.NotFound, "没有这一步")
	}
	err := in.with(func(ctx context.Context) error { _, err := do(ctx); return err })
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showSession(c, by, ofStep(refused, of))
	}
	if err != nil {
		return err
	}
	return seeOther(c, sessionsPath+"/"+at.ID)
}

// sessionPrint is what deliberation_print.html shows of a meeting.
type sessionPrint struct {
	sessionView
	Kind, Title, Back, Made string
}

// sessionPaper prints the minutes of a meeting or the notice of its results; neither exists before what it tells.
func (s *Server) sessionPaper(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.fillSession(c, by)
	if err != nil {
		return err
	}
	kind := c.Params("paper")
	for _, p := range v.Papers {
		if p.Path == v.Path+"/print/"+kind {
			return s.render(c, by, "deliberation_print", page{Title: v.Name + p.Label, Script: true, Paper: p.Label, Data: sessionPrint{sessionView: v, Kind: map[string]string{"minutes": "minutes", "notice": "results"}[kind], Title: p.Label, Back: v.Path, Made: s.registered.On(c.UserContext()).Chinese()}})
		}
	}
	return fault.New("web.sessionPaper", fault.NotFound, "这次会议现在是“"+v.State+"”，还没有这份文书")
}
