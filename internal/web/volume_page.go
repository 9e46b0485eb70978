package web

import (
	"bytes"
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/conduct"
	"redsteward/registry/owners"
)

// pageFile is the file (一案一档) of something that has a page of its own beside the frame of cases: its page tells the facts, as who asks sees them; what is here stands on the cover or is bound behind them.
type pageFile struct {
	// kind is the kind of the file (VolumeKinds), name whose it is, party whom it is about, state how it stands.
	kind, name, party, state string
	// opened is when it began, ended when it was over; zero while it is not.
	opened, ended calendar.Date
	// pages are further pages that tell of it, papers those of its papers, with their titles.
	pages, papers []crumb
	// scans are its documents.
	scans []pageScan
}

// pageScan is a document of a file with the address at which it opens.
type pageScan struct {
	title, address string
	file           *files.Stored
}

// wholePage is the file of what about tells, the page of which lies one part above in the address.
func (s *Server) wholePage(about func(c *fiber.Ctx, by policy.Actor) (pageFile, error)) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		one, err := about(c, by)
		if err != nil {
			return err
		}
		back := strings.Clone(strings.TrimSuffix(c.Path(), "/whole"))
		v := volumeView{Back: back, Kind: "一案一档", Name: one.name}
		facts, happened, err := s.boundPage(c, back)
		if err != nil {
			return err
		}
		v.Items = append(v.Items, facts...)
		for _, p := range one.pages {
			more, _, err := s.boundPage(c, p.Path)
			if err != nil {
				return err
			}
			more[0].Title = p.Label
			if len(more[0].Rows) > 0 {
				v.Items = append(v.Items, more...)
			}
		}
		for _, p := range one.papers {
			item, ok, err := s.boundPaper(c, p.Path, p.Label)
			if err != nil {
				return err
			}
			if ok {
				v.Items = append(v.Items, item)
			}
		}
		for _, k := range one.scans {
			item, err := s.boundAt(c.UserContext(), k.title, k.address, k.file)
			if err != nil {
				return err
			}
			v.Items = append(v.Items, item)
		}
		if len(happened.Rows) > 0 {
			v.Items = append(v.Items, happened)
		}
		if v.Items, err = s.boundLetters(c.UserContext(), by, v.Items, back); err != nil {
			return err
		}
		v.Cover = [][2]string{{"案由", one.name}, {"当事人", one.party}, {"办理情况", one.state}, {"开始日期", one.opened.Chinese()}, {"办结日期", cmp.Or(one.ended.Chinese(), "还没有办结")}, {"保管期限", s.keptFor(one.kind)}}
		return s.showVolume(c, by, v)
	}
}

// boundPage is what a page tells, section by section: the facts in rows, the photos of each section behind them, and what happened, which comes last in a file. Forms and what is not printed are left out.
func (s *Server) boundPage(c *fiber.Ctx, address string) (items []volumeItem, happened volumeItem, err error) {
	const op = "web.boundPage"
	happened.Title = "办理经过"
	status, body := s.within(c, looking(c, address))
	if status != fiber.StatusOK {
		return nil, happened, fault.New(op, fault.Internal, "案卷的页面打不开（"+strconv.Itoa(status)+"）")
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, happened, fault.Wrap(op, fault.Internal, "", err)
	}
	facts, main := volumeItem{}, root
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			main = n
		}
	}
	for n := range main.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "h1" && facts.Title == "":
			facts.Title = saidIn(n) + "：情况"
		case n.Data == "p" && ofClass(n, "note"):
			facts.Rows = append(facts.Rows, [2]string{"说明", saidIn(n)})
		case n.Data == "section" && !ofClass(n, "noprint"):
			title, rows, photos := sectionSaid(n)
			if title == "经过" {
				for _, row := range rows {
					happened.Rows = append(happened.Rows, [2]string{strconv.Itoa(len(happened.Rows) + 1), row[1]})
				}
				continue
			}
			if title == "打印" || title == "材料" { // links: what they lead to is bound itself
				continue
			}
			facts.Rows = append(facts.Rows, rows...)
			if len(photos) > 0 {
				items = append(items, volumeItem{Title: title + "：照片", Photos: photos})
			}
		}
	}
	return append([]volumeItem{facts}, items...), happened, nil
}

// looking is an address at the same day at which the page is looked at.
func looking(c *fiber.Ctx, address string) string {
	if look := c.Query(knownName); look != "" {
		return address + "?" + knownName + "=" + url.QueryEscape(look)
	}
	return address
}

