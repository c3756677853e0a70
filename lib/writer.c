/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "link.h"
#include "names.h"
#include "shared.h"

/* How often a writer that waits for a reader looks for one, ns. */
#define CONNECT_RETRY INT64_C (5000000)

/* A reader sets the mode right after it has created a thing; a permission
 * that is still denied after this time really is, ns. */
#define PERMISSION_PATIENCE INT64_C (100000000)

/* How long to wait for a reader that looks at a lock, whether it was left
 * behind, to let go of it; ns. */
#define LOCK_PATIENCE INT64_C (100000000)

struct ZbWriter {
  char name[ZB_NAME_MAX + 1];
  uint64_t known_features;
  ZbCounters counters;
  atomic_bool interrupted;
  ZbEvent *interruption; /* set with it, for zb_writer_connect () */

  ZbMutex *mutex; /* guards the pointer, against other threads */
  ZbLink *link;   /* NULL: not connected */

  /* What follows is the writing thread's. */
  ZbPlace *place; /* of the reserved frame, or NULL */
  bool limited;   /* the reader gave less than it was asked for */

  /* The last request for a larger ring, of which process; 0 = none. */
  uint64_t asked;
  uint64_t asked_of;
};

ZbResult
zb_writer_new (
    const char *name, uint64_t features, ZbWriter **writer, ZbError *error)
{
  ZbResult result = zb_names_check (name, error);
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
  return zb_shared_load (&oieb->writer_features, seq_cst) != 0 ||
         zb_shared_load (&oieb->metadata_written_bytes, seq_cst) != 0 ||
         zb_shared_load (&oieb->payload_written_count, seq_cst) != 0 ||
         zb_shared_load (&oieb->payload_write_pos, seq_cst) != 0;
}

