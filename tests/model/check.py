# SPDX-License-Identifier: MIT
"""Has spin try all interleavings of the model, and find the bugs planted in it.

    check.py SPIN COMPILER quick|long
"""

import os
import re
import subprocess
import sys
import tempfile

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "zerobuffer.pml")

# What holds for all that can happen.
SOUND = [
    {"INTERRUPTS": 1, "FRAMES": 2},
    {"INTERRUPTS": 0, "FRAMES": 3},
    {"INTERRUPTS": 0, "FRAMES": 2, "KILLS": 1},
    {"INTERRUPTS": 0, "FRAMES": 1, "KILLS": 1, "SESSIONS": 2, "CELLS": 3},
]
SOUND_LONG = [
    {"INTERRUPTS": 1, "FRAMES": 3},
    {"INTERRUPTS": 0, "FRAMES": 3, "KILLS": 1},
    {"INTERRUPTS": 1, "FRAMES": 2, "KILLS": 1},
    {"INTERRUPTS": 0, "FRAMES": 2, "KILLS": 1, "SESSIONS": 2, "CELLS": 3},
]

# A bug, where it can be seen, and what then is not so.
PLANTED = [
    # gives back what is released, whatever is held in front of it
    ("BUG_RELEASE_ORDER", {"INTERRUPTS": 0}, "data"),
    # gives back what is yet to be read
    ("BUG_EARLY_GIVE_BACK", {"INTERRUPTS": 0, "FRAMES": 2}, "found"),
    # does not look for posts of a writer that is gone
    ("BUG_NO_DRAIN", {"INTERRUPTS": 0, "FRAMES": 2, "KILLS": 1}, "posted"),
    # looks, but while a post of its own may be counted and not yet made
    ("BUG_DRAIN_WITHOUT_LOCK", {"INTERRUPTS": 1, "FRAMES": 2, "KILLS": 1}, "posted"),
    # counts a post of its own only after it was made
    ("BUG_COUNT_AFTER", {"INTERRUPTS": 1, "FRAMES": 2}, "found"),
]


def run(spin, compiler, settings, folder):
    """The number of states, and the assertion that failed or ''."""
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    subprocess.run(
        [spin, "-a", *defines, MODEL], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    # SAFETY: assertions and deadlocks; COLLAPSE: compressed states
    subprocess.run(
        [compiler, "-w", "-O2", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=8000", "-o", "pan", "pan.c"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run(
        ["./pan", "-m1000000", "-n"], cwd=folder, check=True, capture_output=True, text=True
    )
    errors = re.search(r"errors: (\d+)", done.stdout)
    states = re.search(r"([\d.e+]+) states, stored", done.stdout)
    found = re.search(r"^pan:1: (.*)$", done.stdout, re.MULTILINE)
    assert errors and states and (errors[1] != "0") == bool(found), done.stdout
    # With an error it ends there.
    assert found or "Search not completed" not in done.stdout, done.stdout[-2000:]
    return int(float(states[1])), found[1] if found else ""


def name(settings):
    return " ".join(f"{key}={value}" for key, value in settings.items())


def main(spin, compiler, how):
    with tempfile.TemporaryDirectory() as folder:
        for settings in SOUND_LONG if how == "long" else SOUND:
            states, found = run(spin, compiler, settings, folder)
            print(f"{name(settings)}: {states} states", flush=True)
            assert not found, found
        for bug, settings, what in PLANTED:
            states, found = run(spin, compiler, {**settings, bug: 1}, folder)
            print(f"{bug}: found after {states} states: {found[:60]}", flush=True)
            assert what in found, f"{bug} was not found: {found}"


if __name__ == "__main__":
    main(*sys.argv[1:])
