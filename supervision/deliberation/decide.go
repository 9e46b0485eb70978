package deliberation

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Problem is what is said of a problem that is collected.
type Problem struct {
	// Community is a code, Project an id, "" if it is about the community as a whole.
	Community, Project string
	// Source is a code, Text the problem without names, Found since when it is known.
	Source, Text string
	Found        calendar.Date
}

// Collect enters a problem (收集问题) and returns the item. Returns Forbidden without CollectProblem, NotFound outside the scope, Invalid for refused fields (community, project, source, problem, found).
func (s *Service) Collect(ctx context.Context, by policy.Actor, in Problem, idem *store.Idem) (store.Doc[Item], error) {
	return s.items.Begin(ctx, by, policy.CollectProblem, string(StepCollect), idem, func(begun casework.New) (Item, error) {
		where, err := s.where(ctx, by, begun.Scope, in.Community, in.Project)
		if err != nil {
			return Item{}, err
		}
		var b bad
		source, ok := choice(s.Terms.Sources(), in.Source)
		if !ok {
			b.Add("source", "请选择问题来源")
		}
		b.text("problem", "问题", &in.Text, 5, 500)
		b.Past("found", "发现日期", in.Found, s.today().Add(-maxAge), s.today())
		if err := b.Err("deliberation.Collect"); err != nil {
			return Item{}, err
		}
		return Item{Where: where, State: Collected, Last: StepCollect, Source: source, Problem: in.Text, Found: in.Found}, nil
	})
}

// maxAge is how many days ago a problem may have been found.
const maxAge = 3660

// Topic is what is said when the topic is worded.
type Topic struct {
	// Title is the topic; Class, Subject and Must are codes, Must "" for none.
	Title, Class, Subject, Must string
}

// SetTopic words the topic (拟定议题); what the subject says of article 278 holds from now on. Returns Invalid for refused fields (title, class, subject, must).
func (s *Service) SetTopic(ctx context.Context, by policy.Actor, at casework.At, in Topic) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepTopic, func(i *Item, b *bad) error {
		b.text("title", "议题", &in.Title, 4, 60)
		class, ok := s.Terms.class(in.Class)
		if !ok {
			b.Add("class", "请选择大事、小事或者急事")
		}
		subject, ok := s.Terms.subject(in.Subject)
		if !ok {
			b.Add("subject", "请选择议题类别")
		}
		must, ok := choice(s.Terms.Must(), in.Must)
		if !ok && in.Must != "" {
			b.Add("must", "五必议里没有这一条")
		}
		if subject.Reserved != "" && i.Project == "" {
			b.Add("subject", "“%s”由业主共同决定，议题要写明是哪个小区", subject.Title)
		}
		i.Title, i.Class, i.Subject, i.Must = in.Title, Choice{class.ID, class.Title}, Choice{subject.ID, subject.Title}, must
		i.Reserved, i.Enquiry = subject.Reserved, class.Enquiry
		if b.Err("deliberation.SetTopic") != nil || i.Due.Rule == class.Within {
			return nil
		}
		due, err := s.Deadlines(class.Within, s.today())
		i.Due = due
		return err
	})
}

// Decline says that a matter is not deliberated (三不议): by an entry of the list where it is set, and always with a reason. Returns Invalid for refused fields (never, reason), Conflict for one that
// falls under 五必议.
func (s *Service) Decline(ctx context.Context, by policy.Actor, at casework.At, never, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepDecline, func(i *Item, b *bad) error {
		if i.Must.ID != "" {
			return fault.New("deliberation.Decline", fault.Conflict, "这件议题属于五必议的“"+i.Must.Title+"”，不能不议")
		}
		var ok bool
		if i.Never, ok = choice(s.Terms.Never(), never); !ok && (never != "" || len(s.Terms.Never()) > 0) {
			b.Add("never", "请选择属于三不议的哪一条")
		}
		b.text("reason", "不予商议的理由", &reason, 5, 200)
		i.Reason, i.Result = reason, reason
		return nil
	})
}

// Enquire enters the enquiry (议前调研). Returns Invalid for refused fields (enquired, findings, options).
func (s *Service) Enquire(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, findings, options string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepEnquire, func(i *Item, b *bad) error {
		b.Past("enquired", "调研日期", on, i.Found, s.today())
		b.text("findings", "调研情况", &findings, 10, 500)
		b.text("options", "可选方案", &options, 0, 500)
		i.Enquired, i.Findings, i.Options = on, findings, options
		return nil
	})
}

