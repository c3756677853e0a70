/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static void
wake (void *data)
{
  zb_session_wake (data);
}

static ZbView *
view_new (const ZbMemory *memory)
{
  ZbView *self = malloc (sizeof *self);

  if (!self)
    return NULL;
  self->references = 1;
  self->address = zb_platform_memory_map_view (memory);
  if (!self->address) {
    free (self);
    return NULL;
  }
  return self;
}

static void
view_unref (ZbView *view, const ZbMemory *memory)
{
  if (--view->references > 0)
    return;
  zb_platform_memory_unmap_view (memory, view->address);
  free (view);
}

ZbSession *
zb_session_new (const char *name, ZbBuffer *buffer)
{
  ZbSession *self = calloc (1, sizeof *self);
  ZbMutex *mutex = zb_platform_mutex_new ();
  ZbView *view = view_new (buffer->memory);

  if (!self || !mutex || !view) {
    free (self);
    zb_platform_mutex_free (mutex);
    if (view)
      view_unref (view, buffer->memory);
    zb_buffer_retire (buffer, name);
    zb_buffer_close (buffer);
    return NULL;
  }
  atomic_init (&self->references, 1);
  atomic_init (&self->posts_own, 0);
  self->name = name;
  self->buffer = *buffer;
  self->sequence = 1;
  self->mutex = mutex;
  self->view = view;
  zb_peer_init (&self->peer, wake, self);
  return self;
}

static void
session_free (ZbSession *session)
{
  ZbFrame *frame = session->spare;

  while (frame) {
    ZbFrame *next = (ZbFrame *) frame->span.next;
    free (frame);
    frame = next;
  }
  view_unref (session->view, session->buffer.memory);
  zb_buffer_close (&session->buffer);
  zb_platform_mutex_free (session->mutex);
  free (session->metadata);
  free (session);
}

void
zb_session_unref (ZbSession *session)
{
  /* release: what this thread did with the session comes before the free;
   * acquire: the freeing thread sees it. */
  if (atomic_fetch_sub_explicit (
          &session->references, 1, memory_order_acq_rel) == 1)
    session_free (session);
}

void
zb_session_retire (ZbSession *session)
{
  zb_peer_clear (&session->peer);
  zb_buffer_retire (&session->buffer, session->name);
  zb_platform_mutex_lock (session->mutex);
  session->retired = true;
  zb_platform_mutex_unlock (session->mutex);
}

/* ---- posts ---- */

void
zb_session_wake (ZbSession *session)
{
  zb_platform_mutex_lock (session->mutex);
  /* Counted first: see posts_own. */
  atomic_fetch_add (&session->posts_own, 1);
  if (!zb_platform_semaphore_post (session->buffer.data))
    atomic_fetch_sub (&session->posts_own, 1);
  zb_platform_mutex_unlock (session->mutex);
}

static bool
take_post (ZbSession *session)
{
  if (!zb_platform_semaphore_try_wait (session->buffer.data))
    return false;
  session->posts_taken++;
  return true;
}

/* In 1.0 one post per frame is all that says that the frame is there. */
static bool
frame_is_posted (const ZbSession *session)
{
  uint64_t frames_read = session->sequence - 1;

  return session->posts_taken > atomic_load (&session->posts_own) + frames_read;
}

/* Whether all is read that a writer posted which is gone.  With the lock, no
 * post of our own is counted that has not been posted; without, such a one
 * would hide a frame. */
static bool
is_drained (ZbSession *session)
{
  bool posted;

  zb_platform_mutex_lock (session->mutex);
  while (!(posted = frame_is_posted (session)) && take_post (session))
    ;
  zb_platform_mutex_unlock (session->mutex);
  return !posted;
}

void
zb_session_wait (ZbSession *session, int64_t deadline)
{
  if (zb_platform_semaphore_wait (session->buffer.data, deadline))
    session->posts_taken++;
}

/* ---- the end ---- */

static ZbResult
report_end (const ZbSession *session, ZbError *error)
{
  if (error)
    *error = session->end;
  return session->end.result;
}

/* Every field that is ours, or has bounds.  The counters of frames are the
 * peers' to keep as they like. */
