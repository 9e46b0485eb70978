package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// lettersPath is the record of what was sent to whom (发送登记), numbersPath the register of document numbers (发文登记簿).
const (
	lettersPath = "/sent"
	numbersPath = lettersPath + "/numbers"
)

// letterHomes are the pages of what sends papers out, by its kind.
var letterHomes = map[string]string{"rectification": rectificationsPath, "inspection": inspectionsPath, "veto": vetoesPath, "star-decision": standingsPath, "fund-claim": claimsPath, "fund-dunning": dunningsPath, "star-application": applicationsPath,
	"scheme-version": schemesPath, "filing": filingsPath, "period": "/periods", "return": returnsPath + "/one", "collection-task": collectionsPath, "notice": sentNoticesPath, "matter": mattersPath, "change": changesPath, "conduct-credit": creditPath, "conduct-mark": marksPath}

// letterKinds are what sends papers out, in words, in the order of a list; of what is switched off or not there nothing is offered.
var letterKinds = []option{{"rectification", "整改"}, {"inspection", "行政检查"}, {"veto", "一票否决"}, {"star-decision", "降星与摘牌"}, {"fund-claim", "保修金使用"}, {"fund-dunning", "保修金催缴"}, {"star-application", "星级申报"}, {"period", "评价结果、公示、通报"}, {"scheme-version", "评价方案"},
	{"filing", "备案"}, {"change", "物业更换"}, {"conduct-credit", "失信信息"}, {"conduct-mark", "行业评价记录"}, {"return", "报表"}, {"collection-task", "收表任务"}, {"notice", "站内通知"}, {"matter", "12345 等平台答复"}, {casework.ByHand, "手工登记"}}

// letterRoutes are the pages of what goes out; none without the register.
func (s *Server) letterRoutes() []Route {
	if s.letters == nil {
		return nil
	}
	const get, one = fiber.MethodGet, lettersPath + "/:id<maxLen(64)>"
	rows := append([]Route{
		{Method: get, Path: numbersPath, Action: policy.ReadSent, Handler: s.numberRegister},
		{Method: get, Path: numbersPath + ".xlsx", Action: policy.ReadSent, Handler: s.numberExcel},
	}, slices.Concat(s.officeRoutes(), s.letterList().routes(s))...)
	rows = append(rows, s.formRoutes(registerForm{path: lettersPath + "/new", action: policy.RecordSent, entry: s.letterEntry, send: s.enterLetter, conflictAt: "number"})...)
	rows = append(rows, Route{Method: get, Path: one, Action: policy.ReadSent, Handler: s.letter}, Route{Method: get, Path: one + "/files/:file<maxLen(44)>", Action: policy.ReadSent, Handler: s.letterFile})
	rows = append(rows, Route{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadSent, Handler: s.letterPaper})
	for _, do := range casework.LetterSteps() {
		rows = append(rows, Route{Method: fiber.MethodPost, Path: one + "/" + string(do), Action: do.Action(), Handler: s.letterStep(do), Upload: maxFundForm})
	}
	rows = append(rows, Route{Method: fiber.MethodPost, Path: one + "/seal", Action: policy.SealPaper, Handler: s.sealLetter, Upload: maxFundForm})
	return rows
}

// letterHome is the page of what a line belongs to, "" for none that is there.
func (s *Server) letterHome(l *casework.Letter) string { return s.homeOf(l.Target) }

// homeOf is the page of "<kind>/<id>", "" for none that is there.
func (s *Server) homeOf(target string) string {
	kind, id, _ := strings.Cut(target, "/")
	home := letterHomes[kind]
	if home == "" || s.off(home) {
		return ""
	}
	return home + "/" + id
}

// letterName is what a line is called: number and title.
func letterName(l *casework.Letter) string { return strings.TrimSpace(l.Number + " " + l.Title) }

