# SPDX-License-Identifier: MIT
"""What applications do in the midst of a stream: pause it, end it, join producers
one after the other, have both elements in one pipeline.
"""

import unittest

import media
import support
from media import ENCODER, PICTURES, RARE_KEYS

COUNT = 30

# How a file is written, and how it is read.
MUXERS = {
    "mkv": ("matroskamux", "matroskademux"),
    "mp4": ("mp4mux", "qtdemux"),
    "fragments": ("mp4mux fragment-duration=100", "qtdemux"),
}


class Interruptions(media.TestCase):
    # ---- pauses ----

    def check_pause(self, muxer, live, source, encoder):
        """A recording that is paused for half a second goes on where it stopped."""
        producer = self.producer("wait-for-reader=false", main=source)
        file = self.path("paused")
        write, read = MUXERS[muxer]
        consumer = self.play(
            f"{producer.src('main', f'name=watch-src {live}')} ! {encoder}h264parse ! {write}"
            f" ! filesink location={file}"
        )
        for _ in range(2):
            consumer.wait_for("buffer watch-src", 15)
            consumer.pause()
            before = consumer.count("buffer watch-src")
            media.go_on(producer, frames=20)
            if live == "is-live=true":
                # The one that was on its way.
                self.assertLessEqual(consumer.count("buffer watch-src"), before + 1)
            consumer.play()
        consumer.wait_for("buffer watch-src", 15)
        consumer.tell("eos")
        self.assert_no_problems(consumer)
        producer.stop()
        sent = consumer.buffers("watch-src")
        self.assert_rising(sent, "what left the src")
        self.assert_paused_recording(self.start_decoding(file, read), len(sent))

    def assert_paused_recording(self, player, frames):
        player.wait()
        encoded, decoded = player.buffers("watch-encoded"), player.buffers("watch-decoded")
        self.assertTrue(encoded, "nothing is in it")
        self.assertFalse(encoded[0].has(media.DELTA_UNIT))
        self.assertEqual(player.problems(), [])
        self.assertEqual(len(encoded), frames)
        self.assertEqual(len(decoded), frames)
        self.assertFalse([x for x in decoded if x.has(media.CORRUPTED)])
        self.assert_rising(decoded, "decoded")
        holes = self.holes(decoded)
        # What a live producer made during the pause is left out, and so is what cannot be
        # decoded without it.
        self.assertLessEqual(len(holes), 2, holes)
        for length in holes.values():
            self.assertLess(length, 250, holes)

    def check_pauses(self, muxer):
        for live in ("is-live=true", "is-live=false"):
            with self.subTest(live=live, encoder="in the consumer"):
                self.check_pause(muxer, live, PICTURES, f"{ENCODER} ! ")
            with self.subTest(live=live, encoder="in the producer"):
                self.check_pause(muxer, live, f"{PICTURES} ! {RARE_KEYS}", "")

    def test_pause_of_matroskamux(self):
        self.check_pauses("mkv")

    def test_pause_of_mp4mux(self):
        self.check_pauses("mp4")

    def test_pause_of_mp4mux_in_fragments(self):
        self.check_pauses("fragments")

    def test_nothing_leaves_a_live_src_in_pause(self):
        producer = self.producer("wait-for-reader=false", main=PICTURES)
        src = producer.src("main", "name=watch-src is-live=true")
        consumer = self.play(f"{src} ! fakesink name=watch-sink sync=true")
        for _ in range(3):
            consumer.wait_for("buffer watch-sink", 10)
            consumer.pause()
            before = consumer.count("buffer watch-src")
            media.go_on(producer, frames=20)
            self.assertLessEqual(consumer.count("buffer watch-src"), before + 1)
            consumer.play()
        consumer.wait_for("buffer watch-sink", 10)
        consumer.tell("quit")
        self.assert_no_problems(consumer)
        producer.stop()
        sent = consumer.buffers("watch-src")
        self.assert_rising(sent, "what left the src")
        for at, length in self.holes(sent).items():
            self.assertLess(length, 250, f"in front of {at}")

    # ---- producers that follow one another ----

    @unittest.skipIf(media.IS_LOCAL, "takes two processes")
    def test_files_one_after_the_other(self):
        """With reconnect the second goes on where the first ended."""
        file = self.path("both")
        consumer = self.launch(
            f"zerobuffersrc buffer-name={self.name} reconnect=true num-buffers={3 * COUNT}"
            f" ! {ENCODER} ! h264parse ! matroskamux ! filesink location={file}"
        )
        source = PICTURES.replace(" is-live=true", f" num-buffers={COUNT}")
        for _ in range(3):
            self.wait_for_buffer()
            self.assert_success(self.launch(f"{source} ! zerobuffersink buffer-name={self.name}"))
        self.assert_success(consumer)
        self.assert_whole(self.start_decoding(file, "matroskademux"), 3 * COUNT)

    @unittest.skipIf(media.IS_LOCAL, "takes two processes")
    def test_a_whole_file_waits_for_its_reader(self):
        """Though its end has come to the queue in front of the sink."""
        source = PICTURES.replace("is-live=true", f"num-buffers={COUNT}")
        producer = self.launch(
            f"{source} ! queue ! zerobuffersink buffer-name={self.name}",
            env={"GST_DEBUG": "zerobuffersink:6,basesrc:5", "GST_DEBUG_NO_COLOR": "1"},
        )
        producer.wait_for_output("pausing task, reason eos")
        looks = producer.text().count("Waiting for a reader")
        support.wait_until(
            lambda: producer.text().count("Waiting for a reader") > looks + 5,
            "the sink has looked for the end",
        )
        consumer = self.play(
            f"zerobuffersrc name=watch-src buffer-name={self.name} ! fakesink"
        )
        consumer.wait()
        self.assert_success(producer)
        self.assertEqual(len(consumer.buffers("watch-src")), COUNT)

    @unittest.skipIf(media.IS_LOCAL, "takes two processes")
    def test_pause_of_a_file_that_is_shown_live(self):
        """What waits in the ring is not lost, and no key unit can be had."""
        source = PICTURES.replace("is-live=true", f"num-buffers={4 * COUNT}")
        consumer = self.play(
            f"zerobuffersrc name=watch-src buffer-name={self.name} is-live=true"
            " ! fakesink sync=true"
        )
        self.wait_for_buffer()
        producer = self.launch(f"{source} ! {RARE_KEYS} ! zerobuffersink buffer-name={self.name}")
        consumer.wait_for("buffer watch-src", COUNT)
        consumer.pause()
        consumer.play()
        consumer.wait()
        self.assert_success(producer)
        sent = consumer.buffers("watch-src")
        # GStreamer drops one that was on its way, from 1.24 on.
        self.assertGreaterEqual(len(sent), 4 * COUNT - 1)

    # ---- one process ----

    @unittest.skipIf(media.IS_LOCAL, "is about both elements")
    def test_both_elements_in_one_pipeline(self):
        for source in (
            PICTURES.replace("is-live=true", f"num-buffers={COUNT}"),
            PICTURES.replace("is-live=true", f"is-live=true num-buffers={COUNT}"),
        ):
            with self.subTest(source):
                player = self.play(
                    f"{source} ! zerobuffersink buffer-name={self.name} async=false"
                    f" zerobuffersrc name=watch-src buffer-name={self.name} is-live=true ! fakesink"
                )
                self.assert_no_problems(player)
                self.assertEqual(len(player.buffers("watch-src")), COUNT)
                self.assert_success(
                    self.launch(
                        f"{source} ! zerobuffersink buffer-name={self.name} async=false"
                        f" zerobuffersrc buffer-name={self.name} is-live=true ! fakesink sync=true"
                    )
                )

    # ---- Ctrl-C ----

    def interrupt(self, pipeline):
        """With -e, when the recording has some frames."""
        producer = self.launch(pipeline, "-e", "-v")
        support.wait_until(
            lambda: producer.text().count("chain   ***") > COUNT
            or producer.popen.poll() is not None,
            "the other branch runs",
        )
        self.assertIsNone(producer.popen.poll(), producer.text()[-2000:])
        # Once more would end it without the end of the stream.
        producer.interrupt()
        self.assert_success(producer)
        self.assertIn("Got EOS", producer.text())
        return producer.text().count("chain   ***")

    def other_sink(self):
        return f"zerobuffersink buffer-name={self.name}" if not media.IS_LOCAL else "fakesink"

    def test_interrupt_while_the_sink_waits(self):
        """The end of the stream gets through a sink that waits for its first reader,
        and another branch's file is finished."""
        file = self.path("branch")
        frames = self.interrupt(
            f"{PICTURES} ! tee name=t"
            f" t. ! queue ! identity silent=false ! {ENCODER} ! h264parse ! mp4mux ! filesink location={file}"
            f" t. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! {self.other_sink()}"
        )
        self.assert_whole(self.start_decoding(file, "qtdemux"), frames)

    def test_interrupt_while_an_encoded_stream_waits(self):
        file = self.path("branch")
        frames = self.interrupt(
            f"{PICTURES} ! {RARE_KEYS} ! tee name=t"
            f" t. ! queue ! identity silent=false ! h264parse ! matroskamux ! filesink location={file}"
            f" t. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! {self.other_sink()}"
        )
        self.assert_whole(self.start_decoding(file, "matroskademux"), frames)

    @unittest.skipIf(media.IS_LOCAL, "is about the sink")
    def test_interrupt_a_sink_behind_many_buffers(self):
        """It waits once, and not for each of them."""
        producer = self.launch(
            "audiotestsrc is-live=true samplesperbuffer=44 ! queue leaky=downstream"
            f" max-size-time=0 max-size-bytes=0 ! zerobuffersink buffer-name={self.name}",
            "-e",
            env={"GST_DEBUG": "zerobuffersink:6,queue_dataflow:5", "GST_DEBUG_NO_COLOR": "1"},
        )
        producer.wait_for_output("Waiting for a reader")
        support.wait_until(
            lambda: "queue is full, leaking" in producer.text(), "the queue is full"
        )
        waits = producer.text().count("Waiting for a reader")
        producer.interrupt()
        self.assert_success(producer)
        self.assertGreater(producer.text().count("Dropping: "), 100)
        self.assertLess(producer.text().count("Waiting for a reader") - waits, 20)

    @unittest.skipIf(media.IS_LOCAL, "is about the sink")
    def test_interrupt_a_sink_alone(self):
        for source in (PICTURES, PICTURES.replace(" is-live=true", "")):
            with self.subTest(source):
                # Before the pipeline plays, gst-launch-1.0 now and then loses the signal,
                # with any sink.
                producer = self.launch(
                    f"{source} ! zerobuffersink buffer-name={self.name}",
                    "-e",
                    env={"GST_DEBUG": "zerobuffersink:6", "GST_DEBUG_NO_COLOR": "1"},
                )
                producer.wait_for_output("Waiting for a reader")
                producer.interrupt()
                self.assert_success(producer)
                self.assertIn("Got EOS", producer.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
