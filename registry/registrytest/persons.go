package registrytest

import (
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// Password is what everybody types in a test; every other one is refused.
const Password = "Lake-Poyang-7"

// Persons are the accounts that a test knows; they implement policy.Persons.
type Persons []policy.Actor

// Reauthenticate implements policy.Persons.
func (Persons) Reauthenticate(_ context.Context, _ policy.Actor, typed string) error {
	if typed != Password {
		return fault.InvalidFields("registrytest.Reauthenticate", fault.Field{Name: "current", Message: "现在的密码不正确，请重新输入"})
	}
	return nil
}

// Person implements policy.Persons.
func (p Persons) Person(_ context.Context, id string) (policy.Actor, error) {
	if i := slices.IndexFunc(p, func(one policy.Actor) bool { return one.ID == id }); i >= 0 {
		return p[i], nil
	}
	return policy.Actor{}, fault.New("registrytest.Person", fault.NotFound, "没有这个账号")
}
