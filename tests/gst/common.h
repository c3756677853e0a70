/* SPDX-License-Identifier: MIT */
/* What the tests of the elements share: the library itself, by its public API,
 * as the other end. */
#ifndef COMMON_H
#define COMMON_H

#include <gst/check/gstharness.h>

#include "../check-support.h"

#define TEN_SECONDS (10 * GST_SECOND)

static inline ZbReader *
new_reader (guint64 payload_size)
{
  ZbReaderConfig config = { payload_size, 4096, .mode = 0600 };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  return reader;
}

/* A writer that has said what @caps it sends. */
static inline void
connect_writer (ZbWriter *writer, const gchar *caps)
{
  assert_ok (zb_writer_connect (writer, TEN_SECONDS, &error));
  if (caps) {
    gchar *json = g_strdup_printf ("{\"type\":\"test\",\"caps\":\"%s\"}", caps);
    assert_ok (zb_writer_set_metadata (writer, json, strlen (json), &error));
    g_free (json);
  }
}

static inline ZbWriter *
new_connected_writer (const gchar *caps)
{
  ZbWriter *writer = new_writer ();

  connect_writer (writer, caps);
  return writer;
}

static inline ZbFrame *
read_frame (ZbReader *reader, gsize size)
{
  ZbFrame *frame;

  assert_ok (zb_reader_read (reader, TEN_SECONDS, &frame, &error));
  fail_unless_equals_uint64 (zb_frame_get_size (frame), size);
  return frame;
}

/* Bytes that tell frames apart. */
static inline void
fill_bytes (guint8 *data, gsize size, guint frame)
{
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (frame * 31 + i * 7 + (i >> 8));
}

static inline gboolean
has_bytes (const guint8 *data, gsize size, guint frame)
{
  for (gsize i = 0; i < size; i++)
    if (data[i] != (guint8) (frame * 31 + i * 7 + (i >> 8)))
      return FALSE;
  return TRUE;
}

static inline ZbResult
write_bytes (ZbWriter *writer, gsize size, guint frame, gint64 timeout)
{
  void *data;
  ZbResult result = zb_writer_reserve (writer, size, timeout, &data, &error);

  if (result == ZB_OK) {
    fill_bytes (data, size, frame);
    zb_writer_publish (writer);
  }
  return result;
}

static inline GstBuffer *
new_bytes (gsize size, guint frame)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  fill_bytes (map.data, size, frame);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

static inline void
assert_bytes (GstBuffer *buffer, gsize size, guint frame)
{
  GstMapInfo map;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  fail_unless_equals_uint64 (map.size, size);
  fail_unless (has_bytes (map.data, map.size, frame));
  gst_buffer_unmap (buffer, &map);
}

static inline guint64
get_stat (GstElement *element, const gchar *field)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, field, &value), "no %s", field);
  gst_structure_free (stats);
  return value;
}

static inline GstBus *
watch_bus (GstElement *element)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  return bus;
}

/* The error that was posted has @text in what the user sees. */
static inline void
assert_message (GstBus *bus, GstMessageType type, const gchar *text)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, TEN_SECONDS, type);
  GError *problem = NULL;

  fail_unless (message != NULL, "no message with \"%s\"", text);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, NULL);
  else
    gst_message_parse_warning (message, &problem, NULL);
  fail_unless (strstr (problem->message, text), "\"%s\" is not in: %s", text,
      problem->message);
  g_error_free (problem);
  gst_message_unref (message);
}

#define assert_error(bus, text) assert_message (bus, GST_MESSAGE_ERROR, text)

static inline void
free_bus (GstElement *element, GstBus *bus)
{
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
}

static inline GstHarness *
new_sink (const gchar *caps)
{
  GstElement *element = gst_element_factory_make ("zerobuffersink", NULL);
  GstHarness *sink;

  /* The harness plays at once, without a buffer to preroll with. */
  g_object_set (element, "buffer-name", name, "async", FALSE, NULL);
  sink = gst_harness_new_with_element (element, "sink", NULL);
  gst_object_unref (element);
  if (caps)
    gst_harness_set_src_caps_str (sink, caps);
  return sink;
}

#endif
