"use strict";
// The portrait's page: unpack the mesh, draw it with WebGL, turn it with mouse, touch and keys. No library, no requests.
(async () => {
const $ = id => document.getElementById(id);
const portrait = JSON.parse($("portrait").textContent);
const canvas = $("stage");
const fail = text => { $("message").textContent = text; $("message").hidden = false; document.body.classList.add("bare"); };

// ---- unpack: see viewer/__init__.py, `pack_numbers` --------------------------------------------------------------
async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
// Byte planes, lowest first, of differences between neighbours (modulo 2^32, zigzag) -> the numbers.
function numbers(bytes, count) {
  const out = new Uint32Array(count), planes = bytes.length / count;
  for (let plane = 0; plane < planes; plane++)
    for (let i = 0; i < count; i++) out[i] |= bytes[plane * count + i] << (8 * plane);
  let sum = 0;
  for (let i = 0; i < count; i++) { const z = out[i]; sum = (sum + ((z >>> 1) ^ -(z & 1))) | 0; out[i] = sum; }
  return out;
}
async function vectors({ data, count, size, low, step }) {
  const flat = numbers(await unpack(data), count * size), out = new Float32Array(count * size);
  for (let axis = 0; axis < size; axis++)
    for (let i = 0; i < count; i++) out[i * size + axis] = low[axis] + step * flat[axis * count + i];
  return out;
}
function loadImage(source) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("a texture of this page is damaged"));
    image.src = source;
  });
}

// ---- shape: normals, and how hollow or proud each vertex is (for the clay) -----------------------------------------
function edgesOf(faces, count) {  // each edge once: pairs of vertices in order
  const keys = new Float64Array(faces.length);
  for (let f = 0; f < faces.length; f++) {
    const i = faces[f], j = faces[f % 3 === 2 ? f - 2 : f + 1];
    keys[f] = Math.min(i, j) * count + Math.max(i, j);
  }
  const pairs = keys.sort().filter((key, k) => k === 0 || key !== keys[k - 1]), out = new Uint32Array(2 * pairs.length);
  pairs.forEach((key, k) => { out[2 * k] = Math.floor(key / count); out[2 * k + 1] = key % count; });
  return out;
}
function shapeOf(points) {
  const count = points.length / 3, floats = () => new Float32Array(count);
  return renew({ points, normals: new Float32Array(3 * count), hollow: floats(), next: floats(), weight: floats() });
}
function renew(shape, quick = false) {  // in the arrays that are there: sliders call this for every frame
  const { points, normals, next, weight } = shape;
  let hollow = shape.hollow;
  normals.fill(0);
  for (let f = 0; f < faces.length; f += 3) {
    const a = 3 * faces[f], b = 3 * faces[f + 1], c = 3 * faces[f + 2];
    const ux = points[b] - points[a], uy = points[b + 1] - points[a + 1], uz = points[b + 2] - points[a + 2];
    const vx = points[c] - points[a], vy = points[c + 1] - points[a + 1], vz = points[c + 2] - points[a + 2];
    const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
    normals[a] += nx; normals[a + 1] += ny; normals[a + 2] += nz;
    normals[b] += nx; normals[b + 1] += ny; normals[b + 2] += nz;
    normals[c] += nx; normals[c + 1] += ny; normals[c + 2] += nz;
  }
  for (let s = 0; s < portrait.seam.length; s += 2)  // two vertices at one place: light shall not show a crease there
    for (let axis = 0; axis < 3; axis++) {
      const i = 3 * portrait.seam[s] + axis, j = 3 * portrait.seam[s + 1] + axis;
      normals[i] = normals[j] = normals[i] + normals[j];
    }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.sqrt(normals[i] ** 2 + normals[i + 1] ** 2 + normals[i + 2] ** 2) || 1;
    normals[i] /= length; normals[i + 1] /= length; normals[i + 2] /= length;
  }
  if (quick) return shape;
  hollow.fill(0); weight.fill(0);
  for (let e = 0; e < edges.length; e += 2) {
    const i = edges[e], j = edges[e + 1], a = 3 * i, b = 3 * j;
    const dx = points[b] - points[a], dy = points[b + 1] - points[a + 1], dz = points[b + 2] - points[a + 2];
    const length = Math.sqrt(dx * dx + dy * dy + dz * dz) || 1;
    hollow[i] += (normals[a] * dx + normals[a + 1] * dy + normals[a + 2] * dz) / length; weight[i]++;
    hollow[j] -= (normals[b] * dx + normals[b + 1] * dy + normals[b + 2] * dz) / length; weight[j]++;
  }
  for (let i = 0; i < hollow.length; i++) hollow[i] /= weight[i] || 1;
  let sum = next;
  for (let round = 0; round < 3; round++) {  // single vertices are noise; what is hollow over a few millimetres is form
    for (let i = 0; i < sum.length; i++) sum[i] = 0.5 * hollow[i];
    for (let e = 0; e < edges.length; e += 2) {
      const i = edges[e], j = edges[e + 1];
      sum[i] += hollow[j]; sum[j] += hollow[i];
    }
    for (let i = 0; i < sum.length; i++) sum[i] /= weight[i] + 0.5;
    [hollow, sum] = [sum, hollow];
  }
  shape.hollow = hollow; shape.next = sum;
  return shape;
}

