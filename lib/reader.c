/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "names.h"
#include "session.h"

/* Another reader that starts looks at our lock for a moment, to see whether
 * it was left behind; how long to wait for that to pass, ns. */
#define LOCK_PATIENCE INT64_C (500000000)
#define LOCK_RETRY INT64_C (2000000)

struct ZbReader {
  char name[ZB_NAME_MAX + 1];
  ZbReaderConfig config; /* payload_size grows */
  ZbLock *lock;
  bool left_over; /* names of the last session could not be removed */
  ZbCounters counters;
  atomic_bool interrupted;

  ZbMutex *mutex;     /* guards the pointer, against other threads */
  ZbSession *session; /* NULL: renewing failed */
};

static ZbResult
fail_in_use (ZbError *error, const char *name)
{
  uint64_t pid = zb_names_get_living_reader (name);

  if (pid != 0)
    return zb_fail (error, ZB_BUSY, 0,
        "The buffer \"%s\" is in use by process %llu. Stop that process or "
        "use another buffer name.",
        name, (unsigned long long) pid);
  return zb_fail (error, ZB_BUSY, 0,
      "The buffer \"%s\" is in use by another process, which holds its lock. "
      "Stop that process or use another buffer name.",
      name);
}

static ZbResult
acquire_lock (ZbReader *reader, ZbError *error)
{
  int64_t deadline = zb_platform_deadline (LOCK_PATIENCE);
  ZbResult result;

  for (;;) {
    result = zb_platform_lock_acquire (
        reader->name, reader->config.mode, &reader->lock, error);
    if (result != ZB_BUSY)
      return result;
    if (zb_names_get_living_reader (reader->name) != 0 ||
        zb_platform_now () > deadline)
      return fail_in_use (error, reader->name);
    zb_platform_sleep (LOCK_RETRY);
  }
}

static void
set_session (ZbReader *reader, ZbSession *session)
{
  zb_platform_mutex_lock (reader->mutex);
  reader->session = session;
  zb_platform_mutex_unlock (reader->mutex);
}

