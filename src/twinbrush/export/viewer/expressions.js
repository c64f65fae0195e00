// ---- expressions: a panel of sliders; shapes are added to the resting face and the normals made anew -----------------
const shapes = [];
for (const { name, places, offsets } of portrait.expressions) {
  const count = offsets.count, at = numbers(await unpack(places), count), by = await vectors(offsets);
  shapes.push({ name, at, by, weight: 0 });
}
const rest = after.points.slice();
function express() {
  after.points.set(rest);
  for (const { at, by, weight } of shapes) {
    if (!weight) continue;
    for (let i = 0; i < at.length; i++)
      for (let axis = 0; axis < 3; axis++) after.points[3 * at[i] + axis] += weight * by[3 * i + axis];
  }
  const shape = shapeOf(after.points, faces);
  for (let i = 0; i < shape.hollow.length; i++) hollow[2 * i] = hollow[2 * i + 1] = shape.hollow[i];
  for (const [name, values, size] of [["aBefore", after.points, 3], ["aAfter", after.points, 3],
    ["aNormalBefore", shape.normals, 3], ["aNormalAfter", shape.normals, 3], ["aHollow", hollow, 2]])
    attribute(gl, program, name, values, size);
  wake();
}
const panel = document.createElement("details");
panel.id = "expressions";
panel.innerHTML = "<summary>Expressions</summary><div></div>";
const rows = panel.querySelector("div"), groups = new Map();
for (const shape of shapes) {
  const name = shape.name.replace(/(Left|Right)$/, side => (/^(jaw|mouth)(Left|Right)$/.test(shape.name) ? side : ""));
  groups.set(name, [...(groups.get(name) || []), shape]);
}
let waiting = false;
for (const [name, members] of groups) {
  const label = document.createElement("label"), slider = document.createElement("input");
  label.textContent = name.replace(/([A-Z])/g, " $1").toLowerCase();
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 0, id: "expression-" + name });
  slider.oninput = () => {
    for (const shape of members) shape.weight = slider.value / 100;
    if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; express(); }); }
  };
  label.append(slider);
  rows.append(label);
}
const clear = document.createElement("button");
clear.textContent = "Rest";
clear.onclick = () => {
  for (const slider of rows.querySelectorAll("input")) slider.value = 0;
  for (const shape of shapes) shape.weight = 0;
  express();
};
rows.prepend(clear);
document.body.append(panel);
canvas.addEventListener("webglcontextrestored", express);
document.body.dataset.expressions = String(groups.size);
