// Says how long our script keeps the main thread of a page at its load, in Chromium: `node measure.js`, with KELISIM naming the binary.
// Nothing is asserted: a figure is of the machine that it was measured on.

import puppeteer from "puppeteer-core";
import { startDemo } from "./harness/program.js";

/** Loads of the page, each in a profile of its own. */
const LOADS = 30;

const CATEGORIES = ["devtools.timeline", "v8", "disabled-by-default-v8.compile", "disabled-by-default-devtools.timeline"];

/** Milliseconds of processor time of the main thread in the trace's events of our script: nested ones count once. */
function mainThreadTime(trace) {
  const spans = trace.traceEvents
    .filter(({ ph, args }) => ph === "X" && (args?.data?.url ?? args?.fileName ?? "").includes("/_kelisim/kelisim."))
    .filter(({ name }) => ["EvaluateScript", "FunctionCall", "v8.compile"].includes(name))
    .map(({ tts, tdur = 0, name }) => ({ begin: tts, end: tts + tdur, name }))
    .sort((one, other) => one.begin - other.begin);
  let sum = 0;
  let until = 0;
  for (const { begin, end } of spans) {
    sum += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return { milliseconds: sum / 1000, parts: spans.map(({ name, begin, end }) => `${name} ${((end - begin) / 1000).toFixed(2)}`) };
}

const site = await startDemo();
const browser = await puppeteer.launch({
  browser: "chrome",
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  headless: true,
});
try {
  for (const path of ["/", "/services"]) {
    const times = [];
    let parts = [];
    for (let load = 0; load < LOADS; load += 1) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setExtraHTTPHeaders({ "Accept-Language": "en" });
      await page.tracing.start({ categories: CATEGORIES });
      await page.goto(new URL(path, site.http).href, { waitUntil: "networkidle0" });
      const measured = mainThreadTime(JSON.parse(new TextDecoder().decode(await page.tracing.stop())));
      times.push(measured.milliseconds);
      parts = measured.parts;
      await context.close();
    }
    times.sort((one, other) => one - other);
    const at = (part) => times[Math.min(Math.floor(part * times.length), times.length - 1)].toFixed(2);
    console.log(`${path}: median ${at(0.5)} ms, 90 % ${at(0.9)} ms, most ${at(1)} ms of ${LOADS} loads ; the last: ${parts.join(", ")}`);
  }
} finally {
  await browser.close();
  await site.stop();
}
