/* SPDX-License-Identifier: MIT */
#include "gstzerobufferreceiver.h"

#include <string.h>

#include "gstzerobufferevents.h"
#include "gstzerobuffermetas.h"
#include "gstzerobufferrecord.h"

GST_DEBUG_CATEGORY_STATIC (zerobufferreceiver_debug);
#define GST_CAT_DEFAULT zerobufferreceiver_debug

/* What the way from process to process adds to a live stream's latency. */
#define OWN_LATENCY GST_MSECOND

/* The stream, and so its events, are the producer's.  The base class would start
 * one of its own before there is any; that is of use only if nothing but the end
 * follows. */
static GstPadProbeReturn
hold_back_stream_start (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *eos;

  if (GST_EVENT_TYPE (info->data) != GST_EVENT_STREAM_START)
    return GST_PAD_PROBE_OK;
  eos = gst_pad_get_sticky_event (pad, GST_EVENT_EOS, 0);
  if (!eos)
    return GST_PAD_PROBE_DROP;
  gst_event_unref (eos);
  return GST_PAD_PROBE_OK;
}

/* Until there is another in its place: each buffer pays for a probe. */
static void
hold_back (GstZeroBufferReceiver *self)
{
  self->probe = gst_pad_add_probe (GST_BASE_SRC_PAD (self->src),
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold_back_stream_start, NULL, NULL);
}

static void
stop_holding_back (GstZeroBufferReceiver *self)
{
  if (self->probe)
    gst_pad_remove_probe (GST_BASE_SRC_PAD (self->src), self->probe);
  self->probe = 0;
}

void
gst_zero_buffer_receiver_init (GstZeroBufferReceiver *self, GstBaseSrc *src)
{
  GST_DEBUG_CATEGORY_INIT (zerobufferreceiver_debug, "zerobufferreceiver", 0,
      "What a ZeroBuffer source reads");
  memset (self, 0, sizeof *self);
  self->src = src;
  self->bytes = g_byte_array_new ();
  self->latency = GST_CLOCK_TIME_NONE;
  self->latency_max = GST_CLOCK_TIME_NONE;
}

void
gst_zero_buffer_receiver_deinit (GstZeroBufferReceiver *self)
{
  g_byte_array_unref (self->bytes);
}

void
gst_zero_buffer_receiver_start (
    GstZeroBufferReceiver *self, GstZeroBufferTimestamps timestamps)
{
  self->had_session = FALSE;
  self->continued = FALSE;
  self->started = FALSE;
  self->ended = FALSE;
  self->discont = FALSE;
  self->pushed = 0;
  self->timeline.wanted = timestamps;
  hold_back (self);
  GST_OBJECT_LOCK (self->src);
  self->allocator = gst_zero_buffer_allocator_new ();
  self->copies = 0;
  self->latency = GST_CLOCK_TIME_NONE;
  self->latency_max = GST_CLOCK_TIME_NONE;
  self->rebased = FALSE;
  GST_OBJECT_UNLOCK (self->src);
}

void
gst_zero_buffer_receiver_stop (GstZeroBufferReceiver *self)
{
  GstZeroBufferAllocator *allocator;

  stop_holding_back (self);
  GST_OBJECT_LOCK (self->src);
  allocator = g_steal_pointer (&self->allocator);
  GST_OBJECT_UNLOCK (self->src);
  g_object_unref (allocator);
  gst_zero_buffer_timeline_reset (&self->timeline);
}

void
gst_zero_buffer_receiver_begin_session (
    GstZeroBufferReceiver *self, gboolean continued)
{
  self->ended = FALSE;
  self->continued = continued;
  if (continued)
    return;
  self->discont = self->had_session;
  self->had_session = TRUE;
  gst_zero_buffer_timeline_reset (&self->timeline);
}

/* ---- events ---- */

static void
use_caps (GstZeroBufferReceiver *self, GstCaps *caps)
{
  GST_DEBUG_OBJECT (self->src, "Caps are %" GST_PTR_FORMAT, caps);
  gst_zero_buffer_format_set_caps (&self->format, caps);
  self->video_meta = FALSE;
  if (caps)
    gst_base_src_negotiate (self->src);
}

static gboolean
push_event (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstCaps *caps = NULL;
  gboolean pushed;

  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    gst_caps_ref (caps);
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    stop_holding_back (self);
  pushed = gst_pad_push_event (GST_BASE_SRC_PAD (self->src), event);
  if (pushed && caps)
    use_caps (self, caps);
  gst_clear_caps (&caps);
  return pushed;
}