// ---- WebGL ---------------------------------------------------------------------------------------------------------
const VERTEX = `
attribute vec3 aBefore, aAfter, aNormalBefore, aNormalAfter; attribute vec2 aUv, aHollow;
uniform mat4 uView, uProjection; uniform float uMorph;
varying vec3 vPlace, vNormal; varying vec2 vUv; varying float vHollow;
void main() {
  vec4 place = uView * vec4(mix(aBefore, aAfter, uMorph), 1.0);
  vPlace = place.xyz; vUv = aUv; vHollow = mix(aHollow.x, aHollow.y, uMorph);
  vNormal = mat3(uView) * mix(aNormalBefore, aNormalAfter, uMorph);
  gl_Position = uProjection * place;
}`;
const FRAGMENT = `
varying vec3 vPlace, vNormal; varying vec2 vUv; varying float vHollow;
uniform sampler2D uTextureBefore, uTextureAfter, uHeights; uniform float uMorph, uClay, uRelief;
// Normals tilted by a picture of heights (Mikkelsen, Bump mapping unparametrized surfaces on the GPU, 2010).
vec3 tilted(vec3 n) {
  if (uRelief == 0.0) return n;
  vec3 right = dFdx(vPlace), up = dFdy(vPlace), a = cross(up, n), b = cross(n, right);
  float area = dot(right, a), here = texture2D(uHeights, vUv).r;
  vec2 slope = vec2(texture2D(uHeights, vUv + dFdx(vUv)).r - here, texture2D(uHeights, vUv + dFdy(vUv)).r - here);
  slope *= 2.0 * uRelief;  // black to white is from one amplitude below to one above
  vec3 bump = abs(area) * n - sign(area) * (slope.x * a + slope.y * b);
  return dot(bump, bump) > 0.0 ? normalize(bump) : n;
}
float wrap(vec3 n, vec3 light, float soft) { return max((dot(n, normalize(light)) + soft) / (1.0 + soft), 0.0); }
void main() {
  vec3 n = tilted(normalize(vNormal)) * (gl_FrontFacing ? 1.0 : -1.0), eye = normalize(-vPlace);
  // A studio that travels with the camera: key from the upper left, cool fill from the right, a rim from behind.
  vec3 key = vec3(-0.55, 0.62, 0.62);
  float main_ = wrap(n, key, 0.12), fill = wrap(n, vec3(0.85, 0.05, 0.5), 0.3), rim = wrap(n, vec3(0.3, 0.45, -0.85), 0.0);
  float sky = 0.5 + 0.5 * n.y, edge = pow(1.0 - max(dot(n, eye), 0.0), 3.0);
  vec3 light = vec3(1.0, 0.96, 0.9) * main_ * 0.86 + vec3(0.72, 0.82, 1.0) * fill * 0.15 + vec3(0.9, 0.95, 1.0) * rim * edge * 0.9
    + mix(vec3(0.07, 0.06, 0.053), vec3(0.155, 0.165, 0.18), sky);
  float shade = 1.0 + clamp(vHollow * -7.0, -0.5, 0.25);
  float gloss = pow(max(dot(n, normalize(normalize(key) + eye)), 0.0), 26.0) * 0.06;
  vec3 clay = vec3(0.56, 0.495, 0.435) * light * shade + gloss;
  vec3 paint = mix(texture2D(uTextureBefore, vUv).rgb, texture2D(uTextureAfter, vUv).rgb, uMorph);
  paint = pow(paint, vec3(2.2)) * (0.76 + 0.3 * wrap(n, key, 0.6) + 0.1 * rim * edge);
  vec3 colour = gl_FrontFacing ? mix(paint, clay, uClay) : vec3(0.028, 0.027, 0.026) * (0.6 + 0.8 * main_);
  gl_FragColor = vec4(pow(min(colour, 1.0), vec3(1.0 / 2.2)), 1.0);
}`;
// The shaders are written for WebGL 1, which needs an extension for derivatives; WebGL 2 has them in its own dialect only.
function dialect(gl, kind) {
  const vertex = kind === gl.VERTEX_SHADER;
  if (!gl2) return vertex ? "" : "#extension GL_OES_standard_derivatives : enable\nprecision highp float;\n";
  if (vertex) return "#version 300 es\n#define attribute in\n#define varying out\n";
  return "#version 300 es\nprecision highp float;\n#define varying in\n#define texture2D texture\nout vec4 pixel;\n#define gl_FragColor pixel\n";
}
function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, dialect(gl, kind) + source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  return program;
}
function attribute(gl, program, name, values, size) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  const place = gl.getAttribLocation(program, name);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, size, gl.FLOAT, false, 0, 0);
  return buffer;
}
function texture(gl, program, name, unit, image) {  // sides are powers of two, so that WebGL 1 can make mipmaps too
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, true);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, image);
  gl.generateMipmap(gl.TEXTURE_2D);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  const sharper = gl.getExtension("EXT_texture_filter_anisotropic");
  if (sharper) gl.texParameterf(gl.TEXTURE_2D, sharper.TEXTURE_MAX_ANISOTROPY_EXT, 4);
  gl.uniform1i(gl.getUniformLocation(program, name), unit);
}

