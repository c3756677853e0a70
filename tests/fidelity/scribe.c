/* SPDX-License-Identifier: MIT */
#include "scribe.h"

#include <gst/audio/audio.h>
#include <gst/video/gstvideotimecode.h>
#include <gst/video/video-anc.h>
#include <gst/video/video.h>
#include <stdio.h>

static void
print_structure (FILE *file, const GstStructure *structure)
{
  gchar *text = structure ? gst_structure_to_string (structure) : NULL;

  fprintf (file, " %s", text ? text : "-");
  g_free (text);
}

static void
print_tags (FILE *file, GstTagList *tags)
{
  gchar *text = tags ? gst_tag_list_to_string (tags) : NULL;

  fprintf (file, " %s", text ? text : "-");
  g_free (text);
}

/* ---- events ---- */

static void
print_entries (FILE *file, GList *entries)
{
  for (; entries; entries = entries->next) {
    GstTocEntry *entry = entries->data;
    gint64 start, stop;
    GstTocLoopType loop;
    gint repeat;

    gst_toc_entry_get_start_stop_times (entry, &start, &stop);
    gst_toc_entry_get_loop (entry, &loop, &repeat);
    fprintf (file, " {%s %d %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT " %d %d",
        gst_toc_entry_get_uid (entry), gst_toc_entry_get_entry_type (entry),
        start, stop, loop, repeat);
    print_tags (file, gst_toc_entry_get_tags (entry));
    print_entries (file, gst_toc_entry_get_sub_entries (entry));
    fprintf (file, "}");
  }
}

static void
print_toc (FILE *file, GstEvent *event)
{
  gboolean updated;
  GstToc *toc;

  gst_event_parse_toc (event, &toc, &updated);
  fprintf (file, " %d %d", updated, gst_toc_get_scope (toc));
  print_tags (file, gst_toc_get_tags (toc));
  print_entries (file, gst_toc_get_entries (toc));
  gst_toc_unref (toc);
}

static void
print_stream (FILE *file, GstStream *stream)
{
  GstCaps *caps = gst_stream_get_caps (stream);
  GstTagList *tags = gst_stream_get_tags (stream);
  gchar *text = caps ? gst_caps_to_string (caps) : NULL;

  fprintf (file, " {%s %#x %#x %s", gst_stream_get_stream_id (stream),
      gst_stream_get_stream_type (stream), gst_stream_get_stream_flags (stream),
      text ? text : "-");
  print_tags (file, tags);
  fprintf (file, "}");
  g_free (text);
  g_clear_pointer (&tags, gst_tag_list_unref);
  gst_clear_caps (&caps);
}

static void
print_stream_start (FILE *file, GstEvent *event)
{
  const gchar *id;
  GstStreamFlags flags;
  guint group = 0;
  GstStream *stream = NULL;

  gst_event_parse_stream_start (event, &id);
  gst_event_parse_stream_flags (event, &flags);
  gst_event_parse_group_id (event, &group);
  gst_event_parse_stream (event, &stream);
  fprintf (file, " %s flags %#x group %u", id, flags, group);
  if (stream)
    print_stream (file, stream);
  gst_clear_object (&stream);
}

static void
print_collection (FILE *file, GstEvent *event)
{
  GstStreamCollection *streams;

  gst_event_parse_stream_collection (event, &streams);
  fprintf (file, " %s", gst_stream_collection_get_upstream_id (streams));
  for (guint i = 0; i < gst_stream_collection_get_size (streams); i++)
    print_stream (file, gst_stream_collection_get_stream (streams, i));
  gst_object_unref (streams);
}

