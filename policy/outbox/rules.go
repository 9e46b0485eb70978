package outbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/gateway"
	"redsteward/internal/journal"
	"redsteward/internal/yamlstrict"
)

// TemplateID names a template: what a message is about. A new one gets its fields in forms.
type TemplateID string

// The templates.
const (
	// NewNotice tells of a notice (站内通知), Urging that its receiver is urged to read or sign for it.
	NewNotice TemplateID = "notice"
	Urging    TemplateID = "urging"
	// Digest tells of new lines of 我的待办 and of those whose time ends.
	Digest TemplateID = "digest"
	// Probe is what somebody sends himself to try a channel.
	Probe TemplateID = "probe"
)

// The fields of the templates. None holds anything about a person: names of offices and of this site, days, and counts.
const (
	// FieldSite is the name of this site, FieldOffice the office that sends a notice, FieldDue the last day, FieldReceipt says that it is to be signed for.
	FieldSite, FieldOffice, FieldDue, FieldReceipt = "site", "office", "due", "receipt"
	// FieldCount is how many lines are new, FieldKinds what they are about, FieldLate and FieldSoon how many of them are late or end within three working days.
	FieldCount, FieldKinds, FieldLate, FieldSoon = "count", "kinds", "late", "soon"
)

// forms are the templates with their fields. A field may be empty; {{#field …}} leaves out what stands around an empty one.
var forms = []struct {
	id     TemplateID
	fields []string
}{
	{NewNotice, []string{FieldSite, FieldOffice, FieldDue, FieldReceipt}}, {Urging, []string{FieldSite, FieldOffice, FieldDue, FieldReceipt}}, {Digest, []string{FieldSite, FieldCount, FieldKinds, FieldLate, FieldSoon}}, {Probe, []string{FieldSite}},
}

// AddressKind is which of a person's addresses a channel needs.
type AddressKind string

// The kinds of addresses.
const (
	// Phone is a mobile phone, Mailbox a mail address, Network the account of 政务微信 or 企业微信.
	Phone   AddressKind = "phone"
	Mailbox AddressKind = "mail"
	Network AddressKind = "network"
)

// AddressKinds are all kinds.
func AddressKinds() []AddressKind { return []AddressKind{Phone, Mailbox, Network} }

// Title is what people call it.
func (k AddressKind) Title() string {
	return map[AddressKind]string{Phone: "手机号", Mailbox: "邮箱", Network: "政务微信（企业微信）账号"}[k]
}

// Channel is a way to reach people outside of this system.
type Channel struct {
	// ID is one valid part and never changes, Name what people call it, To the address that it needs.
	ID   string      `yaml:"id,required"`
	Name string      `yaml:"name,required"`
	To   AddressKind `yaml:"to,required"`
	// HTTP is its gateway, SMTP its mail server; one of the two.
	HTTP gateway.HTTP `yaml:"http"`
	SMTP gateway.Mail `yaml:"smtp"`
}

// timeout is how long one call may take.
func (c *Channel) timeout() time.Duration { return c.HTTP.Timeout + c.SMTP.Timeout }

// Rules are what messages.yaml says.
type Rules struct {
	// Quiet are the hours, in Chinese time, within which nothing is sent but what is urgent: from 21 to 8 is the night.
	Quiet struct {
		From int `yaml:"from,required"`
		To   int `yaml:"to,required"`
	} `yaml:"quiet,required"`
	// Workdays: digests are made on working days only.
	Workdays bool `yaml:"workdays"`
	// Retries are how long after each failed try the next one follows; after the last the message has failed. Expire is how old a message is when it is not worth sending any more.
	Retries []time.Duration `yaml:"retries,required"`
	Expire  time.Duration   `yaml:"expire,required"`
	// Templates are the texts, Channels the ways; no channel, nothing is sent.
	Templates []Template `yaml:"templates,required"`
	Channels  []Channel  `yaml:"channels"`
}

// Template is what a message says.
type Template struct {
	ID TemplateID `yaml:"id,required"`
	// Text has fields as {{name}}, and {{#name …}} around what stands there only if the field is not empty.
	Text string `yaml:"text,required"`
}

// maxText is the longest text of a template and of a message, in signs: three short messages.
const maxText = 200

// section is a part of a text that depends on a field; field is a field.
var (
	section = regexp.MustCompile(`\{\{#([a-z]+) ((?:[^{}]|\{\{[a-z]+\}\})*)\}\}`)
	field   = regexp.MustCompile(`\{\{([a-z]+)\}\}`)
)

// fieldsOf are the fields that a text names; false if something in it looks like a field and is none.
func fieldsOf(text string) (names []string, ok bool) {
	for _, form := range []*regexp.Regexp{section, field} {
		for _, m := range form.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
	}
	rest := field.ReplaceAllString(section.ReplaceAllString(text, "$2"), "")
	return names, !strings.Contains(rest, "{{") && !strings.Contains(rest, "}}")
}

// ParseRules reads a messages.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseRules(file string, data []byte) (*Rules, error) {
	r := &Rules{}
	doc := yamlstrict.Decode(file, data, r)
	for key, hour := range map[string]int{"quiet.from": r.Quiet.From, "quiet.to": r.Quiet.To} {
		if hour < 0 || hour > 23 {
			doc.Add(key, "要写 0 到 23 点")
		}
	}
	if r.Quiet.From == r.Quiet.To {
		doc.Add("quiet", "静默时段的开始和结束不能相同")
	}
	if len(r.Retries) > 8 {
		doc.Add("retries", "最多重试 8 次")
	}
	for i, d := range r.Retries {
		if d < time.Minute || d > 24*time.Hour {
			doc.Add(fmt.Sprintf("retries.%d", i), "要在 1m 到 24h 之间")
		}
	}
	if r.Expire < time.Hour || r.Expire > 14*24*time.Hour {
		doc.Add("expire", "要在 1h 到 336h 之间")
	}
	r.checkTemplates(doc)
	ids := map[string]bool{}
	for i := range r.Channels {
		r.Channels[i].check(doc, fmt.Sprintf("channels.%d.", i), ids)
	}
	return r, doc.Err()
}

