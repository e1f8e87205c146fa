// All ways by which a page makes a browser ask another host, as data. Each writes, for a host of its own, what stands in a page or in its
// headers. Which ways a browser goes at all is not written here: the page without a gateway shows it.

/** In the page's markup; they need no script. */
export const MARKUP = {
  "image": (host) => `<img src="https://${host}/a.gif" alt="">`,
  "image of a set": (host) => `<picture><source srcset="https://${host}/a.gif 1x, https://${host}/b.gif 2x"><img alt=""></picture>`,
  "image of a drawing": (host) => `<svg><image href="https://${host}/a.gif" width="9" height="9"/></svg>`,
  "image as a button": (host) => `<input type="image" src="https://${host}/a.gif" alt="go">`,
  "style sheet": (host) => `<link rel="stylesheet" href="https://${host}/a.css">`,
  "imported style": (host) => `<style>@import "https://${host}/a.css";</style>`,
  "background": (host) => `<p style="background-image: url(https://${host}/a.gif)">background</p>`,
  "background of old": (host) => `<table background="https://${host}/a.gif"><tr><td>old</table>`,
  "font": (host, family) => `<style>@font-face { font-family: f-${family}; src: url(https://${host}/a.woff2) }</style><p style="font-family: f-${family}">font</p>`,
  "frame": (host) => `<iframe src="https://${host}/a.html"></iframe>`,
  "frame in a frame": (host) => `<iframe src="/ways/inner?host=${host}"></iframe>`,
  "image in a written frame": (host) => `<iframe srcdoc="<img src='https://${host}/a.gif'>"></iframe>`,
  "object": (host) => `<object data="https://${host}/a.svg" type="image/svg+xml"></object>`,
  "embedded": (host) => `<embed src="https://${host}/a.svg" type="image/svg+xml">`,
  "film": (host) => `<video preload="auto" src="https://${host}/a.mp4"></video>`,
  "poster": (host) => `<video preload="none" poster="https://${host}/a.gif" src="/none.mp4"></video>`,
  "sound": (host) => `<audio preload="auto" src="https://${host}/a.mp3"></audio>`,
  "subtitles": (host) => `<video crossorigin preload="auto" src="/none.mp4"><track default kind="subtitles" srclang="en" src="https://${host}/a.vtt"></video>`,
  "image without scripts": (host) => `<noscript><img src="https://${host}/a.gif" alt=""></noscript>`,
  "frame without scripts": (host) => `<noscript><iframe src="https://${host}/a.html"></iframe></noscript>`,
  "script": (host) => `<script src="https://${host}/a.js"></script>`,
  "script of a written frame": (host) => `<iframe srcdoc="<script src='https://${host}/a.js'></script>"></iframe>`,
  "module": (host) => `<script type="module" src="https://${host}/a.js"></script>`,
  // Far down, where a browser that looks ahead finds it before anything else has run.
  "late script": (host) => `<!--${"-".repeat(20_000)}--><script async src="https://${host}/late.js"></script>`,
};

/** In the markup of a page that is calm otherwise, because Firefox prefetches only then. */
export const HINTS = {
  "prefetch": (host) => `<link rel="prefetch" href="https://${host}/a.html">`,
  "preload": (host) => `<link rel="preload" as="image" href="https://${host}/a.gif">`,
  "modulepreload": (host) => `<link rel="modulepreload" href="https://${host}/a.js">`,
  "preconnect": (host) => `<link rel="preconnect" href="https://${host}">`,
  "preconnect with CORS": (host) => `<link rel="preconnect" href="https://${host}" crossorigin>`,
  "rules in the markup": (host) => `<script type="speculationrules">${JSON.stringify({ prefetch: [{ urls: [`https://${host}/a.html`], eagerness: "immediate" }] })}</script>`,
  "hint without scripts": (host) => `<noscript><link rel="preconnect" href="https://${host}"></noscript>`,
};