// letterSent is to whom and how a line was sent, the last time first.
func letterSent(l *casework.Letter) (to, way, day, receipt string) {
	if len(l.Sent) == 0 {
		return "", "", "", ""
	}
	last := l.Sent[len(l.Sent)-1]
	if to, way, day = last.To, last.Way, last.Day.Chinese(); last.Lacks() {
		receipt = "没有回证"
	}
	if n := len(l.Sent); n > 1 {
		to += fmt.Sprintf("（共发 %d 次）", n)
	}
	if last.Receipt != nil {
		receipt = "有回证"
	}
	return to, way, day, receipt
}

// letterList is the record of what was sent to whom.
func (s *Server) letterList() caseList[casework.Letter] {
	filter := func(value map[string]string) casework.LetterFilter {
		w := casework.LetterFilter{Text: value["q"], Way: value["way"], State: value["state"], Case: value["case"], Kind: value["kind"], Lack: value["lack"]}
		w.From, _ = calendar.ParseDate(value["from"]) // what is no day does not narrow
		w.Until, _ = calendar.ParseDate(value["until"])
		return w
	}
	return caseList[casework.Letter]{path: lettersPath, nav: lettersPath, title: "发送登记", sub: "发出去的文书：送给谁、怎么送、哪一天、有没有送达回证；办件、报表、公示和通报、收表、站内通知、平台答复发出时自动登记，另外发的手工登记",
		find: "文号、文书、对象、送给谁", opened: "日期", figure: "送达", unit: "份", thing: "文书", read: policy.ReadSent, hidden: []string{"case"},
		begin: func(by policy.Actor) (string, string) {
			if s.guard.Allow(by, policy.RecordSent) {
				return lettersPath + "/new", "取号、登记发文"
			}
			return "", ""
		},
		links: func(policy.Actor) []crumb {
			return []crumb{{"发文登记簿", numbersPath}, {"用印登记", sealsPath}}
		}, nothing: "送达登记以后出现在这里。",
		filters: func(value map[string]string) []field {
			ways, states := []option{{Label: "全部"}}, []option{{Label: "全部"}}
			for _, w := range casework.Ways() {
				ways = append(ways, option{w.ID, w.Text})
			}
			for _, word := range []string{casework.LetterHeld, casework.LetterSent, casework.LetterVoid} {
				states = append(states, option{word, word})
			}
			kinds := []option{{Label: "全部"}}
			for _, k := range letterKinds {
				if k.Value == casework.ByHand || slices.Contains(s.letters.Kinds(), k.Value) && !s.off(letterHomes[k.Value]) {
					kinds = append(kinds, k)
				}
			}
			return []field{{Name: "kind", Label: "来自", Options: kinds, Value: value["kind"]}, {Name: "way", Label: "送达方式", Options: ways, Value: value["way"]}, {Name: "state", Label: "状态", Options: states, Value: value["state"]},
				{Name: "lack", Label: "送达回证", Options: []option{{Label: "全部"}, {"1", "没有回证的"}}, Value: value["lack"]},
				{Name: "from", Label: "从", Type: "date", Value: value["from"]}, {Name: "until", Label: "到", Type: "date", Value: value["until"]}}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, _ bool, after string) (store.Page[casework.Letter], error) {
			return s.letters.List(ctx, by, filter(value), after)
		},
		row: func(_ taskClock, id string, l *casework.Letter) caseRow {
			to, way, _, receipt := letterSent(l)
			row := caseRow{Path: lettersPath + "/" + id, Name: letterName(l), Title: l.About, Place: to, State: l.State(), Next: receipt, Figure: way, Short: way, Opened: l.Last().Chinese()}
			return row
		},
		heads: []string{"文号", "文书", "有关的小区、单位或者事项", "状态", "送给谁", "送达方式", "日期", "送达回证"},
		cells: func(l *casework.Letter) (rows [][]any) {
			for _, sent := range l.Sent {
				receipt := ""
				switch {
				case sent.Receipt != nil:
					receipt = "有"
				case sent.Lacks():
					receipt = "没有"
				}
				rows = append(rows, []any{l.Number, l.Title, l.About, l.State(), sent.To, sent.Way, sent.Day, receipt})
			}
			if rows == nil {
				rows = [][]any{{l.Number, l.Title, l.About, l.State(), "", "", l.Day, ""}}
			}
			return rows
		},
	}
}

