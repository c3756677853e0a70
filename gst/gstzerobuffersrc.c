/* SPDX-License-Identifier: MIT */

/**
 * SECTION:element-zerobuffersrc
 * @title: zerobuffersrc
 * @short_description: receives media from another process through shared
 *     memory
 * @see_also: zerobuffersink
 *
 * Creates a ZeroBuffer and pushes what a writer puts into it: a
 * #zerobuffersink in another process, or any other program that speaks the
 * ZeroBuffer protocol.  Caps come from the writer.  Frames go downstream in
 * place, as read-only memory, without a copy.
 *
 * Protocol 1.0 carries no timestamps.  Set #GstBaseSrc:do-timestamp, and
 * #zerobuffersrc:is-live, to have buffers stamped as they arrive.
 *
 * ## Example launch lines
 *
 * Either of the two may be started first:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=demo ! videoconvert ! autovideosink
 * gst-launch-1.0 videotestsrc ! zerobuffersink buffer-name=demo
 * ]|
 *
 * A consumer that outlives its producers:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=tone reconnect=true is-live=true \
 *     do-timestamp=true ! audioconvert ! audioresample ! autoaudiosink
 * ]|
 *
 * Raw frames from a program that writes no caps:
 * |[
 * gst-launch-1.0 zerobuffersrc buffer-name=cam \
 *     caps=video/x-raw,format=RGB,width=640,height=480,framerate=30/1 \
 *     ! videoconvert ! autovideosink
 * ]|
 */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstzerobuffersrc.h"

#include <zerobuffer.h>

#include "gstzerobuffererror.h"
#include "gstzerobufferformat.h"
#include "gstzerobuffermemory.h"
#include "gstzerobuffermetadata.h"
#include "gstzerobufferstats.h"

GST_DEBUG_CATEGORY_STATIC (zerobuffersrc_debug);
#define GST_CAT_DEFAULT zerobuffersrc_debug

#define DEFAULT_PAYLOAD_SIZE (16 * 1024 * 1024)
#define DEFAULT_METADATA_SIZE (64 * 1024)
#define DEFAULT_PERMS 0600
#define DEFAULT_RECONNECT FALSE
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 40)

/* A writer that says nothing for so long, while frames are held downstream,
 * may be waiting for their places: a frame larger than all before is not
 * foreseen by zb_reader_get_hold_limit (). */
#define SILENCE (100 * GST_MSECOND)

enum {
  PROP_0,
  PROP_BUFFER_NAME,
  PROP_PAYLOAD_SIZE,
  PROP_METADATA_SIZE,
  PROP_PERMS,
  PROP_CAPS,
  PROP_IS_LIVE,
  PROP_RECONNECT,
  PROP_STATS,
};

struct _GstZeroBufferSrc {
  GstPushSrc parent;

  /* Guarded by the OBJECT_LOCK: properties, and the pointers to what exists
   * between start and stop. */
  gchar *buffer_name;
  ZbReaderConfig config;
  GstCaps *caps;
  gboolean reconnect;
  ZbReader *reader;
  GstZeroBufferAllocator *allocator;

  /* Of the streaming thread. */
  gboolean in_session; /* the caps of this writer are set */
  gboolean had_session;
  gboolean discont; /* the next buffer is the first of another writer */
  GstZeroBufferFormat format;
  gboolean video_meta; /* downstream understands strides */

  guint64 sessions; /* writers seen; guarded by the OBJECT_LOCK */
  guint64 copies;   /* buffers laid out anew; likewise */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstZeroBufferSrc, gst_zero_buffer_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    zerobuffersrc, "zerobuffersrc", GST_RANK_NONE, GST_TYPE_ZERO_BUFFER_SRC)

/* ---- properties ---- */

static void
gst_zero_buffer_src_init (GstZeroBufferSrc *self)
{
  static const ZbReaderConfig config = { DEFAULT_PAYLOAD_SIZE,
    DEFAULT_METADATA_SIZE, DEFAULT_PERMS };

  self->config = config;
  self->reconnect = DEFAULT_RECONNECT;
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

static void
gst_zero_buffer_src_finalize (GObject *object)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  g_free (self->buffer_name);
  gst_clear_caps (&self->caps);
  G_OBJECT_CLASS (gst_zero_buffer_src_parent_class)->finalize (object);
}

