/* SPDX-License-Identifier: MIT */
/*
 * A pipeline, and an application that does to it what it is told:
 *
 *     actor FILE PIPELINE
 *
 * What comes to the element of the name "out" (and "out2", "out3") is written to
 * FILE (see scribe.h; each buffer is followed by a line "at" with the time of the
 * monotonic clock).
 * Commands are read from the standard input, one a line.  Each is answered, with
 * "= ok ANSWER" or "= no REASON", when it is done: so whoever gives them waits for
 * conditions, and never for a while.
 *
 *     state NULL|READY|PAUSED|PLAYING     how the change began
 *     reach                               waits for it; how it ended
 *     wait buffer|event:NAME|message:NAME N
 *                                         until so many were seen in all
 *     count buffer|event:NAME|message:NAME
 *     messages                            those that tell something
 *     clock PPM                           a clock that runs off, before it plays
 *     tick MILLISECONDS                   lets the time pass
 *     base-time
 *     set ELEMENT PROPERTY VALUE
 *     event ELEMENT EVENT                 gst_element_send_event ()
 *     seek ELEMENT RATE FLAGS START STOP  ns, or -1
 *     step FORMAT AMOUNT
 *     query ELEMENT[.PAD] QUERY
 *     quit
 *
 * and these for the source pad of an element, in its streaming thread:
 *
 *     hold ELEMENT N      lets N more buffers pass, and keeps the next one
 *     held ELEMENT        waits until one is kept
 *     let ELEMENT N       N more
 *     release ELEMENT     all
 *     watch ELEMENT       counts them, as "passed:ELEMENT"
 *     inject ELEMENT N EVENT     before the buffer of this number
 *     lists ELEMENT N     makes buffer lists of N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fidelity/scribe.h"

/* Whatever is waited for comes in an instant, or never. */
#define PATIENCE (10 * G_TIME_SPAN_SECOND)

static GstElement *pipeline;
static FILE *record;

/* Guards all below; signalled when any of it changes. */
static GMutex lock;
static GCond changed;
static GHashTable *seen; /* how many buffers, events, messages by name */
static GString *messages;
static gchar *error;

/* ---- counting ---- */

/* Call with lock held. */
static guint
get_count (const gchar *what)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (seen, what));
}

static void
count (const gchar *kind, const gchar *name)
{
  gchar *what = g_strconcat (kind, name, NULL);

  g_mutex_lock (&lock);
  g_hash_table_insert (
      seen, g_strdup (what), GUINT_TO_POINTER (get_count (what) + 1));
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
  g_free (what);
}

static void
count_buffer (void)
{
  fprintf (record, "at %" G_GUINT64_FORMAT "\n",
      (guint64) gst_util_get_timestamp ());
  count ("buffer", "");
}

static GstPadProbeReturn
count_item (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  if (GST_IS_EVENT (info->data))
    count ("event:", GST_EVENT_TYPE_NAME (info->data));
  else if (GST_IS_BUFFER (info->data))
    count_buffer ();
  else if (GST_IS_BUFFER_LIST (info->data))
    for (guint i = 0; i < gst_buffer_list_length (info->data); i++)
      count_buffer ();
  return GST_PAD_PROBE_OK;
}

static void
watch_out (const gchar *name)
{
  GstElement *out = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstPad *pad;

  if (!out)
    return;
  pad = gst_element_get_static_pad (out, "sink");
  scribe_watch (pad, record);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      count_item, NULL, NULL);
  gst_object_unref (pad);
  gst_object_unref (out);
}

/* ---- messages ---- */

static void
note (const gchar *name, const gchar *detail)
{
  g_mutex_lock (&lock);
  g_string_append_printf (messages, "%s%s%s%s", messages->len ? " | " : "",
      name, *detail ? " " : "", detail);
  g_mutex_unlock (&lock);
}

static void
note_error (GstMessage *message)
{
  GError *problem;

  gst_message_parse_error (message, &problem, NULL);
  g_mutex_lock (&lock);
  if (!error)
    error = g_strdup (problem->message);
  g_mutex_unlock (&lock);
  note ("error", problem->message);
  g_error_free (problem);
}

