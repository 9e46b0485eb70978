package web

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
)

// Votes is what the pages need of the decisions of the owners' meetings. Every method checks right and scope and lists its errors there.
type Votes interface {
	// Votes lists those of a project, RecordVote enters one, CorrectVote mends it. They return Invalid with fields, Conflict if seq is not the last change.
	Votes(ctx context.Context, by policy.Actor, project string) ([]registry.VoteRow, error)
	RecordVote(ctx context.Context, by policy.Actor, project string, in registry.VoteInput) (string, error)
	CorrectVote(ctx context.Context, by policy.Actor, project, id string, seq int64, in registry.VoteInput, why string) error
}

// voteRoutes are the forms of votes; they are shown on the page of their project.
func (s *Server) voteRoutes() []Route {
	return append(s.formRoutes(registerForm{path: projectsPath + "/:id/votes/new", entry: s.voteEntry, send: s.recordVote, conflictAt: "matter"}),
		s.formRoutes(registerForm{path: projectsPath + "/:id/votes/:part", entry: s.voteEntry, send: s.correctVote, conflictAt: "matter"})...)
}

// voteLine is a vote in words.
type voteLine struct {
	registry.VoteRow
	registry.VoteCheck
	Path, ScansPath, MatterWord, Held, Published string
	// Files is how many scans stand.
	Files int
}

// votesOfProject are the votes of a project in words.
func (s *Server) votesOfProject(c *fiber.Ctx, by policy.Actor, project string) ([]voteLine, error) {
	votes, err := s.registered.Votes(c.UserContext(), by, project)
	var out []voteLine
	for _, v := range votes {
		out = append(out, voteLine{v, v.Check(), projectPath(project) + "/votes/" + v.ID, votePath(project, v.ID), registry.TextOf(registry.Matters(), v.Matter), v.Held.Chinese(), v.Published.Chinese(), standingScans(v.Scans)})
	}
	return out, err
}

// voteOptions are votes to choose from.
func voteOptions(rows []registry.VoteRow) []option {
	votes := []option{{"", "请选择"}}
	for _, v := range rows {
		votes = append(votes, option{v.ID, v.Title + "，" + v.Held.Chinese()})
	}
	return votes
}

// voteEntry describes the form of a new vote, or of one that is corrected.
func (s *Server) voteEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "votes", "登记业主大会表决", "更正表决记录")
	if err != nil {
		return e, err
	}
	e.Intro, e.Seq = "只登记书面表决的结果，这里不投票。是否通过由系统按民法典第二百七十八条核对。", 0
	e.Notes = []string{"参与表决的，面积和人数都要占三分之二以上。", "筹集维修资金、改建重建、改变共有部分用途或者利用共有部分经营的，参与表决的面积和人数都要四分之三以上同意；其他事项都要过半数同意。", "“以上”包括本数，“过半数”不包括。"}
	stored := map[string]string{}
	if id := c.Params("part"); id != "" {
		votes, err := s.registered.Votes(c.UserContext(), by, r.ID)
		if err != nil {
			return e, err
		}
		v, found := partOf(votes, func(v registry.VoteRow) bool { return v.ID == id })
		if !found {
			return e, noPart("次表决")
		}
		e.Seq = v.Seq
		stored = map[string]string{"matter": string(v.Matter), "title": v.Title, "notified": v.Notified.String(), "held": v.Held.String(), "published": v.Published.String()}
		for name, o := range map[string]registry.Owners{"all": v.All, "joined": v.Joined, "agreed": v.Agreed} {
			stored[name+"_area"], stored[name+"_heads"] = areaText(o.Area), strconv.FormatInt(o.Heads, 10)
		}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "matter", Label: "表决事项", Options: choicesOf("请选择", registry.Matters()), Value: value("matter")},
		{Name: "title", Label: "表决内容", Type: "text", Autocomplete: "off", Value: value("title"), Hint: "例如：选聘某某物业服务有限公司，期限三年"},
		{Name: "notified", Label: "通知业主的日期", Type: "date", Value: value("notified"), Hint: "应当在会议 15 日以前"},
		{Name: "held", Label: "表决截止日期", Type: "date", Value: value("held")},
		{Name: "published", Label: "结果公示日期", Type: "date", Optional: true, Value: value("published")},
	}
	for _, part := range []struct{ name, label string }{{"all", "全体业主"}, {"joined", "参与表决"}, {"agreed", "同意"}} {
		e.Form = append(e.Form, field{Name: part.name + "_area", Label: part.label + "的专有部分面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value(part.name + "_area"), Hint: "最多两位小数"},
			field{Name: part.name + "_heads", Label: part.label + "的人数", Type: "text", Mode: "numeric", Autocomplete: "off", Value: value(part.name + "_heads")})
	}
	if c.Params("part") != "" {
		e.Form = append(e.Form, field{Name: "reason", Label: "更正原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason")})
	}
	return e, nil
}

// voteInput reads the form of a vote.
func voteInput(in *typed) registry.VoteInput {
	owners := func(name, label string) registry.Owners {
		return registry.Owners{Area: in.number(name+"_area", label+"的面积", "52000.50"), Heads: in.whole(name+"_heads", label+"的人数", "400")}
	}
	return registry.VoteInput{Matter: registry.Matter(in.text("matter")), Title: in.text("title"), Notified: in.date("notified", "通知业主的日期"), Held: in.date("held", "表决截止日期"),
		Published: in.date("published", "公示日期"), All: owners("all", "全体业主"), Joined: owners("joined", "参与表决"), Agreed: owners("agreed", "同意")}
}

func (s *Server) recordVote(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	v := voteInput(in)
	return "", in.with(func(ctx context.Context) error {
		_, err := s.registered.RecordVote(ctx, by, c.Params("id"), v)
		return err
	})
}

func (s *Server) correctVote(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	v := voteInput(in)
	return "", in.with(func(ctx context.Context) error {
		return s.registered.CorrectVote(ctx, by, c.Params("id"), c.Params("part"), formSeq(c), v, in.text("reason"))
	})
}
