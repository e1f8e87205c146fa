// The site's own server: answers as data, by path. It listens twice, in the clear for the gateway and with TLS for the browser that comes
// without one, so that both get the same answers.

import { createServer } from "node:http";
import { createSecureServer } from "node:http2";

export class Origin {
  constructor() {
    this.routes = new Map();
    this.requests = [];
  }

  async start(certificate) {
    const answer = (request, response) => this.#answer(request, response);
    this.plain = createServer(answer);
    // Browsers take interim answers over HTTP/2 only.
    this.secure = createSecureServer({ ...certificate, allowHTTP1: true }, answer);
    this.sessions = new Set();
    this.secure.on("session", (session) => {
      this.sessions.add(session);
      session.once("close", () => this.sessions.delete(session));
    });
    for (const server of [this.plain, this.secure]) await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.port = this.plain.address().port;
    this.securePort = this.secure.address().port;
  }

  async stop() {
    this.plain.closeAllConnections();
    this.sessions.forEach((session) => session.destroy());
    await Promise.all([this.plain, this.secure].map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /**
   * Serves a path, or all below it where it ends with a slash, with an answer, or with what a function makes of the request's URL and headers (or writes by itself, and answers nothing).
   * An answer has `status`, `type`, `headers` (name and value, or a list of values), `body` and `early`, a list of `Link` values of a 103.
   */
  serve(path, answer) {
    this.routes.set(path, answer);
  }

  /** Requests for this path, each with `method`, `headers`, `query`. */
  askedFor(path) {
    return this.requests.filter((request) => request.path === path);
  }

  #answer(request, response) {
    const url = new URL(request.url, "https://site.test");
    this.requests.push({ method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers });
    request.resume();
    const route = this.routes.get(url.pathname) ?? this.routes.get(url.pathname.replace(/[^/]+\/[^/]*$/, ""));
    const answer = typeof route === "function" ? route(url, request.headers, response) : route;
    if (route && !answer) return;
    const { status = 200, type = "text/html; charset=utf-8", headers = {}, body = "", early } = answer ?? { status: 404, body: "nothing here" };
    // Which headers a 103 has is the same for both kinds of server; that it is sent is not.
    if (early && response.writeEarlyHints) response.writeEarlyHints({ link: early });
    response.writeHead(status, { "content-type": type, "cache-control": "no-cache", ...headers });
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

/** A whole page with this in its head and body. */
export function page(body, { head = "", attributes = "" } = {}) {
  return `<!doctype html><html lang="en"${attributes}><head><meta charset="utf-8"><title>A page</title>${head}</head><body>${body}</body></html>`;
}
