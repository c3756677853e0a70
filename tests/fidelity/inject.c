/* SPDX-License-Identifier: MIT */
#include "scribe.h"

#include <gst/audio/audio.h>
#include <gst/tag/tag.h>
#include <gst/video/gstvideotimecode.h>
#include <gst/video/video-anc.h>
#include <gst/video/video.h>

/* ---- events ---- */

static GstEvent *
new_tags (void)
{
  static const guint8 picture[] = { 0xff, 0xd8, 0, 1, 2, 3, 0xff, 0xd9 };
  GstTagList *tags = gst_tag_list_new (GST_TAG_TITLE, "Ein \"Titel\", \\ {ü}",
      GST_TAG_ARTIST, "One", GST_TAG_ARTIST, "Two", GST_TAG_BITRATE, 123456u,
      GST_TAG_REFERENCE_LEVEL, 89.0 / 3, NULL);
  GstBuffer *buffer = gst_buffer_new_memdup (picture, G_N_ELEMENTS (picture));
  GstCaps *caps = gst_caps_new_simple (
      "image/jpeg", "width", G_TYPE_INT, 1, "height", G_TYPE_INT, 1, NULL);
  GstSample *sample = gst_sample_new (buffer, caps, NULL, NULL);
  GstDateTime *date = gst_date_time_new_local_time (2026, 11, 24, 1, 2, 3.5);

  gst_tag_list_set_scope (tags, GST_TAG_SCOPE_GLOBAL);
  gst_tag_list_add (tags, GST_TAG_MERGE_APPEND, GST_TAG_IMAGE, sample,
      GST_TAG_DATE_TIME, date, NULL);
  gst_date_time_unref (date);
  gst_sample_unref (sample);
  gst_caps_unref (caps);
  gst_buffer_unref (buffer);
  return gst_event_new_tag (tags);
}

static GstEvent *
new_toc (void)
{
  GstToc *toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  GstTocEntry *edition =
      gst_toc_entry_new (GST_TOC_ENTRY_TYPE_EDITION, "edition");
  GstEvent *event;

  for (gint i = 0; i < 3; i++) {
    gchar *uid = g_strdup_printf ("chapter %d; \"x\"", i);
    GstTocEntry *chapter = gst_toc_entry_new (GST_TOC_ENTRY_TYPE_CHAPTER, uid);

    gst_toc_entry_set_start_stop_times (
        chapter, i * GST_SECOND, (i + 1) * GST_SECOND);
    gst_toc_entry_set_loop (chapter, GST_TOC_LOOP_PING_PONG, i);
    gst_toc_entry_set_tags (
        chapter, gst_tag_list_new (GST_TAG_TITLE, uid, NULL));
    gst_toc_entry_append_sub_entry (edition, chapter);
    g_free (uid);
  }
  gst_toc_append_entry (toc, edition);
  gst_toc_set_tags (toc, gst_tag_list_new (GST_TAG_TITLE, "all", NULL));
  event = gst_event_new_toc (toc, TRUE);
  gst_toc_unref (toc);
  return event;
}

static GstEvent *
new_protection (void)
{
  GstBuffer *data = gst_buffer_new_memdup ("\1\2\3", 3);
  GstEvent *event = gst_event_new_protection (
      "9a04f079-9840-4286-ab92-e65be0885f95", data, "isobmff/moov");

  gst_buffer_unref (data);
  return event;
}

static GstEvent *
new_collection (void)
{
  GstStreamCollection *streams = gst_stream_collection_new ("upstream");
  GstCaps *caps = gst_caps_new_empty_simple ("text/x-raw");
  GstStream *stream = gst_stream_new (
      "a stream", caps, GST_STREAM_TYPE_TEXT, GST_STREAM_FLAG_SPARSE);
  GstEvent *event;

  gst_stream_collection_add_stream (streams, stream);
  event = gst_event_new_stream_collection (streams);
  gst_object_unref (streams);
  gst_caps_unref (caps);
  return event;
}

static GstEvent *
new_custom (GstEventType type, const gchar *name)
{
  GstStructure *nested = gst_structure_new ("nested", "a", G_TYPE_INT, 1, "s",
      G_TYPE_STRING, "with \"quotes\" and, commas; and = signs", NULL);
  GstStructure *fields = gst_structure_new (name, "nested", GST_TYPE_STRUCTURE,
      nested, "double", G_TYPE_DOUBLE, 1.0 / 3, "none", G_TYPE_STRING, NULL,
      "empty", G_TYPE_STRING, "", "int64", G_TYPE_INT64, G_MININT64, "yes",
      G_TYPE_BOOLEAN, TRUE, "fraction", GST_TYPE_FRACTION, 30000, 1001, NULL);

  gst_structure_free (nested);
  return gst_event_new_custom (type, fields);
}

