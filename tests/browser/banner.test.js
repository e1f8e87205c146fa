// The banner as a visitor meets it: seen, reached by keyboard, answered, answered otherwise, and without JavaScript.

import assert from "node:assert/strict";
import { ACCEPT, LINK, PANEL, PHONE, REFUSE, SETTINGS, inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

const NEVER = ["_fbp", "zzz_unknown"];

function neverAmong(cookies) {
  for (const name of NEVER) assert.ok(!cookies.includes(name), `${name} is among ${cookies}`);
}

inEachBrowser("banner", startDemo, (story, browser) => {
  story("asks with three buttons of one size and comes first for the keyboard", {}, async (anna) => {
    await anna.open("/");
    assert.ok(await anna.seesBanner());
    const boxes = await Promise.all([REFUSE, ACCEPT, SETTINGS].map(async (button) => (await anna.page.$(button)).boundingBox()));
    for (const box of boxes) {
      assert.equal(Math.round(box.width), Math.round(boxes[0].width));
      assert.equal(Math.round(box.height), Math.round(boxes[0].height));
    }
    await anna.page.keyboard.press("Tab");
    assert.ok(await anna.page.evaluate(() => document.querySelector("kelisim-panel").contains(document.activeElement)
      || document.activeElement === document.querySelector("kelisim-panel")));
  });

  story("is refused by keyboard alone", {}, async (anna) => {
    await anna.open("/");
    for (let step = 0; ; step += 1) {
      assert.ok(step < 8, "the button for refusing is not among the first eight stops of the Tab key");
      await anna.page.keyboard.press("Tab");
      if (await anna.page.evaluate((button) => document.activeElement?.matches(button), REFUSE)) break;
    }
    await anna.page.keyboard.press("Enter");
    await anna.page.waitForSelector(PANEL, { hidden: true });
    assert.ok(await anna.sees(LINK));
    assert.ok((await anna.cookies()).includes("kelisim"));
  });

  story("stays away once refused, and a link to the settings stays", {}, async (anna) => {
    await anna.open("/");
    neverAmong(await anna.cookies());
    await anna.refuse();
    assert.ok(await anna.sees(LINK));
    await anna.page.reload();
    assert.ok(!(await anna.seesBanner()));
    assert.ok(await anna.sees(LINK));
    assert.deepEqual(await anna.cookies(), ["PHPSESSID", "kelisim", "kelisim_view"]);
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
  });

  story("lets pass what was accepted, never what nobody can accept, and ends it when consent is withdrawn", {}, async (anna) => {
    await anna.open("/");
    await anna.accept();
    assert.ok(!(await anna.seesBanner()));
    await anna.open("/language?to=en&back=/");
    const kept = await anna.cookies();
    for (const name of ["PHPSESSID", "_gid", "language", "kelisim"]) assert.ok(kept.includes(name), `${name} is not among ${kept}`);
    neverAmong(kept);
    const sent = await anna.cookiesAtServer();
    assert.ok(sent.includes("_gid") && sent.includes("language"), `${sent}`);
    assert.ok(!sent.some((name) => name.includes("kelisim")), `${sent}`);
    neverAmong(sent);

    await anna.open("/");
    await anna.clickAndFollow(LINK);
    assert.ok(anna.page.url().includes("/_kelisim/settings"));
    await anna.picture("settings", { fullPage: true });
    // The first button refuses what was accepted.
    await anna.clickAndFollow("main [data-kelisim-action=reject]");
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
    assert.deepEqual(await anna.cookies(), ["PHPSESSID", "kelisim", "kelisim_view"]);
  });

  story("takes one category and leaves the other", {}, async (anna) => {
    await anna.open("/");
    await anna.clickAndFollow(SETTINGS);
    await anna.page.click("input[data-kelisim-category=functional]");
    await anna.clickAndFollow("main [data-kelisim-action=save]");
    await anna.open("/language?to=en&back=/");
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID", "language"]);
  });

  // This edition of Firefox can't be told by its driver to switch scripts off for one page.
  const withoutScripts = browser === "chromium" ? [ACCEPT, REFUSE] : [];
  for (const button of withoutScripts) {
    const expected = button === ACCEPT ? ["PHPSESSID", "_gid"] : ["PHPSESSID"];
    const answer = button === ACCEPT ? "accepted" : "refused";
    story(`is ${answer} without JavaScript`, {}, async (anna) => {
      await anna.page.setJavaScriptEnabled(false);
      await anna.open("/services");
      await anna.clickAndFollow(button);
      assert.equal(new URL(anna.page.url()).pathname, "/services");
      // Looking into a page needs the scripts that were off until now.
      await anna.page.setJavaScriptEnabled(true);
      await anna.open("/services");
      assert.ok(!(await anna.seesBanner()));
      assert.ok(await anna.sees(LINK));
      const sent = (await anna.cookiesAtServer()).filter((name) => !name.startsWith("_ym") && !name.startsWith("_ga"));
      assert.deepEqual(sent, expected);
    });
  }

  story("takes at most two fifths of a phone and makes nothing scroll sideways", { viewport: PHONE, language: "kk" }, async (anna) => {
    await anna.page.emulateMediaFeatures?.([{ name: "prefers-color-scheme", value: "dark" }]).catch(() => {});
    await anna.open("/");
    assert.ok(await anna.seesBanner());
    const { height } = await (await anna.page.$(PANEL)).boundingBox();
    assert.ok(height <= PHONE.height * 0.4 + 0.1, `${height} of ${PHONE.height}`);
    const width = await anna.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.width, `${width}`);
    assert.equal(await anna.text(ACCEPT), "Барлық cookie файлдарын қабылдау");
    await anna.picture("phone-dark-kk");
  });

  story("looks as it should on a desktop", { language: "ru" }, async (anna) => {
    await anna.open("/");
    await anna.picture("desktop-ru");
    assert.equal(await anna.text(REFUSE), "Принимать только необходимые файлы cookie");
  });
});
