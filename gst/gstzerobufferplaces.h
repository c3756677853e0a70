/* SPDX-License-Identifier: MIT */
/*
 * Memory for upstream to fill that is a place in the ring, so that to send it
 * takes no copy.  Where no place can be had it is on the heap.
 *
 * It comes into being without either, and gets one when it is mapped for the
 * first time, or by gst_zero_buffer_places_attach ().  Once it was sent nobody
 * can map it to write; GstBuffer then makes a copy by itself.
 */
#ifndef GST_ZERO_BUFFER_PLACES_H
#define GST_ZERO_BUFFER_PLACES_H

#include <gst/gst.h>
#include <zerobuffer.h>

#include "gstzerobufferrecord.h"

G_BEGIN_DECLS

#define GST_TYPE_ZERO_BUFFER_PLACES (gst_zero_buffer_places_get_type ())
G_DECLARE_FINAL_TYPE (GstZeroBufferPlaces, gst_zero_buffer_places, GST,
    ZERO_BUFFER_PLACES, GstAllocator)

/* What allocations are aligned to, as in GstAllocationParams. */
#define GST_ZERO_BUFFER_PLACES_ALIGN 63

/* An allocator of places in the rings that @writer connects to, which it takes
 * over: memory may live on when nothing is connected any more. */
GstZeroBufferPlaces *gst_zero_buffer_places_new (ZbWriter *writer);

/* Whether a picture or the like of such a size is sent as it is to a reader of
 * protocol 1.0, too; FALSE if never set. */
void gst_zero_buffer_places_set_plain_size (
    GstZeroBufferPlaces *places, gsize size);

/* Finds a place for @memory, waiting until the ring has room, or memory on the
 * heap.  Does nothing if it has either, or is not one of ours.  FALSE if there is
 * no memory at all. */
gboolean gst_zero_buffer_places_attach (GstMemory *memory);

/* Makes @memory as new, if nobody else has it. */
void gst_zero_buffer_places_detach (GstMemory *memory);

/* With each connection: the first buffers follow events. */
void gst_zero_buffer_places_begin_session (GstZeroBufferPlaces *places);

/* Before a record of @size bytes is copied into the ring: room that was kept for
 * that is given up. */
void gst_zero_buffer_places_make_way (GstZeroBufferPlaces *places, gsize size);

/* Whoever waits for room is not to wait any longer, and gets other memory. */
void gst_zero_buffer_places_interrupt (GstZeroBufferPlaces *places);

/* Bytes of the record that a place for @size bytes of data is made for. */
gsize gst_zero_buffer_places_get_record_size (gsize size);

/* TRUE if ZB_NO_PLACE was all that could be had since the last call. */
gboolean gst_zero_buffer_places_take_shortage (GstZeroBufferPlaces *places);

/* Sends @buffer as it lies in the ring: as a record with @extra, or, if @record
 * is NULL, as a frame of protocol 1.0, after which nobody has its bytes.  FALSE if
 * it does not lie there like that, was sent before, or something younger was: it is to be copied then. */
gboolean gst_zero_buffer_places_send (GstZeroBufferPlaces *places,
    GstBuffer *buffer, const GstZeroBufferRecord *record, const guint8 *extra);

G_END_DECLS

#endif