// Schedule puts an item on the agenda of a planned meeting of its community, or on another one if that one did not hear it. Returns Invalid with the field meeting; Conflict without the enquiry
// that its class asks for, and after it was heard.
func (s *Service) Schedule(ctx context.Context, by policy.Actor, at casework.At, meeting string) (store.Doc[Item], error) {
	const op = "deliberation.Schedule"
	return s.step(ctx, by, at, StepSchedule, func(i *Item, b *bad) error {
		if i.Enquiry && i.Enquired.IsZero() {
			return fault.New(op, fault.Conflict, i.Class.Title+"要先做议前调研，才能排入会议")
		}
		if i.State == Scheduled {
			now, err := s.meetings.Docs.Load(ctx, i.Meeting)
			if err != nil {
				return err
			}
			if slices.Contains(now.State.Agenda, at.ID) {
				return fault.New(op, fault.Conflict, "这件议题在"+now.State.Name()+"上议过了，请登记商议结果")
			}
		}
		if meeting == "" {
			b.Add("meeting", "请选择会议；还没有召集的，先召集会议")
			return nil
		}
		scope, err := s.meetings.Scope(ctx, by, policy.RunDeliberation)
		if err != nil {
			return err
		}
		m, err := s.meetings.In(ctx, by, scope, meeting)
		if err != nil {
			return err
		}
		list, err := s.onAgenda(ctx, meeting)
		if err != nil {
			return err
		}
		switch {
		case m.State.State != Planned:
			b.Add("meeting", "%s现在是“%s”，不能再排议题", m.State.Name(), m.State.State.Title())
		case m.State.Community != i.Community || m.State.Project != "" && m.State.Project != i.Project:
			b.Add("meeting", "%s议的是%s的事", m.State.Name(), m.State.Place())
		case len(list) >= MaxAgenda:
			b.Add("meeting", "一次会议最多 %d 件议题", MaxAgenda)
		}
		i.Meeting = meeting
		for _, seat := range m.State.Seats {
			i.Reach(seat.Firm)
		}
		return nil
	})
}

// Result is what a meeting decided about an item.
type Result struct {
	// Outcome is how it ended, Decision says it in words, Agreed is how many of those present agreed.
	Outcome  Outcome
	Decision string
	Agreed   int64
}

// Decide enters what the meeting decided about an item (一事一议、一议一决). Returns Conflict before the minutes are there, Invalid for refused fields (outcome, decision, agreed): a matter that article 278
// reserves cannot be agreed on here.
func (s *Service) Decide(ctx context.Context, by policy.Actor, at casework.At, in Result) (store.Doc[Item], error) {
	const op = "deliberation.Decide"
	return s.step(ctx, by, at, StepDecide, func(i *Item, b *bad) error {
		m, err := s.meetings.Docs.Load(ctx, i.Meeting)
		if err != nil {
			return err
		}
		if !slices.Contains(m.State.Agenda, at.ID) {
			return fault.New(op, fault.Conflict, m.State.Name()+"现在是“"+m.State.State.Title()+"”，没有议这件事；登记会议纪要以后再登记结果")
		}
		_, present := m.State.People()
		switch {
		case !slices.ContainsFunc(Outcomes(), func(o registry.Choice) bool { return o.ID == string(in.Outcome) }):
			b.Add("outcome", "请选择商议结果")
		case i.Reserved != "" && in.Outcome == OutcomeAgreed:
			b.Add("outcome", "“%s”属于民法典第二百七十八条的“%s”，由业主共同决定，不能议定；请选“提请业主大会”", i.Name(), registry.TextOf(registry.Matters(), i.Reserved))
		case in.Outcome == OutcomeOwners && i.Reserved == "":
			b.Add("outcome", "议题类别“%s”不属于业主共同决定的事项，不用提请业主大会；类别选错了的，选“未达成”，再次商议时改类别", i.Subject.Title)
		}
		b.text("decision", "商议意见", &in.Decision, 5, 300)
		if in.Agreed < 0 || in.Agreed > present {
			b.Add("agreed", "同意的 %d 人，要在 0 至实到的 %d 人之间", in.Agreed, present)
		} else if in.Outcome == OutcomeAgreed && in.Agreed*100 <= present*s.Terms.AgreeOver() {
			b.Add("agreed", "同意的 %d 人没有超过实到 %d 人的 %d%%，不能写达成一致", in.Agreed, present, s.Terms.AgreeOver())
		}
		if len(i.Heard) >= MaxHeard {
			b.Add("outcome", "一件议题最多议 %d 次", MaxHeard)
		}
		i.Heard = append(i.Heard, Hearing{Meeting: i.Meeting, On: m.State.On, Outcome: in.Outcome, Decision: in.Decision, Agreed: in.Agreed, Present: present})
		return nil
	})
}

