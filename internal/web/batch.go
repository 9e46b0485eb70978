package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// printsPath is where papers are chosen to be printed together (批量打印), printsSheetsPath all of them on one page; batchSignPath is where cases are signed together (批量签发).
const (
	printsPath       = "/prints"
	printsSheetsPath = printsPath + "/sheets"
	batchSignPath    = approvalsPath + "/sign"
)

// The most papers of one print, and the most signatures at once.
const (
	maxPrints  = 50
	maxSigning = 30
)

// printKind is something whose papers are printed together: a kind of case (casePages), or another list whose rows have papers (listedPapers).
type printKind interface {
	// about is the address, the title and the right to read.
	about() (path, title string, read policy.Action)
	// papersOf lists the papers of a page of the list that is narrowed by a request, with the address of the next page.
	papersOf(c *fiber.Ctx, by policy.Actor) (filters []field, rows []printRow, next string, err error)
	// paperAt is the address at which a paper opens, by what its box sends.
	paperAt(id, paper string) string
}

// batchKind is a kind of case whose approvals are signed together besides; casePages is.
type batchKind interface {
	printKind
	// signable lists what waits for the actor's signature on the screen.
	signable(ctx context.Context, by policy.Actor) ([]batchRow, error)
	// signOne agrees at the actor's seat to what he saw.
	signOne(ctx context.Context, by policy.Actor, at casework.At, hash, password string) error
}

// batchKinds are the kinds that this installation has.
func (s *Server) batchKinds() (out []batchKind) {
	add := func(has bool, kind func() batchKind) {
		if !has {
			return
		}
		if k := kind(); !s.off(first3(k.about())) {
			out = append(out, k)
		}
	}
	add(s.rectifications != nil, func() batchKind { return s.rectificationPages() })
	add(s.inspections != nil, func() batchKind { return s.inspectionPages() })
	add(s.vetoes != nil, func() batchKind { return s.vetoPages() })
	add(s.standings != nil, func() batchKind { return s.standingPages() })
	add(s.claims != nil, func() batchKind { return s.claimPages() })
	add(s.refunds != nil, func() batchKind { return s.refundPages() })
	add(s.dunnings != nil, func() batchKind { return s.dunningPages() })
	add(s.applications != nil, func() batchKind { return s.applicationPages() })
	add(s.responses != nil, func() batchKind { return s.responsePages() })
	add(s.adoptions != nil, func() batchKind { return s.schemePages() })
	add(s.cycle != nil, func() batchKind { return s.objectionPages() })
	add(s.cycle != nil, func() batchKind { return s.remarkPages() })
	add(s.cycle != nil, func() batchKind { return s.coachTaskPages() })
	return out
}

// printKinds are the kinds of papers that this installation has: cases, and what else has papers.
func (s *Server) printKinds() (out []printKind) {
	for _, k := range s.batchKinds() {
		out = append(out, k)
	}
	return append(out, s.listedKinds()...)
}

// printKindAt is the kind whose list lies at an address, nil for none.
func (s *Server) printKindAt(path string) printKind {
	for _, k := range s.printKinds() {
		if first3(k.about()) == path {
			return k
		}
	}
	return nil
}

// printsOf is the link of a list to where its papers are printed together; none for a list without papers.
func (s *Server) printsOf(path string) []crumb {
	if s.printKindAt(path) == nil {
		return nil
	}
	return []crumb{{"批量打印", printsPath + "?of=" + url.QueryEscape(path)}}
}

// first3 is the first of three.
func first3(path, _ string, _ policy.Action) string { return path }

// batchRoutes are the pages on which several are printed or signed.
func (s *Server) batchRoutes() []Route {
	if len(s.printKinds()) == 0 {
		return nil
	}
	const get = fiber.MethodGet
	var rows []Route
	if len(s.batchKinds()) > 0 {
		rows = s.batchSign().routes(s)
	}
	return append(rows, Route{Method: get, Path: printsPath, Action: policy.ReadTodo, Handler: s.prints}, Route{Method: get, Path: printsSheetsPath, Action: policy.ReadTodo, Handler: s.printSheets})
}

// printRow is a case with its papers; Value of a paper is what its box sends.
type printRow struct {
	Path, Name, Sub, State string
	Papers                 []printBox
}

type printBox struct {
	Value, Title string
	Checked      bool
}

func (p casePages[T, D]) about() (path, title string, read policy.Action) {
	return p.path, p.title, p.read
}

func (p casePages[T, D]) paperAt(id, paper string) string {
	return p.path + "/" + id + "/print/" + paper
}

