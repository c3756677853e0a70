# SPDX-License-Identifier: MIT
"""The last line of a test run, from meson's log of it."""

import json
import sys

GOOD = {"OK", "EXPECTEDFAIL"}

with open(sys.argv[1], encoding="utf-8") as log:
    results = [json.loads(line)["result"] for line in log]

passed = sum(result in GOOD for result in results)
skipped = results.count("SKIP")
print(f"{passed} passed, {len(results) - passed - skipped} failed, {skipped} skipped")
