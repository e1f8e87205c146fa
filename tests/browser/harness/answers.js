// A site of a few lines with the gateway before it, for stories that need pages of their own.

import { createServer } from "node:http";
import { startGateway } from "./wiki.js";

/** `answer` takes a path and answers a type and a body, or nothing for what is not there; `lines` are TOML of the site's table. `direct` is the site without the gateway. */
export async function startAnswering(answer, lines = "") {
  const server = createServer((request, response) => {
    const found = answer(new URL(request.url, "http://localhost").pathname);
    response.writeHead(found ? 200 : 404, { "content-type": found?.type ?? "text/plain", "cache-control": "no-store" });
    response.end(found?.body ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${server.address().port}`;
  const gateway = await startGateway(address, lines);
  return {
    http: gateway.http,
    direct: `http://${address}`,
    stop: async () => {
      await gateway.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
