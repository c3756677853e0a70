/* SPDX-License-Identifier: MIT */
/* Caps of what can be sent to another process, and of what cannot. */
#ifndef GST_ZERO_BUFFER_CAPS_H
#define GST_ZERO_BUFFER_CAPS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Whether one of @caps has a feature that means nothing in another process. */
gboolean gst_zero_buffer_caps_have_foreign (GstCaps *caps);

/* Those of @caps that can be sent; takes @caps over. */
GstCaps *gst_zero_buffer_caps_remove_foreign (GstCaps *caps);

G_END_DECLS

#endif
