package browsertest

import (
	"context"
	"time"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

// fewDivisions are enough for the pages; the shipped table is loaded by serve.
const fewDivisions = `code,name,level,parent
360428000000,都昌县,3,360400000000
360428100000,都昌镇,4,360428000000
360428101000,周溪镇,4,360428000000
360428100001,城东居委会,5,360428100000
360428100009,东街居委会,5,360428100000
360428101500,棠荫村委会,5,360428101000
`

// openRegister opens an empty register with its divisions, the guard that asks it for tenure, and the fund over both.
func (f *Fixture) openRegister(ctx context.Context, rules *policy.Rules, now func() time.Time) (*policy.Guard, error) {
	register, err := registry.Open(ctx, f.DB)
	if err != nil {
		return nil, err
	}
	guard := policy.NewGuard(rules, register)
	if f.Register, err = registry.NewService(ctx, register, guard, now); err != nil {
		return nil, err
	}
	if f.Fund, err = fund.NewService(ctx, f.DB, guard, register); err != nil {
		return nil, err
	}
	if f.Bank, err = bank.NewService(ctx, f.DB, guard, f.Fund); err != nil {
		return nil, err
	}
	_, err = register.SeedDivisions(ctx, []byte(fewDivisions))
	return guard, err
}
