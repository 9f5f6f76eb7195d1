"use strict";
/* The page of `farthing calibrate --html`. Names are strangers' text and become text nodes only. */
(() => {
  const { format, dom, plot } = Farthing;
  const { make, draw, get, fill, table, tableOnDemand } = dom;
  const told = JSON.parse(get("overview").textContent);
  const { models, curves, reliability } = told.pictures;
  const WAYS = { zero: "Zero: the best fixed choice", shipped: "as shipped", local: "own answers" };
  const MODEL = "one model alone";

  const points = (change) => `${change > 0 ? "+" : change < 0 ? "−" : ""}${Math.abs(change).toFixed(3)}`;
  const spoken = (name) => name.replaceAll("_", " ");
  const installed = told.categories.filter((each) => each.installed);

  /* ------------------------------------------------------------------------------- the head */

  function tile(name, figure, beside, tone = "") {
    return make("div", { className: "tile" },
      make("dt", {}, name),
      make("dd", { className: `figure ${tone}` }, figure),
      make("dd", { className: "beside" }, beside));
  }

  function aiqTile() {
    const { zero, shipped, local } = told.aiq;
    if (local === undefined) return tile("AIQ", "–", "nothing could be judged");
    const tone = local > shipped && local >= zero ? "good" : local < Math.max(shipped, zero) - 0.005 ? "bad" : "";
    return tile("AIQ of own answers", local.toFixed(3), `shipped ${shipped.toFixed(3)}, Zero ${zero.toFixed(3)}`, tone);
  }

  function head() {
    const sources = Object.entries(told.sources).map(([name, count]) => `${format.count(count)} by ${name || "nobody"}`);
    fill("about", `${told.made.slice(0, 16).replace("T", " ")} UTC, from ${told.files.join(", ")}`);
    fill("tiles",
      tile("Categories with own evidence", `${installed.length} of ${told.categories.length}`,
        installed.map((each) => spoken(each.category)).join(", ") || "shipped estimates stay"),
      tile("Questions", format.count(told.prompts), sources.join(", ")),
      tile("Judged", format.count(told.judged), `answered by all of ${format.times(told.models.length, "model")}`),
      aiqTile());
    fill("foot", ...told.notes.map((note) => make("p", {}, note)),
      make("p", {}, `Shipped is ${told.shipped}.`),
      make("p", {}, `Judged by ${told.rule.folds}-fold cross-validation: no question was both learnt from and judged.`
        + " Value is quality less cost, over five prices of quality from 2 to 40 points for the dearest model's whole cost."));
  }

  /* --------------------------------------------------------------------------- the verdicts */

  function gain({ mean, low, high }, write = points) {
    const tone = low > 0 ? "good" : high < 0 ? "bad" : "";
    return make("td", { className: tone }, write(mean),
      make("span", { className: "range-of" }, `${write(low)} to ${write(high)}`));
  }

  function verdictRow(each) {
    const { shipped, zero } = each.against;
    return make("tr", {},
      make("th", { scope: "row" }, spoken(each.category)),
      make("td", {}, format.count(each.prompts)),
      gain(shipped.value), gain(shipped.brier),
      make("td", {}, shipped.p_value.toFixed(3)),
      gain(zero.value),
      make("td", { className: `why ${each.installed ? "good" : ""}` }, each.installed ? "own answers" : `shipped stays: ${each.why_not}`));
  }

  function showVerdicts() {
    fill("verdicts-says", `${told.rule.says} Gains over both are shown with 90 % bootstrap intervals.`);
    const headings = ["Category", "Questions", "Value", "Brier", "p", "Value against Zero", "Verdict"];
    fill("verdicts", make("table", {},
      make("caption", { className: "away" }, "Verdicts by category"),
      make("thead", {}, make("tr", {}, ...headings.map((text) =>
        make("th", { scope: "col", className: text === "Verdict" ? "why" : "" }, text)))),
      make("tbody", {}, ...told.categories.map(verdictRow))));
  }

  /* ----------------------------------------------------------------------- quality for money */

  const perThousand = (each) => ({ ...each, x: each.cost_usd * 1000, y: each.quality });

  function lineOf(found, at) {
    return found.map(({ x, y }, index) => `${index ? "L" : "M"}${at.atX(x)} ${at.atY(y)}`).join("");
  }

  function drawMoney() {
    const singles = models.map(perThousand);
    const every = [...singles, ...Object.values(curves).flat().map(perThousand)];
    const width = get("money").clientWidth;
    const xs = every.map(({ x }) => x);
    const ys = every.map(({ y }) => y);
    const room = (Math.max(...ys) - Math.min(...ys) || 0.1) * 0.12;
    const at = plot.frame(width, 300, [0, Math.max(...xs) * 1.05 || 1], [Math.min(...ys) - room, Math.min(1, Math.max(...ys) + room)],
      { title: "Quality and cost", writeX: format.tick, writeY: (value) => value.toFixed(2), below: "USD for 1,000 requests" });
    for (const [name, found] of Object.entries(curves)) {
      at.svg.append(draw("path", { class: `way ${name}`, d: lineOf(found.map(perThousand), at) }));
      if (name !== "zero") at.svg.append(...found.map(perThousand).map(({ x, y }) =>
        draw("circle", { class: `dot ${name}`, cx: at.atX(x), cy: at.atY(y), r: 3.5 })));
    }
    for (const each of singles) {
      const isRight = at.atX(each.x) > width * 0.6;
      at.svg.append(draw("circle", { class: "single", cx: at.atX(each.x), cy: at.atY(each.y), r: 5 }),
        draw("text", { x: at.atX(each.x) + (isRight ? -9 : 9), y: at.atY(each.y) + (isRight ? 24 : 16), class: "of-a-model", "text-anchor": isRight ? "end" : "start" }, each.model));
    }
    fill("money", at.svg);
  }

  function legend(id, names) {
    fill(id, ...names.map((name) => make("li", {}, make("span", { className: `swatch line ${name}` }), WAYS[name])));
  }

  function showMoney() {
    if (!models.length) return fill("money", "Nothing could be judged.");
    legend("money-legend", Object.keys(curves));
    new ResizeObserver(drawMoney).observe(get("money"));
    drawMoney();
    const rows = [...models.map((each) => [each.model, MODEL, each]),
      ...Object.entries(curves).flatMap(([name, found]) => found.map((each) => [WAYS[name], "", each]))];
    return tableOnDemand("money-table", () => table("Quality and cost", ["Way", "Kind", "Cost of 1,000", "Quality"],
      rows.map(([name, kind, each]) => [name, kind, format.money(each.cost_usd * 1000), each.quality.toFixed(3)])));
  }

  /* ---------------------------------------------------------------------------- reliability */

  function drawTrue() {
    const at = plot.frame(get("true").clientWidth, 300, [0, 1], [0, 1],
      { title: "Predictions and outcomes", writeX: (p) => p.toFixed(1), writeY: (p) => p.toFixed(1), below: "predicted P(good answer)" });
    at.svg.append(draw("path", { class: "even", d: `M${at.atX(0)} ${at.atY(0)}L${at.atX(1)} ${at.atY(1)}` }));
    for (const [name, bins] of Object.entries(reliability)) {
      const total = bins.reduce((sum, bin) => sum + bin.count, 0);
      at.svg.append(draw("path", { class: `way ${name}`, d: lineOf(bins.map((bin) => ({ x: bin.foreseen, y: bin.came })), at) }));
      for (const bin of bins) {
        const dot = draw("circle", { class: `dot ${name}`, cx: at.atX(bin.foreseen), cy: at.atY(bin.came), r: 3 + 9 * Math.sqrt(bin.count / total) });
        dot.append(draw("title", {}, `${WAYS[name]}: ${bin.foreseen.toFixed(2)} foreseen, ${bin.came.toFixed(2)} came, ${format.times(bin.count, "answer")}`));
        at.svg.append(dot);
      }
    }
    fill("true", at.svg);
  }

  function showTrue() {
    legend("true-legend", Object.keys(reliability));
    new ResizeObserver(drawTrue).observe(get("true"));
    drawTrue();
    tableOnDemand("true-table", () => table("Predictions and outcomes", ["Way", "Predicted", "Observed", "Answers"],
      Object.entries(reliability).flatMap(([name, bins]) => bins.map((bin) =>
        [WAYS[name], bin.foreseen.toFixed(3), bin.came.toFixed(3), format.count(bin.count)]))));
  }

  /* -------------------------------------------------------------------------- the estimates */

  const ROW = 34;
  const NAMES = 150;

  function drawEstimates(each) {
    const width = Math.min(460, get("estimates").clientWidth);
    const height = each.estimates.length * ROW + 22;
    const x = (p) => NAMES + Math.min(1, Math.max(0, p)) * (width - NAMES - 14);
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Estimates for ${spoken(each.category)}` });
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      svg.append(draw("path", { class: "axis", d: `M${x(p)} 0V${height - 20}` }),
        draw("text", { x: x(p), y: height - 4, "text-anchor": "middle" }, String(p)));
    }
    each.estimates.forEach((one, index) => {
      const y = index * ROW + 6;
      svg.append(draw("text", { class: "name", x: 0, y: y + 14 }, one.model.length > 20 ? `${one.model.slice(0, 19)}…` : one.model));
      for (const [name, down] of [["shipped", 3], ["local", 14]]) if (one[name]) svg.append(...range(one[name], name, x, y + down));
      if (one.scored) svg.append(draw("path", { class: "mean", d: `M${x(one.scored.mean)} ${y + 10}v12` }));
    });
    return svg;
  }

  function range({ p, sd, of }, name, x, y) {
    const [low, high] = [x(p - 1.96 * sd), x(p + 1.96 * sd)];
    const dot = draw("circle", { class: `dot ${name}`, cx: x(p), cy: y + 3, r: 4 });
    dot.append(draw("title", {}, `${WAYS[name]}: ${p.toFixed(3)} ± ${sd.toFixed(3)} (${of})`));
    return [draw("rect", { class: `range ${name}`, x: low, y, width: Math.max(1, high - low), height: 6, rx: 3 }), dot];
  }

  function showEstimates() {
    fill("estimates", ...told.categories.map((each) => make("div", {},
      make("h3", {}, spoken(each.category), make("span", { className: "quiet" }, each.installed ? "own answers" : "shipped stays")),
      drawEstimates(each))));
  }

  /* --------------------------------------------------------------------------- what was heard */

  function weightSays() {
    const { weight, how, pairs, kinder_by: kinder } = told.trust;
    return how === "measured"
      ? `A score by feedback counts ${weight.toFixed(2)} of a gold label, the share of its variance that it explains on ${format.times(pairs, "answer")};`
        + ` it differs from gold labels by ${points(kinder)} on average, which is subtracted.`
      : `A score by feedback counts ${weight} of a gold label: that is a guess, since ${format.times(pairs, "answer")} with both are not enough to tell.`;
  }

  function showHeard() {
    if (!told.heard.length) return;
    get("heard-card").hidden = false;
    fill("heard-says", `${weightSays()} What answers show by themselves is one-sided and never counts in a model's favour`
      + `${told.holds_down ? "; flaws lower its estimate" : ""}.`);
    fill("heard", table("Other evidence", ["Category", "Model", "Source", "Scores", "Mean", "Of answers", "Counts"],
      told.heard.map((each) => [spoken(each.category), each.model, spoken(each.source), format.count(each.scores), each.mean.toFixed(3),
        each.answers === null ? "–" : format.count(each.answers), each.weight ? each.weight.toFixed(2) : "0"])));
  }

  /* --------------------------------------------------------------------------- the cascades */

  const percent = (share) => `${share < 0 ? "−" : ""}${Math.abs(share * 100).toFixed(0)} %`;

  function cascadeRow(category, each) {
    return make("tr", {},
      make("th", { scope: "row" }, spoken(category.category)),
      make("td", { className: "why" }, `${each.first.join(" + ")} > ${each.final}`),
      make("td", {}, format.count(each.prompts)),
      make("td", {}, percent(each.agreement)),
      make("td", {}, each.right === null ? "–" : each.right.toFixed(3)),
      gain(each.gain), gain(each.saving, percent),
      make("td", { className: `why ${each.installed ? "good" : ""}` }, each.installed ? "installed" : each.why_not));
  }

  function noCascadeRow({ category, prompts, why_not: why }) {
    return make("tr", {}, make("th", { scope: "row" }, spoken(category)), make("td", { className: "why" }, "none"),
      make("td", {}, format.count(prompts)), ...["", "", "", ""].map((text) => make("td", {}, text)),
      make("td", { className: "why" }, why));
  }

  function showCascades() {
    if (!told.cascades.length) return;
    get("cascades-card").hidden = false;
    const headings = ["Category", "Cascade", "Questions", "Agree", "Right then", "Gain", "Saving", "Verdict"];
    fill("cascades", make("table", {},
      make("caption", { className: "away" }, "Cascades by category"),
      make("thead", {}, make("tr", {}, ...headings.map((text) =>
        make("th", { scope: "col", className: ["Cascade", "Verdict"].includes(text) ? "why" : "" }, text)))),
      make("tbody", {}, ...told.cascades.flatMap((category) => (category.tried.length
        ? category.tried.map((each) => cascadeRow(category, each)) : [noCascadeRow(category)])))));
  }

  head();
  showHeard();
  showVerdicts();
  showCascades();
  showMoney();
  showTrue();
  showEstimates();
})();
