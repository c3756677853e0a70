/* SPDX-License-Identifier: MIT */
#include "gstzerobuffermetas.h"

#include <gst/audio/audio.h>
#include <gst/video/gstvideotimecode.h>
#include <gst/video/video-anc.h>
#include <gst/video/video-sei.h>
#include <gst/video/video.h>

#include "gstzerobufferformat.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffermetas_debug);
#define GST_CAT_DEFAULT ensure_debug_category ()

static GstDebugCategory *
ensure_debug_category (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    GST_DEBUG_CATEGORY_INIT (zerobuffermetas_debug, "zerobuffermetas", 0,
        "Metas of buffers across the process boundary");
    g_once_init_leave (&done, 1);
  }
  return zerobuffermetas_debug;
}

/* What names of types can be, and how many of them another process may have
 * registered here, for good. */
#define META_NAME "^[A-Za-z_][A-Za-z0-9_+-]{2,99}$"
#define MAX_CUSTOM_METAS 64

/* The kinds of extra records. */
enum {
  EXTRA_OFFSETS = 1,    /* u64 offset, u64 offset_end */
  EXTRA_VIDEO_META = 2, /* see write_video_meta () */
  EXTRA_META = 3,       /* a structure, as text, and more as its name says */
  EXTRA_SERIALIZED = 4, /* as gst_meta_serialize () of GStreamer 1.24 has it */
};

/* ---- offsets ---- */

static void
write_offsets (GstBuffer *buffer, GByteArray *bytes)
{
  guint begin;

  if (!GST_BUFFER_OFFSET_IS_VALID (buffer) &&
      !GST_BUFFER_OFFSET_END_IS_VALID (buffer))
    return;
  begin = gst_zero_buffer_extra_begin (bytes, EXTRA_OFFSETS);
  gst_zero_buffer_put_u64 (bytes, GST_BUFFER_OFFSET (buffer));
  gst_zero_buffer_put_u64 (bytes, GST_BUFFER_OFFSET_END (buffer));
  gst_zero_buffer_extra_end (bytes, begin);
}

static gboolean
read_offsets (GstBuffer *buffer, GstByteReader *extra)
{
  return gst_byte_reader_get_uint64_le (extra, &GST_BUFFER_OFFSET (buffer)) &&
         gst_byte_reader_get_uint64_le (extra, &GST_BUFFER_OFFSET_END (buffer));
}

/* ---- GstVideoMeta: of every picture, and so the one that is not text ---- */

static void
write_video_meta (GstVideoMeta *meta, GByteArray *bytes)
{
  const GstVideoAlignment *align = &meta->alignment;
  guint begin = gst_zero_buffer_extra_begin (bytes, EXTRA_VIDEO_META);

  gst_zero_buffer_put_u32 (bytes, meta->flags);
  gst_zero_buffer_put_u32 (bytes, meta->format);
  gst_zero_buffer_put_u32 (bytes, meta->id);
  gst_zero_buffer_put_u32 (bytes, meta->width);
  gst_zero_buffer_put_u32 (bytes, meta->height);
  gst_zero_buffer_put_u32 (bytes, align->padding_top);
  gst_zero_buffer_put_u32 (bytes, align->padding_bottom);
  gst_zero_buffer_put_u32 (bytes, align->padding_left);
  gst_zero_buffer_put_u32 (bytes, align->padding_right);
  gst_zero_buffer_put_u32 (bytes, meta->n_planes);
  for (guint i = 0; i < meta->n_planes; i++) {
    gst_zero_buffer_put_u64 (bytes, meta->offset[i]);
    gst_zero_buffer_put_u32 (bytes, meta->stride[i]);
    gst_zero_buffer_put_u32 (bytes, align->stride_align[i]);
  }
  gst_zero_buffer_extra_end (bytes, begin);
}

