/** Short ways to the document. */

export const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (names with a hyphen, and `role`) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export function button(className, textContent, label, onclick) {
  return element("button", { type: "button", className, textContent, "aria-label": label, onclick });
}

/** Terms and descriptions, without what is empty. */
export function described(facts) {
  const known = Object.entries(facts).filter(([, text]) => text);
  return known.flatMap(([term, text]) => [element("dt", { textContent: term }), element("dd", { textContent: text })]);
}

/** An image of a blob, whose address is given up when it is loaded. */
export function imageOf(blob, properties) {
  const image = element("img", { src: URL.createObjectURL(blob), ...properties });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  return image;
}

/** Show a text in an element, or hide the element when there is none. */
export function showText(target, text) {
  target.textContent = text;
  target.hidden = !text;
}

/** Open or close a panel; the button that does so is named after it. */
export function unfold(panel, wanted) {
  panel.hidden = !wanted;
  byId(`open-${panel.id}`).setAttribute("aria-expanded", String(wanted));
}
