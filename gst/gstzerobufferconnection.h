/* SPDX-License-Identifier: MIT */
/*
 * What a sink knows of its reader: whether there is one, what it has been told, and
 * what it is owed.
 *
 *          begin                   send: ZB_GROW
 *   ABSENT -----> PRESENT -----------------------> GROWING
 *     ^             | ^                               |
 *     |     end     | |   begin, the same reader      |
 *     +-------------+ +-------------------------------+
 *     +-----------------------------------------------+  it does not come back
 *
 * Call everything here with the PREROLL_LOCK of the sink held, but for what says
 * that it is for any thread.
 */
#ifndef GST_ZERO_BUFFER_CONNECTION_H
#define GST_ZERO_BUFFER_CONNECTION_H

#include <gst/gst.h>
#include <zerobuffer.h>

#include "gstzerobufferclock.h"
#include "gstzerobufferfill.h"
#include "gstzerobuffersender.h"
#include "gstzerobufferstory.h"

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_CONNECTION_ABSENT,  /* there is no reader */
  GST_ZERO_BUFFER_CONNECTION_PRESENT, /* there is one */
  GST_ZERO_BUFFER_CONNECTION_GROWING, /* it is making a larger ring */
} GstZeroBufferConnectionState;

/* What the reader can make of the next buffer. */
typedef enum {
  GST_ZERO_BUFFER_CONTINUITY_WHOLE,  /* it has all that came before */
  GST_ZERO_BUFFER_CONTINUITY_JOINED, /* it lacks what came before it joined */
  GST_ZERO_BUFFER_CONTINUITY_BROKEN, /* it has the headers, and lacks the rest */
} GstZeroBufferContinuity;

typedef struct {
  GstElement *element; /* the sink; not a reference */
  GstZeroBufferConnectionState state;
  GstZeroBufferSender sender;
  guint64 pid;              /* of the reader, or the last one */
  GstCaps *caps;            /* that the metadata has, or NULL */
  GstZeroBufferTold told;   /* sticky events */
  GstEvent *flush;          /* a flush-stop that it is owed, or NULL */
  GstZeroBufferClock clock; /* the last that it was told */
  gboolean has_clock;
  GstZeroBufferContinuity continuity;
  guint headers_sent;        /* in JOINED */
  guint64 key_unit_requests; /* that were passed on */
  GstClockTime grow_since;   /* in GROWING */
  guint64 ring_before;       /* bytes of the ring that was too small */
  GstZeroBufferFill fill;
} GstZeroBufferConnection;

void gst_zero_buffer_connection_init (
    GstZeroBufferConnection *self, GstElement *element, GstZeroBufferWait wait);
void gst_zero_buffer_connection_deinit (GstZeroBufferConnection *self);

/* Takes @writer over, from start to stop. */
void gst_zero_buffer_connection_start (
    GstZeroBufferConnection *self, ZbWriter *writer);
void gst_zero_buffer_connection_stop (GstZeroBufferConnection *self);

/* Whether there is a reader that takes records. */
gboolean gst_zero_buffer_connection_has_records (
    const GstZeroBufferConnection *self);

/* Whether a reader that has been asked for a larger ring may still bring it. */
gboolean gst_zero_buffer_connection_is_awaited (
    const GstZeroBufferConnection *self);

/* The writer is connected.  @begun: buffers have gone by already.  TRUE if it is
 * another reader than before. */
gboolean gst_zero_buffer_connection_begin (
    GstZeroBufferConnection *self, gboolean begun);

/* Writes the metadata for the reader; @caps may be NULL. */
ZbResult gst_zero_buffer_connection_write_metadata (
    GstZeroBufferConnection *self, GstCaps *caps, ZbError *error);

/* The writer has disconnected, to find a larger ring; or never will. */
void gst_zero_buffer_connection_grow (GstZeroBufferConnection *self);
void gst_zero_buffer_connection_give_up_growing (GstZeroBufferConnection *self);

/* Disconnects. */
void gst_zero_buffer_connection_end (GstZeroBufferConnection *self);

/* A flush has passed: the reader is to hear of it before anything else, if it has
 * been told of a stream.  @event is a flush-stop. */
void gst_zero_buffer_connection_flush (
    GstZeroBufferConnection *self, GstEvent *event);

/* Sends what is due before the next buffer: the clock, a flush, and events.  Results
 * as gst_zero_buffer_sender_send_event (). */
ZbResult gst_zero_buffer_connection_send_due (GstZeroBufferConnection *self,
    const GstZeroBufferClock *clock, GstZeroBufferStory *story, gboolean wait,
    ZbError *error);

/* The headers of the stream that @caps, which may be NULL, have: an array of buffers;
 * or NULL. */
const GValue *gst_zero_buffer_connection_find_headers (GstCaps *caps);

/* Whether the reader can make nothing of @buffer. */
gboolean gst_zero_buffer_connection_is_useless (
    const GstZeroBufferConnection *self, GstBuffer *buffer);

/* Sends @buffer, of @caps, after the headers that these have if the reader has not
 * got them.  Results as gst_zero_buffer_sender_send_buffer (). */
ZbResult gst_zero_buffer_connection_send_buffer (GstZeroBufferConnection *self,
    GstBuffer *buffer, GstCaps *caps, ZbError *error);

/* Whether the reader has asked for a key unit since this was called last. */
gboolean gst_zero_buffer_connection_take_key_unit_request (
    GstZeroBufferConnection *self);

G_END_DECLS

#endif
