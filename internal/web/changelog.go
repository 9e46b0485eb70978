package web

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Journal is the log of changes as 变更日志 shows it.
type Journal interface {
	// Size returns how many records the log has.
	Size(ctx context.Context) (int64, error)
	// Entries returns up to limit records with log numbers at most upTo, newest first.
	Entries(ctx context.Context, upTo int64, limit int) ([]Entry, error)
	// Change returns one record with what it changed. Returns NotFound.
	Change(ctx context.Context, n int64) (store.ChangeView, error)
	// Records are the records of one document, oldest first, the newest 500 of them; none if it has none.
	Records(ctx context.Context, kind, id string) ([]Entry, error)
	// RuleTitle is what a follow-up rule is called, "" if there is none of the name.
	RuleTitle(name string) string
	// DeadlineTitle is what a rule of deadlines.yaml is called, "" if there is none of the id.
	DeadlineTitle(id string) string
	// Called tells what documents are called; see store.DB.Called.
	Called(ctx context.Context, refs []store.Ref, places func(kind string) []string) (map[store.Ref]store.Called, error)
	// Proof shows that a record stands in the log, as JSON that `redsteward verify` reads. Returns Invalid if the log has no such number.
	Proof(ctx context.Context, n int64) ([]byte, error)
}

// Entry is one record of the log, without the state that it holds.
type Entry struct {
	N      int64
	At     time.Time
	Stream string
	Seq    int64
	// By is the opaque id of who made the change.
	By, Action, Why string
	Hash            string
}

// logPage is how many records one page of the log shows, logChunk how many are read at once, logReads how many a filter reads before the page asks to go on.
const (
	logPage  = 50
	logChunk = 1000
	logReads = 20_000
)

// logFilter is what somebody looks for in the log.
type logFilter struct {
	// Text stands in the action, its name, the object or the reason; By is the account; First and Last are days.
	Text, By    string
	First, Last calendar.Date
}

func (f *logFilter) empty() bool { return *f == logFilter{} }

// query is the filter as part of an address.
func (f *logFilter) query() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "by": f.By, "from": f.First.String(), "until": f.Last.String()} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// logFilterOf reads a filter; a day that is none counts as not given.
func logFilterOf(c *fiber.Ctx) logFilter {
	day := func(name string) calendar.Date {
		d, err := calendar.ParseDate(c.Query(name))
		if err != nil {
			return calendar.Date{}
		}
		return d
	}
	return logFilter{Text: strings.TrimSpace(c.Query("q")), By: strings.TrimSpace(c.Query("by")), First: day("from"), Last: day("until")}
}

// matches asks a row as its reader sees it, so that no filter finds what is hidden from him.
func (f *logFilter) matches(e *entryRow) bool {
	if f.By != "" && e.By != f.By {
		return false
	}
	day := calendar.DateOf(e.At)
	if !f.First.IsZero() && day.Compare(f.First) < 0 || !f.Last.IsZero() && f.Last.Compare(day) < 0 {
		return false
	}
	return f.Text == "" || strings.Contains(e.Action, f.Text) || strings.Contains(e.Did, f.Text) || strings.Contains(e.Stream, f.Text) || strings.Contains(e.Object, f.Text) || strings.Contains(e.Name, f.Text) || strings.Contains(e.Who, f.Text) || strings.Contains(e.Why, f.Text)
}

// ref is the document that an entry is about.
func (e *Entry) ref() store.Ref {
	kind, id, _ := strings.Cut(e.Stream, "/")
	return store.Ref{Kind: kind, ID: id}
}

// changeLogView is what log.html shows.
type changeLogView struct {
	Size         int64
	Entries      []entryRow
	Newer, Older string
	// Query is the text of the search, Form the rest of the filter, Filtered: there is one; Clear is the address without, Excel that of the workbook.
	Query        string
	Form         []field
	Filtered     bool
	Clear, Excel string
	// Read is up to which record a filter has read, if there may be more before.
	Read int64
	// Opens: the reader may see what a record changed.
	Opens bool
	// Witnesses is where the co-signed checkpoints are, "" without them.
	Witnesses string
}

