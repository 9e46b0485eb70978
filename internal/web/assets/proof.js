// The form for proof: files go up one by one with their progress, what was typed is saved by itself, and what was cut off is sent again under the same key.
{
	const form = document.querySelector("[data-proof]"), find = what => form.querySelector("[data-" + what + "]");
	const start = () => {
		const input = byId("files"), list = find("files"), offline = document.querySelector("[data-offline]"), saved = document.querySelector("[data-saved]");
		let uploading = 0, timer, turn = Promise.resolve();
		// One thing goes up after the other: an answer lists all files, and an old one must not come last.
		const inTurn = act => { turn = turn.then(act); };
		const tell = text => { offline.textContent = text; offline.hidden = !text; };
		// data is what was typed, the token first, without the files.
		const data = (more = []) => {
			const d = new FormData();
			[...form.elements].forEach(el => {
				if (el.name && el.type !== "file" && el.type !== "submit") { d.append(el.name, el.value); }
			});
			more.forEach(([name, value]) => d.append(name, value));
			return d;
		};
		// post sends until there is an answer; the same key and the same bytes count once.
		const post = (accept, more, bar) => new Promise(done => {
			const x = new XMLHttpRequest();
			x.open("POST", form.action);
			x.setRequestHeader("Accept", accept);
			if (bar) { x.upload.onprogress = e => { bar.max = e.total; bar.value = e.loaded; }; }
			x.onload = () => { tell(""); done(x); };
			x.onerror = () => {
				tell("网络断开了，正在自动重试。填写的内容都在，重复提交只算一次。");
				setTimeout(() => post(accept, more, bar).then(done), 2000);
			};
			x.send(data(more));
		});
		// save keeps a draft and shows what it holds; it returns why a file was not taken.
		const save = async (file, bar) => {
			const x = await post("application/json", [["do", "save"], ...file ? [["files", file]] : []], bar);
			let answer = {};
			try { answer = JSON.parse(x.responseText); } catch { /* no answer of ours */ }
			if (answer.files) {
				list.replaceChildren(...answer.files.map(f => {
					const line = document.importNode(find("row").content, true), button = line.querySelector("button");
					line.querySelector("span").textContent = f.name + " " + f.size;
					button.value = "remove." + f.hash;
					button.setAttribute("aria-label", "移除 " + f.name);
					return line;
				}));
				saved.textContent = "草稿，" + answer.saved + " 已保存";
			}
			return answer.refused?.join("；") || x.status !== 200 && "没有收下：" + (answer.detail || "请重新选择");
		};
		input.addEventListener("change", () => {
			[...input.files].forEach(file => {
				const name = "“" + file.name + "”", most = /\.(pdf|xlsx)$/i.test(file.name) ? 30 : 20, text = make("span", {}, "正在上传" + name);
				const bar = make("progress", { ariaLabel: "上传进度" }), line = make("p", {}, text, bar);
				const refuse = why => { bar.remove(); line.className = "emsg"; text.textContent = why; };
				find("uploads").append(line);
				if (file.size > most << 20) { refuse(name + "超过 " + most + " MB，请压缩后再上传"); return; }
				uploading++;
				inTurn(async () => {
					const refused = await save(file, bar);
					if (refused) { refuse(refused.startsWith("“") ? refused : name + refused); } else { line.remove(); }
					uploading--;
				});
			});
			input.value = "";
		});
		form.addEventListener("input", e => {
			clearTimeout(timer);
			if (e.target !== input) { timer = setTimeout(() => inTurn(() => save()), 2000); }
		});
		form.addEventListener("submit", e => {
			if (!e.submitter?.hasAttribute("data-send")) { return; }
			e.preventDefault();
			e.stopPropagation();
			if (form.dataset.sending) { return; }
			if (uploading) { tell("还有文件正在上传，传完再提交。"); return; }
			form.dataset.sending = "1";
			clearTimeout(timer);
			inTurn(async () => {
				const x = await post("text/html");
				// Without a way on, the page with the reason: nothing was written, or it is the same act.
				if (x.responseURL !== form.action) { location.assign(x.responseURL); } else { form.submit(); }
			});
		});
	};
	if (form && find("send")) { start(); }
}
