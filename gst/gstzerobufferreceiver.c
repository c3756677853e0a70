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

/* Events that wait for a segment, at most. */
#define MAX_HELD 1024

void
gst_zero_buffer_receiver_init (GstZeroBufferReceiver *self, GstBaseSrc *src)
{
  GST_DEBUG_CATEGORY_INIT (zerobufferreceiver_debug, "zerobufferreceiver", 0,
      "What a ZeroBuffer source reads");
  memset (self, 0, sizeof *self);
  self->src = src;
  self->guard.src = src;
  self->bytes = g_byte_array_new ();
  self->latency = GST_CLOCK_TIME_NONE;
  self->latency_max = GST_CLOCK_TIME_NONE;
  g_queue_init (&self->held);
}

void
gst_zero_buffer_receiver_deinit (GstZeroBufferReceiver *self)
{
  g_byte_array_unref (self->bytes);
}

static void use_caps (GstZeroBufferReceiver *self, GstCaps *caps);

void
gst_zero_buffer_receiver_start (
    GstZeroBufferReceiver *self, GstZeroBufferTimestamps timestamps)
{
  use_caps (self, NULL);
  self->stream = GST_ZERO_BUFFER_STREAM_NONE;
  self->discont = TRUE;
  memset (&self->gate, 0, sizeof self->gate);
  gst_zero_buffer_timeline_start (&self->timeline, GST_ELEMENT (self->src),
      timestamps, gst_base_src_is_live (self->src));
  gst_zero_buffer_guard_expect_events (&self->guard);
  GST_OBJECT_LOCK (self->src);
  self->allocator = gst_zero_buffer_allocator_new ();
  self->copies = 0;
  self->dropped = 0;
  self->latency = GST_CLOCK_TIME_NONE;
  self->latency_max = GST_CLOCK_TIME_NONE;
  self->rebased = FALSE;
  GST_OBJECT_UNLOCK (self->src);
}

static void
drop_held (GstZeroBufferReceiver *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_event_unref);
}

void
gst_zero_buffer_receiver_stop (GstZeroBufferReceiver *self)
{
  GstZeroBufferAllocator *allocator;

  gst_zero_buffer_guard_stop (&self->guard);
  gst_zero_buffer_timeline_stop (&self->timeline);
  g_clear_pointer (&self->ids, gst_zero_buffer_ids_release);
  drop_held (self);
  GST_OBJECT_LOCK (self->src);
  allocator = g_steal_pointer (&self->allocator);
  GST_OBJECT_UNLOCK (self->src);
  g_object_unref (allocator);
}

void
gst_zero_buffer_receiver_begin_session (
    GstZeroBufferReceiver *self, guint64 pid)
{
  if (self->stream == GST_ZERO_BUFFER_STREAM_ENDED)
    self->stream = GST_ZERO_BUFFER_STREAM_STARTED;
  self->discont = TRUE;
  drop_held (self);
  memset (&self->gate, 0, sizeof self->gate);
  gst_zero_buffer_guard_forget_segment (&self->guard);
  gst_zero_buffer_timeline_begin_session (&self->timeline);
  g_clear_pointer (&self->ids, gst_zero_buffer_ids_release);
  self->ids = gst_zero_buffer_ids_get (pid);
}

static void request_key_unit (GstZeroBufferReceiver *self);

void
gst_zero_buffer_receiver_continue_session (GstZeroBufferReceiver *self)
{
  if (self->gate.state == GST_ZERO_BUFFER_GATE_WAITING)
    request_key_unit (self);
}

void
gst_zero_buffer_receiver_note_flush (GstZeroBufferReceiver *self)
{
  gst_zero_buffer_guard_expect_events (&self->guard);
  gst_zero_buffer_timeline_resend (
      &self->timeline, self->src->segment.position);
  if (gst_zero_buffer_timeline_is_rebased (&self->timeline))
    gst_zero_buffer_gate_lose (&self->gate);
}

