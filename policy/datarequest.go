package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// DataWish is what somebody asks for about his own personal data (个人信息保护法 art. 44–48).
type DataWish string

// The wishes.
const (
	// WishCorrect: something is wrong and should be corrected or completed.
	WishCorrect DataWish = "correct"
	// WishDelete: something should be deleted.
	WishDelete DataWish = "delete"
	// WishCopy: a copy of what the system holds.
	WishCopy DataWish = "copy"
	// WishExplain: what is done with it, and why.
	WishExplain DataWish = "explain"
)

// DataWishes are all wishes with their Chinese names, in the order of a form.
func DataWishes() []DataWishName {
	return []DataWishName{{WishCorrect, "更正、补充"}, {WishDelete, "删除"}, {WishCopy, "查阅、复制"}, {WishExplain, "说明处理规则"}}
}

// DataWishName is a wish with its Chinese name.
type DataWishName struct {
	Wish  DataWish
	Title string
}

// Title is the Chinese name of a wish.
func (w DataWish) Title() string {
	for _, one := range DataWishes() {
		if one.Wish == w {
			return one.Title
		}
	}
	return string(w)
}

// DataRequest is what somebody asked about his own personal data, and the answer. All words are personal data of who asked.
type DataRequest struct {
	// Account is the account of who asked, "" for somebody without one, for whom it was entered.
	Account string `json:"account,omitempty" privacy:"internal"`
	// Person and Contact are the name of somebody without account and how to reach him.
	Person  string `json:"person,omitempty" privacy:"pii"`
	Contact string `json:"contact,omitempty" privacy:"pii"`
	// Wish is what is asked for, Words about what and why.
	Wish  DataWish `json:"wish" privacy:"internal"`
	Words string   `json:"words" privacy:"pii"`
	// By is who entered it: who asked, or who took it down for him.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
	// Deadline is until when it has to be answered.
	Deadline calendar.Deadline `json:"deadline"`
	// Answer is nil until it is answered.
	Answer *DataAnswer `json:"answer,omitempty"`
}

// DataAnswer is the answer to a request.
type DataAnswer struct {
	// Done: what was asked for was done; else Words say why not.
	Done  bool         `json:"done"`
	Words string       `json:"words" privacy:"pii"`
	By    string       `json:"by" privacy:"internal"`
	At    journal.Time `json:"at"`
}

const (
	dataRequestKind = "data-request"
	// The rules of deadlines.yaml: until when a request is answered, and how long it is kept afterwards.
	dataRequestRule = "privacy.request"
	dataKeepRule    = "privacy.request_personal"
	// byAsker, openRequests and answeredRequests list them.
	byAsker, openRequests, answeredRequests = "asker", "open", "answered"
	maxRequestWords                         = 500
)

// DataRequests keeps what people ask about their own personal data.
type DataRequests struct {
	db        *store.DB
	guard     *Guard
	deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	resolve   func(calendar.Deadline) calendar.Deadline
	now       func() time.Time
	rows      *store.Collection[DataRequest]
}

// NewDataRequests opens the requests on a store. deadlines starts a period of deadlines.yaml, resolve looks again for a day that no loaded calendar had; now is the business clock.
func NewDataRequests(ctx context.Context, db *store.DB, guard *Guard, now func() time.Time, deadlines func(string, calendar.Date) (calendar.Deadline, error), resolve func(calendar.Deadline) calendar.Deadline) (*DataRequests, error) {
	r := &DataRequests{db: db, guard: guard, deadlines: deadlines, resolve: resolve, now: now}
	sort := func(_ string, q *DataRequest) string { return q.At.UTC().Format(time.RFC3339) }
	var err error
	r.rows, err = store.NewCollection(ctx, db, dataRequestDocument(sort))
	return r, err
}

