/* SPDX-License-Identifier: MIT */
/* Places in the ring that the writer has handed out.  Which ones there can be is
 * for test-places.c; here they have bytes, a reader and threads. */
#include "common.h"

#include <pthread.h>

#define FEATURES ZB_FEATURES_DEFAULT
#define SIZE 112 /* 128 with its header */

static ZbPlace *
reserve_pattern (ZbWriter *writer, size_t size, uint64_t sequence)
{
  ZbPlace *place;

  assert_ok (zb_writer_reserve_place (writer, size, 0, &place, &error));
  fail_unless_equals_uint64 (zb_place_get_size (place), size);
  fill_pattern (zb_place_get_data (place), size, sequence);
  return place;
}

static void
take_pattern (ZbReader *reader, size_t size, uint64_t sequence)
{
  ZbFrame *frame;

  assert_ok (zb_reader_read (reader, 0, &frame, &error));
  fail_unless_equals_uint64 (zb_frame_get_size (frame), size);
  fail_unless (has_pattern (zb_frame_get_data (frame), size, sequence));
  zb_frame_release (frame);
}

static void
pass (ZbWriter *writer, ZbReader *reader, size_t size, uint64_t sequence)
{
  assert_ok (write_pattern (writer, size, sequence, 0));
  take_pattern (reader, size, sequence);
}

static void
assert_place (ZbPlace *place, uint64_t sequence)
{
  size_t size = zb_place_get_size (place);

  fail_unless (has_pattern (zb_place_get_data (place), size, sequence));
}

static void
publish (ZbWriter *writer, ZbPlace *place)
{
  assert_ok (zb_writer_publish_place (
      writer, place, zb_place_get_size (place), &error));
}

static void
start (size_t ring, ZbReader **reader, ZbWriter **writer)
{
  *reader = new_reader (ring, 0);
  *writer = connect_writer ();
}

static void
finish (ZbReader *reader, ZbWriter *writer)
{
  zb_writer_free (writer);
  zb_reader_close (reader);
}

GST_START_TEST (test_in_order)
{
  ZbPlace *places[3];
  ZbReader *reader;
  ZbWriter *writer;
  ZbFrame *frame;

  features = FEATURES;
  start (1024, &reader, &writer);
  for (int i = 0; i < 3; i++)
    places[i] = reserve_pattern (writer, SIZE, i);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  for (int i = 0; i < 3; i++) {
    publish (writer, places[i]);
    take_pattern (reader, SIZE, i);
    zb_place_release (places[i]);
  }
  pass (writer, reader, 300, 4);
  finish (reader, writer);
}
GST_END_TEST;

/* Older ones that are passed by are to be copied; they keep their bytes. */
GST_START_TEST (test_out_of_order)
{
  ZbPlace *older, *younger;
  ZbReader *reader;
  ZbWriter *writer;

  features = FEATURES;
  start (1024, &reader, &writer);
  older = reserve_pattern (writer, SIZE, 1);
  younger = reserve_pattern (writer, SIZE, 2);
  publish (writer, younger);
  assert_fails (zb_writer_publish_place (writer, older, SIZE, &error),
      ZB_NO_PLACE, "younger");
  take_pattern (reader, SIZE, 2);
  assert_ok (
      zb_writer_write (writer, zb_place_get_data (older), SIZE, 0, &error));
  take_pattern (reader, SIZE, 1);
  zb_place_release (younger);
  for (int i = 0; i < 50; i++)
    pass (writer, reader, 200, i);
  assert_place (older, 1);
  zb_place_release (older);
  finish (reader, writer);
}
GST_END_TEST;