void
gst_zero_buffer_receiver_note_play (GstZeroBufferReceiver *self)
{
  /* What a producer has that is not live waits in the ring. */
  if (self->stream == GST_ZERO_BUFFER_STREAM_NONE ||
      !gst_zero_buffer_timeline_is_rebased (&self->timeline))
    return;
  gst_zero_buffer_timeline_forget_shift (&self->timeline);
  gst_zero_buffer_gate_lose (&self->gate);
  self->discont = TRUE;
}

/* ---- the stream ---- */

static gboolean
push (GstZeroBufferReceiver *self, GstEvent *event)
{
  return gst_pad_push_event (GST_BASE_SRC_PAD (self->src), event);
}

static GstZeroBufferClip
find_clip (GstZeroBufferReceiver *self, GstCaps *caps)
{
  const gchar *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  if (g_str_equal (name, "audio/x-raw") &&
      gst_zero_buffer_format_get_audio_info (caps, &self->audio))
    return GST_ZERO_BUFFER_CLIP_SAMPLES;
  if (g_str_has_prefix (name, "text/") ||
      g_str_has_prefix (name, "subpicture/"))
    return GST_ZERO_BUFFER_CLIP_INTERVAL;
  return GST_ZERO_BUFFER_CLIP_NEVER;
}

/* @caps may be NULL. */
static void
use_caps (GstZeroBufferReceiver *self, GstCaps *caps)
{
  GST_DEBUG_OBJECT (self->src, "Caps are %" GST_PTR_FORMAT, caps);
  gst_zero_buffer_format_set_caps (&self->format, caps);
  self->clip = caps ? find_clip (self, caps) : GST_ZERO_BUFFER_CLIP_NEVER;
  self->has_headers =
      caps && gst_structure_has_field (
                  gst_caps_get_structure (caps, 0), "streamheader");
  self->video_meta = FALSE;
  if (caps)
    gst_base_src_negotiate (self->src);
}

static void
push_caps (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  gst_caps_ref (caps);
  push (self, event);
  use_caps (self, caps);
  gst_caps_unref (caps);
}

static void
push_stream_start (GstZeroBufferReceiver *self, GstEvent *event)
{
  self->stream = GST_ZERO_BUFFER_STREAM_STARTED;
  gst_zero_buffer_guard_push_stream_start (&self->guard, event);
}

/* Of a producer that does not say what its stream is. */
static void
push_own_stream_start (GstZeroBufferReceiver *self)
{
  gchar *stream_id = gst_pad_create_stream_id (
      GST_BASE_SRC_PAD (self->src), GST_ELEMENT_CAST (self->src), NULL);
  GstEvent *event = gst_event_new_stream_start (stream_id);

  gst_event_set_group_id (event, gst_util_group_id_next ());
  push_stream_start (self, event);
  g_free (stream_id);
}

static void
set_default_segment (GstZeroBufferReceiver *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_zero_buffer_timeline_set_segment (
      &self->timeline, &segment, gst_util_seqnum_next ());
}

/* Whether the segment that the stream has is yet to be pushed. */
static gboolean
is_before_segment (GstZeroBufferReceiver *self)
{
  return self->timeline.state == GST_ZERO_BUFFER_SEGMENT_PENDING ||
         self->timeline.state == GST_ZERO_BUFFER_SEGMENT_EARLY;
}

static void
push_held (GstZeroBufferReceiver *self)
{
  GstEvent *event;

  while ((event = g_queue_pop_head (&self->held)))
    push (self, event);
}

/* Pushes the segment, if it is due, before what has the timestamp @at, and the events
 * that had to wait for it.  Without @force they wait for a timestamp. */
