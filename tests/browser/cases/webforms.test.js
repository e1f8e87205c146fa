// A page with one form round everything and elements that nobody closes: our buttons must post to us, and its button to it.

import assert from "node:assert/strict";
import { ACCEPT, REFUSE } from "../harness/browsers.js";
import { hardCase } from "../harness/cases.js";

const PAGE = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html><head><title>Orders</title></head>
<body><form method="post" action="./orders" id="aspnetForm"><input type="hidden" name="__VIEWSTATE" value="dDwtMTA4">
<h1>Orders</h1><p>Name <input name="order" value="7"><p><button id="go" name="go" value="1">Send<p>and an end that never comes`;

function serve(origin, folder) {
  origin.serve(`${folder}/page`, { body: PAGE });
  origin.serve(`${folder}/orders`, { body: "<!doctype html><title>Taken</title><p id=taken>Taken" });
}

hardCase("3: one form round everything", (story, browser) => {
  story("refusing posts to us, and the page's button to the page", {}, async (anna, { origin, fresh }) => {
    const folder = `/webforms/${fresh()}`;
    serve(origin, folder);
    await anna.open(`${folder}/page`);
    assert.ok(await anna.seesBanner());
    await anna.refuse();
    assert.ok((await anna.cookies()).includes("__Host-kelisim"));
    assert.equal(origin.askedFor(`${folder}/orders`).length, 0);
    await anna.clickAndFollow("#go");
    assert.equal(await anna.text("#taken"), "Taken");
    assert.deepEqual(origin.askedFor(`${folder}/orders`).map(({ method }) => method), ["POST"]);
  });

  // Firefox's driver finds no elements in a page without scripts.
  for (const button of browser === "chromium" ? [REFUSE, ACCEPT] : []) {
    story(`${button === REFUSE ? "refusing" : "accepting"} posts to us without scripts, too`, { javascript: false }, async (anna, { origin, fresh }) => {
      const folder = `/webforms/${fresh()}`;
      serve(origin, folder);
      await anna.open(`${folder}/page`);
      await anna.clickAndFollow(button);
      assert.equal(new URL(anna.page.url()).pathname, `${folder}/page`);
      assert.ok((await anna.cookies()).includes("__Host-kelisim"));
      assert.equal(origin.askedFor(`${folder}/orders`).length, 0);
    });
  }
});
