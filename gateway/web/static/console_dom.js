// Elements in one expression, and the icons. Nothing is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} */
const ICONS = {
  pad: "M4 3h16v18H4zM7 6h10v4H7zM8 14h.01M12 14h.01M16 14h.01M8 18h.01M12 18h.01M16 18h.01",
  sign: "M2 7h20v10H2zM6 10v4M10 10v4M14 10h4M14 14h4",
  lamp: "M8 3h8v13H8zM6 20h12M12 16v4M12 7h.01M12 12h.01",
  rating: "M12 3a9 9 0 1 0 .01 0M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
  ticket: "M5 3h14v9H5zM8 12v9l2-1.5 2 1.5 2-1.5 2 1.5v-9M9 7h6",
  wall: "M2 4h20v13H2zM6 8h12M6 12h8M8 21h8",
  voice: "M4 9v6h4l5 4V5L8 9zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  online: "M5 12.5l4.5 4.5L19 7.5",
  lost: "M6 6l12 12M18 6L6 18",
  off: "M12 4v8M7 7a7 7 0 1 0 10 0",
  stale: "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0",
  never: "M12 3a9 9 0 1 0 .01 0M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7M12 17h.01",
  warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  blink: "M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2M12 8a4 4 0 1 0 .01 0",
  update: "M12 4v11M7 10l5 5 5-5M4 20h16",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  leave: "M14 4h6v16h-6M10 8l-4 4 4 4M6 12h9",
};

/**
 * An element. Properties: `class`, `on...` listeners, `dataset`, else attributes; false and null
 * leave an attribute out, true sets it empty. Children: texts, elements, lists; null is nothing.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Everything in an element in the place of what was there. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Text that is touched only when it changed: selections and screen readers stay undisturbed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name] || ICONS.never);
  svg.append(path);
  return svg;
}

/** Four bars, `level` of them lit. */
export function bars(level, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 14");
  svg.setAttribute("class", "bars");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  for (let place = 0; place < 4; place += 1) {
    const bar = document.createElementNS(SVG, "rect");
    const height = 4 + place * 3.3;
    bar.setAttribute("x", String(place * 5));
    bar.setAttribute("y", String(14 - height));
    bar.setAttribute("width", "3.4");
    bar.setAttribute("height", String(height));
    bar.setAttribute("rx", "1");
    if (place < level) bar.setAttribute("class", "lit");
    svg.append(bar);
  }
  const title = document.createElementNS(SVG, "title");
  title.textContent = label;
  svg.prepend(title);
  return svg;
}
