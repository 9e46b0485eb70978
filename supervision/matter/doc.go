// Package matter follows what people find and report (网格发现、乡镇派单、部门受理、定期反馈): reported, dispatched to a department, accepted by a named person, answered, verified by its source, closed.
//
//  1. One table says which move is possible in which state; whatever is not in it is a Conflict and writes nothing.
//  2. Departments, kinds, who reports and how long an answer may take are data (matters.yaml, deadlines.yaml).
//  3. A department may refuse a matter once, with its reason; after the second dispatch it cannot be passed on.
//  4. A clock is a deadline of deadlines.yaml in working days; past the loaded calendar it is unresolved, and what is unresolved is never late. More time is asked for before the deadline, once.
//  5. Who works on a matter does not verify it, and neither does who reported it.
//  6. Who reported is seen only with the right ReadReporter and by the reporter; Service takes it out of everything else before it leaves this package: by whom, from which source, and the names of files.
//  7. A matter that is merged into another keeps its reporter and counts as weight of the other; nothing of it is copied. Same places and kinds are suggested, a person merges.
//  8. A department sees what was dispatched to it, a firm what is about its compounds once it was dispatched.
//  9. An order of another platform (12345, 综治) is one matter by platform and number; its deadline and its result win. What is told without an account keeps nothing of a person.
//  10. Reminders are proposed from the clock and confirmed by a person: 催办 once the deadline is over, 督办 some days after that; each once for a deadline.
package matter
