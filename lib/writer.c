/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "counters.h"
#include "error.h"
#include "peer.h"
#include "ring.h"

/* How often a writer that waits for a reader looks for one, ns. */
#define CONNECT_RETRY INT64_C (5000000)

/* A reader sets the mode right after it has created a thing; a permission
 * that is still denied after this time really is, ns. */
#define PERMISSION_PATIENCE INT64_C (100000000)

/* Space posts pile up while nobody waits.  Taking two with each frame, where
 * the reader posts one, keeps them from ever becoming many. */
#define POSTS_PER_FRAME 2
#define POSTS_PER_WAIT 4096

struct ZbWriter {
  char name[ZB_NAME_MAX + 1];
  uint64_t known_features;
  ZbCounters counters;
  atomic_bool interrupted;
  ZbEvent *interruption; /* set with it, for zb_writer_connect () */

  ZbMutex *mutex; /* guards connected, and buffer against being closed while
                     another thread looks at it */
  bool connected;
  ZbBuffer buffer;

  /* What follows is the writing thread's, for the current connection. */
  ZbPeer peer;
  uint64_t features; /* in use */
  bool limited;      /* the reader gave less than it was asked for */
  uint64_t position; /* of the next frame */
  uint64_t sequence; /* of the next frame */
  uint64_t count;    /* written_count: frames and markers */
  uint64_t used;     /* bytes of the ring in use, when last looked at */
  uint64_t metadata_written;
  bool reserved;
  ZbPlacement placement; /* of the reserved frame */
  uint64_t payload;      /* its size */

  /* The last request for a larger ring, of which process; 0 = none. */
  uint64_t asked;
  uint64_t asked_of;
};

