package evidence

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// The periods of deadlines.yaml within which a proof is decided.
const (
	acceptRule  = "evidence.accept"
	reviewRule  = "evidence.review"
	correctRule = "evidence.correct"
	auditRule   = "evidence.audit"
	objectRule  = "evidence.object"
	answerRule  = "evidence.answer"
)

// Deadlines starts a period of deadlines.yaml; cmd wires rules and calendar. Returns NotFound for an unknown rule.
type Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)

// Service keeps windows and proofs. It implements supervision.Readings and is safe for concurrent use.
type Service struct {
	db        *store.DB
	guard     *policy.Guard
	places    supervision.Places
	keeper    *files.Keeper
	deadlines Deadlines
	windows   *store.Collection[Window]
	rows      *store.Collection[Proof]
	draws     *store.Collection[Draw]
	desk      supervision.Desk[Proof]
	drafts    *store.EphemeralCollection[Draft]
	// others tells which files others hold loose; nil: nobody does.
	others func(ctx context.Context) ([]files.Stored, error)
	// kept are, by source, those who tell whether they hold what is asked.
	kept map[string]Holds
}

// Holds tells whether a source has records of what a firm did in a project in some days.
type Holds func(ctx context.Context, project, firm string, days calendar.Span) (bool, error)

// Keep lets a source tell what it holds: what is asked of which it has records is not asked for (免报). Call it before the first request.
func (s *Service) Keep(source string, holds Holds) {
	if s.kept == nil {
		s.kept = map[string]Holds{}
	}
	s.kept[source] = holds
}

// holds reports whether the system holds what is asked of a firm in a project.
func (s *Service) holds(ctx context.Context, ask supervision.Ask, project, firm string, days calendar.Span) (bool, error) {
	if tells := s.kept[ask.Held]; tells != nil && firm != "" {
		return tells(ctx, project, firm, days)
	}
	return false, nil
}

// proofKind is the kind of proof documents.
const proofKind = "proof"

// The names of the indexes of proofs.
const (
	byWork    = "by-work"
	byScope   = "by-scope"
	byContent = "by-content"
	counting  = "counting"
)

// proofDocument is how proofs are stored and listed.
func proofDocument() store.Kind[Proof] {
	submitted := func(_ string, p *Proof) string { return p.Submitted.At.String() }
	return store.Kind[Proof]{
		Name: proofKind, Version: 1,
		Indexes: []store.Index[Proof]{
			// What waits for a decision, by stage and scope key, what is due first on top.
			{Name: byWork, Keys: func(_ string, p *Proof) []string {
				stage := p.Stage()
				if stage == StageNone {
					return nil
				}
				var keys []string
				for _, key := range supervision.ListKeys(p.Keys) {
					keys = append(keys, string(stage)+"/"+key)
				}
				return keys
			}, Sort: func(_ string, p *Proof) string {
				due := "9999-99-99"
				if p.Due.Resolved() {
					due = p.Due.Due.String()
				}
				return due + " " + p.Submitted.At.String()
			}},
			// All, by scope key and by period and scope key.
			{Name: byScope, Keys: func(_ string, p *Proof) []string {
				var keys []string
				for _, key := range supervision.ListKeys(p.Keys) {
					keys = append(keys, key, p.Period+"/"+key)
				}
				return keys
			}, Sort: submitted},
			// What was said about one fact of one project, and where a file or a copy of it stands, over all periods.
			{Name: byContent, Keys: func(_ string, p *Proof) []string {
				keys := []string{factKey(p.Project, p.Ask.Fact)}
				if p.State == Withdrawn {
					return keys // What was taken back was not used.
				}
				for _, f := range p.Files {
					keys = append(keys, fileKeys(f, files.LookKeys)...)
				}
				slices.Sort(keys)
				return slices.Compact(keys)
			}, Sort: submitted},
			// For readings: what counted at some time may count no more.
			{Name: counting, Keys: func(_ string, p *Proof) []string {
				var keys []string
				for _, day := range p.Counted {
					keys = append(keys, supervision.CountingKeys(day)...)
				}
				return keys
			}},
		},
	}
}

