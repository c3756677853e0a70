/* SPDX-License-Identifier: MIT */
#ifndef GST_ZERO_BUFFER_SRC_H
#define GST_ZERO_BUFFER_SRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_ZERO_BUFFER_SRC (gst_zero_buffer_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstZeroBufferSrc, gst_zero_buffer_src, GST, ZERO_BUFFER_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (zerobuffersrc)

G_END_DECLS

#endif
