// A certificate authority of the tests' own, made anew for each run, and certificates that it signs.

import { createHash, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIFETIME = ["-days", "30"];

/**
 * Makes an authority in a folder, and for each entry of `names` (a label and the names that it stands for) a certificate, all with one
 * key. Answers `of(label)` with its files and their content, and `fingerprint`, which Chromium is told to trust: the key's SHA-256.
 */
export function makeCertificates(folder, names) {
  const openssl = (...parameters) => execFileSync("openssl", parameters, { cwd: folder, stdio: "pipe" });
  for (const file of ["authority.key", "server.key"]) {
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file);
  }
  openssl("req", "-x509", "-new", "-key", "authority.key", "-subj", "/CN=Authority of the tests", ...LIFETIME, "-out", "authority.pem");
  const made = {};
  for (const [label, alternatives] of Object.entries(names)) {
    const extensions = `subjectAltName=${alternatives.map((name) => `DNS:${name}`).join(",")}\nextendedKeyUsage=serverAuth\n`;
    writeFileSync(join(folder, `${label}.ext`), extensions);
    openssl("req", "-new", "-key", "server.key", "-subj", `/CN=${label}`, "-out", `${label}.csr`);
    openssl("x509", "-req", "-in", `${label}.csr`, "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", ...LIFETIME,
      "-extfile", `${label}.ext`, "-out", `${label}.pem`);
    made[label] = {
      files: { certificate: join(folder, `${label}.pem`), key: join(folder, "server.key") },
      cert: readFileSync(join(folder, `${label}.pem`), "utf8"),
      key: readFileSync(join(folder, "server.key"), "utf8"),
    };
  }
  const publicKey = new X509Certificate(Object.values(made)[0].cert).publicKey.export({ type: "spki", format: "der" });
  return { of: (label) => made[label], fingerprint: createHash("sha256").update(publicKey).digest("base64") };
}
