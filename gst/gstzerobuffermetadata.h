/* SPDX-License-Identifier: MIT */
/* The write-once metadata: one JSON object that says what the frames are. */
#ifndef GST_ZERO_BUFFER_METADATA_H
#define GST_ZERO_BUFFER_METADATA_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* The metadata that @element writes for frames of @caps, which may be NULL.
 * Free with g_free (). */
gchar *gst_zero_buffer_metadata_new (GstElement *element, GstCaps *caps);

/* The caps in it.  NULL without an error: it is JSON, but has none.  NULL with
 * an error: it is something else, or they cannot be understood. */
GstCaps *gst_zero_buffer_metadata_get_caps (
    gconstpointer data, gsize size, GError **error);

G_END_DECLS

#endif
