/* SPDX-License-Identifier: MIT */
/* What all tests written with check share.  Every test has a buffer name of its
 * own, `name`, and must have left nothing of it when it ends: see set_up () and
 * assert_nothing_left (), which go into its fixture. */
#ifndef CHECK_SUPPORT_H
#define CHECK_SUPPORT_H

#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "zerobuffer.h"

#define MEMORY_PATH "/dev/shm/%s"
#define DATA_PATH "/dev/shm/sem.sem-w-%s"
#define SPACE_PATH "/dev/shm/sem.sem-r-%s"
#define LOCK_PATH "/tmp/zerobuffer/%s.lock"

static char name[64];
/* Of readers and writers; 0, which is protocol 1.0, unless the environment says
 * otherwise. */
static uint64_t features;
static ZbError error;

static inline void
set_up (void)
{
  static int count;

  snprintf (name, sizeof name, "test-%d-%d", getpid (), count++);
  memset (&error, 0, sizeof error);
  if (g_getenv ("ZEROBUFFER_FEATURES"))
    features = g_ascii_strtoull (g_getenv ("ZEROBUFFER_FEATURES"), NULL, 0);
}

static inline gboolean
exists (const char *format)
{
  char path[128];
  GStatBuf info;

  snprintf (path, sizeof path, format, name);
  return g_lstat (path, &info) == 0;
}

/* Whether a reader of another test has the lock, to look whether this one's was
 * left behind. */
static inline gboolean
is_somebody_at_it (void)
{
  char path[128];
  gboolean busy;
  int fd;

  snprintf (path, sizeof path, LOCK_PATH, name);
  if ((fd = open (path, O_RDWR | O_CLOEXEC)) < 0)
    return FALSE;
  busy = flock (fd, LOCK_EX | LOCK_NB) < 0;
  close (fd);
  return busy;
}

/* What somebody is just removing is not left. */
static inline void
assert_nothing_left (void)
{
  for (int i = 0; i < 5000 && is_somebody_at_it (); i++)
    g_usleep (1000);
  fail_if (exists (MEMORY_PATH));
  fail_if (exists (DATA_PATH));
  fail_if (exists (SPACE_PATH));
  fail_if (exists (LOCK_PATH));
}

#define assert_result(call, expected)                                          \
  G_STMT_START                                                                 \
  {                                                                            \
    ZbResult result_ = (call);                                                 \
    fail_unless (result_ == (expected), "%s: %s instead of %s: %s", #call,     \
        zb_result_text (result_), zb_result_text (expected), error.message);   \
  }                                                                            \
  G_STMT_END

#define assert_ok(call) assert_result (call, ZB_OK)

static inline ZbWriter *
new_writer (void)
{
  ZbWriter *writer;

  assert_ok (zb_writer_new (name, features, &writer, &error));
  return writer;
}

#endif
