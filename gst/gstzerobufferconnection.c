/* SPDX-License-Identifier: MIT */
#include "gstzerobufferconnection.h"

#include <string.h>

#include "gstzerobuffermetadata.h"

GST_DEBUG_CATEGORY_STATIC (zerobufferconnection_debug);
#define GST_CAT_DEFAULT zerobufferconnection_debug

/* How long a reader may take to make a larger ring while wait-for-reader is
 * FALSE. */
#define GROW_PATIENCE (500 * GST_MSECOND)

void
gst_zero_buffer_connection_init (
    GstZeroBufferConnection *self, GstElement *element, GstZeroBufferWait wait)
{
  GST_DEBUG_CATEGORY_INIT (zerobufferconnection_debug, "zerobufferconnection",
      0, "A reader of a ZeroBuffer sink");
  memset (self, 0, sizeof *self);
  self->element = element;
  gst_zero_buffer_sender_init (&self->sender, element, wait);
  gst_zero_buffer_told_init (&self->told);
}

void
gst_zero_buffer_connection_deinit (GstZeroBufferConnection *self)
{
  gst_zero_buffer_sender_deinit (&self->sender);
  gst_zero_buffer_told_deinit (&self->told);
}

void
gst_zero_buffer_connection_start (
    GstZeroBufferConnection *self, ZbWriter *writer)
{
  gst_zero_buffer_sender_start (&self->sender, writer);
  self->state = GST_ZERO_BUFFER_CONNECTION_ABSENT;
  self->pid = 0;
  memset (&self->fill, 0, sizeof self->fill);
}

void
gst_zero_buffer_connection_stop (GstZeroBufferConnection *self)
{
  gst_zero_buffer_sender_stop (&self->sender);
  self->state = GST_ZERO_BUFFER_CONNECTION_ABSENT;
  gst_clear_caps (&self->caps);
  gst_clear_event (&self->flush);
}

gboolean
gst_zero_buffer_connection_has_records (const GstZeroBufferConnection *self)
{
  return self->state == GST_ZERO_BUFFER_CONNECTION_PRESENT &&
         self->sender.has_records;
}

/* ---- beginning and end ---- */

static void
forget_reader (GstZeroBufferConnection *self)
{
  gst_zero_buffer_told_reset (&self->told);
  gst_clear_event (&self->flush);
  self->has_clock = FALSE;
}

/* A reader that has made the ring larger is the one that was asked to. */
static gboolean
is_same_reader (const GstZeroBufferConnection *self, const ZbStats *stats)
{
  return self->state == GST_ZERO_BUFFER_CONNECTION_GROWING &&
         self->pid == stats->peer_pid && stats->ring_size >= self->ring_before;
}

gboolean
gst_zero_buffer_connection_begin (GstZeroBufferConnection *self, gboolean begun)
{
  gboolean same;
  ZbStats stats;

  zb_writer_get_stats (self->sender.writer, &stats);
  same = is_same_reader (self, &stats);
  if (!same) {
    forget_reader (self);
    self->continuity = begun ? GST_ZERO_BUFFER_CONTINUITY_JOINED
                             : GST_ZERO_BUFFER_CONTINUITY_WHOLE;
    self->headers_sent = 0;
  }
  self->state = GST_ZERO_BUFFER_CONNECTION_PRESENT;
  self->pid = stats.peer_pid;
  self->key_unit_requests = 0;
  gst_zero_buffer_sender_begin_session (&self->sender);
  return !same;
}

/* @caps may be NULL. */
static ZbResult
write_json (GstZeroBufferConnection *self, GstCaps *caps, ZbError *error)
{
  gchar *json = gst_zero_buffer_metadata_new (self->element, caps);
  ZbResult result =
      zb_writer_set_metadata (self->sender.writer, json, strlen (json), error);

  GST_DEBUG_OBJECT (self->element, "Metadata is %s", json);
  g_free (json);
  return result;
}

/* A reader of records gets the caps as an event, too: those that have large headers in
 * them need not fit twice. */
ZbResult
gst_zero_buffer_connection_write_metadata (
    GstZeroBufferConnection *self, GstCaps *caps, ZbError *error)
{
  ZbResult result = write_json (self, caps, error);

  gst_caps_replace (&self->caps, caps);
  if (result == ZB_TOO_LARGE && self->sender.has_records)
    result = write_json (self, NULL, error);
  return result;
}

gboolean
gst_zero_buffer_connection_is_awaited (const GstZeroBufferConnection *self)
{
  return self->state == GST_ZERO_BUFFER_CONNECTION_GROWING &&
         gst_util_get_timestamp () - self->grow_since < GROW_PATIENCE;
}

void
gst_zero_buffer_connection_grow (GstZeroBufferConnection *self)
{
  self->state = GST_ZERO_BUFFER_CONNECTION_GROWING;
  self->grow_since = gst_util_get_timestamp ();
  self->ring_before = self->sender.ring_size;
}

void
gst_zero_buffer_connection_give_up_growing (GstZeroBufferConnection *self)
{
  if (self->state == GST_ZERO_BUFFER_CONNECTION_GROWING)
    self->state = GST_ZERO_BUFFER_CONNECTION_ABSENT;
}

void
gst_zero_buffer_connection_end (GstZeroBufferConnection *self)
{
  zb_writer_disconnect (self->sender.writer);
  self->state = GST_ZERO_BUFFER_CONNECTION_ABSENT;
  forget_reader (self);
}

/* ---- events ---- */

void
gst_zero_buffer_connection_flush (
    GstZeroBufferConnection *self, GstEvent *event)
{
  if (self->told.generations->len > 0)
    gst_event_replace (&self->flush, event);
}

