/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "layout.h"
#include "side.h"

#define SEMAPHORE_NAME_SIZE (ZB_NAME_MAX + sizeof "sem-w-")

/* How often to ask for a lock that somebody has for a moment, and how long for that
 * on the names, ns. */
#define LOCK_RETRY INT64_C (1000000)
#define NAMES_LOCK_PATIENCE INT64_C (1000000000)

/* How long a reader that starts waits for another that is cleaning up, ns. */
#define VISIT_PATIENCE INT64_C (50000000)

/* The bytes of the memory that are locked by whoever takes its names away. */
#define NAMES_LOCK_OFFSET offsetof (ZbOieb, oieb_size)
#define NAMES_LOCK_SIZE sizeof (uint32_t)

ZbResult
zb_names_check (const char *name, ZbError *error)
{
  if (!name || !*name)
    return zb_fail (error, ZB_INVALID, 0, "The buffer name is empty.");
  if (strlen (name) > ZB_NAME_MAX)
    return zb_fail (error, ZB_INVALID, 0,
        "The buffer name has %zu bytes; at most %d are possible.",
        strlen (name), ZB_NAME_MAX);
  if (strchr (name, '/') || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return zb_fail (error, ZB_INVALID, 0,
        "\"%s\" cannot be a buffer name: it must not contain \"/\", nor be "
        "\".\" or \"..\".",
        name);
  return ZB_OK;
}

/* ---- semaphores ---- */

static void
data_name (const char *name, char result[SEMAPHORE_NAME_SIZE])
{
  snprintf (result, SEMAPHORE_NAME_SIZE, "sem-w-%s", name);
}

static void
space_name (const char *name, char result[SEMAPHORE_NAME_SIZE])
{
  snprintf (result, SEMAPHORE_NAME_SIZE, "sem-r-%s", name);
}

static ZbResult
create_semaphores (const char *name, unsigned mode, ZbSemaphore **data,
    ZbSemaphore **space, ZbError *error)
{
  char data_object[SEMAPHORE_NAME_SIZE], space_object[SEMAPHORE_NAME_SIZE];
  ZbResult result;

  data_name (name, data_object);
  space_name (name, space_object);
  result = zb_platform_semaphore_create (data_object, mode, data, error);
  if (result == ZB_OK)
    result = zb_platform_semaphore_create (space_object, mode, space, error);
  return result;
}

ZbResult
zb_names_open_semaphores (
    const char *name, ZbSemaphore **data, ZbSemaphore **space, ZbError *error)
{
  char data_object[SEMAPHORE_NAME_SIZE], space_object[SEMAPHORE_NAME_SIZE];
  ZbResult result;

  data_name (name, data_object);
  space_name (name, space_object);
  result = zb_platform_semaphore_open (data_object, data, error);
  if (result == ZB_OK)
    result = zb_platform_semaphore_open (space_object, space, error);
  return result;
}

static bool
remove_semaphores (const char *name, const ZbLock *lock)
{
  char data_object[SEMAPHORE_NAME_SIZE], space_object[SEMAPHORE_NAME_SIZE];

  data_name (name, data_object);
  space_name (name, space_object);
  return zb_platform_semaphore_unlink (data_object, lock) &&
         zb_platform_semaphore_unlink (space_object, lock);
}

/* ---- who has the memory ---- */

static uint64_t
get_living (const ZbMemory *memory, ZbSide side)
{
  uint64_t pid = atomic_load_explicit (
      zb_side_get_pid (memory, side), memory_order_relaxed);

  return zb_side_is_alive (memory, side, pid) ? pid : 0;
}

static bool
is_in_use (const ZbMemory *memory)
{
  return get_living (memory, ZB_SIDE_READER) != 0 ||
         get_living (memory, ZB_SIDE_WRITER) != 0;
}

uint64_t
zb_names_get_living_reader (const char *name)
{
  ZbMemory *memory;
  uint64_t pid;

  if (zb_platform_memory_open (name, ZB_OIEB_SIZE, &memory, NULL) != ZB_OK)
    return 0;
  pid = get_living (memory, ZB_SIDE_READER);
  zb_platform_memory_close (memory);
  return pid;
}

/* ---- taking names away ----
 *
 * Of memory whose reader is gone, for good: it never comes back to the same.  With
 * a lock, that of a reader that left it, only what belongs to its user. */

static bool
remove_while_locked (
    const ZbMemory *memory, const char *name, const ZbLock *lock)
{
  /* In doubt it is: all who ask have found it by this name, or given it. */
  if (zb_platform_memory_has_name (memory, name) == ZB_FALSE)
    return true;
  return remove_semaphores (name, lock) &&
         zb_platform_memory_unlink (name, lock);
}

/* False where the system has no such locks, or who has this one has stopped: nobody
 * waits for that for ever. */
static bool
lock_names (ZbMemory *memory)
{
  int64_t deadline = zb_platform_deadline (NAMES_LOCK_PATIENCE);

  while (
      !zb_platform_memory_lock (memory, NAMES_LOCK_OFFSET, NAMES_LOCK_SIZE)) {
    if (zb_platform_memory_is_locked (
            memory, NAMES_LOCK_OFFSET, NAMES_LOCK_SIZE) != ZB_TRUE ||
        zb_platform_now () > deadline)
      return false;
    zb_platform_sleep (LOCK_RETRY);
  }
  return true;
}

/* One at a time: else the second would take them from whoever got them after the
 * first. */
static bool
remove_names (ZbMemory *memory, const char *name, const ZbLock *lock)
{
  bool locked = lock_names (memory);
  bool gone = remove_while_locked (memory, name, lock);

  if (locked)
    zb_platform_memory_unlock (memory, NAMES_LOCK_OFFSET, NAMES_LOCK_SIZE);
  return gone;
}

bool
zb_names_give_up (ZbMemory *memory, const char *name)
{
  return remove_names (memory, name, NULL);
}

/* What has the name and cannot be opened: @why.  It may be nothing; or less than any
 * buffer, of a reader that ended while making it; or no memory at all. */
static bool
remove_scrap (const char *name, const ZbLock *lock, const ZbError *why)
{
  if (why->result == ZB_NOT_READY && why->os_error != 0)
    return true;
  return (why->result == ZB_NOT_READY || why->result == ZB_CORRUPT) &&
         zb_platform_memory_unlink (name, lock);
}

/* Semaphores alone are not ours, which leave the memory for the end. */
static bool
remove_unused (const char *name, const ZbLock *lock)
{
  ZbMemory *memory;
  ZbError why;
  bool gone;

  if (zb_platform_memory_open (name, ZB_OIEB_SIZE, &memory, &why) != ZB_OK)
    return remove_scrap (name, lock, &why) && remove_semaphores (name, lock);
  gone = !is_in_use (memory) && remove_names (memory, name, lock);
  zb_platform_memory_close (memory);
  return gone;
}

static ZbResult
remove_abandoned (const char *name)
{
  ZbLock *lock;
  ZbResult result = zb_platform_lock_take_abandoned (name, &lock);

  if (result != ZB_OK)
    return result;
  if (remove_unused (name, lock))
    zb_platform_lock_release (lock);
  else
    zb_platform_lock_leave (lock);
  return ZB_OK;
}

void
zb_names_remove_abandoned (const char *name, int64_t patience)
{
  int64_t deadline = zb_platform_deadline (patience);

  /* Whoever has the lock is a new reader, or one of another name that looks at
   * it for a moment, and may have found the writer still there. */
  while (remove_abandoned (name) == ZB_BUSY &&
         zb_names_get_living_reader (name) == 0 &&
         zb_platform_now () < deadline)
    zb_platform_sleep (LOCK_RETRY);
}

/* Whether there is memory of this name, and its reader is gone. */
static bool
is_left_over (const char *name)
{
  ZbMemory *memory;
  bool gone;

  if (zb_platform_memory_open (name, ZB_OIEB_SIZE, &memory, NULL) != ZB_OK)
    return false;
  gone = get_living (memory, ZB_SIDE_READER) == 0;
  zb_platform_memory_close (memory);
  return gone;
}

/* Of two readers that start at the same time and look at each other's business, one
 * finds the lock taken; what the other did not see was over may be so by now. */
static void
visit (const char *name)
{
  if (remove_abandoned (name) == ZB_BUSY && is_left_over (name))
    zb_names_remove_abandoned (name, VISIT_PATIENCE);
}

void
zb_names_remove_all_abandoned (void)
{
  zb_platform_lock_for_each (visit);
}

/* ---- taking names ---- */

static ZbResult
fail_left_over (ZbError *error, const char *name)
{
  return zb_fail (error, ZB_PERMISSION, 0,
      "The buffer \"%s\" was left over by another user, and this user cannot "
      "remove it. Remove /dev/shm/%s and /dev/shm/sem.sem-[wr]-%s, or use "
      "another buffer name.",
      name, name, name);
}

/* Our own pid, without a lock, is that of a dead process which had the same
 * number. */
static bool
is_reader_alive (const ZbMemory *memory, uint64_t *pid)
{
  *pid = get_living (memory, ZB_SIDE_READER);
  return *pid != 0 &&
         (*pid != zb_platform_process_id () ||
             zb_side_get_life (memory, ZB_SIDE_READER) == ZB_LIFE_ALIVE);
}

static ZbResult
make_way_of (ZbMemory *memory, const char *name, ZbError *error)
{
  uint64_t reader;

  if (is_reader_alive (memory, &reader))
    return zb_fail (error, ZB_BUSY, 0,
        "The buffer \"%s\" is in use by process %llu, though its lock is free. "
        "Stop that process or use another buffer name; if it has nothing to do "
        "with the buffer, remove /dev/shm/%s.",
        name, (unsigned long long) reader, name);
  return remove_names (memory, name, NULL) ? ZB_OK
                                           : fail_left_over (error, name);
}

ZbResult
zb_names_make_way (const char *name, ZbError *error)
{
  ZbMemory *memory;
  ZbResult result;
  ZbError why;

  result = zb_platform_memory_open (name, ZB_OIEB_SIZE, &memory, &why);
  if (result == ZB_OK) {
    result = make_way_of (memory, name, error);
    zb_platform_memory_close (memory);
    return result;
  }
  if (remove_scrap (name, NULL, &why))
    return ZB_OK;
  if (result == ZB_SYSTEM)
    return zb_fail (error, result, why.os_error, "%s", why.message);
  return fail_left_over (error, name);
}

static ZbResult
take_name (ZbMemory *memory, const char *name, ZbError *error)
{
  ZbResult result = zb_platform_memory_publish (memory, name, error);

  if (result != ZB_BUSY)
    return result;
  /* Somebody was faster who has its lock elsewhere, and is found now; or is gone
   * already. */
  if ((result = zb_names_make_way (name, error)) != ZB_OK)
    return result;
  return zb_platform_memory_publish (memory, name, error);
}

ZbResult
zb_names_take (ZbMemory *memory, const char *name, unsigned mode,
    ZbSemaphore **data, ZbSemaphore **space, ZbError *error)
{
  ZbResult result = take_name (memory, name, error);

  if (result != ZB_OK)
    return result;
  /* Semaphores that are there belong to no memory any more. */
  if (!remove_semaphores (name, NULL))
    result = fail_left_over (error, name);
  if (result == ZB_OK)
    result = create_semaphores (name, mode, data, space, error);
  if (result != ZB_OK)
    zb_names_give_up (memory, name);
  return result;
}
