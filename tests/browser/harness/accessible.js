// Whether people who can't see, point or read small print can use a page: axe-core's rules, and what no rule set can tell from the outside.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core")), "utf8");

/** WCAG 2.2, levels A and AA, and what is good besides. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/**
 * What axe finds in what is ours on the page as it is now, which is the panel, or the whole of a page of our own: one line for each rule and element. Where it can't
 * decide, that counts as found, but for contrast, which `lowestContrast` judges.
 */
export async function findings(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (rules) => {
    const { violations, incomplete } = await window.axe.run(document.querySelector("kelisim-panel") ?? document, { runOnly: { type: "tag", values: rules }, resultTypes: ["violations", "incomplete"] });
    const undecided = incomplete.filter(({ id }) => id !== "color-contrast");
    return [...violations, ...undecided].flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(" ")}: ${failureSummary}`));
  }, RULES);
}

/** Lowest contrast of any text of ours on the paper of the panel or page, as a ratio; the paper's shadows at the edges of a scrolled text are not text. */
export function lowestContrast(page) {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const luminance = (color) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const panel = document.querySelector("kelisim-panel");
    const roots = panel ? [panel, panel.shadowRoot] : [document.body];
    const ground = (element) => {
      for (let node = element; node; node = node.assignedSlot ?? node.parentElement ?? node.getRootNode().host) {
        const { backgroundColor } = getComputedStyle(node);
        if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
      }
      return "Canvas";
    };
    const ratios = roots.flatMap((root) => [...root.querySelectorAll("*")])
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && element.getClientRects().length > 0)
      .map((element) => {
        const [light, dark] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((one, other) => other - one);
        return (light + 0.05) / (dark + 0.05);
      });
    return ratios.length > 0 ? Math.min(...ratios) : 0;
  });
}

/**
 * Goes through the page with the Tab key until the focus is where it began, or leaves the page. Answers every stop: `name` tells it apart, `ours` whether it is of
 * the panel, `seen` whether any of it can be seen.
 */
export async function walkByKeyboard(page) {
  const stops = [];
  for (let step = 0; step < 200; step += 1) {
    await page.keyboard.press("Tab");
    // Scrolling to the focus may take a frame.
    const stop = await page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      if (!element || element === document.body || element === document.documentElement) return null;
      const numbers = (window.kelisimTestNumbers ??= new Map());
      if (!numbers.has(element)) numbers.set(element, numbers.size);
      const panel = document.querySelector("kelisim-panel");
      const ours = panel !== null && (panel.contains(element) || element.getRootNode() === panel.shadowRoot);
      const { left, top, width, height } = element.getBoundingClientRect();
      const at = (part, whole, begin) => begin + Math.min(Math.max(part * whole, 1), whole - 1);
      const hits = [0, 0.25, 0.5, 0.75, 1].flatMap((x) => [0, 0.25, 0.5, 0.75, 1].map((y) => {
        let hit = document.elementFromPoint(at(x, width, left), at(y, height, top));
        while (hit?.shadowRoot && hit.shadowRoot !== element.shadowRoot) {
          const inner = hit.shadowRoot.elementFromPoint(at(x, width, left), at(y, height, top));
          if (!inner || inner === hit) break;
          hit = inner;
        }
        return hit !== null && (hit === element || element.contains(hit) || hit.contains(element) || (ours && panel.contains(hit)));
      }));
      const text = (element.innerText || element.getAttribute("aria-label") || element.name || "").trim().slice(0, 40);
      return { number: numbers.get(element), name: `${element.localName} ${text}`, ours, seen: hits.includes(true), action: element.dataset?.kelisimAction ?? "" };
    });
    if (stop === null || stops.some(({ number }) => number === stop.number)) break;
    stops.push(stop);
  }
  return stops;
}
