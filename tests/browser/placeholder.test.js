// What stands in place of a frame whose host is refused: everyone can read it, and one click opens this frame, once, and nothing else.

import assert from "node:assert/strict";
import { findings, lowestContrast } from "./harness/accessible.js";
import { PHONE, inEachBrowser } from "./harness/browsers.js";
import { startWithMap } from "./harness/map.js";
import { startDemo } from "./harness/program.js";

const BUTTON = "[data-kelisim-action=frame]";

/** A frame of 200 by 100 CSS pixels that scrolls, as narrow as a scroll bar leaves it. */
const SMALL = { width: 185, height: 100 };

const settled = (page, work, ...values) => page.waitForFunction(work, { timeout: 20_000 }, ...values);

/** The page inside the frame that this selector finds, once it is there. */
async function inside(page, selector) {
  await settled(page, (selector) => {
    const frame = document.querySelector(selector);
    return frame?.contentDocument?.readyState === "complete" && frame.contentDocument.querySelector("main") !== null;
  }, selector);
  return (await page.$(selector)).contentFrame();
}

/** Whether the frame at this place shows our page. */
const isPlaceholder = (page, selector) => page.$eval(selector, (frame) => frame.src.startsWith(`${location.origin}/_kelisim/frame?`));

/** Presses Tab until the focus is on the button within the frame. */
async function tabTo(page, frame, selector) {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab");
    if (await frame.evaluate((selector) => document.hasFocus() && document.activeElement?.matches(selector), selector)) return;
  }
  assert.fail("the Tab key does not reach the button in the frame");
}

/** Does what opens a frame, and waits until the page has loaded again. */
async function follow(page, act) {
  await page.evaluate(() => { window.isOld = true; });
  await act();
  await settled(page, () => !window.isOld && document.readyState === "complete");
}

inEachBrowser("the page in place of a frame", startDemo, (story, browser) => {
  for (const language of ["ru", "kk", "en"]) {
    for (const colour of browser === "chromium" ? ["light", "dark"] : ["light"]) {
      story(`is read by everyone: ${language}, ${colour}`, { language, viewport: { width: 360, height: 320 } }, async (anna) => {
        if (browser === "chromium") await anna.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colour }]);
        await anna.open("/contact");
        const address = await anna.page.$eval("iframe.map", (frame) => frame.src);
        assert.equal((await anna.open(address)).status(), 200);
        assert.equal(await anna.page.evaluate(() => document.documentElement.lang), language);
        assert.deepEqual(await findings(anna.page), []);
        const contrast = await lowestContrast(anna.page);
        assert.ok(contrast >= 4.5, `${contrast}`);
        assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
        assert.match(await anna.text("main"), { ru: /«Демо-карты» получит ваш IP-адрес/, kk: /«Демо-карты» сіздің IP-мекенжайыңызды алады/, en: /Демо-карты receives your IP address/ }[language]);
        await anna.picture(`placeholder-${language}-${colour}`);
      });
    }

    story(`has its button in sight where the frame is small: ${language}`, { language, viewport: SMALL }, async (anna) => {
      await anna.open("/contact");
      await anna.open(await anna.page.$eval("iframe.map", (frame) => frame.src));
      const button = await anna.page.$eval(BUTTON, (element) => {
        const { top, bottom, left, right } = element.getBoundingClientRect();
        return { seen: top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth, height: bottom - top };
      });
      assert.ok(button.seen && button.height >= 24, JSON.stringify(button));
      assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
      await anna.picture(`placeholder-small-${language}`);
    });
  }

  for (const [place, viewport] of Object.entries({ "a desktop": { width: 1280, height: 800 }, "a phone": PHONE })) {
    story(`is clicked with the mouse while the banner is open, on ${place}`, { viewport }, async (anna) => {
      await anna.open("/contact");
      assert.ok(await anna.seesBanner());
      const frame = await inside(anna.page, "iframe.map");
      await follow(anna.page, async () => (await frame.$(BUTTON)).click());
      assert.ok(!(await isPlaceholder(anna.page, "iframe.map")));
      assert.ok(await anna.seesBanner(), "it is no choice");
    });
  }

  story("leads to the settings of the page", {}, async (anna) => {
    await anna.open("/contact");
    await anna.refuse();
    const frame = await inside(anna.page, "iframe.map");
    await follow(anna.page, async () => (await frame.$("a")).click());
    assert.equal(new URL(anna.page.url()).pathname, "/_kelisim/settings");
  });
});

const NOTED = `<script>window.refusals = []; document.addEventListener("securitypolicyviolation", (event) => refusals.push(event.originalPolicy));</script>`;

