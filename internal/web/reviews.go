package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// desk is where proof of one stage is decided.
type desk struct {
	path, title string
	stage       evidence.Stage
	action      policy.Action
	choices     []choice
	// verb is what is done here, task what the to-do page calls it, when says for which decisions a reason is needed, reasons are sentences that are often right.
	verb, task, when string
	reasons          []string
}

// nav is the entry of the navigation below which the desk stands.
func (d desk) nav() string {
	if d.stage == evidence.StageAnswer {
		return auditDesk.path
	}
	return d.path
}

// choice is one decision with its key.
type choice struct {
	ID, Label, Key string
	move           evidence.Move
}

var (
	communityDesk = desk{"/reviews/community", "佐证材料初审", evidence.StageCommunity, policy.AcceptEvidence, []choice{
		{"accept", "通过", "A", evidence.MoveAccept}, {"return", "退回", "R", evidence.MoveReturn}, {"refuse", "不予认定", "N", evidence.MoveRefuse}}, "初审", "初审佐证材料", "退回、不予认定时必填", stockReasons}
	bureauDesk = desk{"/reviews/bureau", "佐证材料复核", evidence.StageBureau, policy.ReviewEvidence, []choice{
		{"confirm", "通过", "A", evidence.MoveConfirm}, {"return", "退回", "R", evidence.MoveReturn}, {"overturn", "不予认定", "N", evidence.MoveOverturn}}, "复核", "复核佐证材料", "退回、不予认定时必填", stockReasons}
	auditDesk = desk{"/reviews/audit", "佐证材料抽查", evidence.StageAudit, policy.AuditEvidence, []choice{
		{"uphold", "维持", "A", evidence.MoveUphold}, {"takeback", "追回", "R", evidence.MoveTakeBack}}, "抽查", "抽查佐证材料", "追回时必填",
		[]string{"照片与另一件材料相同，不是这一次的活动", "现场核对与填报不符", "向住户核实，没有这回事", "原始记录对不上填报的数字"}}
	answerDesk = desk{"/reviews/objections", "追回异议答复", evidence.StageAnswer, policy.AuditEvidence, []choice{
		{"restore", "恢复认定", "A", evidence.MoveRestore}, {"forfeit", "维持追回", "R", evidence.MoveForfeit}}, "答复", "答复追回佐证材料的异议", "必填",
		[]string{"企业补充的说明与现场核对相符，恢复认定", "企业没有提供新的依据，维持追回"}}
)

// desks are all of them, in the order of the work.
func desks() []desk { return []desk{communityDesk, bureauDesk, auditDesk, answerDesk} }

// stockReasons are sentences that are often right; each can be edited before it is sent.
var stockReasons = []string{"照片看不清日期或地点，请重新拍照上传", "签到人数与填报不符，请核对后补正", "不是本小区、本期的活动", "材料缺页，请补齐后重新提交", "文件打不开，请重新导出后上传"}

// reviewsView is what reviews.html shows.
type reviewsView struct {
	// Path is the desk, Query the filter behind its addresses, "" for none; List is the list with its filter.
	Path, Query, List string
	Items             []reviewItem
	At                int
	Count             string
	Prev              string
	Next              string
	NextID            string
	Item              *reviewDetail
	Done              *doneView
	// When says for which decisions a reason is needed.
	When    string
	Choices []choice
	Chosen  string
	Reasons []string
	// Reason and Concern are what was typed, Error what is wrong with it.
	Reason, Concern, Error string
	Community              bool
	// Draws is the page of the draws, "" where it does not matter.
	Draws string
}

// reviewItem is one line of the queue.
type reviewItem struct {
	Link, Project, Ask, Firm, Left, Class, Flag string
	Files                                       int
	Current                                     bool
}

// reviewDetail is the proof that is looked at.
type reviewDetail struct {
	ID    string
	Seq   int64
	State string
	Title string
	Sub   string
	Facts []namedFigure
	// Checks are what the program has looked at; Warned says that one of them needs a look, which stands above the rest.
	Checks []checkView
	Warned bool
	Files  []fileView
}

// checkView is one thing that the program has looked at. Link leads to what it found, Picture is the address of the photo to compare with; "" for none.
type checkView struct {
	Text          string
	Soon          bool
	Link, Picture string
}

// doneView is the decision just made, while it can be taken back.
type doneView struct {
	ID    string
	Seq   int64
	Text  string
	Until string
}

// queueFilter is what the address narrows the queue to.
func queueFilter(c *fiber.Ctx) evidence.QueueFilter {
	return evidence.QueueFilter{Fact: c.Query("fact"), Firm: c.Query("firm")}
}

