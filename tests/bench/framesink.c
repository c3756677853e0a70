/* SPDX-License-Identifier: MIT */
#include "framesink.h"

#include <stdlib.h>
#include <string.h>

#include "stamp.h"

struct _FrameSink {
  GstBaseSink parent;
  FrameSinkConfig config;
  guint64 frames;
  guint64 wrong;
  guint64 sum;       /* of all bytes, so that they are really read */
  gint64 start, end; /* of what is measured */
  gdouble cpu_start, cpu_end;
  gint64 *latencies;
  gsize offset; /* in the frame, if buffers are none */
  Stamp stamp;  /* of which so much has come */
};

static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (FrameSink, frame_sink, GST_TYPE_BASE_SINK)

static void
take_frame (FrameSink *self, const Stamp *stamp)
{
  gint64 now = stamp_now ();
  guint64 number = self->frames++;

  if (stamp->number != number)
    self->wrong++;
  if (number == self->config.warm_up) {
    self->start = now;
    self->cpu_start = stamp_cpu ();
  }
  if (number >= self->config.warm_up && number < self->config.count)
    self->latencies[number - self->config.warm_up] = now - stamp->time;
  if (self->frames < self->config.count)
    return;
  self->end = now;
  self->cpu_end = stamp_cpu ();
  if (self->frames == self->config.count)
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
                                gst_structure_new_empty ("done")));
}

static void
take_stream (FrameSink *self, const guint8 *data, gsize size)
{
  while (size > 0) {
    gsize part = MIN (size, self->config.size - self->offset);

    if (self->offset < sizeof self->stamp)
      memcpy ((guint8 *) &self->stamp + self->offset, data,
          MIN (part, sizeof self->stamp - self->offset));
    self->offset += part;
    data += part;
    size -= part;
    if (self->offset == self->config.size) {
      self->offset = 0;
      take_frame (self, &self->stamp);
    }
  }
}

static guint64
read_all (const guint8 *data, gsize size)
{
  guint64 sum = 0, word;

  for (gsize i = 0; i + sizeof word <= size; i += sizeof word) {
    memcpy (&word, data + i, sizeof word);
    sum += word;
  }
  return sum;
}

static GstFlowReturn
render (GstBaseSink *sink, GstBuffer *buffer)
{
  FrameSink *self = FRAME_SINK (sink);
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (self->config.touch)
    self->sum += read_all (map.data, map.size);
  if (self->config.stream) {
    take_stream (self, map.data, map.size);
  } else {
    Stamp stamp = { G_MAXUINT64, 0 };

    if (map.size == self->config.size)
      memcpy (&stamp, map.data, sizeof stamp);
    take_frame (self, &stamp);
  }
  gst_buffer_unmap (buffer, &map);
  return GST_FLOW_OK;
}

static void
frame_sink_init (FrameSink *self)
{
  gst_base_sink_set_sync (GST_BASE_SINK (self), FALSE);
  gst_base_sink_set_last_sample_enabled (GST_BASE_SINK (self), FALSE);
}

static void
finalize (GObject *object)
{
  g_free (FRAME_SINK (object)->latencies);
  G_OBJECT_CLASS (frame_sink_parent_class)->finalize (object);
}

static void
frame_sink_class_init (FrameSinkClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  gst_element_class_add_static_pad_template (element_class, &template);
  gst_element_class_set_static_metadata (element_class, "Frame sink", "Sink",
      "Checks and measures frames", "The ZeroBuffer for GStreamer authors");
  GST_BASE_SINK_CLASS (klass)->render = render;
}

GstElement *
frame_sink_new (const FrameSinkConfig *config)
{
  FrameSink *self = g_object_new (frame_sink_get_type (), NULL);

  self->config = *config;
  self->latencies = g_new0 (gint64, config->count - config->warm_up);
  return GST_ELEMENT (self);
}

static int
compare (const void *a, const void *b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

void
frame_sink_get_result (FrameSink *sink, FrameSinkResult *result)
{
  result->frames = sink->frames;
  result->wrong = sink->wrong;
  result->seconds = (gdouble) (sink->end - sink->start) / GST_SECOND;
  result->cpu = sink->cpu_end - sink->cpu_start;
  result->measured = sink->config.count - sink->config.warm_up;
  result->latencies = sink->latencies;
  qsort (sink->latencies, result->measured, sizeof (gint64), compare);
}
