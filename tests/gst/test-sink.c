/* SPDX-License-Identifier: MIT */
/* zerobuffersink, with a reader of the library at the other end. */
#include <gst/base/gstbasesink.h>

#include "common.h"

#include <gst/audio/audio.h>
#include <gst/video/video.h>

#define BYTES "application/x-test"

/* ---- what is on the wire ---- */

GST_START_TEST (test_frames_and_metadata)
{
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink =
      new_sink ("video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  const void *metadata;
  size_t size;
  gchar *json;

  for (guint i = 0; i < 5; i++)
    fail_unless_equals_int (
        gst_harness_push (sink, new_bytes (64 * 48 * 3, i)), GST_FLOW_OK);
  for (guint i = 0; i < 5; i++) {
    ZbFrame *frame = read_frame (reader, 64 * 48 * 3);
    fail_unless (has_bytes (zb_frame_get_data (frame), 64 * 48 * 3, i));
    zb_frame_release (frame);
  }

  assert_ok (zb_reader_get_metadata (reader, &metadata, &size, &error));
  json = g_strndup (metadata, size);
  fail_unless (g_utf8_validate (json, -1, NULL));
  fail_unless (g_str_has_prefix (json, "{") && g_str_has_suffix (json, "}"));
  fail_unless (strstr (json, "\"type\":\"zerobuffersink\""), "%s", json);
  fail_unless (strstr (json, "\"version\":\"GStreamer 1."), "%s", json);
  fail_unless (strstr (json, "\"caps\":\"video/x-raw, format=(string)RGB, "
                             "width=(int)64, height=(int)48"),
      "%s", json);
  fail_unless (strstr (json, "\"element_name\":\"zerobuffersink"), "%s", json);
  g_free (json);
  fail_unless_equals_uint64 (get_stat (sink->element, "frames"), 5);
  fail_unless_equals_uint64 (get_stat (sink->element, "bytes"), 5 * 9216);
  fail_unless_equals_uint64 (get_stat (sink->element, "sessions"), 1);
  fail_unless_equals_uint64 (get_stat (sink->element, "peer-pid"), getpid ());
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_buffer_of_many_memories)
{
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink = new_sink (BYTES);
  GstBuffer *whole = new_bytes (10000, 7);
  GstBuffer *buffer = gst_buffer_new ();
  ZbFrame *frame;

  for (gsize at = 0; at < 10000; at += 1000) {
    GstBuffer *part =
        gst_buffer_copy_region (whole, GST_BUFFER_COPY_ALL, at, 1000);
    buffer = gst_buffer_append (buffer, part);
  }
  fail_unless (gst_buffer_n_memory (buffer) > 1);
  gst_harness_push (sink, buffer);
  gst_harness_push (sink, new_bytes (10, 8));
  frame = read_frame (reader, 10000);
  fail_unless (has_bytes (zb_frame_get_data (frame), 10000, 7));
  zb_frame_release (frame);
  zb_frame_release (read_frame (reader, 10));
  gst_buffer_unref (whole);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_empty_buffers_are_no_frames)
{
  ZbReader *reader = new_reader (1024);
  GstHarness *sink = new_sink (BYTES);

  gst_harness_push (sink, gst_buffer_new ());
  gst_harness_push (sink, new_bytes (10, 1));
  zb_frame_release (read_frame (reader, 10));
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- pictures ---- */

static guint8
get_pixel (guint plane, guint row, guint column)
{
  return (guint8) (plane * 101 + row * 13 + column * 3);
}

/* A picture in which each byte tells its plane, row and column, with strides
 * of its own if @padding is not 0. */
static GstBuffer *
new_picture (const GstVideoInfo *info, const gint *rows, guint padding)
{
  GstVideoInfo layout = *info;
  GstVideoFrame frame;
  GstBuffer *buffer;

  if (padding) {
    gsize offset = padding;
    for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (info); p++) {
      layout.offset[p] = offset;
      layout.stride[p] += padding;
      offset += (gsize) layout.stride[p] * (rows[p] + padding);
    }
    layout.size = offset;
  }
  buffer = gst_buffer_new_allocate (NULL, layout.size, NULL);
  gst_buffer_memset (buffer, 0, 0xee, layout.size);
  if (padding)
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_INFO_FORMAT (info), GST_VIDEO_INFO_WIDTH (info),
        GST_VIDEO_INFO_HEIGHT (info), GST_VIDEO_INFO_N_PLANES (info),
        layout.offset, layout.stride);

  fail_unless (gst_video_frame_map (&frame, &layout, buffer, GST_MAP_WRITE));
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (info); p++) {
    guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (&frame, p);
    gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (&frame, p);
    for (gint row = 0; row < rows[p]; row++)
      for (gint column = 0; column < info->stride[p]; column++)
        data[row * stride + column] = get_pixel (p, row, column);
  }
  gst_video_frame_unmap (&frame);
  return buffer;
}

