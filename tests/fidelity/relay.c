/* SPDX-License-Identifier: MIT */
/*
 * One half of a split pipeline, that writes down what goes over to, or comes
 * from, the other:
 *
 *     relay send FILE PIPELINE      ending in zerobuffersink name=out
 *     relay receive FILE PIPELINE   ending in fakesink name=out
 *
 * The sender has an element of the name "inject" carry all that there is, changes
 * the caps of an element of the name "size" every 10 buffers, and has one of the
 * name "seek" play several segments.  With RELAY_CLOCK=realtime in the environment
 * the pipeline has a clock that is not the monotonic one.  The last line is the
 * pipeline's base time.  SIGTERM ends it, SIGUSR1 ends the stream first.
 */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

#include "scribe.h"

static GMainLoop *loop;
static int status;

/* ---- caps that change ---- */

static GstPadProbeReturn
change_size (GstPad *pad, GstPadProbeInfo *info, gpointer element)
{
  static const gchar *const sizes[] = {
    "video/x-raw,width=321,height=241",
    "video/x-raw,width=3840,height=2160",
    "video/x-raw,width=64,height=48",
  };
  static guint number;

  if (++number % 10 == 0 && number / 10 <= G_N_ELEMENTS (sizes)) {
    GstCaps *caps = gst_caps_from_string (sizes[number / 10 - 1]);
    g_object_set (element, "caps", caps, NULL);
    gst_caps_unref (caps);
  }
  return GST_PAD_PROBE_OK;
}

/* ---- segments ---- */

typedef struct {
  gdouble rate;
  GstSeekFlags flags;
  GstClockTime start, stop;
} Seek;

static const Seek seeks[] = {
  { 1.0, GST_SEEK_FLAG_SEGMENT | GST_SEEK_FLAG_FLUSH, 1 * GST_SECOND,
      2 * GST_SECOND },
  { 2.0, GST_SEEK_FLAG_SEGMENT, 4 * GST_SECOND, 5 * GST_SECOND },
  { 1.0, GST_SEEK_FLAG_SEGMENT | GST_SEEK_FLAG_FLUSH, GST_SECOND / 2,
      GST_SECOND },
  { 0.5, GST_SEEK_FLAG_NONE, 0, GST_SECOND / 3 },
};

static void
seek_next (GstElement *element)
{
  static guint number;
  const Seek *seek = &seeks[number++];

  gst_element_send_event (element,
      gst_event_new_seek (seek->rate, GST_FORMAT_TIME, seek->flags,
          GST_SEEK_TYPE_SET, seek->start, GST_SEEK_TYPE_SET, seek->stop));
}

/* ---- the pipeline ---- */

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer pipeline)
{
  GError *error = NULL;
  GstElement *element;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      fprintf (stderr, "%s\n", error->message);
      g_error_free (error);
      status = 1;
      g_main_loop_quit (loop);
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit (loop);
      break;
    case GST_MESSAGE_SEGMENT_DONE:
      element = gst_bin_get_by_name (pipeline, "seek");
      if (element)
        seek_next (element);
      gst_clear_object (&element);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static void
watch_out (GstElement *pipeline, FILE *file)
{
  GstElement *out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstPad *pad = gst_element_get_static_pad (out, "sink");

  scribe_watch (pad, file);
  gst_object_unref (pad);
  gst_object_unref (out);
}

static void
prepare (GstElement *pipeline)
{
  GstElement *element;
  GstPad *pad;

  if ((element = gst_bin_get_by_name (GST_BIN (pipeline), "inject"))) {
    pad = gst_element_get_static_pad (element, "src");
    scribe_inject (pad);
    gst_object_unref (pad);
    gst_object_unref (element);
  }
  if ((element = gst_bin_get_by_name (GST_BIN (pipeline), "size"))) {
    pad = gst_element_get_static_pad (element, "src");
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, change_size, element, NULL);
    gst_object_unref (pad);
    gst_object_unref (element);
  }
  if ((element = gst_bin_get_by_name (GST_BIN (pipeline), "seek"))) {
    gst_element_set_state (pipeline, GST_STATE_PAUSED);
    gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
    seek_next (element);
    gst_object_unref (element);
  }
}

static GstElement *
make_pipeline (const gchar *description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  if (error)
    fprintf (stderr, "%s\n", error->message);
  g_clear_error (&error);
  return pipeline;
}

static gboolean
quit (gpointer unused)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
send_eos (gpointer pipeline)
{
  gst_element_send_event (pipeline, gst_event_new_eos ());
  return G_SOURCE_CONTINUE;
}

static void
set_clock (GstElement *pipeline)
{
  GstClock *clock;

  if (g_strcmp0 (g_getenv ("RELAY_CLOCK"), "realtime") != 0)
    return;
  clock = g_object_new (
      GST_TYPE_SYSTEM_CLOCK, "clock-type", GST_CLOCK_TYPE_REALTIME, NULL);
  gst_object_ref_sink (clock);
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), clock);
  gst_object_unref (clock);
}

int
main (int argc, char **argv)
{
  GstClockTime base_time;
  GstElement *pipeline;
  GstBus *bus;
  FILE *file;

  gst_init (&argc, &argv);
  if (argc != 4 || !(file = fopen (argv[2], "w"))) {
    fprintf (stderr, "usage: relay send|receive FILE PIPELINE\n");
    return 2;
  }
  scribe_register_metas ();
  if (!(pipeline = make_pipeline (argv[3])))
    return 2;
  loop = g_main_loop_new (NULL, FALSE);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_message, pipeline);
  g_unix_signal_add (SIGTERM, quit, NULL);
  g_unix_signal_add (SIGUSR1, send_eos, pipeline);
  set_clock (pipeline);
  watch_out (pipeline, file);
  if (strcmp (argv[1], "send") == 0)
    prepare (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (loop);

  base_time = gst_element_get_base_time (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  fprintf (file, "base-time %" G_GUINT64_FORMAT "\n", base_time);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_main_loop_unref (loop);
  fclose (file);
  gst_deinit ();
  return status;
}
