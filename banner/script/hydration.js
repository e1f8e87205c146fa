  // A page that is hydrated as a whole must not find a foreign element in its body, so the panel waits outside until the page has loaded
  // and had time to work. Without a script it simply stays.
  const taker = new MutationObserver(() => attempt(() => {
    const early = document.querySelector("kelisim-panel");
    if (!early || inFrame) return;
    taker.disconnect();
    early.remove();
    listen(window, "load", () => idle(() => whenShown(() => {
      panel = early;
      start();
    })));
  }));
  taker.observe(document, { childList: true, subtree: true });
