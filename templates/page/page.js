"use strict";
(() => {
  const form = document.getElementById("filter");
  const open = () => {
    const found = location.hash && document.getElementById(location.hash.slice(1));
    if (found && found.tagName === "DETAILS") { found.open = true; found.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
  if (!form) return;
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const groups = [...document.querySelectorAll(".group")].map((group) => ({
    group,
    box: form.querySelector(`input[value="${group.dataset.group}"]`),
    rows: [...group.querySelectorAll(".result")].map((row) => [row, row.querySelector("bdi").textContent.toLowerCase()]),
  }));
  const all = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { group, box, rows } of groups) {
      let here = 0;
      for (const [row, name] of rows) {
        row.hidden = !wanted.every((word) => name.includes(word));
        here += row.hidden ? 0 : 1;
      }
      group.hidden = !box.checked || here === 0;
      count += group.hidden ? 0 : here;
    }
    shown.textContent = count === all ? "" : `${count} of ${all}`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
(() => {
  const ROW = 20, CHARACTER = 6.7;
  const flame = (figure) => {
    const svg = figure.querySelector("svg"), told = figure.querySelector("output");
    const [toBase, toHead, out] = figure.querySelectorAll("button"), words = figure.querySelector("input");
    const whole = Number(figure.dataset.whole);
    const boxes = [...svg.querySelectorAll(".box")].map((element) => ({
      element, rect: element.querySelector("rect"), text: element.querySelector("text"), name: element.dataset.name,
      parent: Number(element.dataset.parent), base: Number(element.dataset.base), head: Number(element.dataset.head),
      inner: [], depth: 0,
    }));
    boxes.forEach((box, place) => {
      box.place = place;
      if (box.parent >= 0) { boxes[box.parent].inner.push(place); box.depth = boxes[box.parent].depth + 1; }
    });
    let side = boxes[0].base > boxes[0].head ? "base" : "head", top = 0, at = 0;
    const above = (place) => { const path = []; for (let one = place; one >= 0; one = boxes[one].parent) path.unshift(one); return path; };
    const draw = () => {
      const width = Math.max(280, svg.clientWidth), path = above(top);
      const scale = top ? width / Math.max(boxes[top][side], 1e-30) : width / whole;
      let deepest = 0;
      boxes.forEach((box) => { box.shown = false; });
      const put = (place, x, wide) => {
        const box = boxes[place];
        box.shown = wide >= 0.5;
        if (!box.shown) return;
        box.x = x; box.wide = wide;
        deepest = Math.max(deepest, box.depth);
        const room = Math.floor((wide - 6) / CHARACTER), y = box.depth * ROW;
        box.rect.setAttribute("x", x); box.rect.setAttribute("y", y); box.rect.setAttribute("width", wide);
        box.text.setAttribute("x", x + 3); box.text.setAttribute("y", y + 14);
        box.text.textContent = room >= box.name.length ? box.name : room > 3 ? box.name.slice(0, room - 1) + "…" : "";
      };
      const below = (place) => {
        let x = boxes[place].x;
        for (const one of boxes[place].inner) {
          const wide = boxes[one][side] * scale;
          put(one, x, wide);
          if (boxes[one].shown) below(one);
          x += wide;
        }
      };
      path.forEach((place) => put(place, 0, place === top && !top ? boxes[0][side] * scale : width));
      below(top);
      boxes.forEach((box) => { box.element.toggleAttribute("hidden", !box.shown); });
      svg.setAttribute("viewBox", `0 0 ${width} ${(deepest + 1) * ROW}`);
      toBase.setAttribute("aria-pressed", side === "base"); toHead.setAttribute("aria-pressed", side === "head");
      out.disabled = top === 0;
    };
    const go = (place, focus = true) => {
      boxes[at].element.setAttribute("tabindex", -1);
      at = place;
      boxes[at].element.setAttribute("tabindex", 0);
      if (focus) boxes[at].element.focus();
      told.textContent = boxes[at].element.getAttribute("aria-label");
    };
    const zoom = (place) => { top = place; draw(); go(place); };
    const find = () => {
      const wanted = words.value.trim().toLowerCase();
      boxes.forEach((box) => {
        const here = wanted && box.name.toLowerCase().includes(wanted);
        box.element.classList.toggle("found", Boolean(here)); box.element.classList.toggle("lost", Boolean(wanted && !here));
      });
      const found = boxes.filter((box) => box.element.classList.contains("found"));
      const hidden = found.filter((box) => !box.shown).length;
      told.textContent = wanted ? `${found.length} found${hidden ? `, ${hidden} of them not in sight here` : ""}` : "";
    };
    svg.addEventListener("click", (event) => {
      const element = event.target.closest(".box");
      if (element) zoom(boxes.findIndex((box) => box.element === element));
    });
    svg.addEventListener("focusin", (event) => {
      const place = boxes.findIndex((box) => box.element === event.target);
      if (place >= 0 && place !== at) go(place, false);
      else if (place >= 0) told.textContent = boxes[at].element.getAttribute("aria-label");
    });
    svg.addEventListener("keydown", (event) => {
      const box = boxes[at], row = box.parent < 0 ? [0] : boxes[box.parent].inner.filter((one) => boxes[one].shown);
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      let next = at;
      if (step) next = row[row.indexOf(at) + step] ?? at;
      else if (event.key === "ArrowDown") next = box.inner.find((one) => boxes[one].shown) ?? at;
      else if (event.key === "ArrowUp") next = Math.max(box.parent, 0);
      else if (event.key === "Enter" || event.key === " ") { zoom(at); event.preventDefault(); return; }
      else if (event.key === "Escape") { zoom(Math.max(boxes[top].parent, 0)); event.preventDefault(); return; }
      else return;
      event.preventDefault();
      go(next);
    });
    toBase.addEventListener("click", () => { side = "base"; draw(); });
    toHead.addEventListener("click", () => { side = "head"; draw(); });
    out.addEventListener("click", () => zoom(0));
    words.addEventListener("input", find);
    addEventListener("resize", draw);
    figure.querySelector(".tools").hidden = false;
    figure.querySelector(".keys").hidden = false;
    draw();
    return draw;
  };
  for (const row of document.querySelectorAll(".result")) {
    const figure = row.querySelector(".flame");
    if (!figure) continue;
    let draw = null;
    const first = () => { if (row.open) { if (draw) draw(); else draw = flame(figure); } };
    row.addEventListener("toggle", first);
    first();
  }
})();
