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

// The charts of a benchmark.
const data = JSON.parse(document.getElementById("data")?.textContent ?? "null");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const layout = (unit, shapes, notes) => ({
  margin: { l: 62, r: 40, t: 8, b: 34 },
  paper_bgcolor: colour("paper"),
  plot_bgcolor: colour("paper"),
  font: { color: colour("faint"), family: "system-ui, sans-serif", size: 12 },
  hovermode: "closest",
  dragmode: "zoom",
  showlegend: false,
  xaxis: { type: "date", nticks: innerWidth < 600 ? 4 : 12, tickangle: 0, gridcolor: colour("line"), linecolor: colour("line"), zeroline: false },
  yaxis: { gridcolor: colour("line"), zeroline: false, ticksuffix: unit, automargin: true },
  shapes,
  annotations: notes,
});

const upright = (when, tone, dash) => ({
  type: "line", x0: when, x1: when, yref: "paper", y0: 0, y1: 1, line: { color: colour(tone), width: 1, dash },
});

// Steps are named at the top and releases at the bottom, so that the two never cover each other.
const label = (when, text, tone, top) => ({
  x: when, yref: "paper", y: top ? 1 : 0, text, showarrow: false, xanchor: "left", yanchor: top ? "top" : "bottom",
  font: { color: colour(tone), size: 11 },
});

const marks = () => [
  data.steps.map((step) => upright(step.when, step.tone, "solid")).concat(data.releases.map((one) => upright(one.when, "second", "dot"))),
  data.steps.map((step) => label(step.when, step.text, step.tone, true)).concat(data.releases.map((one) => label(one.when, one.text, "second", false))),
];

// What is said of a point: its commit and day first.
const said = (texts, after) => texts.map((text, index) => `${data.heads[index]}, ${data.when[index].slice(0, 10)}: ${text}${after(index)}`);

const points = (y, text, name, tone, lines) => ({
  x: data.when, y, text, name, customdata: data.links, mode: lines ? "lines+markers" : "markers", hovertemplate: "%{text}<extra></extra>",
  line: { color: colour(tone), width: 1.5 }, marker: { color: colour(tone), size: 6 }, connectgaps: false,
});

const tones = ["link", "second", "open", "good", "faint"];

const draw = () => {
  const [shapes, notes] = marks();
  const options = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" };
  const budget = data.budget === null ? [] : [{
    type: "line", xref: "paper", x0: 0, x1: 1, y0: data.budget, y1: data.budget, line: { color: colour("bad"), width: 1, dash: "dash" },
  }];
  const named = data.budget === null ? [] : [{
    xref: "paper", x: 0, xanchor: "left", y: data.budget, yanchor: "top", text: data.budget_text, showarrow: false, font: { color: colour("bad"), size: 11 },
  }];
  Plotly.react("chain", [points(data.chain, said(data.chain_text, () => ""), "", "link", true)], layout("\u2009%", shapes, notes), options);
  const values = said(data.value_text, (index) => ` on ${data.machines[data.machine[index]]}`);
  const machines = data.machines.map((name, number) =>
    points(data.values.map((value, index) => (data.machine[index] === number ? value : null)), values, name, tones[number % tones.length], true));
  Plotly.react("values", machines, layout(`\u2009${data.unit}`, shapes.concat(budget), notes.concat(named)), options);
};

// Zooming one chart zooms the other.
const follow = (from, to) => {
  document.getElementById(from).on("plotly_relayout", (change) => {
    const start = change["xaxis.range[0]"];
    const other = document.getElementById(to);
    if (start !== undefined && other.layout.xaxis.range?.[0] !== start) {
      Plotly.relayout(to, { "xaxis.range": [start, change["xaxis.range[1]"]] });
    } else if (change["xaxis.autorange"] && !other.layout.xaxis.autorange) {
      Plotly.relayout(to, { "xaxis.autorange": true, "yaxis.autorange": true });
    }
  });
};

const open = (chart) => document.getElementById(chart).on("plotly_click", (event) => {
  const link = event.points[0].customdata;
  if (link) location.href = link;
});

if (data && window.Plotly) {
  draw();
  follow("chain", "values");
  follow("values", "chain");
  open("chain");
  open("values");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
