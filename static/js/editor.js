// The configuration editor: line numbers beside the text, and problems that lead to their line.
for (const text of document.querySelectorAll("textarea[data-editor]")) {
  const gutter = document.querySelector("[data-editor-lines]");
  const number = () => {
    const lines = text.value.split("\n").length;
    if (gutter.childElementCount !== lines) {
      gutter.replaceChildren(...Array.from({ length: lines }, (_, index) => {
        const line = document.createElement("span");
        line.textContent = index + 1;
        return line;
      }));
    }
    mark();
  };
  const mark = () => {
    const wrong = new Set([...document.querySelectorAll("#problems [data-line]")].map((link) => Number(link.dataset.line)));
    [...gutter.children].forEach((line, index) => line.classList.toggle("wrong", wrong.has(index + 1)));
  };
  text.addEventListener("input", number);
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  document.addEventListener("htmx:afterSettle", mark);
  text.addEventListener("keydown", (event) => {
    // Two blanks for Tab; Escape then Tab leaves the field, so that the keyboard is never caught.
    if (event.key === "Escape") { text.dataset.leaving = "1"; return; }
    if (event.key === "Tab" && !event.shiftKey && !text.dataset.leaving) {
      event.preventDefault();
      text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    delete text.dataset.leaving;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#problems [data-line]");
    if (!link) return;
    event.preventDefault();
    const lines = text.value.split("\n");
    const before = lines.slice(0, link.dataset.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
    const start = before + Math.max(0, Number(link.dataset.column) - 1);
    text.focus();
    text.setSelectionRange(start, before + (lines[link.dataset.line - 1] ?? "").length);
    text.scrollTop = Math.max(0, link.dataset.line - 5) * parseFloat(getComputedStyle(text).lineHeight);
  });
  number();
}
