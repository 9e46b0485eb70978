package adoption

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry/casework"
)

// Past is what the rating cycle knows of published periods; cycle.Service answers.
type Past interface {
	// PastPeriods lists the published periods of a rhythm, the oldest first, with their schemes and without subjects.
	PastPeriods(ctx context.Context, rhythm string) ([]rating.PastPeriod, error)
	// PastPeriod returns one with its subjects. Returns NotFound if it is not published.
	PastPeriod(ctx context.Context, id string) (*rating.PastPeriod, error)
	// FactSources are the sources of facts that are connected.
	FactSources() []string
}

// Config is what the versions need.
type Config struct {
	casework.Desk
	// Past is the rating cycle. Required.
	Past Past
	// First are the files of the configuration by rhythm. Required.
	First map[string][]byte
	// Shipped are files from which a version can be taken, by name.
	Shipped map[string][]byte
	// Background lets work go on after its request has been answered; nil runs it at once.
	Background func(work func(ctx context.Context))
	// Trials is how often a guarantee is tried that cannot be proved; 0 means 1,000.
	Trials int
}

// Service keeps the versions. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Version]
	progress *store.EphemeralCollection[Progress]
}

const (
	versionKind = "scheme-version"
	// labelClaim gives the name of a version of a rhythm to one file for good.
	labelClaim = "scheme-label"
	// The bounds of texts in characters.
	leastWhy   = 6
	leastWaive = 10
	maxWords   = 400
)

// New opens the versions on a store. Returns Invalid if a file of the configuration is no scheme.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Trials == 0 {
		c.Trials = 1000
	}
	if c.Background == nil {
		c.Background = func(work func(ctx context.Context)) { work(ctx) }
	}
	for _, data := range c.First {
		if _, err := rating.ParseScheme(data); err != nil {
			return nil, err
		}
	}
	cases, err := casework.NewCases(ctx, c.Desk, versionKind, word, policy.ReadPeriods, func(v *Version) *casework.Case { return &v.Case }, func(v *Version) bool { return v.State.Final() })
	if err != nil {
		return nil, err
	}
	cases.Sends((*Version).outgoing)
	cases.Awaits((*Version).awaited)
	progress, err := store.NewEphemeral[Progress](c.DB, "scheme-study")
	return &Service{Config: c, Cases: cases, progress: progress}, err
}

// slotAdopted is the place of the document that puts a version in force.
const slotAdopted = "adopted"

// awaited is that document while an approved version waits for it; it is printed once the version is adopted.
func (v *Version) awaited() []casework.Awaited {
	if v.State != Approved {
		return nil
	}
	return []casework.Awaited{{Code: versionKind + "." + string(StepAdopt), Title: "方案采用决定"}}
}

// outgoing is the document that puts a version in force.
func (v *Version) outgoing() []casework.Outgoing {
	if v.Adopted == nil {
		return nil
	}
	return []casework.Outgoing{{Slot: slotAdopted, Title: "评价方案", Paper: casework.Paper{Number: v.Adopted.Number, Day: calendar.DateOf(v.Adopted.At.Time), By: v.Adopted.By}}}
}

// Proposal is a version that somebody hands in.
type Proposal struct {
	// File is the scheme, Name what the file is called.
	File []byte
	Name string
	// From is the day from which it shall be used, Why what the change is for.
	From calendar.Date
	Why  string
}

// Propose hands a version in. Returns Forbidden without ProposeScheme; Invalid with every wrong field (file: each mistake with line and column; from, why); Conflict if the name of the version was used for other rules, or the same file is proposed already.
func (s *Service) Propose(ctx context.Context, by policy.Actor, in Proposal, idem *store.Idem) (store.Doc[Version], error) {
	return s.Begin(ctx, by, policy.ProposeScheme, StepPropose.Title(), idem, func(begun casework.New) (Version, error) {
		scheme, base, err := s.check(ctx, &in)
		if err != nil {
			return Version{}, err
		}
		changes, err := rating.Differences(base.File, in.File)
		if err != nil {
			return Version{}, err
		}
		target := versionKind + "/" + begun.ID
		if err := s.DB.Claim(ctx, begun.Meta, labelClaim, label(scheme), target); err != nil {
			return Version{}, labelTaken(scheme, err)
		}
		if _, err := s.DB.PutFile(ctx, begun.Meta, bytes.NewReader(in.File), rating.MaxSchemeBytes); err != nil {
			return Version{}, err
		}
		return Version{Case: casework.Case{Name: scheme.Title + " " + scheme.Version + " 版", Opened: s.Today(), By: by.ID}, Rhythm: scheme.Rhythm, SchemeID: scheme.ID, SchemeVersion: scheme.Version, Title: scheme.Title, Hash: scheme.Hash,
			Origin: in.Name, Why: in.Why, From: in.From, Office: s.office(by, policy.ProposeScheme), Base: base.Hash, BaseVersion: base.Version, Changes: len(changes), State: Draft, Last: StepPropose}, nil
	})
}