static void
push_events (GstPad *pad, guint number)
{
  switch (number) {
    case 2:
      gst_pad_push_event (pad, new_tags ());
      gst_pad_push_event (pad, new_collection ());
      break;
    case 3:
      gst_pad_push_event (pad, new_toc ());
      gst_pad_push_event (pad, new_protection ());
      break;
    case 4:
      gst_pad_push_event (
          pad, new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, "in-order"));
      gst_pad_push_event (
          pad, new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, "sticky"));
      gst_pad_push_event (
          pad, new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_OOB, "out-of-band"));
      gst_pad_push_event (pad, new_custom (GST_EVENT_CUSTOM_BOTH, "both"));
      gst_pad_push_event (
          pad, new_custom (GST_EVENT_CUSTOM_BOTH_OOB, "both-out-of-band"));
      break;
    case 5: {
      GstEvent *gap = gst_event_new_gap (123 * GST_MSECOND, 7);
      gst_event_set_gap_flags (gap, GST_GAP_FLAG_MISSING_DATA);
      gst_pad_push_event (pad, gap);
      gst_pad_push_event (pad, gst_event_new_stream_group_done (17));
      break;
    }
    case 6:
      gst_pad_push_event (pad,
          gst_event_new_instant_rate_change (1.5, GST_SEGMENT_FLAG_TRICKMODE));
      break;
  }
}

/* ---- metas ---- */

#if GST_CHECK_VERSION(1, 24, 0)
/* One that nobody knows but its own functions. */
typedef struct {
  GstMeta meta;
  guint32 value;
} SerialMeta;

static gboolean
serial_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  ((SerialMeta *) meta)->value = 0;
  return TRUE;
}

static gboolean
serial_serialize (
    const GstMeta *meta, GstByteArrayInterface *data, guint8 *version)
{
  *version = 3;
  return gst_byte_array_interface_append_data (data,
      (const guint8 *) &((const SerialMeta *) meta)->value, sizeof (guint32));
}

static GstMeta *
serial_deserialize (const GstMetaInfo *info, GstBuffer *buffer,
    const guint8 *data, gsize size, guint8 version)
{
  GstMeta *meta;

  if (version != 3 || size != sizeof (guint32))
    return NULL;
  meta = gst_buffer_add_meta (buffer, info, NULL);
  memcpy (&((SerialMeta *) meta)->value, data, size);
  return meta;
}

static const GstMetaInfo *
register_serial (void)
{
  static const gchar *tags[] = { NULL };
  GType api = gst_meta_api_type_register ("SerialMetaAPI", tags);
  GstMetaInfo *info =
      gst_meta_info_new (api, "SerialMeta", sizeof (SerialMeta));

  info->init_func = serial_init;
  info->serialize_func = serial_serialize;
  info->deserialize_func = serial_deserialize;
  return gst_meta_info_register (info);
}
#endif

static void
add_metas (GstBuffer *buffer)
{
  static const guint8 caption[] = { 0xfc, 0x94, 0x20, 0xfd };
  GstCaps *reference = gst_caps_new_empty_simple ("timestamp/x-ntp");
  GDateTime *jam = g_date_time_new_from_iso8601 ("2026-11-24T00:00:00Z", NULL);
  GstVideoRegionOfInterestMeta *roi;
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  GstCustomMeta *custom;

  crop->x = 1;
  crop->y = 2;
  crop->width = 30;
  crop->height = 40;
  for (gint i = 0; i < 2; i++) {
    roi = gst_buffer_add_video_region_of_interest_meta (
        buffer, "face", 10 + i, 20, 30, 40);
    roi->id = 5 + i;
    roi->parent_id = 4;
    gst_video_region_of_interest_meta_add_param (
        roi, gst_structure_new ("detection", "confidence", G_TYPE_DOUBLE, 0.9,
                 "label", G_TYPE_STRING, "a \"face\"; here", NULL));
    gst_video_region_of_interest_meta_add_param (
        roi, gst_structure_new_empty ("more"));
  }
  gst_buffer_add_reference_timestamp_meta (
      buffer, reference, 1234567890123456789u, GST_CLOCK_TIME_NONE);
  gst_buffer_add_video_time_code_meta_full (buffer, 30000, 1001, jam,
      GST_VIDEO_TIME_CODE_FLAGS_DROP_FRAME, 1, 2, 3, 4, 1);
  gst_buffer_add_video_caption_meta (
      buffer, GST_VIDEO_CAPTION_TYPE_CEA708_RAW, caption, sizeof caption);
  gst_buffer_add_video_afd_meta (
      buffer, 1, GST_VIDEO_AFD_SPEC_DVB_ETSI, GST_VIDEO_AFD_4_3_FULL_16_9_FULL);
  gst_buffer_add_video_bar_meta (buffer, 0, TRUE, 7, 8);
  custom = gst_buffer_add_custom_meta (buffer, "scribe-meta");
  gst_structure_set (gst_custom_meta_get_structure (custom), "number",
      G_TYPE_INT, 42, "text", G_TYPE_STRING, "a \"b\"", NULL);
#if GST_CHECK_VERSION(1, 24, 0)
  {
    const GstMetaInfo *info = gst_meta_get_info ("SerialMeta");
    ((SerialMeta *) gst_buffer_add_meta (buffer, info, NULL))->value = 0xabcdef;
  }
#endif
  gst_caps_unref (reference);
  g_date_time_unref (jam);
}