// factKey is the key under which what was said about a fact of a project is listed.
func factKey(project, fact string) string { return "f/" + project + "/" + fact }

// NewService opens windows and proofs on a store.
func NewService(ctx context.Context, db *store.DB, guard *policy.Guard, places supervision.Places, keeper *files.Keeper, deadlines Deadlines) (*Service, error) {
	s := &Service{db: db, guard: guard, places: places, keeper: keeper, deadlines: deadlines}
	var err error
	if s.windows, err = store.NewCollection(ctx, db, windowDocument()); err != nil {
		return nil, err
	}
	if s.rows, err = store.NewCollection(ctx, db, proofDocument()); err != nil {
		return nil, err
	}
	if s.draws, err = store.NewCollection(ctx, db, store.Kind[Draw]{Name: "proof-draw", Version: 1}); err != nil {
		return nil, err
	}
	s.desk = supervision.Desk[Proof]{Guard: guard, Rows: s.rows, Place: func(p *Proof) ([]string, calendar.Date) { return p.Keys, p.Day }, Outdated: s.outdated}
	s.drafts, err = store.NewEphemeral[Draft](db, "proof-draft")
	return s, err
}

// Submission is what a firm hands in.
type Submission struct {
	// Period is the id of the window, Project that of the project, Fact that of the ask.
	Period, Project, Fact string
	// Cells are what is said, Day is the date of the fact, Note a free remark.
	Cells []supervision.Cell
	Day   calendar.Date
	Note  string
	// Files were taken in before, by Attach or by the keeper.
	Files []files.Stored
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Submit takes a proof in. Returns Forbidden without SubmitEvidence, NotFound for a period, or for a project that was not the actor's on the day of the fact;
// Conflict with the reason if the window is closed or the system holds what is asked (免报); Invalid for refused fields (day, note, files, fact, cells.<column>).
func (s *Service) Submit(ctx context.Context, by policy.Actor, in Submission) (store.Doc[Proof], error) {
	const op = "evidence.Submit"
	none := store.Doc[Proof]{}
	scope, err := s.desk.Scope(ctx, by, policy.SubmitEvidence)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.SubmitEvidence), Idem: in.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	window, err := s.window(ctx, in.Period)
	if err != nil {
		return none, err
	}
	if err := window.State.Open(s.db.Now()); err != nil {
		return none, err
	}
	ask, ok := window.State.Ask(in.Fact)
	if !ok {
		return none, fault.InvalidFields(op, fault.Field{Name: "fact", Message: window.State.Title + "没有要求提交这项材料，请从材料清单进入"})
	}
	p := Proof{Period: in.Period, Title: window.State.Title, Ask: ask, Project: in.Project}
	if err := s.fill(ctx, op, scope, window.State, &p, in); err != nil {
		return none, err
	}
	switch held, err := s.holds(ctx, ask, p.Project, p.Firm, window.State.Days); {
	case err != nil:
		return none, err
	case held:
		return none, fault.New(op, fault.Conflict, "“"+ask.Name+"”系统里已有，免报："+p.ProjectName+"这一期以系统里的记录为准，不用提交材料")
	}
	if err := s.keeper.Stay(ctx, meta, p.Files); err != nil {
		return none, err
	}
	id := s.db.NewID(meta)
	p.Receipt = receipt(id, journal.At(s.db.Now()))
	if err := s.sent(by, &p, MoveSubmit); err != nil {
		return none, err
	}
	return s.desk.Commit(ctx, meta, id, 0, p)
}

// Correct hands a returned proof in again, as long as Window.For says. Period, Project and Fact of the submission are those of the proof and ignored. Errors as those of
// Submit; Conflict also if it was not returned or somebody was quicker.
func (s *Service) Correct(ctx context.Context, by policy.Actor, at supervision.At, in Submission) (store.Doc[Proof], error) {
	return s.desk.Change(ctx, by, policy.SubmitEvidence, at, "", func(scope policy.Scope, p *Proof) error {
		if _, err := p.State.next(MoveCorrect); err != nil {
			return err
		}
		window, err := s.window(ctx, p.Period)
		if err != nil {
			return err
		}
		if err := window.State.For(*p).Open(s.db.Now()); err != nil {
			return err
		}
		if err := s.fill(ctx, "evidence.Correct", scope, window.State, p, in); err != nil {
			return err
		}
		if err := s.keeper.Stay(ctx, store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, p.Files); err != nil {
			return err
		}
		return s.sent(by, p, MoveCorrect)
	})
}

