package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// A file (一案一档, and a dossier as a book) is a cover, the contents (卷内目录) and its papers, each as its own page prints it. A paper is asked for in the name of who opens the file, so that the rights of
// its own route hold. Page numbers: the browser lays the papers out sheet by sheet (volume.js), Word computes its own fields.

// volumeScript lays a file out in sheets of one page of A4 each, so that its contents name true pages in every browser. It fills 21 of the 22 lines of a page: a line that breaks otherwise in print still finds its
// place. Rows of a table go over to the next page; a heading goes with what it stands over, and a signature is not alone on its page; what is longer than a page takes as many as it needs. On a phone, where sheets
// are not as wide as paper, nothing is numbered.
const volumeScript = "volume.js"

// volumeView is what volume.html shows.
type volumeView struct {
	// Back is where the file belongs, Kind what it is called, Name whose it is.
	Back, Kind, Name string
	Cover            [][2]string
	Items            []volumeItem
	// Parts are the tables of a dossier, which follow each other without a new page; none in the file of a case.
	Parts []dossierPart
}

// volumeItem is one paper of a file: the sheets of its own page, or rows, pictures and the scan of a paper.
type volumeItem struct {
	// ID is its anchor, No its place in the contents.
	ID string
	No int
	// Number is that of the paper, By who is responsible for it, Day its day, Note a remark; "" for what it does not say.
	Number, By, Title, Day, Note string
	Sheets                       []*html.Node
	Rows                         [][2]string
	// Photos stand side by side; Scan is a picture that fills the page.
	Photos []caseLink
	Scan   string
}

// VolumeKinds are the kinds of files whose term of keeping the configuration may name.
func VolumeKinds() []string {
	return []string{"行政检查", "整改", "一票否决认定", "降星与摘牌", "保修金使用", "保修金退还", "保修金催缴", "异议与申诉", "星级申报", "承接查验", "红色议事",
		"登记备案", "物业更换", "业主组织", "事项", "微心愿", "失信信息", "行业评价记录", "表彰奖励", "公示意见", "企业说明", "争星任务", "评价方案", "双随机抽查", "满意度调查", "收表任务", "报修"}
}

// keptFor is how long a file of a kind is kept (保管期限): 永久 or 30 年 where the configuration says so, else 10 年.
func (s *Server) keptFor(kind string) string {
	switch {
	case slices.Contains(s.set.Permanent, kind):
		return "永久"
	case slices.Contains(s.set.Years30, kind):
		return "30 年"
	}
	return "10 年"
}

// showVolume numbers the papers and shows the file.
func (s *Server) showVolume(c *fiber.Ctx, by policy.Actor, v volumeView) error {
	var numbers []string
	for i := range v.Items {
		k := &v.Items[i]
		k.No, k.ID = i+1, "v"+strconv.Itoa(i+1)
		if len(k.Sheets) > 0 {
			k.Sheets[0].Attr = append(k.Sheets[0].Attr, html.Attribute{Key: "id", Val: k.ID})
		}
		if k.Number != "" && !slices.Contains(numbers, k.Number) {
			numbers = append(numbers, k.Number)
		}
	}
	v.Cover = filled(append(v.Cover, [2]string{"文号", strings.Join(numbers, "、")}))
	return s.render(c, by, "volume", page{Title: v.Name + "（" + v.Kind + "）", Script: true, Scripts: []string{volumeScript}, Data: v})
}

// boundPaper is a paper as its own page prints it for who asks; false if it is closed to him or does not exist now.
func (s *Server) boundPaper(c *fiber.Ctx, address, title string) (volumeItem, bool, error) {
	status, body := s.within(c, looking(c, address))
	switch status {
	case fiber.StatusOK:
	case fiber.StatusForbidden, fiber.StatusNotFound, fiber.StatusConflict:
		return volumeItem{}, false, nil
	default:
		return volumeItem{}, false, fault.New("web.boundPaper", fault.Internal, fmt.Sprintf("%s打不开（%d）", title, status))
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return volumeItem{}, false, fault.Wrap("web.boundPaper", fault.Internal, "", err)
	}
	item := volumeItem{Title: title}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "article" && ofClass(n, "sheet") {
			item.Sheets = append(item.Sheets, n)
		}
	}
	for _, sheet := range item.Sheets {
		item.tidy(sheet)
		sheet.Parent.RemoveChild(sheet)
	}
	return item, len(item.Sheets) > 0, nil
}

