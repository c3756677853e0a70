/* SPDX-License-Identifier: MIT */
#include "gstzerobufferplaces.h"

#include <stdlib.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (zerobufferplaces_debug);
#define GST_CAT_DEFAULT zerobufferplaces_debug

/* Room for what goes behind the data: extra records, of strides and the like. */
#define EXTRA_ROOM 512
#define EXTRA_ROOM_SMALL 64

/* Where data of this size begin, EXTRA_ROOM is nothing beside them. */
#define LARGE 16384

/* What is kept free for events in front of the first buffer, and how many buffers
 * may follow without use of it until it is not kept any longer. */
#define HEADROOM 8000
#define HEADROOM_PATIENCE 64

/* The root has the bytes; what gst_memory_share () makes are memories of the
 * same type that have the root as their parent, and use only mem. */
typedef struct {
  GstMemory mem;

  GMutex lock;     /* guards what follows */
  guint8 *data;    /* in the place, or heap; NULL: neither */
  ZbPlace *place;  /* or NULL */
  guint8 *heap;    /* kept until there is a place again */
  gboolean sent;   /* not to be written to any more */
  gboolean closed; /* locked, so that it counts as shared for ever */
  guint64 before;  /* what had been copied when it got its place */
} GstZeroBufferPlace;

struct _GstZeroBufferPlaces {
  GstAllocator parent;
  ZbWriter *writer;
  gsize plain_size; /* atomic */
  gint shortage;    /* atomic */

  GMutex lock; /* guards what follows; taken after a memory's */
  /* What is sent before a place, though it comes later, would pass that by.  So
   * some room is kept in front, as much as was needed last. */
  ZbPlace *headroom; /* or NULL */
  gsize headroom_size;
  guint headroom_unused; /* how often, in a row */
  guint64 copied;        /* bytes that were sent otherwise, so far */
};

G_DEFINE_TYPE (GstZeroBufferPlaces, gst_zero_buffer_places, GST_TYPE_ALLOCATOR)

static GstZeroBufferPlace *
get_root (GstMemory *mem)
{
  return (GstZeroBufferPlace *) (mem->parent ? mem->parent : mem);
}

static GstZeroBufferPlaces *
get_places (GstZeroBufferPlace *memory)
{
  return GST_ZERO_BUFFER_PLACES (memory->mem.allocator);
}

/* ---- finding a place ---- */

gsize
gst_zero_buffer_places_get_record_size (gsize size)
{
  const GstZeroBufferRecord record = { .data_size = size,
    .extra_size = size < LARGE ? EXTRA_ROOM_SMALL : EXTRA_ROOM };

  return gst_zero_buffer_record_get_size (&record);
}

static ZbPlace *
reserve (GstZeroBufferPlaces *self, gsize size)
{
  ZbPlace *place = NULL;
  ZbResult result;

  result = zb_writer_reserve_place (self->writer, size, 0, &place, NULL);
  if (result == ZB_TIMEOUT)
    result =
        zb_writer_reserve_place (self->writer, size, ZB_FOREVER, &place, NULL);
  if (result == ZB_NO_PLACE)
    g_atomic_int_set (&self->shortage, TRUE);
  return place;
}

static void
keep_headroom (GstZeroBufferPlaces *self, GstZeroBufferPlace *memory)
{
  g_mutex_lock (&self->lock);
  if (self->headroom_size > 0 && !self->headroom &&
      zb_writer_reserve_place (self->writer, self->headroom_size, 0,
          &self->headroom, NULL) == ZB_NO_PLACE)
    g_atomic_int_set (&self->shortage, TRUE);
  memory->before = self->copied;
  g_mutex_unlock (&self->lock);
}

/* Call with the allocator's lock held. */
static void
give_up_headroom (GstZeroBufferPlaces *self)
{
  if (self->headroom)
    zb_place_release (self->headroom);
  self->headroom = NULL;
}

/* More would have been of use. */
static void
miss_headroom (GstZeroBufferPlaces *self, const GstZeroBufferPlace *memory)
{
  guint64 needed;

  g_mutex_lock (&self->lock);
  needed = self->copied - memory->before;
  self->headroom_size =
      gst_zero_buffer_places_get_record_size (MAX (HEADROOM, needed));
  self->headroom_unused = 0;
  g_mutex_unlock (&self->lock);
}

