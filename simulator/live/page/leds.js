/**
 * LED panels, drawn dot by dot on a canvas from the bits the LED drivers hold. Every dot sits on
 * whole screen pixels, so that Chinese characters stay crisp; light adds up as real light does.
 */
import { html, memo, useEffect, useRef, useState } from "./lib.js";

/**
 * @typedef {{pitch: number, off: HTMLCanvasElement, core: HTMLCanvasElement,
 *   glow: HTMLCanvasElement}} Ink
 */

/** @type {Map<string, Ink>} */
const inks = new Map();

/**
 * @param {number} size
 * @param {(context: CanvasRenderingContext2D) => void} paint
 */
function sprite(size, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  paint(/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")));
  return canvas;
}

/**
 * @param {number} pitch  screen pixels between two dots
 * @param {string} colour  "r, g, b"
 * @returns {Ink}
 */
function ink(pitch, colour) {
  const key = `${pitch} ${colour}`;
  const known = inks.get(key);
  if (known) return known;
  const radius = pitch * 0.42;
  const disc = (/** @type {string} */ fill) =>
    sprite(pitch, (context) => {
      context.fillStyle = fill;
      context.beginPath();
      context.arc(pitch / 2, pitch / 2, radius, 0, 2 * Math.PI);
      context.fill();
    });
  const made = {
    pitch,
    off: disc(`rgba(${colour}, 0.075)`),
    core: sprite(pitch, (context) => {
      const light = context.createRadialGradient(
        pitch / 2,
        pitch / 2,
        0,
        pitch / 2,
        pitch / 2,
        radius,
      );
      light.addColorStop(0, "rgb(255, 240, 205)");
      light.addColorStop(0.5, `rgb(${colour})`);
      light.addColorStop(1, `rgba(${colour}, 0.85)`);
      context.fillStyle = light;
      context.beginPath();
      context.arc(pitch / 2, pitch / 2, radius, 0, 2 * Math.PI);
      context.fill();
    }),
    glow: sprite(pitch * 3, (context) => {
      const middle = pitch * 1.5;
      const light = context.createRadialGradient(middle, middle, 0, middle, middle, middle);
      light.addColorStop(0, `rgba(${colour}, 0.34)`);
      light.addColorStop(0.45, `rgba(${colour}, 0.10)`);
      light.addColorStop(1, `rgba(${colour}, 0)`);
      context.fillStyle = light;
      context.fillRect(0, 0, pitch * 3, pitch * 3);
    }),
  };
  inks.set(key, made);
  return made;
}

/** @type {Map<string, HTMLCanvasElement>} */
const boards = new Map();

/**
 * The panel with every dot dark, drawn once for each size.
 * @param {number} width
 * @param {number} height
 * @param {number} pitch
 * @param {string} colour
 */
function darkBoard(width, height, pitch, colour) {
  const key = `${width} ${height} ${pitch} ${colour}`;
  const known = boards.get(key);
  if (known) return known;
  const made = document.createElement("canvas");
  made.width = width * pitch;
  made.height = height * pitch;
  const context = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
  context.fillStyle = "#070504";
  context.fillRect(0, 0, made.width, made.height);
  const { off } = ink(pitch, colour);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) context.drawImage(off, x * pitch, y * pitch);
  }
  boards.set(key, made);
  return made;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, brightness: number, bits: string}} leds
 * @param {number} pitch
 * @param {string} colour
 */
function paint(canvas, leds, pitch, colour) {
  const { width, height } = leds;
  const bits = atob(leds.bits);
  const { core, glow } = ink(pitch, colour);
  if (canvas.width !== width * pitch || canvas.height !== height * pitch) {
    canvas.width = width * pitch;
    canvas.height = height * pitch;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.globalCompositeOperation = "source-over";
  context.globalAlpha = 1;
  context.drawImage(darkBoard(width, height, pitch, colour), 0, 0);
  const lit = [];
  for (let place = 0; place < bits.length && leds.brightness; place += 1) {
    const eight = bits.charCodeAt(place);
    if (!eight) continue;
    const x = (place * 8) % width;
    const y = Math.floor((place * 8) / width);
    for (let bit = 0; bit < 8; bit += 1) if ((eight >> (7 - bit)) & 1) lit.push(x + bit, y);
  }
  const power = Math.min(1, 0.55 + leds.brightness / 31);
  context.globalAlpha = power;
  context.globalCompositeOperation = "lighter";
  for (let k = 0; k < lit.length; k += 2) {
    context.drawImage(glow, (lit[k] - 1) * pitch, (lit[k + 1] - 1) * pitch);
  }
  for (let k = 0; k < lit.length; k += 2) {
    context.drawImage(core, lit[k] * pitch, lit[k + 1] * pitch);
  }
}

const SCALED_PITCH = 4;

/**
 * A panel as large as its box allows, in whole screen pixels per dot; a `scaled` one is small and
 * fills its box, drawn larger and scaled down by the browser.
 * @param {{leds: import("./types.js").Leds, colour: string, name: string, scaled?: boolean}} props
 */
function LedPanelView({ leds, colour, name, scaled = false }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [pitch, setPitch] = useState(0);
  const ratio = window.devicePixelRatio || 1;
  useEffect(() => {
    const measure = () => {
      if (scaled) {
        setPitch(SCALED_PITCH);
        return;
      }
      const { clientWidth, clientHeight } = /** @type {HTMLDivElement} */ (box.current);
      const across = (clientWidth * ratio) / leds.width;
      const down = clientHeight ? (clientHeight * ratio) / leds.height : across;
      setPitch(Math.max(1, Math.floor(Math.min(across, down))));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(/** @type {HTMLDivElement} */ (box.current));
    measure();
    return () => watch.disconnect();
  }, [leds.width, leds.height, ratio, scaled]);
  useEffect(() => {
    if (canvas.current && pitch) paint(canvas.current, leds, pitch, colour);
  }, [leds.bits, leds.brightness, leds.width, leds.height, pitch, colour]);
  const size =
    pitch && !scaled
      ? { width: `${(leds.width * pitch) / ratio}px`, height: `${(leds.height * pitch) / ratio}px` }
      : {};
  return html`<div class=${`leds ${scaled ? "is-scaled" : ""}`} ref=${box}>
    <canvas ref=${canvas} style=${size} role="img" aria-label=${name}></canvas>
  </div>`;
}

export const LedPanel = memo(LedPanelView);
