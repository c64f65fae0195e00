// ---- expressions: a panel of sliders; shapes are added to the resting face -----------------------------------------
const shapes = [];
for (const { name, places, offsets } of portrait.expressions) {
  const count = offsets.count, at = numbers(await unpack(places), count), by = await vectors(offsets);
  shapes.push({ name, at, by, weight: 0 });
}
movers.push(points => {
  for (const { at, by, weight } of shapes) {
    if (!weight) continue;
    for (let i = 0; i < at.length; i++)
      for (let axis = 0; axis < 3; axis++) points[3 * at[i] + axis] += weight * by[3 * i + axis];
  }
});
const panel = document.createElement("details");
panel.id = "expressions";
panel.innerHTML = "<summary>Expressions</summary><div></div>";
const rows = panel.querySelector("div"), groups = new Map();
for (const shape of shapes) {
  const name = shape.name.replace(/(Left|Right)$/, side => (/^(jaw|mouth)(Left|Right)$/.test(shape.name) ? side : ""));
  groups.set(name, [...(groups.get(name) || []), shape]);
}
for (const [name, members] of groups) {
  const label = document.createElement("label"), slider = document.createElement("input");
  label.textContent = name.replace(/([A-Z])/g, " $1").toLowerCase();
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 0, id: "expression-" + name });
  slider.oninput = () => {
    for (const shape of members) shape.weight = slider.value / 100;
    stale = true; wake();
  };
  label.append(slider);
  rows.append(label);
}
const clear = document.createElement("button");
clear.textContent = "Rest";
clear.onclick = () => {
  for (const slider of rows.querySelectorAll("input")) slider.value = 0;
  for (const shape of shapes) shape.weight = 0;
  stale = true; wake();
};
rows.prepend(clear);
$("panels").append(panel);
document.body.dataset.expressions = String(groups.size);
