/* SPDX-License-Identifier: MIT */
#include "gstzerobufferstory.h"

/* Events that wait for a reader, at most; then the first is left out. */
#define MAX_WAITING 1024

typedef struct {
  guint number;    /* for as long as the story goes on */
  GstEvent *event; /* NULL: none of this kind holds now */
  GstEventType type;
  gchar *name; /* of a kind that is told apart by name, or NULL */
  guint64 generation;
} StickySlot;

typedef struct {
  GstEvent *event;
  guint64 generation; /* of the last sticky event before it */
} WaitingEvent;

/* ---- slots ---- */

static void
clear_slot (gpointer data)
{
  StickySlot *slot = data;

  gst_clear_event (&slot->event);
  g_free (slot->name);
}

static StickySlot *
get_slot (GstZeroBufferStory *self, guint i)
{
  return &g_array_index (self->sticky, StickySlot, i);
}

static const gchar *
get_name (GstEvent *event)
{
  return GST_EVENT_TYPE (event) & GST_EVENT_TYPE_STICKY_MULTI
             ? gst_structure_get_name (gst_event_get_structure (event))
             : NULL;
}

/* Its slot, or the place for a new one. */
static gboolean
find_slot (GstZeroBufferStory *self, GstEvent *event, guint *place)
{
  GstEventType type = GST_EVENT_TYPE (event);
  guint order = gst_event_type_to_sticky_ordering (type);

  for (*place = 0; *place < self->sticky->len; (*place)++) {
    StickySlot *slot = get_slot (self, *place);

    if (slot->type == type && g_strcmp0 (slot->name, get_name (event)) == 0)
      return TRUE;
    if (gst_event_type_to_sticky_ordering (slot->type) > order)
      break;
  }
  return FALSE;
}

static void
empty_slots (GstZeroBufferStory *self, GstEventType type)
{
  for (guint i = 0; i < self->sticky->len; i++) {
    if (get_slot (self, i)->type == type)
      gst_clear_event (&get_slot (self, i)->event);
  }
}

static gboolean
is_same_stream (GstEvent *a, GstEvent *b)
{
  const gchar *id_a, *id_b;

  gst_event_parse_stream_start (a, &id_a);
  gst_event_parse_stream_start (b, &id_b);
  return g_str_equal (id_a, id_b);
}

/* As pads do it. */
static void
begin_stream (
    GstZeroBufferStory *self, const StickySlot *before, GstEvent *stream_start)
{
  gboolean same = before->event && is_same_stream (before->event, stream_start);

  empty_slots (self, GST_EVENT_STREAM_GROUP_DONE);
  if (!same)
    empty_slots (self, GST_EVENT_TAG);
}

/* Pads push an instant rate change twice, since it is sticky but not serialized. */
static gboolean
is_repeated (const StickySlot *slot, GstEvent *event)
{
  return slot->type == GST_EVENT_INSTANT_RATE_CHANGE && slot->event &&
         gst_event_get_seqnum (slot->event) == gst_event_get_seqnum (event);
}

/* Call with the lock held. */
static void
add_sticky (GstZeroBufferStory *self, GstEvent *event)
{
  StickySlot *slot;
  guint place;

  if (!find_slot (self, event, &place)) {
    StickySlot fresh = { self->slots++, NULL, GST_EVENT_TYPE (event),
      g_strdup (get_name (event)), 0 };

    g_array_insert_val (self->sticky, place, fresh);
  }
  slot = get_slot (self, place);
  if (is_repeated (slot, event))
    return;
  if (slot->type == GST_EVENT_STREAM_START)
    begin_stream (self, slot, event);
  gst_event_replace (&slot->event, event);
  slot->generation = ++self->generation;
}

/* ---- the story ---- */

static void
free_waiting (gpointer data)
{
  WaitingEvent *waiting = data;

  gst_event_unref (waiting->event);
  g_free (waiting);
}

void
gst_zero_buffer_story_init (GstZeroBufferStory *self)
{
  g_mutex_init (&self->lock);
  self->sticky = g_array_new (FALSE, FALSE, sizeof (StickySlot));
  g_array_set_clear_func (self->sticky, clear_slot);
  g_queue_init (&self->waiting);
  self->generation = 0;
  self->slots = 0;
}

void
gst_zero_buffer_story_deinit (GstZeroBufferStory *self)
{
  gst_zero_buffer_story_clear (self);
  g_array_unref (self->sticky);
  g_mutex_clear (&self->lock);
}

void
gst_zero_buffer_story_clear (GstZeroBufferStory *self)
{
  g_mutex_lock (&self->lock);
  g_array_set_size (self->sticky, 0);
  g_queue_clear_full (&self->waiting, free_waiting);
  g_mutex_unlock (&self->lock);
}

