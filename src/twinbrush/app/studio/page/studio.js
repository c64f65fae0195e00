"use strict";
// The studio's page. What is chosen (`choice`) goes to the service as an order; what the service tells (`jobs`) is drawn.
const $ = id => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name.includes("-") || name === "role") node.setAttribute(name, value); else node[name] = value;
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
};
const STAGES = {
  starting: "Getting ready", cancelling: "Giving up", models: "Getting ready", inputs: "Looking at both pictures", sculpt: "Sculpting the head", regions: "Reading the style",
  form: "Finding the style's form", shape: "Giving the head that form", strengths: "Preparing the sliders", caricatures: "Preparing the sliders", pair: "Painting the front",
  views: "Painting the front", align: "Painting the front", objective: "Painting the front", stylize: "Painting the front", refine: "Painting the front",
  hairs: "Preparing the sliders", texture: "Painting all the way round", ring: "Painting all the way round", relief: "Giving the paint relief", export: "Writing the files" };
const SLIDERS = {
  strength: ["Form", "how far the head follows the style's proportions"], caricature: ["Caricature", "the person's own features, milder or bolder"],
  "hair-shape": ["Hair", "how far the hair's outline follows the style's"], identity: ["Likeness", "how strictly the person's features lead the brush"],
  "style-strength": ["Brush", "how much brushwork and palette"] };

// ---- the service ---------------------------------------------------------------------------------------------------
class Refusal extends Error { constructor(trouble) { super(trouble.problem); this.trouble = trouble; } }
async function ask(method, path, body, type = "application/json") {
  let answer;
  try {
    answer = await fetch("/api/" + path, { method, headers: body === undefined ? {} : { "content-type": type },
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body) });
  } catch { $("offline").hidden = false; throw new Refusal({ kind: "Offline", problem: "The studio does not answer.", remedy: "Start it again: twinbrush studio.", where: "job" }); }
  $("offline").hidden = true;
  if (answer.status === 204) return null;
  const value = await answer.json().catch(() => ({ kind: "Crash", problem: "The studio failed.", remedy: "See its terminal.", where: "job" }));
  if (!answer.ok) throw new Refusal(value);
  return value;
}
async function picture(method, path, body) {  // what is no JSON
  let answer;
  try { answer = await fetch("/api/" + path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) }); }
  catch { $("offline").hidden = false; throw new Refusal({ kind: "Offline", problem: "The studio does not answer.", remedy: "Start it again: twinbrush studio.", where: "job" }); }
  if (!answer.ok) throw new Refusal(await answer.json());
  return answer.blob();
}
const preview = id => `/api/pictures/${id}/preview.jpg`;

