package inspection

import (
	"context"
	"errors"
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

// FirmNames knows the names of firms; registry.Register does.
type FirmNames interface {
	// FirmNames returns the names by id; one that does not exist is left out.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
}

// ChecksConfig is what Inspections needs; everything but the ledgers of the desk is required.
type ChecksConfig struct {
	casework.Desk
	// Places tells who holds a project, Firms the names of firms, Agenda what is inspected.
	Places supervision.Places
	Firms  FirmNames
	Agenda *Agenda
	// Certificates are those of the persons who inspect, Recusals say whom they must not inspect.
	Certificates *Certificates
	Recusals     *Recusals
}

// Inspections runs 行政检查. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Inspections struct {
	ChecksConfig
	*casework.Cases[Inspection]
	records *Visits
}

// Chain is the id of the way of approval of inspections in approvals.yaml.
const Chain = "inspection"

const (
	inspectionKind = "inspection"
	// slotClaim holds the regular inspections of a firm in a year, codeClaim the electronic codes.
	slotClaim = "inspection-slot"
	codeClaim = "inspection-code"
	// slotNotice is the place of the notice among what an inspection sends out.
	slotNotice     = "notice"
	minInspectors  = 2
	maxInspectors  = 6
	maxMatters     = 12
	maxCheckNumber = 40
	codeLength     = 12
)

// NewInspections opens inspections on a store.
func NewInspections(ctx context.Context, c ChecksConfig) (*Inspections, error) {
	s := &Inspections{ChecksConfig: c}
	var err error
	s.Cases, err = casework.NewCases(ctx, c.Desk, inspectionKind, "这次检查", policy.ReadInspection, func(c *Inspection) *casework.Case { return &c.Case }, func(c *Inspection) bool { return c.State.Final() })
	if err != nil {
		return nil, err
	}
	s.Sends((*Inspection).outgoing)
	s.Awaits((*Inspection).awaited)
	s.records, err = newVisits(ctx, Config{DB: c.DB, Guard: c.Guard, Places: c.Places, Crew: c.Persons, Sheets: &Sheets{}}, recordDuty)
	return s, err
}

// PlanInspection is an inspection to be planned.
type PlanInspection struct {
	// Project is the id of the project, Matters are the codes of what is inspected, Day is the planned day, not before today.
	Project string
	Matters []string
	Day     calendar.Date
	// Ground is why, Why the reason for one that is not counted.
	Ground Ground
	Why    string
	// Officers are the account ids of those who inspect, by department.
	Officers map[string][]string
	// Draw is the id of the draw that it comes from, "" for none; only Draws sets it, together with GroundRandom.
	Draw string
	// Special is the code of the 专项检查, with GroundSpecial only.
	Special string
	// Idem makes a retry safe; required.
	Idem *store.Idem
}

// Plan plans an inspection. Returns Forbidden without PlanInspection, NotFound for a project outside the scope, Invalid for refused fields (project, matters, day, ground, why, officers), Conflict if
// the firm has had all the regular inspections of its year.
func (s *Inspections) Plan(ctx context.Context, by policy.Actor, in PlanInspection) (store.Doc[Inspection], error) {
	const op = "inspection.Plan"
	return s.Begin(ctx, by, policy.PlanInspection, StepPlan.Title(), in.Idem, func(begun casework.New) (Inspection, error) {
		f := s.Check()
		today := s.Today()
		if in.Day.IsZero() || in.Day.Compare(today) < 0 {
			f.Fail("day", "检查日期要在今天（%s）或者以后", today.Chinese())
			in.Day = today // what else is wrong is told with it
		}
		place, err := s.Places.Place(ctx, in.Project, in.Day)
		if err != nil {
			return Inspection{}, err
		}
		keys := place.Keys()
		if err := begun.Scope.Require(op, keys, in.Day); err != nil {
			return Inspection{}, err
		}
		c := Inspection{Case: casework.Case{Project: in.Project, Name: place.Name, Place: place.TownshipName + " " + place.CommunityName, Keys: keys, Opened: in.Day, By: by.ID}, Firm: place.Firm, FirmName: place.FirmName,
			Ground: in.Ground, Why: in.Why, Draw: in.Draw, List: s.Agenda.Version, State: Drafted, Last: StepPlan}
		if c.Firm == "" {
			f.Fail("project", "%s在%s没有物业企业服务，没有可以检查的企业", c.Name, in.Day.Chinese())
		}
		s.checkGround(f, &c, in.Special)
		s.checkMatters(f, &c, in.Matters)
		if err := s.checkTeams(ctx, f, &c, in.Officers); err != nil {
			return Inspection{}, err
		}
		if err := f.Err(); err != nil {
			return Inspection{}, err
		}
		return c, s.take(ctx, begun.Meta, &c, inspectionKind+"/"+begun.ID)
	})
}

