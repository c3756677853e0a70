/* SPDX-License-Identifier: MIT */
/* What text from another process may be parsed: JSON, and what caps and structures
 * are written as. */
#ifndef GST_ZERO_BUFFER_TEXT_H
#define GST_ZERO_BUFFER_TEXT_H

#include <glib.h>

G_BEGIN_DECLS

/* Whether GStreamer's parsers of structures and caps might use up their stack on
 * it, or all time. */
gboolean gst_zero_buffer_text_is_too_deep (const gchar *text, gsize size);

/* The same for a parser of JSON. */
gboolean gst_zero_buffer_json_is_too_deep (const gchar *text, gsize size);

G_END_DECLS

#endif
