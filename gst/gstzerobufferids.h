/* SPDX-License-Identifier: MIT */
/*
 * Group ids and seqnums are numbers of one process.  This maps those of a
 * producer's process to numbers of ours: equal numbers stay equal, different
 * numbers stay different, and no number is one that something else here has.
 *
 * All sources that read from one process share its table, so that the streams of
 * one group there are one group here.
 */
#ifndef GST_ZERO_BUFFER_IDS_H
#define GST_ZERO_BUFFER_IDS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstZeroBufferIds GstZeroBufferIds;

/* The table of process @pid; 0, a process that is not known, has a table for each
 * caller.  Release it when the producer is gone: a process that gets the same pid
 * later is another one.  Any thread. */
GstZeroBufferIds *gst_zero_buffer_ids_get (guint64 pid);
void gst_zero_buffer_ids_release (GstZeroBufferIds *ids);

/* Our numbers for theirs.  Numbers that were not asked for during the last 64 new
 * ones are forgotten.  Any thread. */
guint gst_zero_buffer_ids_map_group (GstZeroBufferIds *ids, guint group_id);
guint32 gst_zero_buffer_ids_map_seqnum (GstZeroBufferIds *ids, guint32 seqnum);

G_END_DECLS

#endif
