/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "shared.h"

/* Space posts pile up while nobody waits.  They are taken all, so many at most,
 * before a wait, and with every so many frames, so that they never are too
 * many. */
#define POSTS_AT_ONCE 4096
#define FRAMES_BETWEEN 1024

/* Time between posts from which on the reader may well be asleep, ns. */
#define RARELY INT64_C (200000)

static void
wake (void *data)
{
  ZbLink *link = data;

  zb_platform_semaphore_post (link->buffer.space);
}

ZbLink *
zb_link_new (
    const char *name, ZbBuffer *buffer, uint64_t features, ZbCounters *counters)
{
  ZbLink *self = calloc (1, sizeof *self);
  ZbMutex *mutex = zb_platform_mutex_new ();
  ZbCondition *awake = zb_platform_condition_new ();

  if (!self || !mutex || !awake) {
    free (self);
    zb_platform_mutex_free (mutex);
    zb_platform_condition_free (awake);
    zb_buffer_close (buffer);
    return NULL;
  }
  atomic_init (&self->references, 1);
  self->name = name;
  self->counters = counters;
  self->buffer = *buffer;
  self->features = features;
  self->process = zb_platform_process_id ();
  self->mutex = mutex;
  self->awake = awake;
  self->sequence = 1;
  zb_places_init (
      &self->places, buffer->payload_size, (features & ZB_FEATURE_FILLER) != 0);
  zb_peer_init (&self->peer, buffer->memory, ZB_SIDE_READER, wake, self);
  return self;
}

ZbLink *
zb_link_ref (ZbLink *link)
{
  atomic_fetch_add_explicit (&link->references, 1, memory_order_relaxed);
  return link;
}

static void
link_free (ZbLink *link)
{
  ZbPlace *place = link->spare;

  while (place) {
    ZbPlace *next = place->next;
    free (place);
    place = next;
  }
  zb_buffer_close (&link->buffer);
  zb_platform_condition_free (link->awake);
  zb_platform_mutex_free (link->mutex);
  free (link);
}

void
zb_link_unref (ZbLink *link)
{
  /* release: what this thread did with the link comes before the free;
   * acquire: the freeing thread sees it. */
  if (atomic_fetch_sub_explicit (&link->references, 1, memory_order_acq_rel) ==
      1)
    link_free (link);
}

bool
zb_link_end (ZbLink *link)
{
  uint64_t me = link->process;
  bool crashed;

  zb_platform_mutex_lock (link->mutex);
  link->over = true;
  crashed = zb_peer_check (&link->peer, true) == ZB_PEER_DEAD;
  /* Whatever was posted before is seen by who sees the 0. */
  zb_shared_exchange (&link->buffer.oieb->writer_pid, &me, 0);
  if (link->features != 0)
    zb_platform_semaphore_post (link->buffer.data);
  if (link->features & ZB_FEATURE_LIVENESS)
    zb_side_unlock (link->buffer.memory, ZB_SIDE_WRITER);
  zb_platform_mutex_unlock (link->mutex);

  zb_platform_semaphore_post (link->buffer.space);
  zb_platform_condition_wake_all (link->awake);
  zb_peer_clear (&link->peer);
  return crashed;
}

/* ---- what the other side may have done ---- */

/* What is ours must stand as we left it; what is the reader's has bounds. */
static ZbResult
check_oieb (const ZbLink *link, ZbError *error)
{
  const ZbBuffer *buffer = &link->buffer;
  const ZbPlaces *places = &link->places;
  ZbOieb *oieb = buffer->oieb;
  uint64_t position = places->written % places->ring_size;
  uint64_t metadata_free = buffer->metadata_size - link->metadata_written;
  ZbResult result;

#define CHECK(field, low, high)                                                \
  zb_buffer_check_range (link->name, #field,                                   \
      zb_shared_load (&oieb->field, relaxed), low, high, error)
#define CHECK_OURS(field, value) CHECK (field, value, value)

  if ((result = zb_buffer_check (buffer, link->name, error)) == ZB_OK &&
      (result = CHECK_OURS (metadata_written_bytes, link->metadata_written)) ==
          ZB_OK &&
      (result = CHECK_OURS (metadata_free_bytes, metadata_free)) == ZB_OK &&
      (result = CHECK_OURS (payload_write_pos, position)) == ZB_OK &&
      (result = CHECK_OURS (payload_written_count, link->count)) == ZB_OK &&
      (result = CHECK_OURS (writer_features, link->features)) == ZB_OK &&
      (result = CHECK_OURS (writer_pid, link->process)) == ZB_OK)
    result = CHECK (payload_read_pos, 0, buffer->payload_size);
#undef CHECK_OURS
#undef CHECK
  return result;
}

