/* SPDX-License-Identifier: MIT */
/* A media record: a buffer with its extra records, an event, or a clock. */
#include "gst-target.h"
#include <gst/video/video.h>

#include "gstzerobufferclock.h"
#include "gstzerobufferevents.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermetas.h"
#include "script.h"

/* As those behind the src would. */
static void
use_video_meta (GstBuffer *buffer)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
      gst_video_format_to_string (meta->format), "width", G_TYPE_INT,
      meta->width, "height", G_TYPE_INT, meta->height, NULL);
  GstZeroBufferFormat format;
  GstBuffer *unpacked;

  gst_zero_buffer_format_set_caps (&format, caps);
  gst_zero_buffer_format_remove_wrong_metas (&format, buffer);
  /* Reads all of the picture. */
  if (gst_buffer_get_video_meta (buffer) && format.native.size < 1 << 20 &&
      (unpacked = gst_zero_buffer_format_unpack (&format, buffer)))
    gst_buffer_unref (unpacked);
  gst_caps_unref (caps);
}

static void
read_buffer (const GstZeroBufferRecord *record, const guint8 *payload)
{
  const guint8 *data = payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE;
  GstBuffer *buffer;
  GstByteReader extras;
  GByteArray *bytes;

  buffer = record->data_size > 0
               ? gst_buffer_new_memdup (data, record->data_size)
               : gst_buffer_new ();
  GST_BUFFER_FLAG_SET (buffer, record->flags & GST_ZERO_BUFFER_RECORD_FLAGS);
  gst_byte_reader_init (&extras, data + record->data_size, record->extra_size);
  if (gst_zero_buffer_metas_read (buffer, &extras)) {
    bytes = g_byte_array_new ();
    if (gst_buffer_get_video_meta (buffer))
      use_video_meta (buffer);
    gst_zero_buffer_metas_write (buffer, bytes);
    g_byte_array_unref (bytes);
  }
  gst_buffer_unref (buffer);
}

static void
read_event (GstByteReader *data)
{
  GstEvent *event = gst_zero_buffer_event_read (data);
  GByteArray *bytes;

  if (!event)
    return;
  must (gst_zero_buffer_event_is_carried (event));
  bytes = g_byte_array_new ();
  gst_zero_buffer_event_write (event, bytes);
  g_byte_array_unref (bytes);
  gst_event_unref (event);
}

int
LLVMFuzzerTestOneInput (const uint8_t *input, size_t size)
{
  guint8 *payload = malloc (MAX (size, 1)); /* whose end is known */
  GstZeroBufferRecord record;
  GstZeroBufferClock clock;
  GstByteReader data;

  target_init ();
  memcpy (payload, input, size);
  if (gst_zero_buffer_record_read (&record, payload, size)) {
    gst_byte_reader_init (
        &data, payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE, record.data_size);
    if (record.kind == GST_ZERO_BUFFER_RECORD_BUFFER)
      read_buffer (&record, payload);
    else if (record.kind == GST_ZERO_BUFFER_RECORD_EVENT)
      read_event (&data);
    else if (record.kind == GST_ZERO_BUFFER_RECORD_CLOCK)
      gst_zero_buffer_clock_read (&clock, record.flags, &data);
  }
  free (payload);
  return 0;
}
