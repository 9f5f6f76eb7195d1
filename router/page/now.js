"use strict";
/* What is amiss at this moment, and why a request went where it did. */
Farthing.now = (() => {
  const { format } = Farthing;
  const { make, get, fill, table } = Farthing.dom;
  const MOST = 6;

  /* ---------------------------------------------------------------------------- amiss */

  /* Say what is amiss, by what `/readyz` and `/admin/fleet` answered. */
  function show(ready, fleet) {
    const all = [...ofBooks(ready), ...resting(fleet.standings ?? [])];
    const more = all.length - MOST;
    const shown = more > 0 ? [...all.slice(0, MOST), `And ${format.count(more)} more: see /admin/fleet.`] : all;
    get("amiss").hidden = all.length === 0;
    fill("amiss-list", ...shown.map((text) => make("li", {}, text)));
  }

  function* ofBooks({ ledger, policies }) {
    if (ledger && ledger.state !== "ok") {
      yield `The ledger cannot be written. Waiting${ledger.state === "memory" ? ", in memory only" : ""}: ${format.times(ledger.waiting_rows, "row")}.`;
    }
    if (policies?.state === "stale") yield `Changed files are not in force: ${policies.problems[0] ?? "they cannot be read"}.`;
  }

  /* Models and upstreams that are not asked now; of several workers, as the one says that waits longest. */
  function resting(standings) {
    const found = new Map();
    for (const each of standings.filter(({ state, retry_in_s: rest }) => state !== "closed" || rest > 0)) {
      const name = `${each.kind} ${each.name}`;
      if (!(found.get(name)?.retry_in_s > each.retry_in_s)) found.set(name, each);
    }
    return [...found].map(([name, { state, retry_in_s: rest }]) =>
      `The ${name} ${state === "closed" ? "is at its provider's limit" : "has failed"}; it is asked again ${rest > 0 ? `in ${format.seconds(rest)}` : "now"}.`);
  }

  /* ---------------------------------------------------------------------------- why */

  /* Explain a request by what `/v1/decisions/{id}` answered. */
  function explain({ status, body, message }) {
    if (status !== 200) return fill("why-told", make("p", { className: "says" }, message));
    const attempts = body.attempts.map((each) => [each.model, each.upstream, each.outcome.replaceAll("_", " ") + (each.error ? ` (${each.error})` : ""),
      format.seconds(each.total_s), format.money(each.cost_usd)]);
    return fill("why-told",
      make("p", {}, `Asked for ${body.asked} on ${format.moment(body.at_s)}.`),
      make("ul", {}, ...body.sentences.map((sentence) => make("li", {}, sentence))),
      make("div", { className: "scrolls", tabIndex: 0, role: "group", ariaLabel: "What was tried" },
        table("What was tried", ["model", "upstream", "outcome", "took", "cost"], attempts)),
      make("p", {}, together(body)));
  }

  function together(body) {
    const some = (is) => body.attempts.some(is);
    const cost = `it cost ${some((each) => each.cost_source === "unpriced") ? "at least " : ""}${format.exact(body.cost_usd)}`;
    if (!some((each) => each.is_answer)) return `There was no complete answer; ${cost}.`;
    return `In total ${cost}; ${body.reference?.model ?? "its reference"} would have charged ${format.exact(body.baseline_usd)} for the answer.`;
  }

  return { show, explain };
})();
