package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
)

// handoverView is what handover.html shows.
type handoverView struct {
	handoverLine
	Seq        int64
	Key        string
	Steps      []map[string]string
	Clock      map[string]string
	Inspection string
	Delivery   string
	// PapersDue is until when the documents must be there; PapersLate: some are not, and nobody has begun to walk.
	PapersDue  string
	PapersLate bool
	Version    string
	Conditions []handoverCondition
	Documents  []handoverDocument
	Places     []handoverPlace
	Findings   []handoverFinding
	Notices    []handoverNotice
	Sides      []handoverSide
	Agreed     string
	Transfer   string
	Filed      string
	Done, All  int
	Open       int
	// First is the address of the first item that was not answered; Unpictured counts the findings without a photo, Picture is the address of the first of them.
	First      string
	Unpictured int
	Picture    string
	// What the actor may do now.
	CanPrepare, CanHand, CanCheck, CanStart, CanWalk, CanNotify, CanRecheck, CanSettle, CanReopen, CanSign, CanTake, CanFile, CanCancel bool
	CanRepair, CanJudge, CanSupply                                                                                                      bool
	// On is the day that the page shows; Received is the form for promised documents that came, nil if none can be recorded.
	On       calendar.Date
	Received *field
	// Walks: the actor inspects for the firm; Drafts: he may open a claim on the fund.
	Walks, Drafts, Signed bool
	Side                  string
	// Filings are those about the day of the transfer; CanApply: the actor may begin one. Receipt is the form that ends the handover with a registered one, nil if he may not or there is none.
	Filings                       []filingLine
	CanApply                      bool
	Receipt                       *field
	Password, Day, Reopen, Cancel field
	handoverMore
}

type handoverCondition struct {
	ID, Name string
	Met      bool
}

type handoverDocument struct {
	ID, Name, Promise, DueText string
	Handed, Settled            bool
	PromiseField, DueField     field
	// Came is the day on which a promised document was received after the agreement, Late that it is owed beyond its day, CanTake that its coming can be recorded.
	Came          string
	Late, CanTake bool
}

type handoverPlace struct {
	Name        string
	Done, Fails int
	Lines       []handoverItemLine
}

type handoverItemLine struct {
	Name, Sentence, Method, Answer, Path string
	Failed                               bool
}

type handoverFinding struct {
	Item, Title, Sentence, Place, Note, Party, Stands, Repair, Carried string
	Chip                                                               bool
	// Picture is where a photo is taken that lacks, "" if none does.
	Picture                                   string
	Photos                                    []string
	CanRepair, CanJudge, CanDispute, CanCarry bool
	// Letter is the address under which a letter of warranty is drafted, "" if it is not the time.
	Letter  string
	Dispute field
	Carry   []field
}

type handoverNotice struct {
	On, Due, Left, Basis string
	Items                int
}

type handoverSide struct {
	Title, Office string
	At            string
	Signed        bool
}

// handoverPage shows a handover.
func (s *Server) handoverPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showHandover(c, by, url.Values{}, nil)
}