func dataRequestDocument(sort func(string, *DataRequest) string) store.Kind[DataRequest] {
	return store.Kind[DataRequest]{Name: dataRequestKind, Version: 1, AlwaysPresent: true, Subject: func(id string, _ *DataRequest) string { return dataRequestKind + "/" + id }, Indexes: []store.Index[DataRequest]{
		{Name: byAsker, Sort: sort, Keys: func(_ string, q *DataRequest) []string { return []string{q.Account, "all"} }},
		{Name: openRequests, Sort: sort, Keys: func(_ string, q *DataRequest) []string {
			if q.Answer != nil {
				return nil
			}
			return []string{""}
		}},
		{Name: answeredRequests, Keys: func(_ string, q *DataRequest) []string {
			if q.Answer == nil {
				return nil
			}
			return []string{calendar.DateOf(q.Answer.At.Time).String()}
		}},
	}}
}

// DataAsk is what a request says.
type DataAsk struct {
	Wish  DataWish
	Words string
	// Person and Contact are for somebody without account.
	Person, Contact string
}

// Ask enters a request: one's own, or with a Person one of somebody without account, which takes AnswerDataRequest. Returns Forbidden, Invalid for refused fields (wish, words, person, contact).
func (r *DataRequests) Ask(ctx context.Context, by Actor, in DataAsk) (string, error) {
	const op = "policy.Ask"
	in.Words, in.Person, in.Contact = strings.TrimSpace(in.Words), strings.TrimSpace(in.Person), strings.TrimSpace(in.Contact)
	action, q := UpdateOwnAccount, DataRequest{Account: by.ID, Wish: in.Wish, Words: in.Words, By: by.ID, At: journal.At(r.now())}
	forOther := in.Person != "" || in.Contact != ""
	if forOther {
		action, q.Account, q.Person, q.Contact = AnswerDataRequest, "", in.Person, in.Contact
	}
	if err := r.guard.Require(by, action); err != nil {
		return "", err
	}
	var bad []fault.Field
	if !slices.ContainsFunc(DataWishes(), func(w DataWishName) bool { return w.Wish == in.Wish }) {
		bad = append(bad, fault.Field{Name: "wish", Message: "请选择要求什么"})
	}
	if n := utf8.RuneCountInString(in.Words); n < 4 || n > maxRequestWords {
		bad = append(bad, fault.Field{Name: "words", Message: fmt.Sprintf("请写明是哪些信息、哪里不对、应当是什么，4 至 %d 个字", maxRequestWords)})
	}
	if forOther {
		bad = append(bad, renamed(nameFaults(in.Person), "person")...)
		if n := utf8.RuneCountInString(in.Contact); n < 2 || n > maxName {
			bad = append(bad, fault.Field{Name: "contact", Message: "请写明怎样答复本人，例如电话"})
		}
	}
	if len(bad) > 0 {
		return "", fault.InvalidFields(op, bad...)
	}
	var err error
	if q.Deadline, err = r.deadlines(dataRequestRule, calendar.DateOf(r.now())); err != nil {
		return "", err
	}
	meta := store.Meta{By: by.ID, Action: string(action)}
	id := r.db.NewID(meta)
	_, err = r.rows.Commit(ctx, meta, id, 0, q)
	return id, err
}

func renamed(fields []fault.Field, name string) []fault.Field {
	for i := range fields {
		fields[i].Name = name
	}
	return fields
}

// Own are the actor's requests, newest first; up to a hundred. Returns Forbidden.
func (r *DataRequests) Own(ctx context.Context, by Actor) ([]store.Doc[DataRequest], error) {
	if err := r.guard.Require(by, ReadOwnAccount); err != nil {
		return nil, err
	}
	return r.list(ctx, store.Query{Index: byAsker, Key: by.ID, Desc: true, Limit: 100})
}

