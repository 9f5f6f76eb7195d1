"use strict";
/* What an overview looks like: tiles, sentences, pictures, tables. Nothing here fetches anything. */
Farthing.views = (() => {
  const { format, charts } = Farthing;
  const { make, get, fill, table, tableOnDemand } = Farthing.dom;
  const MOST_SERIES = 8;  // as in router/ledger/overview.py
  const MOST_BUDGETS = 50;

  const number = (text) => Number(text);
  const per = (part, whole) => (whole ? part / whole : null);
  const unitOf = (overview) => (overview.unit === "hour" ? "hour" : "day");

  /* ---------------------------------------------------------------------------- tiles */

  function tiles({ total }) {
    const saved = number(total.saving_usd);
    const tile = (label, figure, beside, { exact = "", tone = "" } = {}) =>
      make("div", { className: "tile" },
        make("dt", {}, label),
        make("dd", { className: `figure ${tone}`, title: exact, "data-exact": exact }, figure),
        make("dd", { className: "beside" }, beside));
    const against = `${format.share(total.saving_share === null ? null : Math.abs(total.saving_share))} of ${format.money(total.baseline_usd)}`;
    fill("tiles",
      tile("Spent", format.money(total.cost_usd), `${format.money(per(number(total.cost_usd), total.requests) ?? 0)} per request`,
        { exact: format.exact(total.cost_usd) }),
      tile(saved < 0 ? "Lost" : "Saved", format.money(Math.abs(saved)), total.saving_share === null ? "no baseline" : against,
        { exact: format.exact(total.saving_usd), tone: saved < 0 ? "bad" : saved > 0 ? "good" : "" }),
      tile("Requests", format.count(total.requests), `${format.count(total.input_tokens)} tokens in, ${format.count(total.output_tokens)} out`,
        { exact: String(total.requests) }),
      tile("From the cache", format.share(per(total.cache_hits, total.requests)), format.times(total.cache_hits, "answer"),
        { exact: String(total.cache_hits) }),
      tile("Failed", format.share(per(total.lost, total.requests)), failures(total),
        { exact: String(total.lost), tone: total.lost > total.requests * 0.05 ? "bad" : "" }),
      ...doubts(total).map((text) => make("div", { className: "tile notes" }, make("dt", {}, "Uncertain"), make("dd", {}, text))));
  }

  const failures = (total) =>
    total.lost ? format.times(total.lost, "request")
      : total.failed_attempts ? `${format.times(total.failed_attempts, "failed call")}, all recovered` : "no request";

  function* doubted(total) {
    if (total.unpriced_attempts) {
      yield `${format.times(total.unpriced_attempts, "call")} used something without a known rate, which is missing from the spend.`;
    }
    if (total.estimated_attempts) {
      yield `${format.times(total.estimated_attempts, "call")} charged by estimate (${format.money(total.estimated_cost_usd)}): the upstream reported no usage, or not its cost, or there is no rate of its own.`;
    }
  }
  const doubts = (total) => (total.unpriced_attempts || total.estimated_attempts ? [[...doubted(total)].join(" ")] : []);

  /* A picture, or not even its axes where there is nothing to be seen. */
  function showPlot(id, isShown) {
    get(id).parentElement.hidden = !isShown;
  }

  /* ------------------------------------------------------------------------- over time */

  /* How many names a cut has, those without a line of their own included. */
  const namesIn = ({ cuts, others }, by) => (cuts?.[by]?.length ?? 0) + (others?.[by]?.names ?? 0);

  /* The dearest models, and the rest together where there are many. */
  function seriesOf(overview) {
    const { models, cost_by_model: costs, steps } = overview;
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    const all = Math.max(models.length, namesIn(overview, "model"));
    const shown = all > MOST_SERIES ? MOST_SERIES - 1 : models.length;
    const series = models.slice(0, shown).map((name, index) =>
      ({ name, values: costs[index], sum: sum(costs[index]), colour: charts.colourOf(name) }));
    if (shown < all) {
      const rest = steps.map((step, at) => Math.max(0, number(step.cost_usd) - sum(series.map((each) => each.values[at]))));
      series.push({ name: `${format.count(all - shown)} others`, values: rest, sum: sum(rest), colour: charts.css("other") });
    }
    return series;
  }

  function spend(overview) {
    const names = overview.steps.map((step) => step.name);
    const series = seriesOf(overview);
    const all = number(overview.total.cost_usd);
    const [first] = series;
    get("spend-says").textContent = !first || !all ? "Nothing was spent."
      : `${format.name(first.name)} made up ${format.share(per(first.sum, all))} of the spend.`;
    showPlot("spend", all > 0);
    charts.spend(names, series);
    fill("spend-legend", ...series.filter((each) => each.sum > 0 || series.length < 3).map((each) =>
      legend(each.colour, each.name, format.money(each.sum))));
    tableOnDemand("spend-table", () => table("Spend over time by model",
      [unitOf(overview), ...series.map((each) => format.name(each.name)), "together"],
      overview.steps.map((step, at) => [format.wholeStep(step.name),
        ...series.map((each) => format.money(each.values[at])), format.money(step.cost_usd)])));
  }

  function legend(colour, name, amount = "", kind = "") {
    const swatch = make("span", { className: `swatch ${kind}` });
    swatch.style.background = colour;
    const parts = [swatch, make("span", { className: "name", title: name }, format.name(name))];
    if (amount) parts.push(make("span", { className: "amount" }, amount));
    return make("li", {}, ...parts);
  }

  function addedUp(values) {
    let sum = 0;
    return values.map((value) => (sum += value));
  }

  function against(overview, mode) {
    const { steps, total } = overview;
    const names = steps.map((step) => step.name);
    const [costs, baselines] = ["cost_usd", "baseline_usd"].map((name) => {
      const each = steps.map((step) => number(step[name]));
      return mode === "sum" ? addedUp(each) : each;
    });
    const who = overview.baseline === "reference" ? "The references" : overview.baseline;
    const saved = number(total.saving_usd);
    const says = number(total.baseline_usd) === 0 ? "No answer had a baseline."
      : `${who} would have cost ${format.money(total.baseline_usd)}, ${format.money(Math.abs(saved))} ${saved < 0 ? "less" : "more"}.`;
    const other = overview.baseline === "reference" ? " With one model for everything: farthing report --baseline MODEL." : "";
    get("against-says").textContent = says + other;
    get("against-each").textContent = `Per ${unitOf(overview)}`;
    showPlot("against", [...costs, ...baselines].some((each) => each > 0));
    charts.against(names, costs, baselines, says);
    fill("against-legend", legend(charts.css("spend"), "Spent", "", "line"),
      legend(charts.css("baseline"), "Baseline", "", "line"),
      ...(costs.some((cost, at) => cost <= baselines[at]) ? [legend(charts.css("saved"), "Saved between them")] : []),
      ...(costs.some((cost, at) => cost > baselines[at]) ? [legend(charts.css("wasted"), "Lost between them")] : []));
    tableOnDemand("against-table", () => table("Spend against the baseline",
      [unitOf(overview), "spent", "baseline", "saved"],
      steps.map((step) => [format.wholeStep(step.name), ...["cost_usd", "baseline_usd", "saving_usd"].map((name) => format.money(step[name]))])));
  }

  function rates({ steps, total, unit }) {
    const names = steps.map((step) => step.name);
    const hits = steps.map((step) => per(step.cache_hits, step.requests));
    const lost = steps.map((step) => per(step.lost, step.requests));
    const hitsSay = `${format.times(total.cache_hits, "answer")} came from the cache`;
    const lostSay = `${format.times(total.lost, "request")} failed`;
    get("rates-says").textContent = `${hitsSay}; ${lostSay}. ${failedCalls(total)}`;
    charts.rate("hits", names, hits, "c0", hitsSay);
    charts.rate("errors", names, lost, "wasted", lostSay);
    tableOnDemand("rates-table", () => table("Cache hits and errors", [unit, "requests", "from the cache", "failed", "failed calls"],
      steps.map((step, at) => [format.wholeStep(step.name), format.count(step.requests), format.share(hits[at]), format.share(lost[at]), format.count(step.failed_attempts)])));
  }

  const failedCalls = (total) =>
    `Of ${format.times(total.attempts, "call")} to models ${total.failed_attempts ? format.count(total.failed_attempts) : "none"} failed.`;

  /* ------------------------------------------------------------------------- the saving */

  const PARTS = {
    model_choice_usd: "Choice of model", cache_usd: "Cache", retries_usd: "Retries",
    hedges_usd: "Hedges", cascades_usd: "Cascades", abandoned_usd: "Abandoned",
  };

  function bridge({ total }) {
    const parts = Object.entries(PARTS).filter(([name]) => number(total[name]) !== 0);
    const bars = [{ label: "Baseline", from: 0, to: number(total.baseline_usd), kind: "baseline" }];
    let at = number(total.baseline_usd);
    for (const [name, label] of parts) {
      const to = at - number(total[name]);
      bars.push({ label, from: at, to, kind: to > at ? "wasted" : "saved" });
      at = to;
    }
    bars.push({ label: "Spent", from: 0, to: number(total.cost_usd), kind: "spend" });
    const saved = number(total.saving_usd);
    const [most] = parts.filter(([name]) => number(total[name]) * saved > 0).sort(([a], [b]) => Math.abs(number(total[b])) - Math.abs(number(total[a])));
    const says = most ? `Most of ${saved < 0 ? "the loss" : "it"}: ${most[1].toLowerCase()}, ${format.money(Math.abs(number(total[most[0]])))}.` : "Nothing was saved.";
    get("bridge-says").textContent = says;
    showPlot("bridge", bars.some((bar) => bar.from !== bar.to));
    charts.bridge(bars, `From the baseline to what was spent: ${bars.map((bar) => `${bar.label} ${format.money(bar.to - bar.from)}`).join(", ")}`);
    tableOnDemand("bridge-table", () => table("Parts of the saving", ["part", "saved, exact"],
      [...Object.entries(PARTS).map(([name, label]) => [label, format.exact(total[name])]), ["Together", format.exact(total.saving_usd)]]));
  }

  /* -------------------------------------------------------------------------- the models */

  /* What the answers that were generated cost, without the calls beside them: their baseline less what was saved on
     them, in whole pico-dollars, so that nothing is left of nothing. */
  const ofAnswers = (line) =>
    Math.round((number(line.baseline_usd) - number(line.cache_usd) - number(line.model_choice_usd)) * 1e12) / 1e12;

  function worth(overview) {
    const points = (overview.cuts.model ?? [])
      .map((line) => ({ name: line.name, size: line.requests, y: line.predicted_quality, x: per(ofAnswers(line), line.answers - line.cache_hits) }))
      .filter((point) => point.x > 0 && point.y > 0)
      .sort((a, b) => a.size - b.size);
    showPlot("worth", points.length > 0);
    const best = [...points].sort((a, b) => b.size - a.size)[0];
    get("worth-says").textContent = best
      ? `Up and to the left is better. ${format.name(best.name)} answered most: ${format.money(best.x)} for a generated answer.`
      : "No paid answer with a predicted quality in this period.";
    if (points.length) charts.worth(points, `Cost and predicted quality: ${points.map((p) => `${format.name(p.name)} ${format.money(p.x)}, ${p.y.toFixed(2)}`).join("; ")}`);
    tableOnDemand("worth-table", () => table("Cost and quality of answers", ["model", "a generated answer", "quality", "requests"],
      [...points].reverse().map((p) => [format.name(p.name), format.money(p.x), p.y.toFixed(3), format.count(p.size)])));
  }

  const BY_MODEL = new Set(["since", "until", "model"]);

  function latency(overview, measure) {
    const models = overview.latency.models.filter((each) => each[measure].length).slice(0, 10)
      .map((each) => ({ model: each.model, answers: each.answers, quantiles: each[measure] }));
    showPlot("latency", models.length > 0);
    const blind = Object.keys(overview.filters).filter((name) => !BY_MODEL.has(name));
    get("latency-says").textContent = models.length === 0 ? "No answer was timed in this period."
      : blind.length ? `Latency is kept by model only: the filter by ${blind.join(" and ")} does not apply here.`
        : "How soon 50 %, 90 % and 99 % of the answers have arrived.";
    if (models.length) charts.latency(models, `Latency by model: ${models.map((m) => `${format.name(m.model)} half within ${format.seconds(m.quantiles[0])}, 99 % within ${format.seconds(m.quantiles[2])}`).join("; ")}`);
    const shades = charts.latencyShades();
    fill("latency-legend", ...(models.length ? ["half", "90 %", "99 %"].map((text, at) => legend(shades[at], text, "", "dot")) : []));
    tableOnDemand("latency-table", () => table("Latency by model", ["model", "half", "90 %", "99 %", "answers"],
      models.map((each) => [format.name(each.model), ...each.quantiles.map(format.seconds), format.count(each.answers)])));
  }

  /* --------------------------------------------------------------------------- the table */

  const COLUMNS = [
    { heading: "requests", value: (line) => line.requests, text: format.count },
    { heading: "cached", value: (line) => line.cache_hits, text: format.count, less: "less" },
    { heading: "failed calls", value: (line) => line.failed_attempts, text: format.count, less: "less" },
    { heading: "tokens in", value: (line) => line.input_tokens, text: format.count, less: "less" },
    { heading: "tokens out", value: (line) => line.output_tokens, text: format.count, less: "less" },
    { heading: "quality", value: (line) => line.predicted_quality || null, text: (value) => (value === null ? "–" : value.toFixed(2)), less: "least" },
    { heading: "per answer", value: (line) => per(number(line.cost_usd), line.answers), text: (value) => (value === null ? "–" : format.money(value)), less: "least" },
    { heading: "baseline", value: (line) => number(line.baseline_usd), text: format.money, less: "less" },
    { heading: "spent", value: (line) => number(line.cost_usd), text: format.money, exact: (line) => format.exact(line.cost_usd) },
    { heading: "saved", value: (line) => number(line.saving_usd), text: format.money, exact: (line) => format.exact(line.saving_usd), toned: true },
    { heading: "share", value: (line) => line.saving_share, text: format.share, less: "least" },
  ];
  const SORTED_AT_FIRST = "spent";

  /* Columns of the table by their headings, as an address has them; -1 is the name. */
  const columnOf = (heading) => (heading === "name" ? -1
    : [heading, SORTED_AT_FIRST].map((each) => COLUMNS.findIndex((column) => column.heading === each)).find((at) => at >= 0));
  const headingOf = (column) => COLUMNS[column]?.heading ?? "name";

  /* The table by `by`; `sort` is {column, down}, -1 being the name. `pick`, where it is given, is
     called with a name that was clicked; `resort` with the column whose heading was. */
  function cut(overview, by, sort, { pick, resort }) {
    get("cut-name").textContent = by;
    const lines = overview.cuts[by];
    if (lines === null) {
      fill("cut", make("p", { className: "says" }, `Sums are not kept by ${by} and these filters together.`));
      return;
    }
    const value = sort.column < 0 ? (line) => line.name : COLUMNS[sort.column].value;
    const order = (a, b) => {
      const [left, right] = [value(a), value(b)];
      return (left < right ? -1 : left > right ? 1 : 0) * (sort.down ? -1 : 1);
    };
    const dearest = Math.max(...lines.map((line) => number(line.cost_usd)), 1e-15);
    const body = [...lines].sort(order).map((line) => row(line, pick, per(number(line.cost_usd), dearest)));
    const rest = overview.others?.[by];
    if (rest) body.push(row({ ...rest, name: `${format.times(rest.names, "other")} that cost less` }));
    const foot = by === "tag" ? [] : [make("tfoot", {}, row({ ...overview.total, name: "Together" }))];
    fill("cut", make("table", {}, make("caption", { className: "away" }, `Figures by ${by}`),
      make("thead", {}, make("tr", {}, heading(by, -1, sort, resort), ...COLUMNS.map((column, at) => heading(column.heading, at, sort, resort, column.less)))),
      make("tbody", {}, ...body), ...foot));
  }

  function heading(text, at, sort, resort, less = "") {
    const button = make("button", { type: "button", onclick: () => resort(at), "data-column": String(at) }, text);
    const sorted = at === sort.column ? { "aria-sort": sort.down ? "descending" : "ascending" } : {};
    return make("th", { scope: "col", className: less, ...sorted }, button);
  }

  function row(line, pick, share) {
    const label = format.name(line.name);
    const name = make("th", { scope: "row" },
      pick ? make("button", { type: "button", className: "pick", title: "Show only this one", "data-name": line.name, onclick: () => pick(line.name) }, label) : label);
    if (share !== undefined) {
      const bar = make("span", { className: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.max(0, share) * 100}%`;
      name.append(make("span", { className: "track-of" }, bar));
    }
    return make("tr", {}, name, ...COLUMNS.map((column) => {
      const value = column.value(line);
      const tone = column.toned && value ? (value < 0 ? "bad" : "good") : "";
      return make("td", { className: `${column.less ?? ""} ${tone}`, title: column.exact?.(line) ?? "" }, column.text(value));
    }));
  }

  /* ------------------------------------------------------------------------- budgets */

  /* Budgets as `GET /admin/budgets` tells them, those first of which least is left. */
  function budgets(list) {
    get("budgets").hidden = list.length === 0;
    const order = (a, b) => a.share_left - b.share_left || (a.budget < b.budget ? -1 : 1);
    const shown = [...list].sort(order).slice(0, MOST_BUDGETS).map(budget);
    const more = list.length - shown.length;
    fill("budgets-list", ...shown, ...(more ? [make("li", {}, `And ${format.count(more)} more: see /admin/budgets.`)] : []));
  }

  const named = ({ scope, window }) =>
    `${scope.name ? `${scope.kind} ${scope.name}` : "Everything"}, ${window === "lifetime" ? "in total" : `each ${window}`}`;

  function budget(each) {
    const part = (name, amount) => {
      const piece = make("span", { className: name });
      piece.style.width = `${Math.min(1, per(number(amount), number(each.usd)) ?? 0) * 100}%`;
      return piece;
    };
    const used = `${format.money(each.spent_usd)} of ${format.money(each.usd)}`;
    const resets = each.resets_s ? `, anew ${format.moment(each.resets_s)}` : "";
    const reserved = number(each.reserved_usd) ? `, ${format.money(each.reserved_usd)} reserved` : "";
    return make("li", { className: number(each.left_usd) <= 0 ? "full" : "" },
      make("div", { className: "head" }, make("b", {}, named(each)), make("span", {}, used)),
      make("div", { className: "track", role: "img", "aria-label": `${used} spent${reserved}` }, part("spent", each.spent_usd), part("reserved", each.reserved_usd)),
      make("p", { className: "foot" }, `${format.money(each.left_usd)} left${reserved}${resets}`));
  }

  /* ---------------------------------------------------------------------------- downloads */

  /* The table as CSV. What a spreadsheet would take for a formula is given an apostrophe. */
  function csv(by, shown, others = {}) {
    const { names, ...rest } = others;
    const lines = [...shown, ...(names ? [{ name: `(${names} others)`, ...rest }] : [])];
    const columns = Object.keys(lines[0] ?? {}).filter((name) => name !== "name");
    const cell = (value) => {
      const text = value === null ? "" : String(value);
      const safe = typeof value === "string" && /^[=+@\t\r\n\uff1d\uff0b\uff0d\uff20]|^-(?!\d+(\.\d+)?$)/.test(text) ? `'${text}` : text;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const rows = [[by, ...columns], ...lines.map((line) => [line.name, ...columns.map((name) => line[name])])];
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  return { tiles, spend, against, rates, bridge, worth, latency, cut, budgets, csv, columnOf, headingOf };
})();
