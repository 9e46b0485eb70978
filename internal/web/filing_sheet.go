package web

import (
	"context"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/party"
	"redsteward/supervision/inspection"
)

// sheetLineView is one sheet of 三同步 in the list of a filing.
type sheetLineView struct{ Path, Title, State, Due string }

// noticeView is what the community was told and said.
type noticeView struct{ State, Text, Due, At string }

// filingNotice puts the notice to the community into words; nil if it is not told.
func (s *Server) filingNotice(ctx context.Context, f *filing.Filing) *noticeView {
	now := f.Noticed(s.clockOf(ctx).now)
	if now == "" {
		return nil
	}
	v := &noticeView{State: now.Title(), Text: f.Notice.Text}
	switch now {
	case filing.NoticeOpen:
		v.Due = f.Notice.Due.Chinese()
	case filing.NoticeAgreed, filing.NoticeObjected:
		v.At = dateTime(f.Notice.At.Time)
	}
	return v
}

// answerFiling records what the community says.
func (s *Server) answerFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "answered", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Answer(c.UserContext(), by, at, filing.NoticeAnswer(c.FormValue("answer")), c.FormValue("text"))
	})
}

// filingSheetView is what filing_sheet.html shows.
type filingSheetView struct {
	Title, Subject, Firm, Back, Path, State, Due, Filled string
	Key                                                  string
	Seq                                                  int64
	Late, Can, Whole, Hidden                             bool
	Form                                                 []field
	Facts                                                []entryFact
	Records                                              []recordView
}

// recordView is what the system holds already about the subject of a sheet, with the way to it.
type recordView struct{ Label, Text, Link string }

// filingSheet shows a sheet of 三同步, and its form to who fills it in.
func (s *Server) filingSheet(c *fiber.Ctx, by policy.Actor) error {
	return s.showFilingSheet(c, by, nil, nil)
}

func (s *Server) showFilingSheet(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, kind := c.UserContext(), filing.SheetKind(c.Params("kind"))
	doc, err := s.filings.One(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	f := &doc.State
	form, err := s.filings.Kinds.Sheet(kind)
	if err != nil {
		return err
	}
	sheet, ok := f.Sheet(kind)
	if !ok {
		return fault.New("web.filingSheet", fault.NotFound, "没有找到要看的内容")
	}
	back := filingsPath + "/" + doc.ID
	v := filingSheetView{Title: form.Title, Subject: f.Subject(), Back: back, Path: back + "/sheets/" + string(kind), State: string(sheet.State()), Due: sheet.Due.Chinese(), Key: newKey(), Seq: doc.Seq,
		Can: s.filings.MayFill(by, kind), Whole: sheet.State() == filing.SheetFilled, Hidden: !s.guard.Allow(by, kind.Reader())}
	if f.Project != "" {
		v.Firm = f.FirmName
	}
	if v.Whole {
		v.Filled = dateTime(sheet.At.Time)
	} else {
		v.Late = sheet.Due.Late(s.clockOf(c.UserContext()).now)
	}
	for _, column := range form.Fields {
		stored := sheet.Values[column.ID]
		if stored != "" {
			v.Facts = append(v.Facts, entryFact{column.Label, column.Shown(stored)})
		}
		if typed != nil {
			stored = typed.Get(column.ID)
		}
		control, err := s.entryFieldOf(ctx, by, column, "", stored)
		if err != nil {
			return err
		}
		v.Form = append(v.Form, control)
	}
	v.Form = withErrors(v.Form, refused)
	if v.Records, err = s.recordsBeside(ctx, by, kind, f); err != nil {
		return err
	}
	return s.render(c, by, "filing_sheet", page{Title: form.Title, Nav: filingsPath, Data: v, Fields: refused, Said: saidParam(c, filingSaid)})
}

// fillFilingSheet saves a sheet, whole or in part.
func (s *Server) fillFilingSheet(c *fiber.Ctx, by policy.Actor) error {
	kind := filing.SheetKind(c.Params("kind"))
	form, err := s.filings.Kinds.Sheet(kind)
	if err != nil {
		return err
	}
	typed, values := formValues(c), map[string]string{}
	for _, column := range form.Fields {
		values[column.ID] = typed.Get(column.ID)
	}
	done, finish := "sheet", typed.Get("keep") == ""
	if !finish {
		done = "begun"
	}
	_, err = s.filings.FillSheet(c.UserContext(), by, filingAt(c, typed), kind, values, finish)
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showFilingSheet(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, filingsPath+"/"+c.Params("id")+"/sheets/"+string(kind)+"?done="+done)
}

// recordsBeside are the records that the system holds already for a sheet, as far as the actor may see them.
func (s *Server) recordsBeside(ctx context.Context, by policy.Actor, kind filing.SheetKind, f *filing.Filing) ([]recordView, error) {
	var out []recordView
	if f.Firm != "" && s.guard.Allow(by, policy.ReadRegister) {
		firm, err := s.registered.OneFirm(ctx, by, f.Firm)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			out = append(out, s.firmRecord(ctx, kind, firm))
		}
	}
	if f.Project == "" {
		return out, nil
	}
	some, err := map[filing.SheetKind]func(context.Context, policy.Actor, *filing.Filing) ([]recordView, error){
		filing.SheetParty: s.partyRecords, filing.SheetSupervision: s.supervisionRecords, filing.SheetRating: s.ratingRecords,
	}[kind](ctx, by, f)
	return append(out, some...), err
}

