package wish

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// paperLine is a line that names a document: what it is, and if there are several how many.
var paperLine = regexp.MustCompile(`^(.*?)[\s，,、×xX*]*(?:([0-9]{1,3})\s*[份张本件]?)?$`)

// papers reads the documents of a receipt: one a line, with the number of copies after it; what is wrong names the line.
func papers(b *bad, text string) []Paper {
	var out []Paper
	for n, line := range strings.Split(strings.ReplaceAll(text, "\r", ""), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		at := "第 " + strconv.Itoa(n+1) + " 行"
		if found := supervision.Personal(line); found != "" {
			b.Add("papers", "%s里的“%s”像是证件号、电话或门牌：这里只写材料的名称", at, found)
			continue
		}
		part := paperLine.FindStringSubmatch(line)
		p := Paper{Title: part[1], Copies: 1}
		if part[2] != "" {
			p.Copies, _ = strconv.ParseInt(part[2], 10, 64) // at most three digits
		}
		switch length := len([]rune(p.Title)); {
		case length < 2 || length > 40:
			b.Add("papers", "%s的材料名称要有 2 至 40 个字，例如：身份证原件 1 份", at)
		case p.Copies < 1 || p.Copies > MaxCopies:
			b.Add("papers", "%s的份数是 %d，要在 1 至 %d 之间", at, p.Copies, MaxCopies)
		}
		out = append(out, p)
	}
	if len(out) == 0 || len(out) > MaxPapers {
		b.Add("papers", "请写收取的材料，一行一种，最多 %d 种", MaxPapers)
	}
	return out
}

// Receive receives documents for an errand against a receipt: one a line, with the number of copies. Returns Forbidden for everybody else than who does it, Invalid with the field papers.
func (s *Service) Receive(ctx context.Context, by policy.Actor, at casework.At, text string) (store.Doc[Wish], error) {
	return s.own(ctx, by, at, StepReceive, func(w *Wish, b *bad) error {
		list := papers(b, text)
		w.Receipts = append(slices.Clone(w.Receipts), Receipt{Number: registry.NewTicket(receiptLength), Papers: list, By: s.hand(by, policy.DoErrand)})
		return nil
	})
}

// receiptLength is how many signs the number of a receipt has: 40 bits.
const receiptLength = supervision.NumberLength

// GiveBack gives all documents back that are held. Returns Forbidden for everybody else than who does the errand, Invalid without words (who took them), Conflict if none are held.
func (s *Service) GiveBack(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Wish], error) {
	return s.own(ctx, by, at, StepGiveBack, func(w *Wish, b *bad) error {
		b.text("reason", "交还情况", &words, 2, supervision.MaxReason)
		w.Reason = words
		w.Receipts = slices.Clone(w.Receipts)
		for i := range w.Receipts {
			if w.Receipts[i].Open() {
				w.Receipts[i].Back = s.hand(by, policy.DoErrand)
			}
		}
		return nil
	})
}

// Inform says that the resident knows what became of his errand. Returns Forbidden for everybody else than who does it, Invalid without words (how he was told), Conflict while documents are held.
func (s *Service) Inform(ctx context.Context, by policy.Actor, at casework.At, words string) (store.Doc[Wish], error) {
	return s.own(ctx, by, at, StepTell, func(w *Wish, b *bad) error {
		b.text("reason", "告知情况", &words, 2, supervision.MaxReason)
		w.Reason = words
		w.Confirmed, w.Served = s.hand(by, policy.DoErrand), s.today()
		return nil
	})
}
