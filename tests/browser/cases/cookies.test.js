// Cookies of every kind at once, and cookies that are set round the gateway: after a refusal none is left, and none ever reaches the site.

import assert from "node:assert/strict";
import { hardCase } from "../harness/cases.js";
import { ask } from "../harness/choices.js";
import { page } from "../harness/origin.js";
import { BARE, STRICT } from "../harness/world.js";

const KINDS = [
  "visits=1; Path=/; Secure",
  "visits=2; Path=/; Secure; Domain=site.test",
  "visits=3; Path=/planted; Secure",
  "visits=4; Path=/planted/; Secure",
  "visits=5; Path=/planted/here; Secure; HttpOnly",
  "visits=6; Path=/; Secure; SameSite=None; Partitioned",
  "__Host-visits=7; Path=/; Secure",
  "__Secure-visits=8; Path=/; Secure; HttpOnly; Domain=site.test",
  "session=9; Path=/; Secure; HttpOnly",
];

/** Longest that a cookie set round the gateway may stay, in milliseconds. */
const LIMIT = 100;

/** Names of all cookies that the browser keeps, however they are kept. */
async function kept(anna) {
  return (await anna.page.browserContext().cookies()).map(({ name }) => name).filter((name) => /visits|session/.test(name)).sort();
}

function received(origin, path) {
  return origin.askedFor(path).map(({ headers }) => headers.cookie ?? "").filter((line) => line.includes("visits"));
}

hardCase("5: cookies of every kind at once", (story) => {
  story("after a refusal the session alone is left, and alone is sent", {}, async (anna, { origin }) => {
    origin.serve("/planted/here/plant", { headers: { "set-cookie": KINDS }, body: page("<p>planted") });
    origin.serve("/planted/here/", { body: page("<p>planted") });
    origin.serve("/cookies/page", { body: page("<p>a page") });
    await anna.open("/planted/here/plant");
    assert.ok((await kept(anna)).length >= 8, "the cookies were not planted");
    await anna.open("/cookies/page");
    await anna.refuse();
    await anna.open("/cookies/page");
    assert.deepEqual(received(origin, "/cookies/page"), []);
    assert.match(origin.askedFor("/cookies/page").at(-1).headers.cookie, /session=9/);
    // What lies under paths is expired where its path is asked for.
    const atRoot = (await anna.page.browserContext().cookies()).filter(({ name, path }) => /visits/.test(name) && path === "/");
    assert.deepEqual(atRoot.map(({ name, value }) => `${name}=${value}`), []);
  });

  story("an answer that expires many stays under 4 KB", {}, async (anna, world) => {
    world.origin.serve("/cookies/page", { body: page("<p>a page") });
    const cookie = Array.from({ length: 40 }, (_, number) => `visits_${number}=1`).join("; ");
    const { raw } = await ask(world, "/cookies/page", { headers: { cookie } });
    assert.ok(raw.join("").length < 4096, `${raw.join("").length} bytes`);
  });
});

const SETTERS = {
  "a frame's own realm": () => {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    frame.contentDocument.cookie = "visits=1; path=/; secure";
  },
  "an inline script of a written frame": () => {
    const frame = document.createElement("iframe");
    frame.srcdoc = "<script>document.cookie = 'visits=1; path=/; secure'; parent.wasSet = true;</" + "script>";
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    return loaded;
  },
  "a service worker": async () => {
    await navigator.serviceWorker.register("./worker.js");
    const { active } = await navigator.serviceWorker.ready;
    const heard = new Promise((resolve) => navigator.serviceWorker.addEventListener("message", resolve, { once: true }));
    active.postMessage("set");
    await heard;
  },
};
const WORKER = `self.onmessage = async ({ source }) => { await cookieStore.set({ name: "visits", value: "1", path: "/" }); source.postMessage("done"); };`;

function serve(origin, folder) {
  origin.serve(`${folder}/page`, { body: page("<p>a page") });
  origin.serve(`${folder}/worker.js`, { type: "text/javascript", body: WORKER });
  origin.serve(`${folder}/part.txt`, { type: "text/plain", headers: { "set-cookie": "visits=1; Path=/; Secure" }, body: "part" });
}

/** Milliseconds until the page sees the cookie no more; what is left of it at the end of the wait is said as Infinity. */
const untilGone = () => new Promise((resolve) => {
  const begun = performance.now();
  const look = () => {
    if (!document.cookie.includes("visits")) return resolve(performance.now() - begun);
    if (performance.now() - begun > 2_000) return resolve(1e9);
    setTimeout(look, 4);
  };
  look();
});

hardCase("6: cookies that are set round the gateway", (story, browser) => {
  for (const [setter, set] of Object.entries(SETTERS)) {
    story(`by ${setter}: gone at once, never sent`, {}, async (anna, { origin, fresh }) => {
      const folder = `/round/${fresh()}`;
      serve(origin, folder);
      anna.site = BARE;
      await anna.open(`${folder}/page`);
      await anna.page.evaluate(set);
      assert.ok((await anna.page.evaluate(() => document.cookie)).includes("visits"), "this browser sets none in this way");
      anna.site = STRICT;
      await anna.open(`${folder}/page`);
      await anna.refuse();
      // A busy machine delays and never hastens, so the fastest counts.
      const times = [];
      for (let turn = 0; turn < 3; turn += 1) {
        await anna.page.evaluate(set);
        times.push(await anna.page.evaluate(untilGone));
      }
      const before = origin.askedFor(`${folder}/page`).length;
      await anna.open(`${folder}/page`);
      const sent = origin.askedFor(`${folder}/page`).slice(before).map(({ headers }) => headers.cookie ?? "");
      assert.ok(sent.every((line) => !line.includes("visits")), `${sent}`);
      // Firefox does not tell a page of what its service worker set: the next page ends it.
      if (setter === "a service worker" && browser === "firefox") times.push(await anna.page.evaluate(untilGone));
      assert.ok(Math.min(...times) <= LIMIT, `${times} ms`);
    });
  }

  story("by the answer to a part of the page: it does not arrive", {}, async (anna, { origin, fresh }) => {
    const folder = `/round/${fresh()}`;
    serve(origin, folder);
    await anna.open(`${folder}/page`);
    await anna.page.evaluate(() => fetch("./part.txt").then((answer) => answer.text()));
    assert.deepEqual(await kept(anna), []);
  });
});