// ---- what is chosen ------------------------------------------------------------------------------------------------
const nothing = () => ({ id: null, name: "", face: {}, look: null, turn: 0 });
const choice = { photo: nothing(), style: nothing() };
const names = new Map();
const card = role => $(role + "-card");
function troubleBox(trouble, ...mends) {
  const box = make("div", { className: "trouble", role: "alert" }, make("strong", { textContent: trouble.problem }), make("span", { textContent: trouble.remedy }));
  const buttons = mends.filter(Boolean).map(([text, act]) => make("button", { type: "button", textContent: text, onclick: act }));
  if (buttons.length) box.append(make("div", { className: "mend" }, ...buttons));
  return box;
}
const without = face => Object.fromEntries(Object.entries(face).filter(([name]) => name !== "mask" && name !== "regions"));
function mends(role, trouble) {
  const boxes = trouble.boxes || [];
  if (trouble.kind === "SeveralFaces") return boxes.map((_, number) => [`Face ${number + 1}`, () => choose(role, { face: { face: number } })]);
  if (trouble.kind === "BadMask") return [["Mend it with the brush", () => openMarks(role, choice[role].face.regions ? "regions" : "mask")], ["Without it", () => choose(role, { face: without(choice[role].face) })]];
  if (["FaceNotFound", "FaceUnusable", "BadLandmarks"].includes(trouble.kind)) return [["Click five points", () => openMarks(role)], ["Choose another", () => $(role + "-file").click()]];
  return [["Choose another", () => $(role + "-file").click()]];
}
async function upload(role, file) {
  const told = card(role).querySelector(".told");
  card(role).classList.add("busy");
  told.textContent = "Reading it ...";
  try {
    const picture = await ask("POST", "pictures?name=" + encodeURIComponent(file.name.slice(-200)), file, "application/octet-stream");
    await choose(role, { id: picture.id, name: picture.name, face: {} });
  } catch (error) {
    card(role).classList.remove("busy");
    if (!(error instanceof Refusal)) throw error;
    told.replaceChildren(troubleBox(error.trouble, ["Choose another", () => $(role + "-file").click()]));
  }
}
async function choose(role, change) {
  const chosen = choice[role], turn = ++chosen.turn;
  Object.assign(chosen, change, { look: null });
  names.set(chosen.id, chosen.name);
  card(role).classList.add("busy");
  card(role).classList.remove("done");
  drawChoice(role);
  try {
    const look = await ask("POST", `pictures/${chosen.id}/look`, { role, face: chosen.face });
    if (turn !== chosen.turn) return;
    chosen.look = look;
  } catch (error) {
    if (turn !== chosen.turn || !(error instanceof Refusal)) return;
    chosen.look = { trouble: error.trouble, width: 0, height: 0 };
  }
  card(role).classList.remove("busy");
  card(role).classList.toggle("done", !chosen.look.trouble);
  drawChoice(role);
}
function drawChoice(role) {
  const { id, look } = choice[role], own = card(role), seen = own.querySelector(".seen"), told = own.querySelector(".told");
  const bundled = role === "style" && id && id.startsWith("demo-");
  seen.hidden = !id || bundled;
  own.querySelector(".invite").hidden = !seen.hidden;
  own.querySelector(".drop").classList.toggle("chosen", role === "style" && Boolean(id) && !bundled);
  if (!seen.hidden && seen.querySelector("img").dataset.id !== id) Object.assign(seen.querySelector("img"), { src: preview(id), alt: choice[role].name }).dataset.id = id;
  for (const button of $("gallery").children) if (role === "style") {
    button.setAttribute("aria-checked", String(button.dataset.id === id));
    button.tabIndex = button.dataset.id === id || (!bundled && button === $("gallery").firstChild) ? 0 : -1;
  }
  drawFound(own.querySelector(".found"), look);
  if (id && !look) told.textContent = role === "photo" ? "Looking for the face ..." : "Looking at the style ...";
  else if (look && look.trouble) told.replaceChildren(troubleBox(look.trouble, ...mends(role, look.trouble)));
  else if (look) {
    const { face } = choice[role], given = face.clicks || face.landmarks || face.box;
    const painted = face.regions ? "Your regions are used. " : face.mask ? "Your cut-out is used. " : "";
    told.replaceChildren(make("span", { className: "good", textContent: (given ? "Your points are used. " : painted ? "" : "Face found. ") + painted }), ...look.warnings.map(text => make("span", { textContent: text + " " })),
      make("button", { type: "button", className: "quiet", textContent: "Correct it", onclick: () => openMarks(role) }));
  }
  drawMake();
}
const PATHS = [[0, 16], [17, 21], [22, 26], [27, 30], [31, 35], [36, 41, true], [42, 47, true], [48, 59, true]];
function drawFound(svg, look) {
  svg.replaceChildren();
  if (!look || !look.width) return;
  svg.setAttribute("viewBox", `0 0 ${look.width} ${look.height}`);
  svg.style.aspectRatio = `${look.width} / ${look.height}`;
  const add = (tag, attributes) => { const node = document.createElementNS("http://www.w3.org/2000/svg", tag); for (const name in attributes) node.setAttribute(name, attributes[name]); svg.append(node); };
  for (const [from, to, closed] of look.landmarks && look.landmarks.length ? PATHS : [])
    add(closed ? "polygon" : "polyline", { points: look.landmarks.slice(from, to + 1).map(point => point.join(",")).join(" ") });
  for (const [x0, y0, x1, y1] of (look.trouble && look.trouble.boxes) || []) add("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: (x1 - x0) / 12 });
}
function drawMake() {
  const lacking = choice.photo.id ? choice.style.id ? "" : "Choose a style" : "Choose a photo";
  const wrong = ["photo", "style"].find(role => choice[role].look && choice[role].look.trouble);
  const looking = ["photo", "style"].some(role => choice[role].id && !choice[role].look);
  $("make").disabled = Boolean(lacking || wrong || looking);
  $("make").textContent = lacking || (wrong ? `Mend the ${wrong} first` : looking ? "Looking ..." : "Make the figure");
}
function options() {
  const chosen = {};
  for (const input of document.querySelectorAll("#options [data-option]")) {
    const name = input.dataset.option;
    if (input.type === "range" && Number(input.value) !== Number(input.dataset.first)) chosen[name] = Number(input.value);
    if (input.type === "checkbox" && input.checked) chosen[name] = true;
    if (input.tagName === "SELECT" && input.value) chosen[name] = input.value;
  }
  return chosen;
}
async function order(event) {
  event.preventDefault();
  $("make").disabled = true;
  $("make-told").replaceChildren();
  try {
    const made = await ask("POST", "jobs", { photo: choice.photo.id, style: choice.style.id, presets: $("quality").value.split(","), options: options(),
      photo_face: choice.photo.face, style_face: choice.style.face });
    jobs.unshift(made);
    show([made.id]);
    await refresh();
    if (innerWidth <= 860) $("stage").scrollIntoView({ behavior: "smooth" });
  } catch (error) { if (!(error instanceof Refusal)) throw error; $("make-told").replaceChildren(troubleBox(error.trouble)); }
  drawMake();
}

// ---- jobs ----------------------------------------------------------------------------------------------------------
let jobs = [], shown = [], comparing = false, timer = 0;
const job = id => jobs.find(one => one.id === id);
const active = one => one.state === "queued" || one.state === "running";
const nameOf = id => names.get(id) || (id.startsWith("demo-") ? id.slice(5) : "picture");
const title = one => `${nameOf(one.order.photo).replace(/\.\w+$/, "")} × ${nameOf(one.order.style).replace(/\.\w+$/, "")}`;
function show(ids) { shown = ids; comparing = false; try { location.replace("#" + ids.join("+")); } catch { /* only a convenience */ } draw(); }
async function learnNames() {
  const missing = new Set(jobs.flatMap(one => [one.order.photo, one.order.style]).filter(id => !names.has(id) && !id.startsWith("demo-")));
  for (const id of missing) names.set(id, await ask("GET", "pictures/" + id).then(picture => picture.name, () => "picture"));
  return missing.size;
}
async function refresh() {
  clearTimeout(timer);
  try { jobs = (await ask("GET", "jobs")).jobs; draw(); if (await learnNames()) draw(); } catch (error) { if (!(error instanceof Refusal)) throw error; }
  timer = setTimeout(refresh, jobs.some(active) ? 700 : 4000);
}
async function act(id, method, path, body) {
  try { await ask(method, `jobs/${id}${path}`, body); } catch (error) { if (error instanceof Refusal) $("make-told").replaceChildren(troubleBox(error.trouble)); else throw error; }
  await refresh();
}
function draw() {
  shown = shown.filter(job);
  document.body.classList.toggle("made", shown.length > 0);
  document.body.classList.toggle("compared", shown.length > 1);
  $("empty").hidden = shown.length > 0;
  $("work").hidden = shown.length === 0;
  drawFrames();
  drawBar();
  drawHistory();
}
function drawFrames() {
  const old = new Map([...$("frames").children].map(frame => [frame.dataset.job, frame]));
  for (const [id, frame] of old) if (!shown.includes(id)) frame.remove();
  shown.forEach(id => {
    const one = job(id), state = one.made ? "viewer" + one.version : one.state;
    let frame = old.get(id);
    if (!frame) $("frames").append(frame = make("div", { className: "frame", "data-job": id }));
    if (frame.dataset.state !== state) {
      frame.dataset.state = state;
      frame.replaceChildren(one.made
        ? make("iframe", { src: `/api/jobs/${id}/files/viewer.html?v=${one.version}`, title: `${title(one)}, in 3D`, onload: event => fit(event.target) })
        : make("div", { className: "waiting" }, make("div", { className: "pair" }, make("img", { src: preview(one.order.photo), alt: "The photo" }), make("img", { src: preview(one.order.style), alt: "The style" })), make("p")));
    }
    const text = frame.querySelector(".waiting p");
    if (text) text.textContent = { queued: "Waiting for its turn", running: (STAGES[one.stage] || "At work") + " ...", cancelled: "Given up", refused: "It needs your help", crashed: "Something broke" }[one.state] || "";
    if (shown.length > 1 && !frame.querySelector(".name")) frame.append(make("div", { className: "name", textContent: title(one) }));
    if (shown.length < 2) frame.querySelector(".name")?.remove();
  });
}
function fit(frame) {  // the page around it has the title and both pictures; on a small screen the panels lie side by side on top
  const inside = frame.contentDocument;
  if (!inside || !inside.head) return;
  inside.head.append(Object.assign(inside.createElement("style"), { textContent: `header, #inputs { display: none !important; }
    @media (max-width: 620px) { #side { left: 12px; right: 12px; top: 12px; } #panels { flex-direction: row; align-items: flex-start; width: 100%; } #panels > details { flex: 1 1 auto; max-height: 46vh; font-size: 12px; padding: 9px 10px; } }` }));
}
const clock = seconds => seconds === null ? "" : seconds > 90 ? `about ${Math.round(seconds / 60)} min left` : seconds > 8 ? `about ${Math.ceil(seconds / 5) * 5} s left` : "nearly done";
function drawBar() {
  const rows = shown.map(job).map(one => barOf(one));
  const text = rows.map(row => row.dataset.key).join();
  if ($("bar").dataset.key === text) shown.map(job).forEach((one, number) => moveBar($("bar").children[number], one));
  else { $("bar").replaceChildren(...rows); $("bar").dataset.key = text; shown.map(job).forEach((one, number) => moveBar($("bar").children[number], one)); }
}
function moveBar(row, one) {
  const track = row.querySelector(".track");
  if (!track) return;
  track.firstChild.style.width = 100 * one.share + "%";
  track.setAttribute("aria-valuenow", Math.round(100 * one.share));
  row.querySelector(".stage").textContent = one.state === "queued" ? `${1 + jobs.filter(other => active(other) && other.number < one.number).length}. in the queue` : (STAGES[one.stage] || one.stage) + (one.made ? " (better version)" : "");
  row.querySelector(".left").textContent = one.state === "running" ? clock(one.remaining_seconds) : "";
}
function barOf(one) {
  const row = make("div", { "data-key": [one.id, one.state, one.made, one.version, one.printable, comparing, shown.length].join() });
  if (active(one)) row.append(make("div", { className: "progress" }, make("strong", { className: "stage" }), make("span", { className: "left" }),
    make("button", { className: "plain", type: "button", textContent: "Cancel", onclick: () => act(one.id, "POST", "/cancel") }),
    make("div", { className: "track", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, make("i"))));
  if (one.trouble || one.state === "cancelled") {
    const trouble = one.trouble || { kind: "Cancelled", problem: "Given up.", remedy: "What was finished is kept: it goes on from there." }, role = one.trouble ? one.trouble.where : "job";
    row.append(troubleBox(trouble, role !== "job" && ["Show me where", () => mendJob(one, role)], ["Try again", () => act(one.id, "POST", "/again")]));
  }
  if (one.made) row.append(actionsOf(one));
  if (one.warnings.length && one.made) row.append(make("details", { className: "notes" }, make("summary", { textContent: one.warnings.length === 1 ? "1 remark" : one.warnings.length + " remarks" }), ...one.warnings.map(text => make("p", { textContent: text }))));
  return row;
}
const given = place => Object.fromEntries(Object.entries(place || {}).filter(([, value]) => value !== null));
const takeUp = one => Promise.all(["photo", "style"].map(each => choose(each, { id: one.order[each], name: nameOf(one.order[each]), face: given(one.order[each + "_face"]) })));
async function varyJob(one) {
  const wanted = one.order.options;
  for (const input of document.querySelectorAll("#options [data-option]")) {
    const value = wanted[input.dataset.option];
    if (input.type === "range") { input.value = value ?? input.dataset.first; input.oninput(); } else if (input.type === "checkbox") input.checked = Boolean(value); else input.value = value ?? "";
  }
  $("options").open = true;
  $("bench").scrollIntoView({ behavior: "smooth", block: "start" });
  await takeUp(one);
}
async function mendJob(one, role) {
  await takeUp(one);
  card(role).scrollIntoView({ behavior: "smooth", block: "center" });
  if (/Face|Landmarks/.test(one.trouble.kind) && one.trouble.kind !== "SeveralFaces") openMarks(role);
}
function actionsOf(one) {
  const file = (name, text, first) => one.files.includes(name) && make("a", { href: `/api/jobs/${one.id}/files/${name}?download=true`, download: name, textContent: text, className: first ? "first" : "" });
  const button = (text, act, extra = {}) => make("button", { type: "button", textContent: text, onclick: act, ...extra });
  const links = [file("figure.glb", "Download GLB", true), one.files.includes("figure.obj") && make("a", { href: `/api/jobs/${one.id}/figure.zip`, download: "figure.zip", textContent: "OBJ" }),
    file("figure.3mf", "Print (3MF)"), file("figure.stl", "Print (STL)"), file("viewer.html", "Page to share"), file("sheet.png", "Sheet")].filter(Boolean);
  const more = active(one) ? [] : [!one.printable && button("For printing", () => act(one.id, "POST", "/print"), { title: "Make the printable solid: STL and 3MF" }),
    button("Vary it", () => varyJob(one), { title: "Take this photo, style and taste once more, to change something" }), button("Keep this form", () => keepForm(one), { title: "Make the files anew with the form that the sliders show" })].filter(Boolean);
  const compare = shown.length > 1 ? button("One at a time", () => show([one.id])) : jobs.length > 1 && button(comparing ? "Choose the other one below" : "Compare", () => { comparing = !comparing; draw(); if (comparing) $("history").scrollIntoView({ behavior: "smooth", block: "nearest" }); }, { "aria-pressed": String(comparing) });
  return make("div", { className: "actions" }, ...(shown.length > 1 ? [make("strong", { textContent: title(one) })] : []), ...links, ...more, make("span", { className: "gap" }), compare || null);
}
function keepForm(one) {
  const inside = $("frames").querySelector(`[data-job="${one.id}"] iframe`).contentDocument, value = name => { const input = inside.getElementById("form-" + name); return input ? Number(input.value) : null; };
  const strength = value("strength");
  if (strength !== null) act(one.id, "POST", "/reshape", { strength, caricature: value("caricature"), hair_shape: value("hair"), relief: value("relief") });
}
function drawHistory() {
  const key = jobs.map(one => [one.id, one.state, one.version, shown.includes(one.id), names.get(one.order.photo), names.get(one.order.style)].join()).join("|") + comparing;
  if ($("jobs").dataset.key !== key) {
    $("jobs").dataset.key = key;
    $("jobs").replaceChildren(...jobs.map(one => make("li", { "aria-current": String(shown.includes(one.id)) },
      make("button", { className: "open" + (one.made ? "" : " wait"), type: "button", onclick: () => open(one.id), title: title(one) },
        make("div", { className: "picture", "data-job": one.id }, make("img", { loading: "lazy", alt: "", src: one.made ? `/api/jobs/${one.id}/thumb.jpg?v=${one.version}` : preview(one.order.photo) }),
          one.state === "done" ? null : make("b", { className: one.state === "refused" || one.state === "crashed" ? "bad" : "" })), make("span", { textContent: title(one) })),
      active(one) ? null : make("button", { className: "remove", type: "button", "aria-label": `Remove ${title(one)}`, textContent: "×", onclick: () => { if (confirm(`Remove ${title(one)} and its files?`)) act(one.id, "DELETE", ""); } }))));
  }
  for (const picture of $("jobs").querySelectorAll(".picture b")) {
    const one = job(picture.parentNode.dataset.job);
    picture.textContent = { queued: "waiting", running: Math.round(100 * one.share) + " %", refused: "needs help", crashed: "broke", cancelled: "given up" }[one.state] || "";
  }
}
function open(id) {
  if (comparing && shown.length === 1 && id !== shown[0]) { shown = [shown[0], id]; comparing = false; draw(); $("stage").scrollIntoView({ behavior: "smooth", block: "start" }); }
  else { show([id]); if (innerWidth <= 860) $("stage").scrollIntoView({ behavior: "smooth" }); }  // it stands above, out of sight
}

// ---- begin ---------------------------------------------------------------------------------------------------------
function theme(wanted) {
  const dark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
async function begin() {
  const [demo, sliders] = await Promise.all([ask("GET", "demo"), ask("GET", "options")]);
  for (const picture of demo) names.set(picture.id, picture.name);
  $("gallery").append(...demo.slice(1).map(({ id, name }) => make("button", { type: "button", role: "radio", "aria-checked": "false", "data-id": id, onclick: () => choose("style", { id, name, face: {} }) }, make("img", { src: `/page/${name}.jpg`, alt: "" }), name)));
  document.querySelector(".sliders").append(...sliders.map(({ name, low, high, value }) => {
    const number = make("output", { textContent: value.toFixed(2) }), [text, hint] = SLIDERS[name] || [name, ""];
    const input = make("input", { type: "range", min: low, max: high, step: 0.05, value, "data-option": name, "data-first": value, "aria-label": text, oninput: () => { number.textContent = Number(input.value).toFixed(2); } });
    return make("label", {}, make("span", { textContent: text }), number, input, make("small", { textContent: hint }));
  }));
  drawChoice("style");
  await refresh();
  const wanted = location.hash.slice(1).split("+").filter(job);
  if (wanted.length) show(wanted); else { const running = jobs.find(active); if (running) show([running.id]); }
}
theme();
matchMedia("(prefers-color-scheme: dark)").onchange = () => theme();
$("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
$("bench").onsubmit = order;
$("astronaut").onclick = () => choose("photo", { id: "demo-astronaut", name: "astronaut", face: {} });
$("as-first").onclick = () => { for (const input of document.querySelectorAll("#options [data-option]")) { if (input.type === "range") { input.value = input.dataset.first; input.oninput(); } else if (input.type === "checkbox") input.checked = false; else input.value = ""; } };
for (const role of ["photo", "style"]) {
  const drop = $(role + "-drop"), input = $(role + "-file");
  input.onchange = () => { if (input.files[0]) upload(role, input.files[0]); input.value = ""; };
  drop.ondragover = event => { event.preventDefault(); drop.classList.add("over"); };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = event => { event.preventDefault(); drop.classList.remove("over"); if (event.dataTransfer.files[0]) upload(role, event.dataTransfer.files[0]); };
}
for (const kind of ["dragover", "drop"]) addEventListener(kind, event => { if (!event.target.closest?.(".drop")) event.preventDefault(); });
$("gallery").onkeydown = event => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], all = [...$("gallery").children];
  if (!step) return;
  event.preventDefault();
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next.focus(); next.click();
};
begin().catch(error => { $("make-told").replaceChildren(troubleBox(error.trouble || { problem: String(error), remedy: "Load the page again." })); });
