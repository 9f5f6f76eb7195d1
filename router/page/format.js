"use strict";
/* How figures and names are written, and how elements are made. Names (of models, keys, tags) are
   text that strangers chose: they only ever become text nodes, never markup. */
globalThis.Farthing = {};

Farthing.format = (() => {
  const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
  const shorter = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
  const digits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
  const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const small = new Intl.NumberFormat("en-US", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

  /* An amount as people read it: cents from a dollar on, three digits below, millions shortened. */
  function money(usd) {
    const amount = Math.abs(Number(usd));
    const sign = Number(usd) < 0 ? "−" : "";
    if (amount >= 1e6) return `${sign}$${shorter.format(amount)}`;
    if (amount >= 1) return `${sign}$${cents.format(amount)}`;
    return `${sign}$${amount === 0 ? "0" : small.format(amount)}`;
  }

  /* An amount to its last digit, from its decimal text. */
  function exact(usd) {
    const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(usd);
    return `${sign && "−"}$${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
  }

  /* An amount beside an axis. */
  function tick(usd) {
    const amount = Math.abs(usd);
    const sign = usd < 0 ? "−" : "";
    return `${sign}$${amount >= 1000 ? shorter.format(amount) : digits.format(amount)}`;
  }

  /* A share in percent, which is nothing or all only if it is written so. */
  function share(part) {
    if (part === null || !Number.isFinite(part)) return "–";
    const sign = part < 0 ? "−" : "";
    const percent = Math.abs(part) * 100;
    const places = percent >= 9.95 || percent === 0 ? 0 : percent >= 0.1 ? 1 : 2;
    const written = percent.toFixed(places);
    if (percent > 0 && Number(written) === 0) return `${sign}<0.01 %`;
    if (percent < 100 && Number(written) === 100) return `${sign}>99 %`;
    return `${sign}${written} %`;
  }

  function count(number) {
    return number >= 100_000 ? short.format(number) : plain.format(number);
  }

  function seconds(s) {
    if (s < 1) return `${Math.round(s * 1000)} ms`;
    return `${s < 9.95 ? Number(s.toFixed(1)) : Math.round(s)} s`;
  }

  const zone = { timeZone: "UTC" };
  const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...zone });
  const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", ...zone });

  /* `2026-05-04` as 4 May, `2026-05-04T07` as 07:00. */
  function step(name) {
    return name.includes("T") ? `${name.slice(11)}:00` : dayOf.format(new Date(`${name}T00:00Z`));
  }

  /* The same where the day is not clear from what stands around it. */
  function wholeStep(name) {
    const day = dayOf.format(new Date(`${name.slice(0, 10)}T00:00Z`));
    return name.includes("T") ? `${day}, ${name.slice(11)}:00 UTC` : day;
  }

  function day(name) {
    return dayOfYear.format(new Date(`${name}T00:00Z`));
  }

  function period(since, until) {
    if (since === until) return day(since);
    const from = since.slice(0, 4) === until.slice(0, 4) ? step(since) : day(since);
    return `${from} – ${day(until)}`;
  }

  const clock = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  const momentOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...clock });
  const timeOf = new Intl.DateTimeFormat("en-GB", { second: "2-digit", ...clock });

  /* A Unix time where the reader is, and only the time of day. */
  const moment = (unix_s) => momentOf.format(new Date(unix_s * 1000));
  const time = (unix_s) => timeOf.format(new Date(unix_s * 1000));

  function name(text) {
    return text === "" ? "(none)" : text;
  }

  function times(number, one, many = `${one}s`) {
    return `${count(number)} ${number === 1 ? one : many}`;
  }

  return { money, exact, tick, share, count, seconds, step, wholeStep, moment, time, day, period, name, times };
})();

Farthing.dom = (() => {
  /* An element with properties and children; a string becomes a text node. */
  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /* The same in SVG, where all properties are attributes. */
  function draw(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const get = (id) => document.getElementById(id);

  function fill(id, ...children) {
    get(id).replaceChildren(...children);
  }

  /* A table of text: `head` are the headings, each row begins with its own. */
  function table(caption, head, rows) {
    const cell = (text, index) =>
      make(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, text);
    return make("table", {},
      make("caption", { className: "away" }, caption),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell)))));
  }

  /* A table in a place that it may be larger than, which can then be scrolled by keyboard. */
  function scrolling(place, filled) {
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", filled.caption.textContent]]) place.setAttribute(name, value);
    return filled;
  }

  /* Keep a table for those who open it; it is not built before. */
  function tableOnDemand(id, build) {
    const place = get(id);
    const details = place.parentElement;
    const show = () => details.open && place.replaceChildren(scrolling(place, build()));
    details.ontoggle = show;
    show();
  }

  return { make, draw, get, fill, table, tableOnDemand };
})();
