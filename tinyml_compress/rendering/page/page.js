"use strict";
(() => {
  const FONT = "system-ui, sans-serif";
  const ink = { labelColor: "var(--ink)", titleColor: "var(--ink)", labelFont: FONT, titleFont: FONT };
  const NARROW = 560;

  function config(width) {
    return {
      background: "transparent",
      font: FONT,
      view: { stroke: "transparent" },
      axis: { ...ink, gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)", titleFontWeight: 500 },
      axisY: { labelLimit: width < NARROW ? 105 : 260 },
      axisXQuantitative: { labelOverlap: true, tickCount: width < NARROW ? 4 : 8 },
      legend: { ...ink, labelLimit: 120, symbolOpacity: 1, symbolStrokeWidth: 0 },
      header: ink,
      text: { color: "var(--ink)", font: FONT },
      bar: { cornerRadiusEnd: 1 },
    };
  }

  function sized(spec, width) {
    if (!spec.facet) return spec;
    const columns = Math.max(1, Math.min(4, Math.floor(width / 240)));
    const inner = Math.max(120, Math.floor(width / columns) - 60);
    return { ...spec, columns, spec: { ...spec.spec, width: inner } };
  }

  const failures = [];
  const drawn = new Map();

  async function draw(figure) {
    if (drawn.has(figure)) return;
    const place = figure.querySelector(".vega");
    const width = place.clientWidth;
    if (!width) return;
    drawn.set(figure, null);
    const spec = sized(JSON.parse(figure.querySelector("script.spec").textContent), width);
    try {
      const options = { mode: "vega-lite", renderer: "svg", actions: false, config: config(width) };
      const result = await window.vegaEmbed(place, spec, options);
      drawn.set(figure, { result, narrow: width < NARROW, width });
    } catch (error) {
      failures.push(String(error));
      place.textContent = "This chart could not be drawn: " + error + ". Its numbers are below.";
    }
  }

  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 1));
  let working = null;

  function drawVisible() {
    working ??= (async () => {
      for (const figure of document.querySelectorAll("figure.chart")) {
        if (drawn.has(figure) || figure.closest("details.part:not([open])")) continue;
        await new Promise((done) => idle(done, { timeout: 200 }));
        await draw(figure);
      }
      working = null;
    })();
    return working;
  }

  // A chart keeps its layout until the page crosses from phone to desk, or a row of small ones has to break.
  let pending = 0;
  window.addEventListener("resize", () => {
    clearTimeout(pending);
    pending = setTimeout(() => {
      for (const [figure, state] of drawn) {
        const width = figure.querySelector(".vega").clientWidth;
        const again = state && width && (state.narrow !== width < NARROW || (figure.querySelector("script.spec").textContent.includes('"facet"') && Math.abs(width - state.width) > 40));
        if (!again) continue;
        state.result.finalize();
        drawn.delete(figure);
      }
      drawVisible();
    }, 150);
  });

  function tell(text) {
    document.getElementById("said").textContent = text;
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = "Copied";
    tell("Copied");
    setTimeout(() => (button.textContent = before), 1200);
  }

  // A spreadsheet takes what starts like this for a formula, and a name from a file for an order.
  function asCell(cell) {
    const text = cell.textContent;
    return /^[=+@-]/.test(text) && !/^[+-]?[0-9.,]+(e[+-]?[0-9]+)?( ?[%A-Za-z/]+)?$/.test(text) ? "'" + text : text;
  }

  function asText(table) {
    return [...table.rows].map((row) => [...row.cells].map(asCell).join("\t")).join("\n") + "\n";
  }

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("copy")) copy(asText(button.parentElement.querySelector("table")), button);
    if (button.classList.contains("copytext")) copy(button.previousElementSibling.textContent, button);
    if (button.dataset.save) {
      const source = document.getElementById(button.dataset.save);
      save(source.dataset.name, source.textContent);
    }
    if (button.id === "theme") {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
      document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    }
    if (button.id === "open") {
      const parts = [...document.querySelectorAll("details.part")];
      const open = parts.some((part) => !part.open);
      for (const part of parts) part.open = open;
      button.textContent = open ? "Close all" : "Open all";
    }
    if (button.id === "print") window.print();
  });
  document.addEventListener("toggle", (event) => event.target.matches("details.part") && drawVisible(), true);
  window.tinymlPage = { drawVisible, failures, drawn };
  drawVisible();
})();
