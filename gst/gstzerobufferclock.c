/* SPDX-License-Identifier: MIT */
#include "gstzerobufferclock.h"

/* Two clocks cannot be read at once; of so many attempts the one counts that
 * took the least time. */
#define ATTEMPTS 4

#define MEASURE_INTERVAL GST_SECOND

static GstClock *
get_monotonic_clock (void)
{
  static GstClock *clock;

  if (g_once_init_enter (&clock)) {
    GstClock *self = g_object_new (
        GST_TYPE_SYSTEM_CLOCK, "clock-type", GST_CLOCK_TYPE_MONOTONIC, NULL);

    gst_object_ref_sink (self);
    GST_OBJECT_FLAG_SET (self, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    g_once_init_leave (&clock, self);
  }
  return clock;
}

/* Others than the system clock itself derive from its class. */
static gboolean
is_monotonic (GstClock *clock)
{
  GstClockTime internal, external, rate_num, rate_denom;
  GstClockType type;

  if (G_OBJECT_TYPE (clock) != G_OBJECT_TYPE (get_monotonic_clock ()))
    return FALSE;
  g_object_get (clock, "clock-type", &type, NULL);
  gst_clock_get_calibration (
      clock, &internal, &external, &rate_num, &rate_denom);
  return type == GST_CLOCK_TYPE_MONOTONIC && internal == external &&
         rate_num == rate_denom;
}

/* How far @clock is ahead of the monotonic clock. */
static gint64
measure_lead (GstClock *clock)
{
  GstClock *monotonic = get_monotonic_clock ();
  GstClockTimeDiff shortest = G_MAXINT64;
  gint64 lead = 0;

  for (guint i = 0; i < ATTEMPTS; i++) {
    GstClockTime before = gst_clock_get_time (monotonic);
    GstClockTime now = gst_clock_get_time (clock);
    GstClockTime after = gst_clock_get_time (monotonic);
    GstClockTimeDiff took = GST_CLOCK_DIFF (before, after);

    if (took < shortest) {
      shortest = took;
      lead = GST_CLOCK_DIFF (before + took / 2, now);
    }
  }
  return lead;
}

static gboolean
is_outdated (const GstZeroBufferBaseTime *self, const GstClock *clock,
    GstClockTime base_time)
{
  if (self->measured_at == 0 || clock != self->clock ||
      base_time != self->base_time)
    return TRUE;
  return !self->exact &&
         gst_util_get_timestamp () - self->measured_at >= MEASURE_INTERVAL;
}

static void
measure (GstZeroBufferBaseTime *self, GstClock *clock)
{
  self->measured_at = gst_util_get_timestamp ();
  self->exact = is_monotonic (clock);
  self->value = (gint64) self->base_time;
  if (!self->exact)
    self->value -= measure_lead (clock);
}

gint64
gst_zero_buffer_base_time_get (GstZeroBufferBaseTime *self, GstElement *element)
{
  GstClockTime base_time;
  const GstClock *current;
  GstClock *clock;

  GST_OBJECT_LOCK (element);
  current = GST_ELEMENT_CLOCK (element);
  base_time = element->base_time;
  GST_OBJECT_UNLOCK (element);
  if (current && !is_outdated (self, current, base_time))
    return self->value;
  if (!(clock = gst_element_get_clock (element)))
    return GST_ZERO_BUFFER_BASE_NONE;
  self->clock = clock;
  self->base_time = base_time;
  measure (self, clock);
  gst_object_unref (clock);
  return self->value;
}

void
gst_zero_buffer_clock_write (const GstZeroBufferClock *clock, GByteArray *bytes)
{
  gst_zero_buffer_put_u64 (bytes, (guint64) clock->base_time);
  gst_zero_buffer_put_u64 (bytes, clock->min_latency);
  gst_zero_buffer_put_u64 (bytes, clock->max_latency);
}

/* Times that can be added and subtracted. */
static gboolean
is_possible (const GstZeroBufferClock *clock)
{
  const gint64 limit = G_MAXINT64 / 4;

  return (clock->base_time == GST_ZERO_BUFFER_BASE_NONE ||
             (clock->base_time > -limit && clock->base_time < limit)) &&
         clock->min_latency < (guint64) limit &&
         (clock->max_latency == GST_CLOCK_TIME_NONE ||
             clock->max_latency < (guint64) limit);
}

gboolean
gst_zero_buffer_clock_read (
    GstZeroBufferClock *clock, guint32 flags, GstByteReader *data)
{
  clock->live = (flags & GST_ZERO_BUFFER_CLOCK_FLAG_LIVE) != 0;
  return gst_byte_reader_get_int64_le (data, &clock->base_time) &&
         gst_byte_reader_get_uint64_le (data, &clock->min_latency) &&
         gst_byte_reader_get_uint64_le (data, &clock->max_latency) &&
         is_possible (clock);
}
