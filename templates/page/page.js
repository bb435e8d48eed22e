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
