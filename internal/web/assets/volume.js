// What is decided here stands at volumeScript in volume.go.
"use strict";
addEventListener("load", () => {
	const high = 21 * 29 * 4 / 3, from = new Map(), refs = document.querySelectorAll("[data-page]");
	let page = 0;
	const foot = (sheet, pages) => {
		from.set(sheet, page + 1);
		page += pages;
		sheet.classList.toggle("over", pages > 1);
		sheet.append(make("p", { className: "pageno" }, `— ${page} —`));
	};
	const lay = sheet => {
		const top = sheet.getBoundingClientRect().top + parseFloat(getComputedStyle(sheet).paddingTop);
		const end = el => el.getBoundingClientRect().bottom - top, all = [...sheet.children];
		let at = all.findIndex(el => end(el) > high), pages = 1;
		if (at < 0) { foot(sheet, 1); return; }
		while (at > 0 && /^(sign|imp)$/.test(all[at].className)) { at--; }
		const rest = sheet.cloneNode(false), cut = all[at], rows = cut.tagName === "TABLE" ? [...cut.tBodies[0].rows] : [];
		rest.removeAttribute("id");
		let row = rows.findIndex(r => end(r) > high);
		if (row < 0) { row = rows.length - 1; }
		if (row > 0) {
			rest.append(cut.cloneNode(true));
			rest.querySelector("tbody").replaceChildren(...rows.slice(row));
			at++;
		} else {
			while (at > 0 && /^H\d$/.test(all[at - 1].tagName)) { at--; }
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
	if (document.querySelector(".sheet").offsetWidth < 790) { return; }
	refs.forEach(ref => { ref.textContent = "00"; });
	document.querySelectorAll("main > .sheet").forEach(lay);
	refs.forEach(ref => { ref.textContent = from.get(byId(ref.dataset.page).closest(".sheet")); });
	document.querySelector("[data-pages]").textContent = page;
	document.body.classList.add("laid");
});
