/* SPDX-License-Identifier: MIT */
/*
 * How what comes out of the ring goes downstream: records of protocol 1.1 become
 * buffers, events and clocks again; a frame of 1.0 becomes a buffer that fits the
 * caps.  Bytes stay in place, but for elements that do not understand strides.
 */
#ifndef GST_ZERO_BUFFER_RECEIVER_H
#define GST_ZERO_BUFFER_RECEIVER_H

#include <gst/base/gstbasesrc.h>
#include <zerobuffer.h>

#include "gstzerobufferformat.h"
#include "gstzerobuffermemory.h"
#include "gstzerobuffertimeline.h"

G_BEGIN_DECLS

typedef struct {
  GstBaseSrc *src; /* not a reference */

  /* Guarded by the OBJECT_LOCK. */
  GstZeroBufferAllocator *allocator; /* between start and stop */
  guint64 copies;                    /* buffers laid out anew */
  GstClockTime latency;              /* of the last buffer, or NONE */
  GstClockTime latency_max;          /* the longest so far, or NONE */
  gboolean rebased;         /* this is a live source, as the producer is */
  GstZeroBufferClock clock; /* its latency */

  /* Of the streaming thread. */
  gboolean had_session; /* some writer's stream has begun */
  gboolean continued;   /* this session's start repeats what we know */
  gboolean started;     /* some stream was, by a stream-start */
  gboolean ended;       /* the writer has said that its stream is over */
  gboolean discont;     /* the next buffer is the first of another writer */
  gulong probe;         /* for the base class's stream-start, or 0 */
  gint pushed;          /* buffers, for num-buffers */
  GstZeroBufferTimeline timeline;
  GstZeroBufferFormat format;
  gboolean video_meta; /* downstream understands strides */
  GByteArray *bytes;   /* private copy of what is being read */
} GstZeroBufferReceiver;

void gst_zero_buffer_receiver_init (
    GstZeroBufferReceiver *self, GstBaseSrc *src);
void gst_zero_buffer_receiver_deinit (GstZeroBufferReceiver *self);

/* Until it stops only events of the producer's stream leave @src. */
void gst_zero_buffer_receiver_start (
    GstZeroBufferReceiver *self, GstZeroBufferTimestamps timestamps);
void gst_zero_buffer_receiver_stop (GstZeroBufferReceiver *self);

/* With each writer; @continued: it is the last one, back with a larger ring, and
 * its stream goes on. */
void gst_zero_buffer_receiver_begin_session (
    GstZeroBufferReceiver *self, gboolean continued);

/* A writer of protocol 1.0 says no more of its stream than the @caps, if those:
 * they may be NULL. */
GstFlowReturn gst_zero_buffer_receiver_begin_plain_stream (
    GstZeroBufferReceiver *self, GstCaps *caps);

/* Both take @frame over.  GST_FLOW_ERROR: an error was posted, if it did not come
 * from downstream. */
GstFlowReturn gst_zero_buffer_receiver_push_plain (
    GstZeroBufferReceiver *self, ZbFrame *frame);
GstFlowReturn gst_zero_buffer_receiver_push_record (
    GstZeroBufferReceiver *self, ZbFrame *frame);

/* The latency of a rebased stream; else FALSE.  From any thread. */
gboolean gst_zero_buffer_receiver_get_latency (
    GstZeroBufferReceiver *self, GstClockTime *min, GstClockTime *max);

G_END_DECLS

#endif