static void
push_segment (GstZeroBufferReceiver *self, GstClockTime at, gboolean force)
{
  gboolean shifted;
  GstEvent *event =
      gst_zero_buffer_timeline_map (&self->timeline, at, force, &shifted);

  if (shifted)
    gst_zero_buffer_gate_set_floor (&self->gate, self->timeline.end);
  if (event)
    gst_zero_buffer_guard_push_segment (&self->guard, event);
  if (G_UNLIKELY (!g_queue_is_empty (&self->held)) &&
      (force || !is_before_segment (self)))
    push_held (self);
}

void
gst_zero_buffer_receiver_finish (GstZeroBufferReceiver *self)
{
  push_segment (self, GST_CLOCK_TIME_NONE, TRUE);
}

/* ---- events ---- */

static GstEvent *
map_group_done (GstZeroBufferReceiver *self, GstEvent *event)
{
  guint32 seqnum = gst_event_get_seqnum (event);
  guint group_id;

  gst_event_parse_stream_group_done (event, &group_id);
  gst_event_unref (event);
  event = gst_event_new_stream_group_done (
      gst_zero_buffer_ids_map_group (self->ids, group_id));
  gst_event_set_seqnum (event, seqnum);
  return event;
}

static void
map_group (GstZeroBufferReceiver *self, GstEvent *event)
{
  guint group_id;

  if (gst_event_parse_group_id (event, &group_id))
    gst_event_set_group_id (
        event, gst_zero_buffer_ids_map_group (self->ids, group_id));
}

/* Takes @event over; the numbers in it are the producer's. */
static GstEvent *
map_numbers (GstZeroBufferReceiver *self, GstEvent *event)
{
  gst_event_set_seqnum (event,
      gst_zero_buffer_ids_map_seqnum (self->ids, gst_event_get_seqnum (event)));
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    map_group (self, event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_GROUP_DONE)
    event = map_group_done (self, event);
  return event;
}

gboolean
gst_zero_buffer_receiver_is_reconnecting (GstZeroBufferReceiver *self)
{
  gboolean reconnect;

  g_object_get (self->src, "reconnect", &reconnect, NULL);
  return reconnect;
}

/* Takes @event over. */
static void
take_segment (GstZeroBufferReceiver *self, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  /* What waits for the segment before this one. */
  push_segment (self, GST_CLOCK_TIME_NONE, !g_queue_is_empty (&self->held));
  gst_zero_buffer_timeline_set_segment (
      &self->timeline, segment, gst_event_get_seqnum (event));
  gst_event_unref (event);
  push_segment (self, GST_CLOCK_TIME_NONE, FALSE);
}

/* What is downstream is stale; what was in the ring has been passed on.  Takes @stop
 * over. */
static void
take_flush (GstZeroBufferReceiver *self, GstEvent *stop)
{
  GstEvent *start = gst_event_new_flush_start ();
  gboolean reset_time;

  gst_event_parse_flush_stop (stop, &reset_time);
  gst_event_set_seqnum (start, gst_event_get_seqnum (stop));
  if (self->stream == GST_ZERO_BUFFER_STREAM_ENDED)
    self->stream = GST_ZERO_BUFFER_STREAM_STARTED;
  drop_held (self);
  memset (&self->gate, 0, sizeof self->gate);
  gst_zero_buffer_timeline_flush (&self->timeline, reset_time);
  push (self, start);
  push (self, stop);
}

/* The stream of the next producer will follow, if that is wanted.  Takes @event
 * over. */
static void
take_eos (GstZeroBufferReceiver *self, GstEvent *event)
{
  self->stream = GST_ZERO_BUFFER_STREAM_ENDED;
  push_segment (self, GST_CLOCK_TIME_NONE, TRUE);
  if (gst_zero_buffer_receiver_is_reconnecting (self))
    gst_event_unref (event);
  else
    push (self, event);
}

