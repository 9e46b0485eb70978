package inspection

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Levels tells the service level that a project's contract agrees on. The register implements it.
type Levels interface {
	// ServiceLevel returns 一级, 二级, 三级 or 无等级 (also if no contract runs on that day).
	ServiceLevel(ctx context.Context, project string, on calendar.Date) (string, error)
}

// Crew tells who may be sent. policy.Service implements it.
type Crew interface {
	// Person returns NotFound if there is no such account.
	Person(ctx context.Context, id string) (policy.Actor, error)
}

// Config is what Visits needs; every field but Asked and Draw is required.
type Config struct {
	DB     *store.DB
	Guard  *policy.Guard
	Places supervision.Places
	Levels Levels
	Crew   Crew
	Sheets *Sheets
	// Asked tells what lies near a cut in the present evaluation of a rating period that asks for a second scoring by others; nil: nobody asks for that.
	Asked func(ctx context.Context) ([]Asked, error)
	// Draw, if not nil, decides in place of the keyed hash which visits are scored a second time (see Falls); only tests have one.
	Draw func(visit string, percent int64) bool
}

// duty says what the sheets of a service are about: the names under which they are kept, the rights that they ask for, and whether they are records of administrative inspections.
type duty struct {
	visit, answer, sheet string
	read, do             policy.Action
	formal               bool
}

// visitDuty is 走访评价, recordDuty the records of 行政检查; nothing of the one is ever found among the other.
var (
	visitDuty  = duty{visitKind, answerKind, sheetKind, policy.ReadVisit, policy.DoVisit, false}
	recordDuty = duty{"inspection-record", "inspection-answer", "inspection-sheet", policy.DoInspection, policy.DoInspection, true}
)

// Visits keeps visits and their answers. It implements supervision.Readings and is safe for concurrent use.
type Visits struct {
	Config
	duty    duty
	visits  *store.Collection[Visit]
	desk    supervision.Desk[Visit]
	answers *store.Collection[Answer]
	kept    *store.Collection[Sheet]
	// read holds the kept sheets by fingerprint, which never change: every answer needs one.
	read sync.Map
}

const (
	visitKind  = "visit"
	answerKind = "visit-answer"
	sheetKind  = "visit-sheet"
	// visitsPerPage is a page of every list of visits.
	visitsPerPage = 50
	maxOfficers   = 4
	maxActs       = 60
)

// The names of the indexes of visits and answers.
const (
	byDay    = "by-day"
	byWork   = "by-work"
	counting = "counting"
	byItem   = "by-item"
)

// visitDocument is how visits are stored and listed.
func visitDocument(name string) store.Kind[Visit] {
	return store.Kind[Visit]{
		Name: name, Version: 1,
		Indexes: []store.Index[Visit]{
			// All, by scope key and by scope key with quarter.
			{Name: byDay, Keys: func(_ string, v *Visit) []string {
				var keys []string
				for _, key := range supervision.ListKeys(v.Keys) {
					keys = append(keys, key, key+"/"+calendar.QuarterOf(v.Day).String())
				}
				return keys
			}, Sort: func(_ string, v *Visit) string { return v.place() }},
			// What is to be done by its officers, what waits for review by scope key, what was drawn by quarter.
			{Name: byWork, Keys: func(_ string, v *Visit) []string {
				var keys []string
				if v.State == Submitted {
					keys = supervision.ListKeys(v.Keys)
				}
				if v.Drawn {
					keys = append(keys, drawnKey(calendar.QuarterOf(v.Day)))
				}
				// Who scores a second time is kept from the first answers until the second are accepted.
				if v.State.Open() || v.State == Submitted && v.Again != "" {
					for _, officer := range v.Officers {
						keys = append(keys, officerKey(officer))
					}
				}
				return keys
			}, Sort: func(_ string, v *Visit) string { return v.place() }},
			// What counts, for readings.
			{Name: counting, Keys: func(_ string, v *Visit) []string {
				if v.State != Accepted || v.Aside {
					return nil
				}
				return supervision.CountingKeys(v.counts())
			}},
		},
	}
}

func officerKey(officer string) string { return "officer/" + officer }

