// Up and down go from one hit of a search to the next; above the first one is the box.
"use strict";
{
	const hits = [...document.querySelectorAll("[data-hit]")];
	addEventListener("keydown", e => {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key], at = hits.indexOf(document.activeElement);
		if (!hits.length || !step || at < 0 && step < 0) { return; }
		e.preventDefault();
		(hits[Math.min(at + step, hits.length - 1)] || document.getElementById("q")).focus();
	});
}