static GstEvent *
remake_gap (GstEvent *event, GstClockTime timestamp, GstClockTime duration)
{
  GstEvent *gap = gst_event_new_gap (timestamp, duration);
  GstGapFlags flags;

  gst_event_parse_gap_flags (event, &flags);
  if (flags)
    gst_event_set_gap_flags (gap, flags);
  gst_event_set_seqnum (gap, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return gap;
}

static GstClockTime
get_end (GstClockTime timestamp, GstClockTime duration)
{
  if (!GST_CLOCK_TIME_IS_VALID (timestamp) ||
      !GST_CLOCK_TIME_IS_VALID (duration) ||
      duration > GST_CLOCK_TIME_NONE - 1 - timestamp)
    return timestamp;
  return timestamp + duration;
}

/* Running times of what has this timestamp and duration; in a stream that runs
 * backwards it begins where it ends. */
static void
get_interval (GstZeroBufferReceiver *self, GstClockTime timestamp,
    GstClockTime duration, gint64 *start, gint64 *end)
{
  GstClockTime last = get_end (timestamp, duration);
  gint64 a =
      gst_zero_buffer_timeline_get_running_time (&self->timeline, timestamp);
  gint64 b = last == timestamp ? a
                               : gst_zero_buffer_timeline_get_running_time (
                                     &self->timeline, last);

  *start = MIN (a, b);
  *end = MAX (a, b);
}

/* The part of a gap behind the floor.  Takes @event over. */
static GstEvent *
clip_gap (GstZeroBufferReceiver *self, GstEvent *event, GstClockTime timestamp,
    GstClockTime duration)
{
  GstClockTime first =
      gst_zero_buffer_timeline_get_position (&self->timeline, self->gate.floor);
  GstClockTime end = get_end (timestamp, duration);

  if (self->timeline.segment.rate < 0.0 || !GST_CLOCK_TIME_IS_VALID (first) ||
      first <= timestamp || first >= end)
    return event;
  return remake_gap (event, first, end - first);
}

/* Takes @event over. */
static void
take_gap (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstClockTime timestamp, duration;
  gint64 start, end;

  gst_event_parse_gap (event, &timestamp, &duration);
  push_segment (self, timestamp, TRUE);
  if (gst_zero_buffer_timeline_is_arrival (&self->timeline)) {
    push (self,
        remake_gap (event,
            gst_zero_buffer_timeline_get_arrival (&self->timeline), duration));
    return;
  }
  get_interval (self, timestamp, duration, &start, &end);
  switch (gst_zero_buffer_gate_judge_gap (&self->gate, start, end)) {
    case GST_ZERO_BUFFER_GATE_CLIP:
      event = clip_gap (self, event, timestamp, duration);
      gst_event_parse_gap (event, &timestamp, &duration);
      break;
    case GST_ZERO_BUFFER_GATE_PASS:
      break;
    default:
      GST_LOG_OBJECT (self->src, "Too early: %" GST_PTR_FORMAT, event);
      gst_event_unref (event);
      return;
  }
  gst_zero_buffer_timeline_note_end (&self->timeline, end);
  if (self->timeline.slew != 0)
    event = remake_gap (event,
        gst_zero_buffer_timeline_correct (&self->timeline, timestamp),
        duration);
  push (self, event);
}

/* Takes @event over. */
static GstEvent *
stamp_segment_done (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstEvent *done;

  if (!gst_zero_buffer_timeline_is_arrival (&self->timeline))
    return event;
  done = gst_event_new_segment_done (
      GST_FORMAT_TIME, gst_zero_buffer_timeline_get_arrival (&self->timeline));
  gst_event_set_seqnum (done, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return done;
}

/* An event that has its place in the stream.  Takes @event over. */
static void
take_in_order (GstZeroBufferReceiver *self, GstEvent *event)
{
  if (!is_before_segment (self)) {
    push (self, event);
    return;
  }
  if (self->held.length == MAX_HELD) {
    GST_WARNING_OBJECT (self->src,
        "More than %u events wait for a segment: the first is left out",
        MAX_HELD);
    gst_event_unref (g_queue_pop_head (&self->held));
  }
  g_queue_push_tail (&self->held, event);
}

/* Takes @event over. */
static void
take_event (GstZeroBufferReceiver *self, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  GST_LOG_OBJECT (self->src, "Got %" GST_PTR_FORMAT, event);
  event = map_numbers (self, event);
  if (self->stream == GST_ZERO_BUFFER_STREAM_NONE &&
      type != GST_EVENT_STREAM_START)
    push_own_stream_start (self);
  switch (type) {
    case GST_EVENT_STREAM_START:
      push_segment (self, GST_CLOCK_TIME_NONE, !g_queue_is_empty (&self->held));
      push_stream_start (self, event);
      break;
    case GST_EVENT_CAPS:
      push_caps (self, event);
      break;
    case GST_EVENT_SEGMENT:
      take_segment (self, event);
      break;
    case GST_EVENT_FLUSH_STOP:
      take_flush (self, event);
      break;
    case GST_EVENT_EOS:
      take_eos (self, event);
      break;
    case GST_EVENT_GAP:
      take_gap (self, event);
      break;
    case GST_EVENT_SEGMENT_DONE:
      push_segment (self, GST_CLOCK_TIME_NONE, TRUE);
      push (self, stamp_segment_done (self, event));
      break;
    default:
      if (GST_EVENT_IS_SERIALIZED (event))
        take_in_order (self, event);
      else
        push (self, event);
      break;
  }
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
  GstClockTime latency = gst_zero_buffer_timeline_get_latency (
      &self->timeline, GST_BUFFER_PTS (buffer));

  if (!GST_CLOCK_TIME_IS_VALID (latency))
    return;
  GST_OBJECT_LOCK (self->src);
  self->latency = latency;
  if (!GST_CLOCK_TIME_IS_VALID (self->latency_max) ||
      latency > self->latency_max)
    self->latency_max = latency;
  GST_OBJECT_UNLOCK (self->src);
}

/* A stream in time has a place for each buffer, by its PTS, or else its DTS. */
static GstClockTime
get_timestamp (GstBuffer *buffer)
{
  return GST_BUFFER_PTS_IS_VALID (buffer) ? GST_BUFFER_PTS (buffer)
                                          : GST_BUFFER_DTS (buffer);
}

/* The duration is only what the producer says. */
static gboolean
has_sample_at (
    GstZeroBufferReceiver *self, GstBuffer *buffer, GstClockTime time)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  guint64 samples =
      meta ? meta->samples : gst_buffer_get_size (buffer) / self->audio.bpf;

  return gst_util_uint64_scale (time - GST_BUFFER_PTS (buffer),
             self->audio.rate, GST_SECOND) < samples;
}

static GstBuffer *
clip_samples (
    GstZeroBufferReceiver *self, GstBuffer *buffer, GstClockTime first)
{
  GstSegment segment;

  if (!has_sample_at (self, buffer, first)) {
    gst_buffer_unref (buffer);
    return NULL;
  }

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = first;
  return gst_audio_buffer_clip (
      buffer, &segment, self->audio.rate, self->audio.bpf);
}

static GstBuffer *
clip_interval (GstBuffer *buffer, GstClockTime first)
{
  GST_BUFFER_DURATION (buffer) -= first - GST_BUFFER_PTS (buffer);
  GST_BUFFER_PTS (buffer) = first;
  return buffer;
}

/* The part of @buffer behind the floor; takes it over.  NULL if there is none. */
static GstBuffer *
clip_buffer (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  GstClockTime first =
      gst_zero_buffer_timeline_get_position (&self->timeline, self->gate.floor);

  if (!GST_CLOCK_TIME_IS_VALID (first) || first <= GST_BUFFER_PTS (buffer))
    return buffer;
  return self->clip == GST_ZERO_BUFFER_CLIP_SAMPLES
             ? clip_samples (self, buffer, first)
             : clip_interval (buffer, first);
}

static gboolean
can_be_clipped (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  return self->clip != GST_ZERO_BUFFER_CLIP_NEVER &&
         self->timeline.segment.rate > 0.0 &&
         self->timeline.state == GST_ZERO_BUFFER_SEGMENT_MAPPED &&
         GST_BUFFER_PTS_IS_VALID (buffer) &&
         GST_BUFFER_DURATION_IS_VALID (buffer);
}

static void
count_dropped (GstZeroBufferReceiver *self)
{
  GST_OBJECT_LOCK (self->src);
  self->dropped++;
  GST_OBJECT_UNLOCK (self->src);
}

static void
request_key_unit (GstZeroBufferReceiver *self)
{
  GstEvent *event = gst_video_event_new_upstream_force_key_unit (
      GST_CLOCK_TIME_NONE, TRUE, 0);

  GST_DEBUG_OBJECT (self->src, "Asking for a key unit");
  GST_BASE_SRC_GET_CLASS (self->src)->event (self->src, event);
  gst_event_unref (event);
}

/* Headers go first, whatever time they are of. */
static void
free_header_of_time (
    GstZeroBufferReceiver *self, GstBuffer *buffer, gint64 *start)
{
  if (!self->has_headers || self->gate.state == GST_ZERO_BUFFER_GATE_OPEN ||
      *start >= self->gate.floor ||
      !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER) ||
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    return;
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) =
      GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  *start = GST_ZERO_BUFFER_NO_TIME;
}

