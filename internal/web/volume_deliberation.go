package web

import (
	"cmp"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/supervision/deliberation"
)

// topicWhole is the file (一案一档) of a matter of a deliberation: its sheet, the enquiry, the minutes of each meeting that heard it, the owners' vote, what was to be done and what came of it, the notice.
func (s *Server) topicWhole(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.deliberations.One(ctx, by, id)
	if err != nil {
		return err
	}
	i := &doc.State
	about, err := s.fillTopic(c, by, doc)
	if err != nil {
		return err
	}
	history, err := s.deliberations.History(ctx, by, id)
	if err != nil {
		return err
	}
	v := volumeView{Back: about.Path, Kind: "一案一档", Name: i.Name()}
	bind := func(address, title string) error {
		item, ok, err := s.boundPaper(c, address, title)
		if ok {
			v.Items = append(v.Items, item)
		}
		return err
	}
	papers := deliberationPapers(i)
	print := func(kind string) error {
		at := slices.IndexFunc(papers, func(p crumb) bool { return p.Path == kind })
		if at < 0 {
			return nil
		}
		return bind(about.Path+"/print/"+kind, papers[at].Label)
	}
	if err := print("topic"); err != nil {
		return err
	}
	var met []string
	for n, h := range i.Heard {
		if !slices.Contains(met, h.Meeting) {
			met = append(met, h.Meeting)
			if err := bind(sessionsPath+"/"+h.Meeting+"/print/minutes", h.On.Chinese()+"会议纪要"); err != nil {
				return err
			}
		}
		view := about.Hearings[n]
		v.Items = append(v.Items, volumeItem{Title: "第 " + count(n+1) + " 次商议的结果", Day: h.On.Chinese(), By: i.CommunityName, Rows: filled([][2]string{{"会议日期", view.Meeting}, {"结果", view.Outcome}, {"商议意见", view.Decision}, {"表决", view.Said}})})
	}
	if i.Vote != "" {
		v.Items = append(v.Items, volumeItem{Title: "业主共同决定", Day: i.Voted.Chinese(), By: "业主大会", Rows: filled([][2]string{{"保留事项", about.Reserved}, {"表决", about.Vote}})})
	}
	if err := print("tasks"); err != nil {
		return err
	}
	for n, t := range about.Tasks {
		if t.Report != "" {
			v.Items = append(v.Items, volumeItem{Title: "第 " + count(n+1) + " 项任务的办理情况", By: t.Unit, Rows: filled([][2]string{{"要办的事", t.What}, {"责任单位", t.Unit}, {"期限", t.Due.Chinese()}, {"延期", t.Extended}, {"情况", t.Word}, {"办理情况", t.Report}})})
		}
	}
	if err := print("notice"); err != nil {
		return err
	}
	happened := volumeItem{Title: "办理经过", By: i.CommunityName}
	for _, h := range taken(history, nil, func(one *deliberation.Item) (string, string) { return string(one.Last), one.Reason }) {
		happened.Rows = append(happened.Rows, [2]string{h.Label, h.Sub})
	}
	v.Items = append(v.Items, happened)
	v.Cover = [][2]string{{"案由", i.Name()}, {"社区、小区", i.Place()}, {"大小缓急", joinWords(i.Class.Title, i.Subject.Title)}, {"办理情况", i.State.Title()}, {"立案日期", i.Found.Chinese()}, {"结案日期", cmp.Or(i.Ended.Chinese(), "还没有结案")}, {"结果", i.Result}, {"保管期限", s.keptFor("红色议事")}}
	return s.showVolume(c, by, v)
}
