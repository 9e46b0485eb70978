package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// opinionsPath gives one opinion to several applications.
const opinionsPath = applicationsPath + "/opinions"

// opinionsView is what application_opinions.html shows.
type opinionsView struct {
	Rows  []opinionRow
	Form  []field
	Error string
}

// opinionRow is an application that waits for the actor's opinion; Value names it as it was seen, On: it is ticked.
type opinionRow struct {
	Value, Path, Name, Sub, Words string
	Said                          []string
	On                            bool
}

// opinionsPage lists what waits for the actor's opinion.
func (s *Server) opinionsPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showOpinions(c, by, nil, "", nil)
}

// showOpinions shows the list, with what was ticked and typed; nil ticks all.
func (s *Server) showOpinions(c *fiber.Ctx, by policy.Actor, ticked []string, reason string, refused []fault.Field) error {
	waiting, err := s.applications.Waiting(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := opinionsView{Form: withErrors([]field{{Name: "reason", Label: "意见和理由", Rows: 2, Value: reason}, {Name: "current", Label: "你的密码", Type: "password", Autocomplete: "current-password", Hint: "签署前再核对一次是本人"}}, refused)}
	for _, f := range refused {
		if f.Name == "chosen" {
			v.Error = f.Message
		}
	}
	for i := range waiting {
		a := &waiting[i].State
		row := opinionRow{Value: fmt.Sprintf("%s:%d", waiting[i].ID, waiting[i].Seq), Path: applicationsPath + "/" + waiting[i].ID, Name: a.Name, Sub: a.YearName + " " + a.FirmName + " " + a.Level(), Words: a.Words}
		row.On = ticked == nil || slices.Contains(ticked, row.Value)
		for _, o := range opinions(a) {
			row.Said = append(row.Said, o[0]+"："+o[1])
		}
		v.Rows = append(v.Rows, row)
	}
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "application_opinions", page{Title: "轮到你签意见的申报", Nav: applicationsPath, Data: v, Fields: refused})
}

// giveOpinions gives one opinion to what was ticked.
func (s *Server) giveOpinions(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	ticked := append([]string{}, values["one"]...)
	seen := make([]casework.At, len(ticked))
	for i, one := range ticked {
		id, seq, _ := strings.Cut(one, ":")
		seen[i] = casework.At{ID: id, Seq: seqOf(seq)}
	}
	n, err := s.applications.AgreeAll(c.UserContext(), by, seen, values.Get("reason"), values.Get("current"))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showOpinions(c, by, ticked, values.Get("reason"), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, applicationsPath+"?done="+strconv.Itoa(n))
}
