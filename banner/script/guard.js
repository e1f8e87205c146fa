  // Mode compatible has no content-security policy, so known hosts of others are held back here as well as a script can. This is best
  // effort: what stands in the page itself may be requested before an observer sees it, and a fresh frame has constructors of its own.

  const hosts = new Map();
  site.hosts.forEach((list, category) => list.split(";").filter(Boolean).forEach((host) => hosts.set(host, category)));

  // The nearest line decides: the host itself, then subdomains of the longest name. The last list is of those that never pass.
  function held(address) {
    const url = attempt(() => new URL(address, document.baseURI));
    if (!url || !/^(http|ws)/.test(url.protocol)) return false;
    const port = url.port && ":" + url.port;
    let category = hosts.get(url.hostname + port);
    const labels = url.hostname.split(".");
    for (let at = 1; category === undefined && at < labels.length; at++) category = hosts.get("*." + labels.slice(at).join(".") + port);
    return category !== undefined && !has(CATEGORIES[category]);
  }

  function failed(element) {
    setTimeout(() => attempt(() => element.dispatchEvent(new Event("error"))));
  }

  ["Script", "Image", "IFrame"].forEach((kind) => attempt(() => {
    const prototype = window["HTML" + kind + "Element"].prototype;
    const native = Object.getOwnPropertyDescriptor(prototype, "src");
    Object.defineProperty(prototype, "src", {
      configurable: true,
      enumerable: true,
      get: native.get,
      set: function (address) {
        if (held(address)) failed(this);
        else native.set.call(this, address);
      }
    });
  }));

  function wrap(owner, name, refuse) {
    attempt(() => {
      const native = owner[name];
      owner[name] = function () {
        const answer = attempt(() => refuse.call(this, arguments));
        return answer === undefined ? native.apply(this, arguments) : answer;
      };
    });
  }

  wrap(Element.prototype, "setAttribute", function (given) {
    if (/^src$/i.test(given[0]) && /^(SCRIPT|IMG|IFRAME)$/.test(this.tagName) && held(given[1])) {
      failed(this);
      return null;
    }
  });
  wrap(window, "fetch", (given) => {
    if (held(given[0] instanceof Request ? given[0].url : given[0])) return Promise.reject(new TypeError("Failed to fetch"));
  });
  wrap(navigator, "sendBeacon", (given) => held(given[0]) || undefined);
  wrap(XMLHttpRequest.prototype, "open", (given) => {
    if (held(given[1])) given[1] = "data:,";
  });

  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => attempt(() => {
    if (!/^(SCRIPT|IMG|IFRAME)$/.test(node.nodeName) || !held(node.src)) return;
    if (node.nodeName === "SCRIPT") node.type = "text/plain";
    node.removeAttribute("src");
    failed(node);
  })))).observe(document, { childList: true, subtree: true });
