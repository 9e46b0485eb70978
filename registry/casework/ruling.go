package casework

import (
	"context"
	"errors"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Ruling is what a case has that ends in a decision against a firm: it rests on a document, the firm gets notice and is heard, a joint review decides, the decision is delivered, and
// who took no part answers the firm's objection.
type Ruling struct {
	// Case is what it shares with every case: Clock is the firm's while it is heard and after the delivery, the bureau's while an objection waits.
	Case
	// Firm is against whom it is, with its name; Drafted is when the case was begun.
	Firm     string        `json:"firm" privacy:"public"`
	FirmName string        `json:"firm_name" privacy:"public"`
	Drafted  calendar.Date `json:"drafted"`
	// Document is what it rests on: number, day of effect, what it found, scan.
	Document Paper `json:"document"`
	// Notice is the delivery of the notice to the firm (告知书), Pleas what the firm said, Hearings the records of what was heard.
	Notice   *Paper  `json:"notice,omitempty"`
	Pleas    []Paper `json:"pleas,omitempty"`
	Hearings []Paper `json:"hearings,omitempty"`
	// Heard is how many of the Pleas were said before the last hearing.
	Heard int64 `json:"heard,omitempty"`
	// Minutes are those of the joint review (联审纪要).
	Minutes *Paper `json:"minutes,omitempty"`
	// Decision is the delivery of the decision, From the first day on which it stands.
	Decision *Paper        `json:"decision,omitempty"`
	From     calendar.Date `json:"from,omitzero"`
	// Objection is what the firm said against it, Answer what was decided about that, Upheld that it was right.
	Objection *Paper `json:"objection,omitempty"`
	Answer    *Paper `json:"answer,omitempty"`
	Upheld    bool   `json:"upheld,omitempty"`
}

// The steps that every ruling has; a kind gives them its own type, and its own steps beside them.
const (
	// RuleDraft begins a case, RuleScan adds the scan of its document, RuleServe delivers the notice, RulePlead pleads for the firm, RuleHear records what was heard, RuleWithdraw gives up.
	RuleDraft    = "draft"
	RuleScan     = "scan"
	RuleServe    = "serve"
	RulePlead    = "plead"
	RuleHear     = "hear"
	RuleWithdraw = "withdraw"
	// RuleSend brings it before the joint review; RuleSign is a signature that leaves it open; the others are where it leads.
	RuleSend    = "send"
	RuleSign    = "sign"
	RuleReturn  = "return"
	RuleReject  = "reject"
	RuleApprove = "approve"
	// RuleIssue delivers the decision.
	RuleIssue = "issue"
	// RuleObject objects for the firm, RuleAnswer answers; RuleUphold and RuleDismiss are where the answer leads.
	RuleObject  = "object"
	RuleAnswer  = "answer"
	RuleUphold  = "uphold"
	RuleDismiss = "dismiss"
)

// The states that every ruling has.
const (
	// RulingDraft: the notice is being written. RulingHearing: the firm has its notice and may plead.
	RulingDraft   = "draft"
	RulingHearing = "hearing"
	// RulingApproving: the joint review decides. RulingSentBack: it was returned. RulingDecided: every seat agreed; the decision is to be delivered.
	RulingApproving = "approving"
	RulingSentBack  = "sent_back"
	RulingDecided   = "decided"
	// RulingInForce: delivered; it stands. RulingObjected: it stands, and the firm's objection waits for its answer.
	RulingInForce  = "in_force"
	RulingObjected = "objected"
	// RulingRevoked: an objection was upheld; it never counted. RulingRefused: the joint review did not agree. RulingWithdrawn: given up before it was delivered. All final.
	RulingRevoked   = "revoked"
	RulingRefused   = "refused"
	RulingWithdrawn = "withdrawn"
)

// RulingTable is the table of transitions that every ruling has; a kind adds rows of its own.
func RulingTable[S, D interface {
	~string
	Title() string
}]() Table[S, D] {
	return Table[S, D]{
		"":              {RuleDraft: RulingDraft},
		RulingDraft:     {RuleScan: RulingDraft, RuleServe: RulingHearing, RuleWithdraw: RulingWithdrawn},
		RulingHearing:   {RulePlead: RulingHearing, RuleHear: RulingHearing, RuleSend: RulingApproving, RuleWithdraw: RulingWithdrawn},
		RulingApproving: {RuleSign: RulingApproving, RuleReturn: RulingSentBack, RuleReject: RulingRefused, RuleApprove: RulingDecided},
		RulingSentBack:  {RuleHear: RulingSentBack, RuleSend: RulingApproving, RuleWithdraw: RulingWithdrawn},
		RulingDecided:   {RuleIssue: RulingInForce, RuleWithdraw: RulingWithdrawn},
		RulingInForce:   {RuleObject: RulingObjected},
		RulingObjected:  {RuleAnswer: RulingObjected, RuleUphold: RulingRevoked, RuleDismiss: RulingInForce},
		RulingRevoked:   {},
		RulingRefused:   {},
		RulingWithdrawn: {},
	}
}

// prepared are the acts of who drafted, served or heard it, none of whom decides.
func (r *Ruling) prepared() []policy.Act {
	out := []policy.Act{{Part: policy.PartMake, By: r.By}}
	for _, p := range []*Paper{r.Notice, r.Minutes} {
		if p != nil {
			out = append(out, policy.Act{Part: policy.PartMake, By: p.By})
		}
	}
	for _, h := range r.Hearings {
		out = append(out, policy.Act{Part: policy.PartMake, By: h.By})
	}
	return out
}

// took are the accounts of everybody of the bureau and the joint review who took part until the decision was delivered.
func (r *Ruling) took() map[string]bool {
	out := map[string]bool{}
	for _, act := range r.prepared() {
		out[act.By] = true
	}
	if r.Decision != nil {
		out[r.Decision.By] = true
	}
	if r.Approval != nil {
		for _, d := range r.Approval.Decisions {
			if out[d.By] = true; d.Paper != nil {
				out[d.Paper.Signer] = true
			}
			if d.For != "" {
				out[d.For] = true
			}
		}
	}
	return out
}

// Unheard reports whether the firm pleaded something of which nothing heard is on record yet.
func (r *Ruling) Unheard() bool { return int64(len(r.Pleas)) > r.Heard }

// RulingStep is a step of a kind of ruling.
type RulingStep interface {
	~string
	Title() string
	Action() policy.Action
}

// RulingKind says what is a kind's own; everything but Own, Waits, Signed and More is required.
type RulingKind[T any, S interface {
	~string
	Title() string
}, D RulingStep] struct {
	// Name is the kind of its documents, Word what people call a case.
	Name, Word string
	// Read is the right to see cases, Handle to run them; a firm has Plead and knows of a case once it was given notice, unless it has one of Inside.
	Read, Plead policy.Action
	Inside      []policy.Action
	// Ruling is what a case has of every ruling, Stands where it stands and what was done last.
	Ruling func(*T) *Ruling
	Stands func(*T) (*S, *D)
	// On is the state on a day, Steps the table of transitions.
	On    func(*T, calendar.Date) S
	Steps Table[S, D]
	// Chain is the way of approval of the joint review; Hearing, Objecting and Answering are the periods in deadlines.yaml.
	Chain, Hearing, Objecting, Answering string
	// Document is what the document that it rests on is called, Objection what the firm does against it, Ruled what the decision is called in refusals.
	Document, Objection, Ruled string
	// Papers are what the notice and the decision are called, More what only this kind sends besides; nil for nothing.
	Papers [2]string
	More   func(*T) []Outgoing
	// Says is what everybody signs, Issued what the delivery of a day means besides.
	Says   func(*T) any
	Issued func(*T, calendar.Date)
	// Own does a step that only this kind has, Waits says why one cannot be taken yet.
	Own   func(ctx context.Context, by policy.Actor, at At, one *T, do D, in Input) error
	Waits func(one *T, do D) error
	// Signing is the approval that waits, Signed puts what became of another one than that of the decision into the case and says what was done; nil if there is no other.
	Signing func(*T) *policy.Approval
	Signed  func(one *T, next policy.Approval) (did D, own bool)
}

// Rulings runs the cases of a kind of ruling. Every call names the actor; a refused call writes nothing.
type Rulings[T any, S interface {
	~string
	Title() string
}, D RulingStep] struct {
	*Cases[T]
	kind RulingKind[T, S, D]
}

const (
	// The bounds of texts in characters, and of what a case holds.
	maxRulingWords  = 500
	maxRulingNumber = 40
	maxRulingPapers = 20
)

// NewRulings opens the cases of a kind on a store.
func NewRulings[T any, S interface {
	~string
	Title() string
}, D RulingStep](ctx context.Context, desk Desk, kind RulingKind[T, S, D]) (*Rulings[T, S, D], error) {
	r := &Rulings[T, S, D]{kind: kind}
	over := func(one *T) bool {
		state, _ := kind.Stands(one)
		return len(kind.Steps[*state]) == 0 || *state == RulingInForce
	}
	var err error
	if r.Cases, err = NewCases(ctx, desk, kind.Name, kind.Word, kind.Read, func(one *T) *Case { return &kind.Ruling(one).Case }, over); err != nil {
		return nil, err
	}
	r.Sends(func(one *T) []Outgoing {
		v := kind.Ruling(one)
		var out []Outgoing
		add := func(slot, title, to, way string, p *Paper, joint bool) {
			if p != nil {
				out = append(out, Outgoing{Slot: slot, Title: title, To: to, Way: way, Paper: *p, Joint: joint})
			}
		}
		way := func(p *Paper) string {
			if p == nil {
				return ""
			}
			return p.Text
		}
		add(RuleServe, kind.Papers[0], v.FirmName, way(v.Notice), v.Notice, false)
		add(RuleSend, "联审纪要", "", "", v.Minutes, true)
		add(RuleIssue, kind.Papers[1], v.FirmName, way(v.Decision), v.Decision, false)
		if kind.More != nil {
			out = append(out, kind.More(one)...)
		}
		return out
	})
	r.Awaits(func(one *T) []Awaited {
		if state, _ := kind.Stands(one); string(*state) != RulingDecided {
			return nil
		}
		return []Awaited{{Code: kind.Name + "." + RuleIssue, Title: kind.Papers[1], To: kind.Ruling(one).FirmName, Print: "decision"}}
	})
	r.Shows = func(_ context.Context, by policy.Actor) (func(*T) bool, error) {
		inside := !r.desk.Guard.Allow(by, kind.Plead) || slices.ContainsFunc(kind.Inside, func(right policy.Action) bool { return r.desk.Guard.Allow(by, right) })
		return func(one *T) bool { return inside || kind.Ruling(one).Notice != nil }, nil
	}
	return r, nil
}

// next returns the state after a step today, or Conflict.
func (r *Rulings[T, S, D]) next(one *T, do D) (S, error) {
	return r.kind.Steps.Next(r.kind.Word, r.kind.On(one, r.desk.Today()), do)
}

// ended are the steps that are taken by others than Do, or that follow from one.
var ended = []string{RuleDraft, RuleSign, RuleReturn, RuleReject, RuleApprove, RuleUphold, RuleDismiss}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid for refused fields (day, number, text, choice,
// paper), Conflict for a step that the state does not know, that comes too early or too late, or if somebody was quicker. Signatures are Sign's.
func (r *Rulings[T, S, D]) Do(ctx context.Context, by policy.Actor, at At, do D, in Input) (store.Doc[T], error) {
	if do.Action() == policy.SignApproval || slices.Contains(ended, string(do)) {
		return store.Doc[T]{}, fault.New("casework.Do", fault.Conflict, "这一步不能直接办理")
	}
	return r.Change(ctx, by, do.Action(), at, do.Title(), func(one *T) error {
		if _, err := r.next(one, do); err != nil {
			return err
		}
		if err := r.waits(by, one, do); err != nil {
			return err
		}
		state, last := r.kind.Stands(one)
		*last = do
		if err := r.step(ctx, by, at, one, do, in); err != nil {
			return err
		}
		next, err := r.next(one, *last)
		if err != nil {
			return err
		}
		if *state = next; len(r.kind.Steps[next]) == 0 {
			r.kind.Ruling(one).Clock = calendar.Deadline{}
		}
		return nil
	})
}

// waits says why a step cannot be taken yet, or by this actor, or any more; nil if it can.
func (r *Rulings[T, S, D]) waits(by policy.Actor, one *T, do D) error {
	const op = "casework.waits"
	v, now := r.kind.Ruling(one), r.desk.Now()
	refuse := func(text string) error { return fault.New(op, fault.Conflict, text) }
	state, _ := r.kind.Stands(one)
	hearing := *state == RulingHearing
	switch string(do) {
	case RuleServe:
		if v.Document.File == nil {
			return refuse("还没有上传" + r.kind.Document + "的扫描件")
		}
	case RulePlead, RuleObject:
		if string(do) == RuleObject && v.Objection != nil {
			return refuse("已经提出过" + r.kind.Objection + "，不能再提")
		}
		if v.Clock.Late(now) {
			return refuse(do.Title() + "的期限到" + v.Clock.Due.Chinese() + "为止，已经过了")
		}
	case RuleHear:
		if v.By == by.ID || v.Notice != nil && v.Notice.By == by.ID {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "这一件由你立案、告知，听取陈述申辩必须由另一人完成", Rule: r.kind.Ruled + "：立案的人不听取，立案和听取的人不决定"}
		}
	case RuleSend:
		switch {
		case hearing && !v.Clock.Resolved():
			return refuse("陈述申辩期限那一年的放假安排还没有装载，现在不能提交联审")
		case hearing && !v.Clock.Late(now):
			return refuse("企业陈述申辩的期限到" + v.Clock.Due.Chinese() + "才满，现在不能提交联审")
		case v.Unheard():
			return refuse("企业陈述申辩了，还没有登记听取的笔录")
		}
	case RuleIssue:
		digest, err := policy.Digest(r.kind.Says(one))
		if err != nil {
			return err
		}
		if v.Approval == nil || digest != v.Approval.SubjectHash {
			return refuse("内容和联审签署的不一样，不能送达")
		}
	case RuleAnswer:
		if v.took()[by.ID] {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你参与了这一件的决定，" + r.kind.Objection + "必须由没有参与的人答复", Rule: r.kind.Ruled + "：参与决定的人不答复" + r.kind.Objection}
		}
	}
	if r.kind.Waits != nil {
		return r.kind.Waits(one, do)
	}
	return nil
}

// step does what a step means; it may say that another step was taken in its place.
func (r *Rulings[T, S, D]) step(ctx context.Context, by policy.Actor, at At, one *T, do D, in Input) (err error) {
	v := r.kind.Ruling(one)
	switch string(do) {
	case RuleScan:
		file, err := r.desk.Keep(ctx, by, do.Action(), in.Upload, "请上传"+r.kind.Document+"的扫描件（PDF 或照片）")
		if err == nil {
			v.Document.File = &file
		}
		return err
	case RuleServe:
		if v.Notice, err = r.served(ctx, by, at, do, in, v.Drafted); err == nil {
			v.Clock, err = r.desk.Deadlines(r.kind.Hearing, in.Day)
		}
		return err
	case RulePlead:
		return r.said(ctx, by, do, in, "陈述申辩", &v.Pleas)
	case RuleHear:
		if in.Choice != "adopt" && in.Choice != "reject" {
			return fault.InvalidFields("casework.step", fault.Field{Name: "choice", Message: "请选择是否采纳"})
		}
		if in.Upload == nil {
			return fault.InvalidFields("casework.step", fault.Field{Name: "paper", Message: "请上传听取陈述申辩的笔录"})
		}
		in.Text = map[string]string{"adopt": "建议采纳：", "reject": "建议不采纳："}[in.Choice] + in.Text
		v.Heard = int64(len(v.Pleas))
		return r.said(ctx, by, do, in, "听取情况", &v.Hearings)
	case RuleSend:
		return r.send(ctx, by, at, one, do, in)
	case RuleIssue:
		if v.Decision, err = r.served(ctx, by, at, do, in, v.Minutes.Day); err != nil {
			return err
		}
		v.From = in.Day
		r.kind.Issued(one, in.Day)
		v.Clock, err = r.desk.Deadlines(r.kind.Objecting, in.Day)
		return err
	case RuleObject:
		var all []Paper
		if err := r.said(ctx, by, do, in, r.kind.Objection, &all); err != nil {
			return err
		}
		v.Objection = &all[0]
		v.Clock, err = r.desk.Deadlines(r.kind.Answering, r.desk.Today())
		return err
	case RuleAnswer:
		return r.answer(ctx, by, one, do, in)
	case RuleWithdraw:
		f := r.desk.Check()
		f.Text("text", "理由", &in.Text, 4, maxRulingWords)
		v.Reason = in.Text
		return f.Err()
	}
	return r.kind.Own(ctx, by, at, one, do, in)
}

// served is the delivery of a paper to the firm. Fields number, day, text (how), paper (the receipt).
func (r *Rulings[T, S, D]) served(ctx context.Context, by policy.Actor, at At, do D, in Input, after calendar.Date) (*Paper, error) {
	f := r.desk.Check()
	f.Text("number", "文号", &in.Number, 2, maxRulingNumber)
	f.Past("day", "送达日期", in.Day, after)
	f.Text("text", "送达方式", &in.Text, 2, maxRulingNumber)
	of := Bearing{Target: r.kind.Name + "/" + at.ID, Slot: string(do)}
	if err := errors.Join(r.desk.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return nil, err
	}
	file, err := r.desk.Keep(ctx, by, do.Action(), in.Upload, "请上传送达回证或者签收照片")
	if err != nil {
		return nil, err
	}
	err = r.desk.TakeNumber(ctx, by, do, in.Number, of)
	return &Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, err
}

// said adds what somebody said today, with a paper or without. Fields text, paper.
func (r *Rulings[T, S, D]) said(ctx context.Context, by policy.Actor, do D, in Input, label string, to *[]Paper) error {
	if len(*to) >= maxRulingPapers {
		return fault.New("casework.said", fault.Conflict, label+"登记得太多了，请并在一起")
	}
	f := r.desk.Check()
	f.Text("text", label, &in.Text, 4, maxRulingWords)
	if err := f.Err(); err != nil {
		return err
	}
	paper := Paper{Day: r.desk.Today(), Text: in.Text, By: by.ID}
	if in.Upload != nil {
		file, err := r.desk.Keep(ctx, by, do.Action(), in.Upload, "")
		if err != nil {
			return err
		}
		paper.File = &file
	}
	*to = append(slices.Clone(*to), paper)
	return nil
}

// send brings a case before the joint review. Fields number, day, text (who took part), paper (the minutes).
func (r *Rulings[T, S, D]) send(ctx context.Context, by policy.Actor, at At, one *T, do D, in Input) error {
	v := r.kind.Ruling(one)
	state, _ := r.kind.Stands(one)
	file, err := r.MinutesOf(ctx, by, at, do, v.Clock.Due, &in)
	if err != nil {
		return err
	}
	v.Minutes, v.Reason = &Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, ""
	v.Approval, err = r.desk.Approvals().Open(by, r.kind.Chain, Subject(r.kind.Name, at), v.Approval, r.kind.Says(one))
	if err == nil && *state == RulingHearing {
		v.Clock = calendar.Deadline{}
	}
	return err
}

// MinutesOf checks and keeps the minutes of a joint review, which meets after a day: fields number, day, text, paper.
func (r *Rulings[T, S, D]) MinutesOf(ctx context.Context, by policy.Actor, at At, do D, after calendar.Date, in *Input) (files.Stored, error) {
	f := r.desk.Check()
	f.Text("number", "联审纪要文号", &in.Number, 2, maxRulingNumber)
	f.Past("day", "联审日期", in.Day, after)
	f.Text("text", "联审意见、参加单位（提前解除的写明理由）", &in.Text, 4, maxRulingWords)
	of := Bearing{Target: r.kind.Name + "/" + at.ID, Slot: string(do), Joint: true, Day: in.Day}
	if err := errors.Join(r.desk.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return files.Stored{}, err
	}
	file, err := r.desk.Keep(ctx, by, do.Action(), in.Upload, "请上传联审纪要")
	if err != nil {
		return files.Stored{}, err
	}
	return file, r.desk.TakeNumber(ctx, by, do, in.Number, of)
}

// answer says what came of the objection. Fields choice (uphold or dismiss), text, paper (optional).
func (r *Rulings[T, S, D]) answer(ctx context.Context, by policy.Actor, one *T, do D, in Input) error {
	if in.Choice != RuleUphold && in.Choice != RuleDismiss {
		return fault.InvalidFields("casework.answer", fault.Field{Name: "choice", Message: "请选择" + r.kind.Objection + "是否成立"})
	}
	var all []Paper
	if err := r.said(ctx, by, do, in, "答复和理由", &all); err != nil {
		return err
	}
	v := r.kind.Ruling(one)
	_, last := r.kind.Stands(one)
	v.Answer, v.Upheld, v.Clock, *last = &all[0], in.Choice == RuleUphold, calendar.Deadline{}, D(in.Choice)
	if v.Upheld {
		v.Reason = in.Text
	}
	return nil
}

// Sign signs, returns or refuses at the actor's seat, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait and for who drafted, served or heard the case, Invalid
// (current, reason), Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (r *Rulings[T, S, D]) Sign(ctx context.Context, by policy.Actor, at At, sign policy.Sign, password string) (store.Doc[T], error) {
	return r.sign(ctx, by, at, Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (r *Rulings[T, S, D]) SignOnPaper(ctx context.Context, by policy.Actor, at At, in policy.OnPaper, password string) (store.Doc[T], error) {
	return r.sign(ctx, by, at, Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (r *Rulings[T, S, D]) sign(ctx context.Context, by policy.Actor, at At, in Signature) (store.Doc[T], error) {
	on := func(one *T) (*policy.Approval, error) {
		_, err := r.next(one, RuleSign)
		return r.kind.Signing(one), err
	}
	return r.Cases.Sign(ctx, by, at, D(RuleSign).Title(), in, on, func(one *T, next policy.Approval) (err error) {
		v := r.kind.Ruling(one)
		if signed := next.Decisions[len(next.Decisions)-1]; signed.Move != policy.MoveConfirmPaper && signed.Move != policy.MoveRejectPaper {
			signer := by
			if signed.Paper != nil {
				signer = policy.Actor{ID: signed.Paper.Signer}
			}
			if err := policy.Separate(signer, policy.PartCheck, v.prepared()); err != nil {
				return err
			}
		}
		state, last := r.kind.Stands(one)
		did, own := D(RuleSign), false
		if r.kind.Signed != nil {
			did, own = r.kind.Signed(one, next)
		}
		if !own {
			v.Approval = &next
			switch next.State {
			case policy.ApprovalApproved:
				did = RuleApprove
			case policy.ApprovalRefused:
				did = RuleReject
			case policy.ApprovalReturned:
				did = RuleReturn
			}
		}
		*last = did
		*state, err = r.next(one, did)
		return err
	})
}

// Can reports whether the actor may do a step now, as far as state, clocks and rights say; what the form must hold is told by Do.
func (r *Rulings[T, S, D]) Can(ctx context.Context, by policy.Actor, one *T, do D) bool {
	if _, err := r.next(one, do); err != nil {
		return false
	}
	v := r.kind.Ruling(one)
	switch {
	case do == RuleSign:
		return r.desk.Approvals().MaySign(ctx, by, r.kind.Signing(one), v.Keys, v.Opened) && policy.Separate(by, policy.PartCheck, v.prepared()) == nil
	case do.Action() == policy.SignApproval || slices.Contains(ended, string(do)):
		return false
	}
	return r.desk.Guard.Allow(by, do.Action()) && r.waits(by, one, do) == nil
}
