package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/filing"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/handover"
	"redsteward/supervision/application"
	"redsteward/supervision/collection"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/repair"
)

// urged is somebody who is urged.
type urged struct {
	// Unit is who has to do it, Firm, Developer or Division (a township or community) the id of what it is registered as ("" for what is none of them), Place what it is about, State what is lacking, Due until when, Link the page of it.
	Unit, Firm, Developer, Division, Place, State string
	Due                                           calendar.Date
	Link                                          string
}

// urgingView is the part "urging" of a page: words to copy into a message (催办话术), "" for none, and the list of phones, "" for who may not see it. Verb is what is done, such as 催报. No person is named in the words.
type urgingView struct{ Verb, Words, Phones string }

// urgingUnits is how many units the words name.
const urgingUnits = 30

// urgingOf makes the words: what is urged, whom with what is lacking, each unit once, and what is to be done.
func urgingOf(verb, what string, list []urged, how string) urgingView {
	var order []string
	states, counts := map[string]string{}, map[string]int{}
	due := calendar.Date{}
	for _, u := range list {
		if !slices.Contains(order, u.Unit) {
			order = append(order, u.Unit)
		}
		states[u.Unit] = u.State
		counts[u.Unit]++
		if due.IsZero() || !u.Due.IsZero() && u.Due.Compare(due) < 0 {
			due = u.Due
		}
	}
	var names []string
	for _, unit := range order[:min(len(order), urgingUnits)] {
		said := states[unit]
		if n := counts[unit]; n > 1 {
			said = strconv.Itoa(n) + " 件"
		}
		if said != "" {
			unit += "（" + said + "）"
		}
		names = append(names, unit)
	}
	words := "【" + verb + "】" + what
	if !due.IsZero() {
		words += "，期限" + due.Chinese()
	}
	words += "。还没有办的：" + strings.Join(names, "、")
	if len(order) > urgingUnits {
		words += "等 " + strconv.Itoa(len(order)) + " 个"
	}
	return urgingView{Verb: verb, Words: words + "。" + how}
}

// urgingPath lists whom one can urge, by unit.
const urgingPath = "/urging"

// urgedRegister is a register in which others have to do something.
type urgedRegister struct {
	id, title, nav string
	// right is whose work it is to urge.
	right policy.Action
	// verb is what is done, what what is urged, how what is to be done.
	verb, what, how string
	// read gives every open piece in the actor's scope.
	read func(c *fiber.Ctx, by policy.Actor) ([]urged, error)
}

// urgedRegisters are those of this installation in which the actor urges.
func (s *Server) urgedRegisters(by policy.Actor) []urgedRegister {
	all := []urgedRegister{
		{"rectifications", "整改", rectificationsPath, policy.HandleRectification, "催办", "整改文书已经送达", "请登录系统，在“整改”里逐项回复并附整改后的照片。", s.urgedRectifications},
		{"dunnings", "保修金催缴", dunningsPath, policy.AssessFund, "催缴", "下列新建物业质量保修金过了期限，还没有缴清", "催缴通知书已经送达，请尽快缴清并把缴款凭证送物业管理股。", s.urgedDunnings},
		{"matters", "事项", mattersPath, policy.DispatchMatter, "催办", "下列事项已经派出", "请登录系统，在“我的待办”里签收、办理、答复。", s.urgedMatters},
		{"proofs", "佐证材料", "/proofs", policy.ManagePeriod, "催交", "本期佐证材料还没有交齐", "请登录系统，在“佐证材料”里逐项提交；系统已有的不用交。", s.urgedProofs},
		{"returns", "报表", returnsPath, policy.CheckReturn, "催报", "下列报表还没有报出", "请登录系统，在“报表台”里核对、送审。", s.urgedReturns},
		{"collections", "收表任务", collectionsPath, policy.SendCollection, "催报", "下列收表任务还没有报", "请登录系统，在“我的待办”里签收填报，也可以下载模板用 Excel 上报。", s.urgedCollections},
		{"filings", "备案补正", filingsPath, policy.HandleFiling, "催办", "下列备案已经一次性告知补正", "请登录系统，在“登记备案”里补齐材料后重新提交。", s.urgedFilings},
		{"handovers", "承接查验", handoversPath, policy.FileHandover, "催办", "下列承接查验还没有办完", "请登录系统，在“承接查验”里按步骤办理。", s.urgedHandovers},
		{"repairs", "报修", repairsPath, policy.CheckRepairs, "催办", "下列报修已经逾时、还没有修好", "请尽快上门维修，并在“报修台账”里登记到场和完成时间。", s.urgedRepairs},
		{"claims", "保修和补存", claimsPath, policy.HandleClaim, "催办", "下列保修、补存的期限内还没有办理", "通知书已经送达，请按通知书答复维修或者补存保修金。", s.urgedClaims},
		{"applications", "星级申报补正", applicationsPath, policy.HoldStar, "催办", "下列星级申报退回补正，还没有重新提交", "请登录系统，在“星级申报”里补正后提交；逾期没有补正的，申报终止。", s.urgedApplications},
		{"coach", "争星任务", coachTasksPath, policy.GiveCoachTask, "催办", "下列争星任务已经派出", "请登录系统，在“争星任务”里办好以后报告。", s.urgedCoachTasks},
	}
	return slices.DeleteFunc(all, func(r urgedRegister) bool { return !s.serves(r.nav) || !s.guard.Allow(by, r.right) })
}

