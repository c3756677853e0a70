/* SPDX-License-Identifier: MIT */
#include "gstzerobuffermemory.h"

#include <string.h>

GST_DEBUG_CATEGORY_STATIC (zerobuffermemory_debug);
#define GST_CAT_DEFAULT zerobuffermemory_debug

/* More than are out at a time where nobody hoards. */
#define SPARES_MAX 64

/* The root has the bytes; what gst_memory_share () makes are memories of the
 * same type that have the root as their parent, and use only mem. */
typedef struct {
  GstMemory mem;

  /* Guarded by the allocator's lock. */
  GList link; /* in the allocator's residents, or its spares */
  gboolean resident;
  ZbFrame *frame; /* NULL once the bytes are on the heap */

  GMutex lock; /* guards what follows */
  guint maps;
  guint8 *data; /* in the frame, or on the heap */
} GstZeroBufferMemory;

struct _GstZeroBufferAllocator {
  GstAllocator parent;

  GMutex lock;      /* guards what follows; taken before a memory's lock */
  GQueue residents; /* memories in the ring, oldest first */
  GQueue spares;    /* memories that are free, to be used again */
  guint64 moved;
};

G_DEFINE_TYPE (
    GstZeroBufferAllocator, gst_zero_buffer_allocator, GST_TYPE_ALLOCATOR)

static GstZeroBufferMemory *
get_root (GstMemory *mem)
{
  return (GstZeroBufferMemory *) (mem->parent ? mem->parent : mem);
}

/* ---- memory ---- */

static gpointer
memory_map (GstMemory *mem, gsize maxsize, GstMapFlags flags)
{
  GstZeroBufferMemory *root = get_root (mem);
  gpointer data;

  g_mutex_lock (&root->lock);
  root->maps++;
  data = root->data;
  g_mutex_unlock (&root->lock);
  return data;
}

static void
memory_unmap (GstMemory *mem)
{
  GstZeroBufferMemory *root = get_root (mem);

  g_mutex_lock (&root->lock);
  root->maps--;
  g_mutex_unlock (&root->lock);
}

static GstMemory *
memory_share (GstMemory *mem, gssize offset, gssize size)
{
  GstZeroBufferMemory *shared = g_new0 (GstZeroBufferMemory, 1);
  GstMemory *root = GST_MEMORY_CAST (get_root (mem));

  if (size == -1)
    size = mem->size - offset;
  gst_memory_init (GST_MEMORY_CAST (shared), GST_MINI_OBJECT_FLAGS (root),
      root->allocator, root, root->maxsize, root->align, mem->offset + offset,
      size);
  return GST_MEMORY_CAST (shared);
}

/* Call with the locks of the allocator and of the memory held.  FALSE if there is no memory for it. */
static gboolean
move_to_heap (GstZeroBufferMemory *memory)
{
  guint8 *data = g_try_malloc (memory->mem.maxsize);

  if (!data)
    return FALSE;
  memcpy (data, memory->data, memory->mem.maxsize);
  memory->data = data;
  zb_frame_release (memory->frame);
  memory->frame = NULL;
  return TRUE;
}

/* Call with the allocator's lock held. */
static gboolean
move_out (GstZeroBufferAllocator *self, GstZeroBufferMemory *memory)
{
  ZbError error = { .message = "out of memory" };
  gboolean moved;

  g_mutex_lock (&memory->lock);
  if (memory->maps == 0)
    moved = move_to_heap (memory);
  else
    moved = zb_frame_detach (memory->frame, &error) == ZB_OK;
  g_mutex_unlock (&memory->lock);

  if (!moved) {
    GST_WARNING ("A frame stays in the ring: %s", error.message);
    return FALSE;
  }
  GST_LOG ("Moved a frame of %" G_GSIZE_FORMAT " bytes out of the ring",
      memory->mem.maxsize);
  g_queue_unlink (&self->residents, &memory->link);
  memory->resident = FALSE;
  self->moved++;
  return TRUE;
}

/* ---- allocator ---- */

/* Call with the allocator's lock held. */
static GstZeroBufferMemory *
take_spare (GstZeroBufferAllocator *self)
{
  GList *link = g_queue_pop_head_link (&self->spares);
  GstZeroBufferMemory *memory;

  if (link)
    return link->data;
  memory = g_new0 (GstZeroBufferMemory, 1);
  memory->link.data = memory;
  g_mutex_init (&memory->lock);
  return memory;
}