/* Before what has a place in time. */
static void
push_segment (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  GstEvent *segment = gst_zero_buffer_timeline_update (
      &self->timeline, GST_ELEMENT (self->src), buffer);

  if (segment)
    push_event (self, segment);
}

/* A session that goes on with a larger ring begins as every one does. */
static gboolean
is_known (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstPad *pad = GST_BASE_SRC_PAD (self->src);
  gboolean known = FALSE;
  GstEvent *old;

  if (!self->continued || !GST_EVENT_IS_STICKY (event))
    return FALSE;
  for (guint i = 0; !known; i++) {
    if (!(old = gst_pad_get_sticky_event (pad, GST_EVENT_TYPE (event), i)))
      break;
    known = gst_event_get_seqnum (old) == gst_event_get_seqnum (event) &&
            (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT ||
                GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START ||
                gst_structure_is_equal (gst_event_get_structure (old),
                    gst_event_get_structure (event)));
    gst_event_unref (old);
  }
  return known;
}

static gboolean
is_reconnecting (GstZeroBufferReceiver *self)
{
  gboolean reconnect;

  g_object_get (self->src, "reconnect", &reconnect, NULL);
  return reconnect;
}

static void
push_stream_start (GstZeroBufferReceiver *self)
{
  gchar *stream_id = gst_pad_create_stream_id (
      GST_BASE_SRC_PAD (self->src), GST_ELEMENT_CAST (self->src), NULL);
  GstEvent *event = gst_event_new_stream_start (stream_id);

  gst_event_set_group_id (event, gst_util_group_id_next ());
  push_event (self, event);
  self->started = TRUE;
  g_free (stream_id);
}

static void
set_default_segment (GstZeroBufferReceiver *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_zero_buffer_timeline_set_segment (
      &self->timeline, gst_event_new_segment (&segment));
}

/* What is downstream is stale; what was in the ring has been passed on. */
static void
push_flush_start (GstZeroBufferReceiver *self, GstEvent *stop)
{
  GstEvent *start = gst_event_new_flush_start ();

  gst_event_set_seqnum (start, gst_event_get_seqnum (stop));
  push_event (self, start);
}

/* Takes @event over. */
static void
forward_event (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  GST_LOG_OBJECT (self->src, "Got %" GST_PTR_FORMAT, event);
  if (is_known (self, event)) {
    gst_event_unref (event);
    return;
  }
  if (!GST_EVENT_IS_STICKY (event))
    self->continued = FALSE;
  if (!self->started && type != GST_EVENT_STREAM_START)
    push_stream_start (self);
  switch (type) {
    case GST_EVENT_SEGMENT:
      gst_zero_buffer_timeline_set_segment (&self->timeline, event);
      push_segment (self, NULL);
      return;
    case GST_EVENT_EOS:
      self->ended = TRUE;
      /* The stream of the next producer will follow. */
      if (is_reconnecting (self)) {
        gst_event_unref (event);
        return;
      }
      break;
    case GST_EVENT_FLUSH_STOP:
      self->ended = FALSE;
      push_flush_start (self, event);
      break;
    case GST_EVENT_STREAM_START:
      self->started = TRUE;
      self->ended = FALSE;
      break;
    default:
      break;
  }
  push_event (self, event);
}

/* ---- buffers ---- */

static void
count_copy (GstZeroBufferReceiver *self)
{
  GST_OBJECT_LOCK (self->src);
  self->copies++;
  GST_OBJECT_UNLOCK (self->src);
}

/* For elements that do not understand strides; takes @buffer over.  NULL after
 * an error was posted. */
static GstBuffer *
unpack (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  GstBuffer *unpacked = gst_zero_buffer_format_unpack (&self->format, buffer);

  gst_buffer_unref (buffer);
  if (!unpacked)
    GST_ELEMENT_ERROR (self->src, STREAM, FORMAT,
        ("A frame could not be copied into the layout that the elements behind "
         "zerobuffersrc expect."),
        (NULL));
  count_copy (self);
  return unpacked;
}

/* Makes a buffer of the caps out of the bytes of a plain frame; takes @buffer
 * over.  NULL after an error was posted. */
