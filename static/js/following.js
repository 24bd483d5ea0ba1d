// The log of a run follows its end, until somebody scrolls up to read; then it holds what a fresh page would show.
const MOST = 400;
const left = new WeakSet();

function follow() {
  for (const log of document.querySelectorAll("[id$='run-log']")) {
    if (left.has(log)) continue;
    while (log.childElementCount > MOST) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }
}
follow();
document.addEventListener("htmx:oobAfterSwap", follow);
document.addEventListener("htmx:afterSettle", follow);
document.addEventListener("scroll", (event) => {
  const log = event.target;
  if (!log.id?.endsWith("run-log")) return;
  if (log.scrollTop + log.clientHeight > log.scrollHeight - 40) left.delete(log); else left.add(log);
}, true);
