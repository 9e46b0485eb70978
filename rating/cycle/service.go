package cycle

import (
	"cmp"
	"context"
	"io"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/application"
)

// Options are what a Service is built from.
type Options struct {
	// DB, Guard, Archive and Register are required.
	DB       *store.DB
	Guard    *policy.Guard
	Archive  *rating.Archive
	Register Register
	// Chains are the ways of approval, Persons who signs, Keeper where the scans of signed papers go. Required.
	Chains  *policy.Chains
	Persons policy.Persons
	Keeper  *files.Keeper
	// Letters is the register of what goes out, which keeps the document numbers. Required.
	Letters *casework.Letters
	// Sources are asked for readings; two of one name are refused.
	Sources []supervision.Readings
	// Windows are told when a period takes proof; nil tells nobody.
	Windows Windows
	// Applications are the firms' applications for the stars of a year. Nil: stars need none, which only tests do.
	Applications *application.Service
	// Rating is the legal name of the rating, "" for DefaultRating.
	Rating string
	// Schemes are the scheme files by rhythm: quarter, year. They are the first version of each.
	Schemes map[string][]byte
	// Ranges says by which assumptions results are tried and what is near a cut. Required.
	Ranges *RangeRules
	// Adopted returns the file of the version that a period planned on a day uses, nil for the first one; nil always gives the first one.
	Adopted func(ctx context.Context, rhythm string, day calendar.Date) ([]byte, error)
	// Seconds tells where second scorings stand; nil: nothing is scored a second time.
	Seconds Seconds
	// Lists are the lists of what stands out in a published period; nil for none.
	Lists *ListRules
	// HandoverFrom is the day from which the handover rule (承接查验) applies in the county; no date means 2011-01-01, when 建房〔2010〕165号 came into force.
	HandoverFrom calendar.Date
	// RevenueDue is the last day on which the public revenue (公共收益) of a half-year that ended on a day is to be shown to the owners; nil means 30 days later.
	RevenueDue func(ended calendar.Date) calendar.Date
	// Deadlines starts a period of deadlines.yaml (NotFound for an unknown rule), Resolve looks again for the day of one that lay beyond the loaded calendar. Required.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Resolve   func(calendar.Deadline) calendar.Deadline
	// Actions are what firms can do for their stars; nil knows none.
	Actions *rating.Actions
	// Background lets work go on after its request has been answered; the context that it hands over ends with the program. Nil runs the work at once.
	Background func(work func(ctx context.Context))
}

// Service is the rating cycle of one bureau. It is safe for concurrent use.
type Service struct {
	db         *store.DB
	guard      *policy.Guard
	archive    *rating.Archive
	register   Register
	desk       policy.ApprovalDesk
	keeper     *files.Keeper
	letters    *casework.Letters
	sources    []supervision.Readings
	windows    Windows
	applied    *application.Service
	called     func(ctx context.Context, year string) (*application.Round, error)
	schemes    map[string]schemeFile
	rules      *RangeRules
	rating     string
	adopted    func(ctx context.Context, rhythm string, day calendar.Date) ([]byte, error)
	seconds    Seconds
	known      registerRules
	deadlines  func(rule string, start calendar.Date) (calendar.Deadline, error)
	resolve    func(calendar.Deadline) calendar.Deadline
	background func(work func(ctx context.Context))

	periods  *store.Collection[Period]
	facts    *store.Collection[Facts]
	progress *store.EphemeralCollection[Progress]
	objected *Objections
	lists    *ListRules
	boarded  boardCache

	ranges     *store.Collection[Ranges]
	rangePages *store.Collection[rangePage]
	remarked   *Remarks
	tasks      *CoachTasks
	actions    *rating.Actions
	coach      coachDesk
}

// schemeFile is a scheme with its file.
type schemeFile struct {
	data   []byte
	scheme *rating.Scheme
}