// drawnKey lists the visits of a quarter that were drawn.
func drawnKey(q calendar.Quarter) string { return "drawn/" + q.String() }

// place orders visits by day and by their place in the day's list.
func (v *Visit) place() string { return fmt.Sprintf("%s %04d", v.Day, v.Order) }

// answerDocument is how answers are stored; they are listed to find the last result of the same item.
func answerDocument(name string) store.Kind[Answer] {
	return store.Kind[Answer]{
		Name: name, Version: 1,
		Indexes: []store.Index[Answer]{{
			Name: byItem,
			Keys: func(_ string, a *Answer) []string { return []string{a.Project + "/" + a.Series + "/" + a.Item} },
			Sort: func(_ string, a *Answer) string { return a.Day.String() + " " + a.Given.At.String() },
		}},
	}
}

// NewVisits opens visits on a store.
func NewVisits(ctx context.Context, c Config) (*Visits, error) { return newVisits(ctx, c, visitDuty) }

func newVisits(ctx context.Context, c Config, d duty) (*Visits, error) {
	s := &Visits{Config: c, duty: d}
	var err error
	if s.visits, err = store.NewCollection(ctx, c.DB, visitDocument(d.visit)); err != nil {
		return nil, err
	}
	s.desk = supervision.Desk[Visit]{Guard: c.Guard, Rows: s.visits, Place: func(v *Visit) ([]string, calendar.Date) { return v.rowKeys(), v.Day }, Reach: s.reach, Outdated: func(*Visit) error {
		return fault.New("inspection.outdated", fault.Conflict, "这次走访刚被别人办过，请刷新后再办")
	}}
	if s.answers, err = store.NewCollection(ctx, c.DB, answerDocument(d.answer)); err != nil {
		return nil, err
	}
	s.kept, err = store.NewCollection(ctx, c.DB, store.Kind[Sheet]{Name: d.sheet, Version: 1})
	return s, err
}

// PlanVisit is a visit to be planned.
type PlanVisit struct {
	// Project is the id of the project, Series the series of the sheet.
	Project, Series string
	// Day is the planned day, not before today; Order the place in the day's list, 1 to 9999.
	Day   calendar.Date
	Order int64
	// Assessor says who scores, Officers are account ids; the first leads.
	Assessor Assessor
	Officers []string
	// Again is the visit that is to be scored a second time, "" for none; then Project and Series are those of that one. For is the rating period in which its project lies near a cut, "" for
	// one that was drawn.
	Again, For string
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Plan puts a visit on the list of its officers. Returns Forbidden without PlanVisit, NotFound for a project outside the scope, Invalid for refused fields (series,
// day, order, officers), Conflict for a second scoring that nobody drew and whose project is near no cut, or that is planned already.
func (s *Visits) Plan(ctx context.Context, by policy.Actor, in PlanVisit) (store.Doc[Visit], error) {
	const op = "inspection.Plan"
	none := store.Doc[Visit]{}
	scope, err := s.desk.Scope(ctx, by, policy.PlanVisit)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.PlanVisit), Idem: in.Idem}
	if doc, done, err := s.visits.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	v := Visit{Project: in.Project, Series: in.Series, Assessor: in.Assessor, Day: in.Day, Order: in.Order, Officers: in.Officers, Again: in.Again}
	if v.Again != "" {
		first, err := s.desk.Load(ctx, op, scope, v.Again)
		if err != nil {
			return none, err
		}
		v.Project, v.Series, v.Assessor = first.State.Project, first.State.Series, first.State.Assessor
		if v.For = in.For; v.For != "" {
			v.CountsOn = first.State.Day
			if err := s.wanted(ctx, v.For, &first.State); err != nil {
				return none, err
			}
		}
	}
	if err := s.locate(ctx, op, scope, &v); err != nil {
		return none, err
	}
	if err := s.checkPlan(ctx, op, &v); err != nil {
		return none, err
	}
	if v.State, err = v.State.step(stepPlan); err != nil {
		return none, err
	}
	id := s.DB.NewID(meta)
	if v.Again != "" {
		if err := s.claimAgain(ctx, meta, v.Again, id); err != nil {
			return none, err
		}
	}
	return s.visits.Commit(ctx, meta, id, 0, v)
}