// checkGround checks why an inspection takes place.
func (s *Inspections) checkGround(f *casework.Check, c *Inspection, special string) {
	least := 0
	switch {
	case c.Ground.Title() == "" || (c.Ground == GroundRandom) != (c.Draw != "") || (c.Ground == GroundSpecial) != (special != ""):
		f.Fail("ground", "请选择检查的事由；双随机抽查只能由抽取产生，专项检查要选是哪一项")
	case c.Ground == GroundSpecial:
		running := s.Agenda.Running(c.Opened)
		at := slices.IndexFunc(running, func(sp Special) bool { return sp.ID == special })
		if at < 0 {
			f.Fail("ground", "%s没有部署专项检查“%s”；专项检查只能在文件规定的期间做", c.Opened.Chinese(), special)
			return
		}
		c.Special = &running[at]
	case !c.Ground.Counted():
		least = 4
	}
	f.Text("why", "不计入年度次数的理由", &c.Why, least, maxNote)
}

// checkMatters puts the matters into teams by department.
func (s *Inspections) checkMatters(f *casework.Check, c *Inspection, matters []string) {
	if len(matters) == 0 || len(matters) > maxMatters {
		f.Fail("matters", "请选 1 至 %d 个检查事项", maxMatters)
	}
	for k, id := range matters {
		m := s.Agenda.Find(id)
		switch {
		case m == nil || slices.Contains(matters[:k], id):
			f.Fail("matters", "清单里没有事项“%s”，或者选了两次", id)
			continue
		case m.Lacks() != "":
			f.Fail("matters", "“%s”还没有确认：%s，不能检查", m.Name, m.Lacks())
			continue
		}
		if c.team(m.Department) == nil {
			c.Teams = append(c.Teams, Team{Department: m.Department})
		}
		t := c.team(m.Department)
		t.Matters = append(t.Matters, MatterRef{m.ID, m.Name, m.Law + m.Article})
	}
}

// checkTeams checks who inspects: at least two for each department, each with a certificate that counts on the day.
func (s *Inspections) checkTeams(ctx context.Context, f *casework.Check, c *Inspection, officers map[string][]string) error {
	all := map[string]string{}
	for i := range c.Teams {
		t := &c.Teams[i]
		t.Officers = officers[t.Department]
		if n := len(t.Officers); n < minInspectors || n > maxInspectors {
			f.Fail("officers", "%s要有 %d 至 %d 名检查人员，现在有 %d 名", t.Department, minInspectors, maxInspectors, n)
		}
		for _, id := range t.Officers {
			if all[id] != "" {
				f.Fail("officers", "同一个人选了两次")
			}
			all[id] = t.Department
			_, lacks, err := s.fit(ctx, id, c, c.Opened)
			if err != nil {
				return err
			}
			if lacks != "" {
				f.Fail("officers", "%s", lacks)
			}
		}
	}
	return nil
}

