// A page behind the gateway, its scripts run, is the page that it is without the gateway, and our nodes; and nothing fails in it that did not fail before.

import assert from "node:assert/strict";
import { inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";
import { startGateway, startWiki } from "./harness/wiki.js";

/** What shows how it was asked, and so differs by right: the cookies that reach the server, a body that never ends well. */
const TELLS_OF_THE_REQUEST = ["/cookies", "/cookies.txt", "/echo", "/cut", "/broken-gzip"];

/** A host of others that nobody has accepted is kept from the page by our policy, and the browser says so. */
const KEPT_AWAY = /^(?=.*\/\/(tracker|maps)\.localhost)(?=.*Content.Security.Policy)/s;

/** More than the demonstration has: a crawl that finds so many goes in circles. */
const MOST_PAGES = 60;

/** How long a crawl may take, in milliseconds: Firefox takes a second or two for a page in two windows. */
const MANY_PAGES = 300_000;

/** Marks what is of a run and not of the page: addresses, tokens, times. */
function settled(text, origins) {
  let same = text;
  for (const origin of origins) {
    for (const form of [origin, encodeURIComponent(origin), new URL(origin).host, encodeURIComponent(new URL(origin).host)]) same = same.replaceAll(form, "HERE");
  }
  return same.replace(/[0-9a-f]{16,}/g, "TOKEN").replace(/\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)?/g, "TIME").replace(/\b\d{10}\b/g, "TIME").replace(/\b\d?\d:\d\d(:\d\d)?\b/g, "TIME");
}

/** The document as it is now without our nodes, one line for each tag or text. */
const serialized = (page) =>
  page.evaluate(() => {
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll("kelisim-panel, script[data-kelisim-script]").forEach((node) => node.remove());
    // A frame of others that nobody has accepted holds our placeholder, by right.
    copy.querySelectorAll("iframe").forEach((frame) => { if (/\/_kelisim\/frame\?|\/\/maps\.localhost/.test(frame.src)) frame.setAttribute("src", "OF OTHERS"); });
    copy.normalize();
    return copy.outerHTML.replaceAll("<", "\n<");
  });

/** A window for one page after the other, in a context of its own: a page that is not in sight is given no frames. Its faults are those of the page in it. */
async function openWindow(anna) {
  const context = await anna.page.browser().createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  await page.setExtraHTTPHeaders({ "Accept-Language": anna.tongue });
  const faults = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  await page.evaluateOnNewDocument(() => {
    window.kelisimTestFaults = [];
    addEventListener("unhandledrejection", ({ reason }) => window.kelisimTestFaults.push(`rejected: ${reason}`));
    addEventListener("error", ({ message }) => window.kelisimTestFaults.push(`error: ${message}`));
  });
  return { context, page, faults };
}

/** Opens a page and answers its document and what went wrong in it, and the paths of its own site that it links to. */
async function look({ page, faults }, site, path, origins) {
  faults.length = 0;
  await page.goto(new URL(path, site).href, { waitUntil: "load" });
  // What scripts do at once after the load is of the page, too.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));
  const all = [...faults, ...(await page.evaluate(() => window.kelisimTestFaults))];
  const links = await page.$$eval("a[href]", (all) => all.filter((link) => link.origin === location.origin && !link.closest("kelisim-panel")).map((link) => link.pathname + link.search));
  return { document: settled(await serialized(page), origins).split("\n"), faults: all.map((fault) => settled(fault, origins)).sort(), links };
}

/** Opens two windows, one for the site without the gateway and one for it behind, and answers what compares a page in both; both are gone after `work`. */
async function withWindows(anna, site, work) {
  const windows = await Promise.all([openWindow(anna), openWindow(anna)]);
  try {
    await work((path) => assertUntouched(windows, site, path));
  } finally {
    await Promise.all(windows.map(({ context }) => context.close()));
  }
}

/** Compares a page with and without the gateway; what differs between two looks without it changes by itself. Answers the page's links. */
async function assertUntouched([plain, guarded], site, path) {
  const origins = [site.http, site.direct];
  const [before, behind] = await Promise.all([look(plain, site.direct, path, origins), look(guarded, site.http, path, origins)]);
  if (behind.document.join() !== before.document.join()) {
    const again = await look(plain, site.direct, path, origins);
    const steady = (lines) => lines.filter((line, place) => before.document[place] === again.document[place]);
    assert.deepEqual(steady(behind.document), steady(before.document), path);
  }
  assert.deepEqual(behind.faults.filter((fault) => !KEPT_AWAY.test(fault)), before.faults, path);
  return before.links;
}

inEachBrowser("the demonstration's pages", startDemo, (story, browser) => {
  // Both languages have the same scripts: the slower browser reads one.
  for (const language of browser === "chromium" ? ["ru", "en"] : ["ru"]) {
    story(`are the same behind the gateway: ${language}`, { patience: MANY_PAGES, language }, async (anna, site) => {
      anna.tongue = language;
      const paths = ["/", "/missing"];
      const met = new Set(paths);
      await withWindows(anna, site, async (compare) => {
        for (const path of paths) {
          for (const link of await compare(path)) {
            if (met.has(link) || TELLS_OF_THE_REQUEST.includes(new URL(link, site.http).pathname) || link.startsWith("/language")) continue;
            met.add(link);
            const answer = await fetch(new URL(link, site.direct), { method: "HEAD" });
            if (answer.headers.get("content-type")?.startsWith("text/html")) paths.push(link);
          }
          assert.ok(paths.length < MOST_PAGES, `${paths}`);
        }
      });
      assert.ok(paths.length > 10, `${paths}`);
    });
  }
});

async function startBoth() {
  const wiki = await startWiki();
  const gateway = await startGateway(wiki.address);
  return {
    http: gateway.http,
    direct: `http://${wiki.address}`,
    stop: async () => {
      await gateway.stop();
      await wiki.stop();
    },
  };
}

inEachBrowser("DokuWiki's pages", startBoth, (story) => {
  story("are the same behind the gateway", {patience: MANY_PAGES }, async (anna, site) => {
    anna.tongue = "en";
    const actions = ["", "&do=login", "&do=edit", "&do=recent", "&do=index", "&do=media", "&do=search&q=start", "&do=backlink"];
    await withWindows(anna, site, async (compare) => {
      for (const action of actions) await compare(`/doku.php?id=start${action}`);
    });
  });
});
