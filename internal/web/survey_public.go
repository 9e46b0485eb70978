package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision/survey"
)

// Wrong codes from one address before it has to wait: a household mistypes a few times, a program cannot go through the codes. Right ones are not counted: a mobile network puts many households behind one address.
const (
	surveyTries  = 20
	surveyWindow = time.Hour
)

// surveyAnswerView is what survey_answer.html shows: the question for the code, the questionnaire, or the thanks.
type surveyAnswerView struct {
	Form      []field
	Code      string
	Ballot    *survey.Ballot
	Levels    []answerChoice
	Questions []questionField
	Thanks    bool
}

// answerChoice is one answer that can be chosen.
type answerChoice struct{ Value, Label string }

// questionField is one question with what was chosen and what is wrong with it.
type questionField struct {
	Number        int
	ID, Text      string
	Chosen, Error string
	Choices       []answerChoice
}

// answerPage asks for the code.
func (s *Server) answerPage(c *fiber.Ctx, by policy.Actor) error {
	return s.askCode(c, by, "", nil)
}

func (s *Server) askCode(c *fiber.Ctx, by policy.Actor, code string, refused []fault.Field) error {
	v := surveyAnswerView{Form: withErrors([]field{{Name: "code", Label: "答题码", Type: "text", Mode: "numeric", Autocomplete: "off", Value: code, Hint: "通知单上的 12 位数字，空格可以不输"}}, refused)}
	p := page{Title: "满意度调查", Nav: satisfactionPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "survey_answer", p)
	}
	return s.render(c, by, "survey_answer", p)
}

// wrongCode shows the question for the code again with what is wrong, and counts the try; other failures stay what they are.
func (s *Server) wrongCode(c *fiber.Ctx, by policy.Actor, code string, err error) error {
	message := fault.MessageOf(err)
	switch fields := fault.FieldsOf(err); {
	case fault.Is(err, fault.Invalid) && len(fields) == 1 && fields[0].Name == "code":
		message = fields[0].Message
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict):
		return err
	}
	if !fault.Is(err, fault.Conflict) {
		s.used(c, s.surveyCodes)
	}
	return s.askCode(c, by, code, []fault.Field{{Name: "code", Message: message}})
}

// openBallot shows the questionnaire that a code opens. The code comes in the body, so that no log and no history holds it.
func (s *Server) openBallot(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.surveyCodes, "输错答题码"); err != nil {
		return err
	}
	code := c.FormValue("code")
	ballot, err := s.surveys.Ballot(c.UserContext(), by, code)
	if err != nil {
		return s.wrongCode(c, by, code, err)
	}
	return s.showBallot(c, by, code, &ballot, url.Values{}, nil)
}

func (s *Server) showBallot(c *fiber.Ctx, by policy.Actor, code string, ballot *survey.Ballot, typed url.Values, refused []fault.Field) error {
	v := surveyAnswerView{Code: code, Ballot: ballot}
	var choices []answerChoice
	for i, level := range survey.Levels() {
		choices = append(choices, answerChoice{strconv.Itoa(i + 1), level.Name})
	}
	for i, q := range ballot.Questions {
		one := questionField{Number: i + 1, ID: q.ID, Text: q.Text, Chosen: typed.Get(q.ID), Choices: choices}
		if q.ID != survey.Overall {
			one.Choices = append(choices[:len(choices):len(choices)], answerChoice{strconv.Itoa(survey.Unknown), "不了解"})
		}
		for _, f := range refused {
			if f.Name == q.ID {
				one.Error = f.Message
			}
		}
		v.Questions = append(v.Questions, one)
	}
	p := page{Title: "满意度调查", Nav: satisfactionPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "survey_answer", p)
	}
	return s.render(c, by, "survey_answer", p)
}

// answerSurvey counts the answers of a household.
func (s *Server) answerSurvey(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.surveyCodes, "输错答题码"); err != nil {
		return err
	}
	ctx, typed := c.UserContext(), formValues(c)
	code, answers := typed.Get("code"), map[string]string{}
	for name := range typed {
		answers[name] = typed.Get(name)
	}
	err := s.surveys.Answer(ctx, by, code, answers)
	if err == nil {
		return seeOther(c, answerPath+"/thanks")
	}
	if refused := refusedForm(err); len(refused) > 0 && refused[0].Name != "code" {
		ballot, err := s.surveys.Ballot(ctx, by, code)
		if err != nil {
			return err
		}
		return s.showBallot(c, by, code, &ballot, typed, refused)
	}
	return s.wrongCode(c, by, code, err)
}

// answerThanks says that an answer has come in.
func (s *Server) answerThanks(c *fiber.Ctx, by policy.Actor) error {
	return s.render(c, by, "survey_answer", page{Title: "满意度调查", Nav: satisfactionPath, Data: surveyAnswerView{Thanks: true}})
}

// satisfactionFile hands out the file with which everybody can draw the households of a published survey again.
func (s *Server) satisfactionFile(c *fiber.Ctx, _ policy.Actor) error {
	f, err := s.surveys.FileOf(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return sendDraw(c, "draw-survey.json", f)
}

// satisfactionLine is one public result; File leads to the file for redsteward draw.
type satisfactionLine struct {
	File                                                    string
	Name, Firm, Year, State, Outcome, Seed, Commitment, Day string
	Frame                                                   []survey.Block
	Invited                                                 int64
	Questions                                               []questionLine
}

// satisfactionView is what satisfaction.html shows.
type satisfactionView struct {
	Rows    []satisfactionLine
	Next    string
	Project bool
	Levels  []string
}

// satisfaction shows the public results, of one compound if the address names it.
func (s *Server) satisfaction(c *fiber.Ctx, by policy.Actor) error {
	project := c.Query("project")
	found, err := s.surveys.Results(c.UserContext(), project, c.Query("after"))
	if err != nil {
		return err
	}
	v := satisfactionView{Next: nextPage(c, found.Next), Project: project != "", Levels: levelNames()}
	for _, d := range found.Docs {
		o := &d.State
		v.Rows = append(v.Rows, satisfactionLine{File: satisfactionPath + "/" + d.ID + "/file", Name: o.Name, Firm: o.FirmName, Year: strconv.FormatInt(o.Year, 10), State: o.State.Title(), Outcome: outcomeOf(o), Seed: o.Seed, Commitment: o.Commitment, Day: o.Published.Chinese(), Frame: o.Frame, Invited: o.Invited, Questions: questionLines(o)})
	}
	return s.render(c, by, "satisfaction", page{Title: "满意度调查结果", Nav: satisfactionPath, Data: v})
}
