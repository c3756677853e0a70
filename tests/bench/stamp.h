/* SPDX-License-Identifier: MIT */
/*
 * What every frame of the benchmark begins with, and how time is measured.
 */
#ifndef STAMP_H
#define STAMP_H

#include <gst/gst.h>
#include <sys/resource.h>

typedef struct {
  guint64 number; /* 0, 1, 2, ... */
  gint64 time;    /* when it was made, ns of the monotonic clock */
} Stamp;

static inline gint64
stamp_now (void)
{
  return (gint64) gst_util_get_timestamp ();
}

/* What this process has used, in all its threads, seconds. */
static inline gdouble
stamp_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

#endif