/** By the page's own scripts: `host` is a variable of theirs. */
export const SCRIPTS = {
  "fetch": `fetch("https://" + host + "/a.txt", { mode: "no-cors" }).catch(() => {});`,
  "fetch that outlives": `fetch("https://" + host + "/a.txt", { mode: "no-cors", keepalive: true, method: "POST", body: "x" }).catch(() => {});`,
  "fetch later": `globalThis.fetchLater?.("https://" + host + "/a.txt", { activateAfter: 0 });`,
  "XMLHttpRequest": `const asking = new XMLHttpRequest(); asking.open("GET", "https://" + host + "/a.txt"); asking.send();`,
  "beacon": `navigator.sendBeacon("https://" + host + "/a.txt", "x");`,
  "EventSource": `new EventSource("https://" + host + "/a.events");`,
  "WebSocket": `new WebSocket("wss://" + host + "/socket");`,
  "image by script": `new Image().src = "https://" + host + "/a.gif";`,
  "script by script": `const made = document.createElement("script"); made.src = "https://" + host + "/a.js"; document.head.append(made);`,
  "hint by script": `const hint = document.createElement("link"); hint.rel = "prefetch"; hint.href = "https://" + host + "/a.html"; document.head.append(hint);`,
  "import": `import("https://" + host + "/a.js").catch(() => {});`,
  "frame by script": `const frame = document.createElement("iframe"); frame.src = "https://" + host + "/a.html"; document.body.append(frame);`,
  "frame written by script": `const empty = document.createElement("iframe"); document.body.append(empty);
    const inside = empty.contentDocument; inside.open(); inside.write('<script src="https://' + host + '/a.js"></' + 'script>'); inside.close();`,
  "form into a frame": `const target = document.createElement("iframe"); target.name = "into-" + host; const form = document.createElement("form");
    form.action = "https://" + host + "/a.html"; form.method = "post"; form.target = target.name; document.body.append(target, form); form.submit();`,
  "ping": `const link = document.createElement("a"); link.href = "#"; link.ping = "https://" + host + "/a.txt"; document.body.append(link); link.click();`,
  "worker": `new Worker("/ways/worker.js?host=" + host);`,
  "blob worker": `new Worker(URL.createObjectURL(new Blob(["importScripts('https://" + host + "/a.js')"], { type: "text/javascript" })));`,
  "fetch of a blob worker": `new Worker(URL.createObjectURL(new Blob(["fetch('https://" + host + "/a.txt', { mode: 'no-cors' })"], { type: "text/javascript" })));`,
  "module worker": `new Worker("/ways/module.js?host=" + host, { type: "module" });`,
  "shared worker": `new SharedWorker("/ways/worker.js?host=" + host);`,
  "service worker": `navigator.serviceWorker.register("/ways/service/" + host + "/worker.js?host=" + host).catch(() => {});`,
  "fetch of a service worker": `navigator.serviceWorker.register("/ways/service/" + host + "/fetch.js?host=" + host).catch(() => {});`,
  "speculation rules": `const rules = document.createElement("script"); rules.type = "speculationrules";
    rules.textContent = JSON.stringify({ prefetch: [{ urls: ["https://" + host + "/a.html"], eagerness: "immediate" }] }); document.head.append(rules);`,
  "style by script": `const box = document.createElement("p"); box.textContent = "box"; document.body.append(box);
    box.style.backgroundImage = "url(https://" + host + "/a.gif)";`,
  "beacon when leaving": `addEventListener("pagehide", () => navigator.sendBeacon("https://" + host + "/a.txt", "x"));`,
  "import of a map": `import("mapped-" + host).catch(() => {});`,
};

/** By the page's headers. */
export const HEADERS = {
  "Link: preload": (host) => ["link", `<https://${host}/a.gif>; rel=preload; as=image`],
  "Link: preconnect": (host) => ["link", `<https://${host}>; rel=preconnect`],
  "Link: modulepreload": (host) => ["link", `<https://${host}/a.js>; rel=modulepreload`],
  "Link: prefetch": (host) => ["link", `<https://${host}/a.html>; rel=prefetch`],
  "Link: stylesheet": (host) => ["link", `<https://${host}/a.css>; rel=stylesheet`],
  "header of speculation rules": (host) => ["speculation-rules", `"https://${host}/a.rules"`],
  "interim preload": (host) => ["early", `<https://${host}/a.css>; rel=preload; as=style`],
  "interim preconnect": (host) => ["early", `<https://${host}>; rel=preconnect`],
};

/** Ways that a browser does not go, with scripts and without; nothing of them is expected, and nothing is proved by their silence. */
export const NEVER = {
  chromium: ["Link: stylesheet"],
  firefox: ["fetch later", "ping", "speculation rules", "rules in the markup", "header of speculation rules", "manifest", "network error log"],
};

/** Ways that need scripts although they stand in the markup, and those that need that there are none. */
export const ONLY_WITH_SCRIPTS = ["modulepreload", "rules in the markup", "script", "script of a written frame", "module", "late script", "Link: modulepreload"];
export const ONLY_WITHOUT_SCRIPTS = ["image without scripts", "hint without scripts", "frame without scripts"];

/** Ways that the gateway closes for everybody: what comes before an answer stays there, and rules of a page or its headers are no rules behind it. */
export const CLOSED = ["interim preload", "interim preconnect", "rules in the markup", "header of speculation rules"];

/** Ways that stay open, as the documents say: Chromium follows the rules that a script of the page adds, and asks no policy. */
export const OPEN = { chromium: ["speculation rules"], firefox: [] };

/**
 * Frames that scripts make: Chromium opens a connection before it asks the policy, and then asks nothing over it. No header stops that, so
 * here a connection is no request. For all other ways it counts as one.
 */
export const CONNECTS = { chromium: ["frame by script", "form into a frame"], firefox: [] };

/** Of which a page has only one. Where it is written, with the host, and what a page needs so that it is used. */
export const SINGLE = {
  "icon": (host) => ({ head: `<link rel="icon" href="https://${host}/a.gif">` }),
  "manifest": (host) => ({ head: `<link rel="manifest" href="https://${host}/a.json">` }),
  "report of a policy": (host) => ({
    headers: { "content-security-policy-report-only": `img-src 'none'; report-uri https://${host}/report` },
    body: '<img src="/none.gif" alt="">',
  }),
  "report to": (host) => ({
    headers: { "reporting-endpoints": `outside="https://${host}/report"`, "content-security-policy-report-only": "img-src 'none'; report-to outside" },
    body: '<img src="/none.gif" alt="">',
  }),
  "network error log": (host) => ({
    headers: {
      "report-to": JSON.stringify({ group: "outside", max_age: 600, endpoints: [{ url: `https://${host}/report` }] }),
      "nel": '{"report_to":"outside","max_age":600,"success_fraction":1.0}',
    },
  }),
};
