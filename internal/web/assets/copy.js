// A button copies the text of the field that it names; a page without HTTPS has no clipboard of its own.
"use strict";
document.addEventListener("click", e => {
	const button = e.target.closest("[data-copy]");
	if (button) {
		byId(button.dataset.copy).select();
		button.textContent = document.execCommand("copy") ? "已复制" : "已选中，请按 Ctrl+C";
	}
});
