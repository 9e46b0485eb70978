package registry

// FullMembers is the number of full members (正式党员); that of all members where it was not told.
func (p Party) FullMembers() int64 {
	if p.Full == 0 {
		return p.Members
	}
	return p.Full
}

// Covered reports whether the party is organised in one of the three forms.
func (p Party) Covered() bool {
	return p.Form == PartyOwn || p.Form == PartyJoint || p.Form == PartyInstructor
}

// partyFrom is the number of full members from which a firm must form a branch of its own (中国共产党支部工作条例).
const partyFrom = 3

// MustForm reports whether a firm has so many full members that it must form a branch.
func (p Party) MustForm() bool { return p.FullMembers() >= partyFrom }

// keep fills what an entry of the same form and first day does not say from the one that stands, so that a row that leaves cells open changes nothing there.
func (p Party) keep(list []Party) Party {
	for _, now := range list {
		if now.Form != p.Form || now.Days.From != p.Days.From {
			continue
		}
		for _, field := range []struct{ to, from *string }{{&p.Branch, &now.Branch}, {&p.Secretary, &now.Secretary}, {&p.Instructor, &now.Instructor}, {&p.Office, &now.Office}} {
			if *field.to == "" {
				*field.to = *field.from
			}
		}
		if p.Full == 0 {
			p.Full = now.Full
		}
	}
	return p
}
