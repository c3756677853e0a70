# SPDX-License-Identifier: MIT
"""GStreamer's leaks tracer, which warns at the end of a process of objects that
are still alive; here the warning is fatal."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

ENVIRONMENT = {
    "GST_TRACERS": "leaks",
    "GST_DEBUG": "GST_TRACER:7",
    "G_DEBUG": "fatal-warnings",
    "ASAN_OPTIONS": "detect_leaks=0",
}


class Leaks(support.TestCase):
    def assert_no_leaks(self, process):
        self.assert_success(process)
        self.assertIn("object-alive", process.text())  # the tracer is at work
        self.assertNotRegex(
            process.text(), r"object-alive, type-name=\(string\)[A-Z]"
        )

    def test_two_processes(self):
        consumer = self.launch(
            f"zerobuffersrc buffer-name={self.name} ! videoconvert ! fakesink",
            env=ENVIRONMENT,
        )
        producer = self.launch(
            "videotestsrc num-buffers=50 ! video/x-raw,width=638,format=RGB"
            f" ! zerobuffersink buffer-name={self.name}",
            env=ENVIRONMENT,
        )
        self.assert_no_leaks(producer)
        self.assert_no_leaks(consumer)

    def test_a_hundred_cycles(self):
        states = self.start(
            [os.environ["ZEROBUFFER_STATES"]], {**ENVIRONMENT, "CK_FORK": "no"}
        )
        self.assert_no_leaks(states)
        self.assertIn("100%: Checks: 1", states.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
