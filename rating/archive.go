package rating

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
)

// Evaluation is the stored record of one rating of many subjects. It is written last: what it names is complete.
type Evaluation struct {
	// ID is derived from scheme, cohort, facts and period: the same rating has the same id.
	ID string `json:"id" privacy:"public"`
	// Title names it.
	Title string `json:"title" privacy:"public"`
	// Period is that of the subjects; may be empty.
	Period string `json:"period,omitempty" privacy:"public"`
	// Made is when it was made.
	Made journal.Time `json:"made"`
	// SchemeID, SchemeVersion and SchemeHash name the rule; the file with this SHA-256 is stored too.
	SchemeID      string `json:"scheme_id" privacy:"public"`
	SchemeVersion string `json:"scheme_version" privacy:"public"`
	SchemeHash    string `json:"scheme_hash" privacy:"public"`
	// Engine is EngineVersion at the time.
	Engine int `json:"engine"`
	// Cohort is the hash of the statistics, empty if nobody was compared.
	Cohort string `json:"cohort,omitempty" privacy:"public"`
	// FactsHash is the SHA-256 of the file that the facts came from, FactsSource says in one sentence which that is and under what licence.
	FactsHash   string `json:"facts_hash" privacy:"public"`
	FactsSource string `json:"facts_source" privacy:"public"`
	// Count is the number of results, Root the Merkle root (RFC 6962) over their hashes in the order of their ids.
	Count int    `json:"count"`
	Root  string `json:"root" privacy:"public"`
	// Sheets is the Merkle root over the hashes of what everybody may see of the results, in the same order; "" if it was made before there was such a root.
	Sheets string `json:"sheets,omitempty" privacy:"public"`
	// Grades counts the results of each grade.
	Grades map[string]int `json:"grades" privacy:"public"`

	// N is the log number of the record; it is not part of it.
	N int64 `json:"-"`
}

// ArchivedResult is one stored result. It never changes.
type ArchivedResult struct {
	// Evaluation is the id of the evaluation it belongs to.
	Evaluation string `json:"evaluation" privacy:"public"`
	// Subject is the subject's id.
	Subject string `json:"subject" privacy:"public"`
	// Name, Place and Firm are what a list shows of the subject; no person is ever named.
	Name  string `json:"name,omitempty" privacy:"public"`
	Place string `json:"place,omitempty" privacy:"public"`
	Firm  string `json:"firm,omitempty" privacy:"public"`
	// Community and Township are the names of the subject's divisions, by which a list can be narrowed; "" if it has none.
	Community string `json:"community,omitempty" privacy:"public"`
	Township  string `json:"township,omitempty" privacy:"public"`
	// Kind is what sort of subject it is, among which it is compared, such as 老旧小区; "" if nobody said.
	Kind string `json:"kind,omitempty" privacy:"public"`
	// Keys are the scope keys of the subject on its last day: who may read its lines within a scope.
	Keys []string `json:"keys,omitempty" privacy:"public"`
	// Rank is the place by total, ties sharing it; 0 without a total or a regular grade.
	Rank int `json:"rank,omitempty"`
	// Facts are the frozen facts, Result the result, both as the text of their canonical JSON: what is hashed is what is stored.
	Facts  string `json:"facts" privacy:"internal"`
	Result string `json:"result" privacy:"internal"`
	// Sheet is the SHA-256 of what everybody may see of it; Salt hides what is kept back behind its hashes, "" if the scheme keeps nothing back.
	Sheet string `json:"sheet,omitempty" privacy:"public"`
	Salt  string `json:"salt,omitempty" privacy:"internal"`

	// RecordID and N name the record of the log that holds it; they are not part of it.
	RecordID string `json:"-"`
	N        int64  `json:"-"`
}

// Open decodes the frozen facts and the result.
func (a *ArchivedResult) Open(s *Scheme) (Subject, *Result, error) {
	sub, err := s.ReadSubject([]byte(a.Facts))
	if err != nil {
		return Subject{}, nil, err
	}
	r, err := ReadResult([]byte(a.Result))
	return sub, r, err
}

