// Visit sheets on a phone: an answer is kept on the phone first and sent once, by its own key, when there is a network. Online, pages work without this.
(function () {
	"use strict";
	var $ = function (id) { return document.getElementById(id); };
	var place = $("walk-state"), data = $("walk"), form = $("walk-form"), store, sending, trouble = "", shots = [];
	if (!place || !window.indexedDB) { return; }

	// One row for each item of a visit: a later answer takes the place of one that was not sent yet.
	function all(then) {
		var ask = store.transaction("answers").objectStore("answers").getAll();
		ask.onsuccess = function () { then(ask.result.sort(function (a, b) { return a.at - b.at; })); };
	}
	function change(f, then, failed) {
		var t = store.transaction("answers", "readwrite");
		f(t.objectStore("answers"));
		t.oncomplete = then;
		t.onabort = failed || null;
	}
	function say(text) {
		place.hidden = !text;
		place.textContent = text;
	}
	function tell(rows) {
		var bad = rows.filter(function (r) { return r.refused; })[0], kept = rows.length + " 项存在本机";
		say(!rows.length ? "" : bad ? bad.item + " 没有收下：" + bad.refused + "，" + kept + " " : trouble ? trouble + "，" + kept + "。有信号后自动上传" : "正在上传，" + kept);
		place.dataset.kept = rows.length;
		if (bad) {
			var drop = document.createElement("button");
			drop.type = "button";
			drop.className = "btn s";
			drop.textContent = "不要这个答案";
			drop.onclick = function () { change(function (s) { s.delete(bad.id); }, flush); };
			place.append(drop);
		}
	}

	function post(row, token, again) {
		var f = new FormData();
		f.append("_t", token);
		["key", "value", "lost", "where", "note"].forEach(function (n) { f.append(n, row[n]); });
		row.keep.forEach(function (id) { f.append("keep", id); });
		row.photos.forEach(function (b) { f.append("photo", b, "photo.jpg"); });
		return fetch("/visits/" + row.visit + "/items/" + row.item, { method: "POST", headers: { Accept: "application/json" }, body: f }).then(function (r) {
			// After a new sign-in the token stands in a fresh page.
			return r.status !== 403 || !again ? r : fetch("/visits/mine").then(function (p) { return p.text(); }).then(function (html) {
				return post(row, tokenIn(new DOMParser().parseFromString(html, "text/html")), false);
			});
		});
	}
	function tokenIn(page) { return (page.querySelector("input[name=_t]") || {}).value || ""; }
	function flush() {
		if (sending || !store) { return; }
		all(function (rows) {
			var row = rows.filter(function (r) { return !r.refused; })[0];
			tell(rows);
			if (!row || sending) { return; }
			sending = true;
			post(row, tokenIn(document), true).then(function (r) {
				if (r.ok) { trouble = ""; finish(row, function (s) { s.delete(row.id); }); return; }
				if (r.status === 401 || r.status === 429 || r.status >= 500) { later(r.status === 401 ? "登录已过期，请重新登录" : "服务器暂时不能办理"); return; }
				return r.json().then(function (p) {
					finish(row, function (s, now) { now.refused = p.errors ? p.errors[0].message : p.detail; s.put(now); });
				});
			}).catch(function () { later("没有信号"); });
		});
	}
	function later(why) { trouble = why; sending = false; all(tell); }
	// A row that was answered anew while the old answer was on its way stays.
	function finish(row, f) {
		change(function (s) {
			var ask = s.get(row.id);
			ask.onsuccess = function () { if (ask.result && ask.result.key === row.key) { f(s, ask.result); } };
		}, function () { sending = false; flush(); });
	}

	var walk = data && form ? JSON.parse(data.textContent) : { items: [] }, items = walk.items, now = 0, input = $("photo");
	function address(k) { return "/visits/" + walk.visit + (items[k] ? "/items/" + items[k].id : ""); }
	function find() { items.forEach(function (i, k) { if (location.pathname === address(k)) { now = k; } }); }
	function choose(box, name, list, chosen) {
		box.replaceChildren();
		list.forEach(function (c) {
			var l = document.createElement("label"), r = document.createElement("input");
			l.className = { conform: "ok", fail: "no" }[c.value] || "";
			r.type = "radio"; r.name = name; r.value = c.value; r.checked = c.value === chosen;
			l.append(r, c.label);
			box.append(l);
		});
	}
	function pictures() {
		if (!input) { return; }
		var box = $("walk-shots");
		box.querySelectorAll(".pic").forEach(function (p) { p.remove(); });
		items[now].photos.map(function (id) { return address(-1) + "/photos/" + id; }).concat(shots.map(URL.createObjectURL)).forEach(function (source) {
			var p = document.createElement("div"), image = new Image(120, 90);
			p.className = "pic"; image.className = "ph0"; image.alt = "照片"; image.src = source;
			p.append(image);
			box.insertBefore(p, box.lastElementChild);
		});
	}
	function count() {
		var n = items.filter(function (i) { return i.value; }).length;
		$("walk-count").textContent = n + " / " + items.length;
		$("walk-progress").value = n;
	}
	function show() {
		var i = items[now];
		document.title = i.id + " " + i.sentence + document.title.slice(document.title.lastIndexOf(" - "));
		[["category", i.category + " · " + i.id], ["sentence", i.sentence], ["how", i.how], ["last", i.last], ["points", "本项 " + i.points + " 分"],
			["prev", now ? "上一项" : "返回清单"], ["save", now + 1 < items.length ? "保存，下一项" : "保存，看清单"]].forEach(function (t) { $("walk-" + t[0]).textContent = t[1]; });
		$("walk-last").hidden = !i.last;
		$("walk-last").classList.toggle("warn", i.last_bad);
		choose($("walk-values"), "value", i.values, i.value);
		$("walk-loss").hidden = i.losses.length < 2;
		choose($("walk-losses"), "lost", i.losses.map(function (n) { return { value: n, label: n }; }), +i.lost);
		form.where.value = i.where;
		form.note.value = i.note;
		shots = i.blobs || [];
		pictures();
		if (input) { $("walk-photo-hint").textContent = i.photo ? "至少 1 张，要看得出位置" : "选填"; }
		$("walk-prev").href = address(now - 1);
		if ($("errsum")) { $("errsum").remove(); }
		count();
		window.scrollTo(0, 0);
	}
	function go(k) {
		now = k;
		history.pushState(null, "", address(now));
		show();
		$("walk-sentence").focus();
	}
	// After the last item the list is shown once everything has been sent: without network it could not be loaded.
	function leave() {
		all(function (rows) {
			if (!rows.length) { location.href = address(-1); } else if (!trouble && !rows[0].refused) { setTimeout(leave, 200); }
		});
	}
	// Pictures are made small enough for a weak signal.
	function shrink(file, then) {
		createImageBitmap(file).then(function (image) {
			var scale = Math.min(1, 1600 / Math.max(image.width, image.height)), canvas = document.createElement("canvas");
			canvas.width = image.width * scale;
			canvas.height = image.height * scale;
			canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
			canvas.toBlob(then, "image/jpeg", 0.82);
		}).catch(function () { then(file); });
	}
	if (input) {
		input.onchange = function () {
			var at = now;
			Array.from(input.files).forEach(function (file) {
				shrink(file, function (b) { if (at === now) { shots = shots.concat(b); pictures(); } });
			});
			input.value = "";
		};
	}
	if (items.length) {
		find();
		form.addEventListener("submit", function (e) {
			if (!store) { return; }
			e.preventDefault();
			e.stopImmediatePropagation();
			var i = items[now], value = new FormData(form).get("value"), fail = value === "fail", ok = value === "conform";
			var wrong = !value ? "请选择" + i.values.map(function (v) { return v.label; }).join("、") : fail && i.photo && !i.photos.length && !shots.length ? "不符合的，至少拍 1 张看得出位置的照片" : "";
			if (wrong) { say(wrong); window.scrollTo(0, 0); return; }
			var row = { id: walk.account + address(now), key: Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-"), at: Date.now(), visit: walk.visit, item: i.id, value: value,
				lost: fail && new FormData(form).get("lost") || "", where: ok ? "" : form.where.value, note: ok ? "" : form.note.value, keep: ok ? [] : i.photos, photos: ok ? [] : shots };
			change(function (s) { s.put(row); }, function () {
				take(i, row);
				delete place.dataset.kept; // until it is counted again
				if (now + 1 < items.length) { go(now + 1); } else { count(); leave(); }
				flush();
			}, function () { say("手机存储已满，这一项没有存下。请删掉一些照片再保存"); });
		}, true);
		$("walk-prev").onclick = function (e) {
			if (now && store) { e.preventDefault(); go(now - 1); }
		};
		window.onpopstate = function () { find(); show(); };
	}
	function take(i, row) { i.value = row.value; i.lost = row.lost; i.where = row.where; i.note = row.note; i.photos = row.keep; i.blobs = row.photos; }

	var ask = indexedDB.open("redsteward-walk", 1);
	ask.onupgradeneeded = function () { ask.result.createObjectStore("answers", { keyPath: "id" }); };
	ask.onsuccess = function () {
		store = ask.result;
		all(function (rows) {
			// What is kept here is newer than what the server had when the page was made.
			items.forEach(function (i, k) {
				rows.forEach(function (r) { if (r.id === walk.account + address(k)) { take(i, r); } });
			});
			if (items.length && rows.length && !$("errsum")) { show(); }
			flush();
		});
	};
	window.addEventListener("online", flush);
	setInterval(flush, 15000);
})();