static gboolean
is_started (GstZeroBufferSrc *self)
{
  gboolean started;

  GST_OBJECT_LOCK (self);
  started = self->reader != NULL;
  GST_OBJECT_UNLOCK (self);
  return started;
}

static void
gst_zero_buffer_src_set_property (
    GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  if ((pspec->flags & GST_PARAM_MUTABLE_READY) && is_started (self)) {
    g_warning ("%s: the property \"%s\" can only be changed in the NULL or "
               "READY state",
        GST_OBJECT_NAME (self), pspec->name);
    return;
  }
  if (prop_id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_free (self->buffer_name);
      self->buffer_name = g_value_dup_string (value);
      break;
    case PROP_PAYLOAD_SIZE:
      self->config.payload_size = g_value_get_uint64 (value);
      break;
    case PROP_METADATA_SIZE:
      self->config.metadata_size = g_value_get_uint64 (value);
      break;
    case PROP_PERMS:
      self->config.mode = g_value_get_uint (value);
      break;
    case PROP_CAPS:
      gst_caps_replace (&self->caps, (GstCaps *) gst_value_get_caps (value));
      break;
    case PROP_RECONNECT:
      self->reconnect = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* With the OBJECT_LOCK. */
static GstStructure *
get_stats (GstZeroBufferSrc *self)
{
  ZbStats stats = { 0 };
  GstStructure *structure;
  guint64 moved = 0;

  if (self->reader) {
    zb_reader_get_stats (self->reader, &stats);
    moved = gst_zero_buffer_allocator_get_moved (self->allocator);
  }
  structure = gst_zero_buffer_stats_new ("zerobuffersrc-stats", &stats);
  /* clang-format off */
  gst_structure_set (structure,
      "sessions", G_TYPE_UINT64, self->sessions,
      "moved", G_TYPE_UINT64, moved,
      "copies", G_TYPE_UINT64, self->copies,
      NULL);
  /* clang-format on */
  return structure;
}

static void
gst_zero_buffer_src_get_property (
    GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (object);

  if (prop_id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (prop_id) {
    case PROP_BUFFER_NAME:
      g_value_set_string (value, self->buffer_name);
      break;
    case PROP_PAYLOAD_SIZE:
      g_value_set_uint64 (value, self->config.payload_size);
      break;
    case PROP_METADATA_SIZE:
      g_value_set_uint64 (value, self->config.metadata_size);
      break;
    case PROP_PERMS:
      g_value_set_uint (value, self->config.mode);
      break;
    case PROP_CAPS:
      gst_value_set_caps (value, self->caps);
      break;
    case PROP_RECONNECT:
      g_value_set_boolean (value, self->reconnect);
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
gst_zero_buffer_src_start (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  ZbReaderConfig config;
  ZbReader *reader;
  ZbError error;
  gchar *name;
  ZbResult result;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->buffer_name);
  config = self->config;
  GST_OBJECT_UNLOCK (self);

  result = zb_reader_create (name, &config, &reader, &error);
  if (result != ZB_OK) {
    gst_zero_buffer_post_error (self, &error,
        result == ZB_INVALID ? "Check the properties of zerobuffersrc." : NULL);
    g_free (name);
    return FALSE;
  }
  GST_DEBUG_OBJECT (self, "Created buffer \"%s\"", name);
  g_free (name);

  self->in_session = FALSE;
  self->had_session = FALSE;
  self->discont = FALSE;
  GST_OBJECT_LOCK (self);
  self->sessions = 0;
  self->copies = 0;
  self->allocator = gst_zero_buffer_allocator_new ();
  self->reader = reader;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_zero_buffer_src_stop (GstBaseSrc *src)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);
  GstZeroBufferAllocator *allocator;
  ZbReader *reader;

  GST_OBJECT_LOCK (self);
  reader = g_steal_pointer (&self->reader);
  allocator = g_steal_pointer (&self->allocator);
  GST_OBJECT_UNLOCK (self);

  zb_reader_close (reader);
  gst_clear_object (&allocator);
  return TRUE;
}

static void
set_interrupted (GstZeroBufferSrc *self, gboolean interrupted)
{
  GST_OBJECT_LOCK (self);
  if (self->reader)
    zb_reader_set_interrupted (self->reader, interrupted);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_zero_buffer_src_unlock (GstBaseSrc *src)
{
  set_interrupted (GST_ZERO_BUFFER_SRC (src), TRUE);
  return TRUE;
}

static gboolean
gst_zero_buffer_src_unlock_stop (GstBaseSrc *src)
{
  set_interrupted (GST_ZERO_BUFFER_SRC (src), FALSE);
  return TRUE;
}

/* ---- negotiation ---- */

/* What the writer says, else what the user says.  NULL: nobody does, and
 * buffers go out without caps, as from other sources of bytes.  FALSE: an
 * error was posted. */
static gboolean
find_caps (GstZeroBufferSrc *self, GstCaps **caps)
{
  GError *problem = NULL;
  gconstpointer data;
  ZbError error;
  gsize size;

  if (zb_reader_get_metadata (self->reader, &data, &size, &error) != ZB_OK) {
    gst_zero_buffer_post_error (self, &error, NULL);
    return FALSE;
  }
  *caps = size > 0 ? gst_zero_buffer_metadata_get_caps (data, size, &problem)
                   : NULL;
  if (!*caps) {
    GST_OBJECT_LOCK (self);
    *caps = self->caps ? gst_caps_copy (self->caps) : NULL;
    GST_OBJECT_UNLOCK (self);
  }
  if (problem) {
    if (*caps)
      GST_WARNING_OBJECT (
          self, "No caps from the writer's metadata: %s", problem->message);
    else
      GST_ELEMENT_WARNING (self, STREAM, FORMAT,
          ("The metadata of the writer says nothing about the format of its "
           "frames. Set the property caps of zerobuffersrc, if elements behind "
           "it need to know."),
          ("%s", problem->message));
    g_error_free (problem);
  }
  return TRUE;
}

static gboolean
set_caps (GstZeroBufferSrc *self, GstCaps *caps)
{
  GstBaseSrc *src = GST_BASE_SRC (self);

  GST_DEBUG_OBJECT (self, "Caps are %" GST_PTR_FORMAT, caps);
  gst_zero_buffer_format_set_caps (&self->format, caps);
  if (!caps)
    return TRUE;
  self->video_meta = FALSE;
  return gst_base_src_set_caps (src, caps) && gst_base_src_negotiate (src);
}

/* Frames come with memory of their own; all there is to ask is whether
 * downstream understands strides. */
static gboolean
gst_zero_buffer_src_decide_allocation (GstBaseSrc *src, GstQuery *query)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (src);

  self->video_meta =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  return TRUE;
}

/* With the first frame of a writer its metadata must be there. */
static GstFlowReturn
begin_session (GstZeroBufferSrc *self)
{
  GstCaps *caps = NULL;
  gboolean set;

  if (!find_caps (self, &caps))
    return GST_FLOW_ERROR;
  set = set_caps (self, caps);
  gst_clear_caps (&caps);
  if (!set)
    return GST_PAD_IS_FLUSHING (GST_BASE_SRC_PAD (self))
               ? GST_FLOW_FLUSHING
               : GST_FLOW_NOT_NEGOTIATED;

  self->discont = self->had_session;
  self->in_session = TRUE;
  self->had_session = TRUE;
  GST_OBJECT_LOCK (self);
  self->sessions++;
  GST_OBJECT_UNLOCK (self);
  return GST_FLOW_OK;
}

/* ---- frames ---- */

static gboolean
is_reconnecting (GstZeroBufferSrc *self)
{
  gboolean reconnect;

  GST_OBJECT_LOCK (self);
  reconnect = self->reconnect;
  GST_OBJECT_UNLOCK (self);
  return reconnect;
}

static GstFlowReturn
end_session (GstZeroBufferSrc *self, const ZbError *end)
{
  ZbError error;

  GST_INFO_OBJECT (self, "%s", end->message);
  self->in_session = FALSE;
  if (is_reconnecting (self)) {
    if (zb_reader_renew (self->reader, &error) == ZB_OK)
      return GST_FLOW_OK;
    gst_zero_buffer_post_error (self, &error, NULL);
    return GST_FLOW_ERROR;
  }
  if (end->result == ZB_PEER_LEFT)
    return GST_FLOW_EOS;
  gst_zero_buffer_post_error (self, end,
      "Start it again, and this element too, or set its property reconnect.");
  return GST_FLOW_ERROR;
}

/* Before each wait: what downstream keeps must not be what the producer waits
 * for. */
static GstFlowReturn
wait_for_frame (GstZeroBufferSrc *self, ZbFrame **frame)
{
  guint64 limit = zb_reader_get_hold_limit (self->reader);

  for (;;) {
    GstFlowReturn flow;
    ZbResult result;
    ZbError error;

    gst_zero_buffer_allocator_make_room (self->allocator, limit);
    result = zb_reader_read (self->reader, SILENCE, frame, &error);
    switch (result) {
      case ZB_OK:
        return GST_FLOW_OK;
      case ZB_TIMEOUT:
        limit = 0;
        break;
      case ZB_INTERRUPTED:
        return GST_FLOW_FLUSHING;
      case ZB_PEER_LEFT:
      case ZB_PEER_CRASHED:
        if ((flow = end_session (self, &error)) != GST_FLOW_OK)
          return flow;
        break;
      default:
        gst_zero_buffer_post_error (self, &error, NULL);
        return GST_FLOW_ERROR;
    }
  }
}

/* Makes a buffer of @caps out of the bytes; takes @buffer over.  NULL after
 * an error was posted. */
static GstBuffer *
fit_buffer (GstZeroBufferSrc *self, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);
  GstZeroBufferFit fit = gst_zero_buffer_format_fit (&self->format, size);
  GstBuffer *unpacked;

  if (fit == GST_ZERO_BUFFER_FIT_WRONG) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The writer sent a raw frame of %" G_GSIZE_FORMAT " bytes, which does "
         "not fit its caps. Expected %" G_GSIZE_FORMAT " bytes, with rows "
         "packed, or %" G_GSIZE_FORMAT " as GStreamer lays them out, or whole "
         "samples of audio.",
            size, self->format.packed.size, self->format.native.size),
        (NULL));
    gst_buffer_unref (buffer);
    return NULL;
  }
  if (fit == GST_ZERO_BUFFER_FIT_AS_IS || self->video_meta) {
    gst_zero_buffer_format_add_metas (&self->format, buffer, fit);
    return buffer;
  }

  unpacked = gst_zero_buffer_format_unpack (&self->format, buffer);
  gst_buffer_unref (buffer);
  if (!unpacked)
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A frame could not be copied into the layout that the elements behind "
         "zerobuffersrc expect."),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->copies++;
  GST_OBJECT_UNLOCK (self);
  return unpacked;
}

