"use strict";

// Several benchmarks in one chart. What is drawn, and the zoom, stand in the address: ?b=PAGE,PAGE&from=…&to=…
const together = (() => {
  const MOST = 8;
  const COLOURS = ["link", "second", "open", "good", "bad", "faint", "ink", "teal"];
  const stops = window.perfbotStops, names = new Map(window.perfbotNames), ways = new Map();
  const list = document.getElementById("drawn"), form = document.getElementById("add");
  const input = form.querySelector("input"), said = form.querySelector("output"), status = document.getElementById("point");
  let drawn = (inAddress("b") ?? "").split(",").filter((page) => names.has(page)).slice(0, MOST);
  let chart = null, at = null;

  document.getElementById("names").append(...[...names.values()].map((name) => Object.assign(document.createElement("option"), { value: name })));
  const pages = new Map([...names].map(([page, name]) => [name, page]));

  // Each benchmark's levels are a script of its own, so that a folder of files needs no server.
  const load = (page) => new Promise((done) => {
    if (ways.has(page)) { done(); return; }
    const script = document.createElement("script");
    script.src = `benchmarks/${page}.js`;
    script.onload = () => { ways.set(page, window.perfbotWays[page]); done(); };
    script.onerror = () => { drawn = drawn.filter((one) => one !== page); done(); };
    document.head.append(script);
  });

  const column = (page, from) => {
    const { places, logs } = ways.get(page), found = new Array(stops.when.length).fill(null);
    const start = Math.max(0, places.findLastIndex((place) => stops.when[place] <= from));
    places.forEach((place, index) => { found[place] = 100 * (Math.exp(logs[index] - logs[start]) - 1); });
    return found;
  };

  const view = () => {
    const given = [inAddress("from"), inAddress("to")].map(Number);
    return given[1] > given[0] ? given : [stops.when[0], stops.when[stops.when.length - 1]];
  };

  const releases = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("second");
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    for (const one of stops.releases) {
      const x = u.valToPos(one.when, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      written(ctx, one.text, x + 3 * devicePixelRatio, bbox.top + bbox.height);
    }
    ctx.restore();
  };

  const tell = (index) => {
    if (index === null || index === undefined) { status.textContent = ""; return; }
    const parts = drawn.map((page, number) => [names.get(page), chart.data[number + 1][index]]);
    const measured = parts.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${signed(Number(value.toPrecision(3)))} %`);
    status.textContent = `${stops.heads[index]}, ${stops.days[index]}: ${measured.join("; ") || "not measured"}`;
  };

  const zoomTo = (range) => {
    intoAddress(range ? { from: Math.round(range[0]), to: Math.round(range[1]) } : { from: null, to: null });
    redraw();
  };

  const redraw = () => {
    if (chart) chart.destroy();
    chart = null;
    const place = document.getElementById("chain"), [from, to] = view();
    if (!drawn.length) return;
    chart = new uPlot(
      {
        width: place.clientWidth, height: 360, legend: { show: false },
        scales: { x: { min: from, max: to }, y: { range } },
        series: [{}, ...drawn.map((_, number) => ({ ...line(COLOURS[number]), spanGaps: true, dash: number > 3 ? [6, 3] : undefined }))],
        tzDate: inUTC, axes: [days(), axis("%", true)],
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 9 } },
        hooks: {
          draw: [releases], setCursor: [(u) => tell(u.cursor.idx)],
          setSelect: [(u) => { if (u.select.width > 4) zoomTo([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]); }],
        },
      },
      [stops.when, ...drawn.map((page) => column(page, from))],
      place,
    );
    chart.setScale("x", { min: from, max: to });
    chart.over.addEventListener("dblclick", () => zoomTo(null));
  };

  const show = async () => {
    await Promise.all(drawn.map(load));
    drawn = drawn.filter((page) => ways.has(page));
    intoAddress({ b: drawn.join(",") || null });
    list.replaceChildren(...drawn.map((page, number) => {
      const item = document.createElement("li"), link = document.createElement("a"), away = document.createElement("button");
      const key = document.createElement("span");
      key.className = `key tone-${COLOURS[number]}`;
      link.href = `benchmarks/${page}.html`;
      link.textContent = names.get(page);
      away.textContent = "×";
      away.setAttribute("aria-label", `Remove ${names.get(page)}`);
      away.addEventListener("click", () => { drawn = drawn.filter((one) => one !== page); show(); });
      item.append(key, link, away);
      return item;
    }));
    redraw();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = input.value.trim().toLowerCase();
    const exact = pages.get(input.value.trim());
    const page = exact ?? [...names].find(([, name]) => wanted && name.toLowerCase().includes(wanted))?.[0];
    said.value = !page ? "No benchmark is called so." : drawn.length >= MOST ? `At most ${MOST} at once.` : "";
    if (said.value || drawn.includes(page)) return;
    drawn = [...drawn, page];
    input.value = "";
    show();
  });
  const near = (factor) => {
    const [from, to] = view(), middle = at === null ? (from + to) / 2 : stops.when[at], reach = ((to - from) / 2) * factor;
    const first = stops.when[0], last = stops.when[stops.when.length - 1];
    const next = [Math.max(first, middle - reach), Math.min(last, middle + reach)];
    zoomTo(next[0] <= first && next[1] >= last ? null : next);
  };
  const walk = (index) => {
    at = Math.max(0, Math.min(stops.when.length - 1, index));
    chart.setCursor({ left: chart.valToPos(stops.when[at], "x"), top: chart.over.clientHeight / 2 }, false);
    tell(at);
  };
  const keys = {
    ArrowRight: () => walk(at === null ? stops.when.length - 1 : at + 1), ArrowLeft: () => walk(at === null ? stops.when.length - 1 : at - 1),
    Home: () => walk(0), End: () => walk(stops.when.length - 1), "+": () => near(0.5), "-": () => near(2), 0: () => zoomTo(null), Escape: () => zoomTo(null),
  };
  const area = document.getElementById("charts");
  area.addEventListener("keydown", (event) => {
    if (!keys[event.key] || !chart || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(() => chart?.setSize({ width: chart.root.parentElement.clientWidth, height: 360 })).observe(area);
  show();
  return { drawn: () => drawn, chart: () => chart };
})();
