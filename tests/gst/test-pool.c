/* SPDX-License-Identifier: MIT */
/* The pool that zerobuffersink offers, and memory that was sent. */
#include "common.h"

#include <gst/video/video.h>

#define WIDTH 64
#define HEIGHT 48
#define PICTURE (WIDTH * HEIGHT)
#define CAPS "video/x-raw,format=GRAY8,width=64,height=48,framerate=30/1"
#define RECORD_HEADER 48

/* Without growing, so that the ring is as small as it is made. */
#define FEATURES (ZB_FEATURE_FILLER | ZB_FEATURE_LIVENESS | ZB_FEATURE_MEDIA)

static ZbReader *
new_media_reader (guint64 ring_size)
{
  ZbReaderConfig config = { ring_size, 4096, 0600, FEATURES, 0 };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  return reader;
}

static GstBufferPool *
get_pool (GstHarness *sink)
{
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool;
  guint size;

  fail_unless (gst_pad_peer_query (sink->srcpad, query));
  fail_unless_equals_int (gst_query_get_n_allocation_pools (query), 1);
  gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, NULL, NULL);
  fail_unless_equals_int (size, PICTURE);
  fail_unless (gst_buffer_pool_set_active (pool, TRUE));
  gst_query_unref (query);
  gst_caps_unref (caps);
  return pool;
}

static GstBuffer *
acquire (GstBufferPool *pool, guint frame)
{
  GstBuffer *buffer;
  GstMapInfo map;

  fail_unless_equals_int (
      gst_buffer_pool_acquire_buffer (pool, &buffer, NULL), GST_FLOW_OK);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  fail_unless_equals_uint64 (map.size, PICTURE);
  fail_unless (((gsize) map.data & 15) == 0);
  fill_bytes (map.data, map.size, frame);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* The next record that is a buffer. */
static ZbFrame *
read_buffer (ZbReader *reader)
{
  for (;;) {
    ZbFrame *frame;

    assert_ok (zb_reader_read (reader, TEN_SECONDS, &frame, &error));
    if (*(const guint8 *) zb_frame_get_data (frame) == 1)
      return frame;
    zb_frame_release (frame);
  }
}

static void
assert_record (ZbFrame *frame, guint number)
{
  const guint8 *data =
      (const guint8 *) zb_frame_get_data (frame) + RECORD_HEADER;

  fail_unless (((gsize) data & 63) == 0);
  fail_unless (has_bytes (data, PICTURE, number));
}

static void
push (GstHarness *sink, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (sink, buffer), GST_FLOW_OK);
}

static void
free_pool (GstBufferPool *pool)
{
  gst_buffer_pool_set_active (pool, FALSE);
  gst_object_unref (pool);
}

GST_START_TEST (test_in_place)
{
  ZbReader *reader = new_media_reader (65536);
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);

  for (guint i = 0; i < 100; i++) {
    ZbFrame *frame;

    push (sink, acquire (pool, i));
    frame = read_buffer (reader);
    assert_record (frame, i);
    zb_frame_release (frame);
  }
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 0);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* Whoever has a buffer that was sent can read it, and gets a copy to write to. */
GST_START_TEST (test_sent_memory)
{
  ZbReader *reader = new_media_reader (65536);
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);
  GstBuffer *buffer = acquire (pool, 7);
  ZbFrame *frame;
  GstMapInfo map;

  push (sink, gst_buffer_ref (buffer));
  frame = read_buffer (reader);
  fail_unless (gst_buffer_is_writable (buffer));
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READWRITE));
  fail_unless (has_bytes (map.data, map.size, 7));
  memset (map.data, 0, map.size);
  gst_buffer_unmap (buffer, &map);
  assert_record (frame, 7);
  zb_frame_release (frame);
  gst_buffer_unref (buffer);

  /* One that is sent again is copied. */
  buffer = acquire (pool, 8);
  for (guint i = 0; i < 5; i++) {
    push (sink, gst_buffer_ref (buffer));
    frame = read_buffer (reader);
    assert_record (frame, 8);
    zb_frame_release (frame);
  }
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 4);
  assert_bytes (buffer, PICTURE, 8);
  gst_buffer_unref (buffer);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- a full ring ---- */

