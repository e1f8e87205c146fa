// DokuWiki knows nothing of the gateway. The same work is done without it and with it, after each answer to the banner:
// every page is the same but for what we put in, every file has the same bytes, and only allowed cookies cross.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client, field } from "./harness/client.js";
import { ACCEPT, inEachBrowser } from "./harness/browsers.js";
import { USER, startGateway, startWiki } from "./harness/wiki.js";

/** A file of 5 MB that compresses badly, the same every time. */
const FILE = Buffer.alloc(5_000_000);
for (let place = 0, state = 1; place < FILE.length; place += 1) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  FILE[place] = state >>> 16;
}

const TEXT = "====== Plan ======\n\nСтанок № 3 — «ёлочка», келісім, 日本.\n\n  * <one> & two\n";

/** What a script of the page sends in place of a navigation's headers. */
const SCRIPT = { accept: "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" };

/** A working day in the wiki. Answers every reply by the name of its step. */
async function work(client) {
  const replies = {};
  const step = async (name, reply) => (replies[name] = await reply);
  await step("the first page", client.get("/doku.php?id=start"));
  const style = replies["the first page"].text.match(/href="(\/lib\/exe\/css\.php[^"]*)"/)[1].replaceAll("&amp;", "&");
  await step("the style sheet", client.get(style, { "sec-fetch-dest": "style", "sec-fetch-mode": "no-cors" }));
  await step("a picture", client.get("/lib/tpl/dokuwiki/images/logo.png", { "sec-fetch-dest": "image", "sec-fetch-mode": "no-cors" }));
  await step("the feed", client.get("/feed.php"));

  const login = await step("the form to log in", client.get("/doku.php?id=start&do=login"));
  const wrong = { id: "start", do: "login", u: USER.name, p: "a guess", sectok: field(login.text, "sectok", "dw__login") };
  await step("a wrong password", client.post("/doku.php?id=start", wrong));
  await step("the right password", client.post("/doku.php?id=start", { ...wrong, p: USER.password, r: "1" }));
  await step("logged in", client.get("/doku.php?id=start"));

  const editor = await step("the editor", client.get("/doku.php?id=plan&do=edit"));
  const hidden = ["sectok", "id", "rev", "date", "prefix", "suffix", "changecheck", "target"];
  const fields = Object.fromEntries(hidden.map((name) => [name, field(editor.text, name, "dw__editform")]));
  await step("the preview", client.post("/doku.php", { ...fields, wikitext: TEXT, "do[preview]": "1" }));
  await step("saving", client.post("/doku.php", { ...fields, wikitext: TEXT, summary: "first", "do[save]": "1" }));
  await step("the saved page", client.get("/doku.php?id=plan"));
  await step("the saved text", client.get("/doku.php?id=plan&do=export_raw"));

  const sectok = fields.sectok;
  const upload = { call: "mediaupload", ns: "", mediaid: "parts.zip", sectok };
  await step("the upload", client.upload("/lib/exe/ajax.php", upload, "qqfile", "parts.zip", FILE, SCRIPT));
  await step("the download", client.get("/lib/exe/fetch.php?media=parts.zip"));
  await step("a part of the download", client.get("/lib/exe/fetch.php?media=parts.zip", { ...SCRIPT, range: "bytes=4000000-4000999" }));
  await step("the media manager", client.get("/doku.php?id=start&do=media&ns="));
  await step("a preference", client.get("/doku.php?id=start&do=recent&show_changes=pages"));
  await step("after the preference", client.get("/doku.php?id=start"));
  await step("a page nobody wrote", client.get("/doku.php?id=nobody:wrote:this"));
  await step("logging out", client.get(`/doku.php?id=start&do=logout&sectok=${sectok}`));
  await step("logged out", client.get("/doku.php?id=start&do=edit"));
  return replies;
}

/** Takes out what the gateway puts into a page; what is left must be the site's own bytes. */
function withoutOurs(page) {
  return page
    .replace(/<script [^>]*data-kelisim[^>]*><\/script>/, "")
    .replace(/<kelisim-panel[^]*<\/kelisim-panel>/, "");
}

