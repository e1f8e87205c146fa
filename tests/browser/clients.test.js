// Clients that answer banners for their users: they may refuse, and find out how; they can't accept.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { KNOWN_BANNERS, addAutoconsent } from "./harness/autoconsent.js";
import { ACCEPT, LINK, PANEL, inEachBrowser } from "./harness/browsers.js";
import { startDemo } from "./harness/program.js";

const shipped = (name) => JSON.parse(readFileSync(new URL(`../../deploy/clients/${name}`, import.meta.url), "utf8"));
const AUTOCONSENT = shipped("autoconsent.json");
const CONSENT_O_MATIC = shipped("consent-o-matic.json");

const LANGUAGES = ["ru", "kk", "en"];

/** What the settings page says is allowed, in each language, after a refusal. */
const REFUSED = { ru: /Разрешено:?\s+необходимые/, kk: /Рұқсат берілген:?\s+қажетті/, en: /Allowed:?\s+necessary/ };

const done = (message) => message.type === "autoconsentDone";

/** The event that a story adds to the log. A refusal is answered before it is written, so the log is read until it is there. */
function added(site, before) {
  const last = Date.now() + 10_000;
  let events = [];
  while (events.length === 0 && Date.now() < last) events = site.log().slice(before);
  assert.equal(events.length, 1, JSON.stringify(events));
  return events[0].record;
}

/** The banner is gone, the refusal stands in the log once, the settings say so, and nothing optional passes. */
async function assertRefused(anna, site, before, language) {
  await anna.page.waitForSelector(PANEL, { hidden: true });
  const event = added(site, before);
  assert.equal(event.event, "refused", JSON.stringify(event));
  await anna.open(`/_kelisim/settings?language=${language}&to=/`);
  assert.match(await anna.text("dl.facts"), REFUSED[language]);
  assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
}

inEachBrowser("automatic clients", startDemo, (story) => {
  for (const language of ["ru", "en"]) {
    story(`autoconsent refuses by the words of the banner: ${language}`, { language }, async (anna, site) => {
      const before = site.log().length;
      const until = await addAutoconsent(anna.page, { rules: KNOWN_BANNERS, guesses: true });
      await anna.open("/");
      const report = await until(done);
      assert.equal(report.cmp, "HEURISTIC-REJECT");
      assert.equal((await until((message) => message.type === "selfTestResult")).result, true);
      await assertRefused(anna, site, before, language);
    });
  }

  story("autoconsent does not know Kazakh, and so nothing optional is allowed", { language: "kk" }, async (anna, site) => {
    const before = site.log().length;
    const until = await addAutoconsent(anna.page, { rules: KNOWN_BANNERS, guesses: true });
    await anna.open("/");
    // It goes by words at every second look.
    await until((message) => message.type === "report" && message.state.findCmpAttempts > 2);
    assert.ok(await anna.seesBanner());
    assert.equal(site.log().length, before);
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
  });

  for (const language of LANGUAGES) {
    story(`autoconsent refuses by our rule for it: ${language}`, { language }, async (anna, site) => {
      const before = site.log().length;
      const until = await addAutoconsent(anna.page, { rules: [AUTOCONSENT] });
      await anna.open("/");
      assert.equal((await until(done)).cmp, AUTOCONSENT.name);
      assert.equal((await until((message) => message.type === "selfTestResult")).result, true);
      await assertRefused(anna, site, before, language);
    });
  }

  story("a client that accepts for its user achieves nothing", {}, async (anna, site) => {
    const before = site.log().length;
    const accepting = { ...AUTOCONSENT, optIn: [{ click: ACCEPT }] };
    const until = await addAutoconsent(anna.page, { rules: [accepting], action: "optIn" });
    await anna.open("/");
    await until((message) => message.type === "optInResult");
    assert.ok(await anna.seesBanner());
    assert.equal(site.log().length, before);
    assert.deepEqual(await anna.cookiesAtServer(), ["PHPSESSID"]);
  });

  // Its engine is published only as an extension: here stands what the rule asks of the page, and what becomes of it.
  story("Consent-O-Matic's rule finds the banner, refuses, and then no longer finds it showing", { language: "ru" }, async (anna, site) => {
    const [rule] = Object.values(CONSENT_O_MATIC);
    const [{ presentMatcher, showingMatcher }] = rule.detectors;
    const [method] = rule.methods;
    assert.equal(method.name, "SAVE_CONSENT");
    assert.equal(method.action.type, "ifallownone");
    // As the engine does: the first element of the selector, which has to take up room where the rule asks for that.
    const matches = ({ target }) =>
      anna.page.evaluate(({ selector, displayFilter }) => {
        const element = document.querySelector(selector);
        return element !== null && (!displayFilter || element.offsetHeight > 0);
      }, target);
    const before = site.log().length;
    await anna.open("/");
    for (const matcher of [...presentMatcher, ...showingMatcher]) assert.ok(await matches(matcher), JSON.stringify(matcher));
    const { target, type } = method.action.trueAction;
    assert.equal(type, "click");
    await anna.page.$eval(target.selector, (button) => button.click());
    await assertRefused(anna, site, before, "ru");
    await anna.open("/");
    assert.ok(await anna.sees(LINK));
    assert.equal(await matches(showingMatcher[0]), false);
  });
});
