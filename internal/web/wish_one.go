package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/wish"
)

// newWishView is what wish_new.html shows.
type newWishView struct {
	Form []field
	Key  string
}

// newWish is the form of who enters a wish for a resident.
func (s *Server) newWish(c *fiber.Ctx, by policy.Actor) error { return s.showNewWish(c, by, nil) }

func (s *Server) showNewWish(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	communities, compounds, err := s.wishes.Places(c.UserContext(), by)
	if err != nil {
		return err
	}
	var form []field
	if len(communities) > 0 {
		form = append(form, field{Name: "community", Label: "社区", Options: choicesOfPlaces("由小区决定", communities), Value: c.FormValue("community")})
	}
	first := "不在小区里"
	if len(communities) == 0 {
		first = "请选择小区"
	}
	form = append(form, field{Name: "project", Label: "小区", Options: choicesOf(first, compounds), Value: c.FormValue("project"), Optional: len(communities) > 0})
	v := newWishView{Form: withErrors(append(form, s.wishFields(c)...), refused), Key: newKey()}
	p := page{Title: "代居民点单、登记代办", Nav: needsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "wish_new", p)
	}
	return s.render(c, by, "wish_new", p)
}

// wishFields are the fields of a wish beside its place, as they were sent.
func (s *Server) wishFields(c *fiber.Ctx) []field {
	text := func(name, label, hint string) field {
		return field{Name: name, Label: label, Type: "text", Autocomplete: "off", Value: c.FormValue(name), Hint: hint, Optional: true}
	}
	return []field{{Name: "kind", Label: "种类", Options: choicesOf("请选择", s.wishes.Terms.Choices()), Value: c.FormValue("kind")}, {Name: "words", Label: "心愿或者要办的事", Rows: 3, Value: c.FormValue("words"), Hint: "写清楚想要什么；不写姓名、电话和门牌"},
		text("spot", "大概位置", "例如：3幢1单元；门牌写在下面"), text("name", "怎么称呼", "只有社区看得到；请代办的，承办的人也看得到"), text("phone", "电话", "只有社区看得到，用来联系上门"), text("door", "门牌", "只有社区看得到")}
}

// wishInput reads a wish.
func wishInput(c *fiber.Ctx) wish.Input {
	return wish.Input{Kind: c.FormValue("kind"), Community: c.FormValue("community"), Project: c.FormValue("project"), Spot: c.FormValue("spot"), Words: c.FormValue("words"),
		Asker: wish.Asker{Name: c.FormValue("name"), Phone: c.FormValue("phone"), Door: c.FormValue("door")}, Idem: formIdem(c)}
}

// enterWish enters a wish for a resident.
func (s *Server) enterWish(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.wishes.Enter(c.UserContext(), by, wishInput(c))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewWish(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, needsPath+"/"+doc.ID+"?done=asked")
}

// wishView is what wish.html shows.
type wishView struct {
	Path, State, Due, DueState, Basis string
	Seq                               int64
	W                                 *wish.Wish
	// Names: who asked is shown; From is by whom it was entered, Hours those of the service.
	Names, Late           bool
	From, Hours, RatedWay string
	Photos                []string
	// Receipts are the documents of an errand.
	Receipts []wishReceiptLine
	// Suggested are those who could take it, for who dispatches it.
	Suggested      []wish.Suggestion
	Forms          []stepForm
	Steps, History []step
}

// wishSteps are the five steps with the states in which each is the present one.
var wishSteps = []struct {
	label  string
	states []wish.State
}{{"群众点单", []wish.State{wish.Asked}}, {"社区派单", []wish.State{wish.Accepted, wish.Pooled}}, {"单位接单", []wish.State{wish.Dispatched}}, {"服务", []wish.State{wish.Taken, wish.Proved}}, {"群众评单", []wish.State{wish.Served, wish.Following}}}

// errandLabels are those of the steps for an errand.
var errandLabels = []string{"登记", "派单", "承办", "办理", "评单"}

// wishReceiptLine is one receipt on the page of an errand.
type wishReceiptLine struct {
	Path, Text, On string
	Back           bool
}

// wishStepsOf says how far a wish is; nothing for one that was refused or given up.
func wishStepsOf(w *wish.Wish) []step {
	if w.State == wish.Refused || w.State == wish.Cancelled {
		return nil
	}
	now := len(wishSteps)
	for n, at := range wishSteps {
		if slices.Contains(at.states, w.State) {
			now = n
		}
	}
	out := make([]step, len(wishSteps))
	for n, at := range wishSteps {
		out[n].Label = at.label
		if w.Order == wish.OrderErrand {
			out[n].Label = errandLabels[n]
		}
		switch {
		case n < now:
			out[n].State = "done"
		case n == now:
			out[n].State = "now"
		}
	}
	return out
}

