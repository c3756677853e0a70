/* SPDX-License-Identifier: MIT */
/*
 * How buffers, events and clocks get into the ring: as records of protocol 1.1,
 * or buffers alone as frames of 1.0.  Where a buffer lies in the ring already it is
 * only published, else its bytes are copied, once.
 */
#ifndef GST_ZERO_BUFFER_SENDER_H
#define GST_ZERO_BUFFER_SENDER_H

#include <gst/gst.h>
#include <zerobuffer.h>

#include "gstzerobufferclock.h"
#include "gstzerobufferformat.h"
#include "gstzerobufferplaces.h"

G_BEGIN_DECLS

/* Called before and after a wait for room. */
typedef void (*GstZeroBufferWait) (GstElement *element, gboolean begin);

/* Used by one thread at a time, but for copies. */
typedef struct {
  GstElement *element; /* not a reference; for log lines */
  GstZeroBufferWait wait;
  GstZeroBufferPlaces *places; /* between start and stop */
  ZbWriter *writer;            /* that of the places */
  GstZeroBufferFormat format;  /* of the buffers that come */
  GByteArray *bytes;           /* of the record that is being made */
  gboolean has_records;        /* this reader takes them; else plain frames */
  guint64 ring_size;           /* bytes, of this session */
  gsize largest;  /* record of this session that was looked at for growing */
  guint64 copies; /* buffers that were copied; guarded by the OBJECT_LOCK */
} GstZeroBufferSender;

void gst_zero_buffer_sender_init (
    GstZeroBufferSender *sender, GstElement *element, GstZeroBufferWait wait);
void gst_zero_buffer_sender_deinit (GstZeroBufferSender *sender);

/* Takes @writer over; it lives until stop, and as long as there is memory in its
 * rings. */
void gst_zero_buffer_sender_start (
    GstZeroBufferSender *sender, ZbWriter *writer);
void gst_zero_buffer_sender_stop (GstZeroBufferSender *sender);

/* @caps may be NULL. */
void gst_zero_buffer_sender_set_caps (
    GstZeroBufferSender *sender, GstCaps *caps);

/* With each connection. */
void gst_zero_buffer_sender_begin_session (GstZeroBufferSender *sender);

/* Asks for a larger ring if this one holds too few buffers of @size bytes, with
 * all that is sent with them.  TRUE if that ended the session, to be gone on with
 * in the next. */
gboolean gst_zero_buffer_sender_grow (GstZeroBufferSender *sender, gsize size);

/* The results are those of zb_writer_reserve (); without @wait, ZB_TIMEOUT if
 * there is no room.  ZB_GROW: nothing was sent, and the writer has disconnected,
 * to find a larger ring.  ZB_INVALID: the buffer is not what its caps say. */
ZbResult gst_zero_buffer_sender_send_buffer (GstZeroBufferSender *sender,
    GstBuffer *buffer, gboolean discont, ZbError *error);
ZbResult gst_zero_buffer_sender_send_event (GstZeroBufferSender *sender,
    GstEvent *event, gboolean wait, ZbError *error);
ZbResult gst_zero_buffer_sender_send_clock (GstZeroBufferSender *sender,
    const GstZeroBufferClock *clock, gboolean wait, ZbError *error);

G_END_DECLS

#endif