// firmRecord is what the register holds about the firm.
func (s *Server) firmRecord(ctx context.Context, kind filing.SheetKind, v registry.FirmView) recordView {
	if kind != filing.SheetParty {
		return recordView{"企业登记", v.Name, firmPath(v.ID)}
	}
	p := v.PartyOn(s.registered.On(ctx))
	if p.Form == "" {
		return recordView{"党组织登记", "还没有登记", firmPath(v.ID)}
	}
	return recordView{"党组织登记", registry.TextOf(registry.PartyForms(), p.Form) + "，党员 " + strconv.FormatInt(p.Members, 10) + " 名", firmPath(v.ID)}
}

// partyRecords is the sheet of activities of this quarter.
func (s *Server) partyRecords(ctx context.Context, by policy.Actor, f *filing.Filing) ([]recordView, error) {
	if s.party == nil || f.Firm == "" || !s.guard.Allow(by, policy.ReadPartyFact) {
		return nil, nil
	}
	project, err := s.registered.OneProject(ctx, by, f.Project)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	quarter := calendar.QuarterOf(s.registered.On(ctx))
	out := recordView{Label: quarter.Chinese() + "党建台账", Text: "还没有登记", Link: sheetsPath}
	doc, err := s.party.One(ctx, by, party.At{Firm: f.Firm, Community: project.Community, Quarter: quarter.String()})
	if err == nil {
		out.Text, out.Link = doc.State.State.Title(), sheetAddress(&doc.State)
	}
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return []recordView{out}, err
}

// supervisionRecords are the contract and the visits of the compound.
func (s *Server) supervisionRecords(ctx context.Context, by policy.Actor, f *filing.Filing) ([]recordView, error) {
	out := []recordView{{"小区登记与合同", f.ProjectName, projectPath(f.Project)}}
	if s.supervision == nil || !s.guard.Allow(by, policy.ReadVisit) {
		return out, nil
	}
	found, err := s.supervision.Visits.List(ctx, by, inspection.VisitFilter{Project: f.Project}, "")
	if err != nil {
		return nil, err
	}
	visits := recordView{Label: "走访评价", Text: "还没有安排走访", Link: visitsPath + "?project=" + f.Project}
	if len(found.Docs) > 0 {
		last := found.Docs[0].State
		visits.Text = "最近一次 " + last.Day.Chinese() + "，" + last.State.Title()
	}
	return append(out, visits), nil
}

// ratingRecords is the star of the compound, as everybody sees it.
func (s *Server) ratingRecords(ctx context.Context, by policy.Actor, f *filing.Filing) ([]recordView, error) {
	out := recordView{Label: "评价结果", Text: "还没有公布的评价结果"}
	b, one, err := s.starByID(ctx, by, url.PathEscape(f.Project))
	if err == nil {
		out.Text, out.Link = b.Title+"："+b.grades[one.Grade].Label, starAddress(one.ID)
	}
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return []recordView{out}, err
}
