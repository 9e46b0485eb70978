package standing

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
)

// Plate is what a plate (标牌) says. No person stands on it.
type Plate struct {
	// Number names it: the year, the place of the star among those of its year, and which plate of the star it is from the second on, such as 2025-0031 or 2025-0031-2.
	Number string
	// Name is that of the compound, Firm that of its firm, Level how many stars.
	Name, Firm string
	Level      int64
	// Period is the year that was rated, Until the last day of the validity, zero without end.
	Period string
	Until  calendar.Date
	// Key is the id of the key that signed it.
	Key string
}

// The format of a plate, version 1: the lines of Plate.text without the first one in base64url, a dot, and hash of the key and signature in base64url. The signature is that of a note over the text (journal.SignText). The page's
// script reads it too (internal/web/assets/plate.js): change both.
const (
	plateHead      = "redsteward plate 1\n"
	plateAlgorithm = "ed25519"
	withdrawnHead  = "redsteward plates withdrawn 1\n"
	plateLines     = 8
	// signatureBytes are four of the key's hash and the signature.
	signatureBytes = 4 + 64
	// MaxPlate bounds what is read, in characters.
	MaxPlate = 2000
)

// plateEncoding knows one way only to write the same bytes.
var plateEncoding = base64.RawURLEncoding.Strict()

// keyID is the short name of a public key of the log.
func keyID(verifier string) string {
	name, _, _ := strings.Cut(verifier, "+")
	return name[strings.LastIndex(name, "/")+1:]
}

// text is what is signed.
func (p *Plate) text() string {
	until := "-"
	if !p.Until.IsZero() {
		until = p.Until.String()
	}
	return plateHead + strings.Join([]string{plateAlgorithm, p.Key, p.Number, oneLine(p.Name), oneLine(p.Firm), strconv.FormatInt(p.Level, 10), p.Period, until}, "\n") + "\n"
}

// oneLine is a text as it may stand in a note: one line without control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
}

// encode is the plate with the line of its signature as it stands in an address.
func (p *Plate) encode(signature string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(signature[strings.LastIndex(signature, " ")+1:])
	if err != nil || len(raw) != signatureBytes {
		return "", fault.New("standing.Plate", fault.Internal, "标牌的签名不合格式")
	}
	return plateEncoding.EncodeToString([]byte(strings.TrimPrefix(p.text(), plateHead))) + "." + plateEncoding.EncodeToString(raw), nil
}

// parsePlate reads what stands in an address. Returns Invalid for what is cut off or has another form.
func parsePlate(payload string) (p Plate, signature string, err error) {
	broken := func(err error) (Plate, string, error) {
		return Plate{}, "", fault.Wrap("standing.Plate", fault.Invalid, "二维码的内容不完整，或者不是标牌", err)
	}
	if len(payload) > MaxPlate || strings.ContainsAny(payload, "\r\n") {
		return broken(nil)
	}
	said, signed, _ := strings.Cut(payload, ".")
	text, err := plateEncoding.DecodeString(said)
	if err != nil {
		return broken(err)
	}
	raw, err := plateEncoding.DecodeString(signed)
	if err != nil {
		return broken(err)
	}
	line := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(raw) != signatureBytes || len(line) != plateLines || line[0] != plateAlgorithm {
		return broken(nil)
	}
	p = Plate{Key: line[1], Number: line[2], Name: line[3], Firm: line[4], Period: line[6]}
	if p.Level, err = strconv.ParseInt(line[5], 10, 8); err != nil {
		return broken(err)
	}
	if line[7] != "-" {
		if p.Until, err = calendar.ParseDate(line[7]); err != nil {
			return broken(err)
		}
	}
	if p.text() != plateHead+string(text) {
		return broken(nil)
	}
	return p, base64.StdEncoding.EncodeToString(raw), nil
}

// Issued is one plate of a star, with how it stands.
type Issued struct {
	Plate
	// Star is whose it is; of the star itself it says how that stands.
	Star Held
	// Withdrawn: it is not the plate of a star that stands; Since says since when, Why why. One that only expired is not withdrawn: it says so itself.
	Withdrawn bool
	Since     calendar.Date
	Why       string
}

