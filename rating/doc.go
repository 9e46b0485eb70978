// Package rating turns a scheme and frozen facts into points, and points into grades. README.md explains the scheme format.
//
//  1. Evaluate is pure: the same scheme, cohort, subject and history give the same result, to the byte of its canonical form, on every machine.
//  2. Numbers are exact until the scheme says where to round; floating point occurs in perturbation only.
//  3. Every point has a line that names its rule, its facts and their sources. No result and no fact holds the name of a person.
//  4. A scheme is refused with all its problems, each with line and column, or accepted as a whole; the same holds for a table.
//  5. What is missing and what does not apply is treated by a declared rule, never silently as zero.
//  6. A stored result never changes. It names the engine that made it; changed semantics get a new engine number and the old one stays computable.
//  7. Indicator ids and gather rules are opaque to supervision; rating pulls facts and is never called by it.
package rating