// dayOf is the day of a visit, today for one that has none yet: checkPlan refuses it, and what else is wrong is told with it.
func (s *Visits) dayOf(v *Visit) calendar.Date {
	if v.Day.IsZero() {
		return calendar.DateOf(s.DB.Now())
	}
	return v.Day
}

// locate stamps where the project lies on the day and checks that the scope reaches it.
func (s *Visits) locate(ctx context.Context, op string, scope policy.Scope, v *Visit) error {
	place, err := s.Places.Place(ctx, v.Project, s.dayOf(v))
	if err != nil {
		return err
	}
	v.Name, v.Firm, v.Keys = place.Name, place.Firm, place.Keys()
	return scope.Require(op, v.rowKeys(), s.dayOf(v))
}

// checkPlan checks day, order, sheet and officers.
func (s *Visits) checkPlan(ctx context.Context, op string, v *Visit) error {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if today := calendar.DateOf(s.DB.Now()); v.Day.IsZero() {
		fail("day", "请填写走访日期")
	} else if v.Day.Compare(today) < 0 {
		fail("day", "走访日期 %s 已经过去，今天是 %s", v.Day.Chinese(), today.Chinese())
	}
	if v.Order < 1 || v.Order > 9999 {
		fail("order", "顺序要在 1 至 9999 之间，现在是 %d", v.Order)
	}
	if !slices.Contains(Assessors(), v.Assessor) {
		fail("assessor", "没有“%s”这种评价", v.Assessor)
	}
	persons := s.Sheets.persons(v.Series)
	if persons == 0 {
		fail("series", "没有“%s”这种评价表", v.Series)
	}
	if n := int64(len(v.Officers)); n < persons || n > maxOfficers {
		fail("officers", "这张表要 %d 至 %d 人走访并签名，现在有 %d 人", max(persons, 1), maxOfficers, n)
	}
	for k, id := range v.Officers {
		if slices.Contains(v.Officers[:k], id) {
			fail("officers", "同一个人选了两次")
			continue
		}
		message, err := s.unfit(ctx, id, v)
		if err != nil {
			return err
		}
		if message != "" {
			fail("officers", "%s", message)
		}
	}
	more, err := s.againFaults(ctx, v)
	if err != nil {
		return err
	}
	if bad = append(bad, more...); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	return nil
}

// Move changes day, place in the list and officers of a visit that has not begun. Returns what Plan returns, and Conflict if it has begun or somebody was first.
func (s *Visits) Move(ctx context.Context, by policy.Actor, at supervision.At, day calendar.Date, order int64, officers []string) (store.Doc[Visit], error) {
	const op = "inspection.Move"
	return s.desk.Change(ctx, by, policy.PlanVisit, at, "", func(scope policy.Scope, v *Visit) (err error) {
		if v.State, err = v.State.step(stepMove); err != nil {
			return err
		}
		v.Day, v.Order, v.Officers = day, order, officers
		if err := s.locate(ctx, op, scope, v); err != nil {
			return err
		}
		return s.checkPlan(ctx, op, v)
	})
}

// Cancel takes a visit off the list. Returns Forbidden without PlanVisit, NotFound outside the scope, Invalid without a reason, Conflict once it was signed by all or
// somebody was first.
func (s *Visits) Cancel(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Visit], error) {
	if err := s.Guard.Require(by, policy.PlanVisit); err != nil {
		return store.Doc[Visit]{}, err
	}
	if err := supervision.CheckReason("inspection.Cancel", reason); err != nil {
		return store.Doc[Visit]{}, err
	}
	return s.desk.Change(ctx, by, policy.PlanVisit, at, strings.TrimSpace(reason), func(_ policy.Scope, v *Visit) (err error) {
		v.Reason = strings.TrimSpace(reason)
		v.State, err = v.State.step(stepCancel)
		return err
	})
}