static ZbResult
fail_claim (const ZbWriter *writer, const ZbBuffer *buffer, uint64_t other,
    ZbError *error)
{
  if (!zb_platform_process_is_valid (other))
    return zb_fail (error, ZB_CORRUPT, 0,
        "Buffer \"%s\" is corrupt: writer_pid is %llu, which is no process.",
        writer->name, (unsigned long long) other);
  if (!zb_side_is_alive (buffer->memory, ZB_SIDE_WRITER, other))
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
  if (!zb_shared_exchange (&oieb->writer_pid, &other, me))
    return fail_claim (writer, buffer, other, error);
  /* seq_cst pairs with zb_buffer_retire (): a reader that left before it
   * could see our pid has cleared its own.  And a whole session of another
   * writer may have passed since is_used (). */
  if (zb_shared_load (&oieb->reader_pid, seq_cst) == 0 || is_used (oieb)) {
    zb_shared_store (&oieb->writer_pid, 0, seq_cst);
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
  if (lock && !zb_side_lock (buffer->memory, ZB_SIDE_WRITER)) {
    uint64_t other = zb_shared_load (&buffer->oieb->writer_pid, seq_cst);
    return other ? fail_claim (writer, buffer, other, error)
                 : fail_used_up (writer, error);
  }
  if ((result = show_pid (writer, buffer, error)) != ZB_OK) {
    if (lock)
      zb_side_unlock (buffer->memory, ZB_SIDE_WRITER);
    return result;
  }
  /* release pairs with the acquire in update_features () of session.c */
  zb_shared_store (&buffer->oieb->writer_features, features, release);
  return ZB_OK;
}

/* Whether this is the answer to our request for a larger ring, and no. */
static bool
was_limited (const ZbWriter *writer, const ZbBuffer *buffer)
{
  return writer->asked > buffer->payload_size &&
         zb_shared_load (&buffer->oieb->reader_pid, relaxed) ==
             writer->asked_of;
}

static void
set_link (ZbWriter *writer, ZbLink *link)
{
  zb_platform_mutex_lock (writer->mutex);
  writer->link = link;
  zb_platform_mutex_unlock (writer->mutex);
}

static ZbResult
try_connect (ZbWriter *writer, ZbError *error)
{
  ZbBuffer buffer;
  uint64_t features;
  ZbResult result;
  ZbLink *link;

  if ((result = zb_buffer_open (&buffer, writer->name, error)) != ZB_OK)
    return result;
  features = buffer.reader_features & writer->known_features;
  /* All that can fail here comes first: a buffer can be claimed only once. */
  link = zb_link_new (writer->name, &buffer, features, &writer->counters);
  if (!link)
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  if ((result = claim (writer, &link->buffer, features, error)) != ZB_OK) {
    zb_link_unref (link);
    return result;
  }
  writer->limited = was_limited (writer, &link->buffer);
  writer->asked = 0;
  set_link (writer, link);
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

  if (writer->link)
    return zb_fail (error, ZB_INVALID, 0,
        "The writer of \"%s\" is connected already.", writer->name);
  for (;;) {
    ZbResult result;

    if (timeout != 0 && is_interrupted (writer))
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
  ZbLink *link = writer->link;
  bool crashed;

  if (!link)
    return;
  zb_writer_drop (writer);
  set_link (writer, NULL);
  crashed = zb_link_end (link);
  zb_link_unref (link);
  if (crashed)
    zb_names_remove_abandoned (writer->name, LOCK_PATIENCE);
}

bool
zb_writer_is_connected (ZbWriter *writer)
{
  bool connected;

  zb_platform_mutex_lock (writer->mutex);
  connected = writer->link != NULL;
  zb_platform_mutex_unlock (writer->mutex);
  return connected;
}

uint64_t
zb_writer_get_features (ZbWriter *writer)
{
  uint64_t features;

  zb_platform_mutex_lock (writer->mutex);
  features = writer->link ? writer->link->features : 0;
  zb_platform_mutex_unlock (writer->mutex);
  return features;
}

uint64_t
zb_writer_get_key_unit_requests (const ZbWriter *writer)
{
  if (!writer->link || !(writer->link->features & ZB_FEATURE_KEYUNIT))
    return 0;
  return zb_shared_load (
      &writer->link->buffer.oieb->key_unit_requests, relaxed);
}

static ZbResult
fail_not_connected (const ZbWriter *writer, ZbError *error)
{
  return zb_fail (error, ZB_INVALID, 0,
      "The writer of \"%s\" is not connected.", writer->name);
}

static ZbResult
check_connected (const ZbWriter *writer, ZbError *error)
{
  return writer->link ? ZB_OK : fail_not_connected (writer, error);
}

/* ---- metadata ---- */

ZbResult
zb_writer_set_metadata (
    ZbWriter *writer, const void *data, size_t size, ZbError *error)
{
  ZbLink *link = writer->link;
  const ZbBuffer *buffer;
  uint64_t prefix = size;
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK)
    return result;
  buffer = &link->buffer;
  if (size == 0)
    return zb_fail (error, ZB_INVALID, 0,
        "Metadata of 0 bytes cannot be written to buffer \"%s\".",
        writer->name);
  if (link->metadata_written != 0)
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

  zb_shared_copy_in (buffer->metadata, &prefix, ZB_METADATA_PREFIX_SIZE);
  zb_shared_copy_in (buffer->metadata + ZB_METADATA_PREFIX_SIZE, data, size);
  zb_platform_mutex_lock (link->mutex);
  link->metadata_written = size + ZB_METADATA_PREFIX_SIZE;
  zb_shared_store (&buffer->oieb->metadata_free_bytes,
      buffer->metadata_size - link->metadata_written, relaxed);
  /* release pairs with the acquire in zb_session_get_metadata () */
  zb_shared_store (
      &buffer->oieb->metadata_written_bytes, link->metadata_written, release);
  zb_platform_mutex_unlock (link->mutex);
  return ZB_OK;
}

ZbResult
zb_writer_check_reader (ZbWriter *writer, ZbError *error)
{
  ZbResult result = check_connected (writer, error);

  return result == ZB_OK ? zb_link_check_reader (writer->link, error) : result;
}

/* ---- frames ---- */

static ZbResult
check_size (const ZbWriter *writer, size_t size, ZbError *error)
{
  if (size > 0)
    return ZB_OK;
  return zb_fail (error, ZB_INVALID, 0,
      "A frame of 0 bytes cannot be written to buffer \"%s\".", writer->name);
}

static ZbRequest
make_request (ZbWriter *writer, size_t size, ZbUse use, int64_t timeout)
{
  ZbRequest request = { size, use, 0, &writer->interrupted };

  if (timeout > 0)
    request.deadline = zb_platform_deadline (timeout);
  return request;
}

ZbResult
zb_writer_reserve (
    ZbWriter *writer, size_t size, int64_t timeout, void **data, ZbError *error)
{
  ZbRequest request = make_request (writer, size, ZB_USE_NOW, timeout);
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK ||
      (result = check_size (writer, size, error)) != ZB_OK)
    return result;
  if (writer->place)
    return zb_fail (error, ZB_INVALID, 0,
        "A frame of buffer \"%s\" is reserved already: publish or drop it.",
        writer->name);
  result = zb_link_reserve (writer->link, &request, &writer->place, error);
  if (result == ZB_OK)
    *data = zb_place_get_data (writer->place);
  return result;
}

