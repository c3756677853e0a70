/* SPDX-License-Identifier: MIT */
/*
 * A sink of stamped frames: checks that they come whole and in order, and
 * measures.
 */
#ifndef FRAME_SINK_H
#define FRAME_SINK_H

#include <gst/base/gstbasesink.h>

G_DECLARE_FINAL_TYPE (FrameSink, frame_sink, FRAME, SINK, GstBaseSink)

typedef struct {
  gsize size;      /* bytes of a frame */
  guint64 count;   /* frames; the last one ends the run */
  guint64 warm_up; /* frames that are not measured */
  gboolean touch;  /* read every byte */
  gboolean stream; /* buffers need not be frames: join and cut */
} FrameSinkConfig;

typedef struct {
  guint64 frames;
  guint64 wrong;     /* lost, repeated, or out of order */
  gdouble seconds;   /* for what was measured */
  gdouble cpu;       /* of this process, seconds */
  guint64 measured;  /* frames */
  gint64 *latencies; /* sorted, ns, of these */
} FrameSinkResult;

/* Posts an element message named "done" after the last frame. */
GstElement *frame_sink_new (const FrameSinkConfig *config);

/* When it is done.  What it points to belongs to the sink. */
void frame_sink_get_result (FrameSink *sink, FrameSinkResult *result);

#endif