// fit says why an account cannot carry out an inspection on a day, "" if it can, and the number of its certificate.
func (s *Inspections) fit(ctx context.Context, id string, c *Inspection, day calendar.Date) (number, lacks string, err error) {
	person, err := s.Persons.Person(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return "", "没有找到一位检查人员的账号，可能已停用", nil
	}
	if err != nil {
		return "", "", err
	}
	scope, err := s.Guard.Scope(ctx, person, policy.DoInspection)
	if err != nil {
		return "", "", err
	}
	if !scope.Covers(c.Keys, day) {
		return "", person.Name + "没有检查这个小区的权限", nil
	}
	avoids, _, err := s.Recusals.Of(ctx, id)
	if err != nil {
		return "", "", err
	}
	if avoids.From(c.Firm, day) {
		return "", person.Name + "申报了对" + c.FirmName + "回避，不能检查", nil
	}
	return s.certified(ctx, &person, day)
}

// certified says why somebody's certificate does not count on a day, "" if it does, and its number.
func (s *Inspections) certified(ctx context.Context, person *policy.Actor, day calendar.Date) (number, lacks string, err error) {
	card, _, err := s.Certificates.Of(ctx, person.ID)
	if lacks = card.Lacks(day); lacks != "" {
		lacks = person.Name + "在" + day.Chinese() + "不能检查：" + lacks
	}
	return card.Number, lacks, err
}

// able is somebody who may inspect anywhere in the county on a day, or why he may not.
func (s *Inspections) able(ctx context.Context, id string, day calendar.Date) (person policy.Actor, lacks string, err error) {
	person, err = s.Persons.Person(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return person, "没有找到一位检查人员的账号，可能已停用", nil
	}
	if err != nil {
		return person, "", err
	}
	scope, err := s.Guard.Scope(ctx, person, policy.DoInspection)
	if err != nil {
		return person, "", err
	}
	if !scope.All() {
		return person, person.Name + "不能检查全县的小区，不能参加抽取", nil
	}
	_, lacks, err = s.certified(ctx, &person, day)
	return person, lacks, err
}

// take takes the next regular or special inspection of the firm in the year, for one that is counted.
func (s *Inspections) take(ctx context.Context, meta store.Meta, c *Inspection, target string) error {
	most := s.Agenda.Cap
	switch {
	case c.Ground == GroundSpecial:
		most = s.Agenda.SpecialCap
	case !c.Ground.Counted():
		return nil
	}
	for n := int64(1); n <= most; n++ {
		err := s.DB.Claim(ctx, meta, slotClaim, c.slot(n), target)
		if err == nil {
			c.Slot = n
			return nil
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	if c.Ground == GroundSpecial {
		return fault.New("inspection.take", fault.Conflict, fmt.Sprintf("%s在 %d 年已经安排了 %d 次专项检查，达到年度上限", c.FirmName, c.Opened.Year(), most))
	}
	return fault.New("inspection.take", fault.Conflict, fmt.Sprintf("%s在 %d 年已经安排了 %d 次日常检查，达到年度上限；个案、投诉举报、复查不占次数，要写理由", c.FirmName, c.Opened.Year(), s.Agenda.Cap))
}

// slot is the key of the n-th regular, or special, inspection of the firm in the year.
func (c *Inspection) slot(n int64) string {
	if c.Ground == GroundSpecial {
		return c.Firm + "/" + strconv.Itoa(c.Opened.Year()) + "/special/" + strconv.FormatInt(n, 10)
	}
	return c.Firm + "/" + strconv.Itoa(c.Opened.Year()) + "/" + strconv.FormatInt(n, 10)
}

// Used is how many regular inspections of a firm are taken in a year. It asks for no right.
func (s *Inspections) Used(ctx context.Context, firm string, year int) (int64, error) {
	used := int64(0)
	for n := int64(1); n <= s.Agenda.Cap; n++ {
		switch _, err := s.DB.Claimed(ctx, slotClaim, fmt.Sprintf("%s/%d/%d", firm, year, n)); {
		case err == nil:
			used++
		case !fault.Is(err, fault.NotFound):
			return 0, err
		}
	}
	return used, nil
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for somebody whom the inspection does not name, NotFound outside the scope, Invalid for refused fields
// (number, day, choice, text, paper, officers), Conflict for a step that the state does not know, or if somebody was quicker. Signatures are Sign's, planning is Plan's.
func (s *Inspections) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Inspection], error) {
	const op = "inspection.Do"
	if do.Action() == policy.SignApproval || do == StepPlan {
		return store.Doc[Inspection]{}, fault.New(op, fault.Conflict, "这一步不能直接办理")
	}
	doc, err := s.Change(ctx, by, do.Action(), at, do.Title(), func(c *Inspection) error {
		if do.Action() == policy.DoInspection && !c.Names(by.ID) {
			return notFound(op)
		}
		if _, err := c.State.next(do); err != nil {
			return err
		}
		c.Last = do
		if err := s.step(ctx, by, at, c, do, in); err != nil {
			return err
		}
		next, err := c.State.next(c.Last)
		c.State = next
		return err
	})
	if err == nil && doc.State.State == Dropped {
		err = s.release(ctx, by, do.Action(), doc)
	}
	return doc, err
}

// release gives the place of an inspection that does not take place back to the year.
func (s *Inspections) release(ctx context.Context, by policy.Actor, action policy.Action, doc store.Doc[Inspection]) error {
	if doc.State.Slot == 0 {
		return nil
	}
	return s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(action), Why: StepDrop.Title()}, slotClaim, doc.State.slot(doc.State.Slot), inspectionKind+"/"+doc.ID)
}

