/* SPDX-License-Identifier: MIT */
/* What a sink's readers are told of its events, and in which order; and how a source
 * maps the numbers in them. */
#include <gst/check/gstcheck.h>

#include "gstzerobufferids.h"
#include "gstzerobufferstory.h"

static GstZeroBufferStory story;
static GstZeroBufferTold reader, late;

static void
set_up (void)
{
  gst_zero_buffer_story_init (&story);
  gst_zero_buffer_told_init (&reader);
  gst_zero_buffer_told_init (&late);
}

static void
tear_down (void)
{
  gst_zero_buffer_story_deinit (&story);
  gst_zero_buffer_told_deinit (&reader);
  gst_zero_buffer_told_deinit (&late);
}

static void
add (GstEvent *event)
{
  gst_zero_buffer_story_add (&story, event);
  gst_event_unref (event);
}

static void
add_stream_start (const gchar *id)
{
  add (gst_event_new_stream_start (id));
}

static void
add_segment (GstClockTime base, guint32 seqnum)
{
  GstSegment segment;
  GstEvent *event;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = base;
  event = gst_event_new_segment (&segment);
  gst_event_set_seqnum (event, seqnum);
  add (event);
}

static void
add_tag (const gchar *title)
{
  add (gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, title, NULL)));
}

static void
add_custom (GstEventType type, const gchar *name)
{
  add (gst_event_new_custom (type, gst_structure_new_empty (name)));
}

static const gchar *
describe (GstEvent *event)
{
  const GstStructure *fields = gst_event_get_structure (event);

  if (GST_EVENT_IS_STICKY (event) &&
      GST_EVENT_TYPE (event) != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY)
    return GST_EVENT_TYPE_NAME (event);
  return fields ? gst_structure_get_name (fields) : GST_EVENT_TYPE_NAME (event);
}

/* @told gets just these events now. */
static void
assert_told (GstZeroBufferTold *told, const gchar *expected)
{
  GString *text = g_string_new (NULL);
  GstZeroBufferTale tale;

  while (gst_zero_buffer_story_next (&story, told, &tale)) {
    g_string_append_printf (
        text, "%s%s", text->len ? " " : "", describe (tale.event));
    gst_zero_buffer_story_note_sent (&story, told, &tale);
    gst_event_unref (tale.event);
  }
  fail_unless_equals_string (text->str, expected);
  g_string_free (text, TRUE);
}

GST_START_TEST (test_newcomers)
{
  add_stream_start ("a");
  add_tag ("one");
  add (gst_event_new_caps (gst_caps_new_empty_simple ("text/x-raw")));
  add_segment (0, 1);
  assert_told (&reader, "stream-start caps segment tag");
  assert_told (&reader, "");
  add_tag ("two");
  assert_told (&reader, "tag");
  /* The order is that of pads, whatever came last. */
  assert_told (&late, "stream-start caps segment tag");
  gst_zero_buffer_told_reset (&reader);
  assert_told (&reader, "stream-start caps segment tag");
}
GST_END_TEST;

/* An event that does not last goes behind the sticky ones before it. */
GST_START_TEST (test_order)
{
  add_stream_start ("a");
  add_segment (0, 1);
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM, "first");
  add_tag ("one");
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, "x");
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, "y");
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM, "second");
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, "x");
  assert_told (&reader, "stream-start segment first tag y second x");
  assert_told (&late, "stream-start segment tag x y");
}
GST_END_TEST;

/* Edit lists and gapless streams have them. */
GST_START_TEST (test_segments_with_one_seqnum)
{
  add_segment (0, 5);
  assert_told (&reader, "segment");
  add_segment (GST_SECOND, 5);
  assert_told (&reader, "segment");
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  add_stream_start ("a");
  add_segment (0, 1);
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM, "stale");
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM_OOB, "oob");
  gst_zero_buffer_story_flush (&story);
  assert_told (&reader, "stream-start oob");
  add_segment (0, 2);
  gst_zero_buffer_story_flush (&story);
  add_segment (0, 3);
  assert_told (&reader, "segment");
  assert_told (&late, "stream-start segment");
}
GST_END_TEST;

