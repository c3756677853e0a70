# SPDX-License-Identifier: MIT
"""Consumers that join a stream which begins with headers.

Such streams have a "streamheader" in their caps.  Whoever comes late, and whoever
comes again, gets the headers first, and after them what can be decoded.
"""

import unittest

import media
import support
from media import HEADER, PICTURES, RARE_KEYS

# Each starts as soon as the one before has ended.
LIVE = ("is-live=true", "is-live=false", "is-live=true")

H264 = "h264parse ! avdec_h264"


class Headers(media.TestCase):
    def record(self, producer, options, file, rest=""):
        """What comes, byte for byte, until there are some frames in the file."""
        consumer = self.play(
            f"{producer.src('main', f'name=watch-src {options}')} {rest}! filesink location={file}"
        )
        consumer.wait_for("buffer watch-src", 40)
        consumer.tell("eos")
        self.assert_no_problems(consumer)
        return consumer

    def check(self, source, begins, decoder, rest="", least=10):
        """The file begins with these bytes, and has frames that decode, evenly."""
        producer = self.producer("wait-for-reader=false", main=source)
        for number, live in enumerate(LIVE, 1):
            file = self.path(str(number))
            with self.subTest(consumer=number, live=live):
                self.record(producer, live, file, rest)
                with open(file, "rb") as recording:
                    self.assertEqual(recording.read(len(begins)), begins)
                player = self.play(
                    f"filesrc location={file} ! {decoder} ! identity name=watch-decoded ! fakesink"
                )
                self.assert_no_problems(player)
                frames = player.buffers("watch-decoded")
                self.assertGreaterEqual(len(frames), least)
                self.assertFalse([x for x in frames if x.has(media.CORRUPTED)])
                self.assert_rising(frames, "frames")
                if frames[0].size > 10000:
                    self.assertEqual(self.holes(frames), {})
        producer.stop()

    def test_matroskamux(self):
        self.check(
            f"{PICTURES} ! {RARE_KEYS} ! matroskamux streamable=true min-cluster-duration=0",
            b"\x1a\x45\xdf\xa3",
            f"matroskademux ! {H264}",
        )

    def test_flvmux(self):
        self.check(
            f"{PICTURES} ! {RARE_KEYS} ! flvmux streamable=true",
            b"FLV\x01",
            f"flvdemux ! {H264}",
        )

    def test_gdppay(self):
        self.check(
            f"{PICTURES} ! {RARE_KEYS} ! gdppay",
            b"\x01\x00",
            f"gdpdepay ! {H264}",
        )

    def test_oggmux(self):
        # Not with theoraenc: the two make no more pages when a key unit is asked
        # for by whom they are just giving one, without any element of ours, too.
        pages = "oggmux max-delay=50000000 max-page-delay=50000000"
        self.check(
            f"{PICTURES} ! vp8enc deadline=1 cpu-used=8 threads=1 keyframe-max-dist=1000 ! {pages}",
            b"OggS\x00\x02",
            "oggdemux ! vp8dec",
        )
        self.check(
            f"{media.SOUND} ! audioconvert ! vorbisenc ! {pages}",
            b"OggS\x00\x02",
            "oggdemux ! vorbisdec",
        )

    def test_theoraenc(self):
        """Packets, which the consumer makes pages of."""
        source = f"{PICTURES} ! theoraenc keyframe-auto=false"
        self.check(source, b"OggS\x00\x02", "oggdemux ! theoradec", "! theoraparse ! oggmux ")

    def test_vorbisenc(self):
        source = f"{media.SOUND} ! audioconvert ! vorbisenc"
        self.check(source, b"OggS\x00\x02", "oggdemux ! vorbisdec", "! vorbisparse ! oggmux ")

    def check_packets(self, source, headers):
        """The headers come as packets, in their order and once, and a key unit behind."""
        producer = self.producer("wait-for-reader=false", main=source)
        for number, live in enumerate(LIVE, 1):
            with self.subTest(source, consumer=number, live=live):
                consumer = self.record(producer, live, self.path(str(number)))
                packets = consumer.buffers("watch-src")
                for packet, begins in zip(packets, headers):
                    self.assertTrue(packet.has(HEADER))
                    self.assertEqual(packet.bytes[: len(begins)], begins)
                rest = packets[len(headers) :]
                self.assertFalse([x for x in rest if x.has(HEADER)])
                self.assertFalse(rest[0].has(media.DELTA_UNIT))
                # The first packet of sound has none in it.
                self.assert_rising(rest, "packets", least=0)
        producer.stop()

    def test_packets(self):
        self.check_packets(
            f"{PICTURES} ! theoraenc keyframe-auto=false",
            [b"\x80theora", b"\x81theora", b"\x82theora"],
        )
        self.check_packets(
            f"{media.SOUND} ! audioconvert ! vorbisenc",
            [b"\x01vorbis", b"\x03vorbis", b"\x05vorbis"],
        )

    @unittest.skipIf(media.IS_LOCAL, "takes two processes")
    def test_a_reader_that_is_there_from_the_start(self):
        """The headers are in the stream already: it does not get them twice."""
        name = self.new_name()
        consumer = self.play(f"zerobuffersrc name=watch-src buffer-name={name} ! fakesink")
        support.wait_until(lambda: len(support.leftovers(name)) == 4, "the reader is there")
        source = PICTURES.replace("is-live=true", "num-buffers=20")
        self.assert_success(self.launch(f"{source} ! theoraenc ! zerobuffersink buffer-name={name}"))
        self.assert_no_problems(consumer)
        self.assertEqual(sum(x.has(HEADER) for x in consumer.buffers("watch-src")), 3)
        self.assertEqual(len(consumer.buffers("watch-src")), 23)


if __name__ == "__main__":
    unittest.main(verbosity=2)