// entryRow is an entry with the Chinese name of its action, which is its code if the action is no right that somebody has.
type entryRow struct {
	Entry
	Did string
	// Object is what the kind of the document is called, Name what the document is, Who the office and name of who made the change; both "" if nobody knows.
	Object, Name, Who string
	// Hidden: it is not shown who made it.
	Hidden bool
}

// reports are the actions by which matters come in: who did them reported, which only some may know.
var reports = []policy.Action{policy.ReportMatter, policy.AskOpenly, policy.ImportMatter}

// hide takes out of an entry what would tell who reported a matter, and from where.
func (e *entryRow) hide() {
	e.Hidden, e.By, e.Why, e.Action, e.Did = true, "", "", string(policy.ReportMatter), "上报事项"
}

// rowOf is an entry as its reader may see it.
func (s *Server) rowOf(e Entry, reporters bool) entryRow {
	kind, _, _ := strings.Cut(e.Stream, "/")
	row := entryRow{Entry: e, Did: e.Action, Object: kindWord(kind)}
	if a, known := s.guard.Rules().Action(policy.Action(e.Action)); known {
		row.Did = a.Name
	} else if own := policy.OwnWork(e.Action); own != "" {
		row.Did = own
	}
	if kind == jobKind { // a job of before gave its name as the reason
		if title := s.jobTitle(e.Why); title != "" {
			row.Why = title
		}
	}
	if !reporters && slices.Contains(reports, policy.Action(e.Action)) {
		row.hide()
	}
	return row
}

// jobKind is the kind of the runs of jobs.
const jobKind = "job"

// jobTitle is what a job is called, "" if nobody knows it.
func (s *Server) jobTitle(name string) string {
	if s.operations == nil {
		return ""
	}
	return s.operations.JobTitle(name)
}

// causeOf tells in words what caused a record: the rule that made it, and the record that the rule followed. ref is the document of that record; the text names it where %s stands.
func (s *Server) causeOf(cause string) (text string, ref store.Ref, ok bool) {
	at := strings.LastIndexByte(cause, '/')
	if at < 0 {
		return "", ref, false
	}
	stream, seq, err := journal.ParseRecordID(cause[:at])
	if err != nil {
		return "", ref, false
	}
	kind, id, err := journal.ParseStreamKey(stream)
	if err != nil {
		return "", ref, false
	}
	rule := cause[at+1:]
	if n, line := strings.CutPrefix(rule, "line-"); line {
		rule = "导入第 " + n + " 行"
	} else if title := s.journal.RuleTitle(rule); title != "" {
		rule = title
	}
	return fmt.Sprintf("%s，由%s%%s第 %d 次变更引起", rule, kindWord(kind), seq), store.Ref{Kind: kind, ID: id}, true
}

// nameRows puts names into rows, all found together.
func (n *naming) nameRows(ctx context.Context, rows []entryRow) error {
	var refs []store.Ref
	for i := range rows {
		refs = append(refs, rows[i].ref(), store.Ref{Kind: accountKind, ID: rows[i].By})
	}
	if err := n.learn(ctx, refs); err != nil {
		return err
	}
	for i := range rows {
		r, day := &rows[i], calendar.DateOf(rows[i].At)
		if r.Name = n.name(r.ref(), day); !r.Hidden {
			r.Who = n.name(store.Ref{Kind: accountKind, ID: r.By}, day)
		}
	}
	return nil
}

