// Keeps the ticket page live: by event stream, else by asking every few seconds.
// The server sends finished words; nothing is decided here but how old they are.
"use strict";
(() => {
  const STALE_MS = 9000;
  const ASK_MS = 5000;
  const live = document.body.dataset.live;
  const byId = (id) => document.getElementById(id);
  let heardAt = performance.now();
  let asking = 0;

  const show = (words) => {
    heardAt = performance.now();
    const wasCalled = document.body.dataset.tone === "called";
    for (const id of ["number", "service", "headline", "note"]) {
      // Only what changed, so that a screen reader says only what is new.
      if (byId(id).textContent !== words[id]) byId(id).textContent = words[id];
    }
    byId("window-number").textContent = words.window;
    byId("window").hidden = !words.window;
    document.title = words.title;
    document.body.dataset.tone = words.tone;
    if (words.tone === "called" && !wasCalled && navigator.vibrate) {
      navigator.vibrate([300, 150, 300, 150, 600]);
    }
    markAge();
  };

  const markAge = () => {
    const isStale = performance.now() - heardAt > STALE_MS;
    byId("stale").hidden = !isStale;
    document.body.toggleAttribute("data-stale", isStale);
  };

  const ask = async () => {
    try {
      const answer = await fetch(live.replace("/stream", "/now"), { cache: "no-store" });
      if (answer.ok) show(await answer.json());
      else if (answer.status === 404) location.reload();
    } catch {
      // No network: the banner says so, and the next round tries again.
    }
  };

  const listen = () => {
    const stream = new EventSource(live);
    stream.addEventListener("ticket", (event) => {
      clearInterval(asking);
      asking = 0;
      show(JSON.parse(event.data));
    });
    stream.addEventListener("error", () => {
      if (!asking) asking = setInterval(ask, ASK_MS);
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
    });
  };

  setInterval(markAge, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
  listen();
})();
