/* SPDX-License-Identifier: MIT */
/*
 * One process of the benchmark:
 *
 *     pipeline --send "SINK ..."      frames into a transport
 *     pipeline --receive "SRC ..."    and out of it
 *     pipeline --through "QUEUE ..."  both in one process
 *
 * Says on stdout, as JSON, what it measured.  A sender then stays until its
 * stdin ends, so that no transport loses what it still has.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <unistd.h>

#include "framesink.h"
#include "framesrc.h"
#include "stamp.h"

typedef struct {
  gchar *send, *receive, *through;
  gchar *caps;
  gint64 size, count, warm_up;
  gint rate;
  gboolean pool, touch, stream;
} Options;

static gboolean
parse (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "send", 0, 0, G_OPTION_ARG_STRING, &options->send, "Sink", "DESC" },
    { "receive", 0, 0, G_OPTION_ARG_STRING, &options->receive, "Source",
        "DESC" },
    { "through", 0, 0, G_OPTION_ARG_STRING, &options->through, "In between",
        "DESC" },
    { "caps", 0, 0, G_OPTION_ARG_STRING, &options->caps, "Of the frames",
        "CAPS" },
    { "size", 0, 0, G_OPTION_ARG_INT64, &options->size, "Of a frame", "BYTES" },
    { "count", 0, 0, G_OPTION_ARG_INT64, &options->count, "Of frames", "N" },
    { "warm-up", 0, 0, G_OPTION_ARG_INT64, &options->warm_up,
        "Frames not measured", "N" },
    { "rate", 0, 0, G_OPTION_ARG_INT, &options->rate, "Frames per second",
        "N" },
    { "pool", 0, 0, G_OPTION_ARG_NONE, &options->pool,
        "Use the pool of the sink", NULL },
    { "touch", 0, 0, G_OPTION_ARG_NONE, &options->touch,
        "Write and read every byte", NULL },
    { "stream", 0, 0, G_OPTION_ARG_NONE, &options->stream,
        "The transport does not keep frames apart", NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (NULL);
  gboolean parsed;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  parsed = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  return parsed;
}

static GstElement *
new_src (const Options *options)
{
  FrameSrcConfig config = { gst_caps_from_string (options->caps), options->size,
    options->count, options->warm_up, options->rate, options->pool,
    options->touch };
  GstElement *src = frame_src_new (&config);

  gst_caps_unref (config.caps);
  return src;
}

static GstElement *
new_sink (const Options *options)
{
  FrameSinkConfig config = { options->size, options->count, options->warm_up,
    options->touch, options->stream };

  return frame_sink_new (&config);
}

/* *src or *sink is NULL where that is in the other process. */
static GstElement *
new_pipeline (
    const Options *options, GstElement **src, GstElement **sink, GError **error)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  const gchar *description = options->send      ? options->send
                             : options->receive ? options->receive
                                                : options->through;
  GstElement *bin = gst_parse_bin_from_description (description, TRUE, error);

  if (!bin)
    return NULL;
  *src = options->receive ? NULL : new_src (options);
  *sink = options->send ? NULL : new_sink (options);
  gst_bin_add (GST_BIN (pipeline), bin);
  if (*src) {
    gst_bin_add (GST_BIN (pipeline), *src);
    g_assert (gst_element_link (*src, bin));
  }
  if (*sink) {
    gst_bin_add (GST_BIN (pipeline), *sink);
    g_assert (gst_element_link (bin, *sink));
  }
  return pipeline;
}

/* Until the last frame is there, or has been sent. */
static gboolean
run (GstElement *pipeline, gboolean sends)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessageType wanted =
      GST_MESSAGE_ERROR | (sends ? GST_MESSAGE_EOS : GST_MESSAGE_ELEMENT);
  gboolean done = FALSE, failed = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done && !failed) {
    GstMessage *message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, wanted);

    failed = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
    done = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS ||
           gst_message_has_name (message, "done");
    if (failed) {
      GError *error;
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("%s\n", error->message);
      g_error_free (error);
    }
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  return done;
}

/* A field of /proc/self/status, in bytes. */
static gint64
get_status (const gchar *name)
{
  gchar *text = NULL, *found;
  gint64 value = 0;

  if (g_file_get_contents ("/proc/self/status", &text, NULL, NULL) &&
      (found = strstr (text, name)))
    value = g_ascii_strtoll (found + strlen (name) + 1, NULL, 10) * 1024;
  g_free (text);
  return value;
}

static void
add_latency (JsonBuilder *json, const FrameSinkResult *result, const char *name,
    gdouble part)
{
  guint64 index = (guint64) (part * (result->measured - 1));

  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, result->latencies[index] / 1e3);
}

static void
add_cpu (JsonBuilder *json, gdouble cpu)
{
  json_builder_set_member_name (json, "cpu");
  json_builder_add_double_value (json, cpu);
}

static void
add_result (JsonBuilder *json, FrameSink *sink)
{
  FrameSinkResult result;

  frame_sink_get_result (sink, &result);
  add_cpu (json, result.cpu);
  json_builder_set_member_name (json, "frames");
  json_builder_add_int_value (json, result.frames);
  json_builder_set_member_name (json, "wrong");
  json_builder_add_int_value (json, result.wrong);
  json_builder_set_member_name (json, "rate");
  json_builder_add_double_value (json, (result.measured - 1) / result.seconds);
  add_latency (json, &result, "p50", 0.5);
  add_latency (json, &result, "p90", 0.9);
  add_latency (json, &result, "p99", 0.99);
}

static void
report (GstElement *src, GstElement *sink)
{
  JsonBuilder *json = json_builder_new ();
  JsonNode *root;
  gchar *text;

  json_builder_begin_object (json);
  if (sink)
    add_result (json, FRAME_SINK (sink));
  else
    add_cpu (json, frame_src_get_cpu (FRAME_SRC (src)));
  json_builder_set_member_name (json, "peak");
  json_builder_add_int_value (json, get_status ("VmHWM"));
  json_builder_set_member_name (json, "shared");
  json_builder_add_int_value (json, get_status ("RssShmem"));
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  text = json_to_string (root, FALSE);
  puts (text);
  fflush (stdout);
  g_free (text);
  json_node_unref (root);
  g_object_unref (json);
}

static void
wait_for_end_of_stdin (void)
{
  char byte;

  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
}

int
main (int argc, char **argv)
{
  Options options = { .size = sizeof (Stamp), .count = 2 };
  GstElement *pipeline, *src, *sink;
  GError *error = NULL;
  gboolean done;

  if (!parse (&options, &argc, &argv, &error) ||
      !(pipeline = new_pipeline (&options, &src, &sink, &error))) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  done = run (pipeline, options.send != NULL);
  if (done)
    report (src, sink);
  if (options.send && done)
    wait_for_end_of_stdin ();
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return done ? 0 : 1;
}
