/* SPDX-License-Identifier: MIT */
#include "gstzerobuffersender.h"

#include <string.h>

#include "gstzerobufferevents.h"
#include "gstzerobuffermetas.h"
#include "gstzerobufferrecord.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersender_debug);
#define GST_CAT_DEFAULT zerobuffersender_debug

/* A ring that holds fewer records than this as large as the largest so far is
 * to grow, and then to hold so many. */
#define RING_RECORDS_MIN 3
#define RING_RECORDS 4

/* Where upstream keeps more buffers than half of the ring has room for, it is to
 * be twice as large, up to this. */
#define RING_SIZE_MAX (G_GUINT64_CONSTANT (256) * 1024 * 1024)

void
gst_zero_buffer_sender_init (
    GstZeroBufferSender *sender, GstElement *element, GstZeroBufferWait wait)
{
  GST_DEBUG_CATEGORY_INIT (zerobuffersender_debug, "zerobuffersender", 0,
      "What a ZeroBuffer sink writes");
  memset (sender, 0, sizeof *sender);
  sender->element = element;
  sender->wait = wait;
  sender->bytes = g_byte_array_new ();
}

void
gst_zero_buffer_sender_deinit (GstZeroBufferSender *sender)
{
  g_byte_array_unref (sender->bytes);
}

void
gst_zero_buffer_sender_start (GstZeroBufferSender *sender, ZbWriter *writer)
{
  sender->writer = writer;
  sender->places = gst_zero_buffer_places_new (writer);
  sender->has_records = FALSE;
  sender->largest = 0;
  gst_zero_buffer_format_set_caps (&sender->format, NULL);
  GST_OBJECT_LOCK (sender->element);
  sender->copies = 0;
  GST_OBJECT_UNLOCK (sender->element);
}

void
gst_zero_buffer_sender_stop (GstZeroBufferSender *sender)
{
  zb_writer_disconnect (sender->writer);
  gst_zero_buffer_places_make_way (sender->places, 0);
  sender->writer = NULL;
  g_clear_object (&sender->places);
}

void
gst_zero_buffer_sender_set_caps (GstZeroBufferSender *sender, GstCaps *caps)
{
  gst_zero_buffer_format_set_caps (&sender->format, caps);
  gst_zero_buffer_places_set_plain_size (
      sender->places, gst_zero_buffer_format_get_plain_size (&sender->format));
}

static guint64
get_ring_size (GstZeroBufferSender *sender)
{
  ZbStats stats;

  zb_writer_get_stats (sender->writer, &stats);
  return stats.ring_size;
}

void
gst_zero_buffer_sender_begin_session (GstZeroBufferSender *sender)
{
  guint64 features = zb_writer_get_features (sender->writer);

  sender->has_records = (features & ZB_FEATURE_MEDIA) != 0;
  sender->ring_size = get_ring_size (sender);
  sender->largest = 0;
  gst_zero_buffer_places_begin_session (sender->places);
}

static ZbResult
reserve (GstZeroBufferSender *sender, gsize size, gboolean wait,
    gpointer *place, ZbError *error)
{
  ZbResult result;

  gst_zero_buffer_places_make_way (sender->places, size);
  result = zb_writer_reserve (sender->writer, size, 0, place, error);
  if (result != ZB_TIMEOUT || !wait)
    return result;
  sender->wait (sender->element, TRUE);
  result = zb_writer_reserve (sender->writer, size, ZB_FOREVER, place, error);
  sender->wait (sender->element, FALSE);
  return result;
}

static void
count_copy (GstZeroBufferSender *sender)
{
  GST_OBJECT_LOCK (sender->element);
  sender->copies++;
  GST_OBJECT_UNLOCK (sender->element);
}

/* ---- growing ---- */

static gboolean
ask_for_ring (GstZeroBufferSender *sender, guint64 size)
{
  ZbError error;

  if (zb_writer_grow (sender->writer, size, &error) != ZB_OK) {
    GST_DEBUG_OBJECT (sender->element, "%s", error.message);
    return FALSE;
  }
  GST_INFO_OBJECT (
      sender->element, "Asked for a ring of %" G_GUINT64_FORMAT " bytes", size);
  return TRUE;
}

