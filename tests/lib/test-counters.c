/* SPDX-License-Identifier: MIT */
/* Counters at their end, where these tests start: no stream of frames gets
 * there. */
#include "common.h"

#include <limits.h>
#include <semaphore.h>

#include "link.h"
#include "session.h"

#define RING 1088
#define SIZE 112 /* 128 with its header */
#define FIRST 6  /* number of the first frame after start () */

static ZbReader *reader;
static ZbWriter *writer;
static ZbLink *link_;
static ZbSession *session;

/* With what is inside of both ends. */
static void
start (void)
{
  ZbFrame *frame;
  ZbPlace *place;

  reader = new_reader (RING, 0);
  writer = connect_writer ();
  /* Not at the beginning, where there are none toward a reader of 1.0. */
  for (int i = 1; i < FIRST - 1; i++)
    pass_pattern (writer, reader, SIZE, i);
  assert_ok (zb_writer_reserve_place (writer, SIZE, 0, &place, &error));
  fill_pattern (zb_place_get_data (place), SIZE, FIRST - 1);
  link_ = place->link;
  assert_ok (zb_writer_publish_place (writer, place, SIZE, &error));
  zb_place_release (place);
  frame = read_pattern (reader, SIZE, FIRST - 1);
  session = frame->session;
  zb_frame_release (frame);
}

static void
stop (void)
{
  zb_writer_free (writer);
  zb_reader_close (reader);
}

static void
pass_some (uint64_t first)
{
  uint64_t sequence = first;

  for (int i = 0; i < 40; i++) {
    ZbFrame *frame;

    assert_ok (write_pattern (writer, SIZE + i, sequence, 0));
    frame = read_pattern (reader, SIZE + i, sequence);
    zb_frame_release (frame);
    sequence = sequence == UINT64_MAX ? 1 : sequence + 1;
  }
}

GST_START_TEST (test_sequence_numbers)
{
  start ();
  link_->sequence = session->sequence = UINT64_MAX - 5;
  pass_some (UINT64_MAX - 5);
  stop ();
}
GST_END_TEST;

GST_START_TEST (test_counts_of_frames)
{
  start ();
  link_->count = UINT64_MAX - 5;
  atomic_store (&link_->buffer.oieb->payload_written_count, UINT64_MAX - 5);
  atomic_store (&link_->buffer.oieb->payload_read_count, UINT64_MAX - 5);
  pass_some (FIRST);
  stop ();
}
GST_END_TEST;

/* A ring whose size is no power of two. */
GST_START_TEST (test_positions)
{
  uint64_t laps = (UINT64_C (1) << 63) / RING * RING - 3 * RING;
  ZbPlace *held;
  ZbFrame *frame;

  start ();
  session->spans.end = UINT64_MAX - 300;
  link_->places.written += laps;
  link_->places.reserved += laps;
  pass_some (FIRST);
  /* The same with one that is leapt over. */
  if (features & ZB_FEATURE_FILLER) {
    assert_ok (zb_writer_reserve_place (writer, SIZE, 0, &held, &error));
    fill_pattern (zb_place_get_data (held), SIZE, FIRST + 40);
    assert_ok (zb_writer_publish_place (writer, held, SIZE, &error));
    frame = read_pattern (reader, SIZE, FIRST + 40);
    zb_frame_release (frame);
    laps = (UINT64_C (1) << 63) / RING * RING - 3 * RING;
    link_->places.written += laps;
    link_->places.reserved += laps;
    held->slot.start += laps;
    pass_some (FIRST + 41);
    fail_unless (has_pattern (zb_place_get_data (held), SIZE, FIRST + 40));
    zb_place_release (held);
  }
  fail_unless (link_->places.written < UINT64_C (1) << 63);
  stop ();
}
GST_END_TEST;

static void
set_semaphore (const char *format, unsigned value)
{
  char path[128];
  uint32_t *words;
  int fd;

  snprintf (path, sizeof path, format, name);
  fd = open (path, O_RDWR);
  fail_if (fd < 0);
  words =
      mmap (NULL, sizeof (sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  fail_if (words == MAP_FAILED);
  close (fd);
  words[0] = value; /* on little-endian machines of 64 bits */
  munmap (words, sizeof (sem_t));
}

/* What the reader posts is lost, but it says nothing more than what is there:
 * look. */
GST_START_TEST (test_space_semaphore_at_its_maximum)
{
  start ();
  set_semaphore (SPACE_PATH, SEM_VALUE_MAX);
  pass_some (FIRST);
  stop ();
}
GST_END_TEST;

/* Two billion posts do not keep a writer from seeing that its time is over. */
GST_START_TEST (test_timeout_with_a_full_semaphore)
{
  gint64 began;

  start ();
  while (write_pattern (writer, SIZE, 1, 0) == ZB_OK)
    ;
  set_semaphore (SPACE_PATH, SEM_VALUE_MAX);
  began = g_get_monotonic_time ();
  assert_result (write_pattern (writer, SIZE, 1, 100 * MSEC), ZB_TIMEOUT);
  printf ("timed out after %" G_GINT64_FORMAT " us\n",
      g_get_monotonic_time () - began);
  stop ();
}
GST_END_TEST;

/* As many posts of its own as there can be: the reader wakes, and takes none of
 * them for a frame. */
GST_START_TEST (test_data_semaphore_at_its_maximum)
{
  ZbFrame *frame;

  start ();
  set_semaphore (DATA_PATH, SEM_VALUE_MAX);
  atomic_fetch_add (&session->posts_own, SEM_VALUE_MAX);
  zb_reader_set_interrupted (reader, true);
  assert_result (
      zb_reader_read (reader, ZB_FOREVER, &frame, &error), ZB_INTERRUPTED);
  zb_reader_set_interrupted (reader, false);
  set_semaphore (DATA_PATH, 0);
  session->posts_taken += SEM_VALUE_MAX;
  pass_some (FIRST);
  stop ();
}
GST_END_TEST;

static Suite *
counters_suite (void)
{
  Suite *suite = suite_create ("counters");
  TCase *cases = tcase_create ("counters");

  suite_add_tcase (suite, cases);
  tcase_add_checked_fixture (cases, set_up, assert_nothing_left);
  tcase_add_test (cases, test_sequence_numbers);
  tcase_add_test (cases, test_counts_of_frames);
  tcase_add_test (cases, test_positions);
  tcase_add_test (cases, test_space_semaphore_at_its_maximum);
  tcase_add_test (cases, test_timeout_with_a_full_semaphore);
  tcase_add_test (cases, test_data_semaphore_at_its_maximum);
  return suite;
}

GST_CHECK_MAIN (counters);
