package web

import (
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// signingView is the part of a page where an approval is signed: on the screen, on paper, and where a scan is looked at a second time. Template "signing".
type signingView struct {
	// Path is the address before /sign and /paper, Seq the last change of the record that was seen.
	Path string
	Seq  int64
	// Hash is what is signed, HashShown for people.
	Hash, HashShown string
	// CanSign: the fields Sign sign on the screen.
	CanSign bool
	Sign    []field
	// CanPaper: a signature on paper can be recorded, by the fields Paper; its form stands open with what was refused of its scan and password. Looks are scans that
	// wait for a second look.
	CanPaper, PaperOpen    bool
	Paper                  []field
	ScanError, SecretError string
	Looks                  []paperView
}

// toSign says what the actor may do with an approval: sign it, and look at the scan of a hash a second time.
type toSign struct {
	approval *policy.Approval
	maySign  bool
	mayLook  func(scan string) bool
	// scans is how many scans the record has; the last ones wait for a second look.
	scans int
	// right is the right to sign; none: policy.SignApproval.
	right policy.Action
}

// signing is what the actor can do with an approval on the page of an address, with what was typed and refused.
func (s *Server) signing(c *fiber.Ctx, by policy.Actor, path string, seq int64, on toSign, typed url.Values, refused []fault.Field) (signingView, error) {
	v := signingView{Path: path, Seq: seq}
	a, right := on.approval, on.right
	if right == "" {
		right = policy.SignApproval
	}
	if a == nil || a.State != policy.ApprovalPending || !s.guard.Allow(by, right) {
		return v, nil
	}
	v.Hash, v.HashShown, v.CanSign = a.SubjectHash, hashGroups(a.SubjectHash), on.maySign
	waiting := a.Papers()
	for i, scan := range waiting {
		if on.mayLook(scan.Paper.FileHash) {
			v.Looks = append(v.Looks, paperView{Office: s.titleOfOffice(string(scan.As)), Hash: scan.Paper.FileHash, Link: path + "/files/scan-" + strconv.Itoa(on.scans-len(waiting)+i+1)})
		}
	}
	if v.CanSign || len(v.Looks) > 0 {
		v.Sign = withErrors([]field{{Name: "reason", Label: "理由", Rows: 2, Optional: true, Value: typed.Get("reason"), Hint: "退回、不同意或按岗位代签时必须写"},
			{Name: "current", Label: "你的密码", Type: "password", Autocomplete: "current-password", Hint: "签署前再核对一次是本人"}}, refused)
	}
	if !a.Chain.Levels[a.Level].Paper || len(waiting) > 0 {
		return v, nil
	}
	people, err := s.people.Colleagues(c.UserContext(), by, right, right)
	if err != nil {
		return v, err
	}
	signers := []option{{Label: "请选择"}}
	for _, p := range people {
		signers = append(signers, option{Value: p.ID, Label: p.Name + "（" + p.Titles + "）"})
	}
	v.CanPaper = true
	v.Paper = withErrors([]field{{Name: "signer", Label: "在纸上签字的人", Options: signers, Value: typed.Get("signer")}, {Name: "signed_on", Label: "纸上的签字日期", Type: "date", Value: typed.Get("signed_on")}}, refused)
	if v.PaperOpen = typed.Has("signer"); v.PaperOpen {
		for _, bad := range refused {
			switch bad.Name {
			case "paper":
				v.ScanError = bad.Message
			case "current":
				v.SecretError = bad.Message
			}
		}
	}
	return v, nil
}

// scanLinks are the scans of signed papers, as links below an address.
func scanLinks(path string, scans int) []caseLink {
	var out []caseLink
	for i := range scans {
		out = append(out, caseLink{"签字件 " + strconv.Itoa(i+1), path + "/files/scan-" + strconv.Itoa(i+1)})
	}
	return out
}
