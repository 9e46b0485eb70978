package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// storyBook is configs/demo/matters.yaml.
type storyBook struct {
	Format     int64       `yaml:"format,required"`
	Categories []storyKind `yaml:"categories,required"`
}

// storyKind is how matters of a category are told.
type storyKind struct {
	ID      string   `yaml:"id,required"`
	Share   int64    `yaml:"share,required"`
	Liable  []string `yaml:"liable,required"`
	Spots   []string `yaml:"spots,required"`
	Words   []string `yaml:"words,required"`
	Answers []string `yaml:"answers,required"`
	// Firm are words of which the property firm is liable; none for categories of which it never is.
	Firm []string `yaml:"firm"`
}

func readStories() (book storyBook, err error) {
	const file = "demo/matters.yaml"
	data, err := configs.Files.ReadFile(file)
	if err != nil {
		return book, err
	}
	return book, yamlstrict.Decode(file, data, &book).Err()
}

// pick draws a category by the shares.
func (b *storyBook) pick(r *rand.Rand) *storyKind {
	sum := int64(0)
	for i := range b.Categories {
		sum += b.Categories[i].Share
	}
	n := r.Int64N(sum)
	for i := range b.Categories {
		if n -= b.Categories[i].Share; n < 0 {
			return &b.Categories[i]
		}
	}
	return nil
}

// told draws place and words.
func (k *storyKind) told(r *rand.Rand, words []string) (where, said string) {
	where, said, found := strings.Cut(pick(r, words), "|")
	if !found {
		where, said = pick(r, k.Spots), where
	}
	fill := strings.NewReplacer("{b}", strconv.Itoa(1+r.IntN(12)), "{u}", strconv.Itoa(1+r.IntN(3)), "{f}", strconv.Itoa(2+r.IntN(9)), "{n}", strconv.Itoa(2+r.IntN(8)), "{d}", strconv.Itoa(2+r.IntN(9)),
		"{t}", pick(r, []string{"早上七八点", "中午", "傍晚", "晚上九点后", "夜里"}))
	return fill.Replace(where), fill.Replace(said) + "（演示）"
}

// yearOfMatters is how many quarters before the open one have a year's matters.
const yearOfMatters = 4

// factsOfMatters are told by the matters of a quarter that has a year's matters, and recorded by nobody.
var factsOfMatters = []string{"complaints", "answers", "matter_callbacks"}

// toldByMatters reports whether a quarter, counted from 0, lies in the year of matters.
func (s countySize) toldByMatters(quarter int) bool { return quarter >= s.quarters()-yearOfMatters }

// matterDays are the days of that year: from its first quarter to the demonstration.
func (s countySize) matterDays() calendar.Span {
	return calendar.Span{First: s.quarterOf(max(0, s.quarters()-yearOfMatters)).Span().First, Last: calendar.DateOf(mustTime(demoStart))}
}

// ordersOf is how many of a hundred matters of the year come from other platforms.
const ordersOf = 44

// yearOfMatterActs lets a year of matters happen: the claims for which firms are liable, as many of each project and quarter as the plan says; what people report; and the orders of other platforms.
func (l *countyLoader) yearOfMatterActs() ([]act, error) {
	book, err := readStories()
	if err != nil {
		return nil, err
	}
	days, err := loadCalendar(l.config)
	if err != nil {
		return nil, err
	}
	y := &matterYear{countyLoader: l, book: &book, days: days}
	acts := y.claims()
	left := max(0, l.plan.size.matters-l.plan.size.tales()-y.made)
	orders := left * ordersOf / 100
	for n := range left - orders {
		acts = append(acts, y.reported(n)...)
	}
	return slices.Concat(acts, y.orders(orders), y.feedback()), nil
}

// matterYear makes the matters of a year.
type matterYear struct {
	*countyLoader
	book *storyBook
	days *calendar.Calendar
	// made is how many there are so far.
	made int
}

// story is a matter with a tale of its own: its number, by which its photo is drawn, lies behind those of the tales.
func (y *matterYear) story(k *storyKind, r *rand.Rand, words []string) *matterTale {
	y.made++
	t := &matterTale{countyLoader: y.countyLoader, i: demoMatters + y.made, category: k.ID, said: pick(r, []string{"现场看过，与答复一致（演示）", "问过反映人，已经办好（演示）", "又去看了一次，没有反弹（演示）", "照片与现场一致（演示）"}),
		satisfied: pick(r, []matter.Satisfied{"yes", "yes", "yes", "fair", "fair", "no"})}
	t.where, t.words = k.told(r, words)
	_, answer := k.told(r, k.Answers)
	t.reply = matter.AnswerInput{Words: answer, Fixed: true, Liable: k.Liable[y.made%len(k.Liable)], Reasonable: "yes"}
	return t
}

