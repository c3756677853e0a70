/* SPDX-License-Identifier: MIT */
/*
 * What we ask of an operating system.  One file implements it for each;
 * nothing above this line knows which.
 *
 * Names are the protocol's, without the decoration of the system ("/NAME",
 * "/dev/shm/sem.NAME" on Linux).  Errors are described in words by the
 * function that met them.
 */
#ifndef ZB_PLATFORM_H
#define ZB_PLATFORM_H

#include "zerobuffer.h"

/* What the system says, if it does. */
typedef enum {
  ZB_FALSE,
  ZB_TRUE,
  ZB_UNKNOWN,
} ZbTruth;

/* ---- time ---- */

/* Nanoseconds of the monotonic clock. */
int64_t zb_platform_now (void);

/* The time @timeout from now on; ZB_FOREVER stays what it is. */
int64_t zb_platform_deadline (int64_t timeout);

void zb_platform_sleep (int64_t duration);

/* Lets others run that wait for this processor. */
void zb_platform_yield (void);

/* ---- the named lock that a reader holds ---- */

typedef struct ZbLock ZbLock;

/* Takes the lock of the buffer @name without waiting: ZB_BUSY if somebody
 * holds it. */
ZbResult zb_platform_lock_acquire (
    const char *name, unsigned mode, ZbLock **lock, ZbError *error);

/* Removes the lock from the system, then lets go of it. */
void zb_platform_lock_release (ZbLock *lock);

/* Lets go of the lock but leaves it where it is. */
void zb_platform_lock_leave (ZbLock *lock);

/* Takes the lock of @name if it exists but nobody holds it: ZB_BUSY if somebody
 * does, ZB_NOT_READY if there is none, or none that may be taken. */
ZbResult zb_platform_lock_take_abandoned (const char *name, ZbLock **lock);

/* Calls @visit with the name of every buffer that has a lock, held or not. */
void zb_platform_lock_for_each (void (*visit) (const char *name));

/* ---- named shared memory, mapped read-write ---- */

typedef struct ZbMemory ZbMemory;

/* Creates, zeroed, and really there: touching it never fails later.  Nobody finds
 * it before it is published.  ZB_NO_SPACE names the bytes needed and free. */
ZbResult zb_platform_memory_create (const char *name, uint64_t size,
    unsigned mode, ZbMemory **memory, ZbError *error);

/* Under its name, at once and whole.  ZB_BUSY if there is other memory of that
 * name. */
ZbResult zb_platform_memory_publish (
    ZbMemory *memory, const char *name, ZbError *error);

/* ZB_NOT_READY if there is none (with an os_error), or if it is smaller than
 * @min_size; ZB_CORRUPT if what has the name is no memory. */
ZbResult zb_platform_memory_open (
    const char *name, uint64_t min_size, ZbMemory **memory, ZbError *error);

/* Makes sure that all of the memory is really there, whoever created it, and
 * mapped. */
ZbResult zb_platform_memory_reserve (ZbMemory *memory, ZbError *error);

void *zb_platform_memory_get_address (const ZbMemory *memory);
uint64_t zb_platform_memory_get_size (const ZbMemory *memory);

/* Whether @name still is the name of this memory. */
ZbTruth zb_platform_memory_has_name (const ZbMemory *memory, const char *name);

void zb_platform_memory_close (ZbMemory *memory);

/* A lock on some bytes of it, that the system takes back when this process (and
 * what it forked) has ended, whatever its end was; until then, or until the
 * memory is closed.  Never waits: false if another has it, or the system
 * cannot. */
bool zb_platform_memory_lock (ZbMemory *memory, uint64_t offset, uint64_t size);
void zb_platform_memory_unlock (
    ZbMemory *memory, uint64_t offset, uint64_t size);

/* Whether somebody else has such a lock. */
ZbTruth zb_platform_memory_is_locked (
    const ZbMemory *memory, uint64_t offset, uint64_t size);