static ZbResult
check_oieb (ZbSession *session)
{
  const ZbBuffer *buffer = &session->buffer;
  ZbOieb *oieb = buffer->oieb;
  uint64_t position = session->position;
  uint64_t me = zb_platform_process_id ();
  ZbError *end = &session->end;

#define CHECK(field, low, high)                                                \
  zb_buffer_check_range (session->name, #field,                                \
      atomic_load_explicit (&oieb->field, memory_order_relaxed), low, high,    \
      end)

  if (zb_buffer_check (buffer, session->name, end) == ZB_OK &&
      CHECK (metadata_free_bytes, 0, buffer->metadata_size) == ZB_OK &&
      CHECK (metadata_written_bytes, 0, buffer->metadata_size) == ZB_OK &&
      CHECK (payload_free_bytes, 0, buffer->payload_size) == ZB_OK &&
      CHECK (payload_write_pos, 0, buffer->payload_size) == ZB_OK &&
      CHECK (payload_read_pos, position, position) == ZB_OK)
    CHECK (reader_pid, me, me);
#undef CHECK
  return end->result;
}

/* Whether some writer has been here.  Loaded before the writer's pid: it
 * connects before it writes anything, so if its pid is 0 then, it has left. */
static bool
is_used (const ZbSession *session)
{
  ZbOieb *oieb = session->buffer.oieb;

  return atomic_load_explicit (
             &oieb->metadata_written_bytes, memory_order_acquire) != 0 ||
         atomic_load_explicit (
             &oieb->payload_written_count, memory_order_acquire) != 0;
}

static ZbPeerState
look_at_writer (ZbSession *session)
{
  bool used = is_used (session);
  ZbPeerState state =
      zb_peer_check (&session->peer, &session->buffer.oieb->writer_pid);

  if (state == ZB_PEER_NONE && used)
    return ZB_PEER_LEFT_CLEANLY;
  return state;
}

static ZbResult
end_because (ZbSession *session, ZbPeerState state)
{
  unsigned long long pid = zb_counter_get (&session->peer.pid);

  if (state == ZB_PEER_NONSENSE)
    return zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: writer_pid is %llu, which is no process.",
        session->name,
        (unsigned long long) atomic_load_explicit (
            &session->buffer.oieb->writer_pid, memory_order_relaxed));
  if (state == ZB_PEER_DEAD)
    return zb_fail (&session->end, ZB_PEER_CRASHED, 0,
        "The writer of buffer \"%s\", process %llu, crashed: it ended without "
        "leaving.",
        session->name, pid);
  return zb_fail (&session->end, ZB_PEER_LEFT, 0,
      "The writer of buffer \"%s\" has left.", session->name);
}

/* ---- reading ---- */

static ZbResult
fail_header (ZbSession *session, ZbRingItem item, const ZbFrameHeader *header,
    uint64_t position)
{
  const char *what = "a wrap marker where none can be";

  if (item == ZB_RING_BAD_SIZE)
    what = "a frame that goes beyond the end of the ring";
  else if (item == ZB_RING_BAD_SEQUENCE)
    what = "a frame out of sequence";
  return zb_fail (&session->end, ZB_CORRUPT, 0,
      "Buffer \"%s\" is corrupt: %s at offset %llu of the ring, with size %llu "
      "and sequence number %llu, expected sequence number %llu.",
      session->name, what, (unsigned long long) position,
      (unsigned long long) header->payload_size,
      (unsigned long long) header->sequence_number,
      (unsigned long long) session->sequence);
}

static ZbRingItem
read_header (ZbSession *session, uint64_t position, ZbFrameHeader *header)
{
  zb_buffer_copy_out (header, session->buffer.ring + position, sizeof *header);
  return zb_ring_classify (
      session->buffer.payload_size, position, header, session->sequence);
}

typedef struct {
  ZbFrameHeader header;
  uint64_t position;
  uint64_t waste;
  bool marker; /* the waste was announced by one */
} FoundFrame;

/* Follows a wrap, at most one. */
static ZbResult
find_frame (ZbSession *session, FoundFrame *found)
{
  uint64_t ring_size = session->buffer.payload_size;
  ZbRingItem item = ZB_RING_WRAP;

  found->position = session->position;
  found->waste = 0;
  found->marker = false;

  if (zb_ring_has_header (ring_size, found->position)) {
    item = read_header (session, found->position, &found->header);
    found->marker = item == ZB_RING_WRAP;
  }
  if (item == ZB_RING_WRAP) {
    found->waste = ring_size - found->position;
    found->position = 0;
    item = read_header (session, 0, &found->header);
  }
  if (item != ZB_RING_FRAME)
    return fail_header (session, item, &found->header, found->position);
  return ZB_OK;
}

static ZbFrame *
take_spare (ZbSession *session)
{
  ZbFrame *frame = session->spare;

  if (frame)
    session->spare = (ZbFrame *) frame->span.next;
  else
    frame = malloc (sizeof *frame);
  return frame;
}

