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