// queueAddress is an address of a desk that keeps the filter; pairs are further names and values, those without value are left out.
func queueAddress(path string, f evidence.QueueFilter, pairs ...string) string {
	values := url.Values{}
	pairs = append(pairs, "fact", f.Fact, "firm", f.Firm)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// reviewListView is what review_list.html shows.
type reviewListView struct {
	Path, Start, Count string
	Items              []reviewItem
	Fact, Firm         field
	Filtered           bool
	Next               string
}

// reviewList shows the whole queue with its filter: where somebody with a phone, on which the list does not stand beside the proof, chooses.
func (s *Server) reviewList(c *fiber.Ctx, by policy.Actor, d desk) error {
	f := queueFilter(c)
	all, err := s.evidence.Proofs.Queue(c.UserContext(), by, d.stage, "")
	if err != nil {
		return err
	}
	shown, err := s.evidence.Proofs.QueueOf(c.UserContext(), by, d.stage, f, c.Query("after"))
	if err != nil {
		return err
	}
	v := reviewListView{Path: d.path, Count: countOfPage(shown), Filtered: f != evidence.QueueFilter{}, Next: nextPage(c, shown.Next),
		Fact: field{Name: "fact", Label: "材料", Value: f.Fact, Options: []option{{Value: "", Label: "全部"}}},
		Firm: field{Name: "firm", Label: "企业", Value: f.Firm, Options: []option{{Value: "", Label: "全部"}}}}
	for _, doc := range all.Docs {
		addOption(&v.Fact, doc.State.Ask.Fact, doc.State.Ask.Name)
		addOption(&v.Firm, doc.State.Firm, doc.State.FirmName)
	}
	for _, doc := range shown.Docs {
		v.Items = append(v.Items, s.reviewItem(d, f, doc, false))
	}
	if len(v.Items) > 0 {
		v.Start = v.Items[0].Link
	}
	return s.render(c, by, "review_list", page{Title: d.title, Nav: d.nav(), Data: v})
}

// addOption adds a choice unless it is there.
func addOption(f *field, value, label string) {
	if !slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == value }) {
		f.Options = append(f.Options, option{Value: value, Label: label})
	}
}

// countOfPage is how many pieces a queue has, as far as one page tells.
func countOfPage(page store.Page[evidence.Proof]) string {
	text := count(len(page.Docs)) + " 件"
	if page.Next != "" {
		text += "以上"
	}
	return text
}

// reviews shows the queue of a desk with one proof to decide, or its list.
func (s *Server) reviews(c *fiber.Ctx, by policy.Actor, d desk) error {
	if c.Query("list") != "" {
		return s.reviewList(c, by, d)
	}
	v := reviewsView{}
	if id := c.Query("done"); id != "" {
		done, err := s.doneView(c, by, d, id)
		if err != nil {
			return err
		}
		v.Done = done
	}
	return s.showReviews(c, by, d, v, c.Query("id"), "", nil)
}

// showReviews fills the queue in; id is the proof to show, the first if it is not waiting.
func (s *Server) showReviews(c *fiber.Ctx, by policy.Actor, d desk, v reviewsView, id, said string, refused []fault.Field) error {
	f := queueFilter(c)
	queue, err := s.evidence.Proofs.QueueOf(c.UserContext(), by, d.stage, f, "")
	if err != nil {
		return err
	}
	v.Query, v.List = queueAddress("", f), queueAddress(d.path, f, "list", "1")
	v.Path, v.Choices, v.Reasons, v.When, v.Community = d.path, d.choices, d.reasons, d.when, d.stage == evidence.StageCommunity
	v.Count = countOfPage(queue)
	if d.action == policy.AuditEvidence {
		v.Draws = drawingsPath
	}
	at := 0
	for i, doc := range queue.Docs {
		if doc.ID == id {
			at = i
		}
	}
	for i, doc := range queue.Docs {
		v.Items = append(v.Items, s.reviewItem(d, f, doc, i == at))
	}
	title := d.title
	if len(queue.Docs) > 0 {
		if v.Item, err = s.reviewDetail(c, by, queue.Docs[at]); err != nil {
			return err
		}
		v.At = at + 1
		title = fmt.Sprintf("%s 第 %d 件，共 %s", d.title, v.At, v.Count)
		if at > 0 {
			v.Prev = queueAddress(d.path, f, "id", queue.Docs[at-1].ID)
		}
		if at+1 < len(queue.Docs) {
			v.NextID = queue.Docs[at+1].ID
			v.Next = queueAddress(d.path, f, "id", v.NextID)
		}
	}
	return s.render(c, by, "reviews", page{Title: title, Nav: d.nav(), Said: said, Data: v, Fields: refused, Script: true, Scripts: []string{"review.js"}})
}