// urges is the link of a page to whom one can urge there; none for who cannot.
func (s *Server) urges(by policy.Actor, register string) []crumb {
	if slices.ContainsFunc(s.urgedRegisters(by), func(r urgedRegister) bool { return r.id == register }) {
		return []crumb{{"催办名单", urgingPath + "?of=" + register}}
	}
	return nil
}

func (s *Server) urgedRectifications(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = eachPage(func(after string) (store.Page[rectification.Case], error) {
		return s.rectifications.List(c.UserContext(), by, rectification.Filter{State: rectification.Running}, true, after)
	}, func(d store.Doc[rectification.Case]) {
		k := &d.State
		out = append(out, urged{Unit: k.FirmName, Firm: k.Firm, Place: k.Name, State: k.Kind.Title() + "，" + k.State.Title(), Due: k.Clock.Due, Link: rectificationsPath + "/" + d.ID})
	})
	return out, err
}

// urgedFilings are those that were returned for correction.
func (s *Server) urgedFilings(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = s.filings.Each(c.UserContext(), by, filing.Filter{State: filing.Correcting}, func(id string, f *filing.Filing) {
		out = append(out, urged{Unit: cmp.Or(f.FirmName, f.Subject()), Firm: f.Firm, Place: f.Subject() + "，" + f.Title, State: f.State.Title(), Due: f.DueNow().Due, Link: filingsPath + "/" + id})
	})
	return out, err
}

// urgedHandovers are those in which somebody has something to do until a day: the developer, and the firm once what is left is its filing.
func (s *Server) urgedHandovers(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = eachPage(func(after string) (store.Page[handover.Handover], error) {
		return s.handovers.Service.ListPage(c.UserContext(), by, handover.Filter{}, after)
	}, func(d store.Doc[handover.Handover]) {
		h := &d.State
		what, due, runs := h.Clock()
		if !runs {
			return
		}
		one := urged{Unit: cmp.Or(h.DeveloperName, "建设单位"), Developer: h.Developer, Place: h.Title(), State: what, Due: due.Due, Link: handoversPath + "/" + d.ID}
		if h.State == handover.Transferred {
			one.Unit, one.Developer, one.Firm = h.FirmName, "", h.Firm
		}
		out = append(out, one)
	})
	return out, err
}

// urgedRepairs are the repairs that are late and not done.
func (s *Server) urgedRepairs(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = s.repairs.Each(c.UserContext(), by, repair.Filter{Late: true}, func(d store.Doc[repair.Repair]) {
		if r := &d.State; r.State() == repair.Waiting || r.State() == repair.Arrived {
			out = append(out, urged{Unit: r.FirmName, Firm: r.Firm, Place: r.ProjectName + "，" + r.CategoryTitle, State: r.State().Title(), Due: calendar.DateOf(r.Due.Time), Link: repairsPath + "/" + d.ID})
		}
	})
	return out, err
}

