package evidence

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, fields []string) {
	t.Helper()
	got := strings.Join(fields, "\n") + "\n"
	if *update {
		if err := os.WriteFile("testdata/"+name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("stored fields changed; old records would not be read:\n%s", got)
	}
}

func TestStoredFields(t *testing.T) {
	golden(t, "proof.fields", store.FieldNames[Proof]())
	golden(t, "window.fields", store.FieldNames[Window]())
	golden(t, "draw.fields", store.FieldNames[Draw]())
}

func TestEveryTransition(t *testing.T) {
	allowed := map[State][]Move{
		"": {MoveSubmit}, Submitted: {MoveAccept, MoveReturn, MoveRefuse, MoveWithdraw}, Corrected: {MoveAccept, MoveReturn, MoveRefuse, MoveWithdraw},
		Returned: {MoveCorrect, MoveWithdraw, MoveUndo}, Accepted: {MoveConfirm, MoveOverturn, MoveReturn, MoveUndo, MoveDraw, MoveUphold, MoveTakeBack},
		Refused: {MoveUndo}, Confirmed: {MoveUndo, MoveDraw, MoveUphold, MoveTakeBack}, Overturned: {MoveUndo}, Withdrawn: {},
		Upheld: {MoveUndo}, TakenBack: {MoveObject, MoveUndo}, Disputed: {MoveRestore, MoveForfeit}, Restored: {MoveUndo}, Forfeited: {MoveUndo},
	}
	all := []Move{MoveSubmit, MoveCorrect, MoveWithdraw, MoveAccept, MoveRefuse, MoveReturn, MoveConfirm, MoveOverturn, MoveUndo, MoveDraw, MoveUphold, MoveTakeBack, MoveObject, MoveRestore, MoveForfeit}
	for _, state := range append(States(), "") {
		for _, move := range all {
			next, err := state.next(move)
			if slices.Contains(allowed[state], move) {
				if err != nil || next != asBefore && !slices.Contains(States(), next) {
					t.Errorf("%q %s: %q, %v", state, move, next, err)
				}
				continue
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), state.Title()) {
				t.Errorf("%q %s: %v", state, move, err)
			}
		}
	}
}

func TestAcceptedProofCounts(t *testing.T) {
	d := newDesk(t)
	doc := d.submit(t)
	if doc.State.State != Submitted || doc.State.Firm != "f1" || !strings.HasPrefix(doc.State.Receipt, "ZZ20270301-") || doc.State.Due.Due != mustDate("2027-03-04") {
		t.Errorf("%+v", doc.State)
	}
	if len(d.readings(t)) != 0 {
		t.Fatal("one person's word counts")
	}
	for _, tt := range []struct {
		key   string
		since time.Time
		want  string
	}{{policy.ProjectKey(doc.State.Project), time.Time{}, "1 件佐证材料"}, {policy.FirmKey("f1"), doc.At, "1 件佐证材料"}, {policy.FirmKey("f1"), doc.At.Add(time.Second), ""}, {policy.FirmKey("f9"), time.Time{}, ""}} {
		if said, err := d.Uses(t.Context(), tt.key, tt.since); said != tt.want || err != nil {
			t.Errorf("uses of %s since %v: %q %v", tt.key, tt.since, said, err)
		}
	}
	d.Wait(time.Hour)
	doc = d.decide(t, worker, doc, Decision{Move: MoveAccept})
	got := d.readings(t)
	if len(got) != 1 {
		t.Fatalf("%d readings", len(got))
	}
	r := got[0]
	if r.Project != "p1" || r.Firm != "f1" || r.Fact != fact || r.Day != mustDate("2027-02-10") || len(r.Cells) != 2 || r.Cells[0].Number.String() != "4" || !r.Accepted.Equal(d.Clock()) {
		t.Errorf("%+v", r)
	}
	if r.ScoredBy != "project_manager/clerk" || r.ReviewedBy != "community_worker/worker" || r.N != doc.N {
		t.Errorf("%+v", r)
	}
	record, err := d.DB.Engine().Record(t.Context(), r.Record)
	if err != nil || record.N != r.N || hashText(record.Hash) != r.Hash {
		t.Error(record.N, err)
	}
	if len(d.readingsAsOf(t, d.Clock().Add(-time.Millisecond), d.Records(t))) != 0 || len(d.readingsAsOf(t, d.Clock(), r.N-1)) != 0 {
		t.Error("a proof counts before it was accepted")
	}
}