/* For records of @size. */
static gboolean
grow (GstZeroBufferSender *sender, gsize size)
{
  guint64 frame = (guint64) size + GST_ZERO_BUFFER_FRAME_HEADER_SIZE;

  if (size <= sender->largest)
    return FALSE;
  sender->largest = size;
  return frame > sender->ring_size / RING_RECORDS_MIN &&
         frame <= G_MAXUINT64 / RING_RECORDS &&
         ask_for_ring (sender, RING_RECORDS * frame);
}

gboolean
gst_zero_buffer_sender_grow (GstZeroBufferSender *sender, gsize size)
{
  return grow (sender, gst_zero_buffer_places_get_record_size (size));
}

/* Upstream asked for places that could not be had. */
static gboolean
grow_for_upstream (GstZeroBufferSender *sender)
{
  guint64 ring_size;

  if (!gst_zero_buffer_places_take_shortage (sender->places))
    return FALSE;
  ring_size = sender->ring_size;
  return ring_size <= RING_SIZE_MAX / 2 &&
         ring_size / 2 / ZB_PLACES_MAX < sender->largest &&
         ask_for_ring (sender, 2 * ring_size);
}

/* Others hold so much of the ring that this record finds no room between it; they
 * will not be in the way in a fresh ring. */
static ZbResult
leave_ring (GstZeroBufferSender *sender, ZbError *error)
{
  if (!ask_for_ring (sender, sender->ring_size))
    return ZB_NO_PLACE;
  error->result = ZB_GROW;
  return ZB_GROW;
}

/* ---- plain frames, for a reader of protocol 1.0 ---- */

static ZbResult
fail_buffer (GstBuffer *buffer, gsize size, ZbError *error)
{
  error->result = ZB_INVALID;
  error->os_error = 0;
  g_snprintf (error->message, sizeof error->message,
      "A buffer of %" G_GSIZE_FORMAT " bytes is not what its caps say, or "
      "cannot be read; expected %" G_GSIZE_FORMAT " bytes.",
      gst_buffer_get_size (buffer), size);
  return ZB_INVALID;
}

static ZbResult
send_frame (GstZeroBufferSender *sender, GstBuffer *buffer, ZbError *error)
{
  gsize size = gst_zero_buffer_format_get_size (&sender->format, buffer);
  ZbResult result;
  gpointer place;

  if (size == 0) {
    GST_DEBUG_OBJECT (sender->element, "No frame for %" GST_PTR_FORMAT, buffer);
    return ZB_OK;
  }
  if (gst_zero_buffer_format_is_frame (&sender->format, buffer) &&
      gst_zero_buffer_places_send (sender->places, buffer, NULL, NULL))
    return ZB_OK;
  if ((result = reserve (sender, size, TRUE, &place, error)) != ZB_OK)
    return result;
  if (!gst_zero_buffer_format_write (&sender->format, buffer, place, size)) {
    zb_writer_drop (sender->writer);
    return fail_buffer (buffer, size, error);
  }
  zb_writer_publish (sender->writer);
  count_copy (sender);
  return ZB_OK;
}

/* ---- media records ---- */

/* Finds the place of a record, whose data are to be written to *data. */
static ZbResult
begin_record (GstZeroBufferSender *sender, const GstZeroBufferRecord *record,
    const guint8 *extra, gboolean wait, guint8 **data, ZbError *error)
{
  gsize size = gst_zero_buffer_record_get_size (record);
  ZbResult result;
  gpointer place;

  result = reserve (sender, size, wait, &place, error);
  if (result == ZB_NO_PLACE)
    return leave_ring (sender, error);
  if (result == ZB_OK)
    *data = gst_zero_buffer_record_write (record, place, extra);
  return result;
}

static ZbResult
check_ring (GstZeroBufferSender *sender, const GstZeroBufferRecord *record,
    ZbError *error)
{
  if (!grow_for_upstream (sender) &&
      !grow (sender, gst_zero_buffer_record_get_size (record)))
    return ZB_OK;
  error->result = ZB_GROW;
  return ZB_GROW;
}

