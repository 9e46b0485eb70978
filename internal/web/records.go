package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	// recordsPath shows the records of the log behind a page, each with its proof, to who may open the page.
	recordsPath = "/records"
	// openRecordsPath gives the proofs of the records by which a published result stands, to everybody.
	openRecordsPath = "/open/records"
)

// recordSource says whose records are shown: the documents of a kind, each with a page of its own. A proof holds nothing of a record but its id, its number and its hash, so that who may open the page learns nothing more by it.
type recordSource struct {
	// home is the beginning of the addresses of its pages, page the template of one.
	home, page string
	// sees returns NotFound or Forbidden to who may not open the page of one.
	sees func(ctx context.Context, by policy.Actor, id string) error
}

// mayOpen makes of what reads one document the check whether somebody may.
func mayOpen[T any](one func(ctx context.Context, by policy.Actor, id string) (T, error)) func(ctx context.Context, by policy.Actor, id string) error {
	return func(ctx context.Context, by policy.Actor, id string) error {
		_, err := one(ctx, by, id)
		return err
	}
}

// recordSources are the kinds whose records are shown beside their pages, by the kind as it is stored; of those only that run here. Visits are left out: who has scored one may not know whether it is scored again.
func (s *Server) recordSources() map[string]recordSource {
	all := map[string]recordSource{}
	cases := func(kind, home string, sees func(ctx context.Context, by policy.Actor, id string) error) {
		all[kind] = recordSource{home, "fund_case", sees}
	}
	if s.claims != nil {
		cases("fund-claim", claimsPath, mayOpen(s.claims.One))
	}
	if s.refunds != nil {
		cases("fund-refund", refundsPath, mayOpen(s.refunds.One))
	}
	if s.dunnings != nil {
		cases("fund-dunning", dunningsPath, mayOpen(s.dunnings.One))
	}
	if s.rectifications != nil {
		cases("rectification", rectificationsPath, mayOpen(s.rectifications.One))
	}
	if s.responses != nil {
		cases("response", responsesPath, mayOpen(s.responses.One))
	}
	if s.standings != nil {
		cases("star-decision", standingsPath, mayOpen(s.standings.One))
	}
	if s.applications != nil {
		cases("star-application", applicationsPath, mayOpen(s.applications.One))
	}
	if s.inspections != nil {
		cases("inspection", inspectionsPath, mayOpen(s.inspections.One))
	}
	if s.vetoes != nil {
		cases("veto", vetoesPath, mayOpen(s.vetoes.One))
	}
	if s.adoptions != nil {
		cases("scheme-version", schemesPath, mayOpen(s.adoptions.One))
	}
	if s.cycle != nil {
		cases("objection", objectionsPath, mayOpen(s.cycle.Objections().One))
		cases("remark", remarksPath, mayOpen(s.cycle.Remarks().One))
	}
	if s.fund != nil {
		all["fund"] = recordSource{fundPath, "fund_ledger", mayOpen(s.fund.Statement)}
	}
	if s.filings != nil {
		all["filing"] = recordSource{filingsPath, "filing", mayOpen(s.filings.One)}
	}
	if s.changes != nil {
		all["change"] = recordSource{changesPath, "change", mayOpen(s.changes.One)}
	}
	if s.bodies != nil {
		all["owners-body"] = recordSource{bodiesPath, "body", mayOpen(s.bodies.One)}
	}
	if s.handovers != nil {
		all["handover"] = recordSource{handoversPath, "handover", mayOpen(s.handovers.Service.One)}
	}
	if s.matters != nil {
		all["matter"] = recordSource{mattersPath, "matter", mayOpen(s.matters.One)}
	}
	if s.deliberations != nil {
		all["deliberation-item"] = recordSource{deliberationPath, "deliberation", mayOpen(s.deliberations.One)}
	}
	if s.evidence != nil {
		all["proof"] = recordSource{"/proof", "proof", mayOpen(s.evidence.Proofs.One)}
	}
	return all
}

// recordsBehind is the address of the records behind a page, "" for a page that has none.
func (s *Server) recordsBehind(address, page string) string {
	if s.journal == nil {
		return ""
	}
	for kind, source := range s.records {
		if source.page != page {
			continue
		}
		if id, at := strings.CutPrefix(address, source.home+"/"); at && id != "" && !strings.Contains(id, "/") {
			return recordsPath + "/" + kind + "/" + id
		}
	}
	return ""
}

// recordRoutes are the pages of records and their proofs; none without the log.
func (s *Server) recordRoutes() []Route {
	if s.journal == nil {
		return nil
	}
	s.records = s.recordSources()
	const one = recordsPath + "/:kind<maxLen(64)>/:id<maxLen(64)>"
	return []Route{
		{Method: fiber.MethodGet, Path: one, Action: policy.ReadOwnAccount, Handler: s.recordList},
		{Method: fiber.MethodGet, Path: one + "/:n<int>/proof.json", Action: policy.ReadOwnAccount, Handler: s.recordProof},
		{Method: fiber.MethodGet, Path: openRecordsPath + "/:n<int>/proof.json", Action: policy.VerifyResult, Handler: s.openProof},
	}
}