// What is overturned counts no more, but a rating that was frozen before reads what it read then.
func TestOverturnedCountsNoMore(t *testing.T) {
	d := newDesk(t)
	doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "照片与上月相似"})
	frozen, then := d.Records(t), d.Clock()
	queue, err := d.Queue(t.Context(), officer, StageBureau, "")
	if err != nil || len(queue.Docs) != 1 || queue.Docs[0].State.Concern == "" {
		t.Fatal(queue.Docs, err)
	}
	d.Wait(time.Hour)
	doc = d.decide(t, officer, doc, Decision{Move: MoveOverturn, Reason: "照片是去年的"})
	if doc.State.State != Overturned || len(d.readings(t)) != 0 {
		t.Error(doc.State.State, len(d.readings(t)))
	}
	if len(d.readingsAsOf(t, then, frozen)) != 1 {
		t.Error("what was frozen changed")
	}
	if queue, err = d.Queue(t.Context(), officer, StageBureau, ""); err != nil || len(queue.Docs) != 0 {
		t.Error("what was decided still waits", err)
	}
}

func TestConfirmedIsReviewedByTheBureau(t *testing.T) {
	d := newDesk(t)
	doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "请复核"})
	d.decide(t, chief, doc, Decision{Move: MoveConfirm})
	if got := d.readings(t); len(got) != 1 || got[0].ReviewedBy != "section_chief/chief" {
		t.Errorf("%+v", got)
	}
}

func TestReturnedIsCorrected(t *testing.T) {
	d := newDesk(t)
	doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveReturn, Reason: "照片看不清日期"})
	if doc.State.State != Returned || doc.State.Reason != "照片看不清日期" {
		t.Fatalf("%+v", doc.State)
	}
	needs, err := d.Needs(t.Context(), clerk, period, "p1")
	if err != nil || !needs.List[0].Returned || needs.List[0].Missing {
		t.Fatalf("%+v %v", needs, err)
	}
	in := submission(t, d)
	in.Day, in.Cells = mustDate("2027-02-11"), []supervision.Cell{count("here", 5), count("due", 5)}
	in.Files = d.attach(t, clerk, Form{Proof: doc.ID}, 2)
	doc, err = d.Correct(t.Context(), boss, at(doc), in)
	if err != nil || doc.State.State != Corrected || doc.State.Reason != "" || len(doc.State.Acts) != 4 {
		t.Fatalf("%+v %v", doc.State, err)
	}
	d.decide(t, worker, doc, Decision{Move: MoveAccept})
	if got := d.readings(t); len(got) != 1 || got[0].Day != mustDate("2027-02-11") || got[0].ScoredBy != "firm_manager/boss" {
		t.Errorf("%+v", got)
	}
	history, err := d.Service.History(t.Context(), clerk, doc.ID)
	if err != nil || len(history) != 4 || history[1].Move != MoveReturn || history[1].Office != "community_worker" || history[1].Reason != "照片看不清日期" || history[2].Office != "" {
		t.Errorf("%+v %v", history, err)
	}
}

// The bureau too may give a proof back; it counts again once the community accepts the correction.
func TestBureauReturns(t *testing.T) {
	d := newDesk(t)
	doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "请复核"})
	doc = d.decide(t, officer, doc, Decision{Move: MoveReturn, Reason: "补签到表"})
	if len(d.readings(t)) != 0 {
		t.Error("a returned proof counts")
	}
	if history, err := d.Service.History(t.Context(), clerk, doc.ID); err != nil || history[2].Office != "property_officer" {
		t.Errorf("%+v %v", history, err)
	}
	in := submission(t, d)
	in.Day = mustDate("2027-01-12")
	doc, err := d.Correct(t.Context(), clerk, at(doc), in)
	if err != nil {
		t.Fatal(err)
	}
	doc = d.decide(t, worker, doc, Decision{Move: MoveAccept})
	if got := d.readings(t); len(got) != 1 || got[0].Day != in.Day || len(doc.State.Counted) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestUndoWithinTenMinutes(t *testing.T) {
	d := newDesk(t)
	first := d.submit(t)
	accepted := d.decide(t, worker, first, Decision{Move: MoveAccept})
	before := d.Records(t)
	_, err := d.Undo(t.Context(), secretary, at(accepted))
	wantKind(t, err, fault.Forbidden)
	_, err = d.Undo(t.Context(), clerk, at(accepted))
	wantKind(t, err, fault.Forbidden)
	d.Wait(UndoFor + time.Millisecond)
	_, err = d.Undo(t.Context(), worker, at(accepted))
	wantKind(t, err, fault.Conflict)
	if d.Records(t) != before {
		t.Fatal("a refused call wrote something")
	}
	d.Wait(-time.Millisecond)
	undone, err := d.Undo(t.Context(), worker, at(accepted))
	if err != nil || undone.State.State != Submitted || undone.State.Decided.By != "" || len(d.readings(t)) != 0 {
		t.Fatalf("%+v %v", undone.State, err)
	}
	_, err = d.Undo(t.Context(), worker, at(undone))
	wantKind(t, err, fault.Conflict)
	again := d.decide(t, secretary, undone, Decision{Move: MoveReturn, Reason: "人数不符"})
	if again.State.State != Returned {
		t.Error(again.State.State)
	}
	// Of a decision that is taken back from confirmed only the bureau's goes.
	doc := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "请复核"})
	doc = d.decide(t, officer, doc, Decision{Move: MoveConfirm})
	if doc, err = d.Undo(t.Context(), officer, at(doc)); err != nil || doc.State.State != Accepted || doc.State.Decided.By != "worker" {
		t.Fatalf("%+v %v", doc.State, err)
	}
	_, err = d.Undo(t.Context(), officer, at(doc))
	wantKind(t, err, fault.Conflict)
}

