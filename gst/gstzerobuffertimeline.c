/* SPDX-License-Identifier: MIT */
#include "gstzerobuffertimeline.h"

#include <string.h>

/* From here on a difference between the clocks is none of drift: a clock was set,
 * or a pipeline was paused. */
#define JUMP ((gint64) (40 * GST_MSECOND))

/* Below this a difference between measurements is noise. */
#define NOISE ((gint64) (500 * GST_USECOND))

/* Timestamps are corrected by 1/SLEW_RATE of the time that goes by, at most. */
#define SLEW_RATE 1000

GType
gst_zero_buffer_timestamps_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_ZERO_BUFFER_TIMESTAMPS_AUTO,
        "Rebase what a live producer sends, preserve the rest", "auto" },
    { GST_ZERO_BUFFER_TIMESTAMPS_PRESERVE,
        "Timestamps and segments as they left the producer", "preserve" },
    { GST_ZERO_BUFFER_TIMESTAMPS_REBASE,
        "At the same time of the clock as in the producer", "rebase" },
    { GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL, "The time when a buffer arrives",
        "arrival" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstZeroBufferTimestamps", values));
  return type;
}

void
gst_zero_buffer_timeline_start (GstZeroBufferTimeline *self,
    GstElement *element, GstZeroBufferTimestamps wanted, gboolean live)
{
  memset (self, 0, sizeof *self);
  self->element = element;
  self->wanted = wanted;
  self->live = live;
  self->origin = live ? NULL : gst_zero_buffer_origin_get (element);
}

void
gst_zero_buffer_timeline_stop (GstZeroBufferTimeline *self)
{
  g_clear_pointer (&self->origin, gst_zero_buffer_origin_release);
}

static void
set_shift (GstZeroBufferTimeline *self, gint64 shift)
{
  self->shifted = TRUE;
  self->shift = shift;
  self->drift = 0;
  self->slew = 0;
  self->slewed_at = self->end;
}

void
gst_zero_buffer_timeline_begin_session (GstZeroBufferTimeline *self)
{
  self->has_clock = FALSE;
  self->state = GST_ZERO_BUFFER_SEGMENT_NONE;
  self->shifted = FALSE;
}

void
gst_zero_buffer_timeline_set_clock (
    GstZeroBufferTimeline *self, const GstZeroBufferClock *clock)
{
  self->clock = *clock;
  self->has_clock = TRUE;
}

void
gst_zero_buffer_timeline_set_segment (
    GstZeroBufferTimeline *self, const GstSegment *segment, guint32 seqnum)
{
  self->segment = *segment;
  self->seqnum = seqnum;
  self->state = GST_ZERO_BUFFER_SEGMENT_PENDING;
}

void
gst_zero_buffer_timeline_flush (
    GstZeroBufferTimeline *self, gboolean reset_time)
{
  self->state = GST_ZERO_BUFFER_SEGMENT_NONE;
  if (!reset_time)
    return;
  self->end = 0;
  if (!gst_zero_buffer_timeline_is_rebased (self))
    self->shifted = FALSE;
}

void
gst_zero_buffer_timeline_resend (GstZeroBufferTimeline *self, guint64 position)
{
  if (self->state == GST_ZERO_BUFFER_SEGMENT_NONE)
    return;
  self->state = GST_ZERO_BUFFER_SEGMENT_PENDING;
  self->segment.position = position;
  self->seqnum = gst_util_seqnum_next ();
}

void
gst_zero_buffer_timeline_forget_shift (GstZeroBufferTimeline *self)
{
  if (gst_zero_buffer_timeline_is_rebased (self))
    self->shifted = FALSE;
}

static GstZeroBufferTimestamps
get_mode (const GstZeroBufferTimeline *self)
{
  if (self->wanted != GST_ZERO_BUFFER_TIMESTAMPS_AUTO)
    return self->wanted;
  return self->has_clock && self->clock.live
             ? GST_ZERO_BUFFER_TIMESTAMPS_REBASE
             : GST_ZERO_BUFFER_TIMESTAMPS_PRESERVE;
}

