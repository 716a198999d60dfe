// The page asks twice a second what is new, and shows it. No library, nothing from elsewhere.
"use strict";

const EVERY_MS = 400;
const by = (id) => document.getElementById(id);
let seen = -1;
let asked = 0;

function words(parent, text) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = text.en;
  parent.replaceChildren(`${text.ja} `, english);
}

function send(address, fields) {
  return fetch(address, { method: "POST", body: new URLSearchParams(fields) });
}

function showPrompt(prompt) {
  by("prompt").hidden = prompt === null;
  if (prompt === null) return;
  by("asked-ja").textContent = prompt.ja;
  by("asked-en").textContent = prompt.en;
  by("answers").hidden = !prompt.asks;
  by("no").hidden = !prompt.yes_or_no;
  words(by("yes"), prompt.yes_or_no ? { ja: "はい", en: "Yes" } : { ja: "済み", en: "Done" });
  if (prompt.asks && prompt.id !== asked) {
    asked = prompt.id;
    by("yes").focus();
  }
}

function showPhases(phases) {
  by("phases").replaceChildren(...phases.map((phase) => {
    const item = document.createElement("li"), mark = document.createElement("span"), title = document.createElement("span");
    mark.className = `mark ${phase.verdict ? phase.verdict.key : ""}`;
    words(mark, phase.verdict || { ja: "まだ", en: "to come" });
    words(title, phase.title);
    item.append(title, " ", mark);
    for (const [lang, lines] of [["ja", phase.why_ja], ["en", phase.why]]) {
      for (const why of lines) {
        const line = document.createElement("p");
        line.className = "why";
        line.lang = lang;
        line.textContent = why;
        item.append(line);
      }
    }
    return item;
  }));
}

function showResult(shown) {
  const verdict = shown.verdict || (shown.trouble ? { key: "stopped", ja: "記録なし", en: "NO RECORD" } : null);
  by("result").hidden = shown.state === "idle";
  by("verdict").className = verdict ? verdict.key : "running";
  words(by("verdict"), verdict || { ja: "試験中", en: "RUNNING" });
  by("unit").textContent = [shown.serial, shown.plan ? `${shown.plan.ja} ${shown.plan.en}` : "", shown.trouble].filter(Boolean).join(" · ");
  by("next").hidden = shown.state !== "done";
  const steps = shown.phases.filter((phase) => phase.next).map((phase) => phase.next);
  if (shown.next) steps.unshift(shown.next);
  if (shown.state === "done" && !steps.length) {
    steps.push(shown.verdict && shown.verdict.key === "pass"
      ? { ja: "合格の札を貼り、次の端末のQRコードを読み取ってください。", en: "Put the label on, and scan the next unit." }
      : { ja: "理由を確かめ、もう一度試験してください。", en: "See why, and test again." });
  }
  by("steps").replaceChildren(...[...steps.map((step) => {
    const item = document.createElement("li");
    words(item, step);
    return item;
  }), ...(shown.phases.some((phase) => phase.why.length) ? [] : shown.why.map((why) => {
    const item = document.createElement("li");
    item.lang = "en";
    item.textContent = why;
    return item;
  }))]);
  by("report").hidden = shown.report === null;
  if (shown.report !== null) by("report").href = shown.report;
}

function show(shown) {
  const running = shown.state === "running";
  for (const field of by("start").elements) field.disabled = running;
  showResult(shown);
  showPrompt(shown.prompt);
  showPhases(shown.phases);
  if (shown.plots.length || !running) by("plots").replaceChildren(...shown.plots.map(drawPlot));
  if (shown.state === "done" && seen !== -1) {
    by("serial").value = "";
    by("serial").focus();
  }
}

async function look() {
  try {
    const answer = await fetch(`/state?seen=${seen}`);
    if (answer.status === 200) {
      const shown = await answer.json();
      show(shown);
      seen = shown.version;
    }
    if (by("refused").dataset.gone) { by("refused").textContent = ""; delete by("refused").dataset.gone; }
  } catch {
    by("refused").textContent = "試験台のプログラムが答えません。 The bench's program does not answer.";
    by("refused").dataset.gone = "1";
  }
  setTimeout(look, EVERY_MS);
}

by("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await send("/start", new FormData(by("start")));
  by("refused").textContent = "";
  if (answer.status === 409) {
    const refused = await answer.json();
    by("refused").textContent = `${refused.ja} ${refused.en}`;
  }
});
for (const [button, answer] of [["yes", "yes"], ["no", "no"], ["cannot", "cannot"]]) {
  by(button).addEventListener("click", () => send("/answer", { id: asked, answer }));
}
by("tester").value = localStorage.getItem("tester") || "";
by("tester").addEventListener("change", () => localStorage.setItem("tester", by("tester").value));
look();
