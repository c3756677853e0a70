/* SPDX-License-Identifier: MIT */
#include "gstzerobufferformat.h"

#include "gstzerobufferdebug.h"

#include <string.h>

/* Of a picture, either way: more than there is, and far from overflows. */
#define MAX_EXTENT (1 << 20)

/* Formats in which a component has no size in whole bytes, is laid out in
 * tiles, or brings a palette: their rows cannot be cut. */
static gboolean
can_pack (const GstVideoInfo *info)
{
  const GstVideoFormatInfo *format = info->finfo;

  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format) ||
      GST_VIDEO_FORMAT_INFO_IS_TILED (format) ||
      GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return FALSE;
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); c++) {
    if (GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c) <= 0)
      return FALSE;
  }
  return TRUE;
}

/* Bytes of a row of @plane, and how many rows it has. */
static void
measure_plane (const GstVideoInfo *info, guint plane, gsize *row, gint *rows)
{
  *row = 0;
  *rows = 0;
  for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++) {
    gsize bytes = (gsize) GST_VIDEO_INFO_COMP_WIDTH (info, c) *
                  GST_VIDEO_INFO_COMP_PSTRIDE (info, c);

    if (GST_VIDEO_INFO_COMP_PLANE (info, c) != plane)
      continue;
    *row = MAX (*row, bytes);
    *rows = MAX (*rows, GST_VIDEO_INFO_COMP_HEIGHT (info, c));
  }
}

static void
pack (GstVideoInfo *info)
{
  if (!can_pack (info))
    return;
  info->size = 0;
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES (info); plane++) {
    gsize row;
    gint rows;

    measure_plane (info, plane, &row, &rows);
    info->offset[plane] = info->size;
    info->stride[plane] = row;
    info->size += row * rows;
  }
}

static gboolean
are_named (const GstCaps *caps, const gchar *name)
{
  return gst_caps_get_size (caps) > 0 &&
         gst_structure_has_name (gst_caps_get_structure (caps, 0), name);
}

gboolean
gst_zero_buffer_format_get_video_info (const GstCaps *caps, GstVideoInfo *info)
{
  return are_named (caps, "video/x-raw") &&
         gst_video_info_from_caps (info, caps) &&
         GST_VIDEO_INFO_FORMAT (info) != GST_VIDEO_FORMAT_ENCODED;
}

static gboolean
set_video_caps (GstZeroBufferFormat *format, GstCaps *caps)
{
  if (!gst_zero_buffer_format_get_video_info (caps, &format->native) ||
      GST_VIDEO_INFO_VIEWS (&format->native) > 1)
    return FALSE;
  format->packed = format->native;
  pack (&format->packed);
  return TRUE;
}

gboolean
gst_zero_buffer_format_get_audio_info (const GstCaps *caps, GstAudioInfo *info)
{
  gint channels;

  return are_named (caps, "audio/x-raw") &&
         gst_structure_get_int (
             gst_caps_get_structure (caps, 0), "channels", &channels) &&
         channels > 0 && channels <= 64 &&
         gst_audio_info_from_caps (info, caps) &&
         GST_AUDIO_INFO_IS_VALID (info);
}

void
gst_zero_buffer_format_set_caps (GstZeroBufferFormat *format, GstCaps *caps)
{
  format->kind = GST_ZERO_BUFFER_KIND_BYTES;
  if (!caps)
    return;
  if (set_video_caps (format, caps))
    format->kind = GST_ZERO_BUFFER_KIND_VIDEO;
  else if (gst_zero_buffer_format_get_audio_info (caps, &format->audio) &&
           GST_AUDIO_INFO_LAYOUT (&format->audio) ==
               GST_AUDIO_LAYOUT_NON_INTERLEAVED)
    format->kind = GST_ZERO_BUFFER_KIND_PLANAR_AUDIO;
}

/* ---- writing ---- */

