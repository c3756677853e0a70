/* SPDX-License-Identifier: MIT */
/*
 * A small application: plays a pipeline, as gst-launch-1.0 does, and does what
 * it is told.
 *
 *     player PIPELINE
 *
 * It takes one command a line from its standard input, and ends with it:
 *
 *     play, pause              the pipeline
 *     eos                      sends an end of stream to the pipeline
 *     select ELEMENT PAD       makes this the active pad of an input-selector
 *     quit
 *
 * It prints one line for each thing that happens: "state NAME", "eos", "error
 * TEXT", "warning TEXT", and for each element whose name begins with "watch"
 * what leaves it, or arrives if it is a sink:
 *
 *     buffer NAME PTS DTS DURATION RUNNING-TIME FLAGS SIZE ZEROS BYTES
 *     event NAME TYPE GROUP
 *
 * Times are in ns, -1 where there is none, ZEROS counts the bytes that are zero,
 * BYTES are the first twelve, GROUP is that of a stream-start.  It exits with 1 after an error.
 */
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static GMainLoop *loop;
static GstElement *pipeline;
static gboolean is_to_play = TRUE;
static int status;

static void
say (const gchar *format, ...)
{
  va_list values;

  flockfile (stdout);
  va_start (values, format);
  vprintf (format, values);
  va_end (values);
  fflush (stdout);
  funlockfile (stdout);
}

/* ---- what passes ---- */

static gint64
get_running_time (GstPad *pad, GstClockTime time)
{
  GstEvent *event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment;
  guint64 running_time;
  gint64 result = -1;
  gint sign;

  if (!event)
    return -1;
  gst_event_parse_segment (event, &segment);
  if (segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID (time)) {
    sign = gst_segment_to_running_time_full (
        segment, GST_FORMAT_TIME, time, &running_time);
    if (sign != 0)
      result = sign * (gint64) running_time;
  }
  gst_event_unref (event);
  return result;
}

static gboolean
write_down_buffer (GstBuffer **buffer, guint index, gpointer data)
{
  GstPad *pad = data;
  GstObject *element = GST_OBJECT_PARENT (pad);
  gchar bytes[25] = "";
  gsize zeros = 0;
  GstMapInfo map;

  if (!gst_buffer_map (*buffer, &map, GST_MAP_READ)) {
    say ("error a buffer cannot be mapped\n");
    return TRUE;
  }
  for (gsize i = 0; i < map.size; i++)
    zeros += map.data[i] == 0;
  for (gsize i = 0; i < MIN (map.size, 12); i++)
    g_snprintf (bytes + 2 * i, 3, "%02x", map.data[i]);
  say ("buffer %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
       " %" G_GINT64_FORMAT " %u %" G_GSIZE_FORMAT " %" G_GSIZE_FORMAT " %s\n",
      GST_OBJECT_NAME (element), (gint64) GST_BUFFER_PTS (*buffer),
      (gint64) GST_BUFFER_DTS (*buffer), (gint64) GST_BUFFER_DURATION (*buffer),
      get_running_time (pad, GST_BUFFER_PTS (*buffer)),
      GST_BUFFER_FLAGS (*buffer), map.size, zeros, bytes);
  gst_buffer_unmap (*buffer, &map);
  return TRUE;
}

static void
write_down_event (GstEvent *event, GstObject *element)
{
  guint group = 0;

  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    gst_event_parse_group_id (event, &group);
  say ("event %s %s %u\n", GST_OBJECT_NAME (element),
      GST_EVENT_TYPE_NAME (event), group);
}

static GstPadProbeReturn
write_down (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  if (GST_IS_BUFFER (info->data))
    write_down_buffer ((GstBuffer **) &info->data, 0, pad);
  else if (GST_IS_BUFFER_LIST (info->data))
    gst_buffer_list_foreach (info->data, write_down_buffer, pad);
  else if (GST_IS_EVENT (info->data))
    write_down_event (info->data, GST_OBJECT_PARENT (pad));
  return GST_PAD_PROBE_OK;
}

static void
watch_pad (GstElement *element, const gchar *name)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      write_down, NULL, NULL);
  gst_object_unref (pad);
}

static void
watch_element (GstElement *element)
{
  if (!g_str_has_prefix (GST_OBJECT_NAME (element), "watch"))
    return;
  watch_pad (element,
      GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK) ? "sink" : "src");
}

