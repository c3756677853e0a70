/* SPDX-License-Identifier: MIT */
#include "spin.h"

/* The cost of one useless look in so many waits is lost in that of the sleeps. */
#define SKIP_MAX 256

/* Waits that follow one another as fast as this are those of somebody at work;
 * ns. */
#define FAST INT64_C (60000)

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

/* The clock is read before the sleep, where nothing waits for it. */
bool
zb_spin_wait (ZbSpin *spin, ZbSemaphore *semaphore, int64_t deadline)
{
  int64_t now = zb_platform_now ();

  if (now - spin->last < FAST)
    spin->left = 0;
  spin->last = now;
  if (spin->left > 0)
    spin->left--;
  else if (look (spin, semaphore))
    return true;
  return zb_platform_semaphore_wait (semaphore, deadline);
}
