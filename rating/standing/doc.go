// Package standing says how published stars stand on a day, keeps the decisions that lower or remove one (降星、摘牌), and makes the plates (标牌).
//
//  1. What was published never changes. How a star stands is computed from it: from the scheme's validity, from the contracts of its firm, from newer publications and from delivered decisions; nothing is
//     stored of that.
//  2. A star is lowered or removed only by a case with a ground, a document, notice, hearing, joint decision and delivery (casework.Ruling); it counts from the day of its delivery, and not at all
//     once an appeal was upheld by somebody who took no part.
//  3. A star has one case at a time, and only while it is in force.
//  4. A plate says what a star is and is signed with the key of the installation; no person stands on it. The same star gives the same plate every time.
//  5. A plate of what does not stand any more is on the signed list of withdrawn plates, with the reason, until it would have expired.
package standing
