package browsertest

import (
	"context"
	"testing"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

// lookAtSurvey opens the pages of a survey that runs, as the officer who is signed in, and the page on which a household answers by its code.
func lookAtSurvey(t *testing.T, tb *tab, f *Fixture, officer policy.Actor, community string) {
	t.Helper()
	ctx := context.Background()
	firm, err := f.Register.CreateFirm(ctx, officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket})
	if err != nil {
		t.Fatal(err)
	}
	project, err := f.Register.CreateProject(ctx, officer, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: community, Households: 400, Kind: registry.KindCommodity})
	if err != nil {
		t.Fatal(err)
	}
	today := f.Register.Today()
	if err := f.Register.AddContract(ctx, officer, project, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: today.Add(-300), Until: today.Add(300)}}); err != nil {
		t.Fatal(err)
	}
	o, err := f.Surveys.Prepare(ctx, officer, survey.Plan{Project: project, By: survey.ByCode, Frame: []survey.Block{{Name: "1幢", Households: 60}, {Name: "2幢", Households: 40}}}, nil)
	if err == nil {
		o, err = f.Surveys.Open(ctx, officer, supervision.At{ID: o.ID, Seq: o.Seq})
	}
	if err != nil {
		t.Fatal(err)
	}
	slips, err := f.Surveys.Slips(ctx, officer, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	page := "/surveys/" + o.ID
	tb.look(t, f, []opened{{"surveys", "/surveys", 200}, {"survey-new", "/surveys/new", 200}, {"survey-frame", "/surveys/new?project=" + project, 200}, {"survey", page, 200}, {"survey-notice", page + "/notice", 200}, {"survey-result", page + "/result", 200},
		{"survey-slips", page + "/slips", 200}, {"survey-list", page + "/list", 200}, {"survey-enter", page + "/enter", 200}, {"satisfaction", "/satisfaction", 200}, {"survey-thanks", "/survey/thanks", 200}})
	tb.open(t, f.Base+"/survey", 390, 844)
	if status := tb.submit(t, map[string]string{"code": slips[0].Codes[0]}); status != 200 {
		t.Errorf("a code answers %d", status)
	}
	tb.lookAt(t, "survey-answer", 200)
	if status := tb.submit(t, nil); status != 422 {
		t.Errorf("an empty questionnaire answers %d", status)
	}
	tb.lookAt(t, "survey-answer-refused", 422)
}
