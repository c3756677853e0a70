/* SPDX-License-Identifier: MIT */
/*
 * A pool of raw video buffers in the ring.  To acquire one waits for room, as
 * long as the reader has not given any back.
 */
#ifndef GST_ZERO_BUFFER_POOL_H
#define GST_ZERO_BUFFER_POOL_H

#include <gst/video/gstvideopool.h>

#include "gstzerobufferplaces.h"

G_BEGIN_DECLS

#define GST_TYPE_ZERO_BUFFER_POOL (gst_zero_buffer_pool_get_type ())
G_DECLARE_FINAL_TYPE (GstZeroBufferPool, gst_zero_buffer_pool, GST,
    ZERO_BUFFER_POOL, GstVideoBufferPool)

/* @writer is that of @places, and lives as long.  Configured for @caps, which
 * are raw video, and buffers of @size bytes. */
GstBufferPool *gst_zero_buffer_pool_new (
    GstZeroBufferPlaces *places, GstCaps *caps, guint size);

G_END_DECLS

#endif
