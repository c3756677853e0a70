/* SPDX-License-Identifier: MIT */
/* Both elements, as they speak protocol 1.1 with each other: media records. */
#include "common.h"

#include <gst/video/video.h>

#define CAPS "application/x-test"
#define FEATURES (ZB_FEATURES_DEFAULT | ZB_FEATURE_MEDIA | ZB_FEATURE_KEYUNIT)

static GstHarness *
play_src (const gchar *property, guint64 value)
{
  GstHarness *src = gst_harness_new ("zerobuffersrc");

  g_object_set (src->element, "buffer-name", name, NULL);
  if (property)
    g_object_set (src->element, property, value, NULL);
  gst_harness_play (src);
  return src;
}

static GstBuffer *
new_buffer (guint frame, GstBufferFlags flags)
{
  GstBuffer *buffer = new_bytes (1000, frame);

  GST_BUFFER_PTS (buffer) = frame * GST_SECOND;
  GST_BUFFER_FLAG_SET (buffer, flags);
  return buffer;
}

static void
push (GstHarness *sink, guint frame, GstBufferFlags flags)
{
  fail_unless_equals_int (
      gst_harness_push (sink, new_buffer (frame, flags)), GST_FLOW_OK);
}

static void
assert_pulled (GstHarness *src, guint frame, GstBufferFlags flags)
{
  GstBuffer *buffer = gst_harness_pull (src);

  fail_unless (buffer != NULL);
  assert_bytes (buffer, 1000, frame);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), frame * GST_SECOND);
  fail_unless_equals_int (
      GST_BUFFER_FLAGS (buffer) & 0xfff0 & ~GST_BUFFER_FLAG_TAG_MEMORY, flags);
  gst_buffer_unref (buffer);
}

/* As from every source: before the first buffer there was none. */
static void
assert_pulled_first (GstHarness *src, guint frame)
{
  assert_pulled (src, frame, GST_BUFFER_FLAG_DISCONT);
}

/* ---- coming and going ---- */

/* The next notice with this name, of this process, and with this cause. */
static void
assert_notice (GstBus *bus, const gchar *what, const gchar *cause)
{
  GstMessage *message =
      gst_bus_timed_pop_filtered (bus, TEN_SECONDS, GST_MESSAGE_ELEMENT);
  const GstStructure *fields;
  guint64 pid;

  fail_unless (message != NULL, "no message %s", what);
  fields = gst_message_get_structure (message);
  fail_unless_equals_string (gst_structure_get_name (fields), what);
  fail_unless_equals_string (
      gst_structure_get_string (fields, "buffer-name"), name);
  fail_unless (gst_structure_get_uint64 (fields, "pid", &pid));
  fail_unless_equals_uint64 (pid, getpid ());
  fail_unless_equals_string (gst_structure_get_string (fields, "cause"), cause);
  gst_message_unref (message);
}

static void
on_connected (
    GstElement *element, const gchar *buffer_name, guint64 pid, gpointer count)
{
  fail_unless_equals_string (buffer_name, name);
  fail_unless_equals_uint64 (pid, getpid ());
  g_atomic_int_inc ((gint *) count);
}

static void
on_disconnected (GstElement *element, const gchar *buffer_name, guint64 pid,
    const gchar *cause, gpointer count)
{
  fail_unless_equals_string (buffer_name, name);
  fail_unless (cause != NULL);
  g_atomic_int_inc ((gint *) count);
}

