"""The tables: what each request costs, and what of it was meant to be reached. Markdown, which is also read in a terminal."""

from statistics import median

from messages import PAGE_BYTES
from targets import IDLE, LATENCY, LARGER, TARGETS, TWO_CORES


def three(values, form="{:.1f}"):
    """Median, and minimum and maximum."""
    return f"{form.format(median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def table(head, rows):
    widths = [max(len(str(row[at])) for row in [head, *rows]) for at in range(len(head))]
    line = lambda row: "| " + " | ".join(str(word).ljust(width) for word, width in zip(row, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def verdict(value, most):
    return "met" if value <= most else "missed"


class Measured:
    """All that a run found."""

    def __init__(self, chosen, works, proxies, machine, cores, reasons, told):
        self.chosen, self.works, self.proxies, self.machine, self.cores = chosen, works, proxies, machine, cores
        self.reasons, self.told = reasons, told
        self.titles = {proxy.key: proxy.title for proxy in proxies}
        self.cells, self.idle, self.latencies, self.rate, self.notes = {}, {}, {}, None, []

    def written(self):
        self.notes = []
        parts = [
            *self.machine.described(self.cores), self.rounds(), self.costs(), self.how_busy(), self.sizes(),
            self.idle_table(), self.latency_table(), self.targets(),
            "\n".join(f"- {work.key}: {work.title}" for work in self.works), "\n".join(self.noted()),
        ]
        return "\n\n".join(part for part in parts if part)

    def rounds(self):
        every = [cell for values in self.cells.values() for cell in values]
        if not every:
            return ""
        quiet = sum(cell.kept for cell in every) / max(1, sum(cell.slices for cell in every))
        failed = sum(cell.failures for cell in every)
        return (
            f"{self.chosen.rounds} rounds of {self.chosen.seconds:g} s; median, and minimum to maximum, of the rounds. {quiet:.0%} of the slices were undisturbed"
            + (f"; {failed} requests failed." if failed else "; no request failed.")
        )

    def noted(self):
        return [f"[{number}] {text}." for number, text in enumerate(self.notes, 1)]

    def mark(self, text):
        if text not in self.notes:
            self.notes.append(text)
        return f"cannot [{self.notes.index(text) + 1}]"

    def costs(self):
        """Microseconds of processor time for each request."""
        rows = []
        for proxy in self.proxies:
            row = [proxy.title]
            for work in self.works:
                if values := self.cells.get((work.key, proxy.key)):
                    row.append(three([cell.cpu for cell in values]))
                elif reason := self.reasons.get((work.key, proxy.key)):
                    row.append(self.mark(f"{proxy.title}: {reason}"))
                else:
                    row.append("–")
            if any(word != "–" for word in row[1:]):
                rows.append(row)
        return rows and table(["µs of processor time a request"] + [work.key for work in self.works], rows)

    def how_busy(self):
        """How much of its core each proxy used: one that waits for load pays for more wake-ups."""
        rows = []
        for proxy in self.proxies:
            values = [self.cells.get((work.key, proxy.key)) for work in self.works]
            if any(values):
                rows.append([proxy.title] + [f"{median(cell.busy for cell in cells):.0%}, {median(cell.user for cell in cells):.0%}" if cells else "–" for cells in values])
        return rows and table(["share of the core that was used, of it in the program itself"] + [work.key for work in self.works], rows)

    def sizes(self):
        said = [f"{key} {self.titles[proxy]} {what['bytes']}" for (key, proxy), what in self.told.items() if key in ("W3", "W4", "W4s")]
        return said and f"Bytes of the page of {PAGE_BYTES} with what was put into it, as gzip in W4 and W4s: {', '.join(said)}."

    def idle_table(self):
        kinds = ["plain", "TLS"]
        rows = [[proxy.title] + [three(self.idle[kind, proxy.key]) for kind in kinds] for proxy in self.proxies if (kinds[1], proxy.key) in self.idle]
        return rows and table([f"KiB for each of {self.chosen.connections} idle connections", *kinds], rows)

    def latency_table(self):
        rows = []
        for proxy in self.proxies:
            if values := self.latencies.get(proxy.key):
                came, middle, p99 = zip(*values)
                rows.append([proxy.title, three(came, "{:.0f}"), three([value * 1e3 for value in middle], "{:.2f}"), three([value * 1e3 for value in p99], "{:.2f}")])
        return rows and table([f"at half of nginx's highest load ({self.rate:.0f}/s)", "requests/s", "median, ms", "p99, ms"], rows)

    def targets(self):
        rows = [row for target in TARGETS if (row := self.ratio(target))]
        rows += self.other_targets()
        return rows and table(["work", "Kelisim against", "ratio", "at most", ""], rows)

    def ratio(self, target):
        """Kelisim's cost divided by the peer's, in each round."""
        ours, theirs = self.cells.get((target.work, "kelisim")), self.cells.get((target.of or target.work, target.peer))
        if not ours or not theirs:
            return None
        values = [our.cpu / their.cpu for our, their in zip(ours, theirs)]
        against = f"its own {target.of}" if target.of else self.titles[target.peer]
        return [target.work, against, three(values, "{:.2f}"), f"{target.most:.2f}", verdict(median(values), target.most)]

    def other_targets(self):
        rows = []
        for work in ("W4", "W4s"):
            ours, theirs = self.told.get((work, "kelisim")), self.told.get((work, "nginx"))
            if ours and theirs:
                ratio = ours["bytes"] / theirs["bytes"]
                rows.append([f"{work}, bytes", self.titles["nginx"], f"{ratio:.2f}", f"{LARGER:.2f}", verdict(ratio, LARGER)])
        one, two = self.cells.get(("W2", "kelisim")), self.cells.get(("W2", "kelisim-2"))
        if one and two:
            rows.append(self.two_cores(one, two))
        for kind, most in IDLE.items():
            if values := self.idle.get((kind, "kelisim")):
                rows.append([f"idle, {kind}", "KiB a connection", three(values), f"{most}", verdict(median(values), most)])
        if self.latencies.get("kelisim") and self.latencies.get("nginx"):
            values = [ours[2] / theirs[2] for ours, theirs in zip(self.latencies["kelisim"], self.latencies["nginx"])]
            rows.append(["p99 at half load", self.titles["nginx"], three(values, "{:.2f}"), f"{LATENCY:.2f}", verdict(median(values), LATENCY)])
        return rows

    def two_cores(self, one, two):
        if len(self.machine.cores) >= 4:
            values = [second.rate / first.rate for first, second in zip(one, two)]
            return ["W2, requests/s", "its own on one core", three(values, "{:.2f}"), f"at least {TWO_CORES}", verdict(-median(values), -TWO_CORES)]
        values = [second.cpu / first.cpu for first, second in zip(one, two)]
        # 1.8 times the requests by twice the time is this much more time for each.
        most = 2 / TWO_CORES
        self.notes.append("Site and load need a core, so two workers can't show twice the requests on this machine: processor time for each is compared")
        return [f"W2 with two workers [{len(self.notes)}]", "its own with one", three(values, "{:.2f}"), f"{most:.2f}", verdict(median(values), most)]