// step does what a step means; it may say that another step was taken in its place.
func (s *Inspections) step(ctx context.Context, by policy.Actor, at casework.At, c *Inspection, do Step, in casework.Input) (err error) {
	switch do {
	case StepSend:
		// What is signed: what is inspected, where, why and by whom.
		said := struct {
			Project, Firm, List, Why string
			Ground                   Ground
			Day                      calendar.Date
			Teams                    []Team
		}{c.Project, c.Firm, c.List, c.Why, c.Ground, c.Opened, c.Teams}
		c.Reason = ""
		c.Approval, err = s.Approvals().Open(by, Chain, casework.Subject(inspectionKind, at), c.Approval, said)
		return err
	case StepNotice:
		return s.notice(ctx, by, at, c, in)
	case StepBegin:
		return s.onSite(ctx, by, at, c)
	case StepTake:
		return s.taken(ctx, by, c, in)
	case StepTell:
		return s.tell(ctx, by, c, in)
	}
	f := s.Check()
	f.Text("text", "理由", &in.Text, 4, maxNote)
	c.Reason = in.Text
	return f.Err()
}

// notice gives notice. Fields number, day, choice (means). The electronic code is drawn from the inspection's own id under the database's key: nobody can guess one.
func (s *Inspections) notice(ctx context.Context, by policy.Actor, at casework.At, c *Inspection, in casework.Input) error {
	f := s.Check()
	f.Text("number", "文号", &in.Number, 2, maxCheckNumber)
	f.Past("day", "通知日期", in.Day, calendar.Date{})
	if !slices.ContainsFunc(NoticeMeans(), func(m registry.Choice) bool { return m.ID == in.Choice }) {
		f.Fail("choice", "请选择通知方式")
	}
	target := inspectionKind + "/" + at.ID
	of := casework.Bearing{Target: target, Slot: slotNotice}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	c.Code = strings.ToUpper(s.DB.MAC(codeClaim, at.ID)[:codeLength])
	meta := store.Meta{By: by.ID, Action: string(policy.PlanInspection), Why: StepNotice.Title()}
	if err := s.TakeNumber(ctx, by, StepNotice, in.Number, of); err != nil {
		return err
	}
	if err := s.DB.Claim(ctx, meta, codeClaim, c.Code, target); err != nil {
		return err
	}
	c.Notice = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Choice, By: by.ID}
	return nil
}

