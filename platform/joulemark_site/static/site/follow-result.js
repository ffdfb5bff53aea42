/* Asks for the state of a result until it has changed, and then shows the page anew. Without it the page is complete: a link
   reloads it. It waits longer each time, as long as the platform says where it says so, and stops after ten minutes. */
"use strict";

(() => {
  const FIRST_MS = 2000, FACTOR = 1.5, LONGEST_MS = 30000, STOP_AFTER_MS = 600000;
  const place = document.querySelector("[data-follow]");
  if (!place || !window.fetch) return;
  const { follow, state, following, stopped } = place.dataset;
  const end = Date.now() + STOP_AFTER_MS;
  let wait = FIRST_MS;

  function retryAfter(answer) {
    const header = answer.headers.get("Retry-After");
    if (!header) return 0;
    const seconds = Number(header);
    return Number.isFinite(seconds) ? seconds * 1000 : Math.max(Date.parse(header) - Date.now(), 0) || 0;
  }

  function later(least) {
    wait = Math.max(Math.min(wait * FACTOR, LONGEST_MS), least);
    if (Date.now() + wait > end) place.textContent = stopped;
    else window.setTimeout(ask, wait);
  }

  async function ask() {
    if (document.hidden) {
      document.addEventListener("visibilitychange", ask, { once: true });
      return;
    }
    try {
      const answer = await fetch(follow, { headers: { Accept: "application/json" }, credentials: "omit" });
      if (!answer.ok) {
        if (answer.status === 404) place.textContent = stopped;
        else later(retryAfter(answer));
        return;
      }
      const now = (await answer.json()).state;
      if (now !== state) window.location.reload();
      else later(retryAfter(answer));
    } catch {
      later(0);
    }
  }

  place.textContent = following;
  window.setTimeout(ask, wait);
})();