GST_START_TEST (test_notices)
{
  GstHarness *src = play_src ("reconnect", TRUE);
  GstHarness *sink = new_sink (CAPS);
  GstBus *src_bus = watch_bus (src->element);
  GstBus *sink_bus = watch_bus (sink->element);
  gint connected = 0, disconnected = 0;

  g_signal_connect (
      sink->element, "connected", G_CALLBACK (on_connected), &connected);
  g_signal_connect (
      src->element, "connected", G_CALLBACK (on_connected), &connected);
  g_signal_connect (sink->element, "disconnected", G_CALLBACK (on_disconnected),
      &disconnected);
  g_signal_connect (src->element, "disconnected", G_CALLBACK (on_disconnected),
      &disconnected);

  push (sink, 1, 0);
  assert_pulled_first (src, 1);
  assert_notice (sink_bus, "zerobuffer-connected", NULL);
  assert_notice (src_bus, "zerobuffer-connected", NULL);
  gst_element_set_state (sink->element, GST_STATE_NULL);
  assert_notice (sink_bus, "zerobuffer-disconnected", "stopped");
  assert_notice (src_bus, "zerobuffer-disconnected", "left");
  fail_unless_equals_int (connected, 2);
  fail_unless_equals_int (g_atomic_int_get (&disconnected), 2);

  free_bus (sink->element, sink_bus);
  gst_harness_teardown (sink);
  sink = new_sink (CAPS);
  sink_bus = watch_bus (sink->element);
  push (sink, 2, 0);
  assert_pulled (src, 2, GST_BUFFER_FLAG_DISCONT);
  assert_notice (src_bus, "zerobuffer-connected", NULL);
  gst_harness_push_event (sink, gst_event_new_eos ());
  gst_element_set_state (sink->element, GST_STATE_NULL);
  assert_notice (src_bus, "zerobuffer-disconnected", "end-of-stream");

  free_bus (src->element, src_bus);
  free_bus (sink->element, sink_bus);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Before it has sent anything, the sink asks for a ring that is large enough. */
GST_START_TEST (test_notices_when_the_ring_grows_first)
{
  GstHarness *src = play_src ("payload-size", G_GUINT64_CONSTANT (1024));
  GstHarness *sink = new_sink (CAPS);
  GstBus *src_bus = watch_bus (src->element);
  GstStructure *stats;
  guint64 sessions, ring_size;

  push (sink, 1, 0);
  assert_pulled_first (src, 1);
  assert_notice (src_bus, "zerobuffer-connected", NULL);
  g_object_get (src->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get (stats, "sessions", G_TYPE_UINT64, &sessions,
      "ring-size", G_TYPE_UINT64, &ring_size, NULL));
  fail_unless_equals_uint64 (sessions, 1);
  fail_unless (ring_size > 1024);
  gst_structure_free (stats);
  free_bus (src->element, src_bus);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

static GstEvent *
find_upstream_event (GstHarness *sink, GstEventType type)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_upstream_event (sink))) {
    if (GST_EVENT_TYPE (event) == type)
      return event;
    gst_event_unref (event);
  }
  return NULL;
}

static gboolean
was_asked_for_key_unit (GstHarness *sink)
{
  GstEvent *event = find_upstream_event (sink, GST_EVENT_CUSTOM_UPSTREAM);
  gboolean asked = event && gst_video_event_is_force_key_unit (event);

  gst_clear_event (&event);
  return asked;
}

