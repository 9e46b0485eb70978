// The queue of proof by keyboard. Choosing never submits; keys rest while a field has the focus, and can be switched off.
{
	const queue = document.querySelector("[data-queue]");
	const start = () => {
		const form = queue.querySelector("form"), files = queue.querySelectorAll("[data-file]"), links = queue.querySelectorAll("[data-show]");
		const stock = byId("stock"), reason = byId("reason"), help = document.querySelector("[data-help]"), keys = document.querySelector("[data-keys]");
		let at = 0;
		const show = n => {
			at = n;
			files.forEach((file, i) => { file.hidden = i !== n; });
			links.forEach((link, i) => { link.ariaCurrent = i === n ? "true" : null; });
		};
		show(0);
		links.forEach((link, i) => link.addEventListener("click", e => { e.preventDefault(); show(i); }));
		stock.addEventListener("change", () => {
			if (stock.value) { reason.value = stock.value; stock.value = ""; reason.focus(); }
		});
		keys.checked = localStorage.getItem("keys") !== "off";
		keys.addEventListener("change", () => localStorage.setItem("keys", keys.checked ? "on" : "off"));
		const choose = key => {
			const radio = form.querySelector("[data-key=" + key + "]");
			radio.checked = true;
			(key === "A" ? radio : stock).focus();
		};
		const acts = {
			J: () => { if (queue.dataset.next) { location.assign(queue.dataset.next); } },
			K: () => { if (queue.dataset.prev) { location.assign(queue.dataset.prev); } },
			A: choose, R: choose, N: choose,
			" ": () => { if (files.length > 1) { show((at + 1) % files.length); } },
			"?": () => help.showModal(),
		};
		document.addEventListener("keydown", e => {
			if (!keys.checked || e.isComposing || e.altKey || e.metaKey || help.open) { return; }
			if (e.ctrlKey && e.key === "Enter") { e.preventDefault(); form.requestSubmit(); }
			const key = e.key.length === 1 ? e.key.toUpperCase() : "", busy = "textarea,select,input:not([type=radio]):not([type=checkbox])" + (key === " " ? ",button,a,input" : "");
			if (e.ctrlKey || !acts[key] || e.target.matches(busy)) { return; }
			e.preventDefault();
			acts[key](key);
		});
	};
	if (queue) { start(); }
}