// findLog reads the log backwards from a record until it has found enough, and returns up to which record it has read.
func (s *Server) findLog(ctx context.Context, by policy.Actor, names *naming, f logFilter, upTo int64, enough, reads int) (rows []entryRow, read int64, err error) {
	reporters := s.guard.Allow(by, policy.ReadReporter)
	defer func() {
		if err == nil && f.Text == "" {
			err = names.nameRows(ctx, rows)
		}
	}()
	read = upTo + 1
	for most := min(logChunk, reads); read > 1 && reads > 0; reads -= most {
		entries, err := s.journal.Entries(ctx, read-1, most)
		if err != nil {
			return nil, 0, err
		}
		if len(entries) == 0 {
			return rows, 1, nil
		}
		chunk := make([]entryRow, len(entries))
		for i, e := range entries {
			chunk[i] = s.rowOf(e, reporters)
		}
		if f.Text != "" { // a name may be what somebody looks for
			if err := names.nameRows(ctx, chunk); err != nil {
				return nil, 0, err
			}
		}
		for i, e := range entries {
			if len(rows) == enough {
				return rows, read, nil
			}
			read = e.N
			if f.matches(&chunk[i]) {
				rows = append(rows, chunk[i])
			}
			// The log is in the order of time but for moments: a day before the first wanted one ends the search.
			if !f.First.IsZero() && calendar.DateOf(e.At).Add(1).Compare(f.First) < 0 {
				return rows, 1, nil
			}
		}
	}
	return rows, read, nil
}

// changeLog shows who changed what, newest first.
func (s *Server) changeLog(c *fiber.Ctx, by policy.Actor) error {
	if s.journal == nil {
		return errNothingRated
	}
	size, err := s.journal.Size(c.UserContext())
	if err != nil {
		return err
	}
	upTo, err := strconv.ParseInt(c.Query("to"), 10, 64)
	if err != nil || upTo < 1 || upTo > size {
		upTo = size
	}
	f := logFilterOf(c)
	v := changeLogView{Size: size, Query: f.Text, Filtered: !f.empty(), Clear: logPath, Opens: s.guard.Allow(by, policy.VerifyLog)}
	v.Excel = logPath + ".xlsx?" + f.query().Encode()
	v.Form = []field{{Name: "by", Label: "经手账号", Type: "text", Value: f.By, Optional: true}, {Name: "from", Label: "从哪天", Type: "date", Value: f.First.String(), Optional: true}, {Name: "until", Label: "到哪天", Type: "date", Value: f.Last.String(), Optional: true}}
	if s.witnesses != nil {
		v.Witnesses = witnessPath
	}
	rows, read, err := s.findLog(c.UserContext(), by, s.naming(by), f, upTo, logPage, logReads)
	if err != nil {
		return err
	}
	v.Entries = rows
	link := func(n int64) string {
		q := f.query()
		q.Set("to", strconv.FormatInt(n, 10))
		return logPath + "?" + q.Encode()
	}
	if upTo < size {
		v.Newer = link(min(size, upTo+logPage))
		if v.Filtered { // how far back a page of matches reaches nobody knows: the newest ones again
			v.Newer = logPath + "?" + f.query().Encode()
		}
	}
	if read > 1 {
		v.Older = link(read - 1)
		if v.Filtered && len(rows) < logPage {
			v.Read = read
		}
	}
	return s.render(c, by, "log", page{Title: "变更日志", Nav: logPath, Data: v})
}

