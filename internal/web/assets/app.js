// Redsteward's own script. Every page works without it; it only makes three things easier.
(function () {
  "use strict";
  // Things that need script (print buttons) stay hidden until there is one.
  document.querySelectorAll("[data-script][hidden]").forEach(function (el) { el.hidden = false; });
  document.addEventListener("click", function (e) {
    var el = e.target.closest ? e.target.closest("[data-print]") : null;
    if (el) { e.preventDefault(); window.print(); }
  });
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