static gsize
get_planar_size (const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);

  if (!meta)
    return gst_buffer_get_size (buffer);
  return meta->samples * GST_AUDIO_INFO_BPF (&format->audio);
}

/* Whether the bytes of @buffer are those of a frame, in the same order. */
static gboolean
is_packed (const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  const GstVideoInfo *packed = &format->packed;
  const GstVideoInfo *native = &format->native;
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);

  if (gst_buffer_get_size (buffer) < packed->size)
    return FALSE;
  if (!meta && gst_buffer_get_size (buffer) < native->size)
    return gst_buffer_get_size (buffer) == packed->size;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (packed); p++) {
    gint stride = meta ? meta->stride[p] : native->stride[p];
    gsize offset = meta ? meta->offset[p] : native->offset[p];
    if (stride != packed->stride[p] || offset != packed->offset[p])
      return FALSE;
  }
  return TRUE;
}

gsize
gst_zero_buffer_format_get_size (
    const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  switch (format->kind) {
    case GST_ZERO_BUFFER_KIND_VIDEO:
      if (gst_buffer_get_size (buffer) == 0)
        return 0;
      return format->packed.size;
    case GST_ZERO_BUFFER_KIND_PLANAR_AUDIO:
      return get_planar_size (format, buffer);
    case GST_ZERO_BUFFER_KIND_BYTES:
      break;
  }
  return gst_buffer_get_size (buffer);
}

gboolean
gst_zero_buffer_format_is_frame (
    const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  return format->kind == GST_ZERO_BUFFER_KIND_VIDEO &&
         gst_buffer_get_size (buffer) == format->packed.size &&
         is_packed (format, buffer);
}

gsize
gst_zero_buffer_format_get_plain_size (const GstZeroBufferFormat *format)
{
  if (format->kind != GST_ZERO_BUFFER_KIND_VIDEO ||
      format->packed.size != format->native.size)
    return 0;
  return format->packed.size;
}

static void
copy_plane (GstVideoFrame *to, const GstVideoFrame *from, guint plane)
{
  guint8 *target = GST_VIDEO_FRAME_PLANE_DATA (to, plane);
  const guint8 *source = GST_VIDEO_FRAME_PLANE_DATA (from, plane);
  gsize row;
  gint rows;

  measure_plane (&to->info, plane, &row, &rows);
  for (gint i = 0; i < rows; i++) {
    memcpy (target, source, row);
    target += GST_VIDEO_FRAME_PLANE_STRIDE (to, plane);
    source += GST_VIDEO_FRAME_PLANE_STRIDE (from, plane);
  }
}

/* gst_video_frame_copy () takes a row for as many bytes as its first component
 * has, and so loses the last ones of an odd width of YUY2 and its like.  It
 * knows best what to do where rows cannot be measured. */
static gboolean
copy_frame (GstVideoFrame *to, const GstVideoFrame *from)
{
  if (!can_pack (&to->info))
    return gst_video_frame_copy (to, from);
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (to); plane++)
    copy_plane (to, from, plane);
  return TRUE;
}

static gboolean
copy_video (const GstVideoInfo *from_info, GstBuffer *from,
    const GstVideoInfo *to_info, GstBuffer *to)
{
  GstVideoFrame from_frame, to_frame;
  gboolean copied;

  if (!gst_video_frame_map (&from_frame, from_info, from, GST_MAP_READ))
    return FALSE;
  if (!gst_video_frame_map (&to_frame, to_info, to, GST_MAP_WRITE)) {
    gst_video_frame_unmap (&from_frame);
    return FALSE;
  }
  copied = copy_frame (&to_frame, &from_frame);
  gst_video_frame_unmap (&to_frame);
  gst_video_frame_unmap (&from_frame);
  return copied;
}

static gboolean
write_video (const GstZeroBufferFormat *format, GstBuffer *buffer, guint8 *data,
    gsize size)
{
  GstBuffer *target;
  gboolean written;

  if (is_packed (format, buffer))
    return gst_buffer_extract (buffer, 0, data, size) == size;

  target = gst_buffer_new_wrapped_full (0, data, size, 0, size, NULL, NULL);
  written = copy_video (&format->native, buffer, &format->packed, target);
  gst_buffer_unref (target);
  return written;
}