void
zb_writer_publish (ZbWriter *writer)
{
  if (writer->place)
    zb_link_commit (writer->link, writer->place);
  writer->place = NULL;
}

void
zb_writer_drop (ZbWriter *writer)
{
  if (writer->place)
    zb_place_release (writer->place);
  writer->place = NULL;
}

static ZbLink *
get_link (ZbWriter *writer)
{
  ZbLink *link;

  zb_platform_mutex_lock (writer->mutex);
  link = writer->link ? zb_link_ref (writer->link) : NULL;
  zb_platform_mutex_unlock (writer->mutex);
  return link;
}

ZbResult
zb_writer_reserve_place (ZbWriter *writer, size_t size, int64_t timeout,
    ZbPlace **place, ZbError *error)
{
  ZbRequest request = make_request (writer, size, ZB_USE_HOLD, timeout);
  ZbResult result = check_size (writer, size, error);
  ZbLink *link;

  if (result != ZB_OK)
    return result;
  if (!(link = get_link (writer)))
    return fail_not_connected (writer, error);
  result = zb_link_reserve (link, &request, place, error);
  zb_link_unref (link);
  return result;
}

ZbResult
zb_writer_publish_place (
    ZbWriter *writer, ZbPlace *place, size_t size, ZbError *error)
{
  if (size == 0 || size > place->size)
    return zb_fail (error, ZB_INVALID, 0,
        "A frame of %zu bytes cannot be published in a place of %zu bytes.",
        size, place->size);
  return zb_link_publish (place->link, place, size, error);
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
  zb_shared_copy_in (place, data, size);
  zb_writer_publish (writer);
  return ZB_OK;
}

/* ---- growing ---- */

static ZbResult
fail_grow (const ZbWriter *writer, uint64_t size, ZbError *error)
{
  return zb_fail (error, ZB_TOO_LARGE, 0,
      "The ring of buffer \"%s\" has %llu bytes, %llu are needed, and its "
      "reader %s. Create the reader with a payload size, or a largest payload "
      "size, of at least %llu bytes.",
      writer->name, (unsigned long long) writer->link->buffer.payload_size,
      (unsigned long long) size,
      writer->limited ? "does not make it any larger"
                      : "does not make it larger on request",
      (unsigned long long) size);
}

ZbResult
zb_writer_grow (ZbWriter *writer, uint64_t size, ZbError *error)
{
  ZbLink *link = writer->link;
  ZbOieb *oieb;
  ZbResult result;

  if ((result = check_connected (writer, error)) != ZB_OK)
    return result;
  if (writer->limited || !(link->features & ZB_FEATURE_GROW))
    return fail_grow (writer, size, error);
  oieb = link->buffer.oieb;
  writer->asked = zb_align64 (size);
  writer->asked_of = zb_shared_load (&oieb->reader_pid, relaxed);
  /* release pairs with the acquire in wants_to_grow () of session.c: who sees
   * this sees all that was published. */
  zb_shared_store (&oieb->requested_payload_size, writer->asked, release);
  zb_platform_semaphore_post (link->buffer.data);
  zb_writer_disconnect (writer);
  return ZB_OK;
}

unsigned
zb_writer_get_fill (const ZbWriter *writer)
{
  return writer->link ? zb_buffer_get_fill (&writer->link->buffer) : 0;
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
  if (writer->link)
    zb_platform_semaphore_post (writer->link->buffer.space);
  zb_platform_mutex_unlock (writer->mutex);
}

void
zb_writer_get_stats (ZbWriter *writer, ZbStats *stats)
{
  zb_counters_get_stats (&writer->counters, stats);
  zb_platform_mutex_lock (writer->mutex);
  if (writer->link) {
    const ZbBuffer *buffer = &writer->link->buffer;

    stats->ring_size = buffer->payload_size;
    stats->ring_used = zb_buffer_get_used (buffer);
    stats->peer_pid = zb_counter_get (&buffer->oieb->reader_pid);
  }
  zb_platform_mutex_unlock (writer->mutex);
}