static gboolean
read_video_fields (GstByteReader *extra, GstVideoMeta *meta)
{
  GstVideoAlignment *align = &meta->alignment;
  guint32 flags, format, id;

  if (!gst_byte_reader_get_uint32_le (extra, &flags) ||
      !gst_byte_reader_get_uint32_le (extra, &format) ||
      !gst_byte_reader_get_uint32_le (extra, &id) ||
      !gst_byte_reader_get_uint32_le (extra, &meta->width) ||
      !gst_byte_reader_get_uint32_le (extra, &meta->height) ||
      !gst_byte_reader_get_uint32_le (extra, &align->padding_top) ||
      !gst_byte_reader_get_uint32_le (extra, &align->padding_bottom) ||
      !gst_byte_reader_get_uint32_le (extra, &align->padding_left) ||
      !gst_byte_reader_get_uint32_le (extra, &align->padding_right) ||
      !gst_byte_reader_get_uint32_le (extra, &meta->n_planes) ||
      meta->n_planes > GST_VIDEO_MAX_PLANES)
    return FALSE;
  meta->flags = flags;
  meta->format = format;
  meta->id = id;
  for (guint i = 0; i < meta->n_planes; i++) {
    guint64 offset;
    if (!gst_byte_reader_get_uint64_le (extra, &offset) ||
        !gst_byte_reader_get_int32_le (extra, &meta->stride[i]) ||
        !gst_byte_reader_get_uint32_le (extra, &align->stride_align[i]))
      return FALSE;
    meta->offset[i] = offset;
  }
  return TRUE;
}

static gboolean
read_video_meta (GstBuffer *buffer, GstByteReader *extra)
{
  gboolean one_field = GST_BUFFER_FLAG_IS_SET (
      buffer, (GstBufferFlags) GST_VIDEO_BUFFER_FLAG_ONEFIELD);
  GstVideoMeta fields = { 0 };
  GstVideoMeta *meta;

  if (!read_video_fields (extra, &fields))
    return FALSE;
  if (!gst_zero_buffer_format_has_planes (&fields, one_field, buffer)) {
    GST_WARNING (
        "A GstVideoMeta does not fit its buffer %" GST_PTR_FORMAT, buffer);
    return TRUE;
  }
  meta = gst_buffer_add_video_meta_full (buffer, fields.flags, fields.format,
      fields.width, fields.height, fields.n_planes, fields.offset,
      fields.stride);
  meta->id = fields.id;
  gst_zero_buffer_format_set_alignment (meta, &fields.alignment);
  return TRUE;
}

/* ---- the others: a structure, and what does not go into it ---- */

/* Reads fields of the types that they must have.  clang-format has its own idea
 * of varargs in pairs. */
/* clang-format off */

static void
write_audio_meta (GstMeta *meta, GByteArray *bytes)
{
  GstAudioMeta *audio = (GstAudioMeta *) meta;
  GstCaps *caps = gst_audio_info_to_caps (&audio->info);
  gboolean planar = audio->offsets != NULL;
  guint channels = planar ? GST_AUDIO_INFO_CHANNELS (&audio->info) : 0;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("audio",
      "caps", GST_TYPE_CAPS, caps,
      "samples", G_TYPE_UINT64, (guint64) audio->samples,
      NULL));
  gst_caps_unref (caps);
  for (guint i = 0; i < channels; i++)
    gst_zero_buffer_put_u64 (bytes, audio->offsets[i]);
}

static void
write_crop (GstMeta *meta, GByteArray *bytes)
{
  GstVideoCropMeta *crop = (GstVideoCropMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("crop",
      "x", G_TYPE_UINT, crop->x, "y", G_TYPE_UINT, crop->y,
      "width", G_TYPE_UINT, crop->width, "height", G_TYPE_UINT, crop->height,
      NULL));
}

static gboolean
read_crop (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint x, y, width, height;
  GstVideoCropMeta *crop;

  if (!gst_structure_get (fields,
          "x", G_TYPE_UINT, &x, "y", G_TYPE_UINT, &y,
          "width", G_TYPE_UINT, &width, "height", G_TYPE_UINT, &height,
          NULL))
    return FALSE;
  crop = gst_buffer_add_video_crop_meta (buffer);
  crop->x = x;
  crop->y = y;
  crop->width = width;
  crop->height = height;
  return TRUE;
}

