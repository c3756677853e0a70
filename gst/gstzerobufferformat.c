/* SPDX-License-Identifier: MIT */
#include "gstzerobufferformat.h"

#include <string.h>

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
set_video_caps (GstZeroBufferFormat *format, GstCaps *caps)
{
  if (!gst_video_info_from_caps (&format->native, caps) ||
      GST_VIDEO_INFO_FORMAT (&format->native) == GST_VIDEO_FORMAT_ENCODED ||
      GST_VIDEO_INFO_VIEWS (&format->native) > 1)
    return FALSE;
  format->packed = format->native;
  pack (&format->packed);
  return TRUE;
}

void
gst_zero_buffer_format_set_caps (GstZeroBufferFormat *format, GstCaps *caps)
{
  const GstStructure *structure =
      caps ? gst_caps_get_structure (caps, 0) : NULL;

  format->kind = GST_ZERO_BUFFER_KIND_BYTES;
  if (!structure)
    return;
  if (gst_structure_has_name (structure, "video/x-raw")) {
    if (set_video_caps (format, caps))
      format->kind = GST_ZERO_BUFFER_KIND_VIDEO;
  } else if (gst_structure_has_name (structure, "audio/x-raw")) {
    if (gst_audio_info_from_caps (&format->audio, caps) &&
        GST_AUDIO_INFO_LAYOUT (&format->audio) ==
            GST_AUDIO_LAYOUT_NON_INTERLEAVED)
      format->kind = GST_ZERO_BUFFER_KIND_PLANAR_AUDIO;
  }
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

  if (!copy)
    return NULL;
  /* The padding belongs to the buffer too, and must not be what was in the
   * memory before. */
  gst_buffer_memset (copy, 0, 0, format->native.size);
  if (!copy_video (&format->packed, buffer, &format->native, copy)) {
    gst_buffer_unref (copy);
    return NULL;
  }
  gst_buffer_copy_into (
      copy, buffer, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  return copy;
}
