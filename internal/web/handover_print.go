package web

import (
	"cmp"
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// The papers of a handover that are printed; the word in the address is the key.
var handoverPapers = map[string]string{"record": "承接查验记录", "defects": "承接查验问题清单", "agreement": "物业承接查验协议", "documents": "移交资料清单", "transfer": "物业交接记录", "board": "承接查验结果公示"}

// handoverOrder is the order in which they come about.
var handoverOrder = []string{"documents", "record", "defects", "agreement", "transfer", "board"}

// handoverPrint is what handover_print.html shows.
type handoverPrint struct {
	Kind, Title, Back, Number            string
	H                                    *handover.Handover
	Inspected, Agreed, Transferred, Made string
	Digest                               string
	Findings, Left                       []handoverFinding
	Documents                            []handoverDocument
	Places                               []handoverPlace
	Rooms                                []handoverRoom
	Sides, Bodies                        []handoverSide
	Attended                             []string
	Disputes                             []handoverDispute
	// Notice is the last written notice, nil before the first.
	Notice        *handoverNotice
	Conform, None int
	// ShownOn and Until are the first and last day of the notice board, "" before it is put up.
	ShownOn, Until string
}

// handoverPaper prints one of the papers; a paper about what has not happened yet does not exist.
func (s *Server) handoverPaper(c *fiber.Ctx, by policy.Actor) error {
	kind := c.Params("paper")
	title, ok := handoverPapers[kind]
	if !ok {
		return fault.New("web.handoverPaper", fault.NotFound, "")
	}
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	if !printable(h, kind) {
		return fault.New("web.handoverPaper", fault.NotFound, "这次承接查验现在是“"+h.State.Title()+"”，还没有"+title)
	}
	now := s.clockOf(c.UserContext()).now
	today := calendar.DateOf(now)
	v := handoverView{handoverLine: handoverLineOf(w.Doc, newTaskClock(now, s.holidays)), On: today}
	s.fillHandover(&v, nil, &w, nil)
	s.fillDisputes(&v, policy.Actor{}, &w, nil, nil)
	s.fillWitnesses(&v, policy.Actor{}, &w, nil, nil)
	p := handoverPrint{Number: v.Number, Kind: kind, Title: title, Back: v.Path, H: h, Inspected: walkedOn(h), Agreed: h.Agreed.Chinese(), Transferred: h.Transferred.Chinese(), Made: today.Chinese(),
		Digest: hashGroups("sha256:" + w.Digest()), Findings: v.Findings, Documents: v.Documents, Places: v.Places, Sides: v.Sides, Bodies: v.Bodies, Attended: v.Attended, Disputes: v.Disputes}
	if n := len(v.Notices); n > 0 {
		p.Notice = &v.Notices[n-1]
	}
	for _, pair := range h.RoomPairs() {
		p.Rooms = append(p.Rooms, roomInWords(pair))
	}
	for i, l := range w.Lines {
		switch l.Value {
		case handover.Conform:
			p.Conform++
		case handover.NotApplicable:
			p.None++
		case handover.Fail:
			if w.Lines[i].Left() {
				p.Left = append(p.Left, s.handoverFinding(&v, &w, &w.Lines[i], nil, nil))
			}
		}
	}
	for _, show := range h.Shows {
		p.ShownOn, p.Until = show.From.Chinese(), show.Until.Due.Chinese()
	}
	return s.render(c, by, "handover_print", page{Title: h.Title() + title, Script: true, Data: p, Paper: title})
}

// walkedOn is when the walk was: from its first day to its last, the planned day before it begins.
func walkedOn(h *handover.Handover) string {
	switch {
	case h.Began.IsZero():
		return "计划" + h.Inspection.Chinese()
	case h.Ended.IsZero():
		return h.Began.Chinese() + "起"
	case h.Ended == h.Began:
		return h.Began.Chinese()
	}
	return h.Began.Chinese() + "至" + h.Ended.Chinese()
}

// printable reports whether what a paper tells has happened.
func printable(h *handover.Handover, kind string) bool {
	switch kind {
	case "agreement":
		return h.State == handover.Agreeing || !h.Agreed.IsZero()
	case "board":
		return !h.Agreed.IsZero()
	case "transfer":
		return !h.Transferred.IsZero()
	}
	return true
}

// roomInWords is a room of the register beside what was found.
func roomInWords(p handover.RoomPair) handoverRoom {
	line := handoverRoom{Same: p.Same()}
	for _, side := range []struct {
		room *handover.Room
		area *string
	}{{p.Registered, &line.Registered}, {p.Received, &line.Received}} {
		if side.room != nil {
			line.Kind, line.Place, *side.area = registry.TextOf(registry.RoomKinds(), side.room.Kind), side.room.Place, areaShown(side.room.Area)
		}
	}
	return line
}

// handoversExcel is the list as Excel, exactly what the filter shows.
func (s *Server) handoversExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		handoverLine
		h handover.Handover
	}
	var rows []row
	l := readList(c, handoversPath, "q", "state", "project")
	clock := s.clockOf(c.UserContext())
	filter := handover.Filter{Text: l.value["q"], State: handover.State(l.value["state"]), Project: l.value["project"]}
	for after := ""; ; {
		docs, err := s.handovers.Service.ListPage(c.UserContext(), by, filter, after)
		if err != nil {
			return err
		}
		for _, d := range docs.Docs {
			rows = append(rows, row{handoverLineOf(d, clock), d.State})
		}
		if after = docs.Next; after == "" {
			break
		}
	}
	table := report.Table[row]{Sheet: "承接查验", Columns: []report.Column[row]{
		report.Shown("编号", func(r *row) any { return r.Number }).Wide(18), report.Shown("小区", func(r *row) any { return r.Title }).Wide(24), report.Shown("建设单位", func(r *row) any { return r.Developer }).Wide(28), report.Shown("物业企业", func(r *row) any { return r.Firm }).Wide(28),
		report.Shown("状态", func(r *row) any { return r.State }), report.Shown("要办的事", func(r *row) any { return r.What }).Wide(16), report.Shown("期限", func(r *row) any {
			_, due, _ := r.h.Clock()
			return due.Due
		}).Wide(16),
		report.Shown("计划查验", func(r *row) any { return r.h.Inspection }), report.Shown("计划交付", func(r *row) any { return r.h.Delivery }), report.Shown("签协议", func(r *row) any { return r.h.Agreed }),
		report.Shown("交接", func(r *row) any { return r.h.Transferred }), report.Shown("备案", func(r *row) any { return r.h.Filed }), report.Shown("备案号", func(r *row) any {
			if r.h.Receipt == nil {
				return ""
			}
			return r.h.Receipt.Number
		}).Wide(22),
	}}
	return sendSheets(c, "承接查验.xlsx", table.Filled(rows))
}

