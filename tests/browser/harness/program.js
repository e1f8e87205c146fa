// Programs that a story needs beside itself: started, waited for until they say where they listen, stopped.

import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";

/** Longest wait for a program to say what it is expected to say, in milliseconds. */
const PATIENCE = 30_000;

/** The binary under test; tests/run names it. */
export const KELISIM = process.env.KELISIM ?? new URL("../../../target/debug/kelisim", import.meta.url).pathname;

// A program whose test failed must not outlive it.
const running = new Set();
process.once("exit", () => running.forEach((signal) => signal("SIGKILL")));

/**
 * Starts a program and waits until it has said all of `words`, each a regular expression over what it wrote so far.
 * Answers the matches in the same order, and `stop`.
 */
export async function start(command, argumentList, words, environment = {}) {
  // A group of its own, because PHP's server has workers that outlive a signal to it alone.
  const child = spawn(command, argumentList, {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const signal = (name) => {
    if (!child.pid) return;
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  const ended = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  const found = new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => reject(new Error(`${command} said only: ${said}`)), PATIENCE);
    const listen = (bytes) => {
      said += bytes;
      const matches = words.map((word) => said.match(word));
      if (matches.every(Boolean)) {
        clearTimeout(tooLate);
        resolve(matches);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    signal("SIGTERM");
    await ended;
  };
  running.add(signal);
  ended.then(() => running.delete(signal));
  try {
    return { matches: await found, stop };
  } catch (error) {
    signal("SIGKILL");
    throw error;
  }
}

/** A port of loopback that nobody had a moment ago, for programs that cannot choose one themselves. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * The demonstration: `http` and `https` are the site behind the gateway, `direct` is the site without it, and `log` answers the recorded choices;
 * `admin` is where an operator signs in with `name` and `password`.
 */
export async function startDemo() {
  const words = [
    /http:\/\/localhost:\d+/,
    /https:\/\/localhost:\d+/,
    /without the gateway\s+(http:\/\/[\d.:]+)/,
    /--config (\S+)/,
    /dashboard\s+(http:\/\/[\d.:]+)/,
    /dashboard as (\S+) with (\S+)/,
    /All of it lies in/
  ];
  const { matches, stop } = await start(KELISIM, ["demo"], words);
  const [http, https] = matches.map((match) => match[0]);
  const [name, password] = matches[5].slice(1);
  return { http, https, direct: matches[2][1], stop, log: () => exportLog(matches[3][1]), admin: matches[4][1], name, password };
}

/** The events of the consent log of the gateway with this configuration, oldest first. */
export function exportLog(configuration) {
  const lines = execFileSync(KELISIM, ["log", "export", "--format", "jsonl", "--config", configuration], { encoding: "utf8" });
  return lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}