/* What of @buffer may leave; takes it over.  NULL if nothing does. */
static GstBuffer *
admit (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  gint64 start, end;

  get_interval (
      self, get_timestamp (buffer), GST_BUFFER_DURATION (buffer), &start, &end);
  free_header_of_time (self, buffer, &start);
  switch (gst_zero_buffer_gate_judge (&self->gate, start, end,
      GST_BUFFER_FLAGS (buffer), can_be_clipped (self, buffer))) {
    case GST_ZERO_BUFFER_GATE_CLIP:
      buffer = clip_buffer (self, buffer);
      start = self->gate.floor;
      break;
    case GST_ZERO_BUFFER_GATE_DROP_AND_ASK:
      request_key_unit (self);
      gst_clear_buffer (&buffer);
      break;
    case GST_ZERO_BUFFER_GATE_DROP:
      gst_clear_buffer (&buffer);
      break;
    case GST_ZERO_BUFFER_GATE_PASS:
      break;
  }
  if (!buffer) {
    count_dropped (self);
    self->discont = TRUE;
    return NULL;
  }
  gst_zero_buffer_timeline_note_end (&self->timeline, end);
  if (start != GST_ZERO_BUFFER_NO_TIME)
    gst_zero_buffer_timeline_follow_drift (&self->timeline, start);
  return buffer;
}