static void
on_message (GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  gchar *text = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      note_error (message);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (pipeline));
      break;
    case GST_MESSAGE_SEGMENT_DONE:
    case GST_MESSAGE_STEP_DONE:
    case GST_MESSAGE_WARNING:
      text = gst_structure_to_string (structure);
      note (GST_MESSAGE_TYPE_NAME (message), text);
      break;
    case GST_MESSAGE_ELEMENT:
    case GST_MESSAGE_APPLICATION:
      note (
          GST_MESSAGE_TYPE_NAME (message), gst_structure_get_name (structure));
      break;
    case GST_MESSAGE_EOS:
    case GST_MESSAGE_ASYNC_DONE:
    case GST_MESSAGE_STREAM_START:
      note (GST_MESSAGE_TYPE_NAME (message), "");
      break;
    default:
      break;
  }
  g_free (text);
  count ("message:", GST_MESSAGE_TYPE_NAME (message));
}

/* The message "stop" ends it. */
static gpointer
read_messages (gpointer bus)
{
  GstMessage *message;
  gboolean stop = FALSE;

  while (!stop) {
    message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);
    stop = gst_message_has_name (message, "stop");
    if (!stop)
      on_message (message);
    gst_message_unref (message);
  }
  return NULL;
}

/* ---- events ---- */

static guint64
get_number (gchar **words, guint i)
{
  return g_strtod (words[i], NULL) < 0 ? GST_CLOCK_TIME_NONE
                                       : g_ascii_strtoull (words[i], NULL, 10);
}

/* "segment same|new RATE APPLIED-RATE START STOP TIME BASE" */
static GstEvent *
make_segment (gchar **words, GstPad *pad)
{
  GstEvent *before = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  GstEvent *event;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = g_ascii_strtod (words[2], NULL);
  segment.applied_rate = g_ascii_strtod (words[3], NULL);
  segment.start = segment.position = get_number (words, 4);
  segment.stop = get_number (words, 5);
  segment.time = get_number (words, 6);
  segment.base = get_number (words, 7);
  event = gst_event_new_segment (&segment);
  if (before && strcmp (words[1], "same") == 0)
    gst_event_set_seqnum (event, gst_event_get_seqnum (before));
  gst_clear_event (&before);
  return event;
}

static GstEvent *
make_custom (GstEventType type, const gchar *name)
{
  return gst_event_new_custom (
      type, gst_structure_new (name, "number", G_TYPE_INT, 42, NULL));
}

static GstEvent *
make_protection (const gchar *text)
{
  GstBuffer *data = gst_buffer_new_memdup (text, strlen (text));
  GstEvent *event = gst_event_new_protection (
      "9a04f079-9840-4286-ab92-e65be0885f95", data, "test");

  gst_buffer_unref (data);
  return event;
}

static GstEvent *
make_sink_message (const gchar *name)
{
  GstMessage *message =
      gst_message_new_application (NULL, gst_structure_new_empty (name));
  GstEvent *event = gst_event_new_sink_message (name, message);

  gst_message_unref (message);
  return event;
}

static const struct {
  const gchar *name;
  GstEventType type;
} customs[] = {
  { "custom-downstream", GST_EVENT_CUSTOM_DOWNSTREAM },
  { "custom-sticky", GST_EVENT_CUSTOM_DOWNSTREAM_STICKY },
  { "custom-oob", GST_EVENT_CUSTOM_DOWNSTREAM_OOB },
  { "custom-both", GST_EVENT_CUSTOM_BOTH },
  { "custom-both-oob", GST_EVENT_CUSTOM_BOTH_OOB },
  { "custom-upstream", GST_EVENT_CUSTOM_UPSTREAM },
};