// Without a graphics card the processor draws: there four samples a pixel cost more than all else, so more pixels are
// drawn at rest instead, and fewer while something moves.
function drawnByProcessor() {
  const probe = document.createElement("canvas").getContext("webgl"), named = probe && probe.getExtension("WEBGL_debug_renderer_info");
  return Boolean(named) && /swiftshader|llvmpipe|softpipe|software|basic render/i.test(probe.getParameter(named.UNMASKED_RENDERER_WEBGL));
}
const byProcessor = drawnByProcessor(), FINE_BY_PROCESSOR = 1.5;
document.body.classList.toggle("plain", byProcessor);
const options = { antialias: !byProcessor, alpha: true, premultipliedAlpha: false };
const gl2 = canvas.getContext("webgl2", options), gl = gl2 || canvas.getContext("webgl", options);
if (!gl || (!gl2 && !(gl.getExtension("OES_element_index_uint") && gl.getExtension("OES_standard_derivatives"))))
  return fail("This browser cannot draw 3D (WebGL is missing or switched off). Open this page in a current Chrome, Firefox, Edge or Safari.");
if (!window.DecompressionStream)
  return fail("This browser is too old to unpack the portrait. Open this page in a Chrome, Firefox, Edge or Safari from 2023 or later.");

const faces = numbers(await unpack(portrait.faces.data), portrait.faces.count);
const edges = edgesOf(faces, portrait.after.count);
const after = shapeOf(await vectors(portrait.after));
const before = portrait.before ? shapeOf(await vectors(portrait.before)) : after;
const hollow = new Float32Array(after.hollow.length * 2);
function pairHollows() {
  const first = before.hollow, second = after.hollow;
  for (let i = 0; i < second.length; i++) { hollow[2 * i] = first[i]; hollow[2 * i + 1] = second[i]; }
}
pairHollows();
const pictures = [portrait.textures.before || portrait.textures.after, portrait.textures.after];
if (portrait.relief) pictures.push(portrait.relief.heights);
const images = await Promise.all(pictures.map(loadImage));
const uv = await vectors(portrait.uv);

