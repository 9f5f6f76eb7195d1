"use strict";
/* The page: what was asked for, fetching it, and showing it. A report that was saved as a file has
   its overview inside (`#overview`) and asks nobody. */
(() => {
  const { format, charts, views, now } = Farthing;
  const { make, get, fill } = Farthing.dom;
  const EVERY_S = 10;
  const LISTED = 100;  // of as many names or more one is typed: a list may not have them all
  const CUTS = ["model", "policy", "category", "key", "tag", "upstream"];
  const PERIODS = ["today", "yesterday", "7d", "30d", "month"];
  const VIEWS = { cut: CUTS, against: ["sum", "each"], latency: ["total_s", "first_content_s"] };  // the first is usual
  const KEY = "farthing-admin-key";

  const inside = get("overview");
  const state = {
    ...told(inside ? "" : location.search),
    overview: null, paused: false, timer: 0, fetching: null, chosen: "",
  };

  /* What the page's address asks for. */
  function told(search) {
    const query = new URLSearchParams(search);
    return {
      period: PERIODS.find((each) => each === query.get("period")) ?? (query.has("since") ? "own" : "7d"),
      since: query.get("since") ?? "", until: query.get("until") ?? "",
      filters: Object.fromEntries(CUTS.filter((name) => query.has(name)).map((name) => [name, query.get(name)])),
      request: query.get("request") ?? "",
      sort: { column: views.columnOf(query.get("sort")), down: query.get("order") !== "up" },
      ...Object.fromEntries(Object.entries(VIEWS).map(([name, all]) =>
        [name, all.find((each) => each === query.get(name === "cut" ? "by" : name)) ?? all[0]])),
    };
  }

  /* ---------------------------------------------------------------------------- showing */

  function show(overview) {
    state.overview = overview;
    const nothing = overview.total.attempts === 0 && overview.total.requests === 0;
    for (const [id, hidden] of [["loading", true], ["key", true], ["empty", !nothing], ["figures", nothing]]) get(id).hidden = hidden;
    get("period").textContent = shownFor(overview);
    offerFiles();
    if (nothing) return showEmpty(overview);
    views.tiles(overview);
    views.spend(overview);
    views.against(overview, state.against);
    views.bridge(overview);
    views.worth(overview);
    views.latency(overview, state.latency);
    views.rates(overview);
    showCut();
  }

  /* The period, and what it was filtered by. */
  function shownFor({ steps, filters }) {
    const days = steps.map((step) => step.name.slice(0, 10));
    const period = days.length ? `${format.period(days[0], days[days.length - 1])} (UTC)` : "";
    const only = CUTS.filter((name) => name in filters).map((name) => `${name} ${format.name(filters[name])}`);
    return [period, ...only].filter(Boolean).join(" · ");
  }

  /* The table is made anew each time: whoever goes through it by keyboard keeps their place. */
  function showCut() {
    const held = get("cut").contains(document.activeElement) ? document.activeElement.dataset : null;
    views.cut(state.overview, state.cut, state.sort, {
      pick: inside ? undefined : (name) => filterBy(state.cut, name),
      resort: (column) => {
        const down = state.sort.column === column ? !state.sort.down : column >= 0;
        state.sort = { column, down };
        keepAddress();
        showCut();
      },
    });
    if (held) [...get("cut").querySelectorAll("button")].find((each) => isSame(each.dataset, held))?.focus({ preventScroll: true });
    offerFiles();
  }

  const isSame = (one, other) => one.column === other.column && one.name === other.name;

  function offerFiles() {
    get("save-json").disabled = state.overview === null;
    get("save-csv").disabled = !state.overview?.cuts[state.cut];
  }

  function showEmpty({ filters }) {
    const filtered = CUTS.some((name) => name in filters);
    get("empty-title").textContent = filtered ? "Nothing matches" : "No traffic in this period";
    get("empty-text").textContent = filtered
      ? "No request of this period matches the filters. Remove one of them."
      : `A request is counted here as soon as it has been answered.${inside ? "" : " Send one to Farthing as you would to OpenAI:"}`;
    get("empty-command").hidden = filtered || Boolean(inside);
    const key = sessionStorage.getItem(KEY) === null ? "" : ' \\\n  -H "authorization: Bearer $KEY"';
    get("empty-command").textContent = `curl ${new URL("v1/chat/completions", location.href)}${key} \\\n  -H 'content-type: application/json' \\\n  -d '{"model": "auto", "messages": [{"role": "user", "content": "Who wrote Emma?"}]}'`;
  }

  function showTrouble(message) {
    get("trouble").textContent = message;
    get("trouble").hidden = false;
    get("loading").hidden = true;
    get("content").ariaBusy = "false";
    get("status").textContent = asOf();
    offerFiles();
  }

  function showKeyForm(message) {
    clearTimeout(state.timer);
    state.fetching?.abort();  // what the key of before has asked for is not shown any more
    state.fetching = state.overview = null;
    for (const id of ["loading", "figures", "empty", "trouble", "asked", "amiss"]) get(id).hidden = true;
    for (const id of ["tiles", "cut", "why-told"]) fill(id);
    get("key").hidden = false;
    get("key-why").textContent = message;
    get("lock").hidden = true;
    get("status").textContent = "";
    get("period").textContent = "";
    get("key-text").focus();
  }

  /* --------------------------------------------------------------------------- fetching */

  function days() {
    const today = new Date().toISOString().slice(0, 10);
    const back = (count) => new Date(Date.parse(today) - (count - 1) * 86_400_000).toISOString().slice(0, 10);
    switch (state.period) {
      case "today": return { since: today, until: "" };
      case "yesterday": return { since: back(2), until: back(2) };
      case "30d": return { since: back(30), until: "" };
      case "month": return { since: `${today.slice(0, 8)}01`, until: "" };
      case "own": return { since: state.since, until: state.until };
      default: return { since: back(7), until: "" };
    }
  }

  function asked(parameters) {
    const wanted = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value !== "") wanted.set(name, value);
    for (const [name, value] of Object.entries(state.filters)) wanted.set(name, value);
    return wanted;
  }

  function address() {
    const own = state.period === "own" ? { since: state.since, until: state.until } : { period: state.period };
    return `?${asked({ ...own, ...viewed() })}`;
  }

  /* What of the view is not as usual. */
  function viewed() {
    const usual = told("");
    const { cut, against, latency, sort } = state;
    const order = sort.down ? "" : "up";
    const all = { by: [cut, usual.cut], against: [against, usual.against], latency: [latency, usual.latency],
      sort: [views.headingOf(sort.column), views.headingOf(usual.sort.column)], order: [order, ""], request: [state.request, ""] };
    return Object.fromEntries(Object.entries(all).filter(([, [is, was]]) => is !== was).map(([name, [is]]) => [name, is]));
  }

  /* Keep the view in the page's address, without a step for the browser's way back. */
  function keepAddress() {
    if (!inside) history.replaceState(null, "", address());
  }

  async function fetched(path, signal = state.fetching.signal) {
    const key = sessionStorage.getItem(KEY);
    const headers = key ? { "x-api-key": key } : {};  // `authorization` may hold the password of a proxy in front
    const response = await fetch(path, { headers, signal, cache: "no-store" });
    const body = await response.json().catch(() => ({}));
    return { status: response.status, body, message: body?.error?.message ?? `Farthing answered with status ${response.status}.` };
  }

  async function load() {
    clearTimeout(state.timer);
    state.fetching?.abort();
    const began_ms = performance.now();
    const mine = state.fetching = new AbortController();
    try {
      const got = await fetched(`admin/overview?${asked(days())}`);
      if (mine !== state.fetching) return;
      get("content").ariaBusy = "false";
      if (got.status === 401 || got.status === 403) return showKeyForm(got.message);
      if (got.status !== 200) {
        showTrouble(got.message);
        offer(state.overview ?? { choices: {} });  // what is asked for may be the trouble
      } else {
        arrived(got.body);
      }
      await loadNow(mine);
    } catch (error) {
      if (mine !== state.fetching || error.name === "AbortError") return;
      showTrouble("Farthing is not responding. Trying again …");
    }
    if (mine === state.fetching) next((performance.now() - began_ms) / 1000);
  }

  /* What is not of the period but of this moment; it is shown even while there are no figures. */
  async function loadNow(mine) {
    const [budgets, fleet, ready] = await Promise.all(["admin/budgets", "admin/fleet", "readyz"].map((path) => fetched(path)));
    if (mine !== state.fetching) return;
    if (budgets.status === 200) views.budgets(budgets.body.budgets);
    now.show(ready.body, fleet.body);
  }

  async function explain() {
    const mine = state.request = get("why-id").value.trim();
    keepAddress();
    const got = await fetched(`v1/decisions/${encodeURIComponent(mine)}`, null)
      .catch(() => ({ message: "Farthing is not responding." }));
    if (mine === state.request && state.overview) now.explain(got);
  }

  function arrived(overview) {
    get("lock").hidden = sessionStorage.getItem(KEY) === null;
    get("trouble").hidden = true;
    offer(overview);
    show(overview);
    get("status").textContent = asOf();
    if (state.request && !get("why-told").firstChild) {
      get("why-id").value = state.request;
      explain();
    }
  }

  function asOf() {
    if (!state.overview) return state.paused ? "Paused" : "";
    return `${state.paused ? "Paused, as" : "As"} of ${format.time(state.overview.now_s)}`;
  }

  /* Figures that took long are asked for less often. */
  function next(took_s) {
    clearTimeout(state.timer);
    if (!state.paused && !document.hidden) state.timer = setTimeout(load, Math.max(EVERY_S, 5 * took_s) * 1000);
  }

  function change() {
    history.pushState(null, "", address());
    loadAnew();
  }

  /* Load what a person has asked for: until it is here, the page says that its figures are not those. */
  function loadAnew() {
    get("content").ariaBusy = "true";
    get("status").textContent = "Adding up …";
    load();
  }

  /* ---------------------------------------------------------------------------- asking */

  function offer({ choices }) {
    get("asked").hidden = false;
    const open = document.activeElement;
    if (!get("selects").contains(open)) { // a list that someone is reading is left alone
      fill("selects", ...CUTS.map((name) => select(name, choices[name] ?? [])), ...clear());
      if (state.chosen && open === document.body) inputOf(state.chosen).focus();
      state.chosen = "";
    }
    const count = Object.keys(state.filters).length;
    get("filtered").textContent = count ? ` · ${count}` : "";
    markViews();
    get("dates").hidden = state.period !== "own";
    for (const name of ["since", "until"]) if (open?.name !== name) inputOf(name).value = state[name];
  }

  function markViews() {
    for (const name of ["period", ...Object.keys(VIEWS)]) {
      for (const radio of document.querySelectorAll(`[name=${name}]`)) radio.checked = radio.value === state[name];
    }
  }

  const inputOf = (name) => document.querySelector(`[name=${name}]`);

  function select(name, names) {
    const held = state.filters[name];
    if (names.length >= LISTED) return typed(name, names, held);
    const all = held !== undefined && !names.includes(held) ? [held, ...names] : names;
    const options = all.map((each, at) => make("option", { value: String(at), selected: each === held }, format.name(each)));
    const any = make("option", { value: "", selected: held === undefined }, "all");
    const chosen = ({ target }) => choose(name, target, target.value === "" ? undefined : all[Number(target.value)]);
    return make("label", {}, titled(name), make("select", { name, onchange: chosen }, any, ...options));
  }

  /* A field for any name, which suggests those that cost most. */
  function typed(name, names, held) {
    const told = held === undefined ? "" : format.name(held);
    const named = (text) => (text === format.name("") ? "" : text);
    const list = make("datalist", { id: `names-${name}` }, ...names.map((each) => make("option", { value: format.name(each) })));
    const chosen = ({ target }) => choose(name, target, target.value === "" ? undefined : named(target.value));
    const input = make("input", { type: "text", name, value: told, placeholder: "all", onchange: chosen });
    input.setAttribute("list", list.id);
    return make("label", {}, titled(name), input, list);
  }

  const titled = (name) => name[0].toUpperCase() + name.slice(1);

  function choose(name, target, value) {
    if (value === undefined) delete state.filters[name];
    else state.filters[name] = value;
    state.chosen = name; // and focused again when all lists have been made anew
    target.blur();
    change();
  }

  function clear() {
    if (!Object.keys(state.filters).length) return [];
    const forget = () => {
      state.filters = {};
      get("filters").querySelector("summary").focus();
      change();
    };
    return [make("button", { type: "button", onclick: forget }, "Clear filters")];
  }

  function filterBy(name, value) {
    state.filters[name] = value;
    get("filters").open = true;
    change();
  }

  function save(name, type, text) {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /* ----------------------------------------------------------------------------- wiring */

  function each(selector, act) {
    for (const radio of document.querySelectorAll(selector)) radio.addEventListener("change", () => act(radio.value));
  }

  function wireViews() {
    const shows = { cut: showCut, against: () => views.against(state.overview, state.against), latency: () => views.latency(state.overview, state.latency) };
    for (const name of Object.keys(VIEWS)) {
      each(`[name=${name}]`, (value) => {
        state[name] = value;
        keepAddress();
        shows[name]();
      });
    }
    for (const colours of ["(prefers-color-scheme: dark)", "print"]) matchMedia(colours).addEventListener("change", () => {
      charts.forget();
      if (state.overview) show(state.overview);
    });
  }

  function wirePeriod() {
    each("[name=period]", (period) => {
      const before = days();
      state.period = period;
      if (period === "own") {
        state.since ||= before.since;
        state.until ||= new Date().toISOString().slice(0, 10);
      }
      change();
    });
    for (const name of ["since", "until"]) {
      inputOf(name).addEventListener("change", ({ target }) => {
        state[name] = target.value;
        if (!state.since) return;
        keepAddress();  // a date that is being typed changes with each digit
        loadAnew();
      });
    }
  }

  function wireLive() {
    wirePeriod();
    addEventListener("popstate", () => {
      const { request } = state;
      Object.assign(state, told(location.search));
      if (state.request !== request) fill("why-told");
      loadAnew();
    });
    get("asked").addEventListener("submit", (event) => event.preventDefault());
    get("pause").addEventListener("click", () => {
      state.paused = !state.paused;
      get("pause").setAttribute("aria-pressed", String(state.paused));
      get("pause").textContent = state.paused ? "Resume" : "Pause";
      get("status").textContent = asOf();
      if (state.paused) clearTimeout(state.timer);
      else load();
    });
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(state.timer) : state.paused || get("key").hidden === false || load()));
    get("key").addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, get("key-text").value.trim());
      get("key-text").value = "";
      load();
    });
    get("lock").addEventListener("click", () => {
      sessionStorage.removeItem(KEY);
      showKeyForm("The key was forgotten.");
    });
    get("why").addEventListener("submit", (event) => {
      event.preventDefault();
      explain();
    });
    get("save-json").addEventListener("click", () => save("farthing.json", "application/json", JSON.stringify(state.overview, null, 2)));
    get("save-csv").addEventListener("click", () => save(`farthing-by-${state.cut}.csv`, "text/csv", views.csv(state.cut, state.overview.cuts[state.cut] ?? [], state.overview.others[state.cut])));
  }

  charts.prepare();
  markViews();
  wireViews();
  if (inside) {
    for (const element of document.querySelectorAll("[data-live]")) element.hidden = true;
    show(JSON.parse(inside.textContent));
  } else {
    get("loading").hidden = false;
    wireLive();
    load();
  }
})();
