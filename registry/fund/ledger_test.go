package fund

import (
	"testing"

	"redsteward/internal/fault"
)

// TestReversible: the kinds that pages offer to reverse are those that the ledger reverses, as far as nothing later stands on them.
func TestReversible(t *testing.T) {
	for kind, want := range map[EntryKind]bool{EntryAssess: true, EntryPayment: true, EntryInterest: true, EntryLetter: true, EntryLetterEnd: true, EntryFreeze: true, EntryUnfreeze: true, EntryDeduct: true,
		EntryHold: false, EntryUnhold: false, EntryUse: false, EntryReplenish: false, EntryRefund: false, EntryRelease: false, EntryHandOn: false, EntryBounce: false, EntryReversal: false} {
		// An entry about nothing that is there: what can be reversed at all is looked for, the rest is refused before.
		err := (&Ledger{}).undo(Entry{Kind: kind, Ref: "none"})
		if kind.Reversible() != want || fault.Is(err, fault.Conflict) == want {
			t.Errorf("%s: offered %v, the ledger says %v", kind, kind.Reversible(), err)
		}
	}
}
