package handover

import (
	"fmt"
	"strings"

	"redsteward/internal/calendar"
)

// Line is one item with what was found; a line without answer has Seq 0.
type Line struct {
	Item
	Answer
	// Seq is the last change of the answer.
	Seq int64
	// Dispute is the last one about this item, nil if there was none.
	Dispute *Dispute
}

// line is an item of a handover with its answer, nil for none.
func (h *Handover) line(item Item, a *Answer, seq int64) Line {
	l := Line{Item: item, Seq: seq}
	if a != nil {
		l.Answer = *a
	}
	for i := range h.Disputes {
		if h.Disputes[i].Item == item.ID {
			l.Dispute = &h.Disputes[i]
		}
	}
	return l
}

// Liable is who is liable: what a dispute ended with wins over what was found on the walk.
func (l *Line) Liable() Party {
	if l.Dispute != nil && l.Dispute.Liable != "" {
		return l.Dispute.Liable
	}
	return l.Party
}

// Blocks reports whether it must be repaired: a finding for which developer or firm is liable.
func (l *Line) Blocks() bool {
	return l.Value == Fail && (l.Liable() == PartyDeveloper || l.Liable() == PartyFirm)
}

// Unpictured reports whether it is a finding without a photo: it came in from Excel, and somebody still has to take one on the walk.
func (l *Line) Unpictured() bool { return l.Value == Fail && len(l.Photos) == 0 }

// Open reports whether it still has to be repaired: the re-inspection has not passed it.
func (l *Line) Open() bool { return l.Blocks() && l.Judged != Conform }

// Left reports whether an open finding goes into the agreement as it is: with a promise, or with its dispute noted by both parties.
func (l *Line) Left() bool {
	return l.Open() && (l.Later != nil || l.Dispute != nil && l.Dispute.NotedByAll())
}

// Due is the last day of the repair of an open finding: that of its promise, else that of the last notice; no day if there is neither.
func (l *Line) Due(h *Handover) calendar.Date {
	if l.Later != nil {
		return l.Later.Due
	}
	if n := len(h.Notices); n > 0 && h.Notices[n-1].names(l.Item.ID) {
		return h.Notices[n-1].Clock.Due
	}
	return calendar.Date{}
}

// Overdue reports whether the developer had to repair it before today and it is open: then a letter of warranty can be drafted, and a claim on the fund follow.
func (l *Line) Overdue(h *Handover, today calendar.Date) bool {
	due := l.Due(h)
	return l.Open() && l.Liable() == PartyDeveloper && !due.IsZero() && due.Compare(today) < 0
}

// Stands says in a word how a finding stands; "" for an answer that is none.
func (l *Line) Stands() string {
	switch {
	case l.Value != Fail:
		return ""
	case l.Dispute != nil && !l.Dispute.Over():
		return "争议调解"
	case l.Liable() == PartyNobody:
		return "争议认定不是问题"
	case l.Unpictured():
		return "缺照片"
	case !l.Blocks():
		return "告知" + l.Liable().Title()
	case l.Judged == Conform:
		return "复验合格"
	case l.Repaired:
		return "已整改，待复验"
	case l.Judged == Fail:
		return "复验不合格"
	}
	return "待整改"
}

// hiddenID stands for defects found after the transfer in the id of an item.
const hiddenID = "hidden"

// maxHidden bounds the defects of one handover that were found after the transfer.
const maxHidden = 60

// hiddenItem is the n-th defect found after the transfer, from 1.
func hiddenItem(n int, l *Later) Item {
	item := Item{ID: fmt.Sprintf("%s.%d", hiddenID, n), Group: "移交后发现"}
	if l != nil {
		item.Name = l.Name
	}
	return item
}

// IsHidden reports whether an item is a defect that was found after the transfer.
func (i Item) IsHidden() bool { return strings.HasPrefix(i.ID, hiddenID+".") }
