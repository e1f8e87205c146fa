// The world of the hard cases: a site, the gateway before it, the servers of others, and one port to which browsers are sent for all of
// them. It is made once for a run of tests, and so are the browsers.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.js";
import { startFront } from "./front.js";
import { Origin } from "./origin.js";
import { KELISIM, start } from "./program.js";
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
    gateway = await startGateway(folder, certificates.of("gateway").files, origin.port);
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

async function startGateway(folder, { certificate, key }, upstream) {
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  const file = join(folder, "kelisim.toml");
  writeFileSync(file, `
[server]
https = ["127.0.0.1:0"]
state_dir = "${folder}/state"
drain_timeout = "1 s"
workers = 1

[server.limits]
choices_per_minute = 10000

[tls]
certificates = [{ certificate = "${certificate}", key = "${key}" }]

[controller]
name = "Workshop"
bin = "260140000005"
address = "Astana"
email = "privacy@workshop.example"
${site(["site.test", "www.site.test"], "strict", upstream)}
${site(["observe.test"], "observe", upstream)}
${site(["compatible.test"], "compatible", upstream)}
`);
  const { matches, stop } = await start(KELISIM, ["run", "--config", file], [/started.*https.*?\[127\.0\.0\.1:(\d+)\]/]);
  return { port: Number(matches[0][1]), folder, stop };
}

function site(hosts, mode, upstream) {
  return `
[[site]]
hosts = ${JSON.stringify(hosts)}
upstream = "http://127.0.0.1:${upstream}"
mode = "${mode}"
languages = ["en", "ru", "kk"]

[site.consent]
offer = ["functional", "analytical"]

[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
${cookie("session", "necessary")}${cookie("language", "functional")}${cookie("visits*", "analytical")}
${host("*.cdn.test", "necessary")}${host("*.video.test", "functional")}${host("*.tracker.test", "analytical")}
[[site.tracker]]
path = "/collect"
category = "analytical"

[[site.path]]
prefix = "/planted/"
pass_through = true
`;
}

function cookie(name, category) {
  return `
[[site.cookie]]
name = "${name}"
category = "${category}"
owner = "the site"
purpose = "a test"
lifetime = "1 year"
`;
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
