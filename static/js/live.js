// Keeps a deployment's page true: by the socket when it is open, by asking every two seconds when it is not.
// `#run-mark` carries the number of the last event shown and the phase; both move with every message.
const mark = () => document.getElementById("run-mark");
const words = { live: "live", catching: "catching up", polling: "polling" };
let state = "catching";

function say(next) {
  state = next;
  const label = document.getElementById("live-state");
  if (!label) return;
  label.dataset.live = next;
  label.textContent = words[next];
}

// A reconnecting socket says what is already shown, so that it gets the rest and nothing twice.
htmx.createWebSocket = (url) => new WebSocket(`${url}?after=${mark()?.dataset.event ?? 0}`, []);

document.addEventListener("htmx:wsConnecting", () => say(state === "polling" ? "polling" : "catching"));
document.addEventListener("htmx:wsOpen", () => say("catching"));
// News that do not follow on what is shown (the page was being replaced when earlier ones came) are asked for instead.
document.addEventListener("htmx:wsBeforeMessage", (event) => {
  const after = Number(/^<!--after (\d+)-->/.exec(event.detail.message)?.[1] ?? 0);
  if (!mark()) return;
  const early = tooEarly(event.detail.message);
  if (!early && after <= Number(mark().dataset.event)) return;
  event.preventDefault();
  if (early) renew(); else htmx.trigger(mark(), "catch-up");
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== mark() || !tooEarly(event.detail.xhr.responseText)) return;
  event.detail.shouldSwap = false;
  renew();
});
// News of a run for a page that still shows the plan: the whole page is asked for, and with it what the news say.
const tooEarly = (news) => news.includes('id="run-progress"') && !document.getElementById("run");
document.addEventListener("htmx:wsAfterMessage", () => { say("live"); compare(); });
document.addEventListener("htmx:wsClose", () => say("polling"));
addEventListener("offline", () => say("polling"));
addEventListener("online", () => mark() && htmx.trigger(mark(), "catch-up"));
document.addEventListener("htmx:afterSettle", () => { say(state); compare(); });

// Nobody pushes while a plan is made or a run waits for a worker, so the page asks; and now and then in any case.
let beats = 0;
setInterval(() => {
  if (!mark() || !document.querySelector("#live[ws-connect]")) return;
  beats += 1;
  const waits = /^(planning|queued)\b/.test(mark().dataset.phase);
  if (waits || state !== "live" || beats % 8 === 0) htmx.trigger(mark(), "catch-up");
}, 2000);

// Another phase is another page: ask for it as oneself, because what one may do differs from person to person.
function renew() {
  const page = document.getElementById("deployment");
  if (!page || page.dataset.asking) return;
  page.dataset.asking = "1";
  htmx.trigger(page, "new-phase");
}
function compare() {
  const page = document.getElementById("deployment");
  if (page && mark() && mark().dataset.phase !== page.dataset.phase) renew();
}
document.addEventListener("htmx:afterRequest", () => {
  delete document.getElementById("deployment")?.dataset.asking;
});

// A poll and the socket may both bring the same lines: what is there already is taken out of the newcomer.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  for (const line of event.detail.fragment.querySelectorAll("[id^='event-']")) {
    if (document.getElementById(line.id)) line.remove();
  }
});

document.addEventListener("htmx:oobAfterSwap", compare);

// Elapsed time moves between events.
setInterval(() => {
  const clock = document.querySelector("[data-since]");
  if (!clock) return;
  const seconds = Math.max(0, Math.floor((Date.now() - new Date(clock.dataset.since)) / 1000));
  clock.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}, 1000);
