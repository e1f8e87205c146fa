// Goes all ways to other hosts with a visitor's browser and says which of them arrived. Every way is gone three times, to the host that
// measures, to one that nobody has named and to one that the site needs. What arrives at the last proves that the others had their turn.

import { page } from "./origin.js";
import { HEADERS, HINTS, MARKUP, NEVER, ONLY_WITHOUT_SCRIPTS, ONLY_WITH_SCRIPTS, SCRIPTS, SINGLE } from "./ways.js";

const KINDS = ["tracker", "unknown", "cdn"];

/** Longest wait for what the site needs, in milliseconds; only a way that fails takes it. */
const PATIENCE = 8_000;

/** How often a page is opened at most: Chromium takes no notice of an early answer now and then. */
const TURNS = 3;

/** Ways that end with the page. */
const LEAVING = ["beacon when leaving"];

/** The ways that a browser goes, with scripts or without. */
export function waysOf(browser, scripts) {
  const ways = scripts ? { ...MARKUP, ...HINTS, ...SCRIPTS, ...HEADERS, ...SINGLE } : { ...MARKUP, ...HINTS, ...HEADERS };
  const never = [...NEVER[browser], ...(scripts ? ONLY_WITHOUT_SCRIPTS : ONLY_WITH_SCRIPTS)];
  return Object.keys(ways).filter((way) => !never.includes(way));
}

/** The host that stands for a way on one visit. */
function hostOf(way, visit, kind) {
  return `${way.toLowerCase().replace(/[^a-z]+/g, "-")}-${visit}.${kind}.test`;
}

/** Serves the pages that go all ways; the visit is in their query. */
export function serveWays(origin) {
  const each = (ways, write) =>
    Object.entries(ways).map(([way, made]) => KINDS.map((kind) => write(made, way, kind)).join("\n")).join("\n");
  origin.serve("/ways/markup", (url) => {
    const visit = url.searchParams.get("visit");
    return { body: page(each(MARKUP, (made, way, kind) => made(hostOf(way, visit, kind), `${visit}-${kind}`))) };
  });
  origin.serve("/ways/scripts", (url) => {
    const visit = url.searchParams.get("visit");
    const imports = Object.fromEntries(KINDS.map((kind) => {
      const host = hostOf("import of a map", visit, kind);
      return [`mapped-${host}`, `https://${host}/a.js`];
    }));
    const head = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    // A way that the browser does not know must not end the others.
    const one = (made, way, kind) => `<script>try { const host = "${hostOf(way, visit, kind)}"; ${made} } catch {}</script>`;
    return { body: page(each(SCRIPTS, one), { head }) };
  });
  origin.serve("/ways/headers", (url) => {
    const visit = url.searchParams.get("visit");
    const lines = Object.entries(HEADERS).flatMap(([way, made]) => KINDS.map((kind) => made(hostOf(way, visit, kind))));
    const of = (wanted) => lines.filter(([name]) => name === wanted).map(([, value]) => value);
    const headers = { "link": of("link"), "speculation-rules": of("speculation-rules").join(", ") };
    return { headers, early: of("early"), body: page(each(HINTS, (made, way, kind) => made(hostOf(way, visit, kind)))) };
  });
  origin.serve("/ways/single", (url) => {
    const { way, visit, kind } = Object.fromEntries(url.searchParams);
    const { head, body = "<p>one", headers } = SINGLE[way](hostOf(way, visit, kind));
    return { headers, body: page(body, { head }) };
  });
  origin.serve("/ways/inner", (url) => ({ body: page(`<img src="https://${url.searchParams.get("host")}/a.gif" alt="">`) }));
  const script = (write) => (url) => ({ type: "text/javascript", body: write(`https://${url.searchParams.get("host")}`) });
  origin.serve("/ways/worker.js", script((from) => `try { importScripts("${from}/a.js"); } catch {}`));
  origin.serve("/ways/module.js", script((from) => `import "${from}/a.js";`));
  const fetching = 'self.oninstall = (event) => event.waitUntil(fetch(';
  origin.serve("/ways/service/", (url) => script((from) => (url.pathname.endsWith("/fetch.js")
    ? `${fetching}"${from}/a.txt", { mode: "no-cors" }).catch(() => {}));`
    : `try { importScripts("${from}/a.js"); } catch {}`))(url));
  origin.serve("/ways/end", { body: page("<p>end") });
}

/**
 * Goes all `ways`, waiting for those to arrive that `expected` says, by kind of host. Answers `arrival(way, kind)`, which is
 * "request", "connection" or nothing, as it is when it is asked, and `told`, the text of all headers of the pages.
 */
export async function survey(visitor, world, ways, expected) {
  const visit = world.fresh();
  const { others } = world;
  const all = (wanted) => {
    const hosts = Object.entries(expected).flatMap(([kind, listed]) => listed.filter(wanted).map((way) => hostOf(way, visit, kind)));
    return others.until(() => hosts.every((host) => others.knows(host)), PATIENCE);
  };
  const gone = (group) => ways.some((way) => way in group);
  let told = "";
  const open = async (path) => (told += JSON.stringify((await visitor.open(path)).headers()));
  for (const way of ways.filter((way) => way in SINGLE)) {
    for (const kind of KINDS) {
      await open(`/ways/single?way=${encodeURIComponent(way)}&visit=${visit}&kind=${kind}`);
      // What the page itself asks for comes before what it is told to ask for afterwards.
      await visitor.page.evaluate((end) => fetch(end, { mode: "no-cors" }).then(() => {}), `https://end-${visit}.cdn.test/a.txt`);
      if (expected[kind]?.includes(way)) await others.until(() => others.knows(hostOf(way, visit, kind)), PATIENCE);
    }
  }
  for (const [path, group] of [["markup", MARKUP], ["headers", { ...HINTS, ...HEADERS }], ["scripts", SCRIPTS]]) {
    if (!gone(group)) continue;
    for (let turn = 0; turn < TURNS; turn++) {
      await open(`/ways/${path}?visit=${visit}`);
      if (await all((way) => way in group && !LEAVING.includes(way))) break;
    }
  }
  await open("/ways/end");
  await all(() => true);
  const arrival = (way, kind) => {
    const host = hostOf(way, visit, kind);
    if (others.askedOf(host).length > 0) return "request";
    return others.knows(host) ? "connection" : undefined;
  };
  return { told, arrival };
}
