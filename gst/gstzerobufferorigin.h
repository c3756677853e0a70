/* SPDX-License-Identifier: MIT */
/*
 * Where running time 0 of a consumer lies in the time of live producers, on the
 * monotonic clock.
 *
 * In a live pipeline that is the base time.  A pipeline that is not live has to
 * preroll first, with buffers from before its base time is known.  None of them is
 * to be lost, so there running time 0 is the time of the first buffer, and
 * everything is shown later by as much as the preroll took.  All sources of one
 * pipeline share the origin, so that their streams stay in sync.
 */
#ifndef GST_ZERO_BUFFER_ORIGIN_H
#define GST_ZERO_BUFFER_ORIGIN_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstZeroBufferOrigin GstZeroBufferOrigin;

/* The origin of the pipeline that @element is in.  Any thread. */
GstZeroBufferOrigin *gst_zero_buffer_origin_get (GstElement *element);
void gst_zero_buffer_origin_release (GstZeroBufferOrigin *origin);

/* The monotonic time of running time 0, ns, of a pipeline that is not live.
 * @base_time: the pipeline's, on the monotonic clock; GST_ZERO_BUFFER_BASE_NONE
 * while it does not play.  @first: the time of the buffer that asks; it is the
 * origin if it is the first one.  Any thread. */
gint64 gst_zero_buffer_origin_find (
    GstZeroBufferOrigin *origin, gint64 base_time, gint64 first);

G_END_DECLS

#endif
