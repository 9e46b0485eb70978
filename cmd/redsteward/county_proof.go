package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"slices"
	"sync"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// demoPaper is a PDF of one page with a line of text; each text gives another file.
func demoPaper(text string) []byte {
	stream := fmt.Sprintf("BT /F1 14 Tf 40 780 Td (%s) Tj ET", text)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}

// firmFile is of which firm, quarter and fact a file is.
type firmFile struct {
	firm, quarter int
	fact          string
}

// firmFiles take in once what a firm shows for all of its projects.
type firmFiles struct {
	mu    sync.Mutex
	taken map[firmFile]func() (files.Stored, error)
}

// once gives what take gives, and lets it happen once for each file.
func (f *firmFiles) once(file firmFile, take func() (files.Stored, error)) (files.Stored, error) {
	f.mu.Lock()
	if f.taken == nil {
		f.taken = map[firmFile]func() (files.Stored, error){}
	}
	if f.taken[file] == nil {
		f.taken[file] = sync.OnceValues(take)
	}
	take = f.taken[file]
	f.mu.Unlock()
	return take()
}

// proofPapers are what firms show as a paper; each keeps one list of a kind for all of its projects.
var proofPapers = map[string]string{"repairs": "报修台账（演示）.pdf"}

// proofFile is what a firm uploads for a fact.
func (l *countyLoader) proofFile(ctx context.Context, by policy.Actor, fact string, i, n int) (files.Stored, error) {
	file := firmFile{firm: l.plan.holder(i, n), quarter: n, fact: fact}
	return l.files.once(file, func() (files.Stored, error) {
		paper := demoPaper(fmt.Sprintf("DEMO %s %s No.%d", l.plan.size.quarterOf(n), fact, file.firm+1))
		return l.keeper.Take(ctx, store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, proofPapers[fact], bytes.NewReader(paper), files.PDF)
	})
}

// submit is one proof: files first, then what they show.
func (l *countyLoader) submit(ctx context.Context, period string, s said, i, n int, day calendar.Date) (store.Doc[evidence.Proof], error) {
	by := l.of("firm_manager", l.plan.holder(i, n))
	in := evidence.Submission{Period: period, Project: l.projects[i], Fact: s.fact, Cells: s.cells, Day: day, Note: s.from + "，演示数据"}
	if l.asks["evidence"][s.fact].Uploads > 0 {
		file, err := l.proofFile(ctx, by, s.fact, i, n)
		if err != nil {
			return store.Doc[evidence.Proof]{}, err
		}
		in.Files = []files.Stored{file}
	}
	if edge := l.plan.boardPhoto(i, n); edge > 0 {
		data, err := demoBoard(edge)
		if err != nil {
			return store.Doc[evidence.Proof]{}, err
		}
		file, err := l.keeper.Take(ctx, store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, "公示栏（演示）.jpg", bytes.NewReader(data), files.JPEG)
		if err != nil {
			return store.Doc[evidence.Proof]{}, err
		}
		in.Files = append(in.Files, file)
	}
	return l.proofs.Submit(ctx, by, in)
}

// waits reports whether the proof of the open quarter of a project still waits for the community: that of two of eight projects that keep no log of repairs.
func (p *countyPlan) waits(i int) bool {
	return (i%8 == 3 || i%8 == 4) && !p.logs(i, p.size.quarters())
}

// boardPhoto is how wide a photo of a notice board is that goes with the proof of a project in a quarter, 0 for none: in the open quarter two firms hand in the same one, the
// second smaller.
func (p *countyPlan) boardPhoto(i, quarter int) int {
	if quarter != p.size.quarters() || !p.waits(i) {
		return 0
	}
	first := 0
	for !p.waits(first) {
		first++
	}
	if i == first {
		return 640
	}
	for j := first + 1; j < len(p.projects); j++ {
		if p.waits(j) && p.holder(j, quarter) != p.holder(first, quarter) {
			return map[bool]int{true: 400}[i == j]
		}
	}
	return 0
}

// demoBoard is a made-up photo of a notice board before a wall, as wide as edge.
func demoBoard(edge int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, edge, edge*3/4))
	part := func(x, y, w, h int, c color.RGBA) {
		draw.Draw(img, image.Rect(x*edge/64, y*edge/64, (x+w)*edge/64, (y+h)*edge/64), image.NewUniform(c), image.Point{}, draw.Src)
	}
	for y := range 48 {
		part(0, y, 64, 1, color.RGBA{uint8(210 - y), uint8(200 - y), uint8(180 - y), 255})
	}
	part(0, 42, 64, 6, color.RGBA{110, 110, 100, 255})
	part(8, 6, 46, 30, color.RGBA{150, 30, 30, 255})
	for n, sheet := range [][4]int{{11, 12, 9, 14}, {22, 10, 12, 9}, {22, 21, 12, 11}, {37, 11, 14, 20}} {
		part(sheet[0], sheet[1], sheet[2], sheet[3], color.RGBA{uint8(250 - 9*n), 245, 230, 255})
		for line := 2; line < sheet[3]-1; line += 2 {
			part(sheet[0]+1, sheet[1]+line, sheet[2]-2-line%3, 1, color.RGBA{90, 90, 90, 255})
		}
	}
	part(13, 36, 2, 8, color.RGBA{70, 60, 50, 255})
	part(47, 36, 2, 8, color.RGBA{70, 60, 50, 255})
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 75})
	return out.Bytes(), err
}

