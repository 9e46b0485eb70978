package handover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Dispute is what developer and firm do not agree on. The agreement waits until it is over or both have agreed to sign with it noted.
type Dispute struct {
	// ID is unique within the handover: d1, d2, …. Item is the finding that it is about, "" for the handover as a whole.
	ID   string `json:"id" privacy:"public"`
	Item string `json:"item,omitempty" privacy:"public"`
	// Side raised it, for Reason (at most 200 characters).
	Side   Side   `json:"side" privacy:"public"`
	Reason string `json:"reason" privacy:"internal"`
	Hand   Hand   `json:"hand"`
	// Way is how it is settled, "" as long as nobody handles it.
	Way Way `json:"way,omitempty" privacy:"public"`
	// Noted are the sides that agree to sign with it noted.
	Noted []Side `json:"noted,omitempty" privacy:"public"`
	// Outcome (at most 200 characters) is how it ended and Ended when, Paper the number of the document that says so, Liable who is liable by it: PartyNobody if
	// it is no defect, "" for a dispute about the whole. Outcome is "" as long as it is open.
	Outcome string        `json:"outcome,omitempty" privacy:"internal"`
	Paper   string        `json:"paper,omitempty" privacy:"internal"`
	Liable  Party         `json:"liable,omitempty" privacy:"public"`
	Ended   calendar.Date `json:"ended"`
}

// Over reports whether it ended.
func (d *Dispute) Over() bool { return d.Outcome != "" }

// NotedByAll reports whether both parties agree to sign with it noted.
func (d *Dispute) NotedByAll() bool { return len(d.Noted) == len(Parties()) }

// Stands says in a word how it stands.
func (d *Dispute) Stands() string {
	switch {
	case d.Over():
		return "已有结果"
	case d.NotedByAll():
		return "带争议签协议"
	case d.Way == "":
		return "待调解"
	}
	return d.Way.Title() + "中"
}

// Way is how a dispute is settled.
type Way string

// The ways of settling a dispute.
const (
	// WayBureau: the bureau mediates.
	WayBureau Way = "bureau"
	// WayAssociation: the association of the trade mediates.
	WayAssociation Way = "association"
	// WaySuit: a party went to court.
	WaySuit Way = "suit"
)

// Ways are the ways in the order of the form.
func Ways() []Way { return []Way{WayBureau, WayAssociation, WaySuit} }

// Title is the way for people.
func (w Way) Title() string {
	switch w {
	case WayBureau:
		return "住建局调解"
	case WayAssociation:
		return "行业协会调解"
	case WaySuit:
		return "诉讼"
	}
	return string(w)
}

// maxDisputes bounds the disputes of a handover.
const maxDisputes = 12

// side is for whom somebody acts who may sign. Returns Forbidden for who stands for neither party.
func (s *Service) side(by policy.Actor) (Side, error) {
	if err := s.Guard.Require(by, policy.SignHandover); err != nil {
		return "", err
	}
	side, ok := sideOf(by)
	if !ok {
		return "", &fault.Error{Op: "handover.side", Kind: fault.Forbidden, Message: "这件事由建设单位和物业企业负责人办，你的岗位不代表其中一方", Rule: "《物业承接查验办法》第十九、二十三条"}
	}
	return side, nil
}

// text checks a text of 2 to most characters for a field.
func text(name, what, said string, most int) (string, []fault.Field) {
	said = strings.TrimSpace(said)
	if n := utf8.RuneCountInString(said); n < 2 || n > most {
		return said, []fault.Field{{Name: name, Message: fmt.Sprintf("请写明%s，2 至 %d 个字，现在有 %d 个", what, most, n)}}
	}
	return said, nil
}

// refused is Invalid with the fields, nil without any.
func refused(op string, bad []fault.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return fault.InvalidFields(op, bad...)
}

// Dispute raises a dispute about a finding, or with item "" about the handover as a whole. Returns Forbidden for who stands for neither party, NotFound outside the
// scope and for an unknown item, Invalid for the field dispute, Conflict if the item is no finding or disputed already, if it is not the time or somebody was quicker.
func (s *Service) Dispute(ctx context.Context, by policy.Actor, at At, item, reason string) (store.Doc[Handover], error) {
	const op = "handover.Dispute"
	side, err := s.side(by)
	if err != nil {
		return store.Doc[Handover]{}, err
	}
	return s.change(ctx, by, policy.SignHandover, at, stepDispute, "", func(h *Handover) error {
		if item != "" {
			w, err := s.walk(ctx, store.Doc[Handover]{ID: at.ID, State: *h})
			if err != nil {
				return err
			}
			line, ok := w.Find(item)
			if !ok {
				return fault.New(op, fault.NotFound, "这次承接查验没有“"+item+"”这一项")
			}
			if line.Value != Fail {
				return fault.New(op, fault.Conflict, line.Where+line.Name+"没有登记问题，不用提出争议")
			}
		}
		said, bad := text("dispute", "争议的内容", reason, maxNote)
		if err := refused(op, bad); err != nil {
			return err
		}
		if slices.ContainsFunc(h.Disputes, func(d Dispute) bool { return d.Item == item && !d.Over() }) {
			return fault.New(op, fault.Conflict, "对它的争议还没有结果，不能再提一次")
		}
		if len(h.Disputes) == maxDisputes {
			return fault.New(op, fault.Conflict, fmt.Sprintf("一次承接查验最多 %d 件争议，请先处理已有的", maxDisputes))
		}
		h.Disputes = append(slices.Clone(h.Disputes), Dispute{ID: fmt.Sprintf("d%d", len(h.Disputes)+1), Item: item, Side: side, Reason: said, Hand: h.By})
		return nil
	})
}

