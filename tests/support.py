# SPDX-License-Identifier: MIT
"""What the tests with real processes share."""

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

# Every wait in a test ends, in an error, after this many seconds.
PATIENCE = 60


def leftovers(name):
    """The files that the buffer of this name has on the system."""
    paths = [
        f"/dev/shm/{name}",
        f"/dev/shm/sem.sem-w-{name}",
        f"/dev/shm/sem.sem-r-{name}",
        f"/tmp/zerobuffer/{name}.lock",
    ]
    return [path for path in paths if os.path.lexists(path)]


def remove(paths):
    """What others may be removing, too: every reader that starts cleans up."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.005)


# What a sanitizer needs in programs that are not built with it, and load our
# plugin.  (Not in a shell: that crashes with some of them.)
PRELOAD = os.environ.get("ZEROBUFFER_PRELOAD", "")


class Process:
    """A process whose output goes to a file, so that it never waits for us."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL):
        self.command = command
        self.output = tempfile.TemporaryFile()
        # Open for writing as long as it lives, or whatever it started.
        self.life, theirs = os.pipe()
        self.popen = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.preload(command), **(env or {})},
            pass_fds=[theirs],
        )
        os.close(theirs)

    @staticmethod
    def preload(command):
        """Our own programs are given by their whole path."""
        return {"LD_PRELOAD": PRELOAD} if os.path.isabs(command[0]) else {}

    def text(self):
        """Leaves the place where the process writes, which is shared, alone."""
        file = self.output.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def tail(self):
        """The last of it."""
        file = self.output.fileno()
        return os.pread(file, 200, max(0, os.fstat(file).st_size - 200)).decode(errors="replace")

    def wait(self):
        """The exit status; a process that hangs is killed, and fails."""
        try:
            return self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"hangs: {self.command}\n{self.text()}") from None

    def wait_for_output(self, text):
        wait_until(
            lambda: text in self.text() or self.popen.poll() is not None,
            f"\"{text}\" is printed",
        )
        assert text in self.text(), self.text()

    def send(self, number):
        self.popen.send_signal(number)

    def catches(self, number):
        """Whether the process has a handler for this signal by now."""
        with open(f"/proc/{self.popen.pid}/status", encoding="ascii") as status:
            caught = next(line for line in status if line.startswith("SigCgt"))
        return int(caught.split()[1], 16) >> (number - 1) & 1

    def interrupt(self):
        """What Ctrl-C does, once the process is prepared for it."""
        wait_until(lambda: self.catches(signal.SIGINT), "SIGINT is caught")
        self.popen.send_signal(signal.SIGINT)

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        assert select.select([self.life], [], [], PATIENCE)[0], "what it started lives on"
        return self.text()

    def close(self):
        self.kill()
        self.output.close()
        os.close(self.life)


class TestCase(unittest.TestCase):
    """Each test has a buffer name, which must be gone when it ends."""

    def setUp(self):
        self.name = f"test-{uuid.uuid4()}"
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.processes = []

    def tearDown(self):
        for process in self.processes:
            process.close()
        left = leftovers(self.name)
        remove(left)
        self.assertEqual(left, [])

    def start(self, command, env=None):
        process = Process(command, env)
        self.processes.append(process)
        return process

    def launch(self, pipeline, *options, env=None):
        """Starts gst-launch-1.0, which may need a sanitizer's runtime."""
        env = dict(env or {})
        if PRELOAD:
            env["LD_PRELOAD"] = PRELOAD
            # What other plugins leak is not for us to judge; test_leaks looks
            # for what we do.
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        return self.start(["gst-launch-1.0", *options, *pipeline.split()], env)

    def as_root(self):
        if os.geteuid() != 0:
            self.skipTest("takes root")

    def launch_as(self, pipeline, user, group=None, others=None):
        """Starts gst-launch-1.0 as another user, in a group and perhaps in others,
        who must be let read the build folder."""
        self.as_root()
        command = [
            "setpriv",
            f"--reuid={user}",
            f"--regid={group or user}",
            f"--groups={others}" if others else "--clear-groups",
        ]
        folder = os.environ["GST_PLUGIN_PATH_1_0"]
        if subprocess.run([*command, "ls", folder], capture_output=True).returncode != 0:
            self.skipTest("others may not read the build folder")
        preload = ["env", f"LD_PRELOAD={PRELOAD}"]
        return self.start(
            [*command, *preload, "gst-launch-1.0", *pipeline.split()],
            {"ASAN_OPTIONS": "detect_leaks=0"},
        )

    def launch_apart(self, pipeline, *commands, namespaces=("--mount",), beside=None):
        """Starts gst-launch-1.0 in namespaces of its own, after these commands, and
        beside another one if there is one.  The build folder, which may be below a
        folder that is mounted over, is at /mnt there."""
        self.as_root()
        folder = os.path.dirname(os.environ["GST_PLUGIN_PATH_1_0"])
        script = " && ".join([f"mount --rbind {folder} /mnt", *commands])
        unshare = ["unshare", *namespaces, "sh", "-c"]
        if subprocess.run([*unshare, script], capture_output=True).returncode != 0:
            self.skipTest("such namespaces cannot be made here")
        env = {
            "GST_PLUGIN_PATH_1_0": "/mnt/gst",
            "LD_LIBRARY_PATH": "/mnt/lib",
            "GST_REGISTRY_1_0": f"/mnt/tests/registry-{self.name}.bin",
            "ASAN_OPTIONS": "detect_leaks=0",
            # Its file may be mounted over, too.
            "TSAN_OPTIONS": re.sub("suppressions=[^:]*", "", os.environ.get("TSAN_OPTIONS", "")),
        }
        self.addCleanup(remove, [f"{folder}/tests/registry-{self.name}.bin"])
        launch = f"env LD_PRELOAD='{PRELOAD.replace(folder, '/mnt')}' gst-launch-1.0"
        run = f"exec {launch} {pipeline}"
        if beside:
            run = f"{{ {launch} {beside} & {launch} {pipeline}; wait; }}"
        return self.start([*unshare, f"{script} && {run}"], env)

    def wait_for_buffer(self):
        wait_until(lambda: len(leftovers(self.name)) == 4, "the reader is there")

    def path(self, file):
        return os.path.join(self.folder, file)

    def assert_success(self, *processes):
        for process in processes:
            self.assertEqual(process.wait(), 0, process.text())
