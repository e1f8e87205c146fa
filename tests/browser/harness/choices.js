// A choice made as a browser without scripts makes it, by a form; the cookies that come of it can be given to a browser.

import { request } from "node:https";
import { field } from "./client.js";

const HOST = "site.test";

/** Asks the gateway as a browser does that follows a link; answers status, headers and bytes. */
export function ask(world, path, { method = "GET", headers = {}, body } = {}) {
  const sent = {
    "host": HOST,
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-user": "?1",
    "accept": "text/html,*/*",
    ...headers,
  };
  const options = { host: "127.0.0.1", port: world.gateway.port, servername: HOST, rejectUnauthorized: false, method, path, headers: sent, agent: false };
  return new Promise((resolve, reject) => {
    const asking = request(options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).once("error", reject);
      answer.once("end", () => resolve({ status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders, bytes: Buffer.concat(parts) }));
    });
    asking.once("error", reject).end(body);
  });
}

/** The value of `Cookie` for these cookies. */
export function cookieLine(cookies) {
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** Posts the settings page's form with this choice, as a visitor who has these cookies; answers the cookies that they have then. */
export async function choose(world, choice, cookies = []) {
  const jar = new Map(cookies.map(({ name, value }) => [name, value]));
  const cookie = cookieLine(cookies);
  const settings = (await ask(world, "/_kelisim/settings?language=en&to=/", { headers: { cookie } })).bytes.toString();
  const fields = Object.fromEntries(["edition", "language", "notice", "layer", "to"].map((name) => [name, field(settings, name)]));
  const body = new URLSearchParams({ ...fields, choice }).toString();
  const headers = { "cookie": cookie, "content-type": "application/x-www-form-urlencoded", "content-length": body.length, "origin": `https://${HOST}` };
  const answer = await ask(world, "/_kelisim/choice", { method: "POST", headers, body });
  if (answer.status !== 303) throw new Error(`the choice was answered ${answer.status}: ${answer.bytes}`);
  for (const line of answer.headers["set-cookie"] ?? []) {
    const [name, value] = line.split(";")[0].split("=");
    if (/kelisim/.test(name)) jar.set(name, value);
  }
  return [...jar].map(([name, value]) => ({ name, value, domain: HOST, path: "/", secure: true, httpOnly: name === "__Host-kelisim", sameSite: "Lax" }));
}