// New declares the kinds period, facts, objection, coach-task, ranges and range-rows and the rule period-window. Returns Invalid if something required is missing, a scheme is faulty or has another
// rhythm, or a source comes twice.
func New(ctx context.Context, o Options) (*Service, error) {
	const op = "cycle.New"
	if o.DB == nil || o.Guard == nil || o.Archive == nil || o.Register == nil || o.Chains == nil || o.Persons == nil || o.Keeper == nil || o.Letters == nil || o.Deadlines == nil || o.Resolve == nil || o.Ranges == nil {
		return nil, fault.New(op, fault.Invalid, "评价缺少存储、权限、结果库、登记、审批流程、账号、发文登记、期限或敏感性区间的规则")
	}
	s := &Service{db: o.DB, guard: o.Guard, archive: o.Archive, register: o.Register, keeper: o.Keeper, letters: o.Letters,
		desk: policy.ApprovalDesk{Guard: o.Guard, Persons: o.Persons, Chains: o.Chains, Now: o.DB.Now}, sources: o.Sources, windows: o.Windows, applied: o.Applications,
		schemes: map[string]schemeFile{}, rules: o.Ranges, rating: cmp.Or(o.Rating, DefaultRating), seconds: o.Seconds, known: registerRules{o.HandoverFrom, o.RevenueDue}, deadlines: o.Deadlines, resolve: o.Resolve, background: o.Background, adopted: o.Adopted, actions: o.Actions}
	if s.background == nil {
		s.background = func(work func(ctx context.Context)) { work(ctx) }
	}
	s.called = s.callOf
	if s.lists = o.Lists; s.lists == nil {
		s.lists = &ListRules{}
	}
	var err error
	if s.known.revenueDue == nil {
		s.known.revenueDue = func(ended calendar.Date) calendar.Date { return ended.Add(30) }
	}
	if s.known.handoverFrom.IsZero() {
		if s.known.handoverFrom, err = calendar.NewDate(2011, 1, 1); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, source := range o.Sources {
		if slices.Contains(names, source.Source()) {
			return nil, fault.New(op, fault.Invalid, "数据来源 "+source.Source()+" 接入了两次")
		}
		names = append(names, source.Source())
	}
	for rhythm, data := range o.Schemes {
		scheme, err := rating.ParseScheme(data)
		if err != nil {
			return nil, err
		}
		if scheme.Rhythm != rhythm {
			return nil, fault.New(op, fault.Invalid, "方案 "+scheme.ID+" 的周期是 "+scheme.Rhythm+"，不是 "+rhythm)
		}
		s.schemes[rhythm] = schemeFile{data, scheme}
	}
	if s.periods, err = newPeriods(ctx, o.DB); err != nil {
		return nil, err
	}
	s.letters.Bear("period", func(ctx context.Context, id string) (casework.Borne, error) {
		p, err := s.load(ctx, id)
		return p.borne(), err
	})
	s.letters.Await("period", func(ctx context.Context, yield func(string, casework.Borne, []casework.Awaited)) error {
		for _, rhythm := range []string{RhythmQuarter, RhythmYear} {
			list, err := s.list(ctx, periodKey(rhythm, StateEvaluated))
			if err != nil {
				return err
			}
			for i := range list {
				if waits := list[i].awaited(); len(waits) > 0 {
					yield(list[i].ID, list[i].borne(), waits)
				}
			}
		}
		return nil
	}, func(ctx context.Context, id string) (casework.Borne, []casework.Awaited, error) {
		p, err := s.load(ctx, id)
		return p.borne(), p.awaited(), err
	})
	if s.facts, err = newFacts(ctx, o.DB); err != nil {
		return nil, err
	}
	if s.progress, err = store.NewEphemeral[Progress](o.DB, "evaluation-progress"); err != nil {
		return nil, err
	}
	if s.objected, err = newObjections(ctx, s); err != nil {
		return nil, err
	}
	if err := s.openRanges(ctx); err != nil {
		return nil, err
	}
	if s.remarked, err = newRemarks(ctx, s); err != nil {
		return nil, err
	}
	if s.tasks, err = newCoachTasks(ctx, s); err != nil {
		return nil, err
	}
	return s, o.DB.Register(s.windowRule())
}

// toPlan is the scheme that a period planned today uses: the adopted version, or the first one. No scheme for a rhythm without one.
func (s *Service) toPlan(ctx context.Context, rhythm string) (schemeFile, error) {
	first := s.schemes[rhythm]
	if s.adopted == nil || first.scheme == nil {
		return first, nil
	}
	data, err := s.adopted(ctx, rhythm, calendar.DateOf(s.db.Now()))
	if err != nil || data == nil {
		return first, err
	}
	scheme, err := rating.ParseScheme(data)
	return schemeFile{data, scheme}, err
}

// schemeOf returns the scheme that a period is rated by, with its file, from what was stored when it was planned.
func (s *Service) schemeOf(ctx context.Context, p *Period) (*rating.Scheme, []byte, error) {
	const op = "cycle.Scheme"
	if f := s.schemes[p.Rhythm]; f.scheme != nil && f.scheme.Hash == p.SchemeHash {
		return f.scheme, f.data, nil
	}
	file, _, err := s.db.OpenFile(ctx, p.SchemeHash)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, rating.MaxSchemeBytes+1))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, nil, fault.Wrap(op, fault.Unavailable, "评分方案读不出来", err)
	}
	scheme, err := rating.ParseScheme(data)
	if err == nil && scheme.Hash != p.SchemeHash {
		err = fault.New(op, fault.Internal, "保存的评分方案与记录的指纹不符")
	}
	return scheme, data, err
}

// Scheme returns the scheme that a period is rated by. Returns NotFound if the period was not planned.
func (s *Service) Scheme(ctx context.Context, id string) (*rating.Scheme, error) {
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	scheme, _, err := s.schemeOf(ctx, &p)
	return scheme, err
}
