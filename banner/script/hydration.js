  // A page that is hydrated as a whole must not find a foreign element in its body, so the panel waits outside until the page has loaded
  // and had time to work. Without a script it simply stays.
  const taker = new MutationObserver(() => attempt(() => {
    const early = document.querySelector("kelisim-panel");
    if (!early || inFrame) return;
    taker.disconnect();
    early.remove();
    // Hydration works in slices after that, and the browser may call itself idle between two of them.
    listen(window, "load", () => setTimeout(() => idle(() => whenShown(() => {
      panel = early;
      start();
    })), 500));
  }));
  taker.observe(document, { childList: true, subtree: true });
