// Whom a comment can ask: after an @ the members whose name begins so are listed below the text, as buttons.
const BEGUN = /(^|[^\w.@+/-])@([\w.@+-]*)$/;
let asked = 0;

function listOf(text) {
  return text.closest("[data-people]")?.querySelector(".people");
}

document.addEventListener("input", (event) => {
  const text = event.target;
  const list = text.matches("textarea") && listOf(text);
  if (!list) return;
  clearTimeout(asked);
  const begun = BEGUN.exec(text.value.slice(0, text.selectionStart));
  if (!begun) { list.replaceChildren(); return; }
  const url = `${text.closest("[data-people]").dataset.people}?q=${encodeURIComponent(begun[2])}`;
  asked = setTimeout(() => htmx.ajax("GET", url, { target: list }), 150);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".people [data-name]");
  if (!button) return;
  const text = button.closest("[data-people]").querySelector("textarea");
  const end = text.selectionStart;
  const begun = BEGUN.exec(text.value.slice(0, end));
  if (begun) text.setRangeText(`@${button.dataset.name} `, end - begun[2].length - 1, end, "end");
  button.closest(".people").replaceChildren();
  text.focus();
});

// Down goes from the text into the list and through it, Up back, Escape closes it.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-people]");
  const list = form?.querySelector(".people");
  const names = list ? [...list.querySelectorAll("[data-name]")] : [];
  if (!names.length) return;
  const text = form.querySelector("textarea");
  const at = names.indexOf(event.target);
  if (at < 0 && event.target !== text) return;
  if (event.key === "Escape") { list.replaceChildren(); text.focus(); }
  else if (event.key === "ArrowDown") (names[at + 1] ?? names[at]).focus();
  else if (event.key === "ArrowUp" && at >= 0) (names[at - 1] ?? text).focus();
  else return;
  event.preventDefault();
});