GST_START_TEST (test_key_unit_requests_go_upstream)
{
  GstHarness *src = play_src (NULL, 0);
  GstHarness *sink = new_sink (CAPS);

  push (sink, 1, 0);
  assert_pulled_first (src, 1);
  fail_if (was_asked_for_key_unit (sink));
  fail_unless (gst_harness_push_upstream_event (
      src, gst_video_event_new_upstream_force_key_unit (
               GST_CLOCK_TIME_NONE, FALSE, 1)));
  push (sink, 2, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless (was_asked_for_key_unit (sink));
  push (sink, 3, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_if (was_asked_for_key_unit (sink));
  assert_pulled (src, 2, GST_BUFFER_FLAG_DELTA_UNIT);
  assert_pulled (src, 3, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* Without a reader all goes by; the next one starts with a key unit. */
GST_START_TEST (test_reader_joins_in_mid_stream)
{
  GstHarness *sink = new_sink (CAPS);
  GstHarness *src;
  GstCaps *caps;

  g_object_set (sink->element, "wait-for-reader", FALSE, NULL);
  push (sink, 1, 0);
  push (sink, 2, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_harness_push_event (sink,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "still on", NULL)));

  src = play_src (NULL, 0);
  push (sink, 3, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless (was_asked_for_key_unit (sink));
  push (sink, 4, GST_BUFFER_FLAG_HEADER);
  push (sink, 5, GST_BUFFER_FLAG_DELTA_UNIT);
  assert_pulled (src, 4, GST_BUFFER_FLAG_HEADER | GST_BUFFER_FLAG_DISCONT);
  assert_pulled (src, 5, GST_BUFFER_FLAG_DELTA_UNIT);
  fail_unless_equals_uint64 (get_stat (sink->element, "dropped"), 3);

  caps = gst_pad_get_current_caps (src->sinkpad);
  fail_unless (caps != NULL);
  gst_caps_unref (caps);
  {
    GstEvent *tags = gst_pad_get_sticky_event (src->sinkpad, GST_EVENT_TAG, 0);
    fail_unless (tags != NULL);
    gst_event_unref (tags);
  }
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

static gboolean
saw_eos (GstHarness *src)
{
  GstEvent *event;

  while ((event = gst_harness_pull_event (src))) {
    gboolean found = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
    if (found)
      return TRUE;
  }
  return FALSE;
}

GST_START_TEST (test_end_of_stream)
{
  GstHarness *src = play_src (NULL, 0);
  GstHarness *sink = new_sink (CAPS);

  push (sink, 1, 0);
  gst_harness_push_event (sink, gst_event_new_eos ());
  fail_unless (saw_eos (src));
  assert_pulled_first (src, 1);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- size ---- */

GST_START_TEST (test_ring_grows)
{
  GstHarness *src = play_src ("payload-size", 4096);
  GstHarness *sink = new_sink (CAPS);
  GstBuffer *buffer;

  push (sink, 1, 0);
  gst_harness_push (sink, new_bytes (100000, 2));
  gst_harness_push (sink, new_bytes (100000, 3));
  assert_pulled_first (src, 1);
  for (guint i = 2; i <= 3; i++) {
    buffer = gst_harness_pull (src);
    assert_bytes (buffer, 100000, i);
    fail_if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
    gst_buffer_unref (buffer);
  }
  fail_unless (get_stat (src->element, "ring-size") >= 3 * 100000);
  fail_unless_equals_uint64 (get_stat (src->element, "sessions"), 1);
  fail_unless_equals_int (gst_harness_events_received (src), 3);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

GST_START_TEST (test_ring_grows_up_to_the_limit)
{
  GstHarness *src = play_src ("max-payload-size", 17 * 1024 * 1024);
  GstHarness *sink = new_sink (CAPS);
  GstBus *bus = watch_bus (sink->element);
  GstMessage *message;
  GstBuffer *buffer;

  gst_harness_push (sink, new_bytes (16800000, 1));
  buffer = gst_harness_pull (src);
  assert_bytes (buffer, 16800000, 1);
  gst_buffer_unref (buffer);
  fail_unless_equals_uint64 (
      get_stat (src->element, "ring-size"), 17 * 1024 * 1024);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message == NULL);

  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (20000000, 2)), GST_FLOW_ERROR);
  assert_error (bus, "max-payload-size");
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- layout ---- */

#define PICTURE "video/x-raw,format=GRAY8,width=8,height=4,framerate=30/1"

/* Rows of 8 bytes, 100 apart. */
static GstBuffer *
new_strided_picture (void)
{
  gsize offset[GST_VIDEO_MAX_PLANES] = { 50 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 100 };
  GstBuffer *buffer = new_bytes (500, 1);

  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_GRAY8, 8, 4, 1, offset, stride);
  GST_BUFFER_PTS (buffer) = 5;
  return buffer;
}

static void
check_layout (gboolean understood)
{
  GstHarness *src = play_src (NULL, 0);
  GstHarness *sink = new_sink (PICTURE);
  GstBuffer *sent = new_strided_picture ();
  GstBuffer *buffer;
  guint8 row[8], expected[8];

  if (understood)
    gst_harness_add_propose_allocation_meta (
        src, GST_VIDEO_META_API_TYPE, NULL);
  gst_harness_push (sink, gst_buffer_ref (sent));
  buffer = gst_harness_pull (src);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 5);
  fail_unless_equals_int (
      gst_buffer_get_video_meta (buffer) != NULL, understood);
  fail_unless_equals_uint64 (
      gst_buffer_get_size (buffer), understood ? 500 : 32);
  for (guint i = 0; i < 4; i++) {
    gst_buffer_extract (sent, 50 + i * 100, expected, 8);
    gst_buffer_extract (buffer, understood ? 50 + i * 100 : i * 8, row, 8);
    fail_unless (memcmp (row, expected, 8) == 0);
  }
  fail_unless_equals_uint64 (get_stat (src->element, "copies"), !understood);
  gst_buffer_unref (buffer);
  gst_buffer_unref (sent);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}

/* Laid out anew only for who does not understand it. */
GST_START_TEST (test_strides)
{
  check_layout (FALSE);
  check_layout (TRUE);
}
GST_END_TEST;

/* ---- latency ---- */

static void
assert_latency (
    GstElement *element, gboolean live, GstClockTime min, GstClockTime max)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime found_min, found_max;
  gboolean found_live;

  fail_unless (gst_element_query (element, query));
  gst_query_parse_latency (query, &found_live, &found_min, &found_max);
  gst_query_unref (query);
  fail_unless_equals_int (found_live, live);
  fail_unless_equals_uint64 (found_min, min);
  fail_unless_equals_uint64 (found_max, max);
}

GST_START_TEST (test_latency)
{
  GstHarness *src = play_src (NULL, 0);
  GstHarness *sink = new_sink (CAPS);
  GstBus *bus = watch_bus (src->element);

  gst_harness_set_upstream_latency (sink, 40 * GST_MSECOND);
  /* What the producer's own pipeline is told. */
  assert_latency (sink->element, FALSE, 40 * GST_MSECOND, GST_CLOCK_TIME_NONE);
  push (sink, 1, 0);
  assert_pulled_first (src, 1);
  assert_latency (src->element, TRUE, 41 * GST_MSECOND, GST_CLOCK_TIME_NONE);
  fail_unless (gst_bus_have_pending (bus));
  free_bus (src->element, bus);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

/* ---- records that a peer has damaged ---- */

typedef struct {
  GstHarness *src;
  ZbWriter *writer;
  GstBus *bus;
} Peer;

static Peer
start_peer (void)
{
  Peer self = { .src = play_src (NULL, 0) };

  self.bus = watch_bus (self.src->element);
  features = FEATURES;
  self.writer = new_writer ();
  assert_ok (zb_writer_connect (self.writer, TEN_SECONDS, &error));
  return self;
}

static void
end_peer (Peer *self)
{
  zb_writer_free (self->writer);
  free_bus (self->src->element, self->bus);
  gst_harness_teardown (self->src);
}

/* A record as docs/protocol.md has it, of 176 bytes in all. */
static void
write_record (Peer *self, guint16 kind, guint64 data_size, guint32 extra_size,
    const void *bytes, gsize size)
{
  guint8 record[176] = { 0 };

  GST_WRITE_UINT16_LE (record, kind);
  GST_WRITE_UINT64_LE (record + 8, data_size);
  GST_WRITE_UINT64_LE (record + 16, 5 * GST_SECOND);
  GST_WRITE_UINT64_LE (record + 24, GST_CLOCK_TIME_NONE);
  GST_WRITE_UINT64_LE (record + 32, GST_CLOCK_TIME_NONE);
  GST_WRITE_UINT32_LE (record + 40, extra_size);
  if (size > 0)
    memcpy (record + 48, bytes, size);
  assert_ok (zb_writer_write (self->writer, record, sizeof record, 0, &error));
}

static void
check_corrupt (guint16 kind, guint64 data_size, guint32 extra_size,
    const void *bytes, gsize size)
{
  Peer peer = start_peer ();

  write_record (&peer, kind, data_size, extra_size, bytes, size);
  assert_error (peer.bus, "is corrupt");
  end_peer (&peer);
}

GST_START_TEST (test_corrupt_records)
{
  static const guint8 extra[128] = { 1, 0, 0, 0, 200 };
  static const guint8 offsets[128] = { 1, 0, 0, 0, 8 };
  static const guint64 times[] = { G_MAXINT64, 0, 0 };
  static const guint8 text[128] = { 3, 0, 0, 0, 4, 0, 0, 0, 'x', 'y', 'z',
    'w' };

  check_corrupt (1, 129, 0, NULL, 0);
  check_corrupt (1, G_MAXUINT64, 0, NULL, 0);
  check_corrupt (1, 100, 29, NULL, 0);
  check_corrupt (1, 0, G_MAXUINT32, NULL, 0);
  check_corrupt (2, 129, 0, NULL, 0);
  check_corrupt (3, 16, 0, NULL, 0);
  check_corrupt (3, 24, 0, times, sizeof times);
  check_corrupt (1, 0, 128, extra, 128);  /* larger than what is there */
  check_corrupt (1, 0, 16, offsets, 128); /* too short for its kind */
  check_corrupt (1, 0, 12, text, 128);    /* a text without an end */
  check_corrupt (1, 0, 7, extra, 128);    /* not even a header */
}
GST_END_TEST;

/* It may be gone before it is seen, and be back, more than once. */
GST_START_TEST (test_notices_of_a_writer_that_grows_at_once)
{
  for (guint round = 0; round < 20; round++) {
    Peer peer = start_peer ();

    for (guint64 mb = 17; mb <= 18; mb++) {
      write_record (&peer, 99, 0, 0, NULL, 0);
      assert_ok (zb_writer_grow (peer.writer, mb << 20, &error));
      assert_ok (zb_writer_connect (peer.writer, TEN_SECONDS, &error));
    }
    write_record (&peer, 1, 100, 0, NULL, 0);
    gst_buffer_unref (gst_harness_pull (peer.src));
    assert_notice (peer.bus, "zerobuffer-connected", NULL);
    end_peer (&peer);
  }
}
GST_END_TEST;

/* What is not known is left out; the stream goes on. */
GST_START_TEST (test_unknown_records)
{
  static const guint8 unknown[128] = { 99, 0, 0, 0, 120 };
  guint8 event[128] = { 0 };
  Peer peer = start_peer ();
  GstBuffer *buffer;

  write_record (&peer, 77, 128, 0, NULL, 0);
  write_record (&peer, 2, 128, 0, event, 128);
  GST_WRITE_UINT32_LE (event, GST_EVENT_CAPS);
  write_record (&peer, 2, 128, 0, event, 128);
  memcpy (event + 8, "x, caps=(string)1;", 19);
  write_record (&peer, 2, 128, 0, event, 128);
  write_record (&peer, 1, 0, 128, unknown, 128);
  buffer = gst_harness_pull (peer.src);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 5 * GST_SECOND);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), 0);
  gst_buffer_unref (buffer);
  fail_unless (gst_bus_pop_filtered (peer.bus, GST_MESSAGE_ERROR) == NULL);
  end_peer (&peer);
}
GST_END_TEST;