static void
on_element_added (
    GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer unused)
{
  watch_element (element);
}

static void
watch_elements (void)
{
  GstIterator *iterator = gst_bin_iterate_recurse (GST_BIN (pipeline));
  GValue value = G_VALUE_INIT;

  while (gst_iterator_next (iterator, &value) == GST_ITERATOR_OK) {
    watch_element (g_value_get_object (&value));
    g_value_unset (&value);
  }
  gst_iterator_free (iterator);
  g_signal_connect (
      pipeline, "deep-element-added", G_CALLBACK (on_element_added), NULL);
}

/* ---- what it is told ---- */

static void
pause_pipeline (void)
{
  if (gst_element_set_state (pipeline, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE) {
    say ("error it does not start\n");
    status = 1;
    g_main_loop_quit (loop);
  }
}

static void
select_pad (const gchar *element_name, const gchar *pad_name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), element_name);
  GstPad *pad = gst_element_get_static_pad (element, pad_name);

  g_object_set (element, "active-pad", pad, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

static void
obey (const gchar *line)
{
  gchar **words = g_strsplit (line, " ", -1);

  if (strcmp (words[0], "play") == 0) {
    is_to_play = TRUE;
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
  } else if (strcmp (words[0], "pause") == 0) {
    is_to_play = FALSE;
    pause_pipeline ();
  } else if (strcmp (words[0], "eos") == 0) {
    gst_element_send_event (pipeline, gst_event_new_eos ());
  } else if (strcmp (words[0], "select") == 0 && words[1] && words[2]) {
    select_pad (words[1], words[2]);
  } else if (strcmp (words[0], "quit") == 0) {
    g_main_loop_quit (loop);
  } else {
    say ("error it does not know \"%s\"\n", line);
  }
  g_strfreev (words);
}

static gboolean
on_command (GIOChannel *channel, GIOCondition condition, gpointer unused)
{
  gchar *line;
  gsize end;

  if (g_io_channel_read_line (channel, &line, NULL, &end, NULL) !=
      G_IO_STATUS_NORMAL) {
    g_main_loop_quit (loop);
    return G_SOURCE_REMOVE;
  }
  line[end] = '\0';
  obey (line);
  g_free (line);
  return G_SOURCE_CONTINUE;
}

/* ---- what it hears of ---- */

static void
say_problem (GstMessage *message)
{
  gboolean is_error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  GError *problem;
  gchar *details;

  if (is_error)
    gst_message_parse_error (message, &problem, &details);
  else
    gst_message_parse_warning (message, &problem, &details);
  say ("%s %s (%s)\n", is_error ? "error" : "warning", problem->message,
      details);
  g_error_free (problem);
  g_free (details);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer unused)
{
  GstState state;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_WARNING:
      say_problem (message);
      break;
    case GST_MESSAGE_ERROR:
      say_problem (message);
      status = 1;
      g_main_loop_quit (loop);
      break;
    case GST_MESSAGE_EOS:
      say ("eos\n");
      g_main_loop_quit (loop);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (pipeline));
      break;
    case GST_MESSAGE_STATE_CHANGED:
      if (GST_MESSAGE_SRC (message) != GST_OBJECT (pipeline))
        break;
      gst_message_parse_state_changed (message, NULL, &state, NULL);
      say ("state %s\n", gst_element_state_get_name (state));
      if (state == GST_STATE_PAUSED && is_to_play)
        gst_element_set_state (pipeline, GST_STATE_PLAYING);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  GError *problem = NULL;
  GIOChannel *commands;
  GstBus *bus;

  gst_init (&argc, &argv);
  if (argc != 2) {
    fprintf (stderr, "usage: player PIPELINE\n");
    return 2;
  }
  pipeline = gst_parse_launch (argv[1], &problem);
  if (problem) {
    say ("error %s\n", problem->message);
    return 2;
  }
  loop = g_main_loop_new (NULL, FALSE);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_message, NULL);
  commands = g_io_channel_unix_new (STDIN_FILENO);
  g_io_add_watch (commands, G_IO_IN | G_IO_HUP, on_command, NULL);
  watch_elements ();

  pause_pipeline ();
  if (status == 0)
    g_main_loop_run (loop);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_io_channel_unref (commands);
  g_main_loop_unref (loop);
  return status;
}
