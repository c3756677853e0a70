/* SPDX-License-Identifier: MIT */
/* What anybody would ask of a pair of elements that carries a stream from one
 * pipeline to another; among this all that GStreamer's own tests ask of shmsink
 * and shmsrc, and of unixfdsink and unixfdsrc.
 *
 * One thing those are asked is not: two consumers of one sink at a time. */
#include "common.h"

#include <gst/video/video.h>

#define CAPS "application/x-test"

/* ---- both elements by themselves ---- */

static GstHarness *
new_src (void)
{
  GstHarness *src = gst_harness_new ("zerobuffersrc");

  g_object_set (src->element, "buffer-name", name, NULL);
  return src;
}

static GstHarness *
play_src (void)
{
  GstHarness *src = new_src ();

  gst_harness_play (src);
  return src;
}

static void
start_stream (GstHarness *sink, const gchar *caps, GstFormat format)
{
  GstSegment segment;

  gst_harness_push_event (sink, gst_event_new_stream_start ("test"));
  if (caps)
    gst_harness_push_event (
        sink, gst_event_new_caps (gst_caps_from_string (caps)));
  gst_segment_init (&segment, format);
  gst_harness_push_event (sink, gst_event_new_segment (&segment));
}

static void
push (GstHarness *sink, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (sink, buffer), GST_FLOW_OK);
}

static void
assert_pulled (GstHarness *src, gsize size, guint frame)
{
  GstBuffer *buffer = gst_harness_pull (src);

  fail_unless (buffer != NULL);
  assert_bytes (buffer, size, frame);
  gst_buffer_unref (buffer);
}