// Entry is one result to be stored, with what a list shows of its subject.
type Entry struct {
	Subject           Subject
	Result            *Result
	Name, Place, Firm string
	// Community, Township, Kind and Keys as in ArchivedResult.
	Community, Township, Kind string
	Keys                      []string
}

// Archive stores evaluations and their results. It is safe for concurrent use.
type Archive struct {
	db          *store.DB
	evaluations *store.Collection[Evaluation]
	results     *store.Collection[ArchivedResult]

	treesMu sync.Mutex
	trees   map[string]*resultTrees // by evaluation, those that bundles were made of lately
}

// The indexes of the archive.
const (
	indexMade   = "made"   // evaluations, by time
	indexRank   = "rank"   // results of an evaluation, and of a grade in it, the highest total first
	indexSearch = "search" // results of an evaluation by pairs of neighbouring characters of their names
)

// NewArchive declares the kinds evaluation and result.
func NewArchive(ctx context.Context, db *store.DB) (*Archive, error) {
	a := &Archive{db: db, trees: map[string]*resultTrees{}}
	var err error
	a.evaluations, err = store.NewCollection(ctx, db, store.Kind[Evaluation]{
		Name: "evaluation", Version: 1,
		Indexes: []store.Index[Evaluation]{{
			Name: indexMade,
			Keys: func(string, *Evaluation) []string { return []string{""} },
			Sort: func(_ string, e *Evaluation) string { return store.SortTime(e.Made.Time) },
		}},
	})
	if err != nil {
		return nil, err
	}
	a.results, err = store.NewCollection(ctx, db, store.Kind[ArchivedResult]{
		Name: "result", Version: 1,
		Indexes: []store.Index[ArchivedResult]{
			{Name: indexRank, Keys: rankKeys, Sort: rankSort},
			{Name: indexSearch, Keys: searchKeys, Sort: rankSort},
		},
	})
	return a, err
}

// head is what the indexes read of a stored result.
type head struct {
	Grade string `json:"grade"`
	Total struct {
		Points *num.Num `json:"points"`
	} `json:"total"`
}

func (a *ArchivedResult) head() head {
	var h head
	_ = journal.Decode([]byte(a.Result), &h) // a zero document, which the store shows to its declarations, has no result
	return h
}

func rankKeys(_ string, a *ArchivedResult) []string {
	keys := []string{a.Evaluation}
	if g := a.head().Grade; g != "" {
		keys = append(keys, a.Evaluation+"/"+g)
	}
	return keys
}

// rankScale makes whole numbers of totals, so that their order is that of texts.
var rankScale = num.FromInt(1_000_000)

// rankSort puts higher totals first, and what has no total last.
func rankSort(_ string, a *ArchivedResult) string {
	points := a.head().Total.Points
	if points == nil {
		return store.SortInt(1 << 62)
	}
	scaled, _ := points.Mul(rankScale).Round(0, num.HalfUp).Int64()
	return store.SortInt(-scaled)
}

func searchKeys(_ string, a *ArchivedResult) []string {
	seen := map[string]bool{}
	var keys []string
	for _, text := range []string{a.Subject, a.Name, a.Firm} {
		for _, pair := range pairs(text) {
			if !seen[pair] {
				seen[pair] = true
				keys = append(keys, a.Evaluation+"/"+pair)
			}
		}
	}
	return keys
}

// pairs are the pairs of neighbouring letters and digits of a text in lower case; a text of one character is its own pair.
func pairs(text string) []string {
	var runes []rune
	for _, r := range strings.ToLower(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			runes = append(runes, r)
		}
	}
	if len(runes) == 1 {
		return []string{string(runes)}
	}
	var out []string
	for i := 1; i < len(runes); i++ {
		out = append(out, string(runes[i-1:i+1]))
	}
	return out
}

