// The one port of loopback to which browsers are sent for every name: it reads the name that a TLS connection asks for, notes it, and
// passes the connection on. So addresses keep their default ports, and a connection without a request is seen too.

import { connect, createServer } from "node:net";

/** Longest first message that is waited for, in bytes: a record of TLS holds no more. */
const LONGEST_HELLO = 16_384 + 5;

/**
 * `portFor` says which port of loopback serves a name, and answers nothing where nobody
 * does: such a connection is left waiting, because browsers that call their makers try again and again when it is closed. `seen` is told every name.
 */
export function startFront(portFor, seen) {
  const sockets = new Set();
  const front = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let hello = Buffer.alloc(0);
    const read = (bytes) => {
      hello = Buffer.concat([hello, bytes]);
      const name = serverName(hello);
      if (name === undefined && hello.length < LONGEST_HELLO) return;
      socket.off("data", read);
      socket.pause();
      const port = name && portFor(name);
      if (name) seen(name);
      if (!port) return;
      const behind = connect(port, "127.0.0.1");
      behind.on("error", () => socket.destroy());
      behind.once("close", () => socket.destroy());
      socket.once("close", () => behind.destroy());
      behind.write(hello);
      socket.pipe(behind).pipe(socket);
    };
    socket.on("data", read);
  });
  return new Promise((resolve, reject) => {
    front.once("error", reject);
    front.listen(0, "127.0.0.1", () => {
      const stop = () => {
        sockets.forEach((socket) => socket.destroy());
        return new Promise((closed) => front.close(closed));
      };
      resolve({ port: front.address().port, stop });
    });
  });
}

/** The name in a ClientHello (RFC 8446, 4.1.2; RFC 6066, 3): undefined while more bytes are needed, null where there is none. */
function serverName(bytes) {
  if (bytes.length < 5) return undefined;
  // Only TLS is spoken here: 22 is a handshake.
  if (bytes[0] !== 22) return null;
  if (bytes.length < 5 + bytes.readUInt16BE(3)) return undefined;
  // Record header, type and length of the message, version, random.
  let at = 5 + 4 + 2 + 32;
  at += 1 + bytes[at];
  at += 2 + bytes.readUInt16BE(at);
  at += 1 + bytes[at];
  const end = at + 2 + bytes.readUInt16BE(at);
  for (at += 2; at + 4 <= end; at += 4 + bytes.readUInt16BE(at + 2)) {
    if (bytes.readUInt16BE(at) === 0) return bytes.toString("latin1", at + 9, at + 9 + bytes.readUInt16BE(at + 7));
  }
  return null;
}
