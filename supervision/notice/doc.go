// Package notice sends notices within the system (站内通知; practice.md §6): an office writes to people inside its scope, who read and, where it is asked for, sign for it (签收); the office sees who has, and urges the others.
//
//  1. To whom a notice went is fixed when it is sent: the people who then held an office in the chosen units, in a chosen role, or who were chosen. Nobody outside the scope of the sender's right is among them.
//  2. Everybody has a copy of his own. What a notice decides for its copies (that they are there, an urging, the withdrawal) follows from its record and is completed after a stop; a second time changes nothing.
//  3. Only who got a copy reads it, and only he signs for it; once read stays read. A withdrawn notice shows its reason and no longer its text.
//  4. What goes out by other channels says that there is a notice and from which office, never what it says; the outbox tells each receiver once of a notice and once of each urging.
package notice