// plates are the plates that a star ever had: of the star as it was published, and one for each delivered decision that lowered it.
func (h *Held) plates(year *Year) []Issued {
	one := func(n int, level int64) Issued {
		number := fmt.Sprintf("%s-%04d", year.Period, h.Serial)
		if n > 0 {
			number += "-" + strconv.Itoa(n+1)
		}
		return Issued{Plate: Plate{Number: number, Name: h.Name, Firm: h.FirmName, Level: level, Period: year.Period, Until: h.Until}, Star: *h}
	}
	out := []Issued{one(0, h.Published)}
	now := 0
	for _, d := range h.decided {
		if d.To == "" {
			continue
		}
		before := &out[now]
		next := one(len(out), year.Level(d.To))
		if d.State == Revoked {
			next.Withdrawn, next.Since, next.Why = true, d.Answer.Day, "降星决定已撤销，恢复原来的星级"
		} else {
			before.Withdrawn, before.Since, before.Why = true, d.From, Demoted.Title()+"："+d.GroundTitle
			now = len(out)
		}
		out = append(out, next)
	}
	if h.Status.Stands() {
		return out
	}
	for i := range out {
		if p := &out[i]; !p.Withdrawn && h.Status != Expired {
			p.Withdrawn, p.Since, p.Why = true, h.Since, h.Status.Title()+"："+h.Why
		}
	}
	return out
}

// lookEvery is how long it may take until a plate is told as withdrawn.
const lookEvery = 15 * time.Second

