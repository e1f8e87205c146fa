// Consent that nobody gave: a cookie that a filter list makes, a click that a program makes.

import assert from "node:assert/strict";
import { ACCEPT, REFUSE, PANEL } from "../harness/browsers.js";
import { hardCase } from "../harness/cases.js";
import { page } from "../harness/origin.js";

hardCase("10: consent that nobody gave", (story) => {
  for (const value of ["true", "1", "accept", "yes"]) {
    story(`a record that says "${value}" is no consent`, {}, async (anna, { origin, others, fresh }) => {
      const number = fresh();
      origin.serve(`/forgery/${number}`, {
        headers: { "set-cookie": "visits=1; Path=/; Secure" },
        body: page(`<img src="https://forged-${number}.tracker.test/a.gif" alt=""><img src="https://forged-${number}.cdn.test/a.gif" alt="">`),
      });
      const forged = { domain: "site.test", path: "/", secure: true, value };
      await anna.page.browserContext().setCookie({ name: "__Host-kelisim", ...forged }, { name: "kelisim_view", ...forged });
      await anna.open(`/forgery/${number}`);
      assert.ok(await anna.seesBanner());
      assert.ok(!(await anna.cookies()).includes("visits"));
      assert.ok(await others.until(() => others.knows(`forged-${number}.cdn.test`)), "what the site needs did not arrive");
      await anna.open(`/forgery/${number}`);
      assert.deepEqual(others.askedOf(`forged-${number}.tracker.test`), []);
    });
  }

  story("a program's click does not accept, and may refuse", {}, async (anna, { origin, fresh }) => {
    const path = `/forgery/${fresh()}`;
    origin.serve(path, { body: page("<p>a page") });
    await anna.open(path);
    const click = (button) => anna.page.$eval(button, (element) => element.click());
    await click(ACCEPT);
    assert.ok(await anna.seesBanner());
    await click(REFUSE);
    await anna.page.waitForSelector(PANEL, { hidden: true });
    const { value } = (await anna.page.browserContext().cookies()).find(({ name }) => name === "kelisim_view");
    assert.match(decodeURIComponent(value), /functional=0&analytical=0/);
  });
});
