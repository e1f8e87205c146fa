  // Pages that change their address without a load: the gateway sees nothing of it, so it is told the path, and nothing else.

  let route = location.pathname;

  function moved() {
    if (location.pathname === route) return;
    route = location.pathname;
    navigator.sendBeacon(prefix + "view", route);
  }

  if (!inFrame) {
    ["pushState", "replaceState"].forEach((name) => attempt(() => {
      const change = history[name];
      history[name] = function () {
        const result = change.apply(this, arguments);
        attempt(moved);
        return result;
      };
    }));
    listen(window, "popstate", moved);
  }