// letter is the page of one line.
func (s *Server) letter(c *fiber.Ctx, by policy.Actor) error {
	return s.showLetter(c, by, url.Values{}, nil)
}

func (s *Server) showLetter(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	doc, err := s.letters.One(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	l := &doc.State
	v := caseView{Home: lettersPath, HomeTitle: "发送登记", Path: lettersPath + "/" + doc.ID, Key: newKey(), Seq: doc.Seq, Title: letterName(l), Sub: l.About, State: l.State(), Reason: l.Void, NotesTitle: "发送"}
	v.Facts = filled([][2]string{{"文号", l.Number}, {"文书", l.Title}, {"有关的小区、单位或者事项", l.About}, {"日期", l.Day.Chinese()}})
	v.Prints = []caseLink{{receiptTitle, v.Path + "/print/receipt"}}
	for i, sent := range l.Sent {
		note := caseNote{Title: sent.To, Sub: strings.TrimPrefix(sent.Way+"，"+sent.Day.Chinese(), "，")}
		if sent.Lacks() {
			note.State = "没有回证"
		}
		if sent.Receipt != nil {
			note.State = "有回证"
			if int64(i) >= l.Own {
				v.Papers = append(v.Papers, caseLink{"送达回证：" + sent.To, v.Path + "/files/" + strconv.Itoa(i+1)})
			}
		}
		v.Notes = append(v.Notes, note)
	}
	if home := s.letterHome(l); home != "" {
		v.Links = append(v.Links, caseLink{"看这一件", home})
	}
	sealed, may, err := s.letters.LetterSealed(ctx, by, doc.ID, l)
	if err != nil {
		return err
	}
	if !sealed.IsZero() {
		v.Facts = append(v.Facts, [2]string{"用印", sealed.Chinese()})
	}
	if s.guard.Allow(by, policy.RecordSent) {
		ways := choicesOf("请选择", casework.Ways())
		forms := map[casework.LetterStep]caseForm{
			casework.LetterSend:    {text: "送给谁", choice: "送达方式", choices: ways, day: "日期", file: "送达回证（没有的以后补）", hint: "每发一次登记一次。只写单位和职务，不写个人电话、住址。"},
			casework.LetterNumber:  {number: "文号", aside: true, hint: "发出时没有文号、办公室后来编了的，补在这里；打印的文书上就有。只能补一次。"},
			casework.LetterReceipt: {file: "送达回证", hint: "补给最近一次没有回证的发送。"},
			casework.LetterGiveUp:  {text: "作废的原因", ends: true, aside: true, hint: "作废的文号不再使用。"},
		}
		if numbered := forms[casework.LetterNumber]; l.Waits(casework.LetterNumber) == "" {
			if numbered.next, err = s.letters.Next(ctx, l.For, calendar.DateOf(s.clocks.Business()).Year()); err != nil {
				return err
			}
			forms[casework.LetterNumber] = numbered
		}
		for _, do := range casework.LetterSteps() {
			if l.Waits(do) == "" {
				v.Acts = append(v.Acts, forms[do].act(string(do), do.Title(), typed, refused, calendar.DateOf(s.clocks.Business())))
			}
		}
		if may {
			v.Acts = append(v.Acts, sealAct(typed, refused, calendar.DateOf(s.clocks.Business())))
		}
		openFirst(v.Acts, typed.Get("step"))
	}
	history, err := s.letters.History(ctx, by, doc.ID)
	if err != nil {
		return err
	}
	for i := range history {
		v.History = append(v.History, step{"done", cmpTitle(history[i].Meta.Why), dateTime(history[i].At)})
	}
	said := map[string]string{"new": "已登记。", "seal": sealSaid}
	for _, do := range casework.LetterSteps() {
		said[string(do)] = "已办：" + do.Title() + "。"
	}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: lettersPath, Data: v, Fields: refused, Said: saidParam(c, said)})
}