// EvaluationID is the id of the evaluation of facts with the hash factsHash in a period.
func EvaluationID(s *Scheme, cohort *Cohort, factsHash, period string) string {
	compared := ""
	if cohort != nil {
		compared = cohort.hash
	}
	return hashOf([]byte(strings.Join([]string{s.Hash, compared, factsHash, period}, "\n")))[:32]
}

// resultID is the stream of a result: the subject's own id where it can be part of one, its hash otherwise.
func resultID(evaluation, subject string) string {
	id := evaluation + "/" + subject
	if journal.ValidID(id) {
		return id
	}
	return evaluation + "/" + hashOf([]byte(subject))
}

// Save stores all results and then the evaluation that names them. scheme is the scheme's file. made fills Title, Period, Made, FactsHash and
// FactsSource; the rest follows. Saving the same evaluation again completes what a crash left and changes nothing else. Returns Invalid if the
// entries were not made with this scheme or one subject is there twice, Conflict if a stored result differs.
func (a *Archive) Save(ctx context.Context, meta store.Meta, scheme []byte, cohort *Cohort, made Evaluation, entries []Entry) (Evaluation, error) {
	const op = "rating.Archive.Save"
	s, err := ParseScheme(scheme)
	if err != nil {
		return Evaluation{}, err
	}
	made.SchemeID, made.SchemeVersion, made.SchemeHash, made.Engine = s.ID, s.Version, s.Hash, EngineVersion
	made.ID = EvaluationID(s, cohort, made.FactsHash, made.Period)
	if cohort != nil {
		made.Cohort = cohort.hash
	}
	made.Count, made.Grades = len(entries), map[string]int{}
	if _, err := a.db.PutFile(ctx, meta, bytes.NewReader(scheme), MaxSchemeBytes); err != nil {
		return Evaluation{}, err
	}
	docs := make([]ArchivedResult, 0, len(entries))
	leaves := make(map[string]journal.Hash, len(entries))
	ranks := rank(entries)
	for i := range entries {
		e := &entries[i]
		id := resultID(made.ID, e.Subject.ID)
		if _, twice := leaves[id]; twice {
			return Evaluation{}, fault.New(op, fault.Invalid, fmt.Sprintf("编号 %q 出现了两次", short(e.Subject.ID)))
		}
		if e.Result.SchemeHash != s.Hash || e.Result.Cohort != made.Cohort || e.Result.Subject != e.Subject.ID {
			return Evaluation{}, fault.New(op, fault.Invalid, fmt.Sprintf("%q 的结果不是由这份方案和这批数据得出的", short(e.Subject.ID)))
		}
		result := e.Result.Canonical()
		leaves[id] = sha256.Sum256(result)
		made.Grades[e.Result.Grade]++
		doc := ArchivedResult{
			Evaluation: made.ID, Subject: e.Subject.ID, Name: e.Name, Place: e.Place, Firm: e.Firm,
			Community: e.Community, Township: e.Township, Kind: e.Kind, Keys: e.Keys, Rank: ranks[i], Facts: string(e.Subject.Canonical()), Result: string(result),
		}
		if s.KeepsBack() {
			doc.Salt = a.db.MAC("result-salt", id)
		}
		doc.Sheet = hashOf(s.sheet(doc.about(), &e.Subject, e.Result, doc.Salt))
		docs = append(docs, doc)
	}
	root := rootOf(leaves)
	made.Root = hex.EncodeToString(root[:])
	if err := a.putResults(ctx, meta, docs); err != nil {
		return Evaluation{}, err
	}
	made.Sheets = sheetsRoot(docs)
	return a.seal(ctx, meta, made)
}

// seal writes the evaluation itself, unless the same one is there already.
func (a *Archive) seal(ctx context.Context, meta store.Meta, made Evaluation) (Evaluation, error) {
	doc, err := a.evaluations.Commit(ctx, meta, made.ID, 0, made)
	if fault.Is(err, fault.Conflict) {
		standing, loadErr := a.Evaluation(ctx, made.ID)
		if loadErr != nil {
			return Evaluation{}, loadErr
		}
		if standing.Root == made.Root && standing.Count == made.Count {
			return standing, nil
		}
		return Evaluation{}, fault.New("rating.Archive.Save", fault.Conflict, "这批数据已经按这份方案评过，结果不同")
	}
	doc.State.N = doc.N
	return doc.State, err
}

