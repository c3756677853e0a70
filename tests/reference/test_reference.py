# SPDX-License-Identifier: MIT
"""A pipeline that is split in two behaves as it did in one piece.

One script of an application's actions is run twice: on a pipeline in one process,
and on the same pipeline with zerobuffersink and zerobuffersrc between two.  What
comes to its last element, what is answered to queries, and the messages that the
application gets must be the same, but for what a boundary must change.  What that
is stands in EXCEPTIONS, and nowhere else.

The tests of class Boundary have no plain pipeline beside them, since in one process
their question does not arise.  They say what is right.

Nothing waits for a while: see actor.c.  Where the time itself is what is tested (a
pause of a second), it passes.
"""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

# Whatever is waited for comes in an instant, or never; an actor gives up after 10.
support.PATIENCE = 15
ACTOR = os.environ["ZEROBUFFER_ACTOR"]
MSECOND = 1000000
SECOND = 1000 * MSECOND
DISCONT, DELTA_UNIT = 0x40, 0x2000

# What a boundary must change, and why.  Those that hold in every test come first;
# the others are named by the tests in which they do.
EXCEPTIONS = {
    "numbers": "Seqnums, group ids and stream ids are numbers of one process, and random. They are "
    "compared by the order in which they come first: equal numbers stay equal, others differ.",
    "video meta": "GstVideoMeta says how rows lie in the memory that upstream was offered, which "
    "is another one. (Bytes are compared.)",
    "connected": "The src tells its application that a producer came or went, by messages that "
    "nothing else posts.",
    "outside": "What lies outside of its segment no sink shows, and so none of it is sent. The "
    "first buffer after it has its DISCONT.",
    "prerolled": "What a producer that is paused has prerolled with was never sent. What it "
    "flushed of that, and the flush, need not be there.",
    "again": "Pads of GStreamer (1.22) push an instant-rate-change twice, one right after the "
    "other. It does not matter which of the two goes over, or both.",
    "duration": "How long a stream is knows its producer, and the consumer need not.",
    "seeking": "A consumer cannot seek in its producer.",
    "latency": "The src adds to the latency what the way takes.",
    "segment-done": "A src that was not asked for a segment does not post SEGMENT_START, and so "
    "its bin no SEGMENT_DONE; the producer's does. The event is there.",
    "live": "A live consumer starts later than its producer, so its segment is shifted and buffers "
    "from before its start are missing. Running times are compared, by their differences.",
}

# The ball is where it is by the number of the frame: no two are the same, and each is
# the same in every run.
VIDEO = (
    "videotestsrc name=source pattern=ball {}"
    " ! video/x-raw,format=I420,width=64,height=48,framerate={}/1"
)
AUDIO = "audiotestsrc name=source {} ! audio/x-raw,format=S16LE,rate=44100,channels=1"
FILE = VIDEO.format("num-buffers=20", 30)
OUT = "fakesink name=out"


# ---- what is written down ----


def running_time(segment, time):
    """Negative: before the segment."""
    fields = dict(re.findall(r"\b([a-z-]+)=\([a-z0-9A-Z]+\)([-\d.]+)", segment))
    start, stop, base, offset = (int(fields[x]) for x in ("start", "stop", "base", "offset"))
    rate = float(fields["rate"])
    if rate > 0:
        return int((time - start - offset) / rate) + base
    return int((stop - offset - time) / -rate) + base


def segment_limits(segment):
    """Those within which something is shown; none: 2^64 - 1."""
    return [int(re.search(rf"\b{x}=\(guint64\)(\d+)", segment)[1]) for x in ("start", "stop")]


class Buffer:
    def __init__(self, line, segment):
        number = lambda x: None if x == "none" else int(x)  # noqa: E731
        words = line.split()
        self.pts, self.duration = number(words[2]), number(words[6])
        self.flags = int(words[words.index("flags") + 1], 16)
        self.due = running_time(segment, self.pts) if segment and self.pts is not None else None
        self.outside = False
        if segment and self.pts is not None and self.duration is not None:
            start, stop = segment_limits(segment)
            self.outside = self.pts + self.duration <= start or self.pts >= stop
        self.at = None  # of the monotonic clock, in ns


class Record:
    """What came to the last element, in order."""

    def __init__(self, path):
        self.lines, self.buffers = [], []
        segment = None
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if line.startswith("at "):
                    self.buffers[-1].at = int(line.split()[1])
                    continue
                if line.startswith("event segment "):
                    segment = line
                elif line.startswith(("event stream-start ", "event flush-stop ")):
                    segment = None
                elif line.startswith("buffer "):
                    self.buffers.append(Buffer(line, segment))
                self.lines.append(line)

    def events(self, name=None):
        """Their names; or the lines of those of one name."""
        lines = [line for line in self.lines if line.startswith("event ")]
        if name:
            return [line for line in lines if line.split()[1] == name]
        return [line.split()[1] for line in lines]

    def due(self):
        return [buffer.due for buffer in self.buffers]

    def normal(self):
        """The lines without what is never compared."""
        seqnums, groups, streams = {}, {}, {}
        name = lambda names, number: f"#{names.setdefault(number, len(names))}"  # noqa: E731
        lines = []
        buffers = iter(self.buffers)
        discont = 0
        for line in self.lines:
            if line.startswith("buffer "):
                # EXCEPTIONS["outside"]
                buffer = next(buffers)
                discont |= buffer.flags & DISCONT
                if buffer.outside:
                    continue
                flags = f"flags {buffer.flags | discont:#x}"
                line = re.sub("flags 0x[0-9a-f]+|flags 0", flags, line)
                discont = 0
            # EXCEPTIONS["video meta"]
            line = re.sub(r" \[video [^]]*\]", "", line)
            # EXCEPTIONS["numbers"]
            line = re.sub(r"seqnum (\d+)", lambda m: "seqnum " + name(seqnums, m[1]), line)
            if line.startswith("event stream-start "):
                words = line.split(" ")
                words[4] = name(streams, words[4])
                line = " ".join(words)
                line = re.sub(r"group (\d+)", lambda m: "group " + name(groups, m[1]), line)
            lines.append(line)
        return lines