static gboolean
write_planar (const GstZeroBufferFormat *format, GstBuffer *buffer,
    guint8 *data, gsize size)
{
  GstAudioBuffer audio;
  gsize plane;

  if (!gst_audio_buffer_map (&audio, &format->audio, buffer, GST_MAP_READ))
    return FALSE;
  plane = GST_AUDIO_BUFFER_PLANE_SIZE (&audio);
  for (gint i = 0; i < GST_AUDIO_BUFFER_N_PLANES (&audio); i++)
    memcpy (data + i * plane, GST_AUDIO_BUFFER_PLANE_DATA (&audio, i), plane);
  gst_audio_buffer_unmap (&audio);
  return TRUE;
}

gboolean
gst_zero_buffer_format_write (const GstZeroBufferFormat *format,
    GstBuffer *buffer, guint8 *data, gsize size)
{
  switch (format->kind) {
    case GST_ZERO_BUFFER_KIND_VIDEO:
      return write_video (format, buffer, data, size);
    case GST_ZERO_BUFFER_KIND_PLANAR_AUDIO:
      if (gst_buffer_get_audio_meta (buffer))
        return write_planar (format, buffer, data, size);
      break;
    case GST_ZERO_BUFFER_KIND_BYTES:
      break;
  }
  return gst_buffer_extract (buffer, 0, data, size) == size;
}

/* ---- reading ---- */

GstZeroBufferFit
gst_zero_buffer_format_fit (const GstZeroBufferFormat *format, gsize size)
{
  switch (format->kind) {
    case GST_ZERO_BUFFER_KIND_VIDEO:
      if (size == format->native.size)
        return GST_ZERO_BUFFER_FIT_AS_IS;
      if (size == format->packed.size)
        return GST_ZERO_BUFFER_FIT_PACKED;
      return GST_ZERO_BUFFER_FIT_WRONG;
    case GST_ZERO_BUFFER_KIND_PLANAR_AUDIO:
      if (size % GST_AUDIO_INFO_BPF (&format->audio) != 0)
        return GST_ZERO_BUFFER_FIT_WRONG;
      return GST_ZERO_BUFFER_FIT_AS_IS;
    case GST_ZERO_BUFFER_KIND_BYTES:
      break;
  }
  return GST_ZERO_BUFFER_FIT_AS_IS;
}

void
gst_zero_buffer_format_add_metas (
    const GstZeroBufferFormat *format, GstBuffer *buffer, GstZeroBufferFit fit)
{
  GstVideoInfo packed = format->packed;

  if (format->kind == GST_ZERO_BUFFER_KIND_PLANAR_AUDIO) {
    gsize samples =
        gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (&format->audio);
    gst_buffer_add_audio_meta (buffer, &format->audio, samples, NULL);
  } else if (fit == GST_ZERO_BUFFER_FIT_PACKED) {
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_INFO_FORMAT (&packed), GST_VIDEO_INFO_WIDTH (&packed),
        GST_VIDEO_INFO_HEIGHT (&packed), GST_VIDEO_INFO_N_PLANES (&packed),
        packed.offset, packed.stride);
  }
}

GstBuffer *
gst_zero_buffer_format_unpack (
    const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  GstBuffer *copy = gst_buffer_new_allocate (NULL, format->native.size, NULL);
  GstVideoMeta *meta;

  if (!copy)
    return NULL;
  /* The padding belongs to the buffer too, and must not be what was in the
   * memory before. */
  gst_buffer_memset (copy, 0, 0, format->native.size);
  if (!copy_video (&format->packed, buffer, &format->native, copy)) {
    gst_buffer_unref (copy);
    return NULL;
  }
  gst_buffer_copy_into (copy, buffer, GST_BUFFER_COPY_METADATA, 0, -1);
  if ((meta = gst_buffer_get_video_meta (copy)))
    gst_buffer_remove_meta (copy, (GstMeta *) meta);
  return copy;
}