// Withdraw takes back a proof that its community has not accepted. Returns Forbidden without SubmitEvidence, NotFound outside the scope, Conflict if it was
// decided or somebody was quicker.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Proof], error) {
	return s.desk.Change(ctx, by, policy.SubmitEvidence, at, "", func(_ policy.Scope, p *Proof) error {
		next, err := p.State.next(MoveWithdraw)
		p.State, p.Last = next, MoveWithdraw
		return err
	})
}

// fill takes over what was said, and checks it and who held the project on that day.
func (s *Service) fill(ctx context.Context, op string, scope policy.Scope, w Window, p *Proof, in Submission) error {
	if in.Day.IsZero() {
		return fault.InvalidFields(op, append([]fault.Field{{Name: "day", Message: "请填写事情发生的日期，不是上传的日期"}}, said(p.Ask, in)...)...)
	}
	place, err := s.places.Place(ctx, p.Project, in.Day)
	if err != nil {
		return err
	}
	if err := scope.Require(op, place.Keys(), in.Day); err != nil {
		return err
	}
	p.ProjectName, p.Firm, p.FirmName, p.Keys = place.Name, place.Firm, place.FirmName, place.Keys()
	p.Cells, p.Day, p.Note, p.Files = in.Cells, in.Day, strings.TrimSpace(in.Note), in.Files
	var bad []fault.Field
	today := calendar.DateOf(s.db.Now())
	switch {
	case in.Day.Compare(today) > 0:
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("日期 %s 还没有到，今天是 %s", in.Day.Chinese(), today.Chinese())})
	case !w.Days.Has(in.Day):
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("日期 %s 不在%s（%s至%s）之内", in.Day.Chinese(), w.Title, w.Days.First.Chinese(), w.Days.Last.Chinese())})
	case place.Firm == "":
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("%s没有企业管理%s，请核对日期", in.Day.Chinese(), place.Name)})
	}
	if bad = append(bad, said(p.Ask, in)...); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	return nil
}

// maxNote is the longest remark, in characters.
const maxNote = 200

// said checks cells, remark and files.
func said(ask supervision.Ask, in Submission) []fault.Field {
	bad := supervision.CheckCells(ask, in.Cells, in.Day)
	switch n := utf8.RuneCountInString(strings.TrimSpace(in.Note)); {
	case n > maxNote:
		bad = append(bad, fault.Field{Name: "note", Message: fmt.Sprintf("说明最多 %d 个字，现在有 %d 个", maxNote, n)})
	case supervision.PrivateNumber(in.Note):
		bad = append(bad, fault.Field{Name: "note", Message: "说明里有电话或身份证号码，请删去"})
	}
	switch {
	case ask.Uploads > 0 && len(in.Files) == 0:
		bad = append(bad, fault.Field{Name: "files", Message: "请上传材料，至少 1 个文件"})
	case len(in.Files) > MaxFiles:
		bad = append(bad, fault.Field{Name: "files", Message: fmt.Sprintf("最多 %d 个文件，现在有 %d 个", MaxFiles, len(in.Files))})
	}
	return bad
}

// sent marks a proof as handed in by the firm.
func (s *Service) sent(by policy.Actor, p *Proof, move Move) error {
	next, err := p.State.next(move)
	if err != nil {
		return err
	}
	p.State, p.Last, p.Reason, p.Concern, p.Sampled, p.Reused = next, move, "", "", false, false
	p.Submitted = supervision.HandOf(s.guard.Rules(), by, policy.SubmitEvidence, journal.At(s.db.Now()))
	if p.Due, err = s.deadlines(acceptRule, calendar.DateOf(s.db.Now())); err != nil {
		return err
	}
	return p.act(by.ID, policy.PartMake)
}

