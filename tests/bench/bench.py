#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures zerobuffersink and zerobuffersrc beside what there is else.

Every case is run with every transport, one after the other, and all of that
several times; what is told are medians, and ratios of medians.
"""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys

import chart
import transports
from transports import Load

VIDEO = "video/x-raw,framerate=30/1,format={},width={},height={}"
SIZES = {
    "64 B": (64, "application/x-frame"),
    "4 KiB": (4096, "application/x-frame"),
    "VGA I420": (460_800, VIDEO.format("I420", 640, 480)),
    "1080p I420": (3_110_400, VIDEO.format("I420", 1920, 1080)),
    "4K I420": (12_441_600, VIDEO.format("I420", 3840, 2160)),
    "4K RGB": (24_883_200, VIDEO.format("RGB", 3840, 2160)),
}

# Frames of a run: as many as take some tenths of a second.
FRAMES = 100_000
BYTES = 4_000_000_000
SECONDS_PACED = 2


@dataclasses.dataclass
class Case:
    kind: str  # "throughput" or "latency"
    size: str
    load: Load
    results: dict = dataclasses.field(default_factory=dict)

    def title(self):
        words = ["pool" if self.load.pool else "own memory"]
        words.append("written and read" if self.load.touch else "untouched")
        if self.load.rate:
            words.append(f"{self.load.rate}/s")
        return f"{self.size}, {', '.join(words)}"


def throughput_cases(scale):
    for pool in (True, False):
        for touch in (False, True):
            for size, (bytes_, caps) in SIZES.items():
                count = FRAMES
                if touch or not pool:
                    count = min(FRAMES, BYTES // bytes_)
                count = max(20, int(count * scale))
                load = Load(bytes_, caps, count, count // 10, pool, touch)
                yield Case("throughput", size, load)


def latency_cases(scale):
    for size, rate in (("1080p I420", 200), ("64 B", 1000)):
        bytes_, caps = SIZES[size]
        count = max(20, int(rate * SECONDS_PACED * scale))
        yield Case(
            "latency", size, Load(bytes_, caps, count, count // 10, True, False, rate)
        )


def run_case(runner, case):
    for transport in transports.ALL:
        if not transport.can(case.load):
            continue
        results = case.results.setdefault(transport.name, [])
        # One that hangs is not waited for again.
        if any("hang" in result for result in results):
            continue
        try:
            result = transport.run(runner, case.load)
            result["cpu_per_frame"] = result["cpu"] / (
                case.load.count - case.load.warm_up
            )
            results.append(result)
        except transports.Hang:
            results.append({"hang": True})
        except transports.Failure as failure:
            results.append({"failure": str(failure)})


def run_program(runner, program, *arguments):
    command = [os.path.join(runner.programs, program), *map(str, arguments)]
    output = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return json.loads(output)


def run_library(runner, scale):
    """The library alone: frames per second."""
    runs = {
        "64 B in 64 KiB, copied": (64, 65536, 3_000_000, []),
        "1080p, in place": (3_110_400, 16 * 1024 * 1024, 1_000_000, ["--in-place"]),
    }
    results = {}
    for name, (size, ring, count, options) in runs.items():
        count = int(count * scale)
        results[name] = run_program(runner, "library", size, ring, count, *options)["rate"]
    return results


def run_semaphore(runner, scale):
    """What no way from one to the other can be faster than, here."""
    runs = {
        f"{rate}/s, between {name}": (rate, options)
        for rate in (200, 1000)
        for name, options in (("threads", ["--threads"]), ("processes", []))
    }
    return {
        name: run_program(
            runner, "semaphore", rate, max(20, int(rate * SECONDS_PACED * scale)), *options
        )
        for name, (rate, options) in runs.items()
    }


# ---- medians ----


def median(results, field):
    values = [result[field] for result in results if field in result]
    return statistics.median(values) if values else None


def describe_failures(results):
    hangs = sum("hang" in result for result in results)
    failures = sum("failure" in result for result in results)
    words = []
    if hangs:
        words.append(f"hangs {hangs}/{len(results)}")
    if failures:
        words.append(f"fails {failures}/{len(results)}")
    return " ".join(words)


def count_wrong(case):
    return sum(
        result.get("wrong", 0)
        for results in case.results.values()
        for result in results
    )


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


# ---- the table ----


def throughput_row(case, names):
    ours = median(case.results["zerobuffer"], "rate")
    row = [case.title()]
    for name in names:
        results = case.results.get(name)
        if results is None:
            row.append("")
            continue
        value = median(results, "rate")
        text = number(value) if value else ""
        if value and ours and name != "zerobuffer":
            text += f" ({ours / value:.2f})"
        row.append(" ".join([text, describe_failures(results)]).strip())
    return row


def latency_rows(case, names):
    for field in ("p50", "p90", "p99", "cpu_per_frame"):
        scale = 1e6 if field == "cpu_per_frame" else 1
        ours = median(case.results["zerobuffer"], field)
        row = [f"{case.title()}: {'CPU' if scale != 1 else field}, us"]
        for name in names:
            value = median(case.results.get(name, []), field)
            text = number(value * scale) if value is not None else ""
            if value and ours and name != "zerobuffer":
                text += f" ({value / ours:.2f})"
            row.append(text)
        yield row


def table(cases):
    names = [
        transport.name
        for transport in transports.ALL
        if any(case.results.get(transport.name) for case in cases)
    ]
    rows = [["", *names]]
    for case in cases:
        if case.kind == "throughput":
            rows.append(throughput_row(case, names))
        else:
            rows.extend(latency_rows(case, names))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("| " + " | ".join(cells) + " |")
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines)


def private_memory(cases):
    """The most that either of our processes had beside shared memory, where it
    keeps no frames of its own."""
    peaks = [
        side["peak"] - side["shared"]
        for case in cases
        if case.load.pool
        for result in case.results.get("zerobuffer", [])
        for side in result.get("memory", {}).values()
    ]
    return max(peaks, default=0)


def size_ratio(cases):
    rates = {
        case.size: median(case.results["zerobuffer"], "rate")
        for case in cases
        if case.kind == "throughput" and case.load.pool and not case.load.touch
    }
    if not rates.get("4 KiB") or not rates.get("4K RGB"):
        return None
    return rates["4K RGB"] / rates["4 KiB"]


def report(cases, library, semaphore):
    """Frames per second; behind it how many times as fast ours is."""
    lines = [
        "Frames per second; in parentheses zerobuffer's divided by it.  For",
        "latency and CPU: it divided by zerobuffer's.  So more than 1 is better.",
        "",
        table(cases),
        "",
        f"Rate at 4K RGB over rate at 4 KiB, pool, untouched: {number(size_ratio(cases))}",
        f"Memory beside the ring, at most: {private_memory(cases) / 1e6:.1f} MB",
        f"Frames lost, repeated or out of order: {sum(map(count_wrong, cases))}",
    ]
    for name, rates in library.items():
        lines.append(f"The library alone, {name}: {statistics.median(rates):,.0f}/s")
    for name, results in semaphore.items():
        p50, cpu = median(results, "p50"), median(results, "cpu_per_frame") * 1e6
        lines.append(f"A bare semaphore, {name}: p50 {p50:.1f} us, CPU {cpu:.1f} us")
    return "\n".join(lines)


def describe_machine():
    version = subprocess.run(
        ["gst-launch-1.0", "--version"], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return {
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "gstreamer": version[1] if len(version) > 1 else "",
    }


def save(path, cases, library, semaphore):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(
            {
                "machine": describe_machine(),
                "cases": [dataclasses.asdict(case) for case in cases],
                "library": library,
                "semaphore": semaphore,
            },
            file,
            indent=1,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", help="the folder with pipeline and library")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="of a run's length")
    parser.add_argument("--only", default="", help="cases with this in their title")
    parser.add_argument("--json", help="file for all results")
    parser.add_argument("--svg", help="file for a chart")
    options = parser.parse_args()

    runner = transports.Runner(options.programs)
    cases = [*latency_cases(options.scale), *throughput_cases(options.scale)]
    cases = [case for case in cases if options.only in case.title()]
    library, semaphore = {}, {}
    for round_ in range(options.rounds):
        for case in cases:
            print(f"round {round_ + 1}: {case.title()}", file=sys.stderr)
            run_case(runner, case)
        for name, rate in run_library(runner, options.scale).items():
            library.setdefault(name, []).append(rate)
        for name, result in run_semaphore(runner, options.scale).items():
            semaphore.setdefault(name, []).append(result)
    print(report(cases, library, semaphore))
    if options.json:
        save(options.json, cases, library, semaphore)
    if options.svg:
        chart.write(options.svg, cases, median)
    return 1 if sum(map(count_wrong, cases)) else 0


if __name__ == "__main__":
    sys.exit(main())
