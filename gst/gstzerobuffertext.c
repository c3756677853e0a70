/* SPDX-License-Identifier: MIT */
#include "gstzerobuffertext.h"

#include <string.h>

/* Parsers call themselves for what is nested. */
#define MAX_DEPTH 64

/* A '[' may begin a range or a structure.  GStreamer tries one after the other,
 * and where none fits it takes twice as long for each one that it is in. */
#define MAX_SQUARES 8

/* Strings whose contents GStreamer parses in turn, one in another. */
#define MAX_QUOTES 8

/* Of text that is not as GStreamer writes it. */
#define MAX_PLAIN (64 * 1024)

/* GStreamer compares each field with all before it, and each feature too. */
#define MAX_FIELDS 1024
#define MAX_FEATURES 64

/* Text is accepted in one of two ways.  If it is as GStreamer itself writes it,
 * then it is known how it will be parsed, and strings may contain anything.  If
 * it is not, quotes, escapes and the rest may mean something else to the parser.
 * Such text must have so few brackets and fields that none of that matters. */

/* ---- words, as GStreamer and we understand them ---- */

typedef struct {
  const gchar *at, *end;
  guint quotes, depth; /* of strings, and of brackets, that this is in */
} Cursor;

/* What a value is taken for, by its type.  What comes later here is looked at
 * in all ways that what comes earlier is, or more strictly. */
typedef enum {
  KIND_TEXT,    /* contents of strings are not parsed */
  KIND_PARSED,  /* contents of strings may be parsed, without their escapes */
  KIND_SEGMENT, /* the same, but with their escapes */
  KIND_SAMPLE,  /* holds caps and structures in base64 */
} Kind;

static gboolean skip_value (Cursor *text, Kind kind);
static gboolean is_safe (const gchar *text, gsize size, const Cursor *within);

static gboolean
is_at (const Cursor *text, gchar c)
{
  return text->at < text->end && *text->at == c;
}

static gboolean
skip (Cursor *text, gchar c)
{
  if (!is_at (text, c))
    return FALSE;
  text->at++;
  return TRUE;
}

static void
skip_space (Cursor *text)
{
  while (text->at < text->end && g_ascii_isspace (*text->at))
    text->at++;
}

/* GStreamer's, of all versions. */
static gboolean
is_word (gchar c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("_-+/:.*", c));
}

static gboolean
skip_word (Cursor *text)
{
  const gchar *begin = text->at;

  while (text->at < text->end && is_word (*text->at))
    text->at++;
  return text->at > begin;
}

/* ---- values ---- */

static Kind
get_kind (const gchar *type, gsize size)
{
  static const gchar *const texts[] = { "string", "str", "s", "gchararray",
    "GStrv" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    if (size == strlen (texts[i]) && memcmp (type, texts[i], size) == 0)
      return KIND_TEXT;
  }
  if (g_strstr_len (type, size, "ample"))
    return KIND_SAMPLE;
  if (g_strstr_len (type, size, "egment"))
    return KIND_SEGMENT;
  return KIND_PARSED;
}

