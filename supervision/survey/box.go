package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// box holds the answers of an open survey as sums (see the package comment). It has no journal.
type box struct {
	// Spent are marks of what answered, sorted: they say nothing about what was answered.
	Spent []string `json:"spent" privacy:"internal"`
	// Sums counts, for each question, the answers by their digit: 0 不了解, then the levels.
	Sums [][]int64 `json:"sums"`
	// Online and Hands count where answers came from.
	Online int64  `json:"online"`
	Hands  []Hand `json:"hands"`
	// Sealed: it is being counted and takes nothing.
	Sealed bool `json:"sealed"`
}

func (b *box) answers() int64 { return int64(len(b.Spent)) }

// boxYears is how long a box stays if nobody closes its survey; the same for every write, so that it tells no time but that of the last one.
const boxYears = 10

// digits is how many answers a question can have: 不了解 and the levels.
const digits = 6

func boxID(survey string, round int64) string { return survey + "/" + strconv.FormatInt(round, 10) }

// placeBox puts an empty box there, if none is.
func (s *Service) placeBox(ctx context.Context, survey string, round int64) error {
	_, err := s.boxes.Swap(ctx, boxID(survey, round), 0, box{}, s.DB.Now().AddDate(boxYears, 0, 0))
	if fault.Is(err, fault.Conflict) {
		return nil // an earlier try put it there
	}
	return err
}

func (s *Service) removeBox(ctx context.Context, survey string, round int64) error {
	return s.boxes.Delete(ctx, boxID(survey, round))
}

// maxTries bounds how often a box is read anew because somebody else answered in between.
const maxTries = 100

// swap changes a box; f may be called several times and must not keep what it did. Returns what f returns.
func (s *Service) swap(ctx context.Context, survey string, round int64, f func(*box) error) (box, error) {
	const op = "survey.swap"
	for range maxTries {
		found, err := s.boxes.Get(ctx, boxID(survey, round))
		if fault.Is(err, fault.NotFound) {
			return box{}, fault.New(op, fault.Conflict, "这次调查已经截止，不再收答卷")
		}
		if err != nil {
			return box{}, err
		}
		if err := f(&found.State); err != nil {
			return found.State, err
		}
		_, err = s.boxes.Swap(ctx, found.ID, found.Rev, found.State, s.DB.Now().AddDate(boxYears, 0, 0))
		if !fault.Is(err, fault.Conflict) {
			return found.State, err
		}
	}
	return box{}, fault.New(op, fault.Unavailable, "正在交答卷的人太多，请过一分钟再交")
}

// seal closes a box for counting, or opens it again.
func (s *Service) seal(ctx context.Context, survey string, round int64, sealed bool) (box, error) {
	return s.swap(ctx, survey, round, func(b *box) error { b.Sealed = sealed; return nil })
}

// mark is what a box keeps of a ticket.
func (s *Service) mark(survey string, round int64, ticket string) string {
	return s.DB.MAC("survey-mark", boxID(survey, round)+"/"+ticket)[:16]
}

// spent looks a mark up and tells where it belongs.
func (b *box) spent(mark string) (int, bool) { return slices.BinarySearch(b.Spent, mark) }

// count puts one answer into the sums.
func (b *box) count(mark string, answers []int) {
	at, _ := b.spent(mark)
	b.Spent = slices.Insert(b.Spent, at, mark)
	if b.Sums == nil {
		b.Sums = make([][]int64, len(answers))
		for i := range b.Sums {
			b.Sums[i] = make([]int64, digits)
		}
	}
	for q, answer := range answers {
		b.Sums[q][answer]++
	}
}

// result is what a sealed box comes to.
func (b *box) result(o *Survey) *Result {
	r := &Result{Answers: b.answers(), Online: b.Online, Hands: b.Hands}
	if r.Answers < o.Needed {
		return r
	}
	for _, sums := range b.Sums {
		c := Counts{Unknown: sums[Unknown]}
		for _, n := range sums[1:] {
			c.Rated += n
		}
		if c.Rated >= o.Form.LeastShown {
			c.Levels = slices.Clone(sums[1:])
		}
		r.Questions = append(r.Questions, c)
	}
	return r
}

