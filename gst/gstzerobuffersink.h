/* SPDX-License-Identifier: MIT */
#ifndef GST_ZERO_BUFFER_SINK_H
#define GST_ZERO_BUFFER_SINK_H

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_ZERO_BUFFER_SINK (gst_zero_buffer_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstZeroBufferSink, gst_zero_buffer_sink, GST, ZERO_BUFFER_SINK, GstBaseSink)

GST_ELEMENT_REGISTER_DECLARE (zerobuffersink)

G_END_DECLS

#endif
