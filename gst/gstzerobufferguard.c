/* SPDX-License-Identifier: MIT */
#include "gstzerobufferguard.h"

static void
remove_probe (GstZeroBufferGuard *self, gulong *probe)
{
  if (*probe)
    gst_pad_remove_probe (GST_BASE_SRC_PAD (self->src), *probe);
  *probe = 0;
}

/* ---- events ---- */

/* A stream-start that is dropped stays pending on the pad, and is replaced by the
 * producer's.  Where only the end follows, it is of use. */
static GstPadProbeReturn
judge_stream_start (GstZeroBufferGuard *self)
{
  GstEvent *eos;

  if (self->stream_started)
    return GST_PAD_PROBE_OK;
  eos =
      gst_pad_get_sticky_event (GST_BASE_SRC_PAD (self->src), GST_EVENT_EOS, 0);
  if (!eos)
    return GST_PAD_PROBE_DROP;
  gst_event_unref (eos);
  return GST_PAD_PROBE_OK;
}

/* The segment of GstBaseSrc is a copy of the last one that was pushed.  The pad may
 * keep it, but downstream has it already. */
static GstPadProbeReturn
judge_segment (GstZeroBufferGuard *self, GstEvent *event)
{
  if (gst_event_get_seqnum (event) == self->segment_seqnum)
    return GST_PAD_PROBE_OK;
  remove_probe (self, &self->event_probe);
  gst_event_unref (event);
  return GST_PAD_PROBE_HANDLED;
}

/* The end belongs to the segment, as in every source. */
static void
number_end (GstZeroBufferGuard *self, GstPadProbeInfo *info)
{
  if (self->src->num_buffers_left != 0 ||
      self->segment_seqnum == GST_SEQNUM_INVALID)
    return;
  info->data = gst_event_make_writable (info->data);
  gst_event_set_seqnum (info->data, self->segment_seqnum);
}

static GstPadProbeReturn
judge_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  switch (GST_EVENT_TYPE (info->data)) {
    case GST_EVENT_STREAM_START:
      return judge_stream_start (user_data);
    case GST_EVENT_SEGMENT:
      return judge_segment (user_data, info->data);
    case GST_EVENT_EOS:
      number_end (user_data, info);
      return GST_PAD_PROBE_OK;
    default:
      return GST_PAD_PROBE_OK;
  }
}

void
gst_zero_buffer_guard_expect_events (GstZeroBufferGuard *self)
{
  if (!self->event_probe)
    self->event_probe = gst_pad_add_probe (GST_BASE_SRC_PAD (self->src),
        GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, judge_event, self, NULL);
}

void
gst_zero_buffer_guard_forget_segment (GstZeroBufferGuard *self)
{
  GST_OBJECT_LOCK (self->src);
  gst_segment_init (&self->src->segment, GST_FORMAT_TIME);
  GST_OBJECT_UNLOCK (self->src);
}

void
gst_zero_buffer_guard_stop (GstZeroBufferGuard *self)
{
  remove_probe (self, &self->event_probe);
  remove_probe (self, &self->buffer_probe);
  self->stream_started = FALSE;
  self->segment_seqnum = GST_SEQNUM_INVALID;
  gst_zero_buffer_guard_forget_segment (self);
}

void
gst_zero_buffer_guard_push_stream_start (
    GstZeroBufferGuard *self, GstEvent *event)
{
  self->stream_started = TRUE;
  gst_pad_push_event (GST_BASE_SRC_PAD (self->src), event);
}

/* For positions and queries.  Where the stream ends is the producer's to say. */
static void
copy_segment (GstBaseSrc *src, const GstSegment *segment)
{
  GST_OBJECT_LOCK (src);
  gst_segment_copy_into (segment, &src->segment);
  src->segment.flags &= ~GST_SEGMENT_FLAG_SEGMENT;
  if (segment->format != GST_FORMAT_TIME)
    src->segment.stop = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (src);
}

void
gst_zero_buffer_guard_push_segment (GstZeroBufferGuard *self, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  copy_segment (self->src, segment);
  self->segment_seqnum = gst_event_get_seqnum (event);
  gst_pad_push_event (GST_BASE_SRC_PAD (self->src), event);
}

/* ---- buffers ---- */

static GstPadProbeReturn
restore_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstZeroBufferGuard *self = user_data;
  GstBuffer *buffer = info->data;

  if (buffer == self->buffer) {
    info->data = buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_PTS (buffer) = self->pts;
    GST_BUFFER_DTS (buffer) = self->dts;
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
    GST_BUFFER_FLAG_SET (buffer, self->flags & GST_BUFFER_FLAG_DISCONT);
  }
  self->buffer_probe = 0;
  return GST_PAD_PROBE_REMOVE;
}

/* GstBaseSrc makes one timestamp of the other, gives the first bytes a timestamp,
 * and each buffer of a stream that runs backwards a discontinuity. */
static gboolean
would_be_changed (GstBaseSrc *src, GstBuffer *buffer)
{
  if (G_LIKELY (GST_BUFFER_PTS_IS_VALID (buffer) && src->segment.rate > 0.0 &&
                (src->segment.format == GST_FORMAT_TIME ||
                    GST_BUFFER_DTS_IS_VALID (buffer))))
    return FALSE;
  /* The application asks for timestamps where there are none. */
  return !gst_base_src_get_do_timestamp (src);
}

void
gst_zero_buffer_guard_keep (GstZeroBufferGuard *self, GstBuffer *buffer)
{
  /* The last one, by the property num-buffers. */
  if (G_UNLIKELY (self->src->num_buffers_left == 0))
    gst_zero_buffer_guard_expect_events (self);
  if (G_LIKELY (!would_be_changed (self->src, buffer)))
    return;
  self->buffer = buffer;
  self->pts = GST_BUFFER_PTS (buffer);
  self->dts = GST_BUFFER_DTS (buffer);
  self->flags = GST_BUFFER_FLAGS (buffer);
  self->buffer_probe = gst_pad_add_probe (GST_BASE_SRC_PAD (self->src),
      GST_PAD_PROBE_TYPE_BUFFER, restore_buffer, self, NULL);
}

void
gst_zero_buffer_guard_release (GstZeroBufferGuard *self)
{
  remove_probe (self, &self->buffer_probe);
}
