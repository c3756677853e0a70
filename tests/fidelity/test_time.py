# SPDX-License-Identifier: MIT
"""When buffers are due, in the consumer's time.

What both sides write down are timestamps and segments; the time of the clock at
which a buffer is due follows from them and the pipeline's base time.  Nothing
here depends on how long anything takes.
"""

import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

RELAY = os.environ["ZEROBUFFER_RELAY"]
MSECOND = 1000000

VIDEO = "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=50/1"
AUDIO = "audiotestsrc is-live=true samplesperbuffer=441 ! audio/x-raw,rate=44100"


class Recording:
    """Times of the clock by the buffers' checksum and timestamp."""

    def __init__(self, path):
        self.due = {}
        self.segments = 0
        self.base_time = None
        segment = {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith("base-time "):
                    self.base_time = int(line.split()[1])
                elif line.startswith("event segment "):
                    pairs = re.findall(r"(base|offset|start)=\(guint64\)(\d+)", line)
                    segment = {key: int(value) for key, value in pairs}
                    self.segments += 1
                elif line.startswith("buffer pts ") and segment:
                    pts = int(line.split()[2])
                    start = segment["start"] + segment["offset"]
                    self.due[pts] = pts - start + segment["base"]

    def clock_time(self, pts):
        return self.due[pts] + self.base_time


class Time(support.TestCase):
    def relay(self, what, file, pipeline, clock):
        env = {"RELAY_CLOCK": clock}
        return self.start([RELAY, what, f"{self.folder}/{file}", pipeline], env)

    def is_warm(self, file):
        path = f"{self.folder}/{file}"
        if not os.path.exists(path):
            return False
        with open(path, encoding="utf-8") as record:
            return record.read().count("\nbuffer ") > 100

    def start_late(self, sources, options="is-live=true", clocks=("", "")):
        """What both sides wrote down, with receivers that start seconds later."""
        senders, receivers = [], []
        for i, source in enumerate(sources):
            sink = f"zerobuffersink name=out buffer-name={self.name}-{i} wait-for-reader=false"
            senders.append(self.relay("send", f"sent{i}", f"{source} ! {sink}", clocks[0]))
        for i in range(len(sources)):
            support.wait_until(lambda i=i: self.is_warm(f"sent{i}"), "two seconds went by")
        for i in range(len(sources)):
            src = f"zerobuffersrc buffer-name={self.name}-{i} num-buffers=60 {options}"
            receivers.append(
                self.relay("receive", f"received{i}", f"{src} ! fakesink name=out", clocks[1])
            )
        for receiver in receivers:
            self.assertEqual(receiver.wait(), 0, receiver.text())
        for sender in senders:
            sender.send(signal.SIGTERM)
            self.assertEqual(sender.wait(), 0, sender.text())
        record = lambda name: Recording(f"{self.folder}/{name}")  # noqa: E731
        return [(record(f"sent{i}"), record(f"received{i}")) for i in range(len(sources))]

    def assert_in_sync(self, sent, received, lead=0):
        """@lead: of the receiver's clock over the sender's."""
        common = sorted(set(sent.due) & set(received.due))
        self.assertGreater(len(common), 40)
        # The last ones: a consumer that was not playing yet has no time to tell.
        for pts in common[-20:]:
            difference = received.clock_time(pts) - sent.clock_time(pts) - lead
            self.assertLess(abs(difference), MSECOND)

    def test_picture_and_sound(self):
        for sent, received in self.start_late([VIDEO, AUDIO]):
            self.assert_in_sync(sent, received)

    def test_a_consumer_that_prerolls(self):
        """It begins with what it prerolls with, and loses nothing behind that."""
        ((sent, received),) = self.start_late([VIDEO], options="")
        left = list(sent.due)
        first = left.index(next(iter(received.due)))
        self.assertEqual(list(received.due), left[first : first + len(received.due)])
        self.assertEqual(received.due[left[first]], 0)
        later = {received.due[pts] - sent.due[pts] for pts in received.due}
        self.assertEqual(len(later), 1)
        self.assertEqual(received.segments, 1)

    def test_another_clock_in_the_producer(self):
        ((sent, received),) = self.start_late([VIDEO], clocks=("realtime", ""))
        self.assertGreater(sent.base_time, 10**18)
        self.assert_in_sync(sent, received, time.monotonic_ns() - time.time_ns())

    def test_another_clock_in_the_consumer(self):
        ((sent, received),) = self.start_late([VIDEO], clocks=("", "realtime"))
        self.assert_in_sync(sent, received, time.time_ns() - time.monotonic_ns())

    def test_preserve(self):
        """As they left, though the producer is live."""
        options = "is-live=true timestamps=preserve"
        ((sent, received),) = self.start_late([VIDEO], options)
        for pts, running_time in received.due.items():
            self.assertEqual(running_time, sent.due[pts])

    def test_rebase_what_is_not_live(self):
        source = VIDEO.replace("is-live=true", "") + " ! identity sync=true"
        options = "is-live=true timestamps=rebase"
        ((sent, received),) = self.start_late([source], options)
        self.assert_in_sync(sent, received)

    def test_arrival(self):
        options = "is-live=true timestamps=arrival"
        ((sent, received),) = self.start_late([VIDEO], options)
        # Times of their own, from the consumer's start on.
        self.assertFalse(set(received.due) & set(sent.due))
        self.assertEqual(sorted(received.due), list(received.due))
        self.assertEqual(received.segments, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