// claims are those for which firms are liable. All of them end in their quarter, in time or late and to the reporter's satisfaction or not as the plan says.
func (y *matterYear) claims() []act {
	var acts []act
	var kinds []*storyKind
	for i := range y.book.Categories {
		k := &y.book.Categories[i]
		if _, c, err := y.matters.Tree.Category(k.ID); err == nil && c.Answer == "matter.reply" && len(k.Firm) > 0 {
			kinds = append(kinds, k)
		}
	}
	size := y.plan.size
	for q := max(0, size.quarters()-yearOfMatters); q <= size.quarters(); q++ {
		span := size.quarterOf(q).Span()
		for i := range y.plan.projects {
			due := func(fact string) (done, fell int64) {
				return y.plan.tally(q, fact, i, y.plan.claimsDue(i, 0), y.plan.rate(i, 0.6, 0.95))
			}
			inTime, n := due("answers")
			pleased, _ := due("matter_callbacks")
			for c := range n {
				if q == size.quarters() && (i+int(c))%5 > 0 {
					continue // a fifth of the quarter has passed
				}
				r := draws(y.plan.seed, "claim", i, q, c)
				k := pick(r, kinds)
				t := y.story(k, r, k.Firm)
				t.project, t.community, t.asked = i, y.communityOf(i), true
				t.reply.Liable, t.satisfied = string(matter.LiableFirm), "no"
				if c >= n-pleased { // who waited longest is the least satisfied
					t.satisfied = pick(r, []matter.Satisfied{"yes", "yes", "fair"})
				}
				if k.hazard(y.matters.Tree) {
					t.by = y.of("grid_worker", t.community)
				}
				late := c < n-inTime
				if late {
					t.reply.Words = "人手没有安排过来，拖了几天，已经处理好（演示）"
				}
				for last := earlier(span.Last, y.plan.size.matterDays().Last); ; {
					// What is late takes two weeks, and over a holiday three.
					list, end := y.life(t, r, span.First.Add(r.IntN(last.Sub(span.First)-6)), late)
					if end.Compare(span.Last) <= 0 {
						acts = append(acts, list...)
						break
					}
				}
			}
		}
	}
	return acts
}

// hazard reports whether the category is one of hazards.
func (k *storyKind) hazard(tree *matter.Tree) bool {
	kind, _, err := tree.Category(k.ID)
	return err == nil && kind.Hazard
}

// reported is the n-th of what people report beside the claims: fewer at weekends, more in larger compounds, now and then outside of them.
func (y *matterYear) reported(n int) []act {
	r := draws(y.plan.seed, "matter", n)
	k := y.book.pick(r)
	t := y.story(k, r, k.Words)
	t.project = y.someProject(r)
	t.community = y.communityOf(t.project)
	if r.IntN(20) == 0 && slices.Contains([]string{"road", "noise", "order", "fire_exit", "pets", "lamp"}, k.ID) {
		t.elsewhere, t.where = true, fmt.Sprintf("%s %d 号门前", pick(r, y.plan.names.Streets), 1+r.IntN(90))
	}
	switch who := r.IntN(100); {
	case who < 12 && !k.hazard(y.matters.Tree):
	case who < 24:
		t.by = y.of("community_worker", t.community)
	case who < 28:
		t.by = y.of("rider", 0)
	case who < 60:
		t.by = y.of("grid_worker", y.plan.size.communities+t.community)
	default:
		t.by = y.of("grid_worker", t.community)
	}
	if t.project == 0 && !t.elsewhere && r.IntN(2) == 0 {
		t.by = y.of("owners_committee", 0)
	}
	if r.IntN(25) == 0 {
		t.reply.Liable, t.reply.Reasonable = string(matter.LiableFirm), "no"
	}
	list, _ := y.life(t, r, y.someDay(r), r.IntN(18) == 0)
	return list
}

// someProject draws a compound, a larger one more often.
func (y *matterYear) someProject(r *rand.Rand) int {
	for {
		i := r.IntN(len(y.plan.projects))
		if r.Int64N(700) < y.plan.projects[i].input.Households+100 {
			return i
		}
	}
}

// someDay draws a day of the year, a day of rest in one of three cases only.
func (y *matterYear) someDay(r *rand.Rand) calendar.Date {
	span := y.plan.size.matterDays()
	for {
		day := span.First.Add(r.IntN(span.Last.Sub(span.First)))
		if y.workday(day) == day || r.IntN(3) == 0 {
			return day
		}
	}
}

// workday is the day itself, or the working day after it.
func (y *matterYear) workday(d calendar.Date) calendar.Date {
	for {
		if worked, known := y.days.Workday(d); worked || !known {
			return d
		}
		d = d.Add(1)
	}
}

// after is the n-th working day after a day.
func (y *matterYear) after(d calendar.Date, n int) calendar.Date {
	for range n {
		d = y.workday(d.Add(1))
	}
	return d
}

