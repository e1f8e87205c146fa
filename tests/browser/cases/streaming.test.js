// Pages that come slowly, never end, or break off: what has come is shown.

import assert from "node:assert/strict";
import { PANEL } from "../harness/browsers.js";
import { hardCase } from "../harness/cases.js";
import { page } from "../harness/origin.js";

const FIRST = page('<h1 id="first">The first part</h1>').replace("</body></html>", "");

hardCase("8: pages that do not end as they should", (story) => {
  story("a page that never ends shows its first part and the banner", {}, async (anna, { origin, fresh }) => {
    const path = `/streaming/${fresh()}`;
    let end;
    origin.serve(path, (url, headers, response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).write(FIRST);
      end = () => response.end();
    });
    const opening = anna.open(path);
    await anna.page.waitForSelector("#first");
    await anna.page.waitForSelector(PANEL);
    end();
    await opening;
  });

  story("a page whose server breaks off shows what came", {}, async (anna, { origin, fresh }) => {
    const path = `/streaming/${fresh()}`;
    let broken;
    const shown = new Promise((resolve) => (broken = resolve));
    origin.serve(path, (url, headers, response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).write(FIRST);
      shown.then(() => response.socket.destroy());
    });
    const failed = new Promise((resolve) => anna.page.on("requestfailed", (request) => new URL(request.url()).pathname === path && resolve()));
    // Firefox does not call a page that broke off loaded, and its driver would wait for it.
    anna.open(path).catch(() => {});
    await anna.page.waitForSelector("#first");
    broken();
    await failed;
    assert.equal(await anna.text("#first"), "The first part");
  });
});