// wishSaid is what was done.
var wishSaid = map[string]string{"asked": "已点单，社区受理以后在这里看办到哪一步。", "accept": "已受理，请派单或者放入待认领。", "refuse": "已登记不予受理，点单人凭查询号看得到理由。", "dispatch": "已派单，对方的待办里有。", "pool": "已放入待认领，先接的单位服务。", "recall": "已收回，请改派。",
	"grant": "已同意延期。", "deny": "已登记不同意延期。", "take": "已接单，请在期限以前服务好并提交服务情况。", "leave": "已退单，社区另派。", "more": "已申请延期，等社区决定。", "prove": "已提交，等社区确认。", "confirm": "已确认，请点单人评单。", "redo": "已退回。",
	"close": "已办结。", "settle": "已办结。", "again": "已重新进入派单。", "call": "已登记评单。", "withdraw": "已撤销。", "receive": "已登记收取的材料，请打印回执交给居民。", "giveback": "已登记交还。", "tell": "已登记告知，请居民评单。", "draft": "已送审核，审核以后公开。", "return": "已退回拟写的人。", "publish": "已公开。", "hide": "已撤下，公众看不到了。"}

// oneWish shows a wish and what the actor can do with it.
func (s *Server) oneWish(c *fiber.Ctx, by policy.Actor) error {
	return s.showWish(c, by, func(name string) string { return c.FormValue(name) }, nil)
}

func (s *Server) showWish(c *fiber.Ctx, by policy.Actor, value func(name string) string, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.wishes.One(ctx, by, id)
	if err != nil {
		return err
	}
	w := &doc.State
	v := wishView{Path: needsPath + "/" + id, State: w.Title(), Seq: doc.Seq, W: w, Steps: wishStepsOf(w), From: s.handOf(w.Asked), Late: w.Late(s.clocks.Business())}
	if v.Names, err = s.wishes.Names(ctx, by, w); err != nil {
		return err
	}
	if w.Due.Rule != "" && !w.State.Final() {
		state, precise := newTaskClock(s.clocks.Business(), s.holidays).left(clockTask(w.Due))
		v.Basis, v.DueState, v.Due = w.Due.Basis, state, strings.Trim(w.Due.Chinese()+"，"+cmp.Or(precise, state), "，")
	}
	if w.Proof != nil {
		v.Hours = hoursText(w.Proof.HalfHours)
		for i := range w.Proof.Photos {
			v.Photos = append(v.Photos, v.Path+"/photos/"+count(i))
		}
	}
	for i, r := range w.Receipts {
		v.Receipts = append(v.Receipts, wishReceiptLine{v.Path + "/receipts/" + count(i), r.Text(), dateTime(r.By.At.Time), !r.Open()})
	}
	if w.Rating != nil {
		v.RatedWay = s.handOf(w.Rating.By)
	}
	if w.Can(wish.StepDispatch) && s.guard.Allow(by, policy.DispatchWish) {
		if v.Suggested, err = s.wishes.Suggest(ctx, by, id); err != nil {
			return err
		}
	}
	if v.Forms, err = s.wishForms(c, by, w, value, refused); err != nil {
		return err
	}
	history, err := s.wishes.History(ctx, by, id)
	if err != nil {
		return err
	}
	for _, h := range history {
		label := string(h.Step)
		if h.Step == wish.StepDispatch || h.Step == wish.StepTake {
			label += "：" + h.Taker
		}
		v.History = append(v.History, step{"done", label, joinWords(dateTime(h.At.At.Time), s.handOf(h.At), h.Reason)})
	}
	p := page{Title: w.KindTitle, Nav: needsPath, Data: v, Fields: refused, Said: saidParam(c, wishSaid), Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "wish", p)
	}
	return s.render(c, by, "wish", p)
}

// handOf is the office of who did something; nobody is named.
func (s *Server) handOf(h supervision.Hand) string {
	if h.Office == string(policy.Anonymous) {
		return "点单人"
	}
	return s.titleOfOffice(h.Office)
}

