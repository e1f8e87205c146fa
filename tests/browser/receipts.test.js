// What is recorded about a browser: shown, kept as a file, erased after a question; with and without scripts, by eye, by ear and by keyboard.

import assert from "node:assert/strict";
import { get } from "node:http";
import { findings, lowestContrast, walkByKeyboard } from "./harness/accessible.js";
import { inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

const LANGUAGES = ["ru", "kk", "en"];

/** A desktop's window at a zoom of 400 %, in CSS pixels. */
const ZOOMED = { width: 320, height: 256 };

/** WCAG 1.4.3. */
const CONTRAST = 4.5;

const ERASE = "main button[name=action][value=erase]";
const CONFIRM = "main button[name=confirm][value=yes]";

const receipt = (language) => `/_kelisim/receipt?language=${language}&to=/services`;

async function answer(anna, language, button) {
  await anna.open(`/_kelisim/settings?language=${language}&to=/services`);
  await anna.clickAndFollow(`section[aria-labelledby=choose] button[value=${button}]`);
}

/** The answer to a program that says as little of itself as old browsers do; `fetch` here would say that a script asks. */
const asLinkIsFollowed = (address, cookie) => new Promise((resolve, reject) => {
  get(address, { headers: { cookie } }, (answer) => {
    answer.setEncoding("utf8");
    let text = "";
    answer.on("data", (part) => { text += part; });
    answer.on("end", () => resolve({ status: answer.statusCode, text }));
  }).on("error", reject);
});

/** Names of the cookies of ours that the browser keeps. */
const ours = async (anna) => (await anna.cookies()).filter((name) => name.includes("kelisim"));

async function assertNothingFound(anna, page) {
  assert.deepEqual(await findings(anna.page), [], page);
  const contrast = await lowestContrast(anna.page);
  assert.ok(contrast >= CONTRAST, `${page}: ${contrast}`);
  assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${page} scrolls sideways`);
}

inEachBrowser("receipts", startDemo, (story, browser) => {
  // Only Chromium can be told by its driver that the system is dark.
  const colours = browser === "chromium" ? ["light", "dark"] : ["light"];
  for (const language of LANGUAGES) {
    for (const colour of colours) {
      story(`axe finds nothing on receipt, question and confirmation: ${language}, ${colour}`, { language }, async (anna) => {
        if (browser === "chromium") await anna.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colour }]);
        await anna.open(receipt(language));
        assert.equal(await anna.page.$(ERASE), null);
        await assertNothingFound(anna, "nothing recorded");
        await answer(anna, language, "save");
        await answer(anna, language, "accept");
        for (const viewport of [ZOOMED, { width: 1280, height: 800 }]) {
          await anna.page.setViewport(viewport);
          await anna.open(receipt(language));
          assert.equal(await anna.page.$eval("html", (element) => element.lang), language);
          await anna.page.$$eval("details", (all) => all.forEach((details) => { details.open = true; }));
          await assertNothingFound(anna, "receipt");
        }
        assert.equal((await anna.page.$$("table.history tbody tr")).length, 2);
        await anna.clickAndFollow(ERASE);
        await assertNothingFound(anna, "question");
        await anna.clickAndFollow(CONFIRM);
        assert.notEqual(await anna.page.$(".saved"), null);
        assert.equal(await anna.page.$eval("html", (element) => element.lang), language);
        await assertNothingFound(anna, "confirmation");
      });
    }
  }

  story("at 400 % every control is reached by keyboard", { viewport: ZOOMED, language: "kk" }, async (anna) => {
    await answer(anna, "kk", "accept");
    await anna.open(receipt("kk"));
    const stops = await walkByKeyboard(anna.page);
    assert.deepEqual(stops.filter(({ seen }) => !seen), []);
    const controls = await anna.page.$$eval("a[href], button, summary", (all) => all.length);
    assert.equal(stops.length, controls, JSON.stringify(stops));
  });

  story("at 400 % records are erased by keyboard", { viewport: ZOOMED, language: "kk" }, async (anna) => {
    await answer(anna, "kk", "accept");
    await anna.open(receipt("kk"));
    for (const [button, next] of [[ERASE, CONFIRM], [CONFIRM, ".saved"]]) {
      for (let step = 0; step < 40 && !(await anna.page.evaluate((wanted) => document.activeElement?.matches(wanted), button)); step += 1) {
        await anna.page.keyboard.press("Tab");
      }
      await anna.page.keyboard.press("Enter");
      await anna.page.waitForSelector(next);
    }
    assert.equal(await anna.text("h1"), "Жазбалар жойылды");
    assert.deepEqual(await ours(anna), []);
  });

  // Firefox can't be told by its driver to run no scripts.
  for (const javascript of browser === "chromium" ? [true, false] : [true]) {
    story(`JavaScript ${javascript ? "on" : "off"}: a receipt is kept, the question can be left, erasing ends the choice`, { language: "ru" }, async (anna) => {
      if (!javascript) await anna.page.setJavaScriptEnabled(false);
      await answer(anna, "ru", "accept");
      await anna.open("/_kelisim/settings?language=ru&to=/services");
      await anna.clickAndFollow("main a[href*='/_kelisim/receipt']");
      assert.match(await anna.text("main"), /Что записано[^]*функциональные и аналитические[^]*История[^]*Квитанция/);
      assert.equal((await ours(anna)).length, 2);

      const jar = (await anna.page.browserContext().cookies()).filter(({ name }) => name.includes("kelisim"));
      const cookie = jar.map(({ name, value }) => `${name}=${value}`).join("; ");
      const download = `${receipt("ru")}&download=proof`;
      const file = await asLinkIsFollowed(new URL(download, anna.site), cookie);
      assert.equal(file.status, 200);
      assert.match(file.text, /^c2sp\.org\/tlog-proof@v1\nextra [A-Za-z0-9+/=]+\nindex \d+\n/);

      if (javascript) {
        const status = (path) => anna.page.evaluate(async (there) => (await fetch(there)).status, path);
        assert.deepEqual([await status(download), await status(receipt("ru"))], [403, 403], "a script of the site reads neither");
      }

      await anna.clickAndFollow(ERASE);
      assert.equal(await anna.text("h1"), "Удалить все записи этого браузера?");
      await anna.clickAndFollow(".cancel a");
      assert.equal(await anna.text("h1"), "Что записано об этом браузере");
      await anna.clickAndFollow(ERASE);
      await anna.clickAndFollow(CONFIRM);
      assert.equal(await anna.text("h1"), "Записи удалены");
      assert.equal((await anna.page.$$("main a[href*='/log/proof/']")).length, 1);
      assert.deepEqual(await ours(anna), []);
      await anna.open("/services");
      assert.ok(await anna.seesBanner());
    });
  }

  story("withdrawing on the receipt page comes back to it and says so", { language: "en" }, async (anna) => {
    await answer(anna, "en", "accept");
    await anna.open(receipt("en"));
    await anna.clickAndFollow("main button[value=necessary]");
    assert.equal(new URL(anna.page.url()).pathname, "/_kelisim/receipt");
    await anna.open(receipt("en"));
    assert.match(await anna.text("#fact + dl"), /Not allowed:?\s+functional and analytical/);
    assert.match(await anna.text("table.history tbody tr:last-child"), /withdrawn: functional and analytical; still allowed: necessary/);
  });
});