static GstEvent *
make_event (gchar **words, GstPad *pad)
{
  for (guint i = 0; i < G_N_ELEMENTS (customs); i++)
    if (strcmp (words[0], customs[i].name) == 0)
      return make_custom (customs[i].type, words[1]);
  if (strcmp (words[0], "flush-start") == 0)
    return gst_event_new_flush_start ();
  if (strcmp (words[0], "flush-stop") == 0)
    return gst_event_new_flush_stop (strcmp (words[1], "reset") == 0);
  if (strcmp (words[0], "eos") == 0)
    return gst_event_new_eos ();
  if (strcmp (words[0], "gap") == 0)
    return gst_event_new_gap (get_number (words, 1), get_number (words, 2));
  if (strcmp (words[0], "tag") == 0)
    return gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, words[1], NULL));
  if (strcmp (words[0], "protection") == 0)
    return make_protection (words[1]);
  if (strcmp (words[0], "sink-message") == 0)
    return make_sink_message (words[1]);
  if (strcmp (words[0], "instant-rate-change") == 0)
    return gst_event_new_instant_rate_change (
        g_ascii_strtod (words[1], NULL), GST_SEGMENT_FLAG_NONE);
  if (strcmp (words[0], "segment") == 0)
    return make_segment (words, pad);
  g_error ("no event \"%s\"", words[0]);
}

/* ---- points: the source pads at which something is done ---- */

typedef struct {
  guint number;
  gchar **words;
} Injection;

typedef struct {
  gchar *name;
  GstPad *pad;
  guint number;        /* buffers so far; of the streaming thread */
  GList *injections;   /* set before it plays */
  guint list_size;     /* the same */
  GstBufferList *list; /* of the streaming thread */
  /* Guarded by lock. */
  gboolean holds, keeps, flushing;
  guint allowed;
} Point;

static GHashTable *points;

static GstPadProbeReturn
refuse (GstPadProbeInfo *info, GstFlowReturn flow)
{
  gst_buffer_unref (info->data);
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = flow;
  return GST_PAD_PROBE_HANDLED;
}

/* FALSE: it is flushing. */
static gboolean
pass (Point *point)
{
  gboolean flushing;

  g_mutex_lock (&lock);
  while (point->holds && point->allowed == 0 && !point->flushing) {
    point->keeps = TRUE;
    g_cond_broadcast (&changed);
    g_cond_wait (&changed, &lock);
  }
  point->keeps = FALSE;
  flushing = point->flushing;
  if (point->allowed > 0 && !flushing)
    point->allowed--;
  g_mutex_unlock (&lock);
  return !flushing;
}

