// The script on the site's pages: what it holds back, what it removes, what it tells the site, and that the site never notices a fault.

import assert from "node:assert/strict";
import { createContext, runInContext } from "node:vm";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { ACCEPT, LINK, PANEL, inEachBrowser } from "./harness/browsers.js";
import { startSite } from "./harness/site.js";

const LINES = `
[[site.cookie]]
name = "theme_*"
category = "functional"

[[site.cookie]]
name = "theme_needed"
category = "necessary"

[[site.cookie]]
expression = '(?i)sess_\\d+|[^a-z]{3}'
category = "necessary"

[[site.cookie]]
name = "_ga_mine"
category = "necessary"

[[site.storage]]
name = "cart*"
category = "necessary"

[[site.storage]]
name = "cart_statistics"
category = "analytical"

[site.signals]
google = true
yandex_metrica = ["101"]
matomo = true
meta = true
`;

const PAGES = {
  "/signals": () => ({ body: "<h1>Signals</h1>", head: "<script>window.early = JSON.stringify([...dataLayer[0]]); window.counter = disableYaCounter101; window.matomo = JSON.stringify(_paq);"
    + "!function(f){ if (f.fbq) return; const n = f.fbq = function () { n.queue.push(arguments) }; n.queue = []; }(window); fbq('init', '1');</script>" }),
  "/form": "<form><input id=text name=text></form>",
  "/posted": "<h1>Posted</h1><form method=post action=/posted><button id=post>Send</button></form>",
  "/markup": "<script type=text/plain data-consent=analytical>window.ran = (window.ran || []).concat('inline')</script>"
    + "<script type=text/plain data-consent=necessary>window.ran = (window.ran || []).concat('needed')</script>"
    + "<iframe data-consent=functional data-src='/other'></iframe><button data-consent-open id=settings>Cookies</button>",
  "/frame": "<iframe id=frame src='/inner'></iframe>",
  "/broken": "<h1>Fine</h1>",
};