// wishWords are the steps of a wish by the word in the address.
var wishWords = map[string]wish.Step{"accept": wish.StepAccept, "refuse": wish.StepRefuse, "dispatch": wish.StepDispatch, "pool": wish.StepPool, "recall": wish.StepRecall, "grant": wish.StepGrant, "deny": wish.StepDeny, "take": wish.StepTake, "leave": wish.StepLeave,
	"more": wish.StepMore, "prove": wish.StepProve, "receive": wish.StepReceive, "giveback": wish.StepGiveBack, "tell": wish.StepTell, "confirm": wish.StepConfirm, "redo": wish.StepRedo, "close": wish.StepClose, "settle": wish.StepSettle, "again": wish.StepAgain, "call": wish.StepCall, "withdraw": wish.StepWithdraw,
	"draft": wish.StepDraft, "return": wish.StepReturn, "publish": wish.StepPublish, "hide": wish.StepHide}

// wishForms are the steps that the actor can do now, in the order of a life, the grave ones last.
func (s *Server) wishForms(c *fiber.Ctx, by policy.Actor, w *wish.Wish, value func(name string) string, refused []fault.Field) ([]stepForm, error) {
	reason := func(label string) []field { return []field{{Name: "reason", Label: label, Rows: 2}} }
	words := func(label string) []field { return []field{{Name: "words", Label: label, Rows: 3}} }
	photos := "现场照片（选填）"
	if w.Photo {
		photos = "现场照片"
	}
	prove := stepForm{Name: "prove", Title: "提交服务情况", Hint: "只写做了什么，不写名字；时长按半小时记，是各人相加的合计。", Button: "提交", PhotoLabel: photos, Form: []field{{Name: "words", Label: "做了什么", Rows: 3}, {Name: "helpers", Label: "参加人数", Type: "text", Mode: "numeric", Autocomplete: "off"}, {Name: "hours", Label: "时长合计（小时）", Type: "text", Mode: "decimal", Autocomplete: "off", Hint: "例如 2.5"}}}
	if w.Order == wish.OrderErrand {
		prove = stepForm{Name: "prove", Title: "办好了", Hint: "写办成了什么，不写姓名、证件号和电话；接着告知居民、交还材料。", Button: "办好了", PhotoLabel: photos, Form: words("办理情况")}
	}
	papers := "一行一种，写名称和份数，例如：身份证原件 1 份；不写证件号。"
	if usual := s.wishes.Terms.PapersOf(w.Kind); usual != "" {
		papers += "一般要带：" + usual + "。"
	}
	all := []stepForm{
		{Name: "accept", Title: "受理", Hint: "写成单位看得懂的一句话，不写姓名、电话和门牌；种类不对的改过来。", Button: "受理，列入需求清单", Form: []field{{Name: "kind", Label: "种类", Options: choicesOf("请选择", s.wishes.Terms.Choices()), Value: w.Kind}, {Name: "words", Label: "心愿", Rows: 3, Value: w.Words}}},
		{Name: "pool", Title: "放入待认领", Hint: "本社区的共建单位、志愿服务队和小区的物业企业都看得到，先接的服务。", Button: "放入待认领"},
		{Name: "leave", Title: "退单", Hint: "确实办不了的退单，社区另派。", Button: "退单", Grave: true, Form: reason("退单的理由")},
		{Name: "receive", Title: "收取材料", Hint: papers + "登记以后打印回执，一联交居民。", Button: "收下并出回执", Form: []field{{Name: "papers", Label: "收到的材料", Rows: 4}}},
		{Name: "giveback", Title: "交还材料", Hint: "收取的材料全部交还时登记；没有交还不能退单、收回、撤销和告知。", Button: "已全部交还", Form: []field{{Name: "reason", Label: "谁取回的、还交了什么", Rows: 2}}},
		prove,
		{Name: "tell", Title: "告知结果", Hint: "当面、电话或者上门告诉居民办成了没有；告知的人不能登记评单。", Button: "已告知", Form: []field{{Name: "reason", Label: "怎么告知的", Rows: 2}}},
		{Name: "more", Title: "申请延期", Hint: "在期限届满以前申请，只能申请一次。", Button: "申请延期", Form: reason("延期的理由")},
		{Name: "grant", Title: "同意延期", Hint: "理由：" + w.Reason, Button: "同意延期"}, {Name: "deny", Title: "不同意延期", Hint: "期限不变。", Button: "不同意延期", Grave: true},
		{Name: "confirm", Title: "确认服务", Hint: "问过点单人或者到现场看过再确认；提交的人不能确认。", Button: "确认服务", Form: []field{{Name: "members", Label: "参加的报到党员", Rows: 2, Optional: true, Hint: "一行一个姓名，时长由参加的人平分；同名的在后面空一格写电话后四位"}}}, {Name: "redo", Title: "退回重办", Hint: "没有服务好的退回，期限不变。", Button: "退回重办", Grave: true, Form: reason("退回的理由")},
		{Name: "call", Title: "电话评单", Hint: "照点单人说的登记；确认服务的人不能登记。", Button: "登记评单", Form: []field{{Name: "score", Label: "评分", Options: scoreOptions()}, {Name: "words", Label: "评语", Rows: 2, Optional: true, Hint: "只在内部看，不写个人信息"}}},
		{Name: "settle", Title: "回访后办结", Hint: "评分低的要回访：问清哪里不满意，已经改好或者说清楚了的办结。", Button: "办结", Form: words("回访情况")}, {Name: "again", Title: "回访后重新派单", Hint: "没有服务好的重新派单；已经公开的晒单一并撤下。", Button: "重新派单", Form: words("回访情况")},
		{Name: "draft", Title: "拟写晒单内容", Hint: "写给公众看：办成了什么、哪家单位服务的。不写姓名、电话和门牌，由另一人审核后公开。", Button: "送审核", Form: []field{{Name: "draft", Label: "晒单内容", Rows: 3, Value: cmp.Or(w.Draft, w.Public)}}},
		{Name: "publish", Title: "审核晒单内容", Hint: "看内容是否属实、有没有个人信息；公开以后任何人都看得到。待审核：" + w.Draft, Button: "审核通过并公开"}, {Name: "return", Title: "退回晒单内容", Hint: "退回拟写的人修改。", Button: "退回", Form: reason("退回的理由")},
		{Name: "close", Title: "没有评单，办结", Hint: "评单期限过了、联系不上点单人的，写明情况办结，不算评过。", Button: "办结", Grave: true, Form: reason("情况")},
		{Name: "recall", Title: "收回", Hint: "迟迟不接、接了不办的收回，另派别家。", Button: "收回", Grave: true, Form: reason("收回的理由")}, {Name: "refuse", Title: "不予受理", Hint: "不属于微心愿的写明理由和该找谁，点单人看得到。", Button: "不予受理", Grave: true, Form: reason("不予受理的理由")},
		{Name: "withdraw", Title: "代为撤销", Hint: "点单人说不用了的，代他撤销。", Button: "撤销", Grave: true, Form: reason("撤销的原因")}, {Name: "hide", Title: "撤下晒单", Hint: "内容有误、含有个人信息的立即撤下。", Button: "撤下", Grave: true, Form: reason("撤下的理由")},
	}
	given, err := s.giveForms(c, by, w)
	if err != nil {
		return nil, err
	}
	all = slices.Insert(all, 1, given...)
	mine := s.wishes.Holds(by, w)
	all = slices.DeleteFunc(all, func(f stepForm) bool {
		step := wishWords[f.Name]
		switch {
		case !w.Can(step) || !s.guard.Allow(by, w.Action(step)) || w.Holding() && wish.Releases(step):
			return true
		case f.Name == "leave" || f.Name == "prove" || f.Name == "more" || f.Name == "receive" || f.Name == "giveback" || f.Name == "tell":
			return !mine
		case f.Name == "publish" || f.Name == "return":
			return w.DraftBy == by.ID
		case f.Name == "call":
			return w.Confirmed.By == by.ID
		case f.Name == "close":
			return !w.Due.Late(s.clocks.Business())
		}
		return false
	})
	slices.SortStableFunc(all, func(a, b stepForm) int { return cmp.Compare(b2i(a.Grave), b2i(b.Grave)) })
	for i := range all {
		all[i] = all[i].filled(sentStep(c), value, needsPath+"/"+c.Params("id"), refused)
	}
	return all, nil
}