// life is what happens to a matter that is reported on a day, and the day on which it is closed. Everybody has a few minutes a day for it, the same for all matters, so that the store writes them together.
func (y *matterYear) life(t *matterTale, r *rand.Rand, day calendar.Date, late bool) (acts []act, end calendar.Date) {
	first := y.plan.size.matterDays().First
	at := func(d calendar.Date, h int, do func(*matterTale, context.Context) error) {
		acts = append(acts, act{hour(d, h).Add(time.Duration(5+d.Sub(first)*13%50) * time.Minute), partMatters, func(ctx context.Context) error { return do(t, ctx) }})
	}
	came := pick(r, []int{9, 14})
	at(day, came, (*matterTale).report)
	given := y.workday(day)
	signed, hours := given, 15
	if given == day && came > 12 {
		signed, hours = y.after(given, 1), 10
		at(given, 16, (*matterTale).dispatch)
	} else {
		at(given, 11, (*matterTale).dispatch)
	}
	kind := r.IntN(100)
	if t.asked {
		kind = 99 // how a claim ends is the plan's
	}
	if kind < 3 && hours == 15 { // another department had it first, and sent it back
		acts = acts[:1]
		at(given, 11, (*matterTale).wrong)
		at(given, 15, (*matterTale).refuse)
		at(given, 16, (*matterTale).dispatch)
		signed, hours = y.after(given, 1), 10
	}
	at(signed, hours, (*matterTale).accept)
	at(signed, 16, (*matterTale).begin)
	_, category, _ := y.matters.Tree.Category(t.category)
	last := signed.Add(5)
	if d, err := y.matters.Deadlines(category.Answer, signed); err == nil && d.Resolved() {
		last = d.Due
	}
	answered := y.after(signed, 1+r.IntN(3))
	if category.Answer != "matter.reply" {
		answered = y.after(signed, 2+r.IntN(9))
	}
	switch {
	case late:
		at(y.after(last, 1), 10, (*matterTale).urge)
		answered = y.after(last, 1+r.IntN(3))
	case kind < 7: // more time is asked for and granted
		at(last, 10, (*matterTale).ask)
		at(last, 16, (*matterTale).grant)
		answered = y.after(last, 1+r.IntN(3))
	}
	if kind >= 7 && kind < 15 {
		t.reply.Fixed, t.reply.Words = false, pick(r, []string{"涉及产权争议，已告知通过诉讼解决（演示）", "要动用维修资金，等业主大会表决（演示）", "整改要分两期，先做了危险的一处（演示）", "权属单位在外地，已发函催办（演示）"})
	}
	at(answered, 15, (*matterTale).answer)
	end = y.after(answered, 1)
	if kind == 15 || kind == 16 {
		at(end, 10, (*matterTale).redo)
		answered = y.after(end, 2)
		at(answered, 15, (*matterTale).again)
		end = y.after(answered, 1)
	}
	if t.by.ID == "" && r.IntN(2) == 0 {
		at(answered, 20, (*matterTale).judge)
	}
	at(end, 10, (*matterTale).verify)
	if kind == 17 && t.by.ID != "" {
		back := y.after(end, 2)
		at(back, 9, (*matterTale).reopen)
		at(back, 11, (*matterTale).dispatch)
		at(back, 15, (*matterTale).accept)
		at(back, 16, (*matterTale).begin)
		answered = y.after(back, 2)
		at(answered, 15, (*matterTale).again)
		end = y.after(answered, 1)
		at(end, 10, (*matterTale).verify)
	}
	return acts, end
}

// earlier is the earlier one of two days.
func earlier(a, b calendar.Date) calendar.Date {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}

// orders are what other platforms passed on, brought in on Mondays once the week in which it came is over; those of the last days came in on the Friday before the demonstration, and some are not closed yet.
func (y *matterYear) orders(n int) []act {
	if n == 0 {
		return nil
	}
	last := y.plan.size.matterDays().Last
	friday := last.Add(-3)
	files := map[calendar.Date][]matter.OrderLine{}
	for i := range n {
		r := draws(y.plan.seed, "order", i)
		received := y.someDay(r)
		if received.Compare(friday) >= 0 {
			received = received.Add(-7)
		}
		brought := received.Add(8)
		for brought.Weekday() != time.Monday {
			brought = brought.Add(1)
		}
		if brought.Compare(last) >= 0 {
			brought = friday
		}
		line := y.order(r, i, received)
		if o := &line.Order; o.Done.Compare(brought) >= 0 {
			o.Outcome, o.Done, o.Words, o.Satisfied = "", calendar.Date{}, "", ""
		}
		line.Row = int64(len(files[brought]) + 2)
		files[brought] = append(files[brought], line)
	}
	acts := []act{{hour(friday, 10), partMatters, y.openOrders}}
	for brought, lines := range files {
		acts = append(acts, act{hour(brought, 8).Add(10 * time.Minute), partMatters, func(ctx context.Context) error { return y.bring(ctx, brought, lines) }})
	}
	return acts
}