/* A stream of bytes, that has no caps and no times. */
GST_START_TEST (test_bytes)
{
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (NULL);
  const GstSegment *segment;
  GstEvent *event;

  start_stream (sink, NULL, GST_FORMAT_BYTES);
  push (sink, new_bytes (1000, 1));
  assert_pulled (src, 1000, 1);
  fail_unless (gst_pad_get_current_caps (src->sinkpad) == NULL);
  event = gst_pad_get_sticky_event (src->sinkpad, GST_EVENT_SEGMENT, 0);
  gst_event_parse_segment (event, &segment);
  fail_unless_equals_int (segment->format, GST_FORMAT_BYTES);
  gst_event_unref (event);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Raw video whose caps say nothing but that, and a buffer without a time. */
GST_START_TEST (test_caps_that_say_little)
{
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (NULL);
  GstCaps *caps, *expected = gst_caps_new_empty_simple ("video/x-raw");

  start_stream (sink, "video/x-raw", GST_FORMAT_TIME);
  push (sink, new_bytes (12, 1));
  assert_pulled (src, 12, 1);
  caps = gst_pad_get_current_caps (src->sinkpad);
  fail_unless (gst_caps_is_equal (caps, expected));
  gst_caps_unref (caps);
  gst_caps_unref (expected);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* A sink that waits for its first buffer is done when that comes. */
GST_START_TEST (test_states)
{
  GstElement *sink = gst_element_factory_make ("zerobuffersink", NULL);
  GstPad *pad = gst_check_setup_src_pad_by_name (sink,
      &(GstStaticPadTemplate) GST_STATIC_PAD_TEMPLATE (
          "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY),
      "sink");
  GstHarness *src = play_src ();
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstState state, pending;

  g_object_set (sink, "buffer-name", name, NULL);
  gst_pad_set_active (pad, TRUE);
  fail_unless (gst_element_set_state (sink, GST_STATE_PLAYING) !=
               GST_STATE_CHANGE_FAILURE);
  gst_check_setup_events (pad, sink, caps, GST_FORMAT_TIME);
  fail_unless_equals_int (gst_pad_push (pad, new_bytes (1000, 1)), GST_FLOW_OK);
  fail_unless_equals_int (
      gst_element_get_state (sink, &state, &pending, TEN_SECONDS),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (state, GST_STATE_PLAYING);
  fail_unless_equals_int (pending, GST_STATE_VOID_PENDING);
  assert_pulled (src, 1000, 1);
  fail_unless_equals_int (gst_element_set_state (src->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      gst_element_set_state (sink, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_harness_teardown (src);
  gst_check_teardown_src_pad (sink);
  gst_object_unref (sink);
  gst_caps_unref (caps);
}
GST_END_TEST;

/* ---- memory ---- */

static GstAllocator *
get_allocator (GstHarness *sink, GstAllocationParams *params)
{
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  GstAllocator *allocator;

  fail_unless (gst_pad_peer_query (sink->srcpad, query));
  fail_unless (gst_query_get_n_allocation_params (query) > 0);
  gst_query_parse_nth_allocation_param (query, 0, &allocator, params);
  fail_unless (allocator != NULL);
  gst_query_unref (query);
  gst_caps_unref (caps);
  return allocator;
}

static GstBuffer *
make_buffer (GstAllocator *allocator, GstAllocationParams *params, gsize size,
    guint frame)
{
  GstBuffer *buffer = gst_buffer_new_allocate (allocator, size, params);
  GstMapInfo map;

  fail_unless (buffer != NULL);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  fail_unless_equals_uint64 (map.size, size);
  fill_bytes (map.data, size, frame);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* What is made in offered memory is sent without a copy, small or large. */
GST_START_TEST (test_offered_memory)
{
  static const gsize sizes[] = { 1000, 1, 100000, 4000000 };
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (CAPS);
  GstAllocationParams params;
  GstAllocator *allocator;
  guint64 copies;

  push (sink, new_bytes (10, 0)); /* until then there may be no ring */
  assert_pulled (src, 10, 0);
  copies = get_stat (sink->element, "copies");
  allocator = get_allocator (sink, &params);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    push (sink, make_buffer (allocator, &params, sizes[i], i));
    assert_pulled (src, sizes[i], i);
  }
  fail_unless_equals_uint64 (get_stat (sink->element, "copies"), copies);
  gst_object_unref (allocator);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Whoever keeps all of it gets other memory, at once and for sure, and what is
 * made in that arrives like the rest. */
GST_START_TEST (test_offered_memory_is_used_up)
{
  GstHarness *src = new_src ();
  GstHarness *sink = new_sink (CAPS);
  GstBuffer *kept[40];
  GstAllocationParams params;
  GstAllocator *allocator;

  g_object_set (src->element, "payload-size", G_GUINT64_CONSTANT (65536),
      "max-payload-size", G_GUINT64_CONSTANT (0), NULL);
  gst_harness_play (src);
  push (sink, new_bytes (10, 0));
  assert_pulled (src, 10, 0);
  allocator = get_allocator (sink, &params);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    kept[i] = make_buffer (allocator, &params, 5000, i);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    push (sink, kept[i]);
    assert_pulled (src, 5000, i);
  }
  gst_object_unref (allocator);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- times ---- */

static guint64
pull_running_time (GstHarness *src)
{
  GstBuffer *buffer = gst_harness_pull (src);
  GstEvent *event =
      gst_pad_get_sticky_event (src->sinkpad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;
  guint64 running_time;

  gst_event_parse_segment (event, &segment);
  running_time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  gst_event_unref (event);
  gst_buffer_unref (buffer);
  return running_time;
}

static void
push_in_segment (
    GstHarness *sink, const GstSegment *segment, GstClockTime pts, guint frame)
{
  GstBuffer *buffer = new_bytes (100, frame);

  GST_BUFFER_PTS (buffer) = pts;
  gst_harness_push_event (sink, gst_event_new_segment (segment));
  push (sink, buffer);
}

/* Each buffer lies where its own segment puts it, whatever changes in that: the
 * base, the start, the offset or the rate. */
GST_START_TEST (test_segments)
{
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (CAPS);
  guint64 origin;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  push_in_segment (sink, &segment, 30 * GST_SECOND, 0);
  origin = pull_running_time (src);
  segment.base = 30 * GST_SECOND;
  push_in_segment (sink, &segment, 1 * GST_SECOND, 1);
  fail_unless_equals_uint64 (pull_running_time (src) - origin, GST_SECOND);
  segment.start = 5 * GST_SECOND;
  push_in_segment (sink, &segment, 7 * GST_SECOND, 2);
  fail_unless_equals_uint64 (pull_running_time (src) - origin, 2 * GST_SECOND);
  segment.offset = 1 * GST_SECOND;
  push_in_segment (sink, &segment, 9 * GST_SECOND, 3);
  fail_unless_equals_uint64 (pull_running_time (src) - origin, 3 * GST_SECOND);
  segment.rate = 2.0;
  segment.offset = 0;
  push_in_segment (sink, &segment, 13 * GST_SECOND, 4);
  fail_unless_equals_uint64 (pull_running_time (src) - origin, 4 * GST_SECOND);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- metas ---- */

static void
register_meta (const gchar *meta)
{
  static const gchar *tags[] = { NULL };

  if (!gst_meta_get_info (meta))
    gst_meta_register_custom (meta, tags, NULL, NULL, NULL);
}

GST_START_TEST (test_custom_meta)
{
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (CAPS);

  register_meta ("zerobuffer-test-number");
  for (gint i = 0; i < 10; i++) {
    GstBuffer *buffer = new_bytes (100, i);
    GstCustomMeta *meta =
        gst_buffer_add_custom_meta (buffer, "zerobuffer-test-number");
    gint number;

    gst_structure_set (gst_custom_meta_get_structure (meta), "number",
        G_TYPE_INT, 42 + i, NULL);
    push (sink, buffer);
    buffer = gst_harness_pull (src);
    meta = gst_buffer_get_custom_meta (buffer, "zerobuffer-test-number");
    fail_unless (meta != NULL);
    fail_unless (gst_structure_get_int (
        gst_custom_meta_get_structure (meta), "number", &number));
    fail_unless_equals_int (number, 42 + i);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* A meta that carries far more than the buffer does: a megabyte, in a buffer of
 * its own. */
GST_START_TEST (test_large_meta)
{
  const gsize size = 1000000;
  GstHarness *src = play_src ();
  GstHarness *sink = new_sink (CAPS);
  GstBuffer *payload = new_bytes (size, 5), *received = NULL;
  GstBuffer *buffer = new_bytes (12, 1);
  GstCustomMeta *meta;

  register_meta ("zerobuffer-test-payload");
  meta = gst_buffer_add_custom_meta (buffer, "zerobuffer-test-payload");
  gst_structure_set (gst_custom_meta_get_structure (meta), "payload",
      GST_TYPE_BUFFER, payload, NULL);
  push (sink, buffer);
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 12, 1);
  meta = gst_buffer_get_custom_meta (buffer, "zerobuffer-test-payload");
  fail_unless (meta != NULL);
  gst_structure_get (gst_custom_meta_get_structure (meta), "payload",
      GST_TYPE_BUFFER, &received, NULL);
  fail_unless (received != NULL);
  assert_bytes (received, size, 5);
  gst_buffer_unref (received);
  gst_buffer_unref (payload);
  gst_buffer_unref (buffer);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- whole pipelines ---- */

static GstElement *
make_pipeline (const gchar *format)
{
  gchar *description = g_strdup_printf (format, name);
  GError *problem = NULL;
  GstElement *pipeline = gst_parse_launch (description, &problem);

  fail_unless (problem == NULL, "%s", problem ? problem->message : "");
  g_free (description);
  return pipeline;
}

static void
play (GstElement *pipeline)
{
  fail_unless (gst_element_set_state (pipeline, GST_STATE_PLAYING) !=
               GST_STATE_CHANGE_FAILURE);
}

/* A live pipeline has no preroll to wait for. */
static void
wait_until_it_plays (GstElement *pipeline)
{
  GstState state;

  fail_unless_equals_int (
      gst_element_get_state (pipeline, &state, NULL, TEN_SECONDS),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (state, GST_STATE_PLAYING);
}

static void
set_null (GstElement *pipeline)
{
  fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
}

static void
wait_for_frames (GstElement *pipeline, guint64 count)
{
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (get_stat (src, "frames") < count) {
    fail_unless (g_get_monotonic_time () < end, "no frames arrive");
    g_usleep (500);
  }
  gst_object_unref (src);
}

static void
assert_no_errors (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);

  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR) == NULL);
  gst_object_unref (bus);
}

/* A live consumer of a producer that is not; the producer is stopped first. */
GST_START_TEST (test_live_consumer)
{
  GstElement *producer = make_pipeline (
      "fakesrc sizetype=fixed sizemax=4096 ! zerobuffersink buffer-name=%s "
      "wait-for-reader=false");
  GstElement *consumer =
      make_pipeline ("zerobuffersrc name=src buffer-name=%s is-live=true "
                     "! fakesink async=false");

  play (producer);
  play (consumer);
  wait_until_it_plays (consumer);
  wait_for_frames (consumer, 10);
  set_null (producer);
  set_null (consumer);
  assert_no_errors (producer);
  gst_object_unref (producer);
  gst_object_unref (consumer);
}
GST_END_TEST;

/* A consumer that goes back to READY, and plays again, with the same producer. */
GST_START_TEST (test_consumer_plays_again)
{
  GstElement *producer =
      make_pipeline ("videotestsrc ! video/x-raw,width=64,height=48 "
                     "! zerobuffersink buffer-name=%s");
  GstElement *consumer = make_pipeline (
      "zerobuffersrc name=src buffer-name=%s ! fakesink name=sink");

  play (producer);
  for (guint i = 0; i < 5; i++) {
    play (consumer);
    wait_until_it_plays (consumer);
    wait_for_frames (consumer, 3);
    fail_unless_equals_int (gst_element_set_state (consumer, GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
  }
  assert_no_errors (producer);
  assert_no_errors (consumer);
  set_null (consumer);
  set_null (producer);
  gst_object_unref (producer);
  gst_object_unref (consumer);
}
GST_END_TEST;

/* A stream that ends, and nobody reads: no error, also not when it is stopped. */
GST_START_TEST (test_stop_after_the_end)
{
  GstElement *producer =
      make_pipeline ("fakesrc num-buffers=5 sizetype=fixed sizemax=4096 "
                     "! zerobuffersink buffer-name=%s wait-for-reader=false");
  GstBus *bus = gst_element_get_bus (producer);
  GstMessage *message;

  play (producer);
  message = gst_bus_timed_pop_filtered (
      bus, TEN_SECONDS, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  set_null (producer);
  assert_no_errors (producer);
  gst_object_unref (bus);
  gst_object_unref (producer);
}
GST_END_TEST;

/* A ring of a few buffers: the producer waits for the consumer, again and again. */
GST_START_TEST (test_small_ring)
{
  GstElement *producer = make_pipeline (
      "fakesrc sizetype=fixed sizemax=200 ! zerobuffersink name=sink "
      "buffer-name=%s");
  GstElement *consumer =
      make_pipeline ("zerobuffersrc name=src buffer-name=%s payload-size=4096 "
                     "max-payload-size=0 is-live=true ! fakesink async=false");
  GstElement *sink = gst_bin_get_by_name (GST_BIN (producer), "sink");

  play (producer);
  play (consumer);
  wait_until_it_plays (consumer);
  wait_for_frames (consumer, 1000);
  fail_unless (get_stat (sink, "waits") > 0);
  assert_no_errors (producer);
  assert_no_errors (consumer);
  set_null (producer);
  set_null (consumer);
  gst_object_unref (sink);
  gst_object_unref (producer);
  gst_object_unref (consumer);
}
GST_END_TEST;

static Suite *
transport_suite (void)
{
  Suite *suite = suite_create ("transport");
  TCase *tcase = tcase_create ("transport");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_bytes);
  tcase_add_test (tcase, test_caps_that_say_little);
  tcase_add_test (tcase, test_states);
  tcase_add_test (tcase, test_offered_memory);
  tcase_add_test (tcase, test_offered_memory_is_used_up);
  tcase_add_test (tcase, test_segments);
  tcase_add_test (tcase, test_custom_meta);
  tcase_add_test (tcase, test_large_meta);
  tcase_add_test (tcase, test_live_consumer);
  tcase_add_test (tcase, test_consumer_plays_again);
  tcase_add_test (tcase, test_stop_after_the_end);
  tcase_add_test (tcase, test_small_ring);
  return suite;
}

GST_CHECK_MAIN (transport);
