// Shows how much of a file is sent: forms with data-upload, which htmx sends. Without it the browser shows its own.
document.addEventListener("htmx:xhr:progress", (event) => {
  const state = event.target.closest?.("[data-upload]")?.querySelector("[data-upload-state]");
  if (!state || !event.detail.lengthComputable) return;
  const percent = Math.floor((100 * event.detail.loaded) / event.detail.total);
  state.hidden = false;
  state.querySelector("progress").value = percent;
  state.querySelector("span").textContent = percent < 100 ? `Sent ${percent} %` : "Sent. Now it is verified.";
});
