package web

import (
	"context"
	"iter"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/rating/standing"
)

// Stars are the rated results that may be shown; rating's archive implements it over the store. Implementations must be safe for concurrent use.
type Stars interface {
	// Latest returns the newest evaluation that may be shown; it is asked every second and must be quick while that is still the same. Returns NotFound
	// if there is none yet.
	Latest(ctx context.Context) (Evaluation, error)
	// Rows yields every rated subject of the evaluation, in any order. It, Star and Scheme are asked for the evaluation that is shown, which is the
	// newest or, while the board of that is made, the one before.
	Rows(ctx context.Context, evaluation string) iter.Seq2[Row, error]
	// Star returns one subject line by line; whole: also the lines that the rule keeps back from everybody but a few. Returns NotFound if the evaluation has no such subject.
	Star(ctx context.Context, evaluation, id string, whole bool) (Star, error)
	// Scheme returns the rule by which the evaluation was made.
	Scheme(ctx context.Context, evaluation string) (*rating.Scheme, error)
	// Past returns the roll-ups of the published periods, those of the shown evaluation among them, the oldest first; at most so many that a page can
	// list them. It is asked every second and must be quick while no other period was published.
	Past(ctx context.Context) ([]PastFirms, error)
	// Board returns a period that Past lists with its rows, for a board of its own. Returns NotFound for any other.
	Board(ctx context.Context, evaluation string) (Evaluation, []Row, error)
	// History returns what a subject had in every published period, the oldest first; none for a table that no period belongs to.
	History(ctx context.Context, id string) ([]PastStar, error)
}

// PastPeriod is one published period.
type PastPeriod struct {
	// ID is the period's, Evaluation that of its evaluation; Period is what people call it, Last its last day.
	ID, Evaluation, Period string
	Last                   calendar.Date
	// Rule is the hash of its scheme, Scheme and Version are its name and version.
	Rule, Scheme, Version string
	// Stars: the period gives stars; a quarter gives a score only.
	Stars bool
	// Places are the decimals of totals, Parts the top parts, Grades those of its scheme.
	Places int
	Parts  []Column
	Grades []GradeInfo
}

// PastStar is what a subject had in a published period: as everybody may see it, without lines.
type PastStar struct {
	PastPeriod
	Row
}

// PastFirms is the roll-up of a published period.
type PastFirms struct {
	PastPeriod
	// Firms are the groups of the roll-up.
	Firms []Firm
}

// Evaluation is one rating of many subjects.
type Evaluation struct {
	// ID is opaque.
	ID string
	// N is the log number of its record: another evaluation has another number.
	N int64
	// Period is the id of the published period that it belongs to; "" for a table.
	Period string
	// Title names it, for example “2026年第三季度物业服务星级榜”.
	Title string
	// Subject is what one row is called: 小区, 建筑.
	Subject string
	// At is when it was made.
	At time.Time
	// Day is the last day of the period, by which scopes are asked; no date for a table without period.
	Day calendar.Date
	// Cutoff is until when what was accepted counted, UpTo the log number as of which facts were gathered; zero for a table without period.
	Cutoff time.Time
	UpTo   int64
	// Restricted: only those in whose scope a subject lies see its lines; everybody else sees star, totals and reasons (practice.md §7).
	Restricted bool
	// Moves: rows say how they moved against the evaluation before.
	Moves bool
	// Unranked: rows stand by their names and have no rank, as in a quarter, which has scores and no stars (practice.md §1).
	Unranked bool
	// Stands changes whenever stars stand otherwise than before; "" while all stand as they were published.
	Stands string
	// Status is a word of the status list such as 公示中, "" for none.
	Status string
	// Notice says what the status means for the reader: until when, how to object.
	Notice string
	// SchemeID, SchemeVersion, SchemeTitle and SchemeHash name the rule.
	SchemeID, SchemeVersion, SchemeTitle, SchemeHash string
	// FactsHash is the SHA-256 of the frozen facts, Root the Merkle root of the results, both in hex.
	FactsHash, Root string
	// Places are the decimals of totals.
	Places int
	// Grades are in order from the best.
	Grades []GradeInfo
	// Parts are the top parts, Outputs the other named results.
	Parts   []Column
	Outputs []Column
	// Facets are further filters, at most as many as facetNames.
	Facets []string
	// Firms: the evaluation has a roll-up to firms.
	Firms []Firm
	// FirmsTitle names the roll-up; FirmsRule says how it is made, FirmsWeight what a subject weighs by, such as 户数, "" if all weigh the same.
	FirmsTitle, FirmsRule, FirmsWeight string
	// Source says in one sentence where the facts come from, with the attribution that their licence asks for.
	Source string
}

