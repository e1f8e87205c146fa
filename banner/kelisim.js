// The panel on the site's own pages. Everything works without it; with it an answer needs no change of page.
// ASCII only, no dependency, and nothing here may throw into the page.
(function () {
  "use strict";
  const me = document.currentScript;
  if (!me || window.kelisim) return;

  const prefix = me.getAttribute("data-kelisim-prefix");
  const answered = me.hasAttribute("data-kelisim-answered");
  // A page that answers a form is never loaded again: the form would be sent twice.
  const posted = me.hasAttribute("data-kelisim-posted");
  let panel = null;
  let dirty = false;
  let sending = false;
  let lastFocus = null;
  let padding = null;

  function safely(work) {
    return function (event) {
      try { work(event); } catch (fault) { /* the page must not suffer from our fault */ }
    };
  }

  function asking() {
    return panel !== null && panel.getAttribute("data-kelisim-state") === "asking";
  }

  function inside(node) {
    return panel !== null && node instanceof Node && panel.contains(node);
  }

  function say(message) {
    const status = panel.querySelector("[slot=status]");
    if (status) status.textContent = panel.getAttribute("data-kelisim-" + message) || "";
  }

  function pad(height) {
    const style = document.documentElement.style;
    if (padding === null) padding = style.scrollPaddingBottom;
    style.scrollPaddingBottom = height === null ? padding : height;
  }

  // The top layer escapes transformed ancestors and chat widgets; the padding keeps focused controls of the page in sight.
  function place() {
    if (!panel || typeof panel.showPopover !== "function") return;
    if (asking() && panel.isConnected) {
      const open = panel.matches(":popover-open");
      const small = matchMedia("(max-width: 340px), (max-height: 340px)").matches;
      if (!small && !open) {
        panel.popover = "manual";
        panel.showPopover();
      } else if (small && open) {
        panel.hidePopover();
        panel.removeAttribute("popover");
      }
      pad(small ? null : panel.offsetHeight + "px");
    } else {
      pad(null);
    }
  }

  function busy() {
    if (dirty || posted) return true;
    return Array.prototype.some.call(document.querySelectorAll("audio, video"), function (media) {
      return !media.paused && !media.ended && !media.muted;
    });
  }

  function close(message) {
    const hadFocus = inside(document.activeElement);
    panel.setAttribute("data-kelisim-state", panel.querySelector("[slot=link]") || message ? "answered" : "closed");
    say(message);
    setTimeout(safely(function () { say(""); }), 8000);
    place();
    if (!hadFocus) return;
    const next = lastFocus && lastFocus.isConnected ? lastFocus : panel.querySelector("[slot=link]");
    if (next) next.focus({ preventScroll: true });
  }

  function send(form, choice) {
    const fields = { choice: choice };
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.type === "hidden") fields[field.name] = field.value;
    });
    sending = true;
    fetch(form.action, {
      method: "POST",
      credentials: "same-origin",
      redirect: "error",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields)
    }).then(function (answer) {
      sending = false;
      if (!answer.ok) return say("failed");
      // A first refusal changes nothing that runs, so the page may stay as it is.
      if (choice === "necessary" && !answered) return close("saved");
      if (busy()) return close("later");
      close("saved");
      location.reload();
    }).catch(function () {
      // The page's own policy may forbid the request, or the network failed: the plain form says so in its own words.
      sending = false;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "choice";
      field.value = choice;
      form.appendChild(field);
      HTMLFormElement.prototype.submit.call(form);
    }).catch(function () {});
  }

  document.addEventListener("click", safely(function (event) {
    const target = event.target instanceof Element && event.target.closest("kelisim-panel button[name=choice]");
    if (!target || !target.form) return;
    panel = target.closest("kelisim-panel");
    const accepts = target.value !== "necessary";
    // A program may refuse for a visitor, never accept.
    if (accepts && !event.isTrusted) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (typeof fetch !== "function") return;
    event.preventDefault();
    if (!sending) send(target.form, target.value);
  }), true);

  ["input", "change"].forEach(function (name) {
    document.addEventListener(name, safely(function (event) {
      if (event.isTrusted && !inside(event.target)) dirty = true;
    }), true);
  });

  document.addEventListener("focusin", safely(function (event) {
    if (!inside(event.target)) lastFocus = event.target;
  }), true);

  function start() {
    panel = document.querySelector("kelisim-panel");
    if (!panel) return;
    if (window.top !== window) {
      panel.setAttribute("data-kelisim-state", "closed");
      return;
    }
    place();
    if (typeof ResizeObserver === "function") new ResizeObserver(safely(place)).observe(panel);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", safely(start));
  else safely(start)();

  window.kelisim = Object.freeze({
    open: safely(function () {
      if (asking()) {
        const first = panel.querySelector("button");
        if (first) first.focus();
        return;
      }
      const to = encodeURIComponent(location.pathname + location.search);
      location.assign(prefix + "settings?language=" + me.getAttribute("data-kelisim-language") + "&to=" + to);
    })
  });
})();