// issued are all plates of all published years as they stand today.
func (s *Service) issued(ctx context.Context) ([]Issued, error) {
	now := s.Now()
	s.mu.Lock()
	if past := now.Sub(s.looked); past >= 0 && past < lookEvery && calendar.DateOf(s.looked) == calendar.DateOf(now) {
		defer s.mu.Unlock()
		return s.listed, nil
	}
	s.mu.Unlock()
	years, err := s.Cycle.Published(ctx, cycle.RhythmYear)
	if err != nil {
		return nil, err
	}
	var key string
	if key, err = s.DB.LogKey(ctx); err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	var out []Issued
	for i := range years {
		year, all, err := s.All(ctx, &years[i], calendar.DateOf(now))
		if err != nil {
			return nil, err
		}
		for k := range all {
			out = append(out, all[k].plates(year)...)
		}
	}
	for i := range out {
		out[i].Key = keyID(key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed, s.looked = out, now
	return out, nil
}

// Payload is a plate as it stands in an address, signed. It is the same every time.
func (s *Service) Payload(ctx context.Context, p *Plate) (string, error) {
	if p.Key == "" { // nothing was signed yet: the first signature makes the key
		if _, err := s.DB.SignText(ctx, p.text()); err != nil {
			return "", err
		}
		key, err := s.DB.LogKey(ctx)
		if err != nil {
			return "", err
		}
		p.Key = keyID(key)
	}
	line, err := s.DB.SignText(ctx, p.text())
	if err != nil {
		return "", err
	}
	return p.encode(line)
}

// PayloadOf is the payload of the plate with a number, "" if there never was one. Anybody may have it: it hangs at a gate.
func (s *Service) PayloadOf(ctx context.Context, number string) (string, error) {
	all, err := s.issued(ctx)
	if err != nil {
		return "", err
	}
	for i := range all {
		if all[i].Number == number {
			p := all[i].Plate
			return s.Payload(ctx, &p)
		}
	}
	return "", nil
}

// PlateFilter narrows a list of plates; what is "" does not narrow.
type PlateFilter struct {
	// Text is looked for in the names and the number, Number is one number, Project an id.
	Text, Number, Project string
	// Status is how the star stands; withdrawn plates of stars that stand are left out unless All is set.
	Status Status
	All    bool
}

// Plates are the plates within the actor's scope, of the newest year first. Returns Forbidden without ReadPlate.
func (s *Service) Plates(ctx context.Context, by policy.Actor, w PlateFilter) ([]Issued, error) {
	scope, err := s.Scope(ctx, by, policy.ReadPlate)
	if err != nil {
		return nil, err
	}
	all, err := s.issued(ctx)
	if err != nil {
		return nil, err
	}
	today := s.Today()
	return slices.DeleteFunc(slices.Clone(all), func(p Issued) bool {
		passes := (w.Number == "" || w.Number == p.Number) && (w.Project == "" || w.Project == p.Star.Project) && (w.Status == "" || w.Status == p.Star.Status) && (w.All || !p.Withdrawn || !p.Star.Status.Stands()) &&
			(w.Text == "" || registry.Finds(p.Name, w.Text) || registry.Finds(p.Firm, w.Text) || strings.Contains(p.Number, strings.TrimSpace(w.Text)))
		return !passes || !scope.Covers(p.Star.Keys, today)
	}), nil
}

// Verdict is what a check of a plate says.
type Verdict string

// The verdicts.
const (
	// Genuine: signed here, valid, not withdrawn.
	Genuine Verdict = "genuine"
	// Over: signed here, but its validity is over.
	Over Verdict = "expired"
	// Gone: signed here, but withdrawn.
	Gone Verdict = "withdrawn"
	// Forged: it names this key, but the signature is not that of what it says.
	Forged Verdict = "forged"
	// Foreign: signed with the key of another installation, or of none.
	Foreign Verdict = "foreign"
	// Broken: cut off, or no plate at all.
	Broken Verdict = "broken"
)

// Checked is what a check of a plate found; of what is broken nothing is known, of what is forged or foreign Plate is what it claims.
type Checked struct {
	Verdict Verdict
	Plate   Plate
	// Since and Why are those of what was withdrawn.
	Since calendar.Date
	Why   string
}

// Check says what a plate is worth, whoever asks.
func (s *Service) Check(ctx context.Context, payload string) (Checked, error) {
	p, signature, err := parsePlate(payload)
	if err != nil {
		return Checked{Verdict: Broken}, nil
	}
	key, err := s.DB.LogKey(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Checked{}, err
	}
	if p.Key != keyID(key) {
		return Checked{Verdict: Foreign, Plate: p}, nil
	}
	name, _, _ := strings.Cut(key, "+")
	if journal.CheckText(key, p.text(), "— "+name+" "+signature) != nil {
		return Checked{Verdict: Forged, Plate: p}, nil
	}
	all, err := s.issued(ctx)
	if err != nil {
		return Checked{}, err
	}
	for i := range all {
		if all[i].Withdrawn && all[i].Number == p.Number {
			return Checked{Verdict: Gone, Plate: p, Since: all[i].Since, Why: all[i].Why}, nil
		}
	}
	if !p.Until.IsZero() && s.Today().Compare(p.Until) > 0 {
		return Checked{Verdict: Over, Plate: p}, nil
	}
	return Checked{Verdict: Genuine, Plate: p}, nil
}

// Withdrawn is the signed list of the plates that were withdrawn and would not have expired by themselves: a note whose text has the moment in its second line, then one line a plate with number, first day and reason,
// with blanks between. Anybody may have it.
func (s *Service) Withdrawn(ctx context.Context) (string, error) {
	all, err := s.issued(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(withdrawnHead + journal.At(s.Now()).String() + "\n")
	today := s.Today()
	for i := range all {
		if p := &all[i]; p.Withdrawn && (p.Until.IsZero() || today.Compare(p.Until) <= 0) {
			fmt.Fprintf(&b, "%s %s %s\n", p.Number, p.Since, oneLine(p.Why))
		}
	}
	line, err := s.DB.SignText(ctx, b.String())
	return b.String() + "\n" + line + "\n", err
}

// Key is the public key that signs plates, "" before anything was signed.
func (s *Service) Key(ctx context.Context) (string, error) {
	key, err := s.DB.LogKey(ctx)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return key, err
}