/* Leaves @kind as it is where no type is given. */
static gboolean
skip_type (Cursor *text, Kind *kind)
{
  const gchar *type;

  skip_space (text);
  if (!skip (text, '('))
    return TRUE;
  skip_space (text);
  type = text->at;
  if (!skip_word (text))
    return FALSE;
  *kind = get_kind (type, text->at - type);
  skip_space (text);
  return skip (text, ')');
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

static gboolean
are_contents_safe (
    const gchar *contents, gsize size, Kind kind, const Cursor *within)
{
  gchar *copy;
  gboolean safe;

  if (kind == KIND_TEXT)
    return TRUE;
  if (kind == KIND_SAMPLE)
    return FALSE;
  if (!memchr (contents, '\\', size))
    return is_safe (contents, size, within);
  if (kind == KIND_SEGMENT)
    return FALSE;
  copy = g_memdup2 (contents, size);
  safe = is_safe (copy, unescape (copy, size), within);
  g_free (copy);
  return safe;
}

static gboolean
skip_string (Cursor *text, Kind kind)
{
  const gchar *begin = ++text->at;

  while (text->at < text->end && *text->at != '"') {
    skip (text, '\\');
    if (text->at < text->end)
      text->at++;
  }
  if (!skip (text, '"'))
    return FALSE;
  return are_contents_safe (begin, text->at - 1 - begin, kind, text);
}

/* GStreamer reads on behind text that does not end by itself. */
static gboolean
is_base64_safe (const gchar *base64, const Cursor *within)
{
  gchar *copy = g_strdelimit (g_strdup (base64), "_", '=');
  gboolean safe = FALSE;
  gsize size;

  if (strlen (copy) >= 4) {
    g_base64_decode_inplace (copy, &size);
    safe = memchr (copy, '\0', size) && is_safe (copy, strlen (copy), within);
  }
  g_free (copy);
  return safe;
}

/* A sample is "data:caps:segment:info", and only the data is not in base64. */
static gboolean
is_sample_safe (const gchar *word, gsize size, const Cursor *within)
{
  gchar *copy = g_strndup (word, size);
  gchar **parts = g_strsplit (copy, ":", 5);
  gboolean safe = g_strv_length (parts) <= 4;

  for (guint i = 1; safe && parts[0] && parts[i]; i++) {
    if (strcmp (parts[i], "None") != 0)
      safe = is_base64_safe (parts[i], within);
  }
  g_strfreev (parts);
  g_free (copy);
  return safe;
}

static gboolean
skip_word_value (Cursor *text, Kind kind)
{
  const gchar *begin = text->at;

  return skip_word (text) &&
         (kind != KIND_SAMPLE ||
             is_sample_safe (begin, text->at - begin, text));
}

/* Only words, so that '[' is never nested, and no quotes, since GStreamer may
 * look for a ']' in strings too. */
static gboolean
skip_range (Cursor *text, Kind kind)
{
  text->at++;
  do {
    Kind own = kind;

    if (!skip_type (text, &own))
      return FALSE;
    skip_space (text);
    if (!skip_word_value (text, own))
      return FALSE;
    skip_space (text);
  } while (skip (text, ','));
  return skip (text, ']');
}

/* To some versions of GStreamer the type of the first value is that of all. */
static Kind
get_kind_of_all (const Cursor *text, Kind kind)
{
  Cursor first = *text;
  Kind own = kind;

  skip_type (&first, &own);
  return MAX (kind, own);
}

static gboolean
skip_list (Cursor *text, Kind kind, gchar close)
{
  if (++text->depth > MAX_DEPTH)
    return FALSE;
  text->at++;
  kind = get_kind_of_all (text, kind);
  skip_space (text);
  if (!is_at (text, close)) {
    do {
      if (!skip_value (text, kind))
        return FALSE;
      skip_space (text);
    } while (skip (text, ','));
  }
  text->depth--;
  return skip (text, close);
}

static gboolean
skip_value (Cursor *text, Kind kind)
{
  if (!skip_type (text, &kind))
    return FALSE;
  skip_space (text);
  if (text->at >= text->end)
    return FALSE;
  switch (*text->at) {
    case '"':
      return skip_string (text, kind);
    case '{':
      return skip_list (text, kind, '}');
    case '<':
      return skip_list (text, kind, '>');
    case '[':
      return skip_range (text, kind);
    default:
      return skip_word_value (text, kind);
  }
}

/* ---- structures, and so caps ---- */

static gboolean
skip_features (Cursor *text)
{
  guint count = 0;

  if (!skip (text, '('))
    return TRUE;
  do {
    skip_space (text);
    if (++count > MAX_FEATURES || !skip_word (text))
      return FALSE;
    skip_space (text);
  } while (skip (text, ','));
  return skip (text, ')');
}

static gboolean
skip_field (Cursor *text)
{
  if (!skip_word (text))
    return FALSE;
  skip_space (text);
  return skip (text, '=') && skip_value (text, KIND_TEXT);
}

static gboolean
skip_end (Cursor *text)
{
  skip_space (text);
  return skip (text, ';') || text->at == text->end;
}

static gboolean
skip_structure (Cursor *text)
{
  guint count = 0;

  if (!skip_word (text) || !skip_features (text))
    return FALSE;
  while (!skip_end (text)) {
    if (!skip (text, ','))
      return FALSE;
    if (skip_end (text))
      return TRUE;
    if (++count > MAX_FIELDS || !skip_field (text))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_well_formed (Cursor *text)
{
  skip_space (text);
  while (text->at < text->end) {
    if (!skip_structure (text))
      return FALSE;
    skip_space (text);
  }
  return TRUE;
}

/* ---- what is written some other way ---- */

static gsize
count (const gchar *text, gsize size, const gchar *set)
{
  gsize found = 0;

  for (gsize i = 0; i < size; i++)
    found += text[i] != '\0' && strchr (set, text[i]) != NULL;
  return found;
}

/* Without a backslash brackets are not written another way, and there are no
 * strings in strings.  In a sample they would be. */
static gboolean
is_plain (const gchar *text, gsize size)
{
  return size <= MAX_PLAIN && !memchr (text, '\\', size) &&
         !g_strstr_len (text, size, "ample") &&
         count (text, size, "[") <= MAX_SQUARES &&
         count (text, size, "{<") <= MAX_DEPTH &&
         count (text, size, ",") <= MAX_FIELDS;
}

/* @within: the text that it is in. */
static gboolean
is_safe (const gchar *text, gsize size, const Cursor *within)
{
  Cursor cursor = { text, text + size, within->quotes + 1, within->depth };

  return cursor.quotes <= MAX_QUOTES + 1 &&
         (is_well_formed (&cursor) || is_plain (text, size));
}

gboolean
gst_zero_buffer_text_is_too_deep (const gchar *text, gsize size)
{
  const Cursor nothing = { NULL, NULL, 0, 0 };

  return !is_safe (text, size, &nothing);
}

/* ---- JSON ---- */

static gboolean
skip_hex (Cursor *text)
{
  for (guint i = 0; i < 4; i++, text->at++) {
    if (text->at >= text->end || !g_ascii_isxdigit (*text->at))
      return FALSE;
  }
  return TRUE;
}

/* A parser may take whatever follows half of a pair for the other half. */
static gboolean
skip_code_point (Cursor *text)
{
  const gchar *begin = text->at;

  if (!skip_hex (text))
    return FALSE;
  if (g_ascii_toupper (begin[0]) != 'D' || begin[1] < '8')
    return TRUE;
  return skip (text, '\\') && skip (text, 'u') && skip_hex (text);
}

static gboolean
skip_json_escape (Cursor *text)
{
  gchar c = text->at < text->end ? *text->at++ : '\0';

  if (c == 'u')
    return skip_code_point (text);
  return c != '\0' && strchr ("\"\\/bfnrt", c);
}

static gboolean
skip_json_string (Cursor *text)
{
  while (text->at < text->end) {
    guchar c = *text->at++;

    if (c == '"')
      return TRUE;
    if (c < ' ' || (c == '\\' && !skip_json_escape (text)))
      return FALSE;
  }
  return FALSE;
}

/* Only what JSON consists of: no comments, and no quotes of other kinds.  */
static gboolean
skip_json_token (Cursor *text)
{
  gchar c = *text->at++;

  switch (c) {
    case '"':
      return skip_json_string (text);
    case '{':
    case '[':
      return ++text->depth <= MAX_DEPTH;
    case '}':
    case ']':
      return text->depth-- > 0;
    default:
      return g_ascii_isalnum (c) || g_ascii_isspace (c) ||
             (c != '\0' && strchr (",:+-.", c));
  }
}

gboolean
gst_zero_buffer_json_is_too_deep (const gchar *text, gsize size)
{
  Cursor cursor = { text, text + size, 0, 0 };

  while (cursor.at < cursor.end) {
    if (!skip_json_token (&cursor))
      return count (text, size, "{[") > MAX_DEPTH;
  }
  return FALSE;
}