func (p casePages[T, D]) papersOf(c *fiber.Ctx, by policy.Actor) ([]field, []printRow, string, error) {
	return p.printed(p.s, c, by, p.path, func(one *T) (out []printBox) {
		for _, print := range p.prints(by, one) {
			out = append(out, printBox{Value: print.Link, Title: print.Title})
		}
		return out
	})
}

// printed lists the papers of a page of a list, narrowed as a request says; home is where its rows have their pages, papers tells which a row has: Value is the name in its address.
func (l caseList[T]) printed(s *Server, c *fiber.Ctx, by policy.Actor, home string, papers func(one *T) []printBox) ([]field, []printRow, string, error) {
	at := l.address(c)
	at.path = printsPath
	found, err := l.page(c.UserContext(), by, at.value, false, at.after)
	if err != nil {
		return nil, nil, "", err
	}
	clock := s.clockOf(c.UserContext())
	var rows []printRow
	for i := range found.Docs {
		d := &found.Docs[i]
		line := l.row(clock, d.ID, &d.State)
		row := printRow{Path: home + "/" + d.ID, Name: line.Name, Sub: line.Title, State: line.State, Papers: papers(&d.State)}
		for k := range row.Papers {
			row.Papers[k].Value = d.ID + "~" + row.Papers[k].Value
		}
		if len(row.Papers) > 0 {
			rows = append(rows, row)
		}
	}
	return l.filters(at.value), rows, nextPage(c, found.Next), nil
}

// printsView is what prints.html shows.
type printsView struct {
	Kinds        []crumb
	Path, Title  string
	Query        string
	Filters      []field
	Rows         []printRow
	Next, Sheets string
	Most, Papers int
	// All and No are the addresses that tick all papers of the page and none.
	All, No string
	// PDF: the server makes one of what was ticked.
	PDF            bool
	Current, Clear string
}

// prints lets papers be chosen.
func (s *Server) prints(c *fiber.Ctx, by policy.Actor) error {
	v := printsView{PDF: s.pdf != nil, Sheets: printsSheetsPath, Most: maxPrints, Query: strings.TrimSpace(c.Query("q"))}
	var chosen printKind
	for _, k := range s.printKinds() {
		path, title, read := k.about()
		if !s.guard.Allow(by, read) {
			continue
		}
		v.Kinds = append(v.Kinds, crumb{title, printsPath + "?of=" + url.QueryEscape(path)})
		if chosen == nil || c.Query("of") == path {
			chosen, v.Current, v.Title = k, path, title
		}
	}
	if chosen == nil {
		return fault.New("web.prints", fault.Forbidden, "你的岗位没有可以打印的文书")
	}
	v.Clear = printsPath + "?of=" + url.QueryEscape(v.Current)
	var err error
	if v.Filters, v.Rows, v.Next, err = chosen.papersOf(c, by); err != nil {
		return err
	}
	ticked := c.Query(tickName) == "all"
	for _, row := range v.Rows {
		for i := range row.Papers { // no more than one print takes
			row.Papers[i].Checked = ticked && v.Papers < maxPrints
			v.Papers++
		}
	}
	v.All, v.No = ticks(c, printsPath, "all"), ticks(c, printsPath, "none")
	if v.Next != "" {
		v.Next += "&of=" + url.QueryEscape(v.Current)
	}
	return s.render(c, by, "prints", page{Title: "批量打印", Nav: printsPath, Data: v})
}

// printedView is what prints_sheets.html shows.
type printedView struct {
	Back, Kind string
	Items      []volumeItem
	// Results say of each paper that was chosen what became of it; Closed is how many could not be opened.
	Results []printResult
	Closed  int
}

// printResult is a paper that was chosen: the number in the order of choice, what it is, and whether it is on the page.
type printResult struct {
	No           int
	Title, State string
	Open         bool
}

// printSheets puts the papers that were chosen on one page, each asked for in the name of who prints, so that its own right holds.
func (s *Server) printSheets(c *fiber.Ctx, by policy.Actor) error {
	kind := strings.Clone(c.Query("of"))
	known := s.printKindAt(kind)
	var boxes []string
	for _, value := range c.Context().QueryArgs().PeekMulti("p") {
		boxes = append(boxes, string(value))
	}
	switch {
	case known == nil:
		return fault.New("web.printSheets", fault.NotFound, "没有这一类文书")
	case len(boxes) == 0:
		return seeOther(c, printsPath+"?of="+url.QueryEscape(kind))
	case len(boxes) > maxPrints:
		return fault.New("web.printSheets", fault.Invalid, fmt.Sprintf("一次最多打印 %d 份，现在选了 %d 份，请分几次", maxPrints, len(boxes)))
	}
	v := printedView{Back: printsPath + "?of=" + url.QueryEscape(kind)}
	for i, box := range boxes {
		id, paper, ok := strings.Cut(box, "~")
		if !ok || !plainPart(id) || !plainPart(paper) {
			return fault.New("web.printSheets", fault.NotFound, "没有这份文书")
		}
		item, open, err := s.boundPaper(c, known.paperAt(id, paper), paper)
		if err != nil {
			return err
		}
		result := printResult{No: i + 1, Open: open, Title: id, State: "打不开：不在你的权限内，或者现在没有这份文书"}
		if open {
			result.Title, result.State = strings.TrimSpace(item.heading()+" "+item.Number), "在这一页"
			v.Items = append(v.Items, item)
		} else {
			v.Closed++
		}
		v.Results = append(v.Results, result)
	}
	v.Kind = fmt.Sprintf("批量打印，%d 份", len(v.Items))
	return s.render(c, by, "prints_sheets", page{Title: v.Kind, Script: true, Data: v})
}