func TestTwoReviewersAtOnce(t *testing.T) {
	d := newDesk(t)
	doc := d.submit(t)
	errs := make(chan error, 2)
	go func() { _, err := d.Decide(t.Context(), worker, at(doc), Decision{Move: MoveAccept}); errs <- err }()
	go func() {
		_, err := d.Decide(t.Context(), secretary, at(doc), Decision{Move: MoveReturn, Reason: "人数不符"})
		errs <- err
	}()
	one, two := <-errs, <-errs
	if (one == nil) == (two == nil) {
		t.Fatal(one, two)
	}
	if one == nil {
		one = two
	}
	wantKind(t, one, fault.Conflict)
	message := fault.MessageOf(one)
	if !strings.Contains(message, "社区工作者刚才已对这件材料办理“通过”") && !strings.Contains(message, "社区党组织书记刚才已对这件材料办理“退回”") {
		t.Errorf("the second is not told by which office: %s", message)
	}
}

func TestRetryTakesEffectOnce(t *testing.T) {
	d := newDesk(t)
	d.MoveTo(mustDate("2027-03-31").Ends().Add(-time.Second))
	in := submission(t, d)
	in.Idem = &store.Idem{Key: "form-1", Body: []byte("a")}
	first, err := d.Submit(t.Context(), clerk, in)
	if err != nil {
		t.Fatal(err)
	}
	after := d.Records(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if again, err := d.Submit(t.Context(), clerk, in); err != nil || again.ID != first.ID {
				t.Error(again.ID, err)
			}
		})
	}
	wg.Wait()
	// The window closes between the try and the retry: the answer is still the receipt.
	d.Wait(time.Minute)
	if again, err := d.Submit(t.Context(), clerk, in); err != nil || again.State.Receipt != first.State.Receipt {
		t.Error(again.State.Receipt, err)
	}
	in.Idem = &store.Idem{Key: "form-1", Body: []byte("b")}
	_, err = d.Submit(t.Context(), clerk, in)
	wantKind(t, err, fault.Conflict)
	if d.Records(t) != after {
		t.Error("a retry wrote something")
	}
}

func TestClosedWindow(t *testing.T) {
	d := newDesk(t)
	in := submission(t, d)
	returned := d.decide(t, worker, d.submit(t), Decision{Move: MoveReturn, Reason: "人数不符"})
	waiting := d.submit(t)
	d.MoveTo(mustDate("2027-03-31").Ends().Add(-time.Millisecond))
	if _, err := d.Submit(t.Context(), clerk, in); err != nil {
		t.Fatal("the last moment is too late:", err)
	}
	d.Wait(time.Millisecond)
	before := d.Records(t)
	for name, do := range map[string]func() error{
		"submit":  func() error { _, err := d.Submit(t.Context(), clerk, in); return err },
		"correct": func() error { _, err := d.Correct(t.Context(), clerk, at(returned), in); return err },
		"attach": func() error {
			_, err := d.Attach(t.Context(), clerk, Form{Period: period, Project: "p1", Fact: fact}, "a.png", bytes.NewReader(photo(t, 9)))
			return err
		},
	} {
		err := do()
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), "已于2027年3月31日24时截止") || !strings.Contains(fault.MessageOf(err), "异议与申诉") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.Records(t) != before {
		t.Error("a closed window took something in")
	}
	// What is returned only now keeps a clock of its own.
	late := d.decide(t, worker, waiting, Decision{Move: MoveReturn, Reason: "人数不符"})
	if owed, err := d.Owed(t.Context(), clerk); err != nil || len(owed) != 1 || owed[0].ID != late.ID {
		t.Errorf("%d are owed: %v", len(owed), err)
	}
	d.MoveTo(late.State.Due.Due.Ends())
	if _, err := d.Correct(t.Context(), clerk, at(late), in); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), "已于2027年4月4日24时截止") {
		t.Error(err)
	}
	d.MoveTo(late.State.Due.Due.Ends().Add(-time.Millisecond))
	if _, err := d.Attach(t.Context(), clerk, Form{Proof: late.ID}, "a.png", bytes.NewReader(photo(t, 9))); err != nil {
		t.Error(err)
	}
	corrected, err := d.Correct(t.Context(), clerk, at(late), in)
	if err != nil {
		t.Fatal(err)
	}
	d.decide(t, worker, corrected, Decision{Move: MoveAccept})
}

