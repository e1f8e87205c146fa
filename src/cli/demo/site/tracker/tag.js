// A tracker in the manner of Yandex.Metrica: two cookies by script, then a hit with page, screen and language.
(function () {
  "use strict";
  var base = document.currentScript.src.replace(/\/metrika\/.*$/, "");
  var year = "; Max-Age=31536000; Path=/; SameSite=Lax";
  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? found[1] : "";
  }
  var seconds = Math.floor(Date.now() / 1000);
  if (!cookie("_ym_uid")) {
    document.cookie = "_ym_uid=" + seconds + Math.floor(Math.random() * 1e9) + year;
    document.cookie = "_ym_d=" + seconds + year;
  }
  function hit() {
    var browser = screen.width + "x" + screen.height + ", " + navigator.language;
    new Image().src = base + "/hit?counter=metrika&id=" + encodeURIComponent(cookie("_ym_uid")) +
      "&page=" + encodeURIComponent(location.pathname) + "&browser=" + encodeURIComponent(browser);
  }
  window.ym = hit;
  hit();
})();
