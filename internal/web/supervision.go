package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// Supervision is what the pages of observations and visits need; all but Photos is required.
type Supervision struct {
	// Observations and Visits keep what was observed and visited; Imports brings observations in from Excel.
	Observations *supervision.Observations
	Imports      *supervision.ObservationImports
	Visits       *inspection.Visits
	// Questions says what the rating asks of a source now.
	Questions Questions
	// Projects lists the projects of an actor.
	Projects Projects
	// Colleagues lists who may be sent.
	Colleagues Colleagues
	// Photos keeps pictures. Nil: none are taken, and none can be looked at.
	Photos Photos
}

// noTerms are the Terms of a service without periods.
type noTerms struct{}

func (noTerms) Terms(context.Context) ([]cycle.Term, error) { return nil, nil }

// Questions says what the rating asks. The rating cycle answers it.
type Questions interface {
	// Questions returns what is asked of a source by every period that takes facts now; none if there is no such period.
	Questions(ctx context.Context, source string) ([]Question, error)
}

// Question is what one period asks.
type Question struct {
	// Name is the name of the period, Days are the days of its facts.
	Name string
	Days calendar.Span
	// Asks are the facts asked for.
	Asks []supervision.Ask
}

// Colleagues lists people by what they may do; policy.Service implements it.
type Colleagues interface {
	// Colleagues returns everybody who may do the one action, by name, for somebody who may do the other. Returns Forbidden without it.
	Colleagues(ctx context.Context, by policy.Actor, giving, doing policy.Action) ([]policy.Colleague, error)
}

// Photos keeps pictures.
type Photos interface {
	// Receive checks a picture and lets it wait; the caller closes it. Returns Invalid for anything but a picture.
	Receive(name string, r io.Reader) (*files.Upload, error)
	// Keep keeps a picture as it was sent and a copy to be shown, without what the camera wrote into it. Returns Invalid for one that cannot be shown.
	Keep(ctx context.Context, meta store.Meta, u *files.Upload) (inspection.Photo, error)
	// Open opens the shown copy, a JPEG, with its size in bytes. Returns NotFound.
	Open(ctx context.Context, id string) (io.ReadSeekCloser, int64, error)
}

// Pictures are the Photos of a Keeper.
type Pictures struct{ *files.Keeper }

// Receive implements Photos.
func (p Pictures) Receive(name string, r io.Reader) (*files.Upload, error) {
	return p.Keeper.Receive(name, r, files.JPEG, files.PNG)
}

// Keep implements Photos.
func (p Pictures) Keep(ctx context.Context, meta store.Meta, u *files.Upload) (inspection.Photo, error) {
	kept, err := p.Keeper.Take(ctx, meta, u.Name, u.Reader(), files.JPEG, files.PNG)
	return inspection.Photo{Original: kept.Original, Shown: kept.Shown}, err
}

