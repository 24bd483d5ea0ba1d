// The reader's own time zone, where none was asked for yet: days of a report begin at their midnight.
const field = document.querySelector("input[data-zone]");
if (field && !new URLSearchParams(location.search).has("zone")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
