package web

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/survey"
)

// enterRows is how many sheets of paper one page takes.
const enterRows = 20

// enterLine is one row of the page: a sheet of paper.
type enterLine struct {
	Row                                          int
	Ticket, Answers, TicketError, AnswersMistake string
}

// fileFault is one refused cell of a workbook.
type fileFault struct{ Place, Found, Text string }

// surveyEnterView is what survey_enter.html shows.
type surveyEnterView struct {
	Path, Title, TicketLabel, TicketHint string
	Questions                            []survey.Question
	Rows                                 []enterLine
	FileError, Checked                   string
	Faults                               []fileFault
	MaxMB                                int
}

// enterSurveyPage is where sheets of paper are typed or sent as a workbook.
func (s *Server) enterSurveyPage(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.surveys.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	said := ""
	if taken, err := strconv.Atoi(c.Query("taken")); err == nil {
		said = fmt.Sprintf("已录入 %d 份。", taken)
		if already, err := strconv.Atoi(c.Query("already")); err == nil && already > 0 {
			said += fmt.Sprintf("另有 %d 份以前已经交过，没有再计。", already)
		}
	}
	return s.showEnter(c, by, &doc.State, s.enterView(doc.ID, &doc.State, url.Values{}), nil, said)
}

func (s *Server) enterView(id string, o *survey.Survey, typed url.Values) surveyEnterView {
	v := surveyEnterView{Path: surveysPath + "/" + id, Title: o.Title(), TicketLabel: "答题码", TicketHint: "12 位数字", Questions: o.Form.Questions, MaxMB: maxSurveyFile >> 20}
	if o.By == survey.ByList {
		v.TicketLabel, v.TicketHint = "户", "如 2-17：名单里第 2 幢楼第 17 户"
	}
	for row := 1; row <= enterRows; row++ {
		v.Rows = append(v.Rows, enterLine{Row: row, Ticket: typed.Get(fmt.Sprintf("t%d", row)), Answers: typed.Get(fmt.Sprintf("a%d", row))})
	}
	return v
}

func (s *Server) showEnter(c *fiber.Ctx, by policy.Actor, o *survey.Survey, v surveyEnterView, refused []fault.Field, said string) error {
	p := page{Title: "录入纸质答卷：" + o.Name, Nav: surveysPath, Data: v, Fields: refused, Said: said}
	if len(refused) > 0 {
		return s.refuse(c, by, "survey_enter", p)
	}
	return s.render(c, by, "survey_enter", p)
}

// enterSurvey counts the sheets that were typed: all of them, or none if one is wrong.
func (s *Server) enterSurvey(c *fiber.Ctx, by policy.Actor) error {
	ctx, id, typed := c.UserContext(), c.Params("id"), formValues(c)
	var sheets []survey.Sheet
	for row := 1; row <= enterRows; row++ {
		ticket, answers := strings.TrimSpace(typed.Get(fmt.Sprintf("t%d", row))), strings.TrimSpace(typed.Get(fmt.Sprintf("a%d", row)))
		if ticket != "" || answers != "" {
			sheets = append(sheets, survey.Sheet{Row: row, Ticket: ticket, Answers: answers})
		}
	}
	done, err := s.surveys.Enter(ctx, by, id, sheets, false, false)
	if err == nil {
		return seeOther(c, fmt.Sprintf("%s/%s/enter?taken=%d", surveysPath, id, done.Taken))
	}
	refused := refusedForm(err)
	if len(refused) == 0 {
		return err
	}
	doc, err := s.surveys.One(ctx, by, id)
	if err != nil {
		return err
	}
	v := s.enterView(id, &doc.State, typed)
	for i, f := range refused {
		row, column := placeOf(f.Name)
		if row < 1 || row > enterRows {
			refused[i].Name = "t1"
			v.Rows[0].TicketError = f.Message
			continue
		}
		if line := &v.Rows[row-1]; column == "ticket" {
			line.TicketError, refused[i].Name = f.Message, fmt.Sprintf("t%d", row)
		} else {
			line.AnswersMistake, refused[i].Name = f.Message, fmt.Sprintf("a%d", row)
		}
		refused[i].Message = fmt.Sprintf("第 %d 行：%s", row, f.Message)
	}
	return s.showEnter(c, by, &doc.State, v, refused, "")
}

// placeOf reads the name of a refused place: rows.3.ticket is row 3, column ticket.
func placeOf(name string) (row int, column string) {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) != 3 || parts[0] != "rows" {
		return 0, ""
	}
	row, _ = strconv.Atoi(parts[1])
	return row, parts[2]
}