/* The reader only ever gives back: the ring cannot be fuller than it was when
 * last looked at. */
static ZbResult
update_used (ZbLink *link, ZbError *error)
{
  uint64_t size = link->buffer.payload_size;
  ZbResult result;
  /* acquire pairs with the release in give_back () of session.c */
  uint64_t free_bytes =
      zb_shared_load (&link->buffer.oieb->payload_free_bytes, acquire);

  result = zb_buffer_check_range (link->name, "payload_free_bytes", free_bytes,
      size - link->used, size, error);
  if (result == ZB_OK)
    link->used = size - free_bytes;
  return result;
}

static ZbResult
check_reader (ZbLink *link, bool waiting, ZbError *error)
{
  unsigned long long pid;
  ZbPeerState state = zb_peer_check (&link->peer, waiting);

  pid = zb_counter_get (&link->peer.pid);
  switch (state) {
    case ZB_PEER_ALIVE:
      return ZB_OK;
    case ZB_PEER_NONSENSE:
      return zb_fail (error, ZB_CORRUPT, 0,
          "Buffer \"%s\" is corrupt: reader_pid is no process any more.",
          link->name);
    case ZB_PEER_DEAD:
      return zb_fail (error, ZB_PEER_CRASHED, 0,
          "The reader of buffer \"%s\", process %llu, crashed: it ended "
          "without leaving.",
          link->name, pid);
    case ZB_PEER_NONE:
    case ZB_PEER_LEFT_CLEANLY:
      break;
  }
  return zb_fail (error, ZB_PEER_LEFT, 0,
      "The reader of buffer \"%s\" has left.", link->name);
}

ZbResult
zb_link_check_reader (ZbLink *link, ZbError *error)
{
  ZbResult result;

  zb_platform_mutex_lock (link->mutex);
  result = check_reader (link, true, error);
  zb_platform_mutex_unlock (link->mutex);
  return result;
}

/* ---- writing to the ring ---- */

static void
write_header (
    const ZbLink *link, uint64_t offset, uint64_t payload, uint64_t sequence)
{
  ZbFrameHeader header = { payload, sequence };

  zb_shared_copy_in (link->buffer.ring + offset, &header, sizeof header);
}

/* Markers are counted where one was written, and frames: readers count those
 * that they see. */
static void
write_headers (ZbLink *link, const ZbRelease *release, uint64_t payload)
{
  bool alone = release->bytes == 0;

  if (release->marker &&
      zb_ring_has_header (link->buffer.payload_size, release->from)) {
    write_header (link, release->from, 0,
        alone ? ZB_SEQUENCE_WRAP_ALONE : ZB_SEQUENCE_NONE);
    link->count++;
  }
  if (release->filler)
    write_header (link, release->at, release->filler - ZB_FRAME_HEADER_SIZE,
        ZB_SEQUENCE_NONE);
  if (!alone) {
    write_header (link, release->offset, payload, link->sequence);
    link->sequence = zb_ring_next_sequence (link->sequence);
    link->count++;
  }
}

/* All but the post, which is the commit.  release: who sees the position, or
 * the bytes gone, sees the headers. */
static void
tell (ZbLink *link, const ZbRelease *release, uint64_t payload)
{
  ZbOieb *oieb = link->buffer.oieb;
  uint64_t bytes = release->skipped + release->bytes;

  write_headers (link, release, payload);
  link->used += bytes;
  zb_shared_store (&oieb->payload_write_pos, release->next, relaxed);
  zb_shared_subtract (&oieb->payload_free_bytes, bytes, release);
  zb_shared_store (&oieb->payload_written_count, link->count, release);
  zb_counter_raise (&link->counters->ring_used_max, link->used);
  zb_counter_add (
      &link->counters->wraps, release->marker && release->skipped > 0);
}

/* A wrap alone has a post, as a frame has: the reader goes round and gives the
 * waste back, so that there can be room for a frame that needs it. */
static void
publish_wrap (ZbLink *link)
{
  ZbRelease release;

  zb_places_wrap (&link->places, &release);
  tell (link, &release, 0);
  zb_platform_semaphore_post (link->buffer.data);
}

