/* SPDX-License-Identifier: MIT */
#include "gstzerobufferfill.h"

#include "gstzerobufferdebug.h"

static const struct {
  guint high; /* warns from here on */
  guint low;  /* is ready to warn again below this */
} levels[GST_ZERO_BUFFER_FILL_LEVELS] = { { 80, 60 }, { 95, 75 } };

guint
gst_zero_buffer_fill_update (
    GstZeroBufferFill *self, guint percent, GstClockTime now)
{
  guint level = 0;

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    if (percent < levels[i].low)
      self->levels[i].warned = FALSE;
    if (percent < levels[i].high || self->levels[i].warned ||
        now < self->levels[i].next)
      continue;
    self->levels[i].warned = TRUE;
    self->levels[i].next = now + GST_SECOND;
    level = levels[i].high;
  }
  return level;
}

void
gst_zero_buffer_fill_post (
    GstElement *element, guint level, guint64 used, guint64 size)
{
  gchar *name;

  g_object_get (element, "buffer-name", &name, NULL);
  GST_INFO_OBJECT (element,
      "%u %% of the ring are in use: %" G_GUINT64_FORMAT
      " of %" G_GUINT64_FORMAT " bytes",
      level, used, size);
  /* clang-format off */
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          gst_structure_new ("zerobuffer-filling",
              "buffer-name", G_TYPE_STRING, name,
              "level", G_TYPE_UINT, level,
              "ring-used", G_TYPE_UINT64, used,
              "ring-size", G_TYPE_UINT64, size,
              NULL)));
  /* clang-format on */
  g_free (name);
}