// supervisionRoutes are the rows of observations and visits.
func (s *Server) supervisionRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	if s.supervision == nil {
		return nil
	}
	desk := s.observationDesk()
	return append(s.visitBatch().routes(s), []Route{
		{Method: get, Path: "/observations", Action: policy.ReadObservation, Handler: s.observations},
		{Method: get, Path: "/observations/queue", Action: policy.ReviewObservation, Handler: s.observationQueue},
		{Method: get, Path: "/observations/returned", Action: policy.RecordObservation, Handler: s.observationsReturned},
		{Method: get, Path: "/observations/new", Action: policy.RecordObservation, Handler: s.newObservation},
		{Method: post, Path: "/observations/new", Action: policy.RecordObservation, Handler: s.recordObservation},
		{Method: get, Path: observationImportsPath, Action: policy.RecordObservation, Handler: s.observationImports},
		{Method: post, Path: observationImportsPath, Action: policy.RecordObservation, Handler: s.dryObservations, Upload: maxImport},
		{Method: post, Path: observationImportsPath + "/accept", Action: policy.RecordObservation, Handler: s.acceptsFor(desk)},
		{Method: get, Path: observationImportsPath + "/template.xlsx", Action: policy.RecordObservation, Handler: s.observationTemplate},
		{Method: get, Path: observationImportsPath + "/marked/:id", Action: policy.RecordObservation, Handler: s.markedWorkbook},
		{Method: get, Path: observationImportsPath + "/:id/progress", Action: policy.RecordObservation, Handler: s.progressFor(desk)},
		{Method: get, Path: observationImportsPath + "/:id", Action: policy.RecordObservation, Handler: s.oneFor(desk)},
		{Method: post, Path: "/observations/confirm", Action: policy.ReviewObservation, Handler: s.confirmObservations},
		{Method: get, Path: "/observations/:id<maxLen(80)>", Action: policy.ReadObservation, Handler: s.observation},
		{Method: post, Path: "/observations/:id<maxLen(80)>/confirm", Action: policy.ReviewObservation, Handler: s.confirmObservation},
		{Method: post, Path: "/observations/:id<maxLen(80)>/paper", Action: policy.ReviewObservation, Handler: s.paperObservation, Upload: maxFundForm},
		{Method: post, Path: "/observations/:id<maxLen(80)>/sign", Action: policy.ReviewObservation, Handler: s.lookAtObservation},
		{Method: get, Path: "/observations/:id<maxLen(80)>/files/:file", Action: policy.ReadObservation, Handler: s.observationFile},
		{Method: post, Path: "/observations/:id<maxLen(80)>/return", Action: policy.ReviewObservation, Handler: s.returnObservation},
		{Method: get, Path: "/observations/:id<maxLen(80)>/correct", Action: policy.RecordObservation, Handler: s.correctObservationPage},
		{Method: post, Path: "/observations/:id<maxLen(80)>/correct", Action: policy.RecordObservation, Handler: s.correctObservation},
		{Method: post, Path: "/observations/:id<maxLen(80)>/withdraw", Action: policy.RecordObservation, Handler: s.withdrawObservation},

		{Method: get, Path: "/visits", Action: policy.ReadVisit, Handler: s.visits},
		{Method: get, Path: visitsPath + workerFile, Action: policy.Public, Handler: s.walkWorker, Plain: true},
		{Method: get, Path: "/visits/mine", Action: policy.DoVisit, Or: policy.AssessVisit, Handler: s.visitsMine},
		{Method: get, Path: "/visits.xlsx", Action: policy.ReadVisit, Handler: s.visitsExcel},
		{Method: get, Path: "/visits/queue", Action: policy.ReviewVisit, Handler: s.visitQueue},
		{Method: get, Path: "/visits/again", Action: policy.PlanVisit, Handler: s.visitPairs},
		{Method: get, Path: "/visits/plan", Action: policy.PlanVisit, Handler: s.planPage},
		{Method: post, Path: "/visits/plan", Action: policy.PlanVisit, Handler: s.planVisits},
		{Method: get, Path: "/visits/:id<maxLen(64)>", Action: policy.ReadVisit, Or: policy.AssessVisit, Handler: s.visit},
		{Method: get, Path: "/visits/:id<maxLen(64)>/print/:paper<maxLen(16)>", Action: policy.ReadVisit, Or: policy.AssessVisit, Handler: s.visitPaper},
		{Method: post, Path: "/visits/:id<maxLen(64)>/start", Action: policy.DoVisit, Or: policy.AssessVisit, Handler: s.startVisit},
		{Method: post, Path: "/visits/:id<maxLen(64)>/sign", Action: policy.DoVisit, Or: policy.AssessVisit, Handler: s.signVisit},
		{Method: post, Path: "/visits/:id<maxLen(64)>/accept", Action: policy.ReviewVisit, Handler: s.acceptVisit},
		{Method: post, Path: "/visits/:id<maxLen(64)>/return", Action: policy.ReviewVisit, Handler: s.returnVisit},
		{Method: post, Path: "/visits/:id<maxLen(64)>/move", Action: policy.PlanVisit, Handler: s.moveVisit},
		{Method: post, Path: "/visits/:id<maxLen(64)>/cancel", Action: policy.PlanVisit, Handler: s.cancelVisit},
		{Method: get, Path: "/visits/:id<maxLen(64)>/items/:item<maxLen(20)>", Action: policy.DoVisit, Or: policy.AssessVisit, Handler: s.visitItem},
		{Method: post, Path: "/visits/:id<maxLen(64)>/items/:item<maxLen(20)>", Action: policy.DoVisit, Or: policy.AssessVisit, Handler: s.answerItem, Upload: answerBytes},
		{Method: get, Path: "/visits/:id<maxLen(64)>/photos/:photo<maxLen(64)>", Action: policy.ReadVisit, Or: policy.AssessVisit, Handler: s.visitPhoto},
	}...)
}

