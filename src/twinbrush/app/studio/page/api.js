"use strict";
// The OpenAPI document as a page: nothing is fetched from anywhere but the studio itself.
const element = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
const bare = reference => reference.split("/").pop();
function typeOf(schema) {
  if (!schema) return "nothing";
  if (schema.$ref) return bare(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return schema.prefixItems ? `[${schema.prefixItems.map(typeOf).join(", ")}]` : `list of ${typeOf(schema.items)}`;
  return schema.type || "anything";
}
(async () => {
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const page = document.getElementById("operations"), document_ = await (await fetch("/api/openapi.json")).json();
  page.append(element("p", document_.info.description + " A refusal is {kind, problem, remedy, where}, in the command line's words."));
  for (const [path, methods] of Object.entries(document_.paths)) for (const [method, operation] of Object.entries(methods)) {
    const card = element("section", "", "card"), head = element("h2", ""), body = operation.requestBody?.content?.["application/json"]?.schema;
    head.append(element("code", method.toUpperCase() + " " + path));
    card.append(head, element("p", operation.description || operation.summary));
    for (const given of operation.parameters || []) card.append(element("p", `${given.name}: ${typeOf(given.schema)} (${given.in})`, "told"));
    if (body) card.append(element("p", "takes " + typeOf(body), "told"));
    const good = Object.entries(operation.responses).find(([code]) => code.startsWith("2"));
    card.append(element("p", `${good[0]}: ${typeOf(good[1].content?.["application/json"]?.schema)}`, "told"));
    page.append(card);
  }
  page.append(element("h2", "What is sent and answered"));
  for (const [name, schema] of Object.entries(document_.components.schemas)) {
    const card = element("section", "", "card");
    card.append(element("h2", name), element("p", schema.description || ""));
    for (const [field, kind] of Object.entries(schema.properties || {})) card.append(element("p", `${field}: ${typeOf(kind)}`, "told"));
    page.append(card);
  }
})();