typedef struct {
  const gchar *format;
  gint width, height;
  gint row_bytes[4]; /* 0 behind the last plane */
  gint rows[4];
} Picture;

static const Picture pictures[] = {
  { "RGB", 640, 8, { 1920 }, { 8 } },
  { "RGB", 638, 7, { 1914 }, { 7 } },
  { "RGB", 1, 1, { 3 }, { 1 } },
  { "RGBA", 33, 5, { 132 }, { 5 } },
  { "GRAY8", 33, 5, { 33 }, { 5 } },
  { "GRAY16_LE", 33, 5, { 66 }, { 5 } },
  { "I420", 33, 5, { 33, 17, 17 }, { 5, 3, 3 } },
  { "YV12", 33, 5, { 33, 17, 17 }, { 5, 3, 3 } },
  { "NV12", 33, 5, { 33, 34 }, { 5, 3 } },
  { "Y42B", 33, 5, { 33, 17, 17 }, { 5, 5, 5 } },
  { "Y444", 33, 5, { 33, 33, 33 }, { 5, 5, 5 } },
  { "YUY2", 33, 5, { 68 }, { 5 } },
  { "UYVY", 34, 5, { 68 }, { 5 } },
  { "I420_10LE", 33, 5, { 66, 34, 34 }, { 5, 3, 3 } },
  { "P010_10LE", 33, 5, { 66, 68 }, { 5, 3 } },
  { "A420", 33, 5, { 33, 17, 17, 33 }, { 5, 3, 3, 5 } },
};

static void
check_picture (const Picture *picture, guint padding)
{
  gchar *caps = g_strdup_printf (
      "video/x-raw,format=%s,width=%d,height=%d,framerate=30/1",
      picture->format, picture->width, picture->height);
  GstCaps *parsed = gst_caps_from_string (caps);
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink = new_sink (caps);
  const guint8 *data;
  GstVideoInfo info;
  ZbFrame *frame;
  gsize size = 0;

  fail_unless (gst_video_info_from_caps (&info, parsed));
  for (guint p = 0; p < 4; p++)
    size += picture->row_bytes[p] * picture->rows[p];

  fail_unless_equals_int (
      gst_harness_push (sink, new_picture (&info, picture->rows, padding)),
      GST_FLOW_OK);
  frame = read_frame (reader, size);
  data = zb_frame_get_data (frame);
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (&info); p++)
    for (gint row = 0; row < picture->rows[p]; row++)
      for (gint column = 0; column < picture->row_bytes[p]; column++)
        fail_unless (*data++ == get_pixel (p, row, column),
            "%s: plane %u, row %d, byte %d", caps, p, row, column);
  zb_frame_release (frame);

  gst_harness_teardown (sink);
  zb_reader_close (reader);
  gst_caps_unref (parsed);
  g_free (caps);
}

/* On the wire rows have no padding, whatever the buffer's strides are. */
GST_START_TEST (test_rows_are_packed)
{
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++) {
    check_picture (&pictures[i], 0);
    check_picture (&pictures[i], 8);
  }
}
GST_END_TEST;