/* The end is for those who are there, and not sticky here. */
static gboolean
is_kept (GstEvent *event)
{
  return GST_EVENT_IS_STICKY (event) && GST_EVENT_TYPE (event) != GST_EVENT_EOS;
}

/* Call with the lock held. */
static void
add_waiting (GstZeroBufferStory *self, GstEvent *event)
{
  WaitingEvent *waiting = g_new (WaitingEvent, 1);

  if (self->waiting.length == MAX_WAITING)
    free_waiting (g_queue_pop_head (&self->waiting));
  waiting->event = gst_event_ref (event);
  waiting->generation = self->generation;
  g_queue_push_tail (&self->waiting, waiting);
}

void
gst_zero_buffer_story_add (GstZeroBufferStory *self, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  if (is_kept (event))
    add_sticky (self, event);
  else
    add_waiting (self, event);
  g_mutex_unlock (&self->lock);
}

void
gst_zero_buffer_story_flush (GstZeroBufferStory *self)
{
  GList *next;

  g_mutex_lock (&self->lock);
  empty_slots (self, GST_EVENT_SEGMENT);
  empty_slots (self, GST_EVENT_STREAM_GROUP_DONE);
  for (GList *link = self->waiting.head; link; link = next) {
    WaitingEvent *waiting = link->data;

    next = link->next;
    if (!GST_EVENT_IS_SERIALIZED (waiting->event))
      continue;
    free_waiting (waiting);
    g_queue_delete_link (&self->waiting, link);
  }
  g_mutex_unlock (&self->lock);
}

void
gst_zero_buffer_story_drop_waiting (GstZeroBufferStory *self)
{
  g_mutex_lock (&self->lock);
  g_queue_clear_full (&self->waiting, free_waiting);
  g_mutex_unlock (&self->lock);
}

/* ---- one reader ---- */

void
gst_zero_buffer_told_init (GstZeroBufferTold *told)
{
  told->generations = g_array_new (FALSE, TRUE, sizeof (guint64));
}

void
gst_zero_buffer_told_deinit (GstZeroBufferTold *told)
{
  g_array_unref (told->generations);
}

void
gst_zero_buffer_told_reset (GstZeroBufferTold *told)
{
  g_array_set_size (told->generations, 0);
}

static gboolean
is_lacking (const GstZeroBufferTold *told, const StickySlot *slot)
{
  return slot->event && (slot->number >= told->generations->len ||
                            g_array_index (told->generations, guint64,
                                slot->number) != slot->generation);
}

/* The first sticky event in the order of pads, up to generation @limit.  Call with
 * the lock held. */
static StickySlot *
find_lacking (
    GstZeroBufferStory *self, const GstZeroBufferTold *told, guint64 limit)
{
  for (guint i = 0; i < self->sticky->len; i++) {
    StickySlot *slot = get_slot (self, i);

    if (slot->generation <= limit && is_lacking (told, slot))
      return slot;
  }
  return NULL;
}

gboolean
gst_zero_buffer_story_next (GstZeroBufferStory *self,
    const GstZeroBufferTold *told, GstZeroBufferTale *tale)
{
  WaitingEvent *waiting;
  StickySlot *slot;

  g_mutex_lock (&self->lock);
  waiting = g_queue_peek_head (&self->waiting);
  slot = find_lacking (self, told, waiting ? waiting->generation : G_MAXUINT64);
  tale->event = NULL;
  tale->generation = slot ? slot->generation : 0;
  tale->slot = slot ? slot->number : 0;
  if (slot)
    tale->event = gst_event_ref (slot->event);
  else if (waiting)
    tale->event = gst_event_ref (waiting->event);
  g_mutex_unlock (&self->lock);
  return tale->event != NULL;
}

static void
note_generation (GstZeroBufferTold *told, const GstZeroBufferTale *tale)
{
  if (told->generations->len <= tale->slot)
    g_array_set_size (told->generations, tale->slot + 1);
  g_array_index (told->generations, guint64, tale->slot) = tale->generation;
}

void
gst_zero_buffer_story_note_sent (GstZeroBufferStory *self,
    GstZeroBufferTold *told, const GstZeroBufferTale *tale)
{
  WaitingEvent *waiting;

  if (tale->generation != 0) {
    note_generation (told, tale);
    return;
  }
  g_mutex_lock (&self->lock);
  waiting = g_queue_peek_head (&self->waiting);
  if (waiting && waiting->event == tale->event)
    free_waiting (g_queue_pop_head (&self->waiting));
  g_mutex_unlock (&self->lock);
}
