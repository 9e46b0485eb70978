package wish

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Person is who reported. It is destroyed when its term after the end has passed.
type Person struct {
	// Name and Phone are how the community finds the person; nobody else sees them but the unit that registered him.
	Name  string `json:"name,omitempty" privacy:"pii"`
	Phone string `json:"phone,omitempty" privacy:"pii"`
}

// Member is an in-service party member who reported to the community where he lives (在职党员报到). Nothing of his party life is stored.
type Member struct {
	supervision.Where
	// State is where it stands, Last what was done last by whom, Reason why.
	State  MemberState      `json:"state" privacy:"internal"`
	Last   MemberStep       `json:"last" privacy:"internal"`
	Hand   supervision.Hand `json:"hand"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	// Person is who, Agreed the day on which he agreed to be registered (党员身份 is sensitive).
	Person Person        `json:"person,omitzero"`
	Agreed calendar.Date `json:"agreed"`
	// Unit is the id of the row of registry.BookUnits if his unit is one of the community, "" otherwise; UnitName what it is called.
	Unit     string `json:"unit,omitempty" privacy:"internal"`
	UnitName string `json:"unit_name" privacy:"internal"`
	// Skills are codes of wishes.yaml for which he can help, Free when he can.
	Skills []string `json:"skills,omitempty" privacy:"internal"`
	Free   string   `json:"free,omitempty" privacy:"internal"`
	// Entered is who registered him, Confirmed who said that he reported, Since from which day on; Ended the day on which it ended.
	Entered   supervision.Hand `json:"entered"`
	Confirmed supervision.Hand `json:"confirmed,omitzero"`
	Since     calendar.Date    `json:"since,omitzero"`
	Ended     calendar.Date    `json:"ended,omitzero"`
}

// MemberState is where a registration stands. A new one gets a row in memberSteps and a word and colour in internal/web.
type MemberState string

// The states.
const (
	// MemberReported: waits for the community. MemberServing: confirmed. MemberTurned: not confirmed, with a reason; final. MemberLeft: moved away or stopped; final.
	MemberReported MemberState = "reported"
	MemberServing  MemberState = "serving"
	MemberTurned   MemberState = "turned"
	MemberLeft     MemberState = "left"
)

// MemberStates lists them.
func MemberStates() []registry.Choice {
	return []registry.Choice{{ID: string(MemberReported), Text: "待社区确认"}, {ID: string(MemberServing), Text: "已报到"}, {ID: string(MemberTurned), Text: "未予确认"}, {ID: string(MemberLeft), Text: "已转出"}}
}

// Title is the state for people.
func (s MemberState) Title() string { return registry.TextOf(MemberStates(), s) }

// Final reports whether the registration is over.
func (s MemberState) Final() bool { return s == MemberTurned || s == MemberLeft }

// MemberStep is what is done to a registration; its text is for people.
type MemberStep string

// The steps.
const (
	MemberReport  MemberStep = "登记报到"
	MemberConfirm MemberStep = "确认报到"
	MemberTurn    MemberStep = "不予确认"
	MemberLeave   MemberStep = "登记转出"
)

// memberSteps is the one table of transitions; what is not in it is a Conflict.
var memberSteps = map[MemberState]map[MemberStep]MemberState{
	MemberReported: {MemberConfirm: MemberServing, MemberTurn: MemberTurned},
	MemberServing:  {MemberLeave: MemberLeft},
}

// Action is the right that a step asks for.
func (s MemberStep) Action() policy.Action {
	if s == MemberConfirm || s == MemberTurn {
		return policy.ConfirmMember
	}
	return policy.WriteMember
}

// Can reports whether a step is possible now.
func (m *Member) Can(step MemberStep) bool {
	_, ok := memberSteps[m.State][step]
	return ok
}

const (
	memberKind = "member"
	// memberClaim is the phone of who reported: he reports to one community.
	memberClaim = "member-phone"
	// memberRule is how long after its end a registration keeps who it was.
	memberRule = "member.personal"
)

// memberKey is the key under which byScope lists the services in which a member took part.
func memberKey(id string) string { return "m:" + id }

func memberDocument() casework.Kind[Member] {
	sort := func(_ string, m *Member) string { return store.SortTime(m.Entered.At.Time) }
	stored := store.Kind[Member]{Name: memberKind, Version: 1, Subject: func(id string, _ *Member) string { return memberKind + "/" + id }, Indexes: []store.Index[Member]{
		{Name: byScope, Keys: func(_ string, m *Member) []string { return supervision.ListKeys(m.Keys) }, Sort: sort},
		{Name: byEnd, Keys: func(_ string, m *Member) []string {
			if !m.State.Final() || m.Person == (Person{}) {
				return nil
			}
			return []string{m.Ended.String()}
		}},
	}}
	return casework.Kind[Member]{Kind: stored, Word: "这次报到", Read: policy.ReadMember, Row: func(m *Member) casework.Row { return casework.Row{Keys: m.Keys, Day: m.Day, State: m.State.Title()} }}
}

// MemberInput is what is said of who reports.
type MemberInput struct {
	// Community is the code of where he lives; "" if the actor has one only. Unit is what his unit is called; ignored for who registers for his own unit.
	Community, Unit string
	// Name and Phone are his, Free is when he can help, "" for any time.
	Name, Phone, Free string
	// Skills are codes of wishes.yaml. Agreed says that he agreed to be registered.
	Skills []string
	Agreed bool
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

// ownUnit is the unit for which somebody acts and nothing else, "" for none.
func (s *Service) ownUnit(by policy.Actor, action policy.Action) string {
	own := ""
	for _, a := range by.Appointments {
		switch {
		case !s.may(a, action):
		case !s.may(a, policy.TakeWish):
			return ""
		default:
			own = strings.TrimPrefix(a.Unit, registry.HelperPrefix)
		}
	}
	return own
}

// showsMember reports whether a registration inside the scope exists for a person: for who acts for a unit only those of his unit.
func (s *Service) showsMember(by policy.Actor, action policy.Action, m *Member) bool {
	return slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		return s.may(a, action) && (!s.may(a, policy.TakeWish) || m.Unit != "" && a.Unit == registry.HelperPrefix+m.Unit)
	})
}

// Report registers a party member at the community where he lives. A unit registers its own, the community anybody. Returns Forbidden without WriteMember, NotFound outside the scope, Invalid for refused fields (community, name, phone, unit, skills, free, agreed),
// Conflict for a phone that is registered already.
func (s *Service) Report(ctx context.Context, by policy.Actor, in MemberInput) (store.Doc[Member], error) {
	const op = "wish.Report"
	return s.members.Begin(ctx, by, policy.WriteMember, string(MemberReport), in.Idem, func(begun casework.New) (Member, error) {
		var b bad
		b.Text("name", "姓名", &in.Name, 2, 20)
		if in.Phone = strings.ReplaceAll(strings.TrimSpace(in.Phone), " ", ""); !registry.ValidPhone(in.Phone) {
			b.Add("phone", "请填手机号或者座机号，社区用它联系")
		}
		b.optional("free", "服务时间", &in.Free, MaxSpot)
		for _, skill := range in.Skills {
			if _, ok := s.Terms.kind(skill); !ok {
				b.Add("skills", "没有这种服务，请重新选择")
			}
		}
		if !in.Agreed {
			b.Add("agreed", "党员身份是敏感个人信息，要本人知道并且同意才能登记")
		}
		where, err := supervision.Locate(ctx, s.Register, in.Community, "", s.today(), b.Add)
		if err != nil {
			return Member{}, err
		}
		m := Member{Where: where, State: MemberReported, Last: MemberReport, Person: Person{in.Name, in.Phone}, Agreed: s.today(), Skills: in.Skills, Free: in.Free, Entered: s.hand(by, policy.WriteMember)}
		m.Hand = m.Entered
		if err := s.unitOf(ctx, by, &m, in.Unit, &b); err != nil {
			return m, err
		}
		if err := b.Err(op); err != nil {
			return m, err
		}
		if err := begun.Scope.Require(op, m.Keys, m.Day); err != nil {
			return m, err
		}
		err = s.DB.Claim(ctx, begun.Meta, memberClaim, in.Phone, memberKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			return m, fault.Wrap(op, fault.Conflict, "这个电话已经在一个社区报到了，一个人只在居住地报到一次；搬了家的先在原社区登记转出", err)
		}
		return m, err
	})
}

// unitOf finds the unit of who reports: that of who acts for one, or what the community writes, with the row of the book if it is one.
func (s *Service) unitOf(ctx context.Context, by policy.Actor, m *Member, name string, b *bad) error {
	if own := s.ownUnit(by, policy.WriteMember); own != "" {
		h, err := s.Register.HelperOf(ctx, own)
		if err == nil && (h.Book != registry.BookUnits || h.Community != m.Community && m.Community != "") {
			b.Add("unit", "只能为自己的共建单位登记，在它结对的社区")
		}
		m.Unit, m.UnitName = own, h.Name
		return err
	}
	b.text("unit", "所在单位", &name, 2, 40)
	m.UnitName = name
	helpers, err := s.Register.Helpers(ctx, m.Community)
	for _, h := range helpers {
		if h.Book == registry.BookUnits && h.Name == name {
			m.Unit = h.ID
		}
	}
	return err
}

// StepMember confirms a registration, does not confirm it, or says that somebody left; the last two need a reason. Returns Forbidden without the right of the step and for who registered him and would confirm it, NotFound outside the scope,
// Invalid without a reason, Conflict for what the table does not have or an outdated page.
func (s *Service) StepMember(ctx context.Context, by policy.Actor, at casework.At, step MemberStep, reason string) (store.Doc[Member], error) {
	const op = "wish.StepMember"
	doc, err := s.members.Change(ctx, by, step.Action(), at, string(step), func(m *Member) error {
		if !s.showsMember(by, step.Action(), m) {
			return hiddenMember()
		}
		to, ok := memberSteps[m.State][step]
		if !ok {
			return fault.New(op, fault.Conflict, fmt.Sprintf("这次报到现在是“%s”，不能%s，请刷新后再看", m.State.Title(), step))
		}
		m.Reason = ""
		if step == MemberConfirm {
			if by.ID == m.Entered.By {
				return apart("这次报到由你登记，要由另一人确认")
			}
			m.Confirmed, m.Since = s.hand(by, step.Action()), s.today()
		} else {
			var b bad
			b.text("reason", "原因", &reason, 2, supervision.MaxReason)
			if err := b.Err(op); err != nil {
				return err
			}
			m.Reason, m.Ended = reason, s.today()
		}
		m.State, m.Last, m.Hand = to, step, s.hand(by, step.Action())
		return nil
	})
	if err != nil || !doc.State.State.Final() {
		return doc, err
	}
	// The phone is free again; a retry after a stop comes here too.
	return doc, s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(step.Action()), Why: string(step)}, memberClaim, doc.State.Person.Phone, memberKind+"/"+doc.ID)
}

func hiddenMember() error {
	return fault.New("wish.hiddenMember", fault.NotFound, "没有找到这次报到")
}

// MemberFilter narrows a list of members; what is zero does not narrow.
type MemberFilter struct {
	// State and Skill are codes, Community and Township ids; Text is looked for in the names of persons and units, as pinyin too.
	State                            MemberState
	Skill, Community, Township, Text string
}

// Members returns who reported, the last first, as far as the actor may see them. Returns Forbidden without ReadMember.
func (s *Service) Members(ctx context.Context, by policy.Actor, f MemberFilter) ([]store.Doc[Member], error) {
	q := store.Query{Index: byScope, Desc: true}
	switch {
	case f.Community != "":
		q.Key = policy.CommunityKey(f.Community)
	case f.Township != "":
		q.Key = policy.TownshipKey(f.Township)
	}
	return s.members.All(ctx, by, q, func(m *Member) bool {
		return s.showsMember(by, policy.ReadMember, m) && (f.State == "" || m.State == f.State) && (f.Skill == "" || slices.Contains(m.Skills, f.Skill)) &&
			(f.Text == "" || registry.Finds(m.Person.Name, f.Text) || registry.Finds(m.UnitName, f.Text))
	})
}

// OneMember returns a registration. Returns Forbidden without ReadMember, NotFound for what does not exist for the actor.
func (s *Service) OneMember(ctx context.Context, by policy.Actor, id string) (store.Doc[Member], error) {
	d, err := s.members.One(ctx, by, id)
	if err == nil && !s.showsMember(by, policy.ReadMember, &d.State) {
		return store.Doc[Member]{}, hiddenMember()
	}
	return d, err
}

// MemberPast returns what happened to a registration, oldest first. Errors as those of OneMember.
func (s *Service) MemberPast(ctx context.Context, by policy.Actor, id string) ([]store.Change[Member], error) {
	if _, err := s.OneMember(ctx, by, id); err != nil {
		return nil, err
	}
	return s.members.History(ctx, by, id)
}

// helped are those of a community who took part in a service, one name a line, with the end of the phone after it where several have the name; what is wrong names the line.
func (s *Service) helped(ctx context.Context, by policy.Actor, w *Wish, text string, b *bad) error {
	var serving []store.Doc[Member]
	for n, line := range strings.Split(strings.ReplaceAll(text, "\r", ""), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if serving == nil {
			var err error
			if serving, err = s.Members(ctx, by, MemberFilter{State: MemberServing, Community: w.Community}); err != nil {
				return err
			}
		}
		var found []string
		for _, d := range serving {
			if p := d.State.Person; p.Name == words[0] && (len(words) == 1 || strings.HasSuffix(p.Phone, words[1])) {
				found = append(found, d.ID)
			}
		}
		at := "第 " + strconv.Itoa(n+1) + " 行的“" + words[0] + "”"
		switch {
		case len(found) == 0:
			b.Add("members", "%s没有在本社区报到，或者还没有确认", at)
		case len(found) > 1:
			b.Add("members", "%s有 %d 人，请在姓名后面空一格写电话的后四位", at, len(found))
		case slices.Contains(w.Proof.Members, found[0]):
			b.Add("members", "%s写了两次", at)
		default:
			w.Proof.Members = append(w.Proof.Members, found[0])
		}
	}
	if int64(len(w.Proof.Members)) > w.Proof.Helpers {
		b.Add("members", "写了 %d 名报到党员，参加服务的一共 %d 人", len(w.Proof.Members), w.Proof.Helpers)
	}
	return nil
}

// share is the time of one helper of a service in halves of hours: what all took together, shared out evenly, rounded down.
func (w *Wish) share() int64 {
	if w.Proof == nil || w.Proof.Helpers == 0 {
		return 0
	}
	return w.Proof.HalfHours / w.Proof.Helpers
}

// Did is what somebody did in a year: services that were confirmed in it, and their time in halves of hours.
type Did struct {
	Services  int
	HalfHours int64
}

// MemberYear is what a member did in a year, for his own certificate. Returns Forbidden without ReadMember and DispatchWish: a unit is told counts only; NotFound.
func (s *Service) MemberYear(ctx context.Context, by policy.Actor, id string, year int) (Did, error) {
	if err := s.Guard.Require(by, policy.DispatchWish); err != nil {
		return Did{}, err
	}
	if _, err := s.OneMember(ctx, by, id); err != nil {
		return Did{}, err
	}
	return s.doneIn(ctx, id, year)
}

func (s *Service) doneIn(ctx context.Context, id string, year int) (out Did, err error) {
	for q := (store.Query{Index: byScope, Key: memberKey(id), Limit: store.MaxLimit}); ; {
		page, err := s.rows.Docs.List(ctx, q)
		if err != nil {
			return out, err
		}
		for _, d := range page.Docs {
			if w := &d.State; w.Served.Year() == year {
				out.Services++
				out.HalfHours += w.share()
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// UnitYear is what the reported members of one unit did for one community in a year: counts, nobody by name.
type UnitYear struct {
	// Community and Unit name both, CommunityName and UnitName are for people; Unit is "" for a unit that is not in the book of the community.
	Community, CommunityName, Unit, UnitName string
	// Members are those who had reported by the end of the year and had not left before it, Helped those of them who served.
	Members, Helped int
	Did
	// Few: fewer members than Terms.LeastMembers, so that the time would tell about one person; HalfHours is 0 then.
	Few bool
}

// UnitYears are the counts of a year by community and unit, in the order of their names. Who acts for a unit sees his own. Returns Forbidden without ReadMemberFigures.
func (s *Service) UnitYears(ctx context.Context, by policy.Actor, year int) ([]UnitYear, error) {
	scope, err := s.members.Scope(ctx, by, policy.ReadMemberFigures)
	if err != nil {
		return nil, err
	}
	q := store.Query{Index: byScope, Key: policy.County, Limit: store.MaxLimit}
	if !scope.All() {
		q.Key, q.In = "", scope.Keys()
	}
	var out []UnitYear
	for {
		page, err := s.members.Docs.ListWhere(ctx, q, func(d *store.Doc[Member]) bool {
			m := &d.State
			counts := !m.Since.IsZero() && m.Since.Year() <= year && (m.Ended.IsZero() || m.Ended.Year() >= year)
			return counts && scope.Covers(m.Keys, m.Day) && s.showsMember(by, policy.ReadMemberFigures, m)
		})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			m := &d.State
			i := slices.IndexFunc(out, func(u UnitYear) bool { return u.Community == m.Community && u.UnitName == m.UnitName })
			if i < 0 {
				i, out = len(out), append(out, UnitYear{Community: m.Community, CommunityName: m.CommunityName, Unit: m.Unit, UnitName: m.UnitName})
			}
			did, err := s.doneIn(ctx, d.ID, year)
			if err != nil {
				return nil, err
			}
			u := &out[i]
			u.Members++
			if did.Services > 0 {
				u.Helped++
			}
			u.Services, u.HalfHours = u.Services+did.Services, u.HalfHours+did.HalfHours
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	for i := range out {
		if out[i].Members < s.Terms.LeastMembers() {
			out[i].Few, out[i].HalfHours = true, 0
		}
	}
	slices.SortFunc(out, func(a, b UnitYear) int {
		return strings.Compare(a.Community+"\n"+a.UnitName, b.Community+"\n"+b.UnitName)
	})
	return out, nil
}