// Start begins a visit today: the sheet for the contract's service level is chosen and kept. Returns Forbidden without DoVisit, NotFound outside the scope or for
// somebody whom the visit does not name, Invalid if there is no sheet, Conflict if it has begun or somebody was first.
func (s *Visits) Start(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Visit], error) {
	const op = "inspection.Start"
	return s.desk.Change(ctx, by, s.acting(by, s.duty.do), at, "", func(scope policy.Scope, v *Visit) error {
		if err := v.mine(by); err != nil {
			return err
		}
		var err error
		if v.State, err = v.State.step(stepStart); err != nil {
			return err
		}
		v.Day = calendar.DateOf(s.DB.Now())
		if err := s.locate(ctx, op, scope, v); err != nil {
			return err
		}
		if v.Assessor != OwnPeople { // whom the firm changed to meanwhile does not score itself
			if message, err := s.unfit(ctx, by.ID, v); err != nil || message != "" {
				return errors.Join(err, fault.New(op, fault.Conflict, message))
			}
		}
		if bad, err := s.againFaults(ctx, v); err != nil || len(bad) > 0 {
			return errors.Join(err, refusedAgain(bad))
		}
		level, err := s.Levels.ServiceLevel(ctx, v.Project, v.Day)
		if err != nil {
			return err
		}
		sheet, hash, err := s.Sheets.Pick(v.Series, level, v.Day)
		if err != nil {
			return err
		}
		v.Sheet = SheetRef{ID: sheet.ID, Version: sheet.Version, Title: sheet.Title, Level: level, Hash: hash, Items: sheet.Count()}
		return s.keep(ctx, by, hash, sheet)
	})
}

// keep stores a sheet under its fingerprint, once.
func (s *Visits) keep(ctx context.Context, by policy.Actor, hash string, sheet Sheet) error {
	if _, err := s.kept.Load(ctx, hash); !fault.Is(err, fault.NotFound) {
		return err
	}
	_, err := s.kept.Commit(ctx, store.Meta{By: by.ID, Action: string(s.duty.do)}, hash, 0, sheet)
	if fault.Is(err, fault.Conflict) {
		return nil // another visit began at this moment: the same fingerprint is the same sheet
	}
	return err
}

// sheetOf is the sheet by which a visit is answered; nobody may change it. Returns Conflict if the visit has not begun.
func (s *Visits) sheetOf(ctx context.Context, v *Visit) (*Sheet, error) {
	if v.Sheet.Hash == "" {
		return nil, fault.New("inspection.sheetOf", fault.Conflict, "这次走访还没有开始")
	}
	if known, ok := s.read.Load(v.Sheet.Hash); ok {
		return known.(*Sheet), nil
	}
	doc, err := s.kept.Load(ctx, v.Sheet.Hash)
	if err != nil {
		return nil, fault.Wrap("inspection.sheetOf", fault.Internal, "评价表没有保存下来", err)
	}
	s.read.Store(v.Sheet.Hash, &doc.State)
	return &doc.State, nil
}

// Ready says whether an answer would be taken, so that nobody's photos are kept for one that is not; photos of in are only counted. done says that this very request took
// effect before. Returns what Reply returns.
func (s *Visits) Ready(ctx context.Context, by policy.Actor, visit, item string, in Found, idem *store.Idem) (done bool, err error) {
	_, done, err = s.prepare(ctx, by, visit, item, in, idem, true)
	return done, err
}

// Reply gives one answer, or changes it while the visit is being answered. The key of idem is the phone's own for this answer: sent twice, it counts once. Returns
// Forbidden without DoVisit, NotFound outside the scope, for an unknown item and for somebody whom the visit does not name, Invalid for refused fields (value, lost,
// where, note, photos), Conflict if the visit takes no answers.
func (s *Visits) Reply(ctx context.Context, by policy.Actor, visit, item string, in Found, idem *store.Idem) (store.Doc[Answer], error) {
	a, done, err := s.prepare(ctx, by, visit, item, in, idem, false)
	if err != nil || done {
		return a, err
	}
	// Nearly every answer is the first to its item; whether it is, the store decides.
	doc, err := s.answers.Commit(ctx, s.replyMeta(by, idem), visit+"/"+item, 0, a.State)
	if !fault.Is(err, fault.Conflict) {
		return doc, err
	}
	head, headErr := s.answers.Head(ctx, visit+"/"+item)
	if headErr != nil {
		return store.Doc[Answer]{}, errors.Join(err, headErr)
	}
	return s.answers.Commit(ctx, s.replyMeta(by, idem), visit+"/"+item, head.Seq, a.State)
}

