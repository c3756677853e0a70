/* SPDX-License-Identifier: MIT */
#ifndef GST_ZERO_BUFFER_ERROR_H
#define GST_ZERO_BUFFER_ERROR_H

#include <gst/gst.h>
#include <zerobuffer.h>

G_BEGIN_DECLS

/* Posts an error message for what the library reported.  @hint, which may be
 * NULL, is one more sentence for the user.  Not to be called with the
 * OBJECT_LOCK held. */
#define gst_zero_buffer_post_error(element, error, hint)                       \
  gst_zero_buffer_post_error_full (                                            \
      GST_ELEMENT (element), error, hint, __FILE__, GST_FUNCTION, __LINE__)

void gst_zero_buffer_post_error_full (GstElement *element, const ZbError *error,
    const gchar *hint, const gchar *file, const gchar *function, gint line);

/* Where @message, of @element, says that its source @pad was not negotiated, and no
 * more: the same with the caps, and the pad that they went to.  Takes @message
 * over. */
GstMessage *gst_zero_buffer_explain_refusal (
    GstElement *element, GstPad *pad, GstMessage *message);

G_END_DECLS

#endif
