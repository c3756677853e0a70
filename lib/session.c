/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "shared.h"

/* After so long without a writer it is not looked for as often; ns.  What it
 * posts is noticed at once. */
#define LONELY INT64_C (1000000000)

static void
wake (void *data)
{
  zb_session_wake (data);
}

static ZbView *
view_new (const ZbMemory *memory, bool populate)
{
  ZbView *self = malloc (sizeof *self);

  if (!self)
    return NULL;
  self->references = 1;
  self->address = zb_platform_memory_map_view (memory, populate);
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
  ZbView *view = view_new (buffer->memory, true);

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
  self->process = zb_platform_process_id ();
  self->started = zb_platform_now ();
  self->sequence = 1;
  self->mutex = mutex;
  self->view = view;
  zb_peer_init (&self->peer, buffer->memory, ZB_SIDE_WRITER, wake, self);
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

bool
zb_session_retire (ZbSession *session)
{
  bool gone;

  zb_peer_clear (&session->peer);
  gone = zb_buffer_retire (&session->buffer, session->name);
  zb_platform_mutex_lock (session->mutex);
  session->retired = true;
  zb_platform_mutex_unlock (session->mutex);
  return gone;
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
is_posted (const ZbSession *session)
{
  return session->posts_taken >
         atomic_load (&session->posts_own) + session->commits;
}

/* Whether all is read that a writer posted which is gone.  With the lock, no
 * post of our own is counted that has not been posted; without, such a one
 * would hide a frame. */
static bool
is_drained (ZbSession *session)
{
  bool posted;

  zb_platform_mutex_lock (session->mutex);
  while (!(posted = is_posted (session)) && take_post (session))
    ;
  zb_platform_mutex_unlock (session->mutex);
  return !posted;
}

void
zb_session_wait (ZbSession *session, int64_t deadline)
{
  if (zb_spin_wait (&session->spin, session->buffer.data, deadline))
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

/* The writer tells them when it connects, and then no more. */
static void
update_features (ZbSession *session)
{
  uint64_t offered = session->buffer.reader_features;
  uint64_t used =
      zb_shared_load (&session->buffer.oieb->writer_features, acquire);

  if (session->commits == 0 && session->features == 0 && (used & ~offered) == 0)
    session->features = used;
  else if (used != session->features)
    zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: writer_features is %#llx, expected %#llx, "
        "or a part of %#llx before the first frame.",
        session->name, (unsigned long long) used,
        (unsigned long long) session->features, (unsigned long long) offered);
}

/* Every field that is ours, or has bounds.  The counters of frames are the
 * peers' to keep as they like. */
static ZbResult
check_oieb (ZbSession *session)
{
  const ZbBuffer *buffer = &session->buffer;
  ZbOieb *oieb = buffer->oieb;
  uint64_t position = session->position;
  ZbError *end = &session->end;

#define CHECK(field, low, high)                                                \
  zb_buffer_check_range (session->name, #field,                                \
      zb_shared_load (&oieb->field, relaxed), low, high, end)

  if (zb_buffer_check (buffer, session->name, end) == ZB_OK &&
      CHECK (metadata_free_bytes, 0, buffer->metadata_size) == ZB_OK &&
      CHECK (metadata_written_bytes, 0, buffer->metadata_size) == ZB_OK &&
      CHECK (payload_free_bytes, 0, buffer->payload_size) == ZB_OK &&
      CHECK (payload_write_pos, 0, buffer->payload_size) == ZB_OK &&
      CHECK (payload_read_pos, position, position) == ZB_OK &&
      CHECK (reader_pid, session->process, session->process) == ZB_OK)
    update_features (session);
#undef CHECK
  return end->result;
}

/* Whether some writer has been here.  Loaded before the writer's pid: it
 * connects before it writes anything, so if its pid is 0 then, it has left. */
static bool
is_used (const ZbSession *session)
{
  ZbOieb *oieb = session->buffer.oieb;

  return zb_shared_load (&oieb->writer_features, acquire) != 0 ||
         zb_shared_load (&oieb->metadata_written_bytes, acquire) != 0 ||
         zb_shared_load (&oieb->payload_written_count, acquire) != 0;
}

static ZbPeerState
look_at_writer (ZbSession *session)
{
  bool used = is_used (session);
  ZbPeerState state = zb_peer_check (&session->peer, true);

  if (state == ZB_PEER_NONE && used)
    return ZB_PEER_LEFT_CLEANLY;
  return state;
}

/* The writer has stored the size before it posted, or cleared its pid. */
static bool
wants_to_grow (ZbSession *session)
{
  if (session->features & ZB_FEATURE_GROW)
    session->requested =
        zb_shared_load (&session->buffer.oieb->requested_payload_size, acquire);
  return session->requested != 0;
}

static ZbResult
end_because (ZbSession *session, ZbPeerState state)
{
  unsigned long long pid = zb_counter_get (&session->peer.pid);

  if (state == ZB_PEER_NONSENSE)
    return zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: writer_pid is %llu, which is no process.",
        session->name,
        (unsigned long long) zb_shared_load (
            &session->buffer.oieb->writer_pid, relaxed));
  if (state == ZB_PEER_DEAD)
    return zb_fail (&session->end, ZB_PEER_CRASHED, 0,
        "The writer of buffer \"%s\", process %llu, crashed: it ended without "
        "leaving.",
        session->name, pid);
  if (wants_to_grow (session))
    return zb_fail (&session->end, ZB_GROW, 0,
        "The writer of buffer \"%s\" asks for a ring of %llu bytes, instead of "
        "%llu.",
        session->name, (unsigned long long) session->requested,
        (unsigned long long) session->buffer.payload_size);
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

static bool
has_fillers (const ZbSession *session)
{
  return (session->features & ZB_FEATURE_FILLER) != 0;
}

static ZbRingItem
read_header (ZbSession *session, uint64_t position, ZbFrameHeader *header)
{
  zb_shared_copy_out (header, session->buffer.ring + position, sizeof *header);
  return zb_ring_classify (session->buffer.payload_size, position, header,
      session->sequence, has_fillers (session));
}

/* What one post stands for: a frame, or a wrap alone. */
typedef struct {
  ZbFrameHeader header; /* of the frame */
  uint64_t position;    /* of the frame, or 0 behind the wrap */
  uint64_t passed;      /* bytes in front of it: waste and fillers */
  uint64_t next;        /* position behind it */
  uint64_t bytes;       /* all that is given back with it */
  unsigned markers;     /* that were written there */
  bool wrapped;
  bool found; /* false: nothing but fillers up to the limit */
  bool is_frame;
} Commit;

static void
wrap (const ZbSession *session, Commit *commit)
{
  commit->passed += session->buffer.payload_size - commit->position;
  commit->position = 0;
  commit->wrapped = true;
}

static void
end_commit (const ZbSession *session, Commit *commit, uint64_t bytes)
{
  uint64_t size = session->buffer.payload_size;
  uint64_t end = commit->position + bytes;
  uint64_t tail = zb_ring_get_tail (size, end, has_fillers (session));

  commit->found = true;
  commit->next = end + tail;
  commit->bytes = commit->passed + bytes + tail;
}

/* Looks at no more than @limit bytes in front of it.  Ends, since whatever is
 * passed has bytes, but for a wrap at the exact end, which nothing follows but a
 * header at 0. */
static ZbResult
find_commit (ZbSession *session, uint64_t limit, Commit *commit)
{
  uint64_t size = session->buffer.payload_size;

  memset (commit, 0, sizeof *commit);
  commit->position = session->position;
  while (commit->passed < limit) {
    ZbRingItem item;
    uint64_t bytes;

    if (!zb_ring_has_header (size, commit->position))
      wrap (session, commit);
    item = read_header (session, commit->position, &commit->header);
    bytes = ZB_FRAME_HEADER_SIZE + commit->header.payload_size;
    switch (item) {
      case ZB_RING_FRAME:
        commit->is_frame = true;
        end_commit (session, commit, bytes);
        return ZB_OK;
      case ZB_RING_FILLER:
        commit->passed += bytes;
        commit->position += bytes;
        break;
      case ZB_RING_WRAP:
        commit->markers++;
        wrap (session, commit);
        break;
      case ZB_RING_WRAP_ALONE:
        commit->markers++;
        wrap (session, commit);
        end_commit (session, commit, 0);
        return ZB_OK;
      default:
        return fail_header (session, item, &commit->header, commit->position);
    }
  }
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
  uint64_t free_bytes =
      zb_shared_load (&session->buffer.oieb->payload_free_bytes, relaxed);

  if (held > size)
    return zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: the frames that are held and the next one "
        "together have %llu bytes, more than the ring's %llu.",
        session->name, (unsigned long long) held, (unsigned long long) size);
  return zb_buffer_check_range (session->name, "payload_free_bytes", free_bytes,
      0, size - held, &session->end);
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
    zb_shared_add (&session->buffer.oieb->payload_free_bytes, bytes, release);
  return posts;
}

static void
post_space (ZbSession *session, unsigned posts)
{
  while (posts-- > 0)
    zb_platform_semaphore_post (session->buffer.space);
}

/* With the lock.  The place of the commit, as a frame that is not out yet; NULL:
 * out of memory. */
static ZbFrame *
take_place (ZbSession *session, const Commit *commit)
{
  ZbFrame *self = take_spare (session);

  if (!self)
    return NULL;
  zb_spans_push (&session->spans, &self->span, commit->bytes);
  self->session = session;
  self->view = NULL;
  self->detached = false;
  self->given_back = false;
  return self;
}

/* With the lock. */
static void
hand_out (ZbSession *session, const Commit *commit, ZbFrame *frame)
{
  frame->view = session->view;
  frame->view->references++;
  frame->data = (const uint8_t *) session->view->address + ZB_OIEB_SIZE +
                session->buffer.metadata_size + commit->position +
                ZB_FRAME_HEADER_SIZE;
  frame->size = commit->header.payload_size;
  frame->sequence = session->sequence;
  atomic_fetch_add_explicit (&session->references, 1, memory_order_relaxed);
}

/* The read position is told at once, the bytes are given back on release. */
static void
advance (ZbSession *session, const Commit *commit)
{
  ZbOieb *oieb = session->buffer.oieb;
  uint64_t count = zb_shared_load (&oieb->payload_read_count, relaxed);

  session->position = commit->next;
  session->commits++;
  if (commit->is_frame) {
    session->sequence = zb_ring_next_sequence (session->sequence);
    if (commit->header.payload_size > session->largest)
      session->largest = commit->header.payload_size;
  }
  zb_shared_store (&oieb->payload_read_pos, session->position, relaxed);
  zb_shared_store (&oieb->payload_read_count,
      count + commit->markers + commit->is_frame, relaxed);
}

/* Takes what one post stands for; *frame is NULL if that was a wrap alone.  What
 * fails for lack of memory only can be tried again, and does not end the
 * session. */
static ZbResult
take_commit (
    ZbSession *session, ZbCounters *counters, ZbFrame **frame, ZbError *error)
{
  unsigned posts = 0;
  ZbFrame *place = NULL;
  Commit commit;
  ZbResult result;

  result = find_commit (session, session->buffer.payload_size, &commit);
  if (result == ZB_OK && !commit.found)
    result = zb_fail (&session->end, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: its ring has nothing but fillers.",
        session->name);
  if (result != ZB_OK)
    return result;
  *frame = NULL;
  zb_platform_mutex_lock (session->mutex);
  result = check_used (session, commit.bytes);
  if (result == ZB_OK)
    place = take_place (session, &commit);
  if (place && commit.is_frame) {
    hand_out (session, &commit, place);
    *frame = place;
  } else if (place) {
    posts = give_back (session, place);
  }
  zb_platform_mutex_unlock (session->mutex);
  if (result != ZB_OK)
    return result;
  if (!place)
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");

  advance (session, &commit);
  post_space (session, posts);
  zb_counter_add (&counters->wraps, commit.wrapped && commit.passed > 0);
  zb_counter_raise (
      &counters->ring_used_max, zb_buffer_get_used (&session->buffer));
  if (commit.is_frame) {
    zb_counter_add (&counters->frames, 1);
    zb_counter_add (&counters->bytes, commit.header.payload_size);
  }
  return ZB_OK;
}

/* Bytes that the writer has put into the ring and nobody has read. */
static uint64_t
get_unread (ZbSession *session)
{
  uint64_t used, held;

  zb_platform_mutex_lock (session->mutex);
  used = zb_buffer_get_used (&session->buffer);
  held = zb_spans_held (&session->spans);
  zb_platform_mutex_unlock (session->mutex);
  return used > held ? used - held : 0;
}

/* A 1.1 writer posts once more when it leaves, and when it asks for a larger
 * ring.  Before that it has published all that it will, so that what is in the
 * ring tells whether a post stands for a frame. */
static bool
is_farewell (ZbSession *session)
{
  ZbOieb *oieb = session->buffer.oieb;
  uint64_t unread;
  Commit commit;

  if (session->features == 0)
    return false;
  /* acquire pairs with the CAS in zb_writer_disconnect () */
  if (zb_shared_load (&oieb->writer_pid, acquire) != 0 &&
      !wants_to_grow (session))
    return false;
  unread = get_unread (session);
  return unread == 0 ||
         (find_commit (session, unread, &commit) == ZB_OK && !commit.found);
}

ZbResult
zb_session_try_read (
    ZbSession *session, ZbCounters *counters, ZbFrame **frame, ZbError *error)
{
  if (session->end.result != ZB_OK || check_oieb (session) != ZB_OK)
    return report_end (session, error);

  for (;;) {
    ZbPeerState state;
    ZbResult result;

    if (is_posted (session)) {
      /* The first post brings the writer's features. */
      if (session->commits == 0 && check_oieb (session) != ZB_OK)
        return report_end (session, error);
      if (is_farewell (session)) {
        end_because (session, ZB_PEER_LEFT_CLEANLY);
        return report_end (session, error);
      }
      result = take_commit (session, counters, frame, error);
      if (session->end.result != ZB_OK)
        return report_end (session, error);
      if (result != ZB_OK || *frame)
        return result;
      continue;
    }
    if (take_post (session))
      continue;
    state = look_at_writer (session);
    if (state == ZB_PEER_NONE || state == ZB_PEER_ALIVE)
      return ZB_TIMEOUT;
    /* It may have posted before it went. */
    if (!is_drained (session))
      continue;
    end_because (session, state);
    return report_end (session, error);
  }
}

int64_t
zb_session_get_patience (const ZbSession *session, int64_t now)
{
  bool lonely = zb_counter_get (&session->peer.pid) == 0 &&
                now - session->started > LONELY;

  return zb_peer_get_patience (session->features != 0 || lonely);
}

void
zb_session_request_key_unit (ZbSession *session)
{
  zb_shared_add (&session->buffer.oieb->key_unit_requests, 1, relaxed);
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
  zb_shared_copy_out (&size, from, ZB_METADATA_PREFIX_SIZE);
  result = zb_buffer_check_range (session->name, "the length of the metadata",
      size, 1, written - ZB_METADATA_PREFIX_SIZE, error);
  if (result != ZB_OK)
    return result;

  if (!(session->metadata = malloc (size)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  zb_shared_copy_out (session->metadata, from + ZB_METADATA_PREFIX_SIZE, size);
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
    uint64_t written =
        zb_shared_load (&session->buffer.oieb->metadata_written_bytes, acquire);
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

/* With the lock.  Later frames come from a new view, since this one will go on
 * showing the old bytes. */
static bool
leave_view (ZbSession *session, const ZbFrame *frame)
{
  ZbView *view;

  if (frame->view != session->view)
    return true;
  if (!(view = view_new (session->buffer.memory, false)))
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