// newKey is a fresh idempotency key for a form.
func newKey() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return hex.EncodeToString(raw)
}

// formValues are the values of a form without files.
func formValues(c *fiber.Ctx) url.Values {
	values := url.Values{}
	for name, value := range c.Request().PostArgs().All() {
		values.Add(string(name), string(value))
	}
	return values
}

// formIdem makes a retry of a form safe: by its key, with what it says; nil for a form without key.
func formIdem(c *fiber.Ctx) *store.Idem { return idemFrom(c, formValues(c)) }

// idemFrom is formIdem for values that were read already, with the hashes of the files that came with them.
func idemFrom(c *fiber.Ctx, values url.Values, files ...string) *store.Idem {
	key := values.Get("key")
	if key == "" || len(key) > 200 {
		return nil
	}
	said := maps.Clone(values)
	said.Del(tokenField)
	said.Del("key")
	return &store.Idem{Key: key, Body: []byte(c.Path() + "?" + said.Encode() + "#" + strings.Join(files, ","))}
}

// atOf is the document that a form of a page is about.
func atOf(c *fiber.Ctx) supervision.At {
	var seq int64
	if _, err := fmt.Sscan(c.FormValue("seq"), &seq); err != nil {
		seq = -1
	}
	return supervision.At{ID: c.Params("id"), Seq: seq, Idem: formIdem(c)}
}

// maxProjectOptions is how many projects a choice offers; beyond it the page asks for a name.
const maxProjectOptions = 300

// projectOptions are the projects of an actor that a text finds, and whether there are more.
func (s *Server) projectOptions(c *fiber.Ctx, by policy.Actor, text string) ([]option, bool, error) {
	return projectOptionsFrom(c.UserContext(), s.supervision.Projects, by, text)
}

// projectOptionsFrom is projectOptions of any list of projects.
func projectOptionsFrom(ctx context.Context, list Projects, by policy.Actor, text string) ([]option, bool, error) {
	options := []option{{Value: "", Label: "请选择小区"}}
	for q := (registry.ProjectQuery{Text: text}); ; {
		p, err := list.Projects(ctx, by, q)
		if err != nil {
			return nil, false, err
		}
		for _, row := range p.Rows {
			options = append(options, option{Value: row.ID, Label: row.Name + "（" + row.CommunityName + "）"})
		}
		if q.After = p.Next; q.After == "" || len(options) > maxProjectOptions {
			return options, q.After != "", nil
		}
	}
}

// quarterOptions are the quarter of today and five before it.
func (s *Server) quarterOptions() []option {
	now := calendar.QuarterOf(calendar.DateOf(s.clocks.Business()))
	options := []option{{Value: "", Label: "全部"}}
	for back := range 6 {
		q := now.Add(-back)
		options = append(options, option{Value: q.String(), Label: q.Chinese()})
	}
	return options
}

// quarterOf is the quarter that a filter names; the zero value for none.
func quarterOf(c *fiber.Ctx) (calendar.Quarter, error) {
	text := c.Query("quarter")
	if text == "" {
		return calendar.Quarter{}, nil
	}
	q, err := calendar.ParseQuarter(text)
	if err != nil {
		return q, fault.InvalidFields("web.quarterOf", fault.Field{Name: "quarter", Message: "季度" + err.Error()})
	}
	return q, nil
}

// titleOfOffice is the title of a role's code.
func (s *Server) titleOfOffice(code string) string {
	info, ok := s.guard.Rules().Role(policy.Role(code))
	if !ok {
		return code
	}
	return info.Title
}

// nextPage is the address of the next page of a list with the same filters; "" if this is the last.
func nextPage(c *fiber.Ctx, cursor string) string {
	if cursor == "" {
		return ""
	}
	values := url.Values{}
	for name, value := range c.Request().URI().QueryArgs().All() {
		values.Set(string(name), string(value))
	}
	values.Set("after", cursor)
	return c.Path() + "?" + values.Encode()
}

// refusedForm reports whether an error belongs into the form that was sent: refused fields, or a conflict.
func refusedForm(err error) []fault.Field {
	if fault.Is(err, fault.Invalid) {
		return fault.FieldsOf(err)
	}
	return nil
}

// saidParam shows, after a redirect, what was done: the page's own sentence, never text from the address.
func saidParam(c *fiber.Ctx, sentences map[string]string) string { return sentences[c.Query("done")] }