// logExcel gives what a filter finds, as a workbook.
func (s *Server) logExcel(c *fiber.Ctx, by policy.Actor) error {
	if s.journal == nil {
		return errNothingRated
	}
	size, err := s.journal.Size(c.UserContext())
	if err != nil {
		return err
	}
	names := s.naming(by)
	rows, read, err := s.findLog(c.UserContext(), by, names, logFilterOf(c), size, logReads, logReads)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "变更日志", Heads: []string{"序号", "时间", "动作", "代码", "种类", "名称", "对象", "第几次变更", "经手", "经手账号", "理由", "指纹"}}
	for _, e := range rows {
		account := e.By
		if e.Hidden {
			account = "已隐去"
		}
		sheet.Rows = append(sheet.Rows, []any{e.N, dateTime(e.At), e.Did, e.Action, e.Object, e.Name, e.Stream, e.Seq, e.Who, account, e.Why, e.Hash})
	}
	if read > 1 {
		sheet.Note = fmt.Sprintf("一次最多查 %d 条，第 %d 条以前的没有查，请缩短日期", logReads, read)
	}
	if !s.guard.Allow(by, policy.VerifyLog) {
		return sendFigures(c, "变更日志.xlsx", sheet)
	}
	told := report.Figures{Sheet: "改了什么", Heads: []string{"序号", "时间", "动作", "种类", "名称", "对象", "栏目", "原来", "现在"}, Note: changesLeftOut(len(rows))}
	rows = rows[:min(len(rows), changeSheetRows)]
	changes := make([]store.ChangeView, len(rows))
	var refs []store.Ref
	for i, e := range rows {
		if changes[i], err = s.journal.Change(c.UserContext(), e.N); err != nil {
			return err
		}
		refs = append(refs, changeRefs(&changes[i])...)
	}
	if err := names.learn(c.UserContext(), refs); err != nil {
		return err
	}
	for i, e := range rows {
		values, hidden := names.tellChanges(&changes[i], e.Hidden)
		for _, name := range hidden {
			kept := toldValue{Text: "（有变化，不显示）"}
			values = append(values, toldChange{Place: name, Before: kept, After: kept})
		}
		for _, f := range values {
			told.Rows = append(told.Rows, []any{e.N, dateTime(e.At), e.Did, e.Object, e.Name, e.Stream, f.Place, f.Before.String(), f.After.String()})
		}
	}
	return sendFigures(c, "变更日志.xlsx", sheet, told)
}

// logChangeView is what log_change.html shows.
type logChangeView struct {
	store.ChangeView
	Row        entryRow
	Hash       string
	Proof      string
	Prev, Next string
	// Values are the places that may be shown, in words, Hidden those of which only is told that they changed.
	Values []toldChange
	Hidden []string
	// Cause is what caused the record, in words, "" if nothing did; CauseAt where the records of that document are.
	Cause, CauseAt string
}

// logChange shows what one record changed.
func (s *Server) logChange(c *fiber.Ctx, by policy.Actor) error {
	if s.journal == nil {
		return errNothingRated
	}
	n, err := strconv.ParseInt(c.Params("n"), 10, 64)
	if err != nil {
		return fault.New("web.logChange", fault.NotFound, "日志没有这一条")
	}
	change, err := s.journal.Change(c.UserContext(), n)
	if err != nil {
		return err
	}
	r := change.Record
	row := s.rowOf(Entry{N: r.N, At: change.Meta.At, Stream: change.Kind + "/" + change.ID, Seq: change.Seq, By: change.Meta.By, Action: change.Meta.Action, Why: change.Meta.Why, Hash: hex.EncodeToString(r.Hash[:])}, s.guard.Allow(by, policy.ReadReporter))
	names, rows := s.naming(by), []entryRow{row}
	refs := changeRefs(&change)
	cause, of, caused := s.causeOf(change.Meta.Cause)
	if caused = caused && !row.Hidden; caused {
		refs = append(refs, of)
	}
	if err := names.learn(c.UserContext(), refs); err != nil {
		return err
	}
	if err := names.nameRows(c.UserContext(), rows); err != nil {
		return err
	}
	v := logChangeView{ChangeView: change, Row: rows[0], Hash: row.Hash, Proof: fmt.Sprintf("%s/%d/proof.json", logPath, n)}
	v.Values, v.Hidden = names.tellChanges(&change, row.Hidden)
	if caused {
		name := names.name(of, calendar.DateOf(change.Meta.At))
		if name != "" {
			name = "“" + name + "”"
		}
		v.Cause, v.CauseAt = fmt.Sprintf(cause, name), logPath+"?"+url.Values{"q": {of.Kind + "/" + of.ID}}.Encode()
	}
	if n > 1 {
		v.Prev = fmt.Sprintf("%s/%d", logPath, n-1)
	}
	if size, err := s.journal.Size(c.UserContext()); err == nil && n < size {
		v.Next = fmt.Sprintf("%s/%d", logPath, n+1)
	}
	return s.render(c, by, "log_change", page{Title: fmt.Sprintf("第 %d 条变更", n), Nav: logPath, Data: v})
}

