// Withdrawing on the settings page empties the browser of every refused cookie, wherever the site or a script kept it, and leaves the session.

import assert from "node:assert/strict";
import { inEachBrowser } from "./harness/browsers.js";
import { startKeeper } from "./harness/keeper.js";

const NECESSARY = "main button[value=necessary]";

/** What the browser's own jar holds for the site, as `name domain path`, sorted, without what is ours. */
async function jar(anna) {
  const cookies = await anna.page.browserContext().cookies();
  const ours = (name) => name.includes("kelisim");
  return cookies.filter(({ name }) => !ours(name)).map(({ name, domain, path, partitionKey }) => `${name} ${domain} ${path}${partitionKey ? " apart" : ""}`).sort();
}

const names = (kept) => [...new Set(kept.map((line) => line.split(" ")[0]))];

inEachBrowser("withdrawal", startKeeper, (story, browser) => {
  // Firefox can't be told by its driver to run no scripts.
  for (const javascript of browser === "chromium" ? [true, false] : [true]) {
    story(`JavaScript ${javascript ? "on" : "off"}: what the site kept in every place is gone, the session is not`, { https: true }, async (anna, site) => {
      if (!javascript) await anna.page.setJavaScriptEnabled(false);
      await anna.open("/");
      assert.deepEqual(names(await jar(anna)), ["PHPSESSID"]);
      await anna.accept();
      await anna.open("/");
      const kept = await jar(anna);
      assert.deepEqual(names(kept), ["PHPSESSID", "_ga", "__Host-_ga", "__Secure-_ga", "_ym_uid"].sort(), kept.join("\n"));
      const places = kept.filter((line) => line.startsWith("_ga ")).length;
      assert.ok(places >= 7, kept.join("\n"));

      await anna.open("/_kelisim/settings?to=/quiet");
      await anna.clickAndFollow(NECESSARY);
      assert.deepEqual(await jar(anna), ["PHPSESSID www.shop.localhost /"]);
      for (const path of ["/", "/a", "/a/", "/a/b/c"]) {
        await anna.open(path);
        assert.deepEqual(site.cookiesAt(path), ["PHPSESSID"], path);
      }
      assert.deepEqual(await jar(anna), ["PHPSESSID www.shop.localhost /"]);
    });
  }

  story("what a script kept, odd names too, is gone after a few pages", { https: true }, async (anna, site) => {
    await anna.open("/");
    await anna.accept();
    await anna.open("/a/b/quiet");
    // Written past our script, as a script in a frame of its own could.
    await anna.page.evaluate(() => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const lines = ["_ga_odd one=1; path=/a; domain=shop.localhost", "_ga_имя=1; path=/", "_ga_x,y=1; path=/a/b/"];
      for (const line of lines) frame.contentDocument.cookie = `${line}; secure`;
    });
    await anna.open("/a/b/quiet");
    for (const name of ["_ga_odd one", "_ga_имя", "_ga_x,y"]) {
      assert.ok(site.cookiesAt("/a/b/quiet").includes(name), name);
    }
    await anna.open("/_kelisim/settings?to=/quiet");
    await anna.clickAndFollow(NECESSARY);
    for (let pages = 0; (await jar(anna)).length > 1 && pages < 8; pages += 1) {
      await anna.open("/a/b/quiet");
      assert.deepEqual(site.cookiesAt("/a/b/quiet"), ["PHPSESSID"]);
    }
    assert.deepEqual(await jar(anna), ["PHPSESSID www.shop.localhost /"]);
  });
});
