package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// apiPrefix is where the API lives; everything below it speaks JSON only.
const apiPrefix = "/api/"

// api is the JSON interface: huma declares and validates, but every operation is a row of the route table with an action.
type api struct {
	huma     huma.API
	document []byte
}

// call carries the Fiber context and the actor of an API request through huma's context to operation, which hands them on as parameters.
type call struct {
	c   *fiber.Ctx
	ask *request
}

type callKey struct{}

// tableRouter is what huma registers with: instead of opening an address it adds a row to the table, with the action of the operation.
type tableRouter struct {
	fiber.Router
	rows   []Route
	action policy.Action
}

// Add implements the one method that huma's adapter uses.
func (t *tableRouter) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	handler := handlers[0]
	t.rows = append(t.rows, Route{Method: method, Path: path, Action: t.action, JSON: true,
		Handler: func(c *fiber.Ctx, _ policy.Actor) error { return handler(c) }})
	return t
}

// operation declares one API operation with its action. Its handler gets the actor as a parameter, and its faults become problems.
func operation[In, Out any](s *Server, t *tableRouter, a policy.Action, op huma.Operation, handle func(ctx context.Context, by policy.Actor, in *In) (*Out, error)) {
	t.action = a
	huma.Register(s.api.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		now, ok := ctx.Value(callKey{}).(*call)
		if !ok {
			return nil, errors.New("api call without request")
		}
		out, err := handle(ctx, now.ask.by, in)
		if err != nil {
			now.ask.kind, now.ask.cause = fault.KindOf(err), err
			return nil, problemError{s.describe(now.c, now.ask, err).problem()}
		}
		return out, nil
	})
	t.action = ""
}

// problemError makes huma write a Problem of ours.
type problemError struct{ Problem }

func (p problemError) Error() string { return p.Title }

// GetStatus implements huma.StatusError.
func (p problemError) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p problemError) ContentType(string) string { return "application/problem+json" }

// apiRoutes declares the API and returns its rows.
func (s *Server) apiRoutes() ([]Route, error) {
	config := huma.DefaultConfig("Redsteward open data", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema links: the document itself is the reference
	config.Info.Description = "Published stars with their scheme and hashes. Texts are Chinese. Failures follow RFC 9457."
	t := &tableRouter{}
	s.api = &api{huma: humafiber.NewWithGroup(s.app, t, config)}
	operation(s, t, policy.Public, huma.Operation{OperationID: "list-stars", Method: fiber.MethodGet, Path: "/api/v1/stars",
		Summary: "Published stars, best first, 100 a page", Tags: []string{"stars"}, Errors: []int{404, 422, 503}}, s.apiStars)
	operation(s, t, policy.Public, huma.Operation{OperationID: "get-star", Method: fiber.MethodGet, Path: "/api/v1/stars/{id}",
		Summary: "One star with every line that the rule makes public", Tags: []string{"stars"}, Errors: []int{404, 503}}, s.apiStar)
	document, err := json.Marshal(s.api.huma.OpenAPI())
	if err != nil {
		return nil, fault.Wrap("web.apiRoutes", fault.Internal, "接口说明不能生成", err)
	}
	s.api.document = document
	return append(t.rows, Route{Method: fiber.MethodGet, Path: "/api/v1/openapi.json", Action: policy.Public, Handler: s.openAPI, JSON: true}), nil
}

// openAPI serves the OpenAPI 3.1 document.
func (s *Server) openAPI(c *fiber.Ctx, _ policy.Actor) error {
	c.Response().Header.SetContentType("application/openapi+json")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Response().SetBodyRaw(s.api.document)
	return nil
}

// apiPage is how many stars one answer lists.
const apiPage = 100

// APIStarsIn are the parameters of list-stars.
type APIStarsIn struct {
	Q     string `query:"q" maxLength:"40" doc:"Part of the name, the firm or the place; pinyin and initials too"`
	Grade string `query:"grade" doc:"Id of a grade"`
	After string `query:"after" maxLength:"200" doc:"The value of next of the answer before"`
}

// APIScheme names the rule of an evaluation.
type APIScheme struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Hash    string `json:"hash" doc:"SHA-256 of the scheme file, hex"`
	Title   string `json:"title"`
}

// APIEvaluation names the evaluation that stars belong to.
type APIEvaluation struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	At        string    `json:"at" format:"date-time"`
	LogNumber int64     `json:"log_number"`
	FactsHash string    `json:"facts_hash,omitempty" doc:"SHA-256 of the frozen facts, hex"`
	Root      string    `json:"root,omitempty" doc:"Merkle root of the results, hex"`
	Scheme    APIScheme `json:"scheme"`
	Source    string    `json:"source,omitempty"`
}

