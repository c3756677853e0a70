/* SPDX-License-Identifier: MIT */
#include "gstzerobuffertimeline.h"

/* Below this a difference between measurements is noise, ns. */
#define TOLERANCE (200 * GST_USECOND)

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
gst_zero_buffer_timeline_reset (GstZeroBufferTimeline *self)
{
  gst_clear_event (&self->segment);
  self->has_clock = FALSE;
  self->pending = FALSE;
  self->shifted = FALSE;
  self->shift = 0;
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
    GstZeroBufferTimeline *self, GstEvent *segment)
{
  gst_clear_event (&self->segment);
  self->segment = segment;
  self->pending = TRUE;
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

/* A pipeline that has not started to play has no base time yet; one that is
 * paused will have another when it goes on. */
static gboolean
find_shift (GstZeroBufferTimeline *self, GstElement *element,
    const GstSegment *segment, GstBuffer *buffer, gint64 *shift)
{
  GstClockTime time;
  gint64 base;

  if (GST_STATE_TARGET (element) == GST_STATE_PLAYING &&
      (base = gst_zero_buffer_base_time_get (&self->own, element)) !=
          GST_ZERO_BUFFER_BASE_NONE) {
    *shift = self->clock.base_time - base;
    return TRUE;
  }
  *shift = self->shift;
  if (self->shifted)
    return TRUE;
  /* Until then the first buffer is what is shown at the start. */
  if (!buffer)
    return FALSE;
  time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (time))
    *shift = -(gint64) time;
  return TRUE;
}

static GstEvent *
make_shifted (GstEvent *event, const GstSegment *segment, gint64 shift)
{
  GstSegment copy = *segment;
  GstEvent *shifted;

  if (!gst_segment_offset_running_time (&copy, GST_FORMAT_TIME, shift))
    return gst_event_ref (event);
  shifted = gst_event_new_segment (&copy);
  gst_event_set_seqnum (shifted, gst_event_get_seqnum (event));
  return shifted;
}

static GstEvent *
rebase (GstZeroBufferTimeline *self, GstElement *element, GstBuffer *buffer)
{
  const GstSegment *segment;
  gint64 shift;

  gst_event_parse_segment (self->segment, &segment);
  if (segment->format != GST_FORMAT_TIME) {
    if (!self->pending)
      return NULL;
    self->pending = FALSE;
    return gst_event_ref (self->segment);
  }
  if (!find_shift (self, element, segment, buffer, &shift))
    return NULL;
  if (!self->pending && ABS (shift - self->shift) <= (gint64) TOLERANCE)
    return NULL;
  self->pending = FALSE;
  self->shifted = TRUE;
  self->shift = shift;
  return make_shifted (self->segment, segment, shift);
}

GstEvent *
gst_zero_buffer_timeline_update (
    GstZeroBufferTimeline *self, GstElement *element, GstBuffer *buffer)
{
  GstSegment arrival;

  if (!self->segment)
    return NULL;
  if (gst_zero_buffer_timeline_is_rebased (self))
    return rebase (self, element, buffer);
  if (!self->pending)
    return NULL;
  self->pending = FALSE;
  if (get_mode (self) != GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL)
    return gst_event_ref (self->segment);
  gst_segment_init (&arrival, GST_FORMAT_TIME);
  return gst_event_new_segment (&arrival);
}

void
gst_zero_buffer_timeline_stamp (
    GstZeroBufferTimeline *self, GstElement *element, GstBuffer *buffer)
{
  GstClockTime now;

  if (get_mode (self) != GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL)
    return;
  now = gst_element_get_current_running_time (element);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_IS_VALID (now) ? now : 0;
}

GstClockTime
gst_zero_buffer_timeline_get_latency (
    const GstZeroBufferTimeline *self, GstBuffer *buffer)
{
  const GstSegment *segment;
  GstClockTime time;
  gint64 latency;

  if (!self->has_clock || !self->clock.live || !self->segment ||
      self->clock.base_time == GST_ZERO_BUFFER_BASE_NONE)
    return GST_CLOCK_TIME_NONE;
  gst_event_parse_segment (self->segment, &segment);
  if (segment->format != GST_FORMAT_TIME)
    return GST_CLOCK_TIME_NONE;
  time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (!GST_CLOCK_TIME_IS_VALID (time))
    return GST_CLOCK_TIME_NONE;
  latency = (gint64) gst_util_get_timestamp () - self->clock.base_time -
            (gint64) time;
  return latency > 0 ? (GstClockTime) latency : 0;
}
