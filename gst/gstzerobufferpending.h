/* SPDX-License-Identifier: MIT */
/* Events that are still to be sent, in the order in which they came. */
#ifndef GST_ZERO_BUFFER_PENDING_H
#define GST_ZERO_BUFFER_PENDING_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GMutex lock; /* guards the queue: those out of band come from any thread */
  GQueue events;
} GstZeroBufferPending;

void gst_zero_buffer_pending_init (GstZeroBufferPending *self);
void gst_zero_buffer_pending_deinit (GstZeroBufferPending *self);

/* Drops all of them. */
void gst_zero_buffer_pending_clear (GstZeroBufferPending *self);

void gst_zero_buffer_pending_push (GstZeroBufferPending *self, GstEvent *event);

/* The next one, for the caller to unref; NULL if there is none. */
GstEvent *gst_zero_buffer_pending_peek (GstZeroBufferPending *self);

/* Takes @event off if it still is the next one. */
void gst_zero_buffer_pending_pop (GstZeroBufferPending *self, GstEvent *event);

/* What was to come before a flush is not to come any more, but for what says
 * what the stream is. */
void gst_zero_buffer_pending_flush (GstZeroBufferPending *self);

/* For a reader that joins: the sticky events of @pad in front of those that came
 * since. */
void gst_zero_buffer_pending_restart (GstZeroBufferPending *self, GstPad *pad);

G_END_DECLS

#endif
