"use strict";
// What is packed into the page: rows beyond the first hundred, and the rounds of every row, drawn when it is unfolded.
const packed = (() => {
  const place = document.getElementById("packed");
  if (!place) return { ready: Promise.resolve() };
  const size = JSON.parse(place.dataset.size), told = new Map();
  const svg = document.querySelector(".axis svg").namespaceURI;
  const groups = Object.fromEntries([...document.querySelectorAll(".group")].map((group) => [group.dataset.group, group]));
  let marks = null;
  const element = (name, attributes, ...inner) => {
    const made = name.startsWith("svg:") ? document.createElementNS(svg, name.slice(4)) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };
  const pairs = (list, count) => Array.from({ length: list.length / count }, (_, at) => list.slice(at * count, (at + 1) * count));

  const forest = ([point, from, far, low, wide], label) => element(
    "svg:svg", { class: "forest", role: "img", "aria-label": label },
    element("svg:rect", { class: "threshold", x: `${low}%`, width: `${wide}%`, height: "100%" }),
    element("svg:line", { class: "zero", x1: "50%", x2: "50%", y2: "100%" }),
    ...(far ? [element("svg:rect", { class: "interval", x: `${from}%`, width: `${far}%`, y: 11, height: 4, rx: 2 })] : []),
    element("svg:circle", { cx: `${point}%`, cy: 13, r: 4.5 }),
  );
  const row = ([anchor, , , icon, name, verdict, gate, change, interval, , spans]) => element(
    "details", { class: `result later gate-${gate}`, id: anchor },
    element(
      "summary", { class: "row" },
      element("span", { class: "name" }, element("span", { "aria-hidden": "true" }, icon), " ", element("bdi", null, name)),
      spans ? forest(spans, `${change} ${interval}`) : element("span", { class: "verdict" }, verdict),
      element("span", { class: "change" }, element("b", null, change), ` ${interval}`),
    ),
  );
  const more = ([, , , , , verdict, , , , remarks, , facts]) => element(
    "div", { class: "more" },
    element("p", null, element("b", null, verdict), remarks ? `: ${remarks}` : ""),
    element("dl", null, ...pairs(facts, 2).map(([key, text]) => element("div", null, element("dt", null, key), element("dd", null, text)))),
    element("div", { class: "pictures" }),
  );

  const path = (kind, tone, parts) => element("svg:path", { class: `${kind}${tone}`, d: parts.join("") });
  const series = ([name, start, shift], rounds) => {
    const step = size.inner / Math.max(rounds, 1), dots = [], lines = [];
    for (let index = 0; index < rounds; index += 1) {
      const x = (size.left + step * (index + 0.5) + shift).toFixed(1), [at, below, above] = marks.subarray(start + 3 * index, start + 3 * index + 3);
      dots.push(`M${x} ${at}h0`);
      lines.push(`M${x} ${at + below}V${at - above}`);
    }
    return [path("lines ", name, lines), path("dots ", name, dots)];
  };
  const figure = ([title, rounds, labels, bands, zero, drawn]) => {
    const all = pairs(drawn, 3), spans = pairs(bands, 3), ticks = pairs(labels, 2), caption = element("figcaption", null, title);
    const key = (name, kind) => caption.append(" ", element("span", { class: `key${kind} ${name}` }, name));
    if (all.length > 1 || spans.length) caption.append(":");
    if (all.length > 1) all.forEach(([name]) => key(name, ""));
    else spans.forEach(([name]) => key(name, " band"));
    return element(
      "figure", null, caption,
      element(
        "svg:svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": title },
        ...spans.map(([name, start, height]) => element("svg:rect", { class: name, x: size.left, width: size.inner, y: start, height })),
        path("grid", "", ticks.map(([at]) => `M${size.left} ${at}H${size.right}`)),
        ...ticks.map(([at, label]) => element("svg:text", { class: "left", x: size.label, y: at, dy: 4 }, label)),
        ...(zero === null ? [] : [path("zero", "", [`M${size.left} ${zero}h${size.inner}`])]),
        ...all.flatMap((one) => series(one, rounds)),
        element("svg:text", { class: "left", x: size.first, y: size.foot }, "round 1"),
        element("svg:text", { class: "left", x: size.right, y: size.foot }, String(rounds)),
      ),
    );
  };
  const unfold = (details) => {
    const made = told.get(details.id);
    if (!made || !marks) return;
    told.delete(details.id);
    if (made.length > 2) details.append(more(made));
    details.querySelector(".pictures").append(...made[1].map(figure));
  };

  const SLICE = 500;
  const pause = () => new Promise((next) => setTimeout(next));
  const read = async () => {
    const text = atob(place.dataset.rows), bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const data = new Uint8Array(await new Response(stream).arrayBuffer());
    const length = new DataView(data.buffer).getUint32(0, true);
    marks = data.subarray(4 + length);
    const rows = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
    rows.forEach((one) => told.set(one[0], one));
    document.querySelectorAll(".result[open]").forEach(unfold);
    document.addEventListener("toggle", (event) => { if (event.target.matches(".result[open]")) unfold(event.target); }, true);
    const later = rows.filter((one) => one.length > 2);
    for (let from = 0; from < later.length; from += SLICE) {
      for (const one of later.slice(from, from + SLICE)) groups[one[2]].append(row(one));
      await pause();
    }
  };
  return { ready: read() };
})();
packed.ready.then(() => {
  const form = document.getElementById("filter");
  const open = () => {
    const found = location.hash && document.getElementById(location.hash.slice(1));
    if (found && found.tagName === "DETAILS") { found.open = true; found.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
  if (!form) { document.documentElement.dataset.ready = "yes"; return; }
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
  document.documentElement.dataset.ready = "yes";
});
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