// shut is the Conflict of a sheet that takes nothing any more; said says it of a visit.
func (d duty) shut(op, said string) error {
	if d.formal {
		said = "现场检查笔录已经签完，不能再改"
	}
	return fault.New(op, fault.Conflict, said)
}

func (s *Visits) replyMeta(by policy.Actor, idem *store.Idem) store.Meta {
	return store.Meta{By: by.ID, Action: string(s.duty.do), Idem: idem}
}

// prepare checks an answer and gives what would be stored, or (done) what the same request stored before.
func (s *Visits) prepare(ctx context.Context, by policy.Actor, visit, item string, in Found, idem *store.Idem, counted bool) (a store.Doc[Answer], done bool, err error) {
	const op = "inspection.Reply"
	scope, err := s.desk.Scope(ctx, by, s.acting(by, s.duty.do))
	if err != nil {
		return a, false, err
	}
	if a, done, err := s.answers.Replay(ctx, s.replyMeta(by, idem)); err != nil || done {
		return a, done, err
	}
	doc, err := s.desk.Load(ctx, op, scope, visit)
	if err != nil {
		return a, false, err
	}
	v := doc.State
	if err := v.mine(by); err != nil {
		return a, false, err
	}
	if !v.State.Answers() {
		return a, false, s.duty.shut(op, fmt.Sprintf("这次走访现在是“%s”，不能再改答案", v.State.Title()))
	}
	sheet, err := s.sheetOf(ctx, &v)
	if err != nil {
		return a, false, err
	}
	what, _, ok := sheet.Find(item)
	if !ok {
		return a, false, fault.New(op, fault.NotFound, "这张表没有第 "+item+" 项")
	}
	in.Where, in.Note = strings.TrimSpace(in.Where), strings.TrimSpace(in.Note)
	if in.Value == Fail && in.Lost == 0 {
		in.Lost = what.Losses()[len(what.Losses())-1]
	}
	if bad := what.faults(in, counted); len(bad) > 0 {
		return a, false, fault.InvalidFields(op, bad...)
	}
	a.State = Answer{Visit: visit, Project: v.Project, Series: v.Series, Item: item, Day: v.Day, Value: in.Value, Lost: in.Lost, Where: in.Where, Note: in.Note,
		Photos: in.Photos, Paper: what.draft(sheet, in), Given: supervision.HandOf(s.Guard.Rules(), by, s.acting(by, s.duty.do), journal.At(s.DB.Now()))}
	return a, false, nil
}

// given loads the answers of a visit from their heads, in the order of the sheet, with nil where none was given, and a digest of what they are.
func (s *Visits) given(ctx context.Context, visit string, sheet *Sheet) (found []*store.Doc[Answer], digest string, err error) {
	items := sheet.Items()
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = visit + "/" + item.ID
	}
	if found, err = s.answers.LoadEach(ctx, ids); err != nil {
		return nil, "", err
	}
	h := sha256.New()
	for i, item := range items {
		if found[i] != nil {
			fmt.Fprintf(h, "%s %d\n", item.ID, found[i].Seq)
		}
	}
	return found, hex.EncodeToString(h.Sum(nil)), nil
}