// receiptTitle is what the receipt of a delivery is called.
const receiptTitle = "送达回证"

// receiptOf is the receipt of a delivery, to be signed by who takes the paper; what is "" is left blank.
func receiptOf(paper, to, where, means string) printView {
	return printView{Title: receiptTitle, Date: "　　年　　月　　日", Rows: [][2]string{{"送达的文书", paper}, {"受送达人", cmp.Or(to, blank)}, {"送达地址", cmp.Or(where, blank)}, {"送达方式", cmp.Or(means, blank)}, {"收件人签名、盖章和日期", blank}, {"代收人、关系和代收理由", blank}, {"拒收的：事由、日期和见证人签名", blank}, {"送达人签名", blank}}}
}

// letterPaper is the receipt of a line for printing, whatever sent it: for the last time that it was sent.
func (s *Server) letterPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.letters.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	to, way := "", ""
	if n := len(doc.State.Sent); n > 0 {
		to, way = doc.State.Sent[n-1].To, doc.State.Sent[n-1].Way
	}
	return s.printPaper(c, by, lettersPath, doc.ID, []pagePaper{{"receipt", receiptTitle, "", always(receiptOf(joinWords(doc.State.Title, doc.State.Number), to, "", way))}})
}

// cmpTitle is what a change of a line was, in words.
func cmpTitle(why string) string {
	if why == "" {
		return "登记"
	}
	return why
}

// letterStep carries a step out on a line.
func (s *Server) letterStep(do casework.LetterStep) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		return s.caseStep(c, string(do), lettersPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
			_, err := s.letters.Do(ctx, by, at, do, in)
			return err
		}, func(typed url.Values, refused []fault.Field) error { return s.showLetter(c, by, typed, refused) })
	}
}

// letterFile hands out the receipt of a time that was recorded by hand; those of cases are handed out by their cases.
func (s *Server) letterFile(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.letters.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Params("file"))
	if err != nil || n <= int(doc.State.Own) || n > len(doc.State.Sent) {
		return s.sendStored(c, nil)
	}
	return s.sendStored(c, doc.State.Sent[n-1].Receipt)
}

// letterEntry is the form for a paper that no case sends, or for a number that is taken beforehand.
func (s *Server) letterEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	own, err := s.letters.Own(c.UserContext(), by)
	if err != nil {
		return entry{}, err
	}
	of, code := c.Query("case"), c.Query("for")
	word := c.Query("word")
	if row, known := s.letters.Series.For(code); known && word == "" {
		word = row.Word
	}
	words := []option{{Label: "不取号"}}
	for _, row := range own {
		words = append(words, option{row.Word, row.Word + "（" + row.Title + "）"})
	}
	e := entry{title: "取号、登记发文", nav: lettersPath, entryView: entryView{Crumbs: []crumb{{"发送登记", lettersPath}}, Address: lettersPath + "/new", Button: "登记", Back: lettersPath,
		Intro: "给不在系统里办的文书取号，或者登记另外发出的文书。先取的号，在办件里登记送达时填上就归那一件。",
		Notes: []string{"一个文号只用于一份文书，不分种类；用过的系统会指出用在哪里。", "办公室发文登记簿上已经编好的号，直接填在“文号”里。", "取了没有用的号可以作废，作废的不再用。"}}}
	if of != "" {
		e.title, e.Intro, e.Button = "先取号", "取的号归这一件：打印的文书上就有，登记送达时已经填好。别的办件不能用。", "取号"
		e.Address += "?" + url.Values{"case": {of}, "for": {code}}.Encode()
		if home := s.homeOf(of); home != "" {
			e.Back = home
		}
	}
	e.Form = []field{{Name: "title", Label: "文书名称", Type: "text", Value: typedOr(c, "title", c.Query("title")), Autocomplete: "off", Hint: "例如 关于开展汛期物业安全检查的通知"},
		{Name: "word", Label: "取下一个号，机关代字", Options: words, Value: typedOr(c, "word", word)},
		{Name: "number", Label: "已经编好的文号", Type: "text", Value: typedOr(c, "number", ""), Autocomplete: "off", Optional: true, Hint: "填了就用这个号，不再另取"}}
	if of == "" {
		e.Form = append(e.Form, field{Name: "about", Label: "有关的小区、单位或者事项", Type: "text", Value: typedOr(c, "about", ""), Autocomplete: "off", Optional: true})
	}
	return e, nil
}

