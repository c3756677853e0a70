# SPDX-License-Identifier: MIT
"""The ways from one pipeline to the other, and how one run of each is made."""

import contextlib
import dataclasses
import glob
import json
import os
import selectors
import subprocess
import tempfile
import time
import uuid

# A run that takes longer than this is killed, and reported as a hang, seconds.
PATIENCE = 15


@dataclasses.dataclass(frozen=True)
class Load:
    """What is sent."""

    size: int
    caps: str
    count: int
    warm_up: int
    pool: bool = False
    touch: bool = False
    rate: int = 0

    def options(self):
        options = [
            f"--size={self.size}",
            f"--caps={self.caps}",
            f"--count={self.count}",
            f"--warm-up={self.warm_up}",
            f"--rate={self.rate}",
        ]
        return options + ["--pool"] * self.pool + ["--touch"] * self.touch


class Hang(Exception):
    """Some process has not ended in time."""


class Failure(Exception):
    """Some process has ended without a result."""


class Runner:
    """Runs the programs that meson has built."""

    def __init__(self, programs):
        self.programs = programs

    def start(self, arguments, **options):
        return subprocess.Popen(
            [os.path.join(self.programs, "pipeline"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    @staticmethod
    def result(process, deadline):
        """What it says; leaves a sender running."""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0, deadline - time.monotonic())):
                raise Hang
        line = process.stdout.readline()
        if not line:
            raise Failure(process.stderr.read().strip())
        return json.loads(line)

    @staticmethod
    def stop(*processes):
        """And removes what shmsink leaves behind when it is killed."""
        for process in processes:
            process.kill()
            process.wait()
            for path in glob.glob(f"/dev/shm/shmpipe.{process.pid:5d}.*"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

    def through(self, description, load):
        process = self.start([f"--through={description}", *load.options()])
        try:
            return self.result(process, time.monotonic() + PATIENCE)
        finally:
            self.stop(process)

    def across(
        self, send, receive, load, *extra, made=None, first=None, fds=(None, None)
    ):
        """Two processes.  The @first one, "send" or "receive", makes what appears
        at the path @made, before the other starts."""
        deadline = time.monotonic() + PATIENCE
        options = load.options()

        def start_sender():
            return self.start(
                [f"--send={send}", *options], pass_fds=[fds[1]] if fds[1] else []
            )

        def start_receiver():
            return self.start(
                [f"--receive={receive}", *options, *extra],
                pass_fds=[fds[0]] if fds[0] else [],
            )

        def wait_until_made(process):
            while made and not os.path.exists(made):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise Failure(f"{made} does not appear")
                time.sleep(0.01)

        sender = receiver = None
        try:
            if first == "receive":
                receiver = start_receiver()
                wait_until_made(receiver)
            sender = start_sender()
            if not receiver:
                wait_until_made(sender)
                receiver = start_receiver()
            for fd in fds:
                if fd:
                    os.close(fd)
            received = self.result(receiver, deadline)
            sent = self.result(sender, deadline)
            sender.stdin.close()
            sender.wait(5)
            receiver.wait(5)
        except subprocess.TimeoutExpired:
            raise Hang from None
        finally:
            self.stop(*filter(None, (sender, receiver)))
        return {
            **received,
            "cpu": sent["cpu"] + received["cpu"],
            "memory": {"sender": sent, "receiver": received},
        }


def has_element(name):
    return (
        subprocess.run(
            ["gst-inspect-1.0", "--exists", name], check=False
        ).returncode
        == 0
    )


class Queue:
    name = "queue"
    description = "queue max-size-buffers=8 max-size-bytes=0 max-size-time=0"

    def run(self, runner, load):
        return runner.through(self.description, load)

    def can(self, load):
        return True


class ZeroBuffer:
    name = "zerobuffer"

    def run(self, runner, load):
        name = f"bench-{uuid.uuid4()}"
        return runner.across(
            f"zerobuffersink buffer-name={name}",
            f"zerobuffersrc buffer-name={name}",
            load,
            made=f"/dev/shm/{name}",
            first="receive",
        )

    def can(self, load):
        return True


class Socket:
    """Those that meet at a path."""

    def __init__(self, name, send, receive):
        self.name = name
        self.send = send
        self.receive = receive

    def can(self, load):
        return has_element(self.send.split()[0])

    def run(self, runner, load):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            return runner.across(
                self.send.format(path=path, shm=10 * load.size + 65536),
                self.receive.format(path=path),
                load,
                made=path,
                first="send",
            )


class Pipe:
    name = "pipe"

    def can(self, load):
        return not load.pool and not load.rate

    def run(self, runner, load):
        # One large frame after another, 64 KiB at a time, takes its time.
        count = max(20, min(load.count, 3_000_000_000 // (load.size * 4)))
        load = dataclasses.replace(
            load, count=count, warm_up=min(load.warm_up, count // 10)
        )
        fds = os.pipe()
        blocksize = min(load.size, 65536)
        return runner.across(
            f"fdsink fd={fds[1]} sync=false",
            f"fdsrc fd={fds[0]} blocksize={blocksize}",
            load,
            "--stream",
            fds=fds,
        )


ALL = [
    Queue(),
    ZeroBuffer(),
    Socket(
        "shm",
        "shmsink socket-path={path} shm-size={shm} wait-for-connection=true"
        " sync=false async=false",
        "shmsrc socket-path={path}",
    ),
    Socket(
        "unixfd",
        "unixfdsink socket-path={path} sync=false async=false"
        " wait-for-connection=true",
        "unixfdsrc socket-path={path}",
    ),
    Pipe(),
]