// label names a version within its rhythm.
func label(s *rating.Scheme) string { return s.Rhythm + "/" + s.ID + "/" + s.Version }

func labelTaken(s *rating.Scheme, err error) error {
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	return fault.Wrap("adoption.Propose", fault.Conflict, fmt.Sprintf("版本号 %s %s 已经用过，规则改过的请换一个版本号", s.ID, s.Version), err)
}

// check looks at a proposal before anything is written.
func (s *Service) check(ctx context.Context, in *Proposal) (*rating.Scheme, InForce, error) {
	f := s.Check()
	f.Text("why", "修改的理由", &in.Why, leastWhy, maxWords)
	today := s.Today()
	switch {
	case in.From.IsZero():
		f.Fail("from", "请填写从哪一天起使用，例如 %s", today.Add(30))
	case in.From.Compare(today) < 0:
		f.Fail("from", "%s已经过了，今天是%s", in.From.Chinese(), today.Chinese())
	}
	scheme, err := rating.ParseScheme(in.File)
	if len(in.File) == 0 {
		f.Fail("file", "请选择方案文件（YAML）")
	} else if err != nil {
		for _, p := range rating.ProblemsOf(err) {
			f.Fail("file", "第 %d 行第 %d 列 %s：%s", p.Line, p.Column, p.Path, p.Message)
		}
	}
	var base InForce
	if scheme != nil {
		if _, known := s.First[scheme.Rhythm]; !known {
			f.Fail("file", "方案的评价周期（rhythm）是“%s”，只能是季度（quarter）或者年度（year）", scheme.Rhythm)
			return nil, base, f.Err()
		}
		if base, err = s.InForce(ctx, scheme.Rhythm, today); err != nil {
			return nil, base, err
		}
		first := ""
		if own, err := rating.ParseScheme(s.First[scheme.Rhythm]); err == nil && label(own) == label(scheme) {
			first = own.Hash
		}
		switch {
		case base.Hash == scheme.Hash:
			f.Fail("file", "与现在使用的 %s 版完全相同", base.Version)
		case first != "" && first != scheme.Hash:
			f.Fail("file", "版本号 %s 是配置文件里那一版的，规则改过的请换一个版本号", scheme.Version)
		}
		if last := scheme.Valid.Until; last != 0 && !in.From.IsZero() && last.String() < in.From.String() {
			f.Fail("from", "方案的有效期到 %s 为止，早于%s", last, in.From.Chinese())
		}
		switch held, err := s.DB.Claimed(ctx, labelClaim, label(scheme)); {
		case err == nil && held != "":
			f.Fail("file", "版本号 %s %s 已经用过，规则改过的请换一个版本号", scheme.ID, scheme.Version)
		case err != nil && !fault.Is(err, fault.NotFound):
			return nil, base, err
		}
	}
	return scheme, base, f.Err()
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step, or with the rule to who did what excludes it; NotFound for an unknown version; Invalid for refused fields (text, number); Conflict for a step that the state
// does not know, without a study of today's facts, with refuted guarantees that were not waived, for something else than was signed, for a number that another paper has, or if somebody was quicker. Signatures are Sign's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Version], error) {
	if do == StepSign || do == StepPropose {
		return store.Doc[Version]{}, fault.New("adoption.Do", fault.Conflict, "签署要在审批里办理")
	}
	if do == StepStudy {
		return s.study(ctx, by, at)
	}
	doc, err := s.Change(ctx, by, do.Action(), at, do.Title(), func(v *Version) error {
		next, err := v.State.next(do)
		if err != nil {
			return err
		}
		if err := s.step(ctx, by, at, v, do, in); err != nil {
			return err
		}
		v.State, v.Last = next, do
		return nil
	})
	if number, ok := casework.DocumentNumber(in.Number); ok && do == StepAdopt && fault.Is(err, fault.Conflict) {
		err = errors.Join(err, s.giveBack(ctx, by, at.ID, number))
	}
	return doc, err
}