/** Compares line by line, so that a failure shows one line in place of two pages. */
function sameLines(actual, expected, name) {
  const [ours, theirs] = [actual.split("\n"), expected.split("\n")];
  theirs.forEach((line, place) => assert.equal(ours[place], line, `line ${place + 1} of ${name}`));
  assert.equal(ours.length, theirs.length, `lines of ${name}`);
}

/** Replaces what differs from one run of the wiki to the next: tokens, times, check sums of the settings' folder. */
function withoutVolatile(page) {
  return page
    .replace(/(sectok(?:=|" value="))[0-9a-f]*/g, "$1…")
    .replace(/((?:tseed|rev|changecheck|date|[?&](?:amp;)?t|tok|\d+)(?:%5D)?(?:=|" value="))[0-9a-f]+/g, "$1…")
    .replace(/\d{4}([/-]|\\+\/)\d\d\1\d\d[T ]\d\d:\d\d(:\d\d[+-]\d\d:\d\d)?/g, "…")
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} (\+0000|GMT)/g, "…")
    .replace(/id=start(&amp;|&)\d{10}/g, "id=start…")
    .replace(/"timestamp":\d+|\b1[789]\d{8}\b/g, "…");
}

/** The wiki writes down who changed a page. Behind the gateway it never learns the last part of an address. */
function withTruncatedAddress(page) {
  return page.replaceAll("(127.0.0.1)", "(127.0.0.0)");
}

const ANSWERS = [
  { answer: "no answer", choice: null, preferencePasses: false },
  { answer: "only necessary cookies", choice: "necessary", preferencePasses: false },
  { answer: "all cookies", choice: "accept", preferencePasses: true },
];

/** What a browser holds from the time before the gateway. */
const LEFTOVERS = { _ga: "GA1.1.1.1", DOKU_PREFS: "list#rows", unheard_of: "1" };

async function choose(client, choice) {
  const page = (await client.get("/doku.php?id=start")).text;
  const fields = Object.fromEntries(["edition", "language", "notice", "layer", "to"].map((name) => [name, field(page, name, "kelisim-choice")]));
  const reply = await client.post("/_kelisim/choice", { ...fields, choice });
  assert.equal(reply.status, 303);
}

