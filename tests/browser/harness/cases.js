// Tells the stories of a hard case in Chromium and in Firefox, in one world and with browsers that are started once for all cases.

import { after, before, describe, it } from "node:test";
import puppeteer from "puppeteer-core";
import { BROWSERS, DESKTOP, Visitor } from "./browsers.js";
import { STRICT, startWorld } from "./world.js";

/** Longest story, in milliseconds: a debug build and two cores. */
const PATIENCE = 90_000;

let world;
const browsers = new Map();

after(async () => {
  await Promise.all([...browsers.values()].map(async (launching) => (await launching).close()));
  await (await world)?.stop();
});

/** The world, made when it is first asked for. */
export function theWorld() {
  return (world ??= startWorld());
}

/** How each browser is sent to the world for every name, trusts its certificates, and shows what a visitor's browser would do. */
const MANNERS = {
  chromium: ({ port, fingerprint }) => ({
    args: [
      ...BROWSERS.chromium.args,
      `--host-resolver-rules=MAP * 127.0.0.1:${port}`,
      `--ignore-certificate-errors-spki-list=${fingerprint}`,
      // Reports to servers are sent within a second instead of a minute.
      "--short-reporting-delay",
    ],
    // Puppeteer switches off what browsers do in the background; preconnecting is a part of it.
    ignoreDefaultArgs: ["--disable-background-networking"],
  }),
  firefox: ({ port }, javascript) => ({
    extraPrefsFirefox: {
      ...BROWSERS.firefox.extraPrefsFirefox,
      "network.dns.forceResolve": "127.0.0.1",
      "network.socket.forcePort": `443=${port};80=${port}`,
      // As in a browser that nobody drives.
      "network.http.speculative-parallel-limit": 20,
      "network.prefetch-next": true,
      "javascript.enabled": javascript,
    },
    acceptInsecureCerts: true,
  }),
};

/** Firefox takes no order to switch scripts off for one page, so it is another Firefox that has none. */
async function browserNamed(name, javascript) {
  const key = name === "firefox" && !javascript ? "firefox without scripts" : name;
  if (!browsers.has(key)) browsers.set(key, launch(name, javascript));
  return browsers.get(key);
}

async function launch(name, javascript) {
  return puppeteer.launch({ ...BROWSERS[name], ...MANNERS[name](await theWorld(), javascript), headless: true });
}

/**
 * A visitor with a fresh profile; `options` are `language`, `viewport`, `site`, `javascript`, and `own` for a browser of the story's own:
 * Chromium preconnects and prerenders in no other. Answers what to do at the end, too.
 */
export async function arrive(name, { language = "en", viewport = DESKTOP, site = STRICT, javascript = true, own = false } = {}) {
  const alone = own && name === "chromium";
  const browser = alone ? await launch(name, javascript) : await browserNamed(name, javascript);
  const context = alone ? browser.defaultBrowserContext() : await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport(viewport);
  await page.setExtraHTTPHeaders({ "Accept-Language": language });
  if (!javascript && name === "chromium") await page.setJavaScriptEnabled(false);
  return { visitor: new Visitor(page, site, name), leave: () => (alone ? browser.close() : context.close()) };
}

/** Goes to the settings page and answers there, by the button of this action (`accept` or `reject`). */
export async function answerInSettings(visitor, action) {
  await visitor.open("/_kelisim/settings?language=en&to=/");
  await visitor.clickAndFollow(`main form [data-kelisim-action=${action}]`);
}

/** A hard case by its name. `tell` gets `story(title, options, steps)`, and the browser's name; steps get a visitor and the world. */
export function hardCase(title, tell) {
  for (const name of Object.keys(BROWSERS)) {
    describe(`hard case ${title}, ${name}`, () => {
      before(() => theWorld());
      tell((story, options, steps) => {
        it(story, { timeout: PATIENCE }, async () => {
          const { visitor, leave } = await arrive(name, options);
          try {
            await steps(visitor, await theWorld());
          } finally {
            await leave();
          }
        });
      }, name);
    });
  }
}
