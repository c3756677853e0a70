/* SPDX-License-Identifier: MIT */
#include "side.h"

#include "layout.h"
#include "shared.h"

static uint64_t
get_pid_offset (ZbSide side)
{
  return side == ZB_SIDE_READER ? offsetof (ZbOieb, reader_pid)
                                : offsetof (ZbOieb, writer_pid);
}

_Atomic uint64_t *
zb_side_get_pid (const ZbMemory *memory, ZbSide side)
{
  ZbOieb *oieb = zb_platform_memory_get_address (memory);

  return side == ZB_SIDE_READER ? &oieb->reader_pid : &oieb->writer_pid;
}

bool
zb_side_lock (ZbMemory *memory, ZbSide side)
{
  return zb_platform_memory_lock (
      memory, get_pid_offset (side), sizeof (uint64_t));
}

void
zb_side_unlock (ZbMemory *memory, ZbSide side)
{
  zb_platform_memory_unlock (memory, get_pid_offset (side), sizeof (uint64_t));
}

ZbLife
zb_side_get_life (const ZbMemory *memory, ZbSide side)
{
  ZbOieb *oieb = zb_platform_memory_get_address (memory);
  uint64_t features;
  ZbTruth locked = zb_platform_memory_is_locked (
      memory, get_pid_offset (side), sizeof (uint64_t));

  if (locked == ZB_TRUE)
    return ZB_LIFE_ALIVE;
  if (locked == ZB_UNKNOWN)
    return ZB_LIFE_UNKNOWN;
  features = zb_shared_load (
      side == ZB_SIDE_READER ? &oieb->reader_features : &oieb->writer_features,
      acquire);
  return features & ZB_FEATURE_LIVENESS ? ZB_LIFE_OVER : ZB_LIFE_UNKNOWN;
}

bool
zb_side_is_alive (const ZbMemory *memory, ZbSide side, uint64_t pid)
{
  ZbLife life = zb_side_get_life (memory, side);

  if (pid == 0 || life == ZB_LIFE_OVER)
    return false;
  return life == ZB_LIFE_ALIVE || zb_platform_process_is_alive (pid);
}
