// Blockers: no rule of their lists meets our banner, script or addresses; and whoever hides or blocks them all the same has refused, on a page that works.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { ACCEPT, LINK, PANEL, REFUSE, inEachBrowser } from "./harness/browsers.js";
import { Client } from "./harness/client.js";
import { readLists } from "./harness/lists.js";
import { startDemo } from "./harness/program.js";

/** A page as a site in the world would have it. */
const PAGE = "https://shop.example/goods";

/** Addresses under the gateway's prefix that pages ask for, with the type of the request; the two files' names come from the page. */
const ADDRESSES = [
  ["choice", "xhr"],
  ["report", "ping"],
  ["report", "xhr"],
  ["frame?of=video.example", "sub_frame"],
  ["frame", "xhr"],
  ["settings?language=en&to=/", "main_frame"],
  ["settings?language=en&to=/", "sub_frame"],
  ["policy/2026-01.en", "main_frame"],
];

/** Names in what stands on every page of a site behind the gateway. */
function namesIn(html) {
  const values = (attribute) => [...html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, "g"))].flatMap(([, value]) => value.split(/\s+/));
  return { classes: values("class"), ids: values("id"), hrefs: values("href") };
}

/** What of ours a page of this site holds: the files it asks for with their types, and its names. */
async function partsOf(site) {
  const client = new Client(new URL(site.http).host);
  const page = (await client.get("/")).text;
  const panel = page.match(/<kelisim-panel[^]*<\/kelisim-panel>/)[0];
  const script = page.match(/<script data-kelisim-script[^>]*>/)[0];
  const settings = (await client.get("/_kelisim/settings?language=en&to=/")).text;
  const style = (html) => html.match(/<link rel="stylesheet" href="([^"]+)"/)[1];
  return {
    files: [[script.match(/src="([^"]+)"/)[1], "script"], [style(panel), "stylesheet"], [style(settings), "stylesheet"]],
    names: namesIn(panel + script + settings),
  };
}

const lists = readLists();

describe("filter lists", () => {
  let files;
  before(async () => {
    const site = await startDemo();
    ({ files } = await partsOf(site));
    await site.stop();
  });

  it("hold one about cookie notices, one about advertising and one about tracking", () => {
    for (const subject of [/Cookie Notices/, /Base filter/, /Tracking Protection/]) assert.ok(lists.some(({ text }) => subject.test(text.slice(0, 500))), `${subject}`);
  });

  for (const { name, blocker } of lists) {
    it(`${name} blocks none of our addresses`, () => {
      const requests = [...files, ...ADDRESSES.map(([path, type]) => [`/_kelisim/${path}`, type])];
      for (const [path, type] of requests) assert.equal(blocker.blocks(new URL(path, PAGE).href, type, PAGE), undefined, `${type} ${path}`);
    });
  }

  it("block what they are made to block", () => {
    const blocks = (url, type) => lists.some(({ blocker }) => blocker.blocks(url, type, PAGE));
    assert.ok(blocks("https://shop.example/cookie-consent.js", "script"));
    assert.ok(blocks("https://www.google-analytics.com/analytics.js", "script"));
  });
});

/** Hides the panel where blockers do it: above anything that a page's own style can say. */
const HIDE = () => {
  new MutationObserver(() => {
    const root = document.querySelector("kelisim-panel")?.shadowRoot;
    if (!root || root.adoptedStyleSheets.length > 0) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":host(kelisim-panel[data-kelisim-state]) { display: none !important }");
    root.adoptedStyleSheets = [sheet];
  }).observe(document, { childList: true, subtree: true });
};

/** Takes the panel out as soon as it is there. */
const REMOVE = () => {
  new MutationObserver(() => document.querySelector("kelisim-panel")?.remove()).observe(document, { childList: true, subtree: true });
};

/** Firefox tells as a page's error that our policy has kept the tracker away, which is right. */
const isRefusal = (error) => /Content-Security-Policy.*tracker\.localhost/.test(error.message);

