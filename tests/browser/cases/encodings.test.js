// A page in an old encoding, with its declaration late and bytes that mean nothing in it.

import assert from "node:assert/strict";
import { SETTINGS, LINK } from "../harness/browsers.js";
import { hardCase } from "../harness/cases.js";
import { BARE, STRICT } from "../harness/world.js";

const BYTES = new Map([...new TextDecoder("windows-1251").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))].map((letter, byte) => [letter, byte]));
const encode = (text) => Buffer.from([...text].map((letter) => BYTES.get(letter)));

/** 0x98 is no letter of windows-1251, and a lone 0xFF none of UTF-8. */
const document = (charset, encoded) => Buffer.concat([
  Buffer.from("<!doctype html><html><head><!--"),
  Buffer.from("-".repeat(900)),
  Buffer.from(`--><meta charset="${charset}"><title>x</title></head><body><h1 title="`),
  encoded("Подсказка "), Buffer.from([0x98, 0xff]), Buffer.from('">'), encoded("Старая кодировка "), Buffer.from([0x98, 0xff]),
  Buffer.from(`</h1><form method="post" action="./sent"><input name="q" value="`), encoded("знак"), Buffer.from('"><button id="go">Go</button></form></body></html>'),
]);

hardCase("2: an old encoding and a Kazakh banner", (story) => {
  for (const [charset, encoded] of [["windows-1251", encode], ["utf-8", (text) => Buffer.from(text)]]) {
    story(`a page in ${charset}, declared at byte 900, with invalid bytes, is read as without the gateway`, { language: "kk" }, async (anna, { origin, fresh }) => {
      const folder = `/encodings/${fresh()}`;
      origin.serve(`${folder}/page`, { type: "text/html", body: document(charset, encoded) });
      let sent;
      origin.serve(`${folder}/sent`, (url, headers, response) => {
        sent = headers["content-length"];
        response.writeHead(200, { "content-type": "text/html" }).end("<p>sent");
      });
      const read = () => anna.page.evaluate(() => {
        const heading = document.querySelector("h1");
        return [document.characterSet, heading.textContent, heading.title, document.querySelector("input[name=q]").value];
      });
      anna.site = BARE;
      await anna.open(`${folder}/page`);
      const before = await read();
      await anna.clickAndFollow("#go");
      const lengthBefore = sent;
      anna.site = STRICT;
      await anna.open(`${folder}/page`);
      assert.deepEqual(await read(), before);
      assert.equal(await anna.text(SETTINGS), "Баптаулар");
      await anna.refuse();
      assert.ok(await anna.sees(LINK));
      await anna.clickAndFollow("#go");
      assert.equal(sent, lengthBefore);
    });
  }
});