// dueText says until when something is to be done, and how urgent it is.
func dueText(due calendar.Deadline, now time.Time) (text, class string) {
	days, ok := due.Left(now)
	switch {
	case !ok:
		return "时限待定", ""
	case days < 0:
		return fmt.Sprintf("逾期 %d 日", -days), "late"
	case days == 0:
		return "今天到期", "soon"
	}
	_, month, day := due.Due.Parts()
	return fmt.Sprintf("%d月%d日到期", int(month), day), ""
}

func (s *Server) reviewItem(d desk, f evidence.QueueFilter, doc store.Doc[evidence.Proof], current bool) reviewItem {
	p := doc.State
	item := reviewItem{Link: queueAddress(d.path, f, "id", doc.ID), Project: p.ProjectName, Ask: p.Ask.Name, Firm: p.FirmName, Files: len(p.Files), Current: current}
	item.Left, item.Class = dueText(p.Due, s.clocks.Business())
	switch {
	case p.State == evidence.Corrected:
		item.Flag = "已补正"
	case p.Concern != "":
		item.Flag = "社区提请复核"
	case p.Reused:
		item.Flag = "文件疑似用过"
	}
	return item
}

// alikeCheck says where a file of a proof was found too.
func alikeCheck(p evidence.Proof, a evidence.Alike) checkView {
	v := checkView{Soon: true}
	if a.Proof == nil {
		whose := map[bool]string{true: "本企业另一小区", false: "另一企业"}[a.SameFirm]
		what := map[bool]string{true: "文件是同一个", false: "照片几乎一样"}[a.Exact]
		v.Text = fmt.Sprintf("文件 %d 与%s %d 年提交的%s", a.File+1, whose, a.Year, what)
		return v
	}
	what := map[bool]string{true: "是同一个文件", false: "几乎一样，请比对"}[a.Exact]
	q := a.Proof.State
	v.Text = fmt.Sprintf("文件 %d 与%s“%s”%s的“%s”（%s提交，%s）第 %d 个文件%s", a.File+1, q.FirmName, q.ProjectName, q.Title, q.Ask.Name,
		calendar.DateOf(q.Submitted.At.Time).Chinese(), q.State.Title(), a.Other+1, what)
	v.Link = "/proof/" + a.Proof.ID
	if q.Files[a.Other].Kind.Image() {
		v.Picture = v.Link + "/files/" + strconv.Itoa(a.Other)
	}
	return v
}