/* A place is sent, so that what is in front of it is of no more use. */
static void
skip_headroom (GstZeroBufferPlaces *self)
{
  g_mutex_lock (&self->lock);
  if (self->headroom && ++self->headroom_unused >= HEADROOM_PATIENCE)
    self->headroom_size = 0;
  give_up_headroom (self);
  g_mutex_unlock (&self->lock);
}

void
gst_zero_buffer_places_begin_session (GstZeroBufferPlaces *places)
{
  g_mutex_lock (&places->lock);
  give_up_headroom (places);
  places->headroom_size = gst_zero_buffer_places_get_record_size (HEADROOM);
  places->headroom_unused = 0;
  g_mutex_unlock (&places->lock);
}

void
gst_zero_buffer_places_make_way (GstZeroBufferPlaces *places, gsize size)
{
  g_mutex_lock (&places->lock);
  give_up_headroom (places);
  places->headroom_unused = 0;
  places->copied += size + GST_ZERO_BUFFER_FRAME_HEADER_SIZE;
  g_mutex_unlock (&places->lock);
}

/* Where the data are to lie in a place of these features. */
static guint8 *
get_data (ZbPlace *place, guint64 features)
{
  guint8 *start = zb_place_get_data (place);

  return features & ZB_FEATURE_MEDIA
             ? start + GST_ZERO_BUFFER_RECORD_HEADER_SIZE
             : start;
}

/* A reader may have come, or another, in the meantime; and frames of protocol
 * 1.0 lie where they happen to. */
static gboolean
is_suitable (GstZeroBufferPlace *memory, ZbPlace *place, guint64 features)
{
  return zb_place_get_features (place) == features &&
         ((guintptr) get_data (place, features) & memory->mem.align) == 0;
}

static gboolean
attach_place (GstZeroBufferPlace *memory)
{
  GstZeroBufferPlaces *self = get_places (memory);
  guint64 features = zb_writer_get_features (self->writer);
  gsize size = memory->mem.maxsize;
  ZbPlace *place;

  if (features & ZB_FEATURE_MEDIA) {
    keep_headroom (self, memory);
    place = reserve (self, gst_zero_buffer_places_get_record_size (size));
  } else if (size == (gsize) g_atomic_pointer_get (&self->plain_size)) {
    place = reserve (self, size);
  } else {
    place = NULL;
  }
  if (!place)
    return FALSE;
  if (!is_suitable (memory, place, features)) {
    zb_place_release (place);
    return FALSE;
  }
  memory->place = place;
  memory->data = get_data (place, features);
  free (memory->heap);
  memory->heap = NULL;
  return TRUE;
}

static gboolean
attach_heap (GstZeroBufferPlace *memory)
{
  void *heap = memory->heap;

  if (!heap && posix_memalign (&heap, memory->mem.align + 1,
                   MAX (memory->mem.maxsize, 1)) != 0)
    return FALSE;
  GST_LOG ("No place in the ring for %" G_GSIZE_FORMAT " bytes",
      memory->mem.maxsize);
  memory->heap = memory->data = heap;
  return TRUE;
}

/* Call with the memory's lock held, which is held during the wait: memory that has no bytes yet is known only to
 * those who want them.  zb_writer_set_interrupted () ends the wait. */
static gboolean
attach (GstZeroBufferPlace *memory)
{
  GstMemory *mem = GST_MEMORY_CAST (memory);

  if (memory->data || memory->sent)
    return memory->data != NULL;
  if (!attach_place (memory) && !attach_heap (memory))
    return FALSE;
  if (GST_MEMORY_IS_ZERO_PADDED (mem))
    memset (memory->data + mem->size, 0, mem->maxsize - mem->size);
  return TRUE;
}

/* Call with the memory's lock held. */
static void
give_up_place (GstZeroBufferPlace *memory)
{
  if (memory->place)
    zb_place_release (memory->place);
  memory->place = NULL;
  memory->data = NULL;
}

/* ---- memory ---- */

/* Who still has it mapped to write when it is sent has promised, by pushing it,
 * to leave it as it is. */
