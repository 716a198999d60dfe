"use strict";
// Keeps the page current. Without it every link and form still works; one loads the page anew by hand.
(() => {
  const rows = document.querySelector("[data-rows]");
  const quiet = document.querySelector("[data-not-live]");
  const refused = document.querySelector("[data-refused]");
  const AGAIN_MS = 60000; // remaining hours and fading rows, though nothing happened
  const HIDE_AGAIN_MS = 20000; // a name that was touched
  const PAUSE_MS = Number(rows?.dataset.pauseMs ?? 0); // a page of thousands is not drawn anew all the time
  let asked = false, again = false;

  async function refresh() {
    if (asked || typing()) { again = true; return; }
    asked = true;
    try {
      const answer = await fetch(rows.dataset.rows, { headers: { "X-Part": "rows" } });
      if (answer.redirected || answer.status === 401) { location.reload(); return; }
      if (answer.ok) { swap(await answer.text()); }
      quiet.classList.toggle("hidden", answer.ok);
    } catch {
      quiet.classList.remove("hidden");
    } finally {
      if (PAUSE_MS) { await new Promise((ready) => setTimeout(ready, PAUSE_MS)); }
      asked = false;
      if (again) { again = false; refresh(); }
    }
  }

  // What somebody is writing is not taken away from under their hands: it is caught up with afterwards, and what was
  // written stays.
  function typing() {
    const here = document.activeElement;
    return rows.contains(here) && here.matches("input:not([type=hidden]), textarea, select");
  }

  function swap(text) {
    const open = new Set([...rows.querySelectorAll("details[open]")].map((part) => part.dataset.key));
    const focus = document.activeElement?.dataset?.key;
    const written = [...rows.querySelectorAll("input[id]:not([type=hidden]), textarea[id]")].map((field) => [field.id, field.value]);
    rows.innerHTML = text;
    for (const [id, value] of written) {
      const field = value && document.getElementById(id);
      if (field) { field.value = value; }
    }
    for (const part of rows.querySelectorAll("details")) { part.open = open.has(part.dataset.key); }
    if (focus) { rows.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus(); }
  }

  if (rows) {
    const events = new EventSource(rows.dataset.events);
    events.addEventListener("change", refresh);
    events.addEventListener("open", refresh);
    events.addEventListener("error", () => quiet.classList.remove("hidden"));
    setInterval(refresh, AGAIN_MS);
    rows.addEventListener("focusout", () => setTimeout(() => { if (again) { again = false; refresh(); } }));
    addEventListener("pagehide", () => events.close());
    rows.addEventListener("submit", async (event) => {
      const form = event.target;
      if (form.hasAttribute("data-whole")) { return; }
      event.preventDefault();
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Part": "rows" },
      });
      refused.textContent = answer.ok ? "" : await answer.text();
      refused.classList.toggle("hidden", answer.ok);
      if (form.dataset.shows && answer.ok) {
        const place = document.getElementById(form.dataset.shows);
        place.textContent = await answer.text();
        place.tabIndex = -1;
        place.focus();
        setTimeout(refresh, HIDE_AGAIN_MS);
      } else {
        refresh();
      }
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => print());
  }
})();
