// A map of someone else, and a site whose pages show it.

import { createServer } from "node:http";
import { startSite } from "./site.js";

/**
 * `pages` takes the map's origin. Answers what `startSite` answers, and `asked`: paths and queries of the requests that reached the map's server, whose `/away`
 * leads to a host that nobody named.
 */
export async function startWithMap(pages) {
  const asked = [];
  const server = createServer((request, answer) => {
    if (request.url !== "/favicon.ico") asked.push(request.url);
    answer.setHeader("Content-Type", "text/html; charset=utf-8");
    if (request.url === "/away") answer.writeHead(302, { location: `http://stranger.localhost:${server.address().port}/stranger` });
    answer.end("<!doctype html><title>Map</title><p>The map");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `maps.localhost:${server.address().port}`;
  const lines = `\n[[site.host]]\nname = "${host}"\ncategory = "functional"\nowner = "Maps & Co"\n`;
  const site = await startSite({ lines, pages: pages(`http://${host}`) });
  return {
    ...site,
    asked,
    stop: async () => {
      await site.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
