// The script on the site's pages, the first in their head. It keeps refused cookies from being written, removes those that are there,
// answers the banner without a change of page, and tells the site's own code what is allowed (banner/README.md).
//
// This file is the frame: what all parts share, and their order. The parts of banner/script/ are put in place of their marks, and the
// rules of the site in place of its own, when the gateway starts; lines of comment are left out of what is served. ASCII only, no
// dependency, and nothing here may throw into the page.
(function () {
  "use strict";
  const me = document.currentScript;
  // A page that is hydrated as a whole must not find a foreign element in its head, and who swaps pages brings a second one.
  if (me) me.remove();
  if (!me || window.kelisim) return;
  const site = "@site";

  const CATEGORIES = ["necessary", "functional", "analytical", "marketing"];
  const attribute = (name) => me.getAttribute("data-kelisim-" + name);
  // Whole: on a page with a <base> elsewhere a path alone would lead there.
  const prefix = location.origin + attribute("prefix");
  const language = attribute("language");
  // A page that answers a form is never loaded again: the form would be sent twice.
  const posted = attribute("posted") !== null;
  const inFrame = window.top !== window;
  let answered = attribute("answered") !== null;
  let allowed = ["necessary"].concat((attribute("allowed") || "").split(" ").filter(Boolean));

  function attempt(work) {
    try { return work(); } catch (fault) { return undefined; }
  }

  function listen(target, names, work) {
    names.split(" ").forEach((name) => target.addEventListener(name, (event) => attempt(() => work(event)), true));
  }

  // The page as a link names it: frameworks change it without a load.
  const here = () => location.pathname + location.search;

  function idle(work) {
    (window.requestIdleCallback || setTimeout)(() => attempt(work), { timeout: 1000 });
  }

  function whenParsed(work) {
    if (document.readyState === "loading") listen(document, "DOMContentLoaded", work);
    else attempt(work);
  }

  function post(page, fields) {
    return fetch(prefix + page, {
      method: "POST",
      redirect: "error",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields)
    });
  }

  const has = (category) => allowed.includes(category);

  function state() {
    const categories = {};
    site.offer.forEach((category) => { categories[category] = has(category); });
    // The time is in a cookie, and to read one takes a while: only who asks for it waits.
    const time = () => {
      const mirror = answered && view();
      return mirror ? mirror.time : null;
    };
    return Object.defineProperty({
      answered: answered,
      categories: categories,
      gpc: navigator.globalPrivacyControl === true
    }, "time", { enumerable: true, get: time });
  }

  function fire(name) {
    window.dispatchEvent(new CustomEvent("consent:" + name, { detail: state() }));
  }

  "@rules";
  "@cookies";
  "@storage";
  "@signals";
  "@guard";
  "@hydration";
  "@panel";
  "@choice";
  "@others";
  "@routes";
  "@markup";
  "@api";
})();