// Decision is what a reviewer decides.
type Decision struct {
	// Move is one of the moves of the stage.
	Move Move
	// Reason is required unless the proof is accepted, confirmed or upheld.
	Reason string
	// Concern, with MoveAccept, asks the bureau to look at the proof; at most 200 characters, "" for none.
	Concern string
}

// Decide is what community, bureau, and who audits or answers an objection do. Returns Forbidden without the right of the stage, or for somebody who took an earlier part; NotFound outside the scope;
// Invalid without a reason where one is required; Conflict, naming the office, if somebody was quicker, or if the state does not allow the move.
func (s *Service) Decide(ctx context.Context, by policy.Actor, at supervision.At, in Decision) (store.Doc[Proof], error) {
	const op = "evidence.Decide"
	none := store.Doc[Proof]{}
	in.Reason, in.Concern = strings.TrimSpace(in.Reason), strings.TrimSpace(in.Concern)
	if !slices.Contains(decisions(), in.Move) {
		return none, fault.InvalidFields(op, fault.Field{Name: "move", Message: "请选择办理意见"})
	}
	action, err := s.actionOf(by, in.Move)
	if err != nil {
		return none, err
	}
	if !in.Move.plain() {
		if err := supervision.CheckReason(op, in.Reason); err != nil {
			return none, err
		}
	}
	if in.Concern != "" {
		if n := utf8.RuneCountInString(in.Concern); n > supervision.MaxReason || in.Move != MoveAccept {
			return none, fault.InvalidFields(op, fault.Field{Name: "concern", Message: "请住建局复核的事由最多 200 个字，并且只在通过时填写"})
		}
	}
	return s.desk.Change(ctx, by, action, at, in.Reason, func(_ policy.Scope, p *Proof) error { return s.decide(ctx, by, at, in, p) })
}

// actionOf is the right that a move needs; a return may be the community's or the bureau's, whichever the actor is.
func (s *Service) actionOf(by policy.Actor, move Move) (policy.Action, error) {
	action := policy.AcceptEvidence
	switch move {
	case MoveConfirm, MoveOverturn:
		action = policy.ReviewEvidence
	case MoveUphold, MoveTakeBack, MoveRestore, MoveForfeit:
		action = policy.AuditEvidence
	case MoveReturn:
		if !s.guard.Allow(by, action) && s.guard.Allow(by, policy.ReviewEvidence) {
			action = policy.ReviewEvidence
		}
	}
	return action, s.guard.Require(by, action)
}

// decide takes the step on a loaded proof.
func (s *Service) decide(ctx context.Context, by policy.Actor, at supervision.At, in Decision, p *Proof) error {
	stage := p.Stage()
	if stage == StageNone && p.State == Accepted {
		stage = StageBureau // The bureau may look at any.
	}
	next, err := p.State.next(in.Move)
	switch {
	case err != nil:
		return err
	case stage == StageAudit && !slices.Contains(stage.Moves(), in.Move):
		return fault.New("evidence.decide", fault.Conflict, "这件材料已抽中抽查，只能由抽查人员维持或者追回")
	case !slices.Contains(stage.Moves(), in.Move):
		return fault.New("evidence.decide", fault.Conflict, fmt.Sprintf("这件材料没有抽中抽查，不能办理“%s”", in.Move))
	}
	parts := []policy.Part{policy.PartCheck, stage.part()}
	if err := s.guard.Require(by, stage.action()); err != nil {
		return err
	}
	for _, part := range parts {
		if err := policy.Separate(by, part, p.Acts); err != nil {
			return err
		}
	}
	hand := supervision.HandOf(s.guard.Rules(), by, stage.action(), journal.At(s.db.Now()))
	p.State, p.Last, p.Reason = next, in.Move, in.Reason
	today := calendar.DateOf(s.db.Now())
	switch stage {
	case StageBureau:
		p.Reviewed = hand
	case StageAudit:
		p.Audit = &Audit{Drawn: p.Audit.Drawn, Decided: hand, Reason: in.Reason}
		if in.Move == MoveTakeBack {
			if p.Due, err = s.deadlines(objectRule, today); err != nil {
				return err
			}
		}
	case StageAnswer:
		audit := *p.Audit
		audit.Answered, audit.Answer = hand, in.Reason
		p.Audit = &audit
	default:
		p.Decided = hand
	}
	if in.Move == MoveReturn {
		if p.Due, err = s.deadlines(correctRule, today); err != nil {
			return err
		}
	}
	if in.Move == MoveAccept {
		if !slices.Contains(p.Counted, p.Day) {
			p.Counted = append(p.Counted[:len(p.Counted):len(p.Counted)], p.Day)
		}
		found, err := s.alike(ctx, at.ID, p, 1)
		if err != nil {
			return err
		}
		p.Reused = len(found) > 0
		if p.Concern = in.Concern; p.Concern == "" && !p.Reused {
			p.Sampled = s.drawn(at)
		}
		if p.Due, err = s.deadlines(reviewRule, today); err != nil {
			return err
		}
	}
	return p.act(by.ID, parts...)
}

