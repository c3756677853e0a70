/* SPDX-License-Identifier: MIT */
/*
 * One side of a soak:
 *
 *     side send NAME SIZES SINK-PROPERTIES
 *     side receive NAME STALLS SRC-PROPERTIES
 *
 * The sender makes frames as fast as they go, of sizes by chance: "small",
 * "large" (1080p), or "any".  The receiver checks every byte of each, and that
 * none is missing or comes twice; STALLS times in a thousand frames it stops for
 * some milliseconds.  Each writes how many frames there were so far, twenty times
 * a second.  SIGTERM ends it.
 */
#include <gst/base/gstpushsrc.h>
#include <gst/gst.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGE (1920 * 1080 * 3 / 2)

/* What a frame begins with; all is in words of 64 bits, and so is its size. */
typedef struct {
  guint64 process; /* the sender */
  guint64 number;  /* from 1 on */
  guint64 size;
} Header;

static gint frames; /* atomic */
static GMainLoop *loop;
static int status;

static guint64
get_word (const Header *header, gsize i)
{
  return (header->process << 32) + header->number * 0x9e3779b97f4a7c15 + i;
}

/* ---- sending ---- */

#define SOAK_TYPE_SRC (soak_src_get_type ())
G_DECLARE_FINAL_TYPE (SoakSrc, soak_src, SOAK, SRC, GstPushSrc)

struct _SoakSrc {
  GstPushSrc parent;
  guint64 number;
  GRand *random;
};

G_DEFINE_TYPE (SoakSrc, soak_src, GST_TYPE_PUSH_SRC)

static const gchar *sizes;

static gsize
choose_size (SoakSrc *self)
{
  gsize limit = LARGE;

  if (strcmp (sizes, "large") == 0)
    return LARGE;
  if (strcmp (sizes, "small") == 0 || g_rand_int_range (self->random, 0, 10))
    limit = 4096;
  return sizeof (Header) +
         8 * (gsize) g_rand_int_range (self->random, 0, limit / 8);
}

static void
fill_frame (guint64 *words, const Header *header)
{
  memcpy (words, header, sizeof *header);
  for (gsize i = sizeof *header / 8; i < header->size / 8; i++)
    words[i] = get_word (header, i);
}

/* In memory that the sink offers, if it does. */
static GstFlowReturn
soak_src_create (GstPushSrc *src, GstBuffer **buffer)
{
  SoakSrc *self = SOAK_SRC (src);
  Header header = { (guint64) getpid (), ++self->number, choose_size (self) };
  GstFlowReturn flow;
  GstMapInfo map;

  flow = GST_BASE_SRC_CLASS (soak_src_parent_class)
             ->alloc (GST_BASE_SRC (src), GST_BUFFER_OFFSET_NONE,
                 (guint) header.size, buffer);
  if (flow != GST_FLOW_OK)
    return flow;
  if (!gst_buffer_map (*buffer, &map, GST_MAP_WRITE))
    return GST_FLOW_ERROR;
  fill_frame ((guint64 *) (gpointer) map.data, &header);
  gst_buffer_unmap (*buffer, &map);
  g_atomic_int_inc (&frames);
  return GST_FLOW_OK;
}

static void
soak_src_finalize (GObject *object)
{
  g_rand_free (SOAK_SRC (object)->random);
  G_OBJECT_CLASS (soak_src_parent_class)->finalize (object);
}

static void
soak_src_init (SoakSrc *self)
{
  self->random = g_rand_new ();
}

static void
soak_src_class_init (SoakSrcClass *klass)
{
  static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE ("src",
      GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-soak"));

  G_OBJECT_CLASS (klass)->finalize = soak_src_finalize;
  GST_PUSH_SRC_CLASS (klass)->create = soak_src_create;
  gst_element_class_add_static_pad_template (
      GST_ELEMENT_CLASS (klass), &template);
  gst_element_class_set_static_metadata (
      GST_ELEMENT_CLASS (klass), "Soak source", "Source", "Frames", "Tests");
}

/* ---- receiving ---- */

static gint stalls;

static void
fail (const gchar *what, const Header *header)
{
  fprintf (stderr,
      "%s: frame %" G_GUINT64_FORMAT " of process %" G_GUINT64_FORMAT
      ", %" G_GUINT64_FORMAT " bytes\n",
      what, header->number, header->process, header->size);
  abort ();
}

static void
check_frame (const guint64 *words, gsize size)
{
  static Header last;
  Header header;

  memcpy (&header, words, sizeof header);
  if (header.size != size)
    fail ("another size", &header);
  for (gsize i = sizeof header / 8; i < size / 8; i++)
    if (words[i] != get_word (&header, i))
      fail ("damaged", &header);
  if (header.process == last.process && header.number != last.number + 1)
    fail ("not the next", &header);
  last = header;
}

static void
on_frame (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer unused)
{
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    abort ();
  check_frame ((const guint64 *) (gconstpointer) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  g_atomic_int_inc (&frames);
  if (g_random_int_range (0, 1000) < stalls)
    g_usleep ((gulong) g_random_int_range (0, 20000));
}

/* ---- both ---- */

static gboolean
report (gpointer unused)
{
  printf ("%d\n", g_atomic_int_get (&frames));
  fflush (stdout);
  return G_SOURCE_CONTINUE;
}

static gboolean
quit (gpointer unused)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_error (GstBus *bus, GstMessage *message, gpointer unused)
{
  GError *error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    fprintf (stderr, "%s\n", error->message);
    g_error_free (error);
    status = 1;
    g_main_loop_quit (loop);
  }
  return G_SOURCE_CONTINUE;
}

static GstElement *
make_pipeline (char **argv)
{
  gboolean sends = strcmp (argv[1], "send") == 0;
  GError *error = NULL;
  GstElement *pipeline, *sink;
  gchar *text;

  if (sends) {
    sizes = argv[3];
    text = g_strdup_printf (
        "soaksrc ! zerobuffersink buffer-name=%s %s", argv[2], argv[4]);
  } else {
    stalls = atoi (argv[3]);
    text = g_strdup_printf ("zerobuffersrc reconnect=true buffer-name=%s %s"
                            " ! fakesink name=sink signal-handoffs=true",
        argv[2], argv[4]);
  }
  pipeline = gst_parse_launch (text, &error);
  g_free (text);
  if (!pipeline)
    g_error ("%s", error->message);
  if (!sends) {
    sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
    g_signal_connect (sink, "handoff", G_CALLBACK (on_frame), NULL);
    gst_object_unref (sink);
  }
  return pipeline;
}

int
main (int argc, char **argv)
{
  GstElement *pipeline;
  GstBus *bus;

  gst_init (&argc, &argv);
  if (argc != 5) {
    fprintf (stderr, "usage: side send|receive NAME SIZES|STALLS PROPERTIES\n");
    return 2;
  }
  gst_element_register (NULL, "soaksrc", GST_RANK_NONE, SOAK_TYPE_SRC);
  pipeline = make_pipeline (argv);
  loop = g_main_loop_new (NULL, FALSE);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_error, NULL);
  g_unix_signal_add (SIGTERM, quit, NULL);
  g_timeout_add (50, report, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_main_loop_run (loop);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_main_loop_unref (loop);
  return status;
}