gboolean
gst_zero_buffer_format_needs_meta (
    const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  const GstVideoInfo *native = &format->native;
  GstVideoMeta *meta;

  if (format->kind != GST_ZERO_BUFFER_KIND_VIDEO ||
      !(meta = gst_buffer_get_video_meta (buffer)))
    return FALSE;
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (native); p++) {
    if (meta->stride[p] != native->stride[p] ||
        meta->offset[p] != native->offset[p])
      return TRUE;
  }
  return FALSE;
}

/* ---- checking ---- */

/* Of a plane of tiles the stride counts them. */
static gsize
get_tiled_size (const GstVideoFormatInfo *format, guint plane, gint stride)
{
  return (gsize) GST_VIDEO_TILE_X_TILES (stride) *
         GST_VIDEO_TILE_Y_TILES (stride) * format->tile_info[plane].size;
}

static gboolean
has_tiles (gint stride, gint needed)
{
  return GST_VIDEO_TILE_X_TILES (stride) >= GST_VIDEO_TILE_X_TILES (needed) &&
         GST_VIDEO_TILE_Y_TILES (stride) >= GST_VIDEO_TILE_Y_TILES (needed);
}

/* Others than these must not even be asked about. */
static gboolean
is_raw_format (guint format)
{
  GEnumClass *formats = g_type_class_ref (GST_TYPE_VIDEO_FORMAT);
  gboolean known = g_enum_get_value (formats, format) != NULL;

  g_type_class_unref (formats);
  return known && format > GST_VIDEO_FORMAT_ENCODED;
}

/* The last row may end before its stride does. */
static gboolean
has_rows (gsize size, gsize offset, gint stride, gsize row, gint rows)
{
  gsize step = ABS ((gint64) stride);
  gsize room;

  if (offset > size || rows == 0)
    return offset <= size;
  room = stride < 0 ? offset : size - offset;
  if (step > 0 && (gsize) (rows - 1) > room / step)
    return FALSE;
  if (stride >= 0)
    return row <= room - step * (rows - 1);
  return row <= size - offset;
}

