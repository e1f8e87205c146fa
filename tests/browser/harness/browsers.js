// Debian's Chromium and Firefox, each with a fresh profile for every story.

import { after, before, describe, it } from "node:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Longest story, in milliseconds: a debug build and two cores. */
const PATIENCE = 60_000;

export const BROWSERS = {
  // Without a sandbox, because in a container root starts it; it opens only pages of this machine.
  chromium: {
    browser: "chrome",
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"],
  },
  firefox: {
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    extraPrefsFirefox: { "network.proxy.type": 0, "ui.scrollToClick": 0 },
  },
};

/** What a story has at hand: a page, and the shortest words for what a visitor does. */
export class Visitor {
  constructor(page, site, browser) {
    Object.assign(this, { page, site, browser });
  }

  async open(path) {
    return this.page.goto(new URL(path, this.site).href, { waitUntil: "load" });
  }

  /** Clicks the button of the banner or the page with this action and waits for the page that follows. */
  async clickAndFollow(selector) {
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), this.page.click(selector)]);
  }

  async accept() {
    await this.clickAndFollow(ACCEPT);
  }

  async refuse() {
    await this.page.click(REFUSE);
    await this.page.waitForSelector("kelisim-panel[data-kelisim-state=asking]", { hidden: true });
  }

  /** Whether the banner is there and can be seen. */
  async sees(selector) {
    const element = await this.page.$(selector);
    return element !== null && element.isVisible();
  }

  async seesBanner() {
    return (await this.sees(ACCEPT)) && (await this.sees(REFUSE)) && (await this.sees(SETTINGS));
  }

  /** Names of the cookies that the browser keeps for the site, sorted, without those that the tracker's script writes by itself. */
  async cookies() {
    const cookies = await this.page.browserContext().cookies();
    const here = cookies.filter((cookie) => cookie.domain === new URL(this.site).hostname && !/^_(ga|ym)/.test(cookie.name));
    return here.map((cookie) => cookie.name).sort();
  }

  /** Names of the cookies that reach the site's server, sorted. */
  async cookiesAtServer() {
    await this.open("/cookies.txt");
    const seen = await this.text("body");
    const line = seen.match(/^cookie: (.*)$/m)?.[1] ?? "";
    return line.split("; ").filter(Boolean).map((pair) => pair.split("=")[0]).sort();
  }

  async text(selector) {
    return this.page.$eval(selector, (element) => element.innerText);
  }

  /** Keeps a picture where KELISIM_SCREENSHOTS names a folder. */
  async picture(name, options = {}) {
    const folder = process.env.KELISIM_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}-${this.browser}.png`), ...options });
  }
}

export const PANEL = "kelisim-panel[data-kelisim-state=asking]";
export const ACCEPT = `${PANEL} [data-kelisim-action=accept]`;
export const REFUSE = `${PANEL} [data-kelisim-action=reject]`;
export const SETTINGS = `${PANEL} [data-kelisim-action=settings]`;
export const LINK = "kelisim-panel[data-kelisim-state=answered] a[data-kelisim-action=settings]";

/**
 * Tells stories in each browser before a site. `startSite` answers `{ http, https, stop }`; `tell` gets `story(name, options, steps)`,
 * where options are `language`, `viewport`, `https`, `dark` and `patience` in milliseconds, for a story of many pages.
 */
export function inEachBrowser(subject, startSite, tell) {
  for (const [name, launch] of Object.entries(BROWSERS)) {
    describe(`${subject}, ${name}`, () => {
      let site;
      let browser;
      before(async () => {
        site = await startSite();
        browser = await puppeteer.launch({ ...launch, headless: true, acceptInsecureCerts: true });
      });
      after(async () => {
        await browser?.close();
        await site?.stop();
      });
      tell((title, options, steps) => {
        it(title, { timeout: options.patience ?? PATIENCE }, async () => {
          const context = await browser.createBrowserContext();
          try {
            const page = await context.newPage();
            await page.setViewport(options.viewport ?? DESKTOP);
            await page.setExtraHTTPHeaders({ "Accept-Language": options.language ?? "en" });
            await steps(new Visitor(page, options.https ? site.https : site.http, name), site);
          } finally {
            await context.close();
          }
        });
      }, name);
    });
  }
}
