/* SPDX-License-Identifier: MIT */
/* Shared memory full of nonsense: an error each time, and never a crash, a
 * hang or a read outside the ring. */
#include "foreign.h"

#define RING 1024

/* Changes 8 bytes of the OIEB while both sides are connected and a frame is
 * under way, and says what each side makes of it. */
static void
flip (size_t offset, uint64_t value, ZbResult *reading, ZbResult *writing)
{
  ZbReader *reader = new_reader (RING, 64);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  uint64_t saved;
  ZbFrame *frame;
  void *data;

  assert_ok (zb_writer_set_metadata (writer, "meta", 4, &error));
  pass_pattern (writer, reader, 100, 1);
  assert_ok (write_pattern (writer, 100, 2, 0));

  memcpy (&saved, (uint8_t *) oieb + offset, 8);
  memcpy ((uint8_t *) oieb + offset, &value, 8);
  *reading = zb_reader_read (reader, 0, &frame, &error);
  if (*reading == ZB_OK)
    zb_frame_release (frame);
  else
    fail_unless (strstr (error.message, name), "%s", error.message);
  *writing = zb_writer_reserve (writer, 100, 0, &data, &error);
  if (*writing != ZB_OK)
    fail_unless (strstr (error.message, name), "%s", error.message);
  memcpy ((uint8_t *) oieb + offset, &saved, 8);

  zb_writer_free (writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_every_field_of_the_oieb)
{
  const struct {
    size_t offset;
    uint64_t value;
    ZbResult reading, writing;
  } cases[] = {
    { 0x00, 0, ZB_CORRUPT, ZB_CORRUPT },
    { 0x00, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x00, 128 | UINT64_C (2) << 32, ZB_CORRUPT, ZB_CORRUPT },
    { 0x08, 0, ZB_CORRUPT, ZB_CORRUPT },
    { 0x08, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x10, 65, ZB_CORRUPT, ZB_CORRUPT },
    { 0x10, 0, ZB_OK, ZB_CORRUPT },
    { 0x18, 65, ZB_CORRUPT, ZB_CORRUPT },
    { 0x18, 0, ZB_OK, ZB_CORRUPT },
    { 0x20, 0, ZB_CORRUPT, ZB_CORRUPT },
    { 0x20, RING / 2, ZB_CORRUPT, ZB_CORRUPT },
    { 0x20, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x28, 0, ZB_OK, ZB_CORRUPT },
    { 0x28, RING, ZB_CORRUPT, ZB_OK },
    { 0x28, RING + 1, ZB_CORRUPT, ZB_CORRUPT },
    { 0x28, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x30, 1, ZB_OK, ZB_CORRUPT },
    { 0x30, RING + 1, ZB_CORRUPT, ZB_CORRUPT },
    { 0x30, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x38, 0, ZB_CORRUPT, ZB_OK },
    { 0x38, RING + 1, ZB_CORRUPT, ZB_CORRUPT },
    { 0x38, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x40, 0, ZB_OK, ZB_CORRUPT },
    { 0x40, UINT64_MAX, ZB_OK, ZB_CORRUPT },
    { 0x48, UINT64_MAX, ZB_OK, ZB_OK }, /* nothing hangs on it */
    { 0x50, 0, ZB_OK, ZB_CORRUPT },
    { 0x50, UINT64_MAX, ZB_OK, ZB_CORRUPT },
    { 0x58, 0, ZB_CORRUPT, ZB_PEER_LEFT },
    { 0x58, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x60, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x68, UINT64_MAX, ZB_CORRUPT, ZB_CORRUPT },
    { 0x70, UINT64_MAX, ZB_OK, ZB_OK }, /* nobody offered to look at these */
    { 0x78, UINT64_MAX, ZB_OK, ZB_OK },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ZbResult reading, writing;

    flip (cases[i].offset, cases[i].value, &reading, &writing);
    fail_unless (reading == cases[i].reading && writing == cases[i].writing,
        "%#zx set to %#" G_GINT64_MODIFIER "x: reading says \"%s\", writing "
        "\"%s\"",
        cases[i].offset, cases[i].value, zb_result_text (reading),
        zb_result_text (writing));
  }
}
GST_END_TEST;

GST_START_TEST (test_nonsense_writer_pid_while_waiting)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbFrame *frame;

  map_buffer ()->writer_pid = UINT64_MAX;
  assert_fails (zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_CORRUPT,
      "no process");
  zb_reader_close (reader);
}
GST_END_TEST;

/* Overwrites the header of the next frame. */
static void
check_header (uint64_t size, uint64_t sequence, const char *text)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;

  pass_pattern (writer, reader, 100, 1);
  assert_ok (write_pattern (writer, 100, 2, 0));
  put_header (map_buffer (), 116, size, sequence);
  for (int i = 0; i < 2; i++)
    assert_fails (
        zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_CORRUPT, text);
  zb_writer_free (writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_nonsense_headers)
{
  check_header (100, 3, "expected sequence number 2");
  check_header (100, 1, "out of sequence");
  check_header (100, 0, "out of sequence");
  check_header (100, UINT64_MAX, "out of sequence");
  check_header (0, 2, "wrap marker");
  check_header (0, UINT64_MAX, "wrap marker");
  check_header (RING, 2, "beyond the end");
  check_header (RING - 116 - 16 + 1, 2, "beyond the end");
  check_header (UINT64_MAX, 2, "beyond the end");
  check_header (UINT64_MAX - 131, 2, "beyond the end");
  /* Within the ring, but more than was taken off the free bytes. */
  check_header (RING - 116 - 16, 2, "payload_free_bytes");
  check_header (101, 2, "payload_free_bytes");
  /* A marker that leads to the old frame at the start. */
  check_header (0, 0, "out of sequence");
}
GST_END_TEST;

