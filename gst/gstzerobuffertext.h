/* SPDX-License-Identifier: MIT */
/* Text from other processes that is to be parsed. */
#ifndef GST_ZERO_BUFFER_TEXT_H
#define GST_ZERO_BUFFER_TEXT_H

#include <glib.h>

#define GST_ZERO_BUFFER_TEXT_MAX_DEPTH 64

/* Parsers of JSON and of GstStructures call themselves for what is nested, and
 * so use up their stack.  Brackets within strings count too, which errs on the
 * safe side: there they are few, or balanced. */
static inline gboolean
gst_zero_buffer_text_is_too_deep (const gchar *text, gsize size)
{
  gint depth = 0;

  for (gsize i = 0; i < size; i++) {
    switch (text[i]) {
      case '[':
      case '{':
      case '<':
        if (++depth > GST_ZERO_BUFFER_TEXT_MAX_DEPTH)
          return TRUE;
        break;
      case ']':
      case '}':
      case '>':
        if (depth > 0)
          depth--;
        break;
      default:
        break;
    }
  }
  return FALSE;
}

#endif
