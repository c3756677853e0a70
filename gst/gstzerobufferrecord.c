/* SPDX-License-Identifier: MIT */
#include "gstzerobufferrecord.h"

#include <string.h>

#include "gstzerobufferdebug.h"
#include "gstzerobuffertext.h"

/* Frames stay aligned if their header of 16 bytes and they together are a
 * multiple of this. */
#define FRAME_ALIGNMENT 64

gsize
gst_zero_buffer_record_get_size (const GstZeroBufferRecord *record)
{
  guint64 fixed = GST_ZERO_BUFFER_FRAME_HEADER_SIZE +
                  GST_ZERO_BUFFER_RECORD_HEADER_SIZE + FRAME_ALIGNMENT - 1 +
                  (guint64) record->extra_size;
  guint64 size;

  if (record->data_size > G_MAXINT64 - fixed)
    return 0;
  size = (fixed + record->data_size) & ~(guint64) (FRAME_ALIGNMENT - 1);
  return size - GST_ZERO_BUFFER_FRAME_HEADER_SIZE;
}

guint8 *
gst_zero_buffer_record_write (
    const GstZeroBufferRecord *record, guint8 *place, const guint8 *extra)
{
  guint8 *data = place + GST_ZERO_BUFFER_RECORD_HEADER_SIZE;
  guint8 *end = place + gst_zero_buffer_record_get_size (record);
  guint8 *extras = data + record->data_size;

  GST_WRITE_UINT16_LE (place, record->kind);
  GST_WRITE_UINT16_LE (place + 2, 0);
  GST_WRITE_UINT32_LE (place + 4, record->flags);
  GST_WRITE_UINT64_LE (place + 8, record->data_size);
  GST_WRITE_UINT64_LE (place + 16, record->pts);
  GST_WRITE_UINT64_LE (place + 24, record->dts);
  GST_WRITE_UINT64_LE (place + 32, record->duration);
  GST_WRITE_UINT32_LE (place + 40, record->extra_size);
  GST_WRITE_UINT32_LE (place + 44, 0);
  if (record->extra_size > 0)
    memcpy (extras, extra, record->extra_size);
  extras += record->extra_size;
  memset (extras, 0, end - extras);
  return data;
}

gboolean
gst_zero_buffer_record_read (
    GstZeroBufferRecord *record, const guint8 *payload, gsize size)
{
  guint64 copy[GST_ZERO_BUFFER_RECORD_HEADER_SIZE / sizeof (guint64)];
  const guint8 *header = (const guint8 *) copy;
  gsize rest;

  if (size < sizeof copy)
    return FALSE;
  memcpy (copy, payload, sizeof copy);
  record->kind = GST_READ_UINT16_LE (header);
  record->flags = GST_READ_UINT32_LE (header + 4);
  record->data_size = GST_READ_UINT64_LE (header + 8);
  record->pts = GST_READ_UINT64_LE (header + 16);
  record->dts = GST_READ_UINT64_LE (header + 24);
  record->duration = GST_READ_UINT64_LE (header + 32);
  record->extra_size = GST_READ_UINT32_LE (header + 40);

  rest = size - sizeof copy;
  return record->data_size <= rest &&
         record->extra_size <= rest - record->data_size;
}

/* ---- writing ---- */

void
gst_zero_buffer_put_u32 (GByteArray *bytes, guint32 value)
{
  guint32 le = GUINT32_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, sizeof le);
}

void
gst_zero_buffer_put_u64 (GByteArray *bytes, guint64 value)
{
  guint64 le = GUINT64_TO_LE (value);

  g_byte_array_append (bytes, (const guint8 *) &le, sizeof le);
}

void
gst_zero_buffer_put_string (GByteArray *bytes, const gchar *value)
{
  if (!value)
    value = "";
  g_byte_array_append (bytes, (const guint8 *) value, strlen (value) + 1);
}

/* As many as anybody reads. */
#define MAX_LOSSES 256