GST_START_TEST (test_marker_at_the_start)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbFrame *frame;

  assert_ok (write_pattern (writer, 100, 1, 0));
  put_header (map_buffer (), 0, 0, 0);
  assert_fails (zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_CORRUPT,
      "wrap marker");
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_posts_without_frames)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  sem_t *data = open_semaphore ("sem-w-");
  ZbFrame *frame;

  pass_pattern (writer, reader, 100, 1);
  for (int i = 0; i < 1000; i++)
    sem_post (data);
  assert_fails (zb_reader_read (reader, 10 * SEC, &frame, &error), ZB_CORRUPT,
      "expected sequence number 2");
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static void
check_metadata (uint64_t written, uint64_t length, const char *text)
{
  ZbReader *reader = new_reader (RING, 64);
  ZbOieb *oieb = map_buffer ();
  const void *data;
  size_t size;

  memcpy ((uint8_t *) oieb + ZB_OIEB_SIZE, &length, 8);
  oieb->metadata_written_bytes = written;
  assert_fails (
      zb_reader_get_metadata (reader, &data, &size, &error), ZB_CORRUPT, text);
  fail_unless (data == NULL && size == 0);
  zb_reader_close (reader);
}

GST_START_TEST (test_nonsense_metadata)
{
  check_metadata (65, 1, "metadata_written_bytes is 65");
  check_metadata (UINT64_MAX, 1, "metadata_written_bytes");
  check_metadata (7, 1, "metadata_written_bytes is 7");
  check_metadata (18, 11, "length of the metadata is 11");
  check_metadata (18, UINT64_MAX, "length of the metadata");
  check_metadata (18, 0, "length of the metadata is 0");
}
GST_END_TEST;

/* A third process that takes the free bytes for its own must not get the
 * writer to overwrite what is held. */
GST_START_TEST (test_free_bytes_that_grow_by_themselves)
{
  ZbReader *reader = new_reader (RING, 0);
  ZbWriter *writer = connect_writer ();
  ZbOieb *oieb = map_buffer ();
  ZbFrame *frame, *held;

  assert_ok (write_pattern (writer, 400, 1, 0));
  held = read_pattern (reader, 400, 1);
  assert_ok (write_pattern (writer, 100, 2, 0));
  oieb->payload_free_bytes += 300;
  assert_fails (zb_reader_read (reader, 0, &frame, &error), ZB_CORRUPT,
      "payload_free_bytes");
  zb_frame_release (held);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

/* All of it random, all the time. */
GST_START_TEST (test_random_bytes)
{
  GRand *rand = g_rand_new_with_seed (1);
  guint sum = 0;

  for (int round = 0; round < 300; round++) {
    ZbReader *reader = new_reader (RING, 64);
    ZbWriter *writer = connect_writer ();
    uint8_t *bytes = (uint8_t *) map_buffer ();
    ZbFrame *frame;
    const void *data;
    size_t size;

    for (int i = 0; i < 20; i++) {
      write_pattern (writer, g_rand_int_range (rand, 1, 480), i, 0);
      if (g_rand_int_range (rand, 0, 3) == 0) {
        int at = g_rand_int_range (rand, 0, 128 + 64 + RING);
        bytes[at] = g_rand_int (rand);
      }
      zb_reader_get_metadata (reader, &data, &size, &error);
      if (zb_reader_read (reader, 0, &frame, &error) == ZB_OK) {
        const uint8_t *payload = zb_frame_get_data (frame);
        size_t length = zb_frame_get_size (frame);

        fail_unless (length > 0 && length <= RING - 16);
        sum += payload[0] + payload[length - 1];
        zb_frame_release (frame);
      }
    }
    memset (bytes, 0, 128);
    zb_writer_free (writer);
    zb_reader_close (reader);
  }
  GST_DEBUG ("the sum of what was read is %u", sum);
  g_rand_free (rand);
}
GST_END_TEST;

static Suite *
hostile_suite (void)
{
  Suite *suite = suite_create ("hostile");
  TCase *tcase = tcase_create ("hostile");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_every_field_of_the_oieb);
  tcase_add_test (tcase, test_nonsense_writer_pid_while_waiting);
  tcase_add_test (tcase, test_nonsense_headers);
  tcase_add_test (tcase, test_marker_at_the_start);
  tcase_add_test (tcase, test_posts_without_frames);
  tcase_add_test (tcase, test_nonsense_metadata);
  tcase_add_test (tcase, test_free_bytes_that_grow_by_themselves);
  tcase_add_test (tcase, test_random_bytes);
  return suite;
}

GST_CHECK_MAIN (hostile);