// scoreOptions are the ratings.
func scoreOptions() []option {
	return []option{{"", "请选择"}, {"5", "5 分，很满意"}, {"4", "4 分，满意"}, {"3", "3 分，一般"}, {"2", "2 分，不满意"}, {"1", "1 分，很不满意"}}
}

// giveForms dispatch a wish, and take it.
func (s *Server) giveForms(c *fiber.Ctx, by policy.Actor, w *wish.Wish) ([]stepForm, error) {
	var out []stepForm
	if w.Can(wish.StepDispatch) && s.guard.Allow(by, policy.DispatchWish) {
		takers, err := s.wishes.Takers(c.UserContext(), by, c.Params("id"))
		if err != nil {
			return nil, err
		}
		hint := "共建单位和志愿服务队先在它们的台账里登记；小区的物业企业排在最前。"
		if w.Order == wish.OrderErrand {
			hint = "由红色驿站承办，或者请小区的物业企业跑一趟。"
		}
		options := []option{{"", "请选择"}}
		for _, t := range takers {
			if !slices.Contains(w.GivenBack, t.Key) {
				options = append(options, option{t.Key, t.Name + "（" + registry.TextOf(wish.TakerKinds(), t.Kind) + "）"})
			}
		}
		out = append(out, stepForm{Name: "dispatch", Title: "派单", Hint: hint, Button: "派单", Form: []field{{Name: "taker", Label: "派给", Options: options}}})
	}
	if s.wishes.CanTake(by, w) && w.Order == wish.OrderErrand {
		out = append(out, stepForm{Name: "take", Title: "承办", Hint: "承办以后看得到居民的称呼和电话，由你们办到告知和交还材料。", Button: "承办"})
	} else if w.Can(wish.StepTake) && s.guard.Allow(by, policy.TakeWish) {
		mine, err := s.wishes.Mine(c.UserContext(), by)
		if err != nil {
			return nil, err
		}
		f := stepForm{Name: "take", Title: "接单", Hint: "接了就由你们服务，别家不能再接；点单人在哪里由社区带你们上门。", Button: "接单"}
		if len(mine) > 1 && w.State == wish.Pooled {
			options := []option{{"", "请选择"}}
			for _, t := range mine {
				options = append(options, option{t.Key, t.Name})
			}
			f.Form = []field{{Name: "taker", Label: "由谁服务", Options: options}}
		}
		out = append(out, f)
	}
	return out, nil
}

