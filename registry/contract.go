package registry

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// ContractInput is what an officer says about a contract.
type ContractInput struct {
	// The fields are those of Contract.
	Firm   string       `json:"firm" privacy:"public"`
	Kind   ContractKind `json:"kind" privacy:"public"`
	Level  ServiceLevel `json:"level" privacy:"public"`
	Charge Charge       `json:"charge,omitempty" privacy:"public"`
	Fee    int64        `json:"fee"`
	Days   policy.Span  `json:"days"`
	Phase  string       `json:"phase,omitempty" privacy:"public"`
}

// maxFee is 100 yuan per m² and month.
const maxFee = 10_000

func (in ContractInput) check(bad *faults) {
	choice(bad, "kind", "合同类型", in.Kind, ContractKinds())
	choice(bad, "level", "服务等级", in.Level, ServiceLevels())
	if in.Charge != "" {
		choice(bad, "charge", "收费方式", in.Charge, Charges())
	}
	if in.Fee < 0 || in.Fee > maxFee {
		bad.add("fee", "物业费是每平方米每月 %s，要在 0 至 %s 之间", feeText(in.Fee), feeText(maxFee))
	}
	if in.Days.From.IsZero() {
		bad.add("from", "请填写合同起始日，例如 2026-10-19")
	}
	bad.span("until", in.Days)
	if in.Kind == ContractCustody && in.Days.Until.IsZero() {
		bad.add("until", "应急托管要填截止日")
	}
}

// ofPhase refuses a phase that the project does not have.
func (in ContractInput) ofPhase(p *Project, bad *faults) {
	if in.Phase != "" && p.PhaseName(in.Phase) == "" {
		bad.add("phase", "没有编号为“%s”的分期", in.Phase)
	}
}

// firmNamed returns the name of a firm that a contract may name, "" after naming the fault.
func (s *Service) firmNamed(ctx context.Context, id string, bad *faults) (string, error) {
	if id == "" {
		bad.add("firm", "请选择物业服务企业")
		return "", nil
	}
	d, err := s.firms.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		bad.add("firm", "没有编号为“%s”的企业", id)
		return "", nil
	}
	return d.State.Name, err
}

// noOverlap returns Conflict, naming the other contract, if one of the list is about the same phase and shares a day with the input. A contract without phase is about
// every phase.
func (s *Service) noOverlap(ctx context.Context, p *Project, list []Contract, in ContractInput) error {
	for _, c := range list {
		if !touches(c.Days, in.Days) || !c.covers(in.Phase) {
			continue
		}
		name := "另一企业"
		if d, err := s.firms.Load(ctx, c.Firm); err == nil {
			name = d.State.Name
		}
		return fault.New("registry.noOverlap", fault.Conflict,
			fmt.Sprintf("与“%s”%s%s的合同有重叠的日子；同一天只能有一份合同，请先终止那一份，或者修改起止日期", name, p.PhaseName(c.Phase), daysText(c.Days)))
	}
	return nil
}

// AddContract enters a contract. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields (firm, kind, level, charge, fee, from, until, phase), Conflict,
// naming the other contract, if one of the same phase runs on any of its days, or if seq is not the last change.
func (s *Service) AddContract(ctx context.Context, by policy.Actor, project string, seq int64, in ContractInput) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error {
		return s.addContract(ctx, p, in, bad)
	})
}

// addContract puts a checked contract behind the others; what is wrong goes to bad, except an overlap, which is Conflict.
func (s *Service) addContract(ctx context.Context, p *Project, in ContractInput, bad *faults) error {
	in.check(bad)
	in.ofPhase(p, bad)
	if _, err := s.firmNamed(ctx, in.Firm, bad); err != nil || len(bad.list) > 0 {
		return err
	}
	if len(p.Contracts) >= maxSpans {
		bad.add("from", "合同已有 %d 份，不能再加", len(p.Contracts))
		return nil
	}
	if err := s.noOverlap(ctx, p, p.Contracts, in); err != nil {
		return err
	}
	p.Contracts = append(slices.Clone(p.Contracts), Contract{ID: fmt.Sprintf("c%d", len(p.Contracts)+1), Firm: in.Firm, Kind: in.Kind, Level: in.Level, Charge: in.Charge, Fee: in.Fee, Days: in.Days, Phase: in.Phase})
	return nil
}

