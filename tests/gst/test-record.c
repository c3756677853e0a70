/* SPDX-License-Identifier: MIT */
/* Media records by themselves: sizes, and what damaged ones are taken for. */
#include <gst/check/gstcheck.h>
#include <gst/video/video.h>

#include "gstzerobufferevents.h"
#include "gstzerobufferfill.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermetas.h"
#include "gstzerobuffertext.h"

/* ---- sizes ---- */

GST_START_TEST (test_sizes)
{
  guint8 extra[100], place[1024];
  GstZeroBufferRecord record = { .kind = 1 }, read;

  memset (extra, 0xee, sizeof extra);
  for (record.data_size = 0; record.data_size < 200; record.data_size++) {
    for (record.extra_size = 0; record.extra_size <= 100;
         record.extra_size += 7) {
      gsize size = gst_zero_buffer_record_get_size (&record);
      gsize used = 48 + record.data_size + record.extra_size;

      fail_unless ((size + 16) % 64 == 0);
      fail_unless (size >= used && size < used + 64);
      memset (place, 0xff, sizeof place);
      fail_unless (
          gst_zero_buffer_record_write (&record, place, extra) == place + 48);
      for (gsize i = used; i < size; i++)
        fail_unless_equals_int (place[i], 0);
      fail_unless_equals_int (place[size], 0xff);
      fail_unless (gst_zero_buffer_record_read (&read, place, size));
      fail_unless_equals_uint64 (read.data_size, record.data_size);
      fail_unless_equals_uint64 (read.extra_size, record.extra_size);
      fail_if (gst_zero_buffer_record_read (&read, place, used - 1));
    }
  }
  record.data_size = G_MAXUINT64;
  fail_unless_equals_uint64 (gst_zero_buffer_record_get_size (&record), 0);
}
GST_END_TEST;

/* ---- text ---- */

static gboolean
is_too_deep (const gchar *open, guint count)
{
  GString *text = g_string_new ("text");
  gboolean deep;

  for (guint i = 0; i < count; i++)
    g_string_append (text, open);
  deep = gst_zero_buffer_text_is_too_deep (text->str, text->len);
  g_string_free (text, TRUE);
  return deep;
}

GST_START_TEST (test_nested_text)
{
  fail_if (is_too_deep ("[", 8));
  fail_unless (is_too_deep ("[", 9));
  fail_if (is_too_deep ("{", 64));
  fail_unless (is_too_deep ("<", 65));
  fail_if (is_too_deep ("[{<1>, <2>}]", 100));
  fail_if (is_too_deep (">]}", 100));
  /* Within strings, and strings within those. */
  fail_unless (is_too_deep ("\\[", 9));
  fail_unless (is_too_deep ("\\133", 9));
  fail_if (is_too_deep ("\\133", 8));
  fail_unless (is_too_deep ("\\\\133", 9));
  fail_unless (is_too_deep ("\\\\1\\73", 65));
  fail_if (is_too_deep ("\\13", 100));
  fail_if (is_too_deep ("\\777", 100));
  fail_if (is_too_deep ("\\", 1));
}
GST_END_TEST;

/* GStreamer would be at this for longer than anybody waits. */
GST_START_TEST (test_nested_structure)
{
  GByteArray *bytes = g_byte_array_new ();
  GString *text = g_string_new ("name, f=");
  GstByteReader reader;

  for (guint i = 0; i < 40; i++)
    g_string_append (text, "[name, f=");
  gst_zero_buffer_put_string (bytes, text->str);
  gst_byte_reader_init (&reader, bytes->data, bytes->len);
  fail_unless (gst_zero_buffer_get_structure (&reader) == NULL);
  g_string_free (text, TRUE);
  g_byte_array_unref (bytes);
}
GST_END_TEST;

/* ---- damage ---- */

static GstEvent *
new_event (guint number)
{
  GstSegment segment;
  GstCaps *caps;
  GstEvent *event;

  switch (number) {
    case 0:
      return gst_event_new_stream_start ("a stream");
    case 1:
      caps = gst_caps_from_string ("video/x-raw,width=1,format=RGB");
      event = gst_event_new_caps (caps);
      gst_caps_unref (caps);
      return event;
    case 2:
      gst_segment_init (&segment, GST_FORMAT_TIME);
      return gst_event_new_segment (&segment);
    case 3:
      return gst_event_new_tag (
          gst_tag_list_new (GST_TAG_TITLE, "title", NULL));
    case 4:
      return gst_event_new_gap (1, 2);
    case 5:
      return gst_event_new_segment_done (GST_FORMAT_TIME, 3);
    case 6:
      return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new ("custom", "answer", G_TYPE_INT, 42, NULL));
    case 7:
      return gst_event_new_eos ();
    default:
      return NULL;
  }
}

/* Parses it as an event, which may well be none. */
static gboolean
parse_event (const guint8 *data, guint size)
{
  GstByteReader reader;
  GstEvent *event;
  gboolean parsed;

  gst_byte_reader_init (&reader, data, size);
  event = gst_zero_buffer_event_read (&reader);
  parsed = event != NULL;
  gst_clear_event (&event);
  return parsed;
}

GST_START_TEST (test_events_that_end_early)
{
  GByteArray *bytes = g_byte_array_new ();
  GstEvent *event;

  for (guint i = 0; (event = new_event (i)); i++) {
    g_byte_array_set_size (bytes, 0);
    gst_zero_buffer_event_write (event, bytes);
    fail_unless (parse_event (bytes->data, bytes->len));
    for (guint size = 0; size < bytes->len; size++) {
      guint8 *copy = g_memdup2 (bytes->data, size);
      fail_if (parse_event (copy, size));
      g_free (copy);
    }
    gst_event_unref (event);
  }
  g_byte_array_unref (bytes);
}
GST_END_TEST;

