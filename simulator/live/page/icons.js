/** Line icons on a 24 x 24 grid, drawn for this page. */
import { html } from "./lib.js";

/** @type {Record<string, string>} */
const PATHS = {
  next: "M4 12h13M12 6l6 6-6 6M21 5v14",
  recall: "M4 10v4h3l6 4V6l-6 4zM17 9.5a4 4 0 0 1 0 5M19.5 7a8 8 0 0 1 0 10",
  start: "M8 5.5v13l11-6.5z",
  finish: "M4.5 12.5l5 5L20 6.5",
  missed:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-4 2.5-6 6-6 1.5 0 2.8.4 3.8 1M15.5 14.5l5 5M20.5 14.5l-5 5",
  hold: "M7 4h10v16l-5-4-5 4z",
  transfer: "M4 8.5h14M14.5 5l3.5 3.5L14.5 12M20 15.5H6M9.5 12L6 15.5 9.5 19",
  pause:
    "M5 9h11v5a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 10.5h1.5a2.5 2.5 0 0 1 0 5H16M8 6V3.5M12 6V3.5",
  help: "M6 17V11a6 6 0 0 1 12 0v6M4 17h16M10.5 20h3M12 5V3",
  plug: "M9 3v5M15 3v5M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.5V21",
  unplug:
    "M9 3v4M15 3v4M6.5 8h11v3c0 1-.3 2-.8 2.8M13.5 16.3a5.5 5.5 0 0 1-7-5.300M12 16.500V21M4 4l16 16",
  broker:
    "M12 9.500a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 8a5.7 5.7 0 0 0 0 8M16 8a5.7 5.7 0 0 1 0 8M5 5a9.9 9.9 0 0 0 0 14M19 5a9.9 9.9 0 0 1 0 14",
  paper: "M6 3.500h12V19l-2-1.4-2 1.4-2-1.400L10 19l-2-1.400L6 19zM9 8h6M9 11.500h6",
  cover: "M4 19h16v-6H4zM5 13L16 4.500l3 2M8 16h5",
  gateway: "M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01M11 8h6M11 16h6",
  sound: "M4 10v4h3l6 4V6l-6 4zM17 9.500a4 4 0 0 1 0 5M19.5 7a8 8 0 0 1 0 10",
  mute: "M4 10v4h3l6 4V6l-6 4zM17 10l4 4M21 10l-4 4",
  play: "M8 5.500v13l11-6.500z",
  stop: "M8.5 5v14M15.5 5v14",
  hand: "M8 12V5.500a1.5 1.5 0 0 1 3 0V11m0-6.500a1.5 1.5 0 0 1 3 0V11m0-4.500a1.5 1.5 0 0 1 3 0V14c0 4-2 6.5-5.5 6.5-2.5 0-4-1-5.5-3.500l-2-3.500c-.8-1.5 1-2.5 2-1.200L8 14",
  day: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4",
  chime:
    "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
  close: "M6 6l12 12M18 6L6 18",
  enlarge: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
  touch:
    "M12 3v3M5.6 5.600l2 2M18.4 5.600l-2 2M10 21l-3.5-5.500c-.8-1.4.9-2.5 1.9-1.300L10 16v-5.500a1.5 1.5 0 0 1 3 0V14l3.5.8c1.3.3 2 1.2 1.8 2.500L17.5 21",
  badge:
    "M5 5h14v15H5zM9.5 3h5v4h-5zM12 13.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8.5 17.500c.5-1.8 1.8-2.5 3.5-2.500s3 .7 3.5 2.5",
  person: "M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21c.3-4.5 3-7 7.5-7s7.2 2.5 7.5 7",
  back: "M9 6L4 11l5 5M4 11h10a5 5 0 0 1 0 10h-2",
};

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