// surveyTemplate sends the workbook to fill in. It holds no codes: what is on the slips is typed from them.
func (s *Server) surveyTemplate(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.surveys.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	data, err := report.SurveySheets(doc.State.Form, doc.State.By).Template()
	if err != nil {
		return err
	}
	return sendExcel(c, doc.State.Title()+"答卷.xlsx", data)
}

// importSurvey counts the sheets of a workbook, or only looks at them. The workbook is read as it comes and kept nowhere; sent again, what was counted is not counted twice.
func (s *Server) importSurvey(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.surveys.One(ctx, by, id)
	if err != nil {
		return err
	}
	o := &doc.State
	table := report.SurveySheets(o.Form, o.By)
	var parsed *report.Parsed[report.SurveyRow]
	values, err := s.readForm(c, maxSurveyFile, func(name string, r io.Reader) error {
		book, err := workbookOf(name, r)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(strings.ToLower(book.name), excelSuffix) {
			return fault.InvalidFields("web.importSurvey", fault.Field{Name: "file", Message: "只收用模板填写的 xlsx 或者 csv 文件，现在是“" + name + "”"})
		}
		read, err := table.Read(book)
		parsed = &read
		return err
	})
	v := s.enterView(id, o, url.Values{})
	refuse := func(message string) error {
		v.FileError = message
		return s.showEnter(c, by, o, v, []fault.Field{{Name: "file", Message: message}}, "")
	}
	var large *fiber.Error
	switch {
	case fault.Is(err, fault.Invalid):
		return refuse(fault.MessageOf(err))
	case errors.As(err, &large):
		return err
	case err != nil:
		return err
	case parsed == nil:
		return refuse("请选择填好的 xlsx 文件")
	}
	sheets := make([]survey.Sheet, len(parsed.Rows))
	for i, row := range parsed.Rows {
		sheets[i] = row.Value.Sheet(int(row.Number))
	}
	faults := slices.Clone(parsed.Faults)
	dry := values.Get("do") != "enter"
	var done survey.Entered
	if len(sheets) > 0 {
		done, err = s.surveys.Enter(ctx, by, id, sheets, true, dry || len(faults) > 0)
		if err != nil && len(refusedForm(err)) == 0 {
			return err
		}
		for _, f := range refusedForm(err) {
			row, column := placeOf(f.Name)
			faults = append(faults, parsed.At(int64(row), column, f.Message))
		}
	} else if len(faults) == 0 {
		return refuse("这个文件里没有填一份答卷")
	}
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b report.Fault) int { return int(a.Row - b.Row) })
		for _, f := range faults {
			v.Faults = append(v.Faults, fileFault{Place: f.Cell, Found: f.Found, Text: f.Message})
		}
		return refuse(fmt.Sprintf("有 %d 处要改，一份也没有录入；改好后重新上传", len(faults)))
	}
	if dry {
		v.Checked = fmt.Sprintf("检查通过：可以录入 %d 份，以前已经交过的 %d 份不会再计。还没有录入。", done.Taken, done.Already)
		return s.showEnter(c, by, o, v, nil, "")
	}
	return seeOther(c, fmt.Sprintf("%s/%s/enter?taken=%d&already=%d", surveysPath, id, done.Taken, done.Already))
}

// surveyPaper loads a survey and shows it as a paper.
func (s *Server) surveyPaper(c *fiber.Ctx, by policy.Actor, kind string, words func(*survey.Survey) printView) error {
	doc, err := s.surveys.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := words(&doc.State)
	v.Kind, v.Back, v.Date = kind, surveysPath+"/"+doc.ID, s.resultDay(c.UserContext(), &doc.State).Chinese()
	return s.render(c, by, "fund_print", page{Title: v.Title, Script: true, Data: v, Paper: kind})
}

