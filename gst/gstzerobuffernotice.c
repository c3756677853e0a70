/* SPDX-License-Identifier: MIT */
#include "gstzerobuffernotice.h"

#include "gstzerobufferdebug.h"

void
gst_zero_buffer_notice_install_signals (GstElementClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  /**
   * connected:
   * @buffer_name: the name of the buffer
   * @pid: the process on the other side
   *
   * The other side is there.  Emitted by the streaming thread.
   */
  g_signal_new ("connected", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_UINT64);
  /**
   * disconnected:
   * @buffer_name: the name of the buffer
   * @pid: the process on the other side
   * @cause: `end-of-stream`, `left` (the other side ended its session before
   *   that), `crashed`, or `stopped` (this side did)
   *
   * The other side is gone.  Emitted by the streaming thread, or by the one that
   * stops the element.
   */
  g_signal_new ("disconnected", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
      G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_UINT64, G_TYPE_STRING);
}

static void
post (GstElement *element, GstStructure *fields)
{
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), fields));
}

void
gst_zero_buffer_notice_connected (GstElement *element, guint64 pid)
{
  gchar *name;

  g_object_get (element, "buffer-name", &name, NULL);
  GST_INFO_OBJECT (element, "Connected to process %" G_GUINT64_FORMAT, pid);
  post (element, gst_structure_new ("zerobuffer-connected", "buffer-name",
                     G_TYPE_STRING, name, "pid", G_TYPE_UINT64, pid, NULL));
  g_signal_emit_by_name (element, "connected", name, pid);
  g_free (name);
}

void
gst_zero_buffer_notice_disconnected (
    GstElement *element, guint64 pid, const gchar *cause)
{
  gchar *name;

  g_object_get (element, "buffer-name", &name, NULL);
  GST_INFO_OBJECT (element,
      "Disconnected from process %" G_GUINT64_FORMAT ": %s", pid, cause);
  post (element, gst_structure_new ("zerobuffer-disconnected", "buffer-name",
                     G_TYPE_STRING, name, "pid", G_TYPE_UINT64, pid, "cause",
                     G_TYPE_STRING, cause, NULL));
  g_signal_emit_by_name (element, "disconnected", name, pid, cause);
  g_free (name);
}
