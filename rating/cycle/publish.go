package cycle

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Paper is what a publication stands on.
type Paper struct {
	// Number is the document number (文号) as people write it, such as 都建发〔2026〕12号. Required for a year.
	Number string
	// Minutes cites the minutes of the joint review (联审纪要), MinutesFile is the SHA-256 of their scan in the store; a year needs one of them.
	Minutes, MinutesFile string
	// MinutesKind is what the scan is, MinutesShown the SHA-256 of the copy that pages show, "" if the kind has none.
	MinutesKind  files.Kind
	MinutesShown string
}

// numberForm is the form of a document number; brackets of other kinds are turned into 〔〕 first.
var numberForm = regexp.MustCompile(`^[\p{Han}A-Za-z]{2,20}〔(?:19|20)\d{2}〕[1-9]\d{0,4}号$`)

var brackets = strings.NewReplacer("[", "〔", "［", "〔", "【", "〔", "(", "〔", "（", "〔", "]", "〕", "］", "〕", "】", "〕", ")", "〕", "）", "〕", " ", "", "　", "")

// maxMinutes is the longest citation of minutes, in characters.
const maxMinutes = 100

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Publish publishes the evaluation of a period by one record that holds the Merkle root of its results. evaluation is the one that the person looked at.
// Returns Forbidden with the rule if the same person evaluated; Conflict if the period is not evaluated, has been evaluated anew since, or another paper
// has the number; Invalid with every wrong field. A refused call writes nothing.
func (s *Service) Publish(ctx context.Context, by policy.Actor, id, evaluation string, paper Paper) (Period, error) {
	const op = "cycle.Publish"
	p, err := s.MayPublish(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	next, err := p.after(MovePublish)
	if err != nil {
		return Period{}, err
	}
	if err := s.checkPaper(ctx, &p, &paper); err != nil {
		return Period{}, err
	}
	checked, err := s.archive.Verify(ctx, p.Evaluation)
	if err != nil {
		return Period{}, err
	}
	if n := len(checked.Missing); n > 0 {
		return Period{}, fault.New(op, fault.Conflict, fmt.Sprintf("%s有 %d 个以往结果不在库中，不能复算，不能公布", p.Name, n))
	}
	made, err := s.archive.Evaluation(ctx, p.Evaluation)
	if err != nil {
		return Period{}, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.PublishEvaluation)}
	if paper.Number != "" {
		if err := s.db.Claim(ctx, meta, numberClaim, paper.Number, "period/"+id); err != nil {
			return Period{}, numberTaken(paper.Number, err)
		}
	}
	p.State = next
	p.Publication = &Publication{Act: Act{By: by.ID, At: journal.At(s.db.Now())}, Number: paper.Number, Minutes: paper.Minutes, MinutesFile: paper.MinutesFile,
		MinutesKind: paper.MinutesKind, MinutesShown: paper.MinutesShown, Root: made.Root, Count: made.Count, Grades: made.Grades}
	published, err := s.commit(ctx, meta, p)
	if fault.Is(err, fault.Conflict) && paper.Number != "" {
		if now, loadErr := s.load(ctx, id); loadErr == nil && (now.Publication == nil || now.Publication.Number != paper.Number) {
			if releaseErr := s.db.Release(ctx, meta, numberClaim, paper.Number, "period/"+id); releaseErr != nil {
				return Period{}, releaseErr
			}
		}
	}
	return published, err
}

// MayPublish returns the period if this person may publish this evaluation of it now, before any paper is looked at. It returns the errors of Publish about
// rights, separation and state.
func (s *Service) MayPublish(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	if err := s.guard.Require(by, policy.PublishEvaluation); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if _, err := p.after(MovePublish); err != nil {
		return Period{}, err
	}
	if err := policy.Separate(by, policy.PartPublish, []policy.Act{{Part: policy.PartScore, By: p.Evaluated.By}}); err != nil {
		return Period{}, err
	}
	if evaluation != p.Evaluation {
		return Period{}, fault.New("cycle.MayPublish", fault.Conflict, p.Name+"在你查看之后又评价过一次，请看过新的结果再公布")
	}
	return p, nil
}

// numberClaim is the claim under which a document number belongs to one paper.
const numberClaim = "number"

// numberTaken says that another paper has the number.
func numberTaken(number string, err error) error {
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	return &fault.Error{Op: "cycle.Publish", Kind: fault.Conflict, Message: "文号 " + number + " 已用于另一份文件，请核对", Err: err}
}

// checkPaper brings the number into its one form and checks every field before anything is written.
func (s *Service) checkPaper(ctx context.Context, p *Period, paper *Paper) error {
	paper.Number, paper.Minutes = brackets.Replace(strings.TrimSpace(paper.Number)), strings.TrimSpace(paper.Minutes)
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case paper.Number == "" && p.Stars():
		fail("number", "公布星级必须填写文号，例如 都建发〔2026〕12号")
	case paper.Number != "" && !numberForm.MatchString(paper.Number):
		fail("number", "文号要写成 都建发〔2026〕12号 的样子，不能是“%s”", short(paper.Number))
	}
	if p.Stars() && paper.Minutes == "" && paper.MinutesFile == "" {
		fail("minutes", "公布星级必须有联审纪要：请填写纪要编号或上传扫描件")
	}
	if n := utf8.RuneCountInString(paper.Minutes); n > maxMinutes || strings.ContainsFunc(paper.Minutes, unicode.IsControl) {
		fail("minutes", "联审纪要的编号最多 %d 个字，现有 %d 个", maxMinutes, n)
	}
	if paper.MinutesFile != "" {
		if err := s.hasFile(ctx, paper.MinutesFile); fault.Is(err, fault.NotFound) {
			fail("minutes_file", "联审纪要的扫描件没有上传成功，请重新上传")
		} else if err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return fault.InvalidFields("cycle.Publish", bad...)
	}
	if paper.Number == "" {
		return nil
	}
	target, err := s.db.Claimed(ctx, numberClaim, paper.Number)
	if err == nil && target != "period/"+p.ID {
		return numberTaken(paper.Number, fault.New("cycle.Publish", fault.Conflict, ""))
	}
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// hasFile reports whether the store holds a file. Returns NotFound if it does not.
func (s *Service) hasFile(ctx context.Context, sha256 string) error {
	if !sha256Form.MatchString(sha256) {
		return fault.New("cycle.Publish", fault.NotFound, "没有这个文件")
	}
	f, _, err := s.db.OpenFile(ctx, sha256)
	if err != nil {
		return err
	}
	return f.Close()
}