let program, place, moving = [];  // moving: buffers of what the panels change, each with its values
function upload() {
  program = programOf(gl);
  const named = (name, values, size) => [attribute(gl, program, name, values, size), values];
  moving = [named("aAfter", after.points, 3), named("aNormalAfter", after.normals, 3), named("aHollow", hollow, 2)];
  const still = [named("aBefore", before.points, 3), named("aNormalBefore", before.normals, 3)];
  if (before === after) moving.push(...still);
  attribute(gl, program, "aUv", uv, 2);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces, gl.STATIC_DRAW);
  texture(gl, program, "uTextureBefore", 0, images[0]);
  texture(gl, program, "uTextureAfter", 1, images[1]);
  texture(gl, program, "uHeights", 2, images[2] || images[1]);
  gl.enable(gl.DEPTH_TEST);
  gl.clearColor(0, 0, 0, 0);
  place = Object.fromEntries(["uView", "uProjection", "uMorph", "uClay", "uRelief"].map(name => [name, gl.getUniformLocation(program, name)]));
}
upload();
canvas.addEventListener("webglcontextlost", event => event.preventDefault());
canvas.addEventListener("webglcontextrestored", () => { upload(); wake(); });

// ---- camera and state: what is shown (`now`) glides to what is wanted (`goal`) --------------------------------------
const FIELD = 24 * Math.PI / 180;
const home = { yaw: 0, pitch: 0, zoom: 1, panX: 0, panY: 0 };
const goal = { ...home, morph: 1, clay: 0, relief: portrait.relief ? portrait.relief.shown : 0 }, now = { ...goal };
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
let swinging = false, swingTime = 0, swingYaw = 0, last = 0, pending = false, again = false, asked = true, movedLast = -1e9;

// ---- panels move the shape: each adds its own to the resting points, once a frame at most ---------------------------
const resting = after.points.slice(), movers = [];
let stale = false, rough = false;  // rough: hollows are of an earlier shape
function deform(quick) {
  stale = false;
  rough = quick;
  after.points.set(resting);
  for (const move of movers) move(after.points);
  renew(after, quick);
  if (!quick) pairHollows();
  for (const [buffer, values] of moving) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, values);
  }
}