static GstPadProbeReturn
collect (Point *point, GstPadProbeInfo *info)
{
  GstFlowReturn flow = GST_FLOW_OK;

  if (!point->list)
    point->list = gst_buffer_list_new ();
  gst_buffer_list_add (point->list, info->data);
  if (gst_buffer_list_length (point->list) == point->list_size)
    flow = gst_pad_push_list (point->pad, g_steal_pointer (&point->list));
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = flow;
  return GST_PAD_PROBE_HANDLED;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Point *point = data;
  guint number = point->number++;

  for (GList *item = point->injections; item; item = item->next) {
    Injection *injection = item->data;
    if (injection->number == number)
      gst_pad_push_event (pad, make_event (injection->words, pad));
  }
  if (!pass (point))
    return refuse (info, GST_FLOW_FLUSHING);
  count ("passed:", point->name);
  return point->list_size ? collect (point, info) : GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_flush (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Point *point = data;

  g_mutex_lock (&lock);
  point->flushing = GST_EVENT_TYPE (info->data) == GST_EVENT_FLUSH_START;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
  return GST_PAD_PROBE_OK;
}

static GstElement *
get_element (const gchar *name)
{
  GstElement *element = strcmp (name, ".") == 0
                            ? gst_object_ref (pipeline)
                            : gst_bin_get_by_name (GST_BIN (pipeline), name);

  if (!element)
    g_error ("no element \"%s\"", name);
  return element;
}

static Point *
get_point (const gchar *name)
{
  Point *point = g_hash_table_lookup (points, name);
  GstElement *element;

  if (point)
    return point;
  point = g_new0 (Point, 1);
  point->name = g_strdup (name);
  element = get_element (name);
  point->pad = gst_element_get_static_pad (element, "src");
  gst_object_unref (element);
  gst_pad_add_probe (
      point->pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, point, NULL);
  gst_pad_add_probe (
      point->pad, GST_PAD_PROBE_TYPE_EVENT_FLUSH, on_flush, point, NULL);
  g_hash_table_insert (points, point->name, point);
  return point;
}

static void
free_injection (gpointer data)
{
  Injection *injection = data;

  g_strfreev (injection->words);
  g_free (injection);
}

static void
free_point (gpointer data)
{
  Point *point = data;

  g_list_free_full (point->injections, free_injection);
  if (point->list)
    gst_buffer_list_unref (point->list);
  gst_object_unref (point->pad);
  g_free (point->name);
  g_free (point);
}

/* A state in which nothing flows: what is kept is given up. */
static void
set_points_flushing (gboolean flushing)
{
  GHashTableIter iter;
  gpointer point;

  g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, points);
  while (g_hash_table_iter_next (&iter, NULL, &point))
    ((Point *) point)->flushing = flushing;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

/* ---- a clock that runs off ---- */

#define TYPE_DRIFTING_CLOCK (drifting_clock_get_type ())
G_DECLARE_FINAL_TYPE (
    DriftingClock, drifting_clock, DRIFTING, CLOCK, GstSystemClock)

struct _DriftingClock {
  GstSystemClock parent;
  gint ppm;
};

G_DEFINE_TYPE (DriftingClock, drifting_clock, GST_TYPE_SYSTEM_CLOCK)

static GstClockTime
drifting_clock_get_internal_time (GstClock *clock)
{
  gint64 time = gst_util_get_timestamp ();

  return time + time / 1000000 * DRIFTING_CLOCK (clock)->ppm;
}

static void
drifting_clock_init (DriftingClock *self)
{
}

static void
drifting_clock_class_init (DriftingClockClass *klass)
{
  GST_CLOCK_CLASS (klass)->get_internal_time = drifting_clock_get_internal_time;
}

/* ---- queries ---- */

static GstQuery *
make_query (gchar **words)
{
  GstCaps *caps = words[1] ? gst_caps_from_string (words[1]) : NULL;
  GstQuery *query = NULL;

  if (strcmp (words[0], "position") == 0)
    query = gst_query_new_position (GST_FORMAT_TIME);
  else if (strcmp (words[0], "duration") == 0)
    query = gst_query_new_duration (GST_FORMAT_TIME);
  else if (strcmp (words[0], "seeking") == 0)
    query = gst_query_new_seeking (GST_FORMAT_TIME);
  else if (strcmp (words[0], "segment") == 0)
    query = gst_query_new_segment (GST_FORMAT_TIME);
  else if (strcmp (words[0], "formats") == 0)
    query = gst_query_new_formats ();
  else if (strcmp (words[0], "latency") == 0)
    query = gst_query_new_latency ();
  else if (strcmp (words[0], "scheduling") == 0)
    query = gst_query_new_scheduling ();
  else if (strcmp (words[0], "caps") == 0)
    query = gst_query_new_caps (caps);
  else if (strcmp (words[0], "accept-caps") == 0)
    query = gst_query_new_accept_caps (caps);
  else if (strcmp (words[0], "custom") == 0)
    query = gst_query_new_custom (
        GST_QUERY_CUSTOM, gst_structure_new_empty (words[1]));
  else
    g_error ("no query \"%s\"", words[0]);
  gst_clear_caps (&caps);
  return query;
}

static gboolean
ask (const gchar *name, GstQuery *query)
{
  gchar **parts = g_strsplit (name, ".", 2);
  gboolean answered;

  if (*parts[0] && parts[1]) {
    GstElement *element = get_element (parts[0]);
    GstPad *pad = gst_element_get_static_pad (element, parts[1]);
    answered = gst_pad_query (pad, query);
    gst_object_unref (pad);
    gst_object_unref (element);
  } else {
    GstElement *element = get_element (name);
    answered = gst_element_query (element, query);
    gst_object_unref (element);
  }
  g_strfreev (parts);
  return answered;
}

static gchar *
do_query (gchar **words)
{
  GstQuery *query = make_query (words + 1);
  gboolean answered = ask (words[0], query);
  const GstStructure *structure = gst_query_get_structure (query);
  gchar *text;

  text = answered && structure ? gst_structure_to_string (structure)
                               : g_strdup (answered ? "true" : "false");
  gst_query_unref (query);
  return text;
}

/* ---- commands ---- */

/* NULL: it was waited for in vain. */
static gchar *
do_wait (const gchar *what, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gboolean told = strcmp (what, "message:error") == 0;
  gchar *answer = NULL;

  g_mutex_lock (&lock);
  while (get_count (what) < n && (told || !error))
    if (!g_cond_wait_until (&changed, &lock, deadline))
      break;
  if (get_count (what) >= n)
    answer = g_strdup ("");
  g_mutex_unlock (&lock);
  return answer;
}

static gchar *
do_held (Point *point)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gchar *answer = NULL;

  g_mutex_lock (&lock);
  while (!(point->keeps && point->allowed == 0))
    if (!g_cond_wait_until (&changed, &lock, deadline))
      break;
  if (point->keeps)
    answer = g_strdup ("");
  g_mutex_unlock (&lock);
  return answer;
}