gboolean
gst_zero_buffer_timeline_is_rebased (const GstZeroBufferTimeline *self)
{
  return get_mode (self) == GST_ZERO_BUFFER_TIMESTAMPS_REBASE &&
         self->has_clock && self->clock.base_time != GST_ZERO_BUFFER_BASE_NONE;
}

gboolean
gst_zero_buffer_timeline_is_arrival (const GstZeroBufferTimeline *self)
{
  return get_mode (self) == GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL;
}

GstClockTime
gst_zero_buffer_timeline_get_arrival (const GstZeroBufferTimeline *self)
{
  GstClockTime now = gst_element_get_current_running_time (self->element);

  return GST_CLOCK_TIME_IS_VALID (now) ? now : 0;
}

/* ---- running times ---- */

/* In the producer. */
static gint64
get_producer_time (const GstZeroBufferTimeline *self, GstClockTime timestamp)
{
  guint64 time;
  gint sign;

  if (self->state == GST_ZERO_BUFFER_SEGMENT_NONE ||
      self->segment.format != GST_FORMAT_TIME ||
      !GST_CLOCK_TIME_IS_VALID (timestamp))
    return GST_ZERO_BUFFER_NO_TIME;
  sign = gst_segment_to_running_time_full (
      &self->segment, GST_FORMAT_TIME, timestamp, &time);
  if (sign == 0 || time > G_MAXINT64 / 4)
    return GST_ZERO_BUFFER_NO_TIME;
  return sign * (gint64) time;
}

gint64
gst_zero_buffer_timeline_get_running_time (
    const GstZeroBufferTimeline *self, GstClockTime timestamp)
{
  gint64 time = get_producer_time (self, timestamp);

  return time == GST_ZERO_BUFFER_NO_TIME ? time
                                         : time + self->shift + self->slew;
}

GstClockTime
gst_zero_buffer_timeline_get_position (
    const GstZeroBufferTimeline *self, gint64 running_time)
{
  gint64 time = running_time - self->shift - self->slew;

  if (time < 0)
    return GST_CLOCK_TIME_NONE;
  return gst_segment_position_from_running_time (
      &self->segment, GST_FORMAT_TIME, time);
}

void
gst_zero_buffer_timeline_note_end (GstZeroBufferTimeline *self, gint64 end)
{
  if (end > self->end && end < G_MAXINT64 / 4)
    self->end = end;
}

/* ---- finding the shift ---- */

/* The monotonic time of our running time 0.  FALSE: nothing says where it is. */
static gboolean
find_origin (GstZeroBufferTimeline *self, GstClockTime at, gint64 *origin)
{
  gboolean playing = GST_STATE_TARGET (self->element) == GST_STATE_PLAYING;
  gint64 base = playing
                    ? gst_zero_buffer_base_time_get (&self->own, self->element)
                    : GST_ZERO_BUFFER_BASE_NONE;
  gint64 first = get_producer_time (self, at);

  if (self->live) {
    *origin = base;
    return base != GST_ZERO_BUFFER_BASE_NONE;
  }
  if (base == GST_ZERO_BUFFER_BASE_NONE && first == GST_ZERO_BUFFER_NO_TIME)
    return FALSE;
  *origin = gst_zero_buffer_origin_find (self->origin, base,
      base == GST_ZERO_BUFFER_BASE_NONE ? self->clock.base_time + first : 0);
  return TRUE;
}

/* FALSE: it is not known.  *changed: it is not what it was. */
static gboolean
update_rebased_shift (
    GstZeroBufferTimeline *self, GstClockTime at, gboolean *changed)
{
  gint64 origin, drift;

  if (!find_origin (self, at, &origin))
    return self->shifted;
  drift = self->clock.base_time - origin - self->shift;
  if (!self->shifted || ABS (drift - self->slew) > JUMP) {
    *changed = TRUE;
    set_shift (self, self->clock.base_time - origin);
    drift = 0;
  }
  self->drift = drift;
  return TRUE;
}

static gboolean
update_shift (GstZeroBufferTimeline *self, GstClockTime at, gboolean *changed)
{
  if (gst_zero_buffer_timeline_is_rebased (self))
    return update_rebased_shift (self, at, changed);
  /* One producer after the other, as concat plays them. */
  if (!self->shifted)
    set_shift (self, self->end);
  return TRUE;
}

