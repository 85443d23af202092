/** A four-digit seven-segment display, drawn from the segments its chip lights. */
import { html, memo } from "./lib.js";

// Segments a to g on a 30 x 52 digit; each is a bar with pointed ends.
const BARS = [
  "8,3 22,3 25,6 22,9 8,9 5,6",
  "26,7 29,10 29,22 26,25 23,22 23,10",
  "26,27 29,30 29,42 26,45 23,42 23,30",
  "8,43 22,43 25,46 22,49 8,49 5,46",
  "4,27 7,30 7,42 4,45 1,42 1,30",
  "4,7 7,10 7,22 4,25 1,22 1,10",
  "8,23 22,23 25,26 22,29 8,29 5,26",
];

/**
 * @param {{segments: number[]}} props  bit 0 is segment a, bit 6 is g, bit 7 the point
 */
function DigitsView({ segments }) {
  return html`<svg class="digits" viewBox="-3 -2 158 56" aria-hidden="true">
    ${segments.map(
      (lit, place) => html`<g transform=${`translate(${place * 39 + 6} 0) skewX(-5)`}>
      ${BARS.map((points, bar) => html`<polygon points=${points}
        class=${(lit >> bar) & 1 ? "on" : ""} />`)}
      <circle cx="34" cy="47" r="2.6" class=${lit & 0x80 ? "on" : ""} />
    </g>`,
    )}
  </svg>`;
}

export const Digits = memo(DigitsView);