/* Where timestamps are to be those of arrival and the base class is asked to fill
 * them in, they are left to it. */
static void
stamp (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  if (!gst_zero_buffer_timeline_is_arrival (&self->timeline)) {
    GST_BUFFER_PTS (buffer) = gst_zero_buffer_timeline_correct (
        &self->timeline, GST_BUFFER_PTS (buffer));
    GST_BUFFER_DTS (buffer) = gst_zero_buffer_timeline_correct (
        &self->timeline, GST_BUFFER_DTS (buffer));
    return;
  }
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_PTS (buffer) =
      gst_base_src_get_do_timestamp (self->src)
          ? GST_CLOCK_TIME_NONE
          : gst_zero_buffer_timeline_get_arrival (&self->timeline);
}

/* Takes @buffer over.  Returns what the base class is to push, or NULL. */
static GstBuffer *
deliver (GstZeroBufferReceiver *self, GstBuffer *buffer)
{
  /* A writer need not be one that speaks well of its stream. */
  if (G_UNLIKELY (self->stream == GST_ZERO_BUFFER_STREAM_NONE))
    push_own_stream_start (self);
  if (G_UNLIKELY (self->timeline.state == GST_ZERO_BUFFER_SEGMENT_NONE))
    set_default_segment (self);
  push_segment (self, get_timestamp (buffer), TRUE);
  measure_latency (self, buffer);
  if (!gst_zero_buffer_timeline_is_arrival (&self->timeline) &&
      !(buffer = admit (self, buffer)))
    return NULL;
  stamp (self, buffer);
  if (self->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  return buffer;
}

/* ---- plain frames ---- */

void
gst_zero_buffer_receiver_begin_plain_stream (
    GstZeroBufferReceiver *self, GstCaps *caps)
{
  push_own_stream_start (self);
  if (caps)
    push_caps (self, gst_event_new_caps (caps));
  else
    use_caps (self, NULL);
  set_default_segment (self);
}

GstFlowReturn
gst_zero_buffer_receiver_take_plain (
    GstZeroBufferReceiver *self, ZbFrame *frame, GstBuffer **buffer)
{
  GstBuffer *wrapped = gst_buffer_new ();

  gst_buffer_append_memory (
      wrapped, gst_zero_buffer_allocator_wrap (self->allocator, frame));
  if (!(wrapped = fit_buffer (self, wrapped)))
    return GST_FLOW_ERROR;
  *buffer = deliver (self, wrapped);
  return GST_FLOW_OK;
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
take_buffer (GstZeroBufferReceiver *self, const GstZeroBufferRecord *record,
    const guint8 *payload, ZbFrame *frame, GstBuffer **buffer)
{
  GstByteReader extras;
  GstBuffer *made;

  copy_out (self,
      payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE + record->data_size,
      record->extra_size, &extras);
  made = make_buffer (self, record, frame);
  if (!gst_zero_buffer_metas_read (made, &extras)) {
    gst_buffer_unref (made);
    return fail_record (self, "a record has impossible metas");
  }
  gst_zero_buffer_format_remove_wrong_metas (&self->format, made);
  if (!self->video_meta &&
      gst_zero_buffer_format_needs_meta (&self->format, made) &&
      !(made = unpack (self, made)))
    return GST_FLOW_ERROR;
  if ((*buffer = deliver (self, made)))
    gst_zero_buffer_guard_keep (&self->guard, *buffer);
  return GST_FLOW_OK;
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
take_other (GstZeroBufferReceiver *self, const GstZeroBufferRecord *record,
    GstByteReader *data)
{
  GstZeroBufferClock clock;
  GstEvent *event;

  switch (record->kind) {
    case GST_ZERO_BUFFER_RECORD_EVENT:
      if ((event = gst_zero_buffer_event_read (data)))
        take_event (self, event);
      else
        GST_WARNING_OBJECT (self->src,
            "Left out an event of %" G_GUINT64_FORMAT
            " bytes: it is of a type that is not known, or its fields cannot "
            "be read",
            record->data_size);
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
gst_zero_buffer_receiver_take_record (
    GstZeroBufferReceiver *self, ZbFrame *frame, GstBuffer **buffer)
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
    return take_buffer (self, &record, payload, frame, buffer);
  copy_out (self, payload + GST_ZERO_BUFFER_RECORD_HEADER_SIZE,
      record.data_size, &data);
  zb_frame_release (frame);
  return take_other (self, &record, &data);
}

/* ---- to downstream's questions ---- */

gboolean
gst_zero_buffer_receiver_get_latency (
    GstZeroBufferReceiver *self, GstClockTime *min, GstClockTime *max)
{
  gboolean rebased;

  GST_OBJECT_LOCK (self->src);
  rebased = self->rebased;
  *min = OWN_LATENCY + (rebased ? self->clock.min_latency : 0);
  /* The ring is as large as it has to be, and so is its time. */
  *max = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self->src);
  return rebased || gst_base_src_is_live (self->src);
}
