/* SPDX-License-Identifier: MIT */
/* The JSON that a writer says its caps with, and what becomes of frames of such
 * caps: the first two bytes are a frame's size. */
#define PARSES_CAPS
#include "gst-target.h"

#include "gstzerobufferformat.h"
#include "gstzerobuffermetadata.h"
#include "script.h"

static void
use_caps (GstCaps *caps, gsize size)
{
  GstZeroBufferFormat format;
  GstZeroBufferFit fit;
  GstBuffer *buffer;

  gst_zero_buffer_format_set_caps (&format, caps);
  fit = gst_zero_buffer_format_fit (&format, size);
  if (fit == GST_ZERO_BUFFER_FIT_WRONG)
    return;
  buffer = gst_buffer_new_allocate (NULL, size, NULL);
  gst_buffer_memset (buffer, 0, 0, size);
  gst_zero_buffer_format_add_metas (&format, buffer, fit);
  if (fit == GST_ZERO_BUFFER_FIT_PACKED) {
    GstBuffer *unpacked = gst_zero_buffer_format_unpack (&format, buffer);
    if (unpacked)
      gst_buffer_unref (unpacked);
  }
  gst_buffer_unref (buffer);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Script script = { data, size };
  gsize frame_size = script_u16 (&script);
  GError *error = NULL;
  GstCaps *caps;

  target_init ();
  caps = gst_zero_buffer_metadata_get_caps (script.data, script.size, &error);
  must (!caps || (gst_caps_is_fixed (caps) && !error));
  if (caps)
    use_caps (caps, frame_size);
  g_clear_error (&error);
  gst_clear_caps (&caps);
  return 0;
}
