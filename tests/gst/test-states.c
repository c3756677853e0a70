/* SPDX-License-Identifier: MIT */
/* Both elements in pipelines that start and stop again and again, watched by
 * GStreamer's leaks tracer. */
#include "common.h"

#define CYCLES 100

/* Tests see no system plugins; these two they need. */
static void
load_plugin (const gchar *file)
{
  gchar *path = g_build_filename (GST_PLUGINS_DIR, file, NULL);
  GError *problem = NULL;
  GstPlugin *plugin = gst_plugin_load_file (path, &problem);

  fail_unless (plugin != NULL, "%s", problem ? problem->message : path);
  gst_object_unref (plugin);
  g_free (path);
}

/* What GST_TRACERS=leaks does, for a process that has started already. */
static GstTracer *
start_leaks_tracer (void)
{
  GList *factories = gst_tracer_factory_get_list ();
  GstTracer *tracer = NULL;

  for (GList *link = factories; link; link = link->next) {
    if (g_str_equal (GST_OBJECT_NAME (link->data), "leaks"))
      tracer = gst_object_ref_sink (g_object_new (
          gst_tracer_factory_get_tracer_type (link->data), NULL));
  }
  gst_plugin_feature_list_free (factories);
  fail_unless (tracer != NULL);
  return tracer;
}

static guint
count_live_objects (GstTracer *tracer)
{
  GstStructure *info = NULL;
  guint count;

  g_signal_emit_by_name (tracer, "get-live-objects", &info);
  fail_unless (info != NULL);
  count = gst_value_list_get_size (
      gst_structure_get_value (info, "live-objects-list"));
  gst_structure_free (info);
  return count;
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

static void
run_cycles (guint count)
{
  GstElement *producer =
      new_pipeline ("fakesrc sizetype=fixed sizemax=1000 filltype=zero"
                    " ! zerobuffersink buffer-name=%s");
  GstElement *consumer = new_pipeline (
      "zerobuffersrc name=src buffer-name=%s reconnect=true ! fakesink");

  for (guint i = 0; i < count; i++)
    cycle (producer, consumer, i);
  gst_object_unref (producer);
  gst_object_unref (consumer);
}

GST_START_TEST (test_a_hundred_cycles_without_leaks)
{
  GstTracer *tracer;
  guint before;

  load_plugin ("libgstcoreelements.so");
  load_plugin ("libgstcoretracers.so");
  tracer = start_leaks_tracer ();

  run_cycles (4); /* what is made once is made now */
  before = count_live_objects (tracer);
  run_cycles (CYCLES);
  fail_unless_equals_int (count_live_objects (tracer), before);
  gst_object_unref (tracer);
}
GST_END_TEST;

static Suite *
states_suite (void)
{
  Suite *suite = suite_create ("states");
  TCase *tcase = tcase_create ("states");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, assert_nothing_left);
  tcase_add_test (tcase, test_a_hundred_cycles_without_leaks);
  return suite;
}

GST_CHECK_MAIN (states);