GST_START_TEST (test_less_than_was_reserved)
{
  ZbPlace *older, *younger;
  ZbReader *reader;
  ZbWriter *writer;

  features = FEATURES;
  start (1024, &reader, &writer);
  older = reserve_pattern (writer, 200, 1);
  younger = reserve_pattern (writer, 100, 2);
  fill_pattern (zb_place_get_data (older), 50, 1);
  assert_fails (
      zb_writer_publish_place (writer, older, 201, &error), ZB_INVALID, "201");
  assert_fails (
      zb_writer_publish_place (writer, older, 0, &error), ZB_INVALID, "0");
  /* What remains is too short for a filler. */
  assert_result (
      zb_writer_publish_place (writer, older, 190, &error), ZB_NO_PLACE);
  assert_ok (zb_writer_publish_place (writer, older, 50, &error));
  publish (writer, younger);
  take_pattern (reader, 50, 1);
  take_pattern (reader, 100, 2);
  zb_place_release (older);
  zb_place_release (younger);
  finish (reader, writer);
}
GST_END_TEST;

/* One that the writer's side keeps is never written over. */
GST_START_TEST (test_kept_places)
{
  ZbPlace *kept[2];
  ZbReader *reader;
  ZbWriter *writer;

  features = FEATURES;
  start (1024, &reader, &writer);
  for (int i = 0; i < 2; i++) {
    pass (writer, reader, 200, 7);
    kept[i] = reserve_pattern (writer, SIZE, i);
    publish (writer, kept[i]);
    take_pattern (reader, SIZE, i);
  }
  for (int i = 0; i < 500; i++) {
    ZbPlace *place = reserve_pattern (writer, SIZE, i);

    pass (writer, reader, 1 + i % SIZE, i);
    zb_place_release (place);
    assert_place (kept[0], 0);
    assert_place (kept[1], 1);
  }
  zb_place_release (kept[1]);
  zb_place_release (kept[0]);
  finish (reader, writer);
}
GST_END_TEST;

GST_START_TEST (test_half_the_ring)
{
  ZbPlace *places[4], *place;
  ZbReader *reader;
  ZbWriter *writer;
  ZbFrame *frame;

  features = FEATURES;
  start (1024, &reader, &writer);
  for (int i = 0; i < 4; i++)
    places[i] = reserve_pattern (writer, SIZE, i);
  assert_fails (
      zb_writer_reserve_place (writer, 16, ZB_FOREVER, &place, &error),
      ZB_NO_PLACE, "512 bytes in 4 places");
  /* What is to be sent at once has the other half. */
  for (int i = 0; i < 20; i++)
    pass (writer, reader, 300, i);
  /* More than that there is not, as long as they are held. */
  assert_fails (
      write_pattern (writer, 600, 1, 0), ZB_NO_PLACE, "no place can be had");
  for (int i = 0; i < 4; i++) {
    assert_place (places[i], i);
    zb_place_release (places[i]);
  }
  /* All of the ring: it goes round first. */
  assert_result (write_pattern (writer, 1000, 1, 0), ZB_TIMEOUT);
  assert_result (zb_reader_read (reader, 0, &frame, &error), ZB_TIMEOUT);
  pass (writer, reader, 1000, 1);
  finish (reader, writer);
}
GST_END_TEST;

/* A full ring is waited for; and that can be interrupted. */
GST_START_TEST (test_full)
{
  ZbReader *reader;
  ZbWriter *writer;
  ZbPlace *place;

  features = FEATURES;
  start (1024, &reader, &writer);
  for (int i = 0; i < 8; i++)
    assert_ok (write_pattern (writer, SIZE, i, 0));
  assert_result (
      zb_writer_reserve_place (writer, SIZE, 0, &place, &error), ZB_TIMEOUT);
  zb_writer_set_interrupted (writer, true);
  assert_result (
      zb_writer_reserve_place (writer, SIZE, ZB_FOREVER, &place, &error),
      ZB_INTERRUPTED);
  assert_result (
      zb_writer_reserve_place (writer, SIZE, 0, &place, &error), ZB_TIMEOUT);
  zb_writer_set_interrupted (writer, false);
  take_pattern (reader, SIZE, 0);
  zb_place_release (reserve_pattern (writer, SIZE, 1));
  finish (reader, writer);
}
GST_END_TEST;