func (r *Rules) checkTemplates(doc *yamlstrict.Document) {
	seen := map[TemplateID]bool{}
	for i, t := range r.Templates {
		at := fmt.Sprintf("templates.%d.", i)
		known := slices.IndexFunc(forms, func(f struct {
			id     TemplateID
			fields []string
		}) bool {
			return f.id == t.ID
		})
		switch {
		case seen[t.ID]:
			doc.Add(at+"id", "模板 "+string(t.ID)+" 写了两次")
		case known < 0:
			doc.Add(at+"id", "没有 "+string(t.ID)+" 这个模板")
			continue
		}
		seen[t.ID] = true
		names, ok := fieldsOf(t.Text)
		if !ok || strings.ContainsAny(t.Text, "\r\n") {
			doc.Add(at+"text", "字段要写成 {{名称}} 或 {{#名称 …}}，写成一行")
		}
		for _, name := range names {
			if !slices.Contains(forms[known].fields, name) {
				doc.Add(at+"text", "没有字段 {{"+name+"}}，只能用 {{"+strings.Join(forms[known].fields, "}}、{{")+"}}；短信里不能有个人信息")
			}
		}
		if n := utf8.RuneCountInString(t.Text); n > maxText {
			doc.Add(at+"text", fmt.Sprintf("最多 %d 字，现在是 %d 字", maxText, n))
		}
	}
	for _, f := range forms {
		if !seen[f.id] && r.Templates != nil {
			doc.Add("templates", "缺少模板 "+string(f.id))
		}
	}
}

func (c *Channel) check(doc *yamlstrict.Document, at string, ids map[string]bool) {
	if !journal.ValidPart(c.ID) || len(c.ID) > 20 {
		doc.Add(at+"id", "代码用小写字母、数字和 -，最多 20 位")
	}
	if ids[c.ID] {
		doc.Add(at+"id", "渠道 "+c.ID+" 写了两次")
	}
	ids[c.ID] = true
	if !slices.Contains(AddressKinds(), c.To) {
		doc.Add(at+"to", "只能是 phone、mail 或 network")
	}
	switch {
	case (c.HTTP.Address == "") == (c.SMTP.Address == ""):
		doc.Add(at+"id", "http 和 smtp 要写一个，也只能写一个")
	case c.SMTP.Address != "":
		c.SMTP.Check(func(key, message string) { doc.Add(at+"smtp."+key, message) })
		if c.To != Mailbox {
			doc.Add(at+"to", "smtp 要发到 mail")
		}
	default:
		c.HTTP.Check(func(key, message string) { doc.Add(at+"http."+key, message) })
	}
}

// Senders opens the gateway of every channel, by its id. secret gives the value of a secret by name. Returns Invalid with each secret that lacks.
func (r *Rules) Senders(secret func(name string) (string, bool), now func() time.Time) (map[string]gateway.Sender, error) {
	out := map[string]gateway.Sender{}
	for _, c := range r.Channels {
		var err error
		if c.SMTP.Address != "" {
			out[c.ID], err = gateway.NewMail(c.SMTP, secret, now)
		} else {
			out[c.ID], err = gateway.NewHTTP(c.HTTP, secret, now)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Channel is a channel by its id; false if there is none.
func (r *Rules) Channel(id string) (*Channel, bool) {
	i := slices.IndexFunc(r.Channels, func(c Channel) bool { return c.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Channels[i], true
}

// Fill is the text of a template with its fields.
func (r *Rules) Fill(id TemplateID, values map[string]string) string {
	for _, t := range r.Templates {
		if t.ID != id {
			continue
		}
		text := section.ReplaceAllStringFunc(t.Text, func(part string) string {
			m := section.FindStringSubmatch(part)
			if values[m[1]] == "" {
				return ""
			}
			return m[2]
		})
		text = field.ReplaceAllStringFunc(text, func(part string) string { return values[field.FindStringSubmatch(part)[1]] })
		if n := []rune(text); len(n) > maxText {
			text = string(n[:maxText-1]) + "…"
		}
		return text
	}
	return ""
}

// quiet reports whether an instant lies in the quiet hours, and when these are over.
func (r *Rules) quiet(at time.Time) (bool, time.Time) {
	day := calendar.DateOf(at)
	hour := int(at.Sub(day.Begins()) / time.Hour)
	over := day.Begins().Add(time.Duration(r.Quiet.To) * time.Hour)
	if r.Quiet.From < r.Quiet.To {
		return hour >= r.Quiet.From && hour < r.Quiet.To, over
	}
	if hour >= r.Quiet.From {
		over = over.Add(24 * time.Hour)
	}
	return hour >= r.Quiet.From || hour < r.Quiet.To, over
}

// outOfQuiet is the first instant from at on at which something may be sent.
func (r *Rules) outOfQuiet(at time.Time, urgent bool) time.Time {
	if quiet, over := r.quiet(at); quiet && !urgent {
		return over
	}
	return at
}

// Hours are the hours at which a digest can be asked for: the full ones outside of the quiet hours.
func (r *Rules) Hours() []int {
	var out []int
	for h := range 24 {
		if quiet, _ := r.quiet(calendar.Date{}.Begins().Add(time.Duration(h) * time.Hour)); !quiet {
			out = append(out, h)
		}
	}
	return out
}