static gpointer
memory_map (GstMemory *mem, gsize maxsize, GstMapFlags flags)
{
  GstZeroBufferPlace *root = get_root (mem);
  gpointer data = NULL;

  g_mutex_lock (&root->lock);
  if (!((flags & GST_MAP_WRITE) && root->sent) && attach (root))
    data = root->data;
  g_mutex_unlock (&root->lock);
  return data;
}

static void
memory_unmap (GstMemory *mem)
{
}

static GstMemory *
memory_share (GstMemory *mem, gssize offset, gssize size)
{
  GstZeroBufferPlace *shared = g_new0 (GstZeroBufferPlace, 1);
  GstMemory *root = GST_MEMORY_CAST (get_root (mem));

  if (size == -1)
    size = mem->size - offset;
  gst_memory_init (GST_MEMORY_CAST (shared), GST_MINI_OBJECT_FLAGS (root),
      root->allocator, root, root->maxsize, root->align, mem->offset + offset,
      size);
  return GST_MEMORY_CAST (shared);
}

static GstMemory *
places_alloc (GstAllocator *allocator, gsize size, GstAllocationParams *params)
{
  gsize maxsize = size + params->prefix + params->padding;
  GstZeroBufferPlace *memory;

  /* A record has its data at one offset, with one alignment. */
  if (params->prefix > 0 || params->align > GST_ZERO_BUFFER_PLACES_ALIGN)
    return gst_allocator_alloc (NULL, size, params);
  memory = g_new0 (GstZeroBufferPlace, 1);
  gst_memory_init (GST_MEMORY_CAST (memory), params->flags, allocator, NULL,
      maxsize, params->align | 15, 0, size);
  g_mutex_init (&memory->lock);
  return GST_MEMORY_CAST (memory);
}

static void
places_free (GstAllocator *allocator, GstMemory *mem)
{
  GstZeroBufferPlace *memory = (GstZeroBufferPlace *) mem;

  if (!mem->parent) {
    give_up_place (memory);
    free (memory->heap);
    g_mutex_clear (&memory->lock);
  }
  g_free (memory);
}

/* ---- the allocator ---- */

static void
gst_zero_buffer_places_finalize (GObject *object)
{
  GstZeroBufferPlaces *self = GST_ZERO_BUFFER_PLACES (object);

  give_up_headroom (self);
  zb_writer_free (self->writer);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_zero_buffer_places_parent_class)->finalize (object);
}

static void
gst_zero_buffer_places_class_init (GstZeroBufferPlacesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_zero_buffer_places_finalize;
  GST_ALLOCATOR_CLASS (klass)->alloc = places_alloc;
  GST_ALLOCATOR_CLASS (klass)->free = places_free;

  GST_DEBUG_CATEGORY_INIT (zerobufferplaces_debug, "zerobufferplaces", 0,
      "ZeroBuffer places to write to");
}

static void
gst_zero_buffer_places_init (GstZeroBufferPlaces *self)
{
  GstAllocator *allocator = GST_ALLOCATOR (self);

  g_mutex_init (&self->lock);
  allocator->mem_type = "ZeroBufferPlace";
  allocator->mem_map = memory_map;
  allocator->mem_unmap = memory_unmap;
  allocator->mem_share = memory_share;
}

GstZeroBufferPlaces *
gst_zero_buffer_places_new (ZbWriter *writer)
{
  GstZeroBufferPlaces *self = g_object_new (GST_TYPE_ZERO_BUFFER_PLACES, NULL);

  self->writer = writer;
  return gst_object_ref_sink (self);
}

void
gst_zero_buffer_places_set_plain_size (GstZeroBufferPlaces *places, gsize size)
{
  g_atomic_pointer_set (&places->plain_size, size);
}

gboolean
gst_zero_buffer_places_take_shortage (GstZeroBufferPlaces *places)
{
  return g_atomic_int_get (&places->shortage) &&
         g_atomic_int_exchange (&places->shortage, FALSE);
}

void
gst_zero_buffer_places_interrupt (GstZeroBufferPlaces *places)
{
  zb_writer_set_interrupted (places->writer, TRUE);
}