// urgedClaims are those in which the developer has a notice: to repair, or to replenish what was used.
func (s *Server) urgedClaims(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	for _, state := range []claim.State{claim.Noticed, claim.Urged, claim.Replenishing} {
		err = eachPage(func(after string) (store.Page[claim.Claim], error) {
			return s.claims.List(c.UserContext(), by, casework.Filter{State: string(state)}, true, after)
		}, func(d store.Doc[claim.Claim]) {
			k := &d.State
			out = append(out, urged{Unit: cmp.Or(k.DeveloperName, "建设单位"), Developer: k.Developer, Place: k.Name + "，" + k.Title, State: k.State.Title(), Due: k.Clock.Due, Link: claimsPath + "/" + d.ID})
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// urgedApplications are those that were returned to their firm.
func (s *Server) urgedApplications(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = eachPage(func(after string) (store.Page[application.Application], error) {
		return s.applications.List(c.UserContext(), by, application.Filter{State: application.Completing}, true, after)
	}, func(d store.Doc[application.Application]) {
		a := &d.State
		out = append(out, urged{Unit: a.FirmName, Firm: a.Firm, Place: a.Name, State: a.State.Title(), Due: a.Clock.Due, Link: applicationsPath + "/" + d.ID})
	})
	return out, err
}

// urgedCoachTasks are the tasks that a firm gave its compounds and that are not reported.
func (s *Server) urgedCoachTasks(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = eachPage(func(after string) (store.Page[cycle.CoachTask], error) {
		return s.cycle.CoachTasks().List(c.UserContext(), by, casework.Filter{State: string(cycle.CoachOpen)}, true, after)
	}, func(d store.Doc[cycle.CoachTask]) {
		t := &d.State
		out = append(out, urged{Unit: t.Name, Place: t.Title, State: t.State.Title(), Due: t.Clock.Due, Link: coachTasksPath + "/" + d.ID})
	})
	return out, err
}

// urgedDunnings are the deposits whose letter was delivered and that are not paid.
func (s *Server) urgedDunnings(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = eachPage(func(after string) (store.Page[dunning.Dunning], error) {
		return s.dunnings.List(c.UserContext(), by, casework.Filter{State: string(dunning.Dunned)}, true, after)
	}, func(doc store.Doc[dunning.Dunning]) {
		d := &doc.State
		out = append(out, urged{Unit: cmp.Or(d.DeveloperName, "建设单位"), Developer: d.Developer, Place: d.Name + d.Phase, State: "催缴后还没有缴清", Due: d.Clock.Due, Link: dunningsPath + "/" + doc.ID})
	})
	return out, err
}

func (s *Server) urgedMatters(c *fiber.Ctx, by policy.Actor) (out []urged, err error) {
	err = s.matters.Each(c.UserContext(), by, matter.Filter{ByDue: true}, func(d store.Doc[matter.Matter]) {
		m := &d.State
		if m.State == matter.Dispatched || m.State == matter.Accepted || m.State == matter.Working {
			place := m.ProjectName
			if place == "" {
				place = m.CommunityName
			}
			out = append(out, urged{Unit: m.DepartmentTitle, Place: place, State: m.CategoryTitle + "，" + m.State.Title(), Due: m.Due.Due, Link: mattersPath + "/" + d.ID})
		}
	})
	return out, err
}

// urgedProofs are the compounds from which a period that takes material lacks some.
func (s *Server) urgedProofs(c *fiber.Ctx, by policy.Actor) ([]urged, error) {
	periods, err := s.cycle.Periods(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	var out []urged
	for i := range periods {
		p := &periods[i]
		if p.State != cycle.StateOpen {
			continue
		}
		desk := &boardDesk{s: s, c: c, by: by, Boards: &cycle.Boards{Period: p}}
		asks, _, tooMany, err := desk.asksOf()
		if err != nil {
			return nil, err
		}
		if tooMany {
			return nil, fault.New("web.urgedProofs", fault.Invalid, "小区太多，请到“评价看板”按乡镇看佐证材料进度")
		}
		for _, a := range asks {
			if a.stage == proofMissing || a.stage == proofReturned {
				out = append(out, urged{Unit: a.FirmName, Firm: a.Firm, Place: a.Name, State: a.name + "，" + a.stage.title(), Due: p.Submit, Link: "/proofs/" + url.PathEscape(p.ID) + "/" + url.PathEscape(a.Project)})
			}
		}
	}
	return out, nil
}

func (s *Server) urgedReturns(c *fiber.Ctx, by policy.Actor) ([]urged, error) {
	found, err := s.returns.All(c.UserContext(), by, returns.Filter{State: returns.Draft})
	var out []urged
	for i := range found {
		r := &found[i].State
		out = append(out, urged{Unit: r.Place, Division: r.Scope, Place: r.Name(), State: r.State.Title(), Due: r.Due.Due, Link: returnPath(found[i].ID)})
	}
	return out, err
}

func (s *Server) urgedCollections(c *fiber.Ctx, by policy.Actor) ([]urged, error) {
	ctx := c.UserContext()
	running, err := s.collections.Running(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []urged
	for i := range running {
		task, err := s.collections.Task(ctx, by, running[i].ID)
		if err != nil {
			return nil, err
		}
		out = append(out, unitsToUrge(&task)...)
	}
	return out, nil
}

// unitsToUrge are the units that are missing in a task of collection.
func unitsToUrge(task *collection.View) (out []urged) {
	for k := range task.Sheets {
		a := &task.Sheets[k].State
		if !a.State.Open() {
			continue
		}
		one := urged{Unit: a.To.Name, Place: a.Title, State: a.State.Title(), Due: a.Due.Due, Link: sheetPath(task.Sheets[k].ID)}
		if a.To.Kind == collection.ToFirm {
			one.Firm = a.To.ID
		} else {
			one.Division = a.To.ID
		}
		out = append(out, one)
	}
	return out
}

// urgingPage is what urging.html shows.
type urgingPage struct {
	Title, Query, Of, Excel string
	Late, Filtered          bool
	Kinds                   []filterLink
	Rows                    []urgedUnit
	All, Overdue, Units     int
	Urging                  urgingView
	Pager                   pager
	Nothing                 string
}

// urgedUnit is a unit with what it has to do.
type urgedUnit struct {
	Unit, Due, Chip, Left string
	Count, Late           int
	Items                 []urgedItem
}

type urgedItem struct{ Place, State, Due, Link string }

// readUrged reads what an address of the page asks for.
func (s *Server) readUrged(c *fiber.Ctx, by policy.Actor) (register urgedRegister, kinds []urgedRegister, l listAddress, list []urged, err error) {
	l = readList(c, urgingPath, "of", "q", "late")
	if kinds = s.urgedRegisters(by); len(kinds) == 0 {
		return register, nil, l, nil, nil
	}
	at := slices.IndexFunc(kinds, func(r urgedRegister) bool { return r.id == l.value["of"] })
	if at < 0 && l.value["of"] != "" {
		return register, nil, l, nil, fault.New("web.readUrged", fault.NotFound, "没有这种催办")
	}
	register = kinds[max(at, 0)]
	list, err = register.read(c, by)
	clock := s.clockOf(c.UserContext())
	list = slices.DeleteFunc(list, func(u urged) bool {
		return u.Unit == "" || !registry.Finds(u.Unit, l.value["q"]) && !registry.Finds(u.Place, l.value["q"]) || l.value["late"] != "" && !clock.late(Task{Due: u.Due})
	})
	slices.SortStableFunc(list, func(a, b urged) int { return byDue(Task{Due: a.Due, Title: a.Unit}, Task{Due: b.Due, Title: b.Unit}) })
	return register, kinds, l, list, err
}

// urging lists whom the actor can urge in a register, by unit, with words to copy.
func (s *Server) urging(c *fiber.Ctx, by policy.Actor) error {
	register, kinds, l, list, err := s.readUrged(c, by)
	if err != nil {
		return err
	}
	v := urgingPage{Title: "催办名单", Of: register.id, Query: l.value["q"], Late: l.value["late"] != "", Filtered: l.value["q"] != "" || l.value["late"] != "", Excel: l.excel(), All: len(list), Nothing: "现在没有要催的。"}
	if len(kinds) == 0 {
		v.Nothing = "你的岗位没有要催的事。"
	}
	for _, k := range kinds {
		v.Kinds = append(v.Kinds, filterLink{k.title, urgingPath + "?of=" + k.id, k.id == register.id})
	}
	clock := s.clockOf(c.UserContext())
	places := map[string]int{}
	for _, u := range list {
		at, known := places[u.Unit]
		if !known {
			at = len(v.Rows)
			places[u.Unit] = at
			row := urgedUnit{Unit: u.Unit}
			row.Chip, row.Left = clock.left(Task{Due: u.Due})
			if !u.Due.IsZero() {
				row.Due = u.Due.Chinese()
			}
			v.Rows = append(v.Rows, row)
		}
		row := &v.Rows[at]
		row.Count++
		if clock.late(Task{Due: u.Due}) {
			row.Late++
			v.Overdue++
		}
		row.Items = append(row.Items, urgedItem{u.Place, u.State, u.Due.Chinese(), u.Link})
	}
	p := page{Title: v.Title, Nav: register.nav}
	if len(list) > 0 {
		v.Urging = urgingOf(register.verb, register.what, list, register.how)
		if s.guard.Allow(by, policy.ReadContacts) {
			v.Urging.Phones = l.excel()
		}
		p.Script, p.Scripts = true, []string{"copy.js"}
	}
	v.Units = len(v.Rows)
	v.Pager, v.Rows = pageOf(l, v.Rows)
	p.Data = v
	return s.render(c, by, "urging", p)
}

// urgingExcel sends the same list, with phones for who may see them.
func (s *Server) urgingExcel(c *fiber.Ctx, by policy.Actor) error {
	register, _, _, list, err := s.readUrged(c, by)
	if err != nil {
		return err
	}
	sheet, err := s.urgedSheet(c.UserContext(), by, register.verb, list)
	if err != nil {
		return err
	}
	return sendFigures(c, register.title+register.verb+"名单.xlsx", sheet)
}

// reachOf is who is registered for a firm or developer and the phone of it, whole for who may see contacts and masked for others; nothing for another unit, and for who does not see its register.
func (s *Server) reachOf(ctx context.Context, by policy.Actor, u urged) (out registry.Reach, err error) {
	switch {
	case u.Firm != "":
		var firm registry.FirmView
		firm, err = s.registered.OneFirm(ctx, by, u.Firm)
		out.Phone = firm.Phone
	case u.Developer != "":
		var developer registry.DeveloperRow
		developer, err = s.registered.OneDeveloper(ctx, by, u.Developer)
		out = registry.Reach{Contact: developer.Contact, Phone: developer.Phone}
	}
	if closedTo(err) {
		return registry.Reach{}, nil
	}
	return out, err
}

// urgedSheet is a list of whom to urge as a sheet, with the phones that firms, developers, townships and communities are registered with.
func (s *Server) urgedSheet(ctx context.Context, by policy.Actor, verb string, list []urged) (report.Figures, error) {
	phones := map[string]registry.Reach{}
	sheet := report.Figures{Sheet: verb + "电话", Heads: []string{"单位", "小区或事项", "状态", "期限", "联系人", "登记电话"}, Note: "电话是企业、建设单位、乡镇和社区（村）登记的联系电话；部门的请查本县通讯录。"}
	if !s.guard.Allow(by, policy.ReadContacts) {
		sheet.Note += "你的岗位看不到完整电话。"
	}
	var ids []string
	for _, u := range list {
		if u.Division != "" {
			ids = append(ids, u.Division)
		}
	}
	divisions, err := s.registered.Reaches(ctx, by, ids...)
	if err != nil && !closedTo(err) {
		return sheet, err
	}
	for _, u := range list {
		key := u.Firm + "/" + u.Developer + "/" + u.Division
		if _, asked := phones[key]; !asked {
			reach, err := s.reachOf(ctx, by, u)
			if err != nil {
				return sheet, err
			}
			if u.Division != "" {
				reach = divisions[u.Division].Reach
			}
			phones[key] = reach
		}
		sheet.Rows = append(sheet.Rows, []any{u.Unit, u.Place, u.State, u.Due, phones[key].Contact, phones[key].Phone})
	}
	return sheet, nil
}