// sectionSaid is what a section of a page says: its heading, and in rows its pairs, its lists and its sentences. Of a section with a form that is left out the sentences belong to the form.
func sectionSaid(section *html.Node) (title string, rows [][2]string, photos []caseLink) {
	form, label := false, ""
	for n := range section.Descendants() {
		form = form || n.Type == html.ElementNode && n.Data == "form"
	}
	for n := range section.Descendants() {
		if n.Type != html.ElementNode || inside(n, section, unsaid) {
			continue
		}
		switch n.Data {
		case "h2":
			title = saidIn(n)
			label = title
		case "dt":
			label = saidIn(n)
		case "dd", "li":
			if n.Data == "li" {
				label = title
			}
			if said := saidIn(n); said != "" {
				rows = append(rows, [2]string{label, said})
			}
		case "p":
			if said := saidIn(n); said != "" && !form && !inside(n, section, func(p *html.Node) bool { return p != n && (p.Data == "li" || p.Data == "dd") }) {
				rows = append(rows, [2]string{title, said})
			}
		case "tr":
			if row, ok := tableRow(n); ok {
				rows = append(rows, row)
			}
		case "a":
			if ofClass(n, "pic") {
				for _, a := range n.Attr {
					if a.Key == "href" {
						photos = append(photos, caseLink{"照片 " + strconv.Itoa(len(photos)+1), a.Val})
					}
				}
			}
		}
	}
	return title, rows, photos
}

// tableRow is a row of the body of a table: its first cell names it, the others follow under their headings; false for a heading and for cells with lists, which are told by themselves.
func tableRow(tr *html.Node) (row [2]string, ok bool) {
	if tr.Parent == nil || tr.Parent.Data != "tbody" {
		return row, false
	}
	var heads []string
	if table := tr.Parent.Parent; table != nil {
		for n := range table.Descendants() {
			if n.Type == html.ElementNode && n.Data == "th" && inside(n, table, func(p *html.Node) bool { return p.Data == "thead" }) {
				heads = append(heads, saidIn(n))
			}
		}
	}
	var said []string
	at := 0
	for n := tr.FirstChild; n != nil; n = n.NextSibling {
		if n.Type != html.ElementNode || n.Data != "td" && n.Data != "th" {
			continue
		}
		for k := range n.Descendants() {
			if k.Type == html.ElementNode && (k.Data == "li" || k.Data == "dd") {
				return row, false
			}
		}
		text := saidIn(n)
		switch {
		case at == 0:
			row[0] = text
		case text != "" && at < len(heads) && heads[at] != "":
			said = append(said, heads[at]+"："+text)
		case text != "":
			said = append(said, text)
		}
		at++
	}
	row[1] = strings.Join(said, "；")
	return row, row[0] != "" && row[1] != ""
}

// unsaid reports whether an element says nothing in a file.
func unsaid(n *html.Node) bool {
	switch n.Data {
	case "form", "button", "script", "svg", "details":
		return true
	}
	return ofClass(n, "noprint") || ofClass(n, "emsg") || ofClass(n, "vh")
}

// inside reports whether an element, or one around it up to an outer one, is of a kind.
func inside(n, outer *html.Node, is func(*html.Node) bool) bool {
	for ; n != nil && n != outer; n = n.Parent {
		if n.Type == html.ElementNode && is(n) {
			return true
		}
	}
	return false
}

// saidIn are the words within an element as they are read: what stands below in small type follows in brackets.
func saidIn(n *html.Node) string {
	var b strings.Builder
	var tell func(*html.Node)
	tell = func(n *html.Node) {
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			switch {
			case k.Type == html.TextNode:
				text := strings.Join(strings.Fields(k.Data), " ")
				if text != "" && b.Len() > 0 && strings.TrimLeft(k.Data, " \n") != k.Data {
					text = " " + text
				}
				b.WriteString(text)
			case k.Type != html.ElementNode || unsaid(k):
			case ofClass(k, "sub") && b.Len() > 0:
				b.WriteString("（")
				tell(k)
				b.WriteString("）")
			default:
				tell(k)
			}
		}
	}
	tell(n)
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "（）", ""))
}

