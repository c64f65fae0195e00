// ---- relief: a slider for the height of the medium, mm ------------------------------------------------------------
{
  const { shown, most } = portrait.relief, relief = document.createElement("details");
  relief.id = "relief";
  relief.open = innerWidth > 620;
  relief.innerHTML = "<summary>Relief</summary><div></div>";
  const label = document.createElement("label"), number = document.createElement("output"), input = document.createElement("input");
  input.type = "range";
  Object.assign(input, { id: "form-relief", min: 0, max: most, step: 0.01, title: `Double click: back to ${shown}` });
  input.setAttribute("aria-label", "Relief in mm");
  number.htmlFor = input.id;
  number.id = "form-relief-number";
  const set = value => { number.textContent = value.toFixed(2); want({ relief: value }); now.relief = value; };
  input.value = shown;
  number.textContent = shown.toFixed(2);
  input.oninput = () => set(Number(input.value));
  input.ondblclick = () => { input.value = shown; set(shown); };
  label.append("Height, mm", number, input);
  relief.querySelector("div").append(label);
  $("panels").append(relief);
}
document.body.dataset.relief = String(portrait.relief.shown);
