/** The description of the interface, for people: made from the OpenAPI document that the server writes. */

import { byId, element } from "./dom.js";

/** @typedef {Record<string, any>} Schema */

const description = await (await fetch("/api/v1/openapi.json")).json();
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => describeOperation(method, path, operation)),
);
byId("operations", HTMLElement).replaceChildren(...operations);
byId("records", HTMLElement).replaceChildren(...Object.entries(description.components.schemas).map(([name, schema]) => describeRecord(name, schema)));
// What the address points at was not there when the page came.
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();

/**
 * @param {string} method
 * @param {string} path
 * @param {Schema} operation
 */
function describeOperation(method, path, operation) {
  const title = element("h3", {}, element("span", { class: "method" }, method.toUpperCase()), ` ${path}`);
  const parameters = (operation["parameters"] ?? []).map((/** @type {Schema} */ { name, schema, required }) => row(name, required, type(schema), schema));
  const body = content(operation["requestBody"]);
  const answers = Object.entries(operation["responses"]).map(([status, answer]) => answerRow(status, answer));
  return element(
    "section",
    { id: operation["operationId"] },
    title,
    element("p", {}, operation["description"] ?? operation["summary"] ?? ""),
    element("dl", {}, ...parameters.flat(), ...(body ? row("body", true, body, {}) : []), ...answers.flat()),
  );
}

/**
 * @param {string} status
 * @param {Schema} answer
 */
function answerRow(status, answer) {
  const form = content(answer);
  return [element("dt", { class: "quiet" }, status), element("dd", { class: "quiet" }, answer["description"] ?? "", ...(form ? [" · ", form] : []))];
}

/**
 * @param {string} name
 * @param {Schema} schema
 */
function describeRecord(name, schema) {
  const required = new Set(schema["required"] ?? []);
  const fields = Object.entries(schema["properties"] ?? {}).flatMap(([field, form]) => row(field, required.has(field), type(form), form));
  const form = schema["properties"] ? element("dl", {}, ...fields) : element("p", {}, type(schema));
  return element("section", { id: name }, element("h3", {}, name), element("p", {}, schema["description"] ?? ""), form);
}

/**
 * @param {string} name
 * @param {boolean} required
 * @param {Node} form
 * @param {Schema} schema
 */
function row(name, required, form, schema) {
  const told = [schema["default"] !== undefined && `else ${JSON.stringify(schema["default"])}`, schema["description"]].filter(Boolean).join(". ");
  return [element("dt", {}, required ? name : `${name}?`), element("dd", {}, form, ...(told ? [element("span", { class: "quiet" }, ` · ${told}`)] : []))];
}

/**
 * What a body holds, if it holds anything.
 * @param {Schema | undefined} body
 */
function content(body) {
  const [media, form] = Object.entries(body?.["content"] ?? {})[0] ?? [];
  if (!media) return null;
  const { schema } = /** @type {Schema} */ (form);
  return media === "application/json" && schema ? type(schema) : element("span", {}, media);
}

/**
 * A type in words; records are links.
 * @param {Schema} schema
 * @returns {Node}
 */
function type(schema) {
  const { $ref, anyOf, oneOf, enum: values, items, const: value } = schema;
  if ($ref) return link($ref.split("/").at(-1) ?? "");
  if (anyOf ?? oneOf) return joined((anyOf ?? oneOf).map(type), " or ");
  if (value !== undefined) return element("code", {}, JSON.stringify(value));
  if (values) return joined(values.map((/** @type {unknown} */ one) => element("code", {}, JSON.stringify(one))), ", ");
  if (items) return joined([element("span", {}, "list of "), type(items)], "");
  return element("span", {}, schema["type"] ?? "anything");
}

/** @param {string} name */
function link(name) {
  return element("a", { href: `#${name}` }, name);
}

/**
 * @param {Node[]} parts
 * @param {string} between
 */
function joined(parts, between) {
  return element("span", {}, ...parts.flatMap((part, index) => (index ? [between, part] : [part])));
}
