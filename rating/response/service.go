package response

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Star is the published star about which a firm speaks.
type Star struct {
	// Period is the id of the year, PeriodName what people call it.
	Period, PeriodName string
	// Name, Place and Firm are those of the compound when it was rated, Keys its scope keys on Day, the last day of the year.
	Name, Place, Firm string
	Keys              []string
	Day               calendar.Date
}

// Config is what the responses need; everything is required.
type Config struct {
	casework.Desk
	// Star returns the newest published star of a project, whoever asks. Returns NotFound if it has none.
	Star func(ctx context.Context, project string) (Star, error)
}

// Service keeps the responses. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Response]
}

// Chain is the id of the review in approvals.yaml.
const Chain = "response"

const (
	caseKind = "response"
	// starClaim holds a star for one response.
	starClaim = "response-star"
	// MaxWords is the longest text in characters, leastWords the shortest.
	MaxWords   = 300
	leastWords = 10
	// reasonWords are the longest reason in characters.
	reasonWords = 200
)

// New opens the responses on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	cases, err := casework.NewCases(ctx, c.Desk, caseKind, word, policy.ReadResponse, func(r *Response) *casework.Case { return &r.Case }, func(r *Response) bool { return r.State.over() })
	return &Service{Config: c, Cases: cases}, err
}

// Write writes the first words about the newest published star of a project; they wait for their review. Returns Forbidden without WriteResponse, NotFound outside the scope and for a project without a star, Invalid for refused words (text), Conflict
// if the star has a response already.
func (s *Service) Write(ctx context.Context, by policy.Actor, project, words string, idem *store.Idem) (store.Doc[Response], error) {
	const op = "response.Write"
	return s.Begin(ctx, by, policy.WriteResponse, StepWrite.Title(), idem, func(begun casework.New) (Response, error) {
		star, err := s.Star(ctx, project)
		if err != nil {
			return Response{}, err
		}
		if err := begun.Scope.Require(op, star.Keys, star.Day); err != nil {
			return Response{}, err
		}
		if star.Firm == "" {
			return Response{}, fault.New(op, fault.Conflict, star.Name+"评定时没有物业企业服务，没有可以说明的星级")
		}
		r := Response{Case: casework.Case{Project: project, Name: star.Name, Place: star.Place, Keys: star.Keys, Opened: s.Today(), By: by.ID}, Period: star.Period, PeriodName: star.PeriodName, Firm: star.Firm, Last: StepWrite}
		if err := s.submit(by, &r, words, casework.At{ID: begun.ID}); err != nil {
			return Response{}, err
		}
		err = s.DB.Claim(ctx, begun.Meta, starClaim, star.Period+"/"+project, caseKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			err = fault.Wrap(op, fault.Conflict, star.Name+"的"+star.PeriodName+"星级已经有一份企业说明，请在那一份里修改", err)
		}
		return r, err
	})
}

// submit puts words before the review.
func (s *Service) submit(by policy.Actor, r *Response, words string, at casework.At) error {
	f := s.Check()
	f.Text("text", "说明", &words, leastWords, MaxWords)
	if supervision.PrivateNumber(words) {
		f.Fail("text", "说明里有电话或身份证号码，公开的内容不写，请删去")
	}
	if err := f.Err(); err != nil {
		return err
	}
	r.Words, r.Reason, r.Shown = words, "", calendar.Date{}
	var err error
	r.Approval, err = s.Approvals().Open(by, Chain, casework.Subject(caseKind, at), r.Approval, r.says())
	if err == nil {
		r.State, err = steps.Next(word, r.State, r.Last)
	}
	return err
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step, NotFound outside the scope, Invalid for refused fields (text), Conflict for a step that the state does not know or if somebody was quicker. Signatures are
// Sign's, beginning is Write's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Response], error) {
	if do.Action() == policy.SignApproval || do == StepWrite {
		return store.Doc[Response]{}, fault.New("response.Do", fault.Conflict, "这一步不能直接办理")
	}
	return s.Change(ctx, by, do.Action(), at, do.Title(), func(r *Response) error {
		next, err := steps.Next(word, r.State, do)
		if err != nil {
			return err
		}
		r.Last = do
		switch do {
		case StepRewrite:
			return s.submit(by, r, in.Text, at)
		case StepHide:
			f := s.Check()
			f.Text("text", "撤下的理由", &in.Text, 4, reasonWords)
			if err := f.Err(); err != nil {
				return err
			}
			r.Reason = in.Text
		case StepWithdraw:
			r.Reason = ""
		}
		r.State, r.Shown = next, calendar.Date{}
		return nil
	})
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden for whom it does not wait, Invalid (current, reason), Conflict if it does not wait for review, was changed, or
// somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Response], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Response], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Response], error) {
	on := func(r *Response) (*policy.Approval, error) {
		_, err := steps.Next(word, r.State, StepSign)
		return r.Approval, err
	}
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(r *Response, next policy.Approval) (err error) {
		r.Approval, r.Last = &next, StepSign
		switch next.State {
		case policy.ApprovalApproved:
			r.Last, r.Shown = StepApprove, s.Today()
		case policy.ApprovalRefused:
			r.Last = StepReject
		case policy.ApprovalReturned:
			r.Last = StepReturn
		}
		r.State, err = steps.Next(word, r.State, r.Last)
		return err
	})
}

// Can reports whether the actor may do a step now, as far as state and rights say.
func (s *Service) Can(ctx context.Context, by policy.Actor, r *Response, do Step) bool {
	if _, err := steps.Next(word, r.State, do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, r.Approval, r.Keys, r.Opened)
	case StepReturn, StepReject, StepApprove, StepWrite:
		return false
	}
	return s.Guard.Allow(by, do.Action())
}

// List returns a page of responses, the latest first, or with due those that wait for somebody. Returns Forbidden without ReadResponse.
func (s *Service) List(ctx context.Context, by policy.Actor, w casework.Filter, due bool, after string) (store.Page[Response], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(r *Response) bool {
		return w.Lets(&r.Case, string(r.State), r.Name, r.Place, r.Firm, r.Words)
	})
}

// Said is what everybody sees of a response.
type Said struct {
	// Firm is who says it, Words what, On since when it is shown.
	Firm, Words string
	On          calendar.Date
}

// Shown returns what a firm says publicly about a star; nil if it says nothing. It asks for no right.
func (s *Service) Shown(ctx context.Context, period, project string) (*Said, error) {
	all, err := s.Of(ctx, project)
	for i := range all {
		if r := &all[i].State; r.Period == period && r.State == Public {
			return &Said{Firm: r.Firm, Words: r.Words, On: r.Shown}, nil
		}
	}
	return nil, err
}
