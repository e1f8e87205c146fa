// DuckDuckGo's autoconsent, as its extension puts it into every page: the content script on one side, the browser's side here.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = dirname(fileURLToPath(import.meta.resolve("@duckduckgo/autoconsent")));
const SCRIPT = readFileSync(join(FOLDER, "autoconsent.playwright.js"), "utf8");

/** Rules for the banners that the client knows by name. */
export const KNOWN_BANNERS = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("@duckduckgo/autoconsent/rules/rules.json")), "utf8")).autoconsent;

/** Longest wait for the client to be done with a page, in milliseconds. */
const PATIENCE = 20_000;

/**
 * Puts the client into every page that opens from now on. `rules` are those of named banners; with `guesses` it also goes by the words of unknown ones;
 * `action` is `optOut` or `optIn`. Answers a function that waits for a report for which `wanted` answers true, and answers it.
 */
export async function addAutoconsent(page, { rules = [], guesses = false, action = "optOut" }) {
  const said = [];
  const waiting = new Set();
  const configuration = {
    enabled: true,
    autoAction: action,
    disabledCmps: [],
    enablePrehide: true,
    enableCosmeticRules: true,
    enableGeneratedRules: true,
    enableHeuristicDetection: guesses,
    heuristicMode: guesses ? "tier2" : "off",
    heuristicPopupSearchTimeout: 2_000,
    detectRetries: 4,
    isMainWorld: false,
    prehideTimeout: 2_000,
    logs: { lifecycle: false, rulesteps: false, detectionsteps: false, evals: false, errors: false, messages: false, waits: false },
  };
  // The page may have gone on meanwhile: then nobody waits for this answer.
  const reply = (message) => page.evaluate((told) => window.autoconsentReceiveMessage?.(told), message).catch(() => {});
  await page.exposeFunction("autoconsentSendMessage", async (message) => {
    said.push(message);
    for (const look of waiting) look();
    if (message.type === "init") await reply({ type: "initResp", config: configuration, rules: { autoconsent: rules } });
    // What it has done it looks at once more, to see that the banner is gone.
    if (message.type === "optOutResult" && message.scheduleSelfTest) await reply({ type: "selfTest" });
    if (message.type === "eval") {
      const result = await page.evaluate(message.code).catch(() => false);
      await reply({ type: "evalResp", id: message.id, result });
    }
  });
  await page.evaluateOnNewDocument(SCRIPT);
  return (wanted) =>
    new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => reject(new Error(`autoconsent ended with ${JSON.stringify(said.at(-1))}`)), PATIENCE);
      const look = () => {
        const found = said.find(wanted);
        if (!found) return;
        clearTimeout(tooLate);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
}
