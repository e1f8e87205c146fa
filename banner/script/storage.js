  // Storage in the browser: keys that a rule refuses are removed. What no rule knows may be a basket or a draft and stays; in mode
  // strict its name is reported once for each page, so that the owner can say what it is for.

  const unknown = {};
  const removeItem = Storage.prototype.removeItem;

  function refused(kind, key) {
    const verdict = judgeKey(key);
    if (verdict === UNKNOWN) (unknown[kind] = unknown[kind] || new Set()).add(key.slice(0, 100));
    return verdict === REFUSED;
  }

  function sweepStorage() {
    ["local", "session"].forEach((kind) => attempt(() => {
      const area = window[kind + "Storage"];
      Object.keys(area).filter((key) => refused(kind, key)).forEach((key) => removeItem.call(area, key));
    }));
  }

  function sweepDatabases() {
    const databases = attempt(() => indexedDB.databases().then((list) => list.forEach((database) => {
      if (refused("database", database.name)) indexedDB.deleteDatabase(database.name);
    })));
    const stores = attempt(() => caches.keys().then((list) => list.forEach((name) => {
      if (refused("cache", name)) caches.delete(name);
    })));
    return Promise.all([databases, stores]).catch(() => {});
  }

  function sweep() {
    attempt(sweepCookies);
    sweepStorage();
    return sweepDatabases();
  }

  function report() {
    const lists = {};
    Object.keys(unknown).forEach((kind) => { lists[kind] = Array.from(unknown[kind]).slice(0, 50); });
    if (inFrame || !Object.keys(lists).length) return;
    post("report", lists).catch(() => {});
  }

  // Opening the storage may wait for the disk, and to listen to it opens it; so not while the page is being parsed.
  listen(window, "load", () => {
    listen(window, "pagehide", () => {
      sweepCookies();
      sweepStorage();
    });
    idle(() => {
      sweepStorage();
      sweepDatabases().then(() => attempt(report));
      listen(window, "storage", sweepStorage);
    });
  });