func TestWindows(t *testing.T) {
	d := newDesk(t)
	before := d.Records(t)
	if _, err := d.OpenWindow(t.Context(), policy.SystemActor(), period, window()); err != nil {
		t.Error("opening the same window again:", err)
	}
	other := window()
	other.Title = "别的"
	_, err := d.OpenWindow(t.Context(), officer, period, other)
	wantKind(t, err, fault.Conflict)
	_, err = d.OpenWindow(t.Context(), clerk, "2027Q2", window())
	wantKind(t, err, fault.Forbidden)
	_, err = d.CloseWindow(t.Context(), clerk, period, "提前")
	wantKind(t, err, fault.Forbidden)
	_, err = d.CloseWindow(t.Context(), officer, period, " ")
	wantKind(t, err, fault.Invalid)
	_, err = d.CloseWindow(t.Context(), officer, "2030Q1", "提前")
	wantKind(t, err, fault.NotFound)
	bad := Window{Asks: []supervision.Ask{{Fact: "a b"}}}
	_, err = d.OpenWindow(t.Context(), officer, "2027/Q2", bad)
	wantKind(t, err, fault.Invalid)
	if n := len(fault.FieldsOf(err)); n != 7 {
		t.Errorf("%d faults named, want 7: %v", n, err)
	}
	if d.Records(t) != before {
		t.Fatal("a refused call wrote something")
	}
	doc, err := d.CloseWindow(t.Context(), officer, period, "局里决定提前截止")
	if err != nil || doc.State.Open(d.Clock()) == nil {
		t.Fatal(err)
	}
	after := d.Records(t)
	if _, err := d.CloseWindow(t.Context(), officer, period, "再次"); err != nil || d.Records(t) != after {
		t.Error("closing what is closed wrote something", err)
	}
	soon := window()
	soon.Opens = journal.At(mustDate("2027-03-20").Begins())
	if err := soon.Open(d.Clock()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "从2027年3月19日24时起开放") {
		t.Error(err)
	}
	list, err := d.Windows(t.Context(), clerk)
	if err != nil || len(list) != 1 {
		t.Error(len(list), err)
	}
}

func TestMoment(t *testing.T) {
	for in, want := range map[string]string{"2026-10-19T16:00:00Z": "2026年10月19日24时", "2026-10-19T01:05:00Z": "2026年10月19日09:05"} {
		at, err := time.Parse(time.RFC3339, in)
		if err != nil || Moment(at) != want {
			t.Errorf("%s: %s, want %s", in, Moment(at), want)
		}
	}
}