gboolean
gst_zero_buffer_is_first_loss (const gchar *name, const gchar *field)
{
  static GHashTable *known;
  static GMutex lock; /* of known */
  gchar *loss = g_strconcat (name, ".", field, NULL);
  gboolean first = FALSE;

  g_mutex_lock (&lock);
  if (!known)
    known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (g_hash_table_size (known) < MAX_LOSSES)
    first = g_hash_table_add (known, g_steal_pointer (&loss));
  g_mutex_unlock (&lock);
  g_free (loss);
  return first;
}

static void
leave_out (const gchar *name, const gchar *field, const GValue *value)
{
  const gchar *type = G_VALUE_TYPE_NAME (value);

  if (gst_zero_buffer_is_first_loss (name, field))
    GST_WARNING ("The field %s of %s stays behind, here and from now on: a %s "
                 "cannot be written down",
        field, name, type);
  else
    GST_DEBUG ("The field %s of %s, a %s, stays behind", field, name, type);
}

/* Pointers and objects mean nothing elsewhere. */
static gboolean
can_be_written (GQuark field, GValue *value, gpointer structure)
{
  gchar *text;

  if (G_VALUE_HOLDS_STRING (value))
    return TRUE;
  text = gst_value_serialize (value);
  if (!text)
    leave_out (
        gst_structure_get_name (structure), g_quark_to_string (field), value);
  g_free (text);
  return text != NULL;
}

void
gst_zero_buffer_put_structure (GByteArray *bytes, const GstStructure *structure)
{
  GstStructure *copy = gst_structure_copy (structure);
  gchar *text;

  gst_structure_filter_and_map_in_place (
      copy, can_be_written, (gpointer) structure);
  text = gst_structure_to_string (copy);
  gst_zero_buffer_put_string (bytes, text);
  g_free (text);
  gst_structure_free (copy);
}

void
gst_zero_buffer_take_structure (GByteArray *bytes, GstStructure *structure)
{
  gst_zero_buffer_put_structure (bytes, structure);
  gst_structure_free (structure);
}

guint
gst_zero_buffer_extra_begin (GByteArray *bytes, guint32 kind)
{
  gst_zero_buffer_put_u32 (bytes, kind);
  gst_zero_buffer_put_u32 (bytes, 0);
  return bytes->len;
}

void
gst_zero_buffer_extra_end (GByteArray *bytes, guint begin)
{
  guint32 size = GUINT32_TO_LE (bytes->len - begin);

  memcpy (bytes->data + begin - sizeof size, &size, sizeof size);
}

/* ---- reading ---- */

gboolean
gst_zero_buffer_extra_next (GstByteReader *extras, guint32 *kind,
    GstByteReader *extra, gboolean *corrupt)
{
  guint32 size;

  if (gst_byte_reader_get_remaining (extras) == 0)
    return FALSE;
  if (gst_byte_reader_get_uint32_le (extras, kind) &&
      gst_byte_reader_get_uint32_le (extras, &size) &&
      gst_byte_reader_get_sub_reader (extras, extra, size))
    return TRUE;
  *corrupt = TRUE;
  return FALSE;
}

/* Of a long text the beginning will do. */
#define SHOWN 60

GstStructure *
gst_zero_buffer_get_structure (GstByteReader *reader)
{
  GstStructure *structure;
  const gchar *text;
  gchar *end;

  if (!gst_byte_reader_get_string_utf8 (reader, &text) || !*text)
    return NULL;
  if (gst_zero_buffer_text_is_too_deep (text, strlen (text))) {
    GST_WARNING ("Left out, since it is nested too deep or has too many "
                 "fields: %.*s...",
        SHOWN, text);
    return NULL;
  }
  structure = gst_structure_from_string (text, &end);
  if (structure && *end != '\0')
    gst_clear_structure (&structure);
  if (!structure)
    GST_WARNING ("Left out, since it is no structure: %.*s...", SHOWN, text);
  return structure;
}
