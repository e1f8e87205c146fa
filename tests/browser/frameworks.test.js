// Pages that belong to a framework: React over the whole document, Turbo and htmx that put pages in place of one another. They work, and so does the banner.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import React from "react";
import { renderToString } from "react-dom/server";
import { ACCEPT, LINK, PANEL, REFUSE, inEachBrowser } from "./harness/browsers.js";
import { startAnswering } from "./harness/answers.js";

const packaged = (name, file) => readFileSync(join(dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`))), file), "utf8");
const script = (body) => ({ type: "text/javascript", body });
const page = (body) => ({ type: "text/html; charset=utf-8", body });

/** The same component in the server and in the browser; React finds fault with every node that it did not make itself. */
function Document({ scripts }) {
  const h = React.createElement;
  const [count, setCount] = React.useState(0);
  return h("html", { lang: "en" },
    h("head", null, h("meta", { charSet: "utf-8" }), h("title", null, "Counter"), scripts.map((src) => h("script", { key: src, src, defer: true }))),
    h("body", null,
      h("h1", null, "Counter"),
      h("button", { id: "count", type: "button", onClick: () => setCount(count + 1) }, `Counted: ${count}`),
      count > 1 && h("p", { id: "many" }, "More than one"),
      h("input", { id: "name", defaultValue: "" })));
}

/** What the site's operator sets where scripts hydrate the whole document. */
const HYDRATES = "hydrates_document = true";

/** `kind` is "development", which tells of every difference, or "production.min"; `lines` are of the site's configuration. */
function reactSite(kind, lines) {
  const scripts = ["/react.js", "/react-dom.js", "/app.js"];
  const files = {
    "/react.js": script(packaged("react", `umd/react.${kind}.js`)),
    "/react-dom.js": script(packaged("react-dom", `umd/react-dom.${kind}.js`)),
    "/app.js": script(`${Document}
window.recovered = [];
ReactDOM.hydrateRoot(document, React.createElement(Document, ${JSON.stringify({ scripts })}), { onRecoverableError: (error) => window.recovered.push(String(error)) });`),
  };
  return () => startAnswering((path) => (path === "/" ? page(`<!doctype html>${renderToString(React.createElement(Document, { scripts }))}`) : files[path]), lines);
}

/** Collects what the page throws and what it complains of on the console. */
function faultsOf(anna) {
  const faults = [];
  anna.page.on("pageerror", (error) => faults.push(String(error)));
  anna.page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) faults.push(`${message.text()} ${message.location()?.url ?? ""}`);
  });
  return faults;
}

/** Counts on the page; only one that was hydrated does. */
async function assertCounts(anna) {
  await anna.page.waitForFunction(() => Object.keys(document.getElementById("count")).some((key) => key.startsWith("__reactProps")));
  for (const count of [1, 2]) {
    await anna.page.click("#count");
    await anna.page.waitForFunction((text) => document.getElementById("count").textContent === text, {}, `Counted: ${count}`);
  }
  assert.equal(await anna.text("#many"), "More than one");
}

for (const kind of ["development", "production.min"]) {
  inEachBrowser(`React 18 over the whole document, ${kind}`, reactSite(kind, HYDRATES), (story) => {
    for (const [answer, work] of [["refused", (anna) => anna.refuse()], ["accepted", (anna) => anna.accept()]]) {
      story(`hydrates, counts on, and the banner is ${answer}`, {}, async (anna) => {
        const faults = faultsOf(anna);
        await anna.open("/");
        await assertCounts(anna);
        assert.deepEqual(await anna.page.evaluate(() => window.recovered), []);
        // It waits until the page has loaded and had time for itself.
        await anna.page.waitForSelector(ACCEPT, { visible: true });
        assert.ok(await anna.seesBanner());
        await work(anna);
        assert.equal(await anna.sees(PANEL), false);
        await anna.open("/");
        await assertCounts(anna);
        assert.deepEqual(await anna.page.evaluate(() => window.recovered), []);
        await anna.page.waitForSelector(LINK, { visible: true });
        assert.deepEqual(faults.filter((fault) => !/favicon|React DevTools/.test(fault)), []);
      });
    }
  });
}

inEachBrowser("React 18 over a document that nobody told us of", reactSite("production.min", ""), (story) => {
  story("renders it anew and works, and the banner comes back into it", {}, async (anna) => {
    await anna.open("/");
    await assertCounts(anna);
    await anna.page.waitForSelector(ACCEPT, { visible: true });
    await anna.refuse();
    assert.ok(await anna.sees(LINK));
  });
});

/** Three pages with links to one another, and what a library needs in the head and on the body. */
function linkedSite(head, body, files) {
  const names = ["/", "/second", "/third"];
  const links = names.map((name) => `<a id="to-${name.slice(1) || "first"}" href="${name}">${name}</a>`).join(" ");
  return () => startAnswering((path) => (names.includes(path)
    ? page(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${path}</title>${head}</head><body ${body}><nav>${links}</nav><main><h1>${path}</h1><form><input name="text"></form></main></body></html>`)
    : files[path]));
}

const LIBRARIES = {
  Turbo: linkedSite('<script type="module" src="/turbo.js"></script>', "", { "/turbo.js": script(packaged("@hotwired/turbo", "dist/turbo.es2017-esm.js")) }),
  htmx: linkedSite('<script src="/htmx.js"></script>', 'hx-boost="true"', { "/htmx.js": script(packaged("htmx.org", "dist/htmx.min.js")) }),
};

for (const [library, startLinked] of Object.entries(LIBRARIES)) {
  inEachBrowser(`a page with ${library}`, startLinked, (story) => {
    const follow = async (anna, link, heading) => {
      await anna.page.click(link);
      await anna.page.waitForFunction((text) => document.querySelector("h1")?.textContent === text, {}, heading);
    };
    const panels = (anna) => anna.page.$$eval("kelisim-panel", (all) => all.length);

    story("shows one banner on every page that takes another's place, until it is answered", {}, async (anna) => {
      const faults = faultsOf(anna);
      await anna.open("/");
      await anna.page.evaluate(() => { window.neverLeft = true; });
      for (const [link, heading] of [["#to-second", "/second"], ["#to-third", "/third"]]) {
        await follow(anna, link, heading);
        assert.equal(await anna.page.evaluate(() => window.neverLeft), true, "the library did not put the page in place of the other");
        assert.ok(await anna.seesBanner(), heading);
        assert.equal(await panels(anna), 1);
      }
      await anna.refuse();
      assert.equal(await anna.sees(PANEL), false);
      await follow(anna, "#to-second", "/second");
      assert.equal(await anna.sees(PANEL), false);
      assert.ok(await anna.sees(LINK), "the link to the settings is gone");
      assert.equal(await panels(anna), 1);
      // Back is shown from the library's memory, where the banner may still be asking.
      await anna.page.goBack({ waitUntil: [] }).catch(() => {});
      await anna.page.waitForFunction(() => document.querySelector("h1")?.textContent === "/third");
      await anna.page.waitForSelector(PANEL, { hidden: true });
      assert.deepEqual(faults.filter((fault) => !/favicon/.test(fault)), []);
    });

    story("is answered on a page that took another's place", {}, async (anna) => {
      await anna.open("/");
      await follow(anna, "#to-second", "/second");
      await Promise.all([anna.page.waitForNavigation({ waitUntil: "load" }), anna.page.click(ACCEPT)]);
      assert.equal(new URL(anna.page.url()).pathname, "/second");
      assert.ok(await anna.sees(LINK));
      assert.equal(await anna.sees(REFUSE), false);
    });
  });
}
