  // A page that is hydrated as a whole must not find a foreign element in its body, so the panel waits outside until the page has loaded
  // and had time to work. Without a script it simply stays.
  let waiting = null;

  function take() {
    if (waiting || inFrame) return;
    waiting = document.querySelector("kelisim-panel");
    if (!waiting) return;
    taker.disconnect();
    waiting.remove();
    // Hydration works in slices after that, and the browser may call itself idle between two of them.
    listen(window, "load", () => setTimeout(() => idle(() => whenShown(() => {
      panel = waiting;
      start();
    })), 500));
  }

  const taker = new MutationObserver(() => attempt(take));
  taker.observe(document, { childList: true, subtree: true });
  // A page that comes in one piece may be read to its end before any observer is told, and the panel must not be looked for before that.
  listen(document, "readystatechange", take);
