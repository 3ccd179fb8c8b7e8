// What a wallet has sent along in the fragment or the query is brought to the service, and the browser goes on.
"use strict";

(async () => {
  const said = document.getElementById("answer");
  const answer = (location.hash.length > 1 ? location.hash : location.search).slice(1);
  // The answer does not stay in the address, nor in the history.
  history.replaceState(null, "", location.pathname);
  try {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await fetch(location.pathname, { method: "POST", headers, body: answer, credentials: "same-origin" });
    const { redirect_uri: next } = response.ok ? await response.json() : {};
    if (next) return location.replace(next);
  } catch {
    // Said below.
  }
  said.textContent = said.dataset.failed;
})();
