"use strict";
/* The picture of cost and quality: a line for each way to choose models, a dot for each model. */
Farthing.curves = (() => {
  const { format, dom: { draw } } = Farthing;
  const HEIGHT = 380;
  const EDGE = { top: 14, right: 16, bottom: 40, left: 46 };
  const STEPS = 24;

  /* From a cost to 0..1, by its logarithm or as it is. */
  function spread(isLog, low, high) {
    const write = isLog ? Math.log2 : (cost) => cost;
    const [from, to] = [write(low), write(high)];
    return (cost) => (to > from ? (write(cost) - from) / (to - from) : 0.5);
  }

  /* Round numbers between two: for a logarithm 1, 2 and 5 of each power of ten, else even steps. */
  function ticks(isLog, low, high) {
    const found = [];
    if (isLog) {
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const digit of [1, 2, 5]) found.push(Number(`${digit}e${power}`));
      }
    } else {
      const step = evenStep(high - low);
      for (let at = Math.ceil(low / step); at * step <= high; at += 1) found.push(Number((at * step).toPrecision(12)));
    }
    return found.filter((each) => each >= low * (1 - 1e-9) && each <= high * (1 + 1e-9));
  }

  function evenStep(width, most = 7) {
    const rough = Math.max(width, 1e-12) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((digit) => digit * power >= rough);
  }

  /* The corners of a hull with points between them: what is straight in dollars bends in doublings. */
  function points(hull, high) {
    const corners = [...hull, { cost_usd: high, quality: hull.at(-1).quality }].filter((each) => each.cost_usd <= high);
    return corners.flatMap((corner, index) => {
      const next = corners[index + 1];
      if (!next) return [corner];
      return Array.from({ length: STEPS }, (_, step) => {
        const part = step / STEPS;
        return {
          cost_usd: corner.cost_usd + part * (next.cost_usd - corner.cost_usd),
          quality: corner.quality + part * (next.quality - corner.quality),
        };
      });
    });
  }

  function axes(width, scale) {
    const right = width - EDGE.right;
    const bottom = HEIGHT - EDGE.bottom;
    const across = scale.qualities.map((quality) => [
      draw("line", { x1: EDGE.left, x2: right, y1: scale.y(quality), y2: scale.y(quality), class: "grid" }),
      draw("text", { x: EDGE.left - 8, y: scale.y(quality) + 4, "text-anchor": "end" }, quality.toFixed(2)),
    ]);
    let last = -Infinity;
    const along = scale.costs.filter((cost) => {
      const isFree = scale.x(cost) - last > 52;
      if (isFree) last = scale.x(cost);
      return isFree;
    }).map((cost) => [
      draw("line", { x1: scale.x(cost), x2: scale.x(cost), y1: EDGE.top, y2: bottom, class: "grid" }),
      draw("text", { x: scale.x(cost), y: bottom + 18, "text-anchor": "middle" }, format.tick(1000 * cost)),
    ]);
    const name = draw("text", { x: right, y: HEIGHT - 4, "text-anchor": "end" }, "cost of 1,000 prompts");
    return [...across.flat(), ...along.flat(), name];
  }

  function goal(width, scale, quality, text) {
    const y = scale.y(quality);
    if (y > HEIGHT - EDGE.bottom) return [];
    return [
      draw("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y, class: "goal" }),
      draw("text", { x: EDGE.left + 6, y: y - 5 }, text),
    ];
  }

  const LETTER = 6.6;
  const NARROW = 480;

  /* Names are written where they stand on no dot and no other name; the tooltip has all of them. */
  function dots(models, best, scale, width) {
    const ordered = [...models].sort((a, b) => (b.name === best) - (a.name === best) || b.quality.estimate - a.quality.estimate);
    const placed = ordered.map((model) => ({ model, x: scale.x(model.cost_usd.estimate), y: scale.y(model.quality.estimate) }));
    const taken = placed.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
    const shown = placed.map(({ model, x, y }) => dot(model, x, y, model.name === best));
    const names = placed.flatMap(({ model, x, y }) => name(model.name, x, y, width, taken));
    return [...names, ...shown];
  }

  function dot(model, x, y, isBest) {
    const title = `${model.name}: quality ${model.quality.estimate.toFixed(4)}, ${format.money(1000 * model.cost_usd.estimate)} for 1,000`;
    return draw("circle", { cx: x, cy: y, r: 5, class: `single ${isBest ? "best" : ""}` }, draw("title", {}, title));
  }

  function name(text, x, y, width, taken) {
    const length = text.length * LETTER;
    const isRight = x + 10 + length < width;
    const left = isRight ? x + 4 : x - 4 - length;
    const box = { left, right: left + length, top: y + 8, bottom: y + 21 };
    const meets = (each) => each.left < box.right && box.left < each.right && each.top < box.bottom && box.top < each.bottom;
    if (width < NARROW || taken.some(meets)) return [];
    taken.push(box);
    return [draw("text", { x: isRight ? x + 4 : x - 4, y: y + 18, class: "model", "text-anchor": isRight ? "start" : "end" }, text)];
  }

  function scaleOf(lines, models, width, isLog) {
    const known = models.map((each) => each.cost_usd.estimate).filter((cost) => cost > 0 || !isLog);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const across = spread(isLog, low, high);
    const heights = [...lines.flatMap(({ hull }) => hull.map((each) => each.quality)), ...models.map((each) => each.quality.estimate)];
    const step = evenStep(Math.max(...heights) - Math.min(...models.map((each) => each.quality.estimate)), 8);
    const floor = Math.floor(Math.min(...models.map((each) => each.quality.estimate)) / step) * step;
    const ceiling = Math.ceil(Math.max(...heights) / step) * step;
    const count = Math.round((ceiling - floor) / step);
    return {
      low, high,
      x: (cost) => EDGE.left + 12 + across(Math.max(cost, low)) * (width - EDGE.left - EDGE.right - 24),
      y: (quality) => HEIGHT - EDGE.bottom - ((quality - floor) / Math.max(ceiling - floor, 1e-9)) * (HEIGHT - EDGE.bottom - EDGE.top),
      costs: ticks(isLog, low, high),
      qualities: Array.from({ length: count + 1 }, (_, at) => floor + at * step),
    };
  }

  /* What of a hull lies within the span of the single models' costs. */
  function path(hull, scale) {
    const inside = points(hull, scale.high);
    const from = Math.max(0, inside.findIndex((each) => each.cost_usd >= scale.low) - 1);
    return inside.slice(from).map((each, index) => `${index ? "L" : "M"}${scale.x(each.cost_usd).toFixed(1)} ${scale.y(each.quality).toFixed(1)}`).join("");
  }

  /* The picture, `width` pixels wide. A line has a `hull`, a class `kind` and a `title`. */
  function picture({ lines, models, best, isLog }, width, says) {
    const scale = scaleOf(lines, models, width, isLog);
    const top = models.find((each) => each.name === best).quality.estimate;
    return draw("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": says },
      ...axes(width, scale),
      ...goal(width, scale, top, "the best single model"),
      ...goal(width, scale, 0.95 * top, "95 % of it"),
      ...lines.map(({ hull, kind, title }) => draw("path", { d: path(hull, scale), class: `curve ${kind}` }, draw("title", {}, title))),
      ...dots(models, best, scale, width));
  }

  return { picture };
})();
