/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <string.h>

#include "error.h"
#include "names.h"
#include "ring.h"
#include "shared.h"
#include "side.h"

/* More than any machine has, and far from overflowing anything. */
#define SIZE_LIMIT (UINT64_C (1) << 48)

/* ---- creating ---- */

static void
set_pointers (ZbBuffer *buffer)
{
  uint8_t *base = zb_platform_memory_get_address (buffer->memory);

  buffer->oieb = (ZbOieb *) base;
  buffer->metadata = base + ZB_OIEB_SIZE;
  buffer->ring = buffer->metadata + buffer->metadata_size;
}

/* New shared memory is zero, which is what all other fields start with. */
static void
fill_oieb (const ZbBuffer *buffer)
{
  ZbOieb *oieb = buffer->oieb;

  zb_shared_store (&oieb->version, buffer->version, relaxed);
  zb_shared_store (&oieb->metadata_size, buffer->metadata_size, relaxed);
  zb_shared_store (&oieb->metadata_free_bytes, buffer->metadata_size, relaxed);
  zb_shared_store (&oieb->payload_size, buffer->payload_size, relaxed);
  zb_shared_store (&oieb->payload_free_bytes, buffer->payload_size, relaxed);
  zb_shared_store (&oieb->reader_features, buffer->reader_features, relaxed);
  zb_shared_store (&oieb->reader_pid, zb_platform_process_id (), relaxed);
  /* Pairs with the acquire in check_oieb (): a writer that sees the size sees
   * all the rest. */
  zb_shared_store (&oieb->oieb_size, (uint32_t) ZB_OIEB_SIZE, release);
}

static ZbResult
check_config (const ZbReaderConfig *config, ZbError *error)
{
  if (config->payload_size == 0 || config->payload_size > SIZE_LIMIT)
    return zb_fail (error, ZB_INVALID, 0,
        "A payload size of %llu bytes is not possible: expected 1 to %llu.",
        (unsigned long long) config->payload_size,
        (unsigned long long) SIZE_LIMIT);
  if (config->metadata_size > SIZE_LIMIT)
    return zb_fail (error, ZB_INVALID, 0,
        "A metadata size of %llu bytes is not possible: expected 0 to %llu.",
        (unsigned long long) config->metadata_size,
        (unsigned long long) SIZE_LIMIT);
  if (config->max_payload_size > SIZE_LIMIT)
    return zb_fail (error, ZB_INVALID, 0,
        "A largest payload size of %llu bytes is not possible: expected 0 to "
        "%llu.",
        (unsigned long long) config->max_payload_size,
        (unsigned long long) SIZE_LIMIT);
  if ((config->mode & 0600) != 0600 || config->mode > 0777)
    return zb_fail (error, ZB_INVALID, 0,
        "A mode of 0%o is not possible: expected 0600 to 0777, with reading "
        "and writing for the owner.",
        config->mode);
  return ZB_OK;
}

/* Before the pid is shown, for which the lock stands. */
static void
offer_features (ZbBuffer *buffer, const ZbReaderConfig *config)
{
  uint64_t features = config->features;

  if (features & ZB_FEATURE_LIVENESS &&
      !zb_side_lock (buffer->memory, ZB_SIDE_READER))
    features &= ~ZB_FEATURE_LIVENESS;
  if (config->max_payload_size <= config->payload_size)
    features &= ~ZB_FEATURE_GROW;
  buffer->reader_features = features;
  buffer->version = features ? ZB_VERSION_1_1_0 : ZB_VERSION_1_0_0;
}

static ZbResult
create_memory (ZbBuffer *buffer, const char *name, const ZbReaderConfig *config,
    ZbError *error)
{
  uint64_t size;
  ZbResult result;

  buffer->metadata_size = zb_align64 (config->metadata_size);
  buffer->payload_size = zb_align64 (config->payload_size);
  size = ZB_OIEB_SIZE + buffer->metadata_size + buffer->payload_size;
  result = zb_platform_memory_create (
      name, size, config->mode, &buffer->memory, error);
  if (result != ZB_OK)
    return result;
  set_pointers (buffer);
  offer_features (buffer, config);
  fill_oieb (buffer);
  return ZB_OK;
}