static gboolean
parse_metas (const guint8 *data, guint size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  GstByteReader reader;
  gboolean parsed;

  gst_byte_reader_init (&reader, data, size);
  parsed = gst_zero_buffer_metas_read (buffer, &reader);
  gst_buffer_unref (buffer);
  return parsed;
}

static GByteArray *
write_metas (void)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  GByteArray *bytes = g_byte_array_new ();

  GST_BUFFER_OFFSET (buffer) = 7;
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 8, 8);
  gst_buffer_add_video_crop_meta (buffer);
  gst_buffer_add_video_region_of_interest_meta (buffer, "roi", 1, 2, 3, 4);
  gst_zero_buffer_metas_write (buffer, bytes);
  gst_buffer_unref (buffer);
  return bytes;
}

/* Wherever it is cut, it is taken for what it was, or for corrupt. */
GST_START_TEST (test_metas_that_end_early)
{
  GByteArray *bytes = write_metas ();
  guint whole = 0;

  fail_unless (parse_metas (bytes->data, bytes->len));
  for (guint size = 0; size < bytes->len; size++) {
    guint8 *copy = g_memdup2 (bytes->data, size);
    whole += parse_metas (copy, size);
    g_free (copy);
  }
  /* Nothing at all, and up to each of the four but the last. */
  fail_unless_equals_int (whole, 4);
  g_byte_array_unref (bytes);
}
GST_END_TEST;

/* What comes of numbers that are damaged is left open, but it must come to an
 * end, within its bounds. */
GST_START_TEST (test_damaged_numbers)
{
  GByteArray *bytes = write_metas ();
  GRand *random = g_rand_new_with_seed (1);

  for (guint i = 0; i < 5000; i++) {
    guint8 *copy = g_memdup2 (bytes->data, bytes->len);
    /* The offsets, the GstVideoMeta, and the head of what follows. */
    for (guint k = 0; k < 3; k++)
      copy[g_rand_int_range (random, 0, 96)] = g_rand_int (random);
    parse_metas (copy, bytes->len);
    g_free (copy);
  }
  g_rand_free (random);
  g_byte_array_unref (bytes);
}
GST_END_TEST;

/* ---- warnings of a ring that fills up ---- */

GST_START_TEST (test_fill)
{
  static const struct {
    guint percent, seconds, level;
  } steps[] = {
    { 79, 0, 0 },
    { 80, 0, 80 },
    { 94, 0, 0 },
    { 95, 0, 95 },
    { 100, 0, 0 },
    { 76, 2, 0 },
    { 95, 2, 0 },
    { 74, 2, 0 },
    { 95, 2, 95 },
    { 59, 2, 0 },
    { 80, 2, 80 },
    { 0, 2, 0 },
    { 100, 2, 0 }, /* not within the same second */
    { 100, 3, 95 },
    { 0, 9, 0 },
    { 100, 9, 95 }, /* the higher of both */
    { 80, 9, 0 },
  };
  GstZeroBufferFill fill = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    fail_unless_equals_int (
        gst_zero_buffer_fill_update (
            &fill, steps[i].percent, steps[i].seconds * GST_SECOND),
        steps[i].level);
}
GST_END_TEST;

/* ---- metas that the caps contradict ---- */

static GstBuffer *
new_picture (GstVideoFormat format, guint width, guint height, guint crop_width)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100 * 100 * 3, NULL);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);

  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, format, width, height);
  crop->x = 10;
  crop->width = crop_width;
  crop->height = 10;
  return buffer;
}

static void
check_metas (GstBuffer *buffer, gboolean has_video, gboolean has_crop)
{
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw,format=RGB,width=64,height=48,framerate=30/1");
  GstZeroBufferFormat format;

  gst_zero_buffer_format_set_caps (&format, caps);
  gst_zero_buffer_format_remove_wrong_metas (&format, buffer);
  fail_unless ((gst_buffer_get_video_meta (buffer) != NULL) == has_video);
  fail_unless ((gst_buffer_get_video_crop_meta (buffer) != NULL) == has_crop);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
}

GST_START_TEST (test_metas_against_caps)
{
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 64, 48, 20), TRUE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 100, 100, 90), TRUE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 100, 100, 91), TRUE, FALSE);
  check_metas (
      new_picture (GST_VIDEO_FORMAT_RGB, 64, 48, G_MAXUINT), TRUE, FALSE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 63, 48, 20), FALSE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGB, 64, 47, 20), FALSE, TRUE);
  check_metas (new_picture (GST_VIDEO_FORMAT_RGBx, 64, 48, 20), FALSE, TRUE);
}
GST_END_TEST;

static Suite *
record_suite (void)
{
  Suite *suite = suite_create ("record");
  TCase *tcase = tcase_create ("record");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_sizes);
  tcase_add_test (tcase, test_nested_text);
  tcase_add_test (tcase, test_nested_structure);
  tcase_add_test (tcase, test_events_that_end_early);
  tcase_add_test (tcase, test_metas_that_end_early);
  tcase_add_test (tcase, test_damaged_numbers);
  tcase_add_test (tcase, test_metas_against_caps);
  tcase_add_test (tcase, test_fill);
  return suite;
}

GST_CHECK_MAIN (record);
