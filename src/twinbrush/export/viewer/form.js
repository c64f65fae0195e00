// ---- form: sliders that blend stored shapes; what each adds to the shape as made is added to the others' ------------
// See viewer/live.py. A slider's shapes are piecewise linear between its `at`; where an offset is null nothing moves.
const sliders = [], made = document.createElement("button"), form = document.createElement("details");
form.id = "form";
form.open = innerWidth > 620;
form.innerHTML = "<summary>Form</summary><div></div>";
async function offsetsOf({ data, step }) {  // x of all, y of all, z of all -> x y z of each, as the points are
  const count = after.points.length / 3, flat = numbers(await unpack(data), 3 * count), values = new Int16Array(3 * count);
  for (let axis = 0; axis < 3; axis++) for (let i = 0; i < count; i++) values[3 * i + axis] = flat[axis * count + i];
  return { values, step };
}
function add(points, offsets, weight) {
  if (!offsets || !weight) return;
  const values = offsets.values, scale = weight * offsets.step;
  for (let i = 0; i < points.length; i++) points[i] += scale * values[i];
}
for (const { name, shown, at, offsets } of portrait.live) {
  const stored = await Promise.all(offsets.map(packed => packed && offsetsOf(packed)));
  const label = document.createElement("label"), number = document.createElement("output"), input = document.createElement("input");
  const id = "form-" + name.toLowerCase(), slider = { value: shown };
  input.type = "range";
  Object.assign(input, { id, min: at[0], max: at[at.length - 1], step: 0.01, title: `Double click: back to ${shown}` });
  number.htmlFor = id;
  number.id = id + "-number";
  input.setAttribute("aria-label", name);
  input.value = shown;
  number.textContent = shown.toFixed(2);
  const set = value => { slider.value = value; number.textContent = value.toFixed(2); stale = true; wake(); };
  slider.back = () => { input.value = shown; set(shown); };
  input.oninput = () => set(Number(input.value));
  input.ondblclick = slider.back;
  movers.push(points => {
    let k = 0;
    while (k < at.length - 2 && slider.value > at[k + 1]) k++;
    const share = (slider.value - at[k]) / (at[k + 1] - at[k]);
    add(points, stored[k], 1 - share);
    add(points, stored[k + 1], share);
  });
  label.append(name, number, input);
  form.querySelector("div").append(label);
  sliders.push(slider);
}
made.textContent = "As made";
made.title = "All as they were made";
made.onclick = () => { for (const slider of sliders) slider.back(); };
form.querySelector("div").append(made);
$("panels").append(form);
document.body.dataset.live = String(sliders.length);