// showHandover shows a handover; what was typed into a form that comes back wins over what is stored.
func (s *Server) showHandover(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	now := s.clockOf(c.UserContext()).now
	clock := newTaskClock(now, s.holidays)
	v := handoverView{handoverLine: handoverLineOf(w.Doc, clock), On: calendar.DateOf(now), Seq: w.Doc.Seq, Key: newKey(), Steps: handoverSteps(h.State), Inspection: h.Inspection.Chinese(), Delivery: h.Delivery.Chinese(),
		PapersDue: h.Papers.Due.Chinese(), Version: h.List.Version, Done: w.Done(), All: len(w.Lines), Open: len(w.Open()), Agreed: h.Agreed.Chinese(), Transfer: h.Transferred.Chinese(), Filed: h.Filed.Chinese()}
	s.mayOnHandover(&v, by, &w)
	if what, due, ok := h.Clock(); ok {
		state, left := clock.left(clockTask(due))
		class := map[string]string{"逾期": "late", "临期": "soon", "今天到期": "soon"}[state]
		v.Clock = map[string]string{"Title": what, "From": due.Due.Chinese() + "前", "Left": left, "Basis": due.Basis, "Class": class}
	}
	v.PapersLate = (h.State == handover.Draft || h.State == handover.Ready) && h.Papers.Late(now) && slices.ContainsFunc(h.Documents, func(d handover.Document) bool { return !d.Handed })
	s.fillHandover(&v, typed, &w, refused)
	if err := s.fillMore(c.UserContext(), &v, by, &w, typed, refused); err != nil {
		return err
	}
	v.Password = withErrors([]field{{Name: "current", Label: "你的登录密码", Type: "password", Autocomplete: "current-password", Hint: "开通了动态口令的，也可以填 6 位动态口令"}}, refused)[0]
	v.Day = withErrors([]field{{Name: "day", Label: "交接日期", Type: "date", Value: cmp.Or(typed.Get("day"), clock.today.String())}}, refused)[0]
	if err := s.fillFilings(c.UserContext(), &v, by, h, now, typed, refused); err != nil {
		return err
	}
	if v.CanSupply {
		v.Received = &withErrors([]field{{Name: "received", Label: "收到日期", Type: "date", Value: cmp.Or(typed.Get("received"), clock.today.String())}}, refused)[0]
	}
	v.Reopen = withErrors([]field{{Name: "reopen-reason", Label: "退回理由", Type: "text", Value: typed.Get("reopen-reason")}}, refused)[0]
	v.Cancel = withErrors([]field{{Name: "cancel-reason", Label: "取消理由", Type: "text", Value: typed.Get("cancel-reason")}}, refused)[0]
	said := saidParam(c, map[string]string{"new": "已开始承接查验，先登记前提条件和移交资料。", "conditions": "已登记前提条件。", "documents": "已登记移交资料。", "check": "已核对，可以开始查验。", "start": "已开始查验。",
		"notify": "已通知建设单位整改，期限从今天起算。", "recheck": "已开始复验。", "settle": "已确认查验结果，等两方签协议。", "reopen": "已退回复验，原来的签名作废。", "sign": "已签。", "take": "已登记交接，30 日内提交备案。",
		"file": "已备案。", "cancel": "已取消，这一期可以重新开始。", "repair": "已报告整改，等物业企业复验。", "judge": "已登记复验结果。", "carry": "已写进协议的遗留问题。", "rooms": "已登记移交的用房。", "attend": "已登记参加人员。", "dispute": "已提出争议，处理前不能签协议。", "note": "已同意带争议签协议。",
		"mediate": "已登记争议的处理。", "witness": "已见证。", "scan": "已上传盖章原件，等另一人核对。", "look": "已核对盖章原件。", "show": "已登记公示。", "down": "已登记撤下。", "whole": "已登记整体移交。",
		"supply": "已登记补交的资料。", "later": "已登记，建设单位的整改期限从今天起算。"})
	p := page{Title: h.Title() + "承接查验", Nav: handoversPath, Said: said, Fields: refused, Script: true, Scripts: scriptsIf(v.CanWalk), Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "handover", p)
	}
	return s.render(c, by, "handover", p)
}

// handoverSteps are the stages of a handover for its page.
func handoverSteps(state handover.State) []map[string]string {
	stages := []struct {
		label  string
		states []handover.State
	}{{"条件和资料", []handover.State{handover.Draft}}, {"查验", []handover.State{handover.Ready, handover.Walking}}, {"整改和复验", []handover.State{handover.Repairing, handover.Rechecking}},
		{"签协议", []handover.State{handover.Agreeing}}, {"交接", []handover.State{handover.Agreed}}, {"备案", []handover.State{handover.Transferred}}}
	now := len(stages)
	for i, stage := range stages {
		if slices.Contains(stage.states, state) {
			now = i
		}
	}
	out := make([]map[string]string, len(stages))
	for i, stage := range stages {
		word := ""
		switch {
		case state == handover.Cancelled:
		case i < now:
			word = "done"
		case i == now:
			word = "now"
		}
		out[i] = map[string]string{"State": word, "Label": stage.label}
	}
	return out
}

