/* SPDX-License-Identifier: MIT */
/* What other implementations do, and what was learned from it: the list of
 * quirks in docs/protocol.md, one by one. */
#include "foreign.h"

#include "platform.h"
#include "ring.h"

/* Our writer never leaves a tail of 1 to 15 bytes. */
GST_START_TEST (test_writer_leaves_no_short_tail)
{
  for (uint64_t tail = 1; tail < 16; tail++) {
    ZbReader *reader = new_reader (1024, 0);
    ZbWriter *writer = connect_writer ();
    ZbOieb *oieb = map_buffer ();

    pass_pattern (writer, reader, 484, 1);
    /* From 500, this one would end `tail` before the end; it wraps instead. */
    assert_ok (write_pattern (writer, 524 - 16 - tail - 400, 2, 0));
    zb_frame_release (read_pattern (reader, 524 - 16 - tail - 400, 2));
    assert_ok (write_pattern (writer, 400 - 16, 3, 0));
    fail_unless_equals_uint64 (oieb->payload_write_pos, 400);
    zb_frame_release (read_pattern (reader, 400 - 16, 3));
    zb_writer_free (writer);
    zb_reader_close (reader);
  }
}
GST_END_TEST;

/* Nor where even the start of the ring would leave one: refused. */
GST_START_TEST (test_writer_refuses_a_frame_that_leaves_a_short_tail)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  for (uint64_t tail = 1; tail < 16; tail++)
    assert_fails (write_pattern (writer, 1008 - tail, 1, ZB_FOREVER),
        ZB_TOO_LARGE, "at least 2");
  pass_pattern (writer, reader, 1008 - 16, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Others do leave such tails; our reader takes one as a wrap. */
GST_START_TEST (test_reader_accepts_a_short_tail)
{
  for (uint64_t tail = 1; tail < 16; tail++) {
    ZbReader *reader = new_reader (1024, 0);
    ZbOieb *oieb = map_buffer ();
    sem_t *data = open_semaphore ("sem-w-");

    put_frame (oieb, data, 0, 1008 - tail, 1, 0);
    zb_frame_release (read_pattern (reader, 1008 - tail, 1));
    put_frame (oieb, data, 0, 100, 2, tail);
    zb_frame_release (read_pattern (reader, 100, 2));
    fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024);
    zb_reader_close (reader);
  }
}
GST_END_TEST;

/* A writer that ends exactly at the end may say P, or 0. */
GST_START_TEST (test_reader_accepts_either_write_position_at_the_end)
{
  for (int zero = 0; zero < 2; zero++) {
    ZbReader *reader = new_reader (1024, 0);
    ZbOieb *oieb = map_buffer ();
    sem_t *data = open_semaphore ("sem-w-");

    put_frame (oieb, data, 0, 1008, 1, 0);
    if (zero)
      oieb->payload_write_pos = 0;
    zb_frame_release (read_pattern (reader, 1008, 1));
    put_frame (oieb, data, 0, 100, 2, 0);
    zb_frame_release (read_pattern (reader, 100, 2));
    zb_reader_close (reader);
  }
}
GST_END_TEST;

/* Above half the ring there are positions from which a frame never fits; with
 * constant sizes it always does. */
GST_START_TEST (test_frames_above_half_the_ring)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 10; i++)
    pass_pattern (writer, reader, 700, i);
  pass_pattern (writer, reader, 100, 11);
  pass_pattern (writer, reader, 300, 12);
  assert_fails (write_pattern (writer, 700, 13, ZB_FOREVER), ZB_TOO_LARGE,
      "payload size of at least 1472 bytes");
  pass_pattern (writer, reader, 480, 13);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The bytes of a later frame, and the waste in front of it, are not given
 * back before those of an earlier one that is still held. */