// APIStar is one star.
type APIStar struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Place  string            `json:"place,omitempty"`
	Firm   string            `json:"firm,omitempty"`
	Rank   int               `json:"rank,omitempty" doc:"Shared by equal totals; missing without a rank"`
	Grade  string            `json:"grade" doc:"Id of the grade"`
	Label  string            `json:"label" doc:"The grade in words"`
	Total  string            `json:"total,omitempty" doc:"Exact decimal text, or n/d"`
	Rates  map[string]string `json:"rates,omitempty" doc:"Rates of the parts in percent, by part; exact: a decimal, or a fraction such as 1442/15"`
	Values map[string]string `json:"values,omitempty" doc:"Other named results"`
	Reason string            `json:"reason,omitempty" doc:"Why there is no grade"`
	Stands *APIStanding      `json:"standing,omitempty" doc:"How the star stands today; missing for what has no star"`
	Scheme string            `json:"scheme_version"`
	Hash   string            `json:"scheme_hash"`
	Page   string            `json:"page" doc:"Page with every line"`
	Sheet  string            `json:"sheet_hash,omitempty" doc:"SHA-256 of what everybody may see of the result, hex: a leaf of the evaluation's tree"`
	Bundle string            `json:"bundle,omitempty" doc:"File with everything that it takes to recompute the star offline (redsteward verify); missing where there is none"`
}

// APIStanding is how a star stands.
type APIStanding struct {
	Status    string `json:"status" enum:"in_force,demoted,removed,lapsed,expired,replaced" doc:"in_force: as published; demoted: lowered by a decision; removed: taken away by one; lapsed: the firm changed or its contract ended; expired: the last day is over; replaced: a newer year is published"`
	Said      string `json:"said" doc:"The status in words"`
	Grade     string `json:"grade" doc:"Id of the grade that it has, or had last"`
	Label     string `json:"label,omitempty" doc:"That grade in words, while the star stands"`
	Until     string `json:"valid_until,omitempty" format:"date" doc:"Last day of the validity"`
	Since     string `json:"since,omitempty" format:"date" doc:"First day on which it did not stand as published"`
	Why       string `json:"why,omitempty"`
	Number    string `json:"number,omitempty" doc:"Number of the decision"`
	Contested bool   `json:"contested,omitempty" doc:"An appeal of the firm waits for its answer"`
}

// APIStarsOut is the answer of list-stars.
type APIStarsOut struct {
	Body struct {
		Evaluation APIEvaluation `json:"evaluation"`
		Count      int           `json:"count" doc:"Stars that the filter finds"`
		Stars      []APIStar     `json:"stars"`
		Next       string        `json:"next,omitempty" doc:"Give it as after to get the next page"`
	}
}

