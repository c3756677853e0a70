/* SPDX-License-Identifier: MIT */
/*
 * Events of the stream as the data of a media record:
 *
 *   u32 type (of GstEventType), u32 seqnum, a structure as text, and more as the
 *   type says
 */
#ifndef GST_ZERO_BUFFER_EVENTS_H
#define GST_ZERO_BUFFER_EVENTS_H

#include "gstzerobufferrecord.h"

G_BEGIN_DECLS

/* Whether events of this type go to the other side at all. */
gboolean gst_zero_buffer_event_is_carried (GstEvent *event);

/* Appends @event, which is carried. */
void gst_zero_buffer_event_write (GstEvent *event, GByteArray *bytes);

/* NULL if @data holds no event that is carried. */
GstEvent *gst_zero_buffer_event_read (GstByteReader *data);

G_END_DECLS

#endif
