// Tells a plate that is genuine from one that is forged, expired or withdrawn, without asking the server. The format is that of rating/standing/plate.go.
"use strict";
{
	const main = byId("plate"), data = main.dataset, worker = navigator.serviceWorker, utf8 = new TextEncoder();
	// There is one way only to write the same bytes.
	const bytes = text => {
		const plain = text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, ""), said = atob(plain);
		if (btoa(said).replace(/=+$/, "") !== plain) { throw new Error(text); }
		return Uint8Array.from(said, c => c.charCodeAt(0));
	};
	const day = iso => iso.replace(/^(\d+)-0?(\d+)-0?(\d+).*/, "$1年$2月$3日");
	const dated = ms => new Date(ms + 8 * 36e5).toISOString().slice(0, 10);
	// A key of the log: its name, a hash, and after the mark of the algorithm the key itself.
	const [, whole, id, hash, secret] = data.key.match(/^(.*\/(.*?))\+(.*?)\+(.*)$/) || [];
	const signed = async (text, raw) => {
		const ed = await import(data.ed25519), head = [...raw.slice(0, 4)].map(b => b.toString(16).padStart(2, "0")).join("");
		return raw.length === 68 && head === hash && ed.verifyAsync(raw.slice(4), utf8.encode(text), bytes(secret).slice(1), { zip215: false }).catch(() => false);
	};
	const read = payload => {
		try {
			const [said, raw, more] = payload.split("."), text = new TextDecoder("utf-8", { fatal: true }).decode(bytes(said)), line = text.split("\n");
			if (more !== undefined || line.length !== 9 || line[8] || line[0] !== "ed25519" || !/^\d$/.test(line[5]) || !/^(-|\d{4}-\d\d-\d\d)$/.test(line[7]) || bytes(raw).length !== 68) { return null; }
			return { text, raw: bytes(raw), key: line[1], number: line[2], name: line[3], firm: line[4], level: line[5], period: line[6], until: line[7] };
		} catch { return null; }
	};
	// The last list that could be had, if it is signed.
	const listed = async () => {
		const answer = await fetch(data.list).catch(() => null), all = answer?.ok ? await answer.text() : "", [text, line] = all.split("\n\n");
		if (!line?.startsWith(`— ${whole} `) || !await signed(text + "\n", bytes(line.trim().split(" ").pop()))) { return null; }
		const rows = text.split("\n");
		return { at: rows[1], gone: new Map(rows.slice(2).map(r => [r.split(" ")[0], r.split(" ").slice(1)])) };
	};
	const judge = async plate => {
		if (!plate) { return ["broken"]; }
		if (plate.key !== id) { return ["foreign"]; }
		if (!await signed("redsteward plate 1\n" + plate.text, plate.raw)) { return ["forged"]; }
		const list = await listed(), gone = list?.gone.get(plate.number);
		// A clock that was set back does not make a plate valid again.
		const today = [dated(Date.now()), data.today, list ? dated(Date.parse(list.at)) : ""].sort().pop();
		return [gone ? "withdrawn" : plate.until !== "-" && plate.until < today ? "expired" : "genuine", list, gone];
	};
	const show = async payload => {
		const plate = read(payload), [verdict, list, gone] = await judge(plate), says = plate ? { ...plate, level: ("一二三四五"[plate.level - 1] || plate.level) + "星", period: plate.period + "年度", until: plate.until === "-" ? "" : day(plate.until), code: payload.slice(-8, -4) + " " + payload.slice(-4),
			why: gone ? `自${day(gone[0])}起，${gone.slice(1).join(" ")}` : "" } : {};
		main.querySelectorAll("[data-verdict]").forEach(el => { el.hidden = el.dataset.verdict !== verdict; });
		main.querySelectorAll("[data-says]").forEach(el => {
			el.textContent = says[el.dataset.says] || "";
			el.hidden = el.previousElementSibling.hidden = !el.textContent;
		});
		byId("plate-says").hidden = !plate;
		const note = byId("plate-list");
		note.textContent = !["genuine", "expired", "withdrawn"].includes(verdict) ? "" : (list ? `按${new Date(list.at).toLocaleString("zh-CN", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Shanghai" })}的收回名单核对。` : "手机里没有收回名单，不知道是否已经收回。") + "请看小区名称和星级是不是与标牌上写的一样。";
		note.hidden = !note.textContent;
		byId("plate-result").hidden = false;
		data.judged = verdict;
	};
	const begin = () => {
		const payload = location.hash.slice(1) || !data.answered && new URLSearchParams(location.search).get("p")?.trim().replace(/^.*[#=]/, "");
		if (payload) { show(payload).catch(() => { byId("plate-unable").hidden = false; }); }
	};
	addEventListener("hashchange", begin);
	begin();
	if (worker && data.key) {
		worker.register(data.worker, { scope: "/plate" }).then(() => worker.ready).then(() => { byId("plate-kept").hidden = false; });
	}
}
