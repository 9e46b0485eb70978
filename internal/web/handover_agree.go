package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// handoverMore is what the page of a handover shows of disputes, witnesses, sealed paper, rooms, notice boards, phases and later defects. Empty forms are not shown.
type handoverMore struct {
	Disputes                 []handoverDispute
	DisputeWhole             *field
	Attended                 []string
	Attend, Tell, Show, Down []field
	Bodies                   []handoverSide
	Body, Digest, PublishBy  string
	Scan                     *handoverScanView
	CanScan, Unseen          bool
	Prints                   []option
	RoomLines                []handoverRoom
	RoomForm                 [][]field
	Shows                    []handoverShow
	Phases                   []handoverPhase
	Whole                    *field
	Overall                  string
	Hidden                   []handoverFinding
}

type handoverDispute struct {
	ID, Title, Side, Reason, Stands, Outcome, Paper, Liable, Noted string
	CanNote                                                        bool
	Mediate                                                        []field
}

type handoverScanView struct {
	Name, By, Look string
	Compare        *field
	Stale          bool
}

type handoverRoom struct {
	Kind, Place, Registered, Received string
	Same                              bool
}

type handoverShow struct{ From, Until, Place, Down, Why, Photo, Stands string }

type handoverPhase struct{ Name, Path, State string }

// letterPath is where a letter of warranty is drafted from a defect that the developer left.
func letterPath(handover, item string) string {
	return claimsPath + "/new?" + url.Values{"handover": {handover}, "finding": {item}}.Encode()
}

// handoverFinding puts a finding, or a defect found later, into words.
func (s *Server) handoverFinding(v *handoverView, w *handover.Walk, l *handover.Line, typed url.Values, refused []fault.Field) handoverFinding {
	h := &w.Doc.State
	f := handoverFinding{Item: l.Item.ID, Title: l.Where + l.Name, Sentence: l.Sentence, Place: l.Answer.Place, Note: l.Note, Party: l.Liable().Title(), Stands: l.Stands(), Chip: l.Blocks() || l.Unpictured(), Repair: l.Repair}
	late := h.State != handover.Repairing && h.State != handover.Rechecking
	f.CanRepair = v.CanRepair && l.Open() && !l.Repaired && (!late || l.Liable() == handover.PartyDeveloper)
	f.CanJudge = v.CanJudge && l.Blocks() && (!late || l.Open())
	f.CanCarry = v.Walks && h.State == handover.Rechecking && l.Open() && l.Later == nil && l.Liable() == handover.PartyDeveloper
	f.CanDispute = v.Side != "" && h.State.Disputable() && (l.Dispute == nil || l.Dispute.Over())
	if l.Later != nil {
		f.Carried = "建设单位承诺：" + l.Later.How + "，" + l.Later.Due.Chinese() + "前整改"
		if l.Item.IsHidden() {
			f.Carried = l.Later.Seen.Chinese() + "发现，" + l.Later.Due.Chinese() + "前整改"
		}
	}
	if s.claims != nil && v.Drafts && l.Overdue(h, v.On) {
		f.Letter = letterPath(w.Doc.ID, l.Item.ID)
	}
	if l.Unpictured() && v.CanWalk {
		f.Picture = v.Path + "/items/" + l.Item.ID
	}
	for _, photo := range l.Photos {
		f.Photos = append(f.Photos, photo.Original)
	}
	name := "dispute-" + l.Item.ID
	f.Dispute = withErrors([]field{{Name: name, Label: "争议的内容", Rows: 2, Value: typed.Get(name)}}, refused)[0]
	how, due := "how-"+l.Item.ID, "due-"+l.Item.ID
	f.Carry = withErrors([]field{{Name: how, Label: "建设单位承诺怎样整改", Type: "text", Autocomplete: "off", Value: typed.Get(how)}, {Name: due, Label: "整改期限", Type: "date", Value: typed.Get(due)}}, refused)
	return f
}

