/** The few things the pages do to their document; texts become text nodes, never markup. */
import { PATHS } from "./icon_paths.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/**
 * Writes only what is different, so that nothing is announced or animated twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} name  of the tag
 * @param {string} className
 * @param {(string | Node)[]} inside
 */
export function make(name, className, ...inside) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...inside);
  return element;
}

/**
 * @param {Element} svg
 * @param {string} name  in PATHS
 */
export function drawIcon(svg, name) {
  if (svg.getAttribute("data-drawn") === name) return;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("data-drawn", name);
  svg.replaceChildren(path);
}

/** @param {string} name */
export function makeIcon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  drawIcon(svg, name);
  return svg;
}

/** Draws every icon that stands in the page itself. */
export function drawIcons() {
  for (const svg of document.querySelectorAll("svg[data-icon]")) {
    drawIcon(svg, svg.getAttribute("data-icon") || "");
  }
}
