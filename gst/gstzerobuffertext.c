/* SPDX-License-Identifier: MIT */
#include "gstzerobuffertext.h"

#include <string.h>

/* Parsers call themselves for what is nested. */
#define MAX_DEPTH 64

/* A '[' may begin a range, a list or a structure.  GStreamer tries one after the
 * other, and where none fits it takes twice as long for each one that it is in. */
#define MAX_SQUARE_DEPTH 8

/* Brackets within strings count too, which errs on the safe side: there they are
 * few, or balanced. */
static gboolean
is_nested (const gchar *text, gsize size)
{
  gint depth = 0, square_depth = 0;

  for (gsize i = 0; i < size; i++) {
    switch (text[i]) {
      case '[':
        square_depth++;
        depth++;
        break;
      case '{':
      case '<':
        depth++;
        break;
      case ']':
        square_depth = MAX (square_depth - 1, 0);
        depth = MAX (depth - 1, 0);
        break;
      case '}':
      case '>':
        depth = MAX (depth - 1, 0);
        break;
      default:
        break;
    }
    if (depth > MAX_DEPTH || square_depth > MAX_SQUARE_DEPTH)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_octal (const gchar *text, gsize size)
{
  return size >= 3 && text[0] >= '0' && text[0] <= '3' && text[1] >= '0' &&
         text[1] <= '7' && text[2] >= '0' && text[2] <= '7';
}

/* In place, as strings of GStreamer's are.  Returns what is left of @size. */
static gsize
unescape (gchar *text, gsize size)
{
  gsize from = 0, to = 0;

  while (from < size) {
    gboolean escaped = text[from] == '\\';

    if (escaped && ++from == size)
      break;
    if (escaped && is_octal (text + from, size - from)) {
      text[to++] =
          (gchar) ((text[from] - '0') << 6 | (text[from + 1] - '0') << 3 |
                   (text[from + 2] - '0'));
      from += 3;
    } else {
      text[to++] = text[from++];
    }
  }
  return to;
}

/* Strings may hold text that is parsed in turn, where brackets may be written
 * another way. */
gboolean
gst_zero_buffer_text_is_too_deep (const gchar *text, gsize size)
{
  gboolean deep = is_nested (text, size);
  gchar *copy;

  if (deep || !memchr (text, '\\', size))
    return deep;
  copy = g_memdup2 (text, size);
  while (!deep && memchr (copy, '\\', size)) {
    size = unescape (copy, size);
    deep = is_nested (copy, size);
  }
  g_free (copy);
  return deep;
}
