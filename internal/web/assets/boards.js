// Draws the boards: fetches the options of each chart and hands them to echarts, on canvas. The table below a chart holds the same numbers.
(function () {
  "use strict";
  if (!window.echarts || !window.fetch) { return; }
  var style = getComputedStyle(document.documentElement);
  // Colours come as names of CSS variables.
  function colours(x) {
    if (typeof x === "string") { return x.indexOf("--") === 0 ? style.getPropertyValue(x).trim() : x; }
    if (x && typeof x === "object") { Object.keys(x).forEach(function (k) { x[k] = colours(x[k]); }); }
    return x;
  }
  document.querySelectorAll("[data-chart]").forEach(function (el) {
    fetch(el.dataset.chart, { credentials: "same-origin" }).then(function (r) {
      if (!r.ok) { throw new Error(String(r.status)); }
      return r.json();
    }).then(function (options) {
      el.hidden = false;
      var chart = window.echarts.init(el, null, { renderer: "canvas" });
      chart.setOption(colours(options));
      // echarts describes itself in the label; the name that the page gave says where the numbers are.
      window.addEventListener("resize", function () { chart.resize(); });
      el.dataset.drawn = "1";
    }).catch(function () { el.hidden = true; });
  });
})();
