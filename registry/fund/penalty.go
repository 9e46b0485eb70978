package fund

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// FineTerms are what a rule says about fines for late payment; without Clause nothing is computed.
type FineTerms struct {
	// Percent is the fine in percent of what is unpaid, 0 if the clause names only bounds. Min and Max are the bounds in fen, 0 for none.
	Percent num.Num `json:"percent"`
	Min     int64   `json:"min,omitempty"`
	Max     int64   `json:"max,omitempty"`
	// Clause is the article that allows it.
	Clause string `json:"clause,omitempty" privacy:"public"`
}

// check names what is wrong with them.
func (t *FineTerms) check(f *registry.Faults) {
	percent(f, "fine_percent", "罚款比例", t.Percent, maxFine)
	f.Words("fine_clause", "罚款条款", &t.Clause, 0, 60)
	switch {
	case t.Min < 0 || t.Max < 0 || t.Max > MaxFen:
		f.Add("fine_max", "罚款的上下限要大于 0，不超过 %s 元", Yuan(MaxFen))
	case t.Max > 0 && t.Min > t.Max:
		f.Add("fine_max", "罚款上限 %s 元小于下限 %s 元", Yuan(t.Max), Yuan(t.Min))
	case t.Clause == "" && (t.Percent.Sign() > 0 || t.Min > 0 || t.Max > 0):
		f.Add("fine_clause", "填了罚款的比例或者上下限，要写明是哪一条规定的；没有条款的不计算罚款")
	case t.Clause != "" && t.Percent.Sign() == 0 && t.Min == 0 && t.Max == 0:
		f.Add("fine_percent", "写了罚款条款，要填比例或者上下限")
	}
}

// PenaltyKind is what a developer has to pay besides an amount that is late.
type PenaltyKind string

// The kinds.
const (
	// PenaltyLateFee is a late fee by days (滞纳金).
	PenaltyLateFee PenaltyKind = "late_fee"
	// PenaltyFine is a fine (罚款).
	PenaltyFine PenaltyKind = "fine"
)

// PenaltyKinds lists the kinds.
func PenaltyKinds() []registry.Choice {
	return []registry.Choice{{ID: string(PenaltyLateFee), Text: "滞纳金"}, {ID: string(PenaltyFine), Text: "罚款"}}
}

// PenaltyEnd is how a penalty ended.
type PenaltyEnd string

// The ends.
const (
	// PenaltyPaid: paid into the treasury (已缴入国库).
	PenaltyPaid PenaltyEnd = "paid"
	// PenaltyLifted: withdrawn by a document (已撤销).
	PenaltyLifted PenaltyEnd = "lifted"
)

// PenaltyEnds lists the ends.
func PenaltyEnds() []registry.Choice {
	return []registry.Choice{{ID: string(PenaltyPaid), Text: "已缴入国库"}, {ID: string(PenaltyLifted), Text: "已撤销"}}
}

// Penalty is a late fee or a fine that a document set. It is recorded and never posted: it belongs to the treasury, not to the fund.
type Penalty struct {
	// ID is p1, p2, … within the ledger, Due the amount that was late.
	ID  string `json:"id" privacy:"public"`
	Due string `json:"due" privacy:"public"`
	// Kind, Document, Day and Fen are what the document says; Paper is its scan.
	Kind     PenaltyKind   `json:"kind" privacy:"public"`
	Document string        `json:"document" privacy:"internal"`
	Day      calendar.Date `json:"day"`
	Fen      int64         `json:"fen"`
	Paper    *files.Stored `json:"paper,omitempty"`
	// Computed is what the rule of the amount gives for that day, 0 if it says nothing that could be computed; Lines are how, or whose decision is missing.
	Computed int64  `json:"computed,omitempty"`
	Lines    []Line `json:"lines,omitempty"`
	// End is how it ended, on Ended by the document Ending; "" while it is open.
	End    PenaltyEnd    `json:"end,omitempty" privacy:"public"`
	Ended  calendar.Date `json:"ended,omitzero"`
	Ending string        `json:"ending,omitempty" privacy:"internal"`
	// By is who recorded it.
	By string `json:"by" privacy:"internal"`
}