ZbResult
zb_writer_new (
    const char *name, uint64_t features, ZbWriter **writer, ZbError *error)
{
  ZbResult result = zb_buffer_check_name (name, error);
  ZbWriter *self;

  if (result != ZB_OK)
    return result;
  if (!(self = calloc (1, sizeof *self)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  strcpy (self->name, name); /* checked before */
  self->known_features = features;
  self->mutex = zb_platform_mutex_new ();
  self->interruption = zb_platform_event_new ();
  if (!self->mutex || !self->interruption) {
    zb_writer_free (self);
    return zb_fail (
        error, ZB_SYSTEM, 0, "Out of memory or of file descriptors.");
  }
  *writer = self;
  return ZB_OK;
}

void
zb_writer_free (ZbWriter *writer)
{
  if (!writer)
    return;
  zb_writer_disconnect (writer);
  zb_platform_event_free (writer->interruption);
  zb_platform_mutex_free (writer->mutex);
  free (writer);
}

/* ---- connecting ---- */

static ZbResult
fail_used_up (const ZbWriter *writer, ZbError *error)
{
  return zb_fail (error, ZB_NOT_READY, 0,
      "The buffer \"%s\" was used by an earlier writer, and its reader has not "
      "made a fresh one.",
      writer->name);
}

/* One buffer serves one writer: metadata and sequence start only once. */
static bool
is_used (const ZbOieb *oieb)
{
  return atomic_load (&oieb->writer_features) != 0 ||
         atomic_load (&oieb->metadata_written_bytes) != 0 ||
         atomic_load (&oieb->payload_written_count) != 0 ||
         atomic_load (&oieb->payload_write_pos) != 0;
}

static ZbResult
fail_claim (const ZbWriter *writer, const ZbBuffer *buffer, uint64_t other,
    ZbError *error)
{
  if (!zb_platform_process_is_valid (other))
    return zb_fail (error, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: writer_pid is %llu, which is no process.",
        writer->name, (unsigned long long) other);
  if (!zb_buffer_is_alive (buffer->memory, ZB_SIDE_WRITER, other))
    return fail_used_up (writer, error);
  return zb_fail (error, ZB_BUSY, 0,
      "The buffer \"%s\" is in use by process %llu, which writes to it. Stop "
      "that process or use another buffer name.",
      writer->name, (unsigned long long) other);
}

/* Shows our pid, which makes us the writer.  Of two that try, one succeeds. */
static ZbResult
show_pid (const ZbWriter *writer, ZbBuffer *buffer, ZbError *error)
{
  ZbOieb *oieb = buffer->oieb;
  uint64_t me = zb_platform_process_id ();
  uint64_t other = 0;

  if (is_used (oieb))
    return fail_used_up (writer, error);
  if (!atomic_compare_exchange_strong (&oieb->writer_pid, &other, me))
    return fail_claim (writer, buffer, other, error);
  /* seq_cst pairs with zb_buffer_retire (): a reader that left before it
   * could see our pid has cleared its own.  And a whole session of another
   * writer may have passed since is_used (). */
  if (atomic_load (&oieb->reader_pid) == 0 || is_used (oieb)) {
    atomic_store (&oieb->writer_pid, 0);
    return fail_used_up (writer, error);
  }
  return ZB_OK;
}

static ZbResult
claim (
    const ZbWriter *writer, ZbBuffer *buffer, uint64_t features, ZbError *error)
{
  bool lock = (features & ZB_FEATURE_LIVENESS) != 0;
  ZbResult result;

  /* Before the pid is shown, for which the lock stands.  Who has it shows its
   * pid in a moment; or has just left. */
  if (lock && !zb_buffer_lock_side (buffer, ZB_SIDE_WRITER)) {
    uint64_t other = atomic_load (&buffer->oieb->writer_pid);
    return other ? fail_claim (writer, buffer, other, error)
                 : fail_used_up (writer, error);
  }
  if ((result = show_pid (writer, buffer, error)) != ZB_OK) {
    if (lock)
      zb_buffer_unlock_side (buffer, ZB_SIDE_WRITER);
    return result;
  }
  /* release pairs with the acquire in update_features () of session.c */
  atomic_store_explicit (
      &buffer->oieb->writer_features, features, memory_order_release);
  return ZB_OK;
}

static void
wake (void *data)
{
  ZbWriter *writer = data;

  zb_platform_semaphore_post (writer->buffer.space);
}

/* Whether this is the answer to our request for a larger ring, and no. */
static bool
was_limited (const ZbWriter *writer, const ZbBuffer *buffer)
{
  return writer->asked > buffer->payload_size &&
         atomic_load_explicit (&buffer->oieb->reader_pid,
             memory_order_relaxed) == writer->asked_of;
}

static ZbResult
try_connect (ZbWriter *writer, ZbError *error)
{
  ZbBuffer buffer;
  uint64_t features;
  ZbResult result;

  if ((result = zb_buffer_open (&buffer, writer->name, error)) != ZB_OK)
    return result;
  features = buffer.reader_features & writer->known_features;
  if ((result = claim (writer, &buffer, features, error)) != ZB_OK) {
    zb_buffer_close (&buffer);
    return result;
  }

  writer->features = features;
  writer->limited = was_limited (writer, &buffer);
  writer->asked = 0;
  writer->position = 0;
  writer->sequence = 1;
  writer->count = 0;
  writer->used = 0;
  writer->metadata_written = 0;
  writer->reserved = false;
  zb_peer_init (&writer->peer, buffer.memory, ZB_SIDE_READER, wake, writer);
  zb_platform_mutex_lock (writer->mutex);
  writer->buffer = buffer;
  writer->connected = true;
  zb_platform_mutex_unlock (writer->mutex);
  return ZB_OK;
}

static bool
is_interrupted (const ZbWriter *writer)
{
  /* pairs with the release in zb_writer_set_interrupted () */
  return atomic_load_explicit (&writer->interrupted, memory_order_acquire);
}

static ZbResult
fail_interrupted (const ZbWriter *writer, ZbError *error)
{
  return zb_fail (error, ZB_INTERRUPTED, 0,
      "Writing to buffer \"%s\" was interrupted.", writer->name);
}

ZbResult
zb_writer_connect (ZbWriter *writer, int64_t timeout, ZbError *error)
{
  int64_t now = zb_platform_now ();
  int64_t deadline = zb_platform_deadline (timeout);
  int64_t patience = zb_platform_deadline (PERMISSION_PATIENCE);

  if (writer->connected)
    return zb_fail (error, ZB_INVALID, 0,
        "The writer of \"%s\" is connected already.", writer->name);
  for (;;) {
    ZbResult result;

    if (is_interrupted (writer))
      return fail_interrupted (writer, error);
    result = try_connect (writer, error);
    if (result != ZB_NOT_READY && !(result == ZB_PERMISSION && now < patience))
      return result;
    if ((now = zb_platform_now ()) >= deadline)
      return result;
    if (now + CONNECT_RETRY < deadline)
      now += CONNECT_RETRY;
    else
      now = deadline;
    zb_platform_event_wait (writer->interruption, now);
  }
}

void
zb_writer_disconnect (ZbWriter *writer)
{
  uint64_t me = zb_platform_process_id ();
  bool crashed;

  if (!writer->connected)
    return;
  crashed = zb_peer_check (&writer->peer, true) == ZB_PEER_DEAD;
  /* Whatever was posted before is seen by who sees the 0. */
  atomic_compare_exchange_strong (&writer->buffer.oieb->writer_pid, &me, 0);
  if (writer->features != 0)
    zb_platform_semaphore_post (writer->buffer.data);

  zb_peer_clear (&writer->peer);
  zb_platform_mutex_lock (writer->mutex);
  writer->connected = false;
  zb_buffer_close (&writer->buffer);
  zb_platform_mutex_unlock (writer->mutex);
  if (crashed)
    zb_buffer_remove_abandoned (writer->name);
}

bool
zb_writer_is_connected (ZbWriter *writer)
{
  bool connected;

  zb_platform_mutex_lock (writer->mutex);
  connected = writer->connected;
  zb_platform_mutex_unlock (writer->mutex);
  return connected;
}

uint64_t
zb_writer_get_features (const ZbWriter *writer)
{
  return writer->connected ? writer->features : 0;
}

uint64_t
zb_writer_get_key_unit_requests (const ZbWriter *writer)
{
  if (!(zb_writer_get_features (writer) & ZB_FEATURE_KEYUNIT))
    return 0;
  return atomic_load_explicit (
      &writer->buffer.oieb->key_unit_requests, memory_order_relaxed);
}

static ZbResult
check_connected (const ZbWriter *writer, ZbError *error)
{
  if (writer->connected)
    return ZB_OK;
  return zb_fail (error, ZB_INVALID, 0,
      "The writer of \"%s\" is not connected.", writer->name);
}

/* ---- metadata ---- */

ZbResult
zb_writer_set_metadata (
    ZbWriter *writer, const void *data, size_t size, ZbError *error)
{
  const ZbBuffer *buffer = &writer->buffer;
  uint64_t prefix = size;
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK)
    return result;
  if (size == 0)
    return zb_fail (error, ZB_INVALID, 0,
        "Metadata of 0 bytes cannot be written to buffer \"%s\".",
        writer->name);
  if (writer->metadata_written != 0)
    return zb_fail (error, ZB_METADATA_SET, 0,
        "The metadata of buffer \"%s\" is write-once and was written before.",
        writer->name);
  if (size > buffer->metadata_size ||
      buffer->metadata_size - size < ZB_METADATA_PREFIX_SIZE)
    return zb_fail (error, ZB_TOO_LARGE, 0,
        "The metadata for buffer \"%s\" takes %llu bytes, but the reader made "
        "room for %llu. Create the reader with a larger metadata size.",
        writer->name, (unsigned long long) size + ZB_METADATA_PREFIX_SIZE,
        (unsigned long long) buffer->metadata_size);

  memcpy (buffer->metadata, &prefix, ZB_METADATA_PREFIX_SIZE);
  memcpy (buffer->metadata + ZB_METADATA_PREFIX_SIZE, data, size);
  writer->metadata_written = size + ZB_METADATA_PREFIX_SIZE;
  atomic_store_explicit (&buffer->oieb->metadata_free_bytes,
      buffer->metadata_size - writer->metadata_written, memory_order_relaxed);
  /* release pairs with the acquire in zb_session_get_metadata () */
  atomic_store_explicit (&buffer->oieb->metadata_written_bytes,
      writer->metadata_written, memory_order_release);
  return ZB_OK;
}

/* ---- waiting for room ---- */

/* What is ours must stand as we left it; what is the reader's has bounds. */
static ZbResult
check_oieb (const ZbWriter *writer, ZbError *error)
{
  const ZbBuffer *buffer = &writer->buffer;
  ZbOieb *oieb = buffer->oieb;
  uint64_t me = zb_platform_process_id ();
  uint64_t metadata_free = buffer->metadata_size - writer->metadata_written;
  ZbResult result;

#define CHECK(field, low, high)                                                \
  zb_buffer_check_range (writer->name, #field,                                 \
      atomic_load_explicit (&oieb->field, memory_order_relaxed), low, high,    \
      error)
#define CHECK_OURS(field, value) CHECK (field, value, value)

  if ((result = zb_buffer_check (buffer, writer->name, error)) == ZB_OK &&
      (result = CHECK_OURS (
           metadata_written_bytes, writer->metadata_written)) == ZB_OK &&
      (result = CHECK_OURS (metadata_free_bytes, metadata_free)) == ZB_OK &&
      (result = CHECK_OURS (payload_write_pos, writer->position)) == ZB_OK &&
      (result = CHECK_OURS (payload_written_count, writer->count)) == ZB_OK &&
      (result = CHECK_OURS (writer_features, writer->features)) == ZB_OK &&
      (result = CHECK_OURS (writer_pid, me)) == ZB_OK)
    result = CHECK (payload_read_pos, 0, buffer->payload_size);
#undef CHECK_OURS
#undef CHECK
  return result;
}

/* The reader only ever gives back: the ring cannot be fuller than it was when
 * last looked at. */
static ZbResult
update_used (ZbWriter *writer, ZbError *error)
{
  uint64_t size = writer->buffer.payload_size;
  ZbResult result;
  /* acquire pairs with the release in zb_frame_release () */
  uint64_t free_bytes = atomic_load_explicit (
      &writer->buffer.oieb->payload_free_bytes, memory_order_acquire);

  result = zb_buffer_check_range (writer->name, "payload_free_bytes",
      free_bytes, size - writer->used, size, error);
  if (result == ZB_OK)
    writer->used = size - free_bytes;
  return result;
}

static bool
drain_posts (const ZbWriter *writer, unsigned limit)
{
  unsigned taken = 0;

  while (taken < limit && zb_platform_semaphore_try_wait (writer->buffer.space))
    taken++;
  return taken > 0;
}

static ZbResult
check_reader (ZbWriter *writer, bool waiting, ZbError *error)
{
  unsigned long long pid;
  ZbPeerState state = zb_peer_check (&writer->peer, waiting);

  pid = zb_counter_get (&writer->peer.pid);
  switch (state) {
    case ZB_PEER_ALIVE:
      return ZB_OK;
    case ZB_PEER_NONSENSE:
      return zb_fail (error, ZB_CORRUPT, 0,
          "Buffer \"%s\" is corrupt: reader_pid is no process any more.",
          writer->name);
    case ZB_PEER_DEAD:
      return zb_fail (error, ZB_PEER_CRASHED, 0,
          "The reader of buffer \"%s\", process %llu, crashed: it ended "
          "without leaving.",
          writer->name, pid);
    case ZB_PEER_NONE:
    case ZB_PEER_LEFT_CLEANLY:
      break;
  }
  return zb_fail (error, ZB_PEER_LEFT, 0,
      "The reader of buffer \"%s\" has left.", writer->name);
}

ZbResult
zb_writer_check_reader (ZbWriter *writer, ZbError *error)
{
  ZbResult result = check_connected (writer, error);

  return result == ZB_OK ? check_reader (writer, true, error) : result;
}

static ZbResult
wait_for_room (ZbWriter *writer, int64_t deadline, ZbError *error)
{
  uint64_t size = writer->buffer.payload_size;
  int64_t patience = zb_peer_get_patience (writer->features != 0);
  bool waiting = false;

  for (;;) {
    ZbResult result;
    int64_t now, look;

    if (is_interrupted (writer))
      return fail_interrupted (writer, error);
    if ((result = check_oieb (writer, error)) != ZB_OK ||
        (result = check_reader (writer, waiting, error)) != ZB_OK ||
        (result = update_used (writer, error)) != ZB_OK)
      return result;
    if (size - writer->used >= writer->placement.need)
      return ZB_OK;
    if ((now = zb_platform_now ()) >= deadline)
      return zb_fail (error, ZB_TIMEOUT, 0,
          "The ring of buffer \"%s\" had no room for a frame of %llu bytes "
          "within the timeout: %llu of %llu bytes are in use.",
          writer->name, (unsigned long long) writer->payload,
          (unsigned long long) writer->used, (unsigned long long) size);
    /* A post from before the last look says nothing new; one that comes after
     * this drain ends the wait. */
    if (drain_posts (writer, POSTS_PER_WAIT))
      continue;
    waiting = true;
    look = now + patience;
    zb_counter_add (&writer->counters.waits, 1);
    zb_platform_semaphore_wait (
        writer->buffer.space, look < deadline ? look : deadline);
  }
}

/* ---- frames ---- */

static bool
has_fillers (const ZbWriter *writer)
{
  return (writer->features & ZB_FEATURE_FILLER) != 0;
}

static ZbResult
place (ZbWriter *writer, size_t size, ZbError *error)
{
  uint64_t ring_size = writer->buffer.payload_size;
  bool fillers = has_fillers (writer);

  if (zb_ring_place (
          ring_size, writer->position, size, fillers, &writer->placement)) {
    writer->payload = size;
    return ZB_OK;
  }
  return zb_fail (error, ZB_TOO_LARGE, 0,
      "A frame of %llu bytes does not get through the ring of buffer \"%s\", "
      "which has %llu bytes, from position %llu. Create the reader with a "
      "payload size of at least %llu bytes.",
      (unsigned long long) size, writer->name, (unsigned long long) ring_size,
      (unsigned long long) writer->position,
      (unsigned long long) zb_ring_size_for (size, fillers));
}

static void
write_header (const ZbWriter *writer, uint64_t position, uint64_t payload,
    uint64_t sequence)
{
  ZbFrameHeader header = { payload, sequence };

  memcpy (writer->buffer.ring + position, &header, sizeof header);
}

/* A position and the bytes up to it are told together. */
static void
move_to (ZbWriter *writer, uint64_t position, uint64_t bytes)
{
  ZbOieb *oieb = writer->buffer.oieb;

  writer->position = position;
  writer->used += bytes;
  atomic_store_explicit (
      &oieb->payload_write_pos, position, memory_order_relaxed);
  atomic_fetch_sub_explicit (
      &oieb->payload_free_bytes, bytes, memory_order_release);
}

static void
add_to_count (ZbWriter *writer)
{
  atomic_store_explicit (&writer->buffer.oieb->payload_written_count,
      ++writer->count, memory_order_release);
}

/* Markers are counted only where one was written: readers count those that
 * they see. */
static void
wrap (ZbWriter *writer, uint64_t sequence)
{
  if (zb_ring_has_header (writer->buffer.payload_size, writer->position)) {
    write_header (writer, writer->position, 0, sequence);
    add_to_count (writer);
  }
  move_to (writer, 0, writer->placement.waste);
  zb_counter_add (&writer->counters.wraps, 1);
}

/* A wrap alone has a post, as a frame has: the reader goes round and gives the
 * waste back, so that there can be room for a frame that needs it. */
static void
publish_wrap (ZbWriter *writer)
{
  wrap (writer, ZB_SEQUENCE_WRAP_ALONE);
  zb_platform_semaphore_post (writer->buffer.data);
}

ZbResult
zb_writer_reserve (
    ZbWriter *writer, size_t size, int64_t timeout, void **data, ZbError *error)
{
  int64_t deadline = zb_platform_deadline (timeout);
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK)
    return result;
  if (size == 0)
    return zb_fail (error, ZB_INVALID, 0,
        "A frame of 0 bytes cannot be written to buffer \"%s\".", writer->name);
  if (writer->reserved)
    return zb_fail (error, ZB_INVALID, 0,
        "A frame of buffer \"%s\" is reserved already: publish or drop it.",
        writer->name);
  for (;;) {
    if ((result = place (writer, size, error)) != ZB_OK ||
        (result = wait_for_room (writer, deadline, error)) != ZB_OK)
      return result;
    if (!writer->placement.alone)
      break;
    publish_wrap (writer);
  }

  writer->reserved = true;
  *data =
      writer->buffer.ring + writer->placement.position + ZB_FRAME_HEADER_SIZE;
  return ZB_OK;
}