/* The writer took the bytes off the free count before it posted.  All that is
 * held, and this frame, must therefore be missing there. */
static ZbResult
check_used (ZbSession *session, uint64_t bytes)
{
  uint64_t held = zb_spans_held (&session->spans) + bytes;
  uint64_t size = session->buffer.payload_size;
  uint64_t free_bytes = atomic_load_explicit (
      &session->buffer.oieb->payload_free_bytes, memory_order_relaxed);

  if (held > size)
    return zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: the frames that are held and the next one "
        "together have %llu bytes, more than the ring's %llu.",
        session->name, (unsigned long long) held, (unsigned long long) size);
  return zb_buffer_check_range (session->name, "payload_free_bytes", free_bytes,
      0, size - held, &session->end);
}

static ZbResult
hand_out (ZbSession *session, const FoundFrame *found, ZbFrame **frame)
{
  uint64_t bytes =
      found->waste + ZB_FRAME_HEADER_SIZE + found->header.payload_size;
  ZbFrame *self;

  if (check_used (session, bytes) != ZB_OK)
    return session->end.result;
  if (!(self = take_spare (session)))
    return zb_fail (&session->end, ZB_SYSTEM, 0, "Out of memory.");

  zb_spans_push (&session->spans, &self->span, bytes);
  self->session = session;
  self->view = session->view;
  self->view->references++;
  self->detached = false;
  self->given_back = false;
  self->data = (const uint8_t *) session->view->address + ZB_OIEB_SIZE +
               session->buffer.metadata_size + found->position +
               ZB_FRAME_HEADER_SIZE;
  self->size = found->header.payload_size;
  self->sequence = session->sequence;
  atomic_fetch_add_explicit (&session->references, 1, memory_order_relaxed);
  *frame = self;
  return ZB_OK;
}

/* The read position is told at once, the bytes are given back on release. */
static void
advance (ZbSession *session, const FoundFrame *found)
{
  ZbOieb *oieb = session->buffer.oieb;
  uint64_t count =
      atomic_load_explicit (&oieb->payload_read_count, memory_order_relaxed);

  session->position =
      found->position + ZB_FRAME_HEADER_SIZE + found->header.payload_size;
  session->sequence++;
  if (found->header.payload_size > session->largest)
    session->largest = found->header.payload_size;
  atomic_store_explicit (
      &oieb->payload_read_pos, session->position, memory_order_relaxed);
  atomic_store_explicit (&oieb->payload_read_count,
      count + (found->marker ? 2 : 1), memory_order_relaxed);
}

static ZbResult
take_frame (ZbSession *session, ZbCounters *counters, ZbFrame **frame)
{
  FoundFrame found;
  ZbResult result;

  if ((result = find_frame (session, &found)) != ZB_OK)
    return result;
  zb_platform_mutex_lock (session->mutex);
  result = hand_out (session, &found, frame);
  zb_platform_mutex_unlock (session->mutex);
  if (result != ZB_OK)
    return result;

  advance (session, &found);
  zb_counter_add (&counters->frames, 1);
  zb_counter_add (&counters->bytes, found.header.payload_size);
  zb_counter_add (&counters->wraps, found.waste > 0);
  zb_counter_raise (
      &counters->ring_used_max, zb_buffer_get_used (&session->buffer));
  return ZB_OK;
}

ZbResult
zb_session_try_read (
    ZbSession *session, ZbCounters *counters, ZbFrame **frame, ZbError *error)
{
  if (session->end.result != ZB_OK || check_oieb (session) != ZB_OK)
    return report_end (session, error);

  while (!frame_is_posted (session)) {
    ZbPeerState state;

    if (take_post (session))
      continue;
    state = look_at_writer (session);
    if (state == ZB_PEER_NONE || state == ZB_PEER_ALIVE)
      return ZB_TIMEOUT;
    /* It may have posted before it went. */
    if (!is_drained (session))
      break;
    end_because (session, state);
    return report_end (session, error);
  }

  if (take_frame (session, counters, frame) != ZB_OK)
    return report_end (session, error);
  return ZB_OK;
}

/* ---- metadata ---- */

