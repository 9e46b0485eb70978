package registry

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	firmKind      = "firm"
	firmCodeClaim = "firm-code"
	// maxSpans bounds the entries of one history, so that a record stays far below its limit.
	maxSpans = 100
)

// Firm is a property firm. Its id is opaque; the names and phones of its people are ciphertext under a key of the firm.
type Firm struct {
	// Name is as on the business licence.
	Name string `json:"name" privacy:"public"`
	// Code is the 统一社会信用代码; a code belongs to one firm.
	Code USCC `json:"code" privacy:"public"`
	// LegalPerson is the legal representative.
	LegalPerson string `json:"legal_person,omitempty" privacy:"pii"`
	// Phone is where the bureau reaches the firm.
	Phone string `json:"phone,omitempty" privacy:"pii"`
	// Address is the registered seat.
	Address string `json:"address,omitempty" privacy:"public"`
	// Origin is market or fallback.
	Origin Origin `json:"origin" privacy:"public"`
	FirmMore
	// Party is how the party was organised in the firm since when, oldest first, without overlap.
	Party []Party `json:"party,omitempty"`
	// Era is that of the personal data.
	Era store.Era `json:"era,omitempty"`
}

// FirmMore is what else is registered of a firm; every field may be left open.
type FirmMore struct {
	// Founded is the day on which the firm was founded; no date if not known.
	Founded calendar.Date `json:"founded,omitzero"`
	// Capital is the registered capital in fen, 0 if not known.
	Capital int64 `json:"capital,omitempty"`
	// HeadName and HeadCode name the head office of a branch from outside, each of which has a code of its own; "" for a firm that is no branch.
	HeadName string `json:"head_name,omitempty" privacy:"public"`
	HeadCode USCC   `json:"head_code,omitempty" privacy:"public"`
	// Staff is the number of people who work for the firm in the county, Managers how many of them answer for a project, Crossing how many of the managers serve in
	// the party organisation of their community too (交叉任职), as it was said before such posts were recorded one by one (CrossPosts.Of is the number to show). Counts only.
	Staff    int64 `json:"staff,omitempty"`
	Managers int64 `json:"managers,omitempty"`
	Crossing int64 `json:"crossing,omitempty"`
}

// maxCapital is 100 billion yuan in fen.
const maxCapital = 10_000_000_000_000

// check completes the fields for a firm with a code.
func (m *FirmMore) check(code USCC, today calendar.Date, bad *faults) {
	bad.past("founded", "成立日期", m.Founded, today)
	if m.Capital < 0 || m.Capital > maxCapital {
		bad.add("capital", "注册资本是 %s，要在 0 至 %s 之间", feeText(m.Capital), feeText(maxCapital))
	}
	bad.text("head_name", "总公司名称", &m.HeadName, 0, 60)
	if m.HeadCode != "" || m.HeadName != "" {
		head, err := ParseUSCC(string(m.HeadCode))
		switch {
		case err != nil:
			bad.add("head_code", "总公司：%s", fault.MessageOf(err))
		case head == code:
			bad.add("head_code", "分公司有自己的统一社会信用代码，不能和总公司相同")
		case m.HeadName == "":
			bad.add("head_name", "填了总公司代码，也要填总公司名称")
		}
		m.HeadCode = head
	}
	bad.count("staff", "从业人员", "人", m.Staff, 0, 99_999)
	bad.count("managers", "项目负责人", "人", m.Managers, 0, m.Staff)
	bad.count("crossing", "交叉任职", "人", m.Crossing, 0, m.Managers)
}

// orOf keeps what stands where nothing is said.
func (m FirmMore) orOf(now FirmMore) FirmMore {
	if m.Founded.IsZero() {
		m.Founded = now.Founded
	}
	if m.HeadName == "" && m.HeadCode == "" {
		m.HeadName, m.HeadCode = now.HeadName, now.HeadCode
	}
	m.Capital = cmp.Or(m.Capital, now.Capital)
	if m.Staff == 0 && m.Managers == 0 && m.Crossing == 0 {
		m.Staff, m.Managers, m.Crossing = now.Staff, now.Managers, now.Crossing
	}
	return m
}

