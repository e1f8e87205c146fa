// A site of a few pages that a story writes itself, and the gateway before it.

import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KELISIM, exportLog, start } from "./program.js";

const page = (body, head = "") => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>${head}</head><body>${body}</body></html>`;

/** `pages` are bodies by path, or functions of the request that answer `{ body, head, headers }`; `lines` is TOML for the end of the site's table; `log` answers the recorded events. */
export async function startSite({ pages = {}, lines = "", mode = "strict", offer = ["functional", "analytical"] } = {}) {
  const posts = [];
  const server = createServer((request, answer) => {
    const path = request.url.split("?")[0];
    if (path === "/names") {
      const names = (request.headers.cookie ?? "").split("; ").filter(Boolean).map((pair) => pair.split("=")[0]);
      answer.setHeader("Content-Type", "application/json");
      return answer.end(JSON.stringify({ names, gpc: request.headers["sec-gpc"] ?? null }));
    }
    if (request.method === "POST") posts.push(path);
    const found = pages[path] ?? "<h1>A page</h1><p><a href='/other'>Other</a></p>";
    const told = typeof found === "function" ? found(request) : { body: found };
    answer.setHeader("Content-Type", "text/html; charset=utf-8");
    for (const [name, value] of Object.entries(told.headers ?? {})) answer.setHeader(name, value);
    answer.end(told.raw ?? page(told.body, told.head));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "kelisim-site-"));
  mkdirSync(join(folder, "state"), { mode: 0o700 });
  const file = join(folder, "kelisim.toml");
  writeFileSync(file, `
[server]
http = ["127.0.0.1:0"]
redirect_to_https = false
state_dir = "${folder}/state"
drain_timeout = "1 s"

[server.limits]
choices_per_minute = 1000

[controller]
name = "Practice"
bin = "260140000005"
address = "Astana"
email = "privacy@practice.example"

[[site]]
hosts = ["localhost"]
upstream = "http://127.0.0.1:${server.address().port}"
languages = ["en", "ru", "kk"]
mode = "${mode}"
${lines.split("\n[")[0]}

[site.consent]
offer = ${JSON.stringify(offer)}

[site.notice]
third_parties = "none"
cross_border = "none"
public = "none"
data = ["cookies"]
storage_place = "Kazakhstan"
${lines.includes("\n[") ? lines.slice(lines.indexOf("\n[")) : ""}
`);
  const { matches, stop } = await start(KELISIM, ["run", "--config", file], [/started.*http.*?\[(127\.0\.0\.1:\d+)\]/]);
  return {
    http: `http://localhost:${matches[0][1].split(":")[1]}`,
    posts,
    log: () => exportLog(file),
    stop: async () => {
      await stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