// undecided says whose decision is missing to compute a kind.
func undecided(k PenaltyKind) []Line {
	word := registry.TextOf(PenaltyKinds(), k)
	return []Line{{word, "核定时的规则没有" + word + "的条款，只记录、不计算。由住建局按上级文件确定：经办人在“保修金规则”填报条款和比例，股长或局领导采用以后核定的才计算", "—"}}
}

// LateFee is the late fee in fen for what is open on a day, line by line; 0 and none if the rule has no clause or nothing is late. It is never posted: whether it
// is asked for, an officer decides.
func (d Due) LateFee(today calendar.Date) (int64, []Line) {
	days := today.Sub(d.Day)
	if d.LatePercent.Sign() == 0 || d.Open() <= 0 || days <= 0 {
		return 0, nil
	}
	fee := num.FromFrac(d.Open(), 100).Mul(d.LatePercent).Mul(num.FromFrac(1, 100)).Mul(num.FromInt(int64(days)))
	fen, whole := fee.Round(2, num.HalfUp).Mul(num.FromInt(100)).Int64()
	if !whole {
		return 0, nil // centuries late
	}
	return fen, []Line{
		{"逾期", fmt.Sprintf("%s次日至%s", d.Day.Chinese(), today.Chinese()), fmt.Sprintf("%d 日", days)},
		{"滞纳金", fmt.Sprintf("%s × %s%% × %d（%s），四舍五入到分", Yuan(d.Open()), d.LatePercent, days, d.LateClause), Yuan(fen) + " 元"},
	}
}

// FineNow is the fine in fen for what is open, line by line within the bounds of the clause; 0 if the rule has no clause, or one that names only bounds.
func (d Due) FineNow() (int64, []Line) {
	t := d.Fine
	if t.Clause == "" || d.Open() <= 0 {
		return 0, nil
	}
	bounds := []Line{}
	if t.Min > 0 || t.Max > 0 {
		upper := "不封顶"
		if t.Max > 0 {
			upper = Yuan(t.Max) + " 元以下"
		}
		bounds = append(bounds, Line{"罚款幅度", t.Clause, Yuan(t.Min) + " 元以上，" + upper})
	}
	if t.Percent.Sign() == 0 {
		return 0, bounds
	}
	fen, whole := num.FromInt(d.Open()).Mul(t.Percent).Mul(num.FromFrac(1, 100)).Round(0, num.HalfUp).Int64()
	if !whole {
		return 0, nil
	}
	lines := append(bounds, Line{"罚款", fmt.Sprintf("%s × %s%%（%s），四舍五入到分", Yuan(d.Open()), t.Percent, t.Clause), Yuan(fen) + " 元"})
	if held := max(fen, t.Min); held != fen {
		fen, lines = held, append(lines, Line{"罚款", "低于下限的按下限", Yuan(held) + " 元"})
	}
	if t.Max > 0 && fen > t.Max {
		fen, lines = t.Max, append(lines, Line{"罚款", "高于上限的按上限", Yuan(t.Max) + " 元"})
	}
	return fen, lines
}

// PenaltyInput is a penalty as its document says.
type PenaltyInput struct {
	// Due is the amount that is late, Kind what was set.
	Due  string
	Kind PenaltyKind
	// Document, Day and Fen are those of the document, Paper is its scan.
	Document string
	Day      calendar.Date
	Fen      int64
	Paper    files.Stored
}