gboolean
gst_zero_buffer_format_has_planes (
    const GstVideoMeta *meta, gboolean one_field, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstVideoInfo info;

  if (!is_raw_format (meta->format) || meta->width == 0 ||
      meta->width > MAX_EXTENT || meta->height == 0 ||
      meta->height > MAX_EXTENT ||
      !gst_video_info_set_format (
          &info, meta->format, meta->width, meta->height) ||
      meta->n_planes != GST_VIDEO_INFO_N_PLANES (&info))
    return FALSE;
  for (guint plane = 0; plane < meta->n_planes; plane++) {
    gint stride = meta->stride[plane];
    gsize row;
    gint rows;

    if (GST_VIDEO_FORMAT_INFO_IS_TILED (info.finfo)) {
      if (!has_tiles (stride, info.stride[plane]))
        return FALSE;
      row = get_tiled_size (info.finfo, plane, stride);
      rows = 1;
      stride = 0;
    } else {
      measure_plane (&info, plane, &row, &rows);
      /* Only the whole row is known. */
      if (!can_pack (&info) && stride < info.stride[plane])
        return FALSE;
      if (!can_pack (&info))
        row = info.stride[plane];
    }
    if (!has_rows (size, meta->offset[plane], stride, row,
            one_field ? (rows + 1) / 2 : rows))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_sane_alignment (const GstVideoAlignment *alignment)
{
  if (alignment->padding_top > MAX_EXTENT ||
      alignment->padding_bottom > MAX_EXTENT ||
      alignment->padding_left > MAX_EXTENT ||
      alignment->padding_right > MAX_EXTENT)
    return FALSE;
  for (guint plane = 0; plane < GST_VIDEO_MAX_PLANES; plane++) {
    guint mask = alignment->stride_align[plane];
    if (mask > MAX_EXTENT || (mask & (mask + 1)) != 0)
      return FALSE;
  }
  return TRUE;
}

void
gst_zero_buffer_format_set_alignment (
    GstVideoMeta *meta, const GstVideoAlignment *alignment)
{
  GstVideoAlignment adjusted = *alignment;
  GstVideoInfo info;

  if (!is_sane_alignment (alignment) ||
      !gst_video_info_set_format (
          &info, meta->format, meta->width, meta->height) ||
      !gst_video_info_align (&info, &adjusted))
    return;
  for (guint plane = 0; plane < meta->n_planes; plane++) {
    if (info.stride[plane] != meta->stride[plane])
      return;
  }
  meta->alignment = adjusted;
}

/* Elements take the caps' word for how much of a frame they may look at. */
static gboolean
covers_picture (
    const GstVideoInfo *picture, const GstVideoMeta *meta, GstBuffer *buffer)
{
  gboolean one_field = GST_VIDEO_INFO_INTERLACE_MODE (picture) ==
                       GST_VIDEO_INTERLACE_MODE_ALTERNATE;

  return gst_zero_buffer_format_has_planes (meta, one_field, buffer) &&
         meta->format == GST_VIDEO_INFO_FORMAT (picture) &&
         meta->width >= (guint) GST_VIDEO_INFO_WIDTH (picture) &&
         meta->height >= (guint) GST_VIDEO_INFO_FIELD_HEIGHT (picture);
}

static gboolean
is_within (const GstVideoCropMeta *crop, guint width, guint height)
{
  return crop->width <= width && crop->x <= width - crop->width &&
         crop->height <= height && crop->y <= height - crop->height;
}

static void
remove_wrong_meta (GstBuffer *buffer, gpointer meta)
{
  GST_WARNING ("A %s does not fit the caps of %" GST_PTR_FORMAT,
      g_type_name (((GstMeta *) meta)->info->type), buffer);
  gst_buffer_remove_meta (buffer, meta);
}

void
gst_zero_buffer_format_remove_wrong_metas (
    const GstZeroBufferFormat *format, GstBuffer *buffer)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  guint width, height;

  if (format->kind != GST_ZERO_BUFFER_KIND_VIDEO)
    return;
  width = meta ? meta->width : (guint) GST_VIDEO_INFO_WIDTH (&format->native);
  height =
      meta ? meta->height : (guint) GST_VIDEO_INFO_HEIGHT (&format->native);
  if (crop && !is_within (crop, width, height))
    remove_wrong_meta (buffer, crop);
  if (meta && !covers_picture (&format->native, meta, buffer))
    remove_wrong_meta (buffer, meta);
}

static gboolean
are_apart (const gsize *offsets, guint planes, gsize plane)
{
  for (guint i = 0; i < planes; i++) {
    for (guint j = 0; j < i; j++) {
      gsize distance = offsets[i] > offsets[j] ? offsets[i] - offsets[j]
                                               : offsets[j] - offsets[i];
      if (distance < plane)
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
gst_zero_buffer_format_has_samples (const GstAudioInfo *info, guint64 samples,
    const gsize *offsets, guint planes, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  guint channels = GST_AUDIO_INFO_CHANNELS (info);
  gsize frame = GST_AUDIO_INFO_BPF (info);
  gsize sample = frame / channels;

  if (samples > size / frame)
    return FALSE;
  if (!offsets)
    return TRUE;
  if (GST_AUDIO_INFO_LAYOUT (info) != GST_AUDIO_LAYOUT_NON_INTERLEAVED ||
      planes != channels || !are_apart (offsets, planes, samples * sample))
    return FALSE;
  for (guint i = 0; i < planes; i++) {
    if (offsets[i] > size || samples * sample > size - offsets[i])
      return FALSE;
  }
  return TRUE;
}
