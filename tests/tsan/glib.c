/* SPDX-License-Identifier: MIT */
/*
 * Tells ThreadSanitizer of the locks of GLib, which is not built with it: what
 * was done before one is let go of comes before what is done after it was
 * taken.  Preloaded, in front of GLib.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gst/gst.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

#define REAL(name)                                                             \
  static __typeof__ (name) *real;                                              \
  if (!real)                                                                   \
  real = (__typeof__ (name) *) dlsym (RTLD_NEXT, #name)

#define TAKES(name, Lock)                                                      \
  void name (Lock *lock)                                                       \
  {                                                                            \
    REAL (name);                                                               \
    real (lock);                                                               \
    __tsan_acquire (lock);                                                     \
  }

#define TRIES(name, Lock)                                                      \
  gboolean name (Lock *lock)                                                   \
  {                                                                            \
    REAL (name);                                                               \
    if (!real (lock))                                                          \
      return FALSE;                                                            \
    __tsan_acquire (lock);                                                     \
    return TRUE;                                                               \
  }

#define GIVES(name, Lock)                                                      \
  void name (Lock *lock)                                                       \
  {                                                                            \
    REAL (name);                                                               \
    __tsan_release (lock);                                                     \
    real (lock);                                                               \
  }

TAKES (g_mutex_lock, GMutex)
TRIES (g_mutex_trylock, GMutex)
GIVES (g_mutex_unlock, GMutex)
TAKES (g_rec_mutex_lock, GRecMutex)
TRIES (g_rec_mutex_trylock, GRecMutex)
GIVES (g_rec_mutex_unlock, GRecMutex)
TAKES (g_rw_lock_writer_lock, GRWLock)
TRIES (g_rw_lock_writer_trylock, GRWLock)
GIVES (g_rw_lock_writer_unlock, GRWLock)
TAKES (g_rw_lock_reader_lock, GRWLock)
TRIES (g_rw_lock_reader_trylock, GRWLock)
GIVES (g_rw_lock_reader_unlock, GRWLock)

void
g_cond_wait (GCond *condition, GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (condition, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *condition, GMutex *mutex, gint64 end_time)
{
  gboolean woken;

  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  woken = real (condition, mutex, end_time);
  __tsan_acquire (mutex);
  return woken;
}

/* What goes through a queue. */
void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  __tsan_release (queue);
  real (queue, data);
}

#define POPS(name, parameters, arguments)                                      \
  gpointer name parameters                                                     \
  {                                                                            \
    gpointer data;                                                             \
                                                                               \
    REAL (name);                                                               \
    data = real arguments;                                                     \
    __tsan_acquire (queue);                                                    \
    return data;                                                               \
  }

POPS (g_async_queue_pop, (GAsyncQueue * queue), (queue))
POPS (g_async_queue_try_pop, (GAsyncQueue * queue), (queue))
POPS (g_async_queue_timeout_pop, (GAsyncQueue * queue, guint64 timeout),
    (queue, timeout))

/* Whoever frees an object has dropped the last reference to it, of all who had
 * one; these are counted where ThreadSanitizer does not look. */
void
g_object_unref (gpointer object)
{
  REAL (g_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}

void
gst_object_unref (gpointer object)
{
  REAL (gst_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}

void
gst_mini_object_unref (GstMiniObject *object)
{
  REAL (gst_mini_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}
