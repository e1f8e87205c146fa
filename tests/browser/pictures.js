// Pictures of what visitors see, to be looked at: `KELISIM_SCREENSHOTS=folder node pictures.js`, with KELISIM naming the binary.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { startDemo } from "./harness/program.js";

const FOLDER = process.env.KELISIM_SCREENSHOTS ?? "pictures";
const WIDTHS = { 360: 740, 768: 1024, 1440: 900 };

mkdirSync(FOLDER, { recursive: true });
const site = await startDemo();
const browser = await puppeteer.launch({
  browser: "chrome",
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"],
  headless: true,
});
try {
  for (const language of ["ru", "kk", "en"]) {
    for (const colour of ["light", "dark"]) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setExtraHTTPHeaders({ "Accept-Language": language });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: colour }]);
      const open = (path) => page.goto(new URL(path, site.http).href, { waitUntil: "load" });
      const press = (button) => Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.click(button)]);
      const inEachWidth = async (name, path, options) => {
        for (const [width, height] of Object.entries(WIDTHS)) {
          await page.setViewport({ width: Number(width), height });
          if (path) await open(path);
          await page.screenshot({ path: join(FOLDER, `${name}-${language}-${width}-${colour}.png`), ...options });
        }
      };
      const settings = `/_kelisim/settings?language=${language}&to=/`;
      const receipt = `/_kelisim/receipt?language=${language}&to=/`;
      await inEachWidth("banner", "/services");
      await inEachWidth("settings", settings, { fullPage: true });
      await inEachWidth("receipt-none", receipt, { fullPage: true });
      for (const choice of ["save", "accept"]) {
        await open(settings);
        await press(`main form button[value=${choice}]`);
      }
      await inEachWidth("receipt", receipt, { fullPage: true });
      await press("main button[value=erase]");
      await inEachWidth("erasure-question", null, { fullPage: true });
      await press("main button[value=yes]");
      await inEachWidth("erased", null, { fullPage: true });
      await context.close();
    }
  }
} finally {
  await browser.close();
  await site.stop();
}