def after_flushes(lines):
    """What came after the last flush, or all: EXCEPTIONS["prerolled"]"""
    flushes = [i for i, x in enumerate(lines) if x.startswith("event flush-stop ")]
    return [
        re.sub(r"seqnum \S+", "", x)
        for x in lines[flushes[-1] + 1 if flushes else 0 :]
        if not x.startswith(("event stream-start", "event caps"))
    ]


def check_order(lines):
    """What every element may rely on, whatever came before.  (No list: a violation.)"""
    started = caps = segment = ended = False
    for i, line in enumerate(lines):
        kind = line.split()[1] if line.startswith("event ") else "buffer"
        where = f"item {i} of:\n" + "\n".join(x[:150] for x in lines[: i + 1][-8:])
        if kind == "stream-start":
            started, segment, ended = True, False, False
        elif kind == "flush-stop":
            segment = ended = False
        elif kind in ("flush-start", "custom-downstream-oob", "custom-both-oob", "sink-message"):
            continue
        elif kind == "caps":
            assert started, f"caps before the stream starts: {where}"
            caps = True
        elif kind == "segment":
            assert started, f"a segment before the stream starts: {where}"
            segment = True
        elif kind in ("buffer", "gap", "tag", "segment-done", "toc", "protection"):
            assert not ended, f"{kind} after the end: {where}"
            assert segment, f"{kind} without a segment: {where}"
            assert caps or kind != "buffer", f"{kind} without caps: {where}"
        elif kind == "eos":
            ended = True


# ---- who acts ----


class Actor:
    """A process with a pipeline, that does what it is told."""

    def __init__(self, test, name, pipeline):
        self.path = f"{test.folder}/{name}"
        self.answers = 0
        self.process = support.Process([ACTOR, self.path, pipeline], stdin=subprocess.PIPE)
        self.done = False
        test.processes.append(self.process)
        test.actors.append(self)

    def tell(self, *words):
        line = shlex.join(str(word) for word in words) + "\n"
        with contextlib.suppress(BrokenPipeError):  # of what died; see __call__
            self.process.popen.stdin.write(line.encode())
            self.process.popen.stdin.flush()

    def __call__(self, *words):
        """The answer; that it is no good is a failure."""
        self.tell(*words)
        self.answers += 1
        replies = []

        def answered():
            replies[:] = re.findall("^= (ok|no) (.*)\n", self.process.text(), re.M)
            return len(replies) >= self.answers or self.process.popen.poll() is not None

        support.wait_until(answered, f"{words} is answered")
        assert len(replies) >= self.answers, f"{words}: {self.process.text()}"
        verdict, answer = replies[self.answers - 1]
        if verdict == "no":
            raise AssertionError(f"{' '.join(map(str, words))}: {answer}{self.look()}")
        return answer

    def look(self):
        """The end of the record, for who reads of a failure."""
        with open(self.path, encoding="utf-8") as file:
            lines = [x[:150] for x in file.read().splitlines() if not x.startswith("at ")]
        return "\nThe last that came:\n" + "\n".join(lines[-6:])

    def play(self):
        return self("state", "PLAYING")

    def pause(self):
        return self("state", "PAUSED")

    def wait(self, what, count=1):
        self("wait", what, count)

    def count(self, what):
        return int(self("count", what))

    def messages(self):
        """Those that any pipeline has.  EXCEPTIONS["connected"]"""
        messages = [x for x in self("messages").split(" | ") if x]
        return sorted(x for x in messages if not x.startswith("element zerobuffer-"))

    def end(self):
        """Its record."""
        if not self.done:
            self.done = True
            self.tell("quit")
            status = self.process.wait()
            self.process.popen.stdin.close()
            assert status == 0, self.process.text()
        return Record(self.path)


    def give_up(self):
        if self.done:
            return
        self.done = True
        self.tell("quit")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.popen.wait(5)
        with contextlib.suppress(BrokenPipeError):
            self.process.popen.stdin.close()