// Party is how the party is organised in a firm for a span of days. Counts only: no roster and no name of a member (practice.md §2).
type Party struct {
	// Form is the party form.
	Form PartyForm `json:"form" privacy:"public"`
	// Members is the number of party members who work for the firm.
	Members int64 `json:"members"`
	// Full is how many of them are full members (正式党员), 0 if it is not told apart.
	Full int64 `json:"full,omitempty"`
	// Branch is the name of the branch, Secretary that of who leads it; "" without a branch.
	Branch    string `json:"branch,omitempty" privacy:"internal"`
	Secretary string `json:"secretary,omitempty" privacy:"pii"`
	// Instructor is the name of the instructor, "" unless the form is PartyInstructor.
	Instructor string `json:"instructor,omitempty" privacy:"pii"`
	// Office is the office that sent the instructor, "" unless the form is PartyInstructor.
	Office string `json:"office,omitempty" privacy:"internal"`
	// Days are the days on which it holds; without last day it holds now.
	Days policy.Span `json:"days"`
}

func (p Party) days() policy.Span       { return p.Days }
func (f Firm) identity() (USCC, string) { return f.Code, f.Name }

// coded says where firms are stored under their codes.
func (r *Register) coded() coded[Firm] {
	return coded[Firm]{r.firms, firmKind, firmCodeClaim, func(f *Firm) *store.Era { return &f.Era }}
}

// PartyOn returns the party organisation on a day; the zero value if nothing is known for it.
func (f Firm) PartyOn(day calendar.Date) Party { return on(f.Party, day) }

// firmDocument is how firms are stored.
func firmDocument() store.Kind[Firm] {
	return store.Kind[Firm]{
		Name: firmKind, Version: 1,
		Indexes: []store.Index[Firm]{{
			Name: "name",
			Keys: func(id string, f *Firm) []string {
				return append(findKeys(f.Name, string(f.Code)), "", policy.FirmKey(id))
			},
			Sort: func(_ string, f *Firm) string { return spelled(f.Name) },
		}},
		Subject: func(id string, f *Firm) string { return f.Era.Subject(firmKind, id) },
	}
}

// FirmInput is what an officer says about a firm.
type FirmInput struct {
	// Name, Code, LegalPerson, Phone, Address and Origin as in Firm; Code as typed.
	Name        string `json:"name" privacy:"public"`
	Code        string `json:"code" privacy:"public"`
	LegalPerson string `json:"legal_person,omitempty" privacy:"pii"`
	Phone       string `json:"phone,omitempty" privacy:"pii"`
	Address     string `json:"address,omitempty" privacy:"public"`
	Origin      Origin `json:"origin" privacy:"public"`
	FirmMore
}

// check completes the input and returns the code.
func (in *FirmInput) check(today calendar.Date, bad *faults) USCC {
	bad.text("name", "企业名称", &in.Name, 4, 60)
	code, err := ParseUSCC(in.Code)
	if err != nil {
		bad.add("code", "%s", fault.MessageOf(err))
	}
	bad.person("legal_person", "法定代表人", &in.LegalPerson)
	bad.phone("phone", "联系电话", &in.Phone)
	bad.text("address", "住所", &in.Address, 0, 100)
	choice(bad, "origin", "企业性质", in.Origin, Origins())
	in.FirmMore.check(code, today, bad)
	return code
}

// onto gives the firm after the input, with party, if not nil, put behind its party organisations; what is wrong goes to bad.
func (in FirmInput) onto(f Firm, party *Party, today calendar.Date, bad *faults) Firm {
	code := in.check(today, bad)
	if party != nil {
		party.check(bad)
		f.Party = appendParty(bad, slices.Clone(f.Party), *party)
	}
	f.Name, f.Code, f.LegalPerson, f.Phone, f.Address, f.Origin, f.FirmMore = in.Name, code, in.LegalPerson, in.Phone, in.Address, in.Origin, in.FirmMore
	return f
}

// CreateFirm registers a firm and returns its id. Returns Forbidden without WriteRegister, NotFound if the actor's scope is not the whole bureau,
// Invalid for refused fields (name, code, legal_person, phone, address, origin, founded, capital, head_name, head_code, staff, managers, crossing), Conflict for a code that another firm holds.
func (s *Service) CreateFirm(ctx context.Context, by policy.Actor, in FirmInput) (string, error) {
	meta := s.meta(by, policy.WriteRegister, "")
	id := s.db.NewID(meta)
	if err := s.within(ctx, by, policy.WriteRegister, []string{policy.FirmKey(id)}); err != nil {
		return "", err
	}
	var bad faults
	f := in.onto(Firm{}, nil, s.Today(), &bad)
	if err := bad.err("registry.CreateFirm"); err != nil {
		return "", err
	}
	return id, putCoded(ctx, s.Register, s.coded(), meta, store.Doc[Firm]{ID: id}, f)
}

