# SPDX-License-Identifier: MIT
"""The library at one end, the second implementation at the other."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402
import zerobuffer10  # noqa: E402

PEER = os.environ["ZEROBUFFER_PEER"]

# (frames, largest frame, ring): small rings that wrap all the time, sizes that
# are no multiple of anything, frames of up to half of the ring and of a MB.
STREAMS = [
    (5000, 90, 256),
    (5000, 480, 1024),
    (3000, 2016, 4096),
    (3000, 5000, 65536),
    (50, 1000000, 4194304),
]


def get_size(sequence, max_size):
    return 1 + sequence * 7919 % max_size


class Pattern:
    """The bytes of frames, as in peer.c, by table."""

    def __init__(self, max_size):
        self.base = bytes((k * 7 + (k >> 8)) & 0xFF for k in range(max_size))
        self.tables = [
            bytes((value + shift) & 0xFF for value in range(256))
            for shift in range(256)
        ]

    def get(self, sequence, size):
        return self.base[:size].translate(self.tables[sequence * 31 & 0xFF])


class Library(support.TestCase):
    def test_our_writer_to_the_other_reader(self):
        for frames, max_size, ring in STREAMS:
            with self.subTest(frames=frames, max_size=max_size, ring=ring):
                pattern = Pattern(max_size)
                reader = zerobuffer10.Reader(self.name, ring)
                writer = self.start(
                    [PEER, "write", self.name, str(frames), str(max_size), "hello"]
                )
                for i in range(1, frames + 1):
                    size = get_size(i, max_size)
                    self.assertEqual(reader.read(), pattern.get(i, size), i)
                self.assertEqual(reader.metadata(), b"hello")
                with self.assertRaises(zerobuffer10.PeerGone):
                    reader.read()
                self.assert_success(writer)
                reader.close()

    def test_the_other_writer_to_our_reader(self):
        for frames, max_size, ring in STREAMS:
            with self.subTest(frames=frames, max_size=max_size, ring=ring):
                pattern = Pattern(max_size)
                reader = self.start(
                    [PEER, "read", self.name, str(frames), str(max_size), str(ring)]
                )
                writer = zerobuffer10.Writer(self.name)
                writer.set_metadata(b"hello from afar")
                for i in range(1, frames + 1):
                    writer.write(pattern.get(i, get_size(i, max_size)))
                writer.close()
                self.assert_success(reader)
                self.assertEqual(reader.text(), "hello from afar")

    def test_what_the_other_need_not_know(self):
        """Ours says 1.1 and offers features; with 1.0 it uses none."""
        reader = self.start([PEER, "read", self.name, "10", "100", "1024"])
        writer = zerobuffer10.Writer(self.name)
        self.assertEqual(bytes(writer.map[4:8]), bytes([1, 1, 0, 0]))
        self.assertNotEqual(writer.get(0x60), 0)
        pattern = Pattern(100)
        for i in range(1, 11):
            writer.write(pattern.get(i, get_size(i, 100)))
        writer.close()
        self.assert_success(reader)
        self.assertEqual([writer.get(o) for o in (0x68, 0x70, 0x78)], [0, 0, 0])

        reader = zerobuffer10.Reader(self.name, 1024)
        writer = self.start([PEER, "write", self.name, "10", "100"])
        for i in range(1, 11):
            self.assertEqual(reader.read(), pattern.get(i, get_size(i, 100)))
        self.assert_success(writer)
        self.assertEqual([reader.get(o) for o in (0x60, 0x68, 0x70)], [0, 0, 0])
        # Leaving is not announced by a post, which would be a frame.
        self.assertFalse(reader.data.wait(0))
        reader.close()

    def test_our_writer_waits_for_the_other_reader(self):
        writer = self.start([PEER, "write", self.name, "10", "100"])
        reader = zerobuffer10.Reader(self.name, 4096)
        for i in range(1, 11):
            self.assertEqual(len(reader.read()), get_size(i, 100))
        self.assertIsNone(reader.metadata())
        self.assert_success(writer)
        reader.close()

    def test_the_other_reader_sees_our_writer_crash(self):
        reader = zerobuffer10.Reader(self.name, 1024)
        writer = self.start([PEER, "write", self.name, "1000", "100"])
        self.assertEqual(len(reader.read()), get_size(1, 100))
        writer.kill()
        with self.assertRaises(zerobuffer10.PeerGone):
            while True:
                reader.read()
        reader.close()

    def test_the_other_writer_sees_our_reader_crash(self):
        reader = self.start([PEER, "read", self.name, "1000", "100", "1024"])
        writer = zerobuffer10.Writer(self.name)
        writer.write(Pattern(100).get(1, get_size(1, 100)))
        reader.kill()
        with self.assertRaises(zerobuffer10.PeerGone):
            while True:
                writer.write(b"x" * 100)
        # It does not clean up; the next of our readers does.
        self.assertNotEqual(support.leftovers(self.name), [])
        writer.close()
        other = self.start([PEER, "read", self.name + "-x", "1", "1", "64"])
        support.wait_until(
            lambda: support.leftovers(self.name + "-x"), "the next reader runs"
        )
        support.wait_until(
            lambda: not support.leftovers(self.name), "it has cleaned up"
        )
        writer = self.start([PEER, "write", self.name + "-x", "1", "1"])
        self.assert_success(writer, other)

    def test_our_reader_refuses_a_name_in_use_by_the_other(self):
        reader = zerobuffer10.Reader(self.name, 1024)
        second = self.start([PEER, "read", self.name, "1", "1", "64"])
        self.assertEqual(second.wait(), 1)
        self.assertIn(f"in use by process {os.getpid()}", second.text())
        reader.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