void
zb_writer_publish (ZbWriter *writer)
{
  const ZbPlacement *placement = &writer->placement;

  if (!writer->reserved)
    return;
  writer->reserved = false;
  if (placement->waste > 0)
    wrap (writer, ZB_SEQUENCE_NONE);
  write_header (
      writer, placement->position, writer->payload, writer->sequence++);
  move_to (writer, placement->next, placement->need - placement->waste);
  add_to_count (writer);
  zb_counter_raise (&writer->counters.ring_used_max, writer->used);
  zb_counter_add (&writer->counters.frames, 1);
  zb_counter_add (&writer->counters.bytes, writer->payload);
  /* The commit.  Only a reader that stopped taking posts lets them reach the
   * maximum, and a ring has no room for so many frames. */
  zb_platform_semaphore_post (writer->buffer.data);
  drain_posts (writer, POSTS_PER_FRAME);
}

void
zb_writer_drop (ZbWriter *writer)
{
  writer->reserved = false;
}

ZbResult
zb_writer_write (ZbWriter *writer, const void *data, size_t size,
    int64_t timeout, ZbError *error)
{
  ZbResult result;
  void *place;

  result = zb_writer_reserve (writer, size, timeout, &place, error);
  if (result != ZB_OK)
    return result;
  memcpy (place, data, size);
  zb_writer_publish (writer);
  return ZB_OK;
}

