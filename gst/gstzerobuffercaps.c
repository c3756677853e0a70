/* SPDX-License-Identifier: MIT */
#include "gstzerobuffercaps.h"

#include <gst/video/video.h>
#include <string.h>

/* What another process can make nothing of: memory that is no ordinary memory, and
 * a picture's overlays that are kept apart from it. */
static gboolean
is_foreign_feature (const gchar *feature)
{
  return (g_str_has_prefix (feature, "memory:") &&
             strcmp (feature, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY) != 0) ||
         strcmp (
             feature, GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION) == 0;
}

static gboolean
has_foreign_features (GstCaps *caps, guint i)
{
  GstCapsFeatures *features = gst_caps_get_features (caps, i);

  if (!features || gst_caps_features_is_any (features))
    return FALSE;
  for (guint j = 0; j < gst_caps_features_get_size (features); j++) {
    if (is_foreign_feature (gst_caps_features_get_nth (features, j)))
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_zero_buffer_caps_have_foreign (GstCaps *caps)
{
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    if (has_foreign_features (caps, i))
      return TRUE;
  }
  return FALSE;
}

GstCaps *
gst_zero_buffer_caps_remove_foreign (GstCaps *caps)
{
  caps = gst_caps_make_writable (caps);
  for (guint i = gst_caps_get_size (caps); i-- > 0;) {
    if (has_foreign_features (caps, i))
      gst_caps_remove_structure (caps, i);
  }
  return caps;
}
