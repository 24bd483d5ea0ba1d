// Of a log: copies the selected lines, or all that are shown; follows its end while the run goes on.
function linesToCopy() {
  const all = [...document.querySelectorAll("#log-lines .log-line")];
  const selection = getSelection();
  const chosen = selection.isCollapsed ? [] : all.filter((line) => selection.containsNode(line, true));
  return chosen.length ? chosen : all;
}

const words = (line) => [...line.children].map((part) => part.textContent).filter(Boolean).join(" ");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-log]");
  if (!button) return;
  const lines = linesToCopy();
  await navigator.clipboard.writeText(lines.map(words).join("\n"));
  button.classList.add("copied");
  document.getElementById("announce").textContent = `Copied ${lines.length} line${lines.length === 1 ? "" : "s"}`;
  setTimeout(() => button.classList.remove("copied"), 1500);
});
// A press on the button must not take the selection away.
document.addEventListener("mousedown", (event) => { if (event.target.closest("[data-copy-log]")) event.preventDefault(); });

const wantsToFollow = () => document.getElementById("log-follow")?.checked;
function toTheEnd() {
  const log = document.querySelector("#log-lines .log");
  if (log && wantsToFollow() && document.querySelector("#log-later[data-live]")) log.scrollTop = log.scrollHeight;
}
setInterval(() => {
  const link = document.querySelector("#log-later[data-live] a");
  if (link && wantsToFollow()) htmx.trigger(link, "follow");
}, 2000);

function settle() {
  for (const hidden of document.querySelectorAll("[data-copy-log], .log-follow")) hidden.hidden = false;
  toTheEnd();
}
document.addEventListener("htmx:afterSettle", settle);
settle();
