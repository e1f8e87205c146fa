// The other two modes: in `observe` everything is loaded and reported, in `compatible` there is no policy of ours.

import assert from "node:assert/strict";
import { hardCase } from "../harness/cases.js";
import { page } from "../harness/origin.js";
import { COMPATIBLE, OBSERVE } from "../harness/world.js";

function serve({ origin, fresh }) {
  const host = `unlisted-${fresh()}.unknown.test`;
  const path = `/modes/${host}`;
  origin.serve(path, { body: page(`<img src="https://${host}/a.gif" alt=""><p>A page`) });
  return { host, path };
}

hardCase("4: modes that block nothing or little", (story) => {
  story("observe loads everything and takes the browser's reports", { site: OBSERVE }, async (anna, world) => {
    const { host, path } = serve(world);
    const report = anna.page.waitForResponse((response) => new URL(response.url()).pathname === "/_kelisim/report", { timeout: 15_000 });
    report.catch(() => {});
    const answer = await anna.open(path);
    assert.match(answer.headers()["content-security-policy-report-only"] ?? "", /default-src.*report-uri \/_kelisim\/report/);
    assert.equal(answer.headers()["content-security-policy"], undefined);
    assert.ok(await world.others.until(() => world.others.knows(host)));
    assert.ok(!(await anna.seesBanner()));
    assert.equal((await report).status(), 204);
  });

  story("observe takes both formats of reports", { site: OBSERVE }, async (anna, world) => {
    const { path } = serve(world);
    await anna.open(path);
    const post = (type, body) => fetch("/_kelisim/report", { method: "POST", headers: { "content-type": type }, body }).then(({ status }) => status);
    const old = { "csp-report": { "document-uri": "https://observe.test/", "blocked-uri": "https://x.unknown.test/a.gif?secret=1", "effective-directive": "img-src" } };
    const recent = [{ type: "csp-violation", url: "https://observe.test/", body: { blockedURL: "https://x.unknown.test/a.gif", effectiveDirective: "img-src", disposition: "report" } }];
    assert.equal(await anna.page.evaluate(post, "application/csp-report", JSON.stringify(old)), 204);
    assert.equal(await anna.page.evaluate(post, "application/reports+json", JSON.stringify(recent)), 204);
  });

  story("compatible has no policy of ours", { site: COMPATIBLE }, async (anna, world) => {
    const { host, path } = serve(world);
    const answer = await anna.open(path);
    for (const name of ["content-security-policy", "content-security-policy-report-only"]) assert.equal(answer.headers()[name], undefined);
    assert.ok(await world.others.until(() => world.others.knows(host)));
    assert.ok(await anna.seesBanner());
  });
});
