package wish

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Limits of what a record holds.
const (
	// MaxWords is the longest wish, proof and public words, in characters; MaxSpot the longest description of a place.
	MaxWords = 300
	MaxSpot  = 60
	// MaxPapers is how many documents one receipt names, MaxCopies how many copies of one, MaxReceipts how many receipts an errand has.
	MaxPapers   = 12
	MaxCopies   = 20
	MaxReceipts = 6
	// MaxPhotos is how many photos a proof has.
	MaxPhotos = 3
	// MaxHalfHours and MaxHelpers bound a service: 200 hours, 500 helpers.
	MaxHalfHours = 400
	MaxHelpers   = 500
	// best is the best rating.
	best = 5
)

// Asker is who asked for a wish. It is destroyed when its term after the end has passed.
type Asker struct {
	// Name, Phone and Door are how the community finds the person; each may be "".
	Name  string `json:"name,omitempty" privacy:"pii"`
	Phone string `json:"phone,omitempty" privacy:"pii"`
	Door  string `json:"door,omitempty" privacy:"pii"`
}

// Taker is who serves: a unit or team of a book, a firm, and for errands the station of a community.
type Taker struct {
	// Key is registry.HelperPrefix and the id of the row of the book, f: and the id of the firm, or c: and the code of the community; Name is for people.
	Key  string `json:"key" privacy:"public"`
	Name string `json:"name" privacy:"public"`
	// Kind is a code of TakerKinds.
	Kind TakerKind `json:"kind" privacy:"public"`
}

// TakerKind is what a taker is.
type TakerKind string

// The kinds of takers.
const (
	// TakerUnit: a unit of the book units (共建单位). TakerTeam: a team of the book teams (志愿服务队). TakerFirm: a registered firm.
	TakerUnit TakerKind = "unit"
	TakerTeam TakerKind = "team"
	TakerFirm TakerKind = "firm"
	// TakerStation: the station (红色驿站) of a community, which does errands.
	TakerStation TakerKind = "station"
)

// TakerKinds lists them.
func TakerKinds() []registry.Choice {
	return []registry.Choice{{ID: string(TakerUnit), Text: "共建单位"}, {ID: string(TakerTeam), Text: "志愿服务队"}, {ID: string(TakerFirm), Text: "物业服务企业"}, {ID: string(TakerStation), Text: "红色驿站"}}
}

// Order is what is asked for. Each has its row in steps.
type Order string

// The orders.
const (
	// OrderWish: a small wish (微心愿), served by a unit, team or firm.
	OrderWish Order = ""
	// OrderErrand: an errand (代办), done by the station of the community or the firm of the compound.
	OrderErrand Order = "errand"
)

// Orders lists them; the code of a wish is a word here, because an empty one does not narrow a list.
func Orders() []registry.Choice {
	return []registry.Choice{{ID: "wish", Text: "微心愿"}, {ID: string(OrderErrand), Text: "代办"}}
}

// Paper is a document that was handed over.
type Paper struct {
	// Title says what it is, without what stands in it; Copies how many.
	Title  string `json:"title" privacy:"internal"`
	Copies int64  `json:"copies"`
}

// Receipt says what was handed over for an errand at one time (收件回执).
type Receipt struct {
	// Number names it, Papers are what was handed over, By who received it.
	Number string           `json:"number" privacy:"internal"`
	Papers []Paper          `json:"papers"`
	By     supervision.Hand `json:"by"`
	// Back is who gave everything back, empty before.
	Back supervision.Hand `json:"back,omitzero"`
}

// Text says what was handed over, and whether it went back.
func (r *Receipt) Text() string {
	list := make([]string, len(r.Papers))
	for i, p := range r.Papers {
		list[i] = p.Title + " " + strconv.FormatInt(p.Copies, 10) + " 份"
	}
	back := "，已交还"
	if r.Open() {
		back = ""
	}
	return "回执 " + r.Number + "：" + strings.Join(list, "、") + back
}

// Open reports whether the documents were not given back.
func (r *Receipt) Open() bool { return r.Back.At.IsZero() }