/* ---- buffers ---- */

static const guint flags[] = {
  GST_BUFFER_FLAG_DISCONT,
  GST_BUFFER_FLAG_RESYNC,
  GST_BUFFER_FLAG_CORRUPTED,
  GST_BUFFER_FLAG_MARKER,
  GST_BUFFER_FLAG_HEADER,
  GST_BUFFER_FLAG_GAP,
  GST_BUFFER_FLAG_DROPPABLE,
  GST_BUFFER_FLAG_DELTA_UNIT,
  GST_BUFFER_FLAG_SYNC_AFTER,
  GST_BUFFER_FLAG_NON_DROPPABLE,
  GST_BUFFER_FLAG_LAST << 0,
  GST_BUFFER_FLAG_LAST << 1,
  GST_BUFFER_FLAG_LAST << 2,
  GST_BUFFER_FLAG_LAST << 3,
};

static GstBuffer *
split_memory (GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstBuffer *head =
      gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 0, size / 3);
  GstBuffer *tail = gst_buffer_copy_region (
      buffer, GST_BUFFER_COPY_MEMORY, size / 3, size - size / 3);

  gst_buffer_unref (buffer);
  return gst_buffer_append (head, tail);
}

static GstBufferList *
make_list (GstBuffer *buffer)
{
  GstBufferList *list = gst_buffer_list_new ();

  for (guint i = 0; i < 3; i++) {
    GstBuffer *copy = gst_buffer_copy (buffer);
    GST_BUFFER_PTS (copy) += i;
    gst_buffer_list_add (list, copy);
  }
  return list;
}

static GstPadProbeReturn
change (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  static guint number;
  GstBuffer *buffer;

  push_events (pad, ++number);
  if (!GST_IS_BUFFER (info->data))
    return GST_PAD_PROBE_OK;
  buffer = info->data = gst_buffer_make_writable (info->data);
  switch (number) {
    case 7:
      add_metas (buffer);
      GST_BUFFER_DTS (buffer) = 77;
      GST_BUFFER_OFFSET (buffer) = 1234567;
      GST_BUFFER_OFFSET_END (buffer) = G_MAXUINT64 - 1;
      break;
    case 8:
      GST_BUFFER_PTS (buffer) = GST_BUFFER_DURATION (buffer) =
          GST_CLOCK_TIME_NONE;
      GST_BUFFER_OFFSET (buffer) = GST_BUFFER_OFFSET_END (buffer) =
          GST_BUFFER_OFFSET_NONE;
      break;
    case 9:
      info->data = gst_buffer_new ();
      gst_buffer_copy_into (info->data, buffer,
          GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
      gst_buffer_unref (buffer);
      break;
    case 10:
      info->data = split_memory (buffer);
      break;
    case 11:
      gst_pad_push_list (pad, make_list (buffer));
      break;
    default:
      if (number >= 12 && number < 12 + G_N_ELEMENTS (flags))
        GST_BUFFER_FLAG_SET (buffer, flags[number - 12]);
      break;
  }
  return GST_PAD_PROBE_OK;
}

void
scribe_inject (GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, change, NULL, NULL);
}

void
scribe_register_metas (void)
{
  static const gchar *tags[] = { NULL };

  gst_meta_register_custom ("scribe-meta", tags, NULL, NULL, NULL);
#if GST_CHECK_VERSION(1, 24, 0)
  register_serial ();
#endif
}
