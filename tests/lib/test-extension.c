/* SPDX-License-Identifier: MIT */
/* Protocol 1.1: what both ends agree on beyond 1.0.  That the rest holds with
 * it too is tested by running other tests with ZEROBUFFER_FEATURES. */
#include "foreign.h"

#define RING 1024

static void
set_up_1_1 (void)
{
  set_up ();
  features = ZB_FEATURES_DEFAULT | ZB_FEATURE_KEYUNIT;
}

/* ---- negotiation ---- */

static void
check_negotiation (uint64_t offered, uint64_t known, const uint8_t version[4])
{
  ZbReader *reader;
  ZbWriter *writer;
  ZbOieb *oieb;

  features = offered;
  reader = new_reader (RING, 0);
  oieb = map_buffer ();
  fail_unless (memcmp ((uint8_t *) oieb + 4, version, 4) == 0);
  fail_unless_equals_uint64 (oieb->reader_features, offered);
  fail_unless_equals_uint64 (oieb->writer_features, 0);

  features = known;
  writer = connect_writer ();
  fail_unless_equals_uint64 (oieb->writer_features, offered & known);
  fail_unless_equals_uint64 (zb_writer_get_features (writer), offered & known);
  pass_pattern (writer, reader, 100, 1);
  fail_unless_equals_uint64 (zb_reader_get_features (reader), offered & known);
  zb_writer_free (writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_negotiation)
{
  const uint8_t v1_0[] = { 1, 0, 0, 0 }, v1_1[] = { 1, 1, 0, 0 };

  check_negotiation (0, 0, v1_0);
  check_negotiation (0, 31, v1_0);
  check_negotiation (31, 0, v1_1);
  check_negotiation (31, 31, v1_1);
  check_negotiation (7, 25, v1_1);
  check_negotiation (25, 7, v1_1);
}
GST_END_TEST;

GST_START_TEST (test_growing_is_offered_only_where_it_can_be)
{
  const ZbReaderConfig config = { RING, 0, 0600, ZB_FEATURES_DEFAULT, RING };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  fail_unless_equals_uint64 (
      map_buffer ()->reader_features, ZB_FEATURES_DEFAULT & ~ZB_FEATURE_GROW);
  zb_reader_close (reader);
}
GST_END_TEST;

static void
check_bad_features (uint64_t before, uint64_t after)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbOieb *oieb = map_buffer ();
  sem_t *data = open_semaphore ("sem-w-");
  ZbFrame *frame;

  oieb->writer_features = before;
  put_frame (oieb, data, 0, 100, 1, 0);
  if (after != before) {
    zb_frame_release (read_pattern (reader, 100, 1));
    oieb->writer_features = after;
  }
  assert_fails (zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_CORRUPT,
      "writer_features");
  sem_close (data);
  zb_reader_close (reader);
}

GST_START_TEST (test_features_that_nobody_offered)
{
  check_bad_features (UINT64_C (1) << 40, UINT64_C (1) << 40);
  check_bad_features (ZB_FEATURE_MEDIA, ZB_FEATURE_MEDIA);
  check_bad_features (0, ZB_FEATURE_FILLER);
  check_bad_features (ZB_FEATURE_FILLER, 0);
}
GST_END_TEST;

GST_START_TEST (test_key_unit_requests)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer;

  zb_reader_request_key_unit (reader);
  writer = connect_writer ();
  fail_unless_equals_uint64 (zb_writer_get_key_unit_requests (writer), 1);
  zb_reader_request_key_unit (reader);
  fail_unless_equals_uint64 (zb_writer_get_key_unit_requests (writer), 2);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- the whole ring ---- */

