// Draws the boards: fetches the options of each chart and hands them to echarts, on canvas. The table below a chart holds the same numbers.
{
	const style = getComputedStyle(document.documentElement);
	// Colours come as names of CSS variables.
	const colours = x => {
		if (typeof x === "string") { return x.startsWith("--") ? style.getPropertyValue(x).trim() : x; }
		if (x && typeof x === "object") { Object.keys(x).forEach(k => { x[k] = colours(x[k]); }); }
		return x;
	};
	// What holds a chart is hidden until it is drawn.
	const show = (el, on) => { (el.closest("[data-holds]") || el).hidden = !on; };
	const drawn = [];
	const fit = width => drawn.forEach(chart => {
		chart.resize(width ? { width } : { width: "auto" });
		chart.getZr().flush();
	});
	addEventListener("resize", () => fit());
	// A sheet of paper is narrower than a screen: 174 mm.
	addEventListener("beforeprint", () => fit(640));
	addEventListener("afterprint", () => fit());
	document.querySelectorAll("[data-chart]").forEach(async el => {
		try {
			const answer = await fetch(el.dataset.chart);
			if (!answer.ok) { return; }
			const options = colours(await answer.json());
			show(el, true);
			const chart = echarts.init(el, null, { renderer: "canvas" });
			chart.setOption(options);
			drawn.push(chart);
			el.dataset.drawn = "1";
		} catch { show(el, false); }
	});
}