static ZbResult
start_session (ZbReader *reader, ZbError *error)
{
  ZbBuffer buffer;
  ZbSession *session;
  ZbResult result;

  result = zb_buffer_create (&buffer, reader->name, &reader->config, error);
  if (result != ZB_OK)
    return result;
  if (!(session = zb_session_new (reader->name, &buffer)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");
  set_session (reader, session);
  return ZB_OK;
}

/* What the writer asked for, within our limits. */
static void
grow (ZbReaderConfig *config, uint64_t requested)
{
  if (requested > config->max_payload_size)
    requested = config->max_payload_size;
  if (requested > config->payload_size)
    config->payload_size = requested;
}

static void
end_session (ZbReader *reader)
{
  ZbSession *session = reader->session;

  if (!session)
    return;
  grow (&reader->config, session->requested);
  set_session (reader, NULL);
  reader->left_over = !zb_session_retire (session);
  zb_session_unref (session);
}

static ZbReader *
reader_new (const char *name, const ZbReaderConfig *config)
{
  static const ZbReaderConfig defaults = ZB_READER_CONFIG_DEFAULT;
  ZbReader *self = calloc (1, sizeof *self);

  if (!self)
    return NULL;
  self->config = config ? *config : defaults;
  strcpy (self->name, name); /* checked before */
  self->mutex = zb_platform_mutex_new ();
  if (self->mutex)
    return self;
  zb_reader_close (self);
  return NULL;
}

ZbResult
zb_reader_create (const char *name, const ZbReaderConfig *config,
    ZbReader **reader, ZbError *error)
{
  ZbReader *self;
  ZbResult result;

  if ((result = zb_names_check (name, error)) != ZB_OK)
    return result;
  if (!(self = reader_new (name, config)))
    return zb_fail (error, ZB_SYSTEM, 0, "Out of memory.");

  result = acquire_lock (self, error);
  if (result == ZB_OK) {
    zb_names_remove_all_abandoned ();
    result = start_session (self, error);
  }
  if (result != ZB_OK) {
    zb_reader_close (self);
    return result;
  }
  *reader = self;
  return ZB_OK;
}

void
zb_reader_close (ZbReader *reader)
{
  if (!reader)
    return;
  end_session (reader);
  /* A lock that stays tells the next reader that there is something to remove. */
  if (reader->lock && reader->left_over)
    zb_platform_lock_leave (reader->lock);
  else if (reader->lock)
    zb_platform_lock_release (reader->lock);
  zb_platform_mutex_free (reader->mutex);
  free (reader);
}

ZbResult
zb_reader_renew (ZbReader *reader, ZbError *error)
{
  uint64_t size = reader->config.payload_size;
  ZbResult result;

  end_session (reader);
  result = start_session (reader, error);
  if (result != ZB_NO_SPACE || reader->config.payload_size == size)
    return result;
  /* No room for what the writer would like: it has to do with what it had. */
  reader->config.payload_size = size;
  return start_session (reader, error);
}

static ZbResult
fail_no_buffer (const ZbReader *reader, ZbError *error)
{
  return zb_fail (error, ZB_INVALID, 0,
      "The reader of \"%s\" has no buffer, since it could not be renewed.",
      reader->name);
}

ZbResult
zb_reader_read (
    ZbReader *reader, int64_t timeout, ZbFrame **frame, ZbError *error)
{
  int64_t deadline = zb_platform_deadline (timeout);
  ZbSession *session = reader->session;
  ZbResult result;

  if (!session)
    return fail_no_buffer (reader, error);
  for (;;) {
    int64_t now, look;

    /* acquire pairs with the release in zb_reader_set_interrupted () */
    if (atomic_load_explicit (&reader->interrupted, memory_order_acquire))
      return zb_fail (error, ZB_INTERRUPTED, 0,
          "Reading from buffer \"%s\" was interrupted.", reader->name);
    result = zb_session_try_read (session, &reader->counters, frame, error);
    if (result != ZB_TIMEOUT)
      return result;
    if ((now = zb_platform_now ()) >= deadline)
      return zb_fail (error, ZB_TIMEOUT, 0,
          "No frame came through buffer \"%s\" within the timeout.",
          reader->name);
    look = now + zb_session_get_patience (session, now);
    zb_counter_add (&reader->counters.waits, 1);
    zb_session_wait (session, look < deadline ? look : deadline);
  }
}

ZbResult
zb_reader_get_metadata (
    ZbReader *reader, const void **data, size_t *size, ZbError *error)
{
  *data = NULL;
  *size = 0;
  if (!reader->session)
    return fail_no_buffer (reader, error);
  return zb_session_get_metadata (reader->session, data, size, error);
}

uint64_t
zb_reader_get_features (const ZbReader *reader)
{
  return reader->session ? reader->session->features : 0;
}

void
zb_reader_request_key_unit (ZbReader *reader)
{
  zb_platform_mutex_lock (reader->mutex);
  if (reader->session)
    zb_session_request_key_unit (reader->session);
  zb_platform_mutex_unlock (reader->mutex);
}

void
zb_reader_set_interrupted (ZbReader *reader, bool interrupted)
{
  atomic_store_explicit (
      &reader->interrupted, interrupted, memory_order_release);
  if (!interrupted)
    return;
  zb_platform_mutex_lock (reader->mutex);
  if (reader->session)
    zb_session_wake (reader->session);
  zb_platform_mutex_unlock (reader->mutex);
}

static uint64_t
get_held (ZbSession *session)
{
  uint64_t held;

  zb_platform_mutex_lock (session->mutex);
  held = zb_spans_held (&session->spans);
  zb_platform_mutex_unlock (session->mutex);
  return held;
}

uint64_t
zb_reader_get_hold_limit (const ZbReader *reader)
{
  ZbSession *session = reader->session;
  uint64_t size, half, rest;
  ZbPlacement placement;
  bool fillers;

  if (!session)
    return 0;
  size = session->buffer.payload_size;
  half = size / 2;
  fillers = (session->features & ZB_FEATURE_FILLER) != 0;
  /* Only where all was read is the write position known: it is ours. */
  if (session->largest == 0 ||
      zb_buffer_get_used (&session->buffer) > get_held (session))
    return half;
  if (!zb_ring_place (
          size, session->position, session->largest, fillers, &placement) ||
      placement.alone)
    return 0;
  rest = size - placement.need;
  return rest < half ? rest : half;
}

unsigned
zb_reader_get_fill (const ZbReader *reader)
{
  return reader->session ? zb_buffer_get_fill (&reader->session->buffer) : 0;
}

void
zb_reader_get_stats (ZbReader *reader, ZbStats *stats)
{
  zb_counters_get_stats (&reader->counters, stats);
  zb_platform_mutex_lock (reader->mutex);
  if (reader->session) {
    stats->ring_size = reader->session->buffer.payload_size;
    stats->ring_used = zb_buffer_get_used (&reader->session->buffer);
    stats->peer_pid =
        zb_counter_get (&reader->session->buffer.oieb->writer_pid);
  }
  zb_platform_mutex_unlock (reader->mutex);
}
