# SPDX-License-Identifier: MIT
"""What the tests of recordings, headers and mixers share.

A producer runs in one process, and consumers come and go in others.  With
ZEROBUFFER_LOCAL=1 in the environment each consumer has the producer's source in
its own pipeline instead: a test that fails then, too, is wrong.
"""

import contextlib
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

PLAYER = os.environ["ZEROBUFFER_PLAYER"]
IS_LOCAL = os.environ.get("ZEROBUFFER_LOCAL") == "1"

# A test that hangs shall not take a minute: there are some of them.
support.PATIENCE = min(support.PATIENCE, 30)

RATE = 60  # pictures in a second
FRAME = 10**9 // RATE
MSECOND = 10**6

# Most of the containers know milliseconds only.
TOLERANCE = 1500000

PICTURES = f"videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate={RATE}/1"
ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast threads=1"
# Key units come on request.
RARE_KEYS = f"{ENCODER} key-int-max=1000"
SOUND = "audiotestsrc is-live=true wave=square samplesperbuffer=480 ! audio/x-raw,format=S16LE,rate=48000,channels=1"

HEADER, DELTA_UNIT, CORRUPTED, DECODE_ONLY = 0x400, 0x2000, 0x100, 0x1000000


class Buffer:
    """A line that tests/reference/player.c has printed."""

    def __init__(self, words):
        times = [int(word) for word in words[1:5]]
        self.pts, self.dts, self.duration, self.running_time = times
        self.flags, self.size, self.zeros = (int(word) for word in words[5:8])
        self.bytes = bytes.fromhex(words[8]) if len(words) > 8 else b""

    def has(self, flag):
        return self.flags & flag != 0

    def __repr__(self):
        return f"({self.running_time / MSECOND:.1f} ms, {self.flags:#x})"


class Player(support.Process):
    """tests/reference/player.c: an application that does what it is told."""

    def __init__(self, pipeline):
        super().__init__([PLAYER, pipeline], stdin=subprocess.PIPE)

    def tell(self, command):
        self.popen.stdin.write(f"{command}\n".encode())
        self.popen.stdin.flush()

    def count(self, what):
        return self.text().count(f"\n{what} ")

    def wait_for(self, what, number):
        """Until so many more lines begin with this."""
        self.wait_until(what, self.count(what) + number)

    def wait_until(self, what, goal):
        support.wait_until(
            lambda: self.count(what) >= goal or self.popen.poll() is not None,
            f"{goal} times {what}",
        )
        assert self.count(what) >= goal, self.text()[-2000:]

    def pause(self):
        before = self.text().count("\nstate PAUSED\n")
        self.tell("pause")
        support.wait_until(
            lambda: self.text().count("\nstate PAUSED\n") > before, "the pipeline pauses"
        )

    def play(self):
        before = self.text().count("\nstate PLAYING\n")
        self.tell("play")
        support.wait_until(
            lambda: self.text().count("\nstate PLAYING\n") > before, "the pipeline plays"
        )

    def end(self):
        """Whatever it does, after a test that failed."""
        with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self.tell("quit")
            self.popen.wait(1)

    def lines(self, kind, name):
        """The words of all complete lines of this kind."""
        lines = self.text().split("\n")[:-1]
        return [x.split(" ")[1:] for x in lines if x.startswith(f"{kind} {name} ")]

    def buffers(self, name):
        return [Buffer(words) for words in self.lines("buffer", name)]

    def problems(self):
        return [x for x in self.text().split("\n") if re.match("error|warning|.*CRITICAL", x)]

    def close(self):
        super().close()
        self.popen.stdin.close()


def requires(*elements):
    missing = [
        element
        for element in elements
        if subprocess.run(["gst-inspect-1.0", "--exists", element]).returncode != 0
    ]
    return unittest.skipIf(missing, f"there is no {missing}")