// surveyNotice is what is put up before anybody is asked.
func (s *Server) surveyNotice(c *fiber.Ctx, by policy.Actor) error {
	where := c.BaseURL() + answerPath
	return s.surveyPaper(c, by, "调查公告", func(o *survey.Survey) printView {
		ends := "开始后公布"
		if o.State == survey.Open {
			ends = o.Clock.Chinese()
		}
		how := "收到通知单的住户，用手机打开 " + where + " 输入单上的答题码，或者填纸质问卷交回。"
		if o.By == survey.ByList {
			how = "由调查员上门访问抽中的住户。"
		}
		return printView{Title: o.Title() + "公告", Words: []string{"为了解" + o.Name + "业主和住户对" + o.FirmName + "物业服务的意见，由" + s.set.Authority + o.Form.Unit + "组织本年度满意度调查。" + how,
			"调查不记名。答题码和住户不对应，答卷只汇总成份数；物业服务企业和社区看不到答卷，也看不到谁答了。"},
			Rows: filled([][2]string{{"调查时间", o.Opened.Chinese() + "起，" + ends}, {"抽样", fmt.Sprintf("%d 户里按楼栋抽 %d 户，需要答卷 %d 份；抽中的户不答的，不另换别的户", o.Households, o.Invited, o.Needed)}, {"抽样种子的校验值", hashGroups(o.Commitment)},
				{"核对办法", "结果公布时一并公布种子，任何人可以按公布的办法重新抽一遍"}})}
	})
}

// surveyResult is the result for printing.
func (s *Server) surveyResult(c *fiber.Ctx, by policy.Actor) error {
	return s.surveyPaper(c, by, "调查结果", func(o *survey.Survey) printView {
		v := printView{Title: o.Title() + "结果", Words: []string{outcomeOf(o)}}
		if o.Result == nil {
			v.Words = []string{"还没有结果。"}
		}
		for _, q := range questionLines(o) {
			said := q.Why
			if said == "" {
				parts := make([]string, len(q.Levels))
				for i, n := range q.Levels {
					parts[i] = fmt.Sprintf("%s %d", survey.Levels()[i].Name, n)
				}
				said = fmt.Sprintf("满意率 %s；作答 %d 份：%s；不了解 %d", q.Rate, q.Rated, strings.Join(parts, "、"), q.Unknown)
			}
			v.Rows = append(v.Rows, [2]string{q.Text, said})
		}
		v.Rows = append(v.Rows, filled([][2]string{{"抽样种子的校验值", hashGroups(o.Commitment)}, {"抽样种子", o.Seed}})...)
		return v
	})
}

// surveySlipsView is what survey_slips.html shows.
type surveySlipsView struct {
	Back, Title, Name, Firm, Where, Until string
	Questions                             []survey.Question
	Levels                                []string
	Blocks                                []survey.Slips
	Count                                 int
}

// surveySlips are the slips of every building for printing.
func (s *Server) surveySlips(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.surveys.One(ctx, by, id)
	if err != nil {
		return err
	}
	blocks, err := s.surveys.Slips(ctx, by, id)
	if err != nil {
		return err
	}
	o := &doc.State
	v := surveySlipsView{Back: surveysPath + "/" + id, Title: o.Form.Title, Name: o.Name, Firm: o.FirmName, Where: c.BaseURL() + answerPath, Questions: o.Form.Questions, Levels: levelNames(), Blocks: blocks}
	if o.State == survey.Open && o.Clock.Resolved() {
		v.Until = o.Clock.Due.Chinese()
	}
	for _, b := range blocks {
		v.Count += len(b.Codes)
	}
	return s.render(c, by, "survey_slips", page{Title: o.Title() + "通知单", Script: true, Data: v})
}

// surveyDrawnView is what survey_list.html shows.
type surveyDrawnView struct {
	Back, Title string
	Rows        []drawnLine
	Count       int
	ByList      bool
}

type drawnLine struct {
	Number              int
	Block, Places, Each string
}

// surveyDrawn is the list of the households that were drawn, for who hands out slips or calls at the doors.
func (s *Server) surveyDrawn(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	drawn, err := s.surveys.DrawnOf(ctx, by, id)
	if err != nil {
		return err
	}
	var doc store.Doc[survey.Survey]
	if doc, err = s.surveys.One(ctx, by, id); err != nil {
		return err
	}
	v := surveyDrawnView{Back: surveysPath + "/" + id, Title: doc.State.Title(), ByList: doc.State.By == survey.ByList}
	for i, d := range drawn {
		places := make([]string, len(d.Places))
		for k, place := range d.Places {
			places[k] = strconv.FormatInt(place, 10)
		}
		v.Count += len(places)
		v.Rows = append(v.Rows, drawnLine{i + 1, d.Block.Name, strings.Join(places, "、"), fmt.Sprintf("%d 户里的 %d 户", d.Block.Households, len(places))})
	}
	return s.render(c, by, "survey_list", page{Title: v.Title + "抽中名单", Script: true, Data: v, Paper: "抽中名单"})
}
