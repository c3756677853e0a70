/* SPDX-License-Identifier: MIT */
/* Frames and metadata from a writer to a reader, in one thread. */
#include "common.h"

GST_START_TEST (test_simple_write_read)
{
  ZbReader *reader = new_reader (4096, 64);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;

  assert_ok (zb_writer_write (writer, "hello", 5, 0, &error));
  assert_ok (zb_reader_read (reader, 0, &frame, &error));
  fail_unless_equals_uint64 (zb_frame_get_size (frame), 5);
  fail_unless (memcmp (zb_frame_get_data (frame), "hello", 5) == 0);
  zb_frame_release (frame);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_ten_frames_in_order)
{
  ZbReader *reader = new_reader (4096, 64);
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 10; i++)
    assert_ok (write_pattern (writer, 100 + i, i, 0));
  for (int i = 1; i <= 10; i++)
    zb_frame_release (read_pattern (reader, 100 + i, i));
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_full_ring_times_out_and_resumes)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;
  ZbStats stats;
  int written = 0;

  while (write_pattern (writer, 100, written + 1, 0) == ZB_OK)
    written++;
  fail_unless_equals_int (error.result, ZB_TIMEOUT);
  fail_unless_equals_int (written, 1024 / 116);
  assert_fails (write_pattern (writer, 100, written + 1, 30 * MSEC), ZB_TIMEOUT,
      "no room");
  zb_writer_get_stats (writer, &stats);
  fail_unless (stats.waits > 0);

  frame = read_pattern (reader, 100, 1);
  assert_result (write_pattern (writer, 100, written + 1, 0), ZB_TIMEOUT);
  zb_frame_release (frame);
  /* The wrap wastes the tail, so one frame's place does not do. */
  zb_frame_release (read_pattern (reader, 100, 2));
  assert_ok (write_pattern (writer, 100, written + 1, 0));
  for (int i = 3; i <= written + 1; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_empty_ring_times_out)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbFrame *frame;

  assert_fails (
      zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT, "timeout");
  assert_result (
      zb_reader_read (reader, 20 * MSEC, &frame, &error), ZB_TIMEOUT);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_metadata)
{
  ZbReader *reader = new_reader (1024, 100);
  ZbWriter *writer = connect_writer ();
  char large[121] = { 0 };
  const void *data, *again;
  size_t size;

  assert_ok (zb_reader_get_metadata (reader, &data, &size, &error));
  fail_unless (data == NULL && size == 0);

  /* 100 was rounded up to 128, of which the prefix takes 8 */
  assert_fails (zb_writer_set_metadata (writer, large, 121, &error),
      ZB_TOO_LARGE, "129 bytes");
  assert_fails (
      zb_writer_set_metadata (writer, large, 0, &error), ZB_INVALID, "0 bytes");
  assert_ok (zb_writer_set_metadata (writer, "what it is", 10, &error));
  assert_fails (zb_writer_set_metadata (writer, "other", 5, &error),
      ZB_METADATA_SET, "write-once");

  assert_ok (zb_reader_get_metadata (reader, &data, &size, &error));
  fail_unless_equals_uint64 (size, 10);
  fail_unless (memcmp (data, "what it is", 10) == 0);
  assert_ok (zb_reader_get_metadata (reader, &again, &size, &error));
  fail_unless (again == data);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_metadata_that_just_fits)
{
  ZbReader *reader = new_reader (1024, 128);
  ZbWriter *writer = connect_writer ();
  uint8_t metadata[120];
  const void *data;
  size_t size;

  fill_pattern (metadata, sizeof metadata, 1);
  assert_ok (
      zb_writer_set_metadata (writer, metadata, sizeof metadata, &error));
  assert_ok (zb_reader_get_metadata (reader, &data, &size, &error));
  fail_unless_equals_uint64 (size, 120);
  fail_unless (has_pattern (data, size, 1));
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_empty_frame_is_refused)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  assert_fails (
      zb_writer_write (writer, "", 0, 0, &error), ZB_INVALID, "0 bytes");
  pass_pattern (writer, reader, 1, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_exact_fit)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbStats stats;

  /* Two frames end exactly at the end, where no marker has room; then again
   * from the start. */
  for (int i = 1; i <= 20; i += 2) {
    pass_pattern (writer, reader, 300, i);
    pass_pattern (writer, reader, 1024 - 316 - 16, i + 1);
    fail_unless_equals_uint64 (oieb->payload_write_pos, 0);
    /* Not 0: one writer there is wraps only if the reader is beyond it. */
    fail_unless_equals_uint64 (oieb->payload_read_pos, 1024);
    fail_unless_equals_uint64 (oieb->payload_free_bytes, 1024);
  }
  zb_writer_get_stats (writer, &stats);
  fail_unless_equals_uint64 (stats.wraps, 0);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_maximum_frame)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 5; i++)
    pass_pattern (writer, reader, 1008, i);
  assert_fails (
      write_pattern (writer, 1009, 6, ZB_FOREVER), ZB_TOO_LARGE, "1024 bytes");
  pass_pattern (writer, reader, 1008, 6);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The largest size that is promised to get through from anywhere. */
