package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// officePath is where approved papers wait at the office (局办公室) for number and seal, sealsPath the register of seals (用印登记).
const (
	officePath = lettersPath + "/desk"
	sealsPath  = lettersPath + "/seals"
)

// sealSaid is what is said after a seal was recorded.
const sealSaid = "已登记用印。"

// officeRoutes are the pages of the office.
func (s *Server) officeRoutes() []Route {
	const get, post, one, seal = fiber.MethodGet, fiber.MethodPost, officePath + "/:id<maxLen(160)>", sealsPath + "/:id<maxLen(64)>"
	return append([]Route{
		{Method: get, Path: officePath, Action: policy.SealPaper, Handler: s.showsOverview(s.officeBoard)},
		{Method: get, Path: officePath + ".xlsx", Action: policy.SealPaper, Handler: s.sendsOverview(s.officeBoard)},
		{Method: get, Path: one, Action: policy.SealPaper, Handler: s.officePaper},
		{Method: get, Path: one + "/print", Action: policy.SealPaper, Handler: s.officePrint},
		{Method: post, Path: one + "/number", Action: policy.SealPaper, Handler: s.officeStep("number", s.giveNumber), Upload: maxFundForm},
		{Method: post, Path: one + "/seal", Action: policy.SealPaper, Handler: s.officeStep("seal", s.sealPaper), Upload: maxFundForm},
		{Method: get, Path: seal, Action: policy.ReadSent, Handler: s.oneSeal},
		{Method: post, Path: seal + "/void", Action: policy.SealPaper, Handler: s.voidSeal, Upload: maxFundForm},
	}, s.sealList().routes(s)...)
}

// officeName names a paper that waits in addresses: kind, case and paper.
func officeName(target, code string) string { return strings.Replace(target, "/", "~", 1) + "~" + code }

// officeTarget reads such a name. Returns NotFound for what is none.
func officeTarget(c *fiber.Ctx) (target, code string, err error) {
	part := strings.Split(c.Params("id"), "~")
	if len(part) != 3 || !plainPart(part[0]) || !plainPart(part[1]) || !plainPart(part[2]) {
		return "", "", fault.New("web.officeTarget", fault.NotFound, "没有这份文书")
	}
	return part[0] + "/" + part[1], part[2], nil
}

// What a paper waits for, in words.
const (
	waitsNumber = "等文号"
	waitsSeal   = "等用印"
	waitsSend   = "等送达"
)

// officeState says what a paper waits for.
func officeState(w *casework.Waiting) string {
	switch {
	case w.Numbered && w.Number == "":
		return waitsNumber
	case w.Sealed.IsZero():
		return waitsSeal
	}
	return waitsSend
}

// officeKind is what a paper is of, in words.
func officeKind(target string) string {
	kind, _, _ := strings.Cut(target, "/")
	for _, k := range letterKinds {
		if k.Value == kind {
			return k.Label
		}
	}
	return ""
}

// officeBoard is the list of the papers that wait.
func (s *Server) officeBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, officePath, "q", "state")
	b := boardAt(l, "文号与用印", "已经批准、还没有送达的文书：编文号，登记用印，再由承办人送达")
	list, err := s.letters.Waiting(c.UserContext(), by)
	if err != nil {
		return l, b, err
	}
	states := []option{{"", "全部"}}
	for _, word := range []string{waitsNumber, waitsSeal, waitsSend} {
		states = append(states, option{word, word})
	}
	b.Filters = []boardFilter{{Name: "q", Label: "文书、文号、小区或单位", Value: l.value["q"]}, {Name: "state", Label: "在等什么", Value: l.value["state"], Options: states}}
	b.Heads = []boardHead{head("文书", ""), head("在等什么", ""), head("文号", ""), head("送给谁", "no-s"), head("事项", "no-s"), head("用印", "no-s")}
	for i := range list {
		w := &list[i]
		state := officeState(w)
		if kind, _, _ := strings.Cut(w.Target, "/"); s.off(letterHomes[kind]) || !casework.Says(l.value["q"], w.Title, w.Number, w.About, w.To) || l.value["state"] != "" && l.value["state"] != state {
			continue
		}
		b.Rows = append(b.Rows, boardRow{Name: w.Title, Path: officePath + "/" + officeName(w.Target, w.Code), Sub: w.About, Cells: []boardCell{{Text: state, Chip: state}, {Text: w.Number}, textCell(w.To), textCell(officeKind(w.Target)),
			{Text: w.Sealed.Chinese(), Class: "no-s nw", Value: w.Sealed}}})
	}
	b.Acts = []crumb{{"用印登记", sealsPath}, {"发文登记簿", numbersPath}, {"取号、登记发文", lettersPath + "/new"}}
	b.Note = "只列批准了、还没有送达的；立案早的在前。送达由承办人登记，登记以后不再列在这里。"
	b.Nothing, b.NothingText = "没有等文号、用印的文书", "文书批准以后列在这里；不在系统里办的文书，在“取号、登记发文”里取号。"
	return l, b, nil
}

