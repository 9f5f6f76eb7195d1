"use strict";
/* The pictures, drawn with Chart.js. A chart is made once and then given new data, so that a page
   that refreshes itself does not flicker. */
Farthing.charts = (() => {
  const { format } = Farthing;
  const drawn = new Map();
  const slots = new Map();
  const SLOTS = 8;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const faint = (hex, share) => `rgba(${channels(hex).join(", ")}, ${share})`;

  /* Of two colours, `share` of the first. */
  function mixed(hex, other, share) {
    const beneath = channels(other);
    return `rgb(${channels(hex).map((value, i) => Math.round(value * share + beneath[i] * (1 - share))).join(", ")})`;
  }

  /* A model keeps its colour as long as the page is open, whatever is filtered. */
  function colourOf(model) {
    if (!slots.has(model)) slots.set(model, slots.size % SLOTS);
    return css(`c${slots.get(model)}`);
  }

  function prepare() {
    Chart.defaults.animation = false;
    Chart.defaults.responsive = true;
    Chart.defaults.maintainAspectRatio = false;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    Chart.defaults.color = css("quiet");
    Chart.defaults.borderColor = css("grid");
    Chart.defaults.plugins.legend.display = false;
    Object.assign(Chart.defaults.plugins.tooltip, {
      backgroundColor: css("ink"), titleColor: css("page"), bodyColor: css("page"),
      footerColor: css("page"), padding: 10, cornerRadius: 8, boxPadding: 5, usePointStyle: true,
      titleFont: { weight: 600 }, footerFont: { weight: 600 },
    });
  }

  /* Draw or redraw; `says` is what a picture tells those who cannot see it. */
  function draw(id, says, config) {
    const canvas = document.getElementById(id);
    canvas.setAttribute("aria-label", says);
    const chart = drawn.get(id);
    if (!chart) {
      drawn.set(id, new Chart(canvas, config));
      return;
    }
    chart.data = config.data;
    chart.options = config.options;
    chart.update("none");
  }

  /* Forget all charts: colours have changed. */
  function forget() {
    for (const chart of drawn.values()) chart.destroy();
    drawn.clear();
    prepare();
  }

  const moneyAxis = (more = {}) => ({
    beginAtZero: true, border: { display: false },
    ticks: { callback: (value) => format.tick(value), maxTicksLimit: 6 }, ...more,
  });

  const timeAxis = (names, more = {}) => ({
    grid: { display: false }, border: { color: css("line") },
    ticks: {
      maxRotation: 0, autoSkipPadding: 18,
      callback: (_, index) => format.step(names[index]),
    },
    ...more,
  });

  const titled = (names) => (items) => format.wholeStep(names[items[0].dataIndex]);

  function spend(names, series) {
    draw("spend", `Spend over time by model: ${series.map((each) => `${format.name(each.name)} ${format.money(each.sum)}`).join(", ")}`, {
      type: "bar",
      data: {
        labels: names,
        datasets: series.map((each) => ({
          label: format.name(each.name), data: each.values, backgroundColor: each.colour,
          borderColor: css("card"), borderWidth: { top: 1 }, borderSkipped: false,
          categoryPercentage: 0.9, barPercentage: names.length > 45 ? 1 : 0.86, maxBarThickness: 44,
        })),
      },
      options: {
        interaction: { mode: "index", intersect: false },
        scales: { x: timeAxis(names, { stacked: true }), y: moneyAxis({ stacked: true }) },
        plugins: {
          tooltip: {
            filter: (item) => item.raw > 0,
            itemSort: (a, b) => b.raw - a.raw,
            callbacks: {
              title: titled(names),
              label: (item) => `${item.dataset.label}  ${format.money(item.raw)}`,
              footer: (items) => `Together  ${format.money(items.reduce((sum, item) => sum + item.raw, 0))}`,
            },
          },
        },
      },
    });
  }

  function against(names, costs, baselines, says) {
    const few = names.length < 3;
    const line = (label, data, colour, more) => ({
      label, data, borderColor: colour, backgroundColor: colour, borderWidth: 2, tension: 0.25,
      cubicInterpolationMode: "monotone", pointRadius: few ? 4 : 0, pointHoverRadius: 4, ...more,
    });
    draw("against", says, {
      type: "line",
      data: {
        labels: names,
        datasets: [
          line("Spent", costs, css("spend"), { fill: false }),
          line("Baseline", baselines, css("baseline"), {
            borderDash: [5, 4],
            fill: { target: 0, above: faint(css("saved"), 0.16), below: faint(css("wasted"), 0.2) },
          }),
        ],
      },
      options: {
        interaction: { mode: "index", intersect: false },
        scales: { x: timeAxis(names), y: moneyAxis() },
        plugins: {
          tooltip: {
            callbacks: {
              title: titled(names),
              label: (item) => `${item.dataset.label}  ${format.money(item.raw)}`,
              footer: (items) => `Saved  ${format.money(items[1].raw - items[0].raw)}`,
            },
          },
        },
      },
    });
  }

  /* `bars`: {label, from, to, kind}, kind a colour's name; what a bar changes is to - from. */
  function bridge(bars, says) {
    const amounts = {
      id: "amounts",
      afterDatasetsDraw(chart) {
        const { ctx } = chart;
        ctx.save();
        ctx.font = `500 12px ${Chart.defaults.font.family}`;
        ctx.fillStyle = css("ink");
        ctx.textBaseline = "middle";
        chart.getDatasetMeta(0).data.forEach((bar, index) => {
          const [from, to] = chart.data.datasets[0].data[index];
          ctx.fillText(format.money(to - from), Math.max(bar.x, bar.base) + 6, bar.y);
        });
        ctx.restore();
      },
    };
    const narrow = isNarrow("bridge");
    draw("bridge", says, {
      type: "bar",
      data: {
        labels: bars.map((bar) => (narrow ? bar.label.split(/ (?=of )/) : bar.label)),
        datasets: [{
          data: bars.map((bar) => [bar.from, bar.to]),
          backgroundColor: bars.map((bar) => css(bar.kind)),
          borderRadius: 3, borderSkipped: false, barPercentage: 0.72, maxBarThickness: 30, minBarLength: 2,
        }],
      },
      options: {
        indexAxis: "y",
        layout: { padding: { right: narrow ? 60 : 72 } },
        scales: {
          x: moneyAxis({ ticks: { maxTicksLimit: narrow ? 4 : 5, callback: (value) => format.tick(value) } }),
          y: { grid: { display: false }, border: { display: false }, ticks: { color: css("ink"), autoSkip: false } },
        },
        plugins: {
          tooltip: { callbacks: { label: (item) => format.money(item.raw[1] - item.raw[0]) } },
        },
      },
      plugins: [amounts],
    });
  }

  /* `points`: {name, x: USD an answer, y: quality 0..1, size: requests}. */
  function worth(points, says) {
    const most = Math.max(1, ...points.map((point) => point.size));
    const radius = (size) => 5 + 15 * Math.sqrt(size / most);
    const names = {
      id: "names",
      afterDatasetsDraw(chart) {
        const { ctx, chartArea } = chart;
        ctx.save();
        ctx.font = `500 12px ${Chart.defaults.font.family}`;
        ctx.fillStyle = css("ink");
        ctx.textBaseline = "middle";
        const taken = chart.data.datasets.map((dataset, index) => {
          const [{ x, y }] = chart.getDatasetMeta(index).data;
          const { r } = dataset.data[0];
          return { left: x - r, right: x + r, top: y - r, bottom: y + r };
        });
        const written = shortened(chart.data.datasets.map((dataset) => dataset.label));
        chart.data.datasets.forEach((dataset, index) => {
          const [point] = chart.getDatasetMeta(index).data;
          const text = written[index];
          const width = ctx.measureText(text).width;
          const gap = dataset.data[0].r + 5;
          const places = [[point.x + gap, point.y], [point.x - gap - width, point.y],
            [point.x - width / 2, point.y - gap - 5], [point.x - width / 2, point.y + gap + 6]];
          const place = places.find(([x, y]) => x >= chartArea.left && x + width <= chart.width && y > 6
            && !taken.some((other) => y + 6 > other.top && y - 6 < other.bottom && x < other.right && x + width > other.left));
          if (!place) return;
          taken.push({ left: place[0], right: place[0] + width, top: place[1] - 6, bottom: place[1] + 6 });
          ctx.fillText(text, ...place);
        });
        ctx.restore();
      },
    };
    const qualities = points.map((point) => point.y);
    const costs = points.map((point) => point.x);
    draw("worth", says, {
      type: "bubble",
      data: {
        datasets: points.map((point) => ({
          label: format.name(point.name),
          data: [{ x: point.x, y: point.y, r: radius(point.size), size: point.size }],
          backgroundColor: faint(colourOf(point.name), 0.6), borderColor: colourOf(point.name),
          borderWidth: 1.5, clip: false,
        })),
      },
      options: {
        layout: { padding: { top: 4, right: 8 } },
        scales: {
          x: {
            type: "logarithmic", min: Math.min(...costs) / 2.2, max: Math.max(...costs) * 2.2,
            border: { color: css("line") }, grid: { display: false },
            title: { display: true, text: "Mean cost of a generated answer (log)" },
            afterBuildTicks: roundTicks,
            ticks: { maxRotation: 0, autoSkipPadding: 12, callback: (value) => format.tick(value) },
          },
          y: {
            border: { display: false },
            min: Math.max(0, Math.floor(Math.min(...qualities) * 10 - 0.3) / 10),
            max: Math.min(1, Math.ceil(Math.max(...qualities) * 10 + 0.3) / 10),
            title: { display: true, text: "Predicted quality" },
            ticks: { stepSize: 0.1, callback: (value) => value.toFixed(1) },
          },
        },
        plugins: {
          tooltip: {
            callbacks: {
              label: ({ dataset, raw }) => [dataset.label, `${format.money(raw.x)} a generated answer`,
                `quality ${raw.y.toFixed(3)}`, format.times(raw.size, "request")],
            },
          },
        },
      },
      plugins: [names],
    });
  }

  const isNarrow = (id) => document.getElementById(id).parentElement.clientWidth < 360;

  const SHORTER = [
    (text, most) => `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-Math.floor(most / 2))}`,
    (text, most) => `…${text.slice(1 - most)}`,
    (text, most) => `${text.slice(0, most - 1)}…`,
  ];

  /* Long names by both their ends, or by one where only that tells them apart. */
  function shortened(names, most = 22) {
    const ways = SHORTER.map((way) => names.map((name) => (name.length > most ? way(name, most) : name)));
    return ways.toSorted((a, b) => new Set(b).size - new Set(a).size)[0];
  }

  /* On an axis of powers only 1, 2 and 5 are marked, and of a long one only 1. */
  function roundTicks(axis) {
    const digits = axis.max / axis.min > 200 ? [1] : [1, 2, 5];
    const digit = (value) => Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toFixed(6));
    axis.ticks = axis.ticks.filter(({ value }) => digits.includes(digit(value)));
  }

  const LATENCY_SHADES = [1, 0.7, 0.4];
  const latencyShades = () => LATENCY_SHADES.map((share) => mixed(css("c0"), css("card"), share));

  /* `models`: {model, quantiles: [p50, p90, p99] in seconds}. */
  function latency(models, says) {
    const dots = (index, label, more) => ({
      type: "line", label, showLine: false, indexAxis: "y",
      data: models.map((each) => each.quantiles[index]), pointRadius: 5, pointHoverRadius: 6,
      borderColor: css("c0"), pointBorderWidth: 1.5, ...more,
    });
    draw("latency", says, {
      type: "bar",
      data: {
        labels: shortened(models.map((each) => format.name(each.model)), isNarrow("latency") ? 16 : 22),
        datasets: [
          dots(0, "Half within", { pointBackgroundColor: latencyShades()[0] }),
          dots(1, "90 % within", { pointBackgroundColor: latencyShades()[1] }),
          dots(2, "99 % within", { pointBackgroundColor: latencyShades()[2] }),
          {
            data: models.map((each) => [each.quantiles[0], each.quantiles[2]]), barThickness: 4,
            backgroundColor: mixed(css("c0"), css("card"), 0.28), borderRadius: 2, borderSkipped: false,
          },
        ],
      },
      options: {
        indexAxis: "y",
        interaction: { mode: "y", intersect: false },
        scales: {
          x: {
            type: "logarithmic", border: { color: css("line") },
            afterBuildTicks: roundTicks,
            ticks: { maxRotation: 0, autoSkipPadding: 12, callback: (value) => format.seconds(value) },
          },
          y: { grid: { display: false }, border: { display: false }, ticks: { color: css("ink"), autoSkip: false } },
        },
        plugins: {
          tooltip: {
            filter: (item) => item.datasetIndex < 3,
            callbacks: { label: (item) => `${item.dataset.label}  ${format.seconds(item.raw)}` },
          },
        },
      },
    });
  }

  /* A share over time; null where nothing happened. */
  function rate(id, names, shares, colour, says) {
    draw(id, says, {
      type: "line",
      data: {
        labels: names,
        datasets: [{
          data: shares, borderColor: css(colour), backgroundColor: faint(css(colour), 0.12), fill: true,
          borderWidth: 2, cubicInterpolationMode: "monotone", spanGaps: false, pointHoverRadius: 4,
          pointRadius: ({ dataIndex: at }) => (names.length < 3 || [at - 1, at + 1].every((next) => (shares[next] ?? null) === null) ? 4 : 0),
        }],
      },
      options: {
        interaction: { mode: "index", intersect: false },
        scales: {
          x: timeAxis(names),
          y: {
            beginAtZero: true, suggestedMax: 0.01, border: { display: false },
            ticks: { maxTicksLimit: 4, callback: (value) => format.share(value) },
          },
        },
        plugins: { tooltip: { callbacks: { title: titled(names), label: (item) => format.share(item.raw) } } },
      },
    });
  }

  return { prepare, forget, colourOf, spend, against, bridge, worth, latency, rate, css, latencyShades };
})();
