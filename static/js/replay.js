// Plays recorded runs: asks for the frames that come next, which are the live page's own news, and shows each in its time.
// The server alone makes markup and knows the events; here is only the clock.
const FEW = 15; // frames ahead, below which more are asked for
const player = document.getElementById("player");
const slider = document.getElementById("replay-slider");
const button = document.getElementById("replay-play");
const where = document.getElementById("replay-where");
const speed = document.getElementById("replay-speed");
const idle = document.getElementById("replay-idle");
const length = Number(player.dataset.length);
let clock = 0; // milliseconds into the run
let playing = false;
let seeks = 0; // of several jumps the last one counts
let tracks = [];

function say() {
  slider.value = Math.round(clock);
  const event = player.dataset.by === "at" ? ` · event ${tracks[0].event} of ${tracks[0].last}` : "";
  where.textContent = `${words(clock / 1000)} of ${words(length / 1000)}${event}`;
  slider.setAttribute("aria-valuetext", where.textContent);
}

function words(seconds) { // as the server's filter `duration` says it
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  const two = (number) => String(number).padStart(2, "0");
  if (minutes < 60) return `${minutes} min ${two(Math.floor(seconds) % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

// What the server has just shown is where everything stands.
function take() {
  const runs = document.getElementById("replay-runs");
  clock = Number(runs.dataset.at);
  tracks = [...runs.querySelectorAll(".replay-track")].map(({ dataset }) => ({
    frames: [], address: dataset.frames, pre: dataset.pre,
    event: Number(dataset.event), asked: Number(dataset.event), last: Number(dataset.last), asking: false,
  }));
  history.replaceState(history.state, "", runs.dataset.address);
  say();
}

function address() {
  const query = new URLSearchParams(location.search);
  for (const name of ["at", "time", "go"]) query.delete(name);
  if (player.dataset.by === "at") query.set("at", tracks[0].event); else query.set("time", Math.round(clock));
  return query;
}

let showing = Promise.resolve();
function show(query) {
  const mine = ++seeks;
  showing = showing.then(async () => {
    if (mine !== seeks) return; // somebody went elsewhere meanwhile
    await htmx.ajax("GET", `${location.pathname}?${query}`, "#replay-stage");
    if (mine === seeks) take();
  });
  return showing;
}

function go(name) {
  pause();
  const query = address();
  query.set("go", name);
  return show(query);
}

async function fill(track) {
  if (track.asking || track.asked >= track.last || track.frames.length >= FEW) return;
  const { asked } = track;
  track.asking = true;
  const query = new URLSearchParams({ after: asked, merge: speed.value * 100, pre: track.pre });
  try {
    const answer = await fetch(`${track.address}?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`frames: ${answer.status}`);
    const { frames } = await answer.json();
    if (asked !== track.asked) return; // another speed was chosen meanwhile
    track.frames.push(...frames);
    track.asked = frames.at(-1).number;
  } catch {
    pause();
    where.textContent = "The next part could not be loaded. Play again to try once more.";
  } finally {
    track.asking = false;
  }
}

let before = 0;
function tick(now) {
  if (!playing) return;
  const passed = Math.min(now - before, 250) * speed.value;
  before = now;
  tracks.forEach(fill);
  const ahead = tracks.filter((track) => track.event < track.last);
  if (ahead.every((track) => track.frames.length)) {
    const next = Math.min(length, ...ahead.map((track) => track.frames[0].at));
    const quiet = idle.checked && next - clock > 1000 * speed.value;
    clock = Math.min(length, quiet ? next : clock + passed);
    for (const track of ahead) advance(track);
    say();
  }
  if (clock >= length && tracks.every((track) => track.event >= track.last)) pause();
  else requestAnimationFrame(tick);
}

function advance(track) {
  while (track.frames.length && track.frames[0].at <= clock) {
    const frame = track.frames.shift();
    htmx.swap(document.body, frame.html, { swapStyle: "none", swapDelay: 0, settleDelay: 0 });
    track.event = frame.number;
  }
}

async function play() {
  playing = true;
  button.setAttribute("aria-pressed", "true");
  button.setAttribute("aria-label", "Pause");
  if (clock >= length && tracks.every((track) => track.event >= track.last)) {
    const query = address();
    query.set("go", "start");
    await show(query);
  }
  before = performance.now();
  requestAnimationFrame(tick);
}

function pause() {
  if (!playing) return;
  playing = false;
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", "Play");
  history.replaceState(history.state, "", `?${address()}`);
}

button.hidden = false;
for (const hidden of player.querySelectorAll("[hidden]")) hidden.hidden = false;
button.addEventListener("click", () => (playing ? pause() : play()));
player.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.go) { go(link.dataset.go); return; }
  pause();
  show(new URLSearchParams(link.search));
});
slider.addEventListener("input", () => {
  pause();
  clock = Number(slider.value);
  const query = address();
  query.delete("at");
  query.set("time", slider.value);
  show(query);
});
slider.form.addEventListener("submit", (event) => event.preventDefault());
// A frame that holds a tenth of a second at one speed is too coarse or too fine at another.
speed.addEventListener("change", () => { for (const track of tracks) { track.frames = []; track.asked = track.event; } });

const KEYS = { ArrowLeft: "previous", ArrowRight: "next", Home: "start", End: "end", f: "failure", F: "failure-before" };
player.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
  if (event.key === " " && event.target === slider) button.click();
  else if (KEYS[event.key]) go(KEYS[event.key]);
  else return;
  event.preventDefault();
});
take();