// officePaper is the page of a paper that waits.
func (s *Server) officePaper(c *fiber.Ctx, by policy.Actor) error {
	return s.showOfficePaper(c, by, url.Values{}, nil)
}

func (s *Server) showOfficePaper(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	target, code, err := officeTarget(c)
	if err != nil {
		return err
	}
	ctx := c.UserContext()
	w, err := s.letters.OneWaiting(ctx, by, target, code)
	if err != nil {
		return err
	}
	today := calendar.DateOf(s.clocks.Business())
	v := caseView{Home: officePath, HomeTitle: "文号与用印", Path: officePath + "/" + officeName(target, code), Key: newKey(), Title: w.Title, Sub: w.About, State: officeState(&w),
		Facts: filled([][2]string{{"事项", officeKind(target)}, {"关于", w.About}, {"送给谁", w.To}, {"立案日期", w.Opened.Chinese()}, {"文号", w.Number}, {"用印", w.Sealed.Chinese()}})}
	if w.Print != "" {
		v.Prints = []caseLink{{w.Title, v.Path + "/print"}}
	}
	if w.Number == "" && w.Sealed.IsZero() {
		form := caseForm{number: "文号", hint: "取下一个号，或者填办公室登记簿上已经编好的号；取的号归这份文书，印在文书上，承办人登记送达时已经填好。"}
		if form.next, err = s.letters.Next(ctx, code, today.Year()); err != nil {
			return err
		}
		v.Acts = append(v.Acts, form.act("number", "编文号", typed, refused, today))
	}
	if v.State == waitsSeal {
		v.Acts = append(v.Acts, sealAct(typed, refused, today))
	}
	v.Next = map[string]string{waitsNumber: "编文号", waitsSeal: "打印，用印，登记", waitsSend: "由承办人送达，并登记送达"}[v.State]
	openFirst(v.Acts, typed.Get("step"))
	said := map[string]string{"number": "已编文号，印在文书上；下一步用印。", "seal": sealSaid}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: officePath, Data: v, Fields: refused, Said: saidParam(c, said)})
}

// sealAct is the form for a seal.
func sealAct(typed url.Values, refused []fault.Field, today calendar.Date) caseAct {
	a := caseForm{number: "份数", day: "用印日期", hint: "核对文号、审批以后用印；写错的在用印登记里作废。"}.act("seal", "登记用印", typed, refused, today)
	for i := range a.Fields {
		if f := &a.Fields[i]; f.Name == "seal-number" {
			f.Mode, f.Hint = "numeric", "一共盖了几份"
			if f.Value == "" && typed.Get("step") != "seal" {
				f.Value = "1"
			}
		}
	}
	return a
}

// officeStep carries a step of the office out.
func (s *Server) officeStep(step string, do func(ctx context.Context, by policy.Actor, target, code string, in casework.Input, idem *store.Idem) error) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		target, code, err := officeTarget(c)
		if err != nil {
			return err
		}
		return s.caseStep(c, step, officePath+"/"+officeName(target, code), func(ctx context.Context, at casework.At, in casework.Input) error {
			return do(ctx, by, target, code, in, at.Idem)
		}, func(typed url.Values, refused []fault.Field) error {
			return s.showOfficePaper(c, by, typed, refused)
		})
	}
}

func (s *Server) giveNumber(ctx context.Context, by policy.Actor, target, code string, in casework.Input, idem *store.Idem) error {
	_, err := s.letters.Give(ctx, by, target, code, in.Number, idem)
	return err
}

