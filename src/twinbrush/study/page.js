"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const WORDS = {
  content: { painted: "Which person is this?", clay: "Which person is this?" },
  style: { painted: "Which style is this portrait in?", clay: "After which style is this portrait shaped?" },
  attention: { painted: "Which of these is the picture above?" },
};

// A small generator with a seed (mulberry32), so that the same code and seed give the same order everywhere.
function hash(text) {
  let h = 2166136261;
  for (const letter of text) h = Math.imul(h ^ letter.codePointAt(0), 16777619);
  return h >>> 0;
}
function generator(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function shuffled(list, random) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

// Each person sees each pair by one method only (nobody compares); methods take turns over pairs and persons.
function planned(person) {
  const random = generator(hash(`${data.seed}/${person}`));
  const groups = new Map();
  for (const q of data.questions) {
    if (q.kind === "attention") continue;
    groups.set(q.pair, [...(groups.get(q.pair) || []), q]);
  }
  let turn = Math.floor(random() * 1000);
  const asked = [];
  for (const pair of shuffled([...groups.keys()], random)) {
    const own = groups.get(pair);
    const methods = [...new Set(own.map((q) => q.method))].sort();
    asked.push(...own.filter((q) => q.method === methods[turn % methods.length]));
    turn += 1;
  }
  const checks = shuffled(data.questions.filter((q) => q.kind === "attention"), random);
  const room = Math.max(1, Math.min(checks.length, Math.round(data.perPerson / 12)));
  const first = shuffled(asked, random).slice(0, data.perPerson - room);
  return shuffled([...first, ...checks.slice(0, room)], random)
    .map((q) => ({ ...q, order: shuffled(q.options, random) }));
}

let person = "", plan = [], answers = [], since = 0;
const place = () => `twinbrush-study/${data.study}/${person}`;
function keep() { try { localStorage.setItem(place(), JSON.stringify(answers)); } catch { /* private: nothing is kept */ } }
function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(place()) || "[]");
    const fits = Array.isArray(found) && found.every((a, i) => plan[i] && a.question === plan[i].id);
    return fits ? found : [];
  } catch { return []; }
}

function show(id) { for (const name of ["welcome", "ask", "done"]) at(name).hidden = name !== id; }
function ask() {
  if (answers.length === plan.length) return finish();
  const q = plan[answers.length];
  show("ask");
  at("progress").textContent = `${answers.length + 1} of ${plan.length}`;
  at("question").textContent = WORDS[q.kind][q.surface];
  at("views").src = data.pictures[q.views];
  at("options").replaceChildren(...q.order.map((key, i) => {
    const button = document.createElement("button"), image = document.createElement("img");
    const number = document.createElement("span");
    image.src = data.pictures[key];
    image.alt = `Picture ${i + 1}`;
    number.textContent = String(i + 1);
    number.setAttribute("aria-hidden", "true");
    button.append(image, number);
    button.addEventListener("click", () => choose(i));
    return button;
  }));
  at("question").focus({ preventScroll: true });
  scrollTo(0, 0);
  since = performance.now();
}
function choose(i) {
  const q = plan[answers.length];
  if (!q || at("ask").hidden) return;
  answers.push({ question: q.id, kind: q.kind, surface: q.surface, method: q.method, pair: q.pair, own: q.own,
    chosen: q.order[i], options: q.order, milliseconds: Math.round(performance.now() - since) });
  keep();
  ask();
}
function back() {
  if (answers.length && !at("ask").hidden) { answers.pop(); keep(); ask(); }
}
function finish() {
  const told = { format: data.format, study: data.study, seed: data.seed, person, answers };
  const link = at("save");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(told, null, 1)], { type: "application/json" }));
  link.download = `answers_${person}.json`;
  show("done");
  link.focus();
}
function begin() {
  person = at("person").value.trim().replace(/[^A-Za-z0-9_-]/g, "_");
  if (!person) { at("person").focus(); return; }
  plan = planned(person);
  answers = kept();
  ask();
}

const bytes = new Uint8Array(4);
crypto.getRandomValues(bytes);
at("person").value = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
at("count").textContent = String(planned(at("person").value).length);
at("begin").addEventListener("click", begin);
at("person").addEventListener("keydown", (event) => { if (event.key === "Enter") begin(); });
at("back").addEventListener("click", back);
addEventListener("keydown", (event) => {
  if (at("ask").hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[1-5]$/.test(event.key)) choose(Number(event.key) - 1);
  else if (event.key === "Backspace") { event.preventDefault(); back(); }
});
