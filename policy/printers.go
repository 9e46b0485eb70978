package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

const printersKind = "printers"

// The bounds of what an account keeps about its printers; MaxShift is in tenths of a millimetre.
const (
	maxPrinters    = 10
	maxPrinterName = 20
	MaxShift       = 300
)

// Printer says how far paper with a printed head (套打) lies from where a printer prints.
type Printer struct {
	// Name is what its user calls it, unique within the account.
	Name string `json:"name" privacy:"internal"`
	// X moves everything to the right, Y down, in tenths of a millimetre, from -MaxShift to MaxShift.
	X int64 `json:"x"`
	Y int64 `json:"y"`
}

// Printers are the printers of one account.
type Printers struct {
	List []Printer `json:"list,omitempty"`
	// Use is the name of the one that prints onto paper with a printed head, "" while nothing is printed so.
	Use string `json:"use,omitempty" privacy:"internal"`
}

// Current is the printer in use; false while nothing is printed onto paper with a printed head.
func (p *Printers) Current() (Printer, bool) {
	i := slices.IndexFunc(p.List, func(one Printer) bool { return one.Name == p.Use })
	if p.Use == "" || i < 0 {
		return Printer{}, false
	}
	return p.List[i], true
}

// PrintSettings keeps the printers of every account; each sees and changes its own only.
type PrintSettings struct {
	guard *Guard
	rows  *store.Collection[Printers]
}

// NewPrintSettings opens the printers on a store.
func NewPrintSettings(ctx context.Context, db *store.DB, guard *Guard) (*PrintSettings, error) {
	rows, err := store.NewCollection(ctx, db, store.Kind[Printers]{Name: printersKind, Version: 1, AlwaysPresent: true})
	return &PrintSettings{guard: guard, rows: rows}, err
}

// Own are the actor's printers. Returns Unauthenticated to who is not signed in.
func (p *PrintSettings) Own(ctx context.Context, by Actor) (Printers, error) {
	if err := p.guard.Require(by, ReadOwnAccount); err != nil {
		return Printers{}, err
	}
	d, err := p.rows.Load(ctx, by.ID)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return d.State, err
}

// Put keeps a printer under its name, and uses it. Returns Unauthenticated to who is not signed in, Invalid for refused fields (name, x, y), Conflict if the same account changed something at the same moment.
func (p *PrintSettings) Put(ctx context.Context, by Actor, in Printer) error {
	in.Name = strings.TrimSpace(in.Name)
	var bad []fault.Field
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > maxPrinterName || strings.ContainsFunc(in.Name, unicode.IsControl) {
		bad = append(bad, fault.Field{Name: "name", Message: fmt.Sprintf("打印机的名称要写 1 至 %d 个字", maxPrinterName)})
	}
	for name, shift := range map[string]int64{"x": in.X, "y": in.Y} {
		if shift < -MaxShift || shift > MaxShift {
			bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf("偏移要在 -%d 至 %d 毫米之间", MaxShift/10, MaxShift/10)})
		}
	}
	if len(bad) > 0 {
		return fault.InvalidFields("policy.Put", bad...)
	}
	return p.change(ctx, by, func(all *Printers) error {
		i := slices.IndexFunc(all.List, func(one Printer) bool { return one.Name == in.Name })
		switch {
		case i >= 0:
			all.List[i] = in
		case len(all.List) >= maxPrinters:
			return fault.InvalidFields("policy.Put", fault.Field{Name: "name", Message: fmt.Sprintf("最多登记 %d 台打印机，请先删去不用的", maxPrinters)})
		default:
			all.List = append(all.List, in)
		}
		all.Use = in.Name
		return nil
	})
}

// Choose uses a printer, or with "" prints nothing onto paper with a printed head. Returns as Put, NotFound for a printer that the actor does not have.
func (p *PrintSettings) Choose(ctx context.Context, by Actor, name string) error {
	return p.change(ctx, by, func(all *Printers) error {
		if all.Use = name; name == "" {
			return nil
		}
		if _, has := all.Current(); !has {
			return fault.New("policy.Choose", fault.NotFound, "没有登记这台打印机")
		}
		return nil
	})
}

// Remove forgets a printer. Returns as Choose.
func (p *PrintSettings) Remove(ctx context.Context, by Actor, name string) error {
	return p.change(ctx, by, func(all *Printers) error {
		n := len(all.List)
		if all.List = slices.DeleteFunc(all.List, func(one Printer) bool { return one.Name == name }); len(all.List) == n {
			return fault.New("policy.Remove", fault.NotFound, "没有登记这台打印机")
		}
		if all.Use == name {
			all.Use = ""
		}
		return nil
	})
}

// change commits what f makes of the actor's printers.
func (p *PrintSettings) change(ctx context.Context, by Actor, f func(*Printers) error) error {
	if err := p.guard.Require(by, UpdateOwnAccount); err != nil {
		return err
	}
	d, err := p.rows.Load(ctx, by.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	all := Printers{List: slices.Clone(d.State.List), Use: d.State.Use}
	if err := f(&all); err != nil {
		return err
	}
	_, err = p.rows.Commit(ctx, store.Meta{By: by.ID, Action: string(UpdateOwnAccount), Why: "套打设置"}, by.ID, d.Seq, all)
	return err
}
