package web

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/notice"
)

// The addresses of notices (站内通知): what one got, what one's office sent, and by which channels one is reached besides.
const (
	noticesPath     = "/notices"
	sentNoticesPath = noticesPath + "/sent"
	channelsPath    = noticesPath + "/channels"
)

// maxNoticeForm is the largest form of a notice with its attachments, in bytes.
const maxNoticeForm = 64 << 20

// noticeRoutes are the pages of notices; none without them.
func (s *Server) noticeRoutes() []Route {
	if s.notices == nil {
		return nil
	}
	const get, post, read, send = fiber.MethodGet, fiber.MethodPost, policy.ReadNotice, policy.SendNotice
	const one, sent = noticesPath + "/:id<maxLen(80)>", sentNoticesPath + "/:id<maxLen(80)>"
	rows := slices.Concat(s.inbox().routes(s), s.sentList().routes(s), s.channelRoutes(), []Route{
		{Method: get, Path: noticesPath + "/new", Action: send, Handler: s.noticeForm},
		{Method: post, Path: noticesPath + "/new", Action: send, Handler: s.takeNotice, Upload: maxNoticeForm},
		{Method: get, Path: sent, Action: send, Handler: s.noticeSent},
		{Method: get, Path: sent + "/readers.xlsx", Action: send, Handler: s.noticeReaders},
		{Method: get, Path: sent + "/files/:n<int>", Action: send, Handler: s.noticeFile(false)},
		{Method: get, Path: sent + "/edit", Action: send, Handler: s.noticeForm},
		{Method: post, Path: sent + "/edit", Action: send, Handler: s.takeNotice, Upload: maxNoticeForm},
		{Method: get, Path: sent + "/to", Action: send, Handler: s.noticeTargets},
		{Method: post, Path: sent + "/to", Action: send, Handler: s.addressNotice},
	})
	for step, do := range map[string]func(*fiber.Ctx, policy.Actor, casework.At) error{
		"send": func(c *fiber.Ctx, by policy.Actor, at casework.At) error {
			_, err := s.notices.Send(c.UserContext(), by, at)
			return err
		},
		"urge": func(c *fiber.Ctx, by policy.Actor, at casework.At) error {
			_, _, err := s.notices.Urge(c.UserContext(), by, at)
			return err
		},
		"withdraw": func(c *fiber.Ctx, by policy.Actor, at casework.At) error {
			_, err := s.notices.Withdraw(c.UserContext(), by, at, c.FormValue("why"))
			return err
		},
	} {
		rows = append(rows, Route{Method: post, Path: sent + "/" + step, Action: send, Handler: s.noticeStep(step, do)})
	}
	return append(rows, Route{Method: get, Path: one, Action: read, Handler: s.openNotice}, Route{Method: post, Path: one + "/sign", Action: read, Handler: s.signNotice}, Route{Method: get, Path: one + "/files/:n<int>", Action: read, Handler: s.noticeFile(true)})
}

func noticePath(id string) string { return noticesPath + "/" + id }

func sentNoticePath(id string) string { return sentNoticesPath + "/" + id }