GST_START_TEST (test_release_in_ring_order)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbFrame *early, *later, *last;

  pass_pattern (writer, reader, 484, 1);
  assert_ok (write_pattern (writer, 284, 2, 0));
  early = read_pattern (reader, 284, 2); /* 500 to 800 */
  assert_ok (write_pattern (writer, 284, 3, 0));
  later = read_pattern (reader, 284, 3); /* 224 of waste, then 0 to 300 */
  assert_ok (write_pattern (writer, 100, 4, 0));
  last = read_pattern (reader, 100, 4); /* to 416 */

  fail_unless_equals_uint64 (zb_frame_get_span (early), 300 + 224 + 300 + 116);
  fail_unless_equals_uint64 (zb_frame_get_span (last), 116);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024 - 940);
  zb_frame_release (later);
  zb_frame_release (last);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024 - 940);
  /* There is room for 84 bytes, from 416 to 500, and not for one more. */
  assert_result (write_pattern (writer, 84 - 16 + 1, 5, 0), ZB_TIMEOUT);
  assert_ok (write_pattern (writer, 84 - 16, 5, 0));
  fail_unless (has_pattern (zb_frame_get_data (early), 284, 2));
  zb_frame_release (early);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024 - 84);
  zb_frame_release (read_pattern (reader, 84 - 16, 5));
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* One space post per frame, when its bytes are given back. */
GST_START_TEST (test_one_space_post_per_frame)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbOieb *oieb = map_buffer ();
  sem_t *data = open_semaphore ("sem-w-");
  sem_t *space = open_semaphore ("sem-r-");
  ZbFrame *frames[3];
  int value;

  for (int i = 0; i < 3; i++) {
    put_frame (oieb, data, i * 116, 100, i + 1, 0);
    frames[i] = read_pattern (reader, 100, i + 1);
  }
  zb_frame_release (frames[2]);
  zb_frame_release (frames[1]);
  sem_getvalue (space, &value);
  fail_unless_equals_int (value, 0);
  zb_frame_release (frames[0]);
  sem_getvalue (space, &value);
  fail_unless_equals_int (value, 3);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Exactly one data post per frame, none for a marker. */
GST_START_TEST (test_one_data_post_per_frame)
{
  ZbReader *reader = new_reader (256, 0);
  ZbWriter *writer = connect_writer ();
  sem_t *data = open_semaphore ("sem-w-");
  int value;

  for (int i = 1; i <= 50; i++) {
    assert_ok (write_pattern (writer, 1 + i % 90, i, 0));
    sem_getvalue (data, &value);
    fail_unless_equals_int (value, 1);
    zb_frame_release (read_pattern (reader, 1 + i % 90, i));
    sem_getvalue (data, &value);
    fail_unless_equals_int (value, 0);
  }
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Readers count the markers that they see, so we count those we write. */
GST_START_TEST (test_counts_of_markers)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();

  for (int i = 1; i <= 100; i++) {
    pass_pattern (writer, reader, 1 + (i * 37) % 480, i);
    fail_unless_equals_uint64 (
        oieb->payload_written_count, oieb->payload_read_count);
  }
  fail_unless (oieb->payload_written_count > 100);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Space posts that nobody waited for do not make the writer busy or hasty. */
GST_START_TEST (test_space_posts_pile_up)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  sem_t *space = open_semaphore ("sem-r-");
  uint64_t sequence = 0;
  ZbStats before, after;
  int value;

  for (int i = 0; i < 10000; i++)
    sem_post (space);
  while (write_pattern (writer, 100, sequence + 1, 0) == ZB_OK)
    sequence++;
  zb_writer_get_stats (writer, &before);
  assert_result (
      write_pattern (writer, 100, sequence + 1, 100 * MSEC), ZB_TIMEOUT);
  zb_writer_get_stats (writer, &after);
  sem_getvalue (space, &value);
  fail_unless_equals_int (value, 0);
  fail_unless (after.waits - before.waits < 50);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The count of a semaphore of the GNU C library; there is no other way to have
 * it near its maximum within a test's time. */
static void
set_value (const char *format, unsigned value)
{
  char path[128];
  int fd;

  snprintf (path, sizeof path, format, name);
  fd = open (path, O_RDWR);
  fail_unless (pwrite (fd, &value, sizeof value, 0) == sizeof value);
  close (fd);
}

GST_START_TEST (test_space_semaphore_at_its_maximum)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  sem_t *space = open_semaphore ("sem-r-");
  int value;

  set_value (SPACE_PATH, SEM_VALUE_MAX);
  sem_getvalue (space, &value);
  fail_unless_equals_int (value, SEM_VALUE_MAX);
  for (int i = 1; i <= 100; i++)
    pass_pattern (writer, reader, 300, i);
  zb_writer_set_interrupted (writer, true);
  zb_writer_set_interrupted (writer, false);
  pass_pattern (writer, reader, 300, 101);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- half-made buffers ---- */

GST_START_TEST (test_half_made_buffers_are_not_ready)
{
  ZbWriter *writer = new_writer ();
  ZbOieb *oieb;
  char path[80];
  int fd;

  snprintf (path, sizeof path, "/%s", name);
  fd = shm_open (path, O_CREAT | O_EXCL | O_RDWR, 0600);
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "still making it");
  fail_if (ftruncate (fd, 128 + 64 + 1024) < 0);
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "still making it");

  /* Field by field, the size early, as some do it. */
  oieb = map_buffer ();
  oieb->oieb_size = 128;
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);
  oieb->version = ZB_VERSION_1_0_0;
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);
  oieb->metadata_size = oieb->metadata_free_bytes = 64;
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);
  oieb->payload_size = oieb->payload_free_bytes = 1024;
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "starting");
  oieb->reader_pid = getpid ();
  assert_fails (zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "sem-w-");
  fail_unless_equals_uint64 (oieb->writer_pid, 0);

  leave_behind (LEFT_SEMAPHORES, 0, 0);
  assert_ok (zb_writer_connect (writer, 0, &error));
  fail_unless_equals_uint64 (oieb->writer_pid, getpid ());
  zb_writer_free (writer);
  close (fd);
  clean_up ();
}
GST_END_TEST;

