package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// handoversPath is the list of handover inspections.
const handoversPath = "/handovers"

// Handovers is what the pages of handover inspections need; both are required, and Options.Register too.
type Handovers struct {
	// Service keeps them.
	Service *handover.Service
	// Photos keeps pictures.
	Photos Photos
}

// handoverRoutes are the rows of handover inspections.
func (s *Server) handoverRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	if s.handovers == nil {
		return nil
	}
	const one, item = handoversPath + "/:id<maxLen(64)>", handoversPath + "/:id<maxLen(64)>/items/:item<maxLen(60)>"
	return append(s.handoverImportRoutes(), []Route{
		{Method: get, Path: handoversPath, Action: policy.ReadHandover, Handler: s.handoverList},
		{Method: get, Path: handoversPath + "/new", Action: policy.OpenHandover, Handler: s.newHandover},
		{Method: post, Path: handoversPath + "/new", Action: policy.OpenHandover, Handler: s.openHandover},
		{Method: get, Path: handoversPath + workerFile, Action: policy.Public, Handler: s.walkWorker, Plain: true},
		{Method: get, Path: one, Action: policy.ReadHandover, Handler: s.handoverPage},
		{Method: get, Path: handoversPath + ".xlsx", Action: policy.ReadHandover, Handler: s.handoversExcel},
		{Method: get, Path: one + "/sheet.xlsx", Action: policy.ReadHandover, Handler: s.handoverExcel},
		{Method: get, Path: one + "/print/:paper<maxLen(20)>", Action: policy.ReadHandover, Handler: s.handoverPaper}, {Method: get, Path: one + "/whole", Action: policy.ReadHandover, Handler: s.handoverWhole},
		{Method: get, Path: one + "/photos/:photo<maxLen(64)>", Action: policy.ReadHandover, Handler: s.handoverPhoto},
		{Method: post, Path: one + "/conditions", Action: policy.OpenHandover, Handler: s.handoverAct(s.sayConditions)},
		{Method: post, Path: one + "/documents", Action: policy.OpenHandover, Handler: s.handoverAct(s.sayDocuments)},
		{Method: post, Path: one + "/check", Action: policy.WalkHandover, Handler: s.handoverAct(plainAct(s.handovers.Service.Check))},
		{Method: post, Path: one + "/start", Action: policy.WalkHandover, Handler: s.handoverAct(plainAct(s.handovers.Service.Start))},
		{Method: post, Path: one + "/notify", Action: policy.WalkHandover, Handler: s.handoverAct(plainAct(s.handovers.Service.Notify))},
		{Method: post, Path: one + "/recheck", Action: policy.WalkHandover, Handler: s.handoverAct(plainAct(s.handovers.Service.Recheck))},
		{Method: post, Path: one + "/settle", Action: policy.WalkHandover, Handler: s.handoverAct(plainAct(s.handovers.Service.Settle))},
		{Method: post, Path: one + "/reopen", Action: policy.WalkHandover, Handler: s.handoverAct(reasonedAct(s.handovers.Service.Reopen))},
		{Method: post, Path: one + "/sign", Action: policy.SignHandover, Handler: s.handoverAct(s.signHandover)},
		{Method: post, Path: one + "/take", Action: policy.WalkHandover, Handler: s.handoverAct(s.takeHandover)},
		{Method: post, Path: one + "/filing", Action: policy.ApplyFiling, Handler: s.startHandoverFiling},
		{Method: post, Path: one + "/file", Action: policy.FileHandover, Handler: s.handoverAct(s.fileHandover)},
		{Method: post, Path: one + "/cancel", Action: policy.OpenHandover, Handler: s.handoverAct(reasonedAct(s.handovers.Service.Cancel))},
		{Method: post, Path: one + "/rooms", Action: policy.WalkHandover, Handler: s.handoverAct(s.receiveRooms)},
		{Method: post, Path: one + "/attend", Action: policy.WalkHandover, Handler: s.handoverAct(s.attendHandover)},
		{Method: post, Path: one + "/dispute", Action: policy.SignHandover, Handler: s.handoverAct(s.disputeHandover)},
		{Method: post, Path: one + "/note", Action: policy.SignHandover, Handler: s.handoverAct(s.noteDispute)},
		{Method: post, Path: one + "/mediate", Action: policy.MediateHandover, Handler: s.handoverAct(s.mediateDispute)},
		{Method: post, Path: one + "/witness", Action: policy.WitnessHandover, Handler: s.handoverAct(s.witnessHandover)},
		{Method: get, Path: one + "/scan", Action: policy.ReadHandover, Handler: s.handoverScan},
		{Method: post, Path: one + "/scan", Action: policy.SignHandover, Handler: s.scanHandover, Upload: maxFiling},
		{Method: post, Path: one + "/look", Action: policy.WitnessHandover, Handler: s.handoverAct(s.lookAtScan)},
		{Method: post, Path: one + "/show", Action: policy.WalkHandover, Handler: s.showResult, Upload: maxFiling},
		{Method: post, Path: one + "/down", Action: policy.WalkHandover, Handler: s.handoverAct(s.takeResultDown)},
		{Method: post, Path: one + "/whole", Action: policy.WalkHandover, Handler: s.handoverAct(s.wholeHandover)},
		{Method: post, Path: one + "/supply", Action: policy.WalkHandover, Handler: s.handoverAct(s.supplyDocuments)},
		{Method: post, Path: one + "/later", Action: policy.WalkHandover, Handler: s.tellDefect, Upload: answerBytes},
		{Method: get, Path: item, Action: policy.WalkHandover, Handler: s.handoverItem},
		{Method: post, Path: item + "/rest", Action: policy.WalkHandover, Handler: s.restHandover},
		{Method: post, Path: item + "/carry", Action: policy.WalkHandover, Handler: s.carryFinding},
		{Method: post, Path: item, Action: policy.WalkHandover, Handler: s.answerHandover, Upload: answerBytes},
		{Method: post, Path: item + "/repair", Action: policy.RepairHandover, Handler: s.repairHandover},
		{Method: post, Path: item + "/judge", Action: policy.WalkHandover, Handler: s.judgeHandover},
	}...)
}

