/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-zerobuffersink
 * @title: zerobuffersink
 * @short_description: sends media to another process through shared memory
 * @see_also: zerobuffersrc
 *
 * Writes what it gets, of any caps, to a ZeroBuffer that another process
 * reads: a #zerobuffersrc, or any other program that speaks the ZeroBuffer
 * protocol.  The caps are written to the buffer's metadata.
 *
 * A buffer has one reader.  For several consumers use a `tee` and a sink for
 * each.
 *
 * ## Example launch lines
 *
 * Either of the two may be started first:
 * |[
 * gst-launch-1.0 videotestsrc ! video/x-raw,width=640,height=480 \
 *     ! zerobuffersink buffer-name=demo
 * gst-launch-1.0 zerobuffersrc buffer-name=demo ! videoconvert ! autovideosink
 * ]|
 *
 * A live source that goes on while nobody listens:
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true \
 *     ! zerobuffersink buffer-name=tone wait-for-reader=false
 * ]|
 *
 * Two consumers, neither of which holds up the other:
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! tee name=t \
 *     t. ! queue leaky=downstream ! zerobuffersink buffer-name=one \
 *     t. ! queue leaky=downstream ! zerobuffersink buffer-name=two
 * ]|
 */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstzerobuffersink.h"

#include <string.h>
#include <zerobuffer.h>

#include "gstzerobuffererror.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermetadata.h"
#include "gstzerobufferstats.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersink_debug);
#define GST_CAT_DEFAULT zerobuffersink_debug

#define DEFAULT_WAIT_FOR_READER TRUE
#define DEFAULT_SYNC FALSE

/* How long to wait for a reader before the property wait-for-reader is looked
 * at again. */
#define CONNECT_INTERVAL (100 * GST_MSECOND)

enum {
  PROP_0,
  PROP_BUFFER_NAME,
  PROP_WAIT_FOR_READER,
  PROP_STATS,
};

struct _GstZeroBufferSink {
  GstBaseSink parent;

  /* Guarded by the OBJECT_LOCK: properties, the pointer to what exists between
   * start and stop, and counters. */
  gchar *buffer_name;
  gboolean wait_for_reader;
  ZbWriter *writer;
  guint64 sessions; /* readers so far */
  guint64 dropped;  /* buffers that came while there was no reader */

  /* Of the streaming thread. */
  GstCaps *caps;         /* of the buffers that come */
  GstCaps *session_caps; /* those that the reader was told */
  GstZeroBufferFormat format;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSink, gst_zero_buffer_sink, GST_TYPE_BASE_SINK)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersink, "zerobuffersink", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SINK)

/* ---- properties ---- */

static void
gst_zero_buffer_sink_init (GstZeroBufferSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  self->wait_for_reader = DEFAULT_WAIT_FOR_READER;
  gst_base_sink_set_sync (sink, DEFAULT_SYNC);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
}

static void
gst_zero_buffer_sink_finalize (GObject *object)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  g_free (self->buffer_name);
  G_OBJECT_CLASS (gst_zero_buffer_sink_parent_class)->finalize (object);
}

static void
set_buffer_name (GstZeroBufferSink *self, const gchar *name)
{
  gboolean started;

  GST_OBJECT_LOCK (self);
  started = self->writer != NULL;
  if (!started) {
    g_free (self->buffer_name);
    self->buffer_name = g_strdup (name);
  }
  GST_OBJECT_UNLOCK (self);
  if (started)
    g_warning ("%s: the property \"buffer-name\" can only be changed in the "
               "NULL or READY state",
        GST_OBJECT_NAME (self));
}

