package web

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// caseStepName is a step of a kind of case.
type caseStepName interface {
	~string
	Title() string
	Action() policy.Action
}

// caseService runs the cases of a kind: claim.Service, refund.Service and the others. Errors as there.
type caseService[T any, D caseStepName] interface {
	One(ctx context.Context, by policy.Actor, id string) (store.Doc[T], error)
	History(ctx context.Context, by policy.Actor, id string) ([]store.Change[T], error)
	Do(ctx context.Context, by policy.Actor, at casework.At, do D, in casework.Input) (store.Doc[T], error)
	Can(ctx context.Context, by policy.Actor, one *T, do D) bool
	Today() calendar.Date
	// ItemsOf begins the names under which reminders of a case are noted.
	ItemsOf(id string) string
}

// signedCases are cases that are signed as well. Errors as there.
type signedCases[T any] interface {
	Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[T], error)
	SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[T], error)
	Approvals() policy.ApprovalDesk
}

// caseFile is a file of a case: its name in addresses, its title, and the thing within the case that it shows, "" for the case itself.
type caseFile struct {
	name, title, of string
	file            *files.Stored
}

// casePages are the pages of the cases of a kind: the list, and the case with its steps, signatures, files and papers to print. Each kind says what is its own.
type casePages[T any, D caseStepName] struct {
	caseList[T]
	s     *Server
	cases caseService[T, D]
	// of is the case to which an address belongs that names a part of it; nil: every address names a case.
	of func(id string) string
	// steps are all steps in the order of a life, forms those that have a form on the page; right is the right that the address of a step asks for where it is not the step's own.
	steps []D
	forms func(one *T) map[D]caseForm
	right map[D]policy.Action
	// signs signs the cases, nil if nothing of the kind is signed.
	signs signedCases[T]
	// shared is what a case has of every case, last what was done last, signing the approval that waits.
	shared  func(one *T) *casework.Case
	last    func(one *T) D
	signing func(one *T) *policy.Approval
	// hangs: a paper hangs to be read, and nobody is late once its days are over; nil for never.
	hangs func(one *T) bool
	// files are the files of a case, prints its papers for the actor by their name in addresses.
	files  func(one *T) []caseFile
	prints func(by policy.Actor, one *T) []caseLink
	// view adds to the page what only this kind has: title, sub, state, next, facts, notes and so on, and forms beside the steps. said are sentences after steps that are told differently.
	view func(c *fiber.Ctx, by policy.Actor, one *T, v *caseView, typed url.Values, refused []fault.Field) error
	said map[string]string
	// opinion is what the reason of a signature is called where an agreement needs one too, "" where it does not.
	opinion string
	// over tells that a case is closed; a kind that says so has a file (一案一档). parts are its papers where they have an order of their own, nil for the usual one.
	over  func(one *T) bool
	parts func(c *fiber.Ctx, by policy.Actor, id string, one *T) ([]volumeItem, error)
	// series names the paper that a step gives a number (see casework.SeriesRow); nil: no number is proposed.
	series func(one *T, do D) string
	// bears is the step that gives a print its number, "" for a print that bears none: a number that was taken for it beforehand stands on it. nil: no print of the kind does.
	bears func(one *T, link string) D
	// paper puts a paper that prints names into words.
	paper func(ctx context.Context, by policy.Actor, id string, one *T, print caseLink) (printView, error)
}

// paperSaid is what is said after a signature on paper was recorded.
const paperSaid = "已登记签字件，另一人核对以后生效。"

// routes are the pages of the kind.
func (p casePages[T, D]) routes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	one := p.path + "/:id<maxLen(64)>"
	rows := append(p.caseList.routes(p.s),
		Route{Method: get, Path: one, Action: p.read, Handler: p.one},
		Route{Method: get, Path: one + "/files/:file<maxLen(44)>", Action: p.read, Handler: p.file},
		Route{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: p.read, Handler: p.print})
	if p.over != nil {
		rows = append(rows, Route{Method: get, Path: one + "/whole", Action: p.read, Handler: p.whole})
	}
	if p.signs != nil {
		rows = append(rows, Route{Method: post, Path: one + "/sign", Action: policy.SignApproval, Handler: p.sign}, Route{Method: post, Path: one + "/paper", Action: policy.SignApproval, Handler: p.signOnPaper, Upload: maxFundForm})
	}
	for _, do := range slices.Sorted(maps.Keys(p.forms(new(T)))) {
		action := do.Action()
		if right, other := p.right[do]; other {
			action = right
		}
		rows = append(rows, Route{Method: post, Path: one + "/" + string(do), Action: action, Handler: p.do(do), Upload: maxFundForm})
	}
	return rows
}

// id is the case that a request names.
func (p casePages[T, D]) id(c *fiber.Ctx) string {
	if p.of != nil {
		return p.of(c.Params("id"))
	}
	return c.Params("id")
}

// target names a case for the register of what goes out.
func (p casePages[T, D]) target(id string) string { return letterKind(p.path) + "/" + id }

