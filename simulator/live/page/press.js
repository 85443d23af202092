/** A real key on the page: mouse, touch or keyboard push it down and let it go. */
import { useRef } from "./lib.js";
import { send } from "./send.js";

/**
 * Handlers for a button that stands for a physical key; a long press is simply a late release.
 * @param {string} node  the node the key belongs to
 * @param {number} key
 */
export function useKey(node, key) {
  const down = useRef(false);
  const push = () => {
    if (down.current) return;
    down.current = true;
    send("press", { node, key, down: true });
  };
  const release = () => {
    if (!down.current) return;
    down.current = false;
    send("press", { node, key, down: false });
  };
  const isPush = (/** @type {KeyboardEvent} */ event) => event.key === "Enter" || event.key === " ";
  return {
    onPointerDown: (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
      push();
    },
    onPointerUp: release,
    onPointerCancel: release,
    onLostPointerCapture: release,
    onKeyDown: (/** @type {KeyboardEvent} */ event) => {
      if (!isPush(event)) return;
      event.preventDefault();
      if (!event.repeat) push();
    },
    onKeyUp: (/** @type {KeyboardEvent} */ event) => {
      if (!isPush(event)) return;
      event.preventDefault();
      release();
    },
    onBlur: release,
    // A screen reader activates a button with a click that no pointer made.
    onClick: (/** @type {MouseEvent} */ event) => {
      if (event.detail !== 0) return;
      push();
      setTimeout(release, 90);
    },
    onContextMenu: (/** @type {Event} */ event) => event.preventDefault(),
  };
}
