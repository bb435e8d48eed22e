"use strict";

// The filter of the overview. A live page holds one part of the benchmarks, so there the server searches.
const search = document.getElementById("search");
if (search && !search.dataset.live) {
  const input = search.querySelector("input");
  const output = search.querySelector("output");
  const rows = [...document.querySelectorAll("#benchmarks tbody tr")];
  const names = rows.map((row) => row.querySelector("th").textContent.toLowerCase());
  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !names[index].includes(wanted);
      shown += row.hidden ? 0 : 1;
    });
    output.value = wanted ? `${shown} of ${rows.length}` : "";
  };
  input.addEventListener("input", filter);
  search.addEventListener("submit", (event) => event.preventDefault());
  filter();
}

// What the address says of the view: zoom and order can be shared as a link.
const inAddress = (name) => new URLSearchParams(location.search).get(name);
const intoAddress = (changes) => {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value === null ? asked.delete(name) : asked.set(name, value);
  const query = asked.toString();
  history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
};

// Tables that sort: a button in each heading, numbers by data-value, all else as text.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const buttons = [...table.tHead.querySelectorAll("button")];
  const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim().toLowerCase();
  const sort = (column, down) => {
    const numeric = [...body.rows].every((row) => row.cells[column].dataset.value !== undefined);
    const order = (one, other) => (numeric ? Number(one) - Number(other) : one < other ? -1 : Number(one > other));
    const rows = [...body.rows].sort((one, other) => order(valueOf(one, column), valueOf(other, column)) * (down ? -1 : 1));
    body.append(...rows);
    table.tHead.querySelectorAll("th").forEach((head) => head.removeAttribute("aria-sort"));
    table.tHead.rows[0].cells[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  for (const button of buttons) {
    const head = button.closest("th");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      sort(head.cellIndex, down);
      intoAddress({ sort: (down ? "-" : "") + button.dataset.name });
    });
  }
  const asked = inAddress("sort");
  const button = asked && buttons.find((one) => one.dataset.name === asked.replace(/^-/, ""));
  if (button) sort(button.closest("th").cellIndex, asked.startsWith("-"));
}

// Two ends of a comparison: in a folder of files each pair has a page of its own.
const pairs = JSON.parse(document.getElementById("pairs")?.textContent ?? "null");
if (pairs) {
  const form = document.getElementById("ends");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [first, last] = [...form.querySelectorAll("select")].map((one) => one.value);
    const page = pairs[`${first}\0${last}`] ?? pairs[`${last}\0${first}`];
    if (page) location.href = page;
  });
}

// The charts of a benchmark.
const data = JSON.parse(document.getElementById("data")?.textContent ?? "null");
const charts = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const tones = ["link", "second", "open", "good", "faint"];

const signed = (number) => (number > 0 ? `+${number}` : String(number).replace("-", "−"));
const said = (index) => `${data.heads[index]}, ${data.days[index]}: ${data.chain_text[index]}, ${data.value_text[index]} on ${data.machines[data.machine[index]]}`;

// Stretches of the line to leave out: those whose link to the point before is none of these kinds.
const without = (...kinds) => (u, series, from, to) => {
  const left = [];
  for (let index = Math.max(1, from); index <= to; index += 1) {
    if (!kinds.includes(data.kind[index])) {
      left.push([u.valToPos(data.when[index - 1], "x", true), u.valToPos(data.when[index], "x", true)]);
    }
  }
  return left;
};

// Text that stays readable where lines and points run below it.
const written = (ctx, text, x, y) => {
  const tone = ctx.fillStyle;
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineJoin = "round";
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeStyle = colour("paper");
  ctx.strokeText(text, x, y);
  ctx.fillStyle = tone;
  ctx.fillText(text, x, y);
  ctx.restore();
};

