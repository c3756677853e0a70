# SPDX-License-Identifier: MIT
"""Load for long, with everything that happens to processes.

    soak.py load SECONDS [SEED]     both sides at full speed: frames of all sizes,
                                    a consumer that stalls, with and without
                                    waiting for it, restarts
    soak.py kill COUNT [SEED]       either side, or both, killed under load
    soak.py pairs COUNT             so many pairs at once

Every byte of each frame is checked by the consumer, and that none is missing.
Memory, file descriptors and threads of a process must not grow while it runs,
and nothing may be left when all have ended.
"""

import os
import random
import signal
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

SIDE = os.environ["ZEROBUFFER_SIDE"]

# Private memory may vary by so much: caches, and frames that moved out.
VARIATION = 48 << 20


class Side:
    """A process that says how many frames it has had."""

    def __init__(self, *arguments):
        self.command = [SIDE, *arguments]
        self.process = None
        self.start()

    def start(self):
        if self.process:
            self.process.close()
        self.process = support.Process(self.command)
        self.first = None

    def frames(self):
        lines = self.process.tail().split("\n")
        return int(lines[-2]) if len(lines) > 1 and lines[-2].isdigit() else 0

    def check(self):
        assert self.process.popen.poll() is None, self.process.text()[-2000:]

    def wait_for_flow(self, count=1):
        before = self.frames()
        support.wait_until(
            lambda: self.frames() >= before + count or self.process.popen.poll() is not None,
            f"frames flow: {self.command}",
        )
        self.check()

    def check_growth(self):
        """Against the first time that this is asked of a process."""
        pid = self.process.popen.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as text:
            memory = next(line for line in text if line.startswith("RssAnon"))
        now = [
            int(memory.split()[1]) << 10,
            len(os.listdir(f"/proc/{pid}/fd")),
            len(os.listdir(f"/proc/{pid}/task")),
        ]
        if self.first is None:
            self.first = now
        for before, after, slack in zip(self.first, now, (VARIATION, 2, 2)):
            assert after <= before + slack, f"{self.command} grew from {self.first} to {now}"

    def kill(self):
        self.process.kill()

    def stop(self):
        support.wait_until(lambda: self.process.catches(signal.SIGTERM), "it is prepared to stop")
        self.process.send(signal.SIGTERM)
        assert self.process.wait() == 0, self.process.text()[-2000:]

    def close(self):
        self.process.close()


class Pair:
    def __init__(self, sizes, stalls, sink="", src=""):
        self.name = f"soak-{uuid.uuid4()}"
        self.producer = Side("send", self.name, sizes, sink)
        self.consumer = Side("receive", self.name, str(stalls), src)

    def sides(self):
        return [self.producer, self.consumer]

    def wait_for_flow(self):
        self.consumer.wait_for_flow()

    def end(self):
        """The consumer last, so that it sees the end of its producer."""
        try:
            self.producer.stop()
            self.consumer.stop()
            assert support.leftovers(self.name) == [], support.leftovers(self.name)
        finally:
            for side in self.sides():
                side.close()


def choose_pair():
    sizes = random.choice(["small", "large", "any"])
    return Pair(
        sizes,
        random.choice([0, 1, 100]) if sizes == "large" else random.choice([0, 1]),
        f"wait-for-reader={random.choice(['true', 'false'])}",
        f"payload-size={random.choice([1 << 16, 1 << 20, 16 << 20])}",
    )


def load_for(seconds):
    pair = choose_pair()
    print(" ".join(pair.producer.command[3:] + pair.consumer.command[3:]), flush=True)
    deadline = time.monotonic() + seconds
    try:
        pair.wait_for_flow()
        while time.monotonic() < deadline:
            time.sleep(random.uniform(0.2, 2))
            for side in pair.sides():
                side.check()
                side.check_growth()
            if random.random() < 0.2:
                side = random.choice(pair.sides())
                side.stop()
                side.start()
                pair.wait_for_flow()
        print(f"{pair.producer.frames()} sent, {pair.consumer.frames()} received", flush=True)
    finally:
        pair.end()


def load(seconds):
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        load_for(min(left, random.uniform(5, 20)))


def kill(count):
    pair = None
    for i in range(count):
        if i % 25 == 0:
            if pair:
                pair.end()
            pair = choose_pair()
        pair.wait_for_flow()
        time.sleep(random.uniform(0, 0.03))
        victims = random.choice([pair.sides()[:1], pair.sides()[1:], pair.sides()])
        for side in victims:
            side.kill()
        for side in victims:
            side.start()
    pair.wait_for_flow()
    pair.end()


def pairs(count):
    all_pairs = [Pair(random.choice(["small", "any"]), 1) for _ in range(count)]
    for _ in range(3):
        for pair in all_pairs:
            pair.wait_for_flow()
    for pair in all_pairs:
        pair.end()


def main(what, amount, seed=None):
    seed = int(seed) if seed else random.randrange(10**6)
    random.seed(seed)
    print(f"{what} {amount}, seed {seed}", flush=True)
    {"load": load, "kill": kill, "pairs": pairs}[what](int(amount))


if __name__ == "__main__":
    main(*sys.argv[1:])
