// Pages that a browser has kept from a time when more was allowed: after a withdrawal none of them runs what is refused.

import assert from "node:assert/strict";
import { answerInSettings, hardCase } from "../harness/cases.js";
import { ask, choose, cookieLine } from "../harness/choices.js";
import { page } from "../harness/origin.js";
import { BARE, STRICT } from "../harness/world.js";

/** Longest wait for a page to become what it should be, in milliseconds. */
const PATIENCE = 10_000;

/** A page whose tag browsers keep, so that it can run without being asked for. */
const tagged = (number, more = "") => ({
  headers: { "cache-control": "max-age=600", "etag": '"one"' },
  body: page(`<script src="https://kept-${number}.tracker.test/kept.js"></script><p>tagged</p>${more}`),
});

const ran = (tab) => tab.evaluate(() => globalThis.foreignScriptRan === true);

/** Waits until the page in a tab is one in which the tag has not run. */
async function isClean(tab, when) {
  const clean = () => document.readyState === "complete" && globalThis.foreignScriptRan !== true;
  await tab.waitForFunction(clean, { timeout: PATIENCE }).catch(() => assert.fail(`the refused tag ran ${when}`));
}

/** Accepts and looks at two pages with the tag. */
async function browse(anna, { origin, fresh }, more) {
  const number = fresh();
  const paths = ["one", "two"].map((name) => `/caches/${number}/${name}`);
  paths.forEach((path) => origin.serve(path, tagged(number, more)));
  origin.serve("/caches/start", { body: page("<p>start") });
  await anna.open("/caches/start");
  await anna.accept();
  for (const path of paths) {
    await anna.open(path);
    assert.ok(await ran(anna.page), "what was accepted does not run");
  }
  return paths;
}