// The toolbar lies over the picture's lower edge: the share of the height that it takes is left free below the figure.
function barShare() {
  const bar = $("bar").getBoundingClientRect();
  return bar.height ? clamp((canvas.clientHeight - bar.top) / canvas.clientHeight, 0, 0.4) : 0;
}
// Where the panels lie side by side above the figure (a small screen in the studio), their closed height is left free.
function panelShare() {
  const panels = $("panels").getBoundingClientRect();
  return panels.width > 0.7 * canvas.clientWidth ? clamp(panels.bottom / canvas.clientHeight, 0, 0.1) : 0;
}
function distanceHome() {
  const [x, y, z] = portrait.extent, aspect = canvas.clientWidth / canvas.clientHeight, slope = Math.tan(FIELD / 2);
  return z / 2 + Math.max(1.1 * y / 2 / (slope * (1 - barShare() - panelShare())), 1.16 * Math.hypot(x, 0.5 * z) / 2 / (slope * aspect));
}
// Where frames take long (no graphics card), fewer pixels are drawn while something moves, and all of them at rest.
const SLOW_MS = 45, COARSE = 0.5, SMOOTHING = 0.3, REST_MS = 160;
let pace = 0, coarse = false;
function draw() {
  const finest = Math.min(Math.max(window.devicePixelRatio || 1, byProcessor ? FINE_BY_PROCESSOR : 1), 2), scale = coarse ? COARSE : finest;
  const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  gl.viewport(0, 0, width, height);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  const yaw = now.yaw + swingYaw, [cx, cy, cz] = portrait.centre, distance = distanceHome() / now.zoom;
  const cosY = Math.cos(yaw), sinY = Math.sin(yaw), cosP = Math.cos(now.pitch), sinP = Math.sin(now.pitch);
  const r = [cosY, 0, -sinY, sinP * sinY, cosP, sinP * cosY, cosP * sinY, -sinP, cosP * cosY];  // rows right, up, back
  const shift = row => -(r[row] * cx + r[row + 1] * cy + r[row + 2] * cz);
  const lift = (barShare() - panelShare()) * distance * Math.tan(FIELD / 2);
  const view = [r[0], r[3], r[6], 0, r[1], r[4], r[7], 0, r[2], r[5], r[8], 0,
    shift(0) + now.panX, shift(3) + now.panY + lift, shift(6) - distance, 1];
  const radius = Math.hypot(...portrait.extent), near = Math.max(distance - radius, radius / 100), far = distance + radius;
  const focal = 1 / Math.tan(FIELD / 2);
  const projection = [focal * height / width, 0, 0, 0, 0, focal, 0, 0, 0, 0, (near + far) / (near - far), -1,
    0, 0, 2 * near * far / (near - far), 0];
  gl.uniformMatrix4fv(place.uView, false, view);
  gl.uniformMatrix4fv(place.uProjection, false, projection);
  gl.uniform1f(place.uMorph, now.morph);
  gl.uniform1f(place.uClay, now.clay);
  gl.uniform1f(place.uRelief, portrait.before ? now.relief * now.morph : now.relief);  // the photo's skin has none
  gl.drawElements(gl.TRIANGLES, faces.length, gl.UNSIGNED_INT, 0);
}
function frame(time) {
  pending = false;
  const seconds = Math.min((time - last) / 1000 || 0, 0.05), share = calm ? 1 : 1 - Math.exp(-seconds * 14);
  if (again) pace += SMOOTHING * (time - last - pace);
  last = time;
  const changed = stale;
  if (stale) deform(pace > SLOW_MS);
  let gliding = false;
  for (const name in goal) {
    const rest = goal[name] - now[name];
    if (Math.abs(rest) < 1e-4) now[name] = goal[name]; else { now[name] += rest * share; gliding = true; }
  }
  if (swinging) swingTime += seconds;
  const wanted = swinging ? 0.6 * Math.sin(swingTime * 0.9) : 0;
  swingYaw += (wanted - swingYaw) * (swinging ? 1 : share);
  if (Math.abs(swingYaw) < 1e-4 && !swinging) { swingYaw = 0; swingTime = 0; }
  if (gliding || swinging || swingYaw || changed) movedLast = time;
  const wasCoarse = coarse;
  coarse = pace > SLOW_MS && time - movedLast < REST_MS;
  if (rough && !coarse) deform(false);
  if (asked || changed || gliding || swinging || swingYaw || coarse !== wasCoarse) draw();  // else it stands there already
  asked = false;
  again = gliding || swinging || swingYaw !== 0 || coarse || changed;
  document.body.dataset.state = again ? "moving" : "still";
  if (again) next();
}
function wake() {  // something is to be drawn
  asked = true;
  next();
}
function next() {
  if (pending) return;
  pending = true;
  document.body.dataset.state = "moving";
  requestAnimationFrame(frame);
}
function want(change) {
  Object.assign(goal, change);
  goal.pitch = clamp(goal.pitch, -1.45, 1.45);
  goal.zoom = clamp(goal.zoom, 0.4, 8);
  wake();
}
const turn = (dx, dy) => want({ yaw: goal.yaw + dx, pitch: goal.pitch + dy });
const move = (dx, dy) => {  // in CSS pixels: the point under the finger stays under it
  const perPixel = 2 * distanceHome() / goal.zoom * Math.tan(FIELD / 2) / canvas.clientHeight, reach = Math.max(...portrait.extent);
  want({ panX: clamp(goal.panX + dx * perPixel, -reach, reach), panY: clamp(goal.panY - dy * perPixel, -reach, reach) });
};