/** The page can be read to its end and used: a link, a form, and nothing optional passes. */
async function assertWorksAndDenies(anna) {
  const faults = [];
  anna.page.on("pageerror", (error) => isRefusal(error) || faults.push(String(error)));
  await anna.open("/");
  assert.equal(await anna.sees(ACCEPT), false);
  await anna.page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const state = await anna.page.evaluate(() => ({
    atEnd: scrollY + innerHeight >= document.documentElement.scrollHeight - 1,
    padding: document.documentElement.style.scrollPaddingBottom.replace(/^0px$/, ""),
  }));
  assert.deepEqual(state, { atEnd: true, padding: "" });
  await anna.clickAndFollow("nav a[href='/contact']");
  await anna.page.type("[name=name]", "Anna");
  await anna.page.type("[name=email]", "anna@example.org");
  await anna.page.type("[name=text]", "Is the name free?");
  await anna.clickAndFollow("main form button");
  assert.equal(new URL(anna.page.url()).pathname, "/contact/sent");
  assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
  assert.deepEqual(faults, []);
}

inEachBrowser("blockers", startDemo, (story) => {
  story("filter lists hide nothing of ours, and do hide another's notice beside it", {}, async (anna, site) => {
    const { names: ours } = await partsOf(site);
    const others = { classes: ["cookie-consent", "cookie-banner"], ids: ["cookie-notice", "cookie-banner"], hrefs: [] };
    const names = Object.fromEntries(Object.keys(others).map((kind) => [kind, [...ours[kind], ...others[kind]]]));
    const selectors = lists.flatMap(({ blocker }) => blocker.selectors(PAGE, names));
    for (const path of ["/", "/_kelisim/settings?language=en&to=/"]) {
      await anna.open(path);
      const met = await anna.page.evaluate((hiding) => {
        const other = document.createElement("div");
        Object.assign(other, { id: "cookie-notice", className: "cookie-consent cookie-banner" });
        document.body.append(other);
        const nodes = [...document.querySelectorAll("kelisim-panel, kelisim-panel *, [data-kelisim-script], main, main *")];
        const met = hiding.filter((selector) => {
          try {
            return nodes.some((node) => node.matches(selector));
          } catch {
            return false; // words of the engine's own that are no CSS
          }
        });
        return { met, other: hiding.some((selector) => CSS.supports(`selector(${selector})`) && other.matches(selector)) };
      }, selectors);
      assert.deepEqual(met, { met: [], other: true }, path);
    }
  });

  for (const [how, work] of [["hidden", HIDE], ["removed", REMOVE]]) {
    story(`a banner that was ${how} has allowed nothing, and the page works`, {}, async (anna) => {
      await anna.page.evaluateOnNewDocument(work);
      await assertWorksAndDenies(anna);
    });
  }

  story("without our script the banner is a form and the page works", {}, async (anna) => {
    let blocked = 0;
    await anna.page.setRequestInterception(true);
    anna.page.on("request", (request) => {
      const ours = /\/_kelisim\/[^/]+\.js$/.test(new URL(request.url()).pathname);
      if (ours) blocked += 1;
      (ours ? request.abort() : request.continue()).catch(() => {});
    });
    const faults = [];
    // What Firefox says about the very file that was blocked is no fault of the page.
    anna.page.on("pageerror", (error) => /integrity attribute.*_kelisim/.test(error.message) || isRefusal(error) || faults.push(String(error)));
    await anna.open("/services");
    assert.ok(blocked > 0);
    assert.equal(await anna.page.evaluate(() => typeof window.kelisim), "undefined");
    assert.ok(await anna.seesBanner());
    await anna.clickAndFollow(REFUSE);
    assert.equal(new URL(anna.page.url()).pathname, "/services");
    assert.ok(await anna.sees(LINK));
    assert.equal(await anna.sees(PANEL), false);
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
    assert.deepEqual(faults, []);
  });
});