/* ---- waiting ---- */

static bool
drain_posts (const ZbLink *link)
{
  unsigned taken = 0;

  while (taken < POSTS_AT_ONCE &&
         zb_platform_semaphore_try_wait (link->buffer.space))
    taken++;
  return taken > 0;
}

/* With the lock, which is let go of meanwhile.  One thread sleeps on the
 * semaphore; others, if there are any, until that one is awake, since a post
 * wakes only one, and that may not be the one for which there is room now. */
static void
wait_for_post (ZbLink *link, int64_t deadline)
{
  int64_t look =
      zb_platform_now () + zb_peer_get_patience (link->features != 0);

  if (look > deadline)
    look = deadline;
  zb_counter_add (&link->counters->waits, 1);
  if (link->sleeping) {
    zb_platform_condition_wait (link->awake, link->mutex, look);
    return;
  }
  link->sleeping = true;
  zb_platform_mutex_unlock (link->mutex);
  zb_spin_wait (&link->spin, link->buffer.space, look);
  zb_platform_mutex_lock (link->mutex);
  link->sleeping = false;
  zb_platform_condition_wake_all (link->awake);
}

static ZbResult
fail_full (const ZbLink *link, const ZbRequest *request, ZbError *error)
{
  return zb_fail (error, ZB_TIMEOUT, 0,
      "The ring of buffer \"%s\" had no room for a frame of %zu bytes "
      "within the timeout: %llu of %llu bytes are in use.",
      link->name, request->size, (unsigned long long) link->used,
      (unsigned long long) link->buffer.payload_size);
}

static ZbResult
fail_interrupted (const ZbLink *link, ZbError *error)
{
  return zb_fail (error, ZB_INTERRUPTED, 0,
      "Writing to buffer \"%s\" was interrupted.", link->name);
}

static ZbResult
fail_never (const ZbLink *link, const ZbRequest *request, ZbError *error)
{
  const ZbPlaces *places = &link->places;

  return zb_fail (error, ZB_TOO_LARGE, 0,
      "A frame of %zu bytes does not get through the ring of buffer \"%s\", "
      "which has %llu bytes, from position %llu. Create the reader with a "
      "payload size of at least %llu bytes.",
      request->size, link->name, (unsigned long long) places->ring_size,
      (unsigned long long) (places->written % places->ring_size),
      (unsigned long long) zb_ring_size_for (request->size, places->fillers));
}

static ZbResult
fail_held (const ZbLink *link, const ZbRequest *request, ZbError *error)
{
  return zb_fail (error, ZB_NO_PLACE, 0,
      "In the ring of buffer \"%s\", of %llu bytes, no place can be had for "
      "%zu bytes while %llu bytes in %u places are held.",
      link->name, (unsigned long long) link->places.ring_size, request->size,
      (unsigned long long) link->places.held, link->places.count);
}

static ZbResult
check_link (ZbLink *link, bool waiting, ZbError *error)
{
  ZbResult result;

  if (link->over)
    return zb_fail (error, ZB_INVALID, 0,
        "The writer of \"%s\" is not connected any more.", link->name);
  if ((result = check_oieb (link, error)) != ZB_OK ||
      (result = check_reader (link, waiting, error)) != ZB_OK)
    return result;
  return update_used (link, error);
}

/* pairs with the release in zb_writer_set_interrupted () */
static bool
is_interrupted (const ZbRequest *request)
{
  return atomic_load_explicit (request->interrupted, memory_order_acquire);
}

/* With the lock. */
static ZbResult
wait_for_place (
    ZbLink *link, const ZbRequest *request, ZbRange *range, ZbError *error)
{
  bool waiting = false;

  for (;;) {
    ZbResult result = check_link (link, waiting, error);

    if (result != ZB_OK)
      return result;
    if (request->deadline != 0 && is_interrupted (request))
      return fail_interrupted (link, error);
    switch (zb_places_find (
        &link->places, request->size, request->use, link->used, range)) {
      case ZB_FOUND:
        return ZB_OK;
      case ZB_ROUND:
        publish_wrap (link);
        continue;
      case ZB_HELD:
        return fail_held (link, request, error);
      case ZB_NEVER:
        return fail_never (link, request, error);
      case ZB_FULL:
        break;
    }
    if (request->deadline == 0 || zb_platform_now () >= request->deadline)
      return fail_full (link, request, error);
    /* A post from before the last look says nothing new; one that comes after
     * this drain ends the wait. */
    if (!link->sleeping && drain_posts (link))
      continue;
    waiting = true;
    wait_for_post (link, request->deadline);
  }
}