// ---- controls ------------------------------------------------------------------------------------------------------
function press(id, on) { $(id).setAttribute("aria-pressed", String(on)); }
function setClay(on) { want({ clay: on ? 1 : 0 }); press("clay", on); press("painted", !on); }
function setMorph(value) { want({ morph: value }); $("amount").value = String(Math.round(value * 100)); }
function setSwing(on) { swinging = on; press("swing", on); wake(); }
function reset() {
  setSwing(false);
  now.yaw -= 2 * Math.PI * Math.round(now.yaw / (2 * Math.PI));  // the short way home
  want(home);
}
$("painted").onclick = () => setClay(false);
$("clay").onclick = () => setClay(true);
$("before").onclick = () => setMorph(0);
$("after").onclick = () => setMorph(1);
$("amount").oninput = () => { want({ morph: $("amount").value / 100 }); now.morph = goal.morph; };
$("swing").onclick = () => setSwing(!swinging);
$("reset").onclick = reset;
$("help").onclick = () => $("keys").showModal();
for (const button of document.querySelectorAll("#inputs button")) button.onclick = () => {
  const image = $("large").querySelector("img"), small = button.querySelector("img");
  image.src = small.src; image.alt = small.alt;
  $("large").showModal();
};
for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
if (!portrait.before) for (const part of [$("morph"), $("key-b"), $("key-b").nextElementSibling]) part.hidden = true;

const fingers = new Map();
let panning = false;
canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  panning = event.button === 2 || event.button === 1 || event.shiftKey;
  if (swinging) { now.yaw += swingYaw; goal.yaw = now.yaw; swingYaw = 0; setSwing(false); }
});
canvas.addEventListener("pointermove", event => {
  const previous = fingers.get(event.pointerId);
  if (!previous) return;
  const dx = event.clientX - previous[0], dy = event.clientY - previous[1];
  if (fingers.size === 2) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
    const span = (x, y) => Math.hypot(x - other[0], y - other[1]) || 1;
    want({ zoom: goal.zoom * span(event.clientX, event.clientY) / span(...previous) });
    move(dx / 2, dy / 2);
  } else if (panning) move(dx, dy);
  else turn(-dx * 0.0075, dy * 0.0075);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, event => fingers.delete(event.pointerId));
canvas.addEventListener("wheel", event => {
  event.preventDefault();
  want({ zoom: goal.zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.04 : event.ctrlKey ? 0.01 : 0.0014)) });
}, { passive: false });
canvas.addEventListener("contextmenu", event => event.preventDefault());
canvas.addEventListener("dblclick", reset);
const keys = {
  ArrowLeft: () => turn(-0.12, 0), ArrowRight: () => turn(0.12, 0), ArrowUp: () => turn(0, 0.1), ArrowDown: () => turn(0, -0.1),
  "+": () => want({ zoom: goal.zoom * 1.2 }), "=": () => want({ zoom: goal.zoom * 1.2 }), "-": () => want({ zoom: goal.zoom / 1.2 }),
  r: reset, 0: reset, c: () => setClay(!goal.clay), b: () => portrait.before && setMorph(goal.morph > 0.5 ? 0 : 1),
  " ": () => setSwing(!swinging), h: () => document.body.classList.toggle("bare"), "?": () => $("keys").showModal(),
};
addEventListener("keydown", event => {
  const inControl = document.querySelector("dialog[open]") || (event.target.closest("button, input") && /^( |Enter|Arrow)/.test(event.key));
  const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || inControl || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
});
addEventListener("resize", wake);
//PANELS
document.body.dataset.vertices = String(after.hollow.length);
wake();
})().catch(error => {
  const message = document.getElementById("message");
  message.textContent = "The portrait cannot be shown: " + error.message + ".";
  message.hidden = false;
  console.error(error);
});