// Sign puts the actor's signature under the answers as they are; the last signature submits the visit. Signatures under other answers fall away. Returns Forbidden
// without DoVisit or for a reviewer of the visit, NotFound outside the scope or for somebody whom the visit does not name, Invalid naming the items without an answer,
// Conflict if it is not being answered or somebody was first.
func (s *Visits) Sign(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Visit], error) {
	const op = "inspection.Sign"
	return s.desk.Change(ctx, by, s.acting(by, s.duty.do), at, "", func(_ policy.Scope, v *Visit) error {
		if err := v.mine(by); err != nil {
			return err
		}
		next, err := v.State.step(stepSign)
		if err != nil {
			return s.duty.shut(op, fault.MessageOf(err))
		}
		if err := policy.Separate(by, policy.PartScore, v.Acts); err != nil {
			return err
		}
		sheet, err := s.sheetOf(ctx, v)
		if err != nil {
			return err
		}
		found, digest, err := s.given(ctx, at.ID, sheet)
		if err != nil {
			return err
		}
		var given []Given
		var missing []string
		for i, item := range sheet.Items() {
			if found[i] == nil {
				missing = append(missing, item.ID)
				continue
			}
			a := found[i].State
			given = append(given, Given{Item: item.ID, Value: a.Value, Lost: a.Lost, Seq: found[i].Seq, Paper: a.Paper.Kind})
		}
		if len(missing) > 0 {
			return fault.InvalidFields(op, fault.Field{Name: "answers", Message: fmt.Sprintf("还有 %d 项没有查：%s，查完再签名", len(missing), strings.Join(missing, "、"))})
		}
		hand := supervision.HandOf(s.Guard.Rules(), by, s.acting(by, s.duty.do), journal.At(s.DB.Now()))
		if v.sign(hand, digest) {
			v.State, v.Reason = next, ""
			v.Drawn = v.Again == "" && s.Falls(at.ID, sheet.Overlap)
			v.Aside = v.Assessor == Peers && !sheet.PeersCount
		}
		v.total(sheet, given)
		return v.act(policy.PartScore, by.ID)
	})
}

// act notes who did a part.
func (v *Visit) act(part policy.Part, by string) error {
	if len(v.Acts) >= maxActs {
		return fault.New("inspection.act", fault.Conflict, "这次走访往返次数太多，请取消后重新安排")
	}
	v.Acts = append(v.Acts[:len(v.Acts):len(v.Acts)], policy.Act{Part: part, By: by})
	return nil
}

// review is what the reviewer does.
func (s *Visits) review(ctx context.Context, by policy.Actor, at supervision.At, reason string, do visitStep) (store.Doc[Visit], error) {
	const op = "inspection.review"
	return s.desk.Change(ctx, by, policy.ReviewVisit, at, reason, func(_ policy.Scope, v *Visit) (err error) {
		if v.State, err = v.State.step(do); err != nil {
			return err
		}
		if err := policy.Separate(by, policy.PartReview, v.Acts); err != nil {
			return err
		}
		if slices.Contains(v.Officers, by.ID) {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你是这次走访的人员，复核必须由另一人完成", Rule: "不相容岗位规则 S-1：评分、复核由不同的人完成"}
		}
		if do == stepReturn {
			v.Signatures, v.Digest = nil, "" // the log keeps what was signed
		} else if err := s.unchanged(ctx, at.ID, v); err != nil {
			return err
		}
		v.Reason, v.Reviewed = reason, supervision.HandOf(s.Guard.Rules(), by, policy.ReviewVisit, journal.At(s.DB.Now()))
		return v.act(policy.PartReview, by.ID)
	})
}

// unchanged refuses answers that slipped in while the last signature was given: answers and visit are streams of their own.
func (s *Visits) unchanged(ctx context.Context, id string, v *Visit) error {
	sheet, err := s.sheetOf(ctx, v)
	if err != nil {
		return err
	}
	_, digest, err := s.given(ctx, id, sheet)
	if err != nil {
		return err
	}
	if digest != v.Digest {
		return fault.New("inspection.unchanged", fault.Conflict, "签名以后又有答案改动，请退回重新签名")
	}
	return nil
}

// Accept makes a signed visit count. Returns Forbidden without ReviewVisit or for an officer of the visit, NotFound outside the scope, Conflict if it does not wait for
// review, somebody was first, or an answer is not the one that was signed.
func (s *Visits) Accept(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Visit], error) {
	return s.review(ctx, by, at, "", stepAccept)
}

// Return gives a signed visit back with a reason. Returns Invalid without a reason, and what Accept returns.
func (s *Visits) Return(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Visit], error) {
	if err := s.Guard.Require(by, policy.ReviewVisit); err != nil {
		return store.Doc[Visit]{}, err
	}
	if err := supervision.CheckReason("inspection.Return", reason); err != nil {
		return store.Doc[Visit]{}, err
	}
	return s.review(ctx, by, at, strings.TrimSpace(reason), stepReturn)
}

// Uses counts the visits under a scope key that were written since a moment: “2 次走访”, "" for none. It asks for no right and shows nothing of them.
func (s *Visits) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return supervision.UsesSince(ctx, s.visits, byDay, key, since, "次走访")
}
