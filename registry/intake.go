package registry

import (
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/policy"
)

// Intake is where rows of files come in under one right, through the mechanism of all imports: before every step the right is asked for, and an import belongs to who accepted it; for
// everybody else it does not exist. It is safe for concurrent use.
type Intake[L any] struct {
	// Importer carries the imports out and asks for no right.
	*imports.Importer[L]
	// Stamp, if not nil, puts into a line what only the acting person can say, such as the office in which he acts; it is called when a file is checked.
	Stamp func(by policy.Actor, line *L)

	guard    *policy.Guard
	right    policy.Action
	checking func(ctx context.Context, by policy.Actor) (imports.Checker[L], error)
}

// OpenIntake opens an intake under a right. checking gives the look at the lines of one file for an actor who has the right: it refuses what lies outside of his scope.
func OpenIntake[L any](ctx context.Context, guard *policy.Guard, right policy.Action, c imports.Config[L], checking func(ctx context.Context, by policy.Actor) (imports.Checker[L], error)) (*Intake[L], error) {
	c.Action = string(right)
	importer, err := imports.Open(ctx, c)
	return &Intake[L]{Importer: importer, guard: guard, right: right, checking: checking}, err
}

// checker asks for the right and gives the look at the lines.
func (i *Intake[L]) checker(ctx context.Context, by policy.Actor) (imports.Checker[L], error) {
	if err := i.guard.Require(by, i.right); err != nil {
		return nil, err
	}
	return i.checking(ctx, by)
}

// DryRun checks every row and keeps the lines for a day. Nothing is journaled. Returns Forbidden without the right, Invalid for no row at all or too many.
func (i *Intake[L]) DryRun(ctx context.Context, by policy.Actor, f imports.File[L]) (imports.DryRun, error) {
	check, err := i.checker(ctx, by)
	if err != nil {
		return imports.DryRun{}, err
	}
	if i.Stamp != nil {
		f.Lines = slices.Clone(f.Lines)
		for n := range f.Lines {
			i.Stamp(by, &f.Lines[n])
		}
	}
	return i.Importer.DryRun(ctx, by.ID, f, check)
}

// Accept accepts a dry run and returns the id of the import; what happened since the dry run is looked at again. onlyGood leaves out rows with faults. Accepting the same lines twice is
// accepting them once. Returns Forbidden without the right, NotFound for a dry run that is not the actor's or has expired, Conflict if rows with faults are not to be left out or nothing is
// left to import.
func (i *Intake[L]) Accept(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error) {
	check, err := i.checker(ctx, by)
	if err != nil {
		return "", err
	}
	return i.Importer.Accept(ctx, by.ID, draft, onlyGood, check)
}

// One returns an import of the actor. Returns Forbidden without the right, NotFound for one of somebody else.
func (i *Intake[L]) One(ctx context.Context, by policy.Actor, id string) (imports.View, error) {
	if err := i.guard.Require(by, i.right); err != nil {
		return imports.View{}, err
	}
	v, err := i.Importer.One(ctx, id)
	if err == nil && v.By != by.ID {
		return imports.View{}, fault.New("registry.One", fault.NotFound, "没有找到这次导入")
	}
	return v, err
}

// Recent lists the last 20 imports of the actor, newest first. Returns Forbidden without the right.
func (i *Intake[L]) Recent(ctx context.Context, by policy.Actor) ([]imports.View, error) {
	if err := i.guard.Require(by, i.right); err != nil {
		return nil, err
	}
	return i.RecentOf(ctx, by.ID)
}

// reversible asks whose import it is, and refuses rows that are never taken back.
func (i *Intake[L]) reversible(ctx context.Context, by policy.Actor, id string) error {
	_, err := i.One(ctx, by, id)
	if err == nil && i.Undoer == nil {
		err = fault.New("registry.reversible", fault.NotFound, "这种导入不能撤销")
	}
	return err
}

// LookBack says what taking an import back would do. Errors as those of One, Conflict for one that is not done or is taken back already.
func (i *Intake[L]) LookBack(ctx context.Context, by policy.Actor, id string) (imports.Lookback, error) {
	if err := i.reversible(ctx, by, id); err != nil {
		return imports.Lookback{}, err
	}
	return i.Importer.LookBack(ctx, id, i.Undoer())
}

// Reverse says that an import is to be taken back, with a reason; what was done with a row since stays. Errors as those of LookBack, Invalid for the field reason.
func (i *Intake[L]) Reverse(ctx context.Context, by policy.Actor, id string, seq int64, why string) error {
	if err := i.reversible(ctx, by, id); err != nil {
		return err
	}
	return i.Importer.Reverse(ctx, by.ID, id, seq, why)
}
