package registry

import "redsteward/internal/calendar"

// The forms of a firm's party organisation. The words are those of the schemes.
const (
	PartyOwn        = "own"        // 单建: a branch of its own
	PartyJoint      = "joint"      // 联建: a branch together with others
	PartyInstructor = "instructor" // 选派指导员: an instructor was sent
	PartyNone       = "no_form"    // 无: none of them
)

// Holding is what the register says of a project and of the firm that holds it on one day: what a rating takes from here and asks nobody for.
type Holding struct {
	Place
	// Since is the first day of the firm's unbroken service of the project; no date if no firm holds it.
	Since calendar.Date
	// PartyForm is one of the forms above on that day, "" if none was recorded.
	PartyForm string
	// TakenOver is the day on which the compound was first taken over (承接), no date if it is not known.
	TakenOver calendar.Date
}