// mayOnHandover fills in what the actor may do now.
func (s *Server) mayOnHandover(v *handoverView, by policy.Actor, w *handover.Walk) {
	h := &w.Doc.State
	is := func(states ...handover.State) bool { return slices.Contains(states, h.State) }
	open, walk := s.guard.Allow(by, policy.OpenHandover), s.guard.Allow(by, policy.WalkHandover)
	v.Walks, v.Drafts = walk, s.guard.Allow(by, policy.ApplyClaim)
	v.CanPrepare = open && is(handover.Draft)
	v.CanHand = open && is(handover.Draft, handover.Ready, handover.Walking, handover.Repairing, handover.Rechecking, handover.Agreeing)
	v.CanCancel = v.CanHand
	v.CanCheck = walk && is(handover.Draft)
	v.CanStart = walk && is(handover.Ready)
	v.CanWalk = walk && is(handover.Walking)
	answered := v.Done == v.All
	v.Unpictured = len(w.Unpictured())
	v.CanNotify = walk && answered && v.Unpictured == 0 && v.Open > 0 && is(handover.Walking, handover.Rechecking)
	v.CanRecheck = walk && is(handover.Repairing)
	v.CanSettle = walk && answered && v.Unpictured == 0 && v.Open == len(w.Left()) && is(handover.Walking, handover.Rechecking)
	v.CanReopen = walk && is(handover.Agreeing)
	after := is(handover.Agreed, handover.Transferred, handover.Filed)
	v.CanJudge = walk && (is(handover.Rechecking) || after)
	v.CanRepair = s.guard.Allow(by, policy.RepairHandover) && (is(handover.Repairing) || after)
	if side, ok := s.handovers.Service.SideOf(by); ok {
		v.Side, v.Signed = side.Title(), w.Signed(side)
		v.CanSign = is(handover.Agreeing) && !v.Signed
	}
	v.CanTake = walk && is(handover.Agreed)
	v.CanSupply = walk && after && len(h.Owed()) > 0
	v.CanFile = s.guard.Allow(by, policy.FileHandover) && is(handover.Transferred)
}