static ZbResult
copy_metadata (ZbSession *session, uint64_t written, ZbError *error)
{
  const uint8_t *from = session->buffer.metadata;
  uint64_t size = 0;
  ZbResult result;

  result = zb_buffer_check_range (session->name, "metadata_written_bytes",
      written, ZB_METADATA_PREFIX_SIZE, session->buffer.metadata_size, error);
  if (result != ZB_OK)
    return result;
  zb_buffer_copy_out (&size, from, ZB_METADATA_PREFIX_SIZE);
  result = zb_buffer_check_range (session->name, "the length of the metadata",
      size, 1, written - ZB_METADATA_PREFIX_SIZE, error);
  if (result != ZB_OK)
    return result;

  if (!(session->metadata = malloc (size)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  zb_buffer_copy_out (session->metadata, from + ZB_METADATA_PREFIX_SIZE, size);
  session->metadata_size = size;
  return ZB_OK;
}

ZbResult
zb_session_get_metadata (
    ZbSession *session, const void **data, size_t *size, ZbError *error)
{
  ZbResult result = ZB_OK;

  if (!session->metadata) {
    /* acquire pairs with the release in zb_writer_set_metadata () */
    uint64_t written = atomic_load_explicit (
        &session->buffer.oieb->metadata_written_bytes, memory_order_acquire);
    if (written != 0)
      result = copy_metadata (session, written, error);
  }
  *data = session->metadata;
  *size = session->metadata_size;
  return result;
}

/* ---- frames ---- */

const void *
zb_frame_get_data (const ZbFrame *frame)
{
  return frame->data;
}

size_t
zb_frame_get_size (const ZbFrame *frame)
{
  return frame->size;
}

uint64_t
zb_frame_get_sequence (const ZbFrame *frame)
{
  return frame->sequence;
}

uint64_t
zb_frame_get_span (const ZbFrame *frame)
{
  ZbSession *session = frame->session;
  uint64_t span = 0;

  zb_platform_mutex_lock (session->mutex);
  if (!session->retired && !frame->detached)
    span = session->spans.end - frame->span.start;
  zb_platform_mutex_unlock (session->mutex);
  return span;
}

static void
keep_spare (ZbSession *session, ZbFrame *frame)
{
  frame->span.next = (ZbSpan *) session->spare;
  session->spare = frame;
}

/* Gives back what can be given back now that this frame's place is free.
 * Returns how many frames that are: each has a post.  With the lock. */
static unsigned
give_back (ZbSession *session, ZbFrame *frame)
{
  uint64_t bytes;
  unsigned posts = 0;
  ZbSpan *list = zb_spans_release (&session->spans, &frame->span, &bytes);

  while (list) {
    ZbFrame *free_frame = (ZbFrame *) list;

    list = list->next;
    posts++;
    free_frame->given_back = true;
    if (!free_frame->view)
      keep_spare (session, free_frame);
  }
  if (session->retired)
    return 0;
  /* release pairs with the acquire in update_used () of writer.c: the frames
   * were read before they are written over. */
  if (posts)
    atomic_fetch_add_explicit (
        &session->buffer.oieb->payload_free_bytes, bytes, memory_order_release);
  return posts;
}

static void
post_space (ZbSession *session, unsigned posts)
{
  while (posts-- > 0)
    zb_platform_semaphore_post (session->buffer.space);
}

/* With the lock.  Later frames come from a new view, since this one will go on
 * showing the old bytes. */
static bool
leave_view (ZbSession *session, const ZbFrame *frame)
{
  ZbView *view;

  if (frame->view != session->view)
    return true;
  if (!(view = view_new (session->buffer.memory)))
    return false;
  view_unref (session->view, session->buffer.memory);
  session->view = view;
  return true;
}

ZbResult
zb_frame_detach (ZbFrame *frame, ZbError *error)
{
  ZbSession *session = frame->session;
  unsigned posts = 0;
  bool done = true;

  zb_platform_mutex_lock (session->mutex);
  if (!frame->detached) {
    done = leave_view (session, frame) &&
           zb_platform_view_detach (frame->data, frame->size);
    if (done) {
      frame->detached = true;
      posts = give_back (session, frame);
    }
  }
  zb_platform_mutex_unlock (session->mutex);

  post_space (session, posts);
  if (done)
    return ZB_OK;
  return zb_fail (error, ZB_SYSTEM, 0,
      "A frame of %zu bytes cannot be detached: out of memory, or of "
      "mappings.",
      frame->size);
}

void
zb_frame_release (ZbFrame *frame)
{
  ZbSession *session = frame->session;
  unsigned posts = 0;

  zb_platform_mutex_lock (session->mutex);
  view_unref (frame->view, session->buffer.memory);
  frame->view = NULL;
  if (!frame->detached)
    posts = give_back (session, frame);
  else if (frame->given_back)
    keep_spare (session, frame);
  zb_platform_mutex_unlock (session->mutex);

  post_space (session, posts);
  zb_session_unref (session);
}