/* Holds some pictures. */
#define RING 32768
#define MANY 30

typedef struct {
  GstHarness *sink;
  GstBufferPool *pool;
  GstFlowReturn flow;
} Job;

static gpointer
send_many (gpointer data)
{
  Job *job = data;

  job->flow = GST_FLOW_OK;
  for (guint i = 0; i < MANY && job->flow == GST_FLOW_OK; i++) {
    GstBuffer *buffer;

    job->flow = gst_buffer_pool_acquire_buffer (job->pool, &buffer, NULL);
    if (job->flow == GST_FLOW_OK)
      job->flow = gst_harness_push (job->sink, buffer);
  }
  return NULL;
}

static GThread *
send_until_full (Job *job)
{
  GThread *thread = g_thread_new ("send", send_many, job);

  while (get_stat (job->sink->element, "waits") == 0)
    g_thread_yield ();
  return thread;
}

GST_START_TEST (test_waits_for_room)
{
  ZbReader *reader = new_media_reader (RING);
  GstHarness *sink = new_sink (CAPS);
  Job job = { sink, get_pool (sink), GST_FLOW_ERROR };
  GThread *thread = send_until_full (&job);

  for (guint i = 0; i < MANY; i++)
    zb_frame_release (read_buffer (reader));
  g_thread_join (thread);
  fail_unless_equals_int (job.flow, GST_FLOW_OK);
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 0);
  free_pool (job.pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_flushing_ends_the_wait)
{
  ZbReader *reader = new_media_reader (RING);
  GstHarness *sink = new_sink (CAPS);
  Job job = { sink, get_pool (sink), GST_FLOW_ERROR };
  GThread *thread = send_until_full (&job);
  ZbFrame *frame;

  gst_buffer_pool_set_flushing (job.pool, TRUE);
  g_thread_join (thread);
  fail_unless_equals_int (job.flow, GST_FLOW_FLUSHING);
  gst_buffer_pool_set_flushing (job.pool, FALSE);
  while (zb_reader_read (reader, 0, &frame, &error) == ZB_OK)
    zb_frame_release (frame);
  push (sink, acquire (job.pool, 1));
  frame = read_buffer (reader);
  assert_record (frame, 1);
  zb_frame_release (frame);
  free_pool (job.pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* A change of state ends the wait too; and the element gone, and the reader, the
 * pool goes on, with other memory. */
GST_START_TEST (test_pool_outlives_the_element)
{
  ZbReader *reader = new_media_reader (RING);
  GstHarness *sink = new_sink (CAPS);
  Job job = { sink, get_pool (sink), GST_FLOW_ERROR };
  GstBuffer *before = acquire (job.pool, 1);
  GThread *thread = send_until_full (&job);

  gst_element_set_state (sink->element, GST_STATE_NULL);
  g_thread_join (thread);
  fail_unless_equals_int (job.flow, GST_FLOW_FLUSHING);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
  assert_nothing_left ();
  assert_bytes (before, PICTURE, 1);
  gst_buffer_unref (before);
  gst_buffer_unref (acquire (job.pool, 2));
  free_pool (job.pool);
}
GST_END_TEST;

/* ---- other readers, or none ---- */

GST_START_TEST (test_before_there_is_a_reader)
{
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);
  GstBuffer *buffer = acquire (pool, 1);
  ZbReader *reader = new_media_reader (65536);
  ZbFrame *frame;

  for (guint i = 1; i < 5; i++) {
    push (sink, buffer);
    frame = read_buffer (reader);
    assert_record (frame, i);
    zb_frame_release (frame);
    buffer = acquire (pool, i + 1);
  }
  gst_buffer_unref (buffer);
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 1);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_plain_reader)
{
  ZbReader *reader = new_reader (8 * (PICTURE + 16));
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);
  guint64 copies;

  for (guint i = 0; i < 80; i++) {
    GstBuffer *buffer = acquire (pool, i);
    ZbFrame *frame;

    /* Nobody may look at a frame in the ring but its reader. */
    if (i % 2)
      gst_buffer_ref (buffer);
    push (sink, buffer);
    if (i % 2) {
      assert_bytes (buffer, PICTURE, i);
      gst_buffer_unref (buffer);
    }
    frame = read_frame (reader, PICTURE);
    fail_unless (has_bytes (zb_frame_get_data (frame), PICTURE, i));
    zb_frame_release (frame);
  }
  copies = get_stat (sink->element, "copies");
  fail_unless (copies >= 40 && copies < 80, "%d copies", (int) copies);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- lists ---- */