// enterLetter enters it; a number that was taken for a paper of a case leads back to the case.
func (s *Server) enterLetter(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	one := casework.NewLetter{Title: in.text("title"), Word: in.text("word"), Number: in.text("number"), About: in.text("about"), Case: c.Query("case"), For: c.Query("for")}
	id := ""
	err := in.with(func(ctx context.Context) error {
		doc, err := s.letters.Record(ctx, by, one, formIdem(c))
		id = doc.ID
		return err
	})
	if home := s.homeOf(one.Case); home != "" && one.For != "" {
		return home + "?done=number", err
	}
	return lettersPath + "/" + id + "?done=new", err
}

// numbersView is what numbers.html shows: one series of one year, page by page.
type numbersView struct {
	Year, Word, Query, Clear string
	Before, After            string
	Excel, New               string
	// Series are the series of the year, Current the one that is shown; its Title is "" for one that the file does not name.
	Series  []numberTab
	Current numberTab
	// Gaps are the numbers of it that nobody bears, GapsMore how many stand behind the link Missing to all of them.
	Gaps     []string
	GapsMore int
	Missing  string
	States   field
	Lines    []numberLine
	Pager    pager
	Filtered bool
}

// numberTab is a series in the row of all of them.
type numberTab struct {
	Path, Word, Title, Next, Take string
	Used, Gaps, Double            int
	Current                       bool
}

// numberLine is one number; Gap: nobody bears it.
type numberLine struct {
	Number      string
	Gap, Double bool
	Letters     []numberLetter
}

type numberLetter struct{ Path, Title, About, State, Day, To string }

// The states of a number that no letter has: nobody bears it, or two papers do.
const (
	numberGap    = "空号"
	numberDouble = "重号"
)

// gapsShown is how many gaps stand above the list.
const gapsShown = 12

// numberYear reads the year of an address, this year without one.
func (s *Server) numberYear(c *fiber.Ctx) (int, error) {
	year := calendar.DateOf(s.clockOf(c.UserContext()).now).Year()
	if text := c.Query("year"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1949 || n > year+1 {
			return 0, fault.New("web.numberYear", fault.Invalid, "没有"+text+"年的发文登记簿")
		}
		year = n
	}
	return year, nil
}

