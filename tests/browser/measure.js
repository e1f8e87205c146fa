// Says how long our script keeps the main thread of a page at its load, in Chromium: `node measure.js [loads]`, with KELISIM naming the
// binary; some three seconds a load. Nothing is asserted: a figure is of the machine that it was measured on, and tracing adds to it.

import puppeteer from "puppeteer-core";
import { startDemo } from "./harness/program.js";

/** Loads of the page, each in a profile of its own. */
const LOADS = Number(process.argv[2] ?? 15);

const CATEGORIES = ["devtools.timeline", "v8"];

/**
 * Milliseconds of processor time of the main thread in the trace's events of our script, nested ones once: while the page is loading, and
 * in the browser's idle time, where nothing waits for it.
 */
function mainThreadTime(trace) {
  const whole = trace.traceEvents.filter(({ ph }) => ph === "X").map((event) => ({ ...event, begin: event.tts, end: event.tts + (event.tdur ?? 0) }));
  const idle = whole.filter(({ name }) => name === "FireIdleCallback");
  const spans = whole
    .filter(({ args }) => (args?.data?.url ?? args?.fileName ?? "").includes("/_kelisim/kelisim."))
    .filter(({ name }) => ["EvaluateScript", "FunctionCall", "v8.compile"].includes(name))
    .sort((one, other) => one.begin - other.begin);
  const time = { loading: 0, idle: 0 };
  let until = 0;
  for (const { begin, end, tid } of spans) {
    const kind = idle.some((span) => span.tid === tid && span.begin <= begin && end <= span.end) ? "idle" : "loading";
    time[kind] += Math.max(0, end - Math.max(begin, until)) / 1000;
    until = Math.max(until, end);
  }
  return { ...time, parts: spans.map(({ name, begin, end }) => `${name} ${((end - begin) / 1000).toFixed(2)}`) };
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
    for (let load = 0; load < LOADS; load += 1) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setExtraHTTPHeaders({ "Accept-Language": "en" });
      await page.tracing.start({ categories: CATEGORIES });
      await page.goto(new URL(path, site.http).href, { waitUntil: "networkidle0" });
      times.push(mainThreadTime(JSON.parse(new TextDecoder().decode(await page.tracing.stop()))));
      await context.close();
    }
    for (const kind of ["loading", "idle"]) {
      const sorted = times.map((time) => time[kind]).sort((one, other) => one - other);
      const at = (part) => sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)].toFixed(2);
      console.log(`${path}, ${kind}: least ${at(0)} ms, median ${at(0.5)} ms, most ${at(1)} ms of ${LOADS} loads`);
    }
    console.log(`  the last: ${times.at(-1).parts.join(", ")}`);
  }
} finally {
  await browser.close();
  await site.stop();
}