/* One more mapping of all of the memory, read-only; NULL if there is no room
 * for one.  With @populate, no page of it has to be found later. */
void *zb_platform_memory_map_view (const ZbMemory *memory, bool populate);
void zb_platform_memory_unmap_view (const ZbMemory *memory, void *view);

/* Makes the part of a view that has these bytes private: they stay as they
 * are, where they are, while the shared memory changes.  So do bytes around
 * them.  Others may read them meanwhile.  False if that cannot be done. */
bool zb_platform_view_detach (const void *address, size_t size);

/* Removes the name, if there is one.  With a @lock, only if the lock's owner
 * (the user) owns it too, and says whether it is gone. */
bool zb_platform_memory_unlink (const char *name, const ZbLock *lock);

/* ---- named counting semaphores ---- */

typedef struct ZbSemaphore ZbSemaphore;

ZbResult zb_platform_semaphore_create (
    const char *name, unsigned mode, ZbSemaphore **semaphore, ZbError *error);
ZbResult zb_platform_semaphore_open (
    const char *name, ZbSemaphore **semaphore, ZbError *error);
void zb_platform_semaphore_close (ZbSemaphore *semaphore);
bool zb_platform_semaphore_unlink (const char *name, const ZbLock *lock);

/* False if nothing was added, because the count is at its maximum: whoever
 * waits is awake already. */
bool zb_platform_semaphore_post (ZbSemaphore *semaphore);

/* Takes one if there is one. */
bool zb_platform_semaphore_try_wait (ZbSemaphore *semaphore);

/* Looks for some microseconds, without sleeping, whether there is one to take. */
bool zb_platform_semaphore_look (ZbSemaphore *semaphore);

/* Takes one; false when the deadline has passed without. */
bool zb_platform_semaphore_wait (ZbSemaphore *semaphore, int64_t deadline);

/* ---- processes ---- */

/* This process, in its own namespace. */
uint64_t zb_platform_process_id (void);

/* Whether a number can be a process at all. */
bool zb_platform_process_is_valid (uint64_t pid);

/* True in doubt: also for a process of which nothing else may be known. */
bool zb_platform_process_is_alive (uint64_t pid);

/* Watches a process and calls @ended once, from a thread of its own, as soon
 * as it has ended.  NULL if it cannot be watched, which is no error: ask
 * zb_platform_process_is_alive () from time to time. */
typedef struct ZbWatch ZbWatch;
ZbWatch *zb_platform_watch_start (
    uint64_t pid, void (*ended) (void *data), void *data);

/* @ended is not running when this returns, and will not be called again.
 * @watch may be NULL. */
void zb_platform_watch_stop (ZbWatch *watch);

/* ---- between threads of this process ---- */

typedef struct ZbMutex ZbMutex;
ZbMutex *zb_platform_mutex_new (void); /* NULL: out of memory */
void zb_platform_mutex_free (ZbMutex *mutex);
void zb_platform_mutex_lock (ZbMutex *mutex);
void zb_platform_mutex_unlock (ZbMutex *mutex);

typedef struct ZbCondition ZbCondition;
ZbCondition *zb_platform_condition_new (void); /* NULL: out of memory */
void zb_platform_condition_free (ZbCondition *condition);

/* Until it is woken up, or the deadline; or for no reason. */
void zb_platform_condition_wait (
    ZbCondition *condition, ZbMutex *mutex, int64_t deadline);
void zb_platform_condition_wake_all (ZbCondition *condition);

/* A flag that can be waited for; it stays set until it is cleared. */
typedef struct ZbEvent ZbEvent;
ZbEvent *zb_platform_event_new (void); /* NULL: out of resources */
void zb_platform_event_free (ZbEvent *event);
void zb_platform_event_set (ZbEvent *event);
void zb_platform_event_clear (ZbEvent *event);
void zb_platform_event_wait (ZbEvent *event, int64_t deadline);

#endif
