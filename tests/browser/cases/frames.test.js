// Frames of hosts that are not accepted: a placeholder that says whose it is, and a click that loads this one frame on this one page.

import assert from "node:assert/strict";
import { hardCase } from "../harness/cases.js";
import { page } from "../harness/origin.js";

function serve({ origin, fresh }) {
  const number = fresh();
  const hosts = [`first-${number}.video.test`, `second-${number}.video.test`];
  const frames = hosts.map((host) => `<iframe width="480" height="320" src="https://${host}/a.html"></iframe>`).join("");
  const paths = ["one", "two"].map((name) => `/frames/${number}/${name}`);
  const end = `end-${number}.cdn.test`;
  paths.forEach((path) => origin.serve(path, { body: page(`${frames}<img src="https://${end}/a.gif" alt="">`) }));
  return { hosts, paths, end };
}

/** The placeholders in the page, in its order. */
function placeholders(anna) {
  return anna.page.frames().filter((frame) => new URL(frame.url(), anna.site).pathname === "/_kelisim/frame");
}

const asked = (others, host) => others.askedOf(host).filter((request) => request.includes("/a.html")).length;

async function tell(anna, world, withScripts) {
  const { others } = world;
  const { hosts: [first, second], paths: [one, two], end } = serve(world);
  await anna.open(one);
  assert.ok(await others.until(() => others.askedOf(end).length === 1));
  assert.ok(!others.knows(first) && !others.knows(second), "a refused frame was loaded");
  assert.equal(placeholders(anna).length, 2, "there are no placeholders");
  if (withScripts) {
    const text = await placeholders(anna)[0].evaluate(() => document.body.innerText);
    assert.ok(text.includes(first), `the placeholder does not name its host: ${text}`);
  }
  const button = await placeholders(anna)[0].$("form button");
  await Promise.all([anna.page.waitForNavigation({ waitUntil: "load" }), button.click()]);
  assert.equal(new URL(anna.page.url()).pathname, one);
  assert.ok(await others.until(() => asked(others, first) > 0), "the frame was not loaded");
  assert.ok(!others.knows(second), "another frame was loaded");
  const times = asked(others, first);
  await anna.open(two);
  assert.equal(placeholders(anna).length, 2, "the frame is allowed on another page");
  assert.equal(asked(others, first), times);
}

hardCase("4: frames that are not accepted", (story, browser) => {
  story("one click loads one frame on one page", {}, (anna, world) => tell(anna, world, true));
  // Firefox's driver finds no elements in a page without scripts.
  if (browser === "chromium") {
    story("without scripts, too", { javascript: false }, (anna, world) => tell(anna, world, false));
  }
});