// numberLines is a series of a year as it is shown, in the order of its numbers; a search and a state narrow it.
func (s *Server) numberLines(c *fiber.Ctx, by policy.Actor) (numbersView, listAddress, error) {
	l := readList(c, numbersPath, "year", "word", "q", "state")
	year, err := s.numberYear(c)
	if err != nil {
		return numbersView{}, l, err
	}
	v := numbersView{Year: strconv.Itoa(year), Query: l.value["q"], Excel: l.excel(), Before: l.address("year", strconv.Itoa(year-1)), Filtered: l.value["q"] != "" || l.value["state"] != "", Clear: l.address("q", "", "state", "")}
	if year < calendar.DateOf(s.clocks.Business()).Year() {
		v.After = l.address("year", strconv.Itoa(year+1))
	}
	if s.guard.Allow(by, policy.RecordSent) {
		v.New = lettersPath + "/new"
	}
	v.States = field{Name: "state", Label: "状态", Options: []option{{Label: "全部"}}, Value: l.value["state"]}
	for _, word := range []string{casework.LetterHeld, casework.LetterSent, casework.LetterVoid, numberGap, numberDouble} {
		v.States.Options = append(v.States.Options, option{word, word})
	}
	all, err := s.letters.Numbers(c.UserContext(), by, year)
	if err != nil || len(all) == 0 {
		return v, l, err
	}
	at := slices.IndexFunc(all, func(y casework.SeriesYear) bool { return y.Word == l.value["word"] })
	if at < 0 && l.value["word"] == "" { // the first one that has numbers
		at = max(0, slices.IndexFunc(all, func(y casework.SeriesYear) bool { return y.Used > 0 }))
	}
	if at < 0 {
		return v, l, fault.New("web.numberLines", fault.NotFound, "没有“"+l.value["word"]+"”这个机关代字")
	}
	for i := range all {
		tab := numberTab{Path: l.address("word", all[i].Word, "q", "", "state", ""), Word: all[i].Word, Title: all[i].Title, Next: all[i].Next, Used: all[i].Used, Gaps: all[i].Gaps, Current: i == at}
		for _, line := range all[i].Lines {
			if len(line.Letters) > 1 {
				tab.Double++
			}
		}
		if v.New != "" && tab.Next != "" {
			tab.Take = v.New + "?word=" + url.QueryEscape(tab.Word)
		}
		v.Series = append(v.Series, tab)
	}
	v.Current, v.Word, v.Missing = v.Series[at], all[at].Word, l.address("word", all[at].Word, "q", "", "state", numberGap)
	for _, line := range all[at].Lines {
		row := s.numberLineOf(line)
		if row.Gap {
			if v.Gaps = append(v.Gaps, row.Number); len(v.Gaps) > gapsShown {
				v.Gaps, v.GapsMore = v.Gaps[:gapsShown], v.GapsMore+1
			}
		}
		if row.passes(v.Query, v.States.Value) {
			v.Lines = append(v.Lines, row)
		}
	}
	return v, l, nil
}

// numberLineOf puts a number into words.
func (s *Server) numberLineOf(line casework.NumberLine) numberLine {
	row := numberLine{Number: line.Number, Gap: len(line.Letters) == 0, Double: len(line.Letters) > 1}
	if row.Gap && line.Last != line.Number {
		row.Number += " 至 " + line.Last
	}
	for i := range line.Letters {
		l := &line.Letters[i].State
		to, way, day, _ := letterSent(l)
		if day == "" {
			day = l.Day.Chinese()
		}
		row.Letters = append(row.Letters, numberLetter{lettersPath + "/" + line.Letters[i].ID, l.Title, l.About, l.State(), day, strings.Trim(to+"，"+way, "，")})
	}
	return row
}

// passes reports whether a number is among those that were asked for.
func (n numberLine) passes(text, state string) bool {
	texts := []string{n.Number}
	is := state == "" || state == numberGap && n.Gap || state == numberDouble && n.Double
	for _, l := range n.Letters {
		texts = append(texts, l.Title, l.About, l.To)
		is = is || l.State == state
	}
	return is && casework.Says(text, texts...)
}

// numberRegister shows a series of a year, the latest number first.
func (s *Server) numberRegister(c *fiber.Ctx, by policy.Actor) error {
	v, l, err := s.numberLines(c, by)
	if err != nil {
		return err
	}
	slices.Reverse(v.Lines)
	v.Pager, v.Lines = pageOf(l, v.Lines)
	return s.render(c, by, "numbers", page{Title: "发文登记簿", Nav: numbersPath, Data: v})
}

