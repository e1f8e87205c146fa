  // Tells measuring tools of others what is allowed, in the words of each. Only those that the site names are told.

  const mode = (category) => has(category) ? "granted" : "denied";

  // Google's Consent Mode, version 2: the default has to stand before any tag; the choice is known by then, so nothing waits.
  function tellGoogle(command) {
    const layer = window.dataLayer = window.dataLayer || [];
    (function () { layer.push(arguments); })("consent", command, {
      ad_storage: mode("marketing"),
      ad_user_data: mode("marketing"),
      ad_personalization: mode("marketing"),
      analytics_storage: mode("analytical"),
      functionality_storage: mode("functional"),
      personalization_storage: mode("functional"),
      security_storage: "granted"
    });
  }

  function tellMatomo(command) {
    const queue = window._paq = window._paq || [];
    if (command === "default") queue.push(["requireConsent"]);
    if (has("analytical")) queue.push(["setConsentGiven"]);
    else if (command !== "default") queue.push(["forgetConsentGiven"]);
  }

  // Meta's snippet gives up where there is an fbq already, so its own is waited for; the first in its queue is then what is allowed.
  function tellMeta(command) {
    if (window.fbq) window.fbq("consent", has("marketing") ? "grant" : "revoke");
    if (command !== "default" || window.fbq) return;
    let fbq;
    Object.defineProperty(window, "fbq", {
      configurable: true,
      enumerable: true,
      get: () => fbq,
      set: (value) => {
        fbq = value;
        Promise.resolve().then(() => attempt(() => fbq.queue.unshift(["consent", has("marketing") ? "grant" : "revoke"])));
      }
    });
  }

  function tell(command) {
    if (site.signals.google) attempt(() => tellGoogle(command));
    site.signals.yandex_metrica.forEach((counter) => { window["disableYaCounter" + counter] = !has("analytical"); });
    if (site.signals.matomo) attempt(() => tellMatomo(command));
    if (site.signals.meta) attempt(() => tellMeta(command));
  }

  tell("default");
  listen(window, "consent:change", () => tell("update"));
  listen(window, "consent:ready consent:change", (event) => {
    if (site.signals.google) window.dataLayer.push({ event: event.type.replace(":", "_"), consent: event.detail });
  });