GST_START_TEST (test_impossible_buffers_are_refused)
{
  const struct {
    size_t offset;
    uint64_t value;
    ZbResult result;
    const char *text;
  } cases[] = {
    { 0x00, 64 | UINT64_C (1) << 32, ZB_INCOMPATIBLE, "OIEB of 64" },
    { 0x00, 128 | UINT64_C (2) << 32, ZB_INCOMPATIBLE, "version 2.0.0" },
    { 0x08, 1 << 20, ZB_CORRUPT, "1048576 bytes of metadata" },
    { 0x08, UINT64_MAX - 63, ZB_CORRUPT, "multiples of 64" },
    { 0x08, 63, ZB_CORRUPT, "multiples of 64" },
    { 0x20, 1088, ZB_CORRUPT, "fit into 1088 bytes" },
    { 0x20, UINT64_MAX, ZB_CORRUPT, "multiples of 64" },
    { 0x58, UINT64_C (1) << 40, ZB_CORRUPT, "no process" },
    { 0x58, UINT64_MAX, ZB_CORRUPT, "no process" },
    { 0x50, UINT64_MAX, ZB_CORRUPT, "no process" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ZbWriter *writer = new_writer ();

    leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, getpid (), 0);
    memcpy ((uint8_t *) map_buffer () + cases[i].offset, &cases[i].value, 8);
    assert_fails (zb_writer_connect (writer, 10 * SEC, &error), cases[i].result,
        cases[i].text);
    zb_writer_free (writer);
    clean_up ();
  }
}
GST_END_TEST;

GST_START_TEST (test_newer_minor_version_is_welcome)
{
  ZbWriter *writer = new_writer ();

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, getpid (), 0);
  map_buffer ()->version = 0x00020901; /* 1.9.2 */
  assert_ok (zb_writer_connect (writer, 0, &error));
  assert_ok (write_pattern (writer, 100, 1, 0));
  zb_writer_free (writer);
  clean_up ();
}
GST_END_TEST;

/* ---- leftovers ---- */

GST_START_TEST (test_leftovers_of_a_dead_reader_are_replaced)
{
  for (int what = 0; what <= (LEFT_LOCK | LEFT_MEMORY | LEFT_SEMAPHORES);
       what++) {
    ZbReader *reader;
    ZbWriter *writer;

    leave_behind (what, get_dead_pid (), get_dead_pid ());
    reader = new_reader (4096, 0);
    fail_unless_equals_uint64 (map_buffer ()->payload_size, 4096);
    writer = connect_writer ();
    pass_pattern (writer, reader, 100, 1);
    zb_writer_free (writer);
    zb_reader_close (reader);
    assert_nothing_left ();
  }
}
GST_END_TEST;

/* A container's early process has the same number every time. */
GST_START_TEST (test_leftovers_of_our_own_number_are_replaced)
{
  leave_behind (
      LEFT_LOCK | LEFT_MEMORY | LEFT_SEMAPHORES, getpid (), getpid ());
  zb_reader_close (new_reader (4096, 0));
}
GST_END_TEST;