hardCase("7: what browsers kept", (story, browser) => {
  story("after a withdrawal neither Back, Forward nor reload runs the tag", { own: true }, async (anna, world) => {
    const [one, two] = await browse(anna, world);
    await answerInSettings(anna, "reject");
    await anna.open("/caches/start");
    const go = (step) => anna.page.evaluate((by) => history.go(by), step);
    for (let back = 0; ; back += 1) {
      assert.ok(back < 8, "the way back does not lead to the pages");
      await Promise.all([anna.page.waitForFunction((from) => location.href !== from, {}, anna.page.url()).catch(() => {}), go(-1)]);
      const path = new URL(await anna.page.evaluate(() => location.href)).pathname;
      if ([one, two].includes(path)) await isClean(anna.page, `after Back to ${path}`);
      if (path === one) break;
    }
    await Promise.all([anna.page.waitForFunction((to) => location.pathname === to, {}, two), go(1)]);
    await isClean(anna.page, "after Forward");
    // By the page itself: the driver loses a reload to one by our script.
    await anna.page.evaluate(() => {
      globalThis.isOld = true;
      location.reload();
    });
    await anna.page.waitForFunction(() => globalThis.isOld !== true);
    await isClean(anna.page, "after reload");
  });

  story("another tab is without the tag when consent is withdrawn in this one", {}, async (anna, world) => {
    const [one] = await browse(anna, world);
    const other = await anna.page.browserContext().newPage();
    await other.goto(new URL(one, anna.site).href);
    assert.ok(await ran(other));
    await anna.page.bringToFront();
    await answerInSettings(anna, "reject");
    await other.bringToFront();
    await isClean(other, "in another tab");
  });

  story("a page that a service worker kept is without the tag", {}, async (anna, world) => {
    const { origin, fresh } = world;
    const number = fresh();
    const folder = `/caches/${number}/kept`;
    origin.serve(`${folder}/page`, tagged(number));
    origin.serve(`${folder}/worker.js`, { type: "text/javascript", body: `
      const kept = async ({ request }) => {
        const pages = await caches.open("pages");
        const known = await pages.match(request.url);
        if (known) return known;
        const answer = await fetch(request);
        await pages.put(request.url, answer.clone());
        return answer;
      };
      self.onfetch = (event) => {
        if (event.request.mode === "navigate") event.respondWith(kept(event));
      };` });
    origin.serve(`${folder}/start`, { body: page("<p>start") });
    const register = async () => {
      await navigator.serviceWorker.register("./worker.js");
      await navigator.serviceWorker.ready;
    };
    anna.site = BARE;
    await anna.open(`${folder}/start`);
    await anna.page.evaluate(register);
    await anna.open(`${folder}/page`);
    assert.ok(await ran(anna.page), "the tag does not run in a page that comes by the worker");
    anna.site = STRICT;
    await anna.open(`${folder}/start`);
    await anna.accept();
    await anna.page.evaluate(register);
    for (let time = 0; time < 2; time += 1) {
      await anna.open(`${folder}/page`);
      // A request by the worker looks otherwise than one by the browser, and is for a page all the same.
      assert.ok(await anna.page.evaluate(() => "kelisim" in globalThis), "a page that comes by the site's worker lacks our script");
    }
    await answerInSettings(anna, "reject");
    await anna.open(`${folder}/page`);
    await isClean(anna.page, "in a page that the site's worker kept");
  });

  // Firefox does not prerender.
  if (browser === "chromium") {
    story("a page that was prerendered before the withdrawal is without the tag", { own: true }, async (anna, world) => {
      const { origin, others, fresh } = world;
      const number = fresh();
      const next = `/caches/${number}/next`;
      origin.serve(next, tagged(number));
      origin.serve(`/caches/${number}/first`, { body: page("<p>first") });
      origin.serve("/caches/start", { body: page("<p>start") });
      await anna.open("/caches/start");
      await anna.accept();
      await anna.open(`/caches/${number}/first`);
      // Rules in the markup are none behind the gateway.
      await anna.page.evaluate((to) => {
        const rules = document.createElement("script");
        rules.type = "speculationrules";
        rules.textContent = JSON.stringify({ prerender: [{ urls: [to], eagerness: "immediate" }] });
        document.head.append(rules);
      }, next);
      assert.ok(await others.until(() => others.knows(`kept-${number}.tracker.test`)), "the next page was not prerendered");
      // The choice is made in another tab, so that this page and its next one stay as they are.
      const tab = await anna.page.browserContext().newPage();
      await tab.goto(new URL("/_kelisim/settings?to=/caches/start", anna.site).href);
      await Promise.all([tab.waitForNavigation(), tab.click("main form [data-kelisim-action=reject]")]);
      await anna.page.bringToFront();
      // Our script may load the page again meanwhile, since the choice is another one; then its visitor goes on from there.
      await anna.page.waitForFunction((to) => location.pathname === to || location.assign(to), { polling: 200 }, next);
      await isClean(anna.page, "in a prerendered page");
    });
  }
});

hardCase("7: validators of another choice", (story) => {
  story("a page kept under one choice is never confirmed under another", {}, async (anna, world) => {
    world.origin.serve("/caches/validated", (url, headers) => {
      const known = headers["if-none-match"]?.includes('"one"');
      return known ? { status: 304, headers: { etag: '"one"' } } : { headers: { etag: '"one"' }, body: page("<p>validated") };
    });
    const get = (cookies, more = {}) => ask(world, "/caches/validated", { headers: { cookie: cookieLine(cookies), ...more } });
    const accepted = await choose(world, "accept");
    const policies = {};
    const states = { nobody: [], refused: await choose(world, "necessary"), accepted };
    for (const [from, cookies] of Object.entries(states)) {
      const { etag, "content-security-policy": policy } = (await get(cookies)).headers;
      assert.ok(etag, from);
      policies[from] = policy;
      for (const [to, others] of Object.entries(states)) {
        const { status, headers } = await get(others, { "if-none-match": etag });
        assert.equal(status, from === to ? 304 : 200, `${from}'s page for ${to}`);
        const policy = headers["content-security-policy"];
        // Browsers go on with the policy that they kept, which is of the same choice.
        if (status === 304) assert.ok(policy === undefined || policy === policies[to], `another policy for ${to}`);
        else assert.match(policy ?? "", /default-src/, `${to} is answered without a policy`);
      }
    }
  });
});