// inbox lists what the actor got.
func (s *Server) inbox() caseList[notice.Copy] {
	return caseList[notice.Copy]{path: noticesPath, nav: noticesPath, title: "站内通知", sub: "发给你的通知；没看的和要签收的排在前面", find: "标题或发送单位", opened: "发送时间", figure: "要求", unit: "条", thing: "通知", read: policy.ReadNotice,
		nothing: "县、乡镇和社区发给你的通知列在这里，也列在待办里。",
		begin: func(by policy.Actor) (string, string) {
			if s.guard.Allow(by, policy.SendNotice) {
				return noticesPath + "/new", "发通知"
			}
			return "", ""
		},
		links: func(by policy.Actor) (out []crumb) {
			if s.guard.Allow(by, policy.SendNotice) {
				out = append(out, crumb{"本单位发出的", sentNoticesPath})
			}
			return append(out, crumb{"接收方式", channelsPath})
		},
		filters: func(value map[string]string) []field {
			return []field{stateFilter(notice.CopyStates(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[notice.Copy], error) {
			return s.notices.Inbox(ctx, by, notice.Filter{Text: value["q"], Copies: notice.CopyState(value["state"])}, due, after)
		},
		row: func(clock taskClock, id string, k *notice.Copy) caseRow {
			r := caseRow{Path: noticePath(id), Name: k.Title, Title: k.Sender, State: k.State.Title(), Figure: copyAsks(k), Opened: dateTime(k.Sent.Time)}
			r.Short = r.Figure
			if k.Open() {
				clock.dueIn(&r, noticeClock(k), false)
			}
			return r
		},
		heads: []string{"标题", "发送单位", "状态", "要求", "发送时间", "有效期至", "阅读时间", "签收时间", "催办次数"},
		cells: func(k *notice.Copy) [][]any {
			return [][]any{{k.Title, k.Sender, k.State.Title(), copyAsks(k), dateTime(k.Sent.Time), k.Until, timeOf(k.ReadAt), timeOf(k.SignedAt), int64(len(k.UrgedAt))}}
		}}
}

// copyAsks is what a notice asks of its receiver.
func copyAsks(k *notice.Copy) string {
	out := "阅读"
	if k.Receipt {
		out = "签收"
	}
	if k.Urgent {
		out = "紧急，" + out
	}
	return out
}

// noticeClock is until when a copy is to be read or signed for.
func noticeClock(k *notice.Copy) calendar.Deadline {
	start := calendar.DateOf(k.Sent.Time)
	return calendar.Deadline{Rule: "notice", Start: start, N: k.Until.Sub(start), Unit: calendar.UnitDay, Basis: "通知", Due: k.Until}
}

// timeOf is a time that may be missing.
func timeOf(t *journal.Time) string {
	if t == nil {
		return ""
	}
	return dateTime(t.Time)
}

// sentList lists the notices of the actor's office.
func (s *Server) sentList() caseList[notice.Notice] {
	return caseList[notice.Notice]{path: sentNoticesPath, nav: noticesPath, title: "发出的通知", sub: "写好、选定收件人、发出；看谁没看、没签收", find: "标题或发送单位", opened: "起草日期", figure: "收件人", unit: "条", thing: "通知", read: policy.SendNotice,
		nothing: "发给范围内的单位、岗位或个人，可以要求签收。", above: func(policy.Actor) *crumb { return &crumb{"站内通知", noticesPath} },
		begin:   func(policy.Actor) (string, string) { return noticesPath + "/new", "发通知" },
		filters: func(value map[string]string) []field { return []field{stateFilter(notice.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[notice.Notice], error) {
			return s.notices.Notices(ctx, by, notice.Filter{Text: value["q"], State: notice.State(value["state"])}, due, after)
		},
		row: func(_ taskClock, id string, n *notice.Notice) caseRow {
			r := caseRow{Path: sentNoticePath(id), Name: n.Title, Title: n.OwnerName, State: n.State.Title(), Opened: n.Day.Chinese(), Due: n.Until.Chinese()}
			if k := len(n.People); k > 0 {
				r.Figure, r.Short = strconv.Itoa(k)+" 人", strconv.Itoa(k)+" 人"
			}
			return r
		},
		heads: []string{"标题", "发送单位", "状态", "起草日期", "有效期至", "收件人数", "要签收", "紧急", "催办次数", "撤回的理由"},
		cells: func(n *notice.Notice) [][]any {
			return [][]any{{n.Title, n.OwnerName, n.State.Title(), n.Day, n.Until, int64(len(n.People)), yesWord(n.Receipt), yesWord(n.Urgent), int64(len(n.Urged)), n.Reason}}
		}}
}

// noticePage is what notice.html shows: a notice to who got it, or to the office that sent it.
type noticePage struct {
	Path, Title, State string
	Seq                int64
	Facts              [][2]string
	Text               []string
	Files              []link
	Clock              map[string]string
	Reason, Note, Key  string
	// CanSign: the receiver has to sign for it.
	CanSign bool
	// Manages and the rest are for the office that sent it.
	Manages                                bool
	Count                                  notice.Count
	Chosen                                 int
	Targets                                []string
	CanEdit, CanSend, CanUrge, CanWithdraw bool
	Rows                                   []readerLine
	Filters                                []filterLink
	Pager                                  pager
	Withdraw                               []field
	Urging                                 urgingView
}

// readerLine is a receiver in words.
type readerLine struct{ Name, Unit, State, Read, Signed, Urged string }

// openNotice shows a notice to who got it; from then on it is read.
func (s *Server) openNotice(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.notices.Open(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	s.openWork.forget(by.ID)
	k := &v.State
	out := noticePage{Path: noticePath(v.ID), Title: k.Title, State: k.State.Title(), Key: newKey(), Reason: v.Notice.Reason, CanSign: k.Receipt && k.State == notice.Read}
	out.Facts = filled([][2]string{{"发送单位", k.Sender}, {"发送时间", dateTime(k.Sent.Time)}, {"发给", k.Unit}, {"要求", copyAsks(k)}, {"有效期至", k.Until.Chinese()}, {"签收时间", timeOf(k.SignedAt)}})
	if n := len(k.UrgedAt); n > 0 && k.Open() {
		out.Note = "已经催办 " + strconv.Itoa(n) + " 次。"
	}
	if c.Query("done") == "sign" {
		out.Note = "已签收。"
	}
	if k.Open() {
		out.Clock, _ = s.clockOf(c.UserContext()).running(map[bool]string{true: "签收期限", false: "有效期"}[k.Receipt], noticeClock(k))
	}
	out.say(&v.Notice)
	return s.render(c, by, "notice", page{Title: k.Title, Nav: noticesPath, Data: out})
}

// say puts in what a notice says.
func (v *noticePage) say(n *notice.Notice) {
	if n.Text != "" {
		v.Text = strings.Split(n.Text, "\n")
	}
	for i, f := range n.Files {
		v.Files = append(v.Files, link{f.Name, v.Path + "/files/" + strconv.Itoa(i+1)})
	}
}

// signNotice signs for a notice.
func (s *Server) signNotice(c *fiber.Ctx, by policy.Actor) error {
	if err := s.notices.Sign(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return seeOther(c, noticePath(c.Params("id"))+"?done=sign")
}

// noticeFile sends an attachment to who got a notice, or to who sent it.
func (s *Server) noticeFile(copied bool) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		n, err := c.ParamsInt("n")
		if err != nil {
			return fiber.ErrNotFound
		}
		r, size, f, err := s.notices.OpenFile(c.UserContext(), by, c.Params("id"), copied, n)
		if err != nil {
			return err
		}
		sendFile(c, r, size, f.Kind, f.Name, f.Kind.Image())
		return nil
	}
}

// noticeSent shows a notice to the office that sent it, with who has read it.
func (s *Server) noticeSent(c *fiber.Ctx, by policy.Actor) error { return s.showNotice(c, by, nil) }

func (s *Server) showNotice(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	sent, err := s.notices.Notice(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	n := &sent.State
	v := noticePage{Path: sentNoticePath(sent.ID), Title: n.Title, State: n.State.Title(), Seq: sent.Seq, Key: newKey(), Manages: true, Count: sent.Count, Chosen: sent.Chosen, Reason: n.Reason,
		CanEdit: n.Can(notice.StepEdit), CanSend: n.Can(notice.StepSend), CanUrge: n.Can(notice.StepUrge) && sent.Count.Open > 0, CanWithdraw: n.Can(notice.StepWithdraw)}
	v.Facts = filled([][2]string{{"发送单位", n.OwnerName}, {"要签收", yesWord(n.Receipt)}, {"紧急", yesWord(n.Urgent)}, {"有效期至", n.Until.Chinese()}, {"发出时间", handTime(n.Sent)}})
	v.Note = map[string]string{"send": "已发出，列在各人的待办里。", "to": "已选定，请核对后发出。", "urge": "已催办，列在各人的待办里。", "withdraw": "已撤回，收件人只看到理由。"}[c.Query("done")]
	v.say(n)
	for _, t := range n.Targets {
		name := t.Name
		if t.Kind == notice.ToPerson {
			name = s.receiverName(by, sent.Names[t.ID])
		}
		v.Targets = append(v.Targets, name)
	}
	v.Withdraw = withErrors([]field{{Name: "why", Label: "为什么撤回", Type: "text", Autocomplete: "off", Value: typedOr(c, "why", "")}}, refused)
	l := readPart(c, v.Path, "show")
	for _, f := range []filterLink{{Label: "全部"}, {Label: "还没办的", Path: "open"}, {Label: "已办的", Path: "done"}} {
		one := filterLink{Label: f.Label, Path: v.Path, Current: l.value["show"] == f.Path}
		if f.Path != "" {
			one.Path += "?show=" + f.Path
		}
		v.Filters = append(v.Filters, one)
	}
	var late []urged
	for i := range sent.Copies {
		k := &sent.Copies[i].State
		if k.Open() {
			late = append(late, urged{Unit: k.Unit, State: k.State.Title(), Due: k.Until})
		}
		if l.value["show"] == "open" && !k.Open() || l.value["show"] == "done" && k.Open() {
			continue
		}
		v.Rows = append(v.Rows, s.readerLine(by, &sent, k))
	}
	v.Pager, v.Rows = pageOf(l, v.Rows)
	p := page{Title: n.Title, Nav: noticesPath, Fields: refused}
	if len(late) > 0 {
		v.Urging = urgingOf("催办", n.OwnerName+"发的通知“"+n.Title+"”", late, "请登录系统，在“我的待办”里查看"+map[bool]string{true: "并签收", false: ""}[n.Receipt]+"。")
		p.Script, p.Scripts = true, []string{"copy.js"}
	}
	p.Data = v
	if len(refused) > 0 {
		return s.refuse(c, by, "notice", p)
	}
	return s.render(c, by, "notice", p)
}

// receiverName is a name as an actor may see it.
func (s *Server) receiverName(by policy.Actor, name string) string {
	switch {
	case name == "":
		return "账号已停用"
	case s.guard.Allow(by, policy.ReadContacts):
		return name
	}
	return policy.MaskName(name)
}

func (s *Server) readerLine(by policy.Actor, sent *notice.Sent, k *notice.Copy) readerLine {
	line := readerLine{Name: s.receiverName(by, sent.Names[k.Account]), Unit: k.Unit, State: k.State.Title(), Read: timeOf(k.ReadAt), Signed: timeOf(k.SignedAt)}
	if n := len(k.UrgedAt); n > 0 {
		line.Urged = "催 " + strconv.Itoa(n) + " 次"
	}
	return line
}

// noticeReaders sends who has read a notice and who has not.
func (s *Server) noticeReaders(c *fiber.Ctx, by policy.Actor) error {
	sent, err := s.notices.Notice(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	n := &sent.State
	sheet := report.Figures{Sheet: "收件人", Heads: []string{"单位或岗位", "收件人", "状态", "阅读时间", "签收时间", "催办次数"},
		Note: "通知“" + n.Title + "”，有效期至" + n.Until.Chinese() + "；收件人 " + strconv.Itoa(sent.Count.All) + " 人，已读 " + strconv.Itoa(sent.Count.Read) + " 人，已签收 " + strconv.Itoa(sent.Count.Signed) + " 人，还没办的 " + strconv.Itoa(sent.Count.Open) + " 人"}
	for i := range sent.Copies {
		k := &sent.Copies[i].State
		line := s.readerLine(by, &sent, k)
		sheet.Rows = append(sheet.Rows, []any{line.Unit, line.Name, line.State, line.Read, line.Signed, int64(len(k.UrgedAt))})
	}
	return sendFigures(c, n.Title+"签收情况.xlsx", sheet)
}

// noticeStep answers the form of a step of a notice.
func (s *Server) noticeStep(name string, do func(*fiber.Ctx, policy.Actor, casework.At) error) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		at := collectionAt(c)
		err := do(c, by, at)
		if refused := refusedForm(err); len(refused) > 0 {
			return s.showNotice(c, by, refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, sentNoticePath(at.ID)+"?done="+name)
	}
}

// noticeFormView is what notice_form.html shows.
type noticeFormView struct {
	Path, Back, Title, Button, Key string
	Seq                            int64
	Form                           []field
	Receipt, Urgent                bool
	Attached                       []string
	FileError                      string
}

// noticeForm shows the form of a new notice, or of one that was not sent.
func (s *Server) noticeForm(c *fiber.Ctx, by policy.Actor) error {
	v := url.Values{"until": {s.clockOf(c.UserContext()).today.Add(7).String()}}
	if id := c.Params("id"); id != "" {
		sent, err := s.notices.Notice(c.UserContext(), by, id)
		if err != nil {
			return err
		}
		n := &sent.State
		v = url.Values{"title": {n.Title}, "text": {n.Text}, "until": {n.Until.String()}, "seq": {strconv.FormatInt(sent.Seq, 10)}, "receipt": {yesWord(n.Receipt)}, "urgent": {yesWord(n.Urgent)}}
		for _, f := range n.Files {
			v.Add("attached", f.Name)
		}
	}
	return s.showNoticeForm(c, by, v, nil)
}

func (s *Server) showNoticeForm(c *fiber.Ctx, by policy.Actor, v url.Values, refused []fault.Field) error {
	f := noticeFormView{Path: noticesPath + "/new", Back: noticesPath, Title: "发通知", Button: "下一步：选收件人", Key: newKey(), Seq: seqOf(v.Get("seq")), Receipt: v.Get("receipt") != "", Urgent: v.Get("urgent") != "", Attached: v["attached"]}
	if id := c.Params("id"); id != "" {
		f.Path, f.Back, f.Title, f.Button = sentNoticePath(id)+"/edit", sentNoticePath(id), "修改通知", "保存"
	}
	f.Form = withErrors([]field{{Name: "title", Label: "标题", Type: "text", Autocomplete: "off", Value: v.Get("title"), Hint: "最多 40 字"}, {Name: "text", Label: "正文", Rows: 8, Value: v.Get("text"), Hint: "最多 1000 字"},
		{Name: "until", Label: "有效期至", Type: "date", Value: v.Get("until"), Hint: "要签收的，到这一天为止要签收"}}, refused)
	for _, one := range refused {
		if one.Name == "files" {
			f.FileError = one.Message
		}
	}
	p := page{Title: f.Title, Nav: noticesPath, Data: f, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "notice_form", p)
	}
	return s.render(c, by, "notice_form", p)
}

// takeNotice reads the form of a notice and makes or changes it.
func (s *Server) takeNotice(c *fiber.Ctx, by policy.Actor) error {
	v, uploads, done, err := s.readAttached(c, maxNoticeForm)
	defer done()
	var doc store.Doc[notice.Notice]
	if err == nil {
		in := typed{c: c, values: v}
		said := notice.Input{Title: in.text("title"), Text: in.text("text"), Until: in.date("until", "有效期"), Receipt: in.text("receipt") != "", Urgent: in.text("urgent") != "", Uploads: uploads, Drop: in.text("drop") != ""}
		err = in.with(func(ctx context.Context) (err error) {
			if id := c.Params("id"); id != "" {
				doc, err = s.notices.Edit(ctx, by, casework.At{ID: id, Seq: seqOf(v.Get("seq")), Idem: idemFrom(c, v)}, said)
			} else {
				doc, err = s.notices.Make(ctx, by, said, idemFrom(c, v))
			}
			return err
		})
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNoticeForm(c, by, v, refused)
	}
	if err != nil {
		return err
	}
	if c.Params("id") == "" {
		return seeOther(c, sentNoticePath(doc.ID)+"/to")
	}
	return seeOther(c, sentNoticePath(doc.ID))
}

// readAttached reads a form with attachments of an office; done lets go of their temporary files.
func (s *Server) readAttached(c *fiber.Ctx, limit int) (v url.Values, uploads []*files.Upload, done func(), err error) {
	v, err = s.readForm(c, limit, func(name string, r io.Reader) error {
		up, err := s.files.Receive(name, r, files.PDF, files.JPEG, files.PNG, files.XLSX)
		if err == nil {
			uploads = append(uploads, up)
		}
		return err
	})
	return v, uploads, func() {
		for _, up := range uploads {
			_ = up.Close() // a temporary file that only we know
		}
	}, err
}

// noticeTargetsView is what notice_to.html shows.
type noticeTargetsView struct {
	Path, Title, Kind, Query string
	Seq                      int64
	Kinds                    []filterLink
	Rows                     []targetChoice
	// Kept are chosen and not among those that the search found.
	Kept  []string
	Error string
	Key   string
}

// targetChoice is a candidate.
type targetChoice struct {
	ID, Name, Place, People string
	Checked                 bool
}

// noticeTargets lets the receivers be chosen, kind by kind.
func (s *Server) noticeTargets(c *fiber.Ctx, by policy.Actor) error {
	return s.showTargets(c, by, nil)
}

func (s *Server) showTargets(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx := c.UserContext()
	sent, err := s.notices.Notice(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	n := &sent.State
	kind := notice.TargetKind(c.Query("kind", c.FormValue("kind")))
	if kind == "" {
		kind = notice.ToUnit
		if len(n.Targets) > 0 {
			kind = n.Targets[0].Kind
		}
	}
	v := noticeTargetsView{Path: sentNoticePath(sent.ID), Title: n.Title, Kind: string(kind), Query: c.Query("q"), Seq: sent.Seq, Key: newKey()}
	list, err := s.notices.Candidates(ctx, by, kind, v.Query)
	if err != nil {
		return err
	}
	for _, f := range refused {
		v.Error = f.Message
	}
	for _, k := range notice.TargetKinds() {
		one := filterLink{k.Text, v.Path + "/to?kind=" + k.ID, k.ID == string(kind)}
		chosen := 0
		for _, t := range n.Targets {
			if string(t.Kind) == k.ID {
				chosen++
			}
		}
		if chosen > 0 {
			one.Label += "（已选 " + strconv.Itoa(chosen) + "）"
		}
		v.Kinds = append(v.Kinds, one)
	}
	has := func(id string) bool {
		return slices.ContainsFunc(n.Targets, func(t notice.Target) bool { return t.Kind == kind && t.ID == id })
	}
	for _, one := range list {
		choice := targetChoice{ID: one.ID, Name: one.Name, Place: one.Place, Checked: has(one.ID)}
		if kind == notice.ToPerson {
			choice.Name = s.receiverName(by, one.Name)
		} else {
			choice.People = strconv.Itoa(one.People) + " 人"
		}
		v.Rows = append(v.Rows, choice)
	}
	for _, t := range n.Targets {
		if t.Kind == kind && !slices.ContainsFunc(list, func(one notice.Candidate) bool { return one.ID == t.ID }) {
			v.Kept = append(v.Kept, t.ID)
		}
	}
	p := page{Title: "选收件人", Nav: noticesPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "notice_to", p)
	}
	return s.render(c, by, "notice_to", p)
}

// addressNotice stores who was chosen of a kind, and leads to the next.
func (s *Server) addressNotice(c *fiber.Ctx, by policy.Actor) error {
	at := collectionAt(c)
	_, err := s.notices.Address(c.UserContext(), by, at, notice.TargetKind(c.FormValue("kind")), formValues(c)["to"])
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showTargets(c, by, refused)
	}
	if err != nil {
		return err
	}
	if c.FormValue("more") != "" {
		kinds := notice.TargetKinds()
		next := slices.IndexFunc(kinds, func(k registry.Choice) bool { return k.ID == c.FormValue("kind") }) + 1
		return seeOther(c, sentNoticePath(at.ID)+"/to?kind="+kinds[next%len(kinds)].ID)
	}
	return seeOther(c, sentNoticePath(at.ID)+"?done=to")
}

// searchNotices finds what the actor got by title and office.
func (s *Server) searchNotices(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	got, err := s.notices.Inbox(ctx, by, notice.Filter{Text: text}, false, "")
	for i := range got.Docs {
		k := &got.Docs[i].State
		g.add(k.Title, noticePath(got.Docs[i].ID), k.Sender, k.State.Title(), calendar.DateOf(k.Sent.Time).Chinese())
	}
	g.More, g.Over = foundIn(noticesPath, text), got.Next != ""
	return err
}
