package web

import (
	"context"
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// certificateLine is one who may inspect, with the certificate and its forms.
type certificateLine struct {
	Account, Name, Titles, Number, Issuer, Days, State, Why string
	Seq                                                     int64
	Form, End                                               []field
}

// certificates lists who may inspect, with certificates.
func (s *Server) certificates(c *fiber.Ctx, by policy.Actor) error {
	return s.showCertificates(c, by, "", nil)
}

// showCertificates shows the list; account is whose form was refused.
func (s *Server) showCertificates(c *fiber.Ctx, by policy.Actor, account string, refused []fault.Field) error {
	for i := range refused {
		refused[i].Name += "-" + account
	}
	ctx, giving := c.UserContext(), policy.PlanInspection
	if s.guard.Allow(by, policy.KeepCertificate) {
		giving = policy.KeepCertificate
	}
	people, err := s.supervision.Colleagues.Colleagues(ctx, by, giving, policy.DoInspection)
	if err != nil {
		return err
	}
	today, keeps := calendar.DateOf(s.clocks.Business()), s.guard.Allow(by, policy.KeepCertificate)
	var rows []certificateLine
	for _, p := range people {
		card, seq, err := s.inspections.Certificates.Of(ctx, p.ID)
		if err != nil {
			return err
		}
		l := certificateLine{Account: p.ID, Name: p.Name, Titles: p.Titles, Number: card.Number, Issuer: card.Issuer, State: "有效", Why: card.Lacks(today), Seq: seq}
		if l.Why != "" {
			l.State = "无效"
		}
		if card.Number != "" {
			l.Days = card.From.Chinese() + "至" + card.Until.Chinese()
		}
		if keeps {
			l.Form = []field{{Name: "number", Label: "执法证号", Type: "text", Autocomplete: "off", Value: card.Number}, {Name: "issuer", Label: "发证机关", Type: "text", Value: card.Issuer}, {Name: "from", Label: "有效期自", Type: "date", Value: card.From.String()}, {Name: "until", Label: "有效期至", Type: "date", Value: card.Until.String()}}
			if card.Number != "" && card.Ended.IsZero() {
				l.End = []field{{Name: "day", Label: "收回日期", Type: "date", Value: today.String()}, {Name: "reason", Label: "理由", Type: "text"}}
			}
			for _, form := range [][]field{l.Form, l.End} {
				for i := range form {
					form[i].Name += "-" + p.ID // many forms stand on the page
					if p.ID == account && c.FormValue(form[i].Name) != "" {
						form[i].Value = c.FormValue(form[i].Name)
					}
				}
			}
			if p.ID == account {
				l.Form, l.End = withErrors(l.Form, refused), withErrors(l.End, refused)
			}
		}
		rows = append(rows, l)
	}
	p := page{Title: "执法证", Nav: inspectionsPath, Fields: refused, Said: saidParam(c, map[string]string{"entered": "已登记执法证。", "ended": "已登记收回。"}), Data: rows}
	if len(refused) > 0 {
		return s.refuse(c, by, "certificates", p)
	}
	return s.render(c, by, "certificates", p)
}

// enterCertificate enters a certificate.
func (s *Server) enterCertificate(c *fiber.Ctx, by policy.Actor) error {
	value := ofAccount(c)
	in := inspection.Certificate{Number: value("number"), Issuer: value("issuer")}
	var bad []fault.Field
	for name, day := range map[string]*calendar.Date{"from": &in.From, "until": &in.Until} {
		var err error
		if *day, err = calendar.ParseDate(value(name)); err != nil {
			bad = append(bad, fault.Field{Name: name, Message: dayFault(value(name))})
		}
	}
	return s.certified(c, by, "entered", inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		return s.inspections.Certificates.Enter(ctx, by, c.Params("account"), seqOf(c.FormValue("seq")), in)
	}))
}

// endCertificate takes a certificate back.
func (s *Server) endCertificate(c *fiber.Ctx, by policy.Actor) error {
	value := ofAccount(c)
	var bad []fault.Field
	day, err := calendar.ParseDate(value("day"))
	if err != nil {
		bad = append(bad, fault.Field{Name: "day", Message: dayFault(value("day"))})
	}
	return s.certified(c, by, "ended", inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		return s.inspections.Certificates.End(ctx, by, c.Params("account"), seqOf(c.FormValue("seq")), day, value("reason"))
	}))
}

// certified leads on after a form of a certificate.
func (s *Server) certified(c *fiber.Ctx, by policy.Actor, done string, err error) error {
	if refused := refusedForm(err); refused != nil {
		return s.showCertificates(c, by, c.Params("account"), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, certificatesPath+"?done="+done)
}

// ofAccount reads the fields of the form of one account.
func ofAccount(c *fiber.Ctx) func(name string) string {
	return func(name string) string { return c.FormValue(name + "-" + c.Params("account")) }
}
