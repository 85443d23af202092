/**
 * The loudspeaker: plays the announcement the hall's voice is speaking, as audio the server made
 * from the same clips. Browsers allow sound only after a click, so it starts switched off.
 */

const player = new Audio();
let on = false;
let heard = "";

export function soundIsOn() {
  return on;
}

/** @returns {boolean} whether it is on now */
export function switchSound() {
  on = !on;
  if (!on) player.pause();
  return on;
}

/**
 * @param {{job: string} | null} playing  what the voice says now
 * @param {number} elapsedMs  since it began, so that a late start joins in the middle
 */
export function follow(playing, elapsedMs) {
  if (!playing) {
    heard = "";
    return;
  }
  if (!on || playing.job === heard) return;
  heard = playing.job;
  player.src = `live/voice/${encodeURIComponent(playing.job)}.wav`;
  player.onloadedmetadata = () => {
    if (elapsedMs > 600) player.currentTime = elapsedMs / 1000;
  };
  player.play().catch(() => {
    heard = "";
    on = false;
  });
}
