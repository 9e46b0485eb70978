// The form for proof: files go up one by one with their progress, what was typed is kept, and what was cut off is sent again under the same key.
(function () {
  "use strict";
  var form = document.querySelector("[data-proof]");
  if (!form || !window.fetch || !window.FormData || !form.querySelector("[data-send]")) { return; }
  var input = form.querySelector("#files"), list = form.querySelector("[data-files]"), uploads = form.querySelector("[data-uploads]");
  var offline = document.querySelector("[data-offline]"), saved = document.querySelector("[data-saved]");
  var row = form.querySelector("[data-row]"), max = { jpg: 20, jpeg: 20, png: 20, pdf: 30, xlsx: 30 };
  var waiting = []; // what is going up, one after the other: an answer lists all files, and an old one must not come last

  // data is what was typed, the token first, without the files.
  function data() {
    var d = new FormData();
    Array.prototype.forEach.call(form.elements, function (el) {
      if (el.name && el.type !== "file" && el.type !== "submit") { d.append(el.name, el.value); }
    });
    return d;
  }
  function show(answer) {
    while (list.firstChild) { list.removeChild(list.firstChild); }
    answer.files.forEach(function (f) {
      var li = document.importNode(row.content, true), button = li.querySelector("button"), text = li.querySelector("span");
      text.textContent = f.name + " " + f.size;
      button.value = "remove." + f.hash;
      button.setAttribute("aria-label", "移除 " + f.name);
      list.appendChild(li);
    });
    saved.textContent = "草稿，" + answer.saved + " 已保存";
  }
  function tell(text) { offline.textContent = text; offline.hidden = !text; }

  function next() { waiting.shift(); if (waiting.length > 0) { waiting[0](); } }

  // upload sends one file and tries again when the connection dies; the same bytes are kept once.
  function upload(file, line, bar, text, tries) {
    var d = data(), x = new XMLHttpRequest();
    d.append("do", "save");
    d.append("files", file, file.name);
    x.open("POST", form.action);
    x.setRequestHeader("Accept", "application/json");
    x.upload.onprogress = function (e) { if (e.lengthComputable) { bar.max = e.total; bar.value = e.loaded; } };
    x.onload = function () {
      var answer = null;
      try { answer = JSON.parse(x.responseText); } catch (e) { answer = {}; }
      tell("");
      if (x.status === 200 && !answer.refused) { uploads.removeChild(line); show(answer); next(); return; }
      line.removeChild(bar);
      line.className = "emsg";
      text.textContent = answer.refused ? answer.refused.join("；") : "“" + file.name + "”没有收下：" + (answer.detail || "请重新选择");
      if (answer.files) { show(answer); }
      next();
    };
    x.onerror = function () {
      bar.value = 0;
      tell("网络断开了。填写的内容都在，正在自动重传“" + file.name + "”。");
      window.setTimeout(function () { upload(file, line, bar, text, tries + 1); }, Math.min(1000 * Math.pow(2, tries), 30000));
    };
    x.send(d);
  }
  input.addEventListener("change", function () {
    Array.prototype.forEach.call(input.files, function (file) {
      var line = document.createElement("p"), text = document.createElement("span"), bar = document.createElement("progress");
      var most = max[file.name.split(".").pop().toLowerCase()];
      line.appendChild(text);
      uploads.appendChild(line);
      if (most && file.size > most * 1048576) {
        line.className = "emsg";
        text.textContent = "“" + file.name + "”超过 " + most + " MB，请压缩后再上传";
        return;
      }
      text.textContent = "正在上传“" + file.name + "”";
      bar.setAttribute("aria-label", "上传进度");
      line.appendChild(bar);
      waiting.push(function () { upload(file, line, bar, text, 0); });
      if (waiting.length === 1) { waiting[0](); }
    });
    input.value = "";
  });

  // What was typed is saved by itself.
  var timer = 0;
  function save() {
    var d = data();
    d.append("do", "save");
    fetch(form.action, { method: "POST", body: d, credentials: "same-origin", headers: { Accept: "application/json" } }).then(function (r) {
      return r.ok ? r.json().then(function (a) { saved.textContent = "草稿，" + a.saved + " 已保存"; tell(""); }) : null;
    }).catch(function () { tell("网络断开了，填写的内容还在这一页上；恢复后会再保存。"); timer = window.setTimeout(save, 10000); });
  }
  form.addEventListener("input", function (e) {
    if (e.target === input) { return; }
    window.clearTimeout(timer);
    timer = window.setTimeout(save, 2000);
  });

  // Sending again with the same key is one act, so that it is tried until there is an answer.
  function send(tries) {
    fetch(form.action, { method: "POST", body: data(), credentials: "same-origin", headers: { Accept: "text/html" } }).then(function (r) {
      if (r.redirected) { window.location.assign(r.url); return; }
      form.submit(); // The page with the reason; nothing was written, or it is the same act.
    }).catch(function () {
      tell("网络断开了，正在重新提交；重复提交只算一次，填写的内容都在。");
      window.setTimeout(function () { send(tries + 1); }, Math.min(1000 * Math.pow(2, tries), 30000));
    });
  }
  form.addEventListener("submit", function (e) {
    var button = e.submitter;
    if (!button || !button.hasAttribute("data-send")) { return; }
    e.preventDefault();
    e.stopPropagation();
    if (form.dataset.sending) { return; }
    if (waiting.length > 0) { tell("还有文件正在上传，传完再提交。"); return; }
    form.dataset.sending = "1";
    window.clearTimeout(timer);
    send(0);
  });
})();