// filingWhole is the file of a filing: its documents, the sheets of 三同步, the receipt, the signed papers.
func (s *Server) filingWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.filings.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	f, path := &doc.State, filingsPath+"/"+doc.ID
	one := pageFile{kind: "登记备案", name: f.Title + "（" + f.Subject() + "）", party: f.FirmName, state: f.State.Title(), opened: f.Day, ended: f.Filed, papers: []crumb{{"备案回执", path + "/receipt"}}}
	if !f.Submitted.IsZero() {
		one.opened = calendar.DateOf(f.Submitted.Time)
	}
	one.papers = append(boundPapers(filingsPath, doc.ID, s.filingPapers(by, f)), one.papers...)
	for _, sheet := range f.Sheets {
		if s.guard.Allow(by, sheet.Kind.Reader()) {
			continue // bound as a paper
		}
		one.pages = append(one.pages, crumb{"三同步：" + sheet.Kind.Title(), path + "/sheets/" + string(sheet.Kind)})
	}
	for i := range f.Documents {
		one.scans = append(one.scans, pageScan{f.Documents[i].Title, path + "/files/" + strconv.Itoa(i), &f.Documents[i].File})
	}
	for i := range f.Scans {
		one.scans = append(one.scans, pageScan{"签字件", path + "/scans/" + strconv.Itoa(i), &f.Scans[i]})
	}
	return one, nil
}

// changeWhole is the file of a change of firm.
func (s *Server) changeWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.changes.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	k := &doc.State
	return pageFile{kind: "物业更换", name: k.Name() + "物业更换", party: k.FirmName, state: k.State.Title(), opened: k.Given, ended: k.Ended, papers: boundPapers(changesPath, doc.ID, s.changePapers(by, k))}, nil
}

// bodyWhole is the file of a founding of an owners' body.
func (s *Server) bodyWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.bodies.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	history, err := s.bodies.History(c.UserContext(), by, doc.ID)
	if err != nil {
		return pageFile{}, err
	}
	f := &doc.State
	one := pageFile{kind: "业主组织", name: f.Title(), party: f.ProjectName, state: f.State.Title(), opened: f.Group.On}
	one.papers = boundPapers(bodiesPath, doc.ID, s.bodyPapers(f))
	if n := len(history); n > 0 && (f.State == owners.Filed || f.State == owners.Ended) {
		one.ended = calendar.DateOf(history[n-1].At)
	}
	return one, nil
}

// matterWhole is the file of a matter.
func (s *Server) matterWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.matters.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	m := &doc.State
	one := pageFile{kind: "事项", name: m.CategoryTitle + "（" + m.Place() + "）", party: m.FirmName, state: m.State.Title(), opened: m.Day}
	one.papers = boundPapers(mattersPath, doc.ID, s.matterPapers(doc.ID, m))
	if !m.Closed.IsZero() && m.State.Closed() {
		one.ended = calendar.DateOf(m.Closed.Time)
	}
	return one, nil
}

// wishWhole is the file of a wish or an errand, with the receipts of its documents.
func (s *Server) wishWhole(c *fiber.Ctx, by policy.Actor) (pageFile, error) {
	doc, err := s.wishes.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	w := &doc.State
	one := pageFile{kind: "微心愿", name: w.KindTitle + "（" + w.Spotted() + "）", party: w.CommunityName, state: w.Title(), opened: w.Day, ended: w.Ended}
	for i := range w.Receipts {
		one.papers = append(one.papers, crumb{"收件回执", needsPath + "/" + doc.ID + "/receipts/" + strconv.Itoa(i)})
	}
	return one, nil
}

// conductWhole is the file of an entry of a book of conduct, with its document.
func (s *Server) conductWhole(c *fiber.Ctx, by policy.Actor, b conduct.Book) (pageFile, error) {
	doc, err := s.conduct.One(c.UserContext(), by, b, c.Params("id"))
	if err != nil {
		return pageFile{}, err
	}
	e := &doc.State
	line := s.conductLineOf(s.registered.On(c.UserContext()), b, doc.ID, e)
	one := pageFile{kind: b.Title(), name: e.Title, party: line.Firm, state: line.State, opened: e.Day}
	one.papers = boundPapers(bookPath(b), doc.ID, s.conductPapers(b, e))
	if !e.Until.IsZero() && e.Until.Compare(s.registered.On(c.UserContext())) < 0 {
		one.ended = e.Until
	}
	if e.Paper != nil {
		one.scans = []pageScan{{"文书", bookPath(b) + "/" + doc.ID + "/paper", e.Paper}}
	}
	return one, nil
}
