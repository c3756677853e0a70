/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a post, with a short look before the sleep where that pays.
 *
 * It pays if what one waits for comes within microseconds, as it does between two
 * that are both at work.  Each time that it did not, four times as many waits
 * follow without; two waits in quick succession end that.  So who waits for something
 * that takes its time sleeps, as does everybody where the processors are busy.
 */
#ifndef ZB_SPIN_H
#define ZB_SPIN_H

#include "platform.h"

typedef struct {
  unsigned skip; /* waits without, after the last failure */
  unsigned left; /* of these */
  int64_t last;  /* when the last wait began */
} ZbSpin;

/* As zb_platform_semaphore_wait (). */
bool zb_spin_wait (ZbSpin *spin, ZbSemaphore *semaphore, int64_t deadline);

#endif
