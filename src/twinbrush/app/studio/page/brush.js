"use strict";
// The brush of the dialog: which pixel is what (the legend's colours), or only where the person is. Labels, no soft edges:
// what is uploaded has exactly the legend's colours, in the picture's own size.
const LEGEND = [["Ground", [64, 64, 64]], ["Skin", [255, 180, 140]], ["Hair", [140, 70, 20]], ["Beard", [230, 200, 0]], ["Clothes", [40, 90, 220]], ["Headwear", [200, 40, 180]]];
const PERSON = [["Background", [0, 0, 0]], ["Person", [255, 255, 255]]];
const VEIL = { regions: 150, mask: 165 };  // of 255: how much of the picture the paint hides
const MOST_UNDO = 30;
const brush = { labels: null, width: 0, height: 0, colour: 1, radius: 0.03, undo: [], at: null, last: null, changed: false, turn: 0 };
const isBrush = tool => tool === "regions" || tool === "mask";
const palette = tool => (tool === "mask" ? PERSON : LEGEND);
const veil = $("marks-canvas").querySelector("canvas");

function readLabels(image) {  // the legend's picture -> labels
  const flat = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
  flat.drawImage(image, 0, 0);
  const { data } = flat.getImageData(0, 0, image.width, image.height), labels = new Uint8Array(image.width * image.height);
  for (let i = 0; i < labels.length; i++) {
    let best = 0, least = Infinity;
    LEGEND.forEach(([, colour], number) => {
      const away = Math.abs(data[4 * i] - colour[0]) + Math.abs(data[4 * i + 1] - colour[1]) + Math.abs(data[4 * i + 2] - colour[2]);
      if (away < least) { least = away; best = number; }
    });
    labels[i] = best;
  }
  return labels;
}
async function beginBrush(tool) {
  const turn = ++brush.turn, { role, look } = marks, face = choice[role].face;
  Object.assign(brush, { labels: null, undo: [], at: null, changed: false, colour: tool === "mask" ? 0 : 2 });
  drawMarks();
  try {
    const image = await createImageBitmap(await picture("POST", `pictures/${choice[role].id}/regions`, { role, face }));
    if (turn !== brush.turn) return;
    let labels = readLabels(image);
    if (tool === "mask") labels = labels.map(label => (label ? 1 : 0));
    Object.assign(brush, { labels, width: image.width, height: image.height });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (turn !== brush.turn) return;
    const width = Math.max(1, Math.round(look.width * Math.min(1, 1024 / Math.max(look.width, look.height)))), height = Math.max(1, Math.round(width * look.height / look.width));
    Object.assign(brush, { labels: new Uint8Array(width * height), width, height });  // nothing was read of it: all ground
    $("marks-hint").textContent = error.message;
  }
  Object.assign(veil, { width: brush.width, height: brush.height });
  drawVeil(0, 0, brush.width, brush.height);
  drawMarks();
}
function drawVeil(x0, y0, x1, y1) {  // a part of the picture of the labels
  const width = x1 - x0, height = y1 - y0;
  if (width <= 0 || height <= 0) return;
  const part = new ImageData(width, height), colours = palette(marks.tool), { labels } = brush;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const label = labels[(y0 + y) * brush.width + x0 + x], i = 4 * (y * width + x);
    part.data.set(colours[label][1], i);
    part.data[i + 3] = marks.tool === "mask" && label === 1 ? 0 : VEIL[marks.tool];
  }
  veil.getContext("2d").putImageData(part, x0, y0);
}
function stamp(x, y) {  // a disc, in the labels' pixels
  const reach = Math.max(0.5, brush.radius * Math.max(brush.width, brush.height)), clip = (value, high) => Math.min(Math.max(value, 0), high);
  const x0 = clip(Math.floor(x - reach), brush.width), x1 = clip(Math.ceil(x + reach) + 1, brush.width), y0 = clip(Math.floor(y - reach), brush.height), y1 = clip(Math.ceil(y + reach) + 1, brush.height);
  for (let row = y0; row < y1; row++) for (let column = x0; column < x1; column++)
    if ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2 <= reach ** 2) brush.labels[row * brush.width + column] = brush.colour;
  drawVeil(x0, y0, x1, y1);
}
const toLabels = ([x, y]) => [(x + 0.5) / marks.look.width * brush.width, (y + 0.5) / marks.look.height * brush.height];
function beginStroke(place) {
  if (!brush.labels) return;
  brush.undo.push(brush.labels.slice());
  if (brush.undo.length > MOST_UNDO) brush.undo.shift();
  brush.last = null;
  brush.changed = true;
  stroke(place);
}
function stroke(place) {
  if (!brush.labels) return;
  brush.at = place;
  const to = toLabels(place), from = brush.last || to, steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / Math.max(1, 0.3 * brush.radius * brush.width)));
  for (let step = 1; step <= steps; step++) stamp(from[0] + (to[0] - from[0]) * step / steps, from[1] + (to[1] - from[1]) * step / steps);
  brush.last = to;
}
function undoStroke() {
  if (!brush.undo.length) return;
  brush.labels = brush.undo.pop();
  drawVeil(0, 0, brush.width, brush.height);
  drawMarks();
}
async function labelPicture() {  // a PNG of the picture's own size; every pixel has one of the palette's colours
  const { width, height } = marks.look, small = new OffscreenCanvas(brush.width, brush.height), whole = new OffscreenCanvas(width, height);
  const part = new ImageData(brush.width, brush.height), colours = palette(marks.tool);
  brush.labels.forEach((label, i) => part.data.set([...colours[label][1], 255], 4 * i));
  small.getContext("2d").putImageData(part, 0, 0);
  const context = whole.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, width, height);
  return whole.convertToBlob({ type: "image/png" });
}
async function useBrush() {
  const { role, tool } = marks, { face } = choice[role];
  $("marks-use").disabled = true;
  $("marks-hint").textContent = "Taking it ...";
  try {
    const kept = await ask("POST", `pictures?name=${tool}.png`, await labelPicture(), "application/octet-stream");
    const others = Object.fromEntries(Object.entries(face).filter(([name]) => name !== "mask" && name !== "regions"));
    $("marks").close();
    await choose(role, { face: { ...others, [tool]: kept.id } });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    $("marks-hint").textContent = `${error.trouble.problem} ${error.trouble.remedy}`;
    $("marks-use").disabled = false;
  }
}
function drawBrush(svg, scale) {  // the tools' row, and the ring that shows where the brush is
  const on = isBrush(marks.tool);
  veil.hidden = !on || !brush.labels;
  $("brush").hidden = !on;
  if (!on) return;
  if ($("swatches").dataset.tool !== marks.tool) {
    $("swatches").dataset.tool = marks.tool;
    $("swatches").replaceChildren(...palette(marks.tool).map(([name, colour], number) => {
      const dot = make("i");
      dot.style.background = `rgb(${colour.join()})`;
      return make("button", { type: "button", "data-label": number, onclick: () => { brush.colour = number; drawMarks(); } }, dot, name);
    }));
  }
  for (const swatch of $("swatches").children) swatch.setAttribute("aria-pressed", String(Number(swatch.dataset.label) === brush.colour));
  if (brush.at) svg.append(drawn("circle", { class: "ring", cx: brush.at[0], cy: brush.at[1], r: Math.max(brush.radius * Math.max(marks.look.width, marks.look.height), 2 * scale) }));
}
$("brush-size").oninput = () => { brush.radius = Number($("brush-size").value) / 1000; drawMarks(); };