for (const { answer, choice, preferencePasses } of ANSWERS) {
  describe(`a day in DokuWiki with ${answer}`, () => {
    const running = [];
    let plain;
    let guarded;
    let client;
    let wiki;

    before(async () => {
      const bare = await startWiki();
      running.push(bare);
      plain = await work(new Client(bare.address));
      wiki = await startWiki();
      running.push(wiki);
      const gateway = await startGateway(wiki.address);
      running.push(gateway);
      client = new Client(gateway.address);
      for (const [name, value] of Object.entries(LEFTOVERS)) client.jar.set(name, value);
      if (choice) await choose(client, choice);
      guarded = await work(client);
    });
    after(async () => {
      for (const one of running.reverse()) await one.stop();
    });

    it("does the whole work", () => {
      const includes = (step, words) => assert.ok(guarded[step].text.includes(words), `${step} lacks ${words}`);
      includes("a wrong password", "username or password was wrong");
      includes("logged in", "Logged in as");
      includes("the saved page", "Станок № 3 — «ёлочка», келісім, 日本.");
      assert.equal(guarded["the saved text"].text, TEXT);
      includes("the upload", "success");
      assert.ok(guarded["the download"].bytes.equals(FILE), "the download differs from the upload");
      assert.equal(guarded["a part of the download"].status, 206);
      assert.ok(guarded["a part of the download"].bytes.equals(FILE.subarray(4_000_000, 4_001_000)));
      assert.ok(!guarded["logged out"].text.includes("Logged in as"));
    });

    it("gets the same answers as without the gateway, but for what was put in", () => {
      for (const [name, reply] of Object.entries(plain)) {
        const other = guarded[name];
        assert.equal(other.status, reply.status, name);
        for (const header of ["content-type", "location", "content-disposition", "content-range", "content-language"]) {
          assert.equal(withoutVolatile(other.headers[header] ?? ""), withoutVolatile(reply.headers[header] ?? ""), `${header} of ${name}`);
        }
        const isText = /text|json|xml/.test(reply.headers["content-type"] ?? "");
        if (isText) sameLines(withoutVolatile(withoutOurs(other.text)), withoutVolatile(withTruncatedAddress(reply.text)), name);
        else assert.ok(other.bytes.equals(reply.bytes), name);
      }
    });

    it("is known to the wiki by a truncated address only", () => {
      assert.ok(plain["a preference"].text.includes("(127.0.0.1)"));
      assert.ok(guarded["a preference"].text.includes("(127.0.0.0)"));
      for (const [name, reply] of Object.entries(guarded)) assert.ok(!reply.text.includes("(127.0.0.1)"), name);
    });

    it("is asked until there is an answer, and only then no more", () => {
      for (const name of ["the first page", "the editor", "a page nobody wrote"]) {
        assert.equal(guarded[name].text.includes('data-kelisim-action="accept"'), choice === null, name);
        assert.ok(guarded[name].text.includes("<kelisim-panel"), name);
      }
      for (const name of ["the style sheet", "the feed", "the saved text", "the upload"]) {
        assert.ok(!guarded[name].text.includes("kelisim"), name);
      }
    });

    it("shows the wiki only the cookies that are allowed", () => {
      const seen = wiki.cookiesSeen();
      const names = new Set(seen.flat());
      assert.ok(names.has("DokuWiki") && [...names].some((name) => /^DW[0-9a-f]{32}$/.test(name)), [...names].join(" "));
      for (const name of names) assert.match(name, preferencePasses ? /^(DokuWiki|DW.*|DOKU_PREFS|_ga)$/ : /^(DokuWiki|DW.*)$/);
      assert.equal(names.has("DOKU_PREFS"), preferencePasses);
    });

    it("leaves the visitor with only the cookies that are allowed", () => {
      assert.ok(client.jar.has("DokuWiki"));
      assert.ok(![...client.jar.keys()].some((name) => name.startsWith("DW")), "the wiki ended its cookie at the logout");
      if (preferencePasses) assert.match(client.jar.get("DOKU_PREFS"), /show_changes/);
      else assert.ok(!/show_changes/.test(client.jar.get("DOKU_PREFS") ?? ""));
      if (choice === "necessary") {
        for (const name of ["_ga", "DOKU_PREFS"]) assert.ok(!client.jar.has(name), name);
        // What nobody knows is held back and not deleted: it may be the login of a neighbouring service.
        assert.equal(client.jar.get("unheard_of"), LEFTOVERS.unheard_of);
      }
    });
  });
}

async function startGuardedWiki() {
  const wiki = await startWiki();
  const gateway = await startGateway(wiki.address);
  return {
    http: gateway.http,
    stop: async () => {
      await gateway.stop();
      await wiki.stop();
    },
  };
}

inEachBrowser("DokuWiki in a browser", startGuardedWiki, (story) => {
  for (const accepts of [false, true]) {
    story(`logs in and writes with its own scripts, cookies ${accepts ? "accepted" : "refused"}`, {}, async (anna) => {
      const faults = [];
      anna.page.on("pageerror", (error) => faults.push(String(error)));
      await anna.open("/doku.php?id=start&do=login");
      if (accepts) await anna.accept();
      else await anna.refuse();
      await anna.page.type("#dw__login [name=u]", USER.name);
      await anna.page.type("#dw__login [name=p]", USER.password);
      await anna.clickAndFollow("#dw__login button[type=submit]");
      assert.match(await anna.text("#dokuwiki__usertools"), /Logged in as/i);
      await anna.open(`/doku.php?id=written:${anna.browser}:${accepts}&do=edit`);
      // The bar above the text is made by the wiki's script.
      await anna.page.waitForSelector("#tool__bar button");
      await anna.page.type("#wiki__text", "Written by hand.");
      await anna.clickAndFollow("#edbtn__save");
      assert.match(await anna.text("#dokuwiki__content"), /Written by hand\./);
      const kept = await anna.cookies();
      assert.equal(kept.includes("DokuWiki"), true);
      assert.ok(!(await anna.sees(ACCEPT)));
      await anna.picture(`wiki-${accepts}`);
      await anna.clickAndFollow("a[href*='do=logout']");
      assert.deepEqual(faults, []);
    });
  }
});
