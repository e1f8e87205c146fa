// A site that keeps one optional name in every place at once, and a gateway before it that speaks TLS as `www.shop.localhost`.

import { createServer } from "node:http";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { siteTable, startKelisim } from "./gateway.js";

/** What every page but the quiet ones sets. */
const LINES = [
  "PHPSESSID=s; Path=/; HttpOnly",
  "_ga=host; Path=/",
  "_ga=domain; Path=/; Domain=shop.localhost",
  "_ga=middle; Path=/; Domain=www.shop.localhost",
  "_ga=a; Path=/a",
  "_ga=a-slash; Path=/a/; HttpOnly",
  "_ga=deep; Path=/a/b; Domain=shop.localhost; HttpOnly",
  "_ga=other; Path=/other; HttpOnly; SameSite=Strict",
  "_ga=apart; Path=/; Secure; SameSite=None; Partitioned",
  "_ga=apart-a; Path=/a; Secure; SameSite=None; Partitioned",
  "__Host-_ga=bound; Path=/; Secure; HttpOnly",
  "__Secure-_ga=secure; Path=/a; Secure; Domain=shop.localhost",
  "_ym_uid=1; Path=/a/b/c; Max-Age=600",
];

const HOST = "www.shop.localhost";

/** `https` is the site behind the gateway; `cookiesAt` answers the names that the newest request for a path brought to the site. */
export async function startKeeper() {
  const seen = new Map();
  const site = createServer((request, response) => {
    // Headers are read as Latin-1, and browsers send letters beyond ASCII as UTF-8.
    const names = Buffer.from(request.headers.cookie ?? "", "latin1").toString("utf8").split("; ").filter(Boolean).map((pair) => pair.split("=")[0]);
    seen.set(request.url, names);
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    if (!request.url.endsWith("quiet")) response.setHeader("Set-Cookie", LINES);
    response.end("<!DOCTYPE html><html><head><title>Shop</title><link rel=icon href=data:,></head><body><p>Welcome</p></body></html>");
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));

  const folder = mkdtempSync(join(tmpdir(), "kelisim-keeper-"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"];
  const name = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
  execFileSync("openssl", ["req", "-x509", ...key, ...name, "-out", "certificate.pem", "-days", "30"], { cwd: folder, stdio: "ignore" });
  const tls = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  const gateway = await startKelisim([siteTable({ hosts: [HOST], upstream: `127.0.0.1:${site.address().port}` })], { tls });
  return {
    https: `https://${HOST}:${gateway.port}`,
    cookiesAt: (path) => seen.get(path),
    stop: async () => {
      await gateway.stop();
      await new Promise((resolve) => {
        site.close(resolve);
        site.closeAllConnections();
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