// NoticeMeans lists how a notice is given.
func NoticeMeans() []registry.Choice {
	return []registry.Choice{{ID: "ahead", Text: "检查前送达"}, {ID: "onsite", Text: "到场时当面送达"}}
}

// awaited is the notice of an inspection that is approved, until it is given.
func (c *Inspection) awaited() []casework.Awaited {
	if c.State != Approved {
		return nil
	}
	return []casework.Awaited{{Code: inspectionKind + "." + string(StepNotice), Title: "行政检查通知书", To: c.FirmName, Print: "notice"}}
}

// outgoing are the papers that an inspection sent out.
func (c *Inspection) outgoing() []casework.Outgoing {
	if c.Notice == nil {
		return nil
	}
	return []casework.Outgoing{{Slot: slotNotice, Title: "行政检查通知书", To: c.FirmName, Way: registry.TextOf(NoticeMeans(), c.Notice.Text), Paper: *c.Notice}}
}

// onSite begins an inspection today: who inspects, with which certificates, and the record of each department.
func (s *Inspections) onSite(ctx context.Context, by policy.Actor, at casework.At, c *Inspection) error {
	const op = "inspection.onSite"
	today := s.Today()
	place, err := s.Places.Place(ctx, c.Project, today)
	if err != nil {
		return err
	}
	if place.Firm != c.Firm {
		return fault.New(op, fault.Conflict, "服务"+c.Name+"的企业已经更换，请撤回后重新安排")
	}
	if today.Year() != c.Opened.Year() && c.Ground.Counted() {
		return fault.New(op, fault.Conflict, fmt.Sprintf("这次检查占的是 %d 年的次数，今天已是 %d 年，请撤回后重新安排", c.Opened.Year(), today.Year()))
	}
	c.Keys, c.Opened = place.Keys(), today
	f := s.Check()
	sheets, hashes := make([]Sheet, len(c.Teams)), make([]string, len(c.Teams))
	c.Teams = slices.Clone(c.Teams)
	for i := range c.Teams {
		t := &c.Teams[i]
		t.Numbers = nil
		for _, id := range t.Officers {
			number, lacks, err := s.fit(ctx, id, c, today)
			if err != nil {
				return err
			}
			if lacks != "" {
				f.Fail("choice", "%s", lacks)
			}
			t.Numbers = append(t.Numbers, number)
		}
		if sheets[i], hashes[i], err = s.sheetFor(t, today); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	for i := range c.Teams {
		t := &c.Teams[i]
		t.Record, t.Sheet = at.ID+"-"+strconv.Itoa(i+1), hashes[i]
		if err := s.records.open(ctx, by, t.Record, c, t, sheets[i], hashes[i]); err != nil {
			return err
		}
	}
	return nil
}

// sheetFor is what the record of a team asks. The list may have changed since the plan: what is gone from it cannot be inspected any more.
func (s *Inspections) sheetFor(t *Team, day calendar.Date) (Sheet, string, error) {
	var matters []*Matter
	for _, ref := range t.Matters {
		m := s.Agenda.Find(ref.ID)
		if m == nil || m.Lacks() != "" || m.Department != t.Department {
			return Sheet{}, "", fault.New("inspection.sheetFor", fault.Conflict, "事项“"+ref.Name+"”已不在清单里或者没有确认，请撤回后重新安排")
		}
		matters = append(matters, m)
	}
	return s.Agenda.sheet(matters, day)
}

// open begins the record of a team; a record that was begun by a try that did not come through is taken over.
func (s *Visits) open(ctx context.Context, by policy.Actor, id string, c *Inspection, t *Team, sheet Sheet, hash string) error {
	v := Visit{Project: c.Project, Name: c.Name, Firm: c.Firm, Keys: c.Keys, Series: InspectionKind, Day: c.Opened, Order: 1, Officers: t.Officers, State: Started,
		Sheet: SheetRef{ID: sheet.ID, Version: sheet.Version, Title: sheet.Title, Hash: hash, Items: sheet.Count()}}
	if err := s.keep(ctx, by, hash, sheet); err != nil {
		return err
	}
	head, err := s.visits.Head(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	_, err = s.visits.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.DoInspection), Why: StepBegin.Title()}, id, head.Seq, v)
	return err
}