GST_START_TEST (test_half_the_ring_always_fits)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  uint64_t sequence = 0;

  for (int i = 1; i <= 1024; i++) {
    pass_pattern (writer, reader, 1 + i % 480, ++sequence);
    pass_pattern (writer, reader, 480, ++sequence);
  }
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_rapid_cycles_in_a_small_ring)
{
  ZbReader *reader = new_reader (256, 0);
  ZbWriter *writer = connect_writer ();
  ZbStats stats;

  for (int i = 1; i <= 10000; i++)
    pass_pattern (writer, reader, 1 + i % 96, i);
  zb_reader_get_stats (reader, &stats);
  fail_unless_equals_uint64 (stats.frames, 10000);
  fail_unless (stats.wraps > 1000);
  fail_unless_equals_uint64 (stats.ring_used, 0);
  fail_unless (stats.ring_used_max >= 16 + 96);
  fail_unless (stats.ring_used_max <= 256);
  fail_unless_equals_uint64 (stats.ring_size, 256);
  fail_unless_equals_uint64 (stats.peer_pid, getpid ());
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_patterns_of_all_sizes)
{
  const size_t sizes[] = { 1, 1024, 1024 * 1024, 10 * 1024 * 1024 };
  ZbReader *reader = new_reader (24 * 1024 * 1024, 0);
  ZbWriter *writer = connect_writer ();

  for (int i = 1; i <= 40; i++)
    pass_pattern (writer, reader, sizes[i % 4], i);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_reserve_and_drop)
{
  ZbReader *reader = new_reader (1024, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;
  void *data, *again;

  assert_ok (zb_writer_reserve (writer, 100, 0, &data, &error));
  assert_fails (zb_writer_reserve (writer, 100, 0, &again, &error), ZB_INVALID,
      "reserved already");
  zb_writer_drop (writer);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);

  assert_ok (zb_writer_reserve (writer, 50, 0, &again, &error));
  fail_unless (again == data);
  fill_pattern (again, 50, 1);
  zb_writer_publish (writer);
  zb_writer_publish (writer); /* nothing is reserved: does nothing */
  zb_frame_release (read_pattern (reader, 50, 1));
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Everything that was written before the writer left is delivered. */
GST_START_TEST (test_writer_leaves)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;

  for (int i = 1; i <= 3; i++)
    assert_ok (write_pattern (writer, 100, i, 0));
  zb_writer_free (writer);
  for (int i = 1; i <= 3; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  for (int i = 0; i < 3; i++)
    assert_fails (
        zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_PEER_LEFT, name);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_reader_leaves)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();

  assert_ok (zb_writer_check_reader (writer, &error));
  zb_reader_close (reader);
  assert_fails (
      zb_writer_check_reader (writer, &error), ZB_PEER_LEFT, "has left");
  assert_fails (write_pattern (writer, 100, 1, ZB_FOREVER), ZB_PEER_LEFT, name);
  zb_writer_disconnect (writer);
  assert_fails (write_pattern (writer, 100, 1, 0), ZB_INVALID, "not connected");
  assert_fails (zb_writer_connect (writer, 20 * MSEC, &error), ZB_NOT_READY,
      "there is no reader");

  reader = new_reader (4096, 0);
  assert_ok (zb_writer_connect (writer, 0, &error));
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_INVALID, "connected already");
  pass_pattern (writer, reader, 100, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* One buffer serves one writer; a fresh one serves the next. */
GST_START_TEST (test_renew)
{
  ZbReader *reader = new_reader (4096, 64);
  ZbWriter *writer = connect_writer ();
  const void *metadata;
  size_t size;
  ZbFrame *held, *frame;

  assert_ok (zb_writer_set_metadata (writer, "one", 3, &error));
  assert_ok (write_pattern (writer, 1000, 1, 0));
  held = read_pattern (reader, 1000, 1);
  zb_writer_disconnect (writer);
  assert_fails (
      zb_writer_connect (writer, 0, &error), ZB_NOT_READY, "earlier writer");
  assert_result (
      zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_PEER_LEFT);

  assert_ok (zb_reader_renew (reader, &error));
  assert_ok (zb_reader_get_metadata (reader, &metadata, &size, &error));
  fail_unless (metadata == NULL);
  assert_ok (zb_writer_connect (writer, 0, &error));
  assert_ok (zb_writer_set_metadata (writer, "two", 3, &error));
  pass_pattern (writer, reader, 200, 1);
  assert_ok (zb_reader_get_metadata (reader, &metadata, &size, &error));
  fail_unless (memcmp (metadata, "two", 3) == 0);

  /* A frame of the old buffer is no burden to the new one. */
  fail_unless_equals_uint64 (zb_frame_get_span (held), 0);
  fail_unless (has_pattern (zb_frame_get_data (held), 1000, 1));
  zb_frame_release (held);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_frames_outlive_the_reader)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frames[3];

  for (int i = 0; i < 3; i++) {
    assert_ok (write_pattern (writer, 1000, i + 1, 0));
    frames[i] = read_pattern (reader, 1000, i + 1);
  }
  zb_reader_close (reader);
  zb_writer_free (writer);
  assert_nothing_left ();
  for (int i = 2; i >= 0; i--) {
    fail_unless (has_pattern (zb_frame_get_data (frames[i]), 1000, i + 1));
    zb_frame_release (frames[i]);
  }
}
GST_END_TEST;

