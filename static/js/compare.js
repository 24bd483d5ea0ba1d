// Comparisons: j and k go from difference to difference, and folds open where their links and buttons say so.
const MARKED = ".edit-rows > li, .plan-row, .file-row, .diff-changed, .diff-added, .diff-removed";
const LINES = ["diff-changed", "diff-added", "diff-removed"];

// Of lines that changed together the first one counts; what is folded away is passed over.
function differences() {
  return [...document.querySelectorAll(`.compare :is(${MARKED})`)].filter((element) => {
    const before = element.matches("tr") && element.previousElementSibling;
    return element.getClientRects().length && !(before && LINES.some((name) => before.classList.contains(name)));
  });
}

document.addEventListener("keydown", (event) => {
  if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const all = differences();
  const at = all.indexOf(document.querySelector(".at-difference"));
  const next = all[event.key === "j" ? at + 1 : (at < 0 ? all.length : at) - 1];
  if (!next) return;
  all[at]?.classList.remove("at-difference");
  next.classList.add("at-difference");
  next.scrollIntoView({ block: "center" });
  const focus = next.querySelector(":scope > summary, :scope > details > summary") ?? next;
  if (focus === next) next.tabIndex = -1;
  focus.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  const fold = event.target.closest("[data-unfold]");
  if (!fold) return;
  const lines = fold.closest("tbody").nextElementSibling;
  lines.hidden = !lines.hidden;
  fold.setAttribute("aria-expanded", String(!lines.hidden));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".compare-lazy > summary a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const fold = link.closest("details");
  fold.open = !fold.open;
});
