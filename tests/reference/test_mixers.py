# SPDX-License-Identifier: MIT
"""Elements that put streams together by their times, with a producer that has been
running for a while.

What they make must go on evenly from its start to its end, and have the producer's
part in it from the moment it comes on.  The mixers have half a second to wait for
it, so that a busy computer makes no difference.
"""

import unittest

import media
from media import FRAME, MSECOND, PICTURES, SOUND

COUNT = 30
LIVE = ("is-live=true", "is-live=false", "is-live=true")

WHITE = PICTURES.replace("pattern=ball", "pattern=white")
BLACK = PICTURES.replace("pattern=ball", "pattern=black")
SLACK = "latency=500000000"
SIZE = f"video/x-raw,format=I420,width=160,height=120,framerate={media.RATE}/1"


def is_white(picture):
    return picture.bytes[0] > 200


class Mixers(media.TestCase):
    def setUp(self):
        super().setUp()
        self.source = self.producer("wait-for-reader=false", pictures=WHITE, sound=SOUND)

    def consume(self, pipeline):
        """Once it has ended by itself."""
        player = self.play(pipeline)
        self.assert_no_problems(player)
        return player

    # A source of the consumer's own has a queue behind it, as any has that does not
    # know how long the others take.

    def src(self, key, live, count=None):
        count = f"num-buffers={count}" if count else ""
        return self.source.src(key, f"name=watch-{key} {live} {count}")

    def assert_even(self, frames):
        frames = self.without_false_start(frames)
        self.assert_rising(frames, "what comes out")
        self.assertLess(frames[0].running_time, FRAME)
        # A mixer leaves out what it would be late with, on a machine that is busy.
        self.assertLessEqual(len(self.holes(frames)), 2, self.holes(frames))

    def assert_white(self, frames, least):
        """From the first on that is."""
        white = [is_white(x) for x in frames]
        self.assertIn(True, white, "the producer's picture is never there")
        part = white[white.index(True) :]
        self.assertGreaterEqual(sum(part), least)
        self.assertTrue(all(part[:least]), part)

    # ---- compositor ----

    def test_compositor(self):
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                player = self.consume(
                    f"{self.src('pictures', live, COUNT)} ! compositor background=black {SLACK}"
                    f" ! {SIZE} ! fakesink name=watch-mixed sync=true"
                )
                mixed = player.buffers("watch-mixed")
                self.assert_even(mixed)
                self.assert_white(mixed, COUNT - 1)
        self.source.stop()

    def test_compositor_without_slack(self):
        """What the issue began with: it must not abort."""
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                consumer = self.launch(
                    f"{self.src('pictures', live, COUNT)} ! compositor ! fakesink sync=true"
                )
                self.assert_success(consumer)
        self.source.stop()

    def test_compositor_with_a_source_of_its_own(self):
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                player = self.consume(
                    f"compositor name=m background=black {SLACK} ! {SIZE} ! fakesink name=watch-mixed sync=true"
                    f" {BLACK.replace('is-live=true', 'is-live=true num-buffers=60')} ! queue ! m."
                    f" {self.src('pictures', live, COUNT)} ! m."
                )
                mixed = player.buffers("watch-mixed")
                self.assert_even(mixed)
                self.assert_white(mixed, COUNT - 1)
        self.source.stop()

    def test_pause_of_compositor(self):
        player = self.play(
            f"compositor name=m background=black {SLACK} ! {SIZE} ! fakesink name=watch-mixed sync=true"
            f" {BLACK} ! queue ! m. {self.src('pictures', 'is-live=true')} ! m."
        )
        for _ in range(2):
            player.wait_for("buffer watch-mixed", 30)
            player.pause()
            before = player.count("buffer watch-pictures")
            media.go_on(self.source, frames=20)
            self.assertLessEqual(player.count("buffer watch-pictures"), before + 1)
            player.play()
        player.wait_for("buffer watch-mixed", 30)
        player.tell("quit")
        self.assert_no_problems(player)
        self.source.stop()
        self.assert_even(player.buffers("watch-mixed"))
        self.assert_rising(player.buffers("watch-pictures"), "what left the src")
        self.assertTrue(is_white(player.buffers("watch-mixed")[-1]))

    # ---- audiomixer ----

    def assert_sound(self, sound, least):
        """It goes on without a gap, and where it sounds there is no silence."""
        sound = self.without_false_start(sound)
        self.assert_rising(sound, "what comes out")
        for before, after in zip(sound, sound[1:]):
            self.assertLess(abs(after.pts - before.pts - before.duration), 1000)
        loud = [x.zeros == 0 for x in sound]
        self.assertIn(True, loud, "the producer's sound is never there")
        part = loud[loud.index(True) :]
        bytes_loud = sum(x.size - x.zeros for x in sound)
        self.assertGreaterEqual(bytes_loud, least)
        self.assertTrue(all(part[: least // sound[0].size]), part)

    def test_audiomixer(self):
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                player = self.consume(
                    f"{self.src('sound', live, 50)} ! audiomixer {SLACK} ! fakesink name=watch-mixed sync=true"
                )
                self.assert_sound(player.buffers("watch-mixed"), 49 * 960)
        self.source.stop()

    def test_audiomixer_with_a_source_of_its_own(self):
        silence = SOUND.replace("wave=square", "wave=silence num-buffers=100")
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                player = self.consume(
                    f"audiomixer name=m {SLACK} ! fakesink name=watch-mixed sync=true"
                    f" {silence} ! queue ! m. {self.src('sound', live, 50)} ! m."
                )
                self.assert_sound(player.buffers("watch-mixed"), 47 * 960)
        self.source.stop()

    def test_sound_is_cut_at_the_start(self):
        """What leaves a live src begins at its time 0 or later, and has no gap."""
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                player = self.consume(f"{self.src('sound', live, 50)} ! fakesink sync=true")
                sound = player.buffers("watch-sound")
                self.assert_rising(sound, "what left the src")
                for before, after in zip(sound, sound[1:]):
                    end = before.running_time + before.size * 10**9 // 96000
                    self.assertLess(abs(after.running_time - end), 30000)
                self.assertLessEqual(sound[0].size, 960)
                self.assertEqual([x.size for x in sound[1:]], [960] * (len(sound) - 1))
        self.source.stop()

    # ---- input-selector ----

    def test_input_selector(self):
        """Switches to the producer and back, three times."""
        for live in ("is-live=true", "is-live=false"):
            with self.subTest(live=live):
                player = self.play(
                    "input-selector name=s ! fakesink name=watch-mixed sync=true"
                    f" {BLACK} ! queue ! s.sink_0 {self.src('pictures', live)} ! queue ! s.sink_1"
                )
                player.wait_for("buffer watch-mixed", 20)
                for _ in range(3):
                    for pad in ("sink_1", "sink_0"):
                        player.tell(f"select s {pad}")
                        player.wait_for("buffer watch-mixed", 20)
                player.tell("quit")
                self.assert_no_problems(player)
                frames = player.buffers("watch-mixed")
                self.assertEqual({is_white(x) for x in frames}, {True, False})
                self.assertGreaterEqual(frames[0].running_time, 0)
                for before, after in zip(frames, frames[1:]):
                    # The two streams are not in step.
                    least = 1 if is_white(before) == is_white(after) else -2 * FRAME
                    distance = after.running_time - before.running_time
                    self.assertGreaterEqual(distance, least)
                    self.assertLess(distance, 200 * MSECOND)
        self.source.stop()

    # ---- streamsynchronizer ----

    # It plays streams of one group together, such as those of one demuxer; two
    # sources are two groups, and it would wait for ever.
    DEMUXER = f"matroskamux name=mux ! matroskademux name=d {WHITE} ! mux. {SOUND} ! mux."

    def check_together(self, pipeline):
        self.source.stop()
        self.source = self.producer(
            "wait-for-reader=false",
            head=self.DEMUXER,
            pictures="d.video_0 ! queue",
            sound="d.audio_0 ! queue",
        )
        for number, live in enumerate(LIVE, 1):
            with self.subTest(consumer=number, live=live):
                sources = [self.src(key, live) for key in ("pictures", "sound")]
                player = self.play(f"{self.source.head} {pipeline.format(*sources)}")
                player.wait_for("buffer watch-screen", COUNT)
                player.wait_for("buffer watch-speaker", COUNT)
                player.tell("eos")
                self.assert_no_problems(player)
                pictures, sound = player.buffers("watch-screen"), player.buffers("watch-speaker")
                self.assert_rising(pictures, "pictures")
                self.assert_rising(sound, "sound")
                distance = pictures[0].running_time - sound[0].running_time
                self.assertLess(abs(distance), 100 * MSECOND)
                self.assertEqual(self.holes(pictures), {})
        self.source.stop()

    def test_playsink(self):
        self.check_together(
            "playsink name=p flags=video+audio+native-video+soft-volume"
            ' video-sink="fakesink name=watch-screen sync=true"'
            ' audio-sink="fakesink name=watch-speaker sync=true"'
            " {} ! p.video_sink {} ! p.audio_sink"
        )

    def test_streamsynchronizer(self):
        self.check_together(
            "streamsynchronizer name=y {} ! y.sink_0 {} ! y.sink_1"
            " y.src_0 ! queue ! fakesink name=watch-screen sync=true"
            " y.src_1 ! queue ! fakesink name=watch-speaker sync=true"
        )

    def groups(self, *pipelines):
        player = self.play(" ".join(f"{x} ! fakesink" for x in pipelines))
        names = [f"watch-{x}" for x in ("pictures", "sound", "own")]
        for name in names:
            player.wait_for(f"buffer {name}", 5)
        player.tell("quit")
        self.assert_no_problems(player)
        # A probe on the pad of a source sees the base class's stream-start, too, which
        # goes nowhere.
        return [player.lines("event", f"{name} stream-start")[-1][-1] for name in names]

    def test_groups(self):
        """Two sources of a producer, and one of the consumer's own, are three groups;
        the streams of a demuxer are one."""
        own = f"{BLACK} ! identity name=watch-own"
        groups = self.groups(*(self.src(x, LIVE[0]) for x in ("pictures", "sound")), own)
        self.assertEqual(len(set(groups)), 3, groups)
        self.source.stop()

        self.source = self.producer(
            "wait-for-reader=false",
            head=self.DEMUXER,
            pictures="d.video_0 ! queue",
            sound="d.audio_0 ! queue",
        )
        sources = [self.src(x, LIVE[0]) for x in ("pictures", "sound")]
        sources[0] = f"{self.source.head} {sources[0]}"
        groups = self.groups(*sources, own)
        self.assertEqual(groups[0], groups[1])
        self.assertNotEqual(groups[0], groups[2])
        self.source.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
