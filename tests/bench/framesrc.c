/* SPDX-License-Identifier: MIT */
#include "framesrc.h"

#include <string.h>
#include <time.h>

#include "stamp.h"

struct _FrameSrc {
  GstPushSrc parent;
  FrameSrcConfig config;
  guint64 number; /* of the next frame */
  gint64 due;     /* when it is to be made; 0 = at once */
  gdouble cpu_start, cpu_end;
};

static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (FrameSrc, frame_src, GST_TYPE_PUSH_SRC)

static GstCaps *
get_caps (GstBaseSrc *src, GstCaps *filter)
{
  return gst_caps_ref (FRAME_SRC (src)->config.caps);
}

static GstBufferPool *
new_pool (FrameSrc *self)
{
  GstBufferPool *pool = gst_buffer_pool_new ();
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_buffer_pool_config_set_params (
      config, self->config.caps, self->config.size, 0, 0);
  gst_buffer_pool_set_config (pool, config);
  return pool;
}

/* As sources do that know their size: the offered pool is asked for it. */
static void
use_offer (FrameSrc *self, GstQuery *query)
{
  GstBufferPool *pool;
  guint size, min, max;

  if (gst_query_get_n_allocation_pools (query) == 0)
    return;
  gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  gst_query_set_nth_allocation_pool (
      query, 0, pool, MAX (size, self->config.size), min, max);
  g_clear_object (&pool);
}

static gboolean
decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  FrameSrc *self = FRAME_SRC (src);

  if (self->config.pool) {
    use_offer (self, query);
  } else {
    GstBufferPool *pool = new_pool (self);

    while (gst_query_get_n_allocation_params (query) > 0)
      gst_query_remove_nth_allocation_param (query, 0);
    while (gst_query_get_n_allocation_pools (query) > 0)
      gst_query_remove_nth_allocation_pool (query, 0);
    gst_query_add_allocation_pool (query, pool, self->config.size, 0, 0);
    g_object_unref (pool);
  }
  return GST_BASE_SRC_CLASS (frame_src_parent_class)
      ->decide_allocation (src, query);
}

static void
wait_until_due (FrameSrc *self)
{
  struct timespec until;

  if (self->config.rate == 0)
    return;
  if (self->due == 0)
    self->due = stamp_now ();
  until.tv_sec = self->due / GST_SECOND;
  until.tv_nsec = self->due % GST_SECOND;
  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  self->due += GST_SECOND / self->config.rate;
}

static GstFlowReturn
fill (GstPushSrc *src, GstBuffer *buffer)
{
  FrameSrc *self = FRAME_SRC (src);
  GstMapInfo map;
  Stamp stamp;

  if (self->number == self->config.count) {
    self->cpu_end = stamp_cpu ();
    return GST_FLOW_EOS;
  }
  if (self->number == self->config.warm_up)
    self->cpu_start = stamp_cpu ();
  wait_until_due (self);
  stamp.number = self->number++;
  stamp.time = stamp_now ();
  if (!gst_buffer_map (buffer, &map, GST_MAP_WRITE))
    return GST_FLOW_ERROR;
  g_assert (map.size == self->config.size);
  if (self->config.touch)
    memset (map.data, (int) stamp.number, map.size);
  memcpy (map.data, &stamp, sizeof stamp);
  gst_buffer_unmap (buffer, &map);
  return GST_FLOW_OK;
}

static void
frame_src_init (FrameSrc *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

static void
finalize (GObject *object)
{
  gst_clear_caps (&FRAME_SRC (object)->config.caps);
  G_OBJECT_CLASS (frame_src_parent_class)->finalize (object);
}

static void
frame_src_class_init (FrameSrcClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  gst_element_class_add_static_pad_template (element_class, &template);
  gst_element_class_set_static_metadata (element_class, "Frame source",
      "Source", "Makes stamped frames", "The ZeroBuffer for GStreamer authors");
  GST_BASE_SRC_CLASS (klass)->get_caps = get_caps;
  GST_BASE_SRC_CLASS (klass)->decide_allocation = decide_allocation;
  GST_PUSH_SRC_CLASS (klass)->fill = fill;
}

GstElement *
frame_src_new (const FrameSrcConfig *config)
{
  FrameSrc *self = g_object_new (frame_src_get_type (), NULL);

  self->config = *config;
  gst_caps_ref (self->config.caps);
  gst_base_src_set_blocksize (GST_BASE_SRC (self), config->size);
  return GST_ELEMENT (self);
}

gdouble
frame_src_get_cpu (FrameSrc *src)
{
  return src->cpu_end - src->cpu_start;
}