// handoverExcel is one handover as Excel: findings, documents and the whole checklist.
func (s *Server) handoverExcel(c *fiber.Ctx, by policy.Actor) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	type line = handover.Line
	of := func(title string, text func(*line) string) report.Column[line] {
		return report.Shown(title, func(l *line) any { return text(l) })
	}
	where, object := of("楼栋", func(l *line) string { return l.Where }), of("对象", func(l *line) string { return l.Name }).Wide(18)
	findings := report.Table[line]{Sheet: "问题", Columns: []report.Column[line]{where, object, of("位置", func(l *line) string { return l.Answer.Place }).Wide(18), of("说明", func(l *line) string { return l.Note }).Wide(28),
		of("责任单位", func(l *line) string { return l.Liable().Title() }), of("状态", (*line).Stands).Wide(14), of("整改情况", func(l *line) string { return l.Repair }).Wide(28),
		report.Shown("整改期限", func(l *line) any { return l.Due(h) }), of("照片", func(l *line) string { return strconv.Itoa(len(l.Photos)) })}}
	all := report.Table[line]{Sheet: "查验清单", Columns: []report.Column[line]{where, of("分组", func(l *line) string { return l.Group }), object, of("应当", func(l *line) string { return l.Sentence }).Wide(36),
		of("方法", func(l *line) string { return l.Method }), of("结果", func(l *line) string { return l.Value.Title() })}}
	type paper struct {
		name string
		d    handover.Document
	}
	papers := report.Table[paper]{Sheet: "移交资料", Columns: []report.Column[paper]{report.Shown("资料", func(p *paper) any { return p.name }).Wide(36),
		report.Shown("已移交", func(p *paper) any { return map[bool]string{true: "是", false: "否"}[p.d.Handed] }), report.Shown("承诺", func(p *paper) any { return p.d.Promise }).Wide(28),
		report.Shown("补交日期", func(p *paper) any { return p.d.Due }), report.Shown("收到日期", func(p *paper) any { return h.Supplied(p.d.ID) })}}
	var rows []paper
	for i, d := range h.Documents {
		rows = append(rows, paper{w.List.Documents[i].Name, d})
	}
	return sendSheets(c, h.Title()+"承接查验.xlsx", findings.Filled(append(w.Findings(), w.Hidden...)), papers.Filled(rows), all.Filled(w.Lines))
}