static GstBuffer *
fit_buffer (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstZeroBufferFit fit = gst_zero_buffer_format_fit (&self->format, size);

  if (fit == GST_ZERO_BUFFER_FIT_WRONG) {
    GST_ELEMENT_ERROR (self->src, STREAM, FORMAT,
        ("The writer sent a raw frame of %" G_GSIZE_FORMAT " bytes, which does "
         "not fit its caps. Expected %" G_GSIZE_FORMAT " bytes, with rows "
         "packed, or %" G_GSIZE_FORMAT " as GStreamer lays them out, or whole "
         "samples of audio.",
            size, self->format.packed.size, self->format.native.size),
        (NULL));
    gst_buffer_unref (buffer);
    return NULL;
  }
  if (fit == GST_ZERO_BUFFER_FIT_PACKED && !self->video_meta)
    return unpack (self, buffer);
  gst_zero_buffer_format_add_metas (&self->format, buffer, fit);
  return buffer;
}

static void
measure_latency (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  GstClockTime latency =
      gst_zero_buffer_timeline_get_latency (&self->timeline, buffer);

  if (!GST_CLOCK_TIME_IS_VALID (latency))
    return;
  GST_OBJECT_LOCK (self->src);
  self->latency = latency;
  if (!GST_CLOCK_TIME_IS_VALID (self->latency_max) ||
      latency > self->latency_max)
    self->latency_max = latency;
  GST_OBJECT_UNLOCK (self->src);
}

/* Takes @buffer over. */
static GstFlowReturn
push_buffer (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  GstPad *pad = GST_BASE_SRC_PAD (self->src);
  gint limit = self->src->num_buffers;
  GstFlowReturn flow;

  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  self->continued = FALSE;
  /* A writer need not be one that speaks well of its stream. */
  if (!self->started)
    push_stream_start (self);
  if (!self->timeline.segment)
    set_default_segment (self);
  push_segment (self, buffer);
  gst_zero_buffer_timeline_stamp (
      &self->timeline, GST_ELEMENT (self->src), buffer);
  measure_latency (self, buffer);
  flow = gst_pad_push (pad, buffer);
  if (flow == GST_FLOW_NOT_NEGOTIATED && gst_pad_needs_reconfigure (pad))
    flow = GST_FLOW_OK;
  if (flow == GST_FLOW_OK && limit >= 0 && ++self->pushed >= limit)
    flow = GST_FLOW_EOS;
  return flow;
}

/* ---- plain frames ---- */

GstFlowReturn
gst_zero_buffer_receiver_begin_plain_stream (
    GstZeroBufferReceiver *self, GstCaps *caps)
{
  gboolean set = TRUE;

  push_stream_start (self);
  if (caps)
    set = push_event (self, gst_event_new_caps (caps));
  else
    use_caps (self, NULL);
  if (!set)
    return GST_PAD_IS_FLUSHING (GST_BASE_SRC_PAD (self->src))
               ? GST_FLOW_FLUSHING
               : GST_FLOW_NOT_NEGOTIATED;
  set_default_segment (self);
  return GST_FLOW_OK;
}

GstFlowReturn
gst_zero_buffer_receiver_push_plain (
    GstZeroBufferReceiver *self, ZbFrame *frame)
{
  GstBuffer *buffer = gst_buffer_new ();

  gst_buffer_append_memory (
      buffer, gst_zero_buffer_allocator_wrap (self->allocator, frame));
  buffer = fit_buffer (self, buffer);
  return buffer ? push_buffer (self, buffer) : GST_FLOW_ERROR;
}

/* ---- records ---- */

static GstFlowReturn
fail_record (GstZeroBufferReceiver *self, const gchar *what)
{
  gchar *name;

  g_object_get (self->src, "buffer-name", &name, NULL);
  GST_ELEMENT_ERROR (self->src, RESOURCE, READ,
      ("Buffer \"%s\" is corrupt: %s. The other process, or a third one, wrote "
       "what it must not; restart both.",
          name, what),
      (NULL));
  g_free (name);
  return GST_FLOW_ERROR;
}

/* Nothing is parsed where others may change it. */
static void
copy_out (GstZeroBufferReceiver *self, const guint8 *from, gsize size,
    GstByteReader *reader)
{
  g_byte_array_set_size (self->bytes, 0);
  g_byte_array_append (self->bytes, from, size);
  gst_byte_reader_init (reader, self->bytes->data, self->bytes->len);
}

static GstBuffer *
make_buffer (GstZeroBufferReceiver *self, const GstZeroBufferRecord *record,
    ZbFrame *frame)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstMemory *memory;

  memory = gst_zero_buffer_allocator_wrap (self->allocator, frame);
  if (record->data_size > 0) {
    gst_memory_resize (
        memory, GST_ZERO_BUFFER_RECORD_HEADER_SIZE, record->data_size);
    gst_buffer_append_memory (buffer, memory);
  } else {
    gst_memory_unref (memory);
  }
  GST_BUFFER_FLAG_SET (buffer, record->flags & GST_ZERO_BUFFER_RECORD_FLAGS);
  GST_BUFFER_PTS (buffer) = record->pts;
  GST_BUFFER_DTS (buffer) = record->dts;
  GST_BUFFER_DURATION (buffer) = record->duration;
  return buffer;
}