static void
print_event (FILE *file, GstEvent *event)
{
  GstTagList *tags;

  fprintf (file, "event %s seqnum %u", GST_EVENT_TYPE_NAME (event),
      gst_event_get_seqnum (event));
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      print_stream_start (file, event);
      break;
    case GST_EVENT_STREAM_COLLECTION:
      print_collection (file, event);
      break;
    case GST_EVENT_TOC:
      print_toc (file, event);
      break;
    case GST_EVENT_TAG:
      gst_event_parse_tag (event, &tags);
      fprintf (file, " scope %d", gst_tag_list_get_scope (tags));
      print_tags (file, tags);
      break;
    default:
      print_structure (file, gst_event_get_structure (event));
      break;
  }
  fprintf (file, "\n");
}

/* ---- buffers ---- */

static void
print_video_meta (FILE *file, GstVideoMeta *meta)
{
  const GstVideoAlignment *align = &meta->alignment;

  fprintf (file, " [video %#x %d %ux%u id %d align %u %u %u %u", meta->flags,
      meta->format, meta->width, meta->height, meta->id, align->padding_top,
      align->padding_bottom, align->padding_left, align->padding_right);
  for (guint i = 0; i < meta->n_planes; i++)
    fprintf (file, " (%zu %d %u)", meta->offset[i], meta->stride[i],
        align->stride_align[i]);
  fprintf (file, "]");
}

static void
print_audio_meta (FILE *file, GstAudioMeta *meta)
{
  fprintf (file, " [audio %s %d %d %d samples %zu",
      GST_AUDIO_INFO_NAME (&meta->info), meta->info.rate, meta->info.channels,
      meta->info.layout, meta->samples);
  for (gint i = 0; meta->offsets && i < meta->info.channels; i++)
    fprintf (file, " %zu", meta->offsets[i]);
  fprintf (file, "]");
}

static void
print_roi (FILE *file, GstVideoRegionOfInterestMeta *roi)
{
  fprintf (file, " [roi %s %d %d %u,%u %ux%u",
      g_quark_to_string (roi->roi_type), roi->id, roi->parent_id, roi->x,
      roi->y, roi->w, roi->h);
  for (GList *param = roi->params; param; param = param->next)
    print_structure (file, param->data);
  fprintf (file, "]");
}

static void
print_reference_timestamp (FILE *file, GstReferenceTimestampMeta *meta)
{
  gchar *text = gst_caps_to_string (meta->reference);

  fprintf (file, " [timestamp %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
      text, meta->timestamp, meta->duration);
#if GST_CHECK_VERSION(1, 28, 0)
  print_structure (file, meta->info);
#endif
  fprintf (file, "]");
  g_free (text);
}

static void
print_time_code (FILE *file, GstVideoTimeCodeMeta *meta)
{
  gchar *text = gst_video_time_code_to_string (&meta->tc);
  GDateTime *jam = meta->tc.config.latest_daily_jam;
  gchar *date = jam ? g_date_time_format_iso8601 (jam) : NULL;

  fprintf (file, " [timecode %s %u/%u %#x %u %s]", text, meta->tc.config.fps_n,
      meta->tc.config.fps_d, meta->tc.config.flags, meta->tc.field_count,
      date ? date : "-");
  g_free (date);
  g_free (text);
}

static void
print_bytes (FILE *file, const guint8 *data, gsize size)
{
  gchar *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);

  fprintf (file, " %zu bytes %s", size, sum);
  g_free (sum);
}