func TestWhatIsRefusedWritesNothing(t *testing.T) {
	d := newDesk(t)
	good := submission(t, d)
	pending := d.submit(t)
	accepted := d.decide(t, worker, d.submit(t), Decision{Move: MoveAccept, Concern: "请复核"})
	gone, err := d.Withdraw(t.Context(), clerk, at(d.submit(t)))
	if err != nil {
		t.Fatal(err)
	}
	submit := func(by policy.Actor, change func(*Submission)) func() error {
		return func() error {
			in := good
			if change != nil {
				change(&in)
			}
			_, err := d.Submit(t.Context(), by, in)
			return err
		}
	}
	decide := func(by policy.Actor, doc store.Doc[Proof], move Move, reason string) func() error {
		return func() error {
			_, err := d.Decide(t.Context(), by, at(doc), Decision{Move: move, Reason: reason})
			return err
		}
	}
	both := person("clerk", "community_worker", "", "c:360428001001")
	workerInOffice := person("worker", "property_officer", "", policy.County)
	tests := []struct {
		name string
		do   func() error
		kind fault.Kind
		want string
	}{
		{"nobody submits", submit(policy.Actor{}, nil), fault.Unauthenticated, ""},
		{"a community submits", submit(worker, nil), fault.Forbidden, ""},
		{"another firm submits", submit(successor, nil), fault.NotFound, ""},
		{"the firm for a project that it held no more", submit(clerk, func(in *Submission) { in.Project, in.Day = "p2", handed }), fault.NotFound, ""},
		{"the firm's head for a project that it held no more", submit(boss, func(in *Submission) { in.Project, in.Day = "p2", handed }), fault.NotFound, ""},
		{"the successor for days before", submit(successor, func(in *Submission) { in.Project, in.Day = "p2", handed.Add(-1) }), fault.NotFound, ""},
		{"no such project", submit(clerk, func(in *Submission) { in.Project = "p9" }), fault.NotFound, ""},
		{"no such period", submit(clerk, func(in *Submission) { in.Period = "2030Q1" }), fault.NotFound, ""},
		{"not asked", submit(clerk, func(in *Submission) { in.Fact = "else" }), fault.Invalid, "没有要求提交这项材料"},
		{"no day", submit(clerk, func(in *Submission) { in.Day = calendar.Date{} }), fault.Invalid, "请填写事情发生的日期"},
		{"tomorrow", submit(clerk, func(in *Submission) { in.Day = mustDate("2027-03-02") }), fault.Invalid, "2027年3月2日 还没有到，今天是 2027年3月1日"},
		{"last year", submit(clerk, func(in *Submission) { in.Day = mustDate("2026-12-31") }), fault.Invalid, "不在2027年第一季度"},
		{"more were there than due", submit(clerk, func(in *Submission) { in.Cells = []supervision.Cell{count("here", 7), count("due", 5)} }), fault.Invalid, "“实到人数” 7人 多于“应到人数” 5人"},
		{"a number is missing", submit(clerk, func(in *Submission) { in.Cells = in.Cells[:1] }), fault.Invalid, "应到人数"},
		{"no file", submit(clerk, func(in *Submission) { in.Files = nil }), fault.Invalid, "至少 1 个文件"},
		{"ten files", submit(clerk, func(in *Submission) { in.Files = append(in.Files, make([]files.Stored, MaxFiles)...) }), fault.Invalid, "最多 9 个文件，现在有 10 个"},
		{"a long remark", submit(clerk, func(in *Submission) { in.Note = strings.Repeat("长", 201) }), fault.Invalid, "现在有 201 个"},
		{"the phone of an owner", submit(clerk, func(in *Submission) { in.Note = "王女士 13812345678" }), fault.Invalid, "请删去"},

		{"a firm accepts", decide(clerk, pending, MoveAccept, ""), fault.Forbidden, ""},
		{"another community accepts", decide(neighbour, pending, MoveAccept, ""), fault.NotFound, ""},
		{"the bureau accepts in the place of the community", decide(officer, pending, MoveAccept, ""), fault.Forbidden, ""},
		{"the bureau returns in the place of the community", decide(officer, pending, MoveReturn, "不清楚"), fault.Forbidden, ""},
		{"the bureau confirms what was not accepted", decide(officer, pending, MoveConfirm, ""), fault.Conflict, "待审"},
		{"the community overturns", decide(worker, accepted, MoveOverturn, "不符"), fault.Forbidden, ""},
		{"the community returns what it accepted", decide(secretary, accepted, MoveReturn, "不符"), fault.Forbidden, ""},
		{"accept twice", decide(secretary, accepted, MoveAccept, ""), fault.Conflict, "通过"},
		{"who submitted accepts", decide(both, pending, MoveAccept, ""), fault.Forbidden, "S-2"},
		{"who accepted reviews", decide(workerInOffice, accepted, MoveConfirm, ""), fault.Forbidden, "必须由另一人完成"},
		{"a reader decides", decide(director, accepted, MoveConfirm, ""), fault.Forbidden, ""},
		{"return without a reason", decide(worker, pending, MoveReturn, " "), fault.Invalid, "理由"},
		{"refuse without a reason", decide(worker, pending, MoveRefuse, ""), fault.Invalid, "理由"},
		{"overturn without a reason", decide(officer, accepted, MoveOverturn, ""), fault.Invalid, "理由"},
		{"no decision", decide(worker, pending, MoveWithdraw, "x"), fault.Invalid, "请选择办理意见"},
		{"an old page", func() error {
			_, err := d.Decide(t.Context(), secretary, supervision.At{ID: accepted.ID, Seq: 1}, Decision{Move: MoveReturn, Reason: "不符"})
			return err
		}, fault.Conflict, "社区工作者刚才已对这件材料办理“通过”"},
		{"withdrawn meanwhile", func() error {
			_, err := d.Decide(t.Context(), worker, supervision.At{ID: gone.ID, Seq: 1}, Decision{Move: MoveAccept})
			return err
		}, fault.Conflict, "企业刚才已对这件材料办理“撤下”"},
		{"a concern with a return", func() error {
			_, err := d.Decide(t.Context(), worker, at(pending), Decision{Move: MoveReturn, Reason: "不符", Concern: "看看"})
			return err
		}, fault.Invalid, "只在通过时填写"},
		{"withdraw what was accepted", func() error { _, err := d.Withdraw(t.Context(), clerk, at(accepted)); return err }, fault.Conflict, "通过"},
		{"withdraw another's", func() error { _, err := d.Withdraw(t.Context(), successor, at(pending)); return err }, fault.NotFound, ""},
		{"correct what was not returned", func() error { _, err := d.Correct(t.Context(), clerk, at(pending), good); return err }, fault.Conflict, "待审"},
		{"undo without a decision", func() error { _, err := d.Undo(t.Context(), worker, at(pending)); return err }, fault.Conflict, "待审"},
		{"by a path", func() error { _, err := d.One(t.Context(), officer, "../x"); return err }, fault.NotFound, ""},
		{"attach to another's project", func() error {
			_, err := d.Attach(t.Context(), successor, Form{Period: period, Project: "p1", Fact: fact}, "a.png", bytes.NewReader(photo(t, 3)))
			return err
		}, fault.NotFound, ""},
		{"attach what lies", func() error {
			_, err := d.Attach(t.Context(), clerk, Form{Period: period, Project: "p1", Fact: fact}, "签到表.jpg", strings.NewReader("%PDF-1.4 x %%EOF"))
			return err
		}, fault.Invalid, "“签到表.jpg”不是图片文件"},
	}
	before := d.Records(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do()
			wantKind(t, err, tt.kind)
			if all := err.Error() + fault.RuleOf(err); !strings.Contains(all, tt.want) {
				t.Errorf("%q does not say %q", all, tt.want)
			}
			if n := d.Records(t); n != before {
				t.Fatalf("%d records were written", n-before)
			}
		})
	}
}