const PAGES = (map) => ({
  "/two": `<h1>Offices</h1><iframe id=one src="${map}/one" title="One" width=400 height=300></iframe><iframe id=other src="${map}/other" title="Other" width=400 height=300></iframe>`,
  "/made": `<h1>Office</h1><div id=place></div><script>
    const entries = history.length;
    const made = document.createElement("iframe");
    made.id = "made";
    made.width = 400;
    made.height = 300;
    made.src = "${map}/made?a=1#here";
    place.append(made);
  </script>`,
  "/limited": `<h1>Office</h1><div id=place></div><script>place.innerHTML = '<iframe id=made sandbox="allow-scripts" src="${map}/limited" width=400 height=300></iframe>'</script>`,
  "/away": `<h1>Office</h1><iframe id=other title="Other"></iframe>${NOTED}<script>other.src = "${map}/away"</script>`,
  "/foreign-policy": () => ({ headers: { "content-security-policy": "frame-src 'self'" }, body: `<h1>Office</h1><p id=address>${map}/none</p><iframe id=other src="about:blank" title="Other"></iframe>${NOTED}` }),
});

inEachBrowser("a refused frame", () => startWithMap(PAGES), (story, browser) => {
  story("is opened by keyboard, alone, once, and recorded", {}, async (anna, site) => {
    await anna.open("/two");
    await anna.refuse();
    site.asked.length = 0;
    const before = site.log().length;
    const frame = await inside(anna.page, "#one");
    await tabTo(anna.page, frame, BUTTON);
    await follow(anna.page, () => anna.page.keyboard.press("Enter"));
    assert.deepEqual(site.asked, ["/one"]);
    assert.ok(await isPlaceholder(anna.page, "#other"));
    const events = site.log().slice(before).map(({ record }) => record);
    assert.deepEqual(events.map(({ event, host, category, page }) => [event, /^maps\.localhost:\d+$/.test(host), category, page]), [["frame", true, "functional", "/two"]]);

    await anna.page.reload();
    assert.ok(await isPlaceholder(anna.page, "#one"));
    assert.deepEqual(site.asked, ["/one"]);
  });

  story("that a script made shows the same page, and a click opens it", {}, async (anna, site) => {
    site.asked.length = 0;
    await anna.open("/made");
    const frame = await inside(anna.page, "#made");
    assert.match(await frame.$eval("main", (main) => main.innerText), /Maps & Co receives your IP address/);
    assert.equal(await anna.page.evaluate(() => history.length - entries), 0, "the way back leads through the frame");
    assert.deepEqual(site.asked, []);
    await follow(anna.page, async () => (await frame.$(BUTTON)).click());
    await settled(anna.page, () => made.src.startsWith("http://maps.localhost"));
    assert.deepEqual(site.asked, ["/made?a=1"]);
    assert.equal(site.log().at(-1).record.event, "frame");

    await anna.page.reload();
    await inside(anna.page, "#made");
    assert.deepEqual(site.asked, ["/made?a=1"]);
  });

  story("that a script made with limits has a page without a button", {}, async (anna, site) => {
    site.asked.length = 0;
    await anna.open("/limited");
    await settled(anna.page, () => document.getElementById("made").src.includes("&sandboxed="));
    const page = await anna.page.$eval("#made", (frame) => frame.src);
    await anna.open(page);
    assert.equal(await anna.page.$(BUTTON), null);
    assert.deepEqual(site.asked, []);
  });

  story("stays as it is where it is the site's own policy that refuses it", {}, async (anna) => {
    await anna.open("/");
    await anna.accept();
    await anna.open("/foreign-policy");
    const address = await anna.text("#address");
    await anna.page.$eval("#other", (frame, address) => { frame.src = address; }, address);
    await settled(anna.page, () => refusals.length > 0);
    assert.equal(await anna.page.$eval("#other", (frame) => frame.src), address);
  });

  story("stays as it is where only what it redirects to is refused", {}, async (anna, site) => {
    await anna.open("/");
    await anna.accept();
    await anna.open("/away");
    await settled(anna.page, () => refusals.length > 0);
    assert.match(await anna.page.$eval("#other", (frame) => frame.src), /^http:\/\/maps\.localhost:\d+\/away$/);
    assert.ok(!site.asked.includes("/stranger"));
  });

  if (browser === "chromium") {
    story("is opened without JavaScript", {}, async (anna, site) => {
      site.asked.length = 0;
      await anna.page.setJavaScriptEnabled(false);
      await anna.open("/two");
      const frame = await (await anna.page.$("#one")).contentFrame();
      const button = await frame.$(BUTTON);
      await button.scrollIntoView();
      await Promise.all([anna.page.waitForNavigation({ waitUntil: "load" }), button.click()]);
      assert.deepEqual(site.asked, ["/one"]);
    });
  }
});
