package outbox

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/gateway"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// channels are appended to the shipped file, whose own are none.
const channels = `
channels:
  - {id: sms, name: 短信, to: phone, http: {address: "https://sms.example.org/", method: POST, json: '{"m": "{{to}}", "t": "{{text}}"}', success: {status: 200}, timeout: 10s}}
  - {id: mail, name: 邮件, to: mail, smtp: {address: "smtp.example.org:587", tls: starttls, from: a@example.org, subject: 通知, timeout: 10s}}
`

// rulesText is the shipped messages.yaml with channels.
func rulesText(t *testing.T) string {
	t.Helper()
	return strings.Replace(string(policytest.Config(t, "messages.yaml")), "\nchannels: []\n", channels, 1)
}

// desk is an outbox whose gateways the test answers for, on a clock that it moves. It implements gateway.Sender and People.
type desk struct {
	*Service
	*policytest.Desk
	t *testing.T
	// answer is what the gateways say of a message; took are the texts that they took, by address.
	answer func(m gateway.Message) gateway.Result
	mu     sync.Mutex
	took   []string
	// gone are the accounts that are no more.
	gone []string
}

func (d *desk) Send(_ context.Context, m gateway.Message) gateway.Result {
	result := gateway.Result{Outcome: gateway.Taken}
	if d.answer != nil {
		result = d.answer(m)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if result.Outcome == gateway.Taken {
		d.took = append(d.took, m.To+" "+m.Text)
	}
	return result
}

func (d *desk) Person(_ context.Context, id string) (policy.Actor, error) {
	if slices.Contains(d.gone, id) {
		return policy.Actor{}, fault.New("outbox.Person", fault.NotFound, "没有找到这个账号")
	}
	return policy.Actor{ID: id, Name: "张小敏"}, nil
}

var admin = policy.Actor{ID: "admin", Appointments: []policy.Appointment{{Role: policy.Administrator, Scopes: []string{policy.County}}}}

func person(id string) policy.Actor { return policy.Actor{ID: id, Name: "张小敏"} }

// monday is a working day at ten in the morning.
var monday = time.Date(2026, 11, 2, 2, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: policytest.NewDesk(t, monday), t: t}
	rules, err := ParseRules("messages.yaml", []byte(rulesText(t)))
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	days, err := calendar.Parse(calendar.File{Name: "holidays", Data: policytest.Config(t, "calendar/holidays-2014-2026.csv")})
	if err != nil {
		t.Fatal(err)
	}
	d.Service, err = New(t.Context(), Config{DB: d.DB, Guard: policy.NewGuard(policytest.Rules(t), policy.TenureTable{}), Now: d.Clock, People: d, Rules: rules, Site: "红色管家", Days: days, Senders: map[string]gateway.Sender{"sms": d, "mail": d}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wants lets an account choose channels.
func (d *desk) wants(id string, channels ...string) {
	d.t.Helper()
	_, seq, err := d.Own(d.t.Context(), person(id))
	if err == nil {
		err = d.Choose(d.t.Context(), person(id), seq, Contact{Phone: "13800000000", Mail: id + "@example.org", Channels: channels, Digest: true, Hour: 10})
	}
	if err != nil {
		d.t.Fatal(err, fault.FieldsOf(err))
	}
}

func (d *desk) tell(event, account string) {
	d.t.Helper()
	if err := d.Tell(d.t.Context(), store.Meta{By: "officer", Action: "notice.send"}, Post{Event: event, Account: account, Template: NewNotice, Values: map[string]string{FieldOffice: "都昌镇"}}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) deliver() {
	d.t.Helper()
	if err := d.Deliver(d.t.Context(), "one"); err != nil {
		d.t.Fatal(err)
	}
}

// stands are the states of all messages with how often each was tried, the newest first.
func (d *desk) stands() string {
	d.t.Helper()
	page, err := d.Messages(d.t.Context(), admin, Filter{}, "")
	if err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, m := range page.Docs {
		out = append(out, fmt.Sprintf("%s %s %d", m.State.Channel, m.State.State, len(m.State.Tries)))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (d *desk) wantStands(when, want string) {
	d.t.Helper()
	if got := d.stands(); got != want {
		d.t.Errorf("%s: %s, want %s", when, got, want)
	}
}

// one is the only message.
func (d *desk) one() store.Doc[Message] {
	d.t.Helper()
	page, err := d.Messages(d.t.Context(), admin, Filter{}, "")
	if err != nil || len(page.Docs) != 1 {
		d.t.Fatal(len(page.Docs), err)
	}
	return page.Docs[0]
}

func TestOnceByChannel(t *testing.T) {
	d := newDesk(t)
	d.tell("notice.n1", "nobody") // who has chosen nothing gets nothing
	d.wants("a", "sms", "mail")
	d.wants("b")
	d.tell("notice.n1", "a")
	d.tell("notice.n1", "a")
	d.tell("notice.n1", "b")
	d.wantStands("told twice", "mail waiting 0, sms waiting 0")
	if s, err := d.Stands(t.Context()); err != nil || s.Waiting != 2 || !s.Oldest.Equal(monday) || !s.LastSent.IsZero() {
		t.Error(s, err)
	}
	d.Wait(time.Minute)
	// Of two processes at once one sends on a channel.
	var both sync.WaitGroup
	failed := make([]error, 2)
	for i := range failed {
		both.Go(func() { failed[i] = d.Deliver(t.Context(), fmt.Sprint("process", i)) })
	}
	both.Wait()
	if failed[0] != nil || failed[1] != nil {
		t.Error(failed)
	}
	d.deliver()
	d.wantStands("delivered", "mail sent 1, sms sent 1")
	slices.Sort(d.took)
	if len(d.took) != 2 || d.took[0] != "13800000000 【红色管家】都昌镇有一条新通知。" || !strings.HasPrefix(d.took[1], "a@example.org ") {
		t.Errorf("%q", d.took)
	}
	if s, err := d.Stands(t.Context()); err != nil || s.Waiting != 0 || !s.LastSent.Equal(monday.Add(time.Minute)) {
		t.Error(s, err)
	}
}

func TestRetries(t *testing.T) {
	d := newDesk(t)
	d.wants("a", "sms")
	d.answer = func(gateway.Message) gateway.Result {
		return gateway.Result{Outcome: gateway.Later, Why: "网关暂时不能用（HTTP 500）"}
	}
	d.tell("notice.n1", "a")
	d.deliver()
	for i, wait := range d.Rules.Retries {
		d.Wait(wait - time.Second)
		d.deliver()
		d.wantStands("before its time", fmt.Sprintf("sms waiting %d", i+1))
		d.Wait(time.Second)
		d.deliver()
	}
	d.wantStands("after the last", "sms failed 5")
	m := d.one()
	if m.State.LastWhy() != "网关暂时不能用（HTTP 500）" {
		t.Error(m.State.LastWhy())
	}
	// Nothing is lost: an administrator sends it again, and nobody else.
	if err := d.Again(t.Context(), person("a"), m.ID, m.Seq); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if err := d.Again(t.Context(), admin, m.ID, m.Seq-1); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	if err := d.Again(t.Context(), admin, m.ID, m.Seq); err != nil {
		t.Fatal(err)
	}
	d.answer = nil
	d.deliver()
	d.wantStands("again", "sms sent 6")
	m = d.one()
	if err := d.Again(t.Context(), admin, m.ID, m.Seq); !fault.Is(err, fault.Conflict) {
		t.Error("what was sent is sent again:", err)
	}
	if _, err := d.Message(t.Context(), admin, "none"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if _, err := d.Messages(t.Context(), person("a"), Filter{}, ""); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
}

// TestAtMostOnce: what nobody knows is not sent again by itself.
func TestAtMostOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		result gateway.Result
		want   string
	}{"hangs": {gateway.Result{Outcome: gateway.Unknown, Why: "网关 10s 内没有回答"}, "sms unsure 1"}, "refuses": {gateway.Result{Outcome: gateway.Refused, Why: "网关没有接受（HTTP 400）"}, "sms failed 1"}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.wants("a", "sms")
			d.answer = func(gateway.Message) gateway.Result { return tt.result }
			d.tell("notice.n1", "a")
			d.deliver()
			d.Wait(24 * time.Hour)
			d.deliver()
			d.wantStands(name, tt.want)
		})
	}
	d := newDesk(t)
	d.wants("a", "sms")
	d.tell("notice.n1", "a")
	// A process ends while it sends: its mark stays.
	m := d.one()
	m.State.State = Sending
	if _, err := d.commit(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	d.deliver()
	d.wantStands("after a stop", "sms unsure 0")
	if m = d.one(); !strings.Contains(m.State.LastWhy(), "中断") || len(d.took) != 0 {
		t.Error(m.State.LastWhy(), d.took)
	}
}

// TestFailingChannel: a channel whose gateway fails rests, and the other goes on.
func TestFailingChannel(t *testing.T) {
	d := newDesk(t)
	tries := 0
	d.answer = func(m gateway.Message) gateway.Result {
		if strings.Contains(m.To, "@") {
			return gateway.Result{Outcome: gateway.Taken}
		}
		tries++
		return gateway.Result{Outcome: gateway.Unknown, Why: "网关 10s 内没有回答"}
	}
	for i := range 6 {
		id := fmt.Sprint("p", i)
		d.wants(id, "sms", "mail")
		d.tell("notice.n1", id)
	}
	d.deliver()
	if tries != 3 || len(d.took) != 6 {
		t.Errorf("%d tries, %d mails", tries, len(d.took))
	}
	if n, err := d.StopAll(t.Context(), admin, ""); n != 3 || err != nil {
		t.Error(n, err)
	}
	if _, err := d.StopAll(t.Context(), person("a"), ""); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
}

func TestWhoLeft(t *testing.T) {
	d := newDesk(t)
	d.wants("left", "sms")
	d.wants("gone", "sms")
	d.tell("notice.n1", "left")
	d.tell("notice.n1", "gone")
	d.wants("left", "mail")
	d.gone = []string{"gone"}
	d.deliver()
	d.wantStands("nobody is written to who left", "sms stopped 0, sms stopped 0")
	d.wants("late", "mail")
	d.tell("notice.n1", "late")
	d.Wait(d.Rules.Expire + time.Second)
	d.deliver()
	d.wantStands("too old", "mail failed 0, sms stopped 0, sms stopped 0")
	if len(d.took) != 0 {
		t.Error(d.took)
	}
}

func TestQuiet(t *testing.T) {
	d := newDesk(t)
	d.wants("a", "sms")
	night := monday.Add(12 * time.Hour) // 22:00
	d.MoveTo(night)
	d.tell("notice.n1", "a")
	if err := d.Tell(t.Context(), store.Meta{By: "officer", Action: "notice.send"}, Post{Event: "notice.n2", Account: "a", Template: NewNotice, Urgent: true}); err != nil {
		t.Fatal(err)
	}
	d.deliver()
	d.wantStands("at night", "sms sent 1, sms waiting 0")
	d.MoveTo(night.Add(10*time.Hour - time.Second))
	d.deliver()
	d.wantStands("before eight", "sms sent 1, sms waiting 0")
	d.MoveTo(night.Add(10 * time.Hour))
	d.deliver()
	d.wantStands("at eight", "sms sent 1, sms sent 1")
	day := &Rules{}
	day.Quiet.From, day.Quiet.To = 12, 14
	for hour, want := range map[int]bool{11: false, 12: true, 13: true, 14: false} {
		if quiet, over := day.quiet(monday.Add(time.Duration(hour-10) * time.Hour)); quiet != want || quiet && !over.Equal(monday.Add(4*time.Hour)) {
			t.Errorf("%d: %v until %v", hour, quiet, over)
		}
	}
	if hours := d.Rules.Hours(); len(hours) != 13 || hours[0] != 8 || hours[12] != 20 {
		t.Error(hours)
	}
}

func TestDigest(t *testing.T) {
	d := newDesk(t)
	d.wants("a", "sms")
	d.wants("idle", "sms")
	lines := []Line{{Key: "/r/1", Label: "整改", Count: 1}, {Key: "/m/1", Label: "事项", Count: 2, Stage: Ending}, {Key: "/x", Count: 1, Stage: Overdue}}
	work := func(_ context.Context, by policy.Actor) ([]Line, error) {
		if by.ID == "idle" {
			return nil, nil
		}
		return lines, nil
	}
	at := func(slot time.Time) {
		t.Helper()
		d.MoveTo(slot)
		if err := d.Digest(t.Context(), slot, work); err != nil {
			t.Fatal(err)
		}
		d.deliver()
	}
	said := func(when string, n int, parts ...string) {
		t.Helper()
		if len(d.took) != n {
			t.Fatalf("%s: %q", when, d.took)
		}
		for _, part := range parts {
			if !strings.Contains(d.took[n-1], part) {
				t.Errorf("%s: %q lacks %q", when, d.took[n-1], part)
			}
		}
	}
	at(monday)
	said("the first", 1, "您有 4 件", "：事项 2 件、整改 1 件", "2 件三个工作日内到期", "1 件已逾期")
	at(monday)
	at(monday.Add(time.Hour))
	said("twice, and at another hour", 1)
	at(monday.Add(24 * time.Hour))
	said("nothing new", 1)
	lines[0].Stage, lines[1].Count = Ending, 5
	lines = append(lines, Line{Key: "/r/2", Label: "整改", Count: 1})
	at(monday.Add(48 * time.Hour))
	said("nearer, more, new", 2, "您有 5 件", "事项 3 件、整改 2 件", "4 件三个工作日内到期")
	if strings.Contains(d.took[1], "逾期") {
		t.Error(d.took[1])
	}
	at(monday.Add(72 * time.Hour))
	said("nothing new again", 2)
	var skip *schedule.Skip
	if err := d.Digest(t.Context(), monday.Add(5*24*time.Hour), work); err == nil || !strings.Contains(err.Error(), "不是工作日") {
		t.Error(err, skip)
	}
}

// TestNoPersonalData fills every template with everything that a message can be told, from a subject whose name, phone and address are known, and finds none of them.
func TestNoPersonalData(t *testing.T) {
	rules, err := ParseRules("messages.yaml", []byte(rulesText(t)))
	if err != nil {
		t.Fatal(err)
	}
	personal := []string{"张小敏", "13800000000", "zhang@example.org", "东湖大道 8 号", "3 幢 1 单元"}
	// The subject stands in keys and links of the work, never in what a digest says of it.
	values := digestValues([]Line{{Key: "/repairs/" + strings.Join(personal, "/"), Label: "报修台账", Count: 3, Stage: Ending}, {Key: personal[0], Count: 1, Stage: Overdue}})
	for name, value := range map[string]string{FieldSite: "红色管家", FieldOffice: "都昌镇", FieldDue: "2026年11月9日", FieldReceipt: "要签收"} {
		values[name] = value
	}
	// Whoever hands in more than the declared fields does not get it into a text.
	for i, text := range personal {
		values[[]string{"name", "phone", "mail", "address", "title"}[i]] = text
	}
	for _, form := range forms {
		text := rules.Fill(form.id, values)
		if text == "" || strings.ContainsAny(text, "{}") {
			t.Errorf("%s: %q", form.id, text)
		}
		for _, word := range personal {
			if strings.Contains(text, word) {
				t.Errorf("%s tells %s: %q", form.id, word, text)
			}
		}
		for _, name := range form.fields {
			if !slices.Contains([]string{FieldSite, FieldOffice, FieldDue, FieldReceipt, FieldCount, FieldKinds, FieldLate, FieldSoon}, name) {
				t.Errorf("the field %s of %s was not looked at", name, form.id)
			}
		}
		if empty := rules.Fill(form.id, nil); strings.ContainsAny(empty, "{}#") || strings.Contains(empty, "期限") {
			t.Errorf("%s without fields: %q", form.id, empty)
		}
	}
}

func TestChoose(t *testing.T) {
	d := newDesk(t)
	a := person("a")
	refused := func(in Contact, field string) {
		t.Helper()
		before := d.Records(t)
		if err := d.Choose(t.Context(), a, 0, in); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != field {
			t.Errorf("%s: %v", field, fault.FieldsOf(err))
		}
		if d.Records(t) != before {
			t.Error("a refused choice was stored")
		}
	}
	refused(Contact{Phone: "0792-5213000", Hour: 8}, "phone")
	refused(Contact{Mail: "张 <a@b.cn>", Hour: 8}, "mail")
	refused(Contact{Network: "a b", Hour: 8}, "network")
	refused(Contact{Channels: []string{"sms"}, Hour: 8}, "channels")
	refused(Contact{Phone: "13800000000", Channels: []string{"pigeon"}, Hour: 8}, "channels")
	refused(Contact{Hour: 23}, "hour")
	if err := d.Try(t.Context(), a); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	d.wants("a", "sms")
	if err := d.Choose(t.Context(), a, 0, Contact{Hour: 8}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	for range 2 {
		if err := d.Try(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	d.deliver()
	if len(d.took) != 1 || !strings.Contains(d.took[0], "试发") {
		t.Error(d.took)
	}
	if err := d.Choose(t.Context(), policy.Actor{}, 0, Contact{Hour: 8}); !fault.Is(err, fault.Unauthenticated) {
		t.Error(err)
	}
}

func TestParseRules(t *testing.T) {
	good := rulesText(t)
	for _, tt := range []struct{ old, bad, says string }{
		{"{{office}}有", "{{phone}}有", "没有字段 {{phone}}"}, {"{{office}}有", "{{office有", "字段要写成"}, {"id: probe", "id: prob", "没有 prob 这个模板"}, {"id: urging", "id: notice", "写了两次"},
		{"{from: 21, to: 8}", "{from: 21, to: 24}", "0 到 23"}, {"{from: 21, to: 8}", "{from: 8, to: 8}", "不能相同"}, {"[2m,", "[2s,", "1m 到 24h"}, {"expire: 48h", "expire: 1m", "1h 到 336h"},
		{"id: mail, name", "id: sms, name", "写了两次"}, {"to: phone", "to: pigeon", "phone、mail 或 network"}, {"to: mail,", "to: phone,", "要发到 mail"}, {"https://sms", "http://sms", "https://…"}, {"tls: starttls", "tls: none", "不加密只能到本机"},
		{", smtp: {", `, http: {address: "https://x/"}, smtp: {`, "也只能写一个"},
	} {
		text := strings.Replace(good, "templates:\n", "templates:\n", 1)
		at := strings.Index(text, "quiet: {") // past the comments, which show examples
		text = text[:at] + strings.Replace(text[at:], tt.old, tt.bad, 1)
		_, err := ParseRules("messages.yaml", []byte(text))
		if said := fmt.Sprint(fault.FieldsOf(err)); !fault.Is(err, fault.Invalid) || !strings.Contains(said, tt.says) || !strings.Contains(said, "messages.yaml:") {
			t.Errorf("%s: %v", tt.bad, said)
		}
	}
	shipped, err := ParseRules("messages.yaml", policytest.Config(t, "messages.yaml"))
	if err != nil || len(shipped.Channels) != 0 {
		t.Error("nothing is sent unless somebody says so:", err)
	}
	rules, err := ParseRules("messages.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if senders, err := rules.Senders(func(string) (string, bool) { return "", false }, time.Now); err != nil || len(senders) != 2 {
		t.Error(senders, err)
	}
}

func TestStoredFields(t *testing.T) {
	for _, err := range []error{store.CheckType[Message](), store.CheckType[Contact](), store.CheckType[toldLines]()} {
		if err != nil {
			t.Error(err)
		}
	}
	golden, err := os.ReadFile("testdata/fields.txt")
	if got := strings.Join(slices.Concat(store.FieldNames[Message](), store.FieldNames[Contact]()), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read (%v):\n%s", err, got)
	}
}
