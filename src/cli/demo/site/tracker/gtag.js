// A tracker in the manner of Google Analytics: two cookies by script, then a hit with page, screen and language.
(function () {
  "use strict";
  var base = document.currentScript.src.replace(/\/ga\/.*$/, "");
  var twoYears = "; Max-Age=63072000; Path=/; SameSite=Lax";
  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? found[1] : "";
  }
  var seconds = Math.floor(Date.now() / 1000);
  if (!cookie("_ga")) {
    document.cookie = "_ga=GA1.1." + Math.floor(Math.random() * 2147483647) + "." + seconds + twoYears;
  }
  document.cookie = "_ga_DEMO=GS1.1." + seconds + ".1.1." + seconds + ".0.0.0" + twoYears;
  var browser = screen.width + "x" + screen.height + ", " + navigator.language;
  new Image().src = base + "/hit?counter=ga&id=" + encodeURIComponent(cookie("_ga")) +
    "&page=" + encodeURIComponent(location.pathname) + "&browser=" + encodeURIComponent(browser);
})();
