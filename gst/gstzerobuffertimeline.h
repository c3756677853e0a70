/* SPDX-License-Identifier: MIT */
/*
 * Where the producer's buffers come to lie in the consumer's time.
 *
 * Timestamps stay as they are.  What differs between the two pipelines, their
 * base times, goes into the segment: it is what turns timestamps into running
 * times.
 */
#ifndef GST_ZERO_BUFFER_TIMELINE_H
#define GST_ZERO_BUFFER_TIMELINE_H

#include "gstzerobufferclock.h"

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_TIMESTAMPS_AUTO,
  GST_ZERO_BUFFER_TIMESTAMPS_PRESERVE,
  GST_ZERO_BUFFER_TIMESTAMPS_REBASE,
  GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL,
} GstZeroBufferTimestamps;

#define GST_TYPE_ZERO_BUFFER_TIMESTAMPS (gst_zero_buffer_timestamps_get_type ())
GType gst_zero_buffer_timestamps_get_type (void);

/* Zeroed before its first use. */
typedef struct {
  GstZeroBufferTimestamps wanted;
  GstZeroBufferClock clock; /* the producer's */
  gboolean has_clock;
  GstZeroBufferBaseTime own;

  GstEvent *segment; /* the producer's; NULL: none so far */
  gboolean pending;  /* it was not pushed yet */
  gboolean shifted;  /* shift is known */
  gint64 shift;      /* from the producer's running time to ours, ns */
} GstZeroBufferTimeline;

/* Forgets all that the producer said. */
void gst_zero_buffer_timeline_reset (GstZeroBufferTimeline *self);

void gst_zero_buffer_timeline_set_clock (
    GstZeroBufferTimeline *self, const GstZeroBufferClock *clock);

/* Takes @segment over. */
void gst_zero_buffer_timeline_set_segment (
    GstZeroBufferTimeline *self, GstEvent *segment);

/* The segment event to be pushed by @element now, or NULL: before @buffer, or
 * before what is no buffer if that is NULL. */
GstEvent *gst_zero_buffer_timeline_update (
    GstZeroBufferTimeline *self, GstElement *element, GstBuffer *buffer);

/* Stamps @buffer, which is writable, if that is how it gets its time. */
void gst_zero_buffer_timeline_stamp (
    GstZeroBufferTimeline *self, GstElement *element, GstBuffer *buffer);

/* How long ago @buffer, of a live producer, was due there; NONE if that is not
 * known. */
GstClockTime gst_zero_buffer_timeline_get_latency (
    const GstZeroBufferTimeline *self, GstBuffer *buffer);

/* Whether buffers lie where the producer's clock had them. */
gboolean gst_zero_buffer_timeline_is_rebased (
    const GstZeroBufferTimeline *self);

G_END_DECLS

#endif