// Sheet is one questionnaire that somebody enters.
type Sheet struct {
	// Row is the row where it was typed, for what is refused.
	Row int
	// Ticket is the code of its slip, or its place in the list: 2-17 for the 17th household of the second building.
	Ticket string
	// Answers are one digit a question in their order: 1 非常满意 … 5 非常不满意, 0 不了解.
	Answers string
}

// Entered tells what became of sheets.
type Entered struct {
	// Taken were counted, Already had been counted before and were not counted again.
	Taken, Already int
}

// answersOf reads the digits of a sheet. Returns "" or what is wrong with which question.
func (o *Survey) answersOf(text string) (out []int, question int, wrong string) {
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '　':
			return -1
		}
		return r
	}, text)
	if n := len([]rune(text)); n != len(o.Form.Questions) {
		return nil, 0, fmt.Sprintf("有 %d 道题，填了 %d 个答案", len(o.Form.Questions), n)
	}
	for i, r := range text {
		switch {
		case r < '0' || r > '5':
			return nil, i, fmt.Sprintf("第 %d 题只能填 1 至 5 或者 0（不了解），现在是“%c”", i+1, r)
		case r == '0' && i == 0:
			return nil, i, "第 1 题（总体）要在 1 至 5 里选，不能答不了解"
		}
		out = append(out, int(r-'0'))
	}
	return out, 0, ""
}

// loaded is a survey of the actor's scope for an action that nobody who acts for a firm may do.
func (s *Service) loaded(ctx context.Context, by policy.Actor, action policy.Action, id string) (store.Doc[Survey], error) {
	desk := s.desk()
	scope, err := desk.Scope(ctx, by, action)
	if err == nil {
		err = apart(by)
	}
	if err != nil {
		return store.Doc[Survey]{}, err
	}
	return desk.Load(ctx, "survey.loaded", scope, id)
}

// paperMore is how many days after the end sheets that came in time can still be typed; the survey must not be closed yet.
const paperMore = 10