// onDispute changes an open dispute. Returns NotFound for an unknown one, Conflict for one that is over.
func (h *Handover) onDispute(id string, f func(*Dispute) error) error {
	h.Disputes = slices.Clone(h.Disputes)
	for i := range h.Disputes {
		if d := &h.Disputes[i]; d.ID == id {
			if d.Over() {
				return fault.New("handover.onDispute", fault.Conflict, "这件争议已经有结果")
			}
			return f(d)
		}
	}
	return fault.New("handover.onDispute", fault.NotFound, "没有“"+id+"”这件争议")
}

// Note agrees for a party to sign with a dispute noted. Returns Forbidden for who stands for neither party, NotFound outside the scope and for an unknown dispute,
// Conflict if that was said, if the dispute is over, if it is not the time or somebody was quicker.
func (s *Service) Note(ctx context.Context, by policy.Actor, at At, id string) (store.Doc[Handover], error) {
	side, err := s.side(by)
	if err != nil {
		return store.Doc[Handover]{}, err
	}
	return s.change(ctx, by, policy.SignHandover, at, stepNote, "", func(h *Handover) error {
		return h.onDispute(id, func(d *Dispute) error {
			if slices.Contains(d.Noted, side) {
				return fault.New("handover.Note", fault.Conflict, side.Title()+"已经同意，等另一方")
			}
			d.Noted = append(slices.Clone(d.Noted), side)
			return nil
		})
	})
}

// Ruling is how a dispute is handled.
type Ruling struct {
	// Way is one of Ways. Outcome, "" as long as there is none, Paper (at most 60 characters, may be empty) and Liable as in Dispute; without Outcome they are not looked at.
	Way     Way
	Outcome string
	Paper   string
	Liable  Party
}

// Mediate records how a dispute is handled and, with an outcome, how it ended. Returns Forbidden without MediateHandover, NotFound outside the scope and for an
// unknown dispute, Invalid for refused fields (way, outcome, paper, liable), Conflict if the dispute is over, if it is not the time or somebody was quicker.
func (s *Service) Mediate(ctx context.Context, by policy.Actor, at At, id string, in Ruling) (store.Doc[Handover], error) {
	const op = "handover.Mediate"
	return s.change(ctx, by, policy.MediateHandover, at, stepMediate, "", func(h *Handover) error {
		return h.onDispute(id, func(d *Dispute) error {
			var bad []fault.Field
			if !slices.Contains(Ways(), in.Way) {
				bad = append(bad, fault.Field{Name: "way", Message: fmt.Sprintf("请选择处理方式：住建局调解、行业协会调解或诉讼，现在是“%s”", in.Way)})
			}
			d.Way = in.Way
			if strings.TrimSpace(in.Outcome) == "" {
				return refused(op, bad)
			}
			said, wrong := text("outcome", "处理结果", in.Outcome, maxNote)
			bad = append(bad, wrong...)
			d.Outcome, d.Paper, d.Ended = said, strings.TrimSpace(in.Paper), s.today()
			if n := utf8.RuneCountInString(d.Paper); n > maxPlace {
				bad = append(bad, fault.Field{Name: "paper", Message: fmt.Sprintf("文书号最多 %d 个字，现在有 %d 个", maxPlace, n)})
			}
			if d.Item != "" {
				d.Liable = in.Liable
				if !slices.Contains(append(AllParties(), PartyNobody), in.Liable) {
					bad = append(bad, fault.Field{Name: "liable", Message: "请选择认定的责任单位，或认定不是问题"})
				}
			}
			return refused(op, bad)
		})
	})
}

// Carry puts an open finding of the developer into the agreement: what it promised, and by which day. Returns Forbidden without WalkHandover, NotFound outside the
// scope and for an unknown item, Invalid for refused fields (how, due), Conflict if nothing is to be repaired there by the developer or it is not the time.
func (s *Service) Carry(ctx context.Context, by policy.Actor, id, item, how string, due calendar.Date, idem *store.Idem) (store.Doc[Answer], error) {
	const op = "handover.Carry"
	h, err := s.One(ctx, by, id)
	if err != nil {
		return store.Doc[Answer]{}, err
	}
	doc, _, err := s.edit(ctx, by, policy.WalkHandover, id, item, stepCarry, idem, func(l Line) (Answer, error) {
		if !l.Open() || l.Liable() != PartyDeveloper {
			return Answer{}, fault.New(op, fault.Conflict, l.Where+l.Name+"没有建设单位还要整改的问题，不能写进协议")
		}
		said, bad := text("how", "建设单位承诺怎样整改", how, maxPromise)
		switch {
		case due.IsZero():
			bad = append(bad, fault.Field{Name: "due", Message: "请填写整改期限，例如 2026-11-30"})
		case due.Compare(s.today()) < 0:
			bad = append(bad, fault.Field{Name: "due", Message: fmt.Sprintf("整改期限%s已经过去，今天是%s", due.Chinese(), s.today().Chinese())})
		}
		if err := refused(op, bad); err != nil {
			return Answer{}, err
		}
		a := l.Answer
		a.Later = &Later{Keys: h.Doc.State.Keys, Opened: h.Doc.State.Opened, Title: h.Doc.State.Title(), How: said, Due: due}
		return a, nil
	})
	return doc, err
}
