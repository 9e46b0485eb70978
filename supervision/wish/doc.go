// Package wish follows what residents order of a community: small wishes (微心愿: 群众点单、社区派单、单位(党员)接单、公开晒单、群众评单) and errands of its station (代办). Both are one machine with two rows of one table.
//
//  1. One table says which step is possible in which state and which right it asks for; whatever is not in it is a Conflict and writes nothing.
//  2. A wish is taken by exactly one unit, team or firm; of two at once one wins. Who takes it acts for it by the unit of his appointment.
//  3. Who asked is seen only with ReadAsker, and by who does an errand while he does it; whoever serves a wish never learns it. Name, phone and door are destroyed when their term after the end has passed.
//  4. Words for the public are reviewed by somebody else than who wrote them, hold nothing personal and can be taken down.
//  5. Who served a wish does not confirm it, and who confirmed it does not enter its rating. No list ranks persons.
//  6. Documents that were handed over for an errand are receipted one by one; nobody gives the errand up, hands it on or ends it before they are given back.
//  7. Points belong to units, teams and firms, never to persons, and are off until wishes.yaml turns them on: one entry of a service that was confirmed and rated, never changed, reversed once at most, so that no balance falls below zero.
//  8. Who reported as a party member is seen by the community and by the unit that registered him; everybody else is told counts.
//  9. A clock is a deadline of deadlines.yaml; past the loaded calendar it is unresolved, and what is unresolved is never late. More time is asked for before the deadline, once.
//  10. A row outside the actor's scope does not exist for him; a unit or firm sees what waits for anybody in its scope and what is its own.
package wish
