// A file is laid out in sheets that hold no more than a page of A4 does, so that its contents name true pages in every browser.
"use strict";
addEventListener("load", () => {
	// 21 of the 22 lines of a page: a line that breaks otherwise in print still finds its place.
	const high = 21 * 29 * 4 / 3, from = new Map();
	// On a phone the sheets are not as wide as paper.
	if (document.querySelector(".sheet").offsetWidth < 790) { return; }
	const refs = document.querySelectorAll("[data-page]");
	refs.forEach(ref => { ref.textContent = "00"; });
	let page = 0;
	const foot = (sheet, pages) => {
		from.set(sheet, page + 1);
		page += pages;
		sheet.classList.toggle("over", pages > 1);
		sheet.append(make("p", { className: "foot" }, `— ${page} —`));
	};
	const lay = sheet => {
		const top = sheet.getBoundingClientRect().top + parseFloat(getComputedStyle(sheet).paddingTop);
		const end = el => el.getBoundingClientRect().bottom - top, all = [...sheet.children];
		let at = all.findIndex(el => end(el) > high);
		if (at < 0) { foot(sheet, 1); return; }
		// A signature does not stand alone on its page.
		while (at > 0 && /^(sign|imp)$/.test(all[at].className)) { at--; }
		const rest = sheet.cloneNode(false), cut = all[at], rows = cut.tagName === "TABLE" ? [...cut.tBodies[0].rows] : [];
		rest.removeAttribute("id");
		let row = rows.findIndex(r => end(r) > high);
		if (row < 0) { row = rows.length - 1; }
		let pages = 1;
		if (row > 0) {
			const table = cut.cloneNode(false), body = make("tbody", {});
			if (cut.tHead) { table.append(cut.tHead.cloneNode(true)); }
			body.append(...rows.slice(row));
			table.append(body);
			rest.append(table);
			at++;
		} else {
			// A heading goes with what it stands over.
			while (at > 0 && /^H\d$/.test(all[at - 1].tagName)) { at--; }
			// What is longer than a page takes as many as it needs.
			if (at === 0) {
				at = all.indexOf(cut) + 1;
				pages = Math.max(1, Math.ceil(end(cut) / high));
			}
		}
		rest.append(...all.slice(at));
		foot(sheet, pages);
		if (rest.children.length) {
			sheet.after(rest);
			lay(rest);
		}
	};
	document.querySelectorAll("main > .sheet").forEach(lay);
	refs.forEach(ref => { ref.textContent = from.get(byId(ref.dataset.page).closest(".sheet")); });
	document.querySelectorAll("[data-pages]").forEach(el => { el.textContent = page; });
	document.body.classList.add("laid");
});