static GstFlowReturn
forward_buffer (GstZeroBufferReceiver *self, const GstZeroBufferRecord *record,
    const guint8 *payload, ZbFrame *frame)
{
  GstByteReader extras;
  GstBuffer *buffer;

  copy_out (self,
      payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE + record->data_size,
      record->extra_size, &extras);
  buffer = make_buffer (self, record, frame);
  if (!gst_zero_buffer_metas_read (buffer, &extras)) {
    gst_buffer_unref (buffer);
    return fail_record (self, "a record has impossible metas");
  }
  gst_zero_buffer_format_remove_wrong_metas (&self->format, buffer);
  if (gst_pad_check_reconfigure (GST_BASE_SRC_PAD (self->src)))
    gst_base_src_negotiate (self->src);
  if (!self->video_meta &&
      gst_zero_buffer_format_needs_meta (&self->format, buffer) &&
      !(buffer = unpack (self, buffer)))
    return GST_FLOW_ERROR;
  return push_buffer (self, buffer);
}

/* The producer's latency is ours too, where its time is. */
static void
use_clock (GstZeroBufferReceiver *self, const GstZeroBufferClock *clock)
{
  gboolean rebased, changed;

  gst_zero_buffer_timeline_set_clock (&self->timeline, clock);
  rebased = gst_zero_buffer_timeline_is_rebased (&self->timeline);
  GST_OBJECT_LOCK (self->src);
  changed = self->rebased != rebased ||
            self->clock.min_latency != clock->min_latency ||
            self->clock.max_latency != clock->max_latency;
  self->rebased = rebased;
  self->clock = *clock;
  GST_OBJECT_UNLOCK (self->src);
  if (changed && rebased)
    gst_element_post_message (GST_ELEMENT (self->src),
        gst_message_new_latency (GST_OBJECT (self->src)));
}

/* A record that is no buffer, from its private copy. */
static GstFlowReturn
forward_other (GstZeroBufferReceiver *self, const GstZeroBufferRecord *record,
    GstByteReader *data)
{
  GstZeroBufferClock clock;
  GstEvent *event;

  switch (record->kind) {
    case GST_ZERO_BUFFER_RECORD_EVENT:
      if ((event = gst_zero_buffer_event_read (data)))
        forward_event (self, event);
      else
        GST_WARNING_OBJECT (
            self->src, "An event that is not known was left out");
      return GST_FLOW_OK;
    case GST_ZERO_BUFFER_RECORD_CLOCK:
      if (!gst_zero_buffer_clock_read (&clock, record->flags, data))
        return fail_record (self, "a clock record is impossible");
      use_clock (self, &clock);
      return GST_FLOW_OK;
    default:
      GST_DEBUG_OBJECT (
          self->src, "A record of kind %u left out", record->kind);
      return GST_FLOW_OK;
  }
}

GstFlowReturn
gst_zero_buffer_receiver_push_record (
    GstZeroBufferReceiver *self, ZbFrame *frame)
{
  const guint8 *payload = zb_frame_get_data (frame);
  GstZeroBufferRecord record;
  GstByteReader data;

  if (!gst_zero_buffer_record_read (
          &record, payload, zb_frame_get_size (frame))) {
    zb_frame_release (frame);
    return fail_record (self, "a record is larger than its frame");
  }
  if (record.kind == GST_ZERO_BUFFER_RECORD_BUFFER)
    return forward_buffer (self, &record, payload, frame);
  copy_out (self, payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE,
      record.data_size, &data);
  zb_frame_release (frame);
  return forward_other (self, &record, &data);
}

/* ---- to downstream's questions ---- */

gboolean
gst_zero_buffer_receiver_get_latency (
    GstZeroBufferReceiver *self, GstClockTime *min, GstClockTime *max)
{
  gboolean rebased;

  GST_OBJECT_LOCK (self->src);
  rebased = self->rebased;
  *min = self->clock.min_latency + OWN_LATENCY;
  *max = GST_CLOCK_TIME_IS_VALID (self->clock.max_latency)
             ? self->clock.max_latency + OWN_LATENCY
             : GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self->src);
  return rebased;
}