static void
free_spare (GstZeroBufferMemory *memory)
{
  g_mutex_clear (&memory->lock);
  g_free (memory);
}

/* Call with the allocator's lock held. */
static void
keep_spare (GstZeroBufferAllocator *self, GstZeroBufferMemory *memory)
{
  if (self->spares.length < SPARES_MAX)
    g_queue_push_head_link (&self->spares, &memory->link);
  else
    free_spare (memory);
}

static void
allocator_free (GstAllocator *allocator, GstMemory *mem)
{
  GstZeroBufferAllocator *self = GST_ZERO_BUFFER_ALLOCATOR (allocator);
  GstZeroBufferMemory *memory = (GstZeroBufferMemory *) mem;
  guint8 *heap;
  ZbFrame *frame;

  if (mem->parent) {
    g_free (memory);
    return;
  }
  /* Until it is off the residents it may be moving out. */
  g_mutex_lock (&self->lock);
  if (memory->resident)
    g_queue_unlink (&self->residents, &memory->link);
  frame = memory->frame;
  heap = frame ? NULL : memory->data;
  keep_spare (self, memory);
  g_mutex_unlock (&self->lock);

  g_free (heap);
  if (frame)
    zb_frame_release (frame);
}

static void
gst_zero_buffer_allocator_finalize (GObject *object)
{
  GstZeroBufferAllocator *self = GST_ZERO_BUFFER_ALLOCATOR (object);
  GList *link;

  while ((link = g_queue_pop_head_link (&self->spares)))
    free_spare (link->data);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_zero_buffer_allocator_parent_class)->finalize (object);
}

static void
gst_zero_buffer_allocator_class_init (GstZeroBufferAllocatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_zero_buffer_allocator_finalize;
  GST_ALLOCATOR_CLASS (klass)->free = allocator_free;

  GST_DEBUG_CATEGORY_INIT (zerobuffermemory_debug, "zerobuffermemory", 0,
      "ZeroBuffer frames as memory");
}

static void
gst_zero_buffer_allocator_init (GstZeroBufferAllocator *self)
{
  GstAllocator *allocator = GST_ALLOCATOR (self);

  allocator->mem_type = "ZeroBufferMemory";
  allocator->mem_map = memory_map;
  allocator->mem_unmap = memory_unmap;
  allocator->mem_share = memory_share;
  GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);

  g_mutex_init (&self->lock);
  g_queue_init (&self->residents);
  g_queue_init (&self->spares);
}

GstZeroBufferAllocator *
gst_zero_buffer_allocator_new (void)
{
  return gst_object_ref_sink (
      g_object_new (GST_TYPE_ZERO_BUFFER_ALLOCATOR, NULL));
}

GstMemory *
gst_zero_buffer_allocator_wrap (
    GstZeroBufferAllocator *allocator, ZbFrame *frame)
{
  gsize size = zb_frame_get_size (frame);
  GstZeroBufferMemory *memory;

  g_mutex_lock (&allocator->lock);
  memory = take_spare (allocator);
  g_mutex_unlock (&allocator->lock);

  gst_memory_init (GST_MEMORY_CAST (memory), GST_MEMORY_FLAG_READONLY,
      GST_ALLOCATOR (allocator), NULL, size, 0, 0, size);
  memory->frame = frame;
  /* Read-only: nobody gets a pointer to write to from the map. */
  memory->data = (guint8 *) zb_frame_get_data (frame);
  memory->maps = 0;
  memory->resident = TRUE;

  g_mutex_lock (&allocator->lock);
  g_queue_push_tail_link (&allocator->residents, &memory->link);
  g_mutex_unlock (&allocator->lock);
  return GST_MEMORY_CAST (memory);
}

void
gst_zero_buffer_allocator_make_room (
    GstZeroBufferAllocator *allocator, guint64 limit)
{
  GList *next;

  g_mutex_lock (&allocator->lock);
  for (GList *link = allocator->residents.head; link; link = next) {
    GstZeroBufferMemory *memory = link->data;
    guint64 span = zb_frame_get_span (memory->frame);

    next = link->next;
    if (span == 0) /* of a retired buffer: in nobody's way */
      continue;
    if (span <= limit || !move_out (allocator, memory))
      break;
  }
  g_mutex_unlock (&allocator->lock);
}

guint64
gst_zero_buffer_allocator_get_moved (GstZeroBufferAllocator *allocator)
{
  guint64 moved;

  g_mutex_lock (&allocator->lock);
  moved = allocator->moved;
  g_mutex_unlock (&allocator->lock);
  return moved;
}
