package registry

import (
	"crypto/rand"
	"strings"
)

// ticketSigns are the signs of numbers that people without an account get: none that looks like another. Each has five bits.
const ticketSigns = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// NewTicket is a number of so many signs that cannot be guessed.
func NewTicket(length int) string {
	raw := make([]byte, length)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return TicketOf(raw)
}

// TicketOf is the number of some bytes, one sign for each.
func TicketOf(raw []byte) string {
	out := make([]byte, len(raw))
	for i := range raw {
		out[i] = ticketSigns[int(raw[i])%len(ticketSigns)]
	}
	return string(out)
}

// IsTicket reports whether a text is such a number of so many signs.
func IsTicket(text string, length int) bool {
	return len(text) == length && strings.Trim(text, ticketSigns) == ""
}

// ReadTicket is such a number as people type it.
func ReadTicket(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "　", "").Replace(text))
}