// giveBack releases a number under which a version was not adopted after all.
func (s *Service) giveBack(ctx context.Context, by policy.Actor, id, number string) error {
	now, err := s.Docs.Head(ctx, id)
	if err != nil || now.State.Adopted != nil && now.State.Adopted.Number == number {
		return nil //nolint:nilerr // there is nothing to release of a version that cannot be read
	}
	held, err := s.DB.Claimed(ctx, casework.NumberClaim, number)
	if err != nil || held != versionKind+"/"+id {
		return nil //nolint:nilerr // another paper has it
	}
	return s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(policy.AdoptScheme)}, casework.NumberClaim, number, held)
}

// step does what a step means.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, v *Version, do Step, in casework.Input) error {
	switch do {
	case StepWaive:
		return s.waive(by, v, in)
	case StepSend:
		if why := s.unready(ctx, v); why != nil {
			return why
		}
		a, err := s.Approvals().Open(by, Chain, casework.Subject(versionKind, at), v.Approval, v.says())
		if err == nil {
			v.Approval, v.Reason = a, ""
		}
		return err
	case StepAdopt:
		return s.adopt(ctx, by, at, v, in)
	}
	f := s.Check()
	f.Text("text", "理由", &in.Text, leastWhy, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	v.Reason = in.Text
	return v.withdraw(by, s.Now())
}

// withdraw gives a version up. Once it was sent, only who proposed or sent it does, and the signatures are void.
func (v *Version) withdraw(by policy.Actor, now time.Time) error {
	a := v.Approval
	switch {
	case a == nil || v.State == Draft:
		return nil
	case a.State == policy.ApprovalPending:
		next, err := a.Decide(by, policy.Sign{Move: policy.MoveWithdraw}, now)
		v.Approval = &next
		return err
	case by.ID != v.By && by.ID != a.Maker:
		return &fault.Error{Op: "adoption.withdraw", Kind: fault.Forbidden, Message: "审批通过以后只有提出或者送审的人可以撤回", Rule: "方案规则：由提出或者送审的人撤回"}
	}
	return nil
}

// apart refuses to check to who proposed the version or sent it.
func (v *Version) apart(by policy.Actor) error {
	acts := []policy.Act{{Part: policy.PartMake, By: v.By}}
	if v.Approval != nil {
		acts = append(acts, policy.Act{Part: policy.PartMake, By: v.Approval.Maker})
	}
	return policy.Separate(by, policy.PartCheck, acts)
}