// sampleOneIn is the share that the bureau reviews: 20 %.
const sampleOneIn = 5

// drawn tells whether the draw falls on the record that accepts a proof.
func (s *Service) drawn(at supervision.At) bool {
	stream, err := journal.StreamKey(proofKind, at.ID)
	if err != nil {
		return false
	}
	digits := s.db.MAC("evidence/sample", journal.RecordID(stream, at.Seq+1))
	n, err := strconv.ParseUint(digits[:15], 16, 64)
	return err == nil && n%sampleOneIn == 0
}

// Undo takes back a decision within ten minutes, by who made it. Returns NotFound outside the scope, Forbidden for anybody else, Conflict if the time is over, if
// the last move was no decision, or if somebody was quicker.
func (s *Service) Undo(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Proof], error) {
	const op = "evidence.Undo"
	none := store.Doc[Proof]{}
	action := policy.AcceptEvidence
	for _, other := range []policy.Action{policy.ReviewEvidence, policy.AuditEvidence} {
		if !s.guard.Allow(by, action) {
			action = other
		}
	}
	return s.desk.Change(ctx, by, action, at, string(MoveUndo), func(_ policy.Scope, p *Proof) error {
		hand := p.decided()
		if _, err := p.State.next(MoveUndo); err != nil {
			return err
		}
		switch {
		case hand.By == "":
			return fault.New(op, fault.Conflict, fmt.Sprintf("这件材料现在是“%s”，没有可以撤回的决定", p.State.Title()))
		case hand.By != by.ID:
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "只有作出决定的人可以撤回", Rule: "佐证材料规则：决定由本人在十分钟内撤回"}
		case s.db.Now().Sub(hand.At.Time) > UndoFor:
			return fault.New(op, fault.Conflict, "决定已过十分钟，不能撤回；请住建局复核或者通知企业补正")
		}
		before := none
		for change, err := range s.rows.History(ctx, at.ID) {
			if err != nil {
				return err
			}
			if change.Seq == at.Seq-1 {
				before = change.Doc
			}
		}
		if before.ID == "" {
			return fault.New(op, fault.Internal, "找不到决定之前的内容")
		}
		*p = before.State
		p.Last = MoveUndo
		return nil
	})
}

// outdated says which office was quicker, and with what.
func (s *Service) outdated(p *Proof) error {
	who := "企业"
	if hand := p.decided(); hand.Office != "" {
		who = hand.Office
		if info, ok := s.guard.Rules().Role(policy.Role(hand.Office)); ok {
			who = info.Title
		}
	}
	if p.Last == MoveUndo {
		return fault.New("evidence.outdated", fault.Conflict, "这件材料的决定刚被撤回，请刷新后再办")
	}
	return fault.New("evidence.outdated", fault.Conflict, fmt.Sprintf("%s刚才已对这件材料办理“%s”，你的操作没有生效，请看下一件", who, p.Last))
}

// hashText is a record hash as readings give it.
func hashText(h journal.Hash) string { return hex.EncodeToString(h[:]) }

// Uses counts the proofs under a scope key that were written since a moment: “3 件佐证材料”, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return supervision.UsesSince(ctx, s.rows, byScope, key, since, "件佐证材料")
}
