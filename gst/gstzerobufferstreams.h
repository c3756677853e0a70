/* SPDX-License-Identifier: MIT */
/* What events refer to that GStreamer cannot write down itself: tables of
 * contents, and descriptions of streams. */
#ifndef GST_ZERO_BUFFER_STREAMS_H
#define GST_ZERO_BUFFER_STREAMS_H

#include "gstzerobufferrecord.h"

G_BEGIN_DECLS

void gst_zero_buffer_toc_write (GstToc *toc, GByteArray *bytes);

/* NULL if @data goes on with none. */
GstToc *gst_zero_buffer_toc_read (GstByteReader *data);

void gst_zero_buffer_stream_write (GstStream *stream, GByteArray *bytes);

/* NULL if @data goes on with none. */
GstStream *gst_zero_buffer_stream_read (GstByteReader *data);

G_END_DECLS

#endif