GST_START_TEST (test_picture_that_is_too_small)
{
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink =
      new_sink ("video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  GstBus *bus = watch_bus (sink->element);

  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (100, 1)), GST_FLOW_ERROR);
  assert_error (bus, "A buffer of 100 bytes is not what its caps say");
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- sound ---- */

GST_START_TEST (test_planes_of_sound_follow_one_another)
{
  const gchar *caps = "audio/x-raw,format=S16LE,layout=non-interleaved,"
                      "rate=48000,channels=2,channel-mask=(bitmask)0x3";
  GstCaps *parsed = gst_caps_from_string (caps);
  gsize offsets[] = { 100, 1000 };
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink = new_sink (caps);
  GstBuffer *buffer = new_bytes (2000, 1);
  GstAudioInfo info;
  ZbFrame *frame;
  guint8 expected[2000];

  fill_bytes (expected, sizeof expected, 1);
  fail_unless (gst_audio_info_from_caps (&info, parsed));
  gst_buffer_add_audio_meta (buffer, &info, 200, offsets);
  gst_harness_push (sink, buffer);
  frame = read_frame (reader, 800);
  fail_unless (memcmp (zb_frame_get_data (frame), expected + 100, 400) == 0);
  fail_unless (memcmp ((const guint8 *) zb_frame_get_data (frame) + 400,
                   expected + 1000, 400) == 0);
  zb_frame_release (frame);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
  gst_caps_unref (parsed);
}
GST_END_TEST;

/* ---- errors ---- */

GST_START_TEST (test_caps_change_is_an_error)
{
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink = new_sink (BYTES ",size=1");
  GstBus *bus = watch_bus (sink->element);

  gst_harness_push (sink, new_bytes (10, 1));
  gst_harness_set_src_caps_str (sink, BYTES ",size=1"); /* the same */
  gst_harness_push (sink, new_bytes (10, 2));
  gst_harness_set_src_caps_str (sink, BYTES ",size=2");
  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (10, 3)), GST_FLOW_ERROR);
  assert_error (bus, "write-once");
  zb_frame_release (read_frame (reader, 10));
  zb_frame_release (read_frame (reader, 10));
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* The next reader is told the new caps. */
GST_START_TEST (test_caps_change_between_readers)
{
  ZbReader *reader = new_reader (1024 * 1024);
  GstHarness *sink = new_sink (BYTES ",size=1");
  const void *metadata;
  size_t size;

  gst_harness_push (sink, new_bytes (10, 1));
  zb_reader_close (reader);
  reader = new_reader (1024 * 1024);
  gst_harness_set_src_caps_str (sink, BYTES ",size=2");
  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (10, 2)), GST_FLOW_OK);
  zb_frame_release (read_frame (reader, 10));
  assert_ok (zb_reader_get_metadata (reader, &metadata, &size, &error));
  fail_unless (g_strstr_len (metadata, size, "size=(int)2"));
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_frame_that_is_too_large)
{
  ZbReader *reader = new_reader (1024);
  GstHarness *sink = new_sink (BYTES);
  GstBus *bus = watch_bus (sink->element);

  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (2000, 1)), GST_FLOW_ERROR);
  assert_error (bus, "at least 4096 bytes. With zerobuffersrc, set its "
                     "property payload-size");
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_ring_that_fills_up)
{
  static const guint levels[] = { 80, 95 };
  ZbReader *reader = new_reader (10 * 1024);
  GstHarness *sink = new_sink (BYTES);
  GstBus *bus = watch_bus (sink->element);

  /* 1024 bytes each, with the header. */
  for (guint i = 0; i < 10; i++)
    gst_harness_push (sink, new_bytes (1008, i));
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    const GstStructure *fields;
    GstMessage *message;
    guint64 used, size;
    guint level;

    do
      message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
    while (message && !gst_message_has_name (message, "zerobuffer-filling"));
    fail_unless (message != NULL);
    fields = gst_message_get_structure (message);
    fail_unless_equals_string (
        gst_structure_get_string (fields, "buffer-name"), name);
    fail_unless (
        gst_structure_get (fields, "level", G_TYPE_UINT, &level, "ring-used",
            G_TYPE_UINT64, &used, "ring-size", G_TYPE_UINT64, &size, NULL));
    fail_unless_equals_int (level, levels[i]);
    fail_unless_equals_uint64 (size, 10 * 1024);
    fail_unless (used * 100 >= level * size);
    gst_message_unref (message);
  }
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_metadata_that_is_too_large)
{
  ZbReader *reader = new_reader (1024);
  gchar *padding = g_strnfill (5000, 'x');
  gchar *caps = g_strconcat (BYTES ",padding=", padding, NULL);
  GstHarness *sink = new_sink (caps);
  GstBus *bus = watch_bus (sink->element);

  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (10, 1)), GST_FLOW_ERROR);
  assert_error (bus, "larger metadata size");
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
  g_free (caps);
  g_free (padding);
}
GST_END_TEST;

