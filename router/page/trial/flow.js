"use strict";
/* A picture of streams: on the left who answered before, on the right who does now, between them a
   ribbon for each pair. A ribbon may be of another width at either end: what costs less gets thinner. */
Farthing.flow = (() => {
  const { format, dom: { draw } } = Farthing;
  const NODE = 10;
  const GAP = 18;
  const LEAST = 1;

  /* The models of one side with the sizes of their ribbons' ends added up, the largest first. */
  function nodes(streams, side) {
    const sums = new Map();
    for (const each of streams) sums.set(each[side], (sums.get(each[side]) ?? 0) + each.size[side]);
    return [...sums].map(([name, size]) => ({ name, size })).sort((a, b) => b.size - a.size);
  }

  /* Where each node begins and how tall it is, `unit` pixels for one of what is measured. */
  function placed(found, unit) {
    let y = GAP;
    const places = new Map();
    for (const { name, size } of found) {
      const height = Math.max(LEAST, size * unit);
      places.set(name, { y, next: y, height, size });
      y += height + GAP * 1.5;
    }
    return { places, height: y };
  }

  function ribbon(left, right, from, to, className) {
    const middle = (left + right) / 2;
    const curve = (y0, y1) => `C${middle} ${y0} ${middle} ${y1}`;
    const d = `M${left} ${from.y}${curve(from.y, to.y)} ${right} ${to.y}V${to.y + to.height}`
      + `${curve(to.y + to.height, from.y + from.height)} ${left} ${from.y + from.height}Z`;
    return draw("path", { d, class: `ribbon ${className}` });
  }

  /* The next free part of a node. */
  function taken(place, size, unit) {
    const part = { y: place.next, height: Math.max(LEAST, size * unit) };
    place.next += part.height;
    return part;
  }

  function label(place, name, x, anchor, write) {
    const y = place.y - 5;
    return draw("text", { x, y, "text-anchor": anchor },
      format.name(name), draw("tspan", { class: "beside", dx: 8 }, write(place.size)));
  }

  /* The picture, `width` pixels wide. A stream has `from`, `to`, `size: {from, to}`, a class `kind`
     and `title`; `write` says a size in words, `pick` is called with a stream that is clicked. */
  function picture(streams, width, { write, pick, title }) {
    const sides = { from: nodes(streams, "from"), to: nodes(streams, "to") };
    const total = Math.max(...Object.values(sides).map((side) => side.reduce((sum, n) => sum + n.size, 0)), 1e-12);
    const unit = 260 / total;
    const from = placed(sides.from, unit);
    const to = placed(sides.to, unit);
    const height = Math.max(from.height, to.height);
    const svg = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
    const rank = (side) => new Map(sides[side].map(({ name }, index) => [name, index]));
    const [left, right] = [rank("from"), rank("to")];
    const ordered = [...streams].sort((a, b) => left.get(a.from) - left.get(b.from) || right.get(a.to) - right.get(b.to));
    /* On the right, ribbons arrive in the order of where they come from, so that few cross. */
    for (const each of ordered) {
      const path = ribbon(NODE, width - NODE,
        taken(from.places.get(each.from), each.size.from, unit),
        taken(to.places.get(each.to), each.size.to, unit), each.kind);
      path.append(draw("title", {}, each.title));
      if (pick && each.kind !== "same") path.addEventListener("click", () => pick(each));
      svg.append(path);
    }
    for (const [side, x, anchor, textX] of [[from, 0, "start", 0], [to, width - NODE, "end", width]]) {
      for (const [name, place] of side.places) {
        svg.append(draw("rect", { x, y: place.y, width: NODE, height: place.height, rx: 2, class: "node" }));
        svg.append(label(place, name, textX, anchor, write));
      }
    }
    return svg;
  }

  return { draw, picture };
})();
