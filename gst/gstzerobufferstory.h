/* SPDX-License-Identifier: MIT */
/*
 * The events that readers are to be told.
 *
 * Sticky events are kept, the last of each kind, in the order in which pads keep
 * them.  Each has a generation; a reader's record of the generations that it has
 * tells what it lacks.  Other events wait here until they have been sent, behind
 * the sticky ones that came before them.
 */
#ifndef GST_ZERO_BUFFER_STORY_H
#define GST_ZERO_BUFFER_STORY_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GMutex
      lock; /* guards what follows: events out of band come from any thread */
  GArray *sticky;     /* of StickySlot, in the order of pads */
  GQueue waiting;     /* of WaitingEvent, in the order in which they came */
  guint64 generation; /* of the last sticky event; they begin with 1 */
  guint slots;        /* numbers given out so far */
} GstZeroBufferStory;

/* What one reader has been told.  Guarded by whoever owns it. */
typedef struct {
  GArray *generations; /* guint64, by the number of the slot */
} GstZeroBufferTold;

/* An event to be sent now. */
typedef struct {
  GstEvent *event;    /* a reference */
  guint64 generation; /* 0: not sticky */
  guint slot;
} GstZeroBufferTale;

void gst_zero_buffer_story_init (GstZeroBufferStory *self);
void gst_zero_buffer_story_deinit (GstZeroBufferStory *self);

/* Forgets all events. */
void gst_zero_buffer_story_clear (GstZeroBufferStory *self);

/* Any thread. */
void gst_zero_buffer_story_add (GstZeroBufferStory *self, GstEvent *event);

/* A flush has passed: the segment, and what waits in order, are not to come any
 * more. */
void gst_zero_buffer_story_flush (GstZeroBufferStory *self);

/* Nobody is there to get the events that do not last. */
void gst_zero_buffer_story_drop_waiting (GstZeroBufferStory *self);

void gst_zero_buffer_told_init (GstZeroBufferTold *told);
void gst_zero_buffer_told_deinit (GstZeroBufferTold *told);

/* It is another reader, that knows nothing. */
void gst_zero_buffer_told_reset (GstZeroBufferTold *told);

/* The next event that a reader lacks; FALSE if it lacks none.  Unref its event
 * after use. */
gboolean gst_zero_buffer_story_next (GstZeroBufferStory *self,
    const GstZeroBufferTold *told, GstZeroBufferTale *tale);

/* @tale has been sent. */
void gst_zero_buffer_story_note_sent (GstZeroBufferStory *self,
    GstZeroBufferTold *told, const GstZeroBufferTale *tale);

G_END_DECLS

#endif
