// The moment to travel to, in the reader's own time zone: shown as local time, sent as UTC. Without this it is UTC.
const pad = (number) => String(number).padStart(2, "0");

function localise(root = document) {
  const input = root.querySelector("#moment-time[data-utc]");
  if (!input || input.dataset.local) return;
  const at = new Date(input.dataset.utc);
  if (Number.isNaN(at.getTime())) return;
  input.value = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  input.dataset.local = "1";
  const zone = input.form.querySelector("[data-zone]");
  if (zone) zone.textContent = `(${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
}

localise();
document.addEventListener("htmx:afterSettle", () => localise());
document.addEventListener("formdata", (event) => {
  const input = event.target.querySelector?.("#moment-time[data-local]");
  const at = input && new Date(input.value);
  if (at && !Number.isNaN(at.getTime())) event.formData.set("time", at.toISOString().replace(".000Z", "Z"));
});