/* Some implementations keep their lock elsewhere; the pid tells. */
GST_START_TEST (test_buffer_of_a_living_process_is_in_use)
{
  pid_t pid = start_idle_process ();
  char text[64];
  ZbReader *reader;

  snprintf (text, sizeof text, "in use by process %d", pid);
  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, pid, 0);
  assert_fails (zb_reader_create (name, NULL, &reader, &error), ZB_BUSY, text);
  fail_unless (exists (MEMORY_PATH) && exists (DATA_PATH));
  fail_if (exists (LOCK_PATH));

  kill_process (pid);
  assert_ok (zb_reader_create (name, NULL, &reader, &error));
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_two_readers_in_one_process)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbReader *later;
  char text[64];

  snprintf (text, sizeof text, "in use by process %d", getpid ());
  assert_fails (zb_reader_create (name, NULL, &later, &error), ZB_BUSY, text);
  zb_reader_close (reader);
  reader = new_reader (4096, 0);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_two_writers_in_one_process)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();
  ZbWriter *later = new_writer ();
  char text[64];

  snprintf (text, sizeof text, "in use by process %d", getpid ());
  assert_fails (zb_writer_connect (later, 10 * SEC, &error), ZB_BUSY, text);
  pass_pattern (writer, reader, 10, 1);
  zb_writer_free (later);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Any reader that starts cleans up after those that crashed, of any name. */
GST_START_TEST (test_next_reader_of_another_name_cleans_up)
{
  ZbReader *reader;
  ZbReader *other;
  char other_name[80];

  zb_reader_close (new_reader (4096, 0)); /* makes the lock folder */
  for (int what = LEFT_LOCK;
       what <= (LEFT_LOCK | LEFT_MEMORY | LEFT_SEMAPHORES); what += 2) {
    leave_behind (what, get_dead_pid (), get_dead_pid ());
    snprintf (other_name, sizeof other_name, "%s-other", name);
    assert_ok (zb_reader_create (other_name, NULL, &other, &error));
    assert_nothing_left ();
    zb_reader_close (other);
  }

  /* But not after those that live. */
  leave_behind (LEFT_LOCK | LEFT_MEMORY | LEFT_SEMAPHORES, 0, getpid ());
  assert_ok (zb_reader_create (other_name, NULL, &other, &error));
  fail_unless (exists (MEMORY_PATH) && exists (LOCK_PATH));
  zb_reader_close (other);
  clean_up ();

  reader = new_reader (4096, 0);
  assert_ok (zb_reader_create (other_name, NULL, &other, &error));
  fail_unless (exists (MEMORY_PATH) && exists (LOCK_PATH));
  zb_reader_close (other);
  zb_reader_close (reader);
}
GST_END_TEST;

/* A writer does not take the buffer of a dead reader for a reader's, and
 * cleans it away where its lock shows that it was left behind. */
GST_START_TEST (test_writer_finds_a_dead_reader)
{
  ZbWriter *writer = new_writer ();

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, get_dead_pid (), 0);
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "which has ended");
  fail_unless (exists (MEMORY_PATH));
  /* Another test's reader may clean up before this writer does. */
  leave_behind (LEFT_LOCK, 0, 0);
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);
  assert_nothing_left ();
  assert_fails (zb_writer_connect (writer, 0, &error), ZB_NOT_READY,
      "there is no reader");
  zb_writer_free (writer);
}
GST_END_TEST;

GST_START_TEST (test_writer_finds_a_dead_writer)
{
  ZbWriter *writer = new_writer ();

  leave_behind (LEFT_MEMORY | LEFT_SEMAPHORES, getpid (), get_dead_pid ());
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "earlier writer");
  zb_writer_free (writer);
  clean_up ();
}
GST_END_TEST;

/* EPERM means alive. */
GST_START_TEST (test_a_process_of_another_user_is_alive)
{
  int status;
  pid_t pid;

  if (geteuid () != 0) {
    GST_INFO ("skipped: changing the user takes root");
    return;
  }
  pid = fork ();
  if (pid == 0) {
    if (setuid (65534) < 0)
      _exit (2);
    _exit (zb_platform_process_is_alive (getppid ()) ? 0 : 1);
  }
  fail_unless (waitpid (pid, &status, 0) == pid);
  fail_unless_equals_int (WEXITSTATUS (status), 0);
}
GST_END_TEST;