// apiStars lists published stars.
func (s *Server) apiStars(ctx context.Context, _ policy.Actor, in *APIStarsIn) (*APIStarsOut, error) {
	b, err := s.boardNow(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok := b.grades[in.Grade]; in.Grade != "" && !ok {
		return nil, fault.InvalidFields("web.apiStars", fault.Field{Name: "grade", Message: fmt.Sprintf("没有等级 %q", in.Grade)})
	}
	all := b.every(filter{Query: strings.ToLower(strings.TrimSpace(in.Q)), Grade: in.Grade})
	from := 0
	if in.After != "" {
		at := -1
		for i, r := range all {
			if r.ID == in.After {
				at = i
				break
			}
		}
		if at < 0 {
			return nil, fault.InvalidFields("web.apiStars", fault.Field{Name: "after", Message: fmt.Sprintf("没有编号 %q，请从第一页重新读取", in.After)})
		}
		from = at + 1
	}
	out := &APIStarsOut{}
	out.Body.Evaluation = b.apiEvaluation()
	out.Body.Count = len(all)
	to := min(from+apiPage, len(all))
	out.Body.Stars = make([]APIStar, 0, to-from)
	for _, r := range all[from:to] {
		out.Body.Stars = append(out.Body.Stars, s.apiStarOf(b, r))
	}
	if to < len(all) {
		out.Body.Next = all[to-1].ID
	}
	return out, nil
}

func (b *board) apiEvaluation() APIEvaluation {
	return APIEvaluation{ID: b.ID, Title: b.Title, At: b.At.UTC().Format("2006-01-02T15:04:05.000Z"), LogNumber: b.N, FactsHash: b.FactsHash, Root: b.Root,
		Scheme: APIScheme{ID: b.SchemeID, Version: b.SchemeVersion, Hash: b.SchemeHash, Title: b.SchemeTitle}, Source: b.Source}
}

// apiStarOf is one star of a board.
func (s *Server) apiStarOf(b *board, r *ranked) APIStar {
	star := APIStar{ID: r.ID, Name: r.Name, Place: r.Row.Place, Firm: r.Firm, Rank: r.Rank, Grade: r.Grade, Label: b.grades[r.Grade].Label, Reason: r.Reason,
		Scheme: b.SchemeVersion, Hash: b.SchemeHash, Page: starAddress(r.ID), Sheet: r.Sheet}
	if s.bundles != nil && r.Sheet != "" {
		star.Bundle = StarID{Period: b.Period, Subject: r.ID}.address("bundle.json")
	}
	if st := &r.Stands; st.Status != "" {
		star.Stands = &APIStanding{Status: string(st.Status), Said: st.Status.Title(), Grade: st.Grade, Label: b.nowLabel(&r.Row), Until: dayText(st.Until), Since: dayText(st.Since), Why: st.Why, Number: st.Number, Contested: st.Contested}
	}
	if r.Total != nil {
		star.Total = r.Total.String()
	}
	star.Rates = ratesOf(b.Parts, r.Parts)
	for i, o := range r.Outputs {
		if o != nil && i < len(b.Outputs) {
			if star.Values == nil {
				star.Values = map[string]string{}
			}
			star.Values[b.Outputs[i].ID] = o.String()
		}
	}
	return star
}

// APIStarIn names one star.
type APIStarIn struct {
	ID string `path:"id" maxLength:"400" doc:"Id of the star; slashes are written %2F"`
}

// APILine is one line of the trace.
type APILine struct {
	Part     string `json:"part"`
	Clause   string `json:"clause"`
	Name     string `json:"name"`
	Rule     string `json:"rule,omitempty"`
	Basis    string `json:"basis,omitempty"`
	Fact     string `json:"fact,omitempty"`
	Points   string `json:"points,omitempty"`
	Max      string `json:"max,omitempty"`
	State    string `json:"state,omitempty"`
	Item     bool   `json:"item,omitempty" doc:"Belongs to the line before it"`
	Proposal bool   `json:"proposal,omitempty" doc:"The rule's numbers are not adopted yet"`
}

// APIVoice is what one voice (评价主体) had to give and gave: a view, not another weighting.
type APIVoice struct {
	Name   string `json:"name"`
	Points string `json:"points" doc:"In points of the total"`
	Max    string `json:"max"`
	From   string `json:"share_from,omitempty" doc:"Least share of full marks that the rule declares for it, in percent"`
	To     string `json:"share_to,omitempty" doc:"Largest share, in percent"`
}

// APIEarlier are the voices of an earlier result.
type APIEarlier struct {
	Name   string     `json:"name" doc:"What the rule calls it"`
	Period string     `json:"period"`
	Voices []APIVoice `json:"voices"`
}

// APINext is the grade above with what it asks for, as far as everybody may see it.
type APINext struct {
	Label   string      `json:"label"`
	Demands []APIDemand `json:"demands"`
	Held    string      `json:"held,omitempty" doc:"Why the grade would stay even if every demand were met"`
}

// APIDemand is one thing that a grade asks for.
type APIDemand struct {
	What  string `json:"what"`
	Has   string `json:"has"`
	Needs string `json:"needs"`
	Lack  string `json:"lack,omitempty"`
	Met   bool   `json:"met"`
}

// APIPast is what a subject had in one published period.
type APIPast struct {
	Period string            `json:"period"`
	Last   string            `json:"last_day" format:"date"`
	Stars  bool              `json:"gives_stars" doc:"A quarter gives a score only"`
	Firm   string            `json:"firm,omitempty" doc:"Who served it then"`
	Grade  string            `json:"grade,omitempty" doc:"Id of the grade, in a period that gives stars"`
	Label  string            `json:"label,omitempty"`
	Total  string            `json:"total,omitempty"`
	Rates  map[string]string `json:"rates,omitempty" doc:"Rates of the parts of that period's rule in percent, by part; exact: a decimal, or a fraction such as 1442/15"`
	Reason string            `json:"reason,omitempty"`
	Scheme string            `json:"scheme_version" doc:"Totals under different versions are not comparable"`
	Hash   string            `json:"scheme_hash"`
	Sheet  string            `json:"sheet_hash,omitempty"`
}

// APIStarOut is the answer of get-star.
type APIStarOut struct {
	Body struct {
		Evaluation APIEvaluation `json:"evaluation"`
		Star       APIStar       `json:"star"`
		Hash       string        `json:"result_hash,omitempty" doc:"SHA-256 of the result's record, hex"`
		Lines      []APILine     `json:"lines"`
		Voices     []APIVoice    `json:"voices,omitempty" doc:"Points by who speaks; missing where the rule names no voices or they would tell of what it keeps back"`
		Earlier    []APIEarlier  `json:"earlier_voices,omitempty" doc:"Voices of the earlier results on which it rests, such as the quarters of a year, in points of this total"`
		Next       *APINext      `json:"next_grade,omitempty" doc:"Missing at the top, and without an ordinary grade"`
		History    []APIPast     `json:"history,omitempty" doc:"Every published period, the oldest first"`
	}
}

// apiVoices are the voices of a star.
func apiVoices(voices []Voice) (out []APIVoice) {
	text := func(n *num.Num) string {
		if n == nil {
			return ""
		}
		return n.String()
	}
	for _, v := range voices {
		out = append(out, APIVoice{Name: v.Name, Points: v.Points.String(), Max: v.Max.String(), From: text(v.From), To: text(v.To)})
	}
	return out
}

// apiNext is the grade above of a star, nil for none.
func apiNext(next *Next) *APINext {
	if next == nil {
		return nil
	}
	out := &APINext{Label: next.Label, Demands: []APIDemand{}, Held: next.Held}
	for _, d := range next.Demands {
		out.Demands = append(out.Demands, APIDemand{d.What, d.Has, d.Needs, d.Lack, d.Met})
	}
	return out
}

// apiPast is one published period of a star.
func apiPast(p *PastStar) APIPast {
	one := pastOf(p)
	out := APIPast{Period: p.Period, Last: dayText(p.Last), Stars: p.Stars, Firm: p.Firm, Reason: p.Reason, Scheme: p.Version, Hash: p.Rule, Sheet: p.Sheet, Rates: ratesOf(p.PastPeriod.Parts, p.Row.Parts)}
	if p.Stars {
		out.Grade, out.Label = p.Grade, one.grade
	}
	if p.Total != nil {
		out.Total = p.Total.String()
	}
	return out
}

// ratesOf are rates by the ids of their parts, nil for none.
func ratesOf(parts []Column, rates []*num.Num) (out map[string]string) {
	for i, p := range rates {
		if p != nil && i < len(parts) {
			if out == nil {
				out = map[string]string{}
			}
			out[parts[i].ID] = p.String()
		}
	}
	return out
}

// apiStar answers one star with its lines.
func (s *Server) apiStar(ctx context.Context, by policy.Actor, in *APIStarIn) (*APIStarOut, error) {
	b, one, err := s.starByID(ctx, by, in.ID)
	if err != nil {
		return nil, err
	}
	out := &APIStarOut{}
	out.Body.Evaluation, out.Body.Hash = b.apiEvaluation(), one.Hash
	out.Body.Star = s.apiStarOf(b, b.byID[one.ID])
	out.Body.Lines, out.Body.Voices, out.Body.Next = []APILine{}, apiVoices(one.Voices), apiNext(one.Next)
	for _, e := range one.Earlier {
		out.Body.Earlier = append(out.Body.Earlier, APIEarlier{e.Name, e.Period, apiVoices(e.Voices)})
	}
	past, err := s.stars.History(ctx, one.ID)
	if err != nil {
		return nil, err
	}
	for i := range past {
		out.Body.History = append(out.Body.History, apiPast(&past[i]))
	}
	for _, g := range one.Groups {
		for _, l := range g.Lines {
			line := APILine{Part: g.ID, Clause: l.Clause, Name: l.Name, Rule: l.Rule, Basis: l.Basis, Fact: l.Fact, State: l.State, Proposal: l.Proposal}
			if l.Points != nil && l.Max != nil {
				line.Points, line.Max = l.Points.String(), l.Max.String()
			}
			out.Body.Lines = append(out.Body.Lines, line)
			for _, item := range l.Items {
				sub := APILine{Part: g.ID, Clause: l.Clause, Name: item.Name, Fact: item.Found, State: item.State, Item: true}
				if item.Points != nil {
					sub.Points = item.Points.String()
				}
				if item.Max != nil {
					sub.Max = item.Max.String()
				}
				out.Body.Lines = append(out.Body.Lines, sub)
			}
		}
	}
	return out, nil
}

// kindOfStatus is the kind that a status stands for, for answers that huma wrote itself.
func kindOfStatus(status int) fault.Kind {
	for _, k := range []fault.Kind{fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Unavailable, fault.Internal} {
		if statusOf(k) == status {
			return k
		}
	}
	if status >= 500 {
		return fault.Internal
	}
	return fault.Invalid
}
