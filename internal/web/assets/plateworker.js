// Opens the check of plates again without network: keeps the page, what it is made of, and the last list of withdrawn plates. The cache is named after the version.
"use strict";
const name = "plate" + location.search, page = "/plate", list = page + "/withdrawn.txt", open = () => caches.open(name);
// Kept is the page as nobody in particular sees it.
const keep = async () => {
	const cache = await open(), answer = await fetch(page, { credentials: "omit" });
	if (!answer.ok) { return; }
	for (const asset of new Set((await answer.clone().text()).match(/\/assets\/[\w.-]+/g))) { await cache.match(asset) || await cache.add(asset); }
	await cache.put(page, answer);
	await cache.add(list);
};
addEventListener("install", e => e.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", e => e.waitUntil(caches.keys().then(all => Promise.all(all.map(n => n.startsWith("plate") && n !== name && caches.delete(n)))).then(() => clients.claim())));
const first = async (e, at) => {
	try {
		const answer = await fetch(e.request);
		if (at === page) { e.waitUntil(keep().catch(() => {})); } else if (answer.ok) { await (await open()).put(at, answer.clone()); }
		return answer;
	} catch {
		return await (await open()).match(at) || Response.error();
	}
};
addEventListener("fetch", e => {
	const path = new URL(e.request.url).pathname;
	if (e.request.method !== "GET") { return; }
	if (path.startsWith("/assets/")) {
		e.respondWith(open().then(c => c.match(path, { ignoreVary: true })).then(kept => kept || fetch(e.request)));
	} else if (path === page && e.request.mode === "navigate" || path === list) {
		e.respondWith(first(e, path));
	}
});
