/* SPDX-License-Identifier: MIT */
/* What the tests of the elements share: a buffer name for each test, and the
 * library itself, by its public API, as the other end. */
#ifndef COMMON_H
#define COMMON_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <string.h>
#include <unistd.h>

#include "zerobuffer.h"

#define TEN_SECONDS (10 * GST_SECOND)

static gchar name[64];
static ZbError error;

static inline void
set_up (void)
{
  static gint count;

  g_snprintf (name, sizeof name, "gst-%d-%d", getpid (), count++);
  memset (&error, 0, sizeof error);
}

static inline void
assert_nothing_left (void)
{
  const gchar *const formats[] = { "/dev/shm/%s", "/dev/shm/sem.sem-w-%s",
    "/dev/shm/sem.sem-r-%s", "/tmp/zerobuffer/%s.lock" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    gchar path[128];

    g_snprintf (path, sizeof path, formats[i], name);
    fail_if (access (path, F_OK) == 0, "%s is left", path);
  }
}

#define assert_result(call, expected)                                          \
  G_STMT_START                                                                 \
  {                                                                            \
    ZbResult result_ = (call);                                                 \
    fail_unless (result_ == (expected), "%s: %s instead of %s: %s", #call,     \
        zb_result_text (result_), zb_result_text (expected), error.message);   \
  }                                                                            \
  G_STMT_END
#define assert_ok(call) assert_result (call, ZB_OK)

static inline ZbReader *
new_reader (guint64 payload_size)
{
  ZbReaderConfig config = { payload_size, 4096, 0600 };
  ZbReader *reader;

  assert_ok (zb_reader_create (name, &config, &reader, &error));
  return reader;
}

static inline ZbWriter *
new_writer (void)
{
  ZbWriter *writer;

  assert_ok (zb_writer_new (name, &writer, &error));
  return writer;
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

#endif