// RecordPenalty records a late fee or fine that a document set, with what the rule gives beside it, or whose decision is missing. Returns Forbidden without AssessFund, NotFound outside the scope or for an unknown
// amount, Invalid for refused fields (kind, document, day, amount, paper), Conflict if the amount is not late on that day or the fine lies outside the bounds of the clause.
func (s *Service) RecordPenalty(ctx context.Context, by policy.Actor, project string, in PenaltyInput, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.RecordPenalty"
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem}, func(l *Ledger) error {
		var f registry.Faults
		choose(&f, "kind", "种类", string(in.Kind), PenaltyKinds())
		f.Words("document", "文书编号", &in.Document, 2, 40)
		s.checkDay(&f, "day", "文书日期", in.Day)
		checkFen(f.Add, in.Fen)
		paper, err := s.checkPaper(ctx, &f, in.Paper, "请上传决定书（PDF 或照片）")
		if err != nil {
			return err
		}
		if err := f.Err(op); err != nil {
			return err
		}
		if err := full(len(l.Penalties), "滞纳金和罚款"); err != nil {
			return err
		}
		d, err := l.due(in.Due)
		if err != nil {
			return err
		}
		if d.Open() <= 0 || d.Age(in.Day) <= 0 {
			return fault.New(op, fault.Conflict, fmt.Sprintf("%s在%s没有逾期：期限到%s，还差 %s 元", d.Phase, in.Day.Chinese(), d.Day.Chinese(), Yuan(d.Open())))
		}
		p := Penalty{ID: fmt.Sprintf("p%d", len(l.Penalties)+1), Due: d.ID, Kind: in.Kind, Document: in.Document, Day: in.Day, Fen: in.Fen, Paper: paper, By: by.ID}
		if p.Kind == PenaltyLateFee {
			p.Computed, p.Lines = d.LateFee(in.Day)
		} else {
			p.Computed, p.Lines = d.FineNow()
			if t := d.Fine; t.Clause != "" && (in.Fen < t.Min || t.Max > 0 && in.Fen > t.Max) {
				return fault.New(op, fault.Conflict, fmt.Sprintf("罚款 %s 元不在%s的幅度以内（%s 元以上，%s 元以下）", Yuan(in.Fen), t.Clause, Yuan(t.Min), Yuan(t.Max)))
			}
		}
		if len(p.Lines) == 0 {
			p.Lines = undecided(p.Kind)
		}
		l.Penalties = append(slices.Clone(l.Penalties), p)
		return nil
	})
}

// EndPenalty records that a penalty was paid into the treasury or lifted. document (2 to 40 signs) is the receipt or the paper that lifts it. Returns Forbidden without AssessFund, NotFound outside the scope or for an
// unknown penalty, Invalid (end, day, document), Conflict if it ended before.
func (s *Service) EndPenalty(ctx context.Context, by policy.Actor, project, penalty string, end PenaltyEnd, day calendar.Date, document string, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.EndPenalty"
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem}, func(l *Ledger) error {
		at := slices.IndexFunc(l.Penalties, func(p Penalty) bool { return p.ID == penalty })
		if at < 0 {
			return fault.New(op, fault.NotFound, "没有找到这笔滞纳金或者罚款")
		}
		var f registry.Faults
		choose(&f, "end", "结果", string(end), PenaltyEnds())
		s.checkDay(&f, "day", "日期", day)
		f.Words("document", "缴款书或者文书编号", &document, 2, 40)
		if !day.IsZero() && day.Compare(l.Penalties[at].Day) < 0 {
			f.Add("day", "日期%s早于文书日期%s", day.Chinese(), l.Penalties[at].Day.Chinese())
		}
		if err := f.Err(op); err != nil {
			return err
		}
		l.Penalties = slices.Clone(l.Penalties)
		p := &l.Penalties[at]
		if p.End != "" {
			return fault.New(op, fault.Conflict, "这一笔已经在"+p.Ended.Chinese()+"办结："+registry.TextOf(PenaltyEnds(), p.End))
		}
		p.End, p.Ended, p.Ending = end, day, document
		return nil
	})
}
