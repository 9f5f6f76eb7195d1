"use strict";
/* Small pictures in SVG: lines and dots between two axes, and ranges on a line. */
Farthing.plot = (() => {
  const { draw } = Farthing.dom;

  /* Round numbers from `low` to `high`, about `wanted` of them. */
  function ticks(low, high, wanted) {
    const rough = (high - low || 1) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(at);
    return found;
  }

  /* A frame for points from `x` to `y` ([least, most] each): the picture, and where a point is in it. */
  function frame(width, height, x, y, { title, writeX, writeY, below }) {
    const [left, right, top, bottom] = [44, 16, 8, 40];
    const atX = (value) => left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - left - right);
    const atY = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - top - bottom);
    const svg = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
    for (const value of ticks(...y, 4)) {
      svg.append(draw("path", { class: "axis", d: `M${left} ${atY(value)}H${width - right}` }),
        draw("text", { x: left - 8, y: atY(value) + 4, "text-anchor": "end" }, writeY(value)));
    }
    for (const value of ticks(...x, width < 400 ? 3 : 5)) {
      svg.append(draw("text", { x: atX(value), y: height - bottom + 18, "text-anchor": "middle" }, writeX(value)));
    }
    svg.append(draw("text", { x: width - right, y: height - 4, "text-anchor": "end" }, below));
    return { svg, atX, atY };
  }

  return { frame };
})();