func TestNoFirmNoProof(t *testing.T) {
	d := newDesk(t)
	in := submission(t, d)
	in.Project = "p3"
	everywhere := person("every", "firm_manager", "", policy.County)
	_, err := d.Submit(t.Context(), everywhere, in)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "没有企业管理书院坊") {
		t.Error(err)
	}
}

func TestListsKeepToTheScope(t *testing.T) {
	d := newDesk(t)
	d.submit(t)
	in := submission(t, d)
	in.Project, in.Day = "p2", handed.Add(-1)
	if _, err := d.Submit(t.Context(), clerk, in); err != nil {
		t.Fatal(err)
	}
	in.Day = handed
	if _, err := d.Submit(t.Context(), successor, in); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		by     policy.Actor
		filter Filter
		want   int
	}{
		"officer": {officer, Filter{Period: period}, 3}, "another period": {officer, Filter{Period: "2027Q2"}, 0}, "no period": {officer, Filter{Period: "2027/Q2"}, 0},
		"clerk": {clerk, Filter{}, 2}, "boss": {boss, Filter{Period: period}, 2}, "successor": {successor, Filter{}, 1}, "successor's project": {successor, Filter{Project: "p2"}, 1},
		"worker": {worker, Filter{}, 1}, "neighbour": {neighbour, Filter{}, 2}, "state": {officer, Filter{State: Accepted}, 0}, "another's project": {worker, Filter{Project: "p2"}, 0},
	} {
		if page, err := d.List(t.Context(), tt.by, tt.filter, ""); err != nil || len(page.Docs) != tt.want {
			t.Errorf("%s: %d rows, want %d: %v", name, len(page.Docs), tt.want, err)
		}
	}
	for by, want := range map[*policy.Actor]int{&worker: 1, &secretary: 1, &neighbour: 2} {
		if page, err := d.Queue(t.Context(), *by, StageCommunity, ""); err != nil || len(page.Docs) != want {
			t.Errorf("%s: %d wait, want %d: %v", by.ID, len(page.Docs), want, err)
		}
	}
	_, err := d.Queue(t.Context(), clerk, StageCommunity, "")
	wantKind(t, err, fault.Forbidden)
	_, err = d.Queue(t.Context(), worker, StageBureau, "")
	wantKind(t, err, fault.Forbidden)
	_, err = d.List(t.Context(), person("x", "owner", "", policy.County), Filter{}, "")
	wantKind(t, err, fault.Forbidden)
	if earlier, err := d.Earlier(t.Context(), successor, "p2", fact); err != nil || len(earlier) != 1 {
		t.Error("a firm sees what its predecessor submitted", len(earlier), err)
	}
}

// What is due first stands on top.
func TestQueueByDeadline(t *testing.T) {
	d := newDesk(t)
	first := d.submit(t)
	d.Wait(48 * time.Hour)
	second := d.submit(t)
	returned := d.decide(t, worker, first, Decision{Move: MoveReturn, Reason: "人数不符"})
	d.Wait(48 * time.Hour)
	if _, err := d.Correct(t.Context(), clerk, at(returned), submission(t, d)); err != nil {
		t.Fatal(err)
	}
	page, err := d.Queue(t.Context(), worker, StageCommunity, "")
	if err != nil || len(page.Docs) != 2 || page.Docs[0].ID != second.ID || page.Docs[1].ID != first.ID {
		t.Error(page.Docs, err)
	}
}

