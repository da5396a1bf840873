# Tables in Markdown, and the curve of GETs a read against p95 as SVG.
import html
import math

COLUMNS = [  # title, case, epoch, figure, format
    ("random 64 KiB cold: p95 ms", "random", "cold", "p95_ms", "{:.0f}"),
    ("GETs a read", "random", "cold", "gets_per_read", "{:.2f}"),
    ("sequential cold: MB/s", "sequential", "cold", "mb_per_second", "{:.0f}"),
    ("small files cold: files/s", "small", "cold", "files_per_second", "{:.0f}"),
    ("64 in flight or /readv cold: files/s", "batch", "cold", "files_per_second", "{:.0f}"),
    ("random 64 KiB warm: p95 ms", "random", "warm", "p95_ms", "{:.2f}"),
    ("small files warm: files/s", "small", "warm", "files_per_second", "{:.0f}"),
    ("/readv warm: files/s", "batch", "warm", "files_per_second", "{:.0f}"),
]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 480, 70, 190, 20, 50


def cell(values, form):
    """Median (least–greatest)."""
    if not values:
        return "–"
    values = sorted(values)
    middle = len(values) // 2
    median = values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
    text = form.format(median)
    return text if len(values) == 1 else f"{text} ({form.format(values[0])}–{form.format(values[-1])})"


def table(results, peers):
    lines = ["| | " + " | ".join(column[0] for column in COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for peer in peers:
        cells = []
        for _, case, epoch, name, form in COLUMNS:
            values = results.values(peer, case, epoch, name)
            failed = not values and case in results.errors.get(peer, {})
            cells.append("failed" if failed else cell(values, form))
        lines.append(f"| {peer} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def aims_table(aims):
    lines = ["| aim | SeekFS to it | wanted | |", "| --- | ---: | ---: | --- |"]
    for aim in aims:
        ratio = "–" if aim.ratio is None else f"{aim.ratio:.2f}×"
        lines.append(f"| {aim.text} | {ratio} | {'≤' if aim.at_most else '≥'} {aim.limit:g}× | {aim.verdict()} |")
    return "\n".join(lines)


def notes(results):
    lines = [f"- {peer}: {version}" for peer, version in results.versions.items()]
    lines += [f"- not measured: {peer}: {reason}" for peer, reason in results.skipped.items()]
    lines += [f"- failed: {peer}, {case}: {reason}" for peer, cases in results.errors.items() for case, reason in cases.items()]
    return "\n".join(lines)


def ticks(low, high):
    """1, 2 and 5 of each power of ten between two numbers."""
    return [step * 10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for step in (1, 2, 5)
            if low <= step * 10.0**power <= high]


class Axis:
    """Logarithmic, from pixel to pixel."""

    def __init__(self, values, begin, end):
        self.low, self.high = min(values) / 1.3, max(values) * 1.3
        self.begin, self.end = begin, end

    def at(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + share * (self.end - self.begin)


def curve(points, ours):
    """`points`: {peer: (GETs a read, p95 ms)}; `ours`: names that a line joins, in its order."""
    points = {name: point for name, point in points.items() if point and min(point) > 0}
    if not points:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    across = Axis([point[0] for point in points.values()], LEFT, WIDTH - RIGHT)
    up = Axis([point[1] for point in points.values()], HEIGHT - BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for value in ticks(across.low, across.high):
        parts.append(f'<path d="M{across.at(value):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                     f'<text x="{across.at(value):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>')
    for value in ticks(up.low, up.high):
        parts.append(f'<path d="M{LEFT} {up.at(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{up.at(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">GETs a read</text>'
                 f'<text x="16" y="{HEIGHT / 2}" transform="rotate(-90 16 {HEIGHT / 2})" text-anchor="middle">p95, ms</text>')
    line = [points[name] for name in ours if name in points]
    if len(line) > 1:
        path = " ".join(f"{across.at(gets):.1f},{up.at(p95):.1f}" for gets, p95 in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="#0a6" stroke-width="2"/>')
    for name, (gets, p95) in points.items():
        colour = "#0a6" if name.startswith("SeekFS") else "#c30"
        parts.append(f'<circle cx="{across.at(gets):.1f}" cy="{up.at(p95):.1f}" r="4" fill="{colour}"/>'
                     f'<text x="{across.at(gets) + 7:.1f}" y="{up.at(p95) + 4:.1f}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