/* A record whose data are sender->bytes. */
static ZbResult
send_bytes (GstZeroBufferSender *sender, GstZeroBufferRecordKind kind,
    guint32 flags, gboolean wait, ZbError *error)
{
  const GstZeroBufferRecord record = { .kind = kind,
    .flags = flags,
    .data_size = sender->bytes->len,
    .pts = GST_CLOCK_TIME_NONE,
    .dts = GST_CLOCK_TIME_NONE,
    .duration = GST_CLOCK_TIME_NONE };
  ZbResult result;
  guint8 *data;

  if ((result = check_ring (sender, &record, error)) != ZB_OK ||
      (result = begin_record (sender, &record, NULL, wait, &data, error)) !=
          ZB_OK)
    return result;
  memcpy (data, sender->bytes->data, sender->bytes->len);
  zb_writer_publish (sender->writer);
  return ZB_OK;
}

ZbResult
gst_zero_buffer_sender_send_event (
    GstZeroBufferSender *sender, GstEvent *event, gboolean wait, ZbError *error)
{
  GST_LOG_OBJECT (sender->element, "Sending %" GST_PTR_FORMAT, event);
  g_byte_array_set_size (sender->bytes, 0);
  gst_zero_buffer_event_write (event, sender->bytes);
  return send_bytes (sender, GST_ZERO_BUFFER_RECORD_EVENT, 0, wait, error);
}

ZbResult
gst_zero_buffer_sender_send_clock (GstZeroBufferSender *sender,
    const GstZeroBufferClock *clock, gboolean wait, ZbError *error)
{
  g_byte_array_set_size (sender->bytes, 0);
  gst_zero_buffer_clock_write (clock, sender->bytes);
  return send_bytes (sender, GST_ZERO_BUFFER_RECORD_CLOCK,
      clock->live ? GST_ZERO_BUFFER_CLOCK_FLAG_LIVE : 0, wait, error);
}

static ZbResult
copy_record (GstZeroBufferSender *sender, GstBuffer *buffer,
    const GstZeroBufferRecord *record, ZbError *error)
{
  ZbResult result;
  guint8 *data;

  result =
      begin_record (sender, record, sender->bytes->data, TRUE, &data, error);
  if (result != ZB_OK)
    return result;
  if (gst_buffer_extract (buffer, 0, data, record->data_size) !=
      record->data_size) {
    zb_writer_drop (sender->writer);
    return fail_buffer (buffer, record->data_size, error);
  }
  zb_writer_publish (sender->writer);
  if (record->data_size > 0)
    count_copy (sender);
  return ZB_OK;
}

static ZbResult
send_record (GstZeroBufferSender *sender, GstBuffer *buffer, gboolean discont,
    ZbError *error)
{
  GstZeroBufferRecord record = { .kind = GST_ZERO_BUFFER_RECORD_BUFFER,
    .flags = GST_BUFFER_FLAGS (buffer) & GST_ZERO_BUFFER_RECORD_FLAGS,
    .data_size = gst_buffer_get_size (buffer),
    .pts = GST_BUFFER_PTS (buffer),
    .dts = GST_BUFFER_DTS (buffer),
    .duration = GST_BUFFER_DURATION (buffer) };
  ZbResult result;

  if (discont)
    record.flags |= GST_BUFFER_FLAG_DISCONT;
  g_byte_array_set_size (sender->bytes, 0);
  gst_zero_buffer_metas_write (buffer, sender->bytes);
  record.extra_size = sender->bytes->len;
  if ((result = check_ring (sender, &record, error)) != ZB_OK)
    return result;
  if (gst_zero_buffer_places_send (
          sender->places, buffer, &record, sender->bytes->data))
    return ZB_OK;
  return copy_record (sender, buffer, &record, error);
}

ZbResult
gst_zero_buffer_sender_send_buffer (GstZeroBufferSender *sender,
    GstBuffer *buffer, gboolean discont, ZbError *error)
{
  return sender->has_records ? send_record (sender, buffer, discont, error)
                             : send_frame (sender, buffer, error);
}
