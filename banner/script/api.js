  // What the site's own code may ask and do: window.kelisim (banner/kelisim.d.ts).

  const listeners = [];

  function on(name, work) {
    const listener = (event) => work(event.detail);
    listeners.push([name, work, listener]);
    window.addEventListener("consent:" + name, listener);
    if (name === "ready" && told) work(state());
  }

  function off(name, work) {
    listeners.forEach(([listened, worker, listener]) => {
      if (listened === name && worker === work) window.removeEventListener("consent:" + name, listener);
    });
  }

  function openSettings() {
    location.assign(prefix + "settings?language=" + language + "&to=" + encodeURIComponent(here()));
  }

  function open() {
    if (!panel || answered || inFrame) return openSettings();
    if (!asking()) {
      panel.setAttribute("data-kelisim-state", "asking");
      fire("open");
    }
    const first = panel.querySelector("button");
    if (first) first.focus();
  }

  // More than now needs a click or key of the visitor a moment ago; less does not.
  function choose(wants, options) {
    const next = site.offer.filter((category) => category === "necessary" || wants(category));
    const activated = navigator.userActivation && navigator.userActivation.isActive;
    if (sending || !activated && !next.every(has)) return Promise.resolve(false);
    return send(next, null, options && options.reload || "auto").catch(() => false);
  }

  const refuse = (options) => choose(() => false, options);
  attempt(() => Object.defineProperty(window, "kelisim", {
    value: Object.freeze({
      version: site.version,
      categories: Object.freeze(site.offer),
      get: state,
      has: has,
      on: on,
      off: off,
      open: open,
      close: () => close(),
      openSettings: openSettings,
      set: (choice, options) => choose((category) => category in choice ? choice[category] : has(category), options),
      acceptAll: (options) => choose(() => true, options),
      rejectAll: refuse,
      withdraw: refuse
    })
  }));
