# SPDX-License-Identifier: MIT
"""Every message of docs/troubleshooting.md, as a user gets it.

The page's table says what there is; a message without a test here, or a test
without a message there, fails.  Words in capitals stand for names and numbers.
"""

import os
import re
import struct
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

import support  # noqa: E402
import zerobuffer10  # noqa: E402

PAGE = os.path.join(HERE, "..", "..", "docs", "troubleshooting.md")
NOBODY = 65534

PICTURE = "video/x-raw,format=RGB,width=64,height=48,framerate=30/1"
JSON = '{"caps": "video/x-raw, format=(string)RGB, width=(int)64, height=(int)48, framerate=(fraction)30/1"}'

# What only a program can bring about, and the test that does.
IN_PROGRAMS = {
    "A payload size of N bytes is not possible ...": ("lib/test-names.c", "payload size of 0 bytes is not possible"),
    'In the ring of buffer "NAME", of N bytes, no place can be had for M bytes while ... are held.': (
        "lib/test-reserving.c",
        "no place can be had",
    ),
    'WARNING: the property "P" can only be changed in the NULL or READY state': (
        "gst/test-sink.c",
        "test_name_is_fixed_while_running",
    ),
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def messages():
    """The left column, with the alternatives that it gives; the words in
    brackets are no messages."""
    table = read(PAGE).split("|---|---|---|\n")[1].split("\n\n")[0]
    for row in table.splitlines():
        cell = row.split("|")[1].strip()
        if not cell.startswith("("):
            yield from cell.replace(" (a warning)", "").split(" / ")


def pattern(message):
    parts = re.split(r"(\s*\.\.\.\s*|(?!^)\b[A-Z]+\b)", message)
    return "".join(
        re.escape(part) if i % 2 == 0 else r"[\s\S]*" if "..." in part else ".+"
        for i, part in enumerate(parts)
    )


class Messages(support.TestCase):
    def tearDown(self):
        """What was said is all that matters here: some processes are killed."""
        for process in self.processes:
            process.kill()
        support.remove(support.leftovers(self.name))
        super().tearDown()

    def consumer(self, options=""):
        return self.launch(f"zerobuffersrc buffer-name={self.name} {options} ! fakesink")

    def producer(self, source="videotestsrc is-live=true", options="", env=None):
        return self.launch(
            f"{source} ! {PICTURE} ! zerobuffersink buffer-name={self.name} {options}", env=env
        )

    def check(self, message, process):
        """gst-launch-1.0 may hang after an error in preroll, so it is not waited
        for."""
        support.wait_until(
            lambda: re.search(pattern(message), process.text())
            or process.popen.poll() is not None,
            "the message comes",
        )
        self.assertRegex(process.text(), pattern(message))

    # ---- one for each message ----

    def no_element(self, message):
        env = {"GST_PLUGIN_PATH_1_0": "", "GST_PLUGIN_SYSTEM_PATH_1_0": ""}
        env["GST_REGISTRY_1_0"] = self.path("registry")
        self.check(message, self.launch("zerobuffersink", env=env))

    def empty_name(self, message):
        self.check(message, self.launch("zerobuffersrc ! fakesink"))

    def bad_name(self, message):
        self.check(message, self.launch("zerobuffersrc buffer-name=a/b ! fakesink"))

    def long_name(self, message):
        self.check(message, self.launch(f"zerobuffersrc buffer-name={'x' * 246} ! fakesink"))

    def reader_in_use(self, message):
        self.consumer()
        self.wait_for_buffer()
        self.check(message, self.consumer())

    def reader_without_lock(self, message):
        oieb = bytearray(4096)
        struct.pack_into("<I4B", oieb, 0, 128, 1, 0, 0, 0)
        struct.pack_into("<Q", oieb, zerobuffer10.READER_PID, os.getpid())
        with open(f"/dev/shm/{self.name}", "wb") as memory:
            memory.write(oieb)
        self.check(message, self.consumer())
        os.unlink(f"/dev/shm/{self.name}")

    def writer_in_use(self, message):
        consumer = self.consumer()
        self.producer()
        consumer.wait_for_output("PREROLLED")
        self.check(message, self.producer())

    def no_space(self, message):
        self.check(message, self.consumer("payload-size=1099511627776"))

    def memory_is_a_link(self, message):
        os.symlink(self.path("victim"), f"/dev/shm/{self.name}")
        self.check(message, self.producer())

    def folder_of_others(self, message):
        folder = self.path("folder")
        os.mkdir(folder)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        self.check(
            message,
            self.launch_apart(
                f"zerobuffersrc buffer-name={self.name} ! fakesink",
                "mkdir -p /tmp/zerobuffer",
                f"mount --bind {folder} /tmp/zerobuffer",
                "mount -o remount,bind,ro /tmp/zerobuffer",
            ),
        )

    def folder_is_a_link(self, message):
        self.check(
            message,
            self.launch_apart(
                f"zerobuffersrc buffer-name={self.name} ! fakesink",
                "mount -t tmpfs tmpfs /tmp",
                "ln -s /var /tmp/zerobuffer",
            ),
        )

    def lock_of_others(self, message):
        self.consumer()
        self.wait_for_buffer()
        self.check(
            message, self.launch_as(f"zerobuffersrc buffer-name={self.name} ! fakesink", NOBODY)
        )

    def permission_denied(self, message):
        self.consumer()
        self.wait_for_buffer()
        self.check(
            message,
            self.launch_as(f"videotestsrc ! zerobuffersink buffer-name={self.name}", NOBODY),
        )

    def left_by_others(self, message):
        with open(f"/dev/shm/{self.name}", "wb") as memory:
            memory.write(bytes(4096))
        try:
            self.check(
                message,
                self.launch_as(f"zerobuffersrc buffer-name={self.name} ! fakesink", NOBODY),
            )
        finally:
            os.unlink(f"/dev/shm/{self.name}")

    def bad_mode(self, message):
        self.check(message, self.consumer("perms=0"))

    def used_up(self, message):
        reader = zerobuffer10.Reader(self.name, 1 << 20)
        self.assert_success(self.producer("videotestsrc num-buffers=1"))
        reader.read()
        second = self.producer(env={"GST_DEBUG": "zerobuffersink:6"})
        support.wait_until(
            lambda: re.search(pattern(message), second.text()), "the sink says what it waits for"
        )
        second.kill()
        reader.close()

    def other_version(self, message):
        reader = zerobuffer10.Reader(self.name, 1 << 20)
        reader.map[4] = 2
        self.check(message, self.producer())
        reader.map[4] = 1
        reader.close()

    def too_large(self, message):
        self.consumer("payload-size=1024 max-payload-size=0")
        self.wait_for_buffer()
        self.check(message, self.producer())

    def metadata_too_large(self, message):
        self.consumer("metadata-size=64")
        self.wait_for_buffer()
        self.check(message, self.producer())

    def caps_change(self, message):
        reader = zerobuffer10.Reader(self.name, 1 << 20)
        source = "videotestsrc num-buffers=2 ! video/x-raw,format=RGB,width={} ! c."
        process = self.launch(
            f"concat name=c ! zerobuffersink buffer-name={self.name} "
            f"{source.format(64)} {source.format(32)}"
        )
        self.check(message, process)
        reader.close()

    def refused_caps(self, message):
        consumer = self.launch(f"zerobuffersrc buffer-name={self.name} ! audioconvert ! fakesink")
        self.producer()
        self.check(message, consumer)
        for word in ("video/x-raw", "audioconvert0:sink"):
            self.assertIn(word, consumer.text())

    def short_picture(self, message):
        reader = zerobuffer10.Reader(self.name, 1 << 20)
        source = "fakesrc sizetype=fixed sizemax=100 filltype=zero"
        self.check(message, self.producer(source))
        reader.close()

    def crash(self, message):
        consumer = self.consumer()
        producer = self.producer()
        consumer.wait_for_output("PLAYING")
        producer.kill()
        self.check(message, consumer)

    def no_caps(self, message):
        consumer = self.consumer()
        writer = zerobuffer10.Writer(self.name)
        writer.set_metadata(b'{"caps": 5}')
        writer.write(b"frame")
        writer.close()
        self.check(message, consumer)

    def caps_with_a_choice(self, message):
        consumer = self.consumer("caps=video/x-raw,width=[1,100]")
        writer = zerobuffer10.Writer(self.name)
        writer.write(b"frame")
        writer.close()
        self.check(message, consumer)

    def wrong_frame(self, message):
        consumer = self.consumer()
        writer = zerobuffer10.Writer(self.name)
        writer.set_metadata(JSON.encode())
        writer.write(b"frame")
        self.check(message, consumer)
        writer.close()

    def corruption(self, message):
        consumer = self.consumer()
        writer = zerobuffer10.Writer(self.name)
        writer.set(zerobuffer10.PAYLOAD_SIZE, 1)
        writer.data.post()
        self.check(message, consumer)
        writer.close()

    TESTS = {
        'no element "zerobuffersink"': no_element,
        "The buffer name is empty.": empty_name,
        '"NAME" cannot be a buffer name ...': bad_name,
        "The buffer name has N bytes ...": long_name,
        'The buffer "NAME" is in use by process PID.': reader_in_use,
        'The buffer "NAME" is in use by process PID, though its lock is free.': reader_without_lock,
        'The buffer "NAME" is in use by process PID, which writes to it.': writer_in_use,
        "The buffer needs N bytes of shared memory, but /dev/shm has only M bytes free.": no_space,
        '"/dev/shm/NAME" is a link; expected shared memory.': memory_is_a_link,
        "The lock folder /tmp/zerobuffer belongs to another user.": folder_of_others,
        "The lock folder /tmp/zerobuffer is not a folder.": folder_is_a_link,
        'The lock "PATH" belongs to another user, who reads from the buffer or left the lock behind.': lock_of_others,
        'Cannot open the shared memory "NAME": Permission denied.': permission_denied,
        'The buffer "NAME" was left over by another user ...': left_by_others,
        "A mode of MODE is not possible ...": bad_mode,
        "... was used by an earlier writer, and its reader has not made a fresh one.": used_up,
        'The reader of buffer "NAME" speaks version X ...': other_version,
        'A frame of N bytes does not get through the ring of buffer "NAME" ... payload size of at '
        "least M bytes.": too_large,
        'The metadata for buffer "NAME" takes N bytes, but the reader made room for M.': metadata_too_large,
        "The caps changed from A to B, but the metadata, by which the reader of protocol 1.0 knows "
        "them, is write-once.": caps_change,
        "The caps ... were refused by PAD, or behind it.": refused_caps,
        "A buffer of N bytes is not what its caps say ...": short_picture,
        'The writer of buffer "NAME", process PID, crashed: it ended without leaving.': crash,
        "The property caps of zerobuffersrc has to name one format, and not a choice of "
        "several.": caps_with_a_choice,
        "The metadata of the writer says nothing about the format ...": no_caps,
        "The writer sent a raw frame of N bytes, which does not fit its caps.": wrong_frame,
        'Buffer "NAME" is corrupt: ...': corruption,
    }

    def test_all_are_tested(self):
        self.assertEqual(set(messages()), set(self.TESTS) | set(IN_PROGRAMS))
        for path, words in IN_PROGRAMS.values():
            self.assertIn(words, read(os.path.join(HERE, "..", path)))


def add_test(message, test):
    setattr(Messages, f"test_{test.__name__}", lambda self: test(self, message))


for message_, test_ in Messages.TESTS.items():
    add_test(message_, test_)


if __name__ == "__main__":
    unittest.main(verbosity=2)