// plainPart reports whether a text is one part of an address: letters, digits and a few marks.
func plainPart(text string) bool {
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	}) && text != "." && text != ".."
}

func (p casePages[T, D]) signable(ctx context.Context, by policy.Actor) (out []batchRow, err error) {
	if p.signs == nil || p.opinion != "" { // an agreement that needs words is given where the words are written
		return nil, nil
	}
	clock, desk := p.s.clockOf(ctx), p.signs.Approvals()
	for after := ""; ; {
		found, err := p.page(ctx, by, map[string]string{}, true, after)
		if err != nil {
			return nil, err
		}
		for i := range found.Docs {
			d := &found.Docs[i]
			one := &d.State
			shared, waits := p.shared(one), p.signing(one)
			if waits == nil || !desk.MaySign(ctx, by, waits, shared.Keys, shared.Opened) {
				continue
			}
			line := p.row(clock, d.ID, one)
			out = append(out, batchRow{Path: p.path + "/" + d.ID, Name: p.title + "：" + line.Name, Text: line.Title, Value: valueOf(strings.Join([]string{p.path, d.ID, waits.SubjectHash}, "~"), d.Seq)})
		}
		if after = found.Next; after == "" {
			return out, nil
		}
	}
}

func (p casePages[T, D]) signOne(ctx context.Context, by policy.Actor, at casework.At, hash, password string) error {
	_, err := p.signs.Sign(ctx, by, at, policy.Sign{Move: policy.MoveAgree, SubjectHash: hash}, password)
	return err
}

// batchSign signs cases of all kinds on the screen. A wrong password signs nothing.
func (s *Server) batchSign() batch {
	return batch{path: batchSignPath, back: "/todo", backTitle: "我的待办", nav: batchSignPath, title: "批量签发", sub: "先点开看，再勾选；每件分别签署，一件没有办成不影响其他的。要退回、不同意的，打开那一件单独办。", button: "签署勾选的", unit: "件", none: "没有等你签的", most: maxSigning, action: policy.SignApproval,
		form: func(*fiber.Ctx, policy.Actor, url.Values) ([]field, error) {
			return []field{{Name: "current", Label: "你的密码", Type: "password", Autocomplete: "current-password", Hint: "签署前再核对一次是本人"}}, nil
		},
		rows: func(c *fiber.Ctx, by policy.Actor) ([]batchRow, error) { return s.waitingFor(c.UserContext(), by) },
		do: func(c *fiber.Ctx, by policy.Actor, list []casework.At, values url.Values) ([]batchResult, error) {
			waiting, err := s.waitingFor(c.UserContext(), by)
			if err != nil {
				return nil, err
			}
			kinds := map[string]batchKind{}
			for _, k := range s.batchKinds() {
				kinds[first3(k.about())] = k
			}
			return eachOf(c.UserContext(), list, "已签署", "件", func(ctx context.Context, at casework.At) (name, path string, err error) {
				i := slices.IndexFunc(waiting, func(r batchRow) bool { return r.Value == valueOf(at.ID, at.Seq) })
				if i < 0 {
					return "", "", fault.New("web.batchSign", fault.Conflict, "已经签过、被改过，或者不在等你签的里面")
				}
				part := strings.Split(at.ID, "~")
				at.ID = part[1]
				return waiting[i].Name, waiting[i].Path, kinds[part[0]].signOne(ctx, by, at, part[2], values.Get("current"))
			}, "current")
		}}
}

// waitingFor lists what waits for the actor over all kinds that he may read.
func (s *Server) waitingFor(ctx context.Context, by policy.Actor) (out []batchRow, err error) {
	for _, k := range s.batchKinds() {
		if _, _, read := k.about(); !s.guard.Allow(by, read) {
			continue
		}
		rows, err := k.signable(ctx, by)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}