/* A GstVideoMeta whose planes lie beyond the data is no way out of the ring. */
static void
check_video_meta (guint32 format, guint32 width, guint32 height, guint64 offset,
    gint32 stride, gboolean fits)
{
  guint8 bytes[128] = { 0 };
  guint8 *extra = bytes + 64;
  Peer peer = start_peer ();
  GstBuffer *buffer;

  GST_WRITE_UINT32_LE (extra, 2);
  GST_WRITE_UINT32_LE (extra + 4, 56);
  GST_WRITE_UINT32_LE (extra + 12, format);
  GST_WRITE_UINT32_LE (extra + 20, width);
  GST_WRITE_UINT32_LE (extra + 24, height);
  GST_WRITE_UINT32_LE (extra + 44, 1);
  GST_WRITE_UINT64_LE (extra + 48, offset);
  GST_WRITE_UINT32_LE (extra + 56, stride);
  write_record (&peer, 1, 64, 64, bytes, sizeof bytes);
  buffer = gst_harness_pull (peer.src);
  fail_unless_equals_int (gst_buffer_get_video_meta (buffer) != NULL, fits);
  gst_buffer_unref (buffer);
  end_peer (&peer);
}

GST_START_TEST (test_video_metas_beyond_the_data)
{
  const guint32 gray = GST_VIDEO_FORMAT_GRAY8;

  check_video_meta (gray, 8, 8, 0, 8, TRUE);
  check_video_meta (gray, 4, 8, 4, 8, TRUE);
  check_video_meta (gray, 8, 8, 56, -8, TRUE);
  check_video_meta (gray, 8, 9, 0, 8, FALSE);
  check_video_meta (gray, 9, 8, 0, 8, FALSE);
  check_video_meta (gray, 8, 8, 1, 8, FALSE);
  check_video_meta (gray, 8, 8, 55, -8, FALSE);
  check_video_meta (gray, 8, 8, G_MAXUINT64, 8, FALSE);
  check_video_meta (gray, 8, 8, 0, G_MAXINT32, FALSE);
  check_video_meta (gray, 8, 8, 0, G_MININT32, FALSE);
  check_video_meta (gray, G_MAXUINT32, 8, 0, 8, FALSE);
  check_video_meta (gray, 8, G_MAXUINT32, 0, 8, FALSE);
  check_video_meta (G_MAXUINT32, 8, 8, 0, 8, FALSE);
  check_video_meta (GST_VIDEO_FORMAT_I420, 8, 8, 0, 8, FALSE);
}
GST_END_TEST;

