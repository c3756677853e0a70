# SPDX-License-Identifier: MIT
"""gst-launch-1.0 at one end, the second implementation at the other."""

import json
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import support  # noqa: E402
import zerobuffer10  # noqa: E402


class Elements(support.TestCase):
    def raw_frames(self, caps, count, row, stride, rows):
        """What one process makes of videotestsrc, with rows packed."""
        file = self.path("reference")
        reference = self.launch(
            f"videotestsrc pattern=ball num-buffers={count} ! {caps}"
            f" ! filesink location={file}",
            "-q",
        )
        self.assert_success(reference)
        with open(file, "rb") as stream:
            data = stream.read()
        self.assertEqual(len(data), count * rows * stride)
        lines = [data[i : i + row] for i in range(0, len(data), stride)]
        return [b"".join(lines[i : i + rows]) for i in range(0, len(lines), rows)]

    def check_video(self, pixel_format, width, height, bytes_per_pixel):
        caps = (
            f"video/x-raw,format={pixel_format},width={width},height={height},"
            "framerate=30/1"
        )
        row = width * bytes_per_pixel
        expected = self.raw_frames(caps, 60, row, (row + 3) & ~3, height)

        # Frames of up to half the ring, so that it wraps every other time.
        reader = zerobuffer10.Reader(self.name, 2 * (row * height + 32))
        sink = self.launch(
            f"videotestsrc pattern=ball num-buffers=60 ! {caps}"
            f" ! zerobuffersink buffer-name={self.name} name=sender"
        )
        for i, frame in enumerate(expected):
            self.assertEqual(reader.read(), frame, f"frame {i}")
        metadata = json.loads(reader.metadata())
        self.assertEqual(metadata["type"], "zerobuffersink")
        self.assertEqual(metadata["element_name"], "sender")
        self.assertRegex(metadata["version"], r"^GStreamer 1\.\d+\.\d+")
        for part in (
            "video/x-raw",
            f"format=(string){pixel_format}",
            f"width=(int){width}",
            f"height=(int){height}",
            "framerate=(fraction)30/1",
        ):
            self.assertIn(part, metadata["caps"])
        with self.assertRaises(zerobuffer10.PeerGone):
            reader.read()
        self.assert_success(sink)
        reader.close()

    def test_our_sink_to_the_other_reader(self):
        self.check_video("RGB", 640, 480, 3)
        self.check_video("RGB", 638, 478, 3)
        self.check_video("GRAY8", 321, 241, 1)
        self.check_video("RGBA", 33, 17, 4)

    def test_many_frames_from_our_sink(self):
        """Thousands, of sizes that vary: whatever filesrc reads."""
        data = os.urandom(3000 * 1000)
        with open(self.path("data"), "wb") as stream:
            stream.write(data)
        reader = zerobuffer10.Reader(self.name, 16384)
        sink = self.launch(
            f"filesrc blocksize=997 location={self.path('data')}"
            f" ! zerobuffersink buffer-name={self.name}"
        )
        received = []
        with self.assertRaises(zerobuffer10.PeerGone):
            while True:
                received.append(reader.read())
        self.assertGreater(len(received), 3000)
        self.assertEqual(b"".join(received), data)
        self.assertNotIn("caps", json.loads(reader.metadata()))
        self.assert_success(sink)
        reader.close()

    def start_src(self, options, rest, *flags):
        return self.launch(
            f"zerobuffersrc buffer-name={self.name} {options} ! {rest}", *flags
        )

    def test_the_other_writer_to_our_src(self):
        """Thousands of frames of random sizes, in a ring that wraps."""
        file = self.path("received")
        src = self.start_src("payload-size=8192", f"filesink location={file}")
        writer = zerobuffer10.Writer(self.name)
        writer.set_metadata(b'{"caps": "application/x-test, n=(int)1"}')
        sent = []
        for i in range(5000):
            sent.append(os.urandom(1 + i * 7919 % 4000))
            writer.write(sent[-1])
        writer.close()
        self.assert_success(src)
        with open(file, "rb") as stream:
            self.assertEqual(stream.read(), b"".join(sent))

    def test_caps_of_the_other_writer(self):
        file = self.path("received")
        src = self.start_src(
            "", f"videoconvert ! video/x-raw,format=BGR ! filesink location={file}", "-v"
        )
        writer = zerobuffer10.Writer(self.name)
        writer.set_metadata(
            b'{"type": "python", "version": "x", "element_name": "me", "more": [1],'
            b' "caps": "video/x-raw, format=(string)RGB, width=(int)638,'
            b' height=(int)4, framerate=(fraction)30/1"}'
        )
        row = bytes(range(256)) * 8
        for i in range(10):
            writer.write(row[i : i + 1914] * 4)
        writer.close()
        self.assert_success(src)
        self.assertIn("width=(int)638", src.text())
        with open(file, "rb") as stream:
            data = stream.read()
        self.assertEqual(len(data), 10 * 4 * 1916)
        for i in range(10):
            start = i * 4 * 1916
            self.assertEqual(data[start : start + 3], row[i : i + 3][::-1])

    def test_no_metadata(self):
        file = self.path("received")
        src = self.start_src(
            "caps=video/x-raw,format=RGB,width=4,height=2,framerate=30/1",
            f"videoconvert ! video/x-raw,format=BGR ! filesink location={file}",
        )
        writer = zerobuffer10.Writer(self.name)
        writer.write(bytes(range(24)))
        writer.close()
        self.assert_success(src)
        with open(file, "rb") as stream:
            self.assertEqual(stream.read(3), b"\2\1\0")

    def documented_programs(self):
        with open(os.path.join(HERE, "..", "..", "docs", "elements.md"), encoding="utf-8") as page:
            programs = re.findall(r"```python\n(.*?)```", page.read(), re.DOTALL)
        return [program.replace('"demo"', f'"{self.name}"') for program in programs]

    def test_documented_programs(self):
        receive, send = self.documented_programs()
        environment = {"PYTHONPATH": HERE}
        receiver = self.start(["python3", "-c", receive], environment)
        self.wait_for_buffer()
        sink = self.launch(
            "videotestsrc num-buffers=100 ! video/x-raw,format=RGB,width=640,height=480"
            f" ! zerobuffersink buffer-name={self.name}"
        )
        self.assert_success(sink, receiver)
        self.assertEqual(receiver.text().count("921600 "), 100)

        file = self.path("received")
        src = self.start_src("is-live=true timestamps=arrival", f"filesink location={file}")
        self.assert_success(self.start(["python3", "-c", send], environment), src)
        self.assertEqual(os.path.getsize(file), 100 * 320 * 240 * 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
