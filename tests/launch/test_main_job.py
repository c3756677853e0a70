# SPDX-License-Identifier: MIT
"""Two gst-launch-1.0 processes, as a user starts them."""

import hashlib
import os
import signal
import sys
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

VIDEO = "video/x-raw,width=640,height=480"


def digest(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


class MainJob(support.TestCase):
    def producer(self, count=100, options=""):
        return self.launch(
            f"videotestsrc pattern=ball num-buffers={count} ! {VIDEO} ! tee name=t"
            f" t. ! queue ! filesink location={self.path('sent')}"
            f" t. ! queue ! zerobuffersink buffer-name={self.name} {options}"
        )

    def consumer(self, options="", file="received"):
        return self.launch(
            f"zerobuffersrc buffer-name={self.name} {options} ! tee name=t"
            f" t. ! queue ! filesink location={self.path(file)}"
            " t. ! queue ! videoconvert ! fakesink",
            "-v",
        )

    def assert_received(self):
        self.assertGreater(os.path.getsize(self.path("sent")), 0)
        self.assertEqual(digest(self.path("sent")), digest(self.path("received")))

    def test_consumer_first(self):
        consumer = self.consumer()
        self.wait_for_buffer()
        self.assert_success(self.producer(), consumer)
        self.assert_received()
        self.assertIn("width=(int)640, height=(int)480", consumer.text())

    def test_producer_first(self):
        producer = self.producer()
        producer.wait_for_output("PREROLLED")
        self.assert_success(self.consumer(), producer)
        self.assert_received()

    def test_sound(self):
        consumer = self.launch(
            f"zerobuffersrc buffer-name={self.name} ! audioconvert"
            f" ! audio/x-raw,format=F32LE ! filesink location={self.path('two')}"
        )
        source = "audiotestsrc num-buffers=200 wave=saw ! audio/x-raw,format=S16LE,rate=48000"
        producer = self.launch(
            f"{source} ! zerobuffersink buffer-name={self.name}"
        )
        alone = self.launch(
            f"{source} ! audioconvert ! audio/x-raw,format=F32LE"
            f" ! filesink location={self.path('one')}"
        )
        self.assert_success(consumer, producer, alone)
        self.assertGreater(os.path.getsize(self.path("one")), 0)
        self.assertEqual(digest(self.path("one")), digest(self.path("two")))

    def test_planar_sound(self):
        caps = "audio/x-raw,format=S16LE,layout=non-interleaved,channels=2"
        consumer = self.launch(
            f"zerobuffersrc buffer-name={self.name} ! audioconvert"
            " ! audio/x-raw,layout=interleaved"
            f" ! filesink location={self.path('two')}"
        )
        source = f"audiotestsrc num-buffers=100 wave=saw ! audioconvert ! {caps}"
        producer = self.launch(
            f"{source} ! zerobuffersink buffer-name={self.name}"
        )
        alone = self.launch(
            f"{source} ! audioconvert ! audio/x-raw,layout=interleaved"
            f" ! filesink location={self.path('one')}"
        )
        self.assert_success(consumer, producer, alone)
        self.assertEqual(digest(self.path("one")), digest(self.path("two")))

    def test_many_pairs_in_one_process(self):
        names = [str(uuid.uuid4()) for _ in range(32)]
        sources = [
            "videotestsrc is-live=true num-buffers=30 ! video/x-raw,width=64,height=48",
            "audiotestsrc is-live=true num-buffers=30",
        ]
        process = self.launch(
            " ".join(
                f"{sources[i % 2]} ! zerobuffersink async=false buffer-name={name}"
                f" zerobuffersrc is-live=true payload-size=65536 buffer-name={name}"
                " ! fakesink async=false"
                for i, name in enumerate(names)
            )
        )
        self.assert_success(process)
        self.assertEqual([left for name in names for left in support.leftovers(name)], [])

    # ---- Ctrl-C ----

    def assert_ends_on_interrupt(self, process):
        process.interrupt()
        process.wait()
        self.assertIn("Freeing pipeline", process.text())

    def test_interrupt_a_waiting_consumer(self):
        consumer = self.consumer()
        self.wait_for_buffer()
        consumer.wait_for_output("PREROLLING")
        self.assert_ends_on_interrupt(consumer)

    def test_interrupt_a_waiting_producer(self):
        producer = self.producer()
        producer.wait_for_output("PREROLLED")
        self.assert_ends_on_interrupt(producer)

    def test_interrupt_a_blocked_producer(self):
        consumer = self.consumer()
        producer = self.producer(count=100000)
        support.wait_until(
            lambda: os.path.exists(self.path("received"))
            and os.path.getsize(self.path("received")) > 0,
            "frames arrive",
        )
        consumer.send(signal.SIGSTOP)
        self.assert_ends_on_interrupt(producer)
        consumer.send(signal.SIGCONT)
        self.assert_success(consumer)

    # ---- a consumer that is stuck ----

    def size(self, file):
        return os.path.getsize(self.path(file)) if os.path.exists(self.path(file)) else 0

    def wait_for_growth(self, file):
        before = self.size(file)
        support.wait_until(lambda: self.size(file) > before, f"{file} grows")

    def wait_for_standstill(self, file):
        sizes = []

        def stands():
            sizes.append(self.size(file))
            return len(sizes) > 100 and len(set(sizes[-100:])) == 1

        support.wait_until(stands, f"{file} does not grow any more")

    def test_stuck_consumer_blocks(self):
        consumer = self.consumer()
        producer = self.producer(count=100000)
        self.wait_for_growth("received")
        consumer.send(signal.SIGSTOP)
        self.wait_for_standstill("sent")
        self.assertIsNone(producer.popen.poll(), producer.text())
        consumer.send(signal.SIGCONT)
        self.wait_for_growth("sent")
        self.wait_for_growth("received")
        self.assert_ends_on_interrupt(producer)
        self.assert_success(consumer)

    def test_stuck_consumer_behind_a_leaky_queue(self):
        consumer = self.consumer("payload-size=2000000 max-payload-size=0")
        producer = self.launch(
            f"videotestsrc is-live=true ! {VIDEO},format=I420,framerate=100/1 ! tee name=t"
            f" t. ! queue ! filesink location={self.path('sent')}"
            " t. ! queue leaky=downstream max-size-buffers=1"
            f" ! zerobuffersink buffer-name={self.name}"
        )
        self.wait_for_growth("received")
        consumer.send(signal.SIGSTOP)
        self.wait_for_standstill("received")
        for _ in range(20):  # more than the ring has room for
            self.wait_for_growth("sent")
        consumer.send(signal.SIGCONT)
        self.wait_for_growth("received")
        self.assert_ends_on_interrupt(producer)
        self.assert_success(consumer)

    # ---- crashes ----

    def frames_arrive(self, file):
        path = self.path(file)
        support.wait_until(
            lambda: os.path.exists(path) and os.path.getsize(path) > 0,
            "frames arrive",
        )

    def test_producer_is_killed(self):
        consumer = self.consumer()
        producer = self.producer(count=100000)
        self.frames_arrive("received")
        producer.kill()
        self.assertNotEqual(consumer.wait(), 0)
        self.assertIn(
            f'The writer of buffer "{self.name}", process {producer.popen.pid}, '
            "crashed",
            consumer.text(),
        )

    def test_producers_come_and_go(self):
        consumer = self.consumer("reconnect=true")
        for _ in range(3):
            producer = self.producer(count=100000)
            before = os.path.getsize(self.path("received")) if _ else 0
            support.wait_until(
                lambda: os.path.exists(self.path("received"))
                and os.path.getsize(self.path("received")) > before,
                "frames of this producer arrive",
            )
            producer.kill()
        self.assert_success(self.producer(count=10))
        self.assertIsNone(consumer.popen.poll(), consumer.text())
        self.assert_ends_on_interrupt(consumer)

    def test_consumers_come_and_go(self):
        producer = self.producer(count=100000)
        for i in range(3):
            consumer = self.consumer(file=f"received{i}")
            self.frames_arrive(f"received{i}")
            consumer.kill()
        consumer = self.consumer(file="last")
        self.frames_arrive("last")
        self.assert_ends_on_interrupt(producer)
        self.assert_success(consumer)

    def test_survivor_cleans_up(self):
        producer = self.producer(count=100000)
        consumer = self.consumer()
        self.frames_arrive("received")
        consumer.kill()
        support.wait_until(
            lambda: not support.leftovers(self.name), "the producer has cleaned up"
        )
        self.assert_ends_on_interrupt(producer)

    def test_next_start_cleans_up_after_both(self):
        consumer = self.consumer()
        producer = self.producer(count=100000)
        self.frames_arrive("received")
        self.assertEqual(len(support.leftovers(self.name)), 4)
        producer.send(signal.SIGSTOP)  # or it would clean up
        consumer.kill()
        producer.kill()
        other = self.launch(f"zerobuffersrc buffer-name={self.name}-x ! fakesink")
        support.wait_until(
            lambda: not support.leftovers(self.name), "the next reader has cleaned up"
        )
        other.wait_for_output("PREROLLING")
        self.assert_ends_on_interrupt(other)
        self.assertEqual(support.leftovers(self.name + "-x"), [])

    def test_name_in_use(self):
        consumer = self.consumer()
        self.wait_for_buffer()
        second = self.launch(f"zerobuffersrc buffer-name={self.name} ! fakesink")
        self.assertNotEqual(second.wait(), 0)
        self.assertIn(f"in use by process {consumer.popen.pid}", second.text())
        self.assert_ends_on_interrupt(consumer)

    # ---- downstream that keeps buffers ----

    def test_encoder_with_look_ahead(self):
        """It keeps more frames than the ring has room for."""
        for encoder in (
            "vp8enc lag-in-frames=25 deadline=1 cpu-used=16",
            "x264enc rc-lookahead=40 speed-preset=ultrafast",
        ):
            with self.subTest(encoder=encoder):
                consumer = self.launch(
                    f"zerobuffersrc buffer-name={self.name} payload-size=400000"
                    f" ! identity datarate={115200 * 30} ! {encoder} ! fakesink"
                )
                producer = self.launch(
                    "videotestsrc num-buffers=100"
                    " ! video/x-raw,format=I420,width=320,height=240"
                    f" ! zerobuffersink buffer-name={self.name}"
                )
                self.assert_success(consumer, producer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
