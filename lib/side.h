/* SPDX-License-Identifier: MIT */
/*
 * One end of a buffer as the other sees it: a pid, and with the feature LIVENESS a
 * lock on that pid, which lasts from before it is shown until after it was
 * cleared.
 */
#ifndef ZB_SIDE_H
#define ZB_SIDE_H

#include "platform.h"

typedef enum {
  ZB_SIDE_READER,
  ZB_SIDE_WRITER,
} ZbSide;

typedef enum {
  ZB_LIFE_UNKNOWN, /* it speaks 1.0: only its pid tells */
  ZB_LIFE_ALIVE,
  ZB_LIFE_OVER,
} ZbLife;

_Atomic uint64_t *zb_side_get_pid (const ZbMemory *memory, ZbSide side);

/* Takes this side's lock; false if another has it. */
bool zb_side_lock (ZbMemory *memory, ZbSide side);
void zb_side_unlock (ZbMemory *memory, ZbSide side);

/* What the lock says. */
ZbLife zb_side_get_life (const ZbMemory *memory, ZbSide side);

/* Whether that side, with this pid, lives; in doubt it does. */
bool zb_side_is_alive (const ZbMemory *memory, ZbSide side, uint64_t pid);

#endif
