# SPDX-License-Identifier: MIT
"""The main job, to be seen: video from one process into another.

Both sides hash each frame.  Success is when the consumer has seen what the
producer has sent, all of it and in order.

    python3 tests/demo.py BUILD-FOLDER
"""

import os
import re
import subprocess
import sys
import tempfile
import time

NAME = f"demo-{os.getpid()}"
FRAMES = 300
PRODUCER = (
    f"videotestsrc num-buffers={FRAMES} pattern=ball"
    " ! video/x-raw,format=RGB,width=638,height=480,framerate=30/1 ! tee name=t"
    f" t. ! queue ! zerobuffersink buffer-name={NAME}"
    " t. ! queue ! checksumsink hash=sha1"
)
CONSUMER = f"zerobuffersrc buffer-name={NAME} ! tee name=t t. ! queue ! checksumsink hash=sha1"
WINDOW = " t. ! queue ! videoconvert ! autovideosink"
PATIENCE = 120


def start(role, pipeline, environment):
    output = tempfile.TemporaryFile("w+")
    print(f"{role}:\n    gst-launch-1.0 -v {pipeline}")
    process = subprocess.Popen(
        ["gst-launch-1.0", "-v", *pipeline.split()],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    return process, output


def wait_for(processes):
    """Until all have ended well, one has not, or patience runs out."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        states = [process.poll() for process in processes]
        if all(state == 0 for state in states) or any(states):
            break
        time.sleep(0.05)
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def examine(output):
    output.seek(0)
    text = output.read()
    hashes = re.findall(r"^\S+ ([0-9a-f]{40})$", text, re.MULTILINE)
    caps = re.search(r"GstZeroBuffer\S+: caps = (.*)", text)
    return text, hashes, caps.group(1) if caps else "none"


def main():
    build = os.path.abspath(sys.argv[1])
    environment = dict(os.environ, GST_PLUGIN_PATH=os.path.join(build, "gst"))
    has_window = any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))

    consumer = start("consumer", CONSUMER + (WINDOW if has_window else ""), environment)
    producer = start("producer", PRODUCER, environment)
    print()
    ok = True
    seen = {}
    wait_for([producer[0], consumer[0]])
    for role, (process, output) in (("producer", producer), ("consumer", consumer)):
        text, seen[role], caps = examine(output)
        print(
            f"{role}, process {process.pid}: {len(seen[role])} frames, "
            f"exit status {process.returncode}"
        )
        print(f"    caps {caps}")
        if process.returncode != 0:
            ok = False
            print(text)
    ok = ok and len(seen["producer"]) == FRAMES
    ok = ok and seen["producer"] == seen["consumer"]
    print("\nEvery frame arrived, unchanged." if ok else "\nThe demo failed.")
    return 0 if ok else 1


sys.exit(main())
