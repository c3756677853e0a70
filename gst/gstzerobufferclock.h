/* SPDX-License-Identifier: MIT */
/*
 * How the times of two pipelines relate.  Running time and base time make a time
 * of the pipeline's clock; on the system's monotonic clock, which is the same
 * in every process, such a time means the same to both.
 */
#ifndef GST_ZERO_BUFFER_CLOCK_H
#define GST_ZERO_BUFFER_CLOCK_H

#include "gstzerobufferrecord.h"

G_BEGIN_DECLS

/* A running time that is not known. */
#define GST_ZERO_BUFFER_NO_TIME G_MININT64

/* A base time that is not known. */
#define GST_ZERO_BUFFER_BASE_NONE G_MININT64

/* What the clock record says of the producer's pipeline; all ns. */
typedef struct {
  gint64 base_time; /* on the monotonic clock */
  gboolean live;
  GstClockTime min_latency; /* of what comes to the sink */
  GstClockTime max_latency; /* GST_CLOCK_TIME_NONE: without limit */
} GstZeroBufferClock;

/* The base time of a pipeline on the monotonic clock.  Where the pipeline has
 * another clock it is measured, from time to time, since clocks drift.  Zeroed
 * before its first use. */
typedef struct {
  GstClock *clock;        /* not a reference: compared only */
  GstClockTime base_time; /* on the pipeline's own clock */
  gint64 value;
  gboolean exact;
  GstClockTime measured_at;
} GstZeroBufferBaseTime;

/* GST_ZERO_BUFFER_BASE_NONE without a clock. */
gint64 gst_zero_buffer_base_time_get (
    GstZeroBufferBaseTime *self, GstElement *element);

/* What goes into the data of a clock record, and what comes out; FALSE if it is
 * too short, or says what cannot be. */
void gst_zero_buffer_clock_write (
    const GstZeroBufferClock *clock, GByteArray *bytes);
gboolean gst_zero_buffer_clock_read (
    GstZeroBufferClock *clock, guint32 flags, GstByteReader *data);

/* Flags of the record. */
#define GST_ZERO_BUFFER_CLOCK_FLAG_LIVE (1u << 0)

G_END_DECLS

#endif
