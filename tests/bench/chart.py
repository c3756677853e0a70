# SPDX-License-Identifier: MIT
"""A bar chart of the frame rates, on a logarithmic scale, as SVG."""

import math

COLOURS = {
    "queue": "#9a9a9a",
    "zerobuffer": "#1f6fb4",
    "shm": "#e08a2e",
    "unixfd": "#5aa469",
    "pipe": "#b65fa5",
}
LEFT, BAR, GAP, WIDTH, TOP = 150, 11, 14, 560, 46
LOW, HIGH = 1, 7  # powers of ten


def x(rate):
    power = max(LOW, math.log10(rate))
    return LEFT + (power - LOW) / (HIGH - LOW) * WIDTH


def text(left, top, content, anchor="start"):
    return (
        f'<text x="{left:.0f}" y="{top:.0f}" text-anchor="{anchor}">{content}</text>'
    )


def write(path, cases, median):
    """Of buffers that nobody touches, from the pool that is offered."""
    shown = [
        case
        for case in cases
        if case.kind == "throughput" and case.load.pool and not case.load.touch
    ]
    parts = []
    top = TOP
    for case in shown:
        bars = [
            (name, median(results, "rate")) for name, results in case.results.items()
        ]
        bars = [(name, rate) for name, rate in bars if rate]
        middle = top + len(bars) * BAR / 2 + 4
        parts.append(text(LEFT - 8, middle, case.size, "end"))
        for name, rate in bars:
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{x(rate) - LEFT:.1f}"'
                f' height="{BAR - 1}" fill="{COLOURS[name]}"/>'
            )
            parts.append(text(x(rate) + 4, top + BAR - 2, f"{rate:,.0f}"))
            top += BAR
        top += GAP
    for power in range(LOW, HIGH + 1):
        line = x(10**power)
        parts.insert(
            0, f'<path d="M{line:.0f} {TOP - 6}V{top - GAP}" stroke="#ddd"/>'
        )
        parts.append(text(line, TOP - 10, f"{10**power:,}", "middle"))
    left = LEFT
    for name, colour in COLOURS.items():
        if any(case.results.get(name) for case in shown):
            parts.append(
                f'<rect x="{left}" y="8" width="10" height="10" fill="{colour}"/>'
            )
            parts.append(text(left + 14, 17, name))
            left += 100
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}"'
            f' height="{top}" font-family="sans-serif" font-size="11">\n'
            "<title>Frames per second from one pipeline to another</title>\n"
            f'<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(parts)
            + "\n</svg>\n"
        )
