// Package collection hands tasks out and collects what comes back (下发、收表、催报；practice.md §6): a notice with a form goes to chosen firms, communities or townships, who sign for it, fill it in, and are reminded; what they sent is merged and
// archived.
//
//  1. A task and the answer of each addressee are documents of their own. What a task decides for its addressees (that they have it, a reminder, another version, the end) follows from its record and is completed after a stop; a second time changes nothing.
//  2. A column that was published never changes: another one takes its place. Answers keep their cells, and who answered before is asked only for what is new.
//  3. Only who is addressed signs and fills in, only who sent it returns, lifts, reminds and closes; one change after the other, and a refused call writes nothing.
//  4. Others see of an answer the rows about compounds in their scope; names and phones are whole only for who asked and who answered, and are destroyed when their term after the end has passed.
//  5. What is filled in beforehand is stored only with the answer. An answer is complete or not there: nothing of a sheet is taken in while one of its cells is wrong.
//  6. A row about a hazard becomes one matter at most: the matter's id derives from the row.
//  7. A task of a plan is handed out once for each of its periods: its id derives from both.
package collection
