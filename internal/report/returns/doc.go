// Package returns makes the statistical returns of a bureau (报表台): which figures go to whom, how each is counted, and what was reported.
//
//  1. A return is data (returns.yaml): its cells name measures, and a measure is declared once, with its words, its unit and how it is counted (口径).
//  2. A number is the sum of a list. Both come from the same rows, and the list is kept with the number.
//  3. What was signed is frozen: the figures and lists of a reported version are kept under the digest of their content and never change. A correction is
//     another version with its reason; what differs is told cell by cell.
//  4. What no register holds is a cell of its own that is filled in by hand, shown with who typed it, never grouped and never part of a rate; each change of it stays readable.
//  5. Who compiles, who checks and who signs are three persons; who typed a number neither checks nor signs.
//  6. There is one document for each return, term and scope, so that a draft that is made twice is one draft.
package returns
