# SPDX-License-Identifier: MIT
"""Real media: decoded in one process and hashed in another, or passed on as it
is and decoded there."""

import glob
import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

SOUNDS = "/usr/share/sounds/freedesktop/stereo"


class Media(support.TestCase):
    def digest(self, file):
        with open(self.path(file), "rb") as stream:
            data = stream.read()
        self.assertGreater(len(data), 1000)
        return hashlib.sha256(data).hexdigest()

    def alone(self, pipeline):
        self.assert_success(
            self.launch(f"{pipeline} ! filesink location={self.path('alone')}")
        )
        return self.digest("alone")

    def across(self, before, after):
        """The pipeline, cut in two."""
        consumer = self.launch(
            f"zerobuffersrc buffer-name={self.name} {after}"
            f" ! filesink location={self.path('across')}"
        )
        producer = self.launch(f"{before} ! zerobuffersink buffer-name={self.name}")
        self.assert_success(consumer, producer)
        return self.digest("across")

    def check_cuts(self, *elements, first=2):
        """Cuts the pipeline behind any element from the first-th on."""
        expected = self.alone(" ! ".join(elements))
        for cut in range(first, len(elements) + 1):
            before = " ! ".join(elements[:cut])
            after = "".join(f" ! {element}" for element in elements[cut:])
            with self.subTest(before=before, after=after):
                self.assertEqual(self.across(before, after), expected)

    def test_webm(self):
        file = self.path("film.webm")
        self.assert_success(
            self.launch(
                "videotestsrc num-buffers=60 pattern=ball"
                " ! video/x-raw,width=320,height=240"
                " ! vp8enc deadline=1 keyframe-max-dist=20 ! webmmux"
                f" ! filesink location={file}"
            )
        )
        self.check_cuts(f"filesrc location={file}", "matroskademux", "vp8dec")

    def test_recordings(self):
        files = sorted(glob.glob(f"{SOUNDS}/*.oga"), key=os.path.getsize)
        if not files:
            self.skipTest(f"no recordings in {SOUNDS}")
        for file in files[-1:] + files[:1]:
            # Not before the decoder: it cuts the last block by timestamps, of
            # which protocol 1.0 has none.
            self.check_cuts(
                f"filesrc location={file}", "oggdemux", "vorbisdec", first=3
            )

    def test_encoded_streams_pass_unchanged(self):
        """Cut at the very end: nothing but the bytes of the encoded stream."""
        files = sorted(glob.glob(f"{SOUNDS}/*.oga"), key=os.path.getsize)
        if not files:
            self.skipTest(f"no recordings in {SOUNDS}")
        self.check_cuts(f"filesrc location={files[-1]}", "oggdemux")
        self.check_cuts(f"filesrc location={files[-1]}", "identity")

    def test_h264(self):
        self.check_cuts(
            "videotestsrc num-buffers=40 pattern=ball",
            "video/x-raw,width=320,height=240,format=I420",
            "x264enc bframes=2 threads=1",
            "video/x-h264,stream-format=byte-stream",
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
