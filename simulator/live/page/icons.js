/** Line icons; their paths are shared with the screens of the nodes. */
import { PATHS } from "../shared/icon_paths.js";
import { html } from "./lib.js";

/**
 * @param {{name: string}} props
 */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d=${PATHS[name]} /></svg>`;
}

const MOUTHS = [
  "M8 17q4-4 8 0",
  "M8.5 16.500q3.5-2 7 0",
  "M8.5 16h7",
  "M8.5 15.500q3.5 2.5 7 0",
  "M8 14.500q4 5 8 0z",
];

/**
 * One of the five faces; grade 1 is the unhappiest.
 * @param {{grade: number}} props
 */
export function Face({ grade }) {
  return html`<svg class="face-picture" viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="9.5" />
    <path class="eyes" d="M8.7 9.500v.6M15.3 9.500v.6" />
    <path class="mouth" d=${MOUTHS[grade - 1]} />
  </svg>`;
}
