# SPDX-License-Identifier: MIT
"""What containers and several users do to two processes that share memory."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

import support  # noqa: E402

ALICE, BOB, GROUP = 65001, 65002, 65003

OWN_TMP = "mount -t tmpfs tmpfs /tmp"
OWN_PIDS = ("--mount", "--pid", "--fork", "--kill-child")
OWN_USERS = ("--mount", "--pid", "--fork", "--kill-child", "--user", "--map-root-user")


class Containers(support.TestCase):
    def src(self, options=""):
        return f"zerobuffersrc buffer-name={self.name} {options} ! fakesink"

    def sink(self, count=100, options=""):
        return (
            f"videotestsrc num-buffers={count} ! video/x-raw,width=320,height=240"
            f" ! zerobuffersink buffer-name={self.name} {options}"
        )

    def wait_for_memory(self):
        """The lock may be one that is not seen here."""
        support.wait_until(
            lambda: os.path.exists(f"/dev/shm/{self.name}"), "the reader is there"
        )

    def pass_both_ways(self, *commands, namespaces=("--mount",)):
        """One side in namespaces of its own, the other not; and the other way
        round."""
        apart = lambda pipeline: self.launch_apart(  # noqa: E731
            pipeline, *commands, namespaces=namespaces
        )
        self.assert_success(apart(self.src()), self.launch(self.sink()))
        self.assert_success(self.launch(self.src()), apart(self.sink()))

    def test_process_namespaces(self):
        self.pass_both_ways(namespaces=OWN_PIDS)

    def test_user_namespaces(self):
        self.pass_both_ways(namespaces=OWN_USERS)

    def test_lock_folders_of_their_own(self):
        self.pass_both_ways(OWN_TMP)

    def test_all_of_their_own_but_the_memory(self):
        self.pass_both_ways(OWN_TMP, namespaces=OWN_USERS)

    def test_names_are_taken_across_lock_folders(self):
        first = self.launch_apart(self.src(), OWN_TMP)
        self.wait_for_memory()
        second = self.launch(self.src())
        second.wait_for_output("though its lock is free")
        second.kill()
        self.assert_success(self.launch(self.sink()), first)

    # unshare passes a kill on, by --kill-child.

    def test_producer_crashes_in_its_namespace(self):
        consumer = self.launch(self.src())
        producer = self.launch_apart(self.sink(100000), namespaces=OWN_PIDS)
        consumer.wait_for_output("PREROLLED")
        producer.kill()
        self.assertNotEqual(consumer.wait(), 0)
        self.assertIn("crashed: it ended without leaving", consumer.text())

    def test_consumer_crashes_in_its_namespace(self):
        """Its producer goes on with the next one."""
        consumer = self.launch_apart(self.src(), namespaces=OWN_PIDS)
        producer = self.launch(self.sink(100000))
        consumer.wait_for_output("PREROLLED")
        consumer.kill()
        self.assert_success(self.launch(self.src("num-buffers=10")))
        producer.interrupt()
        producer.wait()

    def test_users_of_one_group(self):
        """What a reader makes has the group that it runs with; the writer may be in
        that beside its own."""
        consumer = self.launch_as(self.src("perms=432"), ALICE, GROUP)
        self.wait_for_buffer()
        self.assert_success(self.launch_as(self.sink(), BOB, others=GROUP), consumer)

    def test_users_without_a_group(self):
        consumer = self.launch_as(self.src("perms=432"), ALICE)
        self.wait_for_buffer()
        self.launch_as(self.sink(), BOB, others=GROUP).wait_for_output("Permission denied")
        consumer.interrupt()
        consumer.wait()

    def large_picture(self, caps):
        """Both sides where /dev/shm has as much as in a container."""
        process = self.launch_apart(
            f"videotestsrc num-buffers=20 ! {caps} ! zerobuffersink buffer-name={self.name}",
            "mount -t tmpfs -o size=64m tmpfs /dev/shm",
            beside=self.src(),
        )
        self.assert_success(process)
        return process.text()

    def test_64_mb_are_enough_for_hd(self):
        text = self.large_picture("video/x-raw,format=I420,width=1920,height=1080")
        self.assertEqual(text.count("Got EOS"), 2, text)

    def test_64_mb_are_not_enough_for_rgb_in_4k(self):
        text = self.large_picture("video/x-raw,format=RGB,width=3840,height=2160")
        self.assertIn("payload size of at least", text)

    def test_read_only_tmp(self):
        process = self.launch_apart(self.src(), "mount -t tmpfs -o ro tmpfs /tmp")
        process.wait_for_output('Cannot create the lock folder "/tmp/zerobuffer": Read-only')


if __name__ == "__main__":
    unittest.main(verbosity=2)
