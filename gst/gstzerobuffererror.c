/* SPDX-License-Identifier: MIT */
#include "gstzerobuffererror.h"

static GstResourceError
to_code (ZbResult result)
{
  switch (result) {
    case ZB_BUSY:
      return GST_RESOURCE_ERROR_BUSY;
    case ZB_NOT_READY:
      return GST_RESOURCE_ERROR_NOT_FOUND;
    case ZB_INVALID:
    case ZB_TOO_LARGE:
    case ZB_METADATA_SET:
      return GST_RESOURCE_ERROR_SETTINGS;
    case ZB_NO_SPACE:
      return GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    case ZB_PERMISSION:
      return GST_RESOURCE_ERROR_NOT_AUTHORIZED;
    case ZB_PEER_LEFT:
    case ZB_PEER_CRASHED:
    case ZB_CORRUPT:
      return GST_RESOURCE_ERROR_READ;
    default:
      return GST_RESOURCE_ERROR_FAILED;
  }
}

void
gst_zero_buffer_post_error_full (GstElement *element, const ZbError *error,
    const gchar *hint, const gchar *file, const gchar *function, gint line)
{
  gchar *text = g_strjoin (" ", error->message, hint, NULL);
  gchar *debug = g_strdup_printf (
      "%s (errno %d)", zb_result_text (error->result), error->os_error);

  gst_element_message_full (element, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
      to_code (error->result), text, debug, file, function, line);
}

/* ---- refused caps ---- */

/* Who refused which caps. */
static gchar *
describe_refusal (GstPad *pad, const gchar *debug)
{
  GstPad *peer = gst_pad_get_peer (pad);
  GstCaps *caps = gst_pad_get_current_caps (pad);
  gchar *text = gst_info_strdup_printf ("%s\nThe caps %" GST_PTR_FORMAT
                                        " were refused by %" GST_PTR_FORMAT
                                        ", or behind it.",
      debug ? debug : "", caps, peer);

  gst_clear_caps (&caps);
  gst_clear_object (&peer);
  return text;
}

/* The base class reports that it was not negotiated, and no more. */
static GstMessage *
explain (GstPad *pad, GstMessage *message)
{
  const GstStructure *details;
  GError *error;
  gchar *debug, *text;
  GstMessage *explained;

  gst_message_parse_error (message, &error, &debug);
  gst_message_parse_error_details (message, &details);
  text = describe_refusal (pad, debug);
  explained = gst_message_new_error_with_details (GST_MESSAGE_SRC (message),
      error, text, details ? gst_structure_copy (details) : NULL);
  gst_message_set_seqnum (explained, gst_message_get_seqnum (message));
  gst_message_unref (message);
  g_error_free (error);
  g_free (debug);
  g_free (text);
  return explained;
}

static gboolean
is_refusal (GstElement *element, GstPad *pad, GstMessage *message)
{
  gboolean refused;
  GError *error;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR ||
      GST_MESSAGE_SRC (message) != GST_OBJECT (element) ||
      gst_pad_get_last_flow_return (pad) != GST_FLOW_NOT_NEGOTIATED)
    return FALSE;
  gst_message_parse_error (message, &error, NULL);
  refused = g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED);
  g_error_free (error);
  return refused;
}

GstMessage *
gst_zero_buffer_explain_refusal (
    GstElement *element, GstPad *pad, GstMessage *message)
{
  return is_refusal (element, pad, message) ? explain (pad, message) : message;
}
