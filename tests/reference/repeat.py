# SPDX-License-Identifier: MIT
"""Starts consumers of two producers that are running, again and again.

    repeat.py TIMES

Each time one mixes the pictures of a live producer, and two record them, encoded
in the consumer and in the producer.  What fails is printed, and in the end how
often each did.
"""

import collections
import sys

import media
from media import ENCODER, PICTURES, RARE_KEYS

COUNT = 6

# A file goes to its reader at once: it need not be written for that.
RECORD = (
    "h264parse ! matroskamux ! matroskademux ! h264parse name=watch-encoded ! avdec_h264"
    " ! identity name=watch-decoded ! fakesink"
)


class Repeat(media.TestCase):
    def check_mixed(self, player):
        self.assert_no_problems(player)
        # It leaves out what it would be late with.
        mixed = self.without_false_start(player.buffers("watch-mixed"))
        self.assert_rising(mixed, "mixed")
        sent = player.buffers("watch-src")
        self.assert_rising(sent, "what left the src")
        self.assertEqual(self.holes(sent), {})

    def check_recording(self, player):
        self.assert_whole(player, COUNT)

    def once(self, raw, encoded, live):
        src = f"num-buffers={COUNT} is-live={'true' if live else 'false'} name=watch-src"
        consumers = {
            "compositor": (
                f"{raw.src('mixed', src)} ! compositor ! fakesink name=watch-mixed sync=true",
                self.check_mixed,
            ),
            "recording": (
                f"{raw.src('recorded', src)} ! {ENCODER} ! {RECORD}",
                self.check_recording,
            ),
            "encoded recording": (
                f"{encoded.src('main', src)} ! {RECORD}",
                self.check_recording,
            ),
        }
        players = {what: self.play(pipeline) for what, (pipeline, _) in consumers.items()}
        for what, (_, check) in consumers.items():
            try:
                check(players[what])
            except AssertionError as failure:
                self.failures[what] += 1
                print(f"{what}, {'live' if live else 'not live'}: {str(failure)[:300]}", flush=True)
        # Their files would be too many.
        for player in players.values():
            self.processes.remove(player)
            player.close()

    def test(self):
        self.failures = collections.Counter()
        raw = self.producer(mixed=PICTURES, recorded=PICTURES)
        encoded = self.producer(main=f"{PICTURES} ! {RARE_KEYS}")
        for number in range(TIMES):
            self.once(raw, encoded, live=number % 4 != 3)
        raw.stop()
        encoded.stop()
        print(f"{TIMES} times, failures: {dict(self.failures)}")
        self.assertEqual(self.failures, {})


if __name__ == "__main__":
    TIMES = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 200
    media.unittest.main(verbosity=0)
