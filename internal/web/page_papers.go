package web

import (
	"cmp"
	"context"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// pagePaper is a paper of something that has a page of its own beside the frame of cases.
type pagePaper struct {
	// link is its name in addresses, of at most 16 characters, title what it is called. code names it for the register of what goes out (see casework.SeriesRow), from which it has its number; "" for one that bears none or its own.
	link, title, code string
	// fill puts it into words; without a date it bears that of its line in the register, else today's.
	fill func(ctx context.Context) (printView, error)
}

// always is a paper whose words need nothing more to be read.
func always(v printView) func(context.Context) (printView, error) {
	return func(context.Context) (printView, error) { return v, nil }
}

// printLine is a paper on the page of what has it.
type printLine struct {
	Title, Path string
	// Number and Sent are what the register of what goes out says of it, Letter its line there; Take is where it gets one. Empty for who may not see or do that.
	Number, Sent, Letter, Take string
}

// paperLines are the papers of what lies at an address, "<home>/<id>", with what the register says of them.
func (s *Server) paperLines(ctx context.Context, by policy.Actor, home, id string, papers []pagePaper) ([]printLine, error) {
	out := make([]printLine, 0, len(papers))
	target := letterKind(home) + "/" + id
	scope, err := s.guard.Scope(ctx, by, policy.ReadSent)
	if err != nil && !fault.Is(err, fault.Forbidden) {
		return nil, err
	}
	reads := err == nil && scope.All() && s.letters != nil
	for _, p := range papers {
		line := printLine{Title: p.title, Path: home + "/" + id + "/print/" + p.link}
		if p.code != "" && reads {
			doc, known, err := s.letters.PaperOf(ctx, target, p.code)
			if err != nil {
				return nil, err
			}
			if l := &doc.State; known {
				line.Number, line.Letter, line.Sent = l.Number, lettersPath+"/"+doc.ID, l.State()
				if to, way, day, _ := letterSent(l); day != "" {
					line.Sent = joinWords(day, way, to)
				}
			} else if s.guard.Allow(by, policy.RecordSent) {
				line.Take = lettersPath + "/new?" + url.Values{"case": {target}, "for": {p.code}, "title": {p.title}}.Encode()
			}
		}
		out = append(out, line)
	}
	return out, nil
}

// printPaper is one of these papers for printing; NotFound for one that is not among them. A number that the register has for it stands on it.
func (s *Server) printPaper(c *fiber.Ctx, by policy.Actor, home, id string, papers []pagePaper) error {
	for _, p := range papers {
		if p.link != c.Params("paper") {
			continue
		}
		v, err := p.fill(c.UserContext())
		if err != nil {
			return err
		}
		day := s.clockOf(c.UserContext()).today
		if p.code != "" && s.letters != nil {
			doc, known, err := s.letters.PaperOf(c.UserContext(), letterKind(home)+"/"+id, p.code)
			if err != nil {
				return err
			}
			if known {
				v.Number, day = cmp.Or(v.Number, doc.State.Number), doc.State.Day
			}
		}
		v.Date = cmp.Or(v.Date, day.Chinese())
		v.Back, v.Kind, v.Title = cmp.Or(v.Back, home+"/"+id), p.title, cmp.Or(v.Title, p.title)
		return s.render(c, by, "fund_print", page{Title: p.title, Script: true, Data: v, Paper: cmp.Or(v.Paper, p.title)})
	}
	return fault.New("web.printPaper", fault.NotFound, "现在没有这份文书")
}

// boundPapers are the addresses of these papers, for a file (一案一档).
func boundPapers(home, id string, papers []pagePaper) (out []crumb) {
	for _, p := range papers {
		out = append(out, crumb{p.title, home + "/" + id + "/print/" + p.link})
	}
	return out
}
