// A choice made as a browser without scripts makes it, by a form; the cookies that come of it can be given to a browser.

import { request } from "node:https";
import { field } from "./client.js";

const HOST = "site.test";

/** Posts the settings page's form with this choice, as a visitor who has these cookies; answers the cookies that they have then. */
export async function choose(world, choice, cookies = []) {
  const jar = new Map(cookies.map(({ name, value }) => [name, value]));
  const ask = (method, path, headers, body) => new Promise((resolve, reject) => {
    const sent = {
      "host": HOST,
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
      "sec-fetch-user": "?1",
      "cookie": [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
      ...headers,
    };
    const options = { host: "127.0.0.1", port: world.gateway.port, servername: HOST, rejectUnauthorized: false, method, path, headers: sent, agent: false };
    request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.once("end", () => resolve({ status: answer.statusCode, lines: answer.headers["set-cookie"] ?? [], text }));
    }).once("error", reject).end(body);
  });
  const settings = await ask("GET", "/_kelisim/settings?language=en&to=/", {});
  const fields = Object.fromEntries(["edition", "language", "notice", "layer", "to"].map((name) => [name, field(settings.text, name)]));
  const body = new URLSearchParams({ ...fields, choice }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": body.length, "origin": `https://${HOST}` };
  const answer = await ask("POST", "/_kelisim/choice", headers, body);
  if (answer.status !== 303) throw new Error(`the choice was answered ${answer.status}: ${answer.text}`);
  for (const line of answer.lines) {
    const [name, value] = line.split(";")[0].split("=");
    if (/kelisim/.test(name)) jar.set(name, value);
  }
  return [...jar].map(([name, value]) => ({ name, value, domain: HOST, path: "/", secure: true, httpOnly: name === "__Host-kelisim", sameSite: "Lax" }));
}