// Draft writes the words for the public. Returns Invalid for the field words.
func (s *Service) Draft(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepDraft, func(i *Item, b *bad) error {
		b.text("words", "公开内容", &words, 10, 500)
		i.Words, i.WordsBy = words, by.ID
		return nil
	})
}

// apart refuses a review to who wrote the words.
func apart(by policy.Actor, wrote string) error {
	return policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: wrote}})
}

// ReturnWords gives the words back. Returns Invalid for the field reason, Forbidden for who wrote them.
func (s *Service) ReturnWords(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepReturn, func(i *Item, b *bad) error {
		b.text("reason", "退回理由", &reason, 2, 200)
		i.Reason = reason
		return apart(by, i.WordsBy)
	})
}

// Publish makes the result public (公开结果); the outcome says what follows. Returns Forbidden for who wrote the words.
func (s *Service) Publish(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepPublish, func(i *Item, _ *bad) error {
		i.Public, i.Published, i.Hidden = i.Words, s.today(), false
		return apart(by, i.WordsBy)
	})
}

// Hide takes the words down. Returns Invalid without a reason, Conflict if the public does not see them.
func (s *Service) Hide(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepHide, func(i *Item, b *bad) error {
		b.text("reason", "撤下理由", &reason, 2, 200)
		i.Hidden, i.Reason = true, reason
		return nil
	})
}

// SetVote links the owners' vote about the matter; whether it carried is computed. Returns Invalid with the field vote: for one of another project or matter, for one before the problem was known, and for
// one that settles another item.
func (s *Service) SetVote(ctx context.Context, by policy.Actor, at casework.At, vote string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepVote, func(i *Item, b *bad) error {
		v, err := s.voteOf(ctx, by, i, vote, b)
		i.Vote, i.Voted, i.Carried = vote, v.Held, v.Check().Carried()
		return err
	})
}

// voteOf finds a vote of the item's project about its matter; b names what is wrong.
func (s *Service) voteOf(ctx context.Context, by policy.Actor, i *Item, vote string, b *bad) (registry.VoteRow, error) {
	votes, err := s.Register.Votes(ctx, by, i.Project)
	if err != nil {
		return registry.VoteRow{}, err
	}
	v, ok := found(votes, func(v registry.VoteRow) bool { return v.ID == vote })
	switch {
	case !ok:
		b.Add("vote", "请选择%s的业主大会表决记录；还没有登记的，先在小区页登记", i.ProjectName)
	case v.Matter != i.Reserved:
		b.Add("vote", "这次表决的事项是“%s”，议题要的是“%s”", registry.TextOf(registry.Matters(), v.Matter), registry.TextOf(registry.Matters(), i.Reserved))
	case v.Held.Compare(i.Found) < 0:
		b.Add("vote", "这次表决%s截止，早于发现问题的%s", v.Held.Chinese(), i.Found.Chinese())
	}
	return v, nil
}

// claimVote lets a vote settle one item.
func (s *Service) claimVote(ctx context.Context, meta store.Meta, id, vote string) error {
	meta.Idem = nil
	err := s.DB.Claim(ctx, meta, voteClaim, vote, itemKind+"/"+id)
	if fault.Is(err, fault.Conflict) {
		return fault.InvalidFields("deliberation.claimVote", fault.Field{Name: "vote", Message: "这次表决已经用于另一件议题，一次表决只决定一件事"})
	}
	return err
}

// Forward hands a matter to a department, with the paper's number and the working days it has. Returns Invalid for refused fields (what, unit, paper, days).
func (s *Service) Forward(ctx context.Context, by policy.Actor, at casework.At, in Assignment) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepForward, func(i *Item, b *bad) error {
		in.To = ToDepartment
		b.text("paper", "转办文号", &in.Paper, 2, 40)
		return s.assign(ctx, i, in, b)
	})
}

// Again lets a matter about which nothing was agreed be heard once more. Returns Invalid without a reason.
func (s *Service) Again(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepAgain, func(i *Item, b *bad) error {
		b.text("reason", "再次商议的理由", &reason, 2, 200)
		i.Reason, i.Vote, i.Voted, i.Carried = reason, "", calendar.Date{}, false
		return nil
	})
}