static void
gst_zero_buffer_sink_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  switch (prop_id) {
    case PROP_BUFFER_NAME:
      set_buffer_name (self, g_value_get_string (value));
      break;
    case PROP_WAIT_FOR_READER:
      GST_OBJECT_LOCK (self);
      self->wait_for_reader = g_value_get_boolean (value);
      GST_OBJECT_UNLOCK (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
}

/* With the OBJECT_LOCK. */
static GstStructure *
get_stats (GstZeroBufferSink *self)
{
  ZbStats stats = { 0 };
  GstStructure *structure;

  if (self->writer)
    zb_writer_get_stats (self->writer, &stats);
  structure = gst_zero_buffer_stats_new ("zerobuffersink-stats", &stats);
  /* clang-format off */
  gst_structure_set (structure,
      "sessions", G_TYPE_UINT64, self->sessions,
      "dropped", G_TYPE_UINT64, self->dropped,
      NULL);
  /* clang-format on */
  return structure;
}

static void
gst_zero_buffer_sink_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (object);

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_value_set_string (value, self->buffer_name);
      break;
    case PROP_WAIT_FOR_READER:
      g_value_set_boolean (value, self->wait_for_reader);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* ---- start and stop ---- */

static gboolean
gst_zero_buffer_sink_start (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  ZbWriter *writer;
  ZbError error;
  ZbResult result;
  gchar *name;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->buffer_name);
  GST_OBJECT_UNLOCK (self);
  result = zb_writer_new (name, 0, &writer, &error);
  g_free (name);
  if (result != ZB_OK) {
    gst_zero_buffer_post_error (
        self, &error, "Check the property buffer-name of zerobuffersink.");
    return FALSE;
  }

  gst_zero_buffer_format_set_caps (&self->format, NULL);
  GST_OBJECT_LOCK (self);
  self->sessions = 0;
  self->dropped = 0;
  self->writer = writer;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_zero_buffer_sink_stop (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  ZbWriter *writer;

  GST_OBJECT_LOCK (self);
  writer = g_steal_pointer (&self->writer);
  GST_OBJECT_UNLOCK (self);

  zb_writer_free (writer);
  gst_clear_caps (&self->caps);
  gst_clear_caps (&self->session_caps);
  return TRUE;
}

/* ---- waiting ----
 *
 * Render waits without the preroll lock, as the base class does for the clock:
 * a state change needs that lock.  Whatever can end the wait is changed by
 * others with the lock held, who then call unlock_stop; so both this and unlock
 * wake the render thread up, and it is the render thread that, having the lock
 * again, takes note and looks what has changed. */

static void
wake_up (GstBaseSink *sink)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);

  GST_OBJECT_LOCK (self);
  if (self->writer)
    zb_writer_set_interrupted (self->writer, TRUE);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_zero_buffer_sink_unlock (GstBaseSink *sink)
{
  wake_up (sink);
  return TRUE;
}

static gboolean
gst_zero_buffer_sink_unlock_stop (GstBaseSink *sink)
{
  wake_up (sink);
  return TRUE;
}

/* Goes on if nothing has changed, and waits here while paused. */
static GstFlowReturn
after_wake_up (GstZeroBufferSink *self, GstBuffer *buffer)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  zb_writer_set_interrupted (self->writer, FALSE);
  if (sink->flushing)
    return GST_FLOW_FLUSHING;
  return gst_base_sink_do_preroll (sink, GST_MINI_OBJECT_CAST (buffer));
}

static ZbResult
wait_for_reader (GstZeroBufferSink *self, ZbError *error)
{
  ZbResult result;

  GST_BASE_SINK_PREROLL_UNLOCK (self);
  result = zb_writer_connect (self->writer, CONNECT_INTERVAL, error);
  GST_BASE_SINK_PREROLL_LOCK (self);
  return result;
}

static ZbResult
wait_for_room (
    GstZeroBufferSink *self, gsize size, gpointer *place, ZbError *error)
{
  ZbResult result;

  GST_BASE_SINK_PREROLL_UNLOCK (self);
  result = zb_writer_reserve (self->writer, size, ZB_FOREVER, place, error);
  GST_BASE_SINK_PREROLL_LOCK (self);
  return result;
}

/* ---- sessions ---- */