// stepWish does one step.
func (s *Server) stepWish(c *fiber.Ctx, by policy.Actor) error {
	at, w := formAt(c), s.wishes
	in, of := typed{c: c}, c.Params("step")+"-"
	text := func(name string) string { return in.text(of + name) }
	type done = store.Doc[wish.Wish]
	do := map[wish.Step]func(ctx context.Context) (done, error){
		wish.StepAccept:   func(ctx context.Context) (done, error) { return w.Accept(ctx, by, at, text("kind"), text("words")) },
		wish.StepRefuse:   func(ctx context.Context) (done, error) { return w.Refuse(ctx, by, at, text("reason")) },
		wish.StepDispatch: func(ctx context.Context) (done, error) { return w.Dispatch(ctx, by, at, text("taker")) },
		wish.StepPool:     func(ctx context.Context) (done, error) { return w.Pool(ctx, by, at) },
		wish.StepRecall:   func(ctx context.Context) (done, error) { return w.Recall(ctx, by, at, text("reason")) },
		wish.StepGrant:    func(ctx context.Context) (done, error) { return w.Decide(ctx, by, at, true) },
		wish.StepDeny:     func(ctx context.Context) (done, error) { return w.Decide(ctx, by, at, false) },
		wish.StepTake:     func(ctx context.Context) (done, error) { return w.Take(ctx, by, at, text("taker")) },
		wish.StepLeave:    func(ctx context.Context) (done, error) { return w.Leave(ctx, by, at, text("reason")) },
		wish.StepMore:     func(ctx context.Context) (done, error) { return w.AskMore(ctx, by, at, text("reason")) },
		wish.StepReceive:  func(ctx context.Context) (done, error) { return w.Receive(ctx, by, at, text("papers")) },
		wish.StepGiveBack: func(ctx context.Context) (done, error) { return w.GiveBack(ctx, by, at, text("reason")) },
		wish.StepTell:     func(ctx context.Context) (done, error) { return w.Inform(ctx, by, at, text("reason")) },
		wish.StepConfirm:  func(ctx context.Context) (done, error) { return w.Confirm(ctx, by, at, text("members")) },
		wish.StepRedo:     func(ctx context.Context) (done, error) { return w.Redo(ctx, by, at, text("reason")) },
		wish.StepClose:    func(ctx context.Context) (done, error) { return w.Close(ctx, by, at, text("reason")) },
		wish.StepSettle:   func(ctx context.Context) (done, error) { return w.Settle(ctx, by, at, text("words")) },
		wish.StepAgain:    func(ctx context.Context) (done, error) { return w.Again(ctx, by, at, text("words")) },
		wish.StepCall: func(ctx context.Context) (done, error) {
			return w.Call(ctx, by, at, in.whole(of+"score", "评分", "5"), text("words"))
		},
		wish.StepWithdraw: func(ctx context.Context) (done, error) { return w.Withdraw(ctx, by, at, text("reason")) },
		wish.StepDraft:    func(ctx context.Context) (done, error) { return w.Write(ctx, by, at, text("draft")) },
		wish.StepReturn:   func(ctx context.Context) (done, error) { return w.Return(ctx, by, at, text("reason")) },
		wish.StepPublish:  func(ctx context.Context) (done, error) { return w.Publish(ctx, by, at) },
		wish.StepHide:     func(ctx context.Context) (done, error) { return w.Hide(ctx, by, at, text("reason")) },
	}[wishWords[c.Params("step")]]
	if do == nil {
		return fault.New("web.stepWish", fault.NotFound, "没有这一步")
	}
	in.whole(of+"score", "评分", "5")
	err := in.with(func(ctx context.Context) error { _, err := do(ctx); return err })
	return s.wishDone(c, by, func(name string) string { return c.FormValue(name) }, err)
}

