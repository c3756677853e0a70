/* SPDX-License-Identifier: MIT */
#include "gstzerobufferpending.h"

#include "gstzerobufferevents.h"

void
gst_zero_buffer_pending_init (GstZeroBufferPending *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->events);
}

void
gst_zero_buffer_pending_deinit (GstZeroBufferPending *self)
{
  gst_zero_buffer_pending_clear (self);
  g_mutex_clear (&self->lock);
}

void
gst_zero_buffer_pending_clear (GstZeroBufferPending *self)
{
  g_mutex_lock (&self->lock);
  g_queue_clear_full (&self->events, (GDestroyNotify) gst_event_unref);
  g_mutex_unlock (&self->lock);
}

void
gst_zero_buffer_pending_push (GstZeroBufferPending *self, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->events, gst_event_ref (event));
  g_mutex_unlock (&self->lock);
}

GstEvent *
gst_zero_buffer_pending_peek (GstZeroBufferPending *self)
{
  GstEvent *event;

  g_mutex_lock (&self->lock);
  event = g_queue_peek_head (&self->events);
  if (event)
    gst_event_ref (event);
  g_mutex_unlock (&self->lock);
  return event;
}

void
gst_zero_buffer_pending_pop (GstZeroBufferPending *self, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  if (g_queue_peek_head (&self->events) == event)
    gst_event_unref (g_queue_pop_head (&self->events));
  g_mutex_unlock (&self->lock);
}

static gboolean
survives_flush (GstEvent *event)
{
  return GST_EVENT_IS_STICKY (event) &&
         GST_EVENT_TYPE (event) != GST_EVENT_SEGMENT &&
         GST_EVENT_TYPE (event) != GST_EVENT_EOS;
}

void
gst_zero_buffer_pending_flush (GstZeroBufferPending *self)
{
  GQueue kept = G_QUEUE_INIT;
  GstEvent *event;

  g_mutex_lock (&self->lock);
  while ((event = g_queue_pop_head (&self->events))) {
    if (survives_flush (event))
      g_queue_push_tail (&kept, event);
    else
      gst_event_unref (event);
  }
  self->events = kept;
  g_mutex_unlock (&self->lock);
}

static gboolean
append_sticky (GstPad *pad, GstEvent **event, gpointer events)
{
  if (GST_EVENT_TYPE (*event) != GST_EVENT_EOS &&
      gst_zero_buffer_event_is_carried (*event))
    g_queue_push_tail (events, gst_event_ref (*event));
  return TRUE;
}

void
gst_zero_buffer_pending_restart (GstZeroBufferPending *self, GstPad *pad)
{
  GQueue all = G_QUEUE_INIT;
  GstEvent *event;

  gst_pad_sticky_events_foreach (pad, append_sticky, &all);
  g_mutex_lock (&self->lock);
  while ((event = g_queue_pop_head (&self->events))) {
    /* A sticky one is on the pad, or was replaced there; but for the last, which
     * may be on its way to it. */
    if (GST_EVENT_IS_STICKY (event) &&
        (!g_queue_is_empty (&self->events) || g_queue_find (&all, event)))
      gst_event_unref (event);
    else
      g_queue_push_tail (&all, event);
  }
  self->events = all;
  g_mutex_unlock (&self->lock);
}
