// Elements from names, attributes and texts. A text is never read as markup, whatever a device calls itself.

/** `onclick: f` adds a listener; an attribute that is null, undefined or false is left out. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Touches the page only where the text is another one, so that nothing flickers or is read out twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A definition list of those pairs that have a value. */
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
