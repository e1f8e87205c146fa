// The servers of others: one that measures visitors, one that no configuration names, one with films, one with files that the site needs.
// They answer whatever is asked with something that fits, and keep what they were asked. Each way to reach them has a name of its own.

import { createServer } from "node:https";
import { EventEmitter } from "node:events";

/** Longest wait for something to arrive, in milliseconds. */
const PATIENCE = 20_000;

const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
const ANSWERS = {
  gif: ["image/gif", PIXEL],
  js: ["text/javascript", "globalThis.foreignScriptRan = true;"],
  css: ["text/css", "/* a style */"],
  html: ["text/html", "<!doctype html><title>A frame of others</title><p>A frame of others"],
  svg: ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  vtt: ["text/vtt", "WEBVTT\n"],
  json: ["application/json", "{}"],
  events: ["text/event-stream", "data: hello\n\n"],
  rules: ["application/speculationrules+json", '{"prefetch":[]}'],
};

export class Others extends EventEmitter {
  constructor() {
    super();
    this.setMaxListeners(0);
    this.requests = [];
    this.connections = new Set();
  }

  /** Starts the server with this certificate; HTTP/1.1 alone, so that no name shares a connection with another. */
  async start(certificate) {
    this.server = createServer({ ...certificate, ALPNProtocols: ["http/1.1"] }, (request, response) => {
      this.#note(request);
      request.resume();
      const ending = new URL(request.url, "https://any.test").pathname.split(".").pop();
      const [type, body] = ANSWERS[ending] ?? ["text/plain", "hello"];
      response.writeHead(200, {
        "content-type": type,
        // A file that a browser keeps can run again without being asked for.
        "cache-control": request.url.startsWith("/kept") ? "max-age=600" : "no-store",
        "access-control-allow-origin": request.headers.origin ?? "*",
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "content-type",
        "timing-allow-origin": "*",
      });
      response.end(body);
    });
    this.server.on("upgrade", (request, socket) => {
      this.#note(request);
      socket.destroy();
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = this.server.address().port;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** The front tells of every connection that asks for one of these names. */
  connected(host) {
    this.connections.add(host);
    this.emit("arrival");
  }

  /** What was asked of this host, as `METHOD path`. */
  askedOf(host) {
    return this.requests.filter((request) => request.host === host).map(({ method, path }) => `${method} ${path}`);
  }

  /** Whether anything at all reached a host: a request, or a connection. */
  knows(host) {
    return this.connections.has(host) || this.askedOf(host).length > 0;
  }

  /** Waits until a condition on what has arrived holds; false when it does not in time. */
  async until(condition, patience = PATIENCE) {
    if (condition()) return true;
    return new Promise((resolve) => {
      const end = (held) => {
        clearTimeout(tooLate);
        this.off("arrival", look);
        resolve(held);
      };
      const look = () => condition() && end(true);
      const tooLate = setTimeout(() => end(false), patience);
      this.on("arrival", look);
    });
  }

  #note(request) {
    const { method, url: path, headers } = request;
    this.requests.push({ host: headers.host, method, path, headers });
    this.emit("arrival");
  }
}
