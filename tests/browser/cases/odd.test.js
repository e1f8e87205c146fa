// Answers that are no ordinary page though they say so: they arrive as without the gateway, with the measures of headers in force.

import assert from "node:assert/strict";
import { hardCase } from "../harness/cases.js";
import { ask } from "../harness/choices.js";

const XHTML = '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>X</title></head><body><p>XHTML</p></body></html>';
const html = "text/html; charset=utf-8";

/** Which of them a browser is shown as a page (`shown`: what its text is), and whose bytes stay as they were. */
const ODD = {
  "a PDF that says it is a page": { type: html, body: Buffer.from("%PDF-1.4\n%\xe2\xe3\n1 0 obj<<>>endobj\n", "latin1") },
  "JSON that says it is a page": { type: html, body: '{"total": 1, "html": "<body><p>no"}', shown: /total/ },
  "a feed that says it is a page": { type: html, body: '<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title></channel></rss>', shown: /Feed/ },
  "an empty body": { type: html, body: "" },
  "UTF-16 with its mark": { type: "text/html", body: Buffer.from("\ufeff<!doctype html><html><head><title>x</title></head><body><p>Шестнадцать</body></html>", "utf16le"), shown: /Шестнадцать/ },
  "XHTML": { type: "application/xhtml+xml", body: XHTML, shown: /XHTML/ },
  "AMP": { type: html, body: '<!doctype html><html \u26a1 lang="en"><head><meta charset="utf-8"><title>x</title></head><body><p>Fast</body></html>', shown: /Fast/ },
};

const FRAMESET = "<html><head><title>Frames</title></head><frameset cols='50%,50%'><frame src='/odd/frame?1'><frame src='/odd/frame?2'></frameset></html>";
const ROW = "<tr><td>A row</td></tr>";
const WHOLE = "<!doctype html><html><head><title>Next</title></head><body><p id='next'>Next</p></body></html>";
const MEASURE = { "set-cookie": "visits=1; Path=/; Secure" };

function inForce(headers, what) {
  assert.match(headers["content-security-policy"] ?? "", /default-src/, `${what} has no policy`);
  assert.ok(!String(headers["set-cookie"] ?? "").includes("visits=1"), `${what} sets a refused cookie`);
}

hardCase("9: what is no ordinary page", (story) => {
  for (const [what, { type, body, shown }] of Object.entries(ODD)) {
    story(`${what} arrives as it was`, {}, async (anna, world) => {
      const path = `/odd/${world.fresh()}`;
      world.origin.serve(path, { type, headers: MEASURE, body });
      const answer = await ask(world, path);
      assert.deepEqual(answer.bytes, Buffer.from(body));
      inForce(answer.headers, what);
      if (!shown) return;
      await anna.open(path);
      assert.match(await anna.page.evaluate(() => document.documentElement.textContent), shown);
    });
  }

  story("a page of frames shows its frames", {}, async (anna, { origin, fresh }) => {
    const path = `/odd/${fresh()}`;
    origin.serve(path, { headers: MEASURE, body: FRAMESET });
    origin.serve("/odd/frame", { body: "<!doctype html><p>In a frame" });
    const answer = await anna.open(path);
    assert.match(answer.headers()["content-security-policy"] ?? "", /default-src/, "no policy");
    assert.equal(await anna.page.$$eval("frame", (frames) => frames.length), 2);
    assert.equal(await anna.page.evaluate(() => document.body.nodeName), "FRAMESET");
    const texts = await Promise.all(anna.page.frames().slice(1).map((frame) => frame.evaluate(() => document.body.textContent)));
    assert.ok(texts.every((text) => text.includes("In a frame")));
  });

  for (const [what, body, headers] of [["a row for htmx", ROW, { "hx-request": "true" }], ["a whole page for Turbo", WHOLE, { accept: "text/html, application/xhtml+xml" }]]) {
    story(`${what} is what the site sent`, {}, async (anna, { origin, fresh }) => {
      const folder = `/odd/${fresh()}`;
      origin.serve(`${folder}/page`, { body: "<!doctype html><p>page" });
      origin.serve(`${folder}/part`, { headers: MEASURE, body });
      await anna.open(`${folder}/page`);
      const read = (sent) => fetch("./part", { headers: sent }).then((answer) => answer.text());
      assert.equal(await anna.page.evaluate(read, headers), body);
    });
  }

  story("a part of a file is the part, and HEAD has the headers of GET", {}, async (anna, world) => {
    const path = `/odd/${world.fresh()}`;
    world.origin.serve(path, (url, headers) => (headers.range
      ? { status: 206, type: "text/html", headers: { ...MEASURE, "content-range": "bytes 0-3/10" }, body: "<p>a" }
      : { type: html, headers: MEASURE, body: WHOLE }));
    const part = await ask(world, path, { headers: { "range": "bytes=0-3", "sec-fetch-dest": "video", "sec-fetch-mode": "no-cors" } });
    assert.equal(part.status, 206);
    assert.equal(part.bytes.toString(), "<p>a");
    inForce(part.headers, "a part");
    const head = await ask(world, path, { method: "HEAD" });
    const get = await ask(world, path);
    assert.equal(head.bytes.length, 0);
    for (const name of ["content-security-policy", "etag", "cache-control", "vary"]) assert.equal(head.headers[name], get.headers[name], name);
    inForce(head.headers, "HEAD");
  });
});