GST_START_TEST (test_end)
{
  add_stream_start ("a");
  add (gst_event_new_eos ());
  assert_told (&reader, "stream-start eos");
  /* The end is nothing for those who come later. */
  assert_told (&late, "stream-start");
}
GST_END_TEST;

/* As on pads: tags are those of one stream. */
GST_START_TEST (test_another_stream)
{
  add_stream_start ("a");
  add_tag ("one");
  add_stream_start ("a");
  assert_told (&reader, "stream-start tag");
  add_stream_start ("b");
  assert_told (&late, "stream-start");
}
GST_END_TEST;

GST_START_TEST (test_nobody_there)
{
  add_custom (GST_EVENT_CUSTOM_DOWNSTREAM, "lost");
  add_tag ("kept");
  gst_zero_buffer_story_drop_waiting (&story);
  assert_told (&reader, "tag");
}
GST_END_TEST;

GST_START_TEST (test_instant_rate_change_comes_twice)
{
  GstEvent *event = gst_event_new_instant_rate_change (2.0, 0);

  gst_zero_buffer_story_add (&story, event);
  assert_told (&reader, "instant-rate-change");
  gst_zero_buffer_story_add (&story, event);
  assert_told (&reader, "");
  gst_event_unref (event);
}
GST_END_TEST;

/* ---- numbers ---- */

GST_START_TEST (test_ids)
{
  GstZeroBufferIds *a = gst_zero_buffer_ids_get (1234);
  GstZeroBufferIds *b = gst_zero_buffer_ids_get (1234);
  GstZeroBufferIds *other = gst_zero_buffer_ids_get (1235);
  GstZeroBufferIds *unknown = gst_zero_buffer_ids_get (0);
  guint group = gst_zero_buffer_ids_map_group (a, 1);
  guint32 seqnum = gst_zero_buffer_ids_map_seqnum (a, 1);

  /* Streams of one process share them, others do not. */
  fail_unless_equals_int (gst_zero_buffer_ids_map_group (b, 1), group);
  fail_unless_equals_int (gst_zero_buffer_ids_map_seqnum (b, 1), seqnum);
  fail_if (gst_zero_buffer_ids_map_group (b, 2) == group);
  fail_if (gst_zero_buffer_ids_map_group (other, 1) == group);
  fail_if (gst_zero_buffer_ids_map_seqnum (other, 1) == seqnum);
  fail_if (gst_zero_buffer_ids_map_group (unknown, 1) == group);
  fail_unless (unknown != gst_zero_buffer_ids_get (0));
  /* Nor is one that somebody here gets later the same. */
  fail_if (gst_util_group_id_next () == group);
  /* A process that has the pid later is another one. */
  gst_zero_buffer_ids_release (a);
  fail_unless_equals_int (gst_zero_buffer_ids_map_group (b, 1), group);
  gst_zero_buffer_ids_release (b);
  a = gst_zero_buffer_ids_get (1234);
  fail_if (gst_zero_buffer_ids_map_group (a, 1) == group);
  /* One that is asked for again and again stays known. */
  group = gst_zero_buffer_ids_map_group (a, 9999);
  for (guint i = 10000; i < 10500; i++) {
    gst_zero_buffer_ids_map_group (a, i);
    if (i % 50 == 0)
      fail_unless_equals_int (gst_zero_buffer_ids_map_group (a, 9999), group);
  }
}
GST_END_TEST;

static Suite *
story_suite (void)
{
  Suite *suite = suite_create ("story");
  TCase *tcase = tcase_create ("story");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, test_newcomers);
  tcase_add_test (tcase, test_order);
  tcase_add_test (tcase, test_segments_with_one_seqnum);
  tcase_add_test (tcase, test_flush);
  tcase_add_test (tcase, test_end);
  tcase_add_test (tcase, test_another_stream);
  tcase_add_test (tcase, test_nobody_there);
  tcase_add_test (tcase, test_instant_rate_change_comes_twice);
  tcase_add_test (tcase, test_ids);
  return suite;
}

GST_CHECK_MAIN (story);
