// The queue of proof by keyboard. Choosing never submits; keys rest while a field has the focus, and can be switched off.
(function () {
  "use strict";
  var queue = document.querySelector("[data-queue]");
  if (!queue) { return; }
  var form = queue.querySelector("form"), figures = queue.querySelectorAll("[data-file]"), links = queue.querySelectorAll("[data-show]");
  var stock = form.querySelector("#stock"), reason = form.querySelector("#reason"), help = document.querySelector("[data-help]"), keys = document.querySelector("[data-keys]");
  var at = 0;
  function show(n) {
    at = n;
    figures.forEach(function (f, i) { f.hidden = i !== n; });
    links.forEach(function (a, i) { if (i === n) { a.setAttribute("aria-current", "true"); } else { a.removeAttribute("aria-current"); } });
  }
  if (figures.length > 0) { show(0); }
  links.forEach(function (a, i) { a.addEventListener("click", function (e) { e.preventDefault(); show(i); }); });
  stock.addEventListener("change", function () { if (stock.value) { reason.value = stock.value; stock.value = ""; reason.focus(); } });
  try { keys.checked = window.localStorage.getItem("keys") !== "off"; } catch (e) { keys.checked = true; }
  keys.addEventListener("change", function () {
    try { window.localStorage.setItem("keys", keys.checked ? "on" : "off"); } catch (e) { /* this page only */ }
  });
  function choose(key) {
    var radio = form.querySelector("[data-key=" + key + "]");
    radio.checked = true;
    if (key !== "A") { stock.focus(); } else { radio.focus(); }
  }
  document.addEventListener("keydown", function (e) {
    if (!keys.checked || e.isComposing || e.altKey || e.metaKey) { return; }
    if (e.ctrlKey) {
      if (e.key === "Enter") { e.preventDefault(); form.requestSubmit ? form.requestSubmit() : form.submit(); }
      return;
    }
    var el = e.target, typing = el.tagName === "TEXTAREA" || el.tagName === "SELECT" || el.tagName === "INPUT" && el.type !== "radio" && el.type !== "checkbox";
    if (typing || help && help.open) { return; }
    var key = e.key.length === 1 ? e.key.toUpperCase() : e.key;
    if (key === "J" && queue.dataset.next) { window.location.assign(queue.dataset.next); }
    else if (key === "K" && queue.dataset.prev) { window.location.assign(queue.dataset.prev); }
    else if (key === "A" || key === "R" || key === "N") { e.preventDefault(); choose(key); }
    else if (key === " " && figures.length > 1 && el.tagName !== "BUTTON" && el.tagName !== "A") { e.preventDefault(); show((at + 1) % figures.length); }
    else if (key === "?" && help && help.showModal) { e.preventDefault(); help.showModal(); }
  });
})();
