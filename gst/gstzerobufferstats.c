/* SPDX-License-Identifier: MIT */
#include "gstzerobufferstats.h"

GstStructure *
gst_zero_buffer_stats_new (const gchar *name, const ZbStats *stats)
{
  /* clang-format off */
  return gst_structure_new (name,
      "frames", G_TYPE_UINT64, stats->frames,
      "bytes", G_TYPE_UINT64, stats->bytes,
      "waits", G_TYPE_UINT64, stats->waits,
      "wraps", G_TYPE_UINT64, stats->wraps,
      "ring-size", G_TYPE_UINT64, stats->ring_size,
      "ring-used", G_TYPE_UINT64, stats->ring_used,
      "ring-used-max", G_TYPE_UINT64, stats->ring_used_max,
      "peer-pid", G_TYPE_UINT64, stats->peer_pid,
      NULL);
  /* clang-format on */
}
