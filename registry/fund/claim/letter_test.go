package claim

import (
	"encoding/json"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// TestLetters: what the bureau writes to the developer goes out after it was signed, by another than who sent it through its approval, and only as it was signed.
func TestLetters(t *testing.T) {
	for _, tt := range []struct {
		state State
		out   Step
		later string
	}{{Noticed, StepUrge, "2026-09-08"}, {Paid, StepAsk, ""}, {Replenishing, StepDun, "2026-11-02"}} {
		t.Run(string(tt.out), func(t *testing.T) {
			d := newDesk(t)
			c := d.claimTo(tt.state)
			do := func(by policy.Actor, step Step) func() error {
				return func() error {
					_, err := d.Do(t.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, step, d.input())
					return err
				}
			}
			sign := func(by policy.Actor, typed string) func() error {
				return func() error {
					_, err := d.Sign(t.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree, Reason: "代", SubjectHash: c.State.Letter.Approval.SubjectHash}, typed)
					return err
				}
			}
			if tt.later != "" {
				d.Refused("sent before its time", fault.Conflict, do(officer, StepLetter), "才满")
				d.Forward(tt.later)
			}
			d.Refused("out without approval", fault.Conflict, do(officer, tt.out), "还没有送审")
			d.Refused("nothing to sign", fault.Conflict, func() error {
				_, err := d.Sign(t.Context(), chief, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree}, password)
				return err
			}, "没有等待签署")
			d.Refused("sent by the developer", fault.Forbidden, do(developer, StepLetter))
			if d.Can(t.Context(), officer, &c.State, tt.out) || !d.Can(t.Context(), officer, &c.State, StepLetter) {
				t.Error("the page offers to send it out before it is signed")
			}
			d.do(&c, officer, StepLetter)
			d.Refused("sent twice", fault.Conflict, do(officer, StepLetter), "已经送审")
			d.Refused("out before it is signed", fault.Conflict, do(officer, tt.out), "股长签发")
			d.Refused("signed by who sent it", fault.Forbidden, sign(officer, password), "由你经办")
			d.Refused("signed by somebody else", fault.Forbidden, sign(director, password), "现在不是由你签署")
			d.Refused("a wrong password", fault.Invalid, sign(chief, "x"), "密码不正确")
			d.sign(&c, chief, policy.MoveReturn, "期限写错")
			d.Refused("out after it came back", fault.Conflict, do(officer, tt.out), "重新送审")
			if c.State.State != tt.state || c.State.Reason != "期限写错" {
				t.Errorf("after the return %s, %q", c.State.State, c.State.Reason)
			}
			d.letter(&c)
			d.Refused("sent although it is signed", fault.Conflict, do(officer, StepLetter), "已经签发")
			d.do(&c, officer, tt.out)
			if c.State.Letter == nil || !c.State.Letter.Sent || c.State.Letter.For != string(tt.out) {
				t.Errorf("the letter %+v", c.State.Letter)
			}
			if tt.out == StepDun {
				d.Refused("dunned again on the same signature", fault.Conflict, do(officer, StepDun), "还没有送审")
			}
		})
	}
}

// TestLetterThatChanged: a letter that says something else than was signed does not go out; one of a claim that goes another way is void.
func TestLetterThatChanged(t *testing.T) {
	d := newDesk(t)
	c := d.claimTo(Noticed)
	d.Forward("2026-09-08")
	d.letter(&c)
	d.do(&c, officer, StepGone)
	d.Refused("out although the developer is gone", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), officer, casework.At{ID: c.ID, Seq: c.Seq}, StepUrge, d.input())
		return err
	}, "有变化")
	d.documents(&c, WhenFile)
	d.do(&c, committee, StepFile, amount(600_000))
	if c.State.Letter != nil {
		t.Errorf("a letter without use is left: %+v", c.State.Letter)
	}
}

// TestLetterOnPaper: a letter is signed on paper; the scan counts after a second look.
func TestLetterOnPaper(t *testing.T) {
	d := newDesk(t)
	c := d.claimTo(Paid)
	d.do(&c, officer, StepLetter)
	paper := policy.OnPaper{Hash: c.State.Signing().SubjectHash, Signer: chief.ID, SignedOn: d.Today(), Upload: d.Photo()}
	c = must[store.Doc[Claim]](t)(d.SignOnPaper(t.Context(), officer, casework.At{ID: c.ID, Seq: c.Seq}, paper, password))
	if d.letterStands(t.Context(), &c.State) || len(c.State.Scans) != 1 {
		t.Fatalf("after the scan: %d scans, %+v", len(c.State.Scans), c.State.Letter)
	}
	look := policy.Sign{Move: policy.MoveConfirmPaper, SubjectHash: paper.Hash, Paper: &policy.PaperSignature{FileHash: c.State.Signing().Papers()[0].Paper.FileHash}}
	c = must[store.Doc[Claim]](t)(d.Sign(t.Context(), vice, casework.At{ID: c.ID, Seq: c.Seq}, look, password))
	d.do(&c, officer, StepAsk)
	if c.State.State != Replenishing {
		t.Errorf("%s", c.State.State)
	}
}

// TestOldClaimIsRead: a claim whose letters went out before letters were approved is read as it was.
func TestOldClaimIsRead(t *testing.T) {
	var c Claim
	if err := json.NewDecoder(strings.NewReader(`{"state":"replenishing","ask":{"number":"补1号","day":"2026-10-04"},"dunned":[{"number":"催1号","day":"2026-10-20"}]}`)).Decode(&c); err != nil {
		t.Fatal(err)
	}
	if c.Letter != nil || c.Signing() != nil || len(c.Dunned) != 1 {
		t.Errorf("%+v", c)
	}
}
