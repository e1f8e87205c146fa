  // What happens elsewhere: another tab answers, or this page comes back from a cache that knows nothing of the answer.

  function fingerprint() {
    const mirror = view();
    return mirror ? mirror.allowed.join() : "";
  }

  let seen;

  // The copy is compared with itself, never with the page: a page made for an edition that asks again would differ for ever.
  function compare() {
    if (sending || document.prerendering || seen === undefined || fingerprint() === seen) return;
    const mirror = view();
    adopt(mirror ? mirror.allowed : ["necessary"], mirror !== null, "auto");
  }

  // A page from the history or from a service worker may be of another time. It is loaded again once; if it still is the old one then,
  // nothing is allowed that either of the two forbids.
  function outdated() {
    const entry = performance.getEntriesByType("navigation")[0];
    const back = entry && entry.type === "back_forward";
    const worker = answered && navigator.serviceWorker && navigator.serviceWorker.controller;
    if (inFrame || posted || !back && !worker) return;
    const mirror = view();
    if (!mirror || answered && mirror.allowed.join() === allowed.join()) return;
    if (entry && entry.type !== "reload") {
      leaving = true;
      return location.reload();
    }
    allowed = allowed.filter((category) => mirror.allowed.includes(category));
    sweep();
    forgetWorkers();
  }

  whenShown(outdated);
  listen(document, "visibilitychange", () => { if (!document.hidden) compare(); });
  listen(document, "prerenderingchange", compare);
  listen(window, "pageshow", (event) => { if (event.persisted) compare(); });

  // The first look into the jar waits until the page is parsed: what came along with the request for the page was expired by its answer,
  // and the shim holds back what its scripts write. To be told of changes takes the browser milliseconds, so that waits until it is idle.
  function look() {
    sweepCookies();
    compare();
  }

  function watchCookies() {
    look();
    if (window.cookieStore && cookieStore.addEventListener) {
      // Chromium begins to tell a little after it was asked; what was written meanwhile is found by a second look.
      setTimeout(() => attempt(look), 1000);
      return listen(cookieStore, "change", (event) => {
        sweepCookies(event.changed.map((cookie) => cookie.name || ""));
        compare();
      });
    }
    // Five minutes of looking after each time that the page comes into sight.
    let looks = 0;
    listen(document, "visibilitychange", () => { looks = 0; });
    setInterval(() => attempt(() => {
      if (!document.hidden && ++looks <= 150) look();
    }), 2000);
  }

  whenParsed(() => {
    seen = fingerprint();
    sweepCookies();
    idle(watchCookies);
  });

  // A frame that a script made shows our placeholder where our own policy refused it. Browsers name the origin at most, so every frame
  // of it is changed: the policy speaks of hosts, not of paths or kinds. An origin that is refused only behind a redirect is named by
  // the policy. The frame's own name is zeros, as no frame in the page's text has: once opened, the policy lets it in without an edit.
  listen(document, "securitypolicyviolation", (event) => {
    const { origin, host } = new URL(event.blockedURI);
    const names = (words) => event.originalPolicy.includes(words);
    if (origin === location.origin || names(host) || names("*" + host.slice(host.indexOf("."))) || !names(attribute("prefix") + "report")) return;
    document.querySelectorAll("iframe").forEach((frame) => {
      if (frame.src.startsWith(origin + "/")) frame.src = prefix + "frame?frame=0000000000000000&host=" + host + "&language=" + language
        + "&to=" + encodeURIComponent(here()) + (frame.hasAttribute("sandbox") ? "&sandboxed=" : "");
    });
  });