/* Frames that lie on the same pages, detached one by one in every order, while
 * the ring goes on. */
GST_START_TEST (test_detach)
{
  ZbReader *reader = new_reader (8192, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbFrame *frames[4];
  uint64_t sequence = 0;

  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 4; i++) {
      assert_ok (write_pattern (writer, 900 + i, sequence + i + 1, 0));
      frames[i] = read_pattern (reader, 900 + i, sequence + i + 1);
    }
    for (int i = 0; i < 4; i++) {
      int next = (i * (1 + round % 2 * 2) + round) % 4;
      const void *data = zb_frame_get_data (frames[next]);

      assert_ok (zb_frame_detach (frames[next], &error));
      assert_ok (zb_frame_detach (frames[next], &error)); /* nothing to do */
      fail_unless (zb_frame_get_data (frames[next]) == data);
      fail_unless_equals_uint64 (zb_frame_get_span (frames[next]), 0);
      if (round % 3 == 0 && i == 0)
        zb_frame_release (frames[next]);
      if (round % 3 == 0 && i == 0)
        frames[next] = NULL;
    }
    fail_unless_equals_uint64 (oieb->payload_free_bytes, 8192);
    for (int i = 0; i < 20; i++)
      pass_pattern (writer, reader, 1000, sequence + 5 + i);
    for (int i = 0; i < 4; i++) {
      if (!frames[i])
        continue;
      fail_unless (has_pattern (
          zb_frame_get_data (frames[i]), 900 + i, sequence + i + 1));
      zb_frame_release (frames[i]);
    }
    sequence += 24;
  }
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Its bytes stay, whatever comes of the reader. */
GST_START_TEST (test_detached_frames_outlive_the_reader)
{
  ZbReader *reader = new_reader (8192, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *early, *later;

  assert_ok (write_pattern (writer, 1000, 1, 0));
  assert_ok (write_pattern (writer, 1000, 2, 0));
  early = read_pattern (reader, 1000, 1);
  later = read_pattern (reader, 1000, 2);
  assert_ok (zb_frame_detach (later, &error));
  zb_reader_close (reader);
  zb_writer_free (writer);
  assert_ok (zb_frame_detach (early, &error));
  fail_unless (has_pattern (zb_frame_get_data (early), 1000, 1));
  fail_unless (has_pattern (zb_frame_get_data (later), 1000, 2));
  zb_frame_release (early);
  zb_frame_release (later);
}
GST_END_TEST;

GST_START_TEST (test_interrupts_cost_no_frame)
{
  ZbReader *reader = new_reader (4096, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;
  void *data;

  for (int i = 1; i <= 100; i++) {
    assert_ok (write_pattern (writer, 100, i, 0));
    for (int k = 0; k < i % 4; k++)
      zb_reader_set_interrupted (reader, true);
    if (i % 4)
      assert_result (
          zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_INTERRUPTED);
    zb_reader_set_interrupted (reader, false);
    zb_frame_release (read_pattern (reader, 100, i));
    assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  }

  zb_writer_set_interrupted (writer, true);
  assert_result (zb_writer_reserve (writer, 10, ZB_FOREVER, &data, &error),
      ZB_INTERRUPTED);
  zb_writer_set_interrupted (writer, false);
  pass_pattern (writer, reader, 10, 101);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
exchange_suite (void)
{
  Suite *suite = suite_create ("exchange");
  TCase *tcase = tcase_create ("one-thread");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_simple_write_read);
  tcase_add_test (tcase, test_ten_frames_in_order);
  tcase_add_test (tcase, test_full_ring_times_out_and_resumes);
  tcase_add_test (tcase, test_empty_ring_times_out);
  tcase_add_test (tcase, test_metadata);
  tcase_add_test (tcase, test_metadata_that_just_fits);
  tcase_add_test (tcase, test_empty_frame_is_refused);
  tcase_add_test (tcase, test_exact_fit);
  tcase_add_test (tcase, test_maximum_frame);
  tcase_add_test (tcase, test_half_the_ring_always_fits);
  tcase_add_test (tcase, test_rapid_cycles_in_a_small_ring);
  tcase_add_test (tcase, test_patterns_of_all_sizes);
  tcase_add_test (tcase, test_reserve_and_drop);
  tcase_add_test (tcase, test_writer_leaves);
  tcase_add_test (tcase, test_reader_leaves);
  tcase_add_test (tcase, test_renew);
  tcase_add_test (tcase, test_frames_outlive_the_reader);
  tcase_add_test (tcase, test_detach);
  tcase_add_test (tcase, test_detached_frames_outlive_the_reader);
  tcase_add_test (tcase, test_interrupts_cost_no_frame);
  return suite;
}

GST_CHECK_MAIN (exchange);