/* ---- places ---- */

/* With the lock. */
static ZbPlace *
take_spare (ZbLink *link)
{
  ZbPlace *place = link->spare;

  if (!place)
    return malloc (sizeof *place);
  link->spare = place->next;
  return place;
}

static ZbResult
reserve (
    ZbLink *link, const ZbRequest *request, ZbPlace **place, ZbError *error)
{
  ZbResult result;
  ZbRange range;

  if ((result = wait_for_place (link, request, &range, error)) != ZB_OK)
    return result;
  if (!(*place = take_spare (link)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  zb_places_take (&link->places, &range, request->size, &(*place)->slot);
  (*place)->link = zb_link_ref (link);
  (*place)->gone = false;
  (*place)->data = link->buffer.ring + range.start % link->places.ring_size +
                   ZB_FRAME_HEADER_SIZE;
  (*place)->size = request->size;
  return ZB_OK;
}

ZbResult
zb_link_reserve (
    ZbLink *link, const ZbRequest *request, ZbPlace **place, ZbError *error)
{
  ZbResult result;

  zb_platform_mutex_lock (link->mutex);
  result = reserve (link, request, place, error);
  zb_platform_mutex_unlock (link->mutex);
  return result;
}

/* With the lock. */
static void
give_up_slot (ZbLink *link, ZbPlace *place)
{
  if (!place->gone)
    zb_places_drop (&link->places, &place->slot);
  place->gone = true;
}

static bool
publish (ZbLink *link, ZbPlace *place, size_t size)
{
  ZbRelease release;

  if (place->gone || link->over ||
      !zb_places_publish (&link->places, &place->slot, size, &release))
    return false;
  tell (link, &release, size);
  zb_counter_add (&link->counters->frames, 1);
  zb_counter_add (&link->counters->bytes, size);
  /* A place cannot be kept where it cannot be leapt over. */
  if (!link->places.fillers)
    give_up_slot (link, place);
  if (link->sequence % FRAMES_BETWEEN == 0 && !link->sleeping)
    drain_posts (link);
  return true;
}

/* The commit.  Only a reader that stopped taking posts lets them reach the
 * maximum, and a ring has no room for so many frames.
 *
 * Who posts rarely finds the reader asleep, and schedulers like to wake it on
 * this processor, where it could run only when this thread sleeps: it lets it. */
static void
post (ZbLink *link)
{
  int64_t now;

  zb_platform_semaphore_post (link->buffer.data);
  now = zb_platform_now ();
  if (now - link->posted_at > RARELY)
    zb_platform_yield ();
  link->posted_at = now;
}

ZbResult
zb_link_publish (ZbLink *link, ZbPlace *place, size_t size, ZbError *error)
{
  bool published;

  zb_platform_mutex_lock (link->mutex);
  published = publish (link, place, size);
  zb_platform_mutex_unlock (link->mutex);
  if (!published)
    return zb_fail (error, ZB_NO_PLACE, 0,
        "A place in the ring of buffer \"%s\" can no more be published, since "
        "a younger one was, or the connection has ended.",
        link->name);
  post (link);
  return ZB_OK;
}

/* With the lock. */
static void
release (ZbLink *link, ZbPlace *place)
{
  give_up_slot (link, place);
  place->next = link->spare;
  link->spare = place;
}

void
zb_link_commit (ZbLink *link, ZbPlace *place)
{
  bool published;

  zb_platform_mutex_lock (link->mutex);
  published = publish (link, place, place->size);
  release (link, place);
  zb_platform_mutex_unlock (link->mutex);
  if (published)
    post (link);
  zb_link_unref (link);
}

void
zb_place_release (ZbPlace *place)
{
  ZbLink *link = place->link;

  zb_platform_mutex_lock (link->mutex);
  release (link, place);
  zb_platform_mutex_unlock (link->mutex);
  zb_link_unref (link);
}

void *
zb_place_get_data (const ZbPlace *place)
{
  return place->data;
}

size_t
zb_place_get_size (const ZbPlace *place)
{
  return place->size;
}

uint64_t
zb_place_get_features (const ZbPlace *place)
{
  return place->link->features;
}