// bring takes one file of orders in, as the dispatcher.
func (y *matterYear) bring(ctx context.Context, day calendar.Date, lines []matter.OrderLine) error {
	by := y.of("dispatcher", 0)
	run, err := y.matters.Orders.DryRun(ctx, by, imports.File[matter.OrderLine]{Kind: "matter-order", Name: day.String() + "平台工单（演示）.xlsx", Hash: strings.Repeat("0", 64), Lines: lines})
	if err != nil {
		return err
	}
	if run.Faulty > 0 {
		return fault.New("cmd.bring", fault.Internal, fmt.Sprintf("演示工单第 %d 行：%s", run.Faults[0].Row, run.Faults[0].Message))
	}
	if _, err := y.matters.Orders.Accept(ctx, by, run.Draft, false); err != nil {
		return err
	}
	_, err = y.matters.Orders.RunAccepted(ctx)
	return err
}

// openOrders brings what its platform has not closed yet as far as five of six such are: dispatched, accepted, begun, answered.
func (y *matterYear) openOrders(ctx context.Context) error {
	page, err := y.matters.List(ctx, y.of("dispatcher", 0), matter.Filter{Orders: true, State: matter.Reported}, "")
	if err != nil {
		return err
	}
	for n, doc := range page.Docs {
		_, category, err := y.matters.Tree.Category(doc.State.Category)
		if err != nil {
			return err
		}
		t := &matterTale{countyLoader: y.countyLoader, now: doc, department: category.Department, handler: y.handlerOf(category.Department),
			reply: matter.AnswerInput{Words: "已到现场处理，等平台回访（演示）", Fixed: true, Liable: "none", Reasonable: "yes"}}
		for _, step := range []func(*matterTale, context.Context) error{(*matterTale).dispatch, (*matterTale).accept, (*matterTale).begin, (*matterTale).answer}[:min(n%6, 4)] {
			if err := step(t, ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// order is the i-th order of a year, as its platform closed it.
func (y *matterYear) order(r *rand.Rand, i int, received calendar.Date) matter.OrderLine {
	k := y.book.pick(r)
	project := y.plan.projects[y.someProject(r)].input
	o := matter.Order{System: matter.SourceHotline, Number: fmt.Sprintf("12345-%s-%04d", received, i), Received: received, Due: received.Add(9), Done: received.Add(1 + r.IntN(6)), Outcome: matter.OutcomeFixed,
		Satisfied: pick(r, []matter.Satisfied{"yes", "yes", "fair", "fair", "no", "unreached"})}
	if i%3 > 0 {
		o.System, o.Number, o.Satisfied = matter.SourceGovern, fmt.Sprintf("ZZ%s%04d", strings.ReplaceAll(received.String(), "-", ""), i), ""
	}
	switch {
	case r.IntN(12) == 0:
		o.Outcome = matter.OutcomeUnfixed
	case r.IntN(20) == 0:
		o.Due = o.Done.Add(-1)
	}
	var line matter.OrderLine
	line.Category, line.Community, line.Project = k.ID, project.Community, project.Name
	line.Where, line.Words = k.told(r, k.Words)
	_, o.Words = k.told(r, k.Answers)
	line.Order = o
	return line
}

// feedback is made of every month and quarter of the year that is over and signed for; of the last ones only some receivers have signed yet.
func (y *matterYear) feedback() []act {
	span := y.plan.size.matterDays()
	var acts []act
	for first := span.First.AddMonths(1); first.Compare(span.Last) < 0; first = first.AddMonths(1) {
		signers := []policy.Actor{y.of("dispatcher", 0)}
		for _, d := range y.matters.Tree.Departments() {
			signers = append(signers, y.handlerOf(d.ID))
		}
		if first.AddMonths(1).Compare(span.Last) > 0 {
			signers = []policy.Actor{y.handlerOf("fire"), y.handlerOf("urban")}
		}
		acts = append(acts, act{hour(first.Add(2), 5), partMatters, y.matters.MakeFeedbackDue}, act{hour(first.Add(8), 9), partMatters, func(ctx context.Context) error { return y.signFeedback(ctx, signers) }})
	}
	return acts
}

// signFeedback signs for what receivers were told.
func (y *matterYear) signFeedback(ctx context.Context, signers []policy.Actor) error {
	for _, by := range signers {
		page, err := y.matters.Feedbacks(ctx, by, true, "")
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if _, err := y.matters.SignFeedback(ctx, by, supervision.At{ID: d.ID, Seq: d.Seq}); err != nil {
				return err
			}
		}
	}
	return nil
}
