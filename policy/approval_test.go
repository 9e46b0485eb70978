package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

var (
	firstHash  = "sha256:" + strings.Repeat("ab", 32)
	secondHash = "sha256:" + strings.Repeat("cd", 32)
	signedAt   = time.Date(2026, 10, 19, 1, 2, 3, 456789, time.UTC)
)

// officer is a person who holds one role.
func officer(id string, roles ...Role) Actor { a := with(roles...); a.ID = id; return a }

// threeLevels has an ordinary level, a countersigning with deputies, and one that takes paper.
func threeLevels() Chain {
	return Chain{ID: "fund-claim", Version: 1, Title: "保修金支用审批", Basis: "建议", Levels: []Level{
		{Name: "股长审核", Seats: []Seat{{Role: "section_chief"}}},
		{Name: "会签", Seats: []Seat{{Role: "legal_officer", Deputies: []Role{"deputy_director"}}, {Role: "deputy_director", Deputies: []Role{"director"}}}},
		{Name: "局长签发", Seats: []Seat{{Role: "director"}}, Paper: true},
	}}
}

func opened(t testing.TB) Approval {
	t.Helper()
	a, err := OpenApproval(shipped(t), threeLevels(), "claim/c1/3", firstHash, officer("maker", "property_officer"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestChainCheck(t *testing.T) {
	rules := shipped(t)
	if bad := threeLevels().Check(rules); len(bad) > 0 {
		t.Fatal(bad)
	}
	tests := []struct {
		name, field string
		spoil       func(*Chain)
	}{
		{"no id", "id", func(c *Chain) { c.ID = "审批" }},
		{"no version", "version", func(c *Chain) { c.Version = 0 }},
		{"no title", "title", func(c *Chain) { c.Title = " " }},
		{"no basis", "basis", func(c *Chain) { c.Basis = "" }},
		{"no level", "levels", func(c *Chain) { c.Levels = nil }},
		{"five levels", "levels", func(c *Chain) { c.Levels = append(c.Levels, c.Levels[0], c.Levels[0]) }},
		{"a level without name", "levels[1].name", func(c *Chain) { c.Levels[1].Name = "" }},
		{"a level without seat", "levels[0].seats", func(c *Chain) { c.Levels[0].Seats = nil }},
		{"an unknown role", "levels[0].seats[0].role", func(c *Chain) { c.Levels[0].Seats[0].Role = "king" }},
		{"an administrator signs", "levels[0].seats[0].role", func(c *Chain) { c.Levels[0].Seats[0].Role = Administrator }},
		{"the public signs", "levels[0].seats[0].role", func(c *Chain) { c.Levels[0].Seats[0].Role = Anonymous }},
		{"one role twice in a level", "levels[1].seats[1].role", func(c *Chain) { c.Levels[1].Seats[1].Role = "legal_officer" }},
		{"an unknown deputy", "levels[1].seats[1].deputies[0]", func(c *Chain) { c.Levels[1].Seats[1].Deputies[0] = "king" }},
		{"a deputy of himself", "levels[1].seats[1].deputies[0]", func(c *Chain) { c.Levels[1].Seats[1].Deputies[0] = "deputy_director" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := threeLevels()
			tt.spoil(&c)
			bad := c.Check(rules)
			if len(bad) != 1 || bad[0].Name != tt.field {
				t.Errorf("%v, want one at %s", bad, tt.field)
			}
			if _, err := OpenApproval(rules, c, "claim/c1/3", firstHash, officer("maker")); !fault.Is(err, fault.Invalid) {
				t.Errorf("an approval began on a faulty chain: %v", err)
			}
		})
	}
	if _, err := OpenApproval(rules, threeLevels(), "", "md5:1", Actor{}); len(fault.FieldsOf(err)) != 3 {
		t.Errorf("every refused field is named: %v", err)
	}
}

// step is one move in a told story; want is "" or the kind of the refusal.
type step struct {
	by   Actor
	sign Sign
	want fault.Kind
}

// standing is a person without office who signs in the place of another.
func standing(id, absent string, role Role) Actor {
	return Actor{ID: id, Deputizes: []Deputizing{{For: absent, Appointments: officer(absent, role).Appointments}}}
}

func agree(hash string) Sign { return Sign{Move: MoveAgree, SubjectHash: hash} }

// paper records what signer signed on paper, holding a role.
func paper(signer string, role Role, day calendar.Date) Sign {
	return Sign{Move: MoveAgree, SubjectHash: firstHash, Signer: officer(signer, role), Paper: &PaperSignature{FileHash: secondHash, Signer: signer, SignedOn: day}}
}

// look is what a second person says about that paper.
func look(move ApprovalMove, why string) Sign {
	return Sign{Move: move, SubjectHash: firstHash, Reason: why, Paper: &PaperSignature{FileHash: secondHash}}
}

// TestSignedPapers: every signature on paper is told with what became of its scan, also in a round that was begun anew.
func TestSignedPapers(t *testing.T) {
	a, day := opened(t), calendar.DateOf(signedAt)
	told := func(want ...string) {
		t.Helper()
		var got []string
		for _, p := range a.SignedPapers() {
			said := p.Paper.Signer + " " + p.By + " " + p.LevelName + " " + p.Standing()
			if p.Look != nil {
				said += " " + p.Look.By + " " + p.Look.Reason
			}
			got = append(got, strings.TrimSpace(said))
		}
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	play := func(moves ...step) {
		t.Helper()
		for _, m := range moves {
			next, err := a.Decide(m.by, m.sign, signedAt)
			if err != nil {
				t.Fatal(err, fault.FieldsOf(err))
			}
			a = next
		}
	}
	law, maker := officer("law", "legal_officer"), officer("maker", "property_officer")
	levels := []step{{by: officer("chief", "section_chief"), sign: agree(firstHash)}, {by: law, sign: agree(firstHash)}, {by: officer("deputy", "deputy_director"), sign: agree(firstHash)}}
	play(levels...)
	told()
	play(step{by: maker, sign: paper("boss", "director", day)})
	told("boss maker 局长签发 waits")
	play(step{by: law, sign: look(MoveRejectPaper, "看不清")}, step{by: maker, sign: paper("boss", "director", day)})
	told("boss maker 局长签发 rejected law 看不清", "boss maker 局长签发 waits")
	play(step{by: officer("boss2", "director"), sign: Sign{Move: MoveReturn, SubjectHash: firstHash, Reason: "补一页"}}, step{by: maker, sign: Sign{Move: MoveResubmit, SubjectHash: firstHash}})
	told("boss maker 局长签发 rejected law 看不清", "boss maker 局长签发 void")
	play(levels...)
	play(step{by: maker, sign: paper("boss", "director", day)}, step{by: law, sign: look(MoveConfirmPaper, "")})
	told("boss maker 局长签发 rejected law 看不清", "boss maker 局长签发 void", "boss maker 局长签发 confirmed law")
}

func TestApprovalStories(t *testing.T) {
	chief, law := officer("chief", "section_chief"), officer("law", "legal_officer")
	deputy, boss, maker := officer("deputy", "deputy_director"), officer("boss", "director"), officer("maker", "property_officer", "section_chief")
	two := officer("two", "section_chief", "legal_officer")
	today := calendar.DateOf(signedAt)
	reason := func(s Sign, why string) Sign { s.Reason = why; return s }
	tests := []struct {
		name  string
		steps []step
		want  ApprovalState
	}{
		{"all levels agree", []step{{chief, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {law, agree(firstHash), ""}, {boss, agree(firstHash), ""}}, ApprovalApproved},
		{"nobody jumps a level", []step{{boss, agree(firstHash), fault.Forbidden}, {law, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"the maker does not check", []step{{maker, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"one person signs once", []step{{two, agree(firstHash), ""}, {two, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"an own seat goes before a deputy's", []step{{chief, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {boss, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"a deputy gives a reason", []step{{chief, agree(firstHash), ""}, {boss, agree(firstHash), fault.Invalid}, {boss, reason(agree(firstHash), "分管领导出差"), ""}}, ApprovalPending},
		{"what changed is not signed unseen", []step{{chief, agree(secondHash), fault.Conflict}}, ApprovalPending},
		{"return needs a reason", []step{{chief, Sign{Move: MoveReturn, SubjectHash: firstHash}, fault.Invalid}}, ApprovalPending},
		{"returned, corrected, signed anew", []step{
			{chief, agree(firstHash), ""}, {law, reason(Sign{Move: MoveReturn, SubjectHash: firstHash}, "缺发票"), ""},
			{chief, agree(firstHash), fault.Conflict}, {chief, Sign{Move: MoveResubmit, SubjectHash: secondHash}, fault.Forbidden},
			{maker, Sign{Move: MoveResubmit}, fault.Invalid}, {maker, Sign{Move: MoveResubmit, SubjectHash: secondHash}, ""},
			{law, agree(secondHash), fault.Forbidden}, {chief, agree(secondHash), ""}, {law, agree(secondHash), ""}, {deputy, agree(secondHash), ""}, {boss, agree(secondHash), ""},
		}, ApprovalApproved},
		{"refused is final", []step{{chief, reason(Sign{Move: MoveRefuse, SubjectHash: firstHash}, "不属保修范围"), ""}, {maker, Sign{Move: MoveWithdraw}, fault.Conflict}}, ApprovalRefused},
		{"only the maker withdraws", []step{{chief, Sign{Move: MoveWithdraw}, fault.Forbidden}, {maker, Sign{Move: MoveWithdraw}, ""}, {maker, Sign{Move: MoveResubmit, SubjectHash: firstHash}, fault.Conflict}}, ApprovalWithdrawn},
		{"an unknown move", []step{{chief, Sign{Move: "burn", SubjectHash: firstHash}, fault.Conflict}}, ApprovalPending},
		{"paper only where the level takes it", []step{{maker, paper("chief", "section_chief", today), fault.Invalid}}, ApprovalPending},
		{"the maker uploads the director's paper", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {maker, paper("boss", "director", today), ""}}, ApprovalPending},
		{"a second person confirms it", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {maker, paper("boss", "director", today), ""},
			{maker, paper("boss", "director", today), fault.Forbidden}, {maker, look(MoveConfirmPaper, ""), fault.Forbidden}, {boss, look(MoveConfirmPaper, ""), fault.Forbidden},
			{law, look(MoveConfirmPaper, ""), ""}, {law, look(MoveConfirmPaper, ""), fault.Conflict}}, ApprovalApproved},
		{"a rejected scan opens the seat again", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {maker, paper("boss", "director", today), ""},
			{law, look(MoveRejectPaper, ""), fault.Invalid}, {law, look(MoveRejectPaper, "看不清"), ""}, {law, look(MoveConfirmPaper, ""), fault.Conflict}, {boss, agree(firstHash), ""}}, ApprovalApproved},
		{"two scans for one seat", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""}, {maker, paper("boss", "director", today), ""},
			{maker, paper("other", "director", today), fault.Conflict}}, ApprovalPending},
		{"a scan says agreed or nothing", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""},
			{maker, Sign{Move: MoveRefuse, SubjectHash: firstHash, Reason: "不同意", Signer: boss, Paper: &PaperSignature{FileHash: secondHash, Signer: "boss", SignedOn: today}}, fault.Invalid},
			{maker, paper("boss", "director", today.Add(1)), fault.Invalid}}, ApprovalPending},
		{"a deputy signs for the absent chief, without a reason", []step{{standing("hand", "chief", "section_chief"), agree(firstHash), ""}, {chief, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"nobody stands for the maker", []step{{standing("hand", "maker", "section_chief"), agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"the maker stands for nobody", []step{{standing("maker", "chief", "section_chief"), agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"an absent person does not sign twice through his deputy", []step{{two, agree(firstHash), ""}, {standing("hand", "two", "legal_officer"), agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"who stands for one cannot sign as himself too", []step{{standing("law", "chief", "section_chief"), agree(firstHash), ""}, {law, agree(firstHash), fault.Forbidden}}, ApprovalPending},
		{"paper does not get round separation", []step{{chief, agree(firstHash), ""}, {law, agree(firstHash), ""}, {deputy, agree(firstHash), ""},
			{maker, paper("maker", "director", today), fault.Forbidden}, {maker, paper("law", "director", today), fault.Forbidden},
			{maker, paper("boss", "director", calendar.Date{}), fault.Invalid}, {maker, paper("", "director", today), fault.Invalid}, {maker, paper("boss", "inspector", today), fault.Forbidden}}, ApprovalPending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := opened(t)
			for i, s := range tt.steps {
				before := len(a.Decisions)
				next, err := a.Decide(s.by, s.sign, signedAt)
				if s.want == "" && err != nil || s.want != "" && !fault.Is(err, s.want) {
					t.Fatalf("step %d: %v, want %q", i, err, s.want)
				}
				if fault.Is(err, fault.Forbidden) && fault.RuleOf(err) == "" {
					t.Errorf("step %d: the refusal names no rule", i)
				}
				if len(a.Decisions) != before || err != nil && len(next.Decisions) != before {
					t.Fatalf("step %d: a move changed the record it came from, or a refused one was recorded", i)
				}
				if err == nil {
					a = next
				}
			}
			if a.State != tt.want {
				t.Errorf("state %s, want %s", a.State, tt.want)
			}
			if (a.State == ApprovalPending) != (len(a.Waiting()) > 0) {
				t.Errorf("%s waits for %v", a.State, a.Waiting())
			}
		})
	}
}

// TestApprovedMeansEverybodySigned: whatever people try, in any order, an approved record holds in its last round one signature for every
// seat, all by different people and none by the maker, and a record never grows past its bound.
func TestApprovedMeansEverybodySigned(t *testing.T) {
	start := opened(t)
	people := []Actor{officer("maker", "section_chief", "director"), officer("chief", "section_chief", "deputy_director"), officer("law", "legal_officer", "section_chief"),
		officer("deputy", "deputy_director"), officer("boss", "director", "legal_officer")}
	rapid.Check(t, func(t *rapid.T) {
		a := start
		for range rapid.IntRange(1, 120).Draw(t, "tries") {
			by := rapid.SampledFrom(people).Draw(t, "by")
			sign := Sign{
				Move:        rapid.SampledFrom([]ApprovalMove{MoveAgree, MoveAgree, MoveAgree, MoveReturn, MoveResubmit, MoveRefuse, MoveWithdraw}).Draw(t, "move"),
				Reason:      rapid.SampledFrom([]string{"", "出差"}).Draw(t, "reason"),
				SubjectHash: rapid.SampledFrom([]string{a.SubjectHash, firstHash, secondHash}).Draw(t, "hash"),
			}
			if sign.Move == MoveRefuse && rapid.IntRange(0, 9).Draw(t, "rare") > 0 {
				continue
			}
			next, err := a.Decide(by, sign, signedAt)
			if err == nil {
				a = next
			}
		}
		if len(a.Decisions) > maxDecisions {
			t.Fatalf("%d decisions", len(a.Decisions))
		}
		if a.State != ApprovalApproved {
			return
		}
		var signers []string
		for _, d := range a.Decisions {
			if d.Round == a.Round && d.Move == MoveAgree {
				signers = append(signers, d.signer())
			}
		}
		slices.Sort(signers)
		if len(signers) != 4 || len(slices.Compact(signers)) != 4 || slices.Contains(signers, "maker") {
			t.Fatalf("approved by %v", signers)
		}
	})
}

func TestSeparate(t *testing.T) {
	tests := []struct {
		name    string
		by      Actor
		part    Part
		earlier []Act
		rule    string
	}{
		{"nothing before", officer("a"), PartReview, nil, ""},
		{"somebody else scored", officer("a"), PartReview, []Act{{PartScore, "b"}}, ""},
		{"scorer reviews", officer("a"), PartReview, []Act{{PartScore, "b"}, {PartScore, "a"}}, "S-1"},
		{"scorer publishes", officer("a"), PartPublish, []Act{{PartScore, "a"}}, "S-1"},
		{"reviewer hears the appeal", officer("a"), PartAppeal, []Act{{PartReview, "a"}}, "S-1"},
		{"publisher hears the appeal", officer("a"), PartAppeal, []Act{{PartPublish, "a"}}, "S-1"},
		{"scorer scores again", officer("a"), PartScore, []Act{{PartScore, "a"}}, ""},
		{"maker checks", officer("a"), PartCheck, []Act{{PartMake, "a"}}, "S-2"},
		{"checker makes afterwards", officer("a"), PartMake, []Act{{PartCheck, "a"}}, "S-2"},
		{"different matters of duty", officer("a"), PartCheck, []Act{{PartScore, "a"}}, ""},
		{"the system computes and publishes nothing by itself", SystemActor(), PartReview, []Act{{PartScore, "system"}}, ""},
		{"nobody in particular", Actor{}, PartReview, nil, "不相容岗位规则"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Separate(tt.by, tt.part, tt.earlier)
			if tt.rule == "" && err != nil || tt.rule != "" && (!fault.Is(err, fault.Forbidden) || !strings.Contains(fault.RuleOf(err), tt.rule)) {
				t.Errorf("%v (%s), want %q", err, fault.RuleOf(err), tt.rule)
			}
		})
	}
}
