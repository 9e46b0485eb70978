package party

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// ConfirmOnPaper records what somebody of the level whose turn it is signed on paper; it confirms once another person has looked at the scan. Returns what Confirm returns for who signed, and Invalid for refused fields (paper, signer,
// signed_on, current), also at a level that takes no paper.
func (s *Service) ConfirmOnPaper(ctx context.Context, by policy.Actor, at At, in policy.OnPaper, password string) (store.Doc[Sheet], error) {
	return s.signed(ctx, by, at, in.Upload, password, func(sheet *Sheet) (policy.Sign, error) {
		return s.approvals().PaperSign(ctx, in, sheet.Keys, sheet.Day)
	})
}

// LookAtPaper accepts (policy.MoveConfirmPaper) or does not accept (policy.MoveRejectPaper, with a reason) the scan that the signature names. Returns Forbidden for who handed the sheet on, recorded or signed the paper, Invalid (reason,
// current), Conflict if no such scan waits or somebody was quicker.
func (s *Service) LookAtPaper(ctx context.Context, by policy.Actor, at At, sign policy.Sign, password string) (store.Doc[Sheet], error) {
	return s.signed(ctx, by, at, nil, password, func(*Sheet) (policy.Sign, error) {
		if sign.Move != policy.MoveConfirmPaper && sign.Move != policy.MoveRejectPaper {
			return sign, fault.New("party.LookAtPaper", fault.Conflict, "签字件只能采用或者不采用")
		}
		return sign, nil
	})
}

// signed carries out what is done about a paper, with the password again; its scan is kept before the record that names it.
func (s *Service) signed(ctx context.Context, by policy.Actor, at At, scan *files.Upload, password string, said func(*Sheet) (policy.Sign, error)) (store.Doc[Sheet], error) {
	return s.change(ctx, by, policy.ConfirmPartyFact, at, MovePaper, "", func(sheet *Sheet) error {
		sign, err := said(sheet)
		if err != nil {
			return err
		}
		next, err := s.approvals().Decide(ctx, by, sheet.Approval, sign, sheet.Keys, sheet.Day)
		if err != nil {
			return err
		}
		if err := s.Persons.Reauthenticate(ctx, by, password); err != nil {
			return err
		}
		if scan != nil {
			stored, err := s.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.ConfirmPartyFact)}, scan)
			if err != nil {
				return err
			}
			sheet.Scans = append(sheet.Scans[:len(sheet.Scans):len(sheet.Scans)], stored)
		}
		sheet.Approval = &next
		switch {
		case sign.Move != policy.MoveConfirmPaper:
		case next.State == policy.ApprovalApproved:
			sheet.Last, sheet.State = MoveConfirm, Confirmed
		default:
			sheet.Last, sheet.State = MovePass, Passing
		}
		return nil
	})
}

// MayLook reports whether the actor may look at the scan of this hash.
func (s *Service) MayLook(ctx context.Context, by policy.Actor, sheet *Sheet, scan string) bool {
	return sheet.State.Waits() && s.Guard.Allow(by, policy.ConfirmPartyFact) && s.approvals().MayLook(ctx, by, sheet.Approval, scan, sheet.Keys, sheet.Day)
}

// looks reports whether one of the scans of a sheet waits for the actor.
func (s *Service) looks(ctx context.Context, by policy.Actor, sheet *Sheet) bool {
	for _, scan := range sheet.Approval.Papers() {
		if s.MayLook(ctx, by, sheet, scan.Paper.FileHash) {
			return true
		}
	}
	return false
}