class Rig:
    """A pipeline in one process or two: its head has the source, its tail the sink.
    src is the element at which the tail begins."""

    def __init__(self, test, split, source, rest, src="", sink=""):
        self.test, self.split = test, split
        self.src = "src" if split else "source"
        self.notes = []
        self.source = f"{source} ! zerobuffersink name=sink buffer-name={test.name} {sink}"
        self.rest = f"zerobuffersrc name=src buffer-name={test.name} {src} ! {rest}"
        self.number = 0
        self.head = self.tail = None
        if not split:
            self.head = self.tail = Actor(test, "plain", f"{source} ! {rest}")

    def start_head(self):
        if self.split:
            self.number += 1
            self.head = Actor(self.test, f"head-{self.number}", self.source)
        return self.head

    def start_tail(self):
        if self.split:
            self.number += 1
            self.tail = Actor(self.test, f"tail-{self.number}", self.rest)
        return self.tail

    def start(self):
        self.start_tail()
        self.start_head()
        return self

    def feed(self):
        """Has the head play, where it is one of its own."""
        if self.split:
            self.head.play()
        return self

    def note(self, what):
        """What is to be the same in both."""
        self.notes.append(what)

    def end(self):
        self.messages = self.tail.messages()
        self.record = self.tail.end()
        if self.head is not self.tail:
            self.head.end()
        check_order(self.record.lines)


class ReferenceCase(support.TestCase):
    maxDiff = 4000

    def shortDescription(self):
        """None: failures are told by the name of the test."""

    def setUp(self):
        super().setUp()
        self.actors = []

    def tearDown(self):
        """Whatever failed, none is to be killed that could end."""
        for actor in self.actors:
            actor.give_up()
        super().tearDown()

    def run_both(self, script, source, rest=OUT, src="", sink=""):
        rigs = []
        for split in (False, True):
            rig = Rig(self, split, source, rest, src, sink)
            with self.subTest("split" if split else "plain"):
                script(rig)
                rig.end()
            rigs.append(rig)
        if not all(hasattr(rig, "record") for rig in rigs):
            self.skipTest("nothing to compare")
        return rigs

    def compare(self, script, source=FILE, rest=OUT, least=1, only=None, without=(), **options):
        """@only: what of the lines is compared; @without: messages that are not."""
        plain, split = self.run_both(script, source, rest, **options)
        left, right = (rig.record.normal() for rig in (plain, split))
        if only:
            left, right = only(left), only(right)
        self.assertGreaterEqual(len(plain.record.buffers), least)
        for number, (expected, found) in enumerate(zip(left, right)):
            before = "\n".join(x[:200] for x in left[:number][-4:])
            self.assertEqual(found, expected, f"item {number}, after\n{before}")
        self.assertEqual(right[len(left) :], [], "more than in the plain pipeline")
        self.assertEqual(left[len(right) :], [], "less than in the plain pipeline")
        self.assertEqual(split.notes, plain.notes)
        kept = lambda rig: [  # noqa: E731
            x for x in rig.messages if not x.startswith(without or "no message")
        ]
        self.assertEqual(kept(split), kept(plain))
        return plain.record, split.record

    def assert_rising(self, times, least=0, most=None):
        for before, after in zip(times, times[1:]):
            self.assertGreater(after, before + least, times)
            if most is not None:
                self.assertLess(after, before + most, times)


# ---- the same as in one process ----


def play_to_the_end(rig):
    rig.feed().tail.play()
    rig.tail.wait("message:eos")


class Start(ReferenceCase):
    def test_both_at_once(self):
        self.compare(lambda rig: play_to_the_end(rig.start()), least=20)

    def test_consumer_late(self):
        def script(rig):
            head = rig.start_head()
            if rig.split:
                head("watch", "source")
                head.play()
            rig.start_tail()
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_consumer_paused_before_the_producer_is_there(self):
        def script(rig):
            rig.start_tail()
            rig.note(rig.tail.pause())
            rig.start_head()
            rig.feed()
            rig.note(rig.tail("reach"))
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_stop_in_any_state(self):
        """While it waits for its producer, prerolls, plays; and it starts again."""

        def script(rig):
            rig.start_tail()
            for state in ("READY", "PAUSED", "PLAYING"):
                rig.tail("state", state)
                rig.note(rig.tail("state", "NULL"))
            rig.start_head()
            rig.feed()
            rig.tail("hold", rig.src, 3)
            for state in ("PAUSED", "PLAYING"):
                rig.tail("state", state)
                rig.note(rig.tail("reach"))
                rig.note(rig.tail("state", "NULL"))
            rig.tail("release", rig.src)
            rig.tail.play()
            seen = rig.tail.count("buffer")
            rig.tail.wait("buffer", seen + 20)
            rig.note(rig.tail("state", "READY"))

        plain, split = self.run_both(script, VIDEO.format("", 30))
        self.assertEqual(split.notes, plain.notes)

    def test_stop_the_producer_in_any_state(self):
        def script(rig):
            head = rig.start_head()
            for state in ("READY", "PAUSED", "PLAYING"):
                head("state", state)
                rig.note(head("state", "NULL"))
            rig.start_tail()

        plain, split = self.run_both(script, VIDEO.format("", 30))
        self.assertEqual(split.notes, plain.notes)