// fillMore fills in what handoverMore shows.
func (s *Server) fillMore(ctx context.Context, v *handoverView, by policy.Actor, w *handover.Walk, typed url.Values, refused []fault.Field) error {
	h := &w.Doc.State
	today := v.On
	for _, kind := range handoverOrder {
		if printable(h, kind) {
			v.Prints = append(v.Prints, option{v.Path + "/print/" + kind, handoverPapers[kind]})
		}
	}
	// The receipt is that of who filed and of the bureau; the developer has no part in it.
	if h.Receipt != nil && s.filings != nil {
		_, err := s.filings.One(ctx, by, h.Receipt.ID)
		if err != nil && !closedTo(err) {
			return err
		}
		if err == nil {
			v.Prints = append(v.Prints, option{filingsPath + "/" + h.Receipt.ID + "/receipt", "备案回执 " + h.Receipt.Number})
		}
	}
	s.fillDisputes(v, by, w, typed, refused)
	s.fillWitnesses(v, by, w, typed, refused)
	s.fillShows(v, h, today, typed, refused)
	for i := range w.Hidden {
		v.Hidden = append(v.Hidden, s.handoverFinding(v, w, &w.Hidden[i], typed, refused))
	}
	if v.Walks && (h.State == handover.Transferred || h.State == handover.Filed) {
		parties := []option{}
		for _, p := range handover.AllParties() {
			parties = append(parties, option{string(p), p.Title()})
		}
		v.Tell = withErrors([]field{{Name: "defect", Label: "哪里有问题", Type: "text", Autocomplete: "off", Value: typed.Get("defect")}, {Name: "where", Label: "位置", Type: "text", Autocomplete: "off", Value: typed.Get("where")},
			{Name: "seen", Label: "发现日期", Type: "date", Value: cmp.Or(typed.Get("seen"), today.String())}, {Name: "lost", Label: "责任单位", Options: parties, Value: typed.Get("lost")},
			{Name: "note", Label: "说明", Rows: 2, Optional: true, Value: typed.Get("note")}}, refused)
	}
	if err := s.fillRooms(ctx, v, by, w, typed, refused); err != nil {
		return err
	}
	return s.fillPhases(ctx, v, by, w, today, typed, refused)
}

func (s *Server) fillDisputes(v *handoverView, by policy.Actor, w *handover.Walk, typed url.Values, refused []fault.Field) {
	h := &w.Doc.State
	mediates := s.guard.Allow(by, policy.MediateHandover) && h.State != handover.Cancelled
	side, signs := s.handovers.Service.SideOf(by)
	if signs && h.State.Disputable() {
		f := withErrors([]field{{Name: "dispute-whole", Label: "对整次查验的争议", Rows: 2, Value: typed.Get("dispute-whole")}}, refused)[0]
		v.DisputeWhole = &f
	}
	for i := range h.Disputes {
		d := &h.Disputes[i]
		line := handoverDispute{ID: d.ID, Title: "整次查验", Side: d.Side.Title(), Reason: d.Reason, Stands: d.Stands(), Outcome: d.Outcome, Paper: d.Paper, Liable: d.Liable.Title()}
		if l, ok := w.Find(d.Item); ok {
			line.Title = l.Where + l.Name
		}
		for _, n := range d.Noted {
			line.Noted += n.Title() + "同意带争议签协议。"
		}
		line.CanNote = signs && !d.Over() && !slices.Contains(d.Noted, side) && h.State.Disputable()
		if mediates && !d.Over() {
			line.Mediate = mediateForm(d, typed, refused)
		}
		v.Disputes = append(v.Disputes, line)
	}
}

