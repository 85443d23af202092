/**
 * One event stream for the whole page. Every frame is a whole picture, so a lost one costs nothing.
 * What did not change keeps its identity, so that components can skip it. When nothing has come for
 * STALE_MS the page says so: old numbers must never look new.
 */
import { useEffect, useRef, useState } from "./lib.js";

/** @typedef {import("./types.js").Frame} Frame */

const STALE_MS = 3500;
const REOPEN_MS = 1500;

/**
 * `next`, but with every part that equals its old self replaced by that old self.
 * @param {unknown} old
 * @param {unknown} next
 * @returns {any}
 */
export function share(old, next) {
  if (old === next || !old || !next || typeof old !== "object" || typeof next !== "object") {
    return next;
  }
  if (Array.isArray(old) !== Array.isArray(next)) return next;
  const was = /** @type {Record<string, unknown>} */ (old);
  const is = /** @type {Record<string, unknown>} */ (next);
  const names = Object.keys(is);
  let same = names.length === Object.keys(was).length;
  for (const name of names) {
    is[name] = share(was[name], is[name]);
    if (is[name] !== was[name]) same = false;
  }
  return same ? old : next;
}

/**
 * @returns {{frame: Frame | null, cut: boolean, arrived: number}}
 *   `cut`: the picture is old; `arrived`: `performance.now()` of the newest frame.
 */
export function useFrames() {
  const [frame, setFrame] = useState(/** @type {Frame | null} */ (null));
  const [cut, setCut] = useState(false);
  const heard = useRef(performance.now());
  const arrived = useRef(performance.now());
  useEffect(() => {
    /** @type {Frame | null} */
    let newest = null;
    let drawn = false;
    /** @type {EventSource | null} */
    let source = null;
    const draw = () => {
      drawn = false;
      setFrame((old) => (newest ? share(old, newest) : old));
    };
    const open = () => {
      source?.close();
      source = new EventSource("live/stream");
      source.addEventListener("beat", () => {
        heard.current = performance.now();
        setCut(false);
      });
      source.addEventListener("hall", (event) => {
        newest = JSON.parse(event.data);
        heard.current = arrived.current = performance.now();
        setCut(false);
        if (!drawn) {
          drawn = true;
          requestAnimationFrame(draw);
        }
      });
    };
    open();
    const watch = setInterval(() => {
      const silent = performance.now() - heard.current > STALE_MS;
      setCut(silent);
      // The browser gives up for good on some answers (a proxy's 502): begin anew.
      if (silent && source?.readyState === EventSource.CLOSED) open();
    }, REOPEN_MS / 3);
    return () => {
      clearInterval(watch);
      source?.close();
    };
  }, []);
  return { frame, cut, arrived: arrived.current };
}