static void
write_roi (GstMeta *meta, GByteArray *bytes)
{
  GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("region-of-interest",
      "type", G_TYPE_STRING, g_quark_to_string (roi->roi_type),
      "id", G_TYPE_INT, roi->id, "parent-id", G_TYPE_INT, roi->parent_id,
      "x", G_TYPE_UINT, roi->x, "y", G_TYPE_UINT, roi->y,
      "width", G_TYPE_UINT, roi->w, "height", G_TYPE_UINT, roi->h,
      NULL));
  for (GList *param = roi->params; param; param = param->next)
    gst_zero_buffer_put_structure (bytes, param->data);
}

static gboolean
read_roi (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint x, y, width, height;
  gint id, parent_id;
  const gchar *type = gst_structure_get_string (fields, "type");
  GstVideoRegionOfInterestMeta *roi;
  GstStructure *param;

  if (!type || !gst_structure_get (fields,
          "id", G_TYPE_INT, &id, "parent-id", G_TYPE_INT, &parent_id,
          "x", G_TYPE_UINT, &x, "y", G_TYPE_UINT, &y,
          "width", G_TYPE_UINT, &width, "height", G_TYPE_UINT, &height,
          NULL))
    return FALSE;
  roi = gst_buffer_add_video_region_of_interest_meta (
      buffer, type, x, y, width, height);
  roi->id = id;
  roi->parent_id = parent_id;
  while ((param = gst_zero_buffer_get_structure (more)))
    gst_video_region_of_interest_meta_add_param (roi, param);
  return TRUE;
}

static void
write_reference_timestamp (GstMeta *meta, GByteArray *bytes)
{
  GstReferenceTimestampMeta *time = (GstReferenceTimestampMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("reference-timestamp",
      "reference", GST_TYPE_CAPS, time->reference,
      "timestamp", G_TYPE_UINT64, time->timestamp,
      "duration", G_TYPE_UINT64, time->duration,
      NULL));
#if GST_CHECK_VERSION(1, 28, 0)
  if (time->info)
    gst_zero_buffer_put_structure (bytes, time->info);
#endif
}

static gboolean
read_reference_timestamp (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint64 timestamp, duration;
  GstReferenceTimestampMeta *meta;
  GstStructure *info;
  GstCaps *reference;

  if (!gst_structure_get (fields,
          "timestamp", G_TYPE_UINT64, &timestamp,
          "duration", G_TYPE_UINT64, &duration,
          "reference", GST_TYPE_CAPS, &reference, NULL))
    return FALSE;
  meta = timestamp == GST_CLOCK_TIME_NONE ? NULL
         : gst_buffer_add_reference_timestamp_meta (
               buffer, reference, timestamp, duration);
  gst_caps_unref (reference);
  info = gst_zero_buffer_get_structure (more);
#if GST_CHECK_VERSION(1, 28, 0)
  if (meta)
    meta->info = g_steal_pointer (&info);
#endif
  gst_clear_structure (&info);
  return meta != NULL;
}

static void
write_time_code (GstMeta *meta, GByteArray *bytes)
{
  const GstVideoTimeCode *code = &((GstVideoTimeCodeMeta *) meta)->tc;
  GstStructure *fields = gst_structure_new ("time-code",
      "fps", GST_TYPE_FRACTION, code->config.fps_n, code->config.fps_d,
      "flags", G_TYPE_UINT, (guint) code->config.flags,
      "hours", G_TYPE_UINT, code->hours,
      "minutes", G_TYPE_UINT, code->minutes,
      "seconds", G_TYPE_UINT, code->seconds,
      "frames", G_TYPE_UINT, code->frames,
      "field-count", G_TYPE_UINT, code->field_count,
      NULL);

  if (code->config.latest_daily_jam)
    gst_structure_set (fields,
        "daily-jam", G_TYPE_DATE_TIME, code->config.latest_daily_jam, NULL);
  gst_zero_buffer_take_structure (bytes, fields);
}

