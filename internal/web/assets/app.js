// Redsteward's own script. Every page works without it; it only makes three things easier.
(function () {
  "use strict";
  // Things that need script (print buttons) stay hidden until there is one.
  document.querySelectorAll("[data-script][hidden]").forEach(function (el) { el.hidden = false; });
  document.addEventListener("click", function (e) {
    var el = e.target.closest ? e.target.closest("[data-print]") : null;
    if (el) { e.preventDefault(); window.print(); }
  });
  // While an evaluation runs, the page asks how far it is and shows the result when it ended. Leaving the page changes nothing.
  var running = document.querySelector("[data-progress]");
  if (running && window.fetch) {
    var bar = running.querySelector("progress"), text = running.querySelector("[data-progress-text]");
    (function ask() {
      fetch(running.dataset.progress, { credentials: "same-origin" }).then(function (r) { return r.json(); }).then(function (p) {
        if (!p.running) { window.location.reload(); return; }
        bar.max = p.total; bar.value = p.done;
        if (text.textContent !== p.text) { text.textContent = p.text; }
        window.setTimeout(ask, 700);
      }).catch(function () { window.setTimeout(ask, 5000); });
    })();
  }
  // One box that ticks all boxes of its form.
  var all = document.querySelector("[data-all] input");
  if (all) {
    all.addEventListener("change", function () {
      all.form.querySelectorAll("input[name=row]").forEach(function (box) { box.checked = all.checked; });
    });
  }
  // The error summary is read first.
  var summary = document.getElementById("errsum");
  if (summary) { summary.focus(); }
  // A form is sent once: a second press while the answer is on its way does nothing.
  document.addEventListener("submit", function (e) {
    var form = e.target;
    if (form.method !== "post") { return; }
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    window.addEventListener("pageshow", function () { delete form.dataset.sent; }, { once: true });
  });
})();