static gpointer
read_three (gpointer data)
{
  ZbReader *reader = data;
  ZbFrame *frame;

  for (int i = 1; i <= 3; i++) {
    assert_ok (zb_reader_read (reader, ZB_FOREVER, &frame, &error));
    fail_unless_equals_uint64 (zb_frame_get_sequence (frame), i);
    fail_unless (
        has_pattern (zb_frame_get_data (frame), zb_frame_get_size (frame), i));
    zb_frame_release (frame);
  }
  return NULL;
}

/* From any write position, a frame of any size that the ring can hold. */
GST_START_TEST (test_every_frame_from_everywhere)
{
  const uint64_t ring = 256;
  uint64_t used;

  for (uint64_t before = 1; before <= ring - 16; before++) {
    for (uint64_t step = 1; step <= ring - 16; step += 13) {
      uint64_t size = step > ring - 40 ? ring - 16 - before % 20 : step;
      ZbReader *reader = new_reader (ring, 0);
      ZbWriter *writer = connect_writer ();
      GThread *thread = g_thread_new ("reader", read_three, reader);

      assert_ok (write_pattern (writer, before, 1, ZB_FOREVER));
      assert_ok (write_pattern (writer, size, 2, ZB_FOREVER));
      assert_ok (write_pattern (writer, ring - 16, 3, ZB_FOREVER));
      g_thread_join (thread);
      used = ring - map_buffer ()->payload_free_bytes;
      fail_unless_equals_uint64 (used, 0);
      zb_writer_free (writer);
      zb_reader_close (reader);
    }
    if (before > 40 && before < ring - 60)
      before += 6;
  }
}
GST_END_TEST;

GST_START_TEST (test_larger_than_the_ring)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();

  assert_fails (write_pattern (writer, RING - 15, 1, ZB_FOREVER), ZB_TOO_LARGE,
      "at least 1088 bytes");
  pass_pattern (writer, reader, RING - 16, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The waste of a wrap alone is given back in the order of the ring, as
 * everything is. */
GST_START_TEST (test_wrap_alone_behind_a_held_frame)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *held, *frame;
  ZbOieb *oieb = map_buffer ();

  assert_ok (write_pattern (writer, 500, 1, 0));
  held = read_pattern (reader, 500, 1);
  assert_result (write_pattern (writer, 900, 2, 0), ZB_TIMEOUT);
  fail_unless_equals_uint64 (oieb->payload_write_pos, 0);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, 0);
  fail_unless_equals_uint64 (zb_reader_get_hold_limit (reader), RING - 516);
  zb_frame_release (held);
  fail_unless_equals_uint64 (oieb->payload_free_bytes, RING);
  fail_unless_equals_uint64 (oieb->payload_written_count, 2);
  fail_unless_equals_uint64 (oieb->payload_read_count, 2);
  pass_pattern (writer, reader, 900, 2);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- fillers, by a writer that is not ours ---- */

typedef struct {
  ZbReader *reader;
  ZbOieb *oieb;
  sem_t *data;
} Foreign;

static Foreign
start_foreign (void)
{
  Foreign self = { .reader = new_reader (RING, 0) };

  self.oieb = map_buffer ();
  self.data = open_semaphore ("sem-w-");
  self.oieb->writer_features = ZB_FEATURE_FILLER;
  self.oieb->writer_pid = getpid ();
  return self;
}

static void
end_foreign (Foreign *self)
{
  sem_close (self->data);
  zb_reader_close (self->reader);
}

static void
put_filler (Foreign *self, uint64_t position, uint64_t size)
{
  put_header (self->oieb, position, size, 0);
  self->oieb->payload_free_bytes -= 16 + size;
}

