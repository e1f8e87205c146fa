  // The panel: the banner, or the link that stays after an answer. It works without all of this.

  let panel = null;
  let dirty = false;
  let lastFocus = null;
  let padding = null;
  let returns = 0;
  let told = false;

  const asking = () => panel !== null && panel.getAttribute("data-kelisim-state") === "asking";
  const inside = (node) => panel !== null && node instanceof Node && panel.contains(node);

  function pad(height) {
    const style = document.documentElement.style;
    if (padding === null) padding = style.scrollPaddingBottom;
    style.scrollPaddingBottom = height === null ? padding : height;
  }

  // The top layer escapes transformed ancestors and chat widgets; the padding keeps focused controls of the page in sight.
  function place() {
    if (!panel || typeof panel.showPopover !== "function") return;
    if (!asking() || !panel.isConnected) return pad(null);
    const open = panel.matches(":popover-open");
    const small = matchMedia("(max-width: 340px), (max-height: 340px)").matches;
    if (!small && !open) {
      panel.popover = "manual";
      panel.showPopover();
    } else if (small && open) {
      panel.hidePopover();
      panel.removeAttribute("popover");
    }
    pad(small ? null : panel.offsetHeight + "px");
  }

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
    place();
    if (wasAsking) fire("close");
    const next = lastFocus && lastFocus.isConnected ? lastFocus : link;
    if (hadFocus && next) next.focus({ preventScroll: true });
  }

  // Some frameworks put another body in place of this one, or other content into it.
  function keep() {
    const body = document.body;
    if (!panel || panel.isConnected || !body) return;
    const other = document.querySelector("kelisim-panel");
    if (!other && ++returns > 50) return;
    if (other) panel = other;
    else body.prepend(panel);
    watch();
    place();
  }

  const watcher = new MutationObserver(() => attempt(keep));

  function watch() {
    watcher.disconnect();
    watcher.observe(document.documentElement, { childList: true });
    if (document.body) watcher.observe(document.body, { childList: true });
  }

  function start() {
    panel = document.querySelector("kelisim-panel");
    if (panel && inFrame) panel.setAttribute("data-kelisim-state", "closed");
    if (!panel || inFrame) return;
    watch();
    place();
    if (window.ResizeObserver) new ResizeObserver(() => attempt(place)).observe(panel);
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
