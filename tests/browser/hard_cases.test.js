// All hard cases in one run, so that they share one world and one Chromium and Firefox. Each file of them runs alone as well.

import { readdirSync } from "node:fs";

const folder = new URL("./cases/", import.meta.url);
for (const name of readdirSync(folder).sort()) await import(new URL(name, folder));
