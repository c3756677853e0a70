/* SPDX-License-Identifier: MIT */
/*
 * Frames of the ring as GstMemory, read-only and in place.
 *
 * Places are given back in the order of the ring, so one frame that is kept
 * for ever would stop the producer.  Therefore this memory can move house:
 * while nobody has it mapped its bytes are copied to the heap, and the next map
 * returns the new address; while somebody has, it is detached where it is.
 * Either way its place is given back.
 */
#ifndef GST_ZERO_BUFFER_MEMORY_H
#define GST_ZERO_BUFFER_MEMORY_H

#include <gst/gst.h>
#include <zerobuffer.h>

G_BEGIN_DECLS

#define GST_TYPE_ZERO_BUFFER_ALLOCATOR (gst_zero_buffer_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstZeroBufferAllocator, gst_zero_buffer_allocator, GST,
    ZERO_BUFFER_ALLOCATOR, GstAllocator)

GstZeroBufferAllocator *gst_zero_buffer_allocator_new (void);

/* Takes @frame over.  To be called in the order of the ring. */
GstMemory *gst_zero_buffer_allocator_wrap (
    GstZeroBufferAllocator *allocator, ZbFrame *frame);

/* Moves the oldest frames out until at most @limit bytes of the ring are held
 * back, or memory runs out.  Any thread. */
void gst_zero_buffer_allocator_make_room (
    GstZeroBufferAllocator *allocator, guint64 limit);

/* How many frames have moved.  Any thread. */
guint64 gst_zero_buffer_allocator_get_moved (GstZeroBufferAllocator *allocator);

G_END_DECLS

#endif
