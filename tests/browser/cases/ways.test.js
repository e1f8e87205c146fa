// Every way by which a page reaches a tracker, judged by what the tracker's server receives: nothing before consent and after a refusal,
// everything after acceptance, nothing after a withdrawal. That a way leads there at all is shown by the page without a gateway.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BROWSERS } from "../harness/browsers.js";
import { arrive, theWorld } from "../harness/cases.js";
import { choose } from "../harness/choices.js";
import { serveWays, survey, waysOf } from "../harness/survey.js";
import { CLOSED, CONNECTS, OPEN } from "../harness/ways.js";
import { BARE, STRICT } from "../harness/world.js";

/** What a visitor with scripts does, step by step, and the surveys between. */
async function withScripts(name, look) {
  const { visitor, leave } = await arrive(name, { own: true, site: BARE });
  try {
    await look("without a gateway", visitor);
    visitor.site = STRICT;
    await look("before consent", visitor);
    await visitor.open("/ways/end");
    await visitor.refuse();
    await look("after refusal", visitor);
    await visitor.open("/_kelisim/settings?to=/ways/end");
    await visitor.clickAndFollow("main [data-kelisim-action=accept]");
    await look("after acceptance", visitor);
    await visitor.open("/_kelisim/settings?to=/ways/end");
    await visitor.clickAndFollow("main form [data-kelisim-action=reject]");
    await look("after withdrawal", visitor);
  } finally {
    await leave();
  }
}

/** The same without scripts; what the forms answer is put into the browser, since a driver can click little in such a page. */
async function withoutScripts(name, look) {
  const { visitor, leave } = await arrive(name, { own: true, site: BARE, javascript: false });
  const world = await theWorld();
  try {
    await look("without a gateway", visitor);
    visitor.site = STRICT;
    await look("before consent", visitor);
    let cookies = [];
    for (const [choice, time] of [["necessary", "after refusal"], ["accept", "after acceptance"], ["necessary", "after withdrawal"]]) {
      cookies = await choose(world, choice, cookies);
      await visitor.page.browserContext().setCookie(...cookies);
      await look(time, visitor);
    }
  } finally {
    await leave();
  }
}

for (const name of Object.keys(BROWSERS)) {
  for (const [manner, scripts, go] of [["with scripts", true, withScripts], ["without scripts", false, withoutScripts]]) {
    describe(`hard case 4: all ways to reach a tracker, ${name} ${manner}`, { timeout: 120_000 }, () => {
      const ways = waysOf(name, scripts);
      const seen = new Map();
      let stopped;

      before(async () => {
        const world = await theWorld();
        serveWays(world.origin);
        try {
          await go(name, async (time, visitor) => {
            const through = ways.filter((way) => !CLOSED.includes(way));
            const expected = { "without a gateway": { tracker: ways, unknown: ways, cdn: ways }, "after acceptance": { tracker: through, cdn: through } };
            seen.set(time, await survey(visitor, world, ways, expected[time] ?? { cdn: through }));
          });
        } catch (error) {
          stopped = error;
        }
      });
      after(() => seen.clear());

      const arrival = (time, kind, way) => {
        if (!seen.has(time)) throw stopped;
        return seen.get(time).arrival(way, kind);
      };
      for (const way of ways) {
        it(way, () => {
          for (const kind of ["tracker", "unknown", "cdn"]) {
            assert.ok(arrival("without a gateway", kind, way), `this browser does not go this way to ${kind}`);
          }
          const leaks = [];
          const look = (time, kind) => {
            const what = arrival(time, kind, way);
            if (what && !(what === "connection" && CONNECTS[name].includes(way))) leaks.push(`${what} to ${kind} ${time}`);
          };
          const times = ["before consent", "after refusal", "after withdrawal"];
          for (const time of times) ["tracker", "unknown"].forEach((kind) => look(time, kind));
          look("after acceptance", "unknown");
          if (OPEN[name].includes(way)) {
            assert.notDeepEqual(leaks, [], "this way is closed: take it from the list, and from what the documents say stays open");
            return;
          }
          assert.deepEqual(leaks, [], "reached without consent");
          if (CLOSED.includes(way)) return;
          const missing = [...times, "after acceptance"].filter((time) => !arrival(time, "cdn", way));
          assert.deepEqual(missing, [], "what the site needs did not arrive");
          assert.ok(arrival("after acceptance", "tracker", way), "what was accepted did not arrive");
        });
      }

      it("no header of a page names a host that is refused", () => {
        for (const time of ["before consent", "after refusal", "after withdrawal"]) {
          if (!seen.has(time)) throw stopped;
          const named = seen.get(time).told.match(/[a-z-]+-[a-z0-9]+\.(tracker|unknown)\.test/g);
          assert.equal(named, null, time);
        }
      });
    });
  }
}
