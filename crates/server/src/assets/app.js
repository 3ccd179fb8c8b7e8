// The pages work without this script. It copies links, and keeps the status of a session up to date.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.from));
    }
    setTimeout(() => { button.textContent = words; }, 1600);
  });
}

// An offer through the Digital Credentials API, where the browser has that for issuing. The button of a page that was
// read again is another one: the click is heard above it.
function canIssue(button) {
  const [{ protocol }] = JSON.parse(button.dataset.issue).digital.requests;
  return globalThis.DigitalCredential?.userAgentAllowsProtocol?.(protocol) ?? false;
}
function showIssue(root) {
  for (const button of root.querySelectorAll("button[data-issue]")) button.hidden = !canIssue(button);
}
showIssue(document);
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-issue]");
  if (!button) return;
  button.disabled = true;
  try {
    await navigator.credentials.create(JSON.parse(button.dataset.issue));
  } catch {
    // The person or the platform did not want to: code and link are still there.
  }
  button.disabled = false;
});

// Times are rendered in UTC; the reader has a zone of their own.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const options = time.dataset.only === "clock" ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, options).format(at);
  }
}
localTimes(document);

// A live page names its event stream. With each event the page is read again and its live parts are exchanged.
const live = document.querySelector("[data-events]");
if (live && live.dataset.ended !== "true") {
  const source = new EventSource(live.dataset.events);
  let reading = Promise.resolve();
  const refresh = async () => {
    const response = await fetch(location.pathname, { credentials: "same-origin" });
    if (!response.ok) return;
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(part.id);
      // What stands as it stood is left alone: somebody may be reading it, or have the focus in it.
      if (fresh && fresh.dataset.live !== part.dataset.live) {
        part.dataset.live = fresh.dataset.live;
        part.className = fresh.className;
        part.replaceChildren(...fresh.childNodes);
        localTimes(part);
        showIssue(part);
      }
    }
    if (next.querySelector("[data-events]")?.dataset.ended === "true") source.close();
  };
  source.addEventListener("change", () => { reading = reading.then(refresh, refresh); });
}
