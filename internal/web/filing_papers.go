package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/filing"
)

// filingPapers are the papers that a filing has now for the actor, besides its receipt: what the applicant and the community were told, and the sheets of 三同步 that he may read.
func (s *Server) filingPapers(by policy.Actor, f *filing.Filing) []pagePaper {
	var out []pagePaper
	add := func(link, title, code string, v printView) {
		out = append(out, pagePaper{link, title, code, always(v)})
	}
	if !f.Submitted.IsZero() {
		out = append(out, pagePaper{"intake", "备案材料收件回执", "", func(context.Context) (printView, error) { return s.filingIntake(f) }})
	}
	if f.Notice != nil {
		add("community", "备案事项告知函", "", s.filingTold(f))
	}
	if f.Asking != nil {
		add("ask", "一次性告知书", "filing.ask", s.filingAsked(f))
	}
	if f.Refusal != nil {
		add("refuse", "不予备案告知书", "filing.refuse", s.filingRefused(f))
	}
	for _, sheet := range f.Sheets {
		if !s.guard.Allow(by, sheet.Kind.Reader()) {
			continue
		}
		out = append(out, pagePaper{string(sheet.Kind), sheet.Kind.Title(), "", func(ctx context.Context) (printView, error) { return s.filingSheetPaper(ctx, f, sheet) }})
	}
	return out
}

// filedFacts are what every paper of a filing says of it.
func filedFacts(f *filing.Filing) [][2]string {
	return filled([][2]string{{"备案事项", f.Title}, {"小区", f.ProjectName}, {"物业企业", f.FirmName}, {f.Event, f.Happened.Chinese()}})
}

// handedIn are the documents of a filing in words.
func handedIn(f *filing.Filing) string {
	var out []string
	for _, d := range f.Documents {
		out = append(out, d.Title)
	}
	return strings.Join(out, "、")
}

// filingIntake is the receipt for what was handed in; it says nothing of whether it is filed.
func (s *Server) filingIntake(f *filing.Filing) (printView, error) {
	on, decide := calendar.DateOf(f.Submitted.Time), ""
	if kind, err := s.filings.Kinds.Find(f.Kind); err == nil { // one that is no longer filed has no clock any more
		clock, err := s.filings.Deadlines(kind.Clock, on)
		if err != nil {
			return printView{}, err
		}
		decide = clock.Chinese() + "以前，等待补正的时间不计"
	}
	day := on.Chinese()
	return printView{To: f.Addressee(), Date: day, Words: []string{"你单位提交的" + f.ProjectName + f.Title + "材料已经收到。本回执只证明收到材料，是否备案以备案回执或者不予备案告知书为准。"},
		Rows: filled(append(filedFacts(f), [2]string{"收到日期", day}, [2]string{"收到的材料", handedIn(f)}, [2]string{"办理期限", decide}, [2]string{"依据", f.Basis}))}, nil
}

// filingTold is what the community is told of a filing. Its silence is no objection.
func (s *Server) filingTold(f *filing.Filing) printView {
	v := printView{To: f.ProjectName + "所在社区居民委员会", Date: calendar.DateOf(f.Submitted.Time).Chinese(), Words: []string{"我局收到下列备案，现同步告知。有意见的，请在期限内答复；期满没有答复的，视为没有异议。告知和答复不影响备案办理。"},
		Rows: append(filedFacts(f), [2]string{"提交人", f.Addressee()}, [2]string{"答复期限", f.Notice.Due.Chinese()}, [2]string{"依据", f.Notice.Due.Basis})}
	said := blank
	if f.Notice.Answer != "" {
		said = joinWords(f.Notice.Answer.Title(), f.Notice.Text, dateTime(f.Notice.At.Time))
	}
	v.Rows = filled(append(v.Rows, [2]string{"社区答复", said}))
	return v
}

// filingAsked is the one request for a correction.
func (s *Server) filingAsked(f *filing.Filing) printView {
	until := f.Asking.Until.Chinese()
	return printView{To: f.Addressee(), Date: f.Asking.Day.Chinese(), Words: []string{"你单位提交的" + f.ProjectName + f.Title + "，经审查需要补正。请在" + until + "以前一次补正下列全部内容。补正只告知这一次，等待补正期间办理期限停走；期满没有补正的，我局写明理由和依据，不予备案。"},
		Rows: filled(append(filedFacts(f), [2]string{"要补正的全部内容", f.Asking.Text}, [2]string{"已经收到的材料", handedIn(f)}, [2]string{"补正期限", until}, [2]string{"备案依据", f.Basis}, [2]string{"告知依据", s.filings.Kinds.Asking()}))}
}

// filingRefused tells that it is not filed, with reason and clause; what can be done about it stands there once the legal officer has switched it on.
func (s *Server) filingRefused(f *filing.Filing) printView {
	v := printView{To: f.Addressee(), Date: f.Refusal.Day.Chinese(), Words: []string{"你单位提交的" + f.ProjectName + f.Title + "，经审查不予备案。材料退回你单位；情况改变后可以重新提交。"},
		Rows: filled(append(filedFacts(f), [2]string{"理由", f.Refusal.Text}, [2]string{"依据的条款", f.Refusal.Clause}))}
	if remedy := s.filings.Kinds.Remedy(); remedy != "" {
		v.Words = append(v.Words, remedy)
	}
	return v
}

// filingSheetPaper is a sheet of 三同步, with what is not filled in yet left blank.
func (s *Server) filingSheetPaper(_ context.Context, f *filing.Filing, sheet filing.Sheet) (printView, error) {
	form, err := s.filings.Kinds.Sheet(sheet.Kind)
	if err != nil {
		return printView{}, err
	}
	v := printView{Date: "　　年　　月　　日", Rows: filled([][2]string{{"小区", f.ProjectName}, {"物业企业", f.FirmName}, {"备案号", f.Number}, {"填写期限", sheet.Due.Chinese()}})}
	if sheet.State() == filing.SheetFilled {
		v.Date = calendar.DateOf(sheet.At.Time).Chinese()
	}
	for _, column := range form.Fields {
		said := blank
		if stored := sheet.Values[column.ID]; stored != "" {
			said = column.Shown(stored)
		}
		v.Rows = append(v.Rows, [2]string{column.Label, said})
	}
	v.Rows = append(v.Rows, [2]string{"填写单位、填写人签名", blank})
	return v, nil
}

// filingPaper is one of them for printing.
func (s *Server) filingPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.filings.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, filingsPath, doc.ID, s.filingPapers(by, &doc.State))
}
