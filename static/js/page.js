// Small conveniences of every page: relative times, copy buttons, menus that close. All work on elements that come later.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const here = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" });

function ago(seconds) {
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

export function tellTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    if ("moment" in element.dataset) { element.textContent = here.format(moment); continue; }
    const words = ago((Date.now() - moment) / 1000);
    if (element.textContent !== words) element.textContent = words;
    element.title = local.format(moment);
  }
}

tellTimes();
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
setInterval(tellTimes, 20000);
document.addEventListener("htmx:afterSettle", () => tellTimes());

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    document.getElementById("announce").textContent = "Copied";
    setTimeout(() => button.classList.remove("copied"), 1500);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});

// A form is sent once: a second click while the first is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Refusals, and the sign-in page after a session has ended, arrive whole; they are no fragment, so reload and see them.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if ([422, 409].includes(xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  if ([401, 403, 404].includes(xhr.status) || new URL(xhr.responseURL).pathname === "/sign-in/") {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
