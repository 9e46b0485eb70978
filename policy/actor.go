package policy

import "slices"

// Appointment gives an account one role in one unit for a span of days.
type Appointment struct {
	// Role is a role of roles.csv that can be granted.
	Role Role `json:"role" privacy:"internal"`
	// Unit is the scope key of the unit that the person acts for (f:<firm>, c:<community>, t:<township>, county), or an opaque key
	// such as u:<unit> for departments. "" if none.
	Unit string `json:"unit,omitempty" privacy:"internal"`
	// Scopes are the scope keys whose rows the person may reach: p:<project> f:<firm> c:<community> t:<township> or county.
	Scopes []string `json:"scopes,omitempty" privacy:"internal"`
	// Days are the days of the appointment, first and last included, on the business clock.
	Days Span `json:"days"`
	// Order is the number of the order that grants it (调阅单, 审计通知书); required for roles with GrantOrder.
	Order string `json:"order,omitempty" privacy:"internal"`
	// Access is what the order lets read; for roles with GrantOrder only, and required for them.
	Access *AccessOrder `json:"access,omitempty"`
	// Emergency is the number of the emergency by which the office is held (Emergency), 0 for an appointment. It is set for an actor and never stored.
	Emergency int64 `json:"-"`
}

// Actor is who acts: the parameter of every command. The zero value is nobody in particular (the public).
type Actor struct {
	// ID is the opaque account id, "system" for the program itself, "" for the public. It is safe for logs and records.
	ID string
	// Name is the display name; personal data, never logged.
	Name string
	// Appointments are those in force on the business day of the request.
	Appointments []Appointment
	// Deputizes are those in whose place the person signs today. They give no right and no row, only seats of approvals.
	Deputizes []Deputizing
	// Session is the stored (hashed) id of the session, "" without one. It is not the token.
	Session string
	// MustChangePassword: only own.*, session.* and public actions are allowed until the password is changed.
	MustChangePassword bool
	// PasswordDue: the password is older than it should be (90 days); pages ask for a new one, nothing is blocked.
	PasswordDue bool
	// SecondFactor: the session was opened with a one-time code.
	SecondFactor bool
}

// SystemActor returns the running program itself, for jobs, follow-ups and imports at start.
func SystemActor() Actor {
	return Actor{ID: "system", Name: "系统", Appointments: []Appointment{{Role: System, Scopes: []string{County}}}}
}

// SignedIn reports whether the actor is an account or the system.
func (a Actor) SignedIn() bool { return a.ID != "" }

// Has reports whether the actor holds the role today.
func (a Actor) Has(r Role) bool {
	return slices.ContainsFunc(a.Appointments, func(ap Appointment) bool { return ap.Role == r })
}

// Roles returns the roles that decide for the actor: those appointed, and User or Anonymous, which everybody has.
func (a Actor) Roles() []Role {
	if !a.SignedIn() {
		return []Role{Anonymous}
	}
	out := make([]Role, 0, len(a.Appointments)+1)
	for _, ap := range a.Appointments {
		if !slices.Contains(out, ap.Role) {
			out = append(out, ap.Role)
		}
	}
	return append(out, User)
}
