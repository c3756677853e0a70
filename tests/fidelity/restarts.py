# SPDX-License-Identifier: MIT
"""Restarts either side again and again, while an encoded stream flows.

    restarts.py RESTARTS [SEED]

Every time one side, by chance, ends its stream, stops, or is killed, and another
is started in its place; the other side goes on.  In the end each session must
have had its frames whole, in order and without a gap, from a key unit on; the
processes that survived must not have grown; and nothing may be left.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

RELAY = os.environ["ZEROBUFFER_RELAY"]

DISCONT, DELTA_UNIT = 0x40, 0x2000

# Key units come on request: of themselves they would be far too rare.
SOURCE = (
    "videotestsrc ! video/x-raw,width=64,height=48,framerate=1000/1"
    " ! x264enc threads=1 speed-preset=ultrafast tune=zerolatency key-int-max=100000"
)


class Side:
    """One side, and all the processes that it has been."""

    def __init__(self, what, folder, pipeline):
        self.what, self.folder, self.pipeline = what, folder, pipeline
        self.count = 0
        self.start()

    def start(self):
        self.count += 1
        self.path = f"{self.folder}/{self.what}-{self.count}"
        self.process = support.Process([RELAY, self.what, self.path, self.pipeline])
        self.opened = None

    def buffers(self):
        if not os.path.exists(self.path):
            return 0
        with open(self.path, encoding="utf-8") as record:
            return record.read().count("\nbuffer ")

    def end(self, way):
        process = self.process
        if way == "kill":
            process.kill()
            return
        process.send(signal.SIGTERM if way == "stop" else signal.SIGUSR1)
        assert process.wait() == 0, process.text()

    def check_growth(self):
        """File descriptors and threads, against those of its first session."""
        pid = self.process.popen.pid
        now = [len(os.listdir(f"/proc/{pid}/{what}")) for what in ("fd", "task")]
        if self.opened is None:
            self.opened = now
        for before, after in zip(self.opened, now):
            assert after <= before + 2, f"{self.what} grew from {self.opened} to {now}"


def read_streams(path):
    """The buffers of each stream in a record: [(stream id, [(flags, rest)])]"""
    streams = []
    with open(path, encoding="utf-8") as record:
        for line in record:
            words = line.split()
            if line.startswith("event stream-start"):
                streams.append((words[4], []))
            elif line.startswith("buffer ") and line.endswith("\n"):
                at = words.index("flags")
                flags = int(words[at + 1], 16)
                rest = tuple(words[:at] + words[at + 2 :])
                streams[-1][1].append((flags, rest))
    return streams


def check_session(stream_id, buffers, sent):
    left = sent[stream_id]
    places = {rest: i for i, (_, rest) in enumerate(left)}
    flags, rest = buffers[0]
    start = places[rest]
    assert not flags & DELTA_UNIT, f"{stream_id} starts with a delta unit"
    assert start == 0 or flags & DISCONT, f"{stream_id} goes on without DISCONT"
    for i, (flags, rest) in enumerate(buffers):
        assert rest == left[start + i][1], f"{stream_id}: buffer {i} is not the next"
        assert i == 0 or flags == left[start + i][0], f"{stream_id}: flags of buffer {i}"


def check_records(producer, consumer):
    sent = {}
    for i in range(1, producer.count + 1):
        for stream_id, buffers in read_streams(f"{producer.folder}/send-{i}"):
            sent[stream_id] = buffers
    sessions = 0
    for i in range(1, consumer.count + 1):
        for stream_id, buffers in read_streams(f"{consumer.folder}/receive-{i}"):
            if buffers:
                check_session(stream_id, buffers, sent)
                sessions += 1
    return sessions


def wait_for_flow(producer, consumer):
    """Until what is sent from now on arrives."""
    sent, received = producer.buffers(), consumer.buffers()
    support.wait_until(
        lambda: (producer.buffers() > sent + 5 and consumer.buffers() > received + 20)
        or producer.process.popen.poll() is not None
        or consumer.process.popen.poll() is not None,
        "the stream flows",
    )
    for side in (producer, consumer):
        assert side.process.popen.poll() is None, side.process.text()
        side.check_growth()


def restart(restarts, name, folder):
    producer = Side("send", folder, f"{SOURCE} ! zerobuffersink name=out buffer-name={name}")
    consumer = Side(
        "receive",
        folder,
        f"zerobuffersrc reconnect=true payload-size=65536 buffer-name={name} ! fakesink name=out",
    )
    try:
        for _ in range(restarts):
            wait_for_flow(producer, consumer)
            if random.random() < 0.5:
                producer.end(random.choice(["eos", "stop", "kill"]))
                producer.start()
            else:
                consumer.end(random.choice(["stop", "kill"]))
                consumer.start()
        wait_for_flow(producer, consumer)
        producer.end("stop")
        consumer.end("stop")
    finally:
        producer.process.kill()
        consumer.process.kill()
    return check_records(producer, consumer)


def main(restarts, seed):
    random.seed(seed)
    print(f"{restarts} restarts, seed {seed}", flush=True)
    name = f"restarts-{uuid.uuid4()}"
    folder = tempfile.mkdtemp()
    try:
        sessions = restart(restarts, name, folder)
        assert sessions >= restarts, f"only {sessions} sessions"
        assert support.leftovers(name) == [], support.leftovers(name)
        print(f"{sessions} sessions, each whole and in order")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6))