// GradeInfo is one grade.
type GradeInfo struct {
	// ID and Label as in the scheme.
	ID, Label string
	// Level is 1 to 5 for stars, 0 for a grade without stars.
	Level int
	// From is the lowest total, if the grade has one.
	From *num.Num
	// Unrated: subjects of this grade are listed apart, without a rank.
	Unrated bool
}

// Column is a part or an output of a row.
type Column struct {
	// ID and Name as in the scheme; Short is what a narrow column says.
	ID, Name, Short string
	// Max is the full number of points, nil if there is none.
	Max *num.Num
	// Places are the shown decimals.
	Places int
}

// Row is one rated subject as the board lists it.
type Row struct {
	// ID names the subject; it may hold slashes.
	ID string
	// Name is shown; Place and Firm stand below it.
	Name, Place, Firm string
	// Grade is the id of its grade.
	Grade string
	// Total is nil if there is none.
	Total *num.Num
	// Parts are the rates of the parts in percent, Outputs the values of the outputs, in the order of the evaluation; nil where there is none.
	Parts, Outputs []*num.Num
	// Facets are in the order of the evaluation.
	Facets []string
	// ToNext is how many points it lacks of the lower end of the grade above, before bonus, deductions and caps; nil if no points lack, or full points do not suffice.
	ToNext *num.Num
	// Reason says why there is no grade, "" if there is one.
	Reason string
	// Moved says how the place changed: 升 3, 降 1, 持平 or 新参评; "" where nothing is compared.
	Moved string
	// Size is the class of size among which the subject is compared, such as “100 至 299 户”; "" if it is not known.
	Size string
	// Keys are the scope keys of the subject.
	Keys []string
	// Mark is a word of the status list that makes this row an exception, "" for none.
	Mark string
	// Stands says how the star of a published year stands; the zero value for what has no star, and for tables.
	Stands standing.Standing
	// Sheet is the SHA-256 of what everybody may see of the result; "" if it was stored before there were sheets.
	Sheet string
}

// Since says since when and why a star does not stand as it was published, "" if it does.
func (r *Row) Since() string {
	if r.Stands.Since.IsZero() {
		return ""
	}
	return "自" + r.Stands.Since.Chinese() + "起，" + r.Stands.Why
}

// Star is one subject's result.
type Star struct {
	Row
	// Max is the full number of points of this subject.
	Max num.Num
	// Groups hold the lines; each group's points are the sum that the page shows.
	Groups []LineGroup
	// Adjustments lead from the sum of the groups to the total, in order.
	Adjustments []Adjustment
	// Hash is the hash of the result's record, RecordID names it.
	Hash, RecordID string
	// Gates are the caps, floors and vetoes that were checked.
	Gates []Gate
	// Before is what it had in the published period before, nil if there is none.
	Before *Before
	// Voices are who spoke through how many points; nil where the rule names none.
	Voices []Voice
	// Earlier are the voices of the earlier results on which it rests, such as the quarters of a year, in their order; nil where it rests on none.
	Earlier []EarlierVoices
	// Next is the next better grade; nil if there is none, or no ordinary grade.
	Next *Next
	// Restored is the total as the rule would make it if the indicators and parts of these ids had full points and the adjustments of these ids were not made.
	Restored func(ids []string) num.Num
	// Behind is what each fact behind its lines rests on; nil for a table.
	Behind map[string]Behind
	// Proved are the facts that proof (佐证材料) told, with the days of which it counted.
	Proved map[string]calendar.Span
}

// EarlierVoices are the voices of an earlier result, in points of the later total.
type EarlierVoices struct {
	// Name is what the rule calls it, Period the period that it is of.
	Name, Period string
	Voices       []Voice
}

// LineGroup is one part with its lines.
type LineGroup struct {
	ID, Name string
	// Points and Max are nil where the part has none.
	Points, Max *num.Num
	// Hidden: the rule makes public the sum of this part only.
	Hidden bool
	// Kept: the lines are for those in whose scope the subject lies; Reasons then name the lines that lost points.
	Kept    bool
	Reasons []string
	Lines   []Line
	// Clawed is what was taken back of the proof behind lines that are not shown.
	Clawed []Clawed

	// reads are the facts that such lines read.
	reads []string
	// ids are the indicators whose points it adds up, where it is no part of the rule.
	ids []string
}

