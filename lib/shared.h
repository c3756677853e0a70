/* SPDX-License-Identifier: MIT */
/*
 * Access to what the other process sees, and may be changing: the fields of
 * the OIEB, which are atomics, and the bytes behind them.
 *
 * What is published, and what is given back, is ordered by the posts of the
 * semaphores, which release, and the waits for them, which acquire.  So fields
 * are relaxed where they are only counted, or compared with what they must be;
 * acquire and release where somebody looks who has not taken a post, each with a
 * word on what it pairs with; and seq_cst where each side writes its own pid and
 * then reads what is the other's.
 *
 * Each access is a step.  Tests that build the library with ZB_STEPS have a
 * zb_step () of their own, which is called in front of each, and is where they
 * kill the process or change what is about to be read.
 */
#ifndef ZB_SHARED_H
#define ZB_SHARED_H

#include <stdatomic.h>
#include <string.h>

#ifdef ZB_STEPS
typedef enum {
  ZB_STEP_LOOK,
  ZB_STEP_CHANGE,
} ZbStep;
void zb_step (ZbStep step);
#else
#define zb_step(step) ((void) 0)
#endif

/* @order without its memory_order_. */
#define zb_shared_load(field, order)                                           \
  (zb_step (ZB_STEP_LOOK), atomic_load_explicit (field, memory_order_##order))

#define zb_shared_store(field, value, order)                                   \
  (zb_step (ZB_STEP_CHANGE),                                                   \
      atomic_store_explicit (field, value, memory_order_##order))

#define zb_shared_add(field, value, order)                                     \
  (zb_step (ZB_STEP_CHANGE),                                                   \
      atomic_fetch_add_explicit (field, value, memory_order_##order))

#define zb_shared_subtract(field, value, order)                                \
  (zb_step (ZB_STEP_CHANGE),                                                   \
      atomic_fetch_sub_explicit (field, value, memory_order_##order))

/* If *field is *expected; else that is what was found.  seq_cst. */
#define zb_shared_exchange(field, expected, value)                             \
  (zb_step (ZB_STEP_CHANGE),                                                   \
      atomic_compare_exchange_strong (field, expected, value))

/* What is copied out stays as it is now, whatever the other side does. */
static inline void
zb_shared_copy_out (void *to, const void *from, size_t size)
{
  zb_step (ZB_STEP_LOOK);
  memcpy (to, from, size);
  /* Keeps the compiler from reading the source again later on. */
  atomic_signal_fence (memory_order_seq_cst);
}

static inline void
zb_shared_copy_in (void *to, const void *from, size_t size)
{
  zb_step (ZB_STEP_CHANGE);
  memcpy (to, from, size);
}

#endif
