// DokuWiki as Debian ships it, served by PHP's own server from a temporary folder, and a gateway before it.
// The wiki's code stays where Debian put it and is not changed; only its settings and data are ours.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cookieTable, siteTable, startKelisim } from "./gateway.js";
import { freePort, start } from "./program.js";

const CODE = process.env.DOKUWIKI ?? "/usr/share/dokuwiki";
const SHIPPED_SETTINGS = process.env.DOKUWIKI_SETTINGS ?? "/etc/dokuwiki";

/** What a wiki writes to, in its data folder. */
const DATA = ["attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp"];

export const USER = { name: "anna", password: "correct horse battery" };

/** A wiki with one user and no pages; `cookiesSeen` answers the names of the cookies of every request, in order. */
export async function startWiki() {
  const folder = mkdtempSync(join(tmpdir(), "kelisim-wiki-"));
  const settings = join(folder, "conf");
  mkdirSync(settings);
  for (const name of readdirSync(SHIPPED_SETTINGS)) {
    // Accounts and rights are not ours to read, and are written anew below.
    if (/\.auth\.php$|^local\.php$/.test(name)) continue;
    const file = join(SHIPPED_SETTINGS, name);
    if (statSync(file).isFile()) copyFileSync(file, join(settings, name));
  }
  for (const name of DATA) mkdirSync(join(folder, "data", name), { recursive: true });
  const hash = execFileSync("php", ["-r", "echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 4]);", USER.password]);
  writeFileSync(join(settings, "users.auth.php"), `${USER.name}:${hash}:Anna:anna@example.org:admin,user\n`);
  writeFileSync(join(settings, "acl.auth.php"), "*\t@ALL\t1\n*\t@user\t8\n");
  writeFileSync(join(settings, "local.php"), `<?php
$conf['title'] = 'Wiki of the workshop';
$conf['savedir'] = '${folder}/data';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['updatecheck'] = 0;
`);
  const seen = join(folder, "cookies.txt");
  writeFileSync(seen, "");
  writeFileSync(join(folder, "before.php"), `<?php
define('DOKU_CONF', '${settings}/');
file_put_contents('${seen}', implode(' ', array_keys($_COOKIE)) . "\\n", FILE_APPEND);
`);
  const port = await freePort();
  const options = { auto_prepend_file: join(folder, "before.php"), upload_max_filesize: "32M", post_max_size: "33M" };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-d", `${name}=${value}`]);
  const { stop } = await start("php", [...flags, "-S", `127.0.0.1:${port}`, "-t", CODE], [/Development Server .* started/], {
    PHP_CLI_SERVER_WORKERS: "3",
  });
  return {
    address: `127.0.0.1:${port}`,
    cookiesSeen: () => readFileSync(seen, "utf8").trimEnd().split("\n").map((line) => line.split(" ").filter(Boolean)),
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A gateway in mode `strict` before what listens at this address, configured as an operator of a DokuWiki would who knows its cookies; `keys` are more of the site's table. */
export function startGateway(upstream, keys = "") {
  const tables = cookieTable("DokuWiki", "necessary", "the wiki", "the session", "session")
    + cookieTable("DW*", "necessary", "the wiki", "keeps a user logged in who asked for it")
    + cookieTable("DOKU_PREFS", "functional", "the wiki", "how lists are shown");
  return startKelisim([siteTable({ upstream, keys, tables })]);
}