// auditActs draw what is audited, shortly before today for the last two quarters: one piece is upheld, one is taken back and its firm objects, the others wait. For the last quarter of a year it is drawn once the stars of the year are published: one piece is taken
// back, so that a star names it, the others are upheld.
func (l *countyLoader) auditActs() []act {
	var acts []act
	add := func(day calendar.Date, decide func(ctx context.Context) error) {
		acts = append(acts, act{hour(day, 4), partProof, func(ctx context.Context) error { return l.proofs.DrawAudits(ctx, hour(day, 4)) }}, act{hour(day, 15), partProof, decide})
	}
	for _, year := range l.plan.size.years() {
		add(starsDay(year).Add(3), func(ctx context.Context) error {
			_, err := l.audited(ctx, math.MaxInt, func(n int) bool { return n == 0 })
			return err
		})
	}
	add(l.plan.size.current.Span().First.Add(15), func(ctx context.Context) error {
		docs, err := l.audited(ctx, 3, func(n int) bool { return n > 0 })
		if err != nil || len(docs) < 3 {
			return err
		}
		firm := slices.Index(l.firms, docs[2].State.Firm)
		_, err = l.proofs.Object(ctx, l.of("firm_manager", firm), supervision.At{ID: docs[2].ID, Seq: docs[2].Seq}, "门岗的登记本可以查到每一次到场（演示）")
		return err
	})
	return acts
}

// audited decides about so many of the pieces that were drawn, and takes some of them back.
func (l *countyLoader) audited(ctx context.Context, most int, takenBack func(n int) bool) ([]store.Doc[evidence.Proof], error) {
	by := l.of("property_officer", 0)
	page, err := l.proofs.Queue(ctx, by, evidence.StageAudit, "")
	if err != nil {
		return nil, err
	}
	docs := page.Docs[:min(len(page.Docs), most)]
	for n := range docs {
		in := evidence.Decision{Move: evidence.MoveUphold}
		if takenBack(n) {
			in = evidence.Decision{Move: evidence.MoveTakeBack, Reason: "原始记录对不上填报的数字（演示）"}
		}
		if docs[n], err = l.proofs.Decide(ctx, by, supervision.At{ID: docs[n].ID, Seq: docs[n].Seq}, in); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// decide is what a community worker does with a proof.
func (l *countyLoader) decide(ctx context.Context, doc store.Doc[evidence.Proof], i int, in evidence.Decision) (store.Doc[evidence.Proof], error) {
	return l.proofs.Decide(ctx, l.of("community_worker", i%l.plan.size.communities), supervision.At{ID: doc.ID, Seq: doc.Seq}, in)
}

// proofActs are the proofs of a project in a quarter that has ended: submitted in its last days, accepted by the community.
func (l *countyLoader) proofActs(i, n int) []act {
	q := l.plan.size.quarterOf(n)
	if q == l.plan.size.current || l.plan.logs(i, n) {
		return nil
	}
	last := q.Span().Last
	var acts []act
	for k, s := range l.plan.proofSaid(i, n) {
		var doc store.Doc[evidence.Proof]
		sent := last.Add(-3 + i%6)
		acts = append(acts,
			act{hour(sent, 10+k), partProof, func(ctx context.Context) (err error) {
				doc, err = l.submit(ctx, q.String(), s, i, n, last.Add(-6))
				return err
			}},
			act{hour(last.Add(5), 9+k), partProof, func(ctx context.Context) (err error) {
				doc, err = l.decide(ctx, doc, i, evidence.Decision{Move: evidence.MoveAccept})
				return err
			}},
			act{hour(last.Add(7), 9+k), partProof, func(ctx context.Context) error { return l.reviewDrawn(ctx, doc) }})
	}
	return acts
}

// reviewDrawn is what the bureau does with a proof that was drawn for its review.
func (l *countyLoader) reviewDrawn(ctx context.Context, doc store.Doc[evidence.Proof]) error {
	if doc.State.Stage() != evidence.StageBureau {
		return nil
	}
	_, err := l.proofs.Decide(ctx, l.of("property_officer", 1), supervision.At{ID: doc.ID, Seq: doc.Seq}, evidence.Decision{Move: evidence.MoveConfirm})
	return err
}

// indexOf is the place of a quarter, counted from 0.
func (s countySize) indexOf(q calendar.Quarter) int {
	n := 0
	for s.first.Add(n) != q {
		n++
	}
	return n
}