static gboolean
read_time_code (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  gint fps_n, fps_d;
  guint flags, hours, minutes, seconds, frames, field_count;
  GDateTime *daily_jam = NULL;
  GstVideoTimeCodeMeta *meta;

  if (!gst_structure_get (fields,
          "fps", GST_TYPE_FRACTION, &fps_n, &fps_d,
          "flags", G_TYPE_UINT, &flags, "hours", G_TYPE_UINT, &hours,
          "minutes", G_TYPE_UINT, &minutes, "seconds", G_TYPE_UINT, &seconds,
          "frames", G_TYPE_UINT, &frames,
          "field-count", G_TYPE_UINT, &field_count, NULL))
    return FALSE;
  gst_structure_get (fields, "daily-jam", G_TYPE_DATE_TIME, &daily_jam, NULL);
  meta = gst_buffer_add_video_time_code_meta_full (buffer, fps_n, fps_d,
      daily_jam, flags, hours, minutes, seconds, frames, field_count);
  g_clear_pointer (&daily_jam, g_date_time_unref);
  return meta != NULL;
}

static void
write_caption (GstMeta *meta, GByteArray *bytes)
{
  GstVideoCaptionMeta *caption = (GstVideoCaptionMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("caption",
      "type", G_TYPE_UINT, (guint) caption->caption_type, NULL));
  g_byte_array_append (bytes, caption->data, caption->size);
}

static gboolean
read_caption (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint size = gst_byte_reader_get_remaining (more);
  const guint8 *data = gst_byte_reader_get_data_unchecked (more, size);
  guint type;

  if (!gst_structure_get_uint (fields, "type", &type) || size == 0 ||
      type == GST_VIDEO_CAPTION_TYPE_UNKNOWN ||
      type > GST_VIDEO_CAPTION_TYPE_CEA708_CDP)
    return FALSE;
  gst_buffer_add_video_caption_meta (buffer, type, data, size);
  return TRUE;
}

static void
write_afd (GstMeta *meta, GByteArray *bytes)
{
  GstVideoAFDMeta *afd = (GstVideoAFDMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("afd",
      "field", G_TYPE_UINT, (guint) afd->field,
      "spec", G_TYPE_UINT, (guint) afd->spec,
      "value", G_TYPE_UINT, (guint) afd->afd, NULL));
}

static gboolean
read_afd (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint field, spec, value;

  if (!gst_structure_get (fields,
          "field", G_TYPE_UINT, &field, "spec", G_TYPE_UINT, &spec,
          "value", G_TYPE_UINT, &value, NULL))
    return FALSE;
  gst_buffer_add_video_afd_meta (buffer, field, spec, value);
  return TRUE;
}

static void
write_bar (GstMeta *meta, GByteArray *bytes)
{
  GstVideoBarMeta *bar = (GstVideoBarMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("bar",
      "field", G_TYPE_UINT, (guint) bar->field,
      "letterbox", G_TYPE_BOOLEAN, bar->is_letterbox,
      "data1", G_TYPE_UINT, bar->bar_data1,
      "data2", G_TYPE_UINT, bar->bar_data2, NULL));
}

static gboolean
read_bar (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint field, data1, data2;
  gboolean letterbox;

  if (!gst_structure_get (fields,
          "field", G_TYPE_UINT, &field,
          "letterbox", G_TYPE_BOOLEAN, &letterbox,
          "data1", G_TYPE_UINT, &data1, "data2", G_TYPE_UINT, &data2, NULL))
    return FALSE;
  gst_buffer_add_video_bar_meta (buffer, field, letterbox, data1, data2);
  return TRUE;
}

static void
write_sei (GstMeta *meta, GByteArray *bytes)
{
  GstVideoSEIUserDataUnregisteredMeta *sei =
      (GstVideoSEIUserDataUnregisteredMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new_empty ("sei-user-data"));
  g_byte_array_append (bytes, sei->uuid, sizeof sei->uuid);
  g_byte_array_append (bytes, sei->data, sei->size);
}