ZbResult
zb_buffer_create (ZbBuffer *buffer, const char *name,
    const ZbReaderConfig *config, ZbError *error)
{
  ZbResult result;

  memset (buffer, 0, sizeof *buffer);
  if ((result = check_config (config, error)) != ZB_OK)
    return result;
  if ((result = zb_names_make_way (name, error)) != ZB_OK)
    return result;
  if ((result = create_memory (buffer, name, config, error)) == ZB_OK)
    result = zb_names_take (buffer->memory, name, config->mode, &buffer->data,
        &buffer->space, error);
  if (result != ZB_OK)
    zb_buffer_close (buffer);
  return result;
}

bool
zb_buffer_retire (ZbBuffer *buffer, const char *name)
{
  /* seq_cst pairs with claim () in writer.c: either the writer sees that we
   * are gone, or it was connected before. */
  zb_shared_store (&buffer->oieb->reader_pid, 0, seq_cst);
  /* Explicitly: frames that are still held keep the memory open. */
  zb_side_unlock (buffer->memory, ZB_SIDE_READER);
  zb_platform_semaphore_post (buffer->space);
  return zb_names_give_up (buffer->memory, name);
}

/* ---- opening ---- */

static ZbResult
fail_not_ready (ZbError *error, const char *name, const char *why)
{
  return zb_fail (error, ZB_NOT_READY, 0,
      "The buffer \"%s\" is not ready for a writer: %s.", name, why);
}

/* Other readers fill in their fields in any order, and the size first. */
static ZbResult
check_oieb (ZbBuffer *buffer, const char *name, ZbError *error)
{
  ZbOieb *oieb = buffer->oieb;
  uint64_t room = zb_platform_memory_get_size (buffer->memory) - ZB_OIEB_SIZE;
  uint64_t oieb_size, metadata_size, payload_size;

  oieb_size = zb_shared_load (&oieb->oieb_size, acquire);
  buffer->version = zb_shared_load (&oieb->version, relaxed);
  metadata_size = zb_shared_load (&oieb->metadata_size, relaxed);
  payload_size = zb_shared_load (&oieb->payload_size, relaxed);
  buffer->reader_features = zb_shared_load (&oieb->reader_features, relaxed);

  if (oieb_size == 0 || buffer->version == 0 || payload_size == 0)
    return fail_not_ready (error, name, "its reader is still making it");
  if (oieb_size != ZB_OIEB_SIZE ||
      ZB_VERSION_GET_MAJOR (buffer->version) != ZB_VERSION_MAJOR)
    return zb_fail (error, ZB_INCOMPATIBLE, 0,
        "The reader of buffer \"%s\" speaks version %u.%u.%u of the protocol, "
        "with an OIEB of %llu bytes; expected version 1, with %llu.",
        name, buffer->version & 0xff, buffer->version >> 8 & 0xff,
        buffer->version >> 16 & 0xff, (unsigned long long) oieb_size,
        (unsigned long long) ZB_OIEB_SIZE);
  if (metadata_size > room || payload_size > room - metadata_size ||
      metadata_size % ZB_ALIGNMENT != 0 || payload_size % ZB_ALIGNMENT != 0)
    return zb_fail (error, ZB_CORRUPT, 0,
        "The buffer \"%s\" claims %llu bytes of metadata and %llu of payload; "
        "expected multiples of 64 that fit into %llu bytes.",
        name, (unsigned long long) metadata_size,
        (unsigned long long) payload_size, (unsigned long long) room);

  buffer->metadata_size = metadata_size;
  buffer->payload_size = payload_size;
  return ZB_OK;
}

static ZbResult
check_reader (const ZbBuffer *buffer, const char *name, ZbError *error)
{
  uint64_t pid = zb_shared_load (&buffer->oieb->reader_pid, acquire);

  if (pid == 0)
    return fail_not_ready (error, name, "its reader is starting or leaving");
  if (!zb_platform_process_is_valid (pid))
    return zb_fail (error, ZB_CORRUPT, 0,
        "The buffer \"%s\" names %llu as its reader, which is no process.",
        name, (unsigned long long) pid);
  if (!zb_side_is_alive (buffer->memory, ZB_SIDE_READER, pid))
    return zb_fail (error, ZB_NOT_READY, 0,
        "The buffer \"%s\" was left over by process %llu, which has ended.",
        name, (unsigned long long) pid);
  return ZB_OK;
}