GST_START_TEST (test_fillers)
{
  Foreign self = start_foreign ();
  ZbFrame *frame;

  put_filler (&self, 0, 48);
  put_filler (&self, 64, 112);
  assert_result (zb_reader_read (self.reader, 0, &frame, &error), ZB_TIMEOUT);
  put_frame (self.oieb, self.data, 192, 100, 1, 0);
  frame = read_pattern (self.reader, 100, 1);
  fail_unless_equals_uint64 (self.oieb->payload_free_bytes, RING - 192 - 116);
  zb_frame_release (frame);
  fail_unless_equals_uint64 (self.oieb->payload_free_bytes, RING);
  fail_unless_equals_uint64 (self.oieb->payload_read_count, 1);

  /* Up to the end, and on from the start. */
  put_filler (&self, 308, RING - 308 - 16);
  put_filler (&self, 0, 48);
  put_frame (self.oieb, self.data, 64, 100, 2, 0);
  zb_frame_release (read_pattern (self.reader, 100, 2));
  fail_unless_equals_uint64 (self.oieb->payload_free_bytes, RING);
  end_foreign (&self);
}
GST_END_TEST;

/* The last thing in the ring may be a filler, which nobody ever reads. */
GST_START_TEST (test_filler_and_farewell)
{
  Foreign self = start_foreign ();
  ZbFrame *frame;

  put_frame (self.oieb, self.data, 0, 112, 1, 0);
  put_filler (&self, 128, 48);
  self.oieb->writer_pid = 0;
  sem_post (self.data);
  zb_frame_release (read_pattern (self.reader, 112, 1));
  assert_result (
      zb_reader_read (self.reader, 10 * SEC, &frame, &error), ZB_PEER_LEFT);
  end_foreign (&self);
}
GST_END_TEST;

GST_START_TEST (test_nothing_but_fillers)
{
  Foreign self = start_foreign ();
  ZbFrame *frame;

  for (uint64_t position = 0; position < RING; position += 64)
    put_filler (&self, position, 48);
  sem_post (self.data);
  assert_fails (zb_reader_read (self.reader, 10 * SEC, &frame, &error),
      ZB_CORRUPT, "corrupt");
  end_foreign (&self);
}
GST_END_TEST;

static void
check_bad_header (uint64_t size, uint64_t sequence)
{
  Foreign self = start_foreign ();
  ZbFrame *frame;

  put_header (self.oieb, 0, size, sequence);
  self.oieb->payload_free_bytes -= 64;
  sem_post (self.data);
  assert_fails (zb_reader_read (self.reader, 10 * SEC, &frame, &error),
      ZB_CORRUPT, "corrupt");
  end_foreign (&self);
}

GST_START_TEST (test_bad_fillers)
{
  check_bad_header (RING - 15, 0);
  check_bad_header (UINT64_MAX, 0);
  check_bad_header (UINT64_MAX - 15, 0);
  check_bad_header (0, UINT64_MAX);
  check_bad_header (1000, 0);
}
GST_END_TEST;

/* ---- leaving ---- */

GST_START_TEST (test_farewell)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame, *held;

  for (int i = 1; i <= 3; i++)
    assert_ok (write_pattern (writer, 100, i, 0));
  held = read_pattern (reader, 100, 1);
  zb_writer_free (writer);
  for (int i = 2; i <= 3; i++)
    zb_frame_release (read_pattern (reader, 100, i));
  for (int i = 0; i < 2; i++)
    assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_PEER_LEFT);
  zb_frame_release (held);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_farewell_without_a_word_before)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;

  zb_writer_disconnect (writer);
  /* One buffer, one session: also of those who had nothing to say. */
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_PEER_LEFT);
  assert_ok (zb_reader_renew (reader, &error));
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 10, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- growing ---- */