static gboolean
read_sei (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  const guint8 *uuid;
  guint size;

  if (!gst_byte_reader_get_data (more, 16, &uuid))
    return FALSE;
  size = gst_byte_reader_get_remaining (more);
  gst_buffer_add_video_sei_user_data_unregistered_meta (buffer,
      (guint8 *) uuid,
      (guint8 *) gst_byte_reader_get_data_unchecked (more, size), size);
  return TRUE;
}

static void
write_clipping (GstMeta *meta, GByteArray *bytes)
{
  GstAudioClippingMeta *clipping = (GstAudioClippingMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("audio-clipping",
      "format", GST_TYPE_FORMAT, clipping->format,
      "start", G_TYPE_UINT64, clipping->start,
      "end", G_TYPE_UINT64, clipping->end, NULL));
}

static gboolean
read_clipping (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  GstFormat format;
  guint64 start, end;

  if (!gst_structure_get (fields,
          "format", GST_TYPE_FORMAT, &format, "start", G_TYPE_UINT64, &start,
          "end", G_TYPE_UINT64, &end, NULL))
    return FALSE;
  gst_buffer_add_audio_clipping_meta (buffer, format, start, end);
  return TRUE;
}

static void
write_level (GstMeta *meta, GByteArray *bytes)
{
  GstAudioLevelMeta *level = (GstAudioLevelMeta *) meta;

  gst_zero_buffer_take_structure (bytes, gst_structure_new ("audio-level",
      "level", G_TYPE_UINT, (guint) level->level,
      "voice", G_TYPE_BOOLEAN, level->voice_activity, NULL));
}

static gboolean
read_level (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  guint level;
  gboolean voice;

  if (!gst_structure_get (fields,
          "level", G_TYPE_UINT, &level, "voice", G_TYPE_BOOLEAN, &voice, NULL))
    return FALSE;
  gst_buffer_add_audio_level_meta (buffer, level, voice);
  return TRUE;
}

/* clang-format on */

static gboolean
read_audio_meta (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  gsize offsets[64];
  guint planes = gst_byte_reader_get_remaining (more) / sizeof (guint64);
  guint64 samples;
  GstAudioInfo info;
  GstCaps *caps = NULL;
  gboolean valid;

  if (planes > G_N_ELEMENTS (offsets) ||
      !gst_structure_get (fields, "samples", G_TYPE_UINT64, &samples, "caps",
          GST_TYPE_CAPS, &caps, NULL))
    return FALSE;
  valid = gst_caps_is_fixed (caps) &&
          gst_zero_buffer_format_get_audio_info (caps, &info);
  gst_caps_unref (caps);
  for (guint i = 0; i < planes; i++) {
    guint64 offset = 0;
    gst_byte_reader_get_uint64_le (more, &offset);
    offsets[i] = offset;
  }
  if (!valid || !gst_zero_buffer_format_has_samples (&info, samples,
                    planes > 0 ? offsets : NULL, planes, buffer))
    return FALSE;
  return gst_buffer_add_audio_meta (
             buffer, &info, samples, planes > 0 ? offsets : NULL) != NULL;
}

static void
write_protection (GstMeta *meta, GByteArray *bytes)
{
  gst_zero_buffer_put_structure (bytes, gst_structure_new_empty ("protection"));
  gst_zero_buffer_put_structure (bytes, ((GstProtectionMeta *) meta)->info);
}

static gboolean
read_protection (
    GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  GstStructure *info = gst_zero_buffer_get_structure (more);

  return info && gst_buffer_add_protection_meta (buffer, info);
}

typedef struct {
  const gchar *name; /* of the structure */
  GType (*get_api) (void);
  void (*write) (GstMeta *meta, GByteArray *bytes);
  /* FALSE: left out, since it is nonsense. */
  gboolean (*read) (
      GstBuffer *buffer, const GstStructure *fields, GstByteReader *more);
} MetaKind;