// Steps are named at the top and releases at the bottom; a name that would cover another one moves a line further.
const marks = (u) => {
  const { ctx, bbox } = u;
  const named = (list, atTop, toneOf, dash) => {
    const ends = [], texts = [];
    for (const one of list) {
      const x = u.valToPos(one.when, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const tone = colour(toneOf(one));
      ctx.strokeStyle = tone;
      ctx.fillStyle = tone;
      ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(one.text).width + 4 * devicePixelRatio;
      const left = x + width > bbox.left + bbox.width ? x - width : x + 3 * devicePixelRatio;
      let line = ends.findIndex((end) => end <= left);
      if (line < 0) line = ends.push(0) - 1;
      ends[line] = left + width;
      const height = 13 * devicePixelRatio;
      texts.push([one.text, left, atTop ? bbox.top + line * height : bbox.top + bbox.height - line * height, tone]);
    }
    ctx.textBaseline = atTop ? "top" : "bottom";
    for (const [text, left, y, tone] of texts) {
      ctx.fillStyle = tone;
      written(ctx, text, left, y);
    }
  };
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  named(data.steps, true, (step) => step.tone || "faint", []);
  named(data.releases, false, () => "second", [3, 3]);
  ctx.restore();
};

const limit = (u) => {
  if (data.budget === null) return;
  const y = u.valToPos(data.budget, "y", true);
  const { ctx, bbox } = u;
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("bad");
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  written(ctx, data.budget_text, bbox.left + 4 * devicePixelRatio, y);
  ctx.restore();
};

const axis = (unit, sign) => ({
  stroke: colour("faint"),
  font: "12px system-ui, sans-serif",
  grid: { stroke: colour("line"), width: 1 },
  ticks: { show: false },
  size: 66,
  values: (u, splits) => splits.map((value) => (value === null ? "" : `${sign ? signed(Number(value.toPrecision(6))) : Number(value.toPrecision(6))}\u2009${unit}`)),
});

// Days as the tables name them, in UTC like everything else.
const DAY = 86400;
const days = () => ({
  stroke: colour("faint"), font: "12px system-ui, sans-serif", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false },
  values: [
    [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * DAY, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [DAY, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  ],
});
const inUTC = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

const line = (tone, gaps, dash) => ({
  stroke: colour(tone), width: 1.5, dash, gaps,
  points: { show: dash === undefined, size: 6, width: 0, fill: colour(tone), stroke: colour(tone), filter: (u, series) => [...u.data[series].keys()].filter((index) => u.data[series][index] !== null && u.data[series][index] !== undefined) },
});

const range = (u, low, high) => {
  const pad = (high - low || Math.abs(high) * 0.02 || 1) * 0.08;
  return [low - pad, high + pad];
};

const shown = (id, series, columns, unit, more) => {
  const place = document.getElementById(id);
  const chart = new uPlot(
    {
      width: place.clientWidth, height: 260, series: [{}, ...series], ...more,
      scales: { x: { min: first(), max: last() }, y: { range } },
      legend: { show: false },
      tzDate: inUTC, axes: [days(), axis(unit, id === "chain")],
      cursor: { sync: { key: "history", scales: ["x", null] }, drag: { x: true, y: false }, points: { size: 9 } },
      hooks: {
        draw: [marks, ...(id === "values" ? [limit] : [])],
        setCursor: [(u) => tell(u.cursor.idx)],
        setScale: [(u, scale) => scale === "x" && zoomed(u)],
      },
    },
    [data.when, ...columns],
    place,
  );
  chart.over.addEventListener("click", () => {
    const index = chart.cursor.idx;
    if (index !== null && data.links[index] && !dragged) location.href = data.links[index];
  });
  let start = 0;
  let dragged = false;
  chart.over.addEventListener("mousedown", (event) => { start = event.clientX; });
  chart.over.addEventListener("mouseup", (event) => { dragged = Math.abs(event.clientX - start) > 3; });
  chart.over.addEventListener("dblclick", () => zoom(null));
  charts.push(chart);
  return chart;
};

const tell = (index) => {
  const point = document.getElementById("point");
  point.textContent = index === null || index === undefined ? "" : said(index);
};

// Zooming one chart zooms the other, and the address keeps it.
let zooming = false;
const ALONE = data?.when.length === 1 ? 43200 : 0;
const first = () => data.when[0] - ALONE;
const last = () => data.when[data.when.length - 1] + ALONE;
const zoom = (view) => {
  zooming = true;
  for (const chart of charts) chart.setScale("x", view ? { min: view[0], max: view[1] } : { min: first(), max: last() });
  zooming = false;
  intoAddress(view ? { from: Math.round(view[0]), to: Math.round(view[1]) } : { from: null, to: null });
};
const zoomed = (u) => {
  const { min, max } = u.scales.x;
  if (zooming || charts.length < 2 || min === null) return;
  zoom(min <= first() && max >= last() ? null : [min, max]);
};

// From the keyboard: arrows go from run to run, Enter opens one, + and − zoom, 0 or Escape shows everything.
let at = null;
const go = (index) => {
  at = Math.max(0, Math.min(data.when.length - 1, index));
  for (const chart of charts) {
    chart.setCursor({ left: chart.valToPos(data.when[at], "x"), top: chart.over.clientHeight / 2 }, false);
  }
  tell(at);
};
const keys = {
  ArrowRight: () => go(at === null ? data.when.length - 1 : at + 1),
  ArrowLeft: () => go(at === null ? data.when.length - 1 : at - 1),
  Home: () => go(0),
  End: () => go(data.when.length - 1),
  Enter: () => { if (at !== null && data.links[at]) location.href = data.links[at]; },
  "+": () => closer(0.5),
  "-": () => closer(2),
  0: () => zoom(null),
  Escape: () => zoom(null),
};
const closer = (factor) => {
  const { min, max } = charts[0].scales.x;
  const middle = at === null ? (min + max) / 2 : data.when[at];
  const reach = ((max - min) / 2) * factor;
  const view = [Math.max(first(), middle - reach), Math.min(last(), middle + reach)];
  zoom(view[0] <= first() && view[1] >= last() ? null : view);
};

const draw = () => {
  while (charts.length) charts.pop().destroy();
  const edge = () => ({ stroke: "transparent", points: { show: false }, gaps: without("measured", "bridged") });
  shown(
    "chain",
    [line("link", without("measured")), line("link", without("bridged"), [5, 4]), edge(), edge()],
    [data.chain, data.chain, data.high, data.low],
    "%",
    { bands: [{ series: [3, 4], fill: colour("band") }] },
  );
  const machines = data.machines.map((_, number) => data.values.map((value, index) => (data.machine[index] === number ? value : null)));
  shown("values", machines.map((_, number) => ({ ...line(tones[number % tones.length]), spanGaps: true })), machines, data.unit, {});
  const view = [inAddress("from"), inAddress("to")].map(Number);
  if (view[1] > view[0]) zoom(view);
};

if (data && window.uPlot) {
  draw();
  const area = document.getElementById("charts");
  area.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("a, button, input")) return;
    event.preventDefault();
    act();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => charts.forEach((chart) => chart.setSize({ width: chart.root.parentElement.clientWidth, height: 260 }))).observe(area);
}
