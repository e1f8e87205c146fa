// The world of the hard cases: a site, the gateway before it, the servers of others, and one port to which browsers are sent for all of
// them. It is made once for a run of tests, and so are the browsers.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.js";
import { startFront } from "./front.js";
import { cookieTable, siteTable, startKelisim } from "./gateway.js";
import { Origin } from "./origin.js";
import { Others } from "./tracker.js";

/** Names that lead to the gateway: one site for each mode. */
export const STRICT = "https://site.test";
export const OBSERVE = "https://observe.test";
export const COMPATIBLE = "https://compatible.test";

/** The same site with no gateway before it. */
export const BARE = "https://bare.test";

const NAMES = {
  gateway: ["site.test", "www.site.test", "observe.test", "compatible.test"],
  bare: ["bare.test"],
  // Apart from the others, because browsers share a connection between names that one certificate has.
  others: ["tracker", "unknown", "video", "cdn"].flatMap((name) => [`${name}.test`, `*.${name}.test`]),
};

export async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), "kelisim-world-"));
  const certificates = makeCertificates(folder, NAMES);
  const origin = new Origin();
  await origin.start(certificates.of("bare"));
  const others = new Others();
  await others.start(certificates.of("others"));
  let gateway;
  try {
    gateway = await startGateway(certificates.of("gateway").files, origin.port);
  } catch (error) {
    // Without this the servers would keep the failed run alive.
    await Promise.all([others.stop(), origin.stop()]);
    throw error;
  }
  const isOther = (name) => /(^|\.)(tracker|unknown|video|cdn)\.test$/.test(name);
  const front = await startFront(
    (name) => {
      if (NAMES.gateway.includes(name)) return gateway.port;
      if (name === "bare.test") return origin.securePort;
      return isOther(name) ? others.port : undefined;
    },
    (name) => isOther(name) && others.connected(name),
  );
  const stop = async () => {
    await front.stop();
    await gateway.stop();
    await others.stop();
    await origin.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  let last = 0;
  // A number that no story had before, for paths and hosts of its own.
  const fresh = () => (last += 1).toString(36);
  return { origin, others, gateway, port: front.port, fingerprint: certificates.fingerprint, fresh, stop };
}

const TABLES = `
${cookieTable("session", "necessary")}${cookieTable("language", "functional")}${cookieTable("visits*", "analytical")}
${host("*.cdn.test", "necessary")}${host("*.video.test", "functional")}${host("*.tracker.test", "analytical")}
[[site.tracker]]
path = "/collect"
category = "analytical"

[[site.path]]
prefix = "/planted/"
pass_through = true
`;

function startGateway(tls, port) {
  const site = (hosts, mode) => siteTable({ hosts, upstream: `127.0.0.1:${port}`, mode, tables: TABLES });
  const sites = [site(["site.test", "www.site.test"], "strict"), site(["observe.test"], "observe"), site(["compatible.test"], "compatible")];
  return startKelisim(sites, { tls, server: "workers = 1" });
}

function host(name, category) {
  return `
[[site.host]]
name = "${name}"
category = "${category}"
owner = "Somebody"
sees_address = true
`;
}