GST_START_TEST (test_buffer_in_use)
{
  ZbReader *reader = new_reader (1024);
  ZbWriter *writer = new_connected_writer (NULL);
  GstHarness *sink = new_sink (BYTES);
  GstBus *bus = watch_bus (sink->element);

  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (10, 1)), GST_FLOW_ERROR);
  assert_error (bus, "in use by process");
  free_bus (sink->element, bus);
  gst_harness_teardown (sink);
  zb_writer_free (writer);
  zb_reader_close (reader);
}
GST_END_TEST;

static gboolean
accepts (GstHarness *sink, const gchar *text)
{
  GstCaps *caps = gst_caps_from_string (text);
  gboolean accepted = gst_pad_peer_query_accept_caps (sink->srcpad, caps);

  gst_caps_unref (caps);
  return accepted;
}

static void
assert_offered (GstHarness *sink, const gchar *filter, const gchar *expected)
{
  GstCaps *asked = gst_caps_from_string (filter);
  GstCaps *offered = gst_pad_peer_query_caps (sink->srcpad, asked);
  GstCaps *wanted = gst_caps_from_string (expected);

  fail_unless (gst_caps_is_strictly_equal (offered, wanted), "%" GST_PTR_FORMAT,
      offered);
  gst_caps_unref (asked);
  gst_caps_unref (offered);
  gst_caps_unref (wanted);
}

/* Only what can be sent is offered, so that elements before the sink bring the rest
 * to ordinary memory. */
GST_START_TEST (test_foreign_features)
{
  GstHarness *sink = new_sink (NULL);

  fail_unless (accepts (sink, "video/x-raw,format=RGBA"));
  fail_unless (accepts (sink, "video/x-raw(memory:SystemMemory),format=RGBA"));
  fail_unless (accepts (sink, "video/x-raw(format:Interlaced),format=RGBA"));
  fail_unless (accepts (sink, "x/y"));
  fail_if (accepts (sink, "video/x-raw(memory:GLMemory),format=RGBA"));
  fail_if (accepts (sink, "video/x-raw(memory:DMABuf),format=DMA_DRM"));
  fail_if (accepts (sink, "video/x-raw(memory:SystemMemory, "
                          "meta:GstVideoOverlayComposition),format=RGBA"));
  assert_offered (sink,
      "video/x-raw(memory:GLMemory);video/x-raw(memory:DMABuf);video/x-raw;"
      "video/x-raw(meta:GstVideoOverlayComposition)",
      "video/x-raw");
  assert_offered (sink, "ANY", "ANY");
  assert_offered (sink, "video/x-raw(memory:GLMemory)", "EMPTY");
  gst_harness_push_event (sink, gst_event_new_stream_start ("test"));
  fail_if (gst_harness_push_event (
               sink, gst_event_new_caps (
                         gst_static_caps_get (&(GstStaticCaps) GST_STATIC_CAPS (
                             "video/x-raw(memory:GLMemory),format=RGBA,"
                             "width=4,height=4,framerate=30/1")))) &&
           gst_pad_has_current_caps (GST_BASE_SINK_PAD (sink->element)));
  gst_harness_teardown (sink);
}
GST_END_TEST;