// titleOf is what the paper of a step is called: the print that it numbers, else the step.
func (p casePages[T, D]) titleOf(by policy.Actor, one *T, do D) string {
	if p.bears != nil {
		for _, print := range p.prints(by, one) {
			if p.bears(one, print.Link) == do {
				title, _, _ := strings.Cut(print.Title, "（")
				return title
			}
		}
	}
	return do.Title()
}

// address is the page of the case that a request names.
func (p casePages[T, D]) address(c *fiber.Ctx) string { return p.path + "/" + p.id(c) }

// one is the page of a case; the address of a part of it leads there.
func (p casePages[T, D]) one(c *fiber.Ctx, by policy.Actor) error {
	if p.id(c) != c.Params("id") {
		return seeOther(c, p.address(c))
	}
	return p.show(c, by, url.Values{}, nil)
}

// show shows a case and what the actor can do with it.
func (p casePages[T, D]) show(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), p.id(c)
	doc, err := p.cases.One(ctx, by, id)
	if err != nil {
		return err
	}
	one := &doc.State
	shared := p.shared(one)
	v := caseView{Home: p.path, HomeTitle: p.title, Path: p.address(c), Key: newKey(), Seq: doc.Seq, Reason: shared.Reason, Levels: p.s.approvalLevels(shared.Approval)}
	if p.above != nil {
		v.Above = p.above(by)
	}
	for _, f := range p.files(one) {
		if f.of == "" {
			v.Papers = append(v.Papers, caseLink{f.title, v.Path + "/files/" + f.name})
		}
	}
	for _, print := range p.prints(by, one) {
		v.Prints = append(v.Prints, caseLink{print.Title, v.Path + "/print/" + print.Link})
	}
	if p.over != nil {
		v.Prints = append(v.Prints, caseLink{"一案一档", v.Path + "/whole"})
	}
	if err := p.view(c, by, one, &v, typed, refused); err != nil {
		return err
	}
	if v.Facts, err = p.s.reminded(ctx, v.Facts, shared.Project, p.cases.ItemsOf(id)); err != nil {
		return err
	}
	clock := p.s.clockOf(ctx)
	switch {
	case v.ClockTitle != "":
		v.Clock, v.Late = clock.hung(v.ClockTitle, "期满", shared.Clock)
	case p.hangs != nil && p.hangs(one):
		v.Clock, v.Late = clock.hung(v.State, "公示期满", shared.Clock)
	default:
		v.Clock, v.Late = clock.running(v.State, shared.Clock)
	}
	forms, beside := p.forms(one), v.Acts
	v.Acts = nil
	for _, do := range p.steps {
		if form, has := forms[do]; has && string(do) != v.Later && p.cases.Can(ctx, by, one, do) {
			if p.series != nil {
				if form, err = p.s.suggested(ctx, by, form, p.target(id), p.series(one, do), p.titleOf(by, one, do)); err != nil {
					return err
				}
			}
			v.Acts = append(v.Acts, form.act(string(do), do.Title(), typed, refused, p.cases.Today()))
		}
	}
	v.Acts = append(v.Acts, beside...)
	openFirst(v.Acts, typed.Get("step"))
	if p.signs != nil {
		if err := p.s.signCase(c, by, &v, p.signs.Approvals(), p.signing(one), shared.Scans, shared.Keys, shared.Opened, typed, refused); err != nil {
			return err
		}
		for i := range v.Signing.Sign {
			if f := &v.Signing.Sign[i]; p.opinion != "" && f.Name == "reason" {
				f.Label, f.Optional, f.Hint = p.opinion, false, ""
			}
		}
	}
	history, err := p.cases.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = caseHistory(history, func(one *T) string { return p.last(one).Title() })
	said := map[string]string{"sign": "已签署。", "paper": paperSaid, "number": "已取号，印在文书上；送达登记时已经填好。"}
	for _, do := range p.steps {
		if said[string(do)] == "" {
			said[string(do)] = "已办：" + do.Title() + "。"
		}
	}
	maps.Copy(said, p.said)
	return p.s.render(c, by, "fund_case", page{Title: v.Title, Nav: p.nav, Data: v, Fields: refused, Said: saidParam(c, said), Script: v.Walks, Scripts: scriptsIf(v.Walks)})
}

// reminded adds to the facts of a case when somebody was reminded of its clocks.
func (s *Server) reminded(ctx context.Context, facts [][2]string, project, items string) ([][2]string, error) {
	if s.registered == nil || project == "" {
		return facts, nil
	}
	marks, err := s.registered.Marks(ctx, project, items)
	for _, m := range marks {
		said := calendar.DateOf(m.At.Time).Chinese() + "提醒过，期限到" + m.Until.Chinese()
		if m.Stage == casework.StageEnded {
			said = calendar.DateOf(m.At.Time).Chinese() + "提醒逾期，期限到" + m.Until.Chinese()
		}
		facts = append(facts, [2]string{"提醒", said})
	}
	return facts, err
}