/* ---- caps ---- */

GST_START_TEST (test_caps_larger_than_the_metadata)
{
  GstHarness *src = play_src ("metadata-size", G_GUINT64_CONSTANT (256));
  gchar *header = g_strnfill (10000, 'x');
  gchar *text = g_strdup_printf (CAPS ",header=%s", header);
  GstHarness *sink = new_sink (text);
  GstCaps *sent = gst_caps_from_string (text), *received;

  push (sink, 1, 0);
  assert_pulled_first (src, 1);
  received = gst_pad_get_current_caps (src->sinkpad);
  fail_unless (gst_caps_is_equal (received, sent));
  gst_caps_unref (received);
  gst_caps_unref (sent);
  g_free (text);
  g_free (header);
  gst_harness_teardown (sink);
  gst_harness_teardown (src);
}
GST_END_TEST;

static Suite *
media_suite (void)
{
  Suite *suite = suite_create ("media");
  TCase *tcase = tcase_create ("media");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_notices);
  tcase_add_test (tcase, test_notices_when_the_ring_grows_first);
  tcase_add_test (tcase, test_key_unit_requests_go_upstream);
  tcase_add_test (tcase, test_reader_joins_in_mid_stream);
  tcase_add_test (tcase, test_end_of_stream);
  tcase_add_test (tcase, test_ring_grows);
  tcase_add_test (tcase, test_ring_grows_up_to_the_limit);
  tcase_add_test (tcase, test_strides);
  tcase_add_test (tcase, test_latency);
  tcase_add_test (tcase, test_caps_larger_than_the_metadata);
  tcase_add_test (tcase, test_corrupt_records);
  tcase_add_test (tcase, test_notices_of_a_writer_that_grows_at_once);
  tcase_add_test (tcase, test_unknown_records);
  tcase_add_test (tcase, test_video_metas_beyond_the_data);
  return suite;
}

GST_CHECK_MAIN (media);
