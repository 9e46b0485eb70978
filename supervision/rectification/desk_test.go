package rectification

import (
	"context"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// desk is a service on a real store with a clock that tests move; v1 and v2 are visits of p1, v3 one of p2 that nobody serves, v4 does not count yet.
type desk struct {
	*Service
	*registrytest.Desk
	// overdue are the events that told read last: kind, first and last day.
	overdue []string
	// again are the visits that an account scores a second time.
	again map[string]map[string]bool
}

const password = registrytest.Password

var (
	day    = registrytest.Day
	person = registrytest.Person

	officer   = person("officer", "property_officer", policy.County)
	officer2  = person("officer2", "property_officer", policy.County)
	chief     = person("chief", "section_chief", policy.County)
	deputy    = person("deputy", "deputy_director", policy.County)
	inspector = person("inspector", "inspector", policy.County)
	firm      = person("firm", "firm_manager", "f:f1")
	rival     = person("rival", "firm_manager", "f:f2")
	community = person("community", "community_worker", "c:c1")
	elsewhere = person("elsewhere", "community_worker", "c:c2")
)

func (d *desk) FirmNames(_ context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		if id == "f1" {
			out[id] = "一盏灯物业"
		}
	}
	return out, nil
}

func (d *desk) Findings(_ context.Context, _ policy.Actor, visit string) (supervision.Found, error) {
	found := supervision.Found{Visit: visit, Sheet: "走访评价表（二级服务）", Series: "service", Day: day("2026-09-01"), Project: "p1", Name: "望湖苑", Firm: "f1", Keys: []string{"p:p1", "c:c1", "t:t1", "f:f1"}}
	finding := func(item string, kind supervision.PaperKind, to string) supervision.Finding {
		return supervision.Finding{Item: item, Sentence: "做到第 " + item + " 项", Kind: kind, To: to, Problem: "未达到第 " + item + " 项", Basis: "标准", Request: "改", Photos: []files.Stored{{Name: "a.jpg", Kind: files.JPEG, Original: "aa", Shown: "bb"}}}
	}
	found.Findings = []supervision.Finding{finding("1.1", supervision.PaperSuggestion, ""), finding("2.3", supervision.PaperAssignment, ""), finding("2.4", supervision.PaperAssignment, ""), finding("4.2", supervision.PaperTransfer, "消防救援大队")}
	switch visit {
	case "v1":
	case "v2":
		found.Day = day("2026-09-20")
	case "v3":
		found.Project, found.Name, found.Firm, found.Keys = "p2", "芝城花园", "", []string{"p:p2", "c:c2", "t:t1"}
	case "v4":
		return supervision.Found{}, fault.New("rectification.Findings", fault.Conflict, "这次走访还没有复核通过")
	default:
		return supervision.Found{}, fault.New("rectification.Findings", fault.NotFound, "没有找到这次走访")
	}
	return found, nil
}

func (d *desk) Kept(_ context.Context, by policy.Actor) (map[string]bool, error) {
	return d.again[by.ID], nil
}

func (d *desk) WithFindings(context.Context, policy.Actor, string) (store.Page[supervision.FoundKinds], error) {
	return store.Page[supervision.FoundKinds]{}, nil
}

// inspections are what inspections found: i1 found something for an order, i2 something whose competence nobody wrote down.
type inspections struct{ *desk }

func (i inspections) Findings(ctx context.Context, by policy.Actor, id string) (supervision.Found, error) {
	found := supervision.Found{Visit: id, Formal: true, Sheet: "行政检查", Series: "inspection", Day: day("2026-09-10"), Project: "p1", Name: "望湖苑", Firm: "f1", Keys: []string{"p:p1", "c:c1", "t:t1", "f:f1"},
		Findings: []supervision.Finding{{Item: "1.1", Sentence: "没有一并委托", Kind: supervision.PaperOrder, Problem: "一并委托", Basis: "清单", Request: "停止", Law: "《物业管理条例》", Article: "第五十九条", Competence: "第五条"}}}
	switch id {
	case "i1":
	case "i2":
		found.Findings[0].Competence = ""
	default:
		return supervision.Found{}, fault.New("rectification.Findings", fault.NotFound, "没有找到这次检查")
	}
	return found, nil
}

func (i inspections) WithFindings(context.Context, policy.Actor, string) (store.Page[supervision.FoundKinds], error) {
	return store.Page[supervision.FoundKinds]{Docs: []store.Doc[supervision.FoundKinds]{{ID: "i1", State: supervision.FoundKinds{Project: "p1", Kinds: map[supervision.PaperKind]int{supervision.PaperOrder: 1}}}}}, nil
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, time.Date(2026, 9, 22, 1, 0, 0, 0, time.UTC))}
	d.Service = must[*Service](t)(New(t.Context(), Config{Visits: d, Inspections: inspections{d}, Remedy: "可以申请行政复议", Firms: d, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{chief, deputy}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
	return d
}

// draft drafts the paper of a kind for a visit.
func (d *desk) draft(visit string, kind supervision.PaperKind, to string) casework.At {
	d.T.Helper()
	doc := must[store.Doc[Case]](d.T)(d.Draft(d.T.Context(), officer, visit, kind, to, &store.Idem{Key: visit + string(kind) + to}))
	return casework.At{ID: doc.ID, Seq: doc.Seq}
}

// do carries a step out and moves at on.
func (d *desk) do(by policy.Actor, at *casework.At, do Step, in casework.Input) *Case {
	d.T.Helper()
	doc := must[store.Doc[Case]](d.T)(d.Do(d.T.Context(), by, *at, do, in))
	at.Seq = doc.Seq
	return &doc.State
}

// signed lets the chief agree.
func (d *desk) signed(at *casework.At) *Case {
	d.T.Helper()
	ctx := d.T.Context()
	now := must[store.Doc[Case]](d.T)(d.One(ctx, officer, at.ID))
	doc := must[store.Doc[Case]](d.T)(d.Sign(ctx, chief, casework.At{ID: at.ID, Seq: now.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: now.State.Approval.SubjectHash}, password))
	at.Seq = doc.Seq
	return &doc.State
}

// running is a case of two findings that was delivered on 22 September.
func (d *desk) running(visit string) (casework.At, *Case) {
	d.T.Helper()
	return d.served(visit, supervision.PaperAssignment)
}

// served is a paper of a kind that was delivered today.
func (d *desk) served(visit string, kind supervision.PaperKind) (casework.At, *Case) {
	d.T.Helper()
	at := d.draft(visit, kind, "")
	d.do(officer, &at, StepSend, casework.Input{Choice: "rectification.service"})
	d.signed(&at)
	return at, d.do(officer, &at, StepServe, casework.Input{Number: "都住建交〔2026〕" + visit + string(kind) + "号", Day: d.Desk.Today(), Choice: meansHand, Upload: d.Photo()})
}
