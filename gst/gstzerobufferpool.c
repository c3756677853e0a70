/* SPDX-License-Identifier: MIT */
#include "gstzerobufferpool.h"

struct _GstZeroBufferPool {
  GstVideoBufferPool parent;
  GstZeroBufferPlaces *places;
};

G_DEFINE_TYPE (
    GstZeroBufferPool, gst_zero_buffer_pool, GST_TYPE_VIDEO_BUFFER_POOL)

#define PARENT_CLASS GST_BUFFER_POOL_CLASS (gst_zero_buffer_pool_parent_class)

/* Whatever allocator is asked for, that of the places is why there is this
 * pool. */
static gboolean
set_config (GstBufferPool *pool, GstStructure *config)
{
  GstZeroBufferPool *self = GST_ZERO_BUFFER_POOL (pool);
  GstAllocationParams params;

  if (!gst_buffer_pool_config_get_allocator (config, NULL, &params))
    gst_allocation_params_init (&params);
  gst_buffer_pool_config_set_allocator (
      config, GST_ALLOCATOR (self->places), &params);
  return PARENT_CLASS->set_config (pool, config);
}

static GstFlowReturn
acquire_buffer (
    GstBufferPool *pool, GstBuffer **buffer, GstBufferPoolAcquireParams *params)
{
  GstFlowReturn flow = PARENT_CLASS->acquire_buffer (pool, buffer, params);

  if (flow != GST_FLOW_OK)
    return flow;
  if (!gst_zero_buffer_places_attach (gst_buffer_peek_memory (*buffer, 0)))
    flow = GST_FLOW_ERROR;
  else if (GST_BUFFER_POOL_IS_FLUSHING (pool))
    flow = GST_FLOW_FLUSHING;
  if (flow != GST_FLOW_OK) {
    GST_BUFFER_POOL_GET_CLASS (pool)->release_buffer (pool, *buffer);
    *buffer = NULL;
  }
  return flow;
}

static void
release_buffer (GstBufferPool *pool, GstBuffer *buffer)
{
  if (gst_buffer_n_memory (buffer) == 1)
    gst_zero_buffer_places_detach (gst_buffer_peek_memory (buffer, 0));
  PARENT_CLASS->release_buffer (pool, buffer);
}

static void
flush_start (GstBufferPool *pool)
{
  gst_zero_buffer_places_interrupt (GST_ZERO_BUFFER_POOL (pool)->places);
}

static void
finalize (GObject *object)
{
  g_object_unref (GST_ZERO_BUFFER_POOL (object)->places);
  G_OBJECT_CLASS (gst_zero_buffer_pool_parent_class)->finalize (object);
}

static void
gst_zero_buffer_pool_class_init (GstZeroBufferPoolClass *klass)
{
  GstBufferPoolClass *pool_class = GST_BUFFER_POOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  pool_class->set_config = set_config;
  pool_class->acquire_buffer = acquire_buffer;
  pool_class->release_buffer = release_buffer;
  pool_class->flush_start = flush_start;
}

static void
gst_zero_buffer_pool_init (GstZeroBufferPool *self)
{
}

GstBufferPool *
gst_zero_buffer_pool_new (
    GstZeroBufferPlaces *places, GstCaps *caps, guint size)
{
  GstZeroBufferPool *self = g_object_new (GST_TYPE_ZERO_BUFFER_POOL, NULL);
  GstBufferPool *pool = GST_BUFFER_POOL (gst_object_ref_sink (self));
  GstStructure *config = gst_buffer_pool_get_config (pool);

  self->places = g_object_ref (places);
  gst_buffer_pool_config_set_params (config, caps, size, 0, 0);
  if (!gst_buffer_pool_set_config (pool, config))
    gst_clear_object (&pool);
  return pool;
}