func (s *Server) sealPaper(ctx context.Context, by policy.Actor, target, code string, in casework.Input, idem *store.Idem) error {
	_, err := s.letters.SealPaper(ctx, by, target, code, in.Day, in.Number, idem)
	return err
}

// sealLetter records the seal of a paper that no case sends.
func (s *Server) sealLetter(c *fiber.Ctx, by policy.Actor) error {
	return s.caseStep(c, "seal", lettersPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
		_, err := s.letters.SealLetter(ctx, by, at.ID, in.Day, in.Number, at.Idem)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showLetter(c, by, typed, refused) })
}

// officePrints are pages of cases that show a paper to the office.
type officePrints interface {
	about() (path, title string, read policy.Action)
	// officePrint shows the paper of a case that a code names (casework.SeriesRow), whoever asks. Returns NotFound for one that cannot be printed now.
	officePrint(c *fiber.Ctx, by policy.Actor, id, code, back string) error
}

// officePrint shows a paper to the office as long as it waits, and after it was sealed.
func (s *Server) officePrint(c *fiber.Ctx, by policy.Actor) error {
	target, code, err := officeTarget(c)
	if err != nil {
		return err
	}
	back := officePath + "/" + officeName(target, code)
	if _, err := s.letters.OneWaiting(c.UserContext(), by, target, code); fault.Is(err, fault.NotFound) {
		sealed, sealErr := s.letters.SealOf(c.UserContext(), by, target, code)
		if sealErr != nil {
			return sealErr
		}
		back = sealsPath + "/" + sealed.ID
	} else if err != nil {
		return err
	}
	kind, id, _ := strings.Cut(target, "/")
	for _, k := range s.batchKinds() {
		if pages, ok := k.(officePrints); ok && first3(k.about()) == letterHomes[kind] {
			return pages.officePrint(c, by, id, code, back)
		}
	}
	return fault.New("web.officePrint", fault.NotFound, "这份文书送达以后才有打印件")
}

func (p casePages[T, D]) officePrint(c *fiber.Ctx, by policy.Actor, id, code, back string) error {
	missing := fault.New("web.officePrint", fault.NotFound, "这份文书现在没有打印件")
	cases, ok := p.cases.(interface {
		Load(ctx context.Context, id string) (store.Doc[T], error)
	})
	if !ok || p.series == nil || p.bears == nil {
		return missing
	}
	doc, err := cases.Load(c.UserContext(), id)
	if err != nil {
		return err
	}
	for _, print := range p.prints(by, &doc.State) {
		do := p.bears(&doc.State, print.Link)
		if do == "" || p.series(&doc.State, do) != code {
			continue
		}
		v, err := p.paper(c.UserContext(), by, id, &doc.State, print)
		if err != nil {
			return err
		}
		return p.s.showPrint(c, by, v, print, back, p.target(id), code)
	}
	return missing
}

// sealList is the register of seals.
func (s *Server) sealList() caseList[casework.Seal] {
	filter := func(value map[string]string) casework.SealFilter {
		w := casework.SealFilter{Text: value["q"], State: value["state"]}
		w.From, _ = calendar.ParseDate(value["from"]) // what is no day does not narrow
		w.Until, _ = calendar.ParseDate(value["until"])
		return w
	}
	return caseList[casework.Seal]{path: sealsPath, nav: sealsPath, title: "用印登记", sub: "哪一份文书、哪一天、盖了几份；由局办公室登记", find: "文号、文书或对象", opened: "用印日期", figure: "份数", unit: "条", thing: "文书", read: policy.ReadSent,
		links: func(by policy.Actor) []crumb {
			if s.guard.Allow(by, policy.SealPaper) {
				return []crumb{{"文号与用印", officePath}}
			}
			return nil
		},
		nothing: "批准的文书在“文号与用印”里登记用印以后出现在这里。",
		filters: func(value map[string]string) []field {
			return []field{{Name: "state", Label: "状态", Options: []option{{Label: "全部"}, {casework.SealStands, casework.SealStands}, {casework.SealVoid, casework.SealVoid}}, Value: value["state"]},
				{Name: "from", Label: "从", Type: "date", Value: value["from"]}, {Name: "until", Label: "到", Type: "date", Value: value["until"]}}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, _ bool, after string) (store.Page[casework.Seal], error) {
			return s.letters.Seals(ctx, by, filter(value), after)
		},
		row: func(_ taskClock, id string, l *casework.Seal) caseRow {
			return caseRow{Path: sealsPath + "/" + id, Name: strings.TrimSpace(l.Number + " " + l.Title), Title: l.About, State: l.State(), Figure: count(int(l.Copies)), Short: count(int(l.Copies)) + " 份", Opened: l.Day.Chinese()}
		},
		heads: []string{"文号", "文书", "有关的小区、单位或者事项", "用印日期", "份数", "状态", "作废的原因"},
		cells: func(l *casework.Seal) [][]any {
			return [][]any{{l.Number, l.Title, l.About, l.Day, l.Copies, l.State(), l.Void}}
		},
	}
}

