/**
 * The page's only door to third-party modules; `make setup` brings them, nothing is bundled.
 * `html` is Preact with tagged templates; `memo` skips a component whose properties are the same
 * objects, which `share` (stream.js) sees to.
 */
import { Component, h, render } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";

export {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/hooks.mjs";
export { render };

export const html = htm.bind(h);

/**
 * @template P
 * @param {(props: P) => unknown} View
 * @returns {new () => Component<P>}
 */
export function memo(View) {
  return class extends Component {
    /** @param {Record<string, unknown>} next */
    shouldComponentUpdate(next) {
      const now = /** @type {Record<string, unknown>} */ (this.props);
      for (const name in next) if (next[name] !== now[name]) return true;
      for (const name in now) if (!(name in next)) return true;
      return false;
    }

    /** @param {P} props */
    render(props) {
      return h(View, props);
    }
  };
}
