# SPDX-License-Identifier: MIT
"""The shared library exports what the public header declares, and no more.

    test_exports.py NM LIBRARY HEADER
"""

import re
import subprocess
import sys

nm, library, header = sys.argv[1:]
symbols = subprocess.check_output([nm, "-D", "--defined-only", library], text=True)
exported = {line.split()[-1] for line in symbols.splitlines()}
with open(header, encoding="utf-8") as stream:
    declared = set(re.findall(r"^ZB_API [^;]*?\b(zb_\w+) \(", stream.read(), re.M))

assert declared, "no declarations found"
assert exported == declared, exported ^ declared
