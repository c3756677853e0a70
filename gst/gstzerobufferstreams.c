/* SPDX-License-Identifier: MIT */
#include "gstzerobufferstreams.h"

/* Deeper than any table of contents, and far from using up the stack. */
#define MAX_DEPTH 16

/* clang-format off */

static void
write_entry (GstTocEntry *entry, GByteArray *bytes)
{
  gint64 start = -1, stop = -1;
  GstTocLoopType loop = GST_TOC_LOOP_NONE;
  gint repeat = 0;
  GList *entries = gst_toc_entry_get_sub_entries (entry);
  GstTagList *tags = gst_toc_entry_get_tags (entry);
  GstStructure *fields;

  gst_toc_entry_get_start_stop_times (entry, &start, &stop);
  gst_toc_entry_get_loop (entry, &loop, &repeat);
  fields = gst_structure_new ("entry",
      "type", G_TYPE_INT, (gint) gst_toc_entry_get_entry_type (entry),
      "uid", G_TYPE_STRING, gst_toc_entry_get_uid (entry),
      "start", G_TYPE_INT64, start, "stop", G_TYPE_INT64, stop,
      "loop", G_TYPE_INT, (gint) loop, "repeat", G_TYPE_INT, repeat,
      "entries", G_TYPE_UINT, g_list_length (entries),
      NULL);
  if (tags)
    gst_structure_set (fields, "tags", GST_TYPE_TAG_LIST, tags, NULL);
  gst_zero_buffer_take_structure (bytes, fields);
  for (; entries; entries = entries->next)
    write_entry (entries->data, bytes);
}

static GstTocEntry *read_entry (GstByteReader *data, guint depth);

static gboolean
read_sub_entries (
    GstTocEntry *entry, guint count, GstByteReader *data, guint depth)
{
  for (guint i = 0; i < count; i++) {
    GstTocEntry *sub = read_entry (data, depth + 1);
    if (!sub)
      return FALSE;
    gst_toc_entry_append_sub_entry (entry, sub);
  }
  return TRUE;
}

static GstTocEntry *
make_entry (const GstStructure *fields, guint *entries)
{
  const gchar *uid = gst_structure_get_string (fields, "uid");
  gint type, loop, repeat;
  gint64 start, stop;
  GstTagList *tags;
  GstTocEntry *entry;

  if (!uid || !gst_structure_get (fields, "type", G_TYPE_INT, &type,
          "start", G_TYPE_INT64, &start, "stop", G_TYPE_INT64, &stop,
          "loop", G_TYPE_INT, &loop, "repeat", G_TYPE_INT, &repeat,
          "entries", G_TYPE_UINT, entries, NULL))
    return NULL;
  entry = gst_toc_entry_new (type, uid);
  gst_toc_entry_set_start_stop_times (entry, start, stop);
  gst_toc_entry_set_loop (entry, loop, repeat);
  if (gst_structure_get (fields, "tags", GST_TYPE_TAG_LIST, &tags, NULL))
    gst_toc_entry_set_tags (entry, tags);
  return entry;
}

/* clang-format on */

static GstTocEntry *
read_entry (GstByteReader *data, guint depth)
{
  GstTocEntry *entry;
  GstStructure *fields;
  guint entries;

  if (depth > MAX_DEPTH || !(fields = gst_zero_buffer_get_structure (data)))
    return NULL;
  entry = make_entry (fields, &entries);
  gst_structure_free (fields);
  if (entry && !read_sub_entries (entry, entries, data, depth)) {
    gst_toc_entry_unref (entry);
    return NULL;
  }
  return entry;
}

void
gst_zero_buffer_toc_write (GstToc *toc, GByteArray *bytes)
{
  GstTagList *tags = gst_toc_get_tags (toc);
  GstStructure *fields = gst_structure_new (
      "toc", "scope", G_TYPE_INT, (gint) gst_toc_get_scope (toc), NULL);

  if (tags)
    gst_structure_set (fields, "tags", GST_TYPE_TAG_LIST, tags, NULL);
  gst_zero_buffer_take_structure (bytes, fields);
  for (GList *e = gst_toc_get_entries (toc); e; e = e->next)
    write_entry (e->data, bytes);
}

GstToc *
gst_zero_buffer_toc_read (GstByteReader *data)
{
  GstStructure *fields = gst_zero_buffer_get_structure (data);
  GstToc *toc = NULL;
  GstTagList *tags;
  GstTocEntry *entry;
  gint scope;

  if (!fields)
    return NULL;
  if (gst_structure_get_int (fields, "scope", &scope) &&
      (scope == GST_TOC_SCOPE_GLOBAL || scope == GST_TOC_SCOPE_CURRENT)) {
    toc = gst_toc_new (scope);
    if (gst_structure_get (fields, "tags", GST_TYPE_TAG_LIST, &tags, NULL))
      gst_toc_set_tags (toc, tags);
    while ((entry = read_entry (data, 0)))
      gst_toc_append_entry (toc, entry);
  }
  gst_structure_free (fields);
  return toc;
}

/* ---- streams ---- */

void
gst_zero_buffer_stream_write (GstStream *stream, GByteArray *bytes)
{
  GstCaps *caps = gst_stream_get_caps (stream);
  GstTagList *tags = gst_stream_get_tags (stream);
  GstStructure *fields = gst_structure_new ("stream", "id", G_TYPE_STRING,
      gst_stream_get_stream_id (stream), "type", G_TYPE_UINT,
      (guint) gst_stream_get_stream_type (stream), "flags", G_TYPE_UINT,
      (guint) gst_stream_get_stream_flags (stream), NULL);

  if (caps) {
    gst_structure_set (fields, "caps", GST_TYPE_CAPS, caps, NULL);
    gst_caps_unref (caps);
  }
  if (tags) {
    gst_structure_set (fields, "tags", GST_TYPE_TAG_LIST, tags, NULL);
    gst_tag_list_unref (tags);
  }
  gst_zero_buffer_take_structure (bytes, fields);
}

/* A property takes no others. */
static guint
get_known_flags (GType type, guint flags)
{
  GFlagsClass *klass = g_type_class_ref (type);
  guint known = flags & klass->mask;

  g_type_class_unref (klass);
  return known;
}

static GstStream *
make_stream (const GstStructure *fields)
{
  GstCaps *caps = NULL;
  GstTagList *tags = NULL;
  guint type, flags;
  GstStream *stream;

  if (!gst_structure_get (fields, "type", G_TYPE_UINT, &type, "flags",
          G_TYPE_UINT, &flags, NULL))
    return NULL;
  gst_structure_get (fields, "caps", GST_TYPE_CAPS, &caps, NULL);
  gst_structure_get (fields, "tags", GST_TYPE_TAG_LIST, &tags, NULL);
  stream = gst_stream_new (gst_structure_get_string (fields, "id"), caps,
      get_known_flags (GST_TYPE_STREAM_TYPE, type),
      get_known_flags (GST_TYPE_STREAM_FLAGS, flags));
  if (tags)
    gst_stream_set_tags (stream, tags);
  gst_clear_caps (&caps);
  g_clear_pointer (&tags, gst_tag_list_unref);
  return stream;
}

GstStream *
gst_zero_buffer_stream_read (GstByteReader *data)
{
  GstStructure *fields = gst_zero_buffer_get_structure (data);
  GstStream *stream = fields ? make_stream (fields) : NULL;

  gst_clear_structure (&fields);
  return stream;
}
