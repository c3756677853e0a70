/* SPDX-License-Identifier: MIT */
/*
 * What a source makes of the frames that it reads.  Records of protocol 1.1 become
 * buffers, events and clocks again; a frame of 1.0 becomes a buffer that fits the
 * caps.  Bytes stay in place, but for elements that do not understand strides.
 *
 * Events are pushed at once, or as soon as the segment before them can be.  Buffers
 * are handed to the base class, which pushes them.
 */
#ifndef GST_ZERO_BUFFER_RECEIVER_H
#define GST_ZERO_BUFFER_RECEIVER_H

#include <gst/base/gstbasesrc.h>
#include <zerobuffer.h>

#include "gstzerobufferformat.h"
#include "gstzerobuffergate.h"
#include "gstzerobufferguard.h"
#include "gstzerobufferids.h"
#include "gstzerobuffermemory.h"
#include "gstzerobuffertimeline.h"

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_STREAM_NONE,    /* no stream-start has been pushed */
  GST_ZERO_BUFFER_STREAM_STARTED, /* the last stream has not ended */
  GST_ZERO_BUFFER_STREAM_ENDED,   /* its producer has said that it is over */
} GstZeroBufferStreamState;

/* What a part of a buffer is good for. */
typedef enum {
  GST_ZERO_BUFFER_CLIP_NEVER,    /* nothing */
  GST_ZERO_BUFFER_CLIP_SAMPLES,  /* it is audio */
  GST_ZERO_BUFFER_CLIP_INTERVAL, /* it is shown for a shorter time */
} GstZeroBufferClip;

typedef struct {
  GstBaseSrc *src; /* not a reference */

  /* Guarded by the OBJECT_LOCK of src. */
  GstZeroBufferAllocator *allocator; /* between start and stop */
  guint64 copies;                    /* buffers laid out anew */
  guint64 dropped;                   /* buffers that did not pass the gate */
  GstClockTime latency;              /* of the last buffer, or NONE */
  GstClockTime latency_max;          /* the longest so far, or NONE */
  gboolean rebased;         /* this is a live source, as the producer is */
  GstZeroBufferClock clock; /* its latency */

  /* Of the streaming thread. */
  GstZeroBufferStreamState stream;
  gboolean discont;      /* something is missing before the next buffer */
  GstZeroBufferIds *ids; /* of the producer's process, or NULL */
  GstZeroBufferTimeline timeline;
  GstZeroBufferGate gate;
  GQueue held; /* events that wait for the segment before them */
  GstZeroBufferFormat format;
  GstZeroBufferClip clip;
  GstAudioInfo audio;   /* with CLIP_SAMPLES */
  gboolean has_headers; /* the caps have the stream's headers */
  gboolean video_meta;  /* downstream understands strides */
  GByteArray *bytes;    /* private copy of what is being read */
  GstZeroBufferGuard guard;
} GstZeroBufferReceiver;

void gst_zero_buffer_receiver_init (
    GstZeroBufferReceiver *self, GstBaseSrc *src);
void gst_zero_buffer_receiver_deinit (GstZeroBufferReceiver *self);

void gst_zero_buffer_receiver_start (
    GstZeroBufferReceiver *self, GstZeroBufferTimestamps timestamps);
void gst_zero_buffer_receiver_stop (GstZeroBufferReceiver *self);

/* With each writer, of process @pid, or 0. */
void gst_zero_buffer_receiver_begin_session (
    GstZeroBufferReceiver *self, guint64 pid);

/* The writer is back with a larger ring, and goes on. */
void gst_zero_buffer_receiver_continue_session (GstZeroBufferReceiver *self);

/* Whether another writer is waited for when one has ended. */
gboolean gst_zero_buffer_receiver_is_reconnecting (GstZeroBufferReceiver *self);

/* The application has flushed what is downstream: it needs the segment again, and
 * a place in the stream where one can begin. */
void gst_zero_buffer_receiver_note_flush (GstZeroBufferReceiver *self);

/* A live source plays again: it goes on with what is made now. */
void gst_zero_buffer_receiver_note_play (GstZeroBufferReceiver *self);

/* A writer of protocol 1.0 says no more of its stream than the @caps, if those:
 * they may be NULL. */
void gst_zero_buffer_receiver_begin_plain_stream (
    GstZeroBufferReceiver *self, GstCaps *caps);

/* Both take @frame over.  *buffer is what the base class is to push now; NULL if
 * the frame held something else, or does not pass.  GST_FLOW_ERROR: an error was
 * posted. */
GstFlowReturn gst_zero_buffer_receiver_take_plain (
    GstZeroBufferReceiver *self, ZbFrame *frame, GstBuffer **buffer);
GstFlowReturn gst_zero_buffer_receiver_take_record (
    GstZeroBufferReceiver *self, ZbFrame *frame, GstBuffer **buffer);

/* No writer will come any more: what is held back goes on, and the end may
 * follow. */
void gst_zero_buffer_receiver_finish (GstZeroBufferReceiver *self);

/* The latency of a live stream; else FALSE.  Any thread. */
gboolean gst_zero_buffer_receiver_get_latency (
    GstZeroBufferReceiver *self, GstClockTime *min, GstClockTime *max);

G_END_DECLS

#endif