static void
check_bad_name (const gchar *bad, const gchar *text)
{
  GstElement *sink = gst_element_factory_make ("zerobuffersink", NULL);
  GstBus *bus = watch_bus (sink);

  g_object_set (sink, "buffer-name", bad, NULL);
  fail_unless_equals_int (
      gst_element_set_state (sink, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  assert_error (bus, text);
  gst_element_set_state (sink, GST_STATE_NULL);
  free_bus (sink, bus);
  gst_object_unref (sink);
}

GST_START_TEST (test_bad_names)
{
  check_bad_name (NULL, "name is empty");
  check_bad_name ("", "name is empty");
  check_bad_name ("a/b", "must not contain");
}
GST_END_TEST;

GST_START_TEST (test_name_is_fixed_while_running)
{
  GstHarness *sink = new_sink (NULL);
  gchar *now;

  ASSERT_WARNING (g_object_set (sink->element, "buffer-name", "other", NULL));
  g_object_get (sink->element, "buffer-name", &now, NULL);
  fail_unless_equals_string (now, name);
  g_free (now);
  gst_harness_teardown (sink);
}
GST_END_TEST;

GST_START_TEST (test_defaults)
{
  GstElement *sink = gst_element_factory_make ("zerobuffersink", NULL);
  gboolean wait, sync, last_sample;

  g_object_get (sink, "wait-for-reader", &wait, "sync", &sync,
      "enable-last-sample", &last_sample, NULL);
  fail_unless (wait);
  fail_if (sync);
  fail_if (last_sample);
  fail_unless_equals_uint64 (get_stat (sink, "frames"), 0);
  gst_object_unref (sink);
}
GST_END_TEST;

/* ---- readers that come and go ---- */

GST_START_TEST (test_buffers_go_by_without_a_reader)
{
  GstHarness *sink = new_sink (BYTES);
  ZbReader *reader;
  ZbFrame *frame;

  g_object_set (sink->element, "wait-for-reader", FALSE, NULL);
  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (
        gst_harness_push (sink, new_bytes (10, i)), GST_FLOW_OK);
  fail_unless_equals_uint64 (get_stat (sink->element, "dropped"), 3);
  reader = new_reader (1024);
  gst_harness_push (sink, new_bytes (10, 3));
  frame = read_frame (reader, 10);
  fail_unless (has_bytes (zb_frame_get_data (frame), 10, 3));
  zb_frame_release (frame);
  zb_reader_close (reader);
  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (10, 4)), GST_FLOW_OK);
  fail_unless_equals_uint64 (get_stat (sink->element, "dropped"), 4);
  gst_harness_teardown (sink);
}
GST_END_TEST;

