/* SPDX-License-Identifier: MIT */
/* What can be seen of the elements before a sink that does not take buffers. */
#ifndef GST_ZERO_BUFFER_UPSTREAM_H
#define GST_ZERO_BUFFER_UPSTREAM_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_ZERO_BUFFER_UPSTREAM_RUNS,
  GST_ZERO_BUFFER_UPSTREAM_ENDED, /* the application has ended all sources */
  GST_ZERO_BUFFER_UPSTREAM_HELD,  /* somebody is about to change a source */
} GstZeroBufferUpstream;

/* Looks at all elements between @sinkpad and the sources of its stream.  Takes
 * locks of pads and elements, one at a time and briefly: call without any. */
GstZeroBufferUpstream gst_zero_buffer_upstream_look (GstPad *sinkpad);

G_END_DECLS

#endif
