/* SPDX-License-Identifier: MIT */
#include "gstzerobufferorigin.h"

#include "gstzerobufferclock.h"

/* A preroll that takes longer than this was held up by somebody.  What comes after
 * it is shown when it is due; else it would be late by that time for ever. */
#define MAX_DELAY ((gint64) (5 * GST_SECOND))

typedef enum {
  ORIGIN_UNKNOWN, /* no buffer has come */
  ORIGIN_PREROLL, /* time is that of the first buffer */
  ORIGIN_PLAYED,  /* time is the last base time less the delay */
} OriginState;

struct _GstZeroBufferOrigin {
  GstObject *pipeline; /* not a reference: compared only */
  guint users;
  OriginState state;
  gint64 time;
  gint64 delay; /* from the first buffer to the first base time */
};

/* Guards the list, and everything in it. */
static GMutex origins_lock;
static GList *origins;

static GstObject *
get_pipeline (GstElement *element)
{
  GstObject *object = gst_object_ref (GST_OBJECT (element));
  GstObject *parent;

  while ((parent = gst_object_get_parent (object))) {
    gst_object_unref (object);
    object = parent;
  }
  gst_object_unref (object);
  return object;
}

static GstZeroBufferOrigin *
find_origin (GstObject *pipeline)
{
  for (GList *link = origins; link; link = link->next) {
    GstZeroBufferOrigin *origin = link->data;

    if (origin->pipeline == pipeline)
      return origin;
  }
  return NULL;
}

GstZeroBufferOrigin *
gst_zero_buffer_origin_get (GstElement *element)
{
  GstObject *pipeline = get_pipeline (element);
  GstZeroBufferOrigin *origin;

  g_mutex_lock (&origins_lock);
  if (!(origin = find_origin (pipeline))) {
    origin = g_new0 (GstZeroBufferOrigin, 1);
    origin->pipeline = pipeline;
    origins = g_list_prepend (origins, origin);
  }
  origin->users++;
  g_mutex_unlock (&origins_lock);
  return origin;
}

void
gst_zero_buffer_origin_release (GstZeroBufferOrigin *origin)
{
  g_mutex_lock (&origins_lock);
  if (--origin->users == 0) {
    origins = g_list_remove (origins, origin);
    g_free (origin);
  }
  g_mutex_unlock (&origins_lock);
}

static void
begin_to_play (GstZeroBufferOrigin *origin, gint64 base_time)
{
  origin->delay =
      origin->state == ORIGIN_PREROLL ? base_time - origin->time : 0;
  if (origin->delay < 0 || origin->delay > MAX_DELAY)
    origin->delay = 0;
  origin->state = ORIGIN_PLAYED;
}

gint64
gst_zero_buffer_origin_find (
    GstZeroBufferOrigin *origin, gint64 base_time, gint64 first)
{
  gint64 time;

  g_mutex_lock (&origins_lock);
  if (base_time != GST_ZERO_BUFFER_BASE_NONE) {
    if (origin->state != ORIGIN_PLAYED)
      begin_to_play (origin, base_time);
    origin->time = base_time - origin->delay;
  } else if (origin->state == ORIGIN_UNKNOWN) {
    origin->time = first;
    origin->state = ORIGIN_PREROLL;
  }
  time = origin->time;
  g_mutex_unlock (&origins_lock);
  return time;
}
