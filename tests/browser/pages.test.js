// The site behind the gateway works as it did before, its awkward pages included; our own pages can be read.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PANEL, SETTINGS, inEachBrowser } from "./harness/browsers.js";
import { freePort, startDemo } from "./harness/program.js";
import { startGateway } from "./harness/wiki.js";

/** The large download of the demonstration, in bytes. */
const DOWNLOAD = 256 * 1024 * 1024;

inEachBrowser("pages", startDemo, (story) => {
  story("an old encoding and a Kazakh banner are both read right", { language: "kk" }, async (anna) => {
    await anna.open("/windows-1251");
    assert.equal(await anna.text("h1"), "Старая кодировка");
    assert.equal(await anna.page.$eval("p[title]", (element) => element.title), "Подсказка в той же кодировке");
    assert.equal(await anna.page.$eval("input[name=q]", (element) => element.value), "товарный знак");
    assert.ok(await anna.seesBanner());
    assert.equal(await anna.text(SETTINGS), "Баптаулар");
    assert.match(await anna.text("kelisim-panel [slot=title]"), /Осы сайттағы cookie файлдары/);
  });

  story("a page with a strict policy keeps its script and gets its banner", {}, async (anna) => {
    await anna.open("/strict-csp");
    assert.equal(await anna.text("#state"), "The page’s own script ran.");
    assert.ok(await anna.seesBanner());
    const position = await anna.page.$eval("kelisim-panel", (panel) => getComputedStyle(panel).position);
    assert.equal(position, "fixed", "our style sheet was refused");
    await anna.refuse();
    assert.deepEqual(await anna.cookies(), ["kelisim", "kelisim_view"]);
    await anna.clickAndFollow("main form button");
    assert.match(await anna.text("body"), /length: 0/);
  });

  story("a WebSocket repeats what it is told", {}, async (anna) => {
    await anna.open("/websocket");
    await anna.page.waitForFunction(() => document.getElementById("heard").textContent.includes("open"));
    await anna.page.evaluate(() => document.getElementById("say").requestSubmit());
    await anna.page.waitForFunction(() => document.getElementById("heard").textContent.includes("← Hello!"));
  });

  story("a large download arrives whole", {}, async (anna) => {
    await anna.open("/lab");
    const length = await anna.page.evaluate(async () => {
      let length = 0;
      for (const reader = (await fetch("/download")).body.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) return length;
        length += value.length;
      }
    });
    assert.equal(length, DOWNLOAD);
  });

  story("an upload arrives as it was sent", {}, async (anna) => {
    await anna.open("/lab");
    const answer = await anna.page.evaluate(async () => {
      const bytes = Uint8Array.from({ length: 3_000_000 }, (_, place) => (place * 31) & 255);
      return (await fetch("/upload", { method: "POST", body: bytes })).text();
    });
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, place) => (place * 31) & 255);
    const hash = createHash("sha256").update(bytes).digest("hex");
    assert.equal(answer, `length: 3000000\nsha256: ${hash}\n`);
  });

  story("a form with a session of its own is sent and shown before any choice", {}, async (anna) => {
    await anna.open("/contact");
    await anna.page.type("[name=name]", "Anna");
    await anna.page.type("[name=email]", "anna@example.org");
    await anna.page.type("[name=text]", "Is the name free?");
    await anna.refuse();
    // The form was being filled in: the answer to the banner must not have taken it away.
    assert.equal(await anna.page.$eval("[name=text]", (field) => field.value), "Is the name free?");
    await anna.clickAndFollow("main form button");
    assert.equal(new URL(anna.page.url()).pathname, "/contact/sent");
    assert.match(await anna.text("main"), /Is the name free\?/);
  });

  story("TLS with the demonstration's own certificate keeps the record under its secure name", { https: true }, async (anna) => {
    await anna.open("/");
    assert.ok(await anna.seesBanner());
    await anna.refuse();
    await anna.page.reload();
    assert.ok(!(await anna.seesBanner()));
    const record = (await anna.page.browserContext().cookies()).find((cookie) => cookie.name === "__Host-kelisim");
    assert.ok(record?.secure && record.httpOnly);
  });

  story("compressed pages and slow pages are shown with a banner", {}, async (anna) => {
    for (const path of ["/gzip", "/slow"]) {
      await anna.open(path);
      assert.ok(await anna.seesBanner(), path);
    }
  });

  story("the banner's settings and the policy can be read in three languages", {}, async (anna) => {
    for (const language of ["ru", "kk", "en"]) {
      await anna.open(`/_kelisim/settings?language=${language}&to=/`);
      assert.equal(await anna.page.$eval("html", (element) => element.lang), language);
      assert.equal((await anna.page.$$("main input[data-kelisim-category]")).length, 3);
      const policy = await anna.page.$$eval("main a", (links) => links.map((link) => link.href).find((href) => href.includes("/policy/")));
      assert.equal((await anna.open(policy)).status(), 200);
      assert.ok((await anna.text("main")).length > 1_000, policy);
      await anna.picture(`policy-${language}`);
    }
  });

  story("a missing page is the site's own, with the banner", {}, async (anna) => {
    const answer = await anna.open("/missing");
    assert.equal(answer.status(), 404);
    assert.ok(await anna.sees(PANEL));
    await anna.picture("missing");
  });
});

inEachBrowser("a site that is down", async () => startGateway(`127.0.0.1:${await freePort()}`), (story) => {
  story("is told about in the visitor's language", { language: "ru" }, async (anna) => {
    const answer = await anna.open("/");
    assert.equal(answer.status(), 502);
    assert.equal(await anna.text("h1"), "Сайт не отвечает");
    await anna.picture("error");
  });
});