void
gst_zero_buffer_timeline_follow_drift (
    GstZeroBufferTimeline *self, gint64 running_time)
{
  gint64 step = (running_time - self->slewed_at) / SLEW_RATE;
  gint64 missing = self->drift - self->slew;

  if (step <= 0)
    return;
  self->slewed_at = running_time;
  if (ABS (missing) > NOISE)
    self->slew += CLAMP (missing, -step, step);
}

GstClockTime
gst_zero_buffer_timeline_correct (
    const GstZeroBufferTimeline *self, GstClockTime timestamp)
{
  gint64 slew = self->slew;

  if (G_LIKELY (slew == 0) || !GST_CLOCK_TIME_IS_VALID (timestamp) ||
      self->state == GST_ZERO_BUFFER_SEGMENT_NONE ||
      self->segment.format != GST_FORMAT_TIME)
    return timestamp;
  slew = (gint64) ((gdouble) slew * self->segment.rate);
  if (slew < 0 && (GstClockTime) -slew > timestamp)
    return 0;
  return timestamp + slew;
}

/* ---- the segment ---- */

/* As gst_segment_offset_running_time (), which does not know of rates below 0. */
static gboolean
shift_segment (GstSegment *segment, gint64 shift)
{
  guint64 position;

  if (shift >= 0 || segment->base >= (guint64) -shift) {
    segment->base += shift;
    return TRUE;
  }
  shift += segment->base;
  segment->base = 0;
  position = gst_segment_position_from_running_time (
      segment, GST_FORMAT_TIME, (guint64) -shift);
  if (position == GST_CLOCK_TIME_NONE)
    return FALSE;
  segment->offset = segment->rate > 0.0 ? position - segment->start
                                        : segment->stop - position;
  return TRUE;
}

static GstEvent *
make_event (const GstZeroBufferTimeline *self, const GstSegment *segment)
{
  GstEvent *event = gst_event_new_segment (segment);

  gst_event_set_seqnum (event, self->seqnum);
  return event;
}

static GstEvent *
make_shifted (GstZeroBufferTimeline *self)
{
  GstSegment segment = self->segment;

  if (segment.format == GST_FORMAT_TIME &&
      !shift_segment (&segment, self->shift)) {
    self->state = GST_ZERO_BUFFER_SEGMENT_EARLY;
    return NULL;
  }
  self->state = GST_ZERO_BUFFER_SEGMENT_MAPPED;
  return make_event (self, &segment);
}

GstEvent *
gst_zero_buffer_timeline_map (GstZeroBufferTimeline *self, GstClockTime at,
    gboolean force, gboolean *shifted)
{
  GstSegment arrival;

  *shifted = FALSE;
  if (self->state == GST_ZERO_BUFFER_SEGMENT_NONE)
    return NULL;
  if (gst_zero_buffer_timeline_is_arrival (self)) {
    if (self->state == GST_ZERO_BUFFER_SEGMENT_MAPPED)
      return NULL;
    self->state = GST_ZERO_BUFFER_SEGMENT_MAPPED;
    gst_segment_init (&arrival, GST_FORMAT_TIME);
    return make_event (self, &arrival);
  }
  if (self->segment.format == GST_FORMAT_TIME &&
      !update_shift (self, at, shifted)) {
    if (!force)
      return NULL;
    self->shift = 0;
  }
  if (self->state != GST_ZERO_BUFFER_SEGMENT_PENDING && !*shifted)
    return NULL;
  return make_shifted (self);
}

/* ---- latency ---- */

GstClockTime
gst_zero_buffer_timeline_get_latency (
    const GstZeroBufferTimeline *self, GstClockTime timestamp)
{
  gint64 time = get_producer_time (self, timestamp);
  gint64 latency;

  if (!self->has_clock || !self->clock.live ||
      self->clock.base_time == GST_ZERO_BUFFER_BASE_NONE ||
      time == GST_ZERO_BUFFER_NO_TIME)
    return GST_CLOCK_TIME_NONE;
  latency = (gint64) gst_util_get_timestamp () - self->clock.base_time - time;
  return latency > 0 ? (GstClockTime) latency : 0;
}