// fillHandover puts the contents into words.
func (s *Server) fillHandover(v *handoverView, typed url.Values, w *handover.Walk, refused []fault.Field) {
	h := &w.Doc.State
	for i, cond := range h.Conditions {
		v.Conditions = append(v.Conditions, handoverCondition{cond.ID, w.List.Conditions[i].Name, cond.Met})
	}
	documents, owed := len(named(typed, "promise.")) > 0, h.Owed()
	for i, d := range h.Documents {
		line := handoverDocument{ID: d.ID, Name: w.List.Documents[i].Name, Promise: d.Promise, DueText: d.Due.Chinese(), Handed: d.Handed, Settled: d.Settled()}
		if line.Came = h.Supplied(d.ID).Chinese(); slices.Contains(owed, d) {
			line.Late, line.CanTake = d.Due.Compare(v.On) < 0, v.CanSupply
		}
		promise, due := d.Promise, d.Due.String()
		if d.Due.IsZero() {
			due = ""
		}
		if documents {
			promise, due, line.Handed = typed.Get("promise."+d.ID), typed.Get("due."+d.ID), typed.Get("handed-"+d.ID) != ""
		}
		both := withErrors([]field{{Name: "promise." + d.ID, Label: "承诺", Type: "text", Autocomplete: "off", Value: promise}, {Name: "due." + d.ID, Label: "补交日期", Type: "date", Value: due}}, refused)
		line.PromiseField, line.DueField = both[0], both[1]
		v.Documents = append(v.Documents, line)
	}
	for _, l := range w.Lines {
		if n := len(v.Places); n == 0 || v.Places[n-1].Name != l.Where {
			v.Places = append(v.Places, handoverPlace{Name: l.Where})
		}
		p := &v.Places[len(v.Places)-1]
		path := v.Path + "/items/" + l.Item.ID
		if l.Seq > 0 {
			p.Done++
		} else if v.First == "" {
			v.First = path
		}
		failed := l.Value == handover.Fail
		if failed {
			p.Fails++
		}
		p.Lines = append(p.Lines, handoverItemLine{l.Name, l.Sentence, l.Method, l.Value.Title(), path, failed})
	}
	if missing := w.Unpictured(); len(missing) > 0 {
		v.Picture = v.Path + "/items/" + missing[0].Item.ID
	}
	for _, l := range w.Findings() {
		v.Findings = append(v.Findings, s.handoverFinding(v, w, &l, typed, refused))
	}
	for _, n := range h.Notices {
		v.Notices = append(v.Notices, handoverNotice{On: n.On.Chinese(), Due: n.Clock.Due.Chinese(), Basis: n.Clock.Basis, Items: len(n.Items)})
	}
	for _, side := range handover.Parties() {
		line := handoverSide{Title: side.Title(), Signed: w.Signed(side)}
		for _, sign := range h.Signatures {
			if sign.Side == side && line.Signed {
				line.Office, line.At = s.titleOfOffice(sign.Hand.Office), dateTime(sign.Hand.At.Time)
			}
		}
		v.Sides = append(v.Sides, line)
	}
}

// handoverStep is what a form of the page of a handover does.
type handoverStep func(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error)

// handoverAct carries a form out and shows the handover again.
func (s *Server) handoverAct(do handoverStep) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		doc, err := do(c, by, handoverAt(c))
		if refused := refusedForm(err); refused != nil {
			return s.showHandover(c, by, formValues(c), refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, handoversPath+"/"+doc.ID+"?done="+c.Path()[strings.LastIndexByte(c.Path(), '/')+1:])
	}
}

// handoverAt is the handover that a form is about.
func handoverAt(c *fiber.Ctx) handover.At {
	at := atOf(c)
	return handover.At{ID: at.ID, Seq: at.Seq, Idem: at.Idem}
}

// plainAct is a step that needs nothing but the handover.
func plainAct(do func(context.Context, policy.Actor, handover.At) (store.Doc[handover.Handover], error)) handoverStep {
	return func(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
		return do(c.UserContext(), by, at)
	}
}

// reasonedAct is a step that needs a reason: the field is named after the step.
func reasonedAct(do func(context.Context, policy.Actor, handover.At, string) (store.Doc[handover.Handover], error)) handoverStep {
	return func(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
		name := c.Path()[strings.LastIndexByte(c.Path(), '/')+1:] + "-reason"
		doc, err := do(c.UserContext(), by, at, c.FormValue(name))
		if refused := refusedForm(err); refused != nil {
			return doc, fault.InvalidFields("web.reasonedAct", fault.Field{Name: name, Message: refused[0].Message})
		}
		return doc, err
	}
}

// named are the fields of a form whose names begin so, without that beginning.
func named(values url.Values, prefix string) []string {
	var out []string
	for name := range values {
		if id, ok := strings.CutPrefix(name, prefix); ok {
			out = append(out, id)
		}
	}
	return out
}

func (s *Server) sayConditions(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	return s.handovers.Service.Prepare(c.UserContext(), by, at, named(formValues(c), "met-"))
}

func (s *Server) sayDocuments(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	values := formValues(c)
	var said []handover.Document
	var bad []fault.Field
	for _, id := range named(values, "promise.") {
		d := handover.Document{ID: id, Handed: values.Get("handed-"+id) != "", Promise: values.Get("promise." + id)}
		d.Due, bad = formDay(values, "due."+id, bad)
		said = append(said, d)
	}
	return oneRound(c.UserContext(), bad, func(ctx context.Context) (handoverDoc, error) { return s.handovers.Service.Hand(ctx, by, at, said) })
}

