// The operator's dashboard in a real browser: signed in, by mouse, by keyboard, without JavaScript, on a phone, in three languages, in the dark.

import assert from "node:assert/strict";
import { findings, lowestContrast, walkByKeyboard } from "./harness/accessible.js";
import { PHONE, inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

const LANGUAGES = ["ru", "kk", "en"];

/** WCAG 1.4.3. */
const CONTRAST = 4.5;

/** Signs in as the operator of the demonstration and opens a page. */
async function signIn(anna, site, path = "/statistics") {
  anna.site = site.admin;
  await anna.open("/sign-in");
  await anna.page.type("#name", site.name);
  await anna.page.type("#password", site.password);
  await anna.clickAndFollow("form.fields button");
  await anna.open(path);
}

async function emulate(anna, features) {
  const session = await anna.page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia", { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
}

const shownTables = (anna) => anna.page.$$eval(".tabs .tab", (all) => all.filter((one) => one.getClientRects().length > 0).map((one) => one.querySelector("h2").textContent));

inEachBrowser("dashboard", startDemo, (story, browser) => {
  const colours = browser === "chromium" ? ["light", "dark"] : ["light"];
  for (const language of LANGUAGES) {
    for (const colour of colours) {
      story(`axe finds nothing on the dashboard: ${language}, ${colour}`, { language }, async (anna, site) => {
        if (browser === "chromium") await emulate(anna, { "prefers-color-scheme": colour });
        await signIn(anna, site);
        for (const path of ["/statistics?period=28d&compare=previous", "/statistics/share"]) {
          await anna.open(path);
          await anna.page.$$eval("details", (all) => all.filter((one) => !one.classList.contains("menu")).forEach((one) => { one.open = true; }));
          assert.deepEqual(await findings(anna.page), []);
          const contrast = await lowestContrast(anna.page);
          assert.ok(contrast >= CONTRAST, `${path} ${contrast}`);
        }
        await anna.open("/statistics?period=28d&compare=previous");
        await anna.picture(`dashboard-${language}-${colour}`, { fullPage: true });
      });
    }
  }

  story("a card chooses the chart, a row filters, and the chip takes the filter away", {}, async (anna, site) => {
    await signIn(anna, site, "/statistics?period=28d");
    const title = () => anna.text("figcaption strong");
    const before = await title();
    await anna.clickAndFollow(".card:nth-child(2) a");
    assert.notEqual(await title(), before);
    const row = "#tab-source ~ .tab a";
    const rows = await anna.page.$$eval(row, (all) => all.map((one) => one.textContent));
    assert.ok(rows.includes("Google"), JSON.stringify(rows));
    const link = await anna.page.$$eval(row, (all) => all.find((one) => one.textContent === "Google").getAttribute("href"));
    await anna.open(link);
    assert.match(await anna.text(".chip"), /Google/);
    await anna.clickAndFollow(".chip");
    assert.equal(await anna.page.$(".chip"), null);
  });

  // Firefox's driver can't turn scripts off.
  if (browser === "chromium") {
    story("tabs change the table without a script", {}, async (anna, site) => {
      // Signing in and everything else is plain forms and links.
      await anna.page.setJavaScriptEnabled(false);
      await signIn(anna, site, "/statistics?period=28d");
      const before = await shownTables(anna);
      const label = await anna.page.$(".tabs input:not(:checked) + label");
      await label.click();
      const after = await shownTables(anna);
      assert.equal(after.length, before.length);
      assert.notDeepEqual(after, before);
    });
  }

  story("everything is reached by keyboard and seen when it is", { viewport: PHONE, language: "kk" }, async (anna, site) => {
    await signIn(anna, site, "/statistics?period=28d");
    const stops = await walkByKeyboard(anna.page);
    assert.ok(stops.length > 40, `${stops.length}`);
    // What is seen of a tab is its label.
    assert.deepEqual(stops.filter(({ seen, name }) => !seen && !name.startsWith("input tab-")), []);
    assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
    await anna.picture("dashboard-phone-kk", { fullPage: true });
  });

  story("what a visitor does is on the page a moment later, and nothing comes from elsewhere", {}, async (anna, site) => {
    const hosts = new Set();
    anna.page.on("request", (request) => hosts.add(new URL(request.url()).host));
    // A browser without a window says so, and is counted as a robot.
    await anna.page.setUserAgent((await anna.page.evaluate(() => navigator.userAgent)).replace("Headless", ""));
    await anna.open("/about");
    await signIn(anna, site, "/statistics?period=today");
    const faults = [];
    // Firefox asks for an icon of its own accord, and our policy lets no picture in.
    const fault = (text) => { if (!text.includes("favicon.ico")) faults.push(text); };
    anna.page.on("console", (message) => { if (message.type() === "error") fault(message.text()); });
    anna.page.on("pageerror", (error) => fault(error.message));
    const seen = async () => Number((await anna.text("#live-views")).replace(/\D/g, ""));
    const deadline = Date.now() + 30_000;
    while ((await seen()) === 0 && Date.now() < deadline) await anna.open("/statistics?period=today");
    assert.ok((await seen()) > 0);
    assert.deepEqual(faults, []);
    const ours = [new URL(site.http).host, new URL(site.admin).host];
    assert.deepEqual([...hosts].filter((host) => host && !ours.includes(host) && !/^(tracker|maps)\.localhost/.test(host)), []);
  });

  story("a shared link is read without an account, and is gone when it is revoked", {}, async (anna, site) => {
    await signIn(anna, site, "/statistics/share");
    await anna.page.type("#name", "partner");
    await anna.clickAndFollow("form.fields button");
    const link = new URL((await anna.text(".made code")).trim()).pathname;
    const cookies = await anna.page.browserContext().cookies();
    await anna.page.browserContext().deleteCookie(...cookies);
    assert.equal((await anna.open(link)).status(), 200);
    assert.equal(await anna.page.$("header nav"), null);
    assert.deepEqual(await findings(anna.page), []);
    await anna.picture("dashboard-shared");
    await signIn(anna, site, "/statistics/share");
    await anna.clickAndFollow("table form button");
    assert.equal((await anna.open(link)).status(), 404);
  });
});