/** The judgement of the script on names, asked outside of a browser: what `document.cookie` would do with each. */
async function judge(site, allowed, names) {
  const html = await (await fetch(`${site.http}/`, { headers: { "sec-fetch-dest": "document", accept: "text/html" } })).text();
  const source = await (await fetch(site.http + html.match(/<script data-kelisim-script src="([^"]*)"/)[1])).text();
  const written = [];
  class Document { get cookie() { return ""; } set cookie(line) { written.push(line); } }
  const document = new Document();
  const attributes = { prefix: "/_kelisim/", language: "en", edition: "notice", allowed };
  const listen = () => {};
  Object.assign(document, {
    currentScript: { getAttribute: (name) => attributes[name.slice("data-kelisim-".length)] ?? null, remove: listen },
    addEventListener: listen, readyState: "loading", querySelectorAll: () => [],
  });
  const window = { document, Document, addEventListener: listen, navigator: {}, location: { protocol: "http:", hostname: "localhost", pathname: "/" },
    Storage: class { removeItem() {} }, Element: class { setAttribute() {} }, XMLHttpRequest: class { open() {} }, fetch: listen, MutationObserver: class { observe() {} }, setInterval: listen, performance: { getEntriesByType: () => [] }, URLSearchParams, URL };
  window.window = window.top = window;
  runInContext(source, createContext(window));
  return names.filter((name) => {
    written.length = 0;
    document.cookie = `${name}=1`;
    return written[0] === `${name}=1`;
  });
}

/** The judgement of the server: which names reach the site. */
async function server(site, cookie, names) {
  const passed = [];
  for (let at = 0; at < names.length; at += 40) {
    const sent = [...(cookie ? [cookie] : []), ...names.slice(at, at + 40).map((name) => `${name}=1`)].join("; ");
    const headers = { cookie: sent, "sec-fetch-site": "same-origin" };
    passed.push(...(await (await fetch(`${site.http}/names`, { headers })).json()).names);
  }
  return passed;
}

async function choice(site, categories) {
  const fields = { choice: "save", categories, edition: "notice", language: "en", layer: "settings" };
  const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
  const answer = await fetch(`${site.http}/_kelisim/choice`, { method: "POST", headers, body: JSON.stringify(fields) });
  assert.equal(answer.status, 200, await answer.text());
  return answer.headers.getSetCookie().find((line) => line.startsWith("kelisim=")).split(";")[0];
}

function namesAndMutations() {
  const catalogue = readFileSync(new URL("../../config/cookies.toml", import.meta.url), "utf8");
  const names = [...catalogue.matchAll(/^name = "([^"]*)"/gm)].map((match) => match[1].replace("*", ""));
  names.push("theme_a", "theme_needed", "theme_", "sess_1", "SESS_42", "sess_", "sess_1x", "1.2", "_ga_mine", "_ga_mine2", "TS01a2b3c4", "TS01a2b3c4_1",
    "SSESS0123456789abcdef0123456789abcdef", "mp_1_mixpanel", "amp_0a1b2c", "AMP_MKTG_0a1b2c3d4e", "ct_checkjs", "ct_other", "unheard_of", "kelisim", "Kelisim_view",
    "__Host-kelisim", "kelisims", "wordpress_0123456789abcdef0123456789abcdef");
  const mutations = (name) => [name, `${name}x`, `${name}_1`, name.slice(0, -1), name.toUpperCase(), `__Host-${name}`, `__secure-${name}`];
  return [...new Set(names.flatMap(mutations))].filter((name) => /^[\w.%~!#$&'*+^`|-]+$/.test(name));
}

for (const mode of ["strict", "compatible"]) {
  describe(`the rules in the script, mode ${mode}`, () => {
    let site;
    before(async () => { site = await startSite({ lines: LINES, mode }); });
    after(() => site.stop());
    for (const categories of [[], ["functional"], ["analytical"], ["functional", "analytical"]]) {
      it(`are the server's where ${categories.join(" and ") || "nothing"} is allowed`, async () => {
        const names = namesAndMutations();
        const expected = new Set(await server(site, await choice(site, categories), names));
        const actual = new Set(await judge(site, categories.join(" "), names));
        const differing = names.filter((name) => expected.has(name) !== actual.has(name));
        assert.deepEqual(differing, []);
        assert.ok(expected.size > 100 && expected.size < names.length);
      });
    }
    it("come with the site's honouring of Global Privacy Control, and the signal reaches the site", async () => {
      assert.deepEqual(Object.keys(await (await fetch(`${site.http}/.well-known/gpc.json`)).json()), ["gpc", "lastUpdate"]);
      assert.equal((await (await fetch(`${site.http}/names`, { headers: { "sec-gpc": "1" } })).json()).gpc, "1");
    });
  });
}

const names = (page) => page.evaluate(() => document.cookie.split("; ").filter(Boolean).map((pair) => pair.split("=")[0]).sort());
const settled = (page, work, ...values) => page.waitForFunction(work, { timeout: 20_000 }, ...values);

inEachBrowser("script", () => startSite({ pages: PAGES, lines: LINES }), (story, browser) => {
  story("holds back what is refused, whichever way a script writes it, and lets deletions pass", {}, async (anna) => {
    await anna.open("/");
    await anna.page.evaluate(async () => {
      document.cookie = "_ga=1; path=/";
      document.cookie = " theme_a = 1";
      document.cookie = "unheard_of=1";
      document.cookie = "nameless";
      document.cookie = "=_ga=1";
      document.cookie = "kelisim_view=functional=1";
      document.cookie = "theme_needed=1; path=/";
      if (window.cookieStore) {
        await cookieStore.set("_gid", "1");
        await cookieStore.set({ name: "_ym_uid", value: "1" });
      }
    });
    assert.deepEqual(await names(anna.page), ["theme_needed"]);
    await assert.rejects(anna.page.evaluate(() => Object.defineProperty(Document.prototype, "cookie", { get: () => "" })), /redefine|configurable/i);
    await anna.page.evaluate(() => { document.cookie = "theme_needed=; max-age=0; path=/"; });
    assert.deepEqual(await names(anna.page), []);
  });

  story("removes what got in by a fresh realm, and of unknown ones those that were not there before", {}, async (anna) => {
    await anna.page.browserContext().setCookie({ name: "neighbour", value: "1", domain: "localhost", path: "/" });
    await anna.open("/frame");
    await anna.page.evaluate(() => {
      const fresh = document.body.appendChild(document.createElement("iframe"));
      for (const name of ["_ga", "theme_a", "theme_needed", "late"]) fresh.contentDocument.cookie = `${name}=1; path=/`;
    });
    await settled(anna.page, () => !/_ga|theme_a|late/.test(document.cookie));
    assert.deepEqual(await names(anna.page), ["neighbour", "theme_needed"]);
  });

  story("finds by a second look what was written before the browser began to tell of changes", {}, async (anna) => {
    await anna.page.evaluateOnNewDocument(() => {
      if (window.cookieStore) window.cookieStore.addEventListener = () => {};
    });
    await anna.open("/frame");
    await anna.page.evaluate(() => {
      document.body.appendChild(document.createElement("iframe")).contentDocument.cookie = "_ga=1; path=/";
    });
    await settled(anna.page, () => !document.cookie.includes("_ga"));
  });

  story("removes what was there before: cookies at every path, and keys of storage", {}, async (anna) => {
    for (const path of ["/", "/a", "/a/b"]) await anna.page.browserContext().setCookie({ name: "_ga", value: "1", domain: "localhost", path });
    await anna.open("/a/b/c");
    assert.deepEqual(await names(anna.page), []);
    await anna.page.evaluate(() => {
      for (const area of [localStorage, sessionStorage]) for (const key of ["_ym_uid", "cart", "cart_statistics", "draft"]) area.setItem(key, "1");
      window.dispatchEvent(new Event("pagehide"));
    });
    const keys = await anna.page.evaluate(() => [Object.keys(localStorage).sort(), Object.keys(sessionStorage).sort()]);
    assert.deepEqual(keys, [["cart", "draft"], ["cart", "draft"]]);
  });

  story("reports keys of storage that nobody knows, by name", {}, async (anna) => {
    await anna.open("/");
    await anna.page.evaluate(() => { localStorage.setItem("draft", "secret"); localStorage.setItem("cart", "1"); });
    const reported = anna.page.waitForResponse((answer) => answer.url().endsWith("/_kelisim/report"));
    await anna.open("/");
    const answer = await reported;
    assert.equal(answer.status(), 204);
    // Firefox's driver does not tell what was sent.
    if (browser === "chromium") assert.deepEqual(JSON.parse(answer.request().postData()), { local: ["draft"] });
  });

  story("tells the site's code what is allowed and lets it ask for less at any time, for more after a click only", {}, async (anna) => {
    await anna.open("/");
    const api = await anna.page.evaluate(() => ({ keys: Object.keys(kelisim).sort(), state: kelisim.get(), frozen: Object.isFrozen(kelisim) }));
    const declared = readFileSync(new URL("../../banner/kelisim.d.ts", import.meta.url), "utf8").match(/interface Kelisim \{([^}]*)\}/)[1];
    assert.deepEqual(api.keys, [...declared.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((match) => match[1]).sort());
    assert.deepEqual(api.state, { answered: false, categories: { necessary: true, functional: false, analytical: false }, time: null, gpc: false });
    assert.ok(api.frozen);
    const refused = await anna.page.evaluate(async () => {
      window.seen = [];
      for (const name of ["first", "change"]) kelisim.on(name, (state) => seen.push([name, state.answered]));
      kelisim.on("ready", (state) => seen.push(["ready", state.answered]));
      document.querySelector("kelisim-panel [data-kelisim-action=accept]").click();
      return kelisim.rejectAll();
    });
    assert.equal(refused, true);
    assert.deepEqual(await anna.page.evaluate(() => seen), [["ready", false], ["first", true], ["change", true]]);
    assert.equal(await anna.sees(PANEL), false);
    const granted = await anna.page.evaluate(() => { window.outcome = null; addEventListener("click", () => kelisim.set({ functional: true }, { reload: "never" }).then((done) => { outcome = done; })); });
    assert.equal(granted, undefined);
    await anna.page.click("h1");
    await settled(anna.page, () => window.outcome === true);
    assert.deepEqual(await anna.page.evaluate(() => kelisim.get().categories), { necessary: true, functional: true, analytical: false });
    assert.ok(await anna.page.evaluate(() => Math.abs(kelisim.get().time - Date.now()) < 60_000));
    assert.deepEqual((await anna.page.evaluate(() => { document.cookie = "theme_a=1"; return document.cookie; })).match(/theme_a/)?.length, 1);
  });

  story("does not grant without a click", {}, async (anna) => {
    await anna.open("/");
    // The driver's own evaluation counts as a visitor's in one of the browsers, so a frame's timer asks.
    const granted = await anna.page.evaluate(() => {
      Object.defineProperty(navigator, "userActivation", { value: { isActive: false } });
      return kelisim.acceptAll();
    });
    assert.equal(granted, false);
    assert.ok(await anna.seesBanner());
  });

  story("signals a default before any tag and an update after a choice", {}, async (anna) => {
    await anna.open("/signals");
    const before = await anna.page.evaluate(() => ({ early, counter, matomo, meta: JSON.stringify(fbq.queue.map((one) => Array.from(one))) }));
    assert.match(before.early, /^\["consent","default",\{"ad_storage":"denied",.*"analytics_storage":"denied"/);
    assert.deepEqual([before.counter, before.matomo, before.meta], [true, '[["requireConsent"]]', '[["consent","revoke"],["init","1"]]']);
    assert.ok(await anna.page.evaluate(() => dataLayer.some((entry) => entry.event === "consent_ready")));
    await anna.accept();
    const later = await anna.page.evaluate(() => ({ early, counter, matomo }));
    assert.match(later.early, /"analytics_storage":"granted","functionality_storage":"granted"/);
    assert.deepEqual([later.counter, later.matomo], [false, '[["requireConsent"],["setConsentGiven"]]']);
  });

  story("runs what waited for consent once it is there, in its order", {}, async (anna) => {
    await anna.open("/markup");
    assert.deepEqual(await anna.page.evaluate(() => window.ran), ["needed"]);
    assert.equal(await anna.page.$eval("iframe", (frame) => frame.getAttribute("src")), null);
    await anna.accept();
    await settled(anna.page, () => window.ran && window.ran.length === 2);
    assert.deepEqual(await anna.page.evaluate(() => window.ran), ["inline", "needed"]);
    assert.equal(await anna.page.$eval("iframe", (frame) => new URL(frame.src).pathname), "/other");
    await anna.clickAndFollow("#settings");
    assert.equal(new URL(anna.page.url()).pathname, "/_kelisim/settings");
  });

  story("leaves a form that is being filled in and offers to load the page again", {}, async (anna) => {
    await anna.open("/form");
    await anna.page.type("#text", "half a letter");
    await anna.page.click(ACCEPT);
    await settled(anna.page, () => document.querySelector("kelisim-panel").hasAttribute("data-kelisim-waits"));
    assert.equal(await anna.page.$eval("#text", (field) => field.value), "half a letter");
    await anna.clickAndFollow("kelisim-panel [data-kelisim-action=reload]");
    assert.ok(await anna.page.evaluate(() => kelisim.has("analytical")));
  });

  story("never sends a form twice", {}, async (anna, site) => {
    await anna.open("/posted");
    await anna.clickAndFollow("#post");
    const { posts } = site;
    const count = posts.length;
    await anna.page.click(ACCEPT);
    await settled(anna.page, () => kelisim.get().answered);
    assert.equal(posts.length, count);
    assert.ok(!(await anna.seesBanner()));
  });

  story("carries a choice to other tabs", {}, async (anna) => {
    await anna.open("/");
    const other = await anna.page.browserContext().newPage();
    await other.goto(`${anna.site}/other`);
    await other.evaluate(() => { window.old = true; });
    await anna.page.bringToFront();
    await anna.accept();
    await other.bringToFront();
    await settled(other, () => !window.old && window.kelisim && kelisim.has("analytical"));
    await other.evaluate(() => { document.cookie = "_ga=1; path=/"; return kelisim.withdraw({ reload: "never" }); });
    assert.ok(!(await names(other)).includes("_ga"));
    await anna.page.bringToFront();
    await settled(anna.page, () => window.kelisim && kelisim.get().answered && !kelisim.has("analytical"));
  });

  story("follows a choice when a page comes back from the history", {}, async (anna) => {
    await anna.open("/");
    await anna.page.goto(`${anna.site}/other`);
    await anna.accept();
    await anna.page.goBack({ waitUntil: "load" }).catch(() => {});
    await settled(anna.page, () => location.pathname === "/" && window.kelisim && kelisim.has("analytical"));
    assert.ok(!(await anna.seesBanner()));
  });

  story("puts the panel back where a framework replaces the body", {}, async (anna) => {
    await anna.open("/");
    await anna.page.evaluate(() => {
      const body = document.createElement("body");
      body.innerHTML = "<h1>Another page</h1>";
      document.documentElement.replaceChild(body, document.body);
    });
    await anna.page.waitForSelector(PANEL, { visible: true });
    await anna.page.evaluate(() => { document.body.innerHTML = "<h1>And another</h1>"; });
    await anna.page.waitForSelector(PANEL, { visible: true });
    await anna.accept();
    assert.ok(await anna.page.evaluate(() => kelisim.has("functional")));
  });

  story("runs in frames of the site, without a banner", {}, async (anna) => {
    await anna.open("/frame");
    const inner = anna.page.frames().find((frame) => frame.url().endsWith("/inner"));
    assert.deepEqual(await inner.evaluate(() => { document.cookie = "_ga=1"; return [typeof kelisim, document.cookie]; }), ["object", ""]);
    assert.ok(!(await inner.evaluate(() => document.querySelector("kelisim-panel[data-kelisim-state=asking]"))));
  });

  for (const [fault, spoil] of Object.entries({
    "without a cookie store": () => { delete window.cookieStore; delete window.CookieStore; },
    "with frozen prototypes": () => { Object.freeze(Document.prototype); if (window.CookieStore) Object.freeze(CookieStore.prototype); Object.freeze(Storage.prototype); },
    "without storage": () => { for (const area of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, area, { get: () => { throw new Error("no"); } }); },
  })) {
    story(`never throws into the page ${fault}`, {}, async (anna) => {
      const faults = [];
      anna.page.on("pageerror", (error) => faults.push(String(error)));
      await anna.page.evaluateOnNewDocument(spoil);
      await anna.open("/broken");
      await anna.page.evaluate(() => { document.cookie = "theme_needed=1"; window.dispatchEvent(new Event("pagehide")); });
      assert.ok((await names(anna.page)).includes("theme_needed"));
      await anna.accept();
      assert.deepEqual(faults, []);
    });
  }

  story("says nothing of a page that is rendered ahead until it is shown", {}, async (anna) => {
    await anna.page.evaluateOnNewDocument(() => {
      let ahead = true;
      Object.defineProperty(document, "prerendering", { get: () => ahead });
      window.told = [];
      for (const name of ["ready", "open"]) window.addEventListener(`consent:${name}`, () => told.push(name));
      window.show = () => { ahead = false; document.dispatchEvent(new Event("prerenderingchange")); };
    });
    await anna.open("/");
    assert.deepEqual(await anna.page.evaluate(() => told), []);
    await anna.page.evaluate(() => show());
    assert.deepEqual(await anna.page.evaluate(() => told), ["open", "ready"]);
  });
});

inEachBrowser("a page that is hydrated as a whole", () => startSite({ lines: "hydrates_document = true", pages: {
  "/": () => ({ body: "<h1>Page</h1><script>window.found = [document.head.querySelectorAll('[data-kelisim-script]').length, document.querySelectorAll('kelisim-panel').length]</script>" }),
} }), (story) => {
  story("finds nothing of ours, and the banner comes after the load", {}, async (anna) => {
    await anna.open("/");
    await anna.page.waitForSelector(PANEL, { visible: true });
    assert.deepEqual(await anna.page.evaluate(() => found), [0, 0]);
    await anna.accept();
  });

  // What arrives in one piece is read to its end before observers are told of what stands in it.
  story("finds nothing of ours before the load, also where the page is read before anybody is told of its parts", {}, async (anna) => {
    await anna.page.evaluateOnNewDocument(() => {
      window.MutationObserver = class extends MutationObserver {
        constructor(work) {
          super((...what) => { if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", () => work(...what)); } else { work(...what); } });
        }
      };
      for (const [name, target] of [["parsed", document], ["loaded", window]]) {
        target.addEventListener(name === "parsed" ? "DOMContentLoaded" : "load", () => { setTimeout(() => { window[name] = document.querySelectorAll("kelisim-panel").length; }); });
      }
    });
    await anna.open("/");
    await anna.page.waitForSelector(PANEL, { visible: true });
    assert.deepEqual(await anna.page.evaluate(() => [parsed, loaded]), [0, 0]);
    await anna.accept();
  });
});

inEachBrowser("a page whose base is on another host", () => startSite({ pages: {
  "/": (request) => ({ body: "<h1>Page</h1>", head: `<base href="http://127.0.0.1:${request.socket.localPort}/elsewhere/">` }),
} }), (story, browser) => {
  // Firefox can't be told by its driver to run no scripts.
  for (const javascript of browser === "chromium" ? [true, false] : [true]) {
    story(`JavaScript ${javascript ? "on" : "off"}: a choice, the style and the settings stay with the site`, {}, async (anna, site) => {
      const before = (await site.log()).length;
      if (!javascript) await anna.page.setJavaScriptEnabled(false);
      await anna.open("/");
      assert.ok(await anna.page.$eval(PANEL, (panel) => panel.shadowRoot.querySelector("link").sheet !== null));
      await anna.accept();
      if (javascript) assert.equal(await anna.page.evaluate(() => kelisim.withdraw({ reload: "never" })), true);
      await anna.open("/");
      await anna.clickAndFollow(LINK);
      assert.ok(anna.page.url().startsWith(`${site.http}/_kelisim/settings`), anna.page.url());
      assert.deepEqual(site.posts, []);
      assert.ok((await site.log()).length > before);
    });
  }
});
