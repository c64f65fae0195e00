"use strict";
// The dialog in which the user says where a face is: five clicks, 68 points to drag, or a box. In the picture's pixels.
const marks = { role: "photo", tool: "clicks", points: [], held: -1, look: null, box: null };
const FIVE = ["the left eye", "the right eye", "the tip of the nose", "the left corner of the mouth", "the right corner of the mouth"];
const drawn = (tag, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  return node;
};
function openMarks(role, tool = null) {
  const { id, look, face } = choice[role], picture = $("marks-canvas").querySelector("img");
  if (!look || !look.width) return;
  Object.assign(marks, { role, look, held: -1, box: face.box || null });
  picture.src = preview(id);
  picture.alt = choice[role].name;
  $("marks-canvas").querySelector("svg").setAttribute("viewBox", `0 0 ${look.width} ${look.height}`);
  const found = look.landmarks && look.landmarks.length > 0;
  document.querySelector("[data-tool=landmarks]").disabled = !found;
  $("marks").showModal();
  useTool(tool || (face.landmarks && found ? "landmarks" : "clicks"), face.clicks || []);
  const scale = Math.min(innerWidth * 0.86 / look.width, innerHeight * 0.62 / look.height, 1020 / look.width);  // small pictures are shown large
  Object.assign(picture.style, { width: look.width * scale + "px", height: look.height * scale + "px" });
  drawMarks();
}
function useTool(tool, points = []) {
  marks.tool = tool;
  if (isBrush(tool)) beginBrush(tool); else brush.turn++;
  marks.points = isBrush(tool) ? [] : tool === "landmarks" ? marks.look.landmarks.map(point => [...point]) : points.map(point => [...point]);
  if (tool !== "box") marks.box = null;
  marks.held = -1;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  drawMarks();
}
function drawMarks() {
  const svg = $("marks-canvas").querySelector("svg"), size = Math.max(marks.look.width, marks.look.height), { points, tool, box } = marks;
  const scale = size / Math.max(svg.clientWidth, svg.clientHeight, 300);
  svg.replaceChildren();
  if (tool === "landmarks") for (const [from, to, closed] of PATHS)
    svg.append(drawn(closed ? "polygon" : "polyline", { class: "ghost", points: points.slice(from, to + 1).map(point => point.join(",")).join(" ") }));
  if (tool === "box" && box) svg.append(drawn("rect", { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1] }));
  points.forEach(([x, y], number) => {
    svg.append(drawn("circle", { cx: x, cy: y, r: (tool === "landmarks" ? 3.500 : 7) * scale, class: number === marks.held ? "held" : "", "data-number": number }));
    if (tool === "clicks") { const label = drawn("text", { x: x + 10 * scale, y: y - 8 * scale, "font-size": 14 * scale }); label.textContent = number + 1; svg.append(label); }
  });
  drawBrush(svg, scale);
  const ready = isBrush(tool) ? brush.changed && Boolean(brush.labels) : tool === "box" ? Boolean(box) : tool === "landmarks" || points.length === 5;
  $("marks-use").disabled = !ready;
  $("marks-undo").disabled = isBrush(tool) ? !brush.undo.length : tool === "landmarks" || (tool === "clicks" && !points.length);
  $("marks-title").textContent = tool === "regions" ? "What is what?" : tool === "mask" ? "Where is the person?" : "Where is the face?";
  $("marks-hint").textContent = isBrush(tool) ? (!brush.labels ? "Looking what is where ..." : tool === "mask" ? "Paint away what is not the person (dark), or back what is." : "Paint over what was named wrongly: it is obeyed exactly.")
    : tool === "landmarks" ? "Drag any point to where it belongs (arrow keys move the last one)."
    : tool === "box" ? "Draw a box around the face, from a corner to the opposite one."
      : points.length < 5 ? `Click ${FIVE[points.length]} (left and right as you see them).` : "All five are there: drag them, or use them.";
}
function placeOf(event) {
  const svg = $("marks-canvas").querySelector("svg"), { left, top, width, height } = svg.getBoundingClientRect(), within = (value, high) => Math.min(Math.max(value, 0), high - 1);
  return [within((event.clientX - left) / width * marks.look.width, marks.look.width), within((event.clientY - top) / height * marks.look.height, marks.look.height)];
}
function nearest([x, y], reach) {
  let best = -1, least = reach;
  marks.points.forEach((point, number) => { const away = Math.hypot(point[0] - x, point[1] - y); if (away < least) { least = away; best = number; } });
  return best;
}
const surface = $("marks-canvas").querySelector("svg");
surface.addEventListener("pointerdown", event => {
  const place = placeOf(event), reach = (marks.tool === "clicks" && marks.points.length < 5 ? 11 : 22) * marks.look.width / surface.clientWidth;
  surface.setPointerCapture(event.pointerId);
  event.preventDefault();
  surface.focus({ preventScroll: true });
  if (isBrush(marks.tool)) { beginStroke(place); marks.held = 0; }
  else if (marks.tool === "box") { marks.start = place; marks.box = null; marks.held = 0; }
  else {
    marks.held = nearest(place, reach);
    if (marks.held < 0 && marks.tool === "clicks" && marks.points.length < 5) { marks.points.push(place); marks.held = marks.points.length - 1; }
  }
  marks.dragging = marks.held >= 0;
  drawMarks();
});
surface.addEventListener("pointermove", event => {
  if (isBrush(marks.tool) && !marks.dragging) { brush.at = placeOf(event); return drawMarks(); }
  if (!marks.dragging) return;
  const place = placeOf(event);
  if (isBrush(marks.tool)) for (const one of event.getCoalescedEvents?.() || []) stroke(placeOf(one));
  if (isBrush(marks.tool)) stroke(place);
  else if (marks.tool === "box") {
    const [x, y] = marks.start, box = [Math.min(x, place[0]), Math.min(y, place[1]), Math.max(x, place[0]), Math.max(y, place[1])];
    marks.box = box[2] - box[0] > 8 && box[3] - box[1] > 8 ? box : null;
  } else marks.points[marks.held] = place;
  drawMarks();
});
for (const kind of ["pointerup", "pointercancel"]) surface.addEventListener(kind, () => { marks.dragging = false; });
surface.addEventListener("keydown", event => {  // without a mouse: Enter sets a point in the middle, arrows move it
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key], pace = (event.shiftKey ? 12 : 3) * marks.look.width / surface.clientWidth;
  if (isBrush(marks.tool) && (step || event.key === "Enter" || event.key === " ")) {
    const [x, y] = brush.at || [marks.look.width / 2, marks.look.height / 2], move = step || [0, 0];
    brush.at = [Math.min(Math.max(x + move[0] * 3 * pace, 0), marks.look.width - 1), Math.min(Math.max(y + move[1] * 3 * pace, 0), marks.look.height - 1)];
    if (!step) beginStroke(brush.at);
  } else if (event.key === "Enter" && marks.tool === "clicks" && marks.points.length < 5) {
    marks.points.push([marks.look.width / 2, marks.look.height / 2]);
    marks.held = marks.points.length - 1;
  } else if (step && marks.points[marks.held]) {
    const [x, y] = marks.points[marks.held];
    marks.points[marks.held] = [Math.min(Math.max(x + step[0] * pace, 0), marks.look.width - 1), Math.min(Math.max(y + step[1] * pace, 0), marks.look.height - 1)];
  } else return;
  event.preventDefault();
  drawMarks();
});
for (const button of document.querySelectorAll("[data-tool]")) button.onclick = () => useTool(button.dataset.tool);
$("marks-undo").onclick = () => { if (isBrush(marks.tool)) return undoStroke(); if (marks.tool === "box") marks.box = null; else marks.points.pop(); marks.held = marks.points.length - 1; drawMarks(); };
$("marks-auto").onclick = () => { $("marks").close(); choose(marks.role, { face: {} }); };
$("marks-use").onclick = () => {
  if (isBrush(marks.tool)) return useBrush();
  const exact = points => points.map(point => point.map(value => Math.round(value * 10) / 10));
  const face = marks.tool === "box" ? { box: exact([marks.box])[0] } : { [marks.tool]: exact(marks.points) };
  $("marks").close();
  const { mask, regions } = choice[marks.role].face, painted = regions ? { regions } : mask ? { mask } : {};
  choose(marks.role, { face: { ...face, ...painted } });
};