GST_START_TEST (test_places_outlive_the_writer)
{
  ZbPlace *published, *reserved;
  ZbReader *reader;
  ZbWriter *writer;

  features = FEATURES;
  start (1024, &reader, &writer);
  published = reserve_pattern (writer, SIZE, 1);
  reserved = reserve_pattern (writer, SIZE, 2);
  publish (writer, published);
  zb_writer_disconnect (writer);
  assert_result (
      zb_writer_publish_place (writer, reserved, SIZE, &error), ZB_NO_PLACE);
  finish (reader, writer);
  assert_nothing_left ();
  assert_place (published, 1);
  assert_place (reserved, 2);
  fail_unless_equals_uint64 (zb_place_get_features (reserved), FEATURES);
  zb_place_release (published);
  zb_place_release (reserved);
}
GST_END_TEST;

/* Others hold what a frame needs that is larger than all before: a fresh ring. */
GST_START_TEST (test_fresh_ring)
{
  ZbReader *reader;
  ZbWriter *writer;
  ZbFrame *frame;
  ZbPlace *place;

  features = FEATURES;
  start (1024, &reader, &writer);
  pass (writer, reader, 400, 1);
  place = reserve_pattern (writer, SIZE, 1);
  assert_result (write_pattern (writer, 800, 1, 0), ZB_NO_PLACE);
  assert_ok (zb_writer_grow (writer, 1024, &error));
  assert_result (zb_reader_read (reader, SEC, &frame, &error), ZB_GROW);
  assert_ok (zb_reader_renew (reader, &error));
  assert_ok (zb_writer_connect (writer, 0, &error));
  pass (writer, reader, 800, 1);
  assert_place (place, 1);
  zb_place_release (place);
  finish (reader, writer);
}
GST_END_TEST;

/* ---- protocol 1.0 ---- */

GST_START_TEST (test_plain)
{
  ZbPlace *place, *other;
  ZbReader *reader;
  ZbWriter *writer;

  features = 0;
  start (1024, &reader, &writer);
  /* What is in front of it has to do as a ring. */
  assert_result (
      zb_writer_reserve_place (writer, SIZE, 0, &place, &error), ZB_NO_PLACE);
  for (int i = 0; i < 3; i++)
    pass (writer, reader, SIZE, i);
  place = reserve_pattern (writer, SIZE, 1);
  assert_result (
      zb_writer_reserve_place (writer, SIZE, 0, &other, &error), ZB_NO_PLACE);
  publish (writer, place);
  take_pattern (reader, SIZE, 1);
  zb_place_release (place);

  place = reserve_pattern (writer, SIZE, 2);
  for (int i = 0; i < 50; i++)
    pass (writer, reader, SIZE, i);
  assert_place (place, 2);
  assert_result (
      zb_writer_publish_place (writer, place, SIZE, &error), ZB_NO_PLACE);
  zb_place_release (place);
  finish (reader, writer);
}
GST_END_TEST;

/* ---- threads ---- */

#define FRAMES 20000

/* Not GAsyncQueue, which ThreadSanitizer does not understand. */
typedef struct {
  ZbWriter *writer;
  pthread_mutex_t lock;
  pthread_cond_t more;
  ZbPlace *places[FRAMES]; /* reserved, with their number in front */
  int pushed;
} Pool;

static void
push (Pool *pool, ZbPlace *place)
{
  pthread_mutex_lock (&pool->lock);
  pool->places[pool->pushed++] = place;
  pthread_cond_signal (&pool->more);
  pthread_mutex_unlock (&pool->lock);
}

static ZbPlace *
pop (Pool *pool, int index)
{
  ZbPlace *place;

  pthread_mutex_lock (&pool->lock);
  while (pool->pushed <= index)
    pthread_cond_wait (&pool->more, &pool->lock);
  place = pool->places[index];
  pthread_mutex_unlock (&pool->lock);
  return place;
}

static gpointer
reserve_places (gpointer data)
{
  Pool *pool = data;

  for (uint64_t i = 1; i <= FRAMES; i++) {
    uint8_t *bytes;
    ZbPlace *place;
    ZbResult result;

    do
      result = zb_writer_reserve_place (
          pool->writer, SIZE, ZB_FOREVER, &place, NULL);
    while (result == ZB_NO_PLACE);
    assert_ok (result);
    bytes = zb_place_get_data (place);
    memcpy (bytes, &i, sizeof i);
    memset (bytes + sizeof i, (int) i, SIZE - sizeof i);
    push (pool, place);
  }
  return NULL;
}

