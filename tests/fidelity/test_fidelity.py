# SPDX-License-Identifier: MIT
"""What arrives in another process is what left, item by item.

Each pipeline runs in two processes.  One writes down every event and buffer
that comes to zerobuffersink, which is what any other sink there would have got;
the other what zerobuffersrc makes of them.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

RELAY = os.environ["ZEROBUFFER_RELAY"]

VIDEO = "videotestsrc num-buffers=30 ! video/x-raw,format={},width={},height={}"
AUDIO = "audiotestsrc num-buffers=30 samplesperbuffer={} ! audio/x-raw,{}"
INJECT = " ! identity name=inject"


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [line for line in file.read().splitlines() if not line.startswith("base-time")]


# Numbers of one process: seqnums, and group ids.
NUMBERS = re.compile(r"(seqnum |group |group-id=\(uint\))(\d+)")


def in_order(lines):
    """The same, with such numbers counted in the order in which they come."""
    seen = {}

    def count(match):
        kind = match[1].split("-")[0].strip()
        order = seen.setdefault(kind, {})
        return f"{match[1]}{order.setdefault(match[2], len(order) + 1)}"

    return [NUMBERS.sub(count, line) for line in lines]


# A reader gets the sticky events from before it came in the order of pads.
PAD_ORDER = ("stream-start", "caps", "segment")


def by_pads(lines):
    """What comes before the first buffer, in that order."""

    def rank(line):
        kind = line.split()[1]
        return PAD_ORDER.index(kind) if kind in PAD_ORDER else len(PAD_ORDER)

    first = next(i for i, x in enumerate(lines) if x.startswith("buffer"))
    return sorted(lines[:first], key=rank) + lines[first:]


class Fidelity(support.TestCase):
    def relay(self, what, path, pipeline):
        return self.start([RELAY, what, path, pipeline])

    def pass_on(self, source, start_receiver_first=True):
        """Both records, after both sides have ended."""
        sent, received = (f"{self.folder}/{x}" for x in ("sent", "received"))
        receive = lambda: self.relay(  # noqa: E731
            "receive",
            received,
            f"zerobuffersrc buffer-name={self.name} "
            " ! fakesink name=out sync=false",
        )
        send = lambda: self.relay(  # noqa: E731
            "send", sent, f"{source} ! zerobuffersink name=out buffer-name={self.name}"
        )
        both = [receive, send] if start_receiver_first else [send, receive]
        for process in [start() for start in both]:
            self.assertEqual(process.wait(), 0, process.text())
        return read_lines(sent), read_lines(received)

    def check(self, source, least=30, **options):
        return self.compare(*self.pass_on(source, **options), least)

    def compare(self, sent, received, least):
        self.maxDiff = 4000
        sent, received = in_order(by_pads(sent)), in_order(by_pads(received))
        self.assertGreaterEqual(sum(x.startswith("buffer") for x in sent), least)
        for number, (left, arrived) in enumerate(zip(sent, received)):
            self.assertEqual(arrived, left, f"item {number}")
        self.assertEqual(len(received), len(sent), (sent + received)[-1])
        return sent

    def test_everything_on_raw_video(self):
        sent = self.check(VIDEO.format("I420", 320, 240) + INJECT)
        text = "\n".join(sent)
        for word in (
            "event tag", "event toc", "event protection", "event gap", "in-order",
            "sticky", "out-of-band", "both-out-of-band", "instant-rate-change",
            "stream-collection", "stream-group-done", "image=", "[crop", "[roi",
            "[timestamp", "[timecode", "[caption", "[afd", "[bar", "[custom",
            " 0 bytes", "[video", "event eos",
        ):  # fmt: skip
            self.assertIn(word, text)

    def test_sender_first(self):
        self.check(VIDEO.format("I420", 320, 240) + INJECT, start_receiver_first=False)

    def test_formats_of_raw_video(self):
        for form in ("NV12", "YUY2", "RGB", "GRAY16_LE", "Y42B", "I422_10LE", "v210", "ARGB64"):
            with self.subTest(form=form):
                self.check(VIDEO.format(form, 319, 241))

    def test_audio(self):
        for layout in ("interleaved", "non-interleaved"):
            with self.subTest(layout=layout):
                caps = f"format=S16LE,channels=3,channel-mask=(bitmask)0x7,layout={layout}"
                sent = self.check(AUDIO.format(441, caps) + INJECT)
                if layout == "non-interleaved":
                    self.assertIn("[audio", sent[-2])

    def test_encoded(self):
        source = VIDEO.format("I420", 176, 144)
        self.check(f"{source} ! x264enc bframes=3 b-adapt=false key-int-max=10")
        self.check(
            f"{source} ! vp8enc auto-alt-ref=true lag-in-frames=10 keyframe-max-dist=12"
            " deadline=1000000",
            least=25,
        )

    def test_rtp(self):
        source = VIDEO.format("I420", 640, 480)
        self.check(f"{source} ! x264enc ! rtph264pay mtu=500" + INJECT, least=100)

    def test_caps_that_change(self):
        sent = self.check(
            "videotestsrc num-buffers=45 ! capsfilter name=size"
            " caps=video/x-raw,width=320,height=240",
            least=45,
        )
        self.assertEqual(sum(x.startswith("event caps") for x in sent), 4)

    def test_segments(self):
        source = "videotestsrc name=seek ! video/x-raw,framerate=30/1"
        sent, received = self.pass_on(source)
        # The first seek flushes what the sender prerolled with: buffers that were
        # never sent, and events that were, if the receiver was there already.
        flushes = [i for i, x in enumerate(sent) if x.startswith("event flush-stop")]
        known = [i for i, x in enumerate(received) if x.startswith("event flush-stop")]
        if len(known) < len(flushes):
            known = [i for i, x in enumerate(received) if x.startswith("event caps")]
        sent = self.compare(sent[flushes[0] + 1 :], received[known[0] + 1 :], 60)
        text = "\n".join(sent)
        self.assertEqual(text.count("event segment "), 4)
        # The seek that flushes may be so fast that it flushes the one before it.
        self.assertIn(text.count("event segment-done "), (2, 3))
        self.assertEqual(text.count("event flush-stop "), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
