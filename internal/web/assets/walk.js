// Sheets on a phone: an answer is kept first and sent once, by its own key, when there is a network.
{
	const part = id => byId("walk-" + id), place = part("state"), data = byId("walk"), form = part("form"), input = byId("photo"), rest = part("rest");
	const walk = data ? JSON.parse(data.textContent) : { items: [] }, items = walk.items;
	const address = k => walk.base + (items[k] ? "/items/" + items[k].id : ""), idOf = k => walk.account + address(k), worker = navigator.serviceWorker, fields = ["value", "lost", "where", "note"];
	let store, sending = 0, trouble = "", wrong = "", now = 0, shots = [], making = [];

	const promised = (ask, done) => new Promise((yes, no) => {
		ask[done] = () => yes(ask.result);
		ask.onabort = ask.onerror = no;
	});
	// One row an item: a later answer replaces one not sent yet.
	const all = async () => (await promised(store.transaction("answers").objectStore("answers").getAll(), "onsuccess")).sort((a, b) => a.at - b.at);
	const unsent = async () => (await all()).filter(r => !r.sent);
	const change = act => {
		const t = store.transaction("answers", "readwrite");
		act(t.objectStore("answers"));
		return promised(t, "oncomplete");
	};
	// One answered anew stays.
	const when = (id, key, act) => change(s => { s.get(id).onsuccess = e => { if (e.target.result?.key === key) { act(s); } }; });
	// What is wrong stays until changed.
	const say = text => { place.textContent = wrong || text || ""; place.hidden = !place.textContent; };
	const tell = async () => {
		const rows = await unsent(), bad = rows.find(r => r.refused), kept = rows.length + " 项存在本机";
		say(!rows.length ? "" : bad ? `${bad.item} 没有收下：${bad.refused}，${kept} ` : trouble ? `${trouble}，${kept}。有信号后自动上传` : "正在上传，" + kept);
		place.dataset.kept = rows.length;
		if (bad) {
			place.append(make("button", { type: "button", className: "btn s", textContent: "不要这个答案", onclick: () => change(s => s.delete(bad.id)).then(flush) }));
		}
		return rows;
	};

	const tokenIn = page => page.querySelector("input[name=_t]")?.value || "";
	const post = (row, token) => {
		const f = new FormData();
		f.append("_t", token);
		["key", ...fields].forEach(name => f.append(name, row[name]));
		row.keep.forEach(id => f.append("keep", id));
		row.photos.forEach(photo => f.append("photo", photo, "photo.jpg"));
		return fetch(row.id.slice(row.id.indexOf("/")), { method: "POST", headers: { Accept: "application/json" }, body: f });
	};
	const send = async row => {
		const answer = await post(row, tokenIn(document));
		if (answer.status !== 403) { return answer; }
		// After a new sign-in the token stands in a fresh page.
		const fresh = await (await fetch("/todo")).text();
		return post(row, tokenIn(new DOMParser().parseFromString(fresh, "text/html")));
	};
	const sendAll = async () => {
		for (;;) {
			const row = (await tell()).find(r => !r.refused);
			// What was sent goes once the kept sheet has it.
			if (!row) {
				const sent = (await all()).filter(r => r.sent);
				if (sent[0] && await keepSheet()) { for (const r of sent) { await when(r.id, r.key, s => s.delete(r.id)); } }
				return;
			}
			const answer = await send(row).catch(() => ({}));
			trouble = !answer.status ? "没有信号" : answer.status === 401 ? "登录已过期，请重新登录" : answer.status === 429 || answer.status >= 500 ? "服务器暂时不能办理" : "";
			if (trouble) { return tell(); }
			if (answer.ok) { await when(row.id, row.key, s => s.put({ ...row, sent: 1 })); continue; }
			const bad = await answer.json().catch(() => ({}));
			await when(row.id, row.key, s => s.put({ ...row, refused: bad.errors?.[0]?.message || bad.detail || "请重新回答" }));
		}
	};
	// What was saved meanwhile is sent too.
	const flush = async () => {
		if (sending++) { return; }
		try { for (let seen; seen !== sending;) { seen = sending; await sendAll(); } } finally { sending = 0; }
	};

	const choose = (box, name, list, chosen) => box.replaceChildren(...list.map(c =>
		make("label", { className: { conform: "ok", fail: "no" }[c.value] || "" }, make("input", { type: "radio", name, value: c.value, checked: c.value == chosen }), c.label)));
	const pictures = () => {
		const box = part("shots");
		if (!box) { return; }
		box.querySelectorAll(".pic").forEach(p => p.remove());
		const sources = [...items[now].photos.map(id => address(-1) + "/photos/" + id), ...shots.map(URL.createObjectURL)];
		box.prepend(...sources.map(src => make("div", { className: "pic" }, make("img", { className: "ph0", width: 120, height: 90, alt: "照片", src }))));
	};
	const count = () => {
		const n = items.filter(i => i.value).length;
		part("count").textContent = n + " / " + items.length;
		part("progress").value = n;
	};
	const show = k => {
		const i = { ...items[now = k], ...JSON.parse(localStorage[idOf(k)] || null) }, texts = { category: i.label, sentence: i.sentence, how: i.how, last: i.last, points: "本项 " + i.points + " 分",
			prev: now ? "上一项" : "返回清单", save: now + 1 < items.length ? "保存，下一项" : "保存，看清单", "photo-hint": i.photo ? "至少 1 张，要看得出位置" : "选填" };
		Object.entries(texts).forEach(([id, text]) => { const el = part(id); if (el) { el.textContent = text; } });
		document.title = i.id + " " + i.sentence + document.title.slice(document.title.lastIndexOf(" - "));
		part("last").hidden = !i.last;
		part("last").classList.toggle("warn", i.last_bad);
		part("loss").hidden = i.losses.length < 2;
		part("prev").href = address(now - 1);
		choose(part("values"), "value", i.values, i.value);
		choose(part("losses"), "lost", i.losses.map(n => n.label ? n : { value: n, label: n }), i.lost);
		form.where.value = i.where;
		form.note.value = i.note;
		shots = i.blobs || [];
		making = [];
		wrong = "";
		pictures();
		count();
		if (rest) { part("left").textContent = left().length; rest.hidden = !left().length; }
		byId("errsum")?.remove();
		scrollTo(0, 0);
	};
	const here = () => items.findIndex((_, k) => location.pathname === address(k));
	const go = k => {
		history.pushState(null, "", address(k));
		show(k);
		part("sentence").focus();
	};
	const take = (i, { value, lost, where, note, keep, photos }) => Object.assign(i, { value, lost, where, note, photos: keep, blobs: photos });
	const leave = async () => {
		const rows = await unsent();
		if (!rows.length) { location.href = address(-1); } else if (!trouble && !rows[0].refused) { setTimeout(leave, 200); }
	};
	const move = k => { if (items[k]) { go(k); } else { count(); leave(); } };
	const shrink = async file => {
		const image = await createImageBitmap(file), scale = Math.min(1, 1600 / Math.max(image.width, image.height));
		const canvas = make("canvas", { width: image.width * scale, height: image.height * scale });
		canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
		return new Promise(done => canvas.toBlob(done, "image/jpeg", 0.82));
	};
	const stop = e => { e.preventDefault(); e.stopImmediatePropagation(); };
	const rowOf = (k, answer) => ({ id: idOf(k), key: crypto.getRandomValues(new Uint32Array(4)).join("-"), at: Date.now(), item: items[k].id, lost: "", where: "", note: "", keep: [], photos: [], ...answer });
	const keep = async rows => {
		try { await change(s => rows.forEach(r => s.put(r))); } catch { wrong = "手机存储已满，没有存下"; return say(); }
		wrong = "";
		rows.forEach(r => delete localStorage[r.id]);
		delete place.dataset.kept; // not counted yet
		return true;
	};
	const left = () => items.flatMap((i, k) => i.value || i.category !== items[now].category ? [] : [k]);
	const saveRest = async e => {
		stop(e);
		const ks = left(), rows = ks.map(k => rowOf(k, { value: "conform" }));
		if (!await keep(rows)) { return; }
		ks.forEach((k, n) => take(items[k], rows[n]));
		move(items.findIndex(i => !i.value));
		flush();
	};
	const save = async e => {
		stop(e);
		const at = now, i = items[at];
		await Promise.all(making);
		if (at !== now) { return; }
		const value = form.value.value, fail = value === "fail";
		wrong = !value ? "请选择" + i.values.map(v => v.label).join("、") : fail && i.photo && !i.photos.length && !shots.length ? "至少拍 1 张看得出位置的照片" :
			fail && walk.where && !form.where.value.trim() ? "请写明位置" : "";
		if (wrong) { return say(); }
		const row = rowOf(at, value === "conform" ? { value } : { value, lost: fail && form.lost?.value || "", where: form.where.value, note: form.note.value, keep: i.photos, photos: shots });
		if (!await keep([row])) { return; }
		take(i, row);
		// A second press passes over no item.
		if (at === now) { move(at + 1); }
		flush();
	};
	const keepSheet = async () => {
		if (!worker?.controller || !items.length) { return true; }
		// Without signal an older one may be kept.
		const { ok, status } = await fetch(address(now), { redirect: "error" }).catch(() => ({}));
		// Without signal an older one may be kept.
		if (status < 500) { part("reopens").hidden = !ok; }
		return ok;
	};
	const walkItems = rows => {
		items.forEach((i, k) => rows.filter(r => r.id === idOf(k)).forEach(r => take(i, r)));
		// What is kept here is newer than the page.
		const k = here() < 0 ? Math.max(0, items.findIndex(i => !i.value)) : here();
		history.replaceState(null, "", address(now = k));
		if (!byId("errsum") && (rows.length || localStorage[idOf(k)] || !form.action.endsWith(address(k)))) { show(k); }
		form.addEventListener("submit", save, true);
		form.oninput = () => { if (wrong) { wrong = ""; tell(); } localStorage[idOf(now)] = JSON.stringify(Object.fromEntries(fields.map(n => [n, form[n]?.value]))); };
		rest?.addEventListener("submit", saveRest, true);
		part("prev").onclick = e => { if (now) { e.preventDefault(); go(now - 1); } };
		onpopstate = () => show(here());
		if (input) {
			input.onchange = () => {
				const at = now;
				making.push(...[...input.files].map(async file => {
					const small = await shrink(file).catch(() => file);
					if (at === now) { shots = [...shots, small]; pictures(); }
				}));
				input.value = "";
			};
		}
		if (!worker) { part("closes").hidden = false; return; }
		worker.oncontrollerchange = keepSheet;
		worker.register(walk.worker);
		keepSheet();
	};
	const start = async () => {
		const opening = indexedDB.open("redsteward-walk", 1);
		opening.onupgradeneeded = () => opening.result.createObjectStore("answers", { keyPath: "id" });
		store = await promised(opening, "onsuccess");
		if (items.length) { walkItems(await all()); }
		flush();
		addEventListener("online", flush);
		setInterval(flush, 15000);
	};
	if (place && window.indexedDB) { start(); }
}
