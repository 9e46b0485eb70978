// Opens a sheet again without network: keeps one page of each, with what it is made of. The cache is named after version and account; the sign-in page removes it.
"use strict";
const name = "walk" + location.search, sheet = /^\/\w+\/[^/]+\/items\//;
addEventListener("install", () => skipWaiting());
addEventListener("activate", e => e.waitUntil(caches.keys().then(all => Promise.all(all.map(n => n !== name && caches.delete(n)))).then(() => clients.claim())));
// A sheet that the server gives no more is forgotten.
const keep = async (at, answer) => {
  const cache = await caches.open(name);
  if (answer.status >= 500) { return; }
  if (!answer.ok || answer.redirected) { await cache.delete(at); return; }
  const page = await answer.clone().text();
  await cache.addAll(new Set(page.match(/\/assets\/[\w.-]+/g)));
  await cache.put(at, answer);
};
const opened = async (e, path, at) => {
  try {
    const answer = await fetch(e.request), kept = at && keep(at, answer.clone()).catch(() => {});
    if (e.request.mode === "navigate") { e.waitUntil(kept); } else { await kept; }
    return answer;
  } catch {
    const cache = await caches.open(name), page = at && await cache.match(at);
    if (page) { return page; }
    const sheets = (await cache.keys()).map(r => new URL(r.url).pathname).filter(p => sheet.test(p));
    const to = e.request.mode === "navigate" && (sheets.find(p => p.startsWith(path + "/")) || path.endsWith("/mine") && sheets.pop());
    return to ? Response.redirect(to) : Response.error();
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