// saversAtOnce is how many results are committed together; the store groups them into one write.
const saversAtOnce = 64

// sheetsRoot is the root over the sheets of stored results; "" if one of them was stored by a version without sheets.
func sheetsRoot(docs []ArchivedResult) string {
	sheets := make(map[string]journal.Hash, len(docs))
	for i := range docs {
		hash, err := parseHash(docs[i].Sheet)
		if err != nil {
			return ""
		}
		sheets[resultID(docs[i].Evaluation, docs[i].Subject)] = hash
	}
	root := rootOf(sheets)
	return hex.EncodeToString(root[:])
}

// putResults stores results that are not there yet. Where the same result stands already, docs has it afterwards as it stands: its name may have changed since.
func (a *Archive) putResults(ctx context.Context, meta store.Meta, docs []ArchivedResult) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(saversAtOnce)
	for i := range docs {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			id := resultID(docs[i].Evaluation, docs[i].Subject)
			_, err := a.results.Commit(ctx, meta, id, 0, docs[i])
			if !fault.Is(err, fault.Conflict) {
				return err
			}
			standing, loadErr := a.results.Load(ctx, id)
			if loadErr != nil {
				return loadErr
			}
			if standing.State.Result != docs[i].Result {
				return fault.Wrap("rating.Archive.Save", fault.Conflict, fmt.Sprintf("%q 已有不同的结果", short(docs[i].Subject)), err)
			}
			docs[i] = standing.State
			return nil
		})
	}
	return group.Wait()
}

// rank gives each entry its place by total: ties share one, and the next place is left out (1, 2, 2, 4).
func rank(entries []Entry) []int {
	order := make([]int, 0, len(entries))
	for i := range entries {
		if entries[i].Result.Status == StatusRated {
			order = append(order, i)
		}
	}
	total := func(i int) num.Num { return entries[i].Result.Total.Points }
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(total(j).Cmp(total(i)), cmp.Compare(entries[i].Subject.ID, entries[j].Subject.ID))
	})
	ranks := make([]int, len(entries))
	for place, i := range order {
		ranks[i] = place + 1
		if place > 0 && total(order[place-1]).Equal(total(i)) {
			ranks[i] = ranks[order[place-1]]
		}
	}
	return ranks
}

