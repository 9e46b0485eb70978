// Every page works without this. What stands outside the blocks serves other scripts.
"use strict";
const byId = id => document.getElementById(id);
// make builds an element from properties and content.
function make(tag, properties, ...inside) {
	const el = Object.assign(document.createElement(tag), properties);
	el.append(...inside);
	return el;
}
{
	// What needs script is hidden until there is one.
	document.querySelectorAll("[data-script]").forEach(el => { el.hidden = false; });
	document.addEventListener("click", e => {
		if (e.target.closest("[data-print]")) { e.preventDefault(); print(); }
	});
	// While work runs, the page asks how far it is.
	const running = document.querySelector("[data-progress]");
	const ask = async () => {
		let wait = 700;
		try {
			const p = await (await fetch(running.dataset.progress)).json(), bar = running.querySelector("progress"), text = running.querySelector("[data-progress-text]");
			if (!p.running) { location.reload(); return; }
			bar.max = p.total;
			bar.value = p.done;
			if (text.textContent !== p.text) { text.textContent = p.text; }
		} catch { wait = 5000; }
		setTimeout(ask, wait);
	};
	if (running) { ask(); }
	// One box ticks all of its form.
	const all = document.querySelector("[data-all] input");
	all?.addEventListener("change", () => all.form.querySelectorAll("input[name=row]").forEach(box => { box.checked = all.checked; }));
	// Errors are read first.
	byId("errsum")?.focus();
	// A form is sent once.
	document.addEventListener("submit", e => {
		const form = e.target;
		if (form.method !== "post") { return; }
		if (form.dataset.sent) { e.preventDefault(); return; }
		form.dataset.sent = "1";
		addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
	});
	// Whoever signs in or out leaves no sheet behind. Plates stay.
	if (window.caches && document.querySelector("form[action='/signin']")) {
		caches.keys().then(all => all.forEach(name => name > "w" && caches.delete(name)));
		navigator.serviceWorker.getRegistrations().then(all => all.forEach(worker => worker.scope.endsWith("e") || worker.unregister()));
	}
}
