/* SPDX-License-Identifier: MIT */
/*
 * What one end counts.  Written by the one thread that uses the end, read by
 * any: relaxed, since nothing else hangs on the values.
 */
#ifndef ZB_COUNTERS_H
#define ZB_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "zerobuffer.h"

typedef struct {
  _Atomic uint64_t frames;
  _Atomic uint64_t bytes;
  _Atomic uint64_t waits;
  _Atomic uint64_t wraps;
  _Atomic uint64_t ring_used_max;
} ZbCounters;

static inline uint64_t
zb_counter_get (const _Atomic uint64_t *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

/* Not a fetch_add: there is one writing thread, and no need for a locked
 * instruction. */
static inline void
zb_counter_add (_Atomic uint64_t *counter, uint64_t value)
{
  atomic_store_explicit (
      counter, zb_counter_get (counter) + value, memory_order_relaxed);
}

static inline void
zb_counter_raise (_Atomic uint64_t *counter, uint64_t value)
{
  if (value > zb_counter_get (counter))
    atomic_store_explicit (counter, value, memory_order_relaxed);
}

/* The rest of @stats is 0. */
static inline void
zb_counters_get_stats (const ZbCounters *counters, ZbStats *stats)
{
  memset (stats, 0, sizeof *stats);
  stats->frames = zb_counter_get (&counters->frames);
  stats->bytes = zb_counter_get (&counters->bytes);
  stats->waits = zb_counter_get (&counters->waits);
  stats->wraps = zb_counter_get (&counters->wraps);
  stats->ring_used_max = zb_counter_get (&counters->ring_used_max);
}

#endif
