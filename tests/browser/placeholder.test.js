// The page that stands in a frame whose host is refused: readable by everyone, in three languages.

import assert from "node:assert/strict";
import { findings, lowestContrast } from "./harness/accessible.js";
import { inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

inEachBrowser("a refused frame", startDemo, (story, browser) => {
  for (const language of ["ru", "kk", "en"]) {
    for (const colour of browser === "chromium" ? ["light", "dark"] : ["light"]) {
      story(`says so to everyone: ${language}, ${colour}`, { language, viewport: { width: 360, height: 320 } }, async (anna) => {
        if (browser === "chromium") await anna.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colour }]);
        await anna.open("/");
        const frame = await anna.page.$eval("iframe[src^='/_kelisim/frame']", (element) => element.src);
        assert.equal((await anna.open(frame)).status(), 200);
        assert.deepEqual(await findings(anna.page), []);
        const contrast = await lowestContrast(anna.page);
        assert.ok(contrast >= 4.5, `${contrast}`);
        assert.ok(await anna.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
        await anna.picture(`placeholder-${language}-${colour}`);
      });
    }
  }
});
