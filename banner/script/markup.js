  // Elements that the site's developer made wait: `data-consent` names their category.

  let queue = Promise.resolve();

  function run(waiting) {
    const script = document.createElement("script");
    const address = waiting.getAttribute("data-src");
    Array.from(waiting.attributes).forEach((one) => script.setAttribute(one.name, one.value));
    script.type = waiting.getAttribute("data-type") || "text/javascript";
    script.nonce = waiting.nonce;
    script.text = waiting.text;
    if (address) script.src = address;
    waiting.replaceWith(script);
    // One after the other, as they stand in the page.
    return address && !waiting.hasAttribute("async") ? new Promise((resolve) => { script.onload = script.onerror = resolve; }) : null;
  }

  function activate() {
    document.querySelectorAll("[data-consent]").forEach((waiting) => {
      if (!has(waiting.getAttribute("data-consent"))) return;
      waiting.removeAttribute("data-consent");
      if (waiting instanceof HTMLScriptElement) queue = queue.then(() => attempt(() => run(waiting)));
      else if (waiting.hasAttribute("data-src")) waiting.src = waiting.getAttribute("data-src");
    });
  }

  whenParsed(activate);
  listen(document, "turbo:load htmx:afterSwap pjax:end", activate);
