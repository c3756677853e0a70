/* SPDX-License-Identifier: MIT */
/*
 * Where the producer's stream comes to lie in the consumer's time.
 *
 * Timestamps stay as they are.  What differs between the two pipelines goes into
 * the segment, which turns timestamps into running times: their base times, or how
 * much has been played of the producers before.  That shift is fixed for as long as
 * the segment lasts.  Where clocks drift, timestamps follow slowly.
 */
#ifndef GST_ZERO_BUFFER_TIMELINE_H
#define GST_ZERO_BUFFER_TIMELINE_H

#include "gstzerobufferclock.h"
#include "gstzerobufferorigin.h"

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_TIMESTAMPS_AUTO,
  GST_ZERO_BUFFER_TIMESTAMPS_PRESERVE,
  GST_ZERO_BUFFER_TIMESTAMPS_REBASE,
  GST_ZERO_BUFFER_TIMESTAMPS_ARRIVAL,
} GstZeroBufferTimestamps;

#define GST_TYPE_ZERO_BUFFER_TIMESTAMPS (gst_zero_buffer_timestamps_get_type ())
GType gst_zero_buffer_timestamps_get_type (void);

typedef enum {
  GST_ZERO_BUFFER_SEGMENT_NONE,    /* the producer has sent none */
  GST_ZERO_BUFFER_SEGMENT_PENDING, /* it has not been mapped */
  GST_ZERO_BUFFER_SEGMENT_MAPPED,  /* it goes before what comes now */
  GST_ZERO_BUFFER_SEGMENT_EARLY,   /* all of it lies before running time 0 */
} GstZeroBufferSegmentState;

/* Zeroed before its first use.  Of the streaming thread. */
typedef struct {
  GstElement *element; /* the consumer's; not a reference */
  GstZeroBufferTimestamps wanted;
  gboolean live;               /* the element is a live source */
  GstZeroBufferOrigin *origin; /* of a pipeline that is not live, or NULL */

  GstZeroBufferClock clock; /* the producer's */
  gboolean has_clock;
  GstZeroBufferBaseTime own;

  GstZeroBufferSegmentState state;
  GstSegment segment; /* the producer's */
  guint32 seqnum;     /* of its event */

  gboolean shifted; /* shift holds for this session */
  gint64 shift;     /* from the producer's running time to ours, ns */
  gint64 drift;     /* what the clocks ask for in addition to shift, ns */
  gint64 slew;      /* what timestamps get in addition to shift, ns */
  gint64 slewed_at; /* running time of the last change of slew */
  gint64 end;       /* running time at which what has left ends */
} GstZeroBufferTimeline;

/* From start to stop of @element. */
void gst_zero_buffer_timeline_start (GstZeroBufferTimeline *self,
    GstElement *element, GstZeroBufferTimestamps wanted, gboolean live);
void gst_zero_buffer_timeline_stop (GstZeroBufferTimeline *self);

/* With each producer.  What it sends follows on what has left so far. */
void gst_zero_buffer_timeline_begin_session (GstZeroBufferTimeline *self);

void gst_zero_buffer_timeline_set_clock (
    GstZeroBufferTimeline *self, const GstZeroBufferClock *clock);

/* The producer's segment; @seqnum is that of the event to be made of it. */
void gst_zero_buffer_timeline_set_segment (
    GstZeroBufferTimeline *self, const GstSegment *segment, guint32 seqnum);

/* After a flush: the segment is to come, and running time begins anew if
 * @reset_time. */
void gst_zero_buffer_timeline_flush (
    GstZeroBufferTimeline *self, gboolean reset_time);

/* The segment has to be sent again, from @position on. */
void gst_zero_buffer_timeline_resend (
    GstZeroBufferTimeline *self, guint64 position);

/* The base time has changed. */
void gst_zero_buffer_timeline_forget_shift (GstZeroBufferTimeline *self);

/* The segment event to be sent before what has the timestamp @at, or NULL.
 * GST_CLOCK_TIME_NONE: before what has no timestamp; then the segment may stay
 * pending, since nothing says where to place it, unless @force.  *shifted: running
 * times have another origin from now on. */
GstEvent *gst_zero_buffer_timeline_map (GstZeroBufferTimeline *self,
    GstClockTime at, gboolean force, gboolean *shifted);

/* Running time in the consumer, ns, which may be negative, or
 * GST_ZERO_BUFFER_NO_TIME. */
gint64 gst_zero_buffer_timeline_get_running_time (
    const GstZeroBufferTimeline *self, GstClockTime timestamp);

/* The timestamp of a running time in the segment. */
GstClockTime gst_zero_buffer_timeline_get_position (
    const GstZeroBufferTimeline *self, gint64 running_time);

/* What leaves ends at @end, a running time. */
void gst_zero_buffer_timeline_note_end (
    GstZeroBufferTimeline *self, gint64 end);

/* Follows the drift of clocks; before timestamps are corrected. */
void gst_zero_buffer_timeline_follow_drift (
    GstZeroBufferTimeline *self, gint64 running_time);
GstClockTime gst_zero_buffer_timeline_correct (
    const GstZeroBufferTimeline *self, GstClockTime timestamp);

/* Whether buffers are stamped with the time of their arrival; and that time. */
gboolean gst_zero_buffer_timeline_is_arrival (
    const GstZeroBufferTimeline *self);
GstClockTime gst_zero_buffer_timeline_get_arrival (
    const GstZeroBufferTimeline *self);

/* How long ago what has the timestamp @timestamp was due in a live producer; NONE
 * if that is not known. */
GstClockTime gst_zero_buffer_timeline_get_latency (
    const GstZeroBufferTimeline *self, GstClockTime timestamp);

/* Whether buffers lie where the producer's clock had them. */
gboolean gst_zero_buffer_timeline_is_rebased (
    const GstZeroBufferTimeline *self);

G_END_DECLS

#endif
