// Opens a sheet again without network: keeps one page of each, with what it is made of. The cache is named after version and account; the sign-in page removes it.
"use strict";
const name = "walk" + location.search, sheet = /^\/\w+\/[^/]+\/items\//;
addEventListener("install", () => skipWaiting());
addEventListener("activate", e => e.waitUntil(caches.keys().then(all => Promise.all(all.map(n => n > "w" && n !== name && caches.delete(n)))).then(() => clients.claim())));
// A sheet that the server gives no more is forgotten. One that was asked for later stays.
let queue = Promise.resolve(), asked = 0, newest = 0;
const keep = (at, answer, n) => queue = queue.catch(() => {}).then(async () => {
	if (answer.status >= 500 || n < newest) { return; }
	const cache = await caches.open(name);
	if (!answer.ok) { await cache.delete(at); return; }
	for (const asset of new Set((await answer.clone().text()).match(/\/assets\/[\w.-]+/g))) { await cache.match(asset) || await cache.add(asset); }
	await cache.put(at, answer);
	newest = n;
});
const opened = async (e, path, at) => {
	const page = e.request.mode === "navigate", n = ++asked;
	try {
		const answer = await fetch(e.request), kept = at && keep(at, answer.clone(), n);
		if (page) { e.waitUntil(Promise.resolve(kept).catch(() => {})); } else { await kept; }
		return answer;
	} catch {
		// An older sheet does not say that this one is kept.
		if (!page) { return Response.error(); }
		const cache = await caches.open(name), sheets = (await cache.keys()).map(r => new URL(r.url).pathname).filter(p => sheet.test(p));
		const to = sheets.find(p => p.startsWith(path + "/")) || path.endsWith("/mine") && sheets.pop();
		return at && await cache.match(at) || (to ? Response.redirect(to) : Response.error());
	}
};
addEventListener("fetch", e => {
	const path = new URL(e.request.url).pathname, at = path.match(sheet)?.[0];
	if (e.request.method !== "GET") { return; }
	if (path.startsWith("/assets/")) {
		e.respondWith(caches.open(name).then(c => c.match(e.request, { ignoreVary: true })).then(kept => kept || fetch(e.request)));
	} else if (at || e.request.mode === "navigate") {
		e.respondWith(opened(e, path, at));
	}
});