// numberExcel is the same series as Excel, in the order of its numbers.
func (s *Server) numberExcel(c *fiber.Ctx, by policy.Actor) error {
	v, _, err := s.numberLines(c, by)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "发文登记簿", Heads: []string{"机关代字", "文号", "文书", "有关的小区、单位或者事项", "状态", "日期", "送给谁、怎么送"}, Note: v.Year + "年" + v.Word + "。空号是前后都编了、系统里没有登记的号。"}
	for _, line := range v.Lines {
		if line.Gap {
			sheet.Rows = append(sheet.Rows, []any{v.Word, line.Number, "", "", numberGap, "", ""})
		}
		for _, l := range line.Letters {
			sheet.Rows = append(sheet.Rows, []any{v.Word, line.Number, l.Title, l.About, l.State, l.Day, l.To})
		}
	}
	return sendFigures(c, "发文登记簿"+v.Year+v.Word+".xlsx", sheet)
}

// letterKind is the kind of what has its pages at an address, "" for what sends nothing.
func letterKind(home string) string {
	for kind, at := range letterHomes {
		if at == home {
			return kind
		}
	}
	return ""
}

// suggested puts a number into the form of a step that asks for one: that which was taken for its paper, else the next one of its series. target is "<kind>/<id>" of the case, code names the paper, see casework.SeriesRow, title what the paper is called; a series that says nothing of it leaves the form as it is.
func (s *Server) suggested(ctx context.Context, by policy.Actor, f caseForm, target, code, title string) (caseForm, error) {
	if s.letters == nil || f.number == "" || code == "" {
		return f, nil
	}
	held, err := s.heldFor(ctx, target, code)
	if err != nil {
		return f, err
	}
	if f.next, f.held = held, held != ""; f.held {
		return f, nil
	}
	f.next, err = s.letters.Next(ctx, code, calendar.DateOf(s.clocks.Business()).Year())
	if f.next != "" && s.guard.Allow(by, policy.RecordSent) {
		f.take = lettersPath + "/new?" + url.Values{"case": {target}, "for": {code}, "title": {title}}.Encode()
	}
	return f, err
}

// heldFor is the number that was taken beforehand for a paper of a case, "" for none.
func (s *Server) heldFor(ctx context.Context, target, code string) (string, error) {
	if s.letters == nil {
		return "", nil
	}
	return s.letters.Held(ctx, target, code)
}

// seriesOf names the papers of a kind by their steps.
func seriesOf[T any, D ~string](kind string) func(*T, D) string {
	return func(_ *T, do D) string { return kind + "." + string(do) }
}

// bearsOf names the steps that number the prints of a kind.
func bearsOf[T any, D ~string](steps map[string]D) func(*T, string) D {
	return func(_ *T, link string) D { return steps[link] }
}

// boundLetters adds what was sent to whom to the file of a case, for who may read the register.
func (s *Server) boundLetters(ctx context.Context, by policy.Actor, items []volumeItem, path string) ([]volumeItem, error) {
	if s.letters == nil || !s.guard.Allow(by, policy.ReadSent) {
		return items, nil
	}
	i := strings.LastIndexByte(path, '/')
	for kind, home := range letterHomes {
		if home != path[:i] {
			continue
		}
		lines, err := s.letters.Of(ctx, by, kind+path[i:])
		if err != nil {
			return nil, err
		}
		k := volumeItem{Title: "发送登记"}
		for j := range lines {
			l := &lines[j].State
			for _, sent := range l.Sent {
				receipt := ""
				if sent.Receipt != nil {
					receipt = "有送达回证"
				}
				k.Rows = append(k.Rows, [2]string{letterName(l), strings.Join(slices.DeleteFunc([]string{sent.To, sent.Way, sent.Day.Chinese(), receipt}, func(t string) bool { return t == "" }), "，")})
			}
		}
		if len(k.Rows) > 0 {
			items = append(items, k)
		}
	}
	return items, nil
}