static gchar *
do_hold (Point *point, gboolean holds, guint allowed)
{
  g_mutex_lock (&lock);
  point->holds = holds;
  point->allowed = allowed;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
  return g_strdup ("");
}

static gchar *
do_inject (Point *point, gchar **words)
{
  Injection *injection = g_new0 (Injection, 1);

  injection->number = atoi (words[0]);
  injection->words = g_strdupv (words + 1);
  point->injections = g_list_append (point->injections, injection);
  return g_strdup ("");
}

static gchar *
do_state (const gchar *name)
{
  static const gchar *const names[] = { "", "NULL", "READY", "PAUSED",
    "PLAYING" };
  GstState state = GST_STATE_NULL;

  for (guint i = 1; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0)
      state = i;
  set_points_flushing (state < GST_STATE_PAUSED);
  return g_strdup (gst_element_state_change_return_get_name (
      gst_element_set_state (pipeline, state)));
}

static gchar *
do_reach (void)
{
  return g_strdup (gst_element_state_change_return_get_name (
      gst_element_get_state (pipeline, NULL, NULL, PATIENCE * 1000)));
}

static gchar *
do_clock (gint ppm)
{
  DriftingClock *clock = g_object_new (TYPE_DRIFTING_CLOCK, NULL);

  gst_object_ref_sink (clock);
  clock->ppm = ppm;
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), GST_CLOCK (clock));
  gst_object_unref (clock);
  return g_strdup ("");
}

static gchar *
do_send_event (const gchar *name, GstEvent *event)
{
  GstElement *element = get_element (name);
  gboolean sent = gst_element_send_event (element, event);

  gst_object_unref (element);
  return g_strdup (sent ? "true" : "false");
}

static gchar *
do_seek (gchar **words)
{
  GValue flags = G_VALUE_INIT;
  gchar *answer;

  g_value_init (&flags, GST_TYPE_SEEK_FLAGS);
  if (!gst_value_deserialize (&flags, words[2]))
    g_error ("no seek flags \"%s\"", words[2]);
  answer = do_send_event (
      words[0], gst_event_new_seek (g_ascii_strtod (words[1], NULL),
                    GST_FORMAT_TIME, g_value_get_flags (&flags),
                    *words[3] == '-' ? GST_SEEK_TYPE_NONE : GST_SEEK_TYPE_SET,
                    get_number (words, 3),
                    *words[4] == '-' ? GST_SEEK_TYPE_NONE : GST_SEEK_TYPE_SET,
                    get_number (words, 4)));
  g_value_unset (&flags);
  return answer;
}

static gchar *
do_set (gchar **words)
{
  GstElement *element = get_element (words[0]);

  gst_util_set_object_arg (G_OBJECT (element), words[1], words[2]);
  gst_object_unref (element);
  return g_strdup ("");
}

static gchar *
do_messages (void)
{
  gchar *text;

  g_mutex_lock (&lock);
  text = g_strdup (messages->str);
  g_mutex_unlock (&lock);
  return text;
}

static gchar *
do_tick (guint milliseconds)
{
  g_usleep (milliseconds * 1000);
  return g_strdup ("");
}

static gchar *
do_count (const gchar *what)
{
  gchar *text;

  g_mutex_lock (&lock);
  text = g_strdup_printf ("%u", get_count (what));
  g_mutex_unlock (&lock);
  return text;
}