// CorrectContract mends what was entered wrongly, with a reason for the log. A contract is never deleted. Returns as AddContract, and Invalid for the reason.
func (s *Service) CorrectContract(ctx context.Context, by policy.Actor, project string, seq int64, id string, in ContractInput, why string) error {
	return s.change(ctx, by, project, seq, why, func(p *Project, bad *faults) error {
		at, err := contractAt(p, id)
		if err != nil {
			return err
		}
		in.check(bad)
		in.ofPhase(p, bad)
		reason(bad, why)
		if _, err := s.firmNamed(ctx, in.Firm, bad); err != nil || len(bad.list) > 0 {
			return err
		}
		return s.correct(ctx, p, at, in)
	})
}

// correct puts a checked input into one contract. Returns Conflict if it then shares a day and a phase with another.
func (s *Service) correct(ctx context.Context, p *Project, at int, in ContractInput) error {
	others := slices.Delete(slices.Clone(p.Contracts), at, at+1)
	if err := s.noOverlap(ctx, p, others, in); err != nil {
		return err
	}
	c := &p.Contracts[at]
	c.Firm, c.Kind, c.Level, c.Charge, c.Fee, c.Days, c.Phase = in.Firm, in.Kind, in.Level, in.Charge, in.Fee, in.Days, in.Phase
	return nil
}

// EndContract ends a contract before its time. Returns Forbidden without WriteRegister, NotFound, also for a contract that the project does not have, Invalid for
// refused fields (last, reason), Conflict if it had ended by that day anyway or if seq is not the last change.
func (s *Service) EndContract(ctx context.Context, by policy.Actor, project string, seq int64, id string, last calendar.Date, why string) error {
	return s.change(ctx, by, project, seq, why, func(p *Project, bad *faults) error {
		at, err := contractAt(p, id)
		if err != nil {
			return err
		}
		c := &p.Contracts[at]
		why = reason(bad, why)
		switch {
		case last.IsZero():
			bad.add("last", "请填写最后一天，例如 2026-10-19")
		case last.Compare(c.Days.From) < 0:
			bad.add("last", "最后一天%s早于合同起始日%s", last.Chinese(), c.Days.From.Chinese())
		case !c.Days.Until.IsZero() && c.Days.Until.Compare(last) <= 0:
			return fault.New("registry.EndContract", fault.Conflict, "这份合同本来就在"+c.Days.Until.Chinese()+"到期，不用终止")
		}
		c.Days.Until, c.Ended = last, why
		return nil
	})
}

func contractAt(p *Project, id string) (int, error) {
	at := slices.IndexFunc(p.Contracts, func(c Contract) bool { return c.ID == id })
	if at < 0 {
		return 0, fault.New("registry.contract", fault.NotFound, "没有找到这份合同")
	}
	return at, nil
}

// HeldContract is a contract of a firm with the project that it is about.
type HeldContract struct {
	// Place is the project on the day asked about, Phase the name of the phase, "" for the whole project.
	Place
	Phase string
	Contract
}

// ContractsOf lists all contracts of a firm, ended and coming ones too, by project and then as they were entered; those of projects in the actor's scope only. Returns Forbidden
// without ReadRegister.
func (s *Service) ContractsOf(ctx context.Context, by policy.Actor, firm string) ([]HeldContract, error) {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return nil, err
	}
	day, book := s.On(ctx), s.nameBook()
	var out []HeldContract
	mine := func(d *store.Doc[Project]) bool { return scope.Covers(d.State.keysOn(d.ID, day), day) }
	err = every(ctx, s.projects, store.Query{Index: ByName, Key: policy.FirmKey(firm)}, mine, func(d store.Doc[Project]) error {
		place, err := book.place(ctx, d.ID, &d.State, day)
		if err != nil {
			return err
		}
		for _, c := range d.State.Contracts {
			if c.Firm == firm {
				out = append(out, HeldContract{place, d.State.PhaseName(c.Phase), c})
			}
		}
		return nil
	})
	return out, err
}