// waive records one person's reason. Fields: text.
func (s *Service) waive(by policy.Actor, v *Version, in casework.Input) error {
	const op = "adoption.waive"
	switch {
	case v.Study == nil:
		return fault.New(op, fault.Conflict, "还没有测算，不知道哪些保证不成立")
	case len(v.Study.Broken) == 0:
		return fault.New(op, fault.Conflict, "没有不成立的保证，不用放行")
	case len(v.Waivers) >= waiversNeeded:
		return fault.New(op, fault.Conflict, "已经由两人放行")
	case v.waivedBy(by.ID):
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你已经写过理由，另一份必须由另一人写", Rule: "方案规则：不成立的保证由两人放行"}
	}
	if err := v.apart(by); err != nil {
		return err
	}
	f := s.Check()
	f.Text("text", "放行的理由", &in.Text, leastWaive, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	v.Waivers = append(slices.Clone(v.Waivers), Waiver{By: by.ID, Office: s.office(by, policy.WaiveScheme), At: journal.At(s.Now()), Reason: in.Text})
	return nil
}

// office is the office in which somebody acts.
func (s *Service) office(by policy.Actor, action policy.Action) policy.Role {
	for _, a := range by.Appointments {
		if may, _ := s.Guard.Rules().RoleAllows(a.Role, action); may {
			return a.Role
		}
	}
	return ""
}

// unready says why a version cannot be sent yet, nil if it can.
func (s *Service) unready(ctx context.Context, v *Version) error {
	const op = "adoption.unready"
	if v.Study == nil {
		return fault.New(op, fault.Conflict, "还没有测算，测算以后才能送审")
	}
	stale, err := s.Stale(ctx, v)
	if err != nil {
		return err
	}
	if stale != "" {
		return fault.New(op, fault.Conflict, stale+"，请重新测算以后再送审")
	}
	if !v.Waived() {
		return fault.New(op, fault.Conflict, fmt.Sprintf("有 %d 项保证不成立，要由两人写明理由放行，或者修改方案后另提一版", len(v.Study.Broken)))
	}
	if v.From.Compare(s.Today()) < 0 {
		return fault.New(op, fault.Conflict, "施行日期"+v.From.Chinese()+"已经过了，请撤回后重新提出")
	}
	return nil
}

// Stale says in Chinese what has happened since a version was looked into, "" for nothing.
func (s *Service) Stale(ctx context.Context, v *Version) (string, error) {
	if v.Study == nil {
		return "", nil
	}
	base, err := s.InForce(ctx, v.Rhythm, s.Today())
	if err != nil {
		return "", err
	}
	if base.Hash != v.Study.Base {
		return "测算以后 " + base.Version + " 版开始使用", nil
	}
	periods, err := s.replayable(ctx, v.Rhythm)
	if err != nil {
		return "", err
	}
	for _, p := range periods {
		if i := slices.Index(v.Study.Periods, p.ID); i < 0 || v.Study.Evaluations[i] != p.Evaluation {
			return "测算以后" + p.Name + "公布了", nil
		}
	}
	return "", nil
}

// adopt adopts what was signed. Fields: number.
func (s *Service) adopt(ctx context.Context, by policy.Actor, at casework.At, v *Version, in casework.Input) error {
	const op = "adoption.adopt"
	if err := v.apart(by); err != nil {
		return err
	}
	if signed, err := policy.Digest(v.says()); err != nil || v.Approval == nil || signed != v.Approval.SubjectHash {
		return fault.Wrap(op, fault.Conflict, "这一版方案与各级签署的不一致，请撤回后重新提出", err)
	}
	number, ok := casework.DocumentNumber(in.Number)
	if !ok {
		return fault.InvalidFields(op, fault.Field{Name: "number", Message: "文号要写成 都建发〔2026〕12号 的样子"})
	}
	target := versionKind + "/" + at.ID
	meta := store.Meta{By: by.ID, Action: string(policy.AdoptScheme), Idem: at.Idem}
	if err := s.Letters.Take(ctx, meta, number, casework.Bearing{Target: target, Slot: slotAdopted}); err != nil {
		return err
	}
	from := v.From
	if today := s.Today(); from.Compare(today) < 0 {
		from = today
	}
	v.Adopted = &Adopted{By: by.ID, Office: s.office(by, policy.AdoptScheme), At: journal.At(s.Now()), Number: number, From: from}
	return nil
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait, Invalid (current, reason), Conflict if it does not wait for a signature,
// was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Version], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Version], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Version], error) {
	on := func(v *Version) (*policy.Approval, error) {
		_, err := v.State.next(StepSign)
		return v.Approval, err
	}
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(v *Version, next policy.Approval) error {
		v.Last, v.Approval = StepSign, &next
		switch next.State {
		case policy.ApprovalApproved:
			v.State = Approved
		case policy.ApprovalRefused:
			v.State = Refused
		case policy.ApprovalReturned, policy.ApprovalWithdrawn:
			v.State = Draft
		}
		return nil
	})
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, v *Version, do Step) bool {
	if _, err := v.State.next(do); err != nil || do == StepPropose {
		return false
	}
	if do == StepSign {
		return s.Approvals().MaySign(ctx, by, v.Approval, v.Keys, v.Opened)
	}
	if !s.Guard.Allow(by, do.Action()) {
		return false
	}
	switch do {
	case StepWaive:
		return v.Study != nil && !v.Waived() && !v.waivedBy(by.ID) && v.apart(by) == nil
	case StepSend:
		return v.Waived()
	case StepAdopt:
		return v.apart(by) == nil
	case StepWithdraw:
		tried := *v
		return tried.withdraw(by, s.Now()) == nil
	}
	return true
}

