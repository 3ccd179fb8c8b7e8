// <credenza-verify src="…">: asks for a presentation on any website. The address comes from the website's own backend
// (`page_url` of POST /api/v1/presentations). No claim ever comes here: the backend reads the result.
//
// Nothing inline, no dependency, no HTML from text: it works under the strictest content security policy that lets the
// page load this file and talk to the service (script-src, connect-src).
"use strict";

(() => {
  const NAME = "credenza-verify";
  if (customElements.get(NAME)) return;

  const POLL = 2000; // milliseconds between two looks where there is no event stream
  const HEARTBEAT = 15000; // and where there is one, for networks that keep events back
  const SVG = "http://www.w3.org/2000/svg";

  const TEXTS = {
    loading: "Loading the request…",
    waiting: "Waiting for your wallet.",
    opened: "Your wallet has the request. Go on there.",
    asking: "Your wallet is being asked…",
    checking: "Checking the answer…",
    verified: "Verified.",
    elsewhere: "Answered. Go on in the window that your wallet has opened.",
    declined: "Your wallet has not shared anything. You can try again.",
    refused: "The answer was not accepted.",
    expired: "The time for answering is over.",
    cancelled: "The request was called off.",
    unreachable: "The request can’t be loaded.",
    ask: "Continue with a wallet",
    scan: "Scan the code with the wallet on your phone.",
    scanInstead: "Or scan the code with the wallet on your phone.",
    code: "QR code of the request, for a wallet on another device",
    open: "Open a wallet on this device",
    until: (time) => `Good until ${time}.`,
  };

  const STYLE = `
    :host {
      --_surface: var(--credenza-surface, #ffffff);
      --_ink: var(--credenza-ink, #16191d);
      --_soft: var(--credenza-soft, #5a6068);
      --_line: var(--credenza-line, #dfdfd9);
      --_accent: var(--credenza-accent, #0b6e5a);
      --_accent-ink: var(--credenza-accent-ink, #ffffff);
      --_good: var(--credenza-good, #12723f);
      --_bad: var(--credenza-bad, #b3261e);
      display: block;
      max-width: 24rem;
      margin-inline: auto;
      font: var(--credenza-font, 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif);
    }
    @supports (color: light-dark(#000, #fff)) {
      :host {
        --_surface: var(--credenza-surface, light-dark(#ffffff, #181c1f));
        --_ink: var(--credenza-ink, light-dark(#16191d, #eceeed));
        --_soft: var(--credenza-soft, light-dark(#5a6068, #a0a8ab));
        --_line: var(--credenza-line, light-dark(#dfdfd9, #3a4247));
        --_accent: var(--credenza-accent, light-dark(#0b6e5a, #4fd0ac));
        --_accent-ink: var(--credenza-accent-ink, light-dark(#ffffff, #06231b));
        --_good: var(--credenza-good, light-dark(#12723f, #6bd69a));
        --_bad: var(--credenza-bad, light-dark(#b3261e, #ff9a91));
      }
    }
    :host([hidden]) { display: none; }
    * { box-sizing: border-box; margin: 0; }
    .box {
      display: grid; gap: 1rem; justify-items: center; padding: 1.4rem; text-align: center;
      color: var(--_ink); background: var(--_surface);
      border: 1px solid var(--_line); border-radius: var(--credenza-radius, 14px);
    }
    .status { display: flex; gap: 0.5rem; align-items: center; font-weight: 600; text-wrap: balance; }
    .status:focus { outline: none; }
    .status::before { content: ""; flex: none; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: var(--_soft); }
    .status.good { color: var(--_good); }
    .status.bad { color: var(--_bad); }
    .status.good::before, .status.bad::before { background: none; width: auto; height: auto; font-weight: 700; }
    .status.good::before { content: "✓"; content: "✓" / ""; }
    .status.bad::before { content: "✕"; content: "✕" / ""; }
    .ways { display: grid; gap: 1rem; justify-items: center; width: 100%; }
    .ways:empty { display: none; }
    .button {
      display: inline-flex; align-items: center; justify-content: center; width: 100%; min-height: 2.75rem;
      padding: 0.55rem 1.15rem; border: 1px solid var(--_line); border-radius: 999px;
      background: transparent; color: inherit; font: inherit; font-weight: 580; text-decoration: none; cursor: pointer;
    }
    .button.main { background: var(--_accent); border-color: var(--_accent); color: var(--_accent-ink); }
    .button:disabled { opacity: 0.55; cursor: default; }
    .button:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
    .qr { width: min(100%, var(--credenza-qr-size, 15rem)); border-radius: 9px; overflow: hidden; background: #fff; line-height: 0; }
    .qr svg { width: 100%; height: auto; }
    .hint, .until { color: var(--_soft); font-size: 0.9em; }
    @media print { .ways { display: none; } }
  `;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);

  function element(name, { part, text, ...rest } = {}) {
    const made = document.createElement(name);
    if (part) made.setAttribute("part", part);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(rest)) made.setAttribute(key, value);
    return made;
  }

  function drawn({ side, path }, label) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
    svg.setAttribute("shape-rendering", "crispEdges");
    svg.setAttribute("aria-hidden", "true");
    const dark = document.createElementNS(SVG, "path");
    dark.setAttribute("d", path);
    dark.setAttribute("fill", "#000");
    svg.append(dark);
    const box = element("div", { part: "qr", class: "qr", role: "img", "aria-label": label });
    box.append(svg);
    return box;
  }

  /** Whether the browser itself can ask wallets in this way. */
  function canAsk(protocol) {
    const api = globalThis.DigitalCredential;
    return Boolean(api && navigator.credentials?.get) && (api.userAgentAllowsProtocol?.(protocol) ?? true);
  }

  /** The code with which the wallet has brought this browser back. */
  function responseCode() {
    const named = (text) => new URLSearchParams(text.slice(1)).get("response_code");
    return named(location.search) ?? named(location.hash);
  }

  class CredenzaVerify extends HTMLElement {
    static observedAttributes = ["src"];

    /** Words of your own, by the names of the usual ones; to be set before the element is on the page. */
    texts = {};

    #status = element("p", { part: "status", class: "status", role: "status", "aria-live": "polite", tabindex: "-1" });
    #ways = element("div", { part: "ways", class: "ways" });
    #run = null;

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      const box = element("section", { part: "box", class: "box" });
      box.append(this.#status, this.#ways);
      root.append(box);
    }

    connectedCallback() { this.#start(); }
    disconnectedCallback() { this.#stop(); }
    attributeChangedCallback() { if (this.isConnected) this.#start(); }

    #text(name) { return this.texts[name] ?? TEXTS[name]; }

    #start() {
      this.#stop();
      const run = new Run(this.getAttribute("src") ?? "");
      this.#run = run;
      this.#say("loading", "loading");
      this.#ways.replaceChildren();
      const seen = () => { if (!document.hidden) this.#look(run); };
      document.addEventListener("visibilitychange", seen, { signal: run.signal });
      this.#look(run);
    }

    #stop() {
      this.#run?.end();
      this.#run = null;
    }

    /** Looks once how the request stands; looks that overlap are one. */
    #look(run) {
      run.looking ??= this.#fetch(run).finally(() => { run.looking = null; });
      return run.looking;
    }

    async #fetch(run) {
      clearTimeout(run.timer);
      let shown;
      try {
        const url = new URL(run.src, document.baseURI);
        const response = await fetch(url, { credentials: "omit", cache: "no-store", signal: run.signal });
        if (response.ok) shown = await response.json();
        else if (response.status === 404) shown = { state: "expired" };
        else if (response.status < 500 && response.status !== 429) return this.#fail(run, `http_${response.status}`);
      } catch (error) {
        if (run.ended) return;
        if (!(error instanceof TypeError) || !run.state) return this.#fail(run, "unreachable");
      }
      if (run.ended) return;
      if (shown) this.#show(run, shown);
      if (run.ended) return;
      run.timer = setTimeout(() => this.#look(run), run.isLive() ? HEARTBEAT : POLL);
    }

    #show(run, shown) {
      const { state, reason } = shown;
      const news = state !== run.state;
      run.state = state;
      switch (state) {
        case "created":
        case "retrieved":
        case "failed":
          if (!run.asking) {
            if (state === "failed") this.#say("failed", "declined", "bad");
            else this.#say(state, state === "created" ? "waiting" : "opened");
          }
          this.#offer(run, shown);
          run.follow(shown.events_url, () => this.#look(run));
          if (news && state === "failed") this.#tell("refused", { reason, final: false });
          return;
        case "verified": {
          const code = responseCode();
          if (shown.response_code_needed && !code) return this.#close(run, state, "elsewhere");
          this.#close(run, state, "verified", "good");
          return this.#tell("verified", { responseCode: code });
        }
        case "rejected":
          this.#close(run, state, "refused", "bad");
          return this.#tell("refused", { reason, final: true });
        case "expired":
        case "cancelled":
          this.#close(run, state, state, "bad");
          return this.#tell("error", { reason: state });
        default:
          return this.#fail(run, "unreachable");
      }
    }

    /** The ways to a wallet, once. */
    #offer(run, { link, qr, dc_api: asked, expires_at: until }) {
      if (run.offered) return;
      run.offered = true;
      const ways = [];
      const browser = asked && canAsk(asked.request.protocol);
      if (browser) {
        const button = element("button", { part: "ask", class: "button main", type: "button", text: this.#text("ask") });
        button.addEventListener("click", () => this.#ask(run, asked, button));
        ways.push(button);
      }
      if (qr) {
        ways.push(drawn(qr, this.#text("code")));
        const hint = this.#text(browser ? "scanInstead" : "scan");
        ways.push(element("p", { part: "hint", class: "hint", text: hint }));
      }
      if (link && !/^(javascript|data|vbscript):/i.test(link)) {
        ways.push(element("a", { part: "link", class: "button", href: link, text: this.#text("open") }));
      }
      if (until) {
        const language = this.closest("[lang]")?.lang || undefined;
        const time = new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(until * 1000));
        ways.push(element("p", { part: "until", class: "until", text: this.#text("until")(time) }));
      }
      this.#ways.replaceChildren(...ways);
    }

    /** Has the browser ask, and brings what it gets. */
    async #ask(run, { request, response_url: to }, button) {
      if (run.asking) return;
      run.asking = true;
      button.disabled = true;
      this.#say("asking", "asking");
      try {
        const digital = { requests: [request] };
        const credential = await navigator.credentials.get({ mediation: "required", digital, signal: run.signal });
        this.#say("asking", "checking");
        const data = typeof credential.data === "string" ? JSON.parse(credential.data) : credential.data;
        const response = await fetch(to, {
          method: "POST",
          credentials: "omit",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ protocol: credential.protocol, data }),
          signal: run.signal,
        });
        run.asking = false;
        await run.looking;
        await this.#look(run);
        if (!response.ok && !run.ended) {
          const { error: reason } = await response.json().catch(() => ({}));
          this.#say("failed", "refused", "bad");
          this.#tell("refused", { reason, final: false });
        }
      } catch (error) {
        run.asking = false;
        if (run.ended) return;
        this.#say("failed", "declined", "bad");
        // Whoever closes the browser's dialog has done nothing wrong.
        if (error.name !== "NotAllowedError" && error.name !== "AbortError") {
          this.#tell("error", { reason: error.name });
        }
      }
      button.disabled = false;
    }

    #fail(run, reason) {
      this.#close(run, "error", "unreachable", "bad");
      this.#tell("error", { reason });
    }

    /** Nothing more can happen. */
    #close(run, state, text, kind) {
      run.end();
      const inside = this.shadowRoot.activeElement;
      this.#ways.replaceChildren();
      this.#say(state, text, kind);
      if (inside) this.#status.focus();
    }

    #say(state, text, kind = "") {
      this.setAttribute("state", state);
      const words = this.#text(text);
      this.#status.className = `status ${kind}`;
      // What is read out again although nothing has changed only disturbs.
      if (this.#status.textContent !== words) this.#status.textContent = words;
    }

    #tell(name, detail) {
      this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    }
  }

  /** The life of one request in one element. */
  class Run {
    state = null;
    looking = null;
    asking = false;
    offered = false;
    timer = 0;
    #source = null;
    #controller = new AbortController();

    constructor(src) { this.src = src; }

    get signal() { return this.#controller.signal; }
    get ended() { return this.#controller.signal.aborted; }
    isLive() { return this.#source !== null && this.#source.readyState !== EventSource.CLOSED; }

    follow(url, then) {
      if (this.#source || !url) return;
      this.#source = new EventSource(url);
      this.#source.addEventListener("change", then);
      // A stream that is refused is not opened again: the looks come more often then.
      this.#source.addEventListener("error", () => { if (!this.isLive()) then(); });
    }

    end() {
      clearTimeout(this.timer);
      this.#source?.close();
      this.#controller.abort();
    }
  }

  customElements.define(NAME, CredenzaVerify);
})();
