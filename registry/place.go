// Package registry keeps the registers: divisions, firms, party organisations, projects with their contracts, owners' bodies.
//
//  1. A project's contracts live in the project's own stream; at most one is running for a phase on any day.
//  2. Who held a project on a day is read from its contracts and from nowhere else; policy.Tenure is answered from there.
//  3. What was true on a day stays true for that day: divisions, contracts and offices carry first and last days and are never overwritten.
//  4. A row outside the actor's scope does not exist for him.
package registry

import (
	"redsteward/internal/calendar"
	"redsteward/policy"
)

// Place says where a project lies and who held it on one day. Ids are opaque; names are for people.
type Place struct {
	// Project is the id, Name what people call it.
	Project, Name string
	// Community and Township are the ids of its divisions (12-digit codes of the National Bureau of Statistics), with their display names.
	Community, CommunityName string
	Township, TownshipName   string
	// Firm is the id of the firm whose contract runs on that day, with its name; "" if none did.
	Firm, FirmName string
	// Developer is the id of the developer that built it, "" if none is registered.
	Developer string
	// Households is the number of households of the project, Kind what was built.
	Households int64
	Kind       ProjectKind
}

// Keys are the scope keys of a row about this project on that day: p: c: t: and, if a firm held it, f:.
func (p Place) Keys() []string {
	keys := []string{policy.ProjectKey(p.Project), policy.CommunityKey(p.Community), policy.TownshipKey(p.Township)}
	if p.Firm != "" {
		keys = append(keys, policy.FirmKey(p.Firm))
	}
	return keys
}

// DutyKeys are Keys and, if a developer is registered, d:. They belong to rows about what a developer owes: its projects, the handover, the guarantee
// fund. Rows about the service of a firm have Keys, and no developer sees them.
func (p Place) DutyKeys() []string {
	keys := p.Keys()
	if p.Developer != "" {
		keys = append(keys, policy.DeveloperKey(p.Developer))
	}
	return keys
}

// FiledRef is a filing that came in, for parts of the register that stand on it.
type FiledRef struct {
	// ID is the id of the filing, Number its register number, "" before it is registered.
	ID, Number string
	// Happened is the date of what was filed, Submitted the day on which it came in, Filed the day of the receipt.
	Happened, Submitted, Filed calendar.Date
}