static GstFlowReturn
gst_zero_buffer_src_create (GstPushSrc *push_src, GstBuffer **buffer)
{
  GstZeroBufferSrc *self = GST_ZERO_BUFFER_SRC (push_src);
  GstFlowReturn flow;
  GstMemory *memory;
  ZbFrame *frame;

  if ((flow = wait_for_frame (self, &frame)) != GST_FLOW_OK)
    return flow;
  memory = gst_zero_buffer_allocator_wrap (self->allocator, frame);
  if (!self->in_session && (flow = begin_session (self)) != GST_FLOW_OK) {
    gst_memory_unref (memory);
    return flow;
  }

  *buffer = gst_buffer_new ();
  gst_buffer_append_memory (*buffer, memory);
  if (self->discont)
    GST_BUFFER_FLAG_SET (*buffer, GST_BUFFER_FLAG_DISCONT);
  self->discont = FALSE;
  *buffer = fit_buffer (self, *buffer);
  return *buffer ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* ---- class ---- */

static void
install_properties (GObjectClass *klass)
{
  /**
   * zerobuffersrc:buffer-name:
   *
   * The name of the buffer to create: at most 245 bytes, without "/".
   */
  g_object_class_install_property (klass, PROP_BUFFER_NAME,
      g_param_spec_string ("buffer-name", "Buffer name",
          "Name of the buffer to create, on which the writer finds it", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:payload-size:
   *
   * Bytes of the ring that frames go through, rounded up to 64.  A frame of up
   * to half of it, less 32 bytes, always fits.  The memory is reserved when
   * the element starts.
   */
  g_object_class_install_property (klass, PROP_PAYLOAD_SIZE,
      g_param_spec_uint64 ("payload-size", "Payload size",
          "Bytes of shared memory for frames; at least twice the largest frame "
          "and 64 bytes more",
          64, MAX_SIZE, DEFAULT_PAYLOAD_SIZE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:metadata-size:
   *
   * Bytes for the writer's metadata, which has the caps, rounded up to 64.
   */
  g_object_class_install_property (klass, PROP_METADATA_SIZE,
      g_param_spec_uint64 ("metadata-size", "Metadata size",
          "Bytes of shared memory for the metadata, which has the caps", 64,
          MAX_SIZE, DEFAULT_METADATA_SIZE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:perms:
   *
   * Permission bits of all that is created, whatever the umask is.  384 (octal
   * 0600): this user's programs only; 432 (0660): the group's too.  The owner
   * always needs 0600.
   */
  g_object_class_install_property (klass, PROP_PERMS,
      g_param_spec_uint ("perms", "Permissions",
          "Permission bits of the buffer (384 = octal 0600: this user only)", 0,
          0777, DEFAULT_PERMS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:caps:
   *
   * The caps of the frames of a writer whose metadata has none.
   */
  g_object_class_install_property (klass, PROP_CAPS,
      g_param_spec_boxed ("caps", "Caps",
          "Caps of the frames, for a writer that does not tell them",
          GST_TYPE_CAPS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:is-live:
   *
   * Whether to act as a live source, as for a camera on the other side.
   */
  g_object_class_install_property (klass, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live", "Act like a live source",
          FALSE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
  /**
   * zerobuffersrc:reconnect:
   *
   * What to do when the writer is gone.  %FALSE: end of stream if it left, an
   * error if it crashed.  %TRUE: wait for the next one.
   */
  g_object_class_install_property (klass, PROP_RECONNECT,
      g_param_spec_boolean ("reconnect", "Reconnect",
          "Wait for the next writer when one is gone, instead of ending",
          DEFAULT_RECONNECT,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_PLAYING));
  /**
   * zerobuffersrc:stats:
   *
   * Counters since the element was started, all #guint64:
   *
   * * `frames`, `bytes`: read so far, bytes without headers
   * * `waits`: how often the element slept for the writer
   * * `wraps`: how often the end of the ring was reached
   * * `ring-size`, `ring-used`, `ring-used-max`: bytes of the ring, in use now
   *   and at most so far
   * * `peer-pid`: the writer's process; 0 = none so far
   * * `sessions`: writers so far
   * * `moved`: frames that were copied out of the ring since downstream kept
   *   them for long
   * * `copies`: frames that were laid out anew for elements that do not
   *   understand strides
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters since the start",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_zero_buffer_src_class_init (GstZeroBufferSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base_src_class = GST_BASE_SRC_CLASS (klass);
  GstPushSrcClass *push_src_class = GST_PUSH_SRC_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      zerobuffersrc_debug, "zerobuffersrc", 0, "ZeroBuffer source");

  object_class->finalize = gst_zero_buffer_src_finalize;
  object_class->set_property = gst_zero_buffer_src_set_property;
  object_class->get_property = gst_zero_buffer_src_get_property;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "ZeroBuffer source",
      "Source", "Receives media from another process through shared memory",
      "The ZeroBuffer for GStreamer authors");
  gst_element_class_add_static_pad_template (element_class, &src_template);

  base_src_class->start = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_start);
  base_src_class->stop = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_stop);
  base_src_class->unlock = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_unlock);
  base_src_class->unlock_stop =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_unlock_stop);
  base_src_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_zero_buffer_src_decide_allocation);
  push_src_class->create = GST_DEBUG_FUNCPTR (gst_zero_buffer_src_create);
}