class Pause(ReferenceCase):
    def test_pause_and_resume(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("hold", rig.src, 10)
            tail.play()
            tail("held", rig.src)
            rig.note(tail.pause())
            tail("let", rig.src, 1)
            rig.note(tail("reach"))
            tail("release", rig.src)
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_pause_of_the_producer(self):
        def script(rig):
            rig.start()
            rig.head("hold", "source", 10)
            rig.feed()
            rig.tail.play()
            rig.head("held", "source")
            rig.tail.wait("buffer", 10)
            rig.head.pause()
            rig.head("let", "source", 1)
            rig.head("release", "source")
            rig.head.play()
            rig.tail.wait("message:eos")

        # The consumer plays on, and has no part in it.
        self.compare(script, least=20, without=("async-done",))

    def test_live_paused_for_a_second(self):
        """No buffers in PAUSED, and time goes on behind it as if there had been none."""

        def script(rig):
            rig.start_tail()
            head = rig.start_head()
            head("watch", "source")
            rig.feed()
            rig.tail.play()
            rig.tail.wait("buffer", 20)
            rig.note(rig.tail.pause())
            paused = rig.tail.count("buffer")
            if rig.split:
                head.wait("passed:source", head.count("passed:source") + 50)
            else:
                rig.tail("tick", 1000)
            # One may have been on its way.
            self.assertLessEqual(rig.tail.count("buffer"), paused + 1)
            rig.tail.play()
            rig.tail.wait("buffer", paused + 30)

        rigs = self.run_both(script, VIDEO.format("is-live=true", 50), src="is-live=true")
        self.assertEqual(rigs[1].notes, rigs[0].notes)
        for rig in rigs:
            self.assertGreaterEqual(rig.record.due()[0], 0)
            self.assert_rising(rig.record.due(), most=200 * MSECOND)
        # A local source stamps what it makes; ours moves the segment of what was made by
        # another.
        self.assertEqual(len(rigs[0].record.events("segment")), 1)
        self.assertLessEqual(len(rigs[1].record.events("segment")), 2)


def settle(rig, passed):
    """Until the paused head has a buffer in its sink, the one of this number.  (Whether
    zerobuffersink prerolls with it is its own affair.)"""
    rig.head.wait("passed:source", passed)
    if not rig.split:
        rig.head("reach")


def compare_paused_seeks(case, seeks, late=False, then=None, **options):
    """Both records of a stream that begins with these seeks in a paused pipeline, or in a
    paused producer.  @late: the consumer starts after them.  @then: what follows."""

    def script(rig):
        if not late:
            rig.start_tail()
        head = rig.start_head()
        if rig.split and not late:
            rig.tail.play()
        head("watch", "source")
        head.pause()
        for number, seek in enumerate(seeks):
            settle(rig, number + 1)
            rig.note(head("seek", "source", *seek))
        settle(rig, len(seeks) + 1)
        if late:
            rig.feed()
            rig.start_tail()
        head.play()
        rig.tail.play()
        if then:
            then(rig)
        rig.tail.wait("message:eos")

    options = {"without": ("async-done",), **options}
    return case.compare(script, VIDEO.format("", 30), only=after_flushes, **options)


class Flush(ReferenceCase):
    def test_flush_by_the_application(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("hold", rig.src, 5)
            tail.play()
            tail("held", rig.src)
            rig.note(tail("event", rig.src, "flush-start"))
            rig.note(tail("event", rig.src, "flush-stop", "reset"))
            tail("release", rig.src)
            tail.wait("message:eos")

        record, _ = self.compare(script, least=18)
        self.assertEqual(len(record.events("segment")), 2)

    def test_flushing_seek_in_the_producer(self):
        def script(rig):
            rig.start()
            rig.head("hold", "source", 5)
            rig.feed()
            rig.tail.play()
            rig.head("held", "source")
            rig.tail.wait("buffer", 5)
            rig.note(rig.head("seek", "source", 1.0, "flush", SECOND, 2 * SECOND))
            rig.head("release", "source")
            rig.tail.wait("message:eos")

        self.compare(script, VIDEO.format("", 30), least=35)

    def test_flushing_seek_in_the_paused_producer(self):
        _, split = compare_paused_seeks(self, [(1.0, "flush", SECOND, 2 * SECOND)])
        self.assertEqual(split.due()[-30], 0)

    def test_two_flushing_seeks_in_the_paused_producer(self):
        seeks = [(1.0, "flush", x * SECOND, (x + 1) * SECOND) for x in (1, 2)]
        _, split = compare_paused_seeks(self, seeks)
        self.assertEqual(split.due()[-30], 0)

    def test_two_flushing_seeks_in_a_producer_that_was_paused(self):
        """The consumer has had a part of the stream by then."""

        def script(rig):
            head = rig.start().head
            head("hold", "source", 5)
            rig.feed()
            rig.tail.play()
            head("held", "source")
            rig.tail.wait("buffer", 5)
            head.pause()
            head("release", "source")
            for second in (1, 2):
                settle(rig, 5 + second)
                rig.note(
                    head("seek", "source", 1.0, "flush", second * SECOND, (second + 1) * SECOND)
                )
            head.play()
            rig.tail.wait("message:eos")

        _, split = self.compare(
            script, VIDEO.format("", 30), only=after_flushes, least=35, without=("async-done",)
        )
        self.assertEqual(split.due()[-30], 0)

    def test_flushing_seeks_while_there_is_no_reader(self):
        """Who comes after them gets the segment, and never a flush."""
        seeks = [(1.0, "flush", x * SECOND, (x + 1) * SECOND) for x in (1, 2)]
        _, split = compare_paused_seeks(self, seeks, late=True)
        for event in ("flush-start", "flush-stop"):
            self.assertEqual(split.events(event), [])
        self.assertEqual(len(split.buffers), 30)


class Events(ReferenceCase):
    def test_events_of_the_application(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("hold", rig.src, 5)
            tail.play()
            for event in (
                ("custom-downstream", "one"),
                ("custom-oob", "two"),
                ("custom-both", "three"),
                ("custom-both-oob", "four"),
                ("custom-sticky", "five"),
                ("custom-upstream", "six"),
                ("tag", "seven"),
                ("protection", "eight"),
                ("sink-message", "nine"),
            ):
                tail("held", rig.src)
                rig.note((event, tail("event", rig.src, *event)))
                tail("let", rig.src, 1)
            tail("release", rig.src)
            tail.wait("message:eos")

        record, _ = self.compare(script, least=20)
        for name in ("custom-downstream", "tag", "protection", "sink-message"):
            self.assertIn(name, record.events())

    def test_events_before_it_starts(self):
        def script(rig):
            tail = rig.start().feed().tail
            rig.note(tail("state", "READY"))
            for event in (("tag", "one"), ("custom-downstream", "two")):
                rig.note((event, tail("event", rig.src, *event)))
            play_to_the_end(rig)

        self.compare(script, least=20)

    def check_end_of_stream(self, element):
        """The application's comes between two buffers, whichever they are."""

        def script(rig):
            tail = rig.start().feed().tail
            tail.play()
            tail.wait("buffer", 5)
            rig.note(tail("event", element or rig.src, "eos"))
            tail.wait("message:eos")

        events = lambda lines: [x for x in lines if not x.startswith("buffer ")]  # noqa: E731
        self.compare(script, VIDEO.format("", 30), OUT + " sync=true", only=events)

    def test_end_of_stream_by_the_application(self):
        self.check_end_of_stream(None)

    def test_end_of_stream_of_the_pipeline(self):
        """As gst-launch-1.0 -e does."""
        self.check_end_of_stream(".")

    def test_number_of_buffers(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("set", rig.src, "num-buffers", 7)
            play_to_the_end(rig)

        record, _ = self.compare(script, VIDEO.format("", 30))
        self.assertEqual(len(record.buffers), 7)

    def test_gaps(self):
        def script(rig):
            rig.start()
            for number in (5, 6, 10):
                rig.head("inject", "source", number, "gap", number * SECOND // 30, SECOND // 60)
            play_to_the_end(rig)

        record, _ = self.compare(script, rest=OUT + " sync=true", least=20)
        self.assertEqual(len(record.events("gap")), 3)

    def sparse(self, rig):
        """A stream that has only a tag and gaps at its start prerolls, with its segment first."""
        rig.start()
        rig.head("hold", "source", 0)
        rig.head("inject", "source", 0, "tag", "first")
        for number in range(3):
            rig.head("inject", "source", 0, "gap", number * SECOND // 60, SECOND // 60)
        rig.feed()
        rig.note(rig.tail.pause())
        rig.note(rig.tail("reach"))
        rig.tail.play()
        rig.tail.wait("event:gap", 3)
        rig.head("release", "source")
        rig.tail.wait("message:eos")

    def test_sparse(self):
        record, _ = self.compare(self.sparse, least=20)
        self.assertEqual(record.events()[3:7], ["tag", "gap", "gap", "gap"])

    def test_sparse_and_live(self):
        """The consumer is not: it prerolls."""
        rig = Rig(self, True, VIDEO.format("is-live=true num-buffers=20", 50), OUT)
        self.sparse(rig)
        rig.end()
        self.assertEqual(rig.record.events()[2:7], ["segment", "tag", "gap", "gap", "gap"])

    def test_two_segments_with_one_seqnum(self):
        def script(rig):
            rig.start()
            rig.head("inject", "source", 10, *"segment same 1 1 333333333 -1 0 5000000000".split())
            play_to_the_end(rig)

        record, split = self.compare(script, least=20)
        self.assertEqual(split.due(), record.due())
        self.assertEqual(len(record.events("segment")), 2)

    def test_seek_of_a_src_that_cannot(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail.play()
            tail.wait("buffer", 5)
            if rig.split:  # EXCEPTIONS["seeking"]
                self.assertEqual(tail("seek", "src", 1.0, "none", SECOND, -1), "false")
                self.assertEqual(tail("seek", ".", 1.0, "none", SECOND, -1), "false")
            tail.wait("message:eos")

        self.compare(script, rest=OUT + " sync=true", least=20)


class Segments(ReferenceCase):
    """Those that a seek makes, or an element in mid-stream."""

    def test_backwards(self):
        record, split = compare_paused_seeks(self, [(-1.0, "flush", 0, SECOND)], least=31)
        self.assertEqual(split.due()[-30:], record.due()[-30:])
        self.assert_rising(split.due()[-30:])

    def test_fast(self):
        compare_paused_seeks(self, [(2.0, "flush", SECOND, 3 * SECOND)], least=30)

    def test_trick_mode(self):
        compare_paused_seeks(self, [(4.0, "flush+trickmode", SECOND, 3 * SECOND)], least=15)

    def test_applied_rate(self):
        def script(rig):
            rig.start()
            rig.head("inject", "source", 10, *"segment new 1 2 333333333 -1 0 333333333".split())
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_segment_seek(self):
        """Two of them, and a last one that is none."""

        def then(rig):
            for number, seek in (
                (1, ("segment", 2 * SECOND, 5 * SECOND // 2)),
                (2, ("none", SECOND, 3 * SECOND // 2)),
            ):
                rig.head.wait("message:segment-done", number)
                rig.tail.wait("event:segment-done", number)
                rig.note(rig.head("seek", "source", 1.0, *seek))

        # EXCEPTIONS["segment-done"]
        compare_paused_seeks(
            self,
            [(1.0, "flush+segment", 0, SECOND // 2)],
            then=then,
            least=45,
            without=("async-done", "segment-done"),
        )

    def test_step(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail.pause()
            rig.note(tail("reach"))
            rig.note(tail("step", "buffers", 3))
            tail.wait("message:step-done", 1)
            rig.note(tail("reach"))
            rig.note(tail("query", "out", "position"))
            rig.note(tail("step", "time", SECOND // 10))
            tail.wait("message:step-done", 2)
            rig.note(tail("reach"))
            rig.note(tail("query", "out", "position"))
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_instant_rate_change(self):
        """As a demuxer sends it: sources do not change their rate so."""

        def script(rig):
            rig.start()
            rig.head("inject", "source", 5, "instant-rate-change", 2.0)
            play_to_the_end(rig)

        # EXCEPTIONS["again"]
        once = lambda lines: [  # noqa: E731
            x for x, after in zip(lines, lines[1:] + [""]) if x != after
        ]
        record, split = self.compare(script, rest=OUT + " sync=true", least=20, only=once)
        for found in (record, split):
            self.assertIn("instant-rate-change", found.events())


class Queries(ReferenceCase):
    def test_position(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("hold", rig.src, 0)
            tail.play()
            for _ in range(3):
                tail("held", rig.src)
                rig.note(tail("query", rig.src, "position"))
                tail("let", rig.src, 4)
            tail("release", rig.src)
            tail.wait("message:eos")
            rig.note(tail("query", "out", "position"))
            rig.note(tail("query", ".", "position"))

        plain, _ = self.compare(script, least=20)
        self.assertEqual(len(plain.buffers), 20)

    def test_position_while_it_is_paused(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail.pause()
            rig.note(tail("reach"))
            for element in (rig.src, "out", "."):
                rig.note(tail("query", element, "position"))
            play_to_the_end(rig)

        self.compare(script, least=20)

    def test_what_is_asked_of_a_source(self):
        def script(rig):
            tail = rig.start().feed().tail
            tail("hold", rig.src, 5)
            tail.play()
            tail("held", rig.src)
            rig.note(tail("query", rig.src, "segment"))
            rig.note(tail("query", rig.src, "formats"))
            rig.note("live=(boolean)false" in tail("query", rig.src, "latency"))
            rig.note(tail("query", rig.src, "custom", "nobody-knows"))
            # EXCEPTIONS["seeking"], EXCEPTIONS["duration"]
            if rig.split:
                self.assertIn("seekable=(boolean)false", tail("query", "src", "seeking"))
                tail("query", "src", "duration")
            tail("release", rig.src)
            tail.wait("message:eos")

        self.compare(script, least=20)

    def test_latency_of_a_live_source(self):
        def script(rig):
            rig.start()
            rig.feed()
            rig.tail.play()
            rig.tail.wait("buffer", 10)
            answer = rig.tail("query", ".", "latency")
            rig.note(re.search(r"live=\(boolean\)(\w+)", answer)[1])
            rig.latency = int(re.search(r"min-latency=\(guint64\)(\d+)", answer)[1])

        plain, split = self.run_both(script, VIDEO.format("is-live=true", 50), src="is-live=true")
        self.assertEqual(split.notes, plain.notes)
        # EXCEPTIONS["latency"]
        self.assertGreaterEqual(split.latency, plain.latency)
        self.assertLessEqual(split.latency, plain.latency + 5 * MSECOND)


class Time(ReferenceCase):
    """Of what flows: EXCEPTIONS["live"]"""

    def test_sync(self):
        """Each buffer comes after its time, and one that waits holds up the next."""

        def script(rig):
            rig.start()
            play_to_the_end(rig)
            rig.base_time = int(rig.tail("base-time"))

        for rig in self.run_both(script, FILE, rest=OUT + " sync=true"):
            buffers = rig.record.buffers
            self.assertEqual(len(buffers), 20)
            # The first was there before there was a base time.
            for shown, after in zip(buffers[1:], buffers[2:]):
                self.assertGreaterEqual(after.at, rig.base_time + shown.due)

    def start_live(self, rig, ran=50):
        """With a head that has been running for a while, where it is one of its own."""
        head = rig.start_head()
        if rig.split:
            head("watch", "source")
            head.play()
            head.wait("passed:source", ran)
        tail = rig.start_tail()
        if rig.split:
            # What comes while it is not playing is from before its time.
            tail.pause()
            head.wait("passed:source", head.count("passed:source") + 10)
        tail.play()

    def check_live(self, source, number=30, src="is-live=true", most=200 * MSECOND, **options):
        """Time begins at 0 or later, and goes on."""

        def script(rig):
            self.start_live(rig)
            rig.tail.wait("buffer", number)

        rigs = self.run_both(
            script, source, src=src, sink="wait-for-reader=false", **options
        )
        for rig in rigs:
            with self.subTest("split" if rig.split else "plain"):
                due = rig.record.due()
                self.assertGreaterEqual(due[0], 0)
                self.assertLess(due[0], 2 * SECOND)
                self.assert_rising(due, most=most)
                first = rig.record.buffers[0].flags
                self.assertTrue(first & DISCONT, "the first buffer has no DISCONT")
                self.assertFalse(first & DELTA_UNIT, "the first buffer is no key unit")
                # Each as long after the one before as in the plain pipeline.
                flags = [b.flags & DISCONT for b in rig.record.buffers[1:number]]
                self.assertNotIn(DISCONT, flags)
                self.assertEqual(rig.record.events()[:3], ["stream-start", "caps", "segment"])
                self.assertEqual(len(rig.record.events("segment")), 1)
        return rigs

    def test_joining_late(self):
        self.check_live(VIDEO.format("is-live=true", 50), most=21 * MSECOND)

    def test_joining_late_sound(self):
        """A buffer that began before is clipped: nothing is missing behind it."""
        rigs = self.check_live(AUDIO.format("is-live=true samplesperbuffer=4410", ), number=8)
        for rig in rigs:
            buffers = rig.record.buffers
            for before, after in zip(buffers, buffers[1:]):
                self.assertLess(abs(before.due + before.duration - after.due), MSECOND // 10)

    def test_joining_late_encoded(self):
        """Key units come on request: of themselves they would be far too rare."""
        encoder = " ! x264enc threads=1 speed-preset=ultrafast tune=zerolatency key-int-max=1000"
        self.check_live(VIDEO.format("is-live=true", 50) + encoder, most=21 * MSECOND)

    def test_joining_late_without_being_live(self):
        """What it prerolls with lies at 0, and nothing behind it is missing."""
        _, split = self.check_live(VIDEO.format("is-live=true", 50), src="", most=21 * MSECOND)
        self.assertEqual(split.record.due()[0], 0)

    def test_joining_late_a_mixer(self):
        """It aborts where a running time is negative."""

        def script(rig):
            self.start_live(rig)
            rig.tail.wait("buffer", 20)

        source = VIDEO.format("is-live=true", 50)
        rigs = self.run_both(
            script, source, "compositor ! " + OUT, src="is-live=true", sink="wait-for-reader=false"
        )
        for rig in rigs:
            # In both the first may come twice: the compositor begins before its input.
            self.assert_rising(rig.record.due()[1:])

    def check_drift(self, head, tail):
        def script(rig):
            rig.start_tail()("clock", tail)
            if rig.split:
                rig.start_head()("clock", head)
                rig.head.play()
            rig.tail.play()
            rig.tail.wait("buffer", 250)

        source = VIDEO.format("is-live=true", 100)
        for rig in self.run_both(script, source, rest=OUT + " sync=true", src="is-live=true"):
            with self.subTest("split" if rig.split else "plain"):
                self.assertEqual(len(rig.record.events("segment")), 1)
                self.assert_rising(rig.record.due(), 9 * MSECOND, 11 * MSECOND)
                flags = [b.flags & DISCONT for b in rig.record.buffers[1:]]
                self.assertNotIn(DISCONT, flags)

    def test_drift_of_the_consumers_clock(self):
        self.check_drift(0, 300)

    def test_drift_of_the_producers_clock(self):
        self.check_drift(-300, 0)

    def test_do_timestamp(self):
        """Each buffer has the time at which it came."""

        def script(rig):
            rig.start()
            rig.tail("set", rig.src, "do-timestamp", "true")
            rig.feed()
            rig.tail.play()
            rig.tail.wait("buffer", 30)
            rig.base_time = int(rig.tail("base-time"))

        source = VIDEO.format("is-live=true", 50)
        for rig in self.run_both(script, source, src="is-live=true"):
            with self.subTest("split" if rig.split else "plain"):
                self.assert_rising(rig.record.due())
                for buffer in rig.record.buffers[5:]:
                    late = buffer.at - rig.base_time - buffer.due
                    self.assertGreaterEqual(late, 0)
                    self.assertLess(late, 100 * MSECOND)

    def test_one_producer_after_the_other(self):
        """The stream goes on where it ended, as with concat."""
        sources = [VIDEO.format(f"num-buffers={n}", 30) for n in (20, 30)]
        one, two = (x.replace("name=source", "") for x in sources)
        plain = Actor(self, "plain", f"concat name=c ! {OUT} {one} ! c. {two} ! c.")
        plain.play()
        plain.wait("message:eos")
        expected = plain.end()

        tail = Actor(self, "tail", f"zerobuffersrc buffer-name={self.name} reconnect=true ! {OUT}")
        tail.play()
        for number, source in enumerate(sources):
            sink = f"zerobuffersink buffer-name={self.name}"
            head = Actor(self, f"head-{number}", f"{source} ! {sink}")
            head.play()
            head.wait("message:eos")
            head.end()
        tail.wait("buffer", 50)
        record = tail.end()
        check_order(record.lines)
        for due, other in zip(record.due(), expected.due(), strict=True):
            self.assertLess(abs(due - other), 10)  # ns: concat rounds
        self.assertEqual(record.events("eos"), [])
        self.assertTrue(record.buffers[20].flags & DISCONT)


# ---- where there is no plain pipeline to compare with ----


class Boundary(ReferenceCase):
    def rig(self, source, rest=OUT, **options):
        return Rig(self, True, source, rest, **options)

    def test_memory_that_cannot_be_sent(self):
        """The sink says so before upstream uses it, and asks for plain memory."""
        head = Actor(self, "head", f"{FILE} ! zerobuffersink name=sink buffer-name={self.name}")
        for feature in ("memory:DMABuf", "memory:GLMemory"):
            caps = f"video/x-raw({feature}),format=NV12,width=320,height=240,framerate=30/1"
            both = f"{caps};{caps.replace(f'({feature})', '')}"
            with self.subTest(feature):
                answer = head("query", "sink.sink", "accept-caps", caps)
                self.assertIn("result=(boolean)false", answer)
                answer = head("query", "sink.sink", "caps", both).split("caps=(GstCaps)")[-1]
                self.assertNotIn(feature, answer)
                self.assertIn("NV12", answer)
        answer = head("query", "sink.sink", "accept-caps", "video/x-raw,format=NV12")
        self.assertIn("result=(boolean)true", answer)
        head.end()

    def test_lists_are_paced(self):
        """A sink with sync=true sends each buffer of a list at its time."""
        rig = self.rig(VIDEO.format("num-buffers=20", 20), sink="sync=true")
        rig.start_tail().play()
        head = rig.start_head()
        head("lists", "source", 5)
        head.play()
        rig.tail.wait("message:eos")
        base_time = int(head("base-time"))
        rig.end()
        self.assertEqual(len(rig.record.buffers), 20)
        for buffer in rig.record.buffers[1:]:
            self.assertGreaterEqual(buffer.at, base_time + buffer.due)

    def test_arrival_with_gaps(self):
        """Gaps have the producer's times, which mean nothing behind this src."""
        rig = self.rig(FILE, OUT + " sync=true", src="is-live=true timestamps=arrival")
        rig.start()
        rig.head("inject", "source", 5, "gap", 3600 * SECOND, SECOND)
        rig.feed()
        rig.tail.play()
        rig.tail.wait("message:eos")
        rig.end()
        self.assertEqual(len(rig.record.buffers), 20)
        self.assert_rising(rig.record.due()[1:], least=-1)

    def test_a_second_consumer_gets_the_second_segment(self):
        """Which has the seqnum of the first, that the first consumer had."""
        rig = self.rig(FILE)
        first = rig.start_tail()
        first.play()
        head = rig.start_head()
        head("inject", "source", 10, *"segment same 1 1 333333333 -1 0 5000000000".split())
        head("hold", "source", 15)
        head.play()
        first.wait("buffer", 15)
        head("held", "source")
        self.assertEqual(len(first.end().events("segment")), 2)
        second = rig.start_tail()
        second.play()
        head("release", "source")
        second.wait("message:eos")
        rig.end()
        record = rig.record
        self.assertEqual(record.events()[:3], ["stream-start", "caps", "segment"])
        for buffer in record.buffers:
            self.assertEqual(buffer.due, buffer.pts - 333333333 + 5 * SECOND)
        self.assertTrue(record.buffers[0].flags & DISCONT)

    def test_groups_and_seqnums_of_other_processes(self):
        """Two producers and a local source are three groups."""
        name = f"{self.name}-2"
        tail = Actor(
            self,
            "tail",
            f"zerobuffersrc buffer-name={self.name} ! {OUT}"
            f" zerobuffersrc buffer-name={name} ! fakesink name=out2"
            " videotestsrc num-buffers=20 ! fakesink name=out3",
        )
        tail.play()
        heads = []
        for number, buffer in enumerate((self.name, name)):
            head = Actor(self, f"head-{number}", f"{FILE} ! zerobuffersink buffer-name={buffer}")
            heads.append(head)
            head.play()
        tail.wait("message:eos")
        record = tail.end()
        for head in heads:
            head.end()
        self.assertEqual(support.leftovers(name), [])
        starts = record.events("stream-start")
        for pattern in ("group (\\d+)", "seqnum (\\d+)"):
            numbers = {re.search(pattern, line)[1] for line in starts}
            self.assertEqual(len(numbers), 3, starts)

    def test_end_of_stream_while_the_sink_waits(self):
        """As gst-launch-1.0 -e sends it, when there has been no reader: it ends."""
        head = Actor(self, "head", f"{FILE} ! zerobuffersink name=sink buffer-name={self.name}")
        head("watch", "source")
        head.play()
        # In preroll the end would wait for ever, with any sink.
        head("reach")
        head.wait("passed:source", 1)
        self.assertEqual(head("event", ".", "eos"), "true")
        head.wait("message:eos")
        head.end()


if __name__ == "__main__":
    unittest.main(verbosity=2)