static gchar *
do_command (gchar **words)
{
  const gchar *word = words[0];

  if (strcmp (word, "state") == 0)
    return do_state (words[1]);
  if (strcmp (word, "reach") == 0)
    return do_reach ();
  if (strcmp (word, "wait") == 0)
    return do_wait (words[1], atoi (words[2]));
  if (strcmp (word, "count") == 0)
    return do_count (words[1]);
  if (strcmp (word, "messages") == 0)
    return do_messages ();
  if (strcmp (word, "clock") == 0)
    return do_clock (atoi (words[1]));
  if (strcmp (word, "tick") == 0)
    return do_tick (atoi (words[1]));
  if (strcmp (word, "base-time") == 0)
    return g_strdup_printf (
        "%" G_GUINT64_FORMAT, gst_element_get_base_time (pipeline));
  if (strcmp (word, "set") == 0)
    return do_set (words + 1);
  if (strcmp (word, "event") == 0)
    return do_send_event (words[1], make_event (words + 2, NULL));
  if (strcmp (word, "seek") == 0)
    return do_seek (words + 1);
  if (strcmp (word, "step") == 0)
    return do_send_event (
        ".", gst_event_new_step (gst_format_get_by_nick (words[1]),
                 get_number (words, 2), 1.0, TRUE, FALSE));
  if (strcmp (word, "query") == 0)
    return do_query (words + 1);
  if (strcmp (word, "hold") == 0)
    return do_hold (get_point (words[1]), TRUE, atoi (words[2]));
  if (strcmp (word, "held") == 0)
    return do_held (get_point (words[1]));
  if (strcmp (word, "let") == 0)
    return do_hold (get_point (words[1]), TRUE, atoi (words[2]));
  if (strcmp (word, "release") == 0)
    return do_hold (get_point (words[1]), FALSE, 0);
  if (strcmp (word, "watch") == 0) {
    get_point (words[1]);
    return g_strdup ("");
  }
  if (strcmp (word, "inject") == 0)
    return do_inject (get_point (words[1]), words + 2);
  if (strcmp (word, "lists") == 0) {
    get_point (words[1])->list_size = atoi (words[2]);
    return g_strdup ("");
  }
  g_error ("no command \"%s\"", word);
}

static void
obey (const gchar *line)
{
  gchar **words;
  gchar *answer;

  /* A parsed line, so that caps can be quoted. */
  if (!g_shell_parse_argv (line, NULL, &words, NULL))
    g_error ("cannot read \"%s\"", line);
  answer = do_command (words);
  g_mutex_lock (&lock);
  printf ("= %s %s\n", answer ? "ok" : "no",
      answer  ? answer
      : error ? error
              : "it did not come");
  fflush (stdout);
  g_mutex_unlock (&lock);
  g_free (answer);
  g_strfreev (words);
}

static void
read_commands (void)
{
  gchar line[4096];

  while (fgets (line, sizeof line, stdin)) {
    g_strchomp (line);
    if (strcmp (line, "quit") == 0)
      return;
    obey (line);
  }
}

int
main (int argc, char **argv)
{
  GError *problem = NULL;
  GThread *reader;
  GstBus *bus;

  gst_init (&argc, &argv);
  if (argc != 3 || !(record = fopen (argv[1], "w"))) {
    fprintf (stderr, "usage: actor FILE PIPELINE\n");
    return 2;
  }
  pipeline = gst_parse_launch (argv[2], &problem);
  if (problem) {
    fprintf (stderr, "%s\n", problem->message);
    return 2;
  }
  seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  points = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_point);
  messages = g_string_new (NULL);
  bus = gst_element_get_bus (pipeline);
  reader = g_thread_new ("messages", read_messages, bus);
  watch_out ("out");
  watch_out ("out2");
  watch_out ("out3");

  read_commands ();

  set_points_flushing (TRUE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  /* Setting NULL makes the bus flush, and refuse what comes until READY. */
  gst_bus_set_flushing (bus, FALSE);
  gst_bus_post (bus,
      gst_message_new_application (NULL, gst_structure_new_empty ("stop")));
  g_thread_join (reader);
  gst_object_unref (bus);
  g_hash_table_unref (points);
  gst_object_unref (pipeline);
  g_hash_table_unref (seen);
  g_string_free (messages, TRUE);
  g_free (error);
  fclose (record);
  gst_deinit ();
  return 0;
}
