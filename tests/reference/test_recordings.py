# SPDX-License-Identifier: MIT
"""Recordings of a producer that has been running for a while.

Each is started in the midst of it, by gst-launch-1.0, and must be what it would
be if the source were in the same pipeline: the first frame is a key frame, all
can be decoded, and none is missing.
"""

import glob
import os
import unittest

import media
from media import ENCODER, FRAME, MSECOND, PICTURES, RARE_KEYS, SOUND, Producer, requires

COUNT = 30

# How a file is written, and how it is read.
MUXERS = {
    "mkv": ("matroskamux", "matroskademux"),
    "mp4": ("mp4mux", "qtdemux"),
    "fragments": ("mp4mux fragment-duration=100", "qtdemux"),
    "flv": ("flvmux", "flvdemux"),
    "ts": ("mpegtsmux", "tsdemux"),
}

# One recording after the other: whether its consumer is live.
LIVE = ("is-live=true", "is-live=false", "is-live=true")


class Recordings(media.TestCase):
    def producers(self):
        """By where the encoder is: each waits for its first reader, as it does if
        nothing else is asked for, or goes on without."""
        return {
            f"encoder in the {where}{options}": (
                Producer(self, options, **{key: pipeline}),
                key,
                f"{ENCODER} ! h264parse" if key == "main" else "h264parse",
            )
            for where, key, pipeline in (
                ("consumer", "main", PICTURES),
                ("producer", "pictures", f"{PICTURES} ! {RARE_KEYS}"),
            )
            for options in ("", " wait-for-reader=false")
        }

    def check_recordings(self, record, decode, lives=LIVE):
        """@record: the consumer's pipeline from the encoder on, for a file; @decode:
        starts to decode that."""
        producers = self.producers()
        media.go_on(*(producer for producer, _, _ in producers.values()))
        recordings = []
        for number, live in enumerate(lives, 1):
            consumers = {}
            for i, (which, (producer, key, encoder)) in enumerate(producers.items()):
                src = producer.src(key, f"{live} num-buffers={COUNT}")
                file = self.path(f"{number}-{i}")
                consumers[f"recording {number}, {live}, {which}"] = file
                self.launch(f"{src} ! {encoder} ! {record(file)}")
            self.assert_success(*self.processes[-len(consumers) :])
            recordings += consumers.items()
            media.go_on(*(producer for producer, _, _ in producers.values()), frames=10)
        for producer, _, _ in producers.values():
            producer.stop()
        for what, file in recordings:
            with self.subTest(what):
                decode(file, what)

    def check_muxer(self, name):
        muxer, demuxer = MUXERS[name]
        self.check_recordings(
            lambda file: f"{muxer} ! filesink location={file}",
            lambda file, what: self.assert_whole(
                self.start_decoding(file, demuxer), COUNT, what=what
            ),
        )

    def test_matroskamux(self):
        self.check_muxer("mkv")

    def test_mp4mux(self):
        self.check_muxer("mp4")

    def test_mp4mux_in_fragments(self):
        self.check_muxer("fragments")

    def test_flvmux(self):
        self.check_muxer("flv")

    def test_mpegtsmux(self):
        self.check_muxer("ts")

    # ---- several files ----

    def check_parts(self, paths, demuxer, least, what):
        """Each part is whole by itself; together they have all frames."""
        players = [self.start_decoding(path, demuxer) for path in sorted(paths)]
        self.assertGreaterEqual(len(players), least, what)
        for player in players:
            self.assert_success(player)
        frames = [len(player.buffers("watch-encoded")) for player in players]
        self.assertEqual(sum(frames), COUNT, f"{what}: frames of the parts: {frames}")
        for i, (player, count) in enumerate(zip(players, frames), 1):
            self.assert_whole(player, count, what=f"{what}, part {i}")

    def test_splitmuxsink(self):
        """It asks for the key frame that each part begins with.  Without
        async-handling it may hang while it prerolls, whatever the source is."""
        self.check_recordings(
            lambda file: (
                f"splitmuxsink location={file}-%03d max-size-time={12 * FRAME}"
                " send-keyframe-requests=true async-handling=true"
            ),
            lambda file, what: self.check_parts(glob.glob(f"{file}-*"), "qtdemux", 2, what),
        )

    @requires("hlssink2")
    def test_hlssink2(self):
        def check(file, what):
            self.assertTrue(os.path.exists(f"{file}.m3u8"), what)
            self.check_parts(glob.glob(f"{file}-*.ts"), "tsdemux", 1, what)

        self.check_recordings(
            lambda file: (
                f"hlssink2 location={file}-%03d.ts playlist-location={file}.m3u8"
                " target-duration=1 max-files=0 playlist-length=0"
            ),
            check,
            # In a pipeline that prerolls its splitmuxsink loses the end now and then:
            # 3 of 30 runs of videotestsrc ! queue ! x264enc ! h264parse ! hlssink2.
            lives=("is-live=true",) * 3,
        )

    # ---- other encoders ----

    def check_oggmux(self, producer, key, encoder):
        for number, live in enumerate(LIVE, 1):
            file = self.path(str(number))
            src = producer.src(key, f"{live} num-buffers={COUNT}")
            self.assert_success(
                self.launch(f"{src} ! {encoder} ! oggmux ! filesink location={file}")
            )
            with self.subTest(recording=number, live=live):
                player = self.start_decoding(file, "oggdemux", "identity name=watch-encoded ! theoradec")
                self.assert_success(player)
                # The headers are no frames.
                frames = [x for x in player.buffers("watch-encoded") if not x.has(media.HEADER)]
                self.assertFalse(frames[0].has(media.DELTA_UNIT))
                decoded = player.buffers("watch-decoded")
                self.assertEqual(len(decoded), COUNT)
                self.assertEqual(player.problems(), [])
                self.assert_rising(decoded, f"recording {number}")
                self.assertEqual(self.holes(decoded), {})
        producer.stop()

    def test_oggmux(self):
        self.check_oggmux(self.producer(main=PICTURES), "main", "theoraenc")

    def test_frames_out_of_order(self):
        """Encoded with B-frames, of which the first have a DTS before their start."""
        encoder = "x264enc bframes=2 b-adapt=false rc-lookahead=3 sync-lookahead=0 threads=1 key-int-max=1000"
        producer = self.producer(" wait-for-reader=false", main=f"{PICTURES} ! {encoder}")
        for number, live in enumerate(LIVE, 1):
            for muxer in ("mkv", "mp4", "ts"):
                file = self.path(f"{number}.{muxer}")
                src = producer.src("main", f"{live} num-buffers={COUNT}")
                self.assert_success(
                    self.launch(f"{src} ! h264parse ! {MUXERS[muxer][0]} ! filesink location={file}")
                )
                with self.subTest(recording=number, live=live, muxer=muxer):
                    player = self.start_decoding(file, MUXERS[muxer][1])
                    self.assert_success(player)
                    encoded = player.buffers("watch-encoded")
                    decoded = player.buffers("watch-decoded")
                    self.assertFalse(encoded[0].has(media.DELTA_UNIT))
                    self.assertEqual(len(encoded), COUNT)
                    # It ends behind the last frame in the file, which is not the last
                    # that is shown: mp4mux cuts that.
                    self.assertGreaterEqual(len(decoded), COUNT - (muxer == "mp4"))
                    self.assert_rising(decoded, "decoded")
                    # The last ones in their order wait for some that are not there.
                    self.assertEqual([x for x in self.holes(decoded) if x < COUNT - 4], [])
        producer.stop()

    def test_picture_and_sound(self):
        """Both begin within a tenth of a second, and neither has a hole."""
        producer = self.producer("wait-for-reader=false", pictures=PICTURES, sound=SOUND)
        for number, live in enumerate(LIVE, 1):
            file = self.path(f"{number}.mkv")
            consumer = self.launch(
                f"matroskamux name=m ! filesink location={file}"
                f" {producer.src('pictures', f'{live} num-buffers={COUNT}')} ! queue ! {ENCODER} ! h264parse ! m."
                f" {producer.src('sound', f'{live} num-buffers=50')} ! queue ! audioconvert ! m."
            )
            self.assert_success(consumer)
            with self.subTest(recording=number, live=live):
                player = self.play(
                    f"filesrc location={file} ! matroskademux name=d"
                    " d.video_0 ! queue ! h264parse name=watch-encoded ! avdec_h264"
                    " ! identity name=watch-decoded ! fakesink"
                    " d.audio_0 ! queue ! identity name=watch-sound ! fakesink"
                )
                self.assert_whole(player, COUNT)
                sound = player.buffers("watch-sound")
                # Matroska counts milliseconds, and the first part may be shorter.
                self.assert_rising(sound, "sound", least=0)
                bytes_sent = sum(x.size for x in sound)
                # What began before the recording did is cut.
                self.assertGreater(bytes_sent, 49 * 960)
                self.assertLessEqual(bytes_sent, 50 * 960)
                for before, after in zip(sound, sound[1:]):
                    distance = after.pts - before.pts
                    self.assertLess(abs(distance - before.size * 10**9 / 96000), 2 * MSECOND)
                start = player.buffers("watch-decoded")[0].pts
                self.assertLess(abs(sound[0].pts - start), 100 * MSECOND)
        producer.stop()

    # ---- RTP ----

    def check_rtp(self, where, payloader, depayloader, source, encoder, key_frames=True):
        producer = self.producer(main=source)
        for number, live in enumerate(LIVE, 1):
            src = producer.src("main", f"name=watch-src {live} num-buffers={COUNT}")
            player = self.play(
                f"{src} ! {encoder}{payloader} ! identity name=watch-rtp ! {depayloader}"
                " ! identity name=watch-decoded ! fakesink"
            )
            with self.subTest(where, recording=number, live=live):
                self.assert_no_problems(player)
                packets = player.buffers("watch-rtp")
                numbers = [int.from_bytes(x.bytes[2:4], "big") for x in packets]
                for before, after in zip(numbers, numbers[1:]):
                    self.assertEqual(after, (before + 1) & 0xFFFF)
                stamps = []
                for packet in packets:
                    stamp = int.from_bytes(packet.bytes[4:8], "big")
                    if stamp not in stamps[-1:]:
                        stamps.append(stamp)
                self.assertEqual(len(stamps), COUNT)
                for before, after in zip(stamps, stamps[1:]):
                    self.assertLess(abs((after - before) % (1 << 32) - 90000 // media.RATE), 3)
                if key_frames:
                    self.assert_whole(player, COUNT)
                else:
                    self.assertEqual(len(player.buffers("watch-decoded")), COUNT)
                    self.assertEqual(self.holes(player.buffers("watch-decoded")), {})
        producer.stop()

    def test_rtph264pay(self):
        rest = "rtph264depay ! h264parse name=watch-encoded ! avdec_h264"
        self.check_rtp("encoder in the consumer", "rtph264pay", rest, PICTURES, f"{ENCODER} ! ")
        self.check_rtp("encoder in the producer", "rtph264pay", rest, f"{PICTURES} ! {RARE_KEYS}", "")

    def test_rtpvrawpay(self):
        self.check_rtp("raw", "rtpvrawpay", "rtpvrawdepay", PICTURES, "", key_frames=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