// Wish is one wish or errand with everything that was done about it.
type Wish struct {
	supervision.Where
	// Order is what it is.
	Order Order `json:"order,omitempty" privacy:"public"`
	// State is where it stands, Last what was done last by whom, Reason why.
	State  State            `json:"state" privacy:"public"`
	Last   Step             `json:"last" privacy:"internal"`
	Hand   supervision.Hand `json:"hand"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	// Kind and KindTitle are those of wishes.yaml then, Within and Photo what it asked for, Terms the version of the list.
	Kind      string `json:"kind" privacy:"public"`
	KindTitle string `json:"kind_title" privacy:"public"`
	Within    string `json:"within" privacy:"public"`
	Photo     bool   `json:"photo,omitempty"`
	Terms     string `json:"terms" privacy:"public"`
	// Spot says the place in words without a door, "" for none; Words what is wished for.
	Spot  string `json:"spot,omitempty" privacy:"internal"`
	Words string `json:"words" privacy:"internal"`
	// Asker is who asked, Asked who entered it, Ticket how somebody without an account finds it again; nil if it was entered for him.
	Asker  Asker               `json:"asker,omitzero"`
	Asked  supervision.Hand    `json:"asked"`
	Ticket *supervision.Ticket `json:"ticket,omitempty"`
	// Taker is who it was dispatched to or who took it; nil before and in the pool. GivenBack are the keys of those who gave it back.
	Taker     *Taker   `json:"taker,omitempty"`
	GivenBack []string `json:"given_back,omitempty" privacy:"public"`
	// Due is the deadline of the present state, empty if it has none; Taken the day on which it was taken, ServeBy until when it is to be served.
	Due     calendar.Deadline `json:"due,omitzero"`
	Taken   calendar.Date     `json:"taken,omitzero"`
	ServeBy calendar.Deadline `json:"serve_by,omitzero"`
	// More is what was asked for more time; nil if nothing was.
	More *More `json:"more,omitempty"`
	// Receipts are the documents of an errand, in the order in which they came.
	Receipts []Receipt `json:"receipts,omitempty"`
	// Proof is what was done; nil before. Confirmed is who confirmed it, empty before; Served the day.
	Proof     *Proof           `json:"proof,omitempty"`
	Confirmed supervision.Hand `json:"confirmed,omitzero"`
	Served    calendar.Date    `json:"served,omitzero"`
	// Rating is what the resident said; nil if nobody did.
	Rating *Rating `json:"rating,omitempty"`
	// FollowUp is what somebody found who asked again, "" for nobody.
	FollowUp string `json:"follow_up,omitempty" privacy:"internal"`
	// Draft are the words that were written for the public, DraftBy the account that wrote them; Public are those that were reviewed, Published since when they are shown, Hidden: they were taken down.
	Draft     string        `json:"draft,omitempty" privacy:"internal"`
	DraftBy   string        `json:"draft_by,omitempty" privacy:"internal"`
	Public    string        `json:"public,omitempty" privacy:"public"`
	Published calendar.Date `json:"published,omitzero"`
	Hidden    bool          `json:"hidden,omitempty"`
	// Ended is the day on which it ended.
	Ended calendar.Date `json:"ended,omitzero"`
}

// More is a request for more time.
type More struct {
	// Reason is why, Asked when.
	Reason string       `json:"reason" privacy:"internal"`
	Asked  journal.Time `json:"asked"`
	// Decided is when the community decided, zero before; Granted says how.
	Decided journal.Time `json:"decided,omitzero"`
	Granted bool         `json:"granted,omitempty"`
}

// Proof is what was done for a wish; nobody is named.
type Proof struct {
	// Words say what was done, Photos show it.
	Words  string         `json:"words" privacy:"internal"`
	Photos []files.Stored `json:"photos,omitempty"`
	// HalfHours are the hours of all helpers together in halves, Helpers how many they were.
	HalfHours int64 `json:"half_hours"`
	Helpers   int64 `json:"helpers"`
	// Members are the ids of the registrations of party members who took part, as the community confirmed it; they share the time evenly.
	Members []string `json:"members,omitempty" privacy:"internal"`
	// By is who handed it in, Late: after the deadline.
	By   supervision.Hand `json:"by"`
	Late bool             `json:"late,omitempty"`
}

// Rating is what the resident said.
type Rating struct {
	// Score is 1 to 5, Words what was said.
	Score int64  `json:"score"`
	Words string `json:"words,omitempty" privacy:"internal"`
	// By is who entered it; the office is anonymous if the resident did.
	By supervision.Hand `json:"by"`
}

// Shown reports whether the public sees it.
func (w *Wish) Shown() bool { return !w.Published.IsZero() && !w.Hidden }

// Asks reports whether more time is asked for and nobody has decided.
func (w *Wish) Asks() bool { return w.More != nil && w.More.Decided.IsZero() }

// Late reports whether the deadline of the present state is over; never for an unresolved one.
func (w *Wish) Late(now time.Time) bool { return !w.State.Final() && w.Due.Late(now) }

// Holding reports whether documents were received and not given back.
func (w *Wish) Holding() bool {
	return slices.ContainsFunc(w.Receipts, func(r Receipt) bool { return r.Open() })
}

// Title is the state for people.
func (w *Wish) Title() string {
	if w.Order == OrderErrand {
		switch w.State {
		case Taken:
			return "办理中"
		case Proved:
			return "待告知"
		}
	}
	return w.State.Title()
}

// Noun is what people call it.
func (w *Wish) Noun() string {
	if w.Order == OrderErrand {
		return "代办"
	}
	return "微心愿"
}

// Spotted is where it is, for people: community, project and spot.
func (w *Wish) Spotted() string {
	if w.Spot == "" {
		return w.Place()
	}
	return w.Place() + " " + w.Spot
}

// takerKey is the key of who has it, "" for nobody.
func (w *Wish) takerKey() string {
	if w.Taker == nil {
		return ""
	}
	return w.Taker.Key
}

// State is where a wish stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states.
const (
	// Asked: waits for the community.
	Asked State = "asked"
	// Accepted: on the list (需求清单), to be dispatched.
	Accepted State = "accepted"
	// Pooled: whoever may can take it.
	Pooled State = "pooled"
	// Dispatched: one unit, team or firm is asked to take it.
	Dispatched State = "dispatched"
	// Taken: being served.
	Taken State = "taken"
	// Proved: the proof waits for the community.
	Proved State = "proved"
	// Served: confirmed, waits for the rating.
	Served State = "served"
	// Following: rated low, somebody asks again.
	Following State = "following"
	// Done: over. Final.
	Done State = "done"
	// Refused: not accepted, with a reason. Final.
	Refused State = "refused"
	// Cancelled: given up by who asked. Final.
	Cancelled State = "cancelled"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Asked), Text: "待受理"}, {ID: string(Accepted), Text: "待派单"}, {ID: string(Pooled), Text: "待认领"}, {ID: string(Dispatched), Text: "待接单"}, {ID: string(Taken), Text: "服务中"}, {ID: string(Proved), Text: "待社区确认"},
		{ID: string(Served), Text: "待评单"}, {ID: string(Following), Text: "待回访"}, {ID: string(Done), Text: "已办结"}, {ID: string(Refused), Text: "不受理"}, {ID: string(Cancelled), Text: "已撤销"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Final reports whether nothing is left to do about the wish.
func (s State) Final() bool { return s == Done || s == Refused || s == Cancelled }

// Step is what is done to a wish; its text is for people.
type Step string

// The steps, in the order of a life.
const (
	// StepAsk is the first one.
	StepAsk Step = "点单"
	// StepAccept to StepDeny are the community's.
	StepAccept   Step = "受理"
	StepRefuse   Step = "不予受理"
	StepDispatch Step = "派单"
	StepPool     Step = "放入待认领"
	StepRecall   Step = "收回"
	StepGrant    Step = "同意延期"
	StepDeny     Step = "不同意延期"
	// StepTake to StepProve are those of who serves.
	StepTake  Step = "接单"
	StepLeave Step = "退单"
	StepMore  Step = "申请延期"
	StepProve Step = "提交服务情况"
	// StepReceive and StepGiveBack are those of documents, StepTell says what became of an errand.
	StepReceive  Step = "收取材料"
	StepGiveBack Step = "交还材料"
	StepTell     Step = "告知结果"
	// StepConfirm and StepRedo are the community's about the proof, StepClose and StepSettle and StepAgain about the rating.
	StepConfirm Step = "确认服务"
	StepRedo    Step = "退回重办"
	StepClose   Step = "没有评单，办结"
	StepSettle  Step = "回访后办结"
	StepAgain   Step = "回访后重新派单"
	// StepRate is the resident's, StepCall enters what he said when he was called; StepCancel and StepWithdraw give the wish up, by himself and by who entered it.
	StepRate     Step = "评单"
	StepCall     Step = "电话评单"
	StepCancel   Step = "撤销"
	StepWithdraw Step = "代为撤销"
	// StepDraft writes words for the public, StepReturn, StepPublish and StepHide are those of who reviews them.
	StepDraft   Step = "拟写晒单内容"
	StepReturn  Step = "退回晒单内容"
	StepPublish Step = "公开晒单"
	StepHide    Step = "撤下晒单"
)

// Steps are the steps after the first.
func Steps() []Step {
	return []Step{StepAccept, StepRefuse, StepDispatch, StepPool, StepRecall, StepGrant, StepDeny, StepTake, StepLeave, StepMore, StepReceive, StepGiveBack, StepProve, StepTell, StepConfirm, StepRedo, StepClose, StepSettle, StepAgain, StepRate, StepCall, StepCancel, StepWithdraw,
		StepDraft, StepReturn, StepPublish, StepHide}
}

// onward stands in the table for where the rating leads.
const onward State = ""

// steps is the one table of transitions, with a row for each order; what is not in it is a Conflict.
var steps = map[Order]map[State]map[Step]State{
	OrderWish: {
		Asked:      {StepAccept: Accepted, StepRefuse: Refused, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Accepted:   {StepDispatch: Dispatched, StepPool: Pooled, StepRefuse: Refused, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Pooled:     {StepTake: Taken, StepDispatch: Dispatched, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Dispatched: {StepTake: Taken, StepLeave: Pooled, StepRecall: Accepted, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Taken:      {StepProve: Proved, StepLeave: Pooled, StepRecall: Accepted, StepMore: Taken, StepGrant: Taken, StepDeny: Taken, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Proved:     {StepConfirm: Served, StepRedo: Taken},
		Served:     shown(Served, map[Step]State{StepRate: onward, StepCall: onward, StepClose: Done}),
		Following:  shown(Following, map[Step]State{StepSettle: Done, StepAgain: Accepted}),
		Done:       shown(Done, map[Step]State{}),
		Refused:    {},
		Cancelled:  {},
	},
	// An errand is nobody's to take but of the station and of who was asked, and is not shown to the public.
	OrderErrand: {
		Asked:      {StepAccept: Accepted, StepRefuse: Refused, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Accepted:   {StepTake: Taken, StepDispatch: Dispatched, StepRefuse: Refused, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Dispatched: {StepTake: Taken, StepLeave: Accepted, StepRecall: Accepted, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Taken:      {StepReceive: Taken, StepGiveBack: Taken, StepProve: Proved, StepLeave: Accepted, StepRecall: Accepted, StepMore: Taken, StepGrant: Taken, StepDeny: Taken, StepCancel: Cancelled, StepWithdraw: Cancelled},
		Proved:     {StepGiveBack: Proved, StepTell: Served, StepRedo: Taken},
		Served:     {StepRate: onward, StepCall: onward, StepClose: Done},
		Following:  {StepSettle: Done, StepAgain: Accepted},
		Done:       {},
		Refused:    {},
		Cancelled:  {},
	},
}

// shown adds the steps of the public words to a state in which a wish can be shown.
func shown(state State, with map[Step]State) map[Step]State {
	for _, step := range []Step{StepDraft, StepReturn, StepPublish, StepHide} {
		with[step] = state
	}
	return with
}

// serving are the steps of who serves.
var serving = []Step{StepTake, StepLeave, StepMore, StepProve, StepReceive, StepGiveBack, StepTell}

// Action is the right that a step asks for.
func (w *Wish) Action(step Step) policy.Action {
	switch {
	case slices.Contains(serving, step) && w.Order == OrderErrand:
		return policy.DoErrand
	case slices.Contains(serving, step):
		return policy.TakeWish
	}
	switch step {
	case StepRate, StepCancel:
		return policy.AskWish
	case StepAsk, StepCall, StepWithdraw:
		return policy.EnterWish
	case StepReturn, StepPublish, StepHide:
		return policy.ReviewWish
	}
	return policy.DispatchWish
}

// releasing are the steps that nobody does while documents are held.
var releasing = []Step{StepTell, StepLeave, StepRecall, StepCancel, StepWithdraw}

// Releases reports whether nobody does a step while documents are held.
func Releases(step Step) bool { return slices.Contains(releasing, step) }

// Can reports whether a step is possible now, as far as the wish itself goes.
func (w *Wish) Can(step Step) bool {
	_, ok := steps[w.Order][w.State][step]
	switch step {
	case StepMore:
		return ok && w.More == nil
	case StepGrant, StepDeny:
		return ok && w.Asks()
	case StepReturn, StepPublish:
		return ok && w.Draft != ""
	case StepHide:
		return ok && w.Shown()
	case StepGiveBack:
		return ok && w.Holding()
	case StepReceive:
		return ok && len(w.Receipts) < MaxReceipts
	}
	return ok
}

// next returns the state after a step, or Conflict; onward if the rating decides.
func (w *Wish) next(step Step) (State, error) {
	switch {
	case !w.Can(step):
		return "", fault.New("wish.next", fault.Conflict, fmt.Sprintf("这件%s现在是“%s”，不能%s，请刷新后再看", w.Noun(), w.Title(), step))
	case w.Holding() && Releases(step):
		return "", fault.New("wish.next", fault.Conflict, fmt.Sprintf("收取的材料还没有交还，不能%s，请先交还材料", step))
	}
	return steps[w.Order][w.State][step], nil
}

// gaveBack reports whether a taker gave it back before.
func (w *Wish) gaveBack(key string) bool { return slices.Contains(w.GivenBack, key) }
