// Our parts for everyone: by the rules of axe-core, by keyboard in the smallest window, with the system's own colours, without motion, with wide letters.

import assert from "node:assert/strict";
import { findings, lowestContrast, walkByKeyboard } from "./harness/accessible.js";
import { ACCEPT, LINK, PANEL, PHONE, REFUSE, SETTINGS, inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

const LANGUAGES = ["ru", "kk", "en"];

/** A desktop's window at a zoom of 400 %, in CSS pixels. */
const ZOOMED = { width: 320, height: 256 };

/** WCAG 1.4.3. */
const CONTRAST = 4.5;

/** WCAG 1.4.12. */
const SPACING = "line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important";

async function emulate(anna, features) {
  const session = await anna.page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia", { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
}

async function assertNothingFound(anna) {
  assert.deepEqual(await findings(anna.page), []);
  const contrast = await lowestContrast(anna.page);
  assert.ok(contrast >= CONTRAST, `${contrast}`);
}

/** Styles of everything that is ours on the page, inside the panel and its shadow or, on our own pages, all of it. */
function ourStyles(anna, properties) {
  return anna.page.evaluate((wanted) => {
    const panel = document.querySelector("kelisim-panel");
    const elements = panel ? [panel, ...panel.querySelectorAll("*"), ...panel.shadowRoot.querySelectorAll("*")] : [...document.querySelectorAll("body *")];
    const shown = elements.filter((element) => element.getClientRects().length > 0);
    return shown.map((element) => ({ element: element.localName, ...Object.fromEntries(wanted.map((name) => [name, getComputedStyle(element)[name]])) }));
  }, properties);
}

inEachBrowser("accessibility", startDemo, (story, browser) => {
  // Only Chromium can be told by its driver that the system is dark, has its own colours, or wants no motion.
  const colours = browser === "chromium" ? ["light", "dark"] : ["light"];
  for (const language of LANGUAGES) {
    for (const colour of colours) {
      story(`axe finds nothing on banner, link and settings: ${language}, ${colour}`, { language }, async (anna) => {
        if (browser === "chromium") await emulate(anna, { "prefers-color-scheme": colour });
        await anna.open("/services");
        await assertNothingFound(anna);
        await anna.page.evaluate(() => { document.querySelector("kelisim-panel").shadowRoot.querySelector("details").open = true; });
        await assertNothingFound(anna);
        await anna.refuse();
        assert.ok(await anna.sees(LINK));
        await assertNothingFound(anna);
        // The page as it is found with an answer given, and with everything opened.
        await anna.open(`/_kelisim/settings?language=${language}&to=/`);
        await anna.page.$$eval("details", (all) => all.forEach((details) => { details.open = true; }));
        await assertNothingFound(anna);
      });
    }
  }

  story("at 400 % every control of the banner is reached by keyboard and nothing is covered", { viewport: ZOOMED, language: "kk" }, async (anna) => {
    await anna.open("/services");
    const stops = await walkByKeyboard(anna.page);
    const ours = stops.filter((stop) => stop.ours);
    for (const action of ["reject", "accept", "settings"]) assert.ok(ours.some((stop) => stop.action === action), `${action} is not among ${JSON.stringify(ours)}`);
    assert.ok(ours.some(({ name }) => name.startsWith("summary")), JSON.stringify(ours));
    assert.equal(ours.filter(({ name }) => name.startsWith("a ")).length, 2, "the two other languages");
    assert.ok(stops.length > ours.length + 5, JSON.stringify(stops));
    assert.deepEqual(stops.filter(({ seen }) => !seen), []);
    await anna.picture("zoomed-kk");
  });

  story("at 400 % every control of the settings is reached by keyboard", { viewport: ZOOMED, language: "ru" }, async (anna) => {
    await anna.open("/_kelisim/settings?language=ru&to=/");
    const stops = await walkByKeyboard(anna.page);
    assert.deepEqual(stops.filter(({ seen }) => !seen), []);
    const controls = await anna.page.$$eval("a[href], button, summary, input:not([type=hidden], :disabled)", (all) => all.length);
    assert.equal(stops.length, controls, JSON.stringify(stops));
    assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
  });

  story("at 400 % one category is accepted by keyboard", { viewport: ZOOMED, language: "ru" }, async (anna) => {
    await anna.open("/_kelisim/settings?language=ru&to=/");
    const tabTo = async (wanted) => {
      for (let step = 0; step < 40; step += 1) {
        await anna.page.keyboard.press("Tab");
        if (await anna.page.evaluate((selector) => document.activeElement?.matches(selector), wanted)) return;
      }
      assert.fail(`the Tab key does not come to ${wanted}`);
    };
    await tabTo("[data-kelisim-category=functional]");
    await anna.page.keyboard.press(" ");
    await tabTo("[data-kelisim-action=save]");
    // To its end: a page that is still to come would take the place of the one that is opened next.
    await Promise.all([anna.page.waitForNavigation({ waitUntil: "load" }), anna.page.keyboard.press("Enter")]);
    await anna.open("/_kelisim/settings?language=ru&to=/");
    assert.match(await anna.text("dl.facts"), /Разрешено:?\s+необходимые,? (и )?функциональные/);
  });

  for (const [window, viewport] of Object.entries({ "a desktop": undefined, "a phone": PHONE, "a low window": { width: 800, height: 400 } })) {
    story(`on ${window} the banner covers no control that has the focus`, { viewport }, async (anna) => {
      await anna.open("/services");
      assert.ok(await anna.seesBanner());
      const stops = await walkByKeyboard(anna.page);
      assert.ok(stops.filter(({ ours }) => !ours).length > 5, JSON.stringify(stops));
      assert.deepEqual(stops.filter(({ seen }) => !seen), []);
    });
  }

  story("wide letters and lines cut nothing off", { viewport: PHONE, language: "kk" }, async (anna) => {
    await anna.open("/");
    await anna.page.evaluate((spacing) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`::slotted(*), * { ${spacing} }`);
      document.querySelector("kelisim-panel").shadowRoot.adoptedStyleSheets = [sheet];
    }, SPACING);
    const cut = await anna.page.$$eval("kelisim-panel button", (buttons) => buttons.filter((button) => button.scrollHeight > button.clientHeight + 1 || button.scrollWidth > button.clientWidth + 1).map((button) => button.innerText));
    assert.deepEqual(cut, []);
    const { reading, panel, buttons } = await anna.page.evaluate(() => {
      const panel = document.querySelector("kelisim-panel");
      const reading = panel.shadowRoot.querySelector(".reading");
      const box = panel.getBoundingClientRect();
      return {
        reading: reading.clientHeight,
        panel: [box.top, box.bottom],
        buttons: [...panel.querySelectorAll("button")].map((button) => button.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]),
      };
    });
    assert.ok(reading >= 44, `two lines of the text can be read at a time: ${reading}`);
    for (const [top, bottom] of buttons) assert.ok(top >= panel[0] && bottom <= panel[1], JSON.stringify({ panel, buttons }));
    await anna.picture("spaced-kk");
    await anna.open("/_kelisim/settings?language=kk&to=/");
    await anna.page.evaluate((spacing) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`* { ${spacing} } p { margin-bottom: 2em !important }`);
      document.adoptedStyleSheets = [sheet];
    }, SPACING);
    assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
  });

  if (browser !== "chromium") return;

  story("the system's own colours leave every control its outline", { language: "ru" }, async (anna) => {
    await emulate(anna, { "forced-colors": "active", "prefers-color-scheme": "dark" });
    await anna.open("/");
    assert.equal(await anna.page.evaluate(() => matchMedia("(forced-colors: active)").matches), true);
    for (const button of [REFUSE, ACCEPT, SETTINGS]) {
      await anna.page.focus(button);
      await anna.page.keyboard.press("Tab");
      await anna.page.keyboard.down("Shift");
      await anna.page.keyboard.press("Tab");
      await anna.page.keyboard.up("Shift");
      const style = await anna.page.$eval(button, (element) => {
        const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor, outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
        return { border: `${borderTopStyle} ${borderTopWidth}`, outline: `${outlineStyle} ${outlineWidth}`, differs: borderTopColor !== backgroundColor && outlineColor !== backgroundColor };
      });
      assert.deepEqual(style, { border: "solid 1px", outline: "solid 3px", differs: true }, button);
    }
    await anna.picture("forced-colors-ru");
    await assertNothingFound(anna);
    await anna.refuse();
    assert.equal(await anna.page.$eval(LINK, (link) => getComputedStyle(link).borderTopStyle), "solid");
    await anna.open("/_kelisim/settings?language=ru&to=/");
    await assertNothingFound(anna);
    await anna.picture("forced-colors-settings-ru", { fullPage: true });
  });

  story("nothing of ours moves", {}, async (anna) => {
    for (const motion of ["reduce", "no-preference"]) {
      await emulate(anna, { "prefers-reduced-motion": motion });
      for (const path of ["/", "/_kelisim/settings?language=en&to=/"]) {
        await anna.open(path);
        const moving = (await ourStyles(anna, ["animationName", "transitionDuration", "scrollBehavior"]))
          .filter(({ animationName, transitionDuration, scrollBehavior }) => animationName !== "none" || transitionDuration !== "0s" || scrollBehavior !== "auto");
        assert.deepEqual(moving, [], `${motion} ${path}`);
      }
    }
  });
});
