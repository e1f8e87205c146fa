  // A choice: sent, then put in force on this page.

  let sending = false;
  let leaving = false;

  function busy() {
    return dirty || Array.prototype.some.call(document.querySelectorAll("audio, video"),
      (media) => !media.paused && !media.ended && !media.muted);
  }

  // An old service worker would go on working under the policy that it was installed with.
  function forgetWorkers() {
    const gone = attempt(() => navigator.serviceWorker.getRegistrations().then((list) => Promise.all(list.map((one) => one.unregister()))));
    return Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 1000))]).catch(() => {});
  }

  // Puts in force what is allowed from now on. What was loaded can't be unloaded, and what was refused can't be loaded any more, so the
  // page has to be loaded again, unless a visitor would lose something by it.
  function adopt(next, isAnswered, reload) {
    const first = isAnswered && !answered;
    const more = next.some((category) => !has(category));
    const less = allowed.some((category) => !next.includes(category));
    allowed = next;
    answered = isAnswered;
    seen = fingerprint();
    const swept = less ? Promise.all([sweep(), forgetWorkers()]) : Promise.resolve();
    if (first) fire("first");
    if (first || more || less) fire("change");
    if (more) activate();
    if (inFrame || leaving) return;
    if (!more && !less || reload === "never") return close("saved");
    if (posted || reload !== "always" && busy()) return close("later");
    close("saved");
    leaving = true;
    swept.then(() => location.reload());
  }

  function send(categories, form, reload) {
    const fields = {
      choice: categories.length === 1 ? "necessary" : "save",
      categories: categories.slice(1),
      edition: attribute("edition"),
      language: language,
      layer: form ? "banner" : "settings",
      to: here().slice(0, 2000)
    };
    if (form) fields.notice = form.elements.notice.value;
    sending = true;
    const done = () => { sending = false; };
    return post("choice", fields).then((answer) => answer.json().then((said) => {
      done();
      if (answer.ok) attempt(() => adopt(["necessary"].concat(said.allowed), true, reload));
      else attempt(() => say("failed"));
      return answer.ok;
    })).catch((fault) => {
      done();
      throw fault;
    });
  }

  listen(document, "click", (event) => {
    const target = event.target instanceof Element && event.target.closest("kelisim-panel :is(button, a), [data-consent-open]");
    if (!target) return;
    const value = target.value;
    // The page may have another address by now than the panel came with.
    if (panel) panel.querySelectorAll("[name=to], [href*='to=']").forEach((one) => {
      if (one.href) one.href = one.href.replace(/to=.*/, "to=" + encodeURIComponent(here()));
      else one.value = here();
    });
    if (target.matches("[data-consent-open]")) {
      event.preventDefault();
      return openSettings();
    }
    if (target.name !== "choice") return;
    event.preventDefault();
    // A program may refuse for a visitor, never accept.
    if (value !== "necessary" && !event.isTrusted) return event.stopImmediatePropagation();
    if (sending) return;
    send(value === "necessary" ? ["necessary"] : site.offer, target.form, "auto").catch(() => {
      // The page's own policy may forbid the request, or the network failed: the plain form says so in its own words.
      target.form.requestSubmit(target);
    });
  });
