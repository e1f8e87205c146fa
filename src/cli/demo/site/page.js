// The script of the page with a strict policy: it says that it was allowed to run.
document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  document.getElementById("state").textContent = "The page’s own script ran.";
});