// Clawed says on a star that proof on which it rests was taken back after it was rated.
type Clawed struct {
	// Text says what, for the eyes of who asks; Link is the proof, "" for who may not read it.
	Text, Link string
}

// Line is one point of the trace.
type Line struct {
	// ID is the indicator's.
	ID string
	// Clause is the number or id of the rule; Name what it asks; Rule how points come about; Basis the law or document.
	Clause, Name, Rule, Basis string
	// Proposal: the rule's numbers are proposals without a basis yet.
	Proposal bool
	// Fact says what was found in the period.
	Fact string
	// By and Reviewed are offices or numbers, never names of persons.
	By, Reviewed string
	// Points and Max; nil where the line does not count, with the reason in State.
	Points, Max *num.Num
	// State says why a line has no points: 不适用, 缺数据.
	State string
	// Places are the shown decimals.
	Places int
	// Items are the parts of a line that was scored item by item.
	Items []Item
	// Clawed is what was taken back of its proof.
	Clawed []Clawed
	// Weighs is how many points of the total one point of it is; 0 if its points do not add up to it.
	Weighs num.Num
	// Lacks: it has no points because data are missing.
	Lacks bool
	// Part: it is a part without lines below it, such as the mean of earlier periods.
	Part bool
	// Proof says on how many records of which source it rests, Records lead to those that may be opened.
	Proof   string
	Records []crumb

	// reads are the facts that it reads.
	reads []string
}

// lost is what a line lost of the total; 0 if it does not count.
func (l *Line) lost() num.Num {
	if l.Points == nil || l.Max == nil {
		return num.Num{}
	}
	return l.Max.Sub(*l.Points).Mul(l.Weighs)
}

// Item is one item of a checklist, one level of a survey, or one event behind a line.
type Item struct {
	Name string
	// Found is the value found.
	Found string
	// Points and Max are nil where the item does not count, with the reason in State.
	Points, Max *num.Num
	State       string
	// Period is the id of the period of an earlier result, "" for all other items; Link is its page, "" for who may not open it.
	Period, Link string
	// Places are the shown decimals.
	Places int
}

// Adjustment is one step from the sum to the total.
type Adjustment struct {
	// ID is that in the rule.
	ID          string
	Name, Basis string
	// Change is what it added; nil if it only looked.
	Change *num.Num
	// Said explains what happened.
	Said string
	// Avoidable: what it took could have been kept.
	Avoidable bool
}

// Gate is one condition that could have capped or taken the grade.
type Gate struct {
	Name  string
	Fired bool
	Said  string
}

// Firm is one line of the roll-up.
type Firm struct {
	ID, Name string
	// Spellings are the names that were merged.
	Spellings []string
	// Count is the number of subjects, Weight what they weigh.
	Count  int
	Weight string
	// Members are the subjects, in the order of their ids.
	Members []Member
	// Parts are the mean rates of the parts in percent over those that count, by their weights, in the order of the evaluation; nil where there is none.
	Parts []*num.Num
	// Total is nil if there is none; Shown is how the rule prints it; Grade is the label of its grade.
	Total *num.Num
	Shown string
	Grade string
	// Level is 1 to 5 for stars, else 0.
	Level int
	// Next is the label of the grade above, ToNext how many points the total lacks of its lower end; "" if there is none, or the total does not decide alone.
	Next, ToNext string
	// Apart: a group that stands for no firm (blank or placeholder names).
	Apart bool
}

// Member is a subject of a firm.
type Member struct {
	// ID is that of the subject.
	ID string
	// Weight is what it weighs and Value what it brings into the roll-up; nil if it does not count.
	Weight, Value *num.Num
}

// noStars is the board before anything was rated.
type noStars struct{}

var errNothingRated = fault.New("web.Stars", fault.NotFound, "还没有评价结果")

func (noStars) Latest(context.Context) (Evaluation, error) { return Evaluation{}, errNothingRated }

func (noStars) Rows(context.Context, string) iter.Seq2[Row, error] {
	return func(func(Row, error) bool) {}
}

func (noStars) Star(context.Context, string, string, bool) (Star, error) {
	return Star{}, errNothingRated
}

func (noStars) Past(context.Context) ([]PastFirms, error) { return nil, nil }

func (noStars) Board(context.Context, string) (Evaluation, []Row, error) {
	return Evaluation{}, nil, errNothingRated
}

func (noStars) History(context.Context, string) ([]PastStar, error) { return nil, nil }

func (noStars) Scheme(context.Context, string) (*rating.Scheme, error) { return nil, errNothingRated }