func mediateForm(d *handover.Dispute, typed url.Values, refused []fault.Field) []field {
	var ways []option
	for _, way := range handover.Ways() {
		ways = append(ways, option{string(way), way.Title()})
	}
	form := []field{{Name: "way-" + d.ID, Label: "处理方式", Options: ways, Value: cmp.Or(typed.Get("way-"+d.ID), string(d.Way))},
		{Name: "outcome-" + d.ID, Label: "处理结果", Rows: 2, Optional: true, Value: typed.Get("outcome-" + d.ID), Hint: "还没有结果的先不填"},
		{Name: "paper-" + d.ID, Label: "文书号", Type: "text", Optional: true, Value: typed.Get("paper-" + d.ID), Hint: "调解书或裁判文书"}}
	if d.Item != "" {
		parties := []option{{"", "请选择"}}
		for _, p := range append(handover.AllParties(), handover.PartyNobody) {
			parties = append(parties, option{string(p), p.Title()})
		}
		form = append(form, field{Name: "liable-" + d.ID, Label: "认定的责任单位", Options: parties, Value: typed.Get("liable-" + d.ID), Hint: "有结果时选"})
	}
	return withErrors(form, refused)
}

func (s *Server) fillWitnesses(v *handoverView, by policy.Actor, w *handover.Walk, typed url.Values, refused []fault.Field) {
	h := &w.Doc.State
	is := func(states ...handover.State) bool { return slices.Contains(states, h.State) }
	for _, one := range h.Witnesses {
		if one.Digest == "" {
			v.Attended = append(v.Attended, one.Body.Title()+" "+one.Name+"，"+shortDate(calendar.DateOf(one.Hand.At.Time), v.On))
		}
	}
	var bodies []option
	for _, body := range handover.Bodies() {
		line := handoverSide{Title: body.Title()}
		if one, ok := w.Witnessed(body); ok {
			line.Signed, line.Office, line.At = true, s.titleOfOffice(one.Hand.Office), dateTime(one.Hand.At.Time)
		}
		v.Bodies = append(v.Bodies, line)
		bodies = append(bodies, option{string(body), body.Title()})
	}
	if v.Walks && is(handover.Walking, handover.Repairing, handover.Rechecking) {
		v.Attend = withErrors([]field{{Name: "body", Label: "代表", Options: bodies, Value: typed.Get("body")}, {Name: "name", Label: "姓名", Type: "text", Autocomplete: "off", Value: typed.Get("name"), Hint: "其他单位的账号只看到隐去一部分的姓名"}}, refused)
	}
	signing := is(handover.Agreeing, handover.Agreed, handover.Transferred)
	if signing || h.State == handover.Filed {
		v.Digest = hashGroups("sha256:" + w.Digest())
	}
	body, witnesses := s.handovers.Service.BodyOf(by)
	if _, done := w.Witnessed(body); witnesses && signing && !done {
		v.Body = body.Title()
	}
	v.CanScan = v.Side != "" && (signing || h.State == handover.Filed) && w.Sealed() == nil
	scan := h.Scan
	if scan == nil {
		return
	}
	v.Scan = &handoverScanView{Name: scan.File.Name, By: s.titleOfOffice(scan.By.Office) + "，" + dateTime(scan.By.At.Time), Stale: w.Sealed() == nil}
	if scan.Looked() {
		v.Scan.Look = s.titleOfOffice(scan.Look.Office) + "，" + dateTime(scan.Look.At.Time)
	} else if witnesses && !v.Scan.Stale {
		f := withErrors([]field{{Name: "typed", Label: "纸面校验值的前 8 位", Type: "text", Autocomplete: "off", Value: typed.Get("typed"), Hint: "从打开的盖章原件上抄"}}, refused)[0]
		v.Scan.Compare = &f
	}
}