static const MetaKind meta_kinds[] = {
  { "audio", gst_audio_meta_api_get_type, write_audio_meta, read_audio_meta },
  { "crop", gst_video_crop_meta_api_get_type, write_crop, read_crop },
  { "region-of-interest", gst_video_region_of_interest_meta_api_get_type,
      write_roi, read_roi },
  { "reference-timestamp", gst_reference_timestamp_meta_api_get_type,
      write_reference_timestamp, read_reference_timestamp },
  { "time-code", gst_video_time_code_meta_api_get_type, write_time_code,
      read_time_code },
  { "caption", gst_video_caption_meta_api_get_type, write_caption,
      read_caption },
  { "afd", gst_video_afd_meta_api_get_type, write_afd, read_afd },
  { "bar", gst_video_bar_meta_api_get_type, write_bar, read_bar },
  { "sei-user-data", gst_video_sei_user_data_unregistered_meta_api_get_type,
      write_sei, read_sei },
  { "audio-clipping", gst_audio_clipping_meta_api_get_type, write_clipping,
      read_clipping },
  { "audio-level", gst_audio_level_meta_api_get_type, write_level, read_level },
  { "protection", gst_protection_meta_api_get_type, write_protection,
      read_protection },
};

/* Metas that a program has registered by name; "custom" is none of the above. */
static void
write_custom (GstMeta *meta, GByteArray *bytes)
{
  const gchar *const *tags = gst_meta_api_type_get_tags (meta->info->api);
  gchar *joined = tags ? g_strjoinv (",", (gchar **) tags) : NULL;
  GstStructure *fields = gst_structure_new ("custom", "name", G_TYPE_STRING,
      g_type_name (meta->info->type), "tags", G_TYPE_STRING, joined, NULL);

  g_free (joined);
  gst_zero_buffer_take_structure (bytes, fields);
  gst_zero_buffer_put_structure (
      bytes, gst_custom_meta_get_structure ((GstCustomMeta *) meta));
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

static const GstMetaInfo *
register_custom (const gchar *name, const gchar *tags)
{
  static gint registered;
  const GstMetaInfo *info;
  gchar **split;

  if (!g_regex_match_simple (META_NAME, name, 0, 0) ||
      g_atomic_int_add (&registered, 1) >= MAX_CUSTOM_METAS)
    return NULL;
  split = g_strsplit (tags ? tags : "", ",", 0);
  info =
      gst_meta_register_custom (name, (const gchar **) split, NULL, NULL, NULL);
  g_strfreev (split);
  return info;
}

/* Elements of this process may look for one by its name though nobody here has
 * registered it: the one that made it did so in the other process. */
static const GstMetaInfo *
find_custom (const gchar *name, const gchar *tags)
{
  static GMutex lock; /* so that two streams do not register it both */
  const GstMetaInfo *info;

  g_mutex_lock (&lock);
  info = gst_meta_get_info (name);
  if (!info && g_type_from_name (name) == G_TYPE_INVALID)
    info = register_custom (name, tags);
  g_mutex_unlock (&lock);
  return info;
}

static gboolean
read_custom (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  const gchar *name = gst_structure_get_string (fields, "name");
  const gchar *tags = gst_structure_get_string (fields, "tags");
  const GstMetaInfo *info = name ? find_custom (name, tags) : NULL;
  GstStructure *structure;
  GstCustomMeta *meta;

  if (!info || !gst_meta_info_is_custom (info))
    return FALSE;
  if (!(structure = gst_zero_buffer_get_structure (more)))
    return FALSE;
  meta = gst_buffer_add_custom_meta (buffer, name);
  gst_structure_foreach (
      structure, copy_field, gst_custom_meta_get_structure (meta));
  gst_structure_free (structure);
  return TRUE;
}

static gboolean
read_meta (GstBuffer *buffer, const GstStructure *fields, GstByteReader *more)
{
  if (gst_structure_has_name (fields, "custom"))
    return read_custom (buffer, fields, more);
  for (guint i = 0; i < G_N_ELEMENTS (meta_kinds); i++) {
    if (gst_structure_has_name (fields, meta_kinds[i].name))
      return meta_kinds[i].read (buffer, fields, more);
  }
  return FALSE;
}

/* ---- all of them ---- */

static gboolean
write_serialized (GstMeta *meta, GByteArray *bytes)
{
#if GST_CHECK_VERSION(1, 24, 0)
  guint before = bytes->len;
  guint begin;

  if (!meta->info->serialize_func)
    return FALSE;
  begin = gst_zero_buffer_extra_begin (bytes, EXTRA_SERIALIZED);
  if (gst_meta_serialize_simple (meta, bytes)) {
    gst_zero_buffer_extra_end (bytes, begin);
    return TRUE;
  }
  g_byte_array_set_size (bytes, before);
#endif
  return FALSE;
}

static gboolean
read_serialized (GstBuffer *buffer, GstByteReader *extra)
{
#if GST_CHECK_VERSION(1, 24, 0)
  guint size = gst_byte_reader_get_remaining (extra);
  guint32 used;

  return gst_meta_deserialize (buffer,
             gst_byte_reader_get_data_unchecked (extra, size), size,
             &used) != NULL;
#else
  return FALSE;
#endif
}

/* Some only keep memory alive, of which the other process needs none. */
static void
leave_behind (GstMeta *meta)
{
  const gchar *name = g_type_name (meta->info->api);

  if (!gst_meta_api_type_has_tag (meta->info->api,
          g_quark_from_static_string (GST_META_TAG_MEMORY_REFERENCE_STR)) &&
      gst_zero_buffer_is_first_loss ("meta", name))
    GST_WARNING ("A %s stays behind, as all do: it cannot be written down. "
                 "This is said once.",
        name);
  else
    GST_DEBUG ("A %s stays behind", name);
}

static gboolean
write_meta (GstBuffer *buffer, GstMeta **meta, gpointer user_data)
{
  GByteArray *bytes = user_data;
  GType api = (*meta)->info->api;
  void (*write) (GstMeta * meta, GByteArray * bytes) = NULL;
  guint begin;

  if (api == GST_VIDEO_META_API_TYPE) {
    write_video_meta ((GstVideoMeta *) *meta, bytes);
    return TRUE;
  }
  if (gst_meta_info_is_custom ((*meta)->info))
    write = write_custom;
  for (guint i = 0; !write && i < G_N_ELEMENTS (meta_kinds); i++) {
    if (api == meta_kinds[i].get_api ())
      write = meta_kinds[i].write;
  }
  if (write) {
    begin = gst_zero_buffer_extra_begin (bytes, EXTRA_META);
    write (*meta, bytes);
    gst_zero_buffer_extra_end (bytes, begin);
  } else if (!write_serialized (*meta, bytes)) {
    leave_behind (*meta);
  }
  return TRUE;
}

void
gst_zero_buffer_metas_write (GstBuffer *buffer, GByteArray *bytes)
{
  write_offsets (buffer, bytes);
  gst_buffer_foreach_meta (buffer, write_meta, bytes);
}

static gboolean
read_extra (GstBuffer *buffer, guint32 kind, GstByteReader *extra)
{
  GstStructure *fields;

  switch (kind) {
    case EXTRA_OFFSETS:
      return read_offsets (buffer, extra);
    case EXTRA_VIDEO_META:
      return read_video_meta (buffer, extra);
    case EXTRA_META:
      if (!(fields = gst_zero_buffer_get_structure (extra)))
        return FALSE;
      if (!read_meta (buffer, fields, extra))
        GST_DEBUG ("Left out: %" GST_PTR_FORMAT, fields);
      gst_structure_free (fields);
      return TRUE;
    case EXTRA_SERIALIZED:
      if (!read_serialized (buffer, extra))
        GST_DEBUG ("A meta that is not known here was left out");
      return TRUE;
    default:
      GST_LOG ("An extra record of kind %u was left out", kind);
      return TRUE;
  }
}

gboolean
gst_zero_buffer_metas_read (GstBuffer *buffer, GstByteReader *extras)
{
  gboolean corrupt = FALSE;
  GstByteReader extra;
  guint32 kind;

  while (gst_zero_buffer_extra_next (extras, &kind, &extra, &corrupt)) {
    if (!read_extra (buffer, kind, &extra))
      return FALSE;
  }
  return !corrupt;
}
