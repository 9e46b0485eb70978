// Package repair keeps the repair logs (报修台账) of the compounds: what was reported to the firm, when somebody arrived, when it was done, and what households say when they are called back.
//
//  1. The firm enters its own compounds, one by one or by Excel. A repair is one by compound, month of the report and number: the same file twice is one.
//  2. The state is derived from the times, never typed. No time lies ahead, none before the one that goes before it.
//  3. A correction says why and leaves the former words in the history; what was entered by mistake is withdrawn, never deleted.
//  4. Once a month is over and the firm had its days to complete it, a share of what was done in it is drawn by a seed (Draw), for each compound and firm; how much was in time is frozen with the draw.
//  5. Who was drawn is seen before the call by those with CheckRepairs only; the firm sees it once the call was made. The draw changes no repair, so that nothing of a repair tells it.
//  6. Phones of households are personal data under a key of their compound and month: masked everywhere but for who makes the call, destroyed when their term is over.
//  7. The rating reads samples that were called to the end, never what a firm typed.
package repair
