/* SPDX-License-Identifier: MIT */
/*
 * The stream behind the source is the producer's.  GstBaseSrc would add a
 * stream-start and a segment of its own, and fill in timestamps and flags.  This
 * keeps it from that, with probes that are there only while GstBaseSrc has
 * something to add.
 */
#ifndef GST_ZERO_BUFFER_GUARD_H
#define GST_ZERO_BUFFER_GUARD_H

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

/* Zeroed but for src before its first use.  Of the streaming thread. */
typedef struct {
  GstBaseSrc *src;         /* not a reference */
  gboolean stream_started; /* with the producer's stream-start */
  guint32 segment_seqnum;  /* of the last segment of the producer's stream */
  gulong event_probe;      /* until the events of src are through, or 0 */

  gulong buffer_probe; /* until the buffer below has been pushed, or 0 */
  GstBuffer *buffer;   /* not a reference: compared only */
  GstClockTime pts, dts;
  guint flags;
} GstZeroBufferGuard;

/* GstBaseSrc is about to push a segment, and a stream-start if none has been
 * pushed: when it starts, and after a flush. */
void gst_zero_buffer_guard_expect_events (GstZeroBufferGuard *self);
void gst_zero_buffer_guard_stop (GstZeroBufferGuard *self);

/* What follows is another producer's stream, perhaps of another format. */
void gst_zero_buffer_guard_forget_segment (GstZeroBufferGuard *self);

/* Push @event, a stream-start or a segment of the producer's stream; takes it
 * over. */
void gst_zero_buffer_guard_push_stream_start (
    GstZeroBufferGuard *self, GstEvent *event);
void gst_zero_buffer_guard_push_segment (
    GstZeroBufferGuard *self, GstEvent *event);

/* @buffer is what GstBaseSrc will push next. */
void gst_zero_buffer_guard_keep (GstZeroBufferGuard *self, GstBuffer *buffer);

/* The buffer has been pushed, or dropped. */
void gst_zero_buffer_guard_release (GstZeroBufferGuard *self);

G_END_DECLS

#endif