func (s *Server) reviewDetail(c *fiber.Ctx, by policy.Actor, doc store.Doc[evidence.Proof]) (*reviewDetail, error) {
	p := doc.State
	v := &reviewDetail{ID: doc.ID, Seq: doc.Seq, State: p.State.Title(), Title: p.Ask.Name, Sub: p.ProjectName + " · " + p.FirmName + " · " + p.Title, Files: fileViews(doc.ID, p.Files)}
	v.Facts = []namedFigure{{"规则", strings.TrimSpace(p.Ask.Clause + " " + p.Ask.Note)}, {"事实日期", p.Day.Chinese()}, {"填报", cellTexts(p.Ask, p.Cells)}, {"说明", p.Note},
		{"提交", s.roleTitle(p.Submitted.Office) + "，" + dateTime(p.Submitted.At.Time)}}
	if p.Decided.By != "" && !p.State.Waits() {
		v.Facts = append(v.Facts, namedFigure{"社区初审", s.roleTitle(p.Decided.Office) + "，" + dateTime(p.Decided.At.Time) + "：通过"})
	}
	effect := "通过后计入“" + p.Ask.Name + "”"
	if p.Ask.Points != "" {
		effect = "通过后计入“" + p.Ask.Indicator + "”，满分 " + p.Ask.Points + " 分"
	}
	effect += "；退回、不予认定则不计"
	points, err := s.effects(c, by, p, doc.ID, []evidence.Proof{p}, nil)
	if err != nil {
		return nil, err
	}
	if len(points) > 0 {
		effect = fmt.Sprintf("“%s”：通过 %s；退回、不予认定 %s；满分 %s 分", p.Ask.Indicator, points[0], points[1], p.Ask.Points)
	}
	v.Facts = append(v.Facts, namedFigure{"影响", effect})
	v.Checks = []checkView{{Text: "事实日期在" + p.Title + "之内"}, {Text: "填报的数字与要求相符"}}
	if late := calendar.DateOf(p.Submitted.At.Time).Sub(p.Day); late > 31 {
		v.Checks = append(v.Checks, checkView{Text: fmt.Sprintf("事情过去 %d 日才提交，请留意", late), Soon: true})
	}
	alike, err := s.evidence.Proofs.Alike(c.UserContext(), by, doc.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range alike {
		v.Checks = append(v.Checks, alikeCheck(p, a))
	}
	if p.Concern != "" {
		v.Checks = append(v.Checks, checkView{Text: "社区提请复核：" + p.Concern, Soon: true})
	}
	if a := p.Audit; a != nil {
		v.Checks = append(v.Checks, checkView{Text: "随机抽查，" + dateTime(a.Drawn.Time) + "抽中"})
		if a.Objection != "" {
			v.Facts = append(v.Facts, namedFigure{"追回理由", a.Reason}, namedFigure{"企业异议", a.Objection})
		}
	}
	if p.Sampled {
		v.Checks = append(v.Checks, checkView{Text: "按两成抽中复核"})
	}
	v.Warned = slices.ContainsFunc(v.Checks, func(c checkView) bool { return c.Soon })
	return v, nil
}

// doneView tells the decision just made; nil if it cannot be taken back any more.
func (s *Server) doneView(c *fiber.Ctx, by policy.Actor, d desk, id string) (*doneView, error) {
	doc, err := s.evidence.Proofs.One(c.UserContext(), by, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := doc.State
	if !p.UndoBy(by.ID, s.clocks.Business()) {
		return nil, nil
	}
	text := fmt.Sprintf("“%s %s”已%s。", p.ProjectName, p.Ask.Name, p.State.Title())
	switch p.State {
	case evidence.Returned:
		window, err := s.evidence.Proofs.Window(c.UserContext(), by, p.Period)
		if err != nil {
			return nil, err
		}
		text = fmt.Sprintf("“%s %s”已退回，企业须在%s前补正。", p.ProjectName, p.Ask.Name, evidence.Moment(window.State.For(p).Closes.Time))
	case evidence.TakenBack:
		text = fmt.Sprintf("“%s %s”已追回，企业可在%s前提出异议。", p.ProjectName, p.Ask.Name, p.Due.Chinese())
	case evidence.Upheld, evidence.Restored, evidence.Forfeited:
		text = fmt.Sprintf("“%s %s”：%s。", p.ProjectName, p.Ask.Name, p.State.Title())
	case evidence.Refused, evidence.Overturned:
		text = fmt.Sprintf("“%s %s”不予认定，企业已能看到理由。", p.ProjectName, p.Ask.Name)
	}
	return &doneView{ID: doc.ID, Seq: doc.Seq, Text: text, Until: p.UndoUntil().In(shanghai).Format("15:04")}, nil
}

// decideProof records a decision and opens the next proof.
func (s *Server) decideProof(c *fiber.Ctx, by policy.Actor, d desk) error {
	id := c.Params("id")
	in := evidence.Decision{Reason: strings.TrimSpace(c.FormValue("reason")), Concern: strings.TrimSpace(c.FormValue("concern"))}
	for _, one := range d.choices {
		if one.ID == c.FormValue("move") {
			in.Move = one.move
		}
	}
	if in.Reason == "" {
		in.Reason = c.FormValue("stock")
	}
	switch in.Move {
	case evidence.MoveAccept, evidence.MoveConfirm, evidence.MoveUphold:
		in.Reason = ""
	default:
		in.Concern = ""
	}
	doc, err := s.evidence.Proofs.Decide(c.UserContext(), by, supervision.At{ID: id, Seq: formSeq(c)}, in)
	typed := reviewsView{Reason: in.Reason, Concern: in.Concern, Chosen: c.FormValue("move")}
	switch fields := fault.FieldsOf(err); {
	case fault.Is(err, fault.Invalid) && len(fields) > 0:
		c.Status(statusOf(fault.Invalid))
		typed.Error = fields[0].Message
		return s.showReviews(c, by, d, typed, id, "", fields)
	case fault.Is(err, fault.Conflict):
		c.Status(statusOf(fault.Conflict))
		return s.showReviews(c, by, d, reviewsView{}, c.FormValue("next"), fault.MessageOf(err), nil)
	case err != nil:
		return err
	}
	return seeOther(c, queueAddress(d.path, queueFilter(c), "id", c.FormValue("next"), "done", doc.ID))
}

// undoProof takes a decision back and opens the proof again.
func (s *Server) undoProof(c *fiber.Ctx, by policy.Actor, d desk) error {
	doc, err := s.evidence.Proofs.Undo(c.UserContext(), by, supervision.At{ID: c.Params("id"), Seq: formSeq(c)})
	if err != nil {
		return err
	}
	return seeOther(c, queueAddress(d.path, queueFilter(c), "id", doc.ID))
}
