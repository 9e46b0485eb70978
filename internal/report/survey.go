package report

import (
	"fmt"
	"slices"

	"redsteward/supervision/survey"
)

// SurveyRow is one filled questionnaire: the code of its slip, or its place in the list, and an answer to each question.
type SurveyRow struct {
	Ticket  string
	Answers []string
}

// at is the answer to a question.
func (r *SurveyRow) at(n int) *string {
	if missing := n + 1 - len(r.Answers); missing > 0 {
		r.Answers = append(r.Answers, make([]string, missing)...)
	}
	return &r.Answers[n]
}

// Sheet is the row as surveys take it. An answer is a digit, or the word of a degree; what is neither is left as it is, so that it is refused by its question.
func (r *SurveyRow) Sheet(row int) survey.Sheet {
	out := survey.Sheet{Row: row, Ticket: r.Ticket}
	for _, text := range r.Answers {
		digit := text
		if i := slices.IndexFunc(survey.Levels(), func(l survey.Level) bool { return l.Name == text }); i >= 0 {
			digit = fmt.Sprint(i + 1)
		} else if text == "不了解" {
			digit = fmt.Sprint(survey.Unknown)
		}
		if len([]rune(digit)) != 1 {
			digit = "?"
		}
		out.Answers += digit
	}
	return out
}

// SurveySheets is the sheet on which questionnaires of a survey are entered.
func SurveySheets(f survey.Form, by survey.Way) Table[SurveyRow] {
	title, hint := "答题码", "通知单上的 12 位数字，按文本填"
	if by == survey.ByList {
		title, hint = "户", "名单里的楼栋序号和户序，写成 2-17"
	}
	t := Table[SurveyRow]{Sheet: "答卷", Columns: []Column[SurveyRow]{Text("ticket", title, func(r *SurveyRow) *string { return &r.Ticket }).Must().Wide(20).Says(hint)}}
	for i, q := range f.Questions {
		says := "1 非常满意、2 满意、3 一般、4 不满意、5 非常不满意"
		if i > 0 {
			says += "、0 不了解"
		}
		t.Columns = append(t.Columns, Text(q.ID, fmt.Sprintf("%d %s", i+1, q.Text), func(r *SurveyRow) *string { return r.at(i) }).Must().Wide(18).Says(says))
	}
	return t
}
