package supervision

import (
	"crypto/hmac"
	"encoding/hex"
	"regexp"

	"redsteward/internal/store"
	"redsteward/registry"
)

// Ticket is how somebody without an account finds again what he said. It says nothing of a person.
type Ticket struct {
	// Number is what he was given, Secret a keyed hash of the code beside it.
	Number string `json:"number" privacy:"internal"`
	Secret string `json:"secret" privacy:"internal"`
}

const (
	// NumberLength is how many signs a number has: 40 bits.
	NumberLength = 8
	// CodeLength is how many signs a code has: 30 bits.
	CodeLength = 6
)

// Tickets gives and knows the tickets of one kind of things.
type Tickets struct {
	// DB holds the key of the hashes, Of names the kind.
	DB *store.DB
	Of string
}

// Draw gives number and code of one form, so that sending it again gives the same; without a form they are new.
func (t Tickets) Draw(idem *store.Idem) (number, code string) {
	form := registry.NewTicket(2 * NumberLength)
	if idem != nil {
		form = idem.Key
	}
	raw, _ := hex.DecodeString(t.DB.MAC(t.Of+"/told", form)) // a MAC is hexadecimal
	return registry.TicketOf(raw[:NumberLength]), registry.TicketOf(raw[NumberLength : NumberLength+CodeLength])
}

// Ticket is what is stored of a number and a code.
func (t Tickets) Ticket(number, code string) *Ticket {
	return &Ticket{Number: number, Secret: t.DB.MAC(t.Of+"/code", number+"/"+code)}
}

// ID is the id of the document of a number, as people type it.
func (t Tickets) ID(number string) string {
	return t.DB.MAC(t.Of+"/number", registry.ReadTicket(number))[:32]
}

// Opens reports whether a stored ticket, nil for none, is that of a number and a code as people type them.
func (t Tickets) Opens(stored *Ticket, number, code string) bool {
	return stored != nil && hmac.Equal([]byte(stored.Secret), []byte(t.Ticket(registry.ReadTicket(number), registry.ReadTicket(code)).Secret))
}

// personal is what no text that others read may hold: phones and identity numbers, and doors.
var personal = regexp.MustCompile(`\d{7,}[\dXx]?|\d{3,4}\s*(?:室|号房|户)`)

// Personal is what in a text looks like a phone, an identity number or a door, "" for nothing.
func Personal(text string) string { return personal.FindString(text) }