/* Only the bytes of ordinary memory mean the same in another process. */
static gboolean
has_foreign_memory (GstCaps *caps)
{
  GstCapsFeatures *features = gst_caps_get_features (caps, 0);

  for (guint i = 0; features && i < gst_caps_features_get_size (features);
       i++) {
    const gchar *feature = gst_caps_features_get_nth (features, i);
    if (g_str_has_prefix (feature, "memory:") &&
        strcmp (feature, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY) != 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
gst_zero_buffer_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);

  if (has_foreign_memory (caps)) {
    GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
        ("Buffers of special memory cannot go to another process. Put an "
         "element before zerobuffersink that brings them to system memory, "
         "such as gldownload."),
        ("caps %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  gst_caps_replace (&self->caps, caps);
  gst_zero_buffer_format_set_caps (&self->format, caps);
  return TRUE;
}

static gboolean
is_waiting_for_reader (GstZeroBufferSink *self)
{
  gboolean wait;

  GST_OBJECT_LOCK (self);
  wait = self->wait_for_reader;
  GST_OBJECT_UNLOCK (self);
  return wait;
}

static ZbResult
write_metadata (GstZeroBufferSink *self, ZbError *error)
{
  gchar *json = gst_zero_buffer_metadata_new (GST_ELEMENT (self), self->caps);
  ZbResult result =
      zb_writer_set_metadata (self->writer, json, strlen (json), error);

  GST_DEBUG_OBJECT (self, "Metadata is %s", json);
  g_free (json);
  return result;
}

static ZbResult
begin_session (GstZeroBufferSink *self, ZbError *error)
{
  ZbResult result;

  result = zb_writer_connect (self->writer, 0, error);
  /* Denied is for good only if it stays so: waiting finds out. */
  if ((result == ZB_NOT_READY || result == ZB_PERMISSION) &&
      is_waiting_for_reader (self))
    result = wait_for_reader (self, error);
  if (result != ZB_OK)
    return result;
  gst_caps_replace (&self->session_caps, self->caps);
  GST_OBJECT_LOCK (self);
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "Connected to a reader");
  return write_metadata (self, error);
}

static void
end_session (GstZeroBufferSink *self, const gchar *why)
{
  if (!zb_writer_is_connected (self->writer))
    return;
  GST_INFO_OBJECT (self, "Disconnecting: %s", why);
  zb_writer_disconnect (self->writer);
}

static gboolean
is_caps_changed (GstZeroBufferSink *self)
{
  if (!self->caps || !self->session_caps)
    return self->caps != self->session_caps;
  return !gst_caps_is_equal (self->caps, self->session_caps);
}

/* The reader was told the caps once and cannot be told again. */
static ZbResult
check_session (GstZeroBufferSink *self, ZbError *error)
{
  gchar *before, *now;

  if (G_LIKELY (!is_caps_changed (self)))
    return ZB_OK;
  if (zb_writer_check_reader (self->writer, error) != ZB_OK)
    return error->result;
  before = gst_caps_to_string (self->session_caps);
  now = gst_caps_to_string (self->caps);
  error->result = ZB_METADATA_SET;
  error->os_error = 0;
  g_snprintf (error->message, sizeof error->message,
      "The caps changed from \"%s\" to \"%s\", but the metadata, by which the "
      "reader knows them, is write-once. Convert to constant caps before "
      "zerobuffersink, or start both sides again.",
      before, now);
  g_free (before);
  g_free (now);
  return ZB_METADATA_SET;
}

/* ---- frames ---- */

static ZbResult
write_buffer (GstZeroBufferSink *self, GstBuffer *buffer, ZbError *error)
{
  gsize size = gst_zero_buffer_format_get_size (&self->format, buffer);
  ZbResult result;
  gpointer place;

  result = zb_writer_reserve (self->writer, size, 0, &place, error);
  if (result == ZB_TIMEOUT)
    result = wait_for_room (self, size, &place, error);
  if (result != ZB_OK)
    return result;
  if (gst_zero_buffer_format_write (&self->format, buffer, place, size)) {
    zb_writer_publish (self->writer);
    return ZB_OK;
  }
  zb_writer_drop (self->writer);
  error->result = ZB_INVALID;
  error->os_error = 0;
  g_snprintf (error->message, sizeof error->message,
      "A buffer of %" G_GSIZE_FORMAT " bytes is not what its caps say, or "
      "cannot be read; expected %" G_GSIZE_FORMAT " bytes.",
      gst_buffer_get_size (buffer), size);
  return ZB_INVALID;
}

static ZbResult
send_buffer (GstZeroBufferSink *self, GstBuffer *buffer, ZbError *error)
{
  ZbResult result;

  if (zb_writer_is_connected (self->writer))
    result = check_session (self, error);
  else
    result = begin_session (self, error);
  return result == ZB_OK ? write_buffer (self, buffer, error) : result;
}

static const gchar *
get_hint (const ZbError *error)
{
  if (error->result == ZB_TOO_LARGE)
    return "With zerobuffersrc, set its property payload-size or "
           "metadata-size.";
  return NULL;
}

static void
drop_buffer (GstZeroBufferSink *self, const ZbError *error)
{
  GST_LOG_OBJECT (self, "Dropping a buffer: %s", error->message);
  GST_OBJECT_LOCK (self);
  self->dropped++;
  GST_OBJECT_UNLOCK (self);
}

static GstFlowReturn
gst_zero_buffer_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  GstZeroBufferSink *self = GST_ZERO_BUFFER_SINK (sink);
  GstFlowReturn flow;
  ZbError error;

  if (gst_zero_buffer_format_get_size (&self->format, buffer) == 0) {
    GST_DEBUG_OBJECT (self, "No frame for %" GST_PTR_FORMAT, buffer);
    return GST_FLOW_OK;
  }
  for (;;) {
    switch (send_buffer (self, buffer, &error)) {
      case ZB_OK:
        return GST_FLOW_OK;
      case ZB_INTERRUPTED:
        if ((flow = after_wake_up (self, buffer)) != GST_FLOW_OK)
          return flow;
        break;
      case ZB_PEER_LEFT:
      case ZB_PEER_CRASHED:
        end_session (self, error.message);
        break;
      case ZB_NOT_READY:
        if (is_waiting_for_reader (self)) {
          GST_LOG_OBJECT (self, "%s", error.message);
          break;
        }
        drop_buffer (self, &error);
        return GST_FLOW_OK;
      default:
        gst_zero_buffer_post_error (self, &error, get_hint (&error));
        return GST_FLOW_ERROR;
    }
  }
}

/* In protocol 1.0, leaving is all that tells the reader of the end. */
static gboolean
gst_zero_buffer_sink_event (GstBaseSink *sink, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    end_session (GST_ZERO_BUFFER_SINK (sink), "end of stream");
  return GST_BASE_SINK_CLASS (gst_zero_buffer_sink_parent_class)
      ->event (sink, event);
}

/* ---- class ---- */

/* Rows are packed on the way, so whatever strides upstream likes will do. */
static gboolean
gst_zero_buffer_sink_propose_allocation (GstBaseSink *sink, GstQuery *query)
{
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

static void
install_properties (GObjectClass *klass)
{
  /**
   * zerobuffersink:buffer-name:
   *
   * The name of the reader's buffer: at most 245 bytes, without "/".
   */
  g_object_class_install_property (klass, PROP_BUFFER_NAME,
      g_param_spec_string ("buffer-name", "Buffer name",
          "Name of the buffer that the reader creates", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersink:wait-for-reader:
   *
   * What to do while there is no reader, at the beginning or after losing one.
   * %TRUE: block until one is there.  %FALSE: let buffers go by.  A reader
   * that is slow always blocks; put a leaky queue before the sink if it shall
   * not.
   */
  g_object_class_install_property (klass, PROP_WAIT_FOR_READER,
      g_param_spec_boolean ("wait-for-reader", "Wait for reader",
          "Block while there is no reader, instead of dropping buffers",
          DEFAULT_WAIT_FOR_READER,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_PLAYING));
  /**
   * zerobuffersink:stats:
   *
   * Counters since the element was started, all #guint64:
   *
   * * `frames`, `bytes`: written so far, bytes without headers
   * * `waits`: how often the element slept since the ring was full
   * * `wraps`: how often the end of the ring was reached
   * * `ring-size`, `ring-used`, `ring-used-max`: bytes of the ring, in use now
   *   and at most so far
   * * `peer-pid`: the reader's process; 0 = none
   * * `sessions`: readers so far
   * * `dropped`: buffers that came while there was no reader
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters since the start",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_zero_buffer_sink_class_init (GstZeroBufferSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *base_sink_class = GST_BASE_SINK_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      zerobuffersink_debug, "zerobuffersink", 0, "ZeroBuffer sink");

  object_class->finalize = gst_zero_buffer_sink_finalize;
  object_class->set_property = gst_zero_buffer_sink_set_property;
  object_class->get_property = gst_zero_buffer_sink_get_property;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "ZeroBuffer sink",
      "Sink", "Sends media to another process through shared memory",
      "The ZeroBuffer for GStreamer authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);

  base_sink_class->start = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_start);
  base_sink_class->stop = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_stop);
  base_sink_class->unlock = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock);
  base_sink_class->unlock_stop =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_unlock_stop);
  base_sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_set_caps);
  base_sink_class->propose_allocation =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_propose_allocation);
  base_sink_class->event = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_event);
  base_sink_class->render = GST_DEBUG_FUNCPTR (gst_zero_buffer_sink_render);
}
