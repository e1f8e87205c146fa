// A site of a few pages that a story writes itself, and the gateway before it.

import { createServer } from "node:http";
import { siteTable, startKelisim } from "./gateway.js";

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
  const below = lines.indexOf("\n[");
  const [keys, tables] = below < 0 ? [lines, ""] : [lines.slice(0, below), lines.slice(below)];
  const gateway = await startKelisim([siteTable({ upstream: `127.0.0.1:${server.address().port}`, mode, offer, keys, tables })]);
  return {
    http: gateway.http,
    posts,
    log: gateway.log,
    stop: async () => {
      await gateway.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
