package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// observationLine is one row of a list.
type observationLine struct {
	ID, Day, Name, Fact, Said, State, Office, Reason string
	FirmWide                                         bool
	// Seq is the last change that the page shows, Next the level that is to confirm now.
	Seq  int64
	Next string
}

// observationsView is what observations.html shows.
type observationsView struct {
	Tab                  string
	Rows                 []observationLine
	Next                 string
	Quarter, Fact, State field
	CanRecord, CanReview bool
	Empty, EmptyText     string
	// Key makes a retry of the confirmation of several safe; Unconfirmed are those that could not be confirmed, with the reason.
	Key         string
	Unconfirmed []string
}

// sayCells puts cells into words.
func sayCells(ask supervision.Ask, cells []supervision.Cell) string {
	labels := make(map[string]supervision.Column, len(ask.Columns))
	for _, col := range ask.Columns {
		labels[col.Name] = col
	}
	var out []string
	for _, cell := range cells {
		col := labels[cell.Column]
		text := ""
		switch {
		case cell.NA:
			text = "不适用"
		case col.Kind == supervision.ColumnBool:
			text = map[bool]string{true: "否", false: "是"}[cell.Number.IsZero()]
		case col.Kind == supervision.ColumnText, col.Kind == supervision.ColumnEvent:
			text = cell.Text
			for _, v := range col.Values {
				if v.ID == cell.Text {
					text = v.Text
				}
			}
			if cell.Document != "" {
				text += "，文号 " + cell.Document
			}
			if !cell.Until.IsZero() {
				text += "，至" + cell.Until.Chinese()
			}
		default:
			text = cell.Number.String()
			if col.Unit != "" {
				text += " " + col.Unit
			}
		}
		if len(cells) > 1 {
			text = col.Label + " " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, "，")
}

func (s *Server) observationLines(docs []store.Doc[supervision.Observation]) []observationLine {
	today := calendar.DateOf(s.clocks.Business())
	out := make([]observationLine, 0, len(docs))
	for _, d := range docs {
		o := d.State
		next := ""
		for _, level := range o.Levels() {
			if level.Next {
				next = level.Name
			}
		}
		out = append(out, observationLine{Next: next, ID: d.ID, Seq: d.Seq, Day: shortDate(o.Day, today), Name: o.Name, FirmWide: o.Project == "", Fact: o.Ask.Name, Said: sayCells(o.Ask, o.Cells),
			State: o.State.Title(), Office: s.titleOfOffice(o.Recorded.Office), Reason: o.Reason})
	}
	return out
}

// recordable are the facts that the actor may record now.
func (s *Server) recordable(c *fiber.Ctx, by policy.Actor) ([]option, []supervision.Ask, error) {
	options, asks, err := s.factOptions(c)
	return slices.DeleteFunc(options, func(o option) bool { return !s.supervision.Observations.MayRecord(by, o.Value) }),
		slices.DeleteFunc(asks, func(a supervision.Ask) bool { return !s.supervision.Observations.MayRecord(by, a.Fact) }), err
}

// factOptions are the facts that periods ask of observations now.
func (s *Server) factOptions(c *fiber.Ctx) ([]option, []supervision.Ask, error) {
	questions, err := s.supervision.Questions.Questions(c.UserContext(), s.supervision.Observations.Source())
	if err != nil {
		return nil, nil, err
	}
	var options []option
	var asks []supervision.Ask
	seen := map[string]bool{}
	for _, q := range questions {
		for _, ask := range q.Asks {
			if !seen[ask.Fact] {
				seen[ask.Fact] = true
				options, asks = append(options, option{Value: ask.Fact, Label: ask.Name}), append(asks, ask)
			}
		}
	}
	return options, asks, nil
}

func (s *Server) observationsPage(c *fiber.Ctx, by policy.Actor, v observationsView, docs store.Page[supervision.Observation]) error {
	v.Rows, v.Next = s.observationLines(docs.Docs), nextPage(c, docs.Next)
	v.CanRecord, v.CanReview = s.guard.Allow(by, policy.RecordObservation), s.guard.Allow(by, policy.ReviewObservation)
	said := saidParam(c, map[string]string{"confirmed": "已确认；逐级确认的转到下一级，其余从现在起计入评价。", "returned": "已退回，登记人更正后再来复核。", "withdrawn": "已撤回，不计入评价。"})
	return s.render(c, by, "observations", page{Title: "观察记录", Nav: observationsPath, Said: said, Script: v.Tab == "queue", Data: v})
}

// observations lists what was recorded, with filters.
func (s *Server) observations(c *fiber.Ctx, by policy.Actor) error {
	quarter, err := quarterOf(c)
	if err != nil {
		return err
	}
	facts, _, err := s.factOptions(c)
	if err != nil {
		return err
	}
	states := []option{{Value: "", Label: "全部"}}
	for _, state := range supervision.ObservationStates() {
		states = append(states, option{Value: string(state), Label: state.Title()})
	}
	markList(c)
	filter := supervision.ObservationFilter{Project: c.Query("project"), Quarter: quarter, Fact: c.Query("fact"), State: supervision.ObservationState(c.Query("state"))}
	docs, err := s.supervision.Observations.List(c.UserContext(), by, filter, c.Query("after"))
	if err != nil {
		return err
	}
	return s.observationsPage(c, by, observationsView{Tab: "all",
		Quarter: field{Name: "quarter", Label: "季度", Options: s.quarterOptions(), Value: c.Query("quarter")},
		Fact:    field{Name: "fact", Label: "事实", Options: append([]option{{Value: "", Label: "全部"}}, facts...), Value: c.Query("fact")},
		State:   field{Name: "state", Label: "状态", Options: states, Value: c.Query("state")},
		Empty:   "没有观察记录", EmptyText: "登记的事实会按日期列在这里。"}, docs)
}

// observationQueue lists what waits for the actor's decision.
func (s *Server) observationQueue(c *fiber.Ctx, by policy.Actor) error {
	return s.showQueue(c, by, nil)
}

func (s *Server) showQueue(c *fiber.Ctx, by policy.Actor, unconfirmed []string) error {
	docs, err := s.supervision.Observations.Queue(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	return s.observationsPage(c, by, observationsView{Tab: "queue", Key: newKey(), Unconfirmed: unconfirmed, Empty: "没有等你复核的记录", EmptyText: "自己登记的由别人复核，不列在这里。"}, docs)
}

// confirmObservations confirms those that were chosen in the queue, each for itself: one that cannot be confirmed stays and is named, the others count.
func (s *Server) confirmObservations(c *fiber.Ctx, by policy.Actor) error {
	ctx, values := c.UserContext(), formValues(c)
	chosen := values["row"]
	if len(chosen) == 0 {
		c.Status(fiber.StatusUnprocessableEntity)
		return s.showQueue(c, by, []string{"还没有选择记录，请在左边勾选要确认的"})
	}
	var failed []string
	for _, row := range chosen {
		at := supervision.At{Seq: -1}
		id, seq, _ := strings.Cut(row, " ")
		if n, err := strconv.ParseInt(seq, 10, 64); err == nil {
			at.Seq = n
		}
		at.ID = id
		if key := values.Get("key"); key != "" {
			at.Idem = &store.Idem{Key: key + "/" + id, Body: []byte(row)}
		}
		_, err := s.supervision.Observations.Confirm(ctx, by, at)
		switch fault.KindOf(err) {
		case "":
			continue
		case fault.Conflict, fault.Forbidden, fault.NotFound, fault.Invalid:
			name := id
			if doc, err := s.supervision.Observations.One(ctx, by, id); err == nil {
				name = doc.State.Name + "的“" + doc.State.Ask.Name + "”"
			}
			failed = append(failed, name+"没有确认："+fault.MessageOf(err))
		default:
			return err
		}
	}
	if len(failed) == 0 {
		return s.nextObservation(c, by, "confirmed")
	}
	c.Status(fiber.StatusConflict)
	return s.showQueue(c, by, failed)
}

// observationsReturned lists what came back to the actor.
func (s *Server) observationsReturned(c *fiber.Ctx, by policy.Actor) error {
	docs, err := s.supervision.Observations.Returned(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	return s.observationsPage(c, by, observationsView{Tab: "returned", Empty: "没有退回给你的记录", EmptyText: "复核人退回的记录会列在这里，更正后再交复核。"}, docs)
}

// newObservation is the choice of a fact and then its form.
func (s *Server) newObservation(c *fiber.Ctx, by policy.Actor) error {
	values := url.Values{"project": {c.Query("project")}}
	if corrects := c.Query("corrects"); corrects != "" {
		old, err := s.supervision.Observations.One(c.UserContext(), by, corrects)
		if err != nil {
			return err
		}
		values = valuesOf(old.State)
	}
	return s.showNewObservation(c, by, c.Query("fact"), c.Query("corrects"), values, nil)
}

func (s *Server) showNewObservation(c *fiber.Ctx, by policy.Actor, fact, corrects string, values url.Values, refused []fault.Field) error {
	facts, asks, err := s.recordable(c, by)
	if err != nil {
		return err
	}
	f := observationForm{Action: "/observations/new", Key: c.FormValue("key"), Facts: facts, Corrects: corrects, Find: c.Query("find")}
	if corrects != "" {
		old, err := s.supervision.Observations.One(c.UserContext(), by, corrects)
		if err != nil {
			return err
		}
		f.Ask, f.Subject = old.State.Ask, old.State.Name
		f.Old = old.State.Day.Chinese() + "，" + sayCells(old.State.Ask, old.State.Cells)
	}
	for _, ask := range asks {
		if ask.Fact == fact && corrects == "" {
			f.Ask = ask
		}
	}
	title := "登记事实"
	if corrects != "" {
		title = "更正已确认的记录"
	}
	p := page{Title: title, Nav: observationsPath, Fields: refused}
	if f.Ask.Fact != "" && corrects == "" {
		options, more, err := s.projectOptions(c, by, f.Find)
		if err != nil {
			return err
		}
		f.More = more
		f.Project = withErrors([]field{{Name: "project", Label: "小区", Options: options, Value: values.Get("project")}}, refused)[0]
		f.FirmChoice, f.FirmWide = s.scopeIsCounty(c, by), values.Get("whole") == "1"
	}
	p.Data = fillForm(f, values, refused)
	if len(refused) > 0 {
		return s.refuse(c, by, "observation_form", p)
	}
	return s.render(c, by, "observation_form", p)
}

// scopeIsCounty reports whether the actor may record about whole firms.
func (s *Server) scopeIsCounty(c *fiber.Ctx, by policy.Actor) bool {
	scope, err := s.guard.Scope(c.UserContext(), by, policy.RecordObservation)
	return err == nil && scope.All()
}

// draftOf reads the form of a new observation.
func (s *Server) draftOf(c *fiber.Ctx, by policy.Actor, values url.Values) (supervision.Draft, []fault.Field, error) {
	in := supervision.Draft{Corrects: values.Get("corrects"), Source: values.Get("source"), Project: values.Get("project"), Idem: formIdem(c)}
	if in.Corrects != "" {
		old, err := s.supervision.Observations.One(c.UserContext(), by, in.Corrects)
		if err != nil {
			return in, nil, err
		}
		in.Ask, in.Project = old.State.Ask, old.State.Project
		if in.Project == "" {
			in.Firm = old.State.Firm
		}
	} else {
		_, asks, err := s.recordable(c, by)
		if err != nil {
			return in, nil, err
		}
		for _, ask := range asks {
			if ask.Fact == values.Get("fact") {
				in.Ask = ask
			}
		}
	}
	var bad []fault.Field
	in.Cells, bad = cellsTyped(values, in.Ask)
	day, err := calendar.ParseDate(values.Get("day"))
	if err != nil {
		bad = append(bad, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	in.Day = day
	return in, bad, nil
}

// dayFault says what is wrong with a date that was typed.
func dayFault(text string) string {
	if text == "" {
		return "请填写事实发生的日期"
	}
	return "“" + text + "”不是日期，要写成 2026-10-13 这样"
}

// recordObservation stores what the form says.
func (s *Server) recordObservation(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	in, bad, err := s.draftOf(c, by, values)
	if err != nil {
		return err
	}
	var doc store.Doc[supervision.Observation]
	err = inOneRound(c.UserContext(), &bad, func(ctx context.Context) (err error) {
		if values.Get("whole") == "1" && in.Corrects == "" && in.Project != "" {
			if in, err = s.wholeFirm(ctx, by, in); err != nil {
				return err
			}
		}
		doc, err = s.supervision.Observations.Record(ctx, by, in)
		return err
	})
	if refused := refusedForm(err); refused != nil {
		return s.showNewObservation(c, by, in.Ask.Fact, in.Corrects, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/observations/"+url.PathEscape(doc.ID)+"?done=recorded")
}

// wholeFirm turns a project of the form into the firm that holds it: a fact of the firm counts for all its projects.
func (s *Server) wholeFirm(ctx context.Context, by policy.Actor, in supervision.Draft) (supervision.Draft, error) {
	firm, err := s.supervision.Observations.FirmOf(ctx, by, in.Project, in.Day)
	if err != nil {
		return in, err
	}
	in.Project, in.Firm = "", firm
	return in, nil
}

// observationView is what observation.html shows.
type observationView struct {
	observationLine
	Key, Source, Day, WaitsForOther     string
	Columns                             [][2]string
	History                             []timelineEntry
	Corrects, Corrected, CorrectedState string
	CanDecide, CanCorrect, CanWithdraw  bool
	CanReplace                          bool
	ReturnField, WithdrawField          field
	// StandField asks a deputy office why it confirms; nil if there are no levels.
	StandField *field
	// Levels are the levels of a confirmation; OnlyResult says that the actor sees nothing but the value.
	Levels     []timelineEntry
	OnlyResult bool
	// Signing is where papers that were signed at a level are recorded and looked at, Scans are all of them.
	Signing signingView
	Scans   []caseLink
}

// Path is the address of the observation.
func (v observationView) Path() string { return observationsPath + "/" + url.PathEscape(v.ID) }

// timelineEntry is one entry of a timeline.
type timelineEntry struct{ State, Label, Sub string }

// observation shows one observation and what the actor may do with it.
func (s *Server) observation(c *fiber.Ctx, by policy.Actor) error {
	return s.showObservation(c, by, nil, nil)
}

// showObservation shows it with what was refused; typed is what was filled in for a signed paper, nil if that is not what was refused.
func (s *Server) showObservation(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	doc, err := s.supervision.Observations.One(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	history, err := s.supervision.Observations.History(ctx, by, doc.ID)
	if err != nil {
		return err
	}
	o := doc.State
	v := observationView{observationLine: s.observationLines([]store.Doc[supervision.Observation]{doc})[0], Key: newKey(), Source: o.Source,
		Day: o.Day.Chinese(), Corrects: o.Corrects}
	for _, cell := range o.Cells {
		single := supervision.Ask{Columns: o.Ask.Columns}
		label := cell.Column
		for _, col := range o.Ask.Columns {
			if col.Name == cell.Column {
				label = col.Label
			}
		}
		v.Columns = append(v.Columns, [2]string{label, sayCells(single, []supervision.Cell{cell})})
	}
	for i, h := range history {
		state := "done"
		if i == len(history)-1 {
			state = "now"
		}
		v.History = append(v.History, timelineEntry{State: state, Label: h.State.Title(), Sub: joinWords(dateTime(h.At), h.Why)})
	}
	mayRecord := s.supervision.Observations.MayRecord(by, o.Ask.Fact)
	if s.guard.Allow(by, policy.ReviewObservation) && o.State.Waits() {
		switch err := s.supervision.Observations.Decidable(ctx, by, &o); {
		case err == nil:
			v.CanDecide = true
		case fault.Is(err, fault.Forbidden):
			v.WaitsForOther = fault.MessageOf(err)
		default:
			return err
		}
	}
	v.Levels, v.OnlyResult = s.levels(&o), s.supervision.Observations.OnlyResult(by, &o)
	v.CanCorrect = mayRecord && o.State == supervision.ObservationReturned
	v.CanWithdraw = mayRecord && (o.State.Waits() || o.State == supervision.ObservationReturned)
	if found, err := s.supervision.Observations.Correcting(ctx, by, doc.ID); err == nil && found.State.State != supervision.ObservationWithdrawn {
		v.Corrected, v.CorrectedState = found.ID, found.State.State.Title()
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	v.CanReplace = mayRecord && o.State == supervision.ObservationConfirmed && v.Corrected == ""
	var onPaper []fault.Field
	if typed != nil {
		onPaper, refused = refused, nil
	}
	if !v.OnlyResult && s.guard.Allow(by, policy.ReviewObservation) {
		look := func(scan string) bool { return s.supervision.Observations.MayLook(ctx, by, &o, scan) }
		v.Signing, err = s.signing(c, by, v.Path(), doc.Seq, toSign{approval: o.Approval, mayLook: look, scans: len(o.Scans), right: policy.ConfirmPartyFact}, typed, onPaper)
		v.CanDecide = v.CanDecide && len(v.Signing.Looks) == 0 // first what was signed on paper
		if err != nil {
			return err
		}
	}
	v.Scans = scanLinks(v.Path(), len(o.Scans))
	v.ReturnField = withErrors([]field{{Name: "reason", Label: "退回理由", Rows: 2, Hint: "写明哪里不对、要改成什么；登记人据此更正", Value: c.FormValue("reason")}}, refused)[0]
	if o.Approval != nil {
		stand := withErrors([]field{{Name: "stand-reason", Label: "代理确认的理由", Type: "text", Autocomplete: "off", Optional: true, Hint: "由代理岗位确认的才填", Value: c.FormValue("stand-reason")}}, refused)[0]
		v.StandField = &stand
	}
	v.WithdrawField = field{Name: "withdraw-reason", Label: "撤回理由", Type: "text"}
	said := saidParam(c, map[string]string{"recorded": "已登记，等另一人复核；复核确认后才计入评价。", "corrected": "已更正，等另一人复核。", "confirmed": "已确认，从现在起计入评价。",
		"paper": "签字件已登记，另一人核对后生效。", "sign": "签字件已核对。"})
	p := page{Title: o.Ask.Name, Nav: observationsPath, Said: said, Fields: append(refused, onPaper...), Data: v}
	if len(p.Fields) > 0 {
		return s.refuse(c, by, "observation", p)
	}
	return s.render(c, by, "observation", p)
}

// levels are the levels of a confirmation as a timeline.
func (s *Server) levels(o *supervision.Observation) []timelineEntry {
	var out []timelineEntry
	for _, level := range o.Levels() {
		e := timelineEntry{Label: level.Name}
		var said []string
		for _, seat := range level.Seats {
			said = append(said, s.seatSaid(&seat))
		}
		e.Sub = strings.Join(said, "；")
		switch {
		case level.Done():
			e.State = "done"
		case level.Next:
			e.State = "now"
		}
		out = append(out, e)
	}
	return out
}

// seatSaid is who confirms, and when: “组织部（代） · 2月10日 09:30”.
func (s *Server) seatSaid(seat *supervision.LevelSeat) string {
	if !seat.Done {
		return s.titleOfOffice(string(seat.Office))
	}
	text := s.titleOfOffice(string(seat.As))
	if seat.Deputy {
		text += "（代）"
	}
	if seat.Paper {
		text += "（纸质签字）"
	}
	return joinWords(text, dateTime(seat.At.Time))
}

// joinWords joins what is not empty.
func joinWords(words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, " · ")
}

// confirmObservation makes an observation count and opens the next one.
func (s *Server) confirmObservation(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.supervision.Observations.ConfirmFor(c.UserContext(), by, atOf(c), c.FormValue("stand-reason"))
	if refused := refusedForm(err); refused != nil {
		return s.showObservation(c, by, nil, []fault.Field{{Name: "stand-reason", Message: refused[0].Message}})
	}
	if err != nil {
		return err
	}
	return s.nextObservation(c, by, "confirmed")
}

// paperObservation records what somebody at one of the levels signed on paper.
func (s *Server) paperObservation(c *fiber.Ctx, by policy.Actor) error {
	return s.casePaper(c, observationsPath+"/"+c.Params("id"), func(at casework.At, in policy.OnPaper, password string) error {
		_, err := s.supervision.Observations.ConfirmOnPaper(c.UserContext(), by, supervision.At{ID: at.ID, Seq: at.Seq}, in, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showObservation(c, by, typed, refused) })
}

// lookAtObservation accepts the scan of a signed paper, or does not.
func (s *Server) lookAtObservation(c *fiber.Ctx, by policy.Actor) error {
	return s.caseSign(c, observationsPath+"/"+c.Params("id"), func(at casework.At, sign policy.Sign, password string) error {
		_, err := s.supervision.Observations.LookAtPaper(c.UserContext(), by, supervision.At{ID: at.ID, Seq: at.Seq}, sign, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showObservation(c, by, typed, refused) })
}

// observationFile hands out the scan of a signed paper to whoever sees how the confirmation came about.
func (s *Server) observationFile(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.supervision.Observations.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.sendStored(c, scanOf(doc.State.Scans, c.Params("file")))
}

// nextObservation goes on to what waits next, or to the empty queue.
func (s *Server) nextObservation(c *fiber.Ctx, by policy.Actor, done string) error {
	return seeOther(c, "/observations/queue?done="+done)
}

// returnObservation gives an observation back.
func (s *Server) returnObservation(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.supervision.Observations.Return(c.UserContext(), by, atOf(c), c.FormValue("reason"))
	if refused := refusedForm(err); refused != nil {
		return s.showObservation(c, by, nil, refused)
	}
	if err != nil {
		return err
	}
	return s.nextObservation(c, by, "returned")
}

// withdrawObservation takes an observation back.
func (s *Server) withdrawObservation(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.supervision.Observations.Withdraw(c.UserContext(), by, atOf(c), c.FormValue("withdraw-reason"))
	if refused := refusedForm(err); refused != nil {
		return s.showObservation(c, by, nil, []fault.Field{{Name: "withdraw-reason", Message: refused[0].Message}})
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/observations?done=withdrawn")
}

// correctObservationPage is the form for what was returned.
func (s *Server) correctObservationPage(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.supervision.Observations.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.showCorrection(c, by, doc, valuesOf(doc.State), nil)
}

func (s *Server) showCorrection(c *fiber.Ctx, by policy.Actor, doc store.Doc[supervision.Observation], values url.Values, refused []fault.Field) error {
	o := doc.State
	f := observationForm{Action: "/observations/" + doc.ID + "/correct", Key: c.FormValue("key"), Seq: fmt.Sprint(doc.Seq), Ask: o.Ask, Subject: o.Name, Reason: o.Reason}
	if c.Method() == fiber.MethodPost {
		f.Seq = c.FormValue("seq")
	}
	p := page{Title: "更正退回的记录", Nav: observationsPath, Fields: refused, Data: fillForm(f, values, refused)}
	if len(refused) > 0 {
		return s.refuse(c, by, "observation_form", p)
	}
	return s.render(c, by, "observation_form", p)
}

// correctObservation changes what was returned.
func (s *Server) correctObservation(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	doc, err := s.supervision.Observations.One(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	values := formValues(c)
	cells, bad := cellsTyped(values, doc.State.Ask)
	day, err := calendar.ParseDate(values.Get("day"))
	if err != nil {
		bad = append(bad, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	err = inOneRound(ctx, &bad, func(ctx context.Context) error {
		_, err := s.supervision.Observations.Correct(ctx, by, atOf(c), supervision.Correction{Cells: cells, Day: day, Source: values.Get("source")})
		return err
	})
	if refused := refusedForm(err); refused != nil {
		return s.showCorrection(c, by, doc, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/observations/"+url.PathEscape(doc.ID)+"?done=corrected")
}