// Enter counts sheets that were filled in on paper or at the door: all of them, or none if one is wrong. A sheet whose ticket was counted before is refused, or left out if again is true (a file sent twice). With dry nothing is counted.
// Returns Forbidden without EnterSurvey or for who acts for a firm, NotFound, Conflict if the survey takes no answers, Invalid with a field rows.<row>.ticket or rows.<row>.<question> for each refused place.
func (s *Service) Enter(ctx context.Context, by policy.Actor, id string, sheets []Sheet, again, dry bool) (Entered, error) {
	const op = "survey.Enter"
	doc, err := s.loaded(ctx, by, policy.EnterSurvey, id)
	if err != nil {
		return Entered{}, err
	}
	o := &doc.State
	if o.State != Open {
		return Entered{}, fault.New(op, fault.Conflict, "这次调查现在是“"+o.State.Title()+"”，不收答卷")
	}
	if o.Clock = s.resolved(o.Clock); o.Clock.Resolved() && s.Today().Compare(o.Clock.Due.Add(paperMore)) > 0 {
		return Entered{}, fault.New(op, fault.Conflict, fmt.Sprintf("截止日%s已经过了 %d 天，纸质答卷不再录入，请汇总", o.Clock.Due.Chinese(), paperMore))
	}
	if len(sheets) == 0 {
		return Entered{}, fault.InvalidFields(op, fault.Field{Name: "rows", Message: "没有填一份答卷"})
	}
	valid := s.tickets(id, o)
	type read struct {
		sheet   Sheet
		mark    string
		answers []int // nil if they are wrong, which refuses all
	}
	var b bad
	var all []read
	rows := map[string]int{}
	for _, sheet := range sheets {
		ticket := plainTicket(sheet.Ticket)
		at := fmt.Sprintf("rows.%d.", sheet.Row)
		if wrong := o.wrongTicket(ticket, valid); wrong != "" {
			b.add(at+"ticket", "%s", wrong)
		} else if first, twice := rows[ticket]; twice {
			b.add(at+"ticket", "和第 %d 行重复，一户只收一份", first)
		}
		rows[ticket] = sheet.Row
		answers, question, wrong := o.answersOf(sheet.Answers)
		if wrong != "" {
			b.add(at+o.Form.Questions[question].ID, "%s", wrong)
		}
		all = append(all, read{sheet, s.mark(id, o.Round, ticket), answers})
	}
	var done Entered
	_, err = s.swap(ctx, id, o.Round, func(x *box) error {
		if x.Sealed {
			return fault.New(op, fault.Conflict, "这次调查正在汇总，不再收答卷")
		}
		done = Entered{}
		wrong := slices.Clone(b)
		for _, r := range all {
			switch _, twice := x.spent(r.mark); {
			case twice && !again:
				wrong.add(fmt.Sprintf("rows.%d.ticket", r.sheet.Row), "“%s”已经交过答卷，一户只收一份", r.sheet.Ticket)
			case twice:
				done.Already++
			case r.answers != nil:
				x.count(r.mark, r.answers)
				done.Taken++
			}
		}
		if err := wrong.err(op); err != nil {
			return err
		}
		if dry || done.Taken == 0 {
			return errDry
		}
		if i := slices.IndexFunc(x.Hands, func(h Hand) bool { return h.By == by.ID }); i >= 0 {
			x.Hands[i].Count += int64(done.Taken)
		} else {
			x.Hands = append(x.Hands, Hand{by.ID, int64(done.Taken)})
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return Entered{}, err
	}
	return done, nil
}

// errDry ends a look at a box without a change.
var errDry = errors.New("survey: only looked at")

// Ballot is what somebody with a code sees before answering.
type Ballot struct {
	// Title, Name and Firm say what is asked about, Unit who asks; Until is the last day, "" if it is not known.
	Title, Name, Firm, Unit, Until string
	// Questions are what is asked.
	Questions []Question
}

// Ballot returns the questionnaire that a code opens. Returns Forbidden without AnswerSurvey, NotFound for a code that is none, Conflict with a clear word for one that was used or whose survey is not open.
func (s *Service) Ballot(ctx context.Context, by policy.Actor, code string) (Ballot, error) {
	doc, ticket, err := s.find(ctx, by, code)
	if err != nil {
		return Ballot{}, err
	}
	o := &doc.State
	found, err := s.boxes.Get(ctx, boxID(doc.ID, o.Round))
	if err != nil {
		return Ballot{}, err
	}
	if _, used := found.State.spent(s.mark(doc.ID, o.Round, ticket)); used {
		return Ballot{}, usedCode()
	}
	out := Ballot{Title: o.Form.Title, Name: o.Name, Firm: o.FirmName, Unit: o.Form.Unit, Questions: o.Form.Questions}
	if o.Clock.Resolved() {
		out.Until = o.Clock.Due.Chinese()
	}
	return out, nil
}

// Answer counts the answers of a household by its code: one digit a question. Errors as those of Ballot, and Invalid with a field <question> for what is not answered.
func (s *Service) Answer(ctx context.Context, by policy.Actor, code string, answers map[string]string) error {
	const op = "survey.Answer"
	doc, ticket, err := s.find(ctx, by, code)
	if err != nil {
		return err
	}
	o := &doc.State
	var b bad
	read := make([]int, len(o.Form.Questions))
	for i, q := range o.Form.Questions {
		n, err := strconv.Atoi(answers[q.ID])
		if err != nil || n < 0 || n >= digits || n == Unknown && q.ID == Overall {
			b.add(q.ID, "第 %d 题还没有选", i+1)
		}
		read[i] = n
	}
	if err := b.err(op); err != nil {
		return err
	}
	mark := s.mark(doc.ID, o.Round, ticket)
	_, err = s.swap(ctx, doc.ID, o.Round, func(x *box) error {
		if x.Sealed {
			return fault.New(op, fault.Conflict, "这次调查正在汇总，不再收答卷")
		}
		if _, used := x.spent(mark); used {
			return usedCode()
		}
		x.count(mark, read)
		x.Online++
		return nil
	})
	return err
}

func usedCode() error {
	return fault.New("survey.Answer", fault.Conflict, "这个答题码已经交过答卷，每户只收一份。如果刚才是您交的，答卷已经收到，不用再交")
}

// Returned is how many answers an open survey has. Returns Forbidden for who neither runs nor enters nor publishes surveys, NotFound.
func (s *Service) Returned(ctx context.Context, by policy.Actor, id string) (int64, error) {
	if !s.bureau(by) {
		return 0, s.Guard.Require(by, policy.RunSurvey)
	}
	doc, err := s.One(ctx, by, id)
	if err != nil || doc.State.State != Open {
		return 0, err
	}
	found, err := s.boxes.Get(ctx, boxID(id, doc.State.Round))
	return found.State.answers(), err
}