static gboolean
is_told (const GstZeroBufferConnection *self, const GstZeroBufferClock *clock)
{
  return self->has_clock && self->clock.base_time == clock->base_time &&
         self->clock.live == clock->live &&
         self->clock.min_latency == clock->min_latency &&
         self->clock.max_latency == clock->max_latency;
}

static ZbResult
send_clock (GstZeroBufferConnection *self, const GstZeroBufferClock *clock,
    gboolean wait, ZbError *error)
{
  ZbResult result;

  if (G_LIKELY (is_told (self, clock)))
    return ZB_OK;
  GST_DEBUG_OBJECT (self->element,
      "Base time is %" GST_STIME_FORMAT ", live %d, latency %" GST_TIME_FORMAT,
      GST_STIME_ARGS (clock->base_time), clock->live,
      GST_TIME_ARGS (clock->min_latency));
  result =
      gst_zero_buffer_sender_send_clock (&self->sender, clock, wait, error);
  if (result != ZB_OK)
    return result;
  self->clock = *clock;
  self->has_clock = TRUE;
  return ZB_OK;
}

static ZbResult
send_flush (GstZeroBufferConnection *self, gboolean wait, ZbError *error)
{
  ZbResult result;

  if (G_LIKELY (!self->flush))
    return ZB_OK;
  result = gst_zero_buffer_sender_send_event (
      &self->sender, self->flush, wait, error);
  if (result == ZB_OK)
    gst_clear_event (&self->flush);
  return result;
}

static ZbResult
send_events (GstZeroBufferConnection *self, GstZeroBufferStory *story,
    gboolean wait, ZbError *error)
{
  ZbResult result = ZB_OK;
  GstZeroBufferTale tale;

  while (result == ZB_OK &&
         gst_zero_buffer_story_next (story, &self->told, &tale)) {
    result = gst_zero_buffer_sender_send_event (
        &self->sender, tale.event, wait, error);
    if (result == ZB_OK)
      gst_zero_buffer_story_note_sent (story, &self->told, &tale);
    gst_event_unref (tale.event);
  }
  return result;
}

ZbResult
gst_zero_buffer_connection_send_due (GstZeroBufferConnection *self,
    const GstZeroBufferClock *clock, GstZeroBufferStory *story, gboolean wait,
    ZbError *error)
{
  ZbResult result;

  if (!self->sender.has_records) {
    gst_zero_buffer_story_drop_waiting (story);
    return ZB_OK;
  }
  if ((result = send_clock (self, clock, wait, error)) != ZB_OK ||
      (result = send_flush (self, wait, error)) != ZB_OK)
    return result;
  return send_events (self, story, wait, error);
}

/* ---- buffers ---- */

gboolean
gst_zero_buffer_connection_is_useless (
    const GstZeroBufferConnection *self, GstBuffer *buffer)
{
  return self->continuity != GST_ZERO_BUFFER_CONTINUITY_WHOLE &&
         GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

const GValue *
gst_zero_buffer_connection_find_headers (GstCaps *caps)
{
  const GValue *headers =
      caps ? gst_structure_get_value (
                 gst_caps_get_structure (caps, 0), "streamheader")
           : NULL;

  return headers && GST_VALUE_HOLDS_ARRAY (headers) ? headers : NULL;
}

/* Headers are of no time. */
static ZbResult
send_header (GstZeroBufferConnection *self, const GValue *value, ZbError *error)
{
  GstBuffer *header = gst_value_get_buffer (value);
  ZbResult result;

  if (!header)
    return ZB_OK;
  header = gst_buffer_copy (header);
  GST_BUFFER_PTS (header) = GST_BUFFER_DTS (header) =
      GST_BUFFER_DURATION (header) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_FLAG_SET (header, GST_BUFFER_FLAG_HEADER);
  GST_BUFFER_FLAG_UNSET (header, GST_BUFFER_FLAG_DELTA_UNIT);
  result =
      gst_zero_buffer_sender_send_buffer (&self->sender, header, FALSE, error);
  gst_buffer_unref (header);
  return result;
}

/* Goes on where it was interrupted. */
static ZbResult
send_headers (GstZeroBufferConnection *self, GstCaps *caps, ZbError *error)
{
  const GValue *headers = gst_zero_buffer_connection_find_headers (caps);
  guint count = headers ? gst_value_array_get_size (headers) : 0;

  while (self->headers_sent < count) {
    const GValue *value =
        gst_value_array_get_value (headers, self->headers_sent);

    if (GST_VALUE_HOLDS_BUFFER (value) &&
        send_header (self, value, error) != ZB_OK)
      return error->result;
    self->headers_sent++;
  }
  return ZB_OK;
}

ZbResult
gst_zero_buffer_connection_send_buffer (GstZeroBufferConnection *self,
    GstBuffer *buffer, GstCaps *caps, ZbError *error)
{
  gboolean discont = self->continuity != GST_ZERO_BUFFER_CONTINUITY_WHOLE;
  ZbResult result;

  if (self->continuity == GST_ZERO_BUFFER_CONTINUITY_JOINED) {
    if ((result = send_headers (self, caps, error)) != ZB_OK)
      return result;
    self->continuity = GST_ZERO_BUFFER_CONTINUITY_BROKEN;
  }
  result = gst_zero_buffer_sender_send_buffer (
      &self->sender, buffer, discont, error);
  if (result == ZB_OK)
    self->continuity = GST_ZERO_BUFFER_CONTINUITY_WHOLE;
  return result;
}

gboolean
gst_zero_buffer_connection_take_key_unit_request (GstZeroBufferConnection *self)
{
  guint64 requests = zb_writer_get_key_unit_requests (self->sender.writer);
  gboolean asked = requests != self->key_unit_requests;

  self->key_unit_requests = requests;
  return asked;
}
