// The origin's own security policies: whatever of the page's scripts ran without the gateway runs behind it, and so does the banner's script.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hardCase } from "../harness/cases.js";
import { page } from "../harness/origin.js";
import { BARE, STRICT } from "../harness/world.js";

const INLINE = "globalThis.inlineRan = true;";
const HASH = `'sha256-${createHash("sha256").update(INLINE).digest("base64")}'`;
const POLICY = "content-security-policy";
const meta = (policy) => `<meta http-equiv="${POLICY}" content="${policy}">`;
const script = (attributes = "") => `<script${attributes}>${INLINE}</script>`;

/** Each variant is a page: its headers, what stands in its head and body. `bare`: no script of ours can pass, and the banner is a form. */
const VARIANTS = {
  "inline scripts allowed": { headers: { [POLICY]: "script-src 'self' 'unsafe-inline'" }, body: script() },
  "a nonce": { headers: { [POLICY]: "script-src 'nonce-abc'" }, body: script(' nonce="abc"') },
  "hashes only": { headers: { [POLICY]: `script-src ${HASH}` }, body: script() },
  "strict-dynamic with a nonce": { headers: { [POLICY]: "script-src 'strict-dynamic' 'nonce-abc'" }, body: script(' nonce="abc"') },
  "strict-dynamic with a hash": { headers: { [POLICY]: `script-src 'strict-dynamic' ${HASH}` }, body: script(), bare: true },
  "two headers": { headers: { [POLICY]: ["script-src 'self' 'unsafe-inline'", "default-src 'self' 'unsafe-inline'"] }, body: script() },
  "joined by a comma": { headers: { [POLICY]: "script-src 'self' 'unsafe-inline', script-src 'nonce-abc'" }, body: script(' nonce="abc"') },
  "in the markup, before": { head: meta("script-src 'nonce-abc'"), body: script(' nonce="abc"') },
  "in the markup, after": { head: script() + meta("script-src 'self'"), body: "" },
  "only reported": { headers: { [`${POLICY}-report-only`]: "script-src 'none'" }, body: script() },
  "trusted types": { headers: { [POLICY]: "require-trusted-types-for 'script'; trusted-types none" }, body: script() },
  "integrity demanded": { headers: { "integrity-policy": "blocked-destinations=(script)" }, body: script() },
  "a default alone": { headers: { [POLICY]: "default-src 'self'" }, body: script() },
};

hardCase("1: the origin's own policy", (story) => {
  for (const [variant, { headers, head, body, bare = false }] of Object.entries(VARIANTS)) {
    story(`${variant}: what ran, runs, and so does the banner`, {}, async (anna, { origin, fresh }) => {
      const path = `/policies/${fresh()}`;
      const button = '<button id="go" onclick="globalThis.clicked = true">Go</button>';
      origin.serve(path, { headers, body: page(button + body, { head }) });
      const faults = [];
      // Firefox reports what a policy blocked as an error of the page, too.
      anna.page.on("pageerror", (fault) => /Content-Security-Policy/.test(fault) || faults.push(String(fault)));
      const ran = async () => {
        await anna.page.click("#go");
        return anna.page.evaluate(() => [globalThis.inlineRan ?? false, globalThis.clicked ?? false]);
      };
      anna.site = BARE;
      await anna.open(path);
      const before = await ran();
      anna.site = STRICT;
      await anna.open(path);
      assert.deepEqual(await ran(), before);
      // Only with its script does the banner take an answer without another page.
      await anna.page.evaluate(() => (globalThis.stayed = true));
      await anna.refuse();
      assert.equal(await anna.page.evaluate(() => globalThis.stayed === true), !bare, "whether the banner's script ran");
      assert.ok((await anna.cookies()).includes("__Host-kelisim"));
      assert.deepEqual(faults, []);
    });
  }
});
