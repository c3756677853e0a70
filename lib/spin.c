/* SPDX-License-Identifier: MIT */
#include "spin.h"

/* The cost of one useless look in so many waits is lost in that of the sleeps. */
#define SKIP_MAX 256

/* A sleep that was no longer than this was hardly one: most of it is the time
 * that it takes to fall asleep and to be woken up; ns. */
#define NAP INT64_C (40000)

static bool
look (ZbSpin *spin, ZbSemaphore *semaphore)
{
  if (zb_platform_semaphore_look (semaphore)) {
    spin->skip = 0;
    return true;
  }
  if (spin->skip < SKIP_MAX)
    spin->skip = 4 * spin->skip + 3;
  spin->left = spin->skip;
  return false;
}

bool
zb_spin_wait (ZbSpin *spin, ZbSemaphore *semaphore, int64_t deadline)
{
  int64_t start;
  bool taken;

  if (spin->left > 0)
    spin->left--;
  else if (look (spin, semaphore))
    return true;
  start = zb_platform_now ();
  taken = zb_platform_semaphore_wait (semaphore, deadline);
  if (taken && zb_platform_now () - start < NAP)
    spin->left = 0;
  return taken;
}
