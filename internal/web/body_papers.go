package web

import (
	"cmp"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/owners"
)

// bodyPapers are the papers of a founding of an owners' body, each by the step to which it belongs. The register counts people and keeps no name: where names belong there are lines to be filled in by hand.
func (s *Server) bodyPapers(f *owners.Founding) []pagePaper {
	kind := registry.TextOf(registry.BodyKinds(), f.Kind)
	facts := [][2]string{{"小区", f.ProjectName}, {"业主组织", kind}}
	group := printView{From: f.ProjectName + "所在社区居民委员会", To: "全体业主", Date: f.Group.On.Chinese(), Words: []string{f.Title() + "的筹备工作已经开始，筹备组由下列人员组成，现予公告。有意见的，请在公告期内向社区居民委员会反映。"},
		Rows: filled(append(facts[:2:2], [2]string{"筹备组成立日期", f.Group.On.Chinese()}, [2]string{"人数", count(int(f.Group.Members)) + " 人，业主代表 " + count(int(f.Group.Owners)) + " 人，党员 " + count(int(f.Group.Party)) + " 人"}, [2]string{"首次业主大会会议的期限", lastDayOf(f.Meeting)})), Tables: []printTable{nameTable("人员", f.Group.Members)}}
	out := []pagePaper{{"group", "筹备组成立公告", "", always(group)}}
	if f.Candidates.All > 0 {
		v := printView{From: f.ProjectName + "所在社区党组织", Date: cmp.Or(f.Qualified.On.Chinese(), "　　年　　月　　日"), Words: []string{"对" + f.Title() + "的候选人逐人审查资格。审查人没有参与推荐。"},
			Rows:   filled(append(facts[:2:2], [2]string{"报送日期", f.Candidates.On.Chinese()}, [2]string{"应选人数", count(int(f.Candidates.Seats)) + " 人"}, [2]string{"候选人数", membersText(f.Candidates.All, f.Candidates.Party)}, [2]string{"审查期限", lastDayOf(f.Qualify)}, [2]string{"通过人数", membersText(f.Qualified.All, f.Qualified.Party)})),
			Tables: []printTable{nameTable("人员", f.Candidates.All)}, Below: [][2]string{{"审查意见", room}, {"社区党组织书记签名、盖章", blank}}}
		out = append(out, pagePaper{"qualify", "候选人资格审查表", "", always(v)})
	}
	if f.Notice.Where != "" {
		v := printView{From: f.ProjectName + "筹备组", To: "全体业主", Date: f.Notice.On.Chinese(), Words: []string{f.Title() + "的候选人已经社区党组织审查资格，现予公示。有异议的，请在公示期内书面提出。"},
			Rows: filled(append(facts[:2:2], [2]string{"候选人数", membersText(f.Qualified.All, f.Qualified.Party)}, [2]string{"公示地点", f.Notice.Where}, [2]string{"公示期", f.Notice.On.Chinese() + "至" + f.Ends.Chinese()}, [2]string{"依据", f.Ends.Basis})), Tables: []printTable{nameTable("人员", f.Qualified.All)}}
		out = append(out, pagePaper{"notice", "候选人公示", "", always(v)})
	}
	if f.Chosen.All > 0 {
		how := "由社区党组织、居民委员会确定"
		if f.Vote != "" {
			how = "业主大会表决达到法定比例"
		}
		v := printView{From: f.ProjectName + "筹备组", To: "全体业主", Date: f.Chosen.On.Chinese(), Words: []string{f.Title() + "的组成人员已经产生，现予公告。组成人员在规定的期限内备案。"},
			Rows: filled(append(facts[:2:2], [2]string{"产生日期", f.Chosen.On.Chinese()}, [2]string{"人数", membersText(f.Chosen.All, f.Chosen.Party)}, [2]string{"产生方式", how}, [2]string{"备案期限", lastDayOf(f.FileBy)}, [2]string{"备案号", f.Number})), Tables: []printTable{nameTable("人员", f.Chosen.All)}}
		out = append(out, pagePaper{"chosen", "业主组织组成人员公告", "", always(v)})
	}
	return out
}

// nameTable is a table with so many lines for names.
func nameTable(caption string, lines int64) printTable {
	t := printTable{Caption: caption, Heads: nameColumns}
	for i := range lines {
		t.Rows = append(t.Rows, []string{strconv.FormatInt(i+1, 10), blank, blank, blank, blank})
	}
	return t
}

// lastDayOf is the last day of a deadline, "" if there is none.
func lastDayOf(d calendar.Deadline) string {
	if d.Rule == "" {
		return ""
	}
	return d.Chinese()
}

// bodyPaper is one of them for printing.
func (s *Server) bodyPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.bodies.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, bodiesPath, doc.ID, s.bodyPapers(&doc.State))
}
