/* SPDX-License-Identifier: MIT */
/* Both elements in pipelines that start and stop again and again.
 * tests/launch/test_leaks.py runs this once more with GStreamer's leaks tracer,
 * which reports when the process ends. */
#include "common.h"

#define CYCLES 100

/* For fakesrc and fakesink, where the test sees no system plugins. */
static void
load_core_elements (void)
{
  gchar *path =
      g_build_filename (GST_PLUGINS_DIR, "libgstcoreelements.so", NULL);
  GError *problem = NULL;
  GstPlugin *plugin = gst_plugin_load_file (path, &problem);

  fail_unless (plugin != NULL, "%s", problem ? problem->message : path);
  gst_object_unref (plugin);
  g_free (path);
}

static GstElement *
new_pipeline (const gchar *format)
{
  gchar *description = g_strdup_printf (format, name);
  GError *problem = NULL;
  GstElement *pipeline = gst_parse_launch (description, &problem);

  fail_unless (problem == NULL, "%s", problem ? problem->message : "");
  g_free (description);
  return pipeline;
}

static void
wait_for_frames (GstElement *pipeline)
{
  GstElement *src = gst_bin_get_by_name (GST_BIN (pipeline), "src");

  while (get_stat (src, "frames") < 3)
    g_usleep (500);
  gst_object_unref (src);
}

/* Plays both, sees frames pass, and stops them, one or the other first. */
static void
cycle (GstElement *producer, GstElement *consumer, guint number)
{
  GstElement *early = number & 1 ? producer : consumer;
  GstElement *later = number & 1 ? consumer : producer;

  gst_element_set_state (early, GST_STATE_PLAYING);
  gst_element_set_state (later, GST_STATE_PLAYING);
  wait_for_frames (consumer);
  if (number & 2)
    gst_element_set_state (later, GST_STATE_READY);
  fail_unless_equals_int (
      gst_element_set_state (early, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int (
      gst_element_set_state (later, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  assert_nothing_left ();
}

GST_START_TEST (test_a_hundred_cycles)
{
  GstElement *producer, *consumer;

  load_core_elements ();
  producer = new_pipeline ("fakesrc sizetype=fixed sizemax=1000 filltype=zero"
                           " ! zerobuffersink buffer-name=%s");
  consumer = new_pipeline (
      "zerobuffersrc name=src buffer-name=%s reconnect=true ! fakesink");
  for (guint i = 0; i < CYCLES; i++)
    cycle (producer, consumer, i);
  gst_object_unref (producer);
  gst_object_unref (consumer);
}
GST_END_TEST;

static Suite *
states_suite (void)
{
  Suite *suite = suite_create ("states");
  TCase *tcase = tcase_create ("states");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_a_hundred_cycles);
  return suite;
}

GST_CHECK_MAIN (states);