/* One reserves and fills, another publishes and writes frames of its own in
 * between, and keeps some; the reader finds all of them, and each whole. */
static gpointer
publish_places (gpointer data)
{
  Pool *pool = data;
  ZbPlace *kept = NULL;

  for (int i = 0; i < FRAMES; i++) {
    ZbPlace *place = pop (pool, i);
    uint64_t other[SIZE / sizeof (uint64_t)] = { 0 };

    if (i % 7 == 0)
      assert_ok (zb_writer_write (
          pool->writer, other, sizeof other, ZB_FOREVER, &error));
    if (zb_writer_publish_place (pool->writer, place, SIZE, NULL) != ZB_OK)
      assert_ok (zb_writer_write (
          pool->writer, zb_place_get_data (place), SIZE, ZB_FOREVER, &error));
    if (kept)
      zb_place_release (kept);
    kept = place;
  }
  zb_place_release (kept);
  return NULL;
}

GST_START_TEST (test_threads)
{
  GThread *reserving, *publishing;
  uint64_t expected = 1;
  ZbReader *reader;
  static Pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .more = PTHREAD_COND_INITIALIZER };

  features = FEATURES;
  start (2048, &reader, &pool.writer);
  reserving = g_thread_new ("reserving", reserve_places, &pool);
  publishing = g_thread_new ("publishing", publish_places, &pool);
  while (expected <= FRAMES) {
    const uint8_t *bytes;
    uint64_t number;
    ZbFrame *frame;

    assert_ok (zb_reader_read (reader, 10 * SEC, &frame, &error));
    bytes = zb_frame_get_data (frame);
    memcpy (&number, bytes, sizeof number);
    if (number != 0) {
      fail_unless_equals_uint64 (number, expected++);
      for (int i = sizeof number; i < SIZE; i++)
        if (bytes[i] != (uint8_t) number)
          fail ("frame %d is not whole", (int) number);
    }
    zb_frame_release (frame);
  }
  g_thread_join (reserving);
  g_thread_join (publishing);
  finish (reader, pool.writer);
}
GST_END_TEST;

static gpointer
reserve_until_the_end (gpointer data)
{
  ZbPlace *place;

  fail_unless_equals_int (
      zb_writer_reserve_place (data, SIZE, ZB_FOREVER, &place, NULL),
      ZB_INVALID);
  return NULL;
}

/* Whoever waits for a place is sent away when the writer goes. */
GST_START_TEST (test_disconnect_ends_waits)
{
  ZbStats stats = { 0 };
  GThread *waiting[2];
  ZbReader *reader;
  ZbWriter *writer;

  features = FEATURES;
  start (1024, &reader, &writer);
  for (int i = 0; i < 8; i++)
    assert_ok (write_pattern (writer, SIZE, i, 0));
  for (int i = 0; i < 2; i++)
    waiting[i] = g_thread_new ("waiting", reserve_until_the_end, writer);
  while (stats.waits < 2)
    zb_writer_get_stats (writer, &stats);
  zb_writer_disconnect (writer);
  for (int i = 0; i < 2; i++)
    g_thread_join (waiting[i]);
  finish (reader, writer);
}
GST_END_TEST;

static Suite *
reserving_suite (void)
{
  Suite *suite = suite_create ("reserving");
  TCase *tcase = tcase_create ("reserving");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_in_order);
  tcase_add_test (tcase, test_out_of_order);
  tcase_add_test (tcase, test_less_than_was_reserved);
  tcase_add_test (tcase, test_kept_places);
  tcase_add_test (tcase, test_half_the_ring);
  tcase_add_test (tcase, test_full);
  tcase_add_test (tcase, test_places_outlive_the_writer);
  tcase_add_test (tcase, test_fresh_ring);
  tcase_add_test (tcase, test_plain);
  tcase_add_test (tcase, test_threads);
  tcase_add_test (tcase, test_disconnect_ends_waits);
  return suite;
}

GST_CHECK_MAIN (reserving);