static gboolean
is_only_here (GstMemory *memory)
{
  return GST_MINI_OBJECT_REFCOUNT_VALUE (memory) == 1;
}

static gboolean
is_ours (GstMemory *memory)
{
  return memory->allocator && GST_IS_ZERO_BUFFER_PLACES (memory->allocator);
}

gboolean
gst_zero_buffer_places_attach (GstMemory *memory)
{
  GstZeroBufferPlace *root = get_root (memory);
  gboolean attached;

  if (!is_ours (memory))
    return TRUE;
  g_mutex_lock (&root->lock);
  attached = attach (root);
  g_mutex_unlock (&root->lock);
  return attached;
}

/* Call with the memory's lock held.  Pools other than ours would use the memory again, with the place
 * that it had, or without one; but not if it is shared. */
static void
close_memory (GstZeroBufferPlace *memory)
{
  if (!memory->closed)
    memory->closed =
        gst_memory_lock (GST_MEMORY_CAST (memory), GST_LOCK_FLAG_EXCLUSIVE);
}

void
gst_zero_buffer_places_detach (GstMemory *memory)
{
  GstZeroBufferPlace *root = get_root (memory);

  if (!is_ours (memory) || memory->parent || !is_only_here (memory))
    return;
  g_mutex_lock (&root->lock);
  give_up_place (root);
  root->sent = FALSE;
  if (root->closed)
    gst_memory_unlock (memory, GST_LOCK_FLAG_EXCLUSIVE);
  root->closed = FALSE;
  g_mutex_unlock (&root->lock);
}

/* ---- sending ---- */

/* The memory of a buffer that is all of a place of this writer's. */
static GstZeroBufferPlace *
peek_place (GstZeroBufferPlaces *self, GstBuffer *buffer)
{
  GstMemory *memory;

  if (gst_buffer_n_memory (buffer) != 1)
    return NULL;
  memory = gst_buffer_peek_memory (buffer, 0);
  if (memory->allocator != GST_ALLOCATOR (self) || memory->parent ||
      memory->offset != 0)
    return NULL;
  return (GstZeroBufferPlace *) memory;
}

/* Call with the memory's lock held.  What follows the data is the extra records': of what belongs to
 * the memory only if nobody can have that. */
static gboolean
send_record (GstZeroBufferPlaces *self, GstZeroBufferPlace *memory,
    const GstZeroBufferRecord *record, const guint8 *extra)
{
  gsize size = gst_zero_buffer_record_get_size (record);

  if (size > zb_place_get_size (memory->place) ||
      (memory->mem.size < memory->mem.maxsize &&
          !is_only_here (GST_MEMORY_CAST (memory))))
    return FALSE;
  gst_zero_buffer_record_write (
      record, zb_place_get_data (memory->place), extra);
  return zb_writer_publish_place (self->writer, memory->place, size, NULL) ==
         ZB_OK;
}

/* Call with the memory's lock held.  The reader gives the place back without asking who else may be
 * looking at it. */
static gboolean
send_frame (
    GstZeroBufferPlaces *self, GstZeroBufferPlace *memory, GstBuffer *buffer)
{
  if (GST_MINI_OBJECT_REFCOUNT_VALUE (buffer) > 1 ||
      !is_only_here (GST_MEMORY_CAST (memory)) ||
      zb_writer_publish_place (
          self->writer, memory->place, memory->mem.size, NULL) != ZB_OK)
    return FALSE;
  give_up_place (memory);
  return TRUE;
}

gboolean
gst_zero_buffer_places_send (GstZeroBufferPlaces *places, GstBuffer *buffer,
    const GstZeroBufferRecord *record, const guint8 *extra)
{
  GstZeroBufferPlace *memory = peek_place (places, buffer);
  gboolean sent = FALSE;

  if (!memory)
    return FALSE;
  g_mutex_lock (&memory->lock);
  if (memory->place && !memory->sent) {
    skip_headroom (places);
    sent = record ? send_record (places, memory, record, extra)
                  : send_frame (places, memory, buffer);
    if (!sent && !memory->closed)
      miss_headroom (places, memory);
    memory->sent = sent;
  }
  close_memory (memory);
  g_mutex_unlock (&memory->lock);
  return sent;
}
