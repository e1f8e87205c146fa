// The gateway before a site of a story: its configuration, the program, and what it leaves behind.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KELISIM, exportLog, start } from "./program.js";

/** One site of the configuration: `keys` are TOML lines of its own table, `tables` those below it. `upstream` is host and port. */
export function siteTable({ hosts = ["localhost"], upstream, mode = "strict", offer = ["functional", "analytical"], keys = "", tables = "" }) {
  return `
[[site]]
hosts = ${JSON.stringify(hosts)}
upstream = "http://${upstream}"
mode = "${mode}"
languages = ["en", "ru", "kk"]
${keys}

[site.consent]
offer = ${JSON.stringify(offer)}

[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
${tables}
`;
}

/** A table of a site's list. */
export function cookieTable(name, category, owner = "the site", purpose = "a test", lifetime = "1 year") {
  return `
[[site.cookie]]
name = "${name}"
category = "${category}"
owner = "${owner}"
purpose = "${purpose}"
lifetime = "${lifetime}"
`;
}

/** Starts it before these sites, over TLS where `tls` names the files of a certificate. `server` is TOML for its own table. */
export async function startKelisim(sites, { tls = null, server = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "kelisim-gateway-"));
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  const file = join(folder, "kelisim.toml");
  const scheme = tls ? "https" : "http";
  writeFileSync(file, `
[server]
${scheme} = ["127.0.0.1:0"]
state_dir = "${folder}/state"
drain_timeout = "1 s"
${server}

[server.limits]
choices_per_minute = 10000
${tls ? `\n[tls]\ncertificates = [{ certificate = "${tls.certificate}", key = "${tls.key}" }]\n` : ""}
[controller]
name = "Workshop"
bin = "260140000005"
address = "Astana"
email = "privacy@workshop.example"
${sites.join("")}`);
  const said = new RegExp(`started.*${scheme}.*?\\[127\\.0\\.0\\.1:(\\d+)\\]`);
  const { matches, stop } = await start(KELISIM, ["run", "--config", file], [said]);
  const port = Number(matches[0][1]);
  return {
    port,
    address: `127.0.0.1:${port}`,
    http: `http://localhost:${port}`,
    log: () => exportLog(file),
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