// List returns a page of versions, the latest first; the text of a filter is looked for in name, reason, version and number. Returns Forbidden without ReadPeriods.
func (s *Service) List(ctx context.Context, by policy.Actor, w casework.Filter, rhythm string, due bool, after string) (store.Page[Version], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(v *Version) bool {
		number := ""
		if v.Adopted != nil {
			number = v.Adopted.Number
		}
		return (rhythm == "" || v.Rhythm == rhythm) && w.Lets(&v.Case, string(v.State), v.Name, v.Why, v.SchemeVersion, number)
	})
}

// File returns the scheme of a version as it was handed in. Returns NotFound for an unknown version.
func (s *Service) File(ctx context.Context, by policy.Actor, id string) ([]byte, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, doc.State.Hash, rating.MaxSchemeBytes)
}

// read returns a stored file.
func (s *Service) read(ctx context.Context, hash string, limit int64) ([]byte, error) {
	f, _, err := s.DB.OpenFile(ctx, hash)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fault.Wrap("adoption.read", fault.Unavailable, "保存的文件读不出来", err)
	}
	return data, nil
}

// InForce is a version that is or was used.
type InForce struct {
	// ID is that of the adopted version, "" for the first one, which stands in the configuration.
	ID, Rhythm, SchemeID, Version, Title, Hash string
	// Since names the first published period that was rated by an earlier file of the configuration, "" for every other version.
	Since string
	// From is the first day of use, Until the last; no date for an open end.
	From, Until calendar.Date
	// Number, At and By are those of the adoption, Why says what for, Proposer who proposed it, ByOffice and ProposerOffice the offices in which they did; empty for the first one.
	Number, By, Proposer, Why string
	ByOffice, ProposerOffice  policy.Role
	At                        time.Time
	// File is the scheme.
	File []byte
}

// Line lists the versions of a rhythm in the order in which they are used, whoever asks: the first one of the configuration, then what was adopted. A later adoption for an earlier day takes the place of what it overtakes.
func (s *Service) Line(ctx context.Context, rhythm string) ([]InForce, error) {
	file, ok := s.First[rhythm]
	if !ok {
		return nil, fault.New("adoption.Line", fault.NotFound, "没有这种周期的评价方案")
	}
	first, err := rating.ParseScheme(file)
	if err != nil {
		return nil, err
	}
	var out []InForce
	for doc, err := range s.Docs.Each(ctx) {
		if err != nil {
			return nil, err
		}
		v := &doc.State
		if v.Rhythm != rhythm || v.Adopted == nil {
			continue
		}
		data, err := s.read(ctx, v.Hash, rating.MaxSchemeBytes)
		if err != nil {
			return nil, err
		}
		out = append(out, InForce{ID: doc.ID, Rhythm: rhythm, SchemeID: v.SchemeID, Version: v.SchemeVersion, Title: v.Title, Hash: v.Hash, From: v.Adopted.From, Number: v.Adopted.Number, By: v.Adopted.By, ByOffice: v.Adopted.Office, Proposer: v.By, ProposerOffice: v.Office, Why: v.Why, At: v.Adopted.At.Time, File: data})
	}
	slices.SortFunc(out, func(a, b InForce) int { return cmp.Or(a.From.Compare(b.From), a.At.Compare(b.At)) })
	out = append([]InForce{{Rhythm: rhythm, SchemeID: first.ID, Version: first.Version, Title: first.Title, Hash: first.Hash, File: file}}, out...)
	for i := range out[:len(out)-1] {
		out[i].Until = out[i+1].From.Add(-1)
	}
	return out, nil
}

// InForce is the version that a period planned on a day uses.
func (s *Service) InForce(ctx context.Context, rhythm string, day calendar.Date) (InForce, error) {
	line, err := s.Line(ctx, rhythm)
	if err != nil {
		return InForce{}, err
	}
	now := line[0]
	for _, v := range line {
		if v.From.IsZero() || v.From.Compare(day) <= 0 {
			now = v
		}
	}
	return now, nil
}