// ChangeFirm corrects a firm. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields as CreateFirm, Conflict for a code that
// another firm holds or if seq is not the last change.
func (s *Service) ChangeFirm(ctx context.Context, by policy.Actor, id string, seq int64, in FirmInput) error {
	return changeCoded(ctx, s, s.coded(), by, id, policy.FirmKey(id), seq, func(f *Firm, bad *faults) { *f = in.onto(*f, nil, s.Today(), bad) })
}

// check completes a new entry. Its field names are form, members, full, branch, secretary, instructor, office, from.
func (p *Party) check(bad *faults) {
	choice(bad, "form", "党组织形式", p.Form, PartyForms())
	bad.count("members", "党员人数", "人", p.Members, 0, 9999)
	bad.count("full", "正式党员人数", "人", p.Full, 0, p.Members)
	bad.text("branch", "党支部名称", &p.Branch, 0, 40)
	bad.person("secretary", "书记", &p.Secretary)
	bad.person("instructor", "指导员", &p.Instructor)
	if p.Form == PartyInstructor || p.Form == PartyNone {
		for _, field := range []struct{ name, label, value string }{{"branch", "党支部名称", p.Branch}, {"secretary", "书记", p.Secretary}} {
			if field.value != "" {
				bad.add(field.name, "党组织形式是%s，不填%s", TextOf(PartyForms(), p.Form), field.label)
			}
		}
	}
	if p.Instructor != "" && p.Form != PartyInstructor && knows(PartyForms(), p.Form) {
		bad.add("instructor", "党组织形式是%s，不填指导员", TextOf(PartyForms(), p.Form))
	}
	bad.text("office", "指导员派出单位", &p.Office, 0, 60)
	if p.Office != "" && p.Form != PartyInstructor && knows(PartyForms(), p.Form) {
		bad.add("office", "党组织形式是%s，不填指导员派出单位", TextOf(PartyForms(), p.Form))
	}
	if p.Form == PartyInstructor && p.Office == "" {
		bad.add("office", "请填写指导员派出单位")
	}
	if p.Days.From.IsZero() {
		bad.add("from", "请填写起始日，例如 2026-10-19")
	}
}

// appendParty puts an entry behind the others and ends the one before on the day before. An entry of the same first day is corrected.
func appendParty(bad *faults, list []Party, next Party) []Party {
	next.Days.Until = calendar.Date{}
	if n := len(list); n > 0 {
		last := &list[n-1]
		switch order := next.Days.From.Compare(last.Days.From); {
		case next.Days.From.IsZero():
			return list
		case order < 0:
			bad.add("from", "起始日%s早于现有登记的起始日%s，只能从那一天或以后改起", next.Days.From.Chinese(), last.Days.From.Chinese())
			return list
		case order == 0:
			list[n-1] = next
			return list
		}
		last.Days.Until = next.Days.From.Add(-1)
	}
	if len(list) >= maxSpans {
		bad.add("from", "党组织登记已有 %d 条，不能再加", len(list))
		return list
	}
	return append(list, next)
}

// SetParty says how the party is organised in a firm from a day on; the entry before ends on the day before. Returns Forbidden without RegisterParty,
// NotFound, Invalid for refused fields (form, members, full, branch, secretary, instructor, office, from), Conflict if seq is not the last change.
func (s *Service) SetParty(ctx context.Context, by policy.Actor, id string, seq int64, p Party) error {
	return changeCodedBy(ctx, s, s.coded(), by, policy.RegisterParty, id, policy.FirmKey(id), seq, func(f *Firm, bad *faults) {
		p.check(bad)
		f.Party = appendParty(bad, f.Party, p)
	})
}

// firmFor loads a firm that lies in the actor's scope for the action. Returns Forbidden and NotFound.
func (s *Service) firmFor(ctx context.Context, by policy.Actor, action policy.Action, id string) (store.Doc[Firm], error) {
	return codedFor(ctx, s, s.coded(), by, action, id, policy.FirmKey(id))
}
