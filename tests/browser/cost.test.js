// What the banner costs a page that can be said for certain: nothing moves, and the script is small. How long it runs is measured by measure.js.

import assert from "node:assert/strict";
import { get } from "node:http";
import { PHONE, inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

/** Largest script as it is sent to a browser that reads brotli, in bytes. */
const LARGEST = 6 * 1024;

/** How late a style sheet is that comes after everything else, in milliseconds. */
const LATE = 700;

/** Sum of all layout shifts of a page until it has been still for a while; the metric knows of no unit. */
async function shifts(anna, address) {
  await anna.page.goto(address, { waitUntil: "networkidle0" });
  return anna.page.evaluate(() =>
    new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { sum += value; })).observe({ type: "layout-shift", buffered: true });
      requestAnimationFrame(() => setTimeout(() => resolve(sum), 300));
    }));
}

inEachBrowser("cost", startDemo, (story, browser) => {
  story("the script is small enough, compressed", {}, async (anna) => {
    // The element takes itself out of the page, so the page as it was sent names the file.
    const page = await (await anna.open("/")).text();
    const address = new URL(page.match(/<script data-kelisim-script src="([^"]*)"/)[1], anna.site);
    assert.match(await (await fetch(address)).text(), /^[\x00-\x7f]*$/);
    const { encoding, size } = await new Promise((resolve, reject) => {
      get(address, { headers: { "accept-encoding": "br" } }, async (answer) => {
        const pieces = await answer.toArray();
        resolve({ encoding: answer.headers["content-encoding"], size: Buffer.concat(pieces).length });
      }).once("error", reject);
    });
    assert.equal(encoding, "br");
    assert.ok(size > 500 && size <= LARGEST, `${size}`);
  });

  // Firefox does not measure it.
  if (browser !== "chromium") return;
  for (const [window, viewport] of Object.entries({ "a desktop": undefined, "a phone": PHONE, "a zoomed window": { width: 320, height: 256 } })) {
    story(`nothing moves on ${window}`, { viewport }, async (anna, site) => {
      for (const path of ["/", "/services"]) {
        const without = await shifts(anna, new URL(path, site.direct).href);
        const within = await shifts(anna, new URL(path, site.http).href);
        // The page itself may move, where the machine is slow: not more than without us.
        assert.ok(within <= without, `${path}: ${within}, without the gateway ${without}`);
      }
    });
  }

  for (const [window, viewport] of Object.entries({ "a desktop": undefined, "a phone": PHONE, "a zoomed window": { width: 320, height: 256 } })) {
    story(`nothing moves on ${window} when our style sheet comes late`, { viewport }, async (anna, site) => {
      await anna.page.setRequestInterception(true);
      anna.page.on("request", (request) => {
        const late = /\/_kelisim\/[^/]+\.css$/.test(new URL(request.url()).pathname);
        setTimeout(() => request.continue().catch(() => {}), late ? LATE : 0);
      });
      assert.equal(await shifts(anna, new URL("/services", site.http).href), 0);
    });
  }

  story("what does move is noticed", {}, async (anna, site) => {
    await anna.page.evaluateOnNewDocument(() => {
      addEventListener("load", () => setTimeout(() => {
        const box = document.createElement("div");
        box.style.height = "200px";
        document.body.prepend(box);
      }, 50));
    });
    assert.ok((await shifts(anna, new URL("/services", site.http).href)) > 0);
  });
});