/* Also a reader of protocol 1.0 that joins gets nothing that it cannot decode. */
GST_START_TEST (test_nothing_before_a_key_unit)
{
  GstHarness *sink = new_sink (BYTES);
  ZbReader *reader;
  ZbFrame *frame;

  g_object_set (sink->element, "wait-for-reader", FALSE, NULL);
  gst_harness_push (sink, new_bytes (10, 1));
  reader = new_reader (1024);
  for (guint i = 2; i <= 5; i++) {
    GstBuffer *buffer = new_bytes (10, i);
    if (i != 4)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_harness_push (sink, buffer);
  }
  for (guint i = 4; i <= 5; i++) {
    frame = read_frame (reader, 10);
    fail_unless (has_bytes (zb_frame_get_data (frame), 10, i));
    zb_frame_release (frame);
  }
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

typedef struct {
  GstHarness *sink;
  guint first, count;
  GstFlowReturn flow;
} Push;

static gpointer
push_buffers (gpointer data)
{
  Push *push = data;

  push->flow = GST_FLOW_OK;
  for (guint i = 0; i < push->count && push->flow == GST_FLOW_OK; i++)
    push->flow =
        gst_harness_push (push->sink, new_bytes (100, push->first + i));
  return NULL;
}

/* Blocks until there is a reader, and again when it has gone: what the first
 * one did not read goes, all else arrives. */
GST_START_TEST (test_waits_for_readers)
{
  GstHarness *sink = new_sink (BYTES);
  Push push = { sink, 0, 60, GST_FLOW_OK };
  GThread *thread = g_thread_new ("push", push_buffers, &push);
  ZbReader *reader = new_reader (1024);
  guint next = 0;

  for (; next < 10; next++) {
    ZbFrame *frame = read_frame (reader, 100);
    fail_unless (has_bytes (zb_frame_get_data (frame), 100, next));
    zb_frame_release (frame);
  }
  zb_reader_close (reader);

  reader = new_reader (64 * 1024);
  g_thread_join (thread);
  fail_unless_equals_int (push.flow, GST_FLOW_OK);
  fail_unless_equals_uint64 (get_stat (sink->element, "sessions"), 2);
  for (guint lost = 0; next < 60; next++) {
    ZbFrame *frame = read_frame (reader, 100);
    while (!has_bytes (zb_frame_get_data (frame), 100, next + lost))
      fail_unless (++lost <= 1024 / 116);
    next += lost;
    lost = 0;
    zb_frame_release (frame);
  }
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

GST_START_TEST (test_end_of_stream)
{
  ZbReader *reader = new_reader (1024);
  GstHarness *sink = new_sink (BYTES);
  ZbFrame *frame;

  gst_harness_push (sink, new_bytes (10, 1));
  gst_harness_push (sink, new_bytes (10, 2));
  gst_harness_push_event (sink, gst_event_new_eos ());
  zb_frame_release (read_frame (reader, 10));
  zb_frame_release (read_frame (reader, 10));
  assert_result (
      zb_reader_read (reader, TEN_SECONDS, &frame, &error), ZB_PEER_LEFT);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

/* ---- interrupting ---- */

/* Until the sink waits: for a reader, or for room in its ring. */
static void
wait_until_blocked (GstHarness *sink, gboolean with_reader)
{
  while (with_reader && get_stat (sink->element, "waits") == 0)
    g_usleep (1000);
  if (!with_reader)
    g_usleep (20000); /* any time will do: it must end at any time */
}

static void
check_state_change_while_blocked (gboolean with_reader)
{
  ZbReader *reader = with_reader ? new_reader (1024) : NULL;
  GstHarness *sink = new_sink (BYTES);
  Push push = { sink, 0, 100, GST_FLOW_OK };
  GThread *thread = g_thread_new ("push", push_buffers, &push);

  wait_until_blocked (sink, with_reader);
  fail_unless_equals_int (gst_element_set_state (sink->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  g_thread_join (thread);
  fail_unless_equals_int (push.flow, GST_FLOW_FLUSHING);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}

GST_START_TEST (test_stop_while_waiting_for_a_reader)
{
  check_state_change_while_blocked (FALSE);
}
GST_END_TEST;

GST_START_TEST (test_stop_while_the_ring_is_full)
{
  check_state_change_while_blocked (TRUE);
}
GST_END_TEST;

static void
check_flush_while_blocked (gboolean with_reader)
{
  ZbReader *reader = with_reader ? new_reader (1024) : NULL;
  GstHarness *sink = new_sink (BYTES);
  Push push = { sink, 0, 100, GST_FLOW_OK };
  GThread *thread = g_thread_new ("push", push_buffers, &push);
  GstSegment segment;

  wait_until_blocked (sink, with_reader);
  gst_harness_push_event (sink, gst_event_new_flush_start ());
  g_thread_join (thread);
  fail_unless_equals_int (push.flow, GST_FLOW_FLUSHING);
  gst_harness_push_event (sink, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (sink, gst_event_new_segment (&segment));
  if (!reader)
    reader = new_reader (1024);
  for (guint i = 0; i < (with_reader ? 8 : 0); i++)
    zb_frame_release (read_frame (reader, 100));
  fail_unless_equals_int (
      gst_harness_push (sink, new_bytes (50, 1)), GST_FLOW_OK);
  zb_frame_release (read_frame (reader, 50));
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}

GST_START_TEST (test_flush_while_waiting_for_a_reader)
{
  check_flush_while_blocked (FALSE);
}
GST_END_TEST;

GST_START_TEST (test_flush_while_the_ring_is_full)
{
  check_flush_while_blocked (TRUE);
}
GST_END_TEST;

/* Pausing ends the wait; playing takes it up again, with the same buffer. */
GST_START_TEST (test_pause_while_the_ring_is_full)
{
  ZbReader *reader = new_reader (1024);
  GstHarness *sink = new_sink (BYTES);
  Push push = { sink, 0, 20, GST_FLOW_OK };
  GThread *thread = g_thread_new ("push", push_buffers, &push);

  wait_until_blocked (sink, TRUE);
  for (guint i = 0; i < 10; i++) {
    fail_unless (gst_element_set_state (sink->element, GST_STATE_PAUSED) !=
                 GST_STATE_CHANGE_FAILURE);
    fail_unless (gst_element_set_state (sink->element, GST_STATE_PLAYING) !=
                 GST_STATE_CHANGE_FAILURE);
  }
  for (guint i = 0; i < 20; i++) {
    ZbFrame *frame = read_frame (reader, 100);
    fail_unless (has_bytes (zb_frame_get_data (frame), 100, i));
    zb_frame_release (frame);
  }
  g_thread_join (thread);
  fail_unless_equals_int (push.flow, GST_FLOW_OK);
  gst_harness_teardown (sink);
  zb_reader_close (reader);
}
GST_END_TEST;

static Suite *
sink_suite (void)
{
  Suite *suite = suite_create ("sink");
  TCase *wire = tcase_create ("wire");
  TCase *errors = tcase_create ("errors");
  TCase *readers = tcase_create ("readers");

  suite_add_tcase (suite, wire);
  tcase_add_checked_fixture (wire, set_up, assert_nothing_left);
  tcase_add_test (wire, test_frames_and_metadata);
  tcase_add_test (wire, test_buffer_of_many_memories);
  tcase_add_test (wire, test_empty_buffers_are_no_frames);
  tcase_add_test (wire, test_rows_are_packed);
  tcase_add_test (wire, test_planes_of_sound_follow_one_another);

  suite_add_tcase (suite, errors);
  tcase_add_checked_fixture (errors, set_up, assert_nothing_left);
  tcase_add_test (errors, test_picture_that_is_too_small);
  tcase_add_test (errors, test_caps_change_is_an_error);
  tcase_add_test (errors, test_caps_change_between_readers);
  tcase_add_test (errors, test_frame_that_is_too_large);
  tcase_add_test (errors, test_metadata_that_is_too_large);
  tcase_add_test (errors, test_ring_that_fills_up);
  tcase_add_test (errors, test_buffer_in_use);
  tcase_add_test (errors, test_foreign_features);
  tcase_add_test (errors, test_bad_names);
  tcase_add_test (errors, test_name_is_fixed_while_running);
  tcase_add_test (errors, test_defaults);

  suite_add_tcase (suite, readers);
  tcase_add_checked_fixture (readers, set_up, assert_nothing_left);
  tcase_add_test (readers, test_buffers_go_by_without_a_reader);
  tcase_add_test (readers, test_nothing_before_a_key_unit);
  tcase_add_test (readers, test_waits_for_readers);
  tcase_add_test (readers, test_end_of_stream);
  tcase_add_test (readers, test_stop_while_waiting_for_a_reader);
  tcase_add_test (readers, test_stop_while_the_ring_is_full);
  tcase_add_test (readers, test_flush_while_waiting_for_a_reader);
  tcase_add_test (readers, test_flush_while_the_ring_is_full);
  tcase_add_test (readers, test_pause_while_the_ring_is_full);
  return suite;
}

GST_CHECK_MAIN (sink);
