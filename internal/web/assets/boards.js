// Draws the boards: fetches the options of each chart and hands them to echarts, on canvas. The table below a chart holds the same numbers.
{
	const style = getComputedStyle(document.documentElement);
	// Colours come as names of CSS variables.
	const colours = x => {
		if (typeof x === "string") { return x.startsWith("--") ? style.getPropertyValue(x).trim() : x; }
		if (x && typeof x === "object") { Object.keys(x).forEach(k => { x[k] = colours(x[k]); }); }
		return x;
	};
	document.querySelectorAll("[data-chart]").forEach(async el => {
		try {
			const answer = await fetch(el.dataset.chart);
			if (!answer.ok) { return; }
			const options = colours(await answer.json());
			el.hidden = false;
			const chart = echarts.init(el, null, { renderer: "canvas" });
			chart.setOption(options);
			addEventListener("resize", () => chart.resize());
			el.dataset.drawn = "1";
		} catch { el.hidden = true; }
	});
}