class Producer:
    """A producer, and its sources by name. See go_on ()."""

    def __init__(self, test, options="", head="", **sources):
        """@head: what several sources come out of."""
        self.test, self.sources = test, sources
        self.head = head if IS_LOCAL else ""  # of the consumer
        self.names = {key: test.new_name() for key in sources}
        if not IS_LOCAL:
            sinks = [
                f"{source} ! zerobuffersink buffer-name={self.names[key]} {options}"
                for key, source in sources.items()
            ]
            # A second, running sink tells that time goes by, whatever ours does.
            clock = "videotestsrc is-live=true ! video/x-raw,width=16,height=16,framerate=60/1 ! fakesink name=watch-clock sync=true"
            self.player = test.play(" ".join([head, *sinks, clock]))

    def src(self, key="main", options=""):
        """What stands for the producer in a consumer's pipeline."""
        if not IS_LOCAL:
            return f"zerobuffersrc buffer-name={self.names[key]} {options}"
        count = re.search(r"num-buffers=\d+|$", options).group()
        name = re.search(r"name=\S+|$", options).group()
        live = "is-live=true" if "is-live=true" in options else ""
        source = self.sources[key].replace("is-live=true", f"{live} {count}", 1)
        return f"{source} ! identity {name}"

    def stop(self):
        if not IS_LOCAL:
            self.test.assertIsNone(self.player.popen.poll(), self.player.text()[-2000:])
            self.player.tell("quit")
            self.test.assert_success(self.player)


def go_on(*producers, frames=30):
    """All of them at the same time."""
    for goal, player in [
        (p.player.count("buffer watch-clock") + frames, p.player) for p in producers if not IS_LOCAL
    ]:
        player.wait_until("buffer watch-clock", goal)


class TestCase(support.TestCase):
    def setUp(self):
        super().setUp()
        self.names = []

    def new_name(self):
        self.names.append(f"{self.name}-{len(self.names)}")
        return self.names[-1]

    def tearDown(self):
        for process in self.processes:
            if isinstance(process, Player) and process.popen.poll() is None:
                process.end()
        super().tearDown()
        left = [path for name in self.names for path in support.leftovers(name)]
        support.remove(left)
        self.assertEqual(left, [])

    def producer(self, options="", head="", **sources):
        """One that has been running for a while."""
        producer = Producer(self, options, head, **sources)
        go_on(producer)
        return producer

    def play(self, pipeline):
        player = Player(pipeline)
        self.processes.append(player)
        return player

    def assert_no_problems(self, *players):
        for player in players:
            self.assert_success(player)
            self.assertEqual(player.problems(), [])

    # ---- what is in a file ----

    def assert_rising(self, buffers, what, least=1):
        """Times of a stream in running time, from 0 on."""
        times = [x.running_time for x in buffers if x.pts >= 0]
        self.assertGreaterEqual(times[0], 0, what)
        for before, after in zip(times, times[1:]):
            self.assertGreaterEqual(after, before + least, f"{what}: time runs backwards")

    def without_false_start(self, mixed):
        """A mixer that is live may begin before it knows any caps, and then anew."""
        while len(mixed) > 1 and mixed[1].running_time == 0:
            mixed = mixed[1:]
        return mixed

    def holes(self, buffers, tolerance=TOLERANCE):
        """Where the distance to the frame before, in running time, is not that of two
        frames."""
        pairs = enumerate(zip(buffers, buffers[1:]), 1)
        return {
            i: (after.running_time - before.running_time) / MSECOND
            for i, (before, after) in pairs
            if abs(after.running_time - before.running_time - FRAME) > tolerance
        }

    def start_decoding(self, file, demuxer, decoder="h264parse name=watch-encoded ! avdec_h264"):
        return self.play(
            f"filesrc location={file} ! {demuxer} ! {decoder} ! identity name=watch-decoded"
            " ! fakesink"
        )

    def assert_whole(self, player, frames, what=""):
        """All frames decode, from a key frame on, and time rises evenly."""
        player.wait()
        encoded, decoded = player.buffers("watch-encoded"), player.buffers("watch-decoded")
        self.assertTrue(encoded, f"{what}: nothing is in it\n{player.text()}")
        self.assertFalse(encoded[0].has(DELTA_UNIT), f"{what}: its first frame is no key frame")
        self.assertEqual(player.problems(), [], what)
        self.assertEqual(len(encoded), frames, f"{what}: frames that are in it")
        self.assertEqual(len(decoded), frames, f"{what}: frames that can be decoded")
        self.assertFalse([x for x in decoded if x.has(CORRUPTED)], what)
        self.assert_rising(decoded, what)
        holes = self.holes(decoded)
        self.assertEqual(holes, {}, f"{what}: holes, in ms, in front of frames")
        self.assert_success(player)
