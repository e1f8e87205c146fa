// A client that keeps cookies, sends what browsers send with a navigation, and gives the bytes as they came.

import { request } from "node:http";

/** The site's name for the client, whether or not the gateway stands between. */
const HOST = "localhost";

export class Client {
  /** `address` is host and port to connect to. */
  constructor(address) {
    [this.hostname, this.port] = address.split(":");
    this.jar = new Map();
  }

  get(path, headers = {}) {
    return this.send("GET", path, headers);
  }

  /** Posts a form as a browser does, `fields` as an object. */
  post(path, fields) {
    const body = new URLSearchParams(fields).toString();
    return this.send("POST", path, { "content-type": "application/x-www-form-urlencoded", origin: `http://${HOST}` }, body);
  }

  /** Posts a form with a file in it; `more` are further headers. */
  upload(path, fields, field, name, bytes, more) {
    const boundary = "----a-boundary-that-no-file-has";
    const part = (head, body) => [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), Buffer.from(body), Buffer.from("\r\n")];
    const parts = Object.entries(fields).flatMap(([key, value]) => part(`name="${key}"`, value));
    parts.push(...part(`name="${field}"; filename="${name}"\r\nContent-Type: application/octet-stream`, bytes), Buffer.from(`--${boundary}--\r\n`));
    const headers = { "content-type": `multipart/form-data; boundary=${boundary}`, origin: `http://${HOST}`, ...more };
    return this.send("POST", path, headers, Buffer.concat(parts));
  }

  send(method, path, headers, body = "") {
    const all = {
      host: HOST,
      "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
      accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "accept-language": "en",
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
      "sec-fetch-user": "?1",
      ...headers,
    };
    if (this.jar.size > 0) all.cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    if (method === "POST") all["content-length"] = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      const asking = request({ hostname: this.hostname, port: this.port, method, path, headers: all, agent: false }, (answer) => {
        const parts = [];
        answer.on("data", (bytes) => parts.push(bytes));
        answer.once("error", reject);
        answer.once("end", () => {
          for (const line of answer.headers["set-cookie"] ?? []) this.#keep(line);
          const bytes = Buffer.concat(parts);
          resolve({ status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString("utf8") });
        });
      });
      asking.once("error", reject);
      asking.end(body);
    });
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, ...value] = pair.split("=");
    const attribute = (wanted) => attributes.find((other) => other.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const age = attribute("max-age");
    const ended = age === undefined ? Date.parse(attribute("expires")) <= Date.now() : Number(age) <= 0;
    if (ended) this.jar.delete(name);
    else this.jar.set(name, value.join("="));
  }
}

/** Value of the hidden field with this name, of the form with this id where one is named. */
export function field(page, name, form = "") {
  const from = form ? page.indexOf(`id="${form}"`) : 0;
  const value = page.slice(from).match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1];
  if (value === undefined) throw new Error(`no field ${name} in ${form || "the page"}`);
  return value;
}
