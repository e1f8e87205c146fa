  // Cookies that scripts write: held back as they are written, and removed where they got in by another way.

  const jar = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  const cookies = () => (attempt(() => jar.get.call(document)) || "").split("; ").filter(Boolean);
  const names = () => cookies().map((pair) => pair.slice(0, Math.max(pair.indexOf("="), 0)));
  const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, "");

  // What of a written line goes on to the browser: all of it, a deletion, or nothing. What is known and refused becomes a deletion
  // whatever it was, at the domain and path that its own script names; so no date has to be read as each browser would.
  function cleared(line) {
    const visible = line.split(/[\0\r\n]/)[0];
    const pair = visible.split(";")[0];
    const attributes = visible.slice(pair.length);
    const words = pair.split("=").map(trim);
    const name = words.length > 1 ? words[0] : "";
    let verdict = judge(name);
    // A cookie without a name is sent as its value alone, which may then read as name and value.
    if (!name && words.length > 2) verdict = Math.max(verdict, judge(words[1]));
    if (verdict === PASSES) return line;
    const deletes = /;\s*(max-age\s*=\s*[-0]|expires\s*=[^;]*\b(19[789]|20[01])\d\b)/i.test(attributes);
    return verdict === REFUSED || verdict === UNKNOWN && deletes ? name + "=" + attributes + ";Max-Age=0" : "";
  }

  function define(owner, name, description) {
    attempt(() => Object.defineProperty(owner, name, Object.assign({ configurable: false, enumerable: true }, description)));
  }

  define(Document.prototype, "cookie", {
    get: jar.get,
    set: function (line) {
      const text = "" + line;
      const passes = attempt(() => cleared(text));
      if (passes !== "") jar.set.call(this, passes === undefined ? text : passes);
    }
  });

  attempt(() => {
    const native = CookieStore.prototype.set;
    define(CookieStore.prototype, "set", {
      value: function (first) {
        const options = arguments.length > 1 ? { name: first } : first;
        const silent = attempt(() => {
          const verdict = judge(trim("" + options.name));
          return verdict === OURS || verdict !== PASSES && !(typeof options.expires === "number" && options.expires <= Date.now());
        });
        return silent ? Promise.resolve() : native.apply(this, arguments);
      }
    });
  });

  // The browser does not say at which domain and path a cookie is kept, but this page sees it only from these. A neighbouring service
  // may keep what nobody here knows for the whole domain: of that only this host's own goes.
  function expire(name, everywhere) {
    const domains = [""];
    const labels = location.hostname.split(".");
    if (everywhere) labels.forEach((label, at) => domains.push(";Domain=" + labels.slice(at).join(".")));
    const secure = location.protocol === "https:" ? [";Secure", ";Secure;SameSite=None;Partitioned"] : [""];
    const parts = location.pathname.split("/").slice(0, 8);
    parts.forEach((part, at) => ["", "/"].forEach((end) => domains.forEach((domain) => secure.forEach((more) => {
      jar.set.call(document, name + "=;Path=" + parts.slice(0, at + 1).join("/") + end + domain + more + ";Max-Age=0");
    }))));
  }

  // What nobody knows and was there before is left: only what appears while this page is open was written round the shim.
  let before = null;

  function sweepCookies(list) {
    before = before || new Set(names());
    new Set(list || names()).forEach((name) => {
      const verdict = judge(name);
      if (verdict === REFUSED) expire(name, true);
      else if (verdict === UNKNOWN && site.sweeps && !before.has(name)) expire(name, false);
    });
  }

  // The readable copy of the visitor's choice, which the server writes beside its own record.
  function view() {
    const copy = cookies().find((pair) => pair.startsWith("kelisim_view="));
    if (!copy) return null;
    const fields = new URLSearchParams(copy.slice(13));
    return {
      allowed: site.offer.filter((category) => category === "necessary" || fields.get(category) === "1"),
      time: fields.get("time") * 1000
    };
  }