// logProof gives the proof that a record stands in the log.
func (s *Server) logProof(c *fiber.Ctx, _ policy.Actor) error {
	if s.journal == nil {
		return errNothingRated
	}
	n, err := strconv.ParseInt(c.Params("n"), 10, 64)
	if err != nil {
		return fault.New("web.logProof", fault.NotFound, "日志没有这一条")
	}
	return s.sendRecordProof(c, n)
}

// sendRecordProof sends the proof of a record.
func (s *Server) sendRecordProof(c *fiber.Ctx, n int64) error {
	data, err := s.journal.Proof(c.UserContext(), n)
	if fault.Is(err, fault.Invalid) {
		return fault.Wrap("web.logProof", fault.NotFound, "日志没有这一条", err)
	}
	if err != nil {
		return err
	}
	return attach(c, fmt.Sprintf("record-%d.json", n), fiber.MIMEApplicationJSON, data)
}

// StoreJournal reads the log of a store.
type StoreJournal struct {
	// DB is the open store.
	DB *store.DB
	// Deadlines are the rules of deadlines.yaml, by whose names the log calls them; nil leaves their ids.
	Deadlines *calendar.Rules
}

// Size implements Journal.
func (j StoreJournal) Size(ctx context.Context) (int64, error) { return j.DB.Engine().LastN(ctx) }

// Entries implements Journal. What a record holds stays sealed here: the list tells who did what to which document.
func (j StoreJournal) Entries(ctx context.Context, upTo int64, limit int) ([]Entry, error) {
	var out []Entry
	err := j.DB.Engine().Log(ctx, max(0, upTo-int64(limit)), upTo, func(r journal.Record) error {
		e, err := entryOf(r)
		out = append(out, e)
		return err
	})
	slices.Reverse(out)
	return out, err
}

// entryOf is a record without the state that it holds.
func entryOf(r journal.Record) (Entry, error) {
	id, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return Entry{}, err
	}
	stream, seq, err := journal.ParseRecordID(id)
	if err != nil {
		return Entry{}, err
	}
	kind, name, err := journal.ParseStreamKey(stream)
	return Entry{N: r.N, At: content.At.Time, Stream: kind + "/" + name, Seq: seq, By: content.By, Action: content.Action, Why: content.Why, Hash: hex.EncodeToString(r.Hash[:])}, err
}

// Change implements Journal.
func (j StoreJournal) Change(ctx context.Context, n int64) (store.ChangeView, error) {
	return j.DB.ChangeOf(ctx, n)
}

// RuleTitle implements Journal.
func (j StoreJournal) RuleTitle(name string) string { return j.DB.RuleTitle(name) }

// DeadlineTitle implements Journal.
func (j StoreJournal) DeadlineTitle(id string) string {
	if j.Deadlines == nil {
		return ""
	}
	rule, err := j.Deadlines.Find(id)
	if err != nil {
		return ""
	}
	return rule.Name
}

// Called implements Journal.
func (j StoreJournal) Called(ctx context.Context, refs []store.Ref, places func(kind string) []string) (map[store.Ref]store.Called, error) {
	return j.DB.Called(ctx, refs, places)
}

// Proof implements Journal.
func (j StoreJournal) Proof(ctx context.Context, n int64) ([]byte, error) {
	return j.DB.RecordProof(ctx, n)
}
