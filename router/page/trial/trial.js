"use strict";
/* The page of `farthing try --html`: two policies on the same requests. Names are strangers' text and
   become text nodes only. */
(() => {
  const { format, dom, flow } = Farthing;
  const { make, get, fill, table, tableOnDemand } = dom;
  const trial = JSON.parse(get("overview").textContent);
  const { total } = trial;
  const REFUSED = "refused";

  const points = (change) => `${change > 0 ? "+" : change < 0 ? "−" : ""}${Math.abs(change).toFixed(3)}`;
  const signed = (usd) => (Number(usd) > 0 ? "+" : "") + format.money(usd);
  const quality = (p) => (p === null ? "–" : p.toFixed(3));
  const model = (id) => id ?? REFUSED;
  const costs = ({ old, new: now }, answered) =>
    answered ? `${format.money(old.cost_usd_per_thousand)} → ${format.money(now.cost_usd_per_thousand)}` : "–";
  const toneOf = (change, goodBelow) =>
    change === 0 ? "" : (change < 0) === goodBelow ? "good" : "bad";

  function costChange(figures) {
    const share = figures.cost_change_share;
    if (figures.answered === 0) return "–";
    if (share === null) return signed(figures.cost_change_usd);
    return share >= 1 ? `×${Number((1 + share).toPrecision(2))}` : `${share > 0 ? "+" : ""}${format.share(share)}`;
  }

  /* ------------------------------------------------------------------------------- the head */

  function tile(name, figure, beside, tone = "") {
    return make("div", { className: "tile" },
      make("dt", {}, name),
      make("dd", { className: `figure ${tone}` }, figure),
      make("dd", { className: "beside" }, beside));
  }

  function head() {
    const [old, now] = [trial.old.name, trial.new.name];
    fill("names", old, make("span", { className: "to" }, " → "), now);
    document.title = `Farthing: ${old} → ${now}`;
    fill("about", `${format.times(total.requests, "request")} of ${trial.source}, decided twice; nothing was sent`);
    const [low, high] = total.quality_interval;
    const refused = total.old.refused || total.new.refused
      ? `; refused: ${total.old.refused} → ${total.new.refused}` : "";
    fill("tiles",
      tile("Expected cost", costChange(total),
        `${costs(total, total.answered)} for 1,000 requests`,
        toneOf(Number(total.cost_change_usd), true)),
      tile("Mean predicted quality", points(total.quality_change),
        `${quality(total.old.quality)} → ${quality(total.new.quality)}; with 95 %: ${points(low)} to ${points(high)}`,
        toneOf(total.quality_change, false)),
      tile("Decisions that change", format.share(total.changed_share),
        `${format.count(total.changed)} of ${format.count(total.requests)}${refused}`));
    fill("foot", ...trial.notes.map((note) => make("p", {}, note)),
      make("p", {}, "Costs are what answers of usual length would cost, none of them stored. Quality is predicted"
        + " for typical requests of a category, so more requests do not make it more certain."));
  }

  /* ---------------------------------------------------------------------------- the streams */

  /* Streams of all categories together. */
  function streams() {
    const sums = new Map();
    for (const each of trial.flows) {
      const key = JSON.stringify([each.from, each.to]);
      const sum = sums.get(key) ?? { from: each.from, to: each.to, requests: 0, old: 0, now: 0 };
      sum.requests += each.requests;
      sum.old += Number(each.old.cost_usd);
      sum.now += Number(each.new.cost_usd);
      sums.set(key, sum);
    }
    return [...sums.values()].sort((a, b) => b.requests - a.requests);
  }

  function asDrawn(each, by) {
    const size = by === "cost" ? { from: each.old, to: each.now } : { from: each.requests, to: each.requests };
    const title = `${nameOf(each)}: ${format.times(each.requests, "request")}`
      + (kindOf(each) === "refused" ? "" : `, ${format.money(each.old)} → ${format.money(each.now)}`);
    return { from: model(each.from), to: model(each.to), size, kind: kindOf(each), title };
  }

  const nameOf = ({ from, to }) => `${model(from)} → ${model(to)}`;

  function kindOf({ from, to, old, now }) {
    if (from === to) return "same";
    if (from === null || to === null) return "refused";
    return now > old ? "dearer" : "cheaper";
  }

  function drawFlow(found) {
    const by = document.querySelector("#flow-of input:checked").value;
    const isNarrow = get("flow").clientWidth < 480;
    const write = by === "cost" ? format.money : isNarrow ? format.count : (count) => format.times(count, "request");
    const drawn = found.map((each) => asDrawn(each, by)).filter(({ size }) => size.from > 0 || size.to > 0);
    const title = `From the models of ${trial.old.name} to those of ${trial.new.name}`;
    const pick = (each) => { get("only").value = `${each.from} → ${each.to}`; showChanges(); get("changes-title").scrollIntoView(); };
    fill("flow", flow.picture(drawn, get("flow").clientWidth, { write, pick, title }));
  }

  function showFlow() {
    const found = streams();
    const moved = found.filter((each) => each.from !== each.to);
    const most = moved[0];
    fill("flow-says", most
      ? `The largest change is ${nameOf(most)}: ${format.times(most.requests, "request")}.`
      : "No request would go to another model.");
    get("flow-refused").hidden = !moved.some((each) => kindOf(each) === "refused");
    const redraw = () => drawFlow(found);
    get("flow-of").onchange = redraw;
    new ResizeObserver(redraw).observe(get("flow"));
    redraw();
    tableOnDemand("flow-table", () => table("Streams", ["From", "To", "Requests", "Cost before", "Cost now"],
      found.map((each) => [model(each.from), model(each.to), format.count(each.requests), format.money(each.old), format.money(each.now)])));
  }

  /* ------------------------------------------------------------------------- the categories */

  const WIDE = 180;

  function bars(figures, most) {
    const length = (side) => Math.max(1, (Number(side.cost_usd_per_thousand) / most) * WIDE);
    const bar = (side, y, name) => flow.draw("rect", { x: 0, y, width: length(side), height: 6, rx: 2, class: name });
    return flow.draw("svg", { width: WIDE, height: 16, "aria-hidden": "true" },
      bar(figures.old, 1, "before"), bar(figures.new, 9, "after"));
  }

  /* Before and after on a line from `least` to 1, and where the change may lie. */
  function dots(figures, least) {
    if (figures.old.quality === null) return "";
    const x = (p) => 6 + ((Math.min(1, Math.max(least, p)) - least) / (1 - least)) * (WIDE - 12);
    const [low, high] = figures.quality_interval.map((change) => x(figures.old.quality + change));
    const [old, now] = [x(figures.old.quality), x(figures.new.quality)];
    return flow.draw("svg", { width: WIDE, height: 16, "aria-hidden": "true" },
      flow.draw("rect", { x: low, y: 5, width: Math.max(0, high - low), height: 6, rx: 3, class: "span" }),
      flow.draw("line", { x1: old, x2: now, y1: 8, y2: 8, class: "between" }),
      flow.draw("circle", { cx: old, cy: 8, r: 4, class: "before" }),
      flow.draw("circle", { cx: now, cy: 8, r: 5, class: "after" }));
  }

  function outcome({ answered, quality_change: change }) {
    if (!answered) return REFUSED;
    return change === 0 ? "as before" : points(change);
  }

  function showKinds() {
    const spent = trial.categories.flatMap(({ old, new: now }) => [old, now].map((side) => Number(side.cost_usd_per_thousand)));
    const qualities = trial.categories.flatMap((each) =>
      each.old.quality === null ? [] : [each.old.quality, each.old.quality + each.quality_interval[0]]);
    const least = Math.max(0, Math.floor(Math.min(...qualities, 0.9) * 10) / 10);
    const most = Math.max(...spent, 1e-12);
    const row = (each) => make("tr", {},
      make("th", { scope: "row" }, each.category.replaceAll("_", " ")),
      make("td", {}, `${format.count(each.changed)} of ${format.count(each.requests)}`),
      make("td", { className: "less chart" }, each.answered ? bars(each, most) : ""),
      make("td", {}, costs(each, each.answered)),
      make("td", { className: "less chart" }, dots(each, least)),
      make("td", { className: toneOf(each.quality_change, false) }, outcome(each)));
    const headings = [["Category"], ["Change"], ["Cost", "less chart"], ["Cost of 1,000"], [`Quality, ${least.toFixed(1)} to 1`, "less chart"], ["Difference"]];
    fill("kinds-says", `The upper bar and the grey dot stand for “${trial.old.name}”, the lower bar and the coloured dot for “${trial.new.name}”; the pale band is its 95 % interval, as far as the estimates' uncertainty is known.`);
    fill("kinds", make("table", { className: "kinds" },
      make("caption", { className: "away" }, "Cost and quality by category"),
      make("thead", {}, make("tr", {}, ...headings.map(([text, className = ""]) => make("th", { scope: "col", className }, text)))),
      make("tbody", {}, ...trial.categories.map(row))));
  }

  /* ---------------------------------------------------------------------------- the changes */

  const streamOf = ({ old, new: now }) => `${model(old.model)} → ${model(now.model)}`;

  function why(ruling) {
    if (ruling.model === null) return ruling.refused;
    return ruling.rule ? `${ruling.reason}, rule “${ruling.rule}”` : ruling.reason;
  }

  function changeRow(each) {
    const both = each.old.model !== null && each.new.model !== null;
    const change = both ? each.new.quality - each.old.quality : 0;
    return make("tr", {},
      make("th", { scope: "row" }, each.id),
      make("td", { className: "less kind" }, each.category.replaceAll("_", " ")),
      make("td", { className: "less" }, format.count(each.prompt_tokens)),
      make("td", { className: "model", title: why(each.old) }, model(each.old.model)),
      make("td", { className: "model", title: why(each.new) }, model(each.new.model)),
      make("td", { className: both ? toneOf(Number(each.cost_change_usd), true) : "" }, signed(each.cost_change_usd)),
      make("td", { className: toneOf(change, false) }, both ? points(change) : "–"));
  }

  function showChanges() {
    const wanted = get("only").value;
    const shown = trial.changes.filter((each) => !wanted || streamOf(each) === wanted);
    const headings = [["Request"], ["Category", "less kind"], ["Tokens", "less"], ["From", "model"], ["To", "model"], ["Cost"], ["Quality"]];
    const left = total.changed - trial.changes.length;
    fill("changes-says", total.changed === 0 ? "None."
      : `${format.times(shown.length, "decision")}, those that involve the most money first${left > 0 ? `; ${format.count(left)} with less are left out` : ""}.`);
    fill("changes", make("table", {},
      make("caption", { className: "away" }, "Decisions that change"),
      make("thead", {}, make("tr", {}, ...headings.map(([text, className = ""]) => make("th", { scope: "col", className }, text)))),
      make("tbody", {}, ...shown.map(changeRow))));
  }

  function offerStreams() {
    const names = [...new Set(trial.changes.map(streamOf))];
    fill("only", make("option", { value: "" }, "all changes"), ...names.map((name) => make("option", { value: name }, name)));
    get("only").onchange = showChanges;
    get("only").parentElement.hidden = names.length < 2;
  }

  head();
  showFlow();
  showKinds();
  offerStreams();
  showChanges();
})();