GST_START_TEST (test_grow)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame, *held;
  ZbStats stats;

  assert_ok (write_pattern (writer, 100, 1, 0));
  assert_ok (write_pattern (writer, 200, 2, 0));
  assert_result (write_pattern (writer, 5000, 3, 0), ZB_TOO_LARGE);
  assert_ok (zb_writer_grow (writer, 20000, &error));
  fail_if (zb_writer_is_connected (writer));
  assert_result (zb_writer_connect (writer, 0, &error), ZB_NOT_READY);

  held = read_pattern (reader, 100, 1);
  zb_frame_release (read_pattern (reader, 200, 2));
  assert_fails (zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_GROW,
      "20032 bytes");
  assert_ok (zb_reader_renew (reader, &error));

  assert_ok (zb_writer_connect (writer, 0, &error));
  zb_writer_get_stats (writer, &stats);
  fail_unless_equals_uint64 (stats.ring_size, 20032);
  pass_pattern (writer, reader, 5000, 1);
  fail_unless (has_pattern (zb_frame_get_data (held), 100, 1));
  zb_frame_release (held);

  /* It stays so for the next one. */
  zb_writer_disconnect (writer);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_PEER_LEFT);
  assert_ok (zb_reader_renew (reader, &error));
  zb_reader_get_stats (reader, &stats);
  fail_unless_equals_uint64 (stats.ring_size, 20032);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static void
renew_on_grow (ZbReader *reader)
{
  ZbFrame *frame;

  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_GROW);
  assert_ok (zb_reader_renew (reader, &error));
}

GST_START_TEST (test_grow_up_to_the_limit)
{
  const ZbReaderConfig config = { RING, 0, 0600, features, 4096 };
  ZbReader *reader;
  ZbWriter *writer;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  writer = connect_writer ();
  assert_ok (zb_writer_grow (writer, 2000, &error));
  renew_on_grow (reader);
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 2000, 1);

  assert_ok (zb_writer_grow (writer, UINT64_MAX - 64, &error));
  renew_on_grow (reader);
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 4080, 1);
  assert_fails (zb_writer_grow (writer, 5000, &error), ZB_TOO_LARGE,
      "at least 5000 bytes");
  fail_unless (zb_writer_is_connected (writer));
  pass_pattern (writer, reader, 4080, 2);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_grow_is_refused_by_a_1_0_reader)
{
  ZbReader *reader;
  ZbWriter *writer;

  features = 0;
  reader = new_reader (RING, 0);
  features = ZB_FEATURES_DEFAULT;
  writer = connect_writer ();
  assert_fails (zb_writer_grow (writer, 5000, &error), ZB_TOO_LARGE,
      "not make it larger on request");
  pass_pattern (writer, reader, 100, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* A frame that was reserved is dropped. */
GST_START_TEST (test_grow_with_a_reserved_frame)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  void *data;

  assert_ok (zb_writer_reserve (writer, 100, 0, &data, &error));
  assert_ok (zb_writer_grow (writer, 5000, &error));
  renew_on_grow (reader);
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass_pattern (writer, reader, 100, 1);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
extension_suite (void)
{
  Suite *suite = suite_create ("extension");
  TCase *tcase = tcase_create ("1.1");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up_1_1, assert_nothing_left);
  tcase_add_test (tcase, test_negotiation);
  tcase_add_test (tcase, test_growing_is_offered_only_where_it_can_be);
  tcase_add_test (tcase, test_features_that_nobody_offered);
  tcase_add_test (tcase, test_key_unit_requests);
  tcase_add_test (tcase, test_every_frame_from_everywhere);
  tcase_add_test (tcase, test_larger_than_the_ring);
  tcase_add_test (tcase, test_wrap_alone_behind_a_held_frame);
  tcase_add_test (tcase, test_fillers);
  tcase_add_test (tcase, test_filler_and_farewell);
  tcase_add_test (tcase, test_nothing_but_fillers);
  tcase_add_test (tcase, test_bad_fillers);
  tcase_add_test (tcase, test_farewell);
  tcase_add_test (tcase, test_farewell_without_a_word_before);
  tcase_add_test (tcase, test_grow);
  tcase_add_test (tcase, test_grow_up_to_the_limit);
  tcase_add_test (tcase, test_grow_is_refused_by_a_1_0_reader);
  tcase_add_test (tcase, test_grow_with_a_reserved_frame);
  return suite;
}

GST_CHECK_MAIN (extension);