#define LIST 3

static GstBufferList *
acquire_list (GstBufferPool *pool)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < LIST; i++)
    gst_buffer_list_add (list, acquire (pool, i));
  return list;
}

GST_START_TEST (test_list)
{
  ZbReader *reader = new_media_reader (65536);
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);

  fail_unless_equals_int (
      gst_pad_push_list (sink->srcpad, acquire_list (pool)), GST_FLOW_OK);
  for (guint i = 0; i < LIST; i++) {
    ZbFrame *frame = read_buffer (reader);
    assert_record (frame, i);
    zb_frame_release (frame);
  }
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 0);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* What is in a list that somebody else has too does not go away with it. */
GST_START_TEST (test_shared_list)
{
  ZbReader *reader = new_reader (16 * (PICTURE + 16));
  GstHarness *sink = new_sink (CAPS);
  GstBufferPool *pool = get_pool (sink);

  for (guint round = 0; round < 10; round++) {
    GstBufferList *list = acquire_list (pool);

    fail_unless_equals_int (
        gst_pad_push_list (sink->srcpad, gst_buffer_list_ref (list)),
        GST_FLOW_OK);
    for (guint i = 0; i < LIST; i++) {
      ZbFrame *frame = read_frame (reader, PICTURE);
      fail_unless (has_bytes (zb_frame_get_data (frame), PICTURE, i));
      zb_frame_release (frame);
      assert_bytes (gst_buffer_list_get (list, i), PICTURE, i);
    }
    gst_buffer_list_unref (list);
  }
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), 10 * LIST);
  free_pool (pool);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

static gpointer
push_list (gpointer data)
{
  GstHarness *sink = data;
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < MANY; i++)
    gst_buffer_list_add (list, new_bytes (PICTURE, i));
  return GINT_TO_POINTER (gst_pad_push_list (sink->srcpad, list));
}

/* A list waits for room as its buffers do one by one. */
GST_START_TEST (test_list_larger_than_the_ring)
{
  ZbReader *reader = new_media_reader (RING);
  GstHarness *sink = new_sink (CAPS);
  GThread *thread = g_thread_new ("push", push_list, sink);

  for (guint i = 0; i < MANY; i++) {
    ZbFrame *frame = read_buffer (reader);
    assert_record (frame, i);
    zb_frame_release (frame);
  }
  fail_unless_equals_int (
      GPOINTER_TO_INT (g_thread_join (thread)), GST_FLOW_OK);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tcase = tcase_create ("pool");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_in_place);
  tcase_add_test (tcase, test_sent_memory);
  tcase_add_test (tcase, test_waits_for_room);
  tcase_add_test (tcase, test_flushing_ends_the_wait);
  tcase_add_test (tcase, test_pool_outlives_the_element);
  tcase_add_test (tcase, test_before_there_is_a_reader);
  tcase_add_test (tcase, test_plain_reader);
  tcase_add_test (tcase, test_list);
  tcase_add_test (tcase, test_shared_list);
  tcase_add_test (tcase, test_list_larger_than_the_ring);
  return suite;
}

GST_CHECK_MAIN (pool);
