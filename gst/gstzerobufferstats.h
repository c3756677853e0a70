/* SPDX-License-Identifier: MIT */
#ifndef GST_ZERO_BUFFER_STATS_H
#define GST_ZERO_BUFFER_STATS_H

#include <gst/gst.h>
#include <zerobuffer.h>

G_BEGIN_DECLS

/* What the statistics of both elements have in common, as a structure of this
 * @name, to which each adds its own. */
GstStructure *gst_zero_buffer_stats_new (
    const gchar *name, const ZbStats *stats);

G_END_DECLS

#endif