// recordLine is a record of a page.
type recordLine struct {
	entryRow
	// Proof is the address of its proof, "" while the record has no number in the log.
	Proof string
	// Text says more of it, "" for nothing.
	Text string
}

// recordsView is what records.html shows.
type recordsView struct {
	Object, Back string
	Lines        []recordLine
	// Key is the public key of the log, "" before anything was signed. Log is the address of a record in the log for who may open it.
	Key, Log string
}

// recordsAsked are the records of the document that an address names, oldest first. Returns NotFound for a kind without them, and what the page of the document would.
func (s *Server) recordsAsked(c *fiber.Ctx, by policy.Actor) (recordSource, []Entry, error) {
	kind, id := c.Params("kind"), c.Params("id")
	source, is := s.records[kind]
	if !is || s.off(source.home) {
		return source, nil, fault.New("web.recordsAsked", fault.NotFound, "没有找到")
	}
	if err := source.sees(c.UserContext(), by, id); err != nil {
		return source, nil, err
	}
	entries, err := s.journal.Records(c.UserContext(), kind, id)
	return source, entries, err
}

// recordList shows the records behind a page.
func (s *Server) recordList(c *fiber.Ctx, by policy.Actor) error {
	source, entries, err := s.recordsAsked(c, by)
	if err != nil {
		return err
	}
	ctx, kind, id := c.UserContext(), c.Params("kind"), c.Params("id")
	v := recordsView{Object: kindWord(kind), Back: source.home + "/" + id}
	said := map[int64]string{}
	if kind == "fund" {
		st, err := s.fund.Statement(ctx, by, id)
		if err != nil {
			return err
		}
		for _, m := range st.Movements {
			said[m.N] = fmt.Sprintf("第 %d 笔：%s", m.No, m.Kind.Title())
		}
	}
	if s.guard.Allow(by, policy.VerifyLog) {
		v.Log = logPath + "/"
	}
	for _, e := range entries {
		line := recordLine{entryRow: s.rowOf(e, false), Text: said[e.N]}
		if e.N > 0 {
			line.Proof = fmt.Sprintf("%s/%s/%s/%d/proof.json", recordsPath, kind, id, e.N)
		}
		v.Lines = append(v.Lines, line)
	}
	if s.bundles != nil {
		if v.Key, err = s.bundles.Key(ctx); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return s.render(c, by, "records", page{Title: v.Object + "的变更记录与证明", Data: v})
}

// recordProof gives the proof of a record that belongs to a page.
func (s *Server) recordProof(c *fiber.Ctx, by policy.Actor) error {
	_, entries, err := s.recordsAsked(c, by)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(c.Params("n"), 10, 64)
	if err != nil || n < 1 || !slices.ContainsFunc(entries, func(e Entry) bool { return e.N == n }) {
		return fault.New("web.recordProof", fault.NotFound, "这一页没有这条记录")
	}
	return s.sendRecordProof(c, n)
}

// openProof gives the proof of a record by which a published result stands: that of an evaluation, which holds the root over all its results, or of a publication.
func (s *Server) openProof(c *fiber.Ctx, _ policy.Actor) error {
	none := fault.New("web.openProof", fault.NotFound, "这条记录不是公布的评价")
	n, err := strconv.ParseInt(c.Params("n"), 10, 64)
	if err != nil {
		return none
	}
	ctx := c.UserContext()
	change, err := s.journal.Change(ctx, n)
	if err != nil {
		return err
	}
	published := func(is func(PastPeriod) bool) (bool, error) {
		past, err := s.stars.Past(ctx)
		return slices.ContainsFunc(past, func(p PastFirms) bool { return is(p.PastPeriod) }), err
	}
	var open bool
	switch {
	case change.Kind == "period" && change.Meta.Action == string(policy.PublishEvaluation):
		open, err = published(func(p PastPeriod) bool { return p.ID == change.ID })
	case change.Kind == "evaluation":
		if open, err = published(func(p PastPeriod) bool { return p.Evaluation == change.ID }); err == nil && !open {
			var latest Evaluation // a table that belongs to no period
			if latest, err = s.stars.Latest(ctx); fault.Is(err, fault.NotFound) {
				err = nil
			}
			open = latest.ID == change.ID
		}
	}
	switch {
	case err != nil:
		return err
	case !open:
		return none
	}
	return s.sendRecordProof(c, n)
}

// Records implements Journal.
func (j StoreJournal) Records(ctx context.Context, kind, id string) ([]Entry, error) {
	records, err := j.DB.RecordsOf(ctx, store.Ref{Kind: kind, ID: id})
	out := make([]Entry, 0, len(records))
	for _, r := range records {
		e, err := entryOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, err
}
