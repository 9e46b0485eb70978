package policy

import (
	"bytes"
	"slices"
)

// RuleChange is one right that one role has under one version of the rules and not under the other.
type RuleChange struct {
	// Role is the role, as the newer version names it; as the older one does if the newer has it no more.
	Role RoleInfo
	// Action is the right.
	Action ActionInfo
	// Gains: the role may under the newer version and could not under the older one; else it loses the right.
	Gains bool
	// Was and Is are the deciding lines of the older and the newer roles.csv, "" where no line decides.
	Was, Is string
}

// RoleChange is a role of which something else changed than its rights.
type RoleChange struct {
	// Was and Is are the role in both versions; the zero RoleInfo where it does not exist.
	Was, Is RoleInfo
}

// EmergencyChange is an office that one role may take in an emergency under one version of the rules and not under the other.
type EmergencyChange struct {
	// Own may take Role.
	Own, Role RoleInfo
	// Gains: the newer version allows it, the older one did not; else it is the other way about.
	Gains bool
}

// Difference is what distinguishes two versions of the rules, in the order of the files.
type Difference struct {
	// Rights are the rights that somebody gains or loses.
	Rights []RuleChange
	// Emergencies are the offices that somebody may take in an emergency under one version only.
	Emergencies []EmergencyChange
	// Roles are the roles that come, go, are named otherwise, or change their duty or the way in which they are granted.
	Roles []RoleChange
}

// Empty reports whether nobody gains or loses anything.
func (d Difference) Empty() bool {
	return len(d.Rights) == 0 && len(d.Roles) == 0 && len(d.Emergencies) == 0
}

// Compare tells what changes for whom if the newer rules take the place of the older ones. Lines that say the same in another place change nothing.
func Compare(older, newer *Rules) Difference {
	var d Difference
	roles := slices.Clone(newer.roles)
	for _, info := range older.roles {
		if _, stays := newer.byCode[info.Role]; !stays {
			roles = append(roles, info)
		}
	}
	for _, info := range roles {
		was, is := older.byCode[info.Role], newer.byCode[info.Role]
		if was.Role != is.Role || was.Title != is.Title || was.Duty != is.Duty || was.Grant != is.Grant || was.Longest != is.Longest {
			d.Roles = append(d.Roles, RoleChange{Was: was, Is: is})
		}
		for _, a := range Actions() {
			before, oldLine := older.RoleAllows(info.Role, a.Action)
			after, newLine := newer.RoleAllows(info.Role, a.Action)
			if before != after {
				d.Rights = append(d.Rights, RuleChange{Role: info, Action: a, Gains: after, Was: oldLine, Is: newLine})
			}
		}
	}
	for _, pair := range []struct {
		from, to *Rules
		gains    bool
	}{{newer, older, true}, {older, newer, false}} {
		for _, e := range pair.from.emergencies {
			if !slices.ContainsFunc(pair.to.emergencies, func(o parentLine) bool { return o.child == e.child && o.parent == e.parent }) {
				d.Emergencies = append(d.Emergencies, EmergencyChange{Own: pair.from.byCode[e.child], Role: pair.from.byCode[e.parent], Gains: pair.gains})
			}
		}
	}
	return d
}

// Proposed reads another roles.csv under the matcher that is in force, to compare the two; nothing changes by it. Returns Invalid with every error of the file.
func (r *Rules) Proposed(csv []byte) (*Rules, error) {
	return LoadRules(bytes.Clone(r.conf), csv)
}
