// Brings the live numbers of the dashboard, every half minute and only while somebody looks. Without it the page shows those it was made with.
(() => {
  "use strict";
  const EVERY = 30_000;
  const live = document.querySelector("[data-live]");
  const bars = document.querySelectorAll("#spark rect");
  if (!live || bars.length === 0) return;
  const height = 28;
  const number = new Intl.NumberFormat(document.documentElement.lang);

  const show = ({ views_now, visits_now, views_by_minute }) => {
    document.getElementById("live-views").textContent = number.format(views_now);
    document.getElementById("live-visits").textContent = number.format(visits_now);
    const highest = Math.max(1, ...views_by_minute);
    bars.forEach((bar, at) => {
      const tall = Math.max(1, (views_by_minute[at] / highest) * height);
      bar.setAttribute("y", height - tall);
      bar.setAttribute("height", tall);
    });
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(live.dataset.live, { headers: { accept: "application/json" } });
      if (answer.ok) show(await answer.json());
      live.classList.toggle("stale", !answer.ok);
    } catch {
      live.classList.add("stale");
    }
  };

  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
})();