// rootOf is the Merkle root over the hashes in the order of their ids.
func rootOf(leaves map[string]journal.Hash) journal.Hash {
	ids := make([]string, 0, len(leaves))
	for id := range leaves {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var tree journal.Tree
	for _, id := range ids {
		tree.Append(leaves[id])
	}
	return tree.Root()
}

// Evaluation returns one evaluation. Returns NotFound if there is none with this id.
func (a *Archive) Evaluation(ctx context.Context, id string) (Evaluation, error) {
	doc, err := a.evaluations.Load(ctx, id)
	doc.State.N = doc.N
	return doc.State, err
}

// Evaluations yields every evaluation, the one made last first.
func (a *Archive) Evaluations(ctx context.Context) iter.Seq2[Evaluation, error] {
	return func(yield func(Evaluation, error) bool) {
		after := ""
		for {
			page, err := a.evaluations.List(ctx, store.Query{Index: indexMade, Desc: true, After: after, Limit: store.MaxLimit})
			if err != nil {
				yield(Evaluation{}, err)
				return
			}
			for i := range page.Docs {
				page.Docs[i].State.N = page.Docs[i].N
				if !yield(page.Docs[i].State, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}

// Latest returns the evaluation made last. Returns NotFound if there is none yet.
func (a *Archive) Latest(ctx context.Context) (Evaluation, error) {
	page, err := a.evaluations.List(ctx, store.Query{Index: indexMade, Desc: true, Limit: 1})
	if err != nil {
		return Evaluation{}, err
	}
	if len(page.Docs) == 0 {
		return Evaluation{}, fault.New("rating.Archive.Latest", fault.NotFound, "还没有评价结果")
	}
	page.Docs[0].State.N = page.Docs[0].N
	return page.Docs[0].State, nil
}

// Scheme returns the scheme of an evaluation from the stored file. Returns NotFound if it is not there, Invalid if it is damaged.
func (a *Archive) Scheme(ctx context.Context, evaluation Evaluation) (*Scheme, error) {
	text, err := a.schemeText(ctx, evaluation)
	if err != nil {
		return nil, err
	}
	s, err := ParseScheme([]byte(text))
	if err == nil && s.Hash != evaluation.SchemeHash {
		err = fault.New("rating.Archive.Scheme", fault.Invalid, "保存的评分方案与记录的指纹不符")
	}
	return s, err
}

// schemeText reads the stored file of a scheme.
func (a *Archive) schemeText(ctx context.Context, evaluation Evaluation) (string, error) {
	f, _, err := a.db.OpenFile(ctx, evaluation.SchemeHash)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSchemeBytes+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fault.Wrap("rating.Archive.Scheme", fault.Unavailable, "评分方案读不出来", err)
	}
	return string(data), nil
}

// Result returns the result of one subject, from the log. Returns NotFound if the evaluation has no such subject.
func (a *Archive) Result(ctx context.Context, evaluation, subject string) (ArchivedResult, error) {
	head, err := a.results.Head(ctx, resultID(evaluation, subject))
	if err != nil {
		return ArchivedResult{}, err
	}
	head.State.RecordID, head.State.N = head.RecordID, head.N
	return head.State, nil
}

// ResultPage is one page of results.
type ResultPage struct {
	Results []ArchivedResult
	// Next is the cursor of the next page, empty if this is the last.
	Next string
}

// ResultQuery asks for results of an evaluation, the highest total first.
type ResultQuery struct {
	Evaluation string
	// Grade keeps one grade; empty for all.
	Grade string
	// Search keeps results whose id, name or firm holds these characters one after the other; empty for all. It is ignored if Grade is set.
	Search string
	// After is ResultPage.Next of the page before; Limit the length of a page, 0 for the store's own.
	After string
	Limit int
}

// List returns one page of results.
func (a *Archive) List(ctx context.Context, q ResultQuery) (ResultPage, error) {
	query := store.Query{Index: indexRank, Key: q.Evaluation, After: q.After, Limit: q.Limit}
	sought := pairs(q.Search)
	switch {
	case q.Grade != "":
		query.Key += "/" + q.Grade
	case len(sought) > 0:
		query.Index, query.Key = indexSearch, q.Evaluation+"/"+sought[0]
	}
	page, err := a.results.List(ctx, query)
	if err != nil {
		return ResultPage{}, err
	}
	out := ResultPage{Next: page.Next}
	for i := range page.Docs {
		d := &page.Docs[i]
		d.State.N = d.N
		if q.Grade != "" || d.State.holds(sought) {
			out.Results = append(out.Results, d.State)
		}
	}
	return out, nil
}

// holds reports whether one of the texts has all pairs.
func (a *ArchivedResult) holds(sought []string) bool {
	if len(sought) == 0 {
		return true
	}
	for _, text := range []string{a.Subject, a.Name, a.Firm} {
		own := pairs(text)
		if !slices.ContainsFunc(sought, func(p string) bool { return !slices.Contains(own, p) }) {
			return true
		}
	}
	return false
}

// Results yields every result of an evaluation, the highest total first.
func (a *Archive) Results(ctx context.Context, evaluation string) iter.Seq2[ArchivedResult, error] {
	return func(yield func(ArchivedResult, error) bool) {
		after := ""
		for {
			page, err := a.List(ctx, ResultQuery{Evaluation: evaluation, After: after, Limit: store.MaxLimit})
			if err != nil {
				yield(ArchivedResult{}, err)
				return
			}
			for _, r := range page.Results {
				if !yield(r, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}