// handoverLine is one handover of a list.
type handoverLine struct {
	ID, Number, Path, Title, Developer, Firm, State, Reason string
	// What is to be done until when; Late and Left say how that stands.
	What, Due, Chip, Left string
}

func handoverLineOf(d store.Doc[handover.Handover], clock taskClock) handoverLine {
	h := &d.State
	l := handoverLine{ID: d.ID, Number: h.Number(d.ID), Path: handoversPath + "/" + d.ID, Title: h.Title(), Developer: h.DeveloperName, Firm: h.FirmName, State: h.State.Title(), Reason: h.Reason}
	if what, due, ok := h.Clock(); ok {
		l.What, l.Due = what, due.Due.Chinese()
		l.Chip, l.Left = clock.left(clockTask(due))
	}
	return l
}

// clockTask is a period that runs as the to-do pages have it.
func clockTask(d calendar.Deadline) Task {
	return Task{Due: d.Due, Unresolved: !d.Resolved(), Basis: d.Basis}
}

// handoversView is what handovers.html shows.
type handoversView struct {
	Rows     []handoverLine
	Query    string
	State    field
	Project  string
	Next     string
	Excel    string
	Filtered bool
	CanOpen  bool
	// Links are other pages about the handovers.
	Links []crumb
}

// handoverList lists the handovers of the scope.
func (s *Server) handoverList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, handoversPath, "q", "state", "project")
	docs, err := s.handovers.Service.ListPage(c.UserContext(), by, handover.Filter{Text: l.value["q"], State: handover.State(l.value["state"]), Project: l.value["project"]}, l.after)
	if err != nil {
		return err
	}
	states := []option{{Value: "", Label: "全部"}}
	for _, state := range handover.States() {
		states = append(states, option{Value: string(state), Label: state.Title()})
	}
	v := handoversView{Query: l.value["q"], State: field{Name: "state", Label: "状态", Options: states, Value: l.value["state"]}, Project: l.value["project"],
		Next: nextPage(c, docs.Next), Excel: l.excel(), Filtered: l.filtered(), CanOpen: s.guard.Allow(by, policy.OpenHandover), Links: append(s.urges(by, "handovers"), s.printsOf(handoversPath)...)}
	clock := s.clockOf(c.UserContext())
	for _, d := range docs.Docs {
		v.Rows = append(v.Rows, handoverLineOf(d, clock))
	}
	return s.render(c, by, "handovers", page{Title: "承接查验", Nav: handoversPath, Data: v})
}