static ZbResult
open_parts (ZbBuffer *buffer, const char *name, ZbError *error)
{
  ZbResult result;
  ZbTruth named;

  result = zb_platform_memory_open (name, ZB_OIEB_SIZE, &buffer->memory, error);
  if (result == ZB_NOT_READY && error && error->os_error)
    return fail_not_ready (error, name, "there is no reader");
  if (result != ZB_OK)
    return result;
  set_pointers (buffer);
  if ((result = check_oieb (buffer, name, error)) != ZB_OK)
    return result;
  set_pointers (buffer);
  if ((result = check_reader (buffer, name, error)) != ZB_OK)
    return result;
  result =
      zb_names_open_semaphores (name, &buffer->data, &buffer->space, error);
  if (result != ZB_OK)
    return result;
  named = zb_platform_memory_has_name (buffer->memory, name);
  if (named == ZB_FALSE)
    return fail_not_ready (error, name, "its reader is just renewing it");
  if (named == ZB_UNKNOWN)
    return zb_fail (error, ZB_SYSTEM, 0,
        "The shared memory of buffer \"%s\" was opened once but not twice: "
        "too many files may be open.",
        name);
  return zb_platform_memory_reserve (buffer->memory, error);
}

ZbResult
zb_buffer_open (ZbBuffer *buffer, const char *name, ZbError *error)
{
  ZbResult result;

  memset (buffer, 0, sizeof *buffer);
  result = open_parts (buffer, name, error);
  if (result != ZB_OK) {
    zb_buffer_close (buffer);
    if (result == ZB_NOT_READY)
      zb_names_remove_abandoned (name, 0);
  }
  return result;
}

void
zb_buffer_close (ZbBuffer *buffer)
{
  if (buffer->data)
    zb_platform_semaphore_close (buffer->data);
  if (buffer->space)
    zb_platform_semaphore_close (buffer->space);
  if (buffer->memory)
    zb_platform_memory_close (buffer->memory);
  memset (buffer, 0, sizeof *buffer);
}

/* ---- while connected ---- */

ZbResult
zb_buffer_check_range (const char *name, const char *field, uint64_t found,
    uint64_t low, uint64_t high, ZbError *error)
{
  if (low <= found && found <= high)
    return ZB_OK;
  return zb_fail (error, ZB_CORRUPT, 0,
      "Buffer \"%s\" is corrupt: %s is %llu, expected %llu to %llu. The other "
      "process, or a third one, wrote what it must not; restart both.",
      name, field, (unsigned long long) found, (unsigned long long) low,
      (unsigned long long) high);
}

ZbResult
zb_buffer_check (const ZbBuffer *buffer, const char *name, ZbError *error)
{
  ZbOieb *oieb = buffer->oieb;
  const struct {
    const char *field;
    uint64_t found;
    uint64_t expected;
  } constants[] = {
#define CONSTANT(field, expected)                                              \
  { #field, zb_shared_load (&oieb->field, relaxed), expected }
    CONSTANT (oieb_size, ZB_OIEB_SIZE),
    CONSTANT (version, buffer->version),
    CONSTANT (metadata_size, buffer->metadata_size),
    CONSTANT (payload_size, buffer->payload_size),
    CONSTANT (reader_features, buffer->reader_features),
#undef CONSTANT
  };

  for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
    ZbResult result =
        zb_buffer_check_range (name, constants[i].field, constants[i].found,
            constants[i].expected, constants[i].expected, error);
    if (result != ZB_OK)
      return result;
  }
  return ZB_OK;
}

uint64_t
zb_buffer_get_used (const ZbBuffer *buffer)
{
  uint64_t free_bytes =
      zb_shared_load (&buffer->oieb->payload_free_bytes, relaxed);

  if (free_bytes > buffer->payload_size)
    return 0;
  return buffer->payload_size - free_bytes;
}

unsigned
zb_buffer_get_fill (const ZbBuffer *buffer)
{
  return (unsigned) (zb_buffer_get_used (buffer) * 100 / buffer->payload_size);
}