// Open are the requests without answer, oldest first, All those of everybody, newest first; up to a hundred. They return Forbidden without AnswerDataRequest.
func (r *DataRequests) Open(ctx context.Context, by Actor) ([]store.Doc[DataRequest], error) {
	if err := r.guard.Require(by, AnswerDataRequest); err != nil {
		return nil, err
	}
	return r.list(ctx, store.Query{Index: openRequests, Limit: 100})
}

// All: see Open.
func (r *DataRequests) All(ctx context.Context, by Actor) ([]store.Doc[DataRequest], error) {
	if err := r.guard.Require(by, AnswerDataRequest); err != nil {
		return nil, err
	}
	return r.list(ctx, store.Query{Index: byAsker, Key: "all", Desc: true, Limit: 100})
}

func (r *DataRequests) list(ctx context.Context, q store.Query) ([]store.Doc[DataRequest], error) {
	page, err := r.rows.List(ctx, q)
	for i := range page.Docs {
		page.Docs[i].State.Deadline = r.resolve(page.Docs[i].State.Deadline)
	}
	return page.Docs, err
}

// MayAnswer reports whether the actor may answer a request: neither his own nor one that he entered.
func (r *DataRequests) MayAnswer(by Actor, q *DataRequest) bool {
	return q.Answer == nil && q.Account != by.ID && q.By != by.ID && r.guard.Allow(by, AnswerDataRequest)
}

// Answer answers a request. Returns Forbidden without AnswerDataRequest and for who asked or entered it, NotFound, Invalid for refused words, Conflict if seq is not the last
// change or it is answered.
func (r *DataRequests) Answer(ctx context.Context, by Actor, id string, seq int64, done bool, words string) error {
	const op = "policy.Answer"
	if err := r.guard.Require(by, AnswerDataRequest); err != nil {
		return err
	}
	if !journal.ValidPart(id) {
		return fault.New(op, fault.NotFound, "没有找到这项请求")
	}
	d, err := r.rows.Load(ctx, id)
	switch {
	case err != nil:
		return err
	case d.State.Account == by.ID || d.State.By == by.ID:
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "自己的请求、自己代为登记的请求由别人答复", Rule: "不相容岗位规则 S-3：请求由他人答复"}
	case d.Seq != seq || d.State.Answer != nil:
		return fault.New(op, fault.Conflict, "这项请求刚被别人办过，请刷新后再看")
	}
	if words = strings.TrimSpace(words); utf8.RuneCountInString(words) < 2 || utf8.RuneCountInString(words) > maxRequestWords {
		return fault.InvalidFields(op, fault.Field{Name: "words", Message: fmt.Sprintf("请写明办了什么，不办的写明理由，2 至 %d 个字", maxRequestWords)})
	}
	d.State.Answer = &DataAnswer{Done: done, Words: words, By: by.ID, At: journal.At(r.now())}
	_, err = r.rows.Commit(ctx, store.Meta{By: by.ID, Action: string(AnswerDataRequest)}, id, seq, d.State)
	return err
}

// forgetBack is how many days before their term requests are looked for that a stopped program left.
const forgetBack = 30

// Forget destroys the words of requests whose term after the answer has passed. For the job that does so every night.
func (r *DataRequests) Forget(ctx context.Context) error {
	meta := store.Meta{By: SystemActor().ID, Action: string(RunJob), Why: "个人信息请求保存期满"}
	today := calendar.DateOf(r.now())
	term, err := r.deadlines(dataKeepRule, today)
	if err != nil || !term.Resolved() {
		return err
	}
	length := term.Due.Sub(today)
	for back := length; back <= length+forgetBack; back++ {
		answered := today.Add(-back)
		one, err := r.deadlines(dataKeepRule, answered)
		if err != nil {
			return err
		}
		if !one.Late(r.now()) {
			continue
		}
		page, err := r.rows.List(ctx, store.Query{Index: answeredRequests, Key: answered.String(), Limit: store.MaxLimit})
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if d.Purged {
				continue
			}
			if err := r.db.Purge(ctx, meta, dataRequestKind+"/"+d.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