// signHandover asks for the password again: the signature is a working confirmation, the sealed paper is the original.
func (s *Server) signHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	if err := s.people.Reauthenticate(c.UserContext(), by, c.FormValue("current")); err != nil {
		return store.Doc[handover.Handover]{}, err
	}
	at.Idem = nil // its body would hold the password
	return s.handovers.Service.Sign(c.UserContext(), by, at)
}

func (s *Server) takeHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	day, err := calendar.ParseDate(c.FormValue("day"))
	if err != nil {
		return store.Doc[handover.Handover]{}, fault.InvalidFields("web.takeHandover", fault.Field{Name: "day", Message: dayFault(c.FormValue("day"))})
	}
	return s.handovers.Service.Take(c.UserContext(), by, at, day)
}

func (s *Server) fileHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	return s.handovers.Service.File(c.UserContext(), by, at, c.FormValue("filing"))
}

// fillFilings fills in with what a handover is filed. A filing that came in stops the clock of the page: what is left is the bureau's.
func (s *Server) fillFilings(ctx context.Context, v *handoverView, by policy.Actor, h *handover.Handover, now time.Time, typed url.Values, refused []fault.Field) error {
	if s.filings == nil || h.Transferred.IsZero() || !s.guard.Allow(by, policy.ReadFiling) {
		return nil
	}
	receipts := []option{{"", "请选择"}}
	err := s.filings.Each(ctx, by, filing.Filter{Project: h.Project, Kind: handover.FilingKind}, func(id string, f *filing.Filing) {
		if f.Happened != h.Transferred || f.State == filing.Refused || f.State == filing.Withdrawn {
			return
		}
		v.Filings = append(v.Filings, filingLineOf(id, f, now))
		if f.Number != "" {
			receipts = append(receipts, option{id, f.Number + "，" + f.Filed.Chinese()})
		}
		if !f.Submitted.IsZero() {
			v.Clock = nil
		}
	})
	v.CanApply = h.State == handover.Transferred && len(v.Filings) == 0 && s.filings.MayApply(by, &filing.Filing{Kind: handover.FilingKind})
	if v.CanFile && len(receipts) > 1 {
		v.Receipt = &withErrors([]field{{Name: "filing", Label: "备案回执", Options: receipts, Value: typed.Get("filing")}}, refused)[0]
	}
	return err
}

// startHandoverFiling begins the filing of a handover with what is known of it: the day of the transfer, and the sealed agreement if a second person compared it.
func (s *Server) startHandoverFiling(c *fiber.Ctx, by policy.Actor) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	if h.State != handover.Transferred {
		return fault.New("web.startHandoverFiling", fault.Conflict, "这次承接查验现在是“"+h.State.Title()+"”，交接以后、备案以前才能提交备案")
	}
	in := filing.Opening{Kind: handover.FilingKind, Subject: h.Project, Happened: h.Transferred, Note: h.Title() + "，承接查验编号 " + h.Number(w.Doc.ID)}
	if scan := w.Sealed(); scan != nil && scan.Looked() {
		in.Files = map[string]files.Stored{"agreement": scan.File}
	}
	doc, err := s.filings.Start(c.UserContext(), by, in, formIdem(c))
	if err != nil {
		return err
	}
	return seeOther(c, filingsPath+"/"+doc.ID)
}

// supplyDocuments records promised documents that came after the agreement.
func (s *Server) supplyDocuments(c *fiber.Ctx, by policy.Actor, at handover.At) (store.Doc[handover.Handover], error) {
	values := formValues(c)
	day, bad := formDay(values, "received", nil)
	return oneRound(c.UserContext(), bad, func(ctx context.Context) (handoverDoc, error) {
		return s.handovers.Service.Supply(ctx, by, at, named(values, "came-"), day)
	})
}