func (s *Server) fillShows(v *handoverView, h *handover.Handover, today calendar.Date, typed url.Values, refused []fault.Field) {
	for _, one := range h.Shows {
		line := handoverShow{From: one.From.Chinese(), Until: one.Until.Due.Chinese(), Place: one.Place, Down: one.Down.Chinese(), Why: one.Why, Photo: one.Photo.Original, Stands: "公示中"}
		switch {
		case one.Early():
			line.Stands = "提前撤下，不算数"
		case one.Until.Resolved() && one.Until.Due.Compare(today) <= 0:
			line.Stands = "公示期满"
		}
		v.Shows = append(v.Shows, line)
	}
	if h.Publish.Rule == "" {
		return
	}
	if v.Unseen = h.Unshown(); v.Unseen {
		v.PublishBy = h.Publish.Due.Chinese() + "前张贴。依据：" + h.Publish.Basis
	}
	if !v.Walks {
		return
	}
	if v.Unseen {
		v.Show = withErrors([]field{{Name: "from", Label: "张贴日期", Type: "date", Value: cmp.Or(typed.Get("from"), today.String())}, {Name: "board", Label: "张贴的位置", Type: "text", Autocomplete: "off", Value: typed.Get("board")}}, refused)
	} else if n := len(h.Shows); h.Shows[n-1].Down.IsZero() {
		v.Down = withErrors([]field{{Name: "down", Label: "撤下日期", Type: "date", Value: cmp.Or(typed.Get("down"), today.String())}, {Name: "why", Label: "提前撤下的理由", Type: "text", Optional: true, Value: typed.Get("why"), Hint: h.Shows[n-1].Until.Due.Chinese() + "以前撤下的要写，并重新公示"}}, refused)
	}
}

