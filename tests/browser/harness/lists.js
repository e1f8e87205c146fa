// Filter lists that blockers subscribe to, and one of the engines that blockers work with. Lists are installed by tests/run, pinned, and never committed.

import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { FiltersEngine, Request } from "@ghostery/adblocker";

/** Where tests/run puts the lists. */
const FOLDER = new URL("../node_modules/.filter-lists/", import.meta.url).pathname;

/** Folders with lists as text: the pinned ones and, if the caller names one, whatever else lies in it. */
const FOLDERS = [FOLDER, process.env.KELISIM_FILTER_LISTS].filter(Boolean);

/** Every list: its `name`, its `text`, and `blocker`, what blockers do with it. */
export function readLists() {
  const files = FOLDERS.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".txt")).map((name) => join(folder, name)));
  return files.map((file) => {
    const text = readFileSync(file, "utf8");
    return { name: basename(file), text, blocker: new Blocker(text) };
  });
}

class Blocker {
  constructor(text) {
    this.engine = FiltersEngine.parse(text, { debug: true, enableHtmlFiltering: false });
  }

  /** The rule that blocks this request, or nothing. */
  blocks(url, type, page) {
    const { match, redirect, filter } = this.engine.match(Request.fromRawDetails({ url, type, sourceUrl: page }));
    return match || redirect ? filter.toString() : undefined;
  }

  /** Selectors of what is to be hidden on a page of this address that has these classes, identifiers and links. */
  selectors(page, { classes, ids, hrefs }) {
    const { hostname } = new URL(page);
    const { matches } = this.engine.matchCosmeticFilters({ url: page, hostname, domain: hostname, classes, ids, hrefs });
    return matches.filter(({ filter }) => !filter.isScriptInject()).map(({ filter }) => filter.getSelector());
  }
}
