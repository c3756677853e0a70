/* SPDX-License-Identifier: MIT */
/*
 * What a buffer has beside its bytes, times and flags, as extra records of a
 * media record: offsets and metas.
 *
 * A meta of a kind that cannot be written down, or that the reading process does
 * not know, is left out.
 */
#ifndef GST_ZERO_BUFFER_METAS_H
#define GST_ZERO_BUFFER_METAS_H

#include "gstzerobufferrecord.h"

G_BEGIN_DECLS

/* Appends the extra records of @buffer. */
void gst_zero_buffer_metas_write (GstBuffer *buffer, GByteArray *bytes);

/* Adds to @buffer, which has its memory and flags, what @extras say.  FALSE if
 * they are no extra records. */
gboolean gst_zero_buffer_metas_read (GstBuffer *buffer, GstByteReader *extras);

G_END_DECLS

#endif