// fillRooms compares the rooms, and offers those of the register to be confirmed or changed as they were found.
func (s *Server) fillRooms(ctx context.Context, v *handoverView, by policy.Actor, w *handover.Walk, typed url.Values, refused []fault.Field) error {
	h := &w.Doc.State
	for _, p := range h.RoomPairs() {
		v.RoomLines = append(v.RoomLines, roomInWords(p))
	}
	if !v.Walks || !h.State.Disputable() {
		return nil
	}
	rooms := h.Received
	if len(rooms) == 0 {
		var err error
		if rooms, err = s.handovers.Service.Registered(ctx, by, w.Doc.ID); err != nil {
			return err
		}
	}
	kinds := []option{{"", "（不用）"}}
	for _, k := range registry.RoomKinds() {
		kinds = append(kinds, option{k.ID, k.Text})
	}
	for i := range len(rooms) + 2 {
		var kind, place, area string
		if i < len(rooms) {
			kind, place, area = string(rooms[i].Kind), rooms[i].Place, areaText(rooms[i].Area)
		}
		n := strconv.Itoa(i)
		if typed.Has("kind-" + n) {
			kind, place, area = typed.Get("kind-"+n), typed.Get("place-"+n), typed.Get("area-"+n)
		}
		v.RoomForm = append(v.RoomForm, withErrors([]field{{Name: "kind-" + n, Label: "用途", Options: kinds, Value: kind}, {Name: "place-" + n, Label: "位置", Type: "text", Autocomplete: "off", Value: place},
			{Name: "area-" + n, Label: "实测面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: area}}, refused))
	}
	return nil
}

func (s *Server) fillPhases(ctx context.Context, v *handoverView, by policy.Actor, w *handover.Walk, today calendar.Date, typed url.Values, refused []fault.Field) error {
	h := &w.Doc.State
	phases, err := s.handovers.Service.Phases(ctx, by, w.Doc.ID)
	if err != nil || len(phases) < 2 {
		return err
	}
	for _, p := range phases {
		line := handoverPhase{Name: p.Name, State: p.State.Title()}
		if p.ID != "" && p.ID != w.Doc.ID {
			line.Path = handoversPath + "/" + p.ID
		}
		v.Phases = append(v.Phases, line)
	}
	if o := h.Overall; o != nil {
		v.Overall = o.On.Chinese() + "，" + strings.Join(o.Phases, "、")
	}
	if v.Walks && handover.WholeDue(phases) && (h.State == handover.Transferred || h.State == handover.Filed) {
		f := withErrors([]field{{Name: "whole", Label: "整体移交日期", Type: "date", Value: cmp.Or(typed.Get("whole"), today.String())}}, refused)[0]
		v.Whole = &f
	}
	return nil
}

// renamed gives refused fields the suffix that they have on the page.
func renamed(err error, suffix string) error {
	refused := refusedForm(err)
	if refused == nil {
		return err
	}
	out := slices.Clone(refused)
	for i := range out {
		if out[i].Name != "answers" && out[i].Name != "disputes" {
			out[i].Name += suffix
		}
	}
	return fault.InvalidFields("web.renamed", out...)
}

type handoverDoc = store.Doc[handover.Handover]

func (s *Server) attendHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	return s.handovers.Service.Attend(c.UserContext(), by, at, handover.Body(c.FormValue("body")), c.FormValue("name"))
}

func (s *Server) disputeHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	item := c.FormValue("item")
	suffix := "-" + cmp.Or(item, "whole")
	doc, err := s.handovers.Service.Dispute(c.UserContext(), by, at, item, c.FormValue("dispute"+suffix))
	return doc, renamed(err, suffix)
}

func (s *Server) noteDispute(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	return s.handovers.Service.Note(c.UserContext(), by, at, c.FormValue("dispute"))
}

func (s *Server) mediateDispute(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	id := c.FormValue("dispute")
	in := handover.Ruling{Way: handover.Way(c.FormValue("way-" + id)), Outcome: c.FormValue("outcome-" + id), Paper: c.FormValue("paper-" + id), Liable: handover.Party(c.FormValue("liable-" + id))}
	doc, err := s.handovers.Service.Mediate(c.UserContext(), by, at, id, in)
	return doc, renamed(err, "-"+id)
}

// witnessHandover asks for the password again, as a signature does.
func (s *Server) witnessHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	if err := s.people.Reauthenticate(c.UserContext(), by, c.FormValue("current")); err != nil {
		return handoverDoc{}, err
	}
	at.Idem = nil // its body would hold the password
	return s.handovers.Service.Witness(c.UserContext(), by, at)
}

func (s *Server) lookAtScan(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	return s.handovers.Service.Compare(c.UserContext(), by, at, c.FormValue("same") == "yes", c.FormValue("typed"))
}

func (s *Server) takeResultDown(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	day, bad := formDay(formValues(c), "down", nil)
	return oneRound(c.UserContext(), bad, func(ctx context.Context) (handoverDoc, error) {
		return s.handovers.Service.TakeDown(ctx, by, at, day, c.FormValue("why"))
	})
}

func (s *Server) wholeHandover(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	day, bad := formDay(formValues(c), "whole", nil)
	if len(bad) > 0 {
		return handoverDoc{}, fault.InvalidFields("web.wholeHandover", bad...)
	}
	return s.handovers.Service.HandOverWhole(c.UserContext(), by, at, day)
}

// receiveRooms reads the rows of the form that say something.
func (s *Server) receiveRooms(c *fiber.Ctx, by policy.Actor, at handover.At) (handoverDoc, error) {
	values := formValues(c)
	var rooms []handover.Room
	var rows []string
	var bad []fault.Field
	for i := range len(named(values, "kind-")) {
		n := strconv.Itoa(i)
		kind, place, area := values.Get("kind-"+n), strings.TrimSpace(values.Get("place-"+n)), strings.TrimSpace(values.Get("area-"+n))
		if kind == "" && place == "" && area == "" {
			continue
		}
		size, err := num.Parse(area)
		if err != nil {
			bad = append(bad, fault.Field{Name: "area-" + n, Message: fmt.Sprintf("面积要写数字，例如 118.50，现在是“%.20s”", area)})
		}
		rooms, rows = append(rooms, handover.Room{Kind: registry.RoomKind(kind), Place: place, Area: size}), append(rows, n)
	}
	return oneRound(c.UserContext(), bad, func(ctx context.Context) (handoverDoc, error) {
		doc, err := s.handovers.Service.Receive(ctx, by, at, rooms)
		refused := refusedForm(err)
		if refused == nil {
			return doc, err
		}
		// The service counts the rooms, the page its rows.
		for i, f := range refused {
			name, n, _ := strings.Cut(f.Name, "-")
			if k, err := strconv.Atoi(n); err == nil && k < len(rows) {
				refused[i].Name = name + "-" + rows[k]
			}
		}
		return doc, fault.InvalidFields("web.receiveRooms", refused...)
	})
}

// handoverScan opens the sealed paper.
func (s *Server) handoverScan(c *fiber.Ctx, by policy.Actor) error {
	r, size, file, err := s.handovers.Service.OpenScan(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, file.Kind.Image())
	return nil
}

// handoverDone answers a form with files.
func (s *Server) handoverDone(c *fiber.Ctx, by policy.Actor, typed url.Values, err error) error {
	if refused := refusedForm(err); refused != nil {
		return s.showHandover(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, handoversPath+"/"+c.Params("id")+"?done="+c.Path()[strings.LastIndexByte(c.Path(), '/')+1:])
}

// uploadAt is the handover that a form with a file is about.
func uploadAt(c *fiber.Ctx, values url.Values, hashes ...string) handover.At {
	return handover.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values, hashes...)}
}