// wishDone answers a form: to the page with what was done, or the form again with what was refused.
func (s *Server) wishDone(c *fiber.Ctx, by policy.Actor, value func(name string) string, err error) error {
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showWish(c, by, value, ofStep(refused, sentStep(c)+"-"))
	}
	if err != nil {
		return err
	}
	return seeOther(c, needsPath+"/"+c.Params("id")+"?done="+sentStep(c))
}

// proveWish hands in what was done, with photos.
func (s *Server) proveWish(c *fiber.Ctx, by policy.Actor) (err error) {
	values, photos, err := s.matterPhotos(c)
	defer func() { err = errors.Join(err, closePhotos(photos)) }()
	if err == nil {
		err = s.prove(c, by, values, photos)
	}
	return s.wishDone(c, by, values.Get, atPhotos(err))
}

func (s *Server) prove(c *fiber.Ctx, by policy.Actor, values url.Values, photos []*files.Upload) error {
	in := typed{c: c, values: values}
	input := wish.ProofInput{Words: in.text("prove-words"), Photos: photos}
	if _, counted := values["prove-hours"]; !counted { // an errand: nobody counts its hours
		return s.proven(c, by, in, values, input)
	}
	input.Helpers = in.whole("prove-helpers", "参加人数", "2")
	halves, whole := in.number("prove-hours", "时长", "2.5").Mul(num.FromInt(2)).Int64()
	if !whole {
		in.fail("prove-hours", "时长“%s”要按半小时记，例如 2.5", in.text("prove-hours"))
	}
	input.HalfHours = halves
	return s.proven(c, by, in, values, input)
}

// proven hands the proof in.
func (s *Server) proven(c *fiber.Ctx, by policy.Actor, in typed, values url.Values, input wish.ProofInput) error {
	at := formAt(c)
	at.Seq, at.Idem = seqOf(values.Get("seq")), photoIdem(c, values, input.Photos)
	return in.with(func(ctx context.Context) error { _, err := s.wishes.Prove(ctx, by, at, input); return err })
}

// wishReceiptView is what wish_receipt.html shows: a receipt of documents, once for the resident and once for the station.
type wishReceiptView struct {
	Path, On string
	W        *wish.Wish
	R        *wish.Receipt
	Stubs    []string
	Names    bool
}

// wishReceipt is a receipt of documents, for printing.
func (s *Server) wishReceipt(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.wishes.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	n, err := c.ParamsInt("n")
	if err != nil || n < 0 || n >= len(doc.State.Receipts) {
		return fault.New("web.wishReceipt", fault.NotFound, "没有这份回执")
	}
	w := &doc.State
	v := wishReceiptView{Path: needsPath + "/" + doc.ID, W: w, R: &w.Receipts[n], On: dateTime(w.Receipts[n].By.At.Time), Stubs: []string{"居民联", "存根联"}}
	if v.Names, err = s.wishes.Names(c.UserContext(), by, w); err != nil {
		return err
	}
	return s.render(c, by, "wish_receipt", page{Title: "收件回执", Script: true, Data: v, Paper: "收件回执"})
}

// wishPhoto answers with a photo.
func (s *Server) wishPhoto(c *fiber.Ctx, by policy.Actor) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.wishPhoto", fault.NotFound, "")
	}
	r, size, err := s.wishes.OpenPhoto(c.UserContext(), by, c.Params("id"), n)
	if err != nil {
		return err
	}
	sendFile(c, r, size, files.JPEG, "照片.jpg", false)
	return nil
}