// heading is what the first sheet of a paper is headed with, its title in the file without one.
func (k *volumeItem) heading() string {
	for _, sheet := range k.Sheets {
		for n := range sheet.Descendants() {
			if n.Type == html.ElementNode && n.Data == "h2" && ofClass(n, "h1") {
				return strings.ReplaceAll(wordsOf(n), "\n", "")
			}
		}
	}
	return k.Title
}

// tidy makes a sheet one among others: its title is no longer that of the page, what is not printed goes; its number, who signs it and its day go into the contents.
func (k *volumeItem) tidy(sheet *html.Node) {
	var out []*html.Node
	for n := range sheet.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if ofClass(n, "noprint") || n.Data == "form" || n.Data == "script" {
			out = append(out, n)
			continue
		}
		n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "id" || n.Data == "h1" && a.Key == "class" })
		switch {
		case n.Data == "h1":
			n.Data, n.DataAtom, n.Attr = "h2", 0, append(n.Attr, html.Attribute{Key: "class", Val: "h1"})
		case ofClass(n, "no"):
			k.Number = cmp.Or(k.Number, wordsOf(n))
		case ofClass(n, "sign"):
			if lines := strings.Split(wordsOf(n), "\n"); k.By == "" && len(lines) > 1 {
				k.By, k.Day = strings.TrimPrefix(lines[0], "用印处"), strings.Trim(lines[len(lines)-1], "　 ")
			}
		}
	}
	sheet.Attr = slices.DeleteFunc(sheet.Attr, func(a html.Attribute) bool { return a.Key == "id" })
	for _, n := range out {
		n.Parent.RemoveChild(n)
	}
}

// ofClass reports whether an element is of a class.
func ofClass(n *html.Node, class string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
		return a.Key == "class" && slices.Contains(strings.Fields(a.Val), class)
	})
}