func TestNeeds(t *testing.T) {
	d := newDesk(t)
	check := func(missing bool, files int) {
		t.Helper()
		needs, err := d.Needs(t.Context(), clerk, period, "p1")
		if err != nil || len(needs.List) != 2 || needs.List[0].Missing != missing || needs.List[0].Files != files || !needs.List[1].Missing || needs.List[1].Files != 0 || needs.Place.Name != "东街花园" {
			t.Errorf("%+v %v", needs, err)
		}
	}
	check(true, 3)
	doc := d.submit(t)
	check(false, 2)
	if _, err := d.Withdraw(t.Context(), clerk, at(doc)); err != nil {
		t.Fatal(err)
	}
	check(true, 3)
	d.decide(t, worker, d.submit(t), Decision{Move: MoveRefuse, Reason: "不是本小区的活动"})
	check(true, 3)
	for by, kind := range map[*policy.Actor]fault.Kind{&successor: fault.NotFound, &neighbour: fault.NotFound, &officer: ""} {
		_, err := d.Needs(t.Context(), *by, period, "p1")
		wantKind(t, err, kind)
	}
}

// What the system holds is not asked for, and proof of it is not taken in; of other firms and projects it is.
func TestHeld(t *testing.T) {
	d := newDesk(t)
	w := window()
	w.Asks[0].Held = "log"
	if _, err := d.OpenWindow(t.Context(), policy.SystemActor(), "2027Q1b", w); err != nil {
		t.Fatal(err)
	}
	d.Keep("log", func(_ context.Context, project, firm string, days calendar.Span) (bool, error) {
		return project == "p1" && firm == "f1" && days == w.Days, nil
	})
	for project, held := range map[string]bool{"p1": true, "p2": false} {
		by := map[string]policy.Actor{"p1": clerk, "p2": successor}[project]
		needs, err := d.Needs(t.Context(), by, "2027Q1b", project)
		if err != nil || needs.List[0].Held != held || needs.List[0].Missing == held || (needs.List[0].Files == 0) != held || needs.List[1].Held || len(needs.Missing()) != map[bool]int{true: 1, false: 2}[held] {
			t.Errorf("%s: %+v %v", project, needs, err)
		}
		in := submission(t, d)
		in.Period, in.Project, in.Day = "2027Q1b", project, mustDate("2027-02-20")
		before := d.Records(t)
		_, err = d.Submit(t.Context(), by, in)
		if want := map[bool]fault.Kind{true: fault.Conflict}[held]; fault.KindOf(err) != want || held && (!strings.Contains(fault.MessageOf(err), "免报") || d.Records(t) != before) {
			t.Errorf("%s: %v, %d records", project, err, d.Records(t)-before)
		}
	}
}