// again shows the case with what was typed and refused.
func (p casePages[T, D]) again(c *fiber.Ctx, by policy.Actor) func(url.Values, []fault.Field) error {
	return func(typed url.Values, refused []fault.Field) error { return p.show(c, by, typed, refused) }
}

// do carries a step out.
func (p casePages[T, D]) do(do D) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		return p.s.caseStep(c, string(do), p.address(c), func(ctx context.Context, at casework.At, in casework.Input) error {
			_, err := p.cases.Do(ctx, by, at, do, in)
			return err
		}, p.again(c, by))
	}
}

// sign signs at one's level.
func (p casePages[T, D]) sign(c *fiber.Ctx, by policy.Actor) error {
	return p.s.caseSign(c, p.address(c), func(at casework.At, sign policy.Sign, password string) error {
		_, err := p.signs.Sign(c.UserContext(), by, at, sign, password)
		return err
	}, p.again(c, by))
}

// signOnPaper records a signature on paper.
func (p casePages[T, D]) signOnPaper(c *fiber.Ctx, by policy.Actor) error {
	return p.s.casePaper(c, p.address(c), func(at casework.At, in policy.OnPaper, password string) error {
		_, err := p.signs.SignOnPaper(c.UserContext(), by, at, in, password)
		return err
	}, p.again(c, by))
}

// file hands out a file of a case.
func (p casePages[T, D]) file(c *fiber.Ctx, by policy.Actor) error {
	doc, err := p.cases.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	name := c.Params("file")
	if scan := scanOf(p.shared(&doc.State).Scans, name); scan != nil {
		return p.s.sendStored(c, scan)
	}
	for _, f := range p.files(&doc.State) {
		if f.name == name {
			return p.s.sendStored(c, f.file)
		}
	}
	return p.s.sendStored(c, nil)
}

// print is a paper of a case for printing.
func (p casePages[T, D]) print(c *fiber.Ctx, by policy.Actor) error {
	doc, err := p.cases.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	for _, print := range p.prints(by, &doc.State) {
		if print.Link == c.Params("paper") {
			v, err := p.paper(c.UserContext(), by, doc.ID, &doc.State, print)
			if err != nil {
				return err
			}
			code := ""
			if p.bears != nil {
				if do := p.bears(&doc.State, print.Link); do != "" {
					code = p.series(&doc.State, do)
				}
			}
			return p.s.showPrint(c, by, v, print, p.path+"/"+doc.ID, p.target(doc.ID), code)
		}
	}
	return fault.New("web.print", fault.NotFound, "现在没有这份文书")
}

// showPrint shows a paper of a case for printing; one that bears no number yet shows the number that was taken for it, by the code of its paper, "" for one that bears none.
func (s *Server) showPrint(c *fiber.Ctx, by policy.Actor, v printView, print caseLink, back, target, code string) (err error) {
	if v.Number == "" && code != "" {
		if v.Number, err = s.heldFor(c.UserContext(), target, code); err != nil {
			return err
		}
	}
	v.Back, v.Kind = back, print.Title
	return s.render(c, by, "fund_print", page{Title: print.Title, Script: true, Data: v, Paper: cmp.Or(v.Paper, print.Title)})
}

// caseFiles gathers the files of a case.
type caseFiles []caseFile

// add adds a file that there is.
func (l *caseFiles) add(name, title, of string, file *files.Stored) {
	if file != nil {
		*l = append(*l, caseFile{name, title, of, file})
	}
}

// paper adds the scan of a paper, if it has one.
func (l *caseFiles) paper(name, title string, paper *casework.Paper) {
	if paper != nil {
		l.add(name, title, "", paper.File)
	}
}

// caseWork is a step that stands on a to-do page while a case is in one of some states, with the word on its button; more of these, the most pressing first, are the work of a kind.
type caseWork[S, D any] struct {
	step   D
	states []S
	verb   string
	button string
}

// openCases reads every page of a list of cases in which something is to be done: what waits for others must not hide what is one's own turn.
func openCases[T any](list func(after string) (store.Page[T], error)) (out []store.Doc[T], err error) {
	err = eachPage(list, func(d store.Doc[T]) { out = append(out, d) })
	return out, err
}

// caseTasks are the lines of a to-do page about the cases of a list: of each the first work that the actor can do now. line puts it into words; its clock is added unless the step waits for it to run out.
func caseTasks[T any, S comparable, D caseStepName](docs []store.Doc[T], work []caseWork[S, D], state func(*T) S, can func(*T, D) bool, clock func(*T, D) calendar.Deadline, line func(id string, one *T, w caseWork[S, D]) Task) []Task {
	var out []Task
	for i := range docs {
		one := &docs[i].State
		for _, w := range work {
			if !slices.Contains(w.states, state(one)) || !can(one, w.step) {
				continue
			}
			k := line(docs[i].ID, one, w)
			if d := clock(one, w.step); d.Rule != "" {
				with := clockTask(d)
				k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, k)
			break
		}
	}
	return out
}
