"use strict";
/* The page of `farthing evaluate --html`. Names of models and files are strangers' text and become text
   nodes only. */
(() => {
  const { format, dom, curves } = Farthing;
  const { make, get, fill, table, tableOnDemand } = dom;
  const found = JSON.parse(get("overview").textContent);
  const rows = new Map(found.rows.map((row) => [row.name, row]));
  const router = rows.get("router");
  const best = found.models.find((model) => model.name === found.best);

  const KINDS = [
    ["oracle", "oracle", "the oracle, which knows every answer beforehand"],
    ["category mean", "category", "a rule that knows the dataset of each prompt"],
    ["zero", "zero", "single models mixed at random (Zero)"],
    ["cascade", "cascade", "the cascade"],
    ["router", "router", "the router"],
  ];
  const NAMES = new Map([["zero", "Zero: single models mixed"], ["random", "random: cheapest or best at random"], ["category mean", "category mean: the dataset is known"], ["oracle", "oracle: all is known"]]);

  const score = (value) => (value === null ? "–" : value.toFixed(4));
  const points = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(4)}`;
  const percent = (value) => (value === null ? "never" : `${value < 0 ? "−" : ""}${Math.abs(value * 100).toFixed(1)} %`);
  const thousand = (usd) => format.money(1000 * usd);
  const hasSpan = ({ low, high }) => low !== high;
  const between = (figure, write) => `${write(figure.low)} to ${write(figure.high)}`;
  const withSpan = (figure, write) => (hasSpan(figure) ? [write(figure.estimate), make("span", { className: "span" }, between(figure, write))] : [write(figure.estimate)]);

  /* ------------------------------------------------------------------------------- the head */

  /* Of a difference with its interval: 1 surely above zero, -1 surely below, 0 nobody can tell. */
  const sureSign = ({ low, high }) => (low > 0 ? 1 : high < 0 ? -1 : 0);
  const tone = (sign) => ["bad", "", "good"][sign + 1];

  function tile(name, figure, beside, className = "") {
    return make("div", { className: "tile" },
      make("dt", {}, name),
      make("dd", { className: `figure ${className}` }, figure),
      make("dd", { className: "beside" }, beside));
  }

  function head() {
    const gain = router.aiq_above_zero;
    const sign = sureSign(gain);
    const verdicts = ["On these prompts the router is worse than a fixed mix of models", "On these prompts the router cannot be distinguished from a fixed mix of models", "On these prompts the router beats every fixed mix of models"];
    fill("verdict", verdicts[sign + 1]);
    const held = found.split === "dataset" ? `each of ${found.folds} datasets held out in turn` : `${found.folds} folds of prompts, each held out in turn`;
    fill("about", `${format.times(found.prompts, "prompt")} of ${found.files.join(", ")}; pool ${found.pool}, ${format.times(found.models.length, "model")}; ${held}`);
    const nearly = router.saved_at_95;
    const zero = rows.get("zero").saved_at_95;
    const atCost = router.quality_at_best_cost;
    fill("tiles",
      tile("Mean quality compared with the best fixed mix", points(gain.estimate), `with 95 %: ${between(gain, points)}`, tone(sign)),
      tile("Saved at 95 % of the best model's quality", percent(nearly.estimate), `with 95 %: ${between(nearly, percent)}; a fixed mix saves ${percent(zero.estimate)}`),
      tile("Quality at the best model's cost", score(atCost.estimate), `with 95 %: ${between(atCost, score)}; ${found.best} has ${score(best.quality.estimate)}`));
    fill("foot", ...found.notes.map((note) => make("p", {}, note)),
      make("p", {}, `Intervals hold 95 % of ${format.count(found.samples)} resamples of the prompts. RouterArena's score at the best setting: ${score(found.best_in_arena.arena.estimate)} (${between(found.best_in_arena.arena, score)}).`));
  }

  /* ----------------------------------------------------------------------------- the picture */

  function showCurves() {
    const kinds = KINDS.filter(([name]) => rows.has(name));
    const lines = kinds.map(([name, kind, title]) => ({ hull: rows.get(name).hull, kind, title }));
    const says = `Quality by cost: ${kinds.map(([name]) => `${name}, mean quality ${score(rows.get(name).aiq.estimate)}`).join("; ")}`;
    const redraw = () => {
      const isLog = document.querySelector("#scale input:checked").value === "log";
      const shown = { lines, models: found.models, best: found.best, isLog };
      fill("curves", curves.picture(shown, get("curves").clientWidth, says));
    };
    get("scale").onchange = redraw;
    new ResizeObserver(redraw).observe(get("curves"));
    redraw();
    fill("legend",
      ...[...kinds].reverse().map(([, kind, title]) => make("li", {}, make("span", { className: `swatch line ${kind}` }), title)),
      make("li", {}, make("span", { className: "swatch model" }), "a single model; filled: the best one"));
    tableOnDemand("corners", () => table("Corners of the lines", ["Line", "Cost of 1,000", "Quality"],
      kinds.flatMap(([name]) => rows.get(name).hull.map((each) => [name, thousand(each.cost_usd), score(each.quality)]))));
  }

  /* ------------------------------------------------------------------------------ the tables */

  function tableOf(caption, headings, lines) {
    const cell = (content, index) => make(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, ...[content].flat());
    return make("table", {},
      make("caption", { className: "away" }, caption),
      make("thead", {}, make("tr", {}, ...headings.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...lines.map(({ className = "", cells }) => make("tr", { className }, ...cells.map(cell)))));
  }

  function showRows() {
    fill("rows-say", `The best single model is ${found.best}: quality ${score(best.quality.estimate)} at ${thousand(best.cost_usd.estimate)} for 1,000 prompts.`);
    fill("rows", tableOf("Ways to choose a model", ["Way", "Mean quality (AIQ)", "Above Zero", "At the best model's cost", "Saved at its quality", "Saved at 95 % of it"],
      found.rows.map((row) => ({
        className: row.name === "router" ? "router" : "",
        cells: [NAMES.get(row.name) ?? row.name, withSpan(row.aiq, score), withSpan(row.aiq_above_zero, points), withSpan(row.quality_at_best_cost, score),
          withSpan(row.saved_at_best_quality, percent), withSpan(row.saved_at_95, percent)],
      }))));
  }

  function showModels() {
    const lines = found.models.map((model) => ({ cells: [model.name, withSpan(model.quality, score), withSpan(model.cost_usd, thousand), withSpan(model.auc, score), withSpan(model.ece, score)] }));
    const all = { className: "router", cells: ["all models", "", "", withSpan(found.auc, score), withSpan(found.ece, score)] };
    fill("models", tableOf("Single models", ["Model", "Quality", "Cost of 1,000", "Tells apart (AUC)", "Off by (ECE)"], [...lines, all]));
  }

  function showPairs() {
    const pairs = Object.entries(found.pairs);
    if (pairs.length === 0) return;
    const [, { weak, strong, cpt }] = pairs[0];
    get("pairs-card").hidden = false;
    fill("pairs-say", `${strong} is the strong model, ${weak} the weak one. APGR is how much of the gap between them is closed, on average over all shares of calls to the strong one; 0.5 is what a coin toss reaches. CPT(50%) is the share of calls to the strong model that closes half of the gap: less is better.`);
    fill("pairs", tableOf("RouteLLM's measures", ["Prompts of", "Number", "APGR", ...Object.keys(cpt).map((gap) => `CPT(${gap})`)],
      pairs.map(([name, pair]) => ({ cells: [name, format.count(pair.prompts), withSpan(pair.apgr, score), ...Object.values(pair.cpt).map((share) => withSpan(share, percent))] }))));
  }

  head();
  showCurves();
  showRows();
  showModels();
  showPairs();
})();
