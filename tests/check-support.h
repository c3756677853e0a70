/* SPDX-License-Identifier: MIT */
/* What all tests written with check share.  Every test has a buffer name of its
 * own, `name`, and must have left nothing of it when it ends: see set_up () and
 * assert_nothing_left (), which go into its fixture. */
#ifndef CHECK_SUPPORT_H
#define CHECK_SUPPORT_H

#include <gst/check/gstcheck.h>
#include <stdio.h>
#include <string.h>
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

  snprintf (path, sizeof path, format, name);
  return access (path, F_OK) == 0;
}

static inline void
assert_nothing_left (void)
{
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
