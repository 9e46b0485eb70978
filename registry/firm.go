package registry

import (
	"context"
	"regexp"
	"slices"
	"strings"

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
	// Party is how the party was organised in the firm since when, oldest first, without overlap.
	Party []Party `json:"party,omitempty"`
}

// Party is how the party is organised in a firm for a span of days. Counts only: no roster and no name of a member (practice.md §2).
type Party struct {
	// Form is the party form.
	Form PartyForm `json:"form" privacy:"public"`
	// Members is the number of party members who work for the firm.
	Members int64 `json:"members"`
	// Office is the office that sent the instructor, "" unless the form is PartyInstructor.
	Office string `json:"office,omitempty" privacy:"internal"`
	// Days are the days on which it holds; without last day it holds now.
	Days policy.Span `json:"days"`
}

func (p Party) days() policy.Span { return p.Days }

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
		Subject: func(id string, _ *Firm) string { return firmKind + "/" + id },
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
}

var phoneForm = regexp.MustCompile(`^(1[0-9]{10}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?|[48]00-?[0-9]{3}-?[0-9]{4})$`)

// check completes the input and returns the code.
func (in *FirmInput) check(bad *faults) USCC {
	bad.text("name", "企业名称", &in.Name, 4, 60)
	code, err := ParseUSCC(in.Code)
	if err != nil {
		bad.add("code", "%s", fault.MessageOf(err))
	}
	bad.text("legal_person", "法定代表人", &in.LegalPerson, 0, 40)
	if strings.Contains(in.LegalPerson, "*") {
		bad.add("legal_person", "法定代表人里有 *，是隐去的姓名，请填写全名")
	}
	in.Phone = strings.ReplaceAll(strings.TrimSpace(in.Phone), " ", "")
	if in.Phone != "" && !phoneForm.MatchString(in.Phone) {
		// The number itself is not repeated: messages may end in a log.
		bad.add("phone", "联系电话有 %d 位，要写 11 位手机号，或者带区号的固定电话，例如 0792-5223344", len([]rune(in.Phone)))
	}
	bad.text("address", "住所", &in.Address, 0, 100)
	choice(bad, "origin", "企业性质", in.Origin, Origins())
	return code
}

// onto gives the firm after the input, with party, if not nil, put behind its party organisations; what is wrong goes to bad.
func (in FirmInput) onto(f Firm, party *Party, bad *faults) Firm {
	code := in.check(bad)
	if party != nil {
		party.check(bad)
		f.Party = appendParty(bad, slices.Clone(f.Party), *party)
	}
	f.Name, f.Code, f.LegalPerson, f.Phone, f.Address, f.Origin = in.Name, code, in.LegalPerson, in.Phone, in.Address, in.Origin
	return f
}

// CreateFirm registers a firm and returns its id. Returns Forbidden without WriteRegister, NotFound if the actor's scope is not the whole bureau,
// Invalid for refused fields (name, code, legal_person, phone, address, origin), Conflict for a code that another firm holds.
func (s *Service) CreateFirm(ctx context.Context, by policy.Actor, in FirmInput) (string, error) {
	meta := s.meta(by, policy.WriteRegister, "")
	id := s.db.NewID(meta)
	if err := s.within(ctx, by, policy.WriteRegister, []string{policy.FirmKey(id)}); err != nil {
		return "", err
	}
	var bad faults
	f := in.onto(Firm{}, nil, &bad)
	if err := bad.err("registry.CreateFirm"); err != nil {
		return "", err
	}
	return id, s.putFirm(ctx, meta, store.Doc[Firm]{ID: id}, f)
}

// putFirm stores a checked firm after its present state, which is the zero value for a new one, and moves the claim on its code.
func (s *Service) putFirm(ctx context.Context, meta store.Meta, now store.Doc[Firm], f Firm) error {
	old := now.State.Code
	if f.Code != old {
		if err := s.claimCode(ctx, meta, f.Code, now.ID); err != nil {
			return err
		}
	}
	if _, err := s.firms.Commit(ctx, meta, now.ID, now.Seq, f); err != nil {
		return err
	}
	if f.Code != old && old != "" {
		return s.db.Release(ctx, meta, firmCodeClaim, string(old), firmKind+"/"+now.ID)
	}
	return nil
}

// claimCode takes a code for a firm. Returns Conflict, naming the firm that holds it.
func (s *Service) claimCode(ctx context.Context, meta store.Meta, code USCC, id string) error {
	err := s.db.Claim(ctx, meta, firmCodeClaim, string(code), firmKind+"/"+id)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	message := "统一社会信用代码 " + string(code) + " 正在由别人登记，请稍后再看"
	if holder, findErr := s.firmByCode(ctx, code); findErr == nil && holder != "" {
		if other, loadErr := s.firms.Load(ctx, holder); loadErr == nil {
			message = "统一社会信用代码 " + string(code) + " 已由“" + other.State.Name + "”登记"
		}
	}
	return fault.Wrap("registry.claimCode", fault.Conflict, message, err)
}

// ChangeFirm corrects a firm. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields as CreateFirm, Conflict for a code that
// another firm holds or if seq is not the last change.
func (s *Service) ChangeFirm(ctx context.Context, by policy.Actor, id string, seq int64, in FirmInput) error {
	const op = "registry.ChangeFirm"
	d, err := s.firmFor(ctx, by, policy.WriteRegister, id)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	var bad faults
	f := in.onto(d.State, nil, &bad)
	if err := bad.err(op); err != nil {
		return err
	}
	return s.putFirm(ctx, s.meta(by, policy.WriteRegister, ""), d, f)
}

// check completes a new entry. Its field names are form, members, office, from.
func (p *Party) check(bad *faults) {
	choice(bad, "form", "党组织形式", p.Form, PartyForms())
	bad.count("members", "党员人数", "人", p.Members, 0, 9999)
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

// SetParty says how the party is organised in a firm from a day on; the entry before ends on the day before. Returns Forbidden without WriteRegister,
// NotFound, Invalid for refused fields (form, members, office, from), Conflict if seq is not the last change.
func (s *Service) SetParty(ctx context.Context, by policy.Actor, id string, seq int64, p Party) error {
	const op = "registry.SetParty"
	d, err := s.firmFor(ctx, by, policy.WriteRegister, id)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	var bad faults
	p.check(&bad)
	d.State.Party = appendParty(&bad, d.State.Party, p)
	if err := bad.err(op); err != nil {
		return err
	}
	_, err = s.firms.Commit(ctx, s.meta(by, policy.WriteRegister, ""), id, seq, d.State)
	return err
}

// firmFor loads a firm that lies in the actor's scope for the action. Returns Forbidden and NotFound.
func (s *Service) firmFor(ctx context.Context, by policy.Actor, action policy.Action, id string) (store.Doc[Firm], error) {
	const op = "registry.firm"
	if err := s.within(ctx, by, action, []string{policy.FirmKey(id)}); err != nil {
		return store.Doc[Firm]{}, err
	}
	d, err := s.firms.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return d, fault.Wrap(op, fault.NotFound, "没有找到要看的内容", err)
	}
	return d, err
}