GST_START_TEST (test_what_is_no_process)
{
  siginfo_t info;
  pid_t pid;

  fail_if (zb_platform_process_is_alive (0));
  fail_if (zb_platform_process_is_alive (UINT64_MAX));
  fail_if (zb_platform_process_is_alive ((uint64_t) INT32_MAX + 1));
  fail_if (zb_platform_process_is_alive (UINT64_C (1) << 32 | 1));
  fail_if (zb_platform_process_is_alive (get_dead_pid ()));
  fail_unless (zb_platform_process_is_alive (getpid ()));

  /* One that has ended, and of which its parent has not taken note. */
  pid = fork ();
  if (pid == 0)
    _exit (0);
  fail_unless (waitid (P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
  fail_if (zb_platform_process_is_alive (pid));
  waitpid (pid, NULL, 0);
}
GST_END_TEST;

/* 90 % of the ring gets through an empty ring from the start, but not from
 * behind the byte; that is said at once, with the size that would do. */
GST_START_TEST (test_alternating_large_and_tiny)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  pass_pattern (writer, reader, 900, 1);
  pass_pattern (writer, reader, 1, 2);
  pass_pattern (writer, reader, 900, 3);
  pass_pattern (writer, reader, 1, 4);
  pass_pattern (writer, reader, 900, 5);
  zb_writer_free (writer);
  zb_reader_close (reader);

  reader = new_reader (1024, 0);
  writer = connect_writer ();
  pass_pattern (writer, reader, 1, 1);
  pass_pattern (writer, reader, 900, 2);
  pass_pattern (writer, reader, 1, 3);
  assert_ok (write_pattern (writer, 500, 4, 0));
  zb_frame_release (read_pattern (reader, 500, 4));
  assert_fails (write_pattern (writer, 900, 5, ZB_FOREVER), ZB_TOO_LARGE,
      "at least 1920 bytes");
  zb_writer_free (writer);
  zb_reader_close (reader);

  reader = new_reader (1920, 0);
  writer = connect_writer ();
  for (int i = 1; i <= 1000; i++)
    pass_pattern (writer, reader, i % 2 ? 900 : 1, i);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
quirks_suite (void)
{
  Suite *suite = suite_create ("quirks");
  TCase *ring = tcase_create ("ring");
  TCase *half_made = tcase_create ("half-made");
  TCase *leftovers = tcase_create ("leftovers");

  suite_add_tcase (suite, ring);
  tcase_add_checked_fixture (ring, set_up, assert_nothing_left);
  tcase_add_test (ring, test_writer_leaves_no_short_tail);
  tcase_add_test (ring, test_writer_refuses_a_frame_that_leaves_a_short_tail);
  tcase_add_test (ring, test_reader_accepts_a_short_tail);
  tcase_add_test (ring, test_reader_accepts_either_write_position_at_the_end);
  tcase_add_test (ring, test_frames_above_half_the_ring);
  tcase_add_test (ring, test_alternating_large_and_tiny);
  tcase_add_test (ring, test_release_in_ring_order);
  tcase_add_test (ring, test_one_space_post_per_frame);
  tcase_add_test (ring, test_one_data_post_per_frame);
  tcase_add_test (ring, test_counts_of_markers);
  tcase_add_test (ring, test_space_posts_pile_up);
  tcase_add_test (ring, test_space_semaphore_at_its_maximum);

  suite_add_tcase (suite, half_made);
  tcase_add_checked_fixture (half_made, set_up, assert_nothing_left);
  tcase_add_test (half_made, test_half_made_buffers_are_not_ready);
  tcase_add_test (half_made, test_impossible_buffers_are_refused);
  tcase_add_test (half_made, test_newer_minor_version_is_welcome);

  suite_add_tcase (suite, leftovers);
  tcase_add_checked_fixture (leftovers, set_up, assert_nothing_left);
  tcase_add_test (leftovers, test_leftovers_of_a_dead_reader_are_replaced);
  tcase_add_test (leftovers, test_leftovers_of_our_own_number_are_replaced);
  tcase_add_test (leftovers, test_buffer_of_a_living_process_is_in_use);
  tcase_add_test (leftovers, test_two_readers_in_one_process);
  tcase_add_test (leftovers, test_two_writers_in_one_process);
  tcase_add_test (leftovers, test_next_reader_of_another_name_cleans_up);
  tcase_add_test (leftovers, test_writer_finds_a_dead_reader);
  tcase_add_test (leftovers, test_writer_finds_a_dead_writer);
  tcase_add_test (leftovers, test_a_process_of_another_user_is_alive);
  tcase_add_test (leftovers, test_what_is_no_process);
  return suite;
}

GST_CHECK_MAIN (quirks);