// handoverNewView is what handover_new.html shows: without a project those to choose from.
type handoverNewView struct {
	Project, Name, Key, Find string
	Found                    []registry.ProjectRow
	More                     bool
	Form                     []field
	Problem                  string
}

// newHandover chooses a project, then asks for phase and days.
func (s *Server) newHandover(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewHandover(c, by, c.Query("project"), nil, nil)
}

func (s *Server) showNewHandover(c *fiber.Ctx, by policy.Actor, project string, values url.Values, refused []fault.Field) error {
	v := handoverNewView{Project: project, Key: newKey(), Find: c.Query("find")}
	if project == "" {
		found, err := s.registered.Projects(c.UserContext(), by, registry.ProjectQuery{Text: v.Find})
		if err != nil {
			return err
		}
		v.Found, v.More = found.Rows, found.Next != ""
		return s.render(c, by, "handover_new", page{Title: "开始承接查验", Nav: handoversPath, Data: v})
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return err
	}
	v.Name = row.Name
	if len(row.Project.Phases) > 0 {
		phases := []option{{Value: "", Label: "请选择"}}
		for _, phase := range row.Project.Phases {
			phases = append(phases, option{Value: phase.ID, Label: phase.Name})
		}
		v.Form = append(v.Form, field{Name: "phase", Label: "分期", Options: phases, Value: values.Get("phase"), Hint: "分期建设的，每一期各办一次，最后一期办整体移交"})
	}
	v.Form = withErrors(append(v.Form, field{Name: "inspection", Label: "计划现场查验日期", Type: "date", Value: values.Get("inspection"), Hint: "资料要在这一天前 20 日移交"},
		field{Name: "delivery", Label: "计划交付日期", Type: "date", Value: values.Get("delivery"), Hint: "承接查验要在交付前 15 日完成"}), refused)
	for _, f := range refused {
		if f.Name == "project" {
			v.Problem = f.Message
		}
	}
	p := page{Title: "开始承接查验", Nav: handoversPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "handover_new", p)
	}
	return s.render(c, by, "handover_new", p)
}

// openHandover opens a handover and shows it.
func (s *Server) openHandover(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	in := handover.Opening{Project: values.Get("project"), Phase: values.Get("phase"), Idem: formIdem(c)}
	var bad []fault.Field
	in.Inspection, bad = formDay(values, "inspection", bad)
	in.Delivery, bad = formDay(values, "delivery", bad)
	doc, err := oneRound(c.UserContext(), bad, func(ctx context.Context) (handoverDoc, error) { return s.handovers.Service.Open(ctx, by, in) })
	if fault.Is(err, fault.Conflict) {
		return s.showNewHandover(c, by, in.Project, values, []fault.Field{{Name: "project", Message: fault.MessageOf(err)}})
	}
	if refused := refusedForm(err); refused != nil {
		return s.showNewHandover(c, by, in.Project, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, handoversPath+"/"+doc.ID+"?done=new")
}

// formDay reads a day of a form; no day for nothing typed. What is no day is put behind bad.
func formDay(values url.Values, name string, bad []fault.Field) (calendar.Date, []fault.Field) {
	text := values.Get(name)
	if text == "" {
		return calendar.Date{}, bad
	}
	day, err := calendar.ParseDate(text)
	if err != nil {
		bad = append(bad, fault.Field{Name: name, Message: dayFault(text)})
	}
	return day, bad
}

// handoverPhoto shows a photo of a finding or of a notice board; the handover decides who sees it.
func (s *Server) handoverPhoto(c *fiber.Ctx, by policy.Actor) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	for _, show := range w.Doc.State.Shows {
		if show.Photo.Original == c.Params("photo") {
			return s.sendPhoto(c, s.handovers.Photos, show.Photo.Shown)
		}
	}
	for _, l := range append(w.Findings(), w.Hidden...) {
		at := slices.IndexFunc(l.Photos, func(p handover.Photo) bool { return p.Original == c.Params("photo") })
		if at >= 0 {
			return s.sendPhoto(c, s.handovers.Photos, l.Photos[at].Shown)
		}
	}
	return fault.New("web.handoverPhoto", fault.NotFound, "")
}
