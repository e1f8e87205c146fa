  // Which names may be used on this page: the catalogue and the site's own lines, as the server judges them.

  // Answers what a name is for: a number of CATEGORIES, undefined where no rule knows it, -1 where the server alone can tell.
  function table(lists, expressions) {
    let known = null;
    let compiled = [];
    // Most pages have no name to judge while they are read.
    function read() {
      known = new Map();
      lists.forEach((list, category) => list.split(";").forEach((name) => known.set(name, category)));
      // The flag says that the expression was shortened to ASCII. What browsers can't read at all has no source.
      compiled = expressions.map(([category, source, ascii]) => [category, attempt(() => new RegExp(source, "su")), ascii]);
    }
    return (name) => {
      if (!known) read();
      // No cookie's name ends in the mark of a beginning but by chance; and nothing is the name of nothing.
      if (name && name.slice(-1) !== "*" && known.has(name)) return known.get(name);
      for (const [category, expression, ascii] of compiled) {
        if (!expression || name.length > 256 || ascii && /[^\0-\x7f]/.test(name)) return -1;
        if (expression.test(name)) return category;
      }
      for (let end = Math.min(name.length, 256); end > 0; end--) {
        const category = known.get(name.slice(0, end) + "*");
        if (category !== undefined) return category;
      }
    };
  }

  const OWN = /^(__(host|secure)-)?kelisim($|[_-])/i;
  const PASSES = 0;
  const UNKNOWN = 1;
  const REFUSED = 2;
  const OURS = 3;
  const ofCookie = table(site.cookies, site.expressions);
  const ofStorage = table(site.storage, []);

  function meaning(name) {
    const found = ofCookie(name);
    return found === undefined && /^__(host|secure)-/i.test(name) ? ofCookie(name.replace(/^__\w+-/, "")) : found;
  }

  function judged(category) {
    if (category === undefined) return site.strict ? UNKNOWN : PASSES;
    return category < 0 || has(CATEGORIES[category]) ? PASSES : REFUSED;
  }

  const judge = (name) => OWN.test(name) ? OURS : judged(meaning(name));

  function judgeKey(name) {
    const own = ofStorage(name);
    return judged(own === undefined ? meaning(name) : own);
  }
