package policy

// Role is the code of an office or a part that people play. Codes and titles are data in roles.csv; only the codes that the program
// itself names are constants.
type Role string

// The roles that the program names.
const (
	// Anonymous is everybody who is not signed in; everyone else inherits what it may do.
	Anonymous Role = "anonymous"
	// User is everybody who is signed in; appointed roles inherit from it.
	User Role = "user"
	// Administrator runs the system and its accounts, and does no business (三员: 系统管理员).
	Administrator Role = "administrator"
	// System is the running program itself.
	System Role = "system"
)

// Duty separates the three guardians of 等保 (系统、审计、安全管理员) from each other and from the bureau's business: one account holds
// roles of one duty only (GB/T 22239-2019; domain.md §8.5).
type Duty string

// The duties.
const (
	// DutyBase: not a duty of its own; anonymous and user.
	DutyBase Duty = "base"
	// DutyBusiness: the bureau's work and everybody who takes part in it.
	DutyBusiness Duty = "business"
	// DutyAdmin: runs the system.
	DutyAdmin Duty = "admin"
	// DutyAudit: reads and verifies, changes nothing.
	DutyAudit Duty = "audit"
	// DutySecurity: watches rights and refused tries.
	DutySecurity Duty = "security"
)

// Grant says how a role comes to a person.
type Grant string

// The ways a role is granted.
const (
	// GrantNone: never by appointment (anonymous, user, system).
	GrantNone Grant = "none"
	// GrantStanding: an appointment with or without end.
	GrantStanding Grant = "standing"
	// GrantOrder: only with the number of a 调阅单 or 审计通知书 and a last day (practice.md §5).
	GrantOrder Grant = "order"
)

// RoleInfo is one role line of roles.csv.
type RoleInfo struct {
	// Role is the code.
	Role Role
	// Title is the office title in Chinese, as the bureau uses it.
	Title string
	// Duty is the duty it belongs to.
	Duty Duty
	// Grant says how it is granted.
	Grant Grant
	// Longest is the longest term of an order in days, the first and the last included; 0 for every other grant.
	Longest int
	// Line is the line of roles.csv.
	Line int
}
