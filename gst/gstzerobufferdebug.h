/* SPDX-License-Identifier: MIT */
/* The debug category "zerobuffer", of all that both elements do. */
#ifndef GST_ZERO_BUFFER_DEBUG_H
#define GST_ZERO_BUFFER_DEBUG_H

#include <gst/gst.h>

static inline GstDebugCategory *
gst_zero_buffer_debug_get_category (void)
{
  static gsize category;

  if (g_once_init_enter (&category))
    g_once_init_leave (&category, (gsize) _gst_debug_category_new ("zerobuffer",
                                      0, "What both ZeroBuffer elements do"));
  return (GstDebugCategory *) category;
}

#define GST_CAT_DEFAULT gst_zero_buffer_debug_get_category ()

#endif
