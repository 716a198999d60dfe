// Small pictures of what is being measured, with the limits drawn in.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 380, HEIGHT = 230, LEFT = 56, BOTTOM = 40, TOP = 14, RIGHT = 12;

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// From samples to points or bars: [kind, xs, ys, labels].
function shape(plot) {
  if (plot.drawing === "cumulative") {
    const xs = [...plot.x].sort((one, other) => one - other);
    return ["line", xs, xs.map((_, index) => (index + 1) / xs.length)];
  }
  if (plot.drawing === "histogram") {
    const low = Math.min(...plot.x), step = (Math.max(...plot.x) - low || 1) / 20;
    const counts = new Array(20).fill(0);
    for (const value of plot.x) counts[Math.min(19, Math.floor((value - low) / step))] += 1;
    return ["bars", counts.map((_, index) => low + (index + 0.5) * step), counts];
  }
  if (plot.drawing === "bars") return ["bars", plot.y.map((_, index) => index), plot.y, plot.labels];
  return ["line", plot.x, plot.y];
}

function drawPlot(plot) {
  const [kind, xs, ys, labels] = shape(plot);
  const limits = [plot.lower, plot.upper].filter((bound) => bound !== null);
  const across = plot.drawing === "histogram" || plot.drawing === "cumulative" || plot.limit_across;
  const xAll = across ? [...xs, ...limits] : xs, yAll = across ? [0, ...ys] : [0, ...ys, ...limits];
  let [x0, x1, y0, y1] = [Math.min(...xAll), Math.max(...xAll), Math.min(...yAll), Math.max(...yAll)];
  if (kind === "bars") { const half = (x1 - x0 || 1) / xs.length / 2; x0 -= half; x1 += half; }
  if (x0 === x1) x1 = x0 + 1;
  if (y0 === y1) y1 = y0 + 1;
  const toX = (x) => LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
  const toY = (y) => HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - BOTTOM - TOP);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${plot.title.ja} ${plot.title.en}` });
  svg.append(element("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: toY(y0), y2: toY(y0) }));
  svg.append(element("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP, y2: toY(y0) }));
  if (kind === "line") {
    svg.append(element("polyline", { class: "ink", points: xs.map((x, index) => `${toX(x)},${toY(ys[index])}`).join(" ") }));
  } else {
    const wide = 0.8 * (WIDTH - LEFT - RIGHT) / xs.length;
    xs.forEach((x, index) => svg.append(element("rect", { class: "bar", x: toX(x) - wide / 2, width: wide, y: toY(ys[index]), height: Math.max(0, toY(y0) - toY(ys[index])) })));
  }
  for (const bound of limits) {
    svg.append(across
      ? element("line", { class: "limit", x1: toX(bound), x2: toX(bound), y1: TOP, y2: toY(y0) })
      : element("line", { class: "limit", x1: LEFT, x2: WIDTH - RIGHT, y1: toY(bound), y2: toY(bound) }));
  }
  const short = (value) => Number(value.toPrecision(3)).toString();
  svg.append(element("text", { x: LEFT - 6, y: TOP + 8, "text-anchor": "end" }, short(y1)));
  svg.append(element("text", { x: LEFT - 6, y: toY(y0), "text-anchor": "end" }, short(y0)));
  if (labels && labels.length) {
    xs.forEach((x, index) => svg.append(element("text", { x: toX(x), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, labels[index])));
  } else {
    svg.append(element("text", { x: LEFT, y: HEIGHT - BOTTOM + 18 }, short(x0)));
    svg.append(element("text", { x: WIDTH - RIGHT, y: HEIGHT - BOTTOM + 18, "text-anchor": "end" }, short(x1)));
  }
  svg.append(element("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, `${plot.x_name}${plot.y_name ? ` / ${plot.y_name}` : ""}`));
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  caption.textContent = `${plot.title.ja} ${plot.title.en}`;
  figure.append(svg, caption);
  return figure;
}