// What is asked of many projects at once is what is asked of each; those outside the scope are left out.
func TestNeedsOf(t *testing.T) {
	d := newDesk(t)
	doc := d.submit(t)
	asked := []string{"p3", "p2", "none", "p1", "p/1"}
	for _, c := range []struct {
		by   policy.Actor
		want []string
	}{{boss, []string{"p2", "p1"}}, {successor, []string{"p2"}}, {worker, []string{"p3", "p1"}}, {officer, []string{"p3", "p2", "p1"}}} {
		all, err := d.NeedsOf(t.Context(), c.by, period, asked)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range all {
			got = append(got, n.Place.Project)
			one, err := d.Needs(t.Context(), c.by, period, n.Place.Project)
			if err != nil || !reflect.DeepEqual(one, n) {
				t.Errorf("%s, %s: %+v, alone %+v %v", c.by.ID, n.Place.Project, n, one, err)
			}
			if given := len(n.List[0].Proofs); (given == 1) != (n.Place.Project == doc.State.Project) {
				t.Errorf("%s, %s: %d proofs", c.by.ID, n.Place.Project, given)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s is asked of %q, want %q", c.by.ID, got, c.want)
		}
	}
	_, err := d.NeedsOf(t.Context(), policy.Actor{ID: "x"}, period, asked)
	wantKind(t, err, fault.Forbidden)
	_, err = d.NeedsOf(t.Context(), boss, "2030Q1", asked)
	wantKind(t, err, fault.NotFound)
}

// A queue can be narrowed to one kind of proof or one firm.
func TestQueueOf(t *testing.T) {
	d := newDesk(t)
	doc := d.submit(t)
	for f, want := range map[QueueFilter]int{{}: 1, {Fact: fact}: 1, {Fact: "revenue"}: 0, {Firm: "f1"}: 1, {Firm: "f2"}: 0, {Fact: fact, Firm: "f1"}: 1} {
		page, err := d.QueueOf(t.Context(), worker, StageCommunity, f, "")
		if err != nil || len(page.Docs) != want || want > 0 && page.Docs[0].ID != doc.ID {
			t.Errorf("%+v: %d, want %d: %v", f, len(page.Docs), want, err)
		}
	}
	if page, err := d.QueueOf(t.Context(), neighbour, StageCommunity, QueueFilter{Firm: "f1"}, ""); err != nil || len(page.Docs) != 0 {
		t.Errorf("a filter reaches beyond the scope: %+v %v", page.Docs, err)
	}
}

// One in five is drawn, the same ones each time, and what was flagged is reviewed anyway.
func TestSample(t *testing.T) {
	d := newDesk(t)
	drawn := 0
	for i := range 10_000 {
		at := supervision.At{ID: fmt.Sprintf("proof%d", i), Seq: 1}
		first := d.drawn(at)
		if i < 100 && first != d.drawn(at) {
			t.Fatal("the draw differs from itself")
		}
		if first {
			drawn++
		}
	}
	// The key of the draw is new with every store. 300 are more than seven standard deviations: no key is so unlucky.
	if drawn < 1_700 || drawn > 2_300 {
		t.Errorf("%d of 10,000 drawn, want about 2,000", drawn)
	}
	// The key of a form decides about its proof's id, and so about the draw: three that are drawn, and three that are not.
	in, meta := submission(t, d), store.Meta{By: clerk.ID, Action: string(policy.SubmitEvidence)}
	left := map[bool]int{true: 3, false: 3}
	for form := 0; left[true]+left[false] > 0; form++ {
		in.Idem = &store.Idem{Key: fmt.Sprint("form-", form), Body: []byte("a")}
		meta.Idem = in.Idem
		wanted := d.drawn(supervision.At{ID: d.DB.NewID(meta), Seq: 1})
		if left[wanted] == 0 {
			continue
		}
		left[wanted]--
		doc, err := d.Submit(t.Context(), clerk, in)
		if err != nil {
			t.Fatal(err)
		}
		if doc = d.decide(t, worker, doc, Decision{Move: MoveAccept}); doc.State.Sampled != wanted {
			t.Errorf("sampled is %v, drawn %v", doc.State.Sampled, wanted)
		}
	}
	page, err := d.Queue(t.Context(), officer, StageBureau, "")
	if err != nil || len(page.Docs) != 3 {
		t.Errorf("%d wait for the bureau, want the 3 that were drawn: %v", len(page.Docs), err)
	}
}

func TestDrafts(t *testing.T) {
	d := newDesk(t)
	here := Form{Period: period, Project: "p1", Fact: fact}
	before := d.Records(t)
	if _, err := d.SaveDraft(t.Context(), clerk, here, map[string]string{"day": "2027-02-30", "here": "7"}); err != nil {
		t.Fatal(err)
	}
	if d.Records(t) != before {
		t.Error("a draft was journaled")
	}
	var wg sync.WaitGroup
	for n := range byte(4) {
		wg.Go(func() { d.attach(t, clerk, here, n) })
	}
	wg.Wait()
	d.attach(t, clerk, here, 2) // the same bytes again
	draft, err := d.Draft(t.Context(), clerk, here)
	if err != nil || len(draft.Files) != 4 || draft.Texts["day"] != "2027-02-30" {
		t.Fatalf("%+v %v", draft, err)
	}
	if other, err := d.Draft(t.Context(), boss, here); err != nil || len(other.Files) != 0 {
		t.Error("somebody else sees the draft", err)
	}
	if draft, err = d.Detach(t.Context(), clerk, here, draft.Files[0].Original); err != nil || len(draft.Files) != 3 {
		t.Error(len(draft.Files), err)
	}
	for n := range byte(6) {
		d.attach(t, clerk, here, 10+n)
	}
	_, err = d.Attach(t.Context(), clerk, here, "a.png", bytes.NewReader(photo(t, 99)))
	wantKind(t, err, fault.Invalid)
	if err := d.DropDraft(t.Context(), clerk, here); err != nil {
		t.Fatal(err)
	}
	if draft, err = d.Draft(t.Context(), clerk, here); err != nil || len(draft.Files) != 0 {
		t.Error(draft, err)
	}
}

func TestFilesKeepToTheScope(t *testing.T) {
	d := newDesk(t)
	doc := d.submit(t)
	for by, kind := range map[*policy.Actor]fault.Kind{&clerk: "", &worker: "", &officer: "", &neighbour: fault.NotFound, &successor: fault.NotFound} {
		for _, shown := range []bool{true, false} {
			r, size, file, err := d.OpenFile(t.Context(), *by, doc.ID, 0, shown)
			wantKind(t, err, kind)
			if kind != "" {
				continue
			}
			data, err := io.ReadAll(r)
			if err = errors.Join(err, r.Close()); err != nil || int64(len(data)) != size || file.Name != "会场1.png" || bytes.Equal(data, photo(t, 1)) == shown {
				t.Errorf("%s, shown %t: %d bytes of %s, %v", by.ID, shown, size, file.Name, err)
			}
		}
	}
	for _, n := range []int{-1, 1} {
		_, _, _, err := d.OpenFile(t.Context(), clerk, doc.ID, n, true)
		wantKind(t, err, fault.NotFound)
	}
}