// scanHandover takes the scan of the sealed paper.
func (s *Server) scanHandover(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	switch {
	case err != nil:
	case upload == nil:
		err = fault.InvalidFields("web.scanHandover", fault.Field{Name: "scan", Message: "请选择盖章原件的扫描件（PDF、JPG 或 PNG）"})
	default:
		_, err = s.handovers.Service.Scan(c.UserContext(), by, uploadAt(c, values, upload.SHA256), upload)
	}
	return s.handoverDone(c, by, values, filesAt(err, "scan"))
}

// filesAt gives what was refused of a file the field of the page.
func filesAt(err error, name string) error {
	refused := refusedForm(err)
	if len(refused) == 1 && (refused[0].Name == "files" || refused[0].Name == "file") {
		return fault.InvalidFields("web.filesAt", fault.Field{Name: name, Message: refused[0].Message})
	}
	return err
}

// showResult records that the result was put up, with its picture.
func (s *Server) showResult(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	if err != nil {
		return s.handoverDone(c, by, values, filesAt(err, "photo"))
	}
	day, bad := formDay(values, "from", nil)
	in := handover.Showing{From: day, Place: values.Get("board"), Photo: upload}
	var hashes []string
	if upload != nil {
		hashes = append(hashes, upload.SHA256)
	}
	err = inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		_, err := s.handovers.Service.Show(ctx, by, uploadAt(c, values, hashes...), in)
		return err
	})
	return s.handoverDone(c, by, values, filesAt(err, "photo"))
}

// tellDefect records a defect that was found after the transfer.
func (s *Server) tellDefect(c *fiber.Ctx, by policy.Actor) error {
	values, uploads, err := s.takePhotos(c)
	defer closeAll(uploads)
	if err != nil {
		return s.handoverDone(c, by, values, filesAt(err, "photos"))
	}
	day, bad := formDay(values, "seen", nil)
	in := handover.Defect{Name: values.Get("defect"), Seen: day, Uploads: uploads, Found: handover.Found{Party: handover.Party(values.Get("lost")), Place: values.Get("where"), Note: values.Get("note")}}
	err = inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		_, err := s.handovers.Service.Tell(ctx, by, c.Params("id"), in, idemFrom(c, values, hashesOf(uploads)...))
		return err
	})
	return s.handoverDone(c, by, values, filesAt(err, "photos"))
}

// carryFinding puts an open finding into the agreement.
func (s *Server) carryFinding(c *fiber.Ctx, by policy.Actor) error {
	values, suffix := formValues(c), "-"+c.Params("item")
	day, bad := formDay(values, "due"+suffix, nil)
	err := inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		_, err := s.handovers.Service.Carry(ctx, by, c.Params("id"), c.Params("item"), c.FormValue("how"+suffix), day, formIdem(c))
		return renamed(err, suffix)
	})
	return s.handoverDone(c, by, values, err)
}