// oneSeal is a line of the register of seals.
func (s *Server) oneSeal(c *fiber.Ctx, by policy.Actor) error {
	return s.showSeal(c, by, url.Values{}, nil)
}

func (s *Server) showSeal(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	doc, err := s.letters.OneSeal(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	l := &doc.State
	v := caseView{Home: sealsPath, HomeTitle: "用印登记", Path: sealsPath + "/" + doc.ID, Key: newKey(), Seq: doc.Seq, Title: strings.TrimSpace(l.Number + " " + l.Title), Sub: l.About, State: l.State(), Reason: l.Void,
		Facts: filled([][2]string{{"文号", l.Number}, {"文书", l.Title}, {"有关的小区、单位或者事项", l.About}, {"用印日期", l.Day.Chinese()}, {"份数", count(int(l.Copies)) + " 份"}})}
	home := s.homeOf(l.Target)
	if id, manual := strings.CutPrefix(l.Target, "letter/"); manual {
		home = lettersPath + "/" + id
	}
	if home != "" {
		v.Links = append(v.Links, caseLink{"看这一件", home})
	}
	if s.guard.Allow(by, policy.SealPaper) {
		if l.For != "" {
			v.Prints = []caseLink{{l.Title, officePath + "/" + officeName(l.Target, l.For) + "/print"}}
		}
		if l.Void == "" {
			v.Acts = append(v.Acts, caseForm{text: "作废的原因", ends: true, aside: true, hint: "登记错了的作废，文书还没有送达的可以重新登记。"}.act("void", "用印登记作废", typed, refused, calendar.DateOf(s.clocks.Business())))
		}
	}
	history, err := s.letters.SealHistory(ctx, by, doc.ID)
	if err != nil {
		return err
	}
	for i := range history {
		v.History = append(v.History, step{"done", cmpTitle(history[i].Meta.Why), dateTime(history[i].At)})
	}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: sealsPath, Data: v, Fields: refused, Said: saidParam(c, map[string]string{"void": "已作废。"})})
}

// voidSeal takes a line back.
func (s *Server) voidSeal(c *fiber.Ctx, by policy.Actor) error {
	return s.caseStep(c, "void", sealsPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
		_, err := s.letters.VoidSeal(ctx, by, at, in.Text)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showSeal(c, by, typed, refused) })
}

// OfficeTasks are the papers that wait for number and seal at the office.
type OfficeTasks struct {
	// Guard tells who may do what, Letters is the register of what goes out. Both are required.
	Guard   *policy.Guard
	Letters *casework.Letters
}

// Tasks implements Tasks.
func (t OfficeTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.SealPaper) {
		return nil, nil
	}
	list, err := t.Letters.Waiting(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for i := range list {
		w := &list[i]
		verb, button := "给", "编文号"
		switch officeState(w) {
		case waitsSend:
			continue
		case waitsSeal:
			verb, button = "用印：", "登记用印"
		}
		title := verb + w.About + "的" + w.Title
		if button == "编文号" {
			title += "编文号"
		}
		out = append(out, Task{Title: title, Context: strings.TrimSpace(officeKind(w.Target) + " " + w.Number), Party: "局办公室", Link: officePath + "/" + officeName(w.Target, w.Code), Button: button, Nav: officePath, Count: 1})
	}
	return out, nil
}