static gboolean
print_meta (GstBuffer *buffer, GstMeta **meta, gpointer file)
{
  GType api = (*meta)->info->api;

  if (api == GST_VIDEO_META_API_TYPE) {
    print_video_meta (file, (GstVideoMeta *) *meta);
  } else if (api == GST_AUDIO_META_API_TYPE) {
    print_audio_meta (file, (GstAudioMeta *) *meta);
  } else if (api == GST_VIDEO_CROP_META_API_TYPE) {
    GstVideoCropMeta *crop = (GstVideoCropMeta *) *meta;
    fprintf (file, " [crop %u,%u %ux%u]", crop->x, crop->y, crop->width,
        crop->height);
  } else if (api == GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE) {
    print_roi (file, (GstVideoRegionOfInterestMeta *) *meta);
  } else if (api == GST_REFERENCE_TIMESTAMP_META_API_TYPE) {
    print_reference_timestamp (file, (GstReferenceTimestampMeta *) *meta);
  } else if (api == GST_VIDEO_TIME_CODE_META_API_TYPE) {
    print_time_code (file, (GstVideoTimeCodeMeta *) *meta);
  } else if (api == GST_VIDEO_CAPTION_META_API_TYPE) {
    GstVideoCaptionMeta *caption = (GstVideoCaptionMeta *) *meta;
    fprintf (file, " [caption %d", caption->caption_type);
    print_bytes (file, caption->data, caption->size);
    fprintf (file, "]");
  } else if (api == GST_VIDEO_AFD_META_API_TYPE) {
    GstVideoAFDMeta *afd = (GstVideoAFDMeta *) *meta;
    fprintf (file, " [afd %u %d %d]", afd->field, afd->spec, afd->afd);
  } else if (api == GST_VIDEO_BAR_META_API_TYPE) {
    GstVideoBarMeta *bar = (GstVideoBarMeta *) *meta;
    fprintf (file, " [bar %u %d %u %u]", bar->field, bar->is_letterbox,
        bar->bar_data1, bar->bar_data2);
  } else if (gst_meta_info_is_custom ((*meta)->info)) {
    fprintf (file, " [custom %s", g_type_name ((*meta)->info->type));
    print_structure (
        file, gst_custom_meta_get_structure ((GstCustomMeta *) *meta));
    fprintf (file, "]");
#if GST_CHECK_VERSION(1, 24, 0)
  } else if ((*meta)->info->serialize_func) {
    GByteArray *bytes = g_byte_array_new ();
    gst_meta_serialize_simple (*meta, bytes);
    fprintf (file, " [%s", g_type_name (api));
    print_bytes (file, bytes->data, bytes->len);
    fprintf (file, "]");
    g_byte_array_unref (bytes);
#endif
  }
  return TRUE;
}

static void
print_time (FILE *file, const gchar *name, guint64 value)
{
  if (value == GST_CLOCK_TIME_NONE)
    fprintf (file, " %s none", name);
  else
    fprintf (file, " %s %" G_GUINT64_FORMAT, name, value);
}

/* How a buffer is kept in memory is no part of it. */
#define FLAGS (~0xfu & ~GST_BUFFER_FLAG_TAG_MEMORY)

static void
print_buffer (FILE *file, GstBuffer *buffer)
{
  GstMapInfo map;

  fprintf (file, "buffer");
  print_time (file, "pts", GST_BUFFER_PTS (buffer));
  print_time (file, "dts", GST_BUFFER_DTS (buffer));
  print_time (file, "duration", GST_BUFFER_DURATION (buffer));
  print_time (file, "offset", GST_BUFFER_OFFSET (buffer));
  print_time (file, "end", GST_BUFFER_OFFSET_END (buffer));
  fprintf (file, " flags %#x", GST_BUFFER_FLAGS (buffer) & FLAGS);
  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    print_bytes (file, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
  }
  gst_buffer_foreach_meta (buffer, print_meta, file);
  fprintf (file, "\n");
}

/* ---- the pad ---- */

static gboolean
print_from_list (GstBuffer **buffer, guint index, gpointer file)
{
  print_buffer (file, *buffer);
  return TRUE;
}

static GstPadProbeReturn
write_down (GstPad *pad, GstPadProbeInfo *info, gpointer file)
{
  flockfile (file);
  if (GST_IS_EVENT (info->data))
    print_event (file, info->data);
  else if (GST_IS_BUFFER (info->data))
    print_buffer (file, info->data);
  else if (GST_IS_BUFFER_LIST (info->data))
    gst_buffer_list_foreach (info->data, print_from_list, file);
  fflush (file);
  funlockfile (file);
  return GST_PAD_PROBE_OK;
}

void
scribe_watch (GstPad *pad, FILE *file)
{
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      write_down, file, NULL);
}
