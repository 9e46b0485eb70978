package survey

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// A code is twelve digits: the serial of its survey (five), six secret ones, and one by which a slip of the finger is seen (Luhn).
const (
	codeLength   = 12
	serialLength = 5
	serials      = 90_000
	firstSerial  = 10_000
)

// claimSerial gives a survey a number of its own, the next free one after where its id points.
func (s *Service) claimSerial(ctx context.Context, meta store.Meta, id string) (string, error) {
	start, err := strconv.ParseUint(s.DB.MAC(serialClaim, id)[:8], 16, 64)
	if err != nil {
		return "", fault.Wrap("survey.claimSerial", fault.Internal, "", err)
	}
	for i := range uint64(serials) {
		serial := strconv.FormatUint((start+i)%serials+firstSerial, 10)
		if err := s.DB.Claim(ctx, meta, serialClaim, serial, surveyKind+"/"+id); err == nil || !fault.Is(err, fault.Conflict) {
			return serial, err
		}
	}
	return "", fault.New("survey.claimSerial", fault.Unavailable, "答题码的编号用完了")
}

// checkDigit is the Luhn digit of a number.
func checkDigit(number string) string {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

// codes are the codes of a survey by building. They are derived, never stored.
func (s *Service) codes(id string, o *Survey) [][]string {
	seen := map[string]bool{}
	shares := allot(o.Frame, o.Invited)
	out := make([][]string, len(shares))
	for b, share := range shares {
		for j := range share {
			for try := 0; ; try++ {
				n, _ := strconv.ParseUint(s.DB.MAC("survey-code", fmt.Sprintf("%s/%d/%d/%d", boxID(id, o.Round), b+1, j+1, try))[:12], 16, 64)
				secret := fmt.Sprintf("%06d", n%1_000_000)
				if seen[secret] {
					continue
				}
				seen[secret] = true
				number := o.Serial + secret
				out[b] = append(out[b], number+checkDigit(number))
				break
			}
		}
	}
	return out
}

// tickets are all that may answer a survey: its codes, or the places of its list.
func (s *Service) tickets(id string, o *Survey) map[string]bool {
	out := map[string]bool{}
	if o.By == ByCode {
		for _, block := range s.codes(id, o) {
			for _, code := range block {
				out[code] = true
			}
		}
		return out
	}
	for b, d := range Draw(o.Seed, o.Frame, o.Invited) {
		for _, place := range d.Places {
			out[fmt.Sprintf("%d-%d", b+1, place)] = true
		}
	}
	return out
}

// plainTicket takes away what people type between digits.
func plainTicket(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '－' || r == '—' || r == '–':
			return '-'
		case r == ' ' || r == '　':
			return -1
		}
		return r
	}, strings.TrimSpace(text))
}

// wrongTicket says what is wrong with a ticket that was typed, "" for nothing.
func (o *Survey) wrongTicket(ticket string, valid map[string]bool) string {
	if valid[ticket] {
		return ""
	}
	if o.By == ByList {
		return "“" + ticket + "”不在抽中名单里，写成 2-17 这样：第 2 幢楼第 17 户"
	}
	if wrong := misread(ticket); wrong != "" {
		return wrong
	}
	return "“" + ticket + "”不是这次调查的答题码"
}

// misread says why a text cannot be a code, "" if it can.
func misread(code string) string {
	digits := strings.Trim(code, "0123456789") == ""
	switch {
	case code == "":
		return "请填写答题码，在通知单上，12 位数字"
	case !digits:
		return "答题码只有数字，现在是“" + code + "”"
	case len(code) != codeLength:
		return fmt.Sprintf("答题码是 12 位数字，现在有 %d 位", len(code))
	case checkDigit(code[:codeLength-1]) != code[codeLength-1:]:
		return "答题码有一位不对，请再看一遍通知单"
	}
	return ""
}

// find is the open survey that a code belongs to, and the code without blanks.
func (s *Service) find(ctx context.Context, by policy.Actor, code string) (store.Doc[Survey], string, error) {
	const op = "survey.find"
	none := store.Doc[Survey]{}
	if err := s.Guard.Require(by, policy.AnswerSurvey); err != nil {
		return none, "", err
	}
	code = plainTicket(code)
	if wrong := misread(code); wrong != "" {
		return none, code, fault.InvalidFields(op, fault.Field{Name: "code", Message: wrong})
	}
	unknown := fault.New(op, fault.NotFound, "没有这个答题码，请再看一遍通知单")
	target, err := s.DB.Claimed(ctx, serialClaim, code[:serialLength])
	if fault.Is(err, fault.NotFound) {
		return none, code, unknown
	}
	if err != nil {
		return none, code, err
	}
	doc, err := s.rows.Load(ctx, strings.TrimPrefix(target, surveyKind+"/"))
	if fault.Is(err, fault.NotFound) {
		return none, code, unknown
	}
	if err != nil {
		return none, code, err
	}
	o := &doc.State
	if o.By != ByCode || !s.tickets(doc.ID, o)[code] {
		return none, code, unknown
	}
	o.Clock = s.resolved(o.Clock)
	switch {
	case o.State == Prepared:
		return none, code, fault.New(op, fault.Conflict, "这次调查还没有开始，请过几天再来")
	case o.State != Open || o.Clock.Late(s.Now()):
		return none, code, fault.New(op, fault.Conflict, "这次调查已经截止，谢谢您")
	}
	return doc, code, nil
}

// Slips are the codes of one building for printing.
type Slips struct {
	// Block is the building, Codes one for each household that was drawn there, in groups of four digits.
	Block string
	Codes []string
}

// Slips returns the slips of a survey by code that has not ended. Returns Forbidden without RunSurvey or for who acts for a firm, NotFound, Conflict.
func (s *Service) Slips(ctx context.Context, by policy.Actor, id string) ([]Slips, error) {
	doc, err := s.loaded(ctx, by, policy.RunSurvey, id)
	if err != nil {
		return nil, err
	}
	o := &doc.State
	if o.By != ByCode || o.State != Prepared && o.State != Open {
		return nil, fault.New("survey.Slips", fault.Conflict, "这次调查现在是“"+o.State.Title()+"”，或者按名单入户，没有答题码可印")
	}
	var out []Slips
	for b, codes := range s.codes(id, o) {
		one := Slips{Block: o.Frame[b].Name}
		for _, code := range codes {
			one.Codes = append(one.Codes, code[:4]+" "+code[4:8]+" "+code[8:])
		}
		out = append(out, one)
	}
	return out, nil
}

// DrawnOf returns the households that were drawn, building by building, for who hands out slips or calls at the doors. Returns Forbidden for everybody else and who acts for a firm, NotFound, Conflict for a cancelled survey.
func (s *Service) DrawnOf(ctx context.Context, by policy.Actor, id string) ([]Drawn, error) {
	action := policy.DeliverSurvey
	for _, other := range []policy.Action{policy.RunSurvey, policy.EnterSurvey} {
		if s.Guard.Allow(by, other) {
			action = other
		}
	}
	doc, err := s.loaded(ctx, by, action, id)
	if err != nil {
		return nil, err
	}
	o := &doc.State
	if o.State == Cancelled {
		return nil, fault.New("survey.DrawnOf", fault.Conflict, "这次调查已经取消")
	}
	return Draw(o.Seed, o.Frame, o.Invited), nil
}
