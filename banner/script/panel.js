  // The panel: the banner, or the link that stays after an answer. It works without all of this.

  let panel = null;
  let dirty = false;
  let lastFocus = null;
  let padding = 0;
  let returns = 0;
  let told = false;

  const asking = () => panel !== null && panel.getAttribute("data-kelisim-state") === "asking";
  const inside = (node) => panel !== null && node instanceof Node && panel.contains(node);

  let sheet = null;

  // Keeps the page's controls in sight that have the focus, also the last ones: there is always something left to scroll. A sheet of
  // its own, since the page's elements are not ours.
  function pad(height) {
    if (height === padding) return;
    padding = height;
    sheet = sheet || new CSSStyleSheet();
    sheet.replaceSync(height ? "html{padding-bottom:" + height + "px!important;scroll-padding-bottom:" + height + "px!important}" : "");
    const others = document.adoptedStyleSheets.filter((other) => other !== sheet);
    document.adoptedStyleSheets = height ? others.concat(sheet) : others;
  }

  // The top layer escapes transformed ancestors and chat widgets. The height is what the observer of sizes saw: to ask for it here would
  // make the browser lay the page out once more.
  function place(size) {
    const height = asking() && panel.isConnected && getComputedStyle(panel).position === "fixed" ? size : 0;
    const open = panel.matches(":popover-open");
    if (height && !open) {
      panel.popover = "manual";
      panel.showPopover();
    } else if (open && asking() && !height) {
      panel.hidePopover();
      panel.removeAttribute("popover");
    }
    pad(height);
  }

  // What changes sizes within the observer itself makes browsers report an error to the page.
  const sizes = attempt(() => new ResizeObserver((entries) => {
    const size = Math.ceil(entries[0].borderBoxSize[0].blockSize);
    requestAnimationFrame(() => attempt(() => place(size)));
  }));

  // Says what became of a choice. What applies later only can be had at once, by a button that the style shows then.
  function say(message) {
    const status = panel && panel.querySelector("[slot=status]");
    if (!status) return;
    status.textContent = panel.getAttribute("data-kelisim-" + message) || "";
    panel.toggleAttribute("data-kelisim-waits", message === "later" && !posted);
  }

  function close(message) {
    if (!panel) return;
    const link = panel.querySelector("[slot=link]");
    const hadFocus = inside(document.activeElement);
    const wasAsking = asking();
    panel.setAttribute("data-kelisim-state", message && (link || message !== "saved") ? "answered" : "closed");
    say(message);
    if (message === "saved") setTimeout(() => attempt(() => say()), 8000);
    if (wasAsking) fire("close");
    const next = lastFocus && lastFocus.isConnected ? lastFocus : link;
    if (hadFocus && next) next.focus({ preventScroll: true });
  }

  // Some frameworks put another document or body in place of this one, or other content into it, and another page's panel with it. That
  // came without its shadow, or from a memory of before the answer; so this one goes on.
  function keep() {
    const body = document.body;
    if (!body || panel.isConnected || ++returns > 500) return;
    document.querySelectorAll("kelisim-panel").forEach((other) => other.remove());
    // Its style sheet is loaded anew, and shows what this hides until then.
    panel.hidden = true;
    body.prepend(panel);
    watch();
  }

  const watcher = new MutationObserver(() => attempt(keep));

  function watch() {
    watcher.disconnect();
    [document, document.documentElement, document.body].forEach((node) => watcher.observe(node, { childList: true }));
    if (!sizes) return;
    sizes.disconnect();
    sizes.observe(panel);
  }

  // Where the page renders itself anew, the panel is gone by the time that it is parsed.
  listen(document, "readystatechange", () => { panel = panel || document.querySelector("kelisim-panel"); });

  function start() {
    if (!panel) return;
    if (inFrame) return panel.setAttribute("data-kelisim-state", "closed");
    if (panel.isConnected) watch();
    else keep();
    if (asking()) fire("open");
  }

  listen(document, "input change", (event) => { if (event.isTrusted && !inside(event.target)) dirty = true; });
  listen(document, "focusin", (event) => { if (!inside(event.target)) lastFocus = event.target; });

  // Nobody sees a page that is rendered ahead.
  function whenShown(work) {
    if (document.prerendering) listen(document, "prerenderingchange", work);
    else attempt(work);
  }

  whenParsed(() => whenShown(() => {
    start();
    told = true;
    fire("ready");
  }));