// taken records how the firm took the record, once everybody has signed it. Fields choice (signed or refused), text (the office of who signed, or why not), number (with refused: the office of the witness), paper.
func (s *Inspections) taken(ctx context.Context, by policy.Actor, c *Inspection, in casework.Input) error {
	const op = "inspection.taken"
	c.Teams = slices.Clone(c.Teams)
	for i := range c.Teams {
		t := &c.Teams[i]
		record, err := s.records.visits.Load(ctx, t.Record)
		if err != nil {
			return err
		}
		v := &record.State
		if v.State != Submitted {
			return fault.New(op, fault.Conflict, t.Department+"的现场检查笔录还没有查完并全部签名，不能登记企业签收")
		}
		if err := s.records.unchanged(ctx, t.Record, v); err != nil {
			return err
		}
		t.Digest = v.Digest
		for _, g := range v.Given {
			if g.Value == Fail {
				c.Found++
			}
		}
	}
	f := s.Check()
	refused := in.Choice == "refused"
	if !refused && in.Choice != "signed" {
		f.Fail("choice", "请选择企业签收还是拒绝签收")
	}
	f.Text("text", map[bool]string{false: "签收人职务", true: "拒签理由"}[refused], &in.Text, 2, maxNote)
	if refused {
		f.Text("number", "见证人单位和职务", &in.Number, 2, maxCheckNumber)
	}
	if err := f.Err(); err != nil {
		return err
	}
	file, err := s.Keep(ctx, by, policy.DoInspection, in.Upload, "请上传签过字的笔录（拍照或者扫描）")
	if err != nil {
		return err
	}
	c.Answered = &Answered{Refused: refused, Paper: casework.Paper{Day: s.Today(), Text: in.Text, File: &file, By: by.ID}}
	if refused {
		c.Answered.Witness = in.Number
	}
	return nil
}

// tell tells the firm the result. Fields day, text (how), paper (a receipt, optional).
func (s *Inspections) tell(ctx context.Context, by policy.Actor, c *Inspection, in casework.Input) error {
	f := s.Check()
	f.Past("day", "告知日期", in.Day, c.Opened)
	f.Text("text", "告知方式", &in.Text, 2, maxNote)
	if err := f.Err(); err != nil {
		return err
	}
	c.Told = &casework.Paper{Day: in.Day, Text: in.Text, By: by.ID}
	if in.Upload == nil {
		return nil
	}
	file, err := s.Keep(ctx, by, policy.PlanInspection, in.Upload, "")
	c.Told.File = &file
	return err
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait, Invalid (current, reason),
// Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Inspections) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Inspection], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Inspections) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Inspection], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Inspections) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Inspection], error) {
	on := func(c *Inspection) (*policy.Approval, error) {
		_, err := c.State.next(StepSign)
		return c.Approval, err
	}
	doc, err := s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(c *Inspection, next policy.Approval) (err error) {
		c.Last, c.Approval = StepSign, &next
		switch next.State {
		case policy.ApprovalApproved:
			c.Last = StepApprove
		case policy.ApprovalRefused:
			c.Last = StepReject
		case policy.ApprovalReturned:
			c.Last = StepReturn
		}
		c.State, err = c.State.next(c.Last)
		return err
	})
	if err == nil && doc.State.State == Dropped {
		err = s.release(ctx, by, policy.SignApproval, doc)
	}
	return doc, err
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Inspections) Can(ctx context.Context, by policy.Actor, c *Inspection, do Step) bool {
	if _, err := c.State.next(do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, c.Approval, c.Keys, c.Opened)
	case StepReturn, StepReject, StepApprove:
		return false
	case StepBegin, StepTake:
		return s.Guard.Allow(by, do.Action()) && c.Names(by.ID)
	}
	return s.Guard.Allow(by, do.Action())
}