// wordsOf are the words within an element, a line break for each <br>.
func wordsOf(n *html.Node) string {
	var b strings.Builder
	for k := range n.Descendants() {
		switch {
		case k.Type == html.TextNode:
			b.WriteString(strings.TrimSpace(k.Data))
		case k.Data == "br":
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// boundFile is a file of a case.
func (s *Server) boundFile(ctx context.Context, path string, f caseFile) (volumeItem, error) {
	return s.boundAt(ctx, f.title, path+"/files/"+f.name, f.file)
}

// boundAt is a file that opens at an address: a picture of a paper as it is, of anything else its title, pages and hash, because it is printed apart.
func (s *Server) boundAt(ctx context.Context, title, address string, file *files.Stored) (volumeItem, error) {
	k := volumeItem{Title: title}
	if file.Kind.Image() {
		k.Scan = address
		return k, nil
	}
	k.Note, k.Rows = "附件另附", [][2]string{{"文件", file.Name}, {"种类", file.Kind.Title()}, {"大小", grouped(strconv.FormatInt(file.Size, 10)) + " 字节"}}
	if file.Kind == files.PDF {
		r, _, err := s.files.Open(ctx, file.Original)
		if err != nil {
			return k, err
		}
		defer r.Close() //nolint:errcheck // only read
		pages, err := files.PDFPages(r)
		if err != nil {
			return k, err
		}
		said := "这份 PDF 里读不出，按原件数"
		if pages > 0 {
			said = strconv.Itoa(pages) + " 页"
		}
		k.Rows = append(k.Rows, [2]string{"页数", said})
	}
	k.Rows = append(k.Rows, [2]string{"校验值（SHA-256）", hashGroups("sha256:" + file.Original)}, [2]string{"说明", "原件另行打印，附在本件之后。"})
	return k, nil
}

// boundFiles adds the files of a case that are kept.
func (s *Server) boundFiles(ctx context.Context, items []volumeItem, path string, list []caseFile, keep func(caseFile) bool) ([]volumeItem, error) {
	for _, f := range list {
		if !keep(f) {
			continue
		}
		item, err := s.boundFile(ctx, path, f)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// boundLevels is how a paper was approved, if it was.
func (s *Server) boundLevels(items []volumeItem, a *policy.Approval) []volumeItem {
	k := volumeItem{Title: "审批意见"}
	for _, level := range s.approvalLevels(a) {
		for _, seat := range level.Seats {
			k.Rows = append(k.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
		}
	}
	if len(k.Rows) == 0 {
		return items
	}
	return append(items, k)
}

// whole is the file of a case (一案一档).
func (p casePages[T, D]) whole(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	doc, err := p.cases.One(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	one := &doc.State
	history, err := p.cases.History(ctx, by, doc.ID)
	if err != nil {
		return err
	}
	var about caseView
	if err := p.view(c, by, one, &about, url.Values{}, nil); err != nil {
		return err
	}
	v := volumeView{Back: p.path + "/" + doc.ID, Kind: "一案一档", Name: about.Title}
	if v.Items, err = p.bound(c, by, doc.ID, one); err != nil {
		return err
	}
	happened := volumeItem{Title: "办理经过"}
	for _, h := range caseHistory(history, func(one *T) string { return p.last(one).Title() }) {
		happened.Rows = append(happened.Rows, [2]string{h.Sub, h.Label})
	}
	if v.Items, err = p.s.boundLetters(ctx, by, append(v.Items, happened), p.path+"/"+doc.ID); err != nil {
		return err
	}
	shared, closed := p.shared(one), ""
	if n := len(history); p.over(one) && n > 0 {
		closed = calendar.DateOf(history[n-1].At).Chinese()
	}
	handled, err := p.s.handledBy(ctx, by, historyActors(history))
	if err != nil {
		return err
	}
	v.Cover = [][2]string{{"案由", about.Title}, {"当事人", about.Sub}, {"办理情况", about.State}, {"立案日期", shared.Opened.Chinese()}, {"结案日期", cmp.Or(closed, "还没有结案")}, {"承办人", handled}, {"保管期限", p.s.keptFor(p.title)}}
	return p.s.showVolume(c, by, v)
}

// bound are the papers of a case in the order of the file: each print, then its signed form, the approval, other files. A kind with an order of its own says it in parts.
func (p casePages[T, D]) bound(c *fiber.Ctx, by policy.Actor, id string, one *T) (items []volumeItem, err error) {
	if p.parts != nil {
		return p.parts(c, by, id, one)
	}
	return p.boundPrints(c, by, id, one)
}

// boundPrints is the usual order.
func (p casePages[T, D]) boundPrints(c *fiber.Ctx, by policy.Actor, id string, one *T) (items []volumeItem, err error) {
	path, list, bound := p.path+"/"+id, p.files(one), []string{}
	for _, print := range p.prints(by, one) {
		item, ok, err := p.s.boundPaper(c, path+"/print/"+print.Link, print.Title)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		bound = append(bound, print.Link)
		if items, err = p.s.boundFiles(c.UserContext(), append(items, item), path, list, func(f caseFile) bool { return f.name == print.Link }); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(bound, "approval") { // its form tells who agreed
		items = p.s.boundLevels(items, p.shared(one).Approval)
	}
	return p.s.boundFiles(c.UserContext(), items, path, list, func(f caseFile) bool { return !slices.Contains(bound, f.name) })
}

// with puts the pictures that are kept under what a paper says, and names what is printed apart.
func (k volumeItem) with(path string, list []caseFile, keep func(caseFile) bool) volumeItem {
	for _, f := range list {
		switch {
		case !keep(f):
		case f.file.Kind.Image():
			k.Photos = append(k.Photos, caseLink{f.title, path + "/files/" + f.name})
		default:
			k.Rows = append(k.Rows, [2]string{"附件（另附）", f.title + "，" + f.file.Name + "，校验值 " + hashGroups("sha256:"+f.file.Original)})
		}
	}
	return k
}

// handledBy are the masked names of who acted, in the order in which they did, for who works in the bureau's cases: a firm is not told who wrote what.
func (s *Server) handledBy(ctx context.Context, by policy.Actor, ids []string) (string, error) {
	if s.supervision == nil || !slices.ContainsFunc([]policy.Action{policy.HandleRectification, policy.PlanInspection, policy.SignApproval}, func(a policy.Action) bool { return s.guard.Allow(by, a) }) {
		return "", nil
	}
	var names []string
	for _, id := range ids {
		switch person, err := s.supervision.Visits.Crew.Person(ctx, id); {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return "", err
		default:
			names = append(names, policy.MaskName(person.Name))
		}
	}
	return strings.Join(names, "、"), nil
}

// historyActors are the accounts that changed a case, each once, in the order in which they came.
func historyActors[T any](history []store.Change[T]) (ids []string) {
	for i := range history {
		if id := history[i].Meta.By; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// closedTo reports whether something is not there for who asks.
func closedTo(err error) bool { return fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) }

// paperItem is a paper of a case in rows, with its day and number in the contents.
func paperItem(title string, p *casework.Paper, rows ...[2]string) volumeItem {
	k := volumeItem{Title: title, Rows: filled(rows)}
	if p != nil {
		k.Number, k.Day = p.Number, p.Day.Chinese()
	}
	return k
}
