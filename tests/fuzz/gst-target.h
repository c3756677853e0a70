/* SPDX-License-Identifier: MIT */
/* A target that has GStreamer parse something. */
#ifndef GST_TARGET_H
#define GST_TARGET_H

#include <gst/gst.h>

#include "script.h"

/* GStreamer's parsers leak what they have so far when a list in a text is
 * broken.  libFuzzer asks this. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libgstreamer-1.0.so\nleak:libglib-2.0.so\n";
}

const char *__lsan_default_options (void);
const char *
__lsan_default_options (void)
{
  return "print_suppressions=0";
}

/* The linker leads our calls of them here. */
static gboolean parsing;

#define PARSER(type, name, parameters, arguments)                              \
  type *__real_##name parameters;                                              \
  type *__wrap_##name parameters;                                              \
  type *__wrap_##name parameters                                               \
  {                                                                            \
    type *result;                                                              \
                                                                               \
    parsing = TRUE;                                                            \
    result = __real_##name arguments;                                          \
    parsing = FALSE;                                                           \
    return result;                                                             \
  }

#ifdef PARSES_CAPS
PARSER (GstCaps, gst_caps_from_string, (const gchar *text), (text))
#else
PARSER (GstStructure, gst_structure_from_string,
    (const gchar *text, gchar **end), (text, end))
#endif

/* What they say of a text is not for us to judge; all other criticals are. */
static void
on_log (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer unused)
{
  if (parsing || !(level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)))
    return;
  fprintf (stderr, "%s: %s\n", domain, message);
  abort ();
}

static inline void
target_init (void)
{
  static gboolean done;

  if (done)
    return;
  gst_init (NULL, NULL);
  g_log_set_default_handler (on_log, NULL);
  done = TRUE;
}

#endif