/* ---- growing ---- */

static ZbResult
fail_grow (const ZbWriter *writer, uint64_t size, ZbError *error)
{
  return zb_fail (error, ZB_TOO_LARGE, 0,
      "The ring of buffer \"%s\" has %llu bytes, %llu are needed, and its "
      "reader "
      "%s. Create the reader with a payload size, or a largest payload size, "
      "of at least %llu bytes.",
      writer->name, (unsigned long long) writer->buffer.payload_size,
      (unsigned long long) size,
      writer->limited ? "does not make it any larger"
                      : "does not make it larger on request",
      (unsigned long long) size);
}

ZbResult
zb_writer_grow (ZbWriter *writer, uint64_t size, ZbError *error)
{
  ZbOieb *oieb = writer->buffer.oieb;
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK)
    return result;
  if (writer->limited || !(writer->features & ZB_FEATURE_GROW))
    return fail_grow (writer, size, error);
  writer->reserved = false;
  writer->asked = zb_align64 (size);
  writer->asked_of =
      atomic_load_explicit (&oieb->reader_pid, memory_order_relaxed);
  /* release pairs with the acquire in wants_to_grow () of session.c: who sees
   * this sees all that was published. */
  atomic_store_explicit (
      &oieb->requested_payload_size, writer->asked, memory_order_release);
  zb_platform_semaphore_post (writer->buffer.data);
  zb_writer_disconnect (writer);
  return ZB_OK;
}

/* ---- any thread ---- */

void
zb_writer_set_interrupted (ZbWriter *writer, bool interrupted)
{
  atomic_store_explicit (
      &writer->interrupted, interrupted, memory_order_release);
  if (!interrupted) {
    zb_platform_event_clear (writer->interruption);
    return;
  }
  zb_platform_event_set (writer->interruption);
  zb_platform_mutex_lock (writer->mutex);
  if (writer->connected)
    zb_platform_semaphore_post (writer->buffer.space);
  zb_platform_mutex_unlock (writer->mutex);
}

void
zb_writer_get_stats (ZbWriter *writer, ZbStats *stats)
{
  zb_counters_get_stats (&writer->counters, stats);
  zb_platform_mutex_lock (writer->mutex);
  if (writer->connected) {
    stats->ring_size = writer->buffer.payload_size;
    stats->ring_used = zb_buffer_get_used (&writer->buffer);
    stats->peer_pid = zb_counter_get (&writer->buffer.oieb->reader_pid);
  }
  zb_platform_mutex_unlock (writer->mutex);
}