// handoverWhole is the file of a handover inspection (一案一档): its papers in the order in which they came about, each through its own address.
func (s *Server) handoverWhole(c *fiber.Ctx, by policy.Actor) error {
	w, err := s.handovers.Service.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h := &w.Doc.State
	v := volumeView{Back: handoversPath + "/" + w.Doc.ID, Kind: "一案一档", Name: h.Title() + "：承接查验"}
	for _, kind := range handoverOrder {
		if !printable(h, kind) {
			continue
		}
		item, ok, err := s.boundPaper(c, v.Back+"/print/"+kind, handoverPapers[kind])
		if err != nil {
			return err
		}
		if ok {
			v.Items = append(v.Items, item)
		}
	}
	if v.Items, err = s.handoverPictures(c.UserContext(), v.Items, &w, v.Back); err != nil {
		return err
	}
	v.Cover = [][2]string{{"案由", v.Name}, {"当事人", h.DeveloperName + "（建设单位）、" + h.FirmName + "（物业服务企业）"}, {"办理情况", h.State.Title()}, {"立案日期", h.Opened.Chinese()}, {"结案日期", cmp.Or(h.Filed.Chinese(), "还没有结案")}, {"保管期限", s.keptFor("承接查验")}}
	return s.showVolume(c, by, v)
}

// handoverPictures adds what the photos of a handover show, finding by finding, and the sealed paper once another person looked at it.
func (s *Server) handoverPictures(ctx context.Context, items []volumeItem, w *handover.Walk, path string) ([]volumeItem, error) {
	now := s.clockOf(ctx).now
	v := handoverView{handoverLine: handoverLineOf(w.Doc, newTaskClock(now, s.holidays)), On: calendar.DateOf(now)}
	s.fillHandover(&v, nil, w, nil)
	for i := range v.Findings {
		f := &v.Findings[i]
		if len(f.Photos) == 0 {
			continue
		}
		item := volumeItem{Title: "第 " + count(i+1) + " 项问题的照片", Rows: filled([][2]string{{"对象和位置", joinWords(f.Title, f.Place)}, {"问题", cmp.Or(f.Note, f.Sentence)}, {"责任单位", f.Party}, {"情况", joinWords(f.Stands, f.Carried, f.Repair)}})}
		for n, photo := range f.Photos {
			item.Photos = append(item.Photos, caseLink{"照片 " + count(n+1), path + "/photos/" + photo})
		}
		items = append(items, item)
	}
	if scan := w.Sealed(); scan != nil && scan.Looked() {
		item := volumeItem{Title: "盖章原件", Rows: [][2]string{{"文件", scan.File.Name}, {"校验值（SHA-256）", hashGroups("sha256:" + scan.File.Original)}}}
		if scan.File.Kind.Image() {
			item.Rows, item.Scan = nil, path+"/scan"
		} else {
			item.Note = "附件另附"
		}
		items = append(items, item)
	}
	return items, nil
}
